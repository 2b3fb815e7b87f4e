"""Editing a model's card: what it is called, what goes in, and what its outputs mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from desktop.domain.errors import UserError
from desktop.domain.model_card import Activation, ModelCard, ModelClass, Task, Values
from desktop.domain.schema import QuestionKind, Schema
from desktop.gui.suggestions.model_input_form import ModelInputForm, choice
from desktop.gui.widgets import icons
from desktop.gui.widgets.furniture import across, clear, down, inset, label, push

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

_TASKS = tuple(t for t in Task if t is not Task.PROMPT)
_PLAIN = "as its task says"  # no adapter
_CHANCES = {
    Activation.NONE: "nothing: it gives chances",
    Activation.SIGMOID: "sigmoid",
    Activation.SOFTMAX: "softmax",
}
_MORE = "What goes in, and limits"
_ANSWERED = (QuestionKind.CHOICE, QuestionKind.TREE, QuestionKind.YES_NO)


class ModelCardForm(QFrame):
    """One card in fields; ``on_save`` gets the changed card, ``on_left`` is called for cancel,
    ``on_error`` where a field can't be read."""

    def __init__(
        self,
        room: Workspace,
        card: ModelCard,
        on_save: Callable[[ModelCard], None],
        on_left: Callable[[], None],
        on_error: Callable[[UserError], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._card, self._on_save, self._on_error = card, on_save, on_error
        self._schemas = {s.name: s for s in room.schemas()}
        self._forms: dict[Task, list[tuple[str, str]]] = {
            task: room.models.forms(task) for task in _TASKS
        }
        self._numbers: list[tuple[ModelClass, QSpinBox]] = []
        column = down(self, (20, 14, 20, 14), 8)
        column.addWidget(label(f"Card of {card.name}", "heading"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        self.name, self.licence = QLineEdit(card.name), QLineEdit(card.licence)
        self.task = _combo(_TASKS, card.task)
        self.values = _combo(tuple(Values), card.input.values)
        self.activation = choice(_CHANCES, card.activation)
        self.form = QComboBox()
        self.form.setToolTip("A plugin can bring a form of its own.")
        self.schema = choice({n: s.title for n, s in self._schemas.items()}, card.schema_name)
        self.question = QComboBox()
        rows = (
            ("Name", self.name), ("Licence", self.licence), ("Task", self.task),
            ("Values that go in", self.values), ("Makes chances by", self.activation),
            ("Form of the output", self.form), ("For cases read with", self.schema),
            ("Answers the question", self.question),
        )  # fmt: skip
        self._lines: dict[str, tuple[QWidget, QWidget]] = {}
        for place, (words, field) in enumerate(rows):
            text = label(words, "muted")
            field.setAccessibleName(words)
            grid.addWidget(text, place, 0)
            grid.addWidget(field, place, 1)
            self._lines[words] = (text, field)
        column.addLayout(grid)
        self.more = push(_MORE, "quiet", "down", "Size, axes, colours, window and limits.")
        self.more.setCheckable(True)
        self.input = ModelInputForm(card)
        self.input.hide()
        self.more.toggled.connect(self._show_more)
        column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.input)
        column.addWidget(label("Which output number stands for it (-1: none)", "muted"))
        self._meanings = down(gap=4)
        column.addLayout(self._meanings)
        column.addLayout(self._make_foot(on_left))
        self.task.currentIndexChanged.connect(lambda _n: self._ask())
        self.values.currentIndexChanged.connect(lambda _n: self._ask_input())
        self.schema.currentIndexChanged.connect(lambda _n: self._ask())
        self.question.currentIndexChanged.connect(lambda _n: self._show_meanings())
        self._ask()

    def card(self) -> ModelCard:
        """The card as the fields say it; UserError where numbers can't be read."""
        task = _TASKS[self.task.currentIndex()]
        chosen = [self._meant(m, n.value()) for m, n in self._numbers if n.value() >= 0]
        changed = self.input.changed(self._card)
        return replace(
            changed,
            name=self.name.text().strip(),
            licence=self.licence.text().strip(),
            task=task,
            schema_name=str(self.schema.currentData() or ""),
            question_id=str(self.question.currentData() or "") if self._is_classifier else "",
            classes=tuple(sorted(chosen, key=lambda m: m.index)),
            output=str(self.form.currentData() or ""),
            activation=Activation(self.activation.currentData()),
            input=replace(changed.input, values=tuple(Values)[self.values.currentIndex()]),
        )

    # ---------------------------------------------------------------------------------------

    def _make_foot(self, on_left: Callable[[], None]) -> QHBoxLayout:
        foot = across(gap=8)
        foot.addStretch(1)
        leave = push("Cancel", tip="Leaves the card as it is.")
        leave.clicked.connect(lambda: on_left())
        save = push("Save card", "primary", tip="Another card makes another run of this model.")
        save.clicked.connect(self._save)
        foot.addWidget(leave)
        foot.addWidget(save)
        return foot

    @property
    def _is_classifier(self) -> bool:
        return _TASKS[self.task.currentIndex()] is Task.CLASSIFICATION

    def _ask(self) -> None:
        """Offer what this task and schema need."""
        schema = self._schemas.get(str(self.schema.currentData()))
        self.question.blockSignals(True)
        self.question.clear()
        for question in schema.case_questions() if schema else ():
            if question.kind in _ANSWERED:
                self.question.addItem(question.text, question.id)
        self.question.setCurrentIndex(max(0, self.question.findData(self._card.question_id)))
        self.question.blockSignals(False)
        task = _TASKS[self.task.currentIndex()]
        self._offer_forms(task)
        for words, wanted in (
            ("Answers the question", self._is_classifier),
            ("Form of the output", self.form.count() > 1),
            ("Makes chances by", task not in (Task.DETECTION, Task.INSTANCES)),
        ):
            for part in self._lines[words]:
                part.setVisible(wanted)
        self._show_meanings()
        self._ask_input()

    def _ask_input(self) -> None:
        task, values = _TASKS[self.task.currentIndex()], tuple(Values)[self.values.currentIndex()]
        self.input.ask_for(task, values)

    def _show_more(self, on: bool) -> None:
        self.input.setVisible(on)
        icons.bind(self.more, "up" if on else "down", "text")

    def _offer_forms(self, task: Task) -> None:
        """The adapters of a task; without one, its own way, where it has one."""
        offered = [] if task is Task.DETECTION else [("", _PLAIN)]
        offered += [(name, f"{name} · {title}") for name, title in self._forms[task]]
        now = self.form.currentData() if self.form.count() else self._card.output
        self.form.clear()
        for name, words in offered:
            self.form.addItem(words, name)
        self.form.setCurrentIndex(max(0, self.form.findData(now)))

    def _show_meanings(self) -> None:
        clear(self._meanings)
        self._numbers = []
        schema = self._schemas.get(str(self.schema.currentData()))
        for meaning in _meanings(schema, str(self.question.currentData()), self._is_classifier):
            row = QWidget()
            line = across(row, gap=8)
            number = QSpinBox()
            inset(number)
            number.setRange(-1, 999)
            number.setValue(self._number_of(meaning))
            number.setFixedWidth(72)
            number.setAccessibleName(f"Output number of {meaning.name}")
            number.setToolTip("Counted from 0; -1 where the model does not know it.")
            line.addWidget(number)
            line.addWidget(label(meaning.name), 1)
            self._numbers.append((meaning, number))
            self._meanings.addWidget(row)

    def _meant(self, meaning: ModelClass, number: int) -> ModelClass:
        """A meaning with its output number; the model's own word for it stays."""
        made = replace(meaning, index=number)
        return next((k for k in self._card.classes if replace(k, name=made.name) == made), made)

    def _number_of(self, meaning: ModelClass) -> int:
        for known in self._card.classes:
            if (known.class_id, known.answer) == (meaning.class_id, meaning.answer):
                return known.index
        return -1

    def _save(self) -> None:
        try:
            card = self.card()
        except UserError as error:
            self._on_error(error)
            return
        self._on_save(card)


def _meanings(schema: Schema | None, question_id: str, is_classifier: bool) -> list[ModelClass]:
    """All that an output may stand for."""
    if schema is None:
        return []
    if not is_classifier:
        return [ModelClass(index=-1, name=c.name, class_id=c.id) for c in schema.classes]
    question = next((q for q in schema.questions if q.id == question_id), None)
    if question is None:
        return []
    if question.kind is QuestionKind.YES_NO:
        return [
            ModelClass(index=-1, name="yes", answer=True),
            ModelClass(index=-1, name="no", answer=False),
        ]
    texts = question.choice_texts().items()
    return [ModelClass(index=-1, name=text, answer=key) for key, text in texts]


def _combo(offered: Sequence[str | Enum], now: str | Enum) -> QComboBox:
    box = QComboBox()
    texts = [str(o.value) if isinstance(o, Enum) else o for o in offered]
    box.addItems(texts)
    wanted = str(now.value) if isinstance(now, Enum) else now
    box.setCurrentIndex(texts.index(wanted) if wanted in texts else 0)
    return box
