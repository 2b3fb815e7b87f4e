"""The form: the questions of the case and of the selected region, and how to close the case."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from desktop.commands.annotation import AnswerRegion
from desktop.commands.project import AnswerQuestion
from desktop.domain.annotation import Target
from desktop.domain.event import Event
from desktop.domain.schema import AnswerValue, Question, Schema, Scope
from desktop.gui.action_set import ActionSet
from desktop.gui.form.form_answers import (
    case_answers,
    selected_region,
    target_of,
)
from desktop.gui.form.form_footer import FormFooter
from desktop.gui.form.form_notes import FormNotes
from desktop.gui.form.question_box import QuestionBox
from desktop.gui.form.question_kinds import box_for
from desktop.gui.goto import go_to_region, open_series
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import EmptyState, clear, down, label, push, rule
from desktop.interaction.view import ViewState
from desktop.workspace.schemas.open_questions import OpenQuestion, is_asked

_SECTIONS = {Scope.STUDY: "This case", Scope.SERIES: "This series", Scope.FRAME: "This image"}


class FormPanel(QWidget):
    """Answers are commands; what is shown always comes from the project."""

    swapping = Signal()  # the person goes back to the image
    schema_wanted = Signal()

    def __init__(self, shell: Shell, actions: ActionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell, self._reading = shell, shell.reading
        self._schema_id = ""
        self._region_key: tuple[str, int] = ("", 0)
        # what the boxes show just now, and so what an answer from them is about
        self._case_id, self._region_id = "", ""
        self._targets: dict[Scope, Target] = {}
        self._case_boxes: list[QuestionBox] = []
        self._region_boxes: list[QuestionBox] = []
        self._titles: dict[Scope, QWidget] = {}
        column = down(self, gap=0)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        body = down(inside, (0, 8, 0, 16), 0)
        self._region_part = down(gap=0)
        self._case_part = down(gap=0)
        self._quiet = label(
            "No questions about the case. Draw a region; its questions appear here.",
            "muted",
            wrap=True,
        )
        self._quiet.setContentsMargins(16, 8, 16, 8)
        self._quiet.hide()
        self.notes = FormNotes(self._reading)
        self.notes.leaving.connect(self._leave)
        self.notes.swapping.connect(self.swapping)
        body.addWidget(self._quiet)
        body.addLayout(self._case_part)
        body.addLayout(self._region_part)
        body.addWidget(self.notes)
        body.addStretch(1)
        self._scroll.setWidget(inside)
        column.addWidget(self._scroll, 1)
        choose = push("Choose a schema…", "primary", tip="For all cases that have none yet.")
        choose.clicked.connect(self.schema_wanted)
        self._empty = EmptyState("form", "", "", [choose])
        self._choose = choose
        column.addWidget(self._empty, 1)
        self.footer = FormFooter(shell, actions)
        self.footer.wanted.connect(self.go_to_open)
        column.addWidget(self.footer)
        self._reading.committed.connect(self._committed)
        self._reading.view_changed.connect(self._viewed)
        self.refresh()

    # what the window asks ------------------------------------------------------------------

    def refresh(self) -> None:
        """Show questions and answers as they stand."""
        schema = self._reading.schema
        region = selected_region(self._reading)
        self._case_id = self._reading.view.case_id
        self._region_id = region.id if region else ""
        self._targets = {scope: target_of(self._reading, scope) for scope in Scope}
        self._build_case(schema)
        self._build_region(schema)
        self._show_answers(schema)
        self.notes.refresh(schema)
        self._show_empty(schema)
        self.footer.refresh(schema)

    def digit(self, number: int) -> bool:
        """Answer the focused question by its digit."""
        box = self.focused_box()
        return box is not None and box.digit(number)

    def take_focus(self) -> None:
        """Put the keyboard on the first open question, the region's first."""
        boxes = [b for b in self._visible_boxes() if b not in self.notes.boxes]
        boxes = boxes or self._visible_boxes()
        wanted = [b for b in boxes if b.value is None] or boxes
        region = [b for b in wanted if b in self._region_boxes]
        if wanted:
            self.focus_box((region or wanted)[0])

    def focused_box(self) -> QuestionBox | None:
        return next((b for b in self._boxes() if b.has_focus()), None)

    def focus_question(self, question_id: str) -> None:
        """Put the keyboard on one question and mark it as missing."""
        for box in self._boxes():
            if box.question.id == question_id:
                box.show_missing(True)
                self.focus_box(box)
                return

    def focus_box(self, box: QuestionBox) -> None:
        box.take_focus()
        self._reveal(box)

    def _reveal(self, widget: QWidget) -> None:
        """Scroll to a question; layouts that have just changed are settled first."""
        body = self._scroll.widget()
        inside = body.layout() if body is not None else None
        if body is not None and inside is not None:
            inside.activate()
            width = self._scroll.viewport().width()
            body.resize(width, inside.minimumSize().height())
        self._scroll.ensureWidgetVisible(widget, 0, 24)

    def keep_typing(self) -> None:
        """Store what is still being typed."""
        for box in self._boxes():
            box.keep()

    def show_missing(self, asked: Sequence[OpenQuestion]) -> None:
        """Mark the required questions on screen that are open, and list all of them as links."""
        missing = {o.question.id for o in asked}
        for box in self._case_boxes:
            box.show_missing(box.question.id in missing and box.value is None)
        self.footer.list_open()

    def go_to_open(self, wanted: OpenQuestion) -> None:
        """Show what an open question is about, and put the keyboard on it."""
        target = wanted.target
        if wanted.region is not None:
            go_to_region(self._reading, wanted.region)
        elif target.series_id and target.scope is not Scope.STUDY:
            same = target.series_id == self._reading.view.series_id
            here = self._reading.view.index if same and target.frame is None else wanted.index
            open_series(self._reading, target.series_id, here)
        self.focus_question(wanted.question.id)

    def comment(self) -> None:
        """Put the keyboard on the reader's comment."""
        self.focus_box(self.notes.comment)

    # building ------------------------------------------------------------------------------

    def _build_case(self, schema: Schema | None) -> None:
        wanted = schema.id if schema else ""
        if wanted == self._schema_id:
            return
        self._schema_id = wanted
        clear(self._case_part)
        self._case_boxes, self._titles = [], {}
        questions = schema.case_questions() if schema else ()
        for scope, title in _SECTIONS.items():
            mine = [q for q in questions if q.scope is scope]
            if mine:
                self._titles[scope] = self._section(self._case_part, title)
                self._case_boxes += [self._add(self._case_part, q) for q in mine]

    def _build_region(self, schema: Schema | None) -> None:
        region = selected_region(self._reading)
        key = (schema.id, region.label.class_id) if schema and region else ("", 0)
        if key == self._region_key:
            return
        self._region_key = key
        clear(self._region_part)
        self._region_boxes = []
        questions = schema.region_questions(key[1]) if schema and region else ()
        if schema and questions:
            self._region_part.addWidget(rule())
            self._section(self._region_part, f"Selected: {schema.label_class(key[1]).name}")
            self._region_boxes = [self._add(self._region_part, q) for q in questions]

    def _section(self, layout: QVBoxLayout, title: str) -> QWidget:
        made = label(title, "section")
        made.setContentsMargins(16, 8, 16, 4)
        layout.addWidget(made)
        return made

    def _add(self, layout: QVBoxLayout, question: Question) -> QuestionBox:
        box = box_for(question)
        box.answered.connect(lambda value, q=question: self._answer(q, value))
        box.leaving.connect(lambda step, b=box: self._leave(b, step))
        box.swapping.connect(self.swapping)
        layout.addWidget(box)
        return box

    # answers -------------------------------------------------------------------------------

    def _answer(self, question: Question, value: AnswerValue) -> None:
        if question.scope is not Scope.REGION:
            self._reading.run(
                AnswerQuestion(
                    case_id=self._case_id,
                    question_id=question.id,
                    value=value,
                    target=self._targets[question.scope],
                )
            )
        elif self._region_id:
            self._reading.run(
                AnswerRegion(
                    case_id=self._case_id,
                    annotation_id=self._region_id,
                    question_id=question.id,
                    value=value,
                )
            )

    def _show_answers(self, schema: Schema | None) -> None:
        if schema is None:
            return
        answers = case_answers(self._reading, schema)
        for box in self._case_boxes:
            box.show_value(answers.get(box.question.id))
            box.setVisible(is_asked(box.question, schema, answers))
        region = selected_region(self._reading)
        if region is not None:
            own = region.label.attributes
            for box in self._region_boxes:
                box.show_value(own.get(box.question.id))
                box.setVisible(is_asked(box.question, schema, own))

    def _show_empty(self, schema: Schema | None) -> None:
        view = self._reading.view
        asked = schema is not None and bool(view.case_id)
        self._quiet.setVisible(asked and not self._case_boxes and not self._region_boxes)
        self._scroll.setVisible(asked)
        self._empty.setVisible(not asked)
        self._choose.setVisible(bool(view.case_id) and schema is None)
        if not view.case_id:
            self._empty.say("No case open", "Pick one from the work list.")
        else:
            self._empty.say("No schema yet", "A schema says what is asked and which labels exist.")

    # moving about --------------------------------------------------------------------------

    def _boxes(self) -> list[QuestionBox]:
        return [*self._case_boxes, *self._region_boxes, *self.notes.boxes]

    def _visible_boxes(self) -> list[QuestionBox]:
        return [b for b in self._boxes() if b.isVisibleTo(self._scroll)]

    def _leave(self, box: QuestionBox, step: int) -> None:
        boxes = self._visible_boxes()
        if box not in boxes:
            return
        at = boxes.index(box) + step
        if 0 <= at < len(boxes):
            self.focus_box(boxes[at])

    def _committed(self, event: Event) -> None:
        if event.case_id in ("", self._reading.view.case_id):
            self.refresh()

    def _viewed(self, old: ViewState, new: ViewState) -> None:
        if old.case_id != new.case_id:
            self._scroll.verticalScrollBar().setValue(0)
            for box in self._case_boxes:
                box.show_missing(False)
            self.footer.fold()
        keys = ["case_id", "selection"]
        if Scope.SERIES in self._titles or Scope.FRAME in self._titles:
            keys.append("series_id")
        if Scope.FRAME in self._titles:
            keys.append("index")  # elsewhere scrolling must cost nothing
        if any(getattr(old, k) != getattr(new, k) for k in keys):
            was_here = self.focused_box() is not None
            self.keep_typing()
            self.refresh()
            if was_here and old.case_id != new.case_id:
                self.take_focus()  # a digit answers the first question of the case, not the last
        if old.selection != new.selection and self._region_boxes:
            self._reveal(self._region_boxes[-1])
            self._reveal(self._region_boxes[0])
