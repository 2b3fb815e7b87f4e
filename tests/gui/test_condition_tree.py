"""Conditions as trees: whatever is built says the same as what is stored, at any depth."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QPushButton

from desktop.domain.condition import Condition
from desktop.domain.schema import LabelClass, Question, QuestionKind, Schema
from desktop.gui.schema.condition_tree import (
    Group,
    Join,
    Leaf,
    condition_of,
    condition_text,
    tree_of,
)
from desktop.gui.schema.schema_condition import ConditionEditor

LEAVES = st.sampled_from("abc").map(lambda i: Condition(question_id=i, any_of=(True,)))


def _joined(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    some = st.lists(inner, max_size=3).map(tuple)
    return st.builds(
        Condition,
        question_id=st.sampled_from(("", "a", "b")),
        any_of=st.just((True,)),
        all_of=some,
        some_of=some,
        none_of=some,
    )


CONDITIONS = st.recursive(LEAVES, _joined, max_leaves=12)
ALL_ANSWERS = [
    dict(zip("abc", values, strict=True))
    for values in itertools.product((True, False, None), repeat=3)
]


def says(condition: Condition | None) -> list[bool]:
    return [condition is None or condition.holds(answers) for answers in ALL_ANSWERS]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(CONDITIONS)
def test_a_tree_says_what_its_condition_says(condition: Condition) -> None:
    tree = tree_of(condition)
    again = condition_of(tree)
    if _is_told(tree):
        assert says(again) == says(condition)
    assert tree_of(again) == tree_of(condition_of(tree_of(again))), "and stays as it is"


def _is_told(group: Group) -> bool:
    """Whether no group is empty: an empty one in a file says always or never, here nothing."""
    inner = [i for i in group.items if isinstance(i, Group)]
    return bool(group.items) and all(_is_told(i) for i in inner)


def test_four_joins_and_rows_turned_around() -> None:
    a, b = (Condition(question_id=i, any_of=(True,)) for i in "ab")
    for join, holds in (
        (Join.ALL, lambda x, y: x and y),
        (Join.ONE, lambda x, y: x or y),
        (Join.NONE, lambda x, y: not x and not y),
        (Join.NOT_ALL, lambda x, y: not (x and y)),
    ):
        for negated in (False, True):
            made = condition_of(Group(join, [Leaf(a), Leaf(b, negated)]))
            assert made is not None
            for x, y in itertools.product((True, False), repeat=2):
                assert made.holds({"a": x, "b": y}) == holds(x, y != negated), (join, x, y)
            assert says(condition_of(tree_of(made))) == says(made)
    assert condition_of(Group()) is None
    assert condition_of(Group(Join.ALL, [Group(Join.ONE, [])])) is None


def schema() -> Schema:
    questions = tuple(Question(id=i, text=f"Is it {i}?", kind=QuestionKind.YES_NO) for i in "abc")
    asked = Question(id="last", text="Why?", kind=QuestionKind.YES_NO)
    return Schema(
        id="s@1", name="s", version=1, title="S", questions=(*questions, asked),
        classes=(LabelClass(id=1, name="One", color="#77DDFF"),),
    )  # fmt: skip


@pytest.fixture
def editor(qtbot: Any) -> Any:
    made = ConditionEditor()
    qtbot.addWidget(made)
    made.resize(620, 500)
    made.told = []
    made.edited.connect(made.told.append)
    made.show_question(schema().questions[-1], schema())
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    return made


def adders(editor: Any, words: str) -> list[QPushButton]:
    return [b for b in editor.findChildren(QPushButton) if b.text().strip() == words]


def test_groups_in_groups_are_made_by_keyboard(qtbot: Any, editor: Any) -> None:
    assert not adders(editor, "Add group"), "nothing is there yet that a group could stand beside"
    for words, at in (("Add condition", -1), ("Add group", -1), ("Add condition", 0),
                      ("Add group", 0)):  # fmt: skip
        qtbot.waitUntil(lambda w=words: bool(adders(editor, w)))
        button = adders(editor, words)[at]
        button.setFocus()
        QTest.keyClick(button, Qt.Key.Key_Space)
        qtbot.waitUntil(lambda: isinstance(QApplication.focusWidget(), QComboBox))
        assert QApplication.focusWidget().accessibleName() == "Question"
    a = Condition(question_id="a", any_of=(True,))
    assert editor.told[-1].all_of[0] == a
    leaves = [leaf.question_id for leaf in editor.told[-1].leaves()]
    assert leaves == ["a"] * 4
    assert "Asked if" in editor.words.text()
    joins = [c for c in editor.findChildren(QComboBox) if "belong together" in c.accessibleName()]
    assert len(joins) == 3
    joins[-1].setFocus()
    QTest.keyClick(joins[-1], Qt.Key.Key_Down)
    assert "not" in editor.words.text()
    assert says(condition_of(tree_of(editor.told[-1]))) == says(editor.told[-1])


def test_a_deep_condition_of_a_file_is_shown_and_changed(editor: Any) -> None:
    a, b, c = (Condition(question_id=i, any_of=(True,)) for i in "abc")
    deep = Condition(all_of=(a,), none_of=(Condition(some_of=(b, Condition(all_of=(a, c)))),))
    asked = schema().questions[-1]
    editor.show_question(replace(asked, show_if=deep), schema())
    assert condition_of(editor.tree) is not None
    assert says(condition_of(editor.tree)) == says(deep)
    (inner,) = [i for i in editor.tree.items if isinstance(i, Group)]
    assert inner.join is Join.NONE
    editor._drop(editor.tree, inner)
    assert editor.told[-1] == a
    assert condition_text(editor.told[-1], schema()) == "“Is it a?” is Yes"
