"""Which stored answers count: those whose question was asked, by the reader's own other answers.

An answer that a later one has hidden stays stored, so that it comes back with its question; it is
no statement while it is hidden.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from desktop.domain.schema import AnswerValue, Question, Schema, shown_questions
from desktop.store import queries, tallies
from desktop.store.database import Connection
from desktop.store.tables import topic_of
from desktop.store.tallies import Said

_Item = tuple[str, str, str]  # case, place, reader


def answers_asked(
    connection: Connection, topic: str, question: Question, only_closed: bool
) -> list[Said]:
    """Every reader's answer to a topic, without what its condition hides."""
    rows = tallies.answers_to(connection, topic, only_closed)
    if question.show_if is None or not rows:
        return rows
    schema = _newest(connection, topic.rpartition("/")[0], question)
    if schema is None:
        return rows
    needed = _looked_at(schema, question)
    values: dict[_Item, dict[str, AnswerValue]] = {}
    for one in needed:
        own = topic_of(schema.id, one.id)
        for said in rows if own == topic else tallies.answers_to(connection, own, False):
            item = (said.case_id, said.place, said.reader_id)
            values.setdefault(item, {})[one.id] = _value(said.said)
    kept = []
    for row in rows:
        given = values[row.case_id, row.place, row.reader_id]
        if question.id in {q.id for q in shown_questions(needed, given)}:
            kept.append(row)
    return kept


def _newest(connection: Connection, name: str, question: Question) -> Schema | None:
    """The latest version of a schema, where it still asks the question."""
    found = [s for s in queries.many(connection, Schema) if s.name == name]
    newest = max(found, key=lambda s: s.version, default=None)
    asks = newest is not None and any(q.id == question.id for q in newest.questions)
    return newest if asks else None


def _looked_at(schema: Schema, question: Question) -> Sequence[Question]:
    """The question and all that its condition looks at, at any depth."""
    by_id = {q.id: q for q in schema.questions}
    found: dict[str, Question] = {}
    waiting = [question.id]
    while waiting:
        one = by_id.get(waiting.pop())
        if one is None or one.id in found:
            continue
        found[one.id] = one
        waiting += one.show_if.question_ids() if one.show_if is not None else ()
    return [q for q in schema.questions if q.id in found]


def _value(said: str) -> AnswerValue:
    value = json.loads(said)
    return tuple(value) if isinstance(value, list) else value
