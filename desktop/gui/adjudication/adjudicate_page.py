"""The adjudicate page: disagreements to settle, consensus to look at, gaps in the guidelines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QButtonGroup, QStackedWidget, QToolButton, QWidget

from desktop.domain.errors import UserError
from desktop.domain.event import Event
from desktop.gui.adjudication.adjudicate_room import WIDE_PX, DisagreementRoom
from desktop.gui.adjudication.consensus_part import ConsensusPart
from desktop.gui.adjudication.guideline_gaps import GapList
from desktop.gui.page import Page
from desktop.gui.shell import Shell
from desktop.gui.widgets import icons
from desktop.gui.widgets.furniture import across, down, frame, label
from desktop.gui.widgets.segments import segments

if TYPE_CHECKING:
    from desktop.workspace.claims.adjudicating import QueueCase
    from desktop.workspace.workspace import Workspace

_COMPARED = ("annotation", "mask_slice", "answer", "assignment", "adjudication")


class AdjudicatePage(Page):
    """Reads the queue in the background and keeps it current from the events."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(shell, parent)
        self._read: Workspace | None = None  # the project whose queue is shown
        self._is_reading = False
        column = down(self, gap=0)
        column.addWidget(self._make_head())
        self.parts = QStackedWidget()
        self.room = DisagreementRoom(shell)
        self.consensus = ConsensusPart(shell)
        self.consensus.chosen.connect(self._go_to_case)
        self.gaps = GapList(shell)
        self.gaps.chosen.connect(self._go_to_case)
        self.parts.addWidget(self.room)
        self.parts.addWidget(self.consensus)
        self.parts.addWidget(self.gaps)
        column.addWidget(self.parts, 1)
        step = QShortcut(QKeySequence("Ctrl+Tab"), self)  # Tab alone goes through disagreements
        step.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        step.activated.connect(self.next_part)
        self._reading.committed.connect(self._committed)
        self._reading.opened.connect(self._opened)
        self._asked_width = False
        self._changed: set[str] = set()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.timeout.connect(self._compare_changed)

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        if self._reading.workspace is not self._read:
            self.read()
        elif self._changed:
            self._compare_changed()
        self.gaps.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self._asked_width:  # later the person decides
            self._side.setChecked(self.width() >= WIDE_PX)
            self.room.viewers.set_side_by_side(self.width() >= WIDE_PX)

    def take_focus(self) -> None:
        if self.parts.currentWidget() is self.room:
            self.room.take_focus()
        elif self.parts.currentWidget() is self.consensus:
            self.consensus.take_focus()

    def next_part(self) -> None:
        """Disagreements, consensus, gaps, and around."""
        number = (self.parts.currentIndex() + 1) % self.parts.count()
        self._tabs.button(number).setChecked(True)
        self._show_part(number)

    def read(self) -> None:
        """Compare the readers of all cases anew, in the background."""
        room = self._reading.workspace
        if room is None or self._is_reading:
            return
        self._is_reading, self._read = True, room
        self._changed.clear()
        self.room.empty.say("Comparing readers …", "Cases that two readers or more have closed.")
        try:
            room.adjudication.start_queue(self._take, self._fail)
        except UserError as error:
            self._fail(error)

    # -----------------------------------------------------------------------------------------

    def _make_head(self) -> QWidget:
        bar = frame("topbar")
        bar.setFixedHeight(44)
        row = across(bar, (16, 0, 10, 0), 10)
        row.addWidget(label("Adjudicate", "title"))
        self._tabs = QButtonGroup(self)
        tips = (
            "What readers disagree about, one by one (Ctrl+Tab)",
            "One answer from all readers, beside plain majority (Ctrl+Tab)",
            "What the guidelines have to say in their next version (Ctrl+Tab)",
        )
        names = ("Disagreements", "Consensus", "Guideline gaps")
        parts = segments(self._tabs, names, self._show_part, tips=tips)
        row.addWidget(parts, 0, Qt.AlignmentFlag.AlignVCenter)
        self.count = label("", "muted")
        row.addWidget(self.count)
        row.addStretch(1)
        self._undo = self._tool("undo", "Undo on this case", "Z")
        self._undo.clicked.connect(lambda: self.room.acts.undo("undo"))
        self._redo = self._tool("redo", "Redo on this case", "Y")
        self._redo.clicked.connect(lambda: self.room.acts.undo("redo"))
        self._side = self._tool("panel", "Readers and truth side by side", "L")
        self._side.setCheckable(True)
        self._side.clicked.connect(self._set_side)
        for button in (self._undo, self._redo, self._side):
            row.addWidget(button)
        return bar

    def _tool(self, icon: str, name: str, key: str) -> QToolButton:
        button = QToolButton()
        icons.bind(button, icon)
        button.setAccessibleName(name)
        button.setToolTip(f"{name} ({key})")
        return button

    def _set_side(self, on: bool) -> None:
        self._asked_width = True
        self.room.set_side_by_side(on)

    def _show_part(self, number: int) -> None:
        self.parts.setCurrentIndex(number)
        if number == 0:
            self.room.take_focus()
            return
        self.room.end_editing()
        if number == 1:
            self.consensus.refresh()
            self.consensus.take_focus()
        else:
            self.gaps.refresh()
            self._tabs.button(number).setFocus(Qt.FocusReason.OtherFocusReason)

    def _go_to_case(self, case_id: str) -> None:
        """Its disagreements; a case on which all agree is read."""
        if not self.room.go_to(case_id):
            self.chosen.emit(case_id)
            return
        self._tabs.button(0).setChecked(True)
        self._show_part(0)

    def _take(self, cases: list[QueueCase]) -> None:
        self._is_reading = False
        self.room.show_cases(cases)
        if not cases:
            self.room.empty.say(
                "Nothing to compare yet",
                "A case comes here when at least two readers have closed it.",
            )
        elif not self.room.model.rowCount():
            self.room.empty.say("All readers agree", "There is nothing to settle.")
        self._show_count()
        if self.isVisible():
            self.take_focus()

    def _fail(self, error: UserError) -> None:
        self._is_reading = False
        self.room.empty.say(error.title, f"{error.detail} {error.hint}".strip())

    def _show_count(self) -> None:
        count = self.room.open_count
        self.count.setText("1 open" if count == 1 else f"{count:,} open" if count else "")

    def _committed(self, event: Event) -> None:
        if self._read is None or not any(c.kind in _COMPARED for c in event.changes):
            return
        if not event.case_id:  # a merge may have touched any case
            self._read = None
            if self.isVisible():
                self.read()
            return
        self._changed.add(event.case_id)
        if self.isVisible() and self._rules(event):
            self._compare_changed()
        elif self.isVisible():
            self._pause.start(400)  # a stroke of the brush: not before the hand rests

    def _rules(self, event: Event) -> bool:
        return any(c.kind in ("adjudication", "assignment") for c in event.changes)

    def _compare_changed(self) -> None:
        room = self._reading.workspace
        changed, self._changed = self._changed, set()
        if room is None or self._is_reading:
            return
        for case_id in sorted(changed):
            try:
                self.room.show_case(case_id, room.adjudication.case(case_id))
            except UserError as error:
                self._fail(error)
        self._show_count()
        self.gaps.refresh()

    def _opened(self, _room: object) -> None:
        self._read = None
        self._changed.clear()
        self.room.show_cases([])
