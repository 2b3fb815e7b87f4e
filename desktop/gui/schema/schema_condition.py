"""When a question is asked: rows that look at other answers, in groups as deep as they need be."""

from __future__ import annotations

from functools import partial

from msgspec.structs import replace
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop.domain.condition import Condition
from desktop.domain.number_words import number_text
from desktop.domain.schema import Question, QuestionKind, Schema
from desktop.gui.schema.condition_tree import (
    Group,
    Join,
    Leaf,
    condition_of,
    condition_text,
    tree_of,
)
from desktop.gui.schema.schema_classes import combo
from desktop.gui.schema.schema_pieces import Field, TickMenu, small_button
from desktop.gui.widgets.furniture import across, clear, down, label, push, rule

_IS, _IS_NOT = ("is", False), ("is not", True)
_BY_NUMBER = (QuestionKind.NUMBER, QuestionKind.RATING)
_JOINS = [(join.value, join) for join in Join]


class ConditionEditor(QWidget):
    """Each group is a frame with its join, its rows and groups, and the ways to add more."""

    edited = Signal(object)  # Condition or None

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._schema: Schema | None = None
        self._others: list[Question] = []
        self.tree = Group()
        self._fresh: Leaf | Group | None = None  # what was added just now: it gets the keyboard
        column = down(self, gap=4)
        column.addWidget(label("Asked only if", "section"))
        self._none = label(
            "There is no other question about the same thing to look at.", "muted", wrap=True
        )
        column.addWidget(self._none)
        self._body = down(gap=4)
        column.addLayout(self._body)
        self.words = label("", "small", wrap=True)
        column.addWidget(self.words)

    def show_question(self, question: Question, schema: Schema) -> None:
        """Show the condition of this question."""
        self._schema = schema
        self._others = [
            q
            for q in schema.questions
            if q.id != question.id and q.scope is question.scope and _can_be_asked(q)
        ]
        self._none.setVisible(not self._others)
        self.tree = tree_of(question.show_if)
        self._build()

    # building --------------------------------------------------------------------------------

    def _build(self) -> None:
        clear(self._body)
        if self._others or self.tree.items:
            self._fill(self._body, self.tree, None)
        self._say()

    def _fill(self, column: QVBoxLayout, group: Group, above: Group | None) -> None:
        """One group: how it is joined, what it holds, what can be added."""
        if len(group.items) > 1 or above is not None or group.join is not Join.ALL:
            head = across(gap=4)
            joined = combo(_JOINS, group.join, "How these belong together",
                           partial(self._join, group))  # fmt: skip
            joined.setToolTip("Whether all, one or none of the rows below has to hold.")
            head.addWidget(joined)
            head.addStretch(1)
            if above is not None:
                act = partial(self._drop, above, group)
                head.addWidget(small_button("trash", "Removes this group", act))
            column.addLayout(head)
        for item in group.items:
            if isinstance(item, Leaf):
                column.addWidget(self._line(group, item))
            else:
                column.addWidget(self._inner(group, item))
        column.addLayout(self._adders(group))

    def _inner(self, above: Group, group: Group) -> QWidget:
        """A group within a group, set in behind a line."""
        holder = QFrame()
        row = across(holder, (4, 2, 0, 2), 10)
        row.addWidget(rule(upright=True))
        inside = down(gap=4)
        self._fill(inside, group, above)
        row.addLayout(inside, 1)
        return holder

    def _adders(self, group: Group) -> QHBoxLayout:
        row = across(gap=4)
        for words, tip, made in (
            ("Add condition", "Looks at another answer.", self._new_leaf),
            ("Add group", "Rows that are joined in a way of their own.", self._new_group),
        ):
            if made == self._new_group and not group.items:
                continue  # first something that it can stand beside
            button: QPushButton = push(words, "link", "plus", tip)
            button.setEnabled(bool(self._others))
            button.clicked.connect(lambda _c=False, m=made, g=group: self._add(g, m()))
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _line(self, group: Group, leaf: Leaf) -> QWidget:
        holder = QWidget()
        line = across(holder, gap=4)
        part = leaf.part
        asked = next((q for q in self._others if q.id == part.question_id), None)
        offers = [(q.text, q.id) for q in self._others]
        which = combo(offers, part.question_id, "Question", partial(self._asks, leaf))
        which.setMinimumContentsLength(10)
        which.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        line.addWidget(which, 3)
        sense = combo([_IS, _IS_NOT], leaf.negated, "Is or is not", partial(self._turn, leaf))
        sense.setFixedWidth(88)
        line.addWidget(sense)
        if asked is not None and asked.kind in _BY_NUMBER:
            self._add_bounds(line, leaf)
        elif asked is not None:
            ticks = TickMenu(
                _answers(asked), part.any_of, "choose…", "The answers that it waits for."
            )
            ticks.changed.connect(lambda v: self._put(leaf, any_of=v))
            line.addWidget(ticks, 2)
        act = partial(self._drop, group, leaf)
        line.addWidget(small_button("trash", "Removes this condition", act))
        if leaf is self._fresh:
            QTimer.singleShot(0, which, lambda: which.setFocus(Qt.FocusReason.OtherFocusReason))
        return holder

    def _add_bounds(self, line: QHBoxLayout, leaf: Leaf) -> None:
        for words, name, value in (
            ("≥", "at_least", leaf.part.at_least),
            ("≤", "at_most", leaf.part.at_most),
        ):
            field = Field(
                "" if value is None else number_text(value),
                name.replace("_", " "),
                partial(self._put_bound, leaf, name),
            )
            field.setFixedWidth(64)
            line.addWidget(label(words))
            line.addWidget(field)

    # acts ------------------------------------------------------------------------------------

    def _new_leaf(self) -> Leaf:
        return Leaf(_first(self._others[0]))

    def _new_group(self) -> Group:
        return Group(Join.ONE, [self._new_leaf()])

    def _add(self, group: Group, item: Leaf | Group) -> None:
        group.items.append(item)
        self._fresh = item if isinstance(item, Leaf) else item.items[0]
        self._change()
        self._fresh = None

    def _drop(self, group: Group, item: Leaf | Group) -> None:
        group.items = [i for i in group.items if i is not item]
        self._change()

    def _join(self, group: Group, join: Join) -> None:
        group.join = join
        self._tell()

    def _asks(self, leaf: Leaf, question_id: str) -> None:
        leaf.part = _first(next(q for q in self._others if q.id == question_id))
        self._fresh = leaf
        self._change()
        self._fresh = None

    def _turn(self, leaf: Leaf, negated: bool) -> None:
        leaf.negated = negated
        self._tell()

    def _put_bound(self, leaf: Leaf, name: str, text: str) -> None:
        self._put(leaf, **{name: _number(text)})

    def _put(self, leaf: Leaf, **changes: object) -> None:
        leaf.part = replace(leaf.part, **changes)  # type: ignore[arg-type]
        self._tell()

    def _change(self) -> None:
        self._build()
        self._tell()

    def _tell(self) -> None:
        self._say()
        self.edited.emit(condition_of(self.tree))

    def _say(self) -> None:
        """The whole condition in words, where it is more than a row."""
        found = condition_of(self.tree)
        deep = found is not None and self._schema is not None and len(self.tree.items) > 1
        self.words.setVisible(deep)
        if deep and found is not None and self._schema is not None:
            self.words.setText(f"Asked if {condition_text(found, self._schema)}.")


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
