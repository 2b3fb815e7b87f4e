"""A condition as a person edits it: rows and groups of rows, joined in one of four ways."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from msgspec.structs import replace

from desktop.domain.condition import Condition
from desktop.domain.number_words import number_text
from desktop.domain.schema import Schema
from desktop.gui.form.question_words import answer_text


class Join(str, Enum):
    """How the rows of a group belong together."""

    ALL = "all of these hold"
    ONE = "one of these holds"
    NONE = "none of these holds"
    NOT_ALL = "not all of these hold"


_OPPOSITE = {
    Join.ALL: Join.NOT_ALL,
    Join.NOT_ALL: Join.ALL,
    Join.ONE: Join.NONE,
    Join.NONE: Join.ONE,
}


@dataclass
class Leaf:
    """One row: an answer to a question is, or is not, among some."""

    part: Condition
    negated: bool = False


@dataclass
class Group:
    """Rows and further groups; one without any says nothing."""

    join: Join = Join.ALL
    items: list[Leaf | Group] = field(default_factory=list)


def tree_of(condition: Condition | None) -> Group:
    """A condition of any depth as a tree, whose top is always a group."""
    if condition is None:
        return Group()
    node = _node(condition)
    return node if isinstance(node, Group) else Group(Join.ALL, [node])


def condition_of(group: Group) -> Condition | None:
    """What the tree says; None where it says nothing."""
    items = [item for item in group.items if isinstance(item, Leaf) or condition_of(item)]
    if not items:
        return None
    if group.join is Join.ALL:
        return _all(items)
    if group.join is Join.NOT_ALL:
        return Condition(none_of=(_all(items),))
    said = tuple(_said(item) for item in items)
    if group.join is Join.NONE:
        return Condition(none_of=said)
    return said[0] if len(said) == 1 else Condition(some_of=said)


def _all(items: list[Leaf | Group]) -> Condition:
    if len(items) == 1 and not (isinstance(items[0], Leaf) and items[0].negated):
        return _said(items[0])
    refused = tuple(i.part for i in items if isinstance(i, Leaf) and i.negated)
    held = tuple(_said(i) for i in items if not (isinstance(i, Leaf) and i.negated))
    return Condition(all_of=held, none_of=refused)


def _said(item: Leaf | Group) -> Condition:
    if isinstance(item, Leaf):
        return Condition(none_of=(item.part,)) if item.negated else item.part
    return condition_of(item) or Condition()


def _node(condition: Condition) -> Leaf | Group:
    pieces: list[Leaf | Group] = []
    if condition.question_id:
        pieces.append(Leaf(replace(condition, all_of=(), some_of=(), none_of=())))
    pieces += [_node(part) for part in condition.all_of]
    if len(condition.some_of) == 1:
        pieces.append(_node(condition.some_of[0]))
    elif condition.some_of:
        pieces.append(Group(Join.ONE, [_node(part) for part in condition.some_of]))
    if len(condition.none_of) > 1 and not pieces:
        return Group(Join.NONE, [_node(part) for part in condition.none_of])
    pieces += [_negated(_node(part)) for part in condition.none_of]
    return pieces[0] if len(pieces) == 1 else Group(Join.ALL, pieces)


def _negated(node: Leaf | Group) -> Leaf | Group:
    if isinstance(node, Leaf):
        return Leaf(node.part, not node.negated)
    return Group(_OPPOSITE[node.join], node.items)


# in words -------------------------------------------------------------------------------------


def condition_text(condition: Condition, schema: Schema) -> str:
    """A condition in words, however deep it is."""
    parts = [_leaf_text(condition, schema)] if condition.question_id else []
    parts += [condition_text(p, schema) for p in condition.all_of]
    if condition.some_of:
        inner = " or ".join(condition_text(p, schema) for p in condition.some_of)
        parts.append(f"({inner})" if len(condition.some_of) > 1 else inner)
    parts += [f"not {condition_text(p, schema)}" for p in condition.none_of]
    joined = " and ".join(parts)
    return f"({joined})" if len(parts) > 1 else joined


def _leaf_text(leaf: Condition, schema: Schema) -> str:
    asked = next((q for q in schema.questions if q.id == leaf.question_id), None)
    words = asked.text if asked else leaf.question_id
    if leaf.at_least is not None or leaf.at_most is not None:
        low = "" if leaf.at_least is None else f" ≥ {number_text(leaf.at_least)}"
        high = "" if leaf.at_most is None else f" ≤ {number_text(leaf.at_most)}"
        return f"“{words}”{low}{high}"
    given = [answer_text(asked, v) if asked else str(v) for v in leaf.any_of]
    return f"“{words}” is {' or '.join(given)}"
