"""The strip on top: menus, where we are, who reads, and that it is saved."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QMenuBar, QWidget

from desktop.gui.action_set import ActionSet
from desktop.gui.shell import Shell
from desktop.gui.widgets import icons
from desktop.gui.widgets.furniture import ElidedLabel, across, label

_WIDE_PX = 1200


class TitleStrip(QFrame):
    """Menus left, project and case in the middle, reader and the quiet tick right."""

    def __init__(self, shell: Shell, actions: ActionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell = shell
        self._has_case = False
        self.setProperty("role", "topbar")
        self.setFixedHeight(40)
        grid = QGridLayout(self)
        grid.setContentsMargins(8, 0, 8, 0)
        grid.setHorizontalSpacing(12)
        grid.setRowStretch(0, 1)
        for column, stretch in enumerate((1, 0, 1)):
            grid.setColumnStretch(column, stretch)
        self.menus = QMenuBar()
        self.menus.setNativeMenuBar(False)
        actions.fill(self.menus)
        grid.addWidget(self.menus, 0, 0, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(self._middle(actions), 0, 1, Qt.AlignmentFlag.AlignCenter)
        grid.addWidget(
            self._right(actions), 0, 2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        )

    def _middle(self, actions: ActionSet) -> QWidget:
        holder = QWidget()
        row = across(holder, gap=4)
        self.project = ElidedLabel(role="muted")
        self.project.setMaximumWidth(260)
        self._dot = label("·", "muted")
        self._saved_at = ""
        self._back = actions.button("case.previous")
        self._on = actions.button("case.next")
        self.case = label(role="heading")
        self.state = label(role="muted")
        for widget in (self.project, self._dot, self._back, self.case, self._on, self.state):
            row.addWidget(widget)
        return holder

    def _right(self, actions: ActionSet) -> QWidget:
        holder = QWidget()
        row = across(holder, gap=8)
        self._tick = icons.Glyph("check", "ok", 16)
        self.saved = label(role="muted")
        self._person = icons.Glyph("person", "muted", 16)
        self.reader = ElidedLabel(role="muted")
        self.reader.setMaximumWidth(160)
        self.time = label(role="muted")
        self.time.hide()
        for widget in (self.time, self._person, self.reader, self._tick, self.saved):
            row.addWidget(widget)
        row.addSpacing(4)
        row.addWidget(actions.button("help.keys"))
        row.addWidget(actions.button("view.theme"))
        return holder

    def refresh(
        self, case_position: int = -1, case_count: int = 0, title: str = "", state: str = ""
    ) -> None:
        """Show the open project and case; ``case_position`` counts from 0, -1 is none."""
        room = self._shell.reading.workspace
        self.project.setText(room.title if room else "Reading Room")
        has_case = self._has_case = room is not None and case_position >= 0
        for part in (self._back, self._on, self.case, self.state):
            part.setVisible(has_case)
        if has_case:
            self.case.setText(f"Case {case_position + 1:,} of {case_count:,}")
            self.state.setText(f"{title}  ·  {state}" if state else title)
        name = room.reader_name if room else ""
        self.reader.setText(name)
        self.reader.setMinimumWidth(min(self.reader.sizeHint().width(), 88))
        for widget in (self._person, self.reader):
            widget.setVisible(bool(name))
        self.show_saved()
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Where room is short, the case, its state and the reader's name come first."""
        narrow = self.width() < _WIDE_PX and self._has_case
        self.project.setVisible(not narrow)
        self._dot.setVisible(not narrow and self._has_case)
        if self._saved_at:
            self.saved.setText(self._saved_at if narrow else f"Saved {self._saved_at}")

    def show_time(self, words: str, tip: str) -> None:
        """The time worked on this case; "" hides it."""
        self.time.setText(words)
        self.time.setToolTip(tip)
        self.time.setVisible(bool(words))

    def show_not_saved(self) -> None:
        """The red bar says why; here the tick goes."""
        self._tick.show_as("error", "danger")
        self._tick.show()
        self._saved_at = ""
        self.saved.setText("Not saved")
        self.saved.show()

    def show_saved(self) -> None:
        """The quiet tick with the time of the last commit."""
        self._tick.show_as("check", "ok")
        room = self._shell.reading.workspace
        time = room.last_saved if room else ""
        read_only = bool(room and room.read_only)
        self._tick.setVisible(bool(time) and not read_only)
        self.saved.setVisible(bool(time) or read_only)
        self._saved_at = "" if read_only else time
        self.saved.setText("Read only")
        self._fit()
        self.saved.setToolTip(
            "This project is open elsewhere; nothing can be changed here."
            if read_only
            else "Saved: each finished stroke or answer is on disk before the next one starts."
        )
