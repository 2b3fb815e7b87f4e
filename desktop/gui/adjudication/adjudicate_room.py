"""Where disagreements are settled: queue, two linked pictures, and the matter in hand.

All of it by keyboard: Tab goes to the next one, 1 2 3 show a reader alone, V accepts, X rejects,
B edits a copy, M merges, D shows the map, H looks under the regions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from desktop.domain.geometry import Mask
from desktop.domain.letters import letter_at
from desktop.gui.adjudication.adjudicate_acts import RulingActs
from desktop.gui.adjudication.adjudicate_keys import AdjudicateKeys
from desktop.gui.adjudication.adjudicate_queue import QueuePanel, QueueRow
from desktop.gui.adjudication.claims_sheet import ClaimsLook
from desktop.gui.adjudication.matter_panel import PANEL_PX, MatterPanel
from desktop.gui.adjudication.matter_place import zoom_to
from desktop.gui.adjudication.matter_words import matter_title
from desktop.gui.canvas.linked_viewers import LinkedViewers, is_escape_asked
from desktop.gui.goto import open_case, place_of
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import EmptyState, across
from desktop.interaction.view import ViewState

if TYPE_CHECKING:
    from desktop.workspace.claims.adjudicating import QueueCase

QUEUE_PX = (190, 248)  # in a narrow and in a wide window
WIDE_PX = 1180  # from here on two pictures have room side by side


class DisagreementRoom(QWidget):
    """Hears the cases from the page and does what is wanted to them."""

    left = Signal()

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell, self._reading = shell, shell.reading
        self._cases: dict[str, QueueCase] = {}
        self._row: QueueRow | None = None
        self._letter = ""  # the reader in hand, shown alone
        self._hidden: set[str] = set()  # readers switched off while several are shown
        self._as_map = False
        self._everything = False
        self.is_editing = False
        row = across(self, gap=0)
        self.queue = QueuePanel()
        self.model = self.queue.model
        self.queue.picked.connect(self._clicked_row)
        row.addWidget(self.queue)
        self._stack = QStackedWidget()
        self.viewers = LinkedViewers(self._reading)
        self._keys = AdjudicateKeys(self)
        self.viewers.take_key = self._keys.take
        self.viewers.letter_picked.connect(self.toggle_letter)
        self.viewers.map_wanted.connect(self.set_map)
        self.viewers.theirs.view_changed.connect(self._clicked_region)
        self._stack.addWidget(self.viewers)
        self.empty = EmptyState("adjudicate", "Comparing readers …", "")
        self._stack.addWidget(self.empty)
        row.addWidget(self._stack, 1)
        self.panel = MatterPanel(self._reading)
        self.panel.picked.connect(self.pick)
        self.acts = RulingActs(shell, self)
        self.panel.wanted.connect(self.acts.do)
        self.panel.answered.connect(self.acts.answer)
        self.panel.region_answered.connect(self.acts.answer_region)
        self.panel.relabelled.connect(self.acts.relabel)
        self.panel.explained.connect(self.acts.explain)
        self.panel.left.connect(self.take_focus)
        row.addWidget(self.panel)
        self._show_nothing()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() >= WIDE_PX
        self.queue.setFixedWidth(QUEUE_PX[wide])
        self.panel.setFixedWidth(PANEL_PX[wide])

    # what is shown ---------------------------------------------------------------------------

    def show_cases(self, cases: list[QueueCase]) -> None:
        """Take the whole queue."""
        self._cases = {c.case_id: c for c in cases}
        self._arrange()
        if self._row is None or self.model.place(self._row.key) < 0:
            self.is_editing = False
            self._go(max(0, self.model.next_open(-1)))
        else:
            self._go(self.model.place(self._row.key))

    def show_case(self, case_id: str, case: QueueCase | None) -> None:
        """One case is another now."""
        if case is None:
            self._cases.pop(case_id, None)
        else:
            self._cases[case_id] = case
        self._arrange()
        if self._row is None or self._row.case.case_id != case_id:
            return
        number = self.model.place(self._row.key)
        if number >= 0:
            self._row = self.model.row(number)
            self.queue.mark(number)
            self._refresh()
        else:
            self._go(max(0, self.model.next_open(-1)))

    def go_to(self, case_id: str) -> bool:
        """The first disagreement of a case; whether it has one."""
        for number in range(self.model.rowCount()):
            if self.model.row(number).case.case_id == case_id:
                self._go(number)
                return True
        return False

    def take_focus(self) -> None:
        self.viewers.focus(self.is_editing)

    @property
    def row(self) -> QueueRow | None:
        """The matter in hand, with its case."""
        return self._row

    @property
    def letter(self) -> str:
        """The reader in hand, "" for none."""
        return self._letter

    @property
    def letters(self) -> set[str]:
        """The readers shown: the one in hand, or all that are switched on."""
        if self._row is None:
            return set()
        if self._letter:
            return {self._letter}
        return {c.letter for c in self._row.matter.claims} - self._hidden

    @property
    def case_id(self) -> str:
        return self._row.case.case_id if self._row else ""

    @property
    def open_count(self) -> int:
        return sum(len(c.open) for c in self._cases.values())

    # moving about ----------------------------------------------------------------------------

    def next_open(self, step: int) -> None:
        """The next disagreement that waits, all around."""
        self.end_editing()
        start = self.model.place(self._row.key) if self._row else -1
        number = self.model.next_open(start, step)
        if number < 0:
            self._shell.say(
                "Nothing is left to settle",
                "All disagreements of closed cases are ruled on.",
                "ok",
            )
            return
        self._go(number)
        self.take_focus()

    def end_editing(self) -> None:
        """Back to ruling; what was drawn is kept."""
        if not self.is_editing:
            return
        self.viewers.truth.finish_gesture()
        self.is_editing = False
        self.viewers.own.replace(tool="select", selection=())
        self._refresh()

    def finish_editing(self) -> None:
        self.end_editing()
        self.take_focus()

    def set_side_by_side(self, on: bool) -> None:
        self.viewers.set_side_by_side(on)
        self.take_focus()

    def event(self, event: QEvent) -> bool:
        """Esc in queue or panel goes back to the picture before it leaves the page."""
        if is_escape_asked(event) and self._row is not None and not self.viewers.has_focus:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._row is not None:
            self.take_focus()
            return
        super().keyPressEvent(event)

    def focus_queue(self) -> None:
        self.queue.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def step_back(self) -> Callable[[], None] | None:
        """Esc: from the map to the regions, from one reader to all; then it is the window's."""
        if self._as_map:
            return lambda: self.set_map(False)
        if self._letter or self._hidden:
            return lambda: self.pick("")
        return None

    # -----------------------------------------------------------------------------------------

    def _arrange(self) -> None:
        room = self._reading.workspace
        rows = []
        for case in sorted(self._cases.values(), key=lambda c: (c.order, c.case_id)):
            for matter in case.disputes:
                title = matter_title(room, matter) if room else ""
                rows.append(QueueRow(case, matter, title))
        self.queue.show_rows(rows)

    def _clicked_row(self, number: int) -> None:
        self.end_editing()
        self._go(number)
        self.take_focus()

    def _go(self, number: int) -> None:
        if not 0 <= number < self.model.rowCount():
            self._row = None
            self._show_nothing()
            return
        self._row = self.model.row(number)
        self._letter, self._as_map, self._hidden = "", False, set()
        self.queue.mark(number)
        self._stack.setCurrentWidget(self.viewers)
        self.panel.show()
        self._show_place()
        self._refresh()

    def _show_nothing(self) -> None:
        self._stack.setCurrentWidget(self.empty)
        self.panel.hide()

    def _show_place(self) -> None:
        """Bring the image of the matter on screen, close enough to see the finding."""
        row, room = self._row, self._reading.workspace
        if row is None or room is None:
            return
        matter, view = row.matter, self.viewers.theirs.view
        series = [s.id for s in room.series(matter.case_id)]
        here = place_of(room, matter.frame) if matter.frame is not None else None
        if here is None:
            stays = view.case_id == matter.case_id
            here = (view.series_id, view.index) if stays else (series[0] if series else "", 0)
        changes: dict[str, Any] = {
            "case_id": matter.case_id,
            "series_id": here[0],
            "index": here[1],
            "selection": (),
        }
        if here[0] != view.series_id:
            changes["window"] = None
        canvas = self.viewers.readers
        ratio = canvas.devicePixelRatioF()
        size = (round(canvas.width() * ratio), round(canvas.height() * ratio))
        if self._reading.view.case_id != matter.case_id:
            open_case(self._reading, matter.case_id)  # title, time and Ctrl+1 go with it
        changes["zoom"], changes["center"] = zoom_to(room, matter, size)
        self.viewers.look = self._look(row)
        self.viewers.theirs.replace(**changes)

    def _refresh(self) -> None:
        row = self._row
        if row is None:
            return
        self.panel.show_matter(row.case, row.matter, self._letter)
        self.viewers.show_look(self._look(row))
        if self.is_editing:
            words = "B brush, E eraser, V select, [ ] size; Enter when it is right"
        else:
            words = "What you ruled; B on a region edits a copy here"
        self.viewers.set_editing(self.is_editing, words)

    def _look(self, row: QueueRow) -> ClaimsLook:
        claims = list(row.matter.claims)
        if self._everything:
            claims += [
                c for m in row.case.matters if m is not row.matter for c in m.claims if c.region
            ]
        return ClaimsLook(claims, frozenset(self.letters), self._as_map)

    def pick(self, letter: str) -> None:
        """Show one reader alone and take them in hand; "" shows all."""
        self._letter = letter
        self._hidden = set()
        self._refresh()
        self._go_to_mark(letter)

    def _go_to_mark(self, letter: str) -> None:
        """Show the image of a reader's mark, where the readers' lie on several."""
        room, claim = self._reading.workspace, self._row.matter.claim(letter) if self._row else None
        frame = claim.region.target.frame if claim is not None and claim.region else None
        here = place_of(room, frame) if room is not None and frame is not None else None
        view = self.viewers.theirs.view
        if here is not None and here[0] == view.series_id and here[1] != view.index:
            self.viewers.theirs.replace(index=here[1])

    def toggle_letter(self, letter: str) -> None:
        """Switch one reader off or on, for the eye and for a merge; never the last one."""
        if self._letter:
            self._hidden = {c.letter for c in self._row.matter.claims} if self._row else set()
            self._hidden -= {self._letter}
        self._letter = ""
        hidden = self._hidden ^ {letter}
        if self._row is None or {c.letter for c in self._row.matter.claims} - hidden:
            self._hidden = hidden
        self._refresh()
        self.take_focus()

    def toggle_number(self, number: int) -> None:
        if self._has(letter_at(number)):
            self.toggle_letter(letter_at(number))

    def pick_number(self, number: int) -> None:
        if self._has(letter_at(number)):
            self.pick(letter_at(number))

    def _has(self, letter: str) -> bool:
        return self._row is not None and self._row.matter.claim(letter) is not None

    def _clicked_region(self, _old: ViewState, new: ViewState) -> None:
        """A click on a reader's region takes that reader in hand."""
        if not new.selection or self._row is None:
            return
        for claim in self._row.matter.claims:
            if claim.record is not None and claim.record.id in new.selection:
                self._letter = claim.letter
        self.viewers.theirs.replace(selection=())
        self._refresh()

    def set_map(self, on: bool) -> None:
        self._as_map = on
        self._refresh()

    def toggle_map(self) -> None:
        self.set_map(not self._as_map)

    def toggle_everything(self) -> None:
        self._everything = not self._everything
        self._refresh()

    def needs_letter(self) -> bool:
        """Take the only one who said something; ask where there are several."""
        if self._row is None or self._letter:
            return self._row is not None
        said = [c.letter for c in self._row.matter.claims if c.record is not None]
        if len(said) == 1:
            self._letter = said[0]
            return True
        self._shell.say("Which reader?", "Press 1, 2 or 3 first, or click one.", "info")
        return False

    def begin_editing(self) -> None:
        room, row = self._reading.workspace, self._row
        made_id = row.matter.ruling.made_id if row and row.matter.ruling else ""
        made = room.annotation(made_id) if room and made_id else None
        if made is None:
            return
        self.is_editing = True
        tool = "brush" if isinstance(made.geometry, Mask) else "select"
        self.viewers.own.replace(
            tool=tool, selection=(made.id,), class_id=made.label.class_id, brush_radius=5.0
        )
        self._refresh()
        self.take_focus()
