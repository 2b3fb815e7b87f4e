"""One question of a schema as a form: its words, how it is answered, and when it is asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFileDialog, QGridLayout, QLineEdit, QWidget

from desktop.domain.number_words import number_text
from desktop.domain.schema import AnswerValue, Choice, Picture, Question, QuestionKind, Scope
from desktop.gui.form.question_words import Pictures
from desktop.gui.schema.example_picture import TIP, example_picture
from desktop.gui.schema.schema_choices import ChoicesEditor
from desktop.gui.schema.schema_classes import combo
from desktop.gui.schema.schema_condition import ConditionEditor
from desktop.gui.schema.schema_draft import ABOUT, Draft
from desktop.gui.schema.schema_pieces import Field, TickMenu, Words, small_button
from desktop.gui.widgets.furniture import across, clear, down, label, push, rule

KIND_WORDS = {
    QuestionKind.CHOICE: "One of several",
    QuestionKind.MULTIPLE: "Any of several",
    QuestionKind.TREE: "A place in a tree",
    QuestionKind.YES_NO: "Yes or no",
    QuestionKind.NUMBER: "A number",
    QuestionKind.RATING: "A rating",
    QuestionKind.RANKING: "A ranking",
    QuestionKind.DATE: "A date",
    QuestionKind.TEXT: "A text",
}
WITH_CHOICES = (
    QuestionKind.CHOICE,
    QuestionKind.MULTIPLE,
    QuestionKind.TREE,
    QuestionKind.RANKING,
)
_FIXED = "Answers may have been given, so this stays. Remove the question and add a new one."


class QuestionEditor(QWidget):
    """Built anew for another question or kind, so that typing keeps its place."""

    edited = Signal(object)  # Draft
    renamed = Signal(str)  # the id that a new question got from its words

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._draft: Draft | None = None
        self._id = ""
        self._key: tuple[object, ...] = ()
        self._others: tuple[str, ...] = ()
        self._condition: ConditionEditor | None = None
        self._default: QWidget | None = None
        self._column = down(self, (16, 12, 16, 16), 12)

    def show_question(self, draft: Draft, question_id: str, anew: bool = False) -> None:
        """Show a question of this draft; ``anew`` also where it is shown already."""
        self._draft, self._id = draft, question_id
        question = self._maybe()
        if question is None:
            self._key = ()
            clear(self._column)
            return
        key = (question.id, question.kind, question.scope, draft.is_new_question(question.id))
        if anew or key != self._key:
            self._key = key
            self._build(question, draft)
        elif self._condition is not None:
            others = tuple(q.text for q in draft.schema.questions if q.id != question_id)
            if others != self._others:
                self._others = others
                self._condition.show_question(question, draft.schema)

    def take_focus(self) -> None:
        """Put the keyboard on the question's words."""
        self._text.setFocus()
        self._text.selectAll()

    # building ------------------------------------------------------------------------------

    def _build(self, question: Question, draft: Draft) -> None:
        clear(self._column)
        self._default = None
        self._others = tuple(q.text for q in draft.schema.questions if q.id != question.id)
        self._column.addWidget(self._words_part(question))
        self._column.addWidget(self._frame_part(question, draft))
        if question.kind in WITH_CHOICES:
            self._column.addWidget(self._choices_part(question, draft))
        elif question.kind in (QuestionKind.NUMBER, QuestionKind.RATING):
            self._column.addWidget(self._numbers_part(question))
        self._column.addWidget(self._default_part(question))
        self._column.addWidget(rule())
        self._condition = ConditionEditor()
        self._condition.show_question(question, draft.schema)
        self._condition.edited.connect(lambda value: self._put(show_if=value))
        self._column.addWidget(self._condition)
        self._column.addWidget(rule())
        self._column.addWidget(self._pictures_part(question))
        self._column.addStretch(1)

    def _words_part(self, question: Question) -> QWidget:
        holder = QWidget()
        column = down(holder, gap=4)
        column.addWidget(label("Question", "section"))
        self._text = Field(question.text, "Question", lambda t: self._put(text=t))
        self._text.setToolTip(f"Stored as “{question.id}”.")
        column.addWidget(self._text)
        column.addWidget(label("Help below it", "section"))
        words = Words(question.help, "Help", lambda t: self._put(help=t.strip()), 52)
        column.addWidget(words)
        return holder

    def _frame_part(self, question: Question, draft: Draft) -> QWidget:
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        fresh = draft.is_new_question(question.id)
        about = combo(
            [(words.capitalize(), scope) for scope, words in ABOUT.items()],
            question.scope,
            "Asked about",
            self._put_scope,
        )
        kind = combo(
            [(words, k) for k, words in KIND_WORDS.items()],
            question.kind,
            "Answered by",
            self._put_kind,
        )
        for box in (about, kind):
            box.setEnabled(fresh)
            box.setToolTip("" if fresh else _FIXED)
        grid.addWidget(label("Asked about", "section"), 0, 0)
        grid.addWidget(label("Answered by", "section"), 0, 1)
        grid.addWidget(about, 1, 0)
        grid.addWidget(kind, 1, 1)
        of = "" if question.scope is Scope.STUDY else f" for {ABOUT[question.scope]}"
        required = QCheckBox(f"Required{of} before a case is done")
        required.setChecked(question.required)
        required.toggled.connect(lambda on: self._put(required=on))
        grid.addWidget(required, 2, 0, 1, 2)
        if question.scope is Scope.REGION:
            classes = TickMenu(
                [(c.name, c.id) for c in draft.schema.classes],
                question.class_ids,
                "Of every class",
                "The classes whose regions are asked; none ticked means all.",
            )
            classes.changed.connect(lambda values: self._put(class_ids=values))
            grid.addWidget(label("Regions", "section"), 3, 0)
            grid.addWidget(classes, 4, 0)
        return holder

    def _choices_part(self, question: Question, draft: Draft) -> QWidget:
        kept: set[str] = set()
        if draft.base is not None and not draft.is_new_question(question.id):
            kept = set(draft.base.question(question.id).paths())
        editor = ChoicesEditor()
        editor.show_question(question, kept)
        editor.edited.connect(self._put_choices)
        return editor

    def _numbers_part(self, question: Question) -> QWidget:
        holder = QWidget()
        row = across(holder, gap=8)
        rating = question.kind is QuestionKind.RATING
        low, high = question.rating_range() if rating else (question.minimum, question.maximum)
        for words, name, value in (
            ("From" if rating else "Least", "minimum", low),
            ("to" if rating else "Most", "maximum", high),
        ):
            row.addWidget(label(words))
            shown = "" if value is None else number_text(value)
            field = Field(shown, f"{words} value", partial(self._put_number, name))
            field.setFixedWidth(72)
            row.addWidget(field)
        texts = (("which means", "low"), ("and", "high")) if rating else (("Unit", "unit"),)
        for words, name in texts:
            row.addWidget(label(words))
            field = Field(getattr(question, name), words, partial(self._put_text, name))
            field.setMinimumWidth(64)
            row.addWidget(field, 1)
        if not rating:
            row.addStretch(1)
        return holder

    def _default_part(self, question: Question) -> QWidget:
        holder = QWidget()
        row = across(holder, gap=8)
        row.addWidget(label("Stored at Done if nothing is said"))
        field = _default_field(question, lambda value: self._put(default=value))
        field.setToolTip("Taken only where the question was shown and left open.")
        row.addWidget(field, 1)
        self._default = holder
        return holder

    def _pictures_part(self, question: Question) -> QWidget:
        holder = QWidget()
        column = down(holder, gap=4)
        column.addWidget(label("Example images", "section"))
        if question.pictures:
            column.addWidget(Pictures(question.pictures))
        for number, picture in enumerate(question.pictures):
            row = across(gap=4)
            caption = Field(
                picture.caption, f"Caption {number + 1}", partial(self._put_caption, number)
            )
            row.addWidget(caption, 1)
            row.addWidget(
                small_button("trash", "Removes this image", partial(self._drop_picture, number))
            )
            column.addLayout(row)
        add = push("Add image…", "link", "plus", TIP)
        add.clicked.connect(self._ask_picture)
        row = across()
        row.addWidget(add)
        row.addStretch(1)
        column.addLayout(row)
        return holder

    # changing ------------------------------------------------------------------------------

    def add_picture(self, path: Path) -> None:
        """Take an image in; UserError says what hinders."""
        question = self._maybe()
        if question is not None:
            self._put_anew(pictures=(*question.pictures, example_picture(path)))

    def _ask_picture(self) -> None:
        path, _kind = QFileDialog.getOpenFileName(self, "Example image", "", "PNG (*.png)")
        if path:
            self.add_picture(Path(path))

    def _drop_picture(self, number: int) -> None:
        question = self._maybe()
        if question is not None:
            rest = tuple(p for n, p in enumerate(question.pictures) if n != number)
            self._put_anew(pictures=rest)

    def _put_caption(self, number: int, words: str) -> None:
        question = self._maybe()
        if question is not None:
            changed = [*question.pictures]
            changed[number] = Picture(caption=words, data=changed[number].data)
            self._put(pictures=tuple(changed))

    def _put_number(self, name: str, text: str) -> None:
        try:
            value = float(text.replace(",", ".")) if text.strip() else None
        except ValueError:
            return  # half a number, such as a minus sign
        self._put(**{name: value})

    def _put_text(self, name: str, text: str) -> None:
        self._put(**{name: text.strip()})

    def _put_choices(self, choices: tuple[Choice, ...]) -> None:
        self._put(choices=choices)
        question = self._maybe()
        if question is None or self._default is None:
            return
        fresh = self._default_at(question)
        self._column.insertWidget(fresh[0], fresh[1])

    def _default_at(self, question: Question) -> tuple[int, QWidget]:
        """The part with the default built again, for answers that have changed."""
        old = self._default
        assert old is not None
        at = self._column.indexOf(old)
        self._column.removeWidget(old)
        old.hide()
        old.deleteLater()
        return at, self._default_part(question)

    def _put_scope(self, scope: Scope) -> None:
        self._put_anew(scope=scope, class_ids=(), show_if=None)

    def _put_kind(self, kind: QuestionKind) -> None:
        question = self._maybe()
        if question is None or kind is question.kind:
            return
        choices: tuple[Choice, ...] = ()
        if kind in WITH_CHOICES:
            choices = question.choices or (
                Choice(id="answer-1", text="Answer 1"),
                Choice(id="answer-2", text="Answer 2"),
            )
            if kind is not QuestionKind.TREE:
                choices = tuple(replace(c, children=()) for c in choices)
        rating = kind is QuestionKind.RATING
        self._put_anew(
            kind=kind,
            choices=choices,
            default=None,
            unit="",
            minimum=1.0 if rating else None,
            maximum=5.0 if rating else None,
            low="",
            high="",
        )

    def _put_anew(self, **changes: Any) -> None:
        self._key = ()
        self._put(**changes)

    def _put(self, **changes: Any) -> None:
        question, draft = self._maybe(), self._draft
        if question is None or draft is None:
            return
        item = replace(question, **changes)
        if "text" in changes and draft.is_new_question(question.id):
            item = replace(item, id=draft.question_id_for(item))
            self._text.setToolTip(f"Stored as “{item.id}”.")
        changed = draft.put_question(item, question.id)
        if item.id != self._id:
            self._id = item.id
            self._key = (item.id, *self._key[1:])
            self.renamed.emit(item.id)
        self._draft = changed
        self.edited.emit(changed)

    def _maybe(self) -> Question | None:
        questions = self._draft.schema.questions if self._draft else ()
        return next((q for q in questions if q.id == self._id), None)


def _default_field(question: Question, on_pick: Callable[[AnswerValue], None]) -> QWidget:
    """What can be chosen as the answer when nothing is said."""
    kind = question.kind
    if kind is QuestionKind.YES_NO:
        return combo([("–", None), ("Yes", True), ("No", False)], question.default, "Default",
                     on_pick)  # fmt: skip
    if kind in (QuestionKind.CHOICE, QuestionKind.TREE):
        offers = [("–", None), *((t, i) for i, t in question.choice_texts().items())]
        return _slim(combo(offers, question.default, "Default", on_pick))
    if kind is QuestionKind.RATING:
        low, high = question.rating_range()
        steps = range(low, min(high, low + 20) + 1)
        grades: list[tuple[str, Any]] = [("–", None), *((str(n), float(n)) for n in steps)]
        return combo(grades, question.default, "Default", on_pick)
    if kind is QuestionKind.MULTIPLE:
        ticked = question.default if isinstance(question.default, tuple) else ()
        menu = TickMenu(
            [(t, i) for i, t in question.choice_texts().items()], ticked, "–", "Default answers"
        )
        menu.changed.connect(lambda values: on_pick(values or None))
        return menu
    if kind is QuestionKind.RANKING:
        return label("A ranking has none.", "muted")
    return _typed_default(question, on_pick)


def _typed_default(question: Question, on_pick: Callable[[AnswerValue], None]) -> QLineEdit:
    number = question.kind is QuestionKind.NUMBER

    def typed(text: str) -> None:
        text = text.strip()
        if not number or not text:
            on_pick(text or None)
            return
        try:
            on_pick(float(text.replace(",", ".")))
        except ValueError:
            return  # half a number

    value = question.default
    shown = number_text(value) if isinstance(value, float) else "" if value is None else str(value)
    field = Field(shown, "Default", typed)
    if question.kind is QuestionKind.DATE:
        field.setPlaceholderText("YYYY-MM-DD")
    return field


def _slim(box: QComboBox) -> QComboBox:
    """Long answers do not make the whole editor wide."""
    box.setMinimumContentsLength(10)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return box
