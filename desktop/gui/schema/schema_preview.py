"""A form as readers will see it, with the real question boxes and answers that go nowhere."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QComboBox, QScrollArea, QWidget

from desktop.domain.errors import UserError
from desktop.domain.schema import (
    AnswerValue,
    Question,
    Schema,
    Scope,
    check_answer,
    shown_questions,
)
from desktop.gui.form.question_box import QuestionBox
from desktop.gui.form.question_kinds import box_for
from desktop.gui.widgets.furniture import across, clear, down, frame, label, push

_SECTIONS = {Scope.STUDY: "This case", Scope.SERIES: "This series", Scope.FRAME: "This image"}
_PAUSE_MS = 120


class FormPreview(QWidget):
    """Try the form: conditions unfold, digits answer, nothing is stored."""

    def __init__(self, parent: QWidget | None = None, head: bool = True) -> None:
        super().__init__(parent)
        self._schema: Schema | None = None
        self._answers: dict[str, AnswerValue] = {}
        self._boxes: list[QuestionBox] = []
        self._built: tuple[object, ...] = ()
        column = down(self, gap=0)
        if head:
            column.addWidget(self._make_head())
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        body = down(inside, (0, 8, 0, 16), 0)
        self._case_part = down(gap=0)
        body.addLayout(self._case_part)
        self._region_head = QWidget()
        row = across(self._region_head, (16, 12, 16, 4), 8)
        row.addWidget(label("Selected region", "section"))
        self._class = QComboBox()
        self._class.setAccessibleName("Class of the region in the preview")
        self._class.currentIndexChanged.connect(lambda _i: self._rebuild())
        row.addWidget(self._class, 1)
        body.addWidget(self._region_head)
        self._region_part = down(gap=0)
        body.addLayout(self._region_part)
        body.addStretch(1)
        self._scroll.setWidget(inside)
        column.addWidget(self._scroll, 1)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._rebuild)

    def show_schema(self, schema: Schema | None, at_once: bool = False) -> None:
        """Show this schema's form soon: typing should not wait for it."""
        self._schema = schema
        if at_once:
            self._pause.stop()
            self._rebuild()
        else:
            self._pause.start()

    def boxes(self) -> list[QuestionBox]:
        """The boxes shown now."""
        return [b for b in self._boxes if not b.isHidden()]

    def digit(self, number: int) -> bool:
        """Answer the focused question by its digit."""
        box = next((b for b in self._boxes if b.has_focus()), None)
        return box is not None and box.digit(number)

    def _make_head(self) -> QWidget:
        bar = frame("topbar")
        row = across(bar, (16, 8, 12, 8), 8)
        row.addWidget(label("Preview", "heading"))
        row.addWidget(label("try it; nothing is stored", "small"), 1)
        again = push("Start over", "link", tip="Takes the tried answers away.")
        again.clicked.connect(self._start_over)
        row.addWidget(again)
        return bar

    def _start_over(self) -> None:
        self._answers = {}
        self._show()

    def _rebuild(self) -> None:
        schema = self._schema
        self._fill_classes(schema)
        class_id = self._class.currentData() or 0
        case = schema.case_questions() if schema else ()
        region = schema.region_questions(class_id) if schema else ()
        if (case, region) == self._built:
            return
        self._built = (case, region)
        for part in (self._case_part, self._region_part):
            clear(part)
        self._boxes = []
        for scope, title in _SECTIONS.items():
            mine = [q for q in case if q.scope is scope]
            if mine:
                made = label(title, "section")
                made.setContentsMargins(16, 8, 16, 4)
                self._case_part.addWidget(made)
            for question in mine:
                self._case_part.addWidget(self._box(question))
        for question in region:
            self._region_part.addWidget(self._box(question))
        if not case and not region:
            self._case_part.addWidget(
                _quiet("No questions yet. Regions can be drawn all the same.")
            )
        self._show()

    def _fill_classes(self, schema: Schema | None) -> None:
        asked = any(q.scope is Scope.REGION for q in schema.questions) if schema else False
        self._region_head.setVisible(asked)
        wanted = [(c.name, c.id) for c in schema.classes] if schema else []
        have = [
            (self._class.itemText(i), self._class.itemData(i)) for i in range(self._class.count())
        ]
        if wanted == have:
            return
        chosen = self._class.currentData()
        self._class.blockSignals(True)
        self._class.clear()
        for name, class_id in wanted:
            self._class.addItem(name, class_id)
        self._class.setCurrentIndex(max(0, self._class.findData(chosen)))
        self._class.blockSignals(False)

    def _box(self, question: Question) -> QuestionBox:
        box = box_for(question)
        box.answered.connect(lambda value, q=question: self._answer(q, value))
        box.leaving.connect(lambda step, b=box: self._leave(b, step))
        self._boxes.append(box)
        return box

    def _answer(self, question: Question, value: AnswerValue) -> None:
        self._answers[question.id] = value
        self._show()

    def _leave(self, box: QuestionBox, step: int) -> None:
        boxes = self.boxes()
        at = boxes.index(box) + step if box in boxes else -1
        if 0 <= at < len(boxes):
            boxes[at].take_focus()
            self._scroll.ensureWidgetVisible(boxes[at], 0, 24)

    def _show(self) -> None:
        questions = [b.question for b in self._boxes]
        answers = {q.id: self._answers.get(q.id) for q in questions}
        for question in questions:
            try:
                check_answer(question, answers[question.id])
            except UserError:  # tried before the question was changed
                answers[question.id] = None
        shown = {
            q.id
            for about_region in (False, True)
            for q in shown_questions(
                [q for q in questions if (q.scope is Scope.REGION) is about_region], answers
            )
        }
        for box in self._boxes:
            box.show_value(answers[box.question.id])
            box.setVisible(box.question.id in shown)


def _quiet(words: str) -> QWidget:
    made = label(words, "muted", wrap=True)
    made.setContentsMargins(16, 8, 16, 8)
    return made
