"""Sums of working time, made where the rows lie."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from desktop.domain.time_span import TimeSpan, TimeState
from desktop.store.tables import RECORD_TABLES

_AT_ONCE = 500


def seconds_of_cases(
    connection: Connection, reader_id: str, case_ids: Sequence[str]
) -> dict[str, dict[TimeState, float]]:
    """Seconds by case and state of one reader; cases without any are left out."""
    spans = RECORD_TABLES[TimeSpan]
    found: dict[str, dict[TimeState, float]] = {}
    for start in range(0, len(case_ids), _AT_ONCE):
        rows = connection.execute(
            select(spans.c.case_id, spans.c.state, func.sum(spans.c.milliseconds))
            .where(spans.c.reader_id == reader_id)
            .where(spans.c.case_id.in_(case_ids[start : start + _AT_ONCE]))
            .group_by(spans.c.case_id, spans.c.state)
        )
        for case_id, state, milliseconds in rows:
            found.setdefault(case_id, {})[TimeState(state)] = milliseconds / 1000
    return found


def seconds_by_reader(connection: Connection) -> list[tuple[str, str, TimeState, float]]:
    """(reader id, case id, state, seconds) over the whole project, in a stable order."""
    spans = RECORD_TABLES[TimeSpan]
    keys = (spans.c.reader_id, spans.c.case_id, spans.c.state)
    query = select(*keys, func.sum(spans.c.milliseconds)).group_by(*keys).order_by(*keys)
    rows = connection.execute(query)
    return [(reader, case, TimeState(state), total / 1000) for reader, case, state, total in rows]


def seconds_by_tool(
    connection: Connection, reader_id: str = "", case_id: str = ""
) -> list[tuple[str, str, str, TimeState, float]]:
    """(reader id, case id, tool in hand, state, seconds) in a stable order; of one reader and one
    case where they are named."""
    spans = RECORD_TABLES[TimeSpan]
    tool = func.json_extract(spans.c.data, "$.tool")
    keys = (spans.c.reader_id, spans.c.case_id, tool, spans.c.state)
    query = select(*keys, func.sum(spans.c.milliseconds)).group_by(*keys).order_by(*keys)
    if reader_id:
        query = query.where(spans.c.reader_id == reader_id)
    if case_id:
        query = query.where(spans.c.case_id == case_id)
    rows = connection.execute(query)
    return [(r, c, t, TimeState(state), total / 1000) for r, c, t, state, total in rows]
