"""A learning round while its cases are read: why this one is asked about, and which comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QWidget

from desktop.domain.event import Event
from desktop.gui.goto import open_case
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import across, down, label, push, rule
from desktop.interaction.view import ViewState

if TYPE_CHECKING:
    from desktop.workspace.learning.learning import QueueLine

_TELLS = frozenset({"answer", "assignment", "learning_round", "learning_skip"})


class RoundCard(QFrame):
    """Stands above the form while a case of the round in hand is open; else it is not there.

    A round is in hand once a case of its queue was opened from the learning page.
    """

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell, self._reading = shell, shell.reading
        self.setProperty("role", "bar")
        column = down(self, gap=0)
        head = across(margins=(14, 10, 12, 0), gap=8)
        self.title = label("", "heading", wrap=True)
        head.addWidget(self.title, 1)
        self.leave = push("Leave", "link", tip="Reads on in the order of the work list.")
        self.leave.clicked.connect(self.end)
        head.addWidget(self.leave, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(head)
        inside = down(margins=(14, 2, 12, 10), gap=4)
        self.reason = label("", "muted", wrap=True)
        inside.addWidget(self.reason)
        self.hint = label("", "small", wrap=True)
        inside.addWidget(self.hint)
        column.addLayout(inside)
        column.addWidget(rule())
        self.hide()
        self._reading.committed.connect(self._committed)
        self._reading.view_changed.connect(self._viewed)
        self._reading.opened.connect(lambda _room: self.end())

    def refresh(self) -> None:
        """Read the round anew."""
        lines = self._lines()
        here = next((n for n, q in enumerate(lines) if q.case.id == self._case), -1)
        self.setVisible(here >= 0)
        if here < 0:
            return
        answered = sum(line.state == "answered" for line in lines)
        self.title.setText(f"Learning, case {here + 1} of {len(lines)}")
        self.reason.setText(f"{lines[here].query.reason}.")
        left = any(q.state == "open" and q.case.id != self._case for q in lines)
        following = "the next case of the round" if left else "back to Learning"
        room = self._reading.workspace
        if room is not None and room.assignment(self._case).state.is_closed:
            acts = "This case is closed: Ctrl+Enter opens it again."
        else:
            acts = f"Ctrl+Enter: done, {following}. K: skip with a reason."
        self.hint.setText(f"{answered} answered. {acts}")

    def end(self) -> None:
        """No round is in hand any more."""
        self._shell.round_in_hand = None
        self.refresh()

    def holds(self, case_id: str) -> bool:
        """Whether the round in hand asks about the case."""
        return any(line.case.id == case_id for line in self._lines())

    def go_on(self, case_id: str) -> str:
        """Open the next open case after this one, or the learning page; what came of it, in words.

        "" where a case was opened.
        """
        lines = self._lines()
        place = next(n for n, line in enumerate(lines) if line.case.id == case_id)
        for line in (*lines[place + 1 :], *lines[:place]):
            if line.state == "open":
                open_case(self._reading, line.case.id)
                return ""
        self._shell.page_wanted.emit("learning")
        answered = sum(line.state == "answered" for line in lines)
        return f"The round is through: {answered} of {len(lines)} answered"

    @property
    def _case(self) -> str:
        return self._reading.view.case_id

    def _lines(self) -> list[QueueLine]:
        room, topic = self._reading.workspace, self._shell.round_in_hand
        return room.learning.queue(topic) if room is not None and topic is not None else []

    def _committed(self, event: Event) -> None:
        if self._shell.round_in_hand and any(c.kind in _TELLS for c in event.changes):
            self.refresh()

    def _viewed(self, old: ViewState, new: ViewState) -> None:
        if old.case_id != new.case_id:
            self.refresh()
