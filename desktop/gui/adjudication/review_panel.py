"""The reviewer's panel: the reader's answers, the pins, and a field for the next comment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QWidget

from desktop.domain.review import PinState
from desktop.gui.adjudication.pin_threads import ReplyField, ThreadList, pin_place
from desktop.gui.adjudication.review_queue import state_words
from desktop.gui.form.question_words import answer_text
from desktop.gui.widgets.furniture import across, clear, down, frame, label, push, retext, rule

if TYPE_CHECKING:
    from desktop.workspace.claims.reviews import ReviewLine, Thread, Work
    from desktop.workspace.workspace import Workspace

PANEL_PX = 330


class ReviewPanel(QFrame):
    """Signals say what the person wants; the page does it."""

    asked = Signal(str)  # a question to comment on
    pinned = Signal(str)
    closed = Signal()  # returned, or passed where nothing is open
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "side")
        self.setFixedWidth(PANEL_PX)
        column = down(self, gap=0)
        head = QWidget()
        top = down(head, (14, 12, 14, 8), 4)
        self.title = label("", "heading", wrap=True)
        self.state = label("", "small", wrap=True)
        top.addWidget(self.title)
        top.addWidget(self.state)
        self._answers = down(gap=2)
        top.addLayout(self._answers)
        column.addWidget(head)
        column.addWidget(rule())
        self.pins = ThreadList()
        self.pins.left.connect(self.left)
        column.addWidget(self.pins, 1)
        self._hint = label("", "muted", wrap=True)
        self._hint.setContentsMargins(14, 8, 14, 8)
        column.addWidget(self._hint)
        column.addWidget(self._make_foot())

    def show_work(
        self,
        room: Workspace,
        line: ReviewLine,
        work: Work,
        threads: list[Thread],
        me: str,
    ) -> None:
        """Show a reader's answers and the pins on their case."""
        self.title.setText(f"{line.case.title} · reader {line.letter}")
        count = len(work.annotations)
        found = "1 region" if count == 1 else f"{count} regions" if count else "Nothing drawn"
        if work.no_finding:
            found = "No finding"
        rounds = f", round {line.rounds + 1}" if line.rounds else ""
        self.state.setText(f"{state_words(line).capitalize()}{rounds} · {found}")
        self._show_answers(room, line, work)
        is_away = line.is_with_reader
        self.pins.show_threads(
            threads,
            place=lambda pin: pin_place(room, pin, work.annotations),
            who=lambda author: "You" if author == me else f"Reader {line.letter}",
            field=lambda pin: "" if is_away else _field(pin.state),
            may_settle=lambda pin: not is_away and pin.state is not PinState.CLOSED,
        )
        self._hint.setVisible(not threads)
        self._hint.setText("Nothing is pinned yet. Point at a place and press C.")
        left = sum(t.pin.state is not PinState.CLOSED for t in threads)
        self._foot.setEnabled(not is_away)
        self.compose.setPlaceholderText(
            "It is with its reader" if is_away else "A comment (C on the image), Enter"
        )
        retext(self.close_button, f"Return with {left} open" if left else "Pass")
        tip = "Gives the case back to its reader" if left else "Nothing is left to settle"
        off = "\nIt is with its reader already." if is_away else ""
        self.close_button.setToolTip(f"{tip} (Ctrl+Enter){off}")

    def begin_comment(self, place: str) -> None:
        """Say what the comment will be about and take the keyboard."""
        self.about.setText(f"About: {place}")
        self.compose.setFocus(Qt.FocusReason.OtherFocusReason)

    def end_comment(self) -> None:
        self.compose.clear()
        self.about.setText("About: the image shown")

    def _make_foot(self) -> QWidget:
        self._foot = frame("bottombar")
        column = down(self._foot, (14, 10, 14, 12), 6)
        self.about: QLabel = label("About: the image shown", "small", wrap=True)
        column.addWidget(self.about)
        self.compose = ReplyField()
        self.compose.setAccessibleName("Comment")
        self.compose.left = self.left.emit
        self.compose.returnPressed.connect(self._pin)
        column.addWidget(self.compose)
        self.close_button = push("Pass", "primary", "undo")
        self.close_button.clicked.connect(self.closed)
        column.addWidget(self.close_button)
        return self._foot

    def _show_answers(self, room: Workspace, line: ReviewLine, work: Work) -> None:
        clear(self._answers)
        schema = room.schema(line.case.id)
        given = {a.question_id: a.value for a in work.answers}
        for question in schema.case_questions() if schema else ():
            if question.id not in given:
                continue
            holder = QWidget()
            row = across(holder, gap=6)
            row.addWidget(label(question.text, "small", wrap=True), 3)
            row.addWidget(label(answer_text(question, given[question.id]), wrap=True), 2)
            pin = push("Comment", "link", tip="Pins a comment to this answer.")
            pin.setEnabled(not line.is_with_reader)
            pin.clicked.connect(lambda _c=False, q=question.id: self.asked.emit(q))
            row.addWidget(pin)
            self._answers.addWidget(holder)

    def _pin(self) -> None:
        if self.compose.text().strip():
            self.pinned.emit(self.compose.text())


def _field(state: PinState) -> str:
    return "Open it again: why?" if state is not PinState.OPEN else ""
