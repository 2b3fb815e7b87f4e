"""Questions of a form one below the other, for a panel that is no form: boxes and their keys."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from desktop.domain.schema import AnswerValue, Question
from desktop.gui.form.question_box import QuestionBox
from desktop.gui.form.question_kinds import box_for
from desktop.gui.widgets.furniture import clear, down

_PLAIN = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)


class BoxColumn(QWidget):
    """``answered`` carries a question's id and the answer; ``left`` wants back to the image."""

    answered = Signal(str, object)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = down(self, gap=0)
        self._key: Hashable = None
        self.boxes: list[QuestionBox] = []

    def show_questions(
        self,
        key: Hashable,
        questions: Sequence[Question],
        values: Mapping[str, AnswerValue],
        shown: Sequence[Question] | None = None,
    ) -> None:
        """Show questions with their answers; they are built anew where ``key`` is another one.

        ``shown``: those of them that are asked now; None for all.
        """
        if key != self._key:
            self._key = key
            clear(self._column)
            self.boxes = [self._add(q) for q in questions]
        asked = None if shown is None else {q.id for q in shown}
        for box in self.boxes:
            box.show_value(values.get(box.question.id))
            box.setVisible(asked is None or box.question.id in asked)

    def keep(self) -> None:
        """Send what is still being typed."""
        for box in self.boxes:
            box.keep()

    def take_focus(self) -> None:
        """Put the keyboard on the first question that waits, else on the first."""
        boxes = [b for b in self.boxes if b.isVisibleTo(self)]
        for box in [b for b in boxes if b.value is None] or boxes:
            box.take_focus()
            return

    def event(self, event: QEvent) -> bool:
        """Digits answer the question in hand before the window takes them for itself."""
        asks = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if asks and _digit(event) is not None and self._in_hand() is not None:  # type: ignore[arg-type]
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        number, box = _digit(event), self._in_hand()
        if number is None or box is None or not box.digit(number):
            super().keyPressEvent(event)

    def _in_hand(self) -> QuestionBox | None:
        return next((b for b in self.boxes if b.has_focus()), None)

    def _add(self, question: Question) -> QuestionBox:
        box = box_for(question)
        box.answered.connect(lambda value, i=question.id: self.answered.emit(i, value))
        box.leaving.connect(lambda step, b=box: self._leave(b, step))
        box.swapping.connect(self.left)
        self._column.addWidget(box)
        return box

    def _leave(self, box: QuestionBox, step: int) -> None:
        """To the neighbour; beyond the last question, back to the image."""
        boxes = [b for b in self.boxes if b.isVisibleTo(self)]
        at = boxes.index(box) + step if box in boxes else len(boxes)
        if 0 <= at < len(boxes):
            boxes[at].take_focus()
        elif at >= len(boxes):
            self.left.emit()


def _digit(event: QKeyEvent) -> int | None:
    key = event.key()
    plain = event.modifiers() in _PLAIN
    return key - Qt.Key.Key_0 if plain and Qt.Key.Key_0 <= key <= Qt.Key.Key_9 else None
