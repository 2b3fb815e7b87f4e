"""What a reader says about a case beside its questions: how sure, and in their own words."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desktop.commands.case_note import CommentCase, RateConfidence
from desktop.domain.case_note import LEAST_SURE, MOST_SURE
from desktop.domain.schema import AnswerValue, Question, QuestionKind, Schema
from desktop.gui.form.form_answers import retired_answers
from desktop.gui.form.question_box import QuestionBox
from desktop.gui.form.question_kinds import box_for
from desktop.gui.form.question_words import answer_text
from desktop.gui.reading.reading import Reading
from desktop.gui.widgets.furniture import clear, down, label

CONFIDENCE = Question(
    id="@confidence",
    text="How sure are you of this case?",
    kind=QuestionKind.RATING,
    minimum=LEAST_SURE,
    maximum=MOST_SURE,
    low="a guess",
    high="certain",
)
COMMENT = Question(id="@comment", text="Comment", kind=QuestionKind.TEXT)


class FormNotes(QWidget):
    """Two boxes that work like those of questions, and what was answered before."""

    leaving = Signal(object, int)  # box, step
    swapping = Signal()

    def __init__(self, reading: Reading, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reading = reading
        self._case_id = ""
        column = down(self, gap=0)
        title = label("Your reading", "section")
        title.setContentsMargins(16, 12, 16, 4)
        column.addWidget(title)
        self.confidence = box_for(CONFIDENCE)
        self.comment = box_for(COMMENT)
        self.boxes: list[QuestionBox] = [self.confidence, self.comment]
        for box in self.boxes:
            box.answered.connect(lambda value, b=box: self._answered(b, value))
            box.leaving.connect(lambda step, b=box: self.leaving.emit(b, step))
            box.swapping.connect(self.swapping)
            column.addWidget(box)
        self._before = QWidget()
        self._lines = down(self._before, (16, 8, 16, 8), 4)
        column.addWidget(self._before)

    def refresh(self, schema: Schema | None) -> None:
        """Show what is stored for the open case."""
        room, view = self._reading.workspace, self._reading.view
        self._case_id = view.case_id
        self.setVisible(bool(room and view.case_id))
        if room is None or not view.case_id:
            return
        note = room.case_note(view.case_id)
        given = None if note.confidence is None else float(note.confidence)
        self.confidence.show_value(given)
        self.comment.show_value(note.comment or None)
        self._show_before(schema)

    def _show_before(self, schema: Schema | None) -> None:
        clear(self._lines)
        found = retired_answers(self._reading, schema) if schema else []
        self._before.setVisible(bool(found))
        if found:
            self._lines.addWidget(label("No longer asked; your answers are kept", "section"))
        for question, value in found:
            words = f"{question.text} {answer_text(question, value)}"
            self._lines.addWidget(label(words, "muted", wrap=True))

    def _answered(self, box: QuestionBox, value: AnswerValue) -> None:
        """An answer is about the case that the boxes show, also while another one is opened."""
        if not self._case_id:
            return
        if box is self.comment:
            self._reading.run(CommentCase(case_id=self._case_id, comment=str(value or "")))
        else:
            sure = int(value) if isinstance(value, (int, float)) else None
            self._reading.run(RateConfidence(case_id=self._case_id, confidence=sure))
