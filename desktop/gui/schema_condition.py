"""When a question is asked: rows that look at other answers, joined by "all" or "one"."""

from __future__ import annotations

from functools import partial

from msgspec.structs import replace
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from desktop.domain.condition import Condition
from desktop.domain.number_words import number_text
from desktop.domain.schema import Question, QuestionKind, Schema
from desktop.gui.furniture import across, clear, down, label, push
from desktop.gui.schema_classes import combo
from desktop.gui.schema_draft import Row, condition_from, condition_rows, condition_text
from desktop.gui.schema_pieces import Field, TickMenu, small_button

_IS, _IS_NOT = ("is", False), ("is not", True)
_BY_NUMBER = (QuestionKind.NUMBER, QuestionKind.RATING)


class ConditionEditor(QWidget):
    """Simple conditions as rows; deeper ones, from a file, are told in words and kept."""

    edited = Signal(object)  # Condition or None

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._others: list[Question] = []
        self._rows: list[Row] = []
        self._all_hold = True
        column = down(self, gap=4)
        head = across(gap=8)
        head.addWidget(label("Asked only if", "section"))
        self._join = QComboBox()
        self._join.addItems(["all of these hold", "one of these holds"])
        self._join.setAccessibleName("How the conditions are joined")
        self._join.activated.connect(self._joined)
        head.addWidget(self._join)
        head.addStretch(1)
        column.addLayout(head)
        self._words = label(role="muted", wrap=True)
        column.addWidget(self._words)
        self._lines = down(gap=4)
        column.addLayout(self._lines)
        row = across()
        self._add = push("Add condition", "link", "plus", "Looks at another answer.")
        self._add.clicked.connect(self._add_row)
        row.addWidget(self._add)
        row.addStretch(1)
        column.addLayout(row)

    def show_question(self, question: Question, schema: Schema) -> None:
        """Show the condition of this question."""
        self._others = [
            q
            for q in schema.questions
            if q.id != question.id and q.scope is question.scope and _can_be_asked(q)
        ]
        found = condition_rows(question.show_if)
        simple = found is not None
        self._all_hold, self._rows = found if found is not None else (True, [])
        self._words.setVisible(not simple or not self._others)
        if question.show_if is not None and not simple:
            words = condition_text(question.show_if, schema)
            self._words.setText(f"{words}. Conditions this deep are edited in the schema's file.")
        else:
            self._words.setText("There is no other question about the same thing to look at.")
        self._add.setVisible(simple and bool(self._others))
        self._build()

    def _build(self) -> None:
        self._join.setVisible(len(self._rows) > 1)
        self._join.setCurrentIndex(0 if self._all_hold else 1)
        clear(self._lines)
        for number, row in enumerate(self._rows):
            self._lines.addWidget(self._line(number, row))

    def _line(self, number: int, row: Row) -> QWidget:
        holder = QWidget()
        line = across(holder, gap=4)
        asked = next((q for q in self._others if q.id == row.part.question_id), None)
        offers = [(q.text, q.id) for q in self._others]
        which = combo(offers, row.part.question_id, "Question", lambda v: self._asks(number, v))
        which.setMinimumContentsLength(12)
        which.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        line.addWidget(which, 3)
        sense = combo(
            [_IS, _IS_NOT], row.negated, "Is or is not", lambda v: self._put(number, negated=v)
        )
        sense.setFixedWidth(88)
        line.addWidget(sense)
        if asked is not None and asked.kind in _BY_NUMBER:
            self._add_bounds(line, number, row.part)
        elif asked is not None:
            ticks = TickMenu(
                _answers(asked), row.part.any_of, "choose…", "The answers that it waits for."
            )
            ticks.changed.connect(lambda v: self._put_part(number, any_of=v))
            line.addWidget(ticks, 2)
        line.addWidget(small_button("trash", "Removes this condition", lambda: self._drop(number)))
        return holder

    def _put_bound(self, number: int, name: str, text: str) -> None:
        self._put_part(number, **{name: _number(text)})

    def _add_bounds(self, line: QHBoxLayout, number: int, part: Condition) -> None:
        for words, name, value in (
            ("≥", "at_least", part.at_least),
            ("≤", "at_most", part.at_most),
        ):
            field = Field(
                "" if value is None else number_text(value),
                name.replace("_", " "),
                partial(self._put_bound, number, name),
            )
            field.setFixedWidth(64)
            line.addWidget(label(words))
            line.addWidget(field)

    def _joined(self, index: int) -> None:
        self._all_hold = index == 0
        self._tell()

    def _add_row(self) -> None:
        self._rows.append(Row(_first(self._others[0])))
        self._build()
        self._tell()

    def _asks(self, number: int, question_id: str) -> None:
        asked = next(q for q in self._others if q.id == question_id)
        self._rows[number] = replace_row(self._rows[number], _first(asked))
        self._build()
        self._tell()

    def _put(self, number: int, negated: bool) -> None:
        self._rows[number] = Row(self._rows[number].part, negated)
        self._tell()

    def _put_part(self, number: int, **changes: object) -> None:
        row = self._rows[number]
        self._rows[number] = replace_row(row, replace(row.part, **changes))  # type: ignore[arg-type]
        self._tell()

    def _drop(self, number: int) -> None:
        del self._rows[number]
        self._build()
        self._tell()

    def _tell(self) -> None:
        self.edited.emit(condition_from(self._all_hold, self._rows))


def replace_row(row: Row, part: Condition) -> Row:
    """The same row about something else."""
    return Row(part, row.negated)


def _can_be_asked(question: Question) -> bool:
    return question.kind not in (QuestionKind.TEXT, QuestionKind.DATE, QuestionKind.RANKING)


def _answers(question: Question) -> list[tuple[str, object]]:
    if question.kind is QuestionKind.YES_NO:
        return [("Yes", True), ("No", False)]
    return [(words, choice_id) for choice_id, words in question.choice_texts().items()]


def _first(question: Question) -> Condition:
    """A condition on this question that holds for its first answer."""
    if question.kind in _BY_NUMBER:
        low = question.minimum if question.minimum is not None else 1.0
        return Condition(question_id=question.id, at_least=low)
    answers = _answers(question)
    any_of = (answers[0][1],) if answers else ()
    return Condition(question_id=question.id, any_of=any_of)  # type: ignore[arg-type]


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None
