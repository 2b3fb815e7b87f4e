"""One reader's own order of cases, as a temporary table of this connection, and questions to it.

The list is worked out from the batches; the table lives as long as the connection and is never in
the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, func, select

from desktop.domain.annotation import Annotation, Answer
from desktop.domain.batch import Batch
from desktop.domain.case_note import CaseNote
from desktop.domain.proposal import Proposal
from desktop.domain.study import Case
from desktop.domain.task import Assignment, AssignmentState
from desktop.store.case_search import CaseSearch, searched
from desktop.store.queries import CLOSED
from desktop.store.tables import RECORD_TABLES, record_heads

_turns = Table(
    "turns",
    MetaData(),
    Column("place", Integer, primary_key=True),
    Column("case_id", Text, nullable=False),
    prefixes=["TEMPORARY"],
)
_AT_ONCE = 400


class Begun(NamedTuple):
    """Cases on which a reader has left something, and those that they closed, with the state."""

    cases: frozenset[str]
    closed: dict[str, AssignmentState]


def fill(connection: Connection, case_ids: Sequence[str]) -> None:
    """Set the order of this connection; unknown cases are left out."""
    cases = RECORD_TABLES[Case]
    connection.exec_driver_sql("PRAGMA temp_store=MEMORY")
    connection.exec_driver_sql("DROP TABLE IF EXISTS temp.turns")
    connection.exec_driver_sql(
        "CREATE TEMP TABLE turns (place INTEGER PRIMARY KEY, case_id TEXT NOT NULL)"
    )
    known = set(connection.execute(select(cases.c.id)).scalars())
    rows = [(place, c) for place, c in enumerate(c for c in case_ids if c in known)]
    for start in range(0, len(rows), _AT_ONCE):
        part = rows[start : start + _AT_ONCE]
        marks = ",".join(["(?,?)"] * len(part))
        flat = tuple(value for row in part for value in row)
        connection.exec_driver_sql(f"INSERT INTO temp.turns VALUES {marks}", flat)
    connection.exec_driver_sql("CREATE UNIQUE INDEX temp.turns_by_case ON turns (case_id)")


def count(connection: Connection, search: CaseSearch) -> int:
    query = select(func.count()).select_from(_turns)
    if search.words:
        query = query.join(_cases(), _cases().c.id == _turns.c.case_id)
    return int(connection.execute(searched(query, search)).scalar_one())


def page(
    connection: Connection, offset: int, limit: int, search: CaseSearch
) -> list[tuple[int, str]]:
    """(place, case id) of some lines, in order."""
    query = select(_turns.c.place, _turns.c.case_id).order_by(_turns.c.place)
    if search.words:
        query = query.join(_cases(), _cases().c.id == _turns.c.case_id)
        query = searched(query, search).offset(offset)
    else:
        query = query.where(_turns.c.place >= offset)
    return [(row.place, row.case_id) for row in connection.execute(query.limit(limit))]


def place_of(connection: Connection, case_id: str) -> int | None:
    """0-based place of a case, None where it is not on the list."""
    query = select(_turns.c.place).where(_turns.c.case_id == case_id)
    return connection.execute(query).scalar()


def case_at(connection: Connection, place: int) -> str | None:
    return connection.execute(select(_turns.c.case_id).where(_turns.c.place == place)).scalar()


def first_open(connection: Connection, reader_id: str) -> str | None:
    """The first case that this reader has not closed; the first of all where all are closed."""
    work = RECORD_TABLES[Assignment]
    closed = select(work.c.case_id).where(work.c.reader_id == reader_id, work.c.state.in_(CLOSED))
    query = select(_turns.c.case_id).order_by(_turns.c.place).limit(1)
    found = connection.execute(query.where(_turns.c.case_id.not_in(closed))).scalar()
    return found or connection.execute(query).scalar()


def batches_stamp(connection: Connection) -> str:
    """Changes whenever a batch does; "" without batches."""
    query = select(record_heads.c.event_uuid).where(record_heads.c.kind == Batch.kind)
    if connection.execute(select(RECORD_TABLES[Batch].c.id).limit(1)).first() is None:
        return ""
    return " ".join(sorted(connection.execute(query).scalars()))


def begun(connection: Connection, reader_id: str) -> Begun:
    """What a reader has begun or closed, over the whole project."""
    cases: set[str] = set()
    for record_type in (Annotation, Answer, Assignment, CaseNote):
        table = RECORD_TABLES[record_type]
        query = select(table.c.case_id).where(table.c.reader_id == reader_id).distinct()
        cases |= set(connection.execute(query).scalars())
    work = RECORD_TABLES[Assignment]
    rows = connection.execute(
        select(work.c.case_id, work.c.state).where(
            work.c.reader_id == reader_id, work.c.state.in_(CLOSED)
        )
    )
    return Begun(frozenset(cases), {row.case_id: AssignmentState(row.state) for row in rows})


def all_cases(connection: Connection) -> list[str]:
    """Ids of all cases in the project's order."""
    cases = _cases()
    return list(connection.execute(select(cases.c.id).order_by(*_order())).scalars())


def tagged(connection: Connection, tag: str) -> list[str]:
    """Ids of cases with this tag, in the project's order."""
    cases = _cases()
    words = func.json_each(cases.c.data, "$.tags").table_valued("value", name="words")
    query = select(cases.c.id).where(select(words.c.value).where(words.c.value == tag).exists())
    return list(connection.execute(query.order_by(*_order())).scalars())


def tags(connection: Connection) -> dict[str, int]:
    """All tags in use, with the number of their cases."""
    cases = _cases()
    words = func.json_each(cases.c.data, "$.tags").table_valued("value", name="words")
    query = select(words.c.value, func.count()).select_from(cases.join(words, words.c.value != ""))
    rows = connection.execute(query.group_by(words.c.value).order_by(words.c.value))
    return {str(tag): int(n) for tag, n in rows}


def scored(connection: Connection, low: float, high: float) -> list[str]:
    """Ids of cases whose surest suggestion scores within bounds, highest first."""
    drafts, cases = RECORD_TABLES[Proposal], _cases()
    score = func.max(func.json_extract(drafts.c.data, "$.score"))
    query = (
        select(drafts.c.case_id)
        .join(cases, cases.c.id == drafts.c.case_id)
        .group_by(drafts.c.case_id)
        .having(score >= low, score <= high)
        .order_by(score.desc(), drafts.c.case_id)
    )
    return list(connection.execute(query).scalars())


def _cases() -> Table:
    return RECORD_TABLES[Case]


def _order() -> tuple[Column[Any], Column[Any]]:
    return _cases().c.position, _cases().c.id
