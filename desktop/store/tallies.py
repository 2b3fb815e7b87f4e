"""What readers said, counted where the rows lie: patterns of answers and of marks, and times.

A million answers make a few thousand different patterns; only those are read. ``SEP`` parts the
entries of a list, ``SUB`` the parts of an entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    and_,
    distinct,
    exists,
    func,
    literal,
    select,
    union,
)

from desktop.domain.adjudication import Adjudication
from desktop.domain.annotation import Annotation, Answer, Origin
from desktop.domain.batch import Package
from desktop.domain.gold import GoldCase
from desktop.domain.proposal import Decision, Proposal
from desktop.domain.study import Case
from desktop.domain.task import Assignment, AssignmentState
from desktop.domain.time_span import TimeSpan, TimeState
from desktop.store.tables import RECORD_TABLES, events, record_heads, topic_of

SEP, SUB = "\x1e", "\x1f"
_AT_ONCE = 500
NOT_READ = (Origin.ADJUDICATED.value, Origin.CONSENSUS.value)


class Tally(NamedTuple):
    """One pattern of answers to a topic and the number of items that have it.

    ``said``: entries of reader id, SUB, answer as JSON. ``closed``: ids of the readers who have
    closed the case, or None where that was not asked.
    """

    topic: str
    said: str
    closed: str | None
    times: int


class Said(NamedTuple):
    """One reader's answer to one item (a case, or a place in it)."""

    case_id: str
    place: str
    reader_id: str
    said: str


def prepare(connection: Connection) -> None:
    """Let a connection sort and group in memory; for one that counts."""
    connection.exec_driver_sql("PRAGMA temp_store=MEMORY")
    connection.exec_driver_sql("PRAGMA cache_size=-65536")


def answer_tallies(connection: Connection, only_closed: bool) -> list[Tally]:
    """Every pattern of answers in the project, without rulings and consensus."""
    rows = RECORD_TABLES[Answer]
    entry = rows.c.reader_id + SUB + rows.c.said
    item = (rows.c.topic, rows.c.case_id, rows.c.place)
    per_item = (
        select(*item, func.aggregate_strings(entry, SEP).label("said"))
        .where(rows.c.origin.not_in(NOT_READ), *_of_project(connection, rows.c.case_id))
        .group_by(*item)
        .subquery()
    )
    if not only_closed:
        key = (per_item.c.topic, per_item.c.said)
        found = connection.execute(select(*key, literal(None), func.count()).group_by(*key))
    else:
        # A number stands for each set of readers, so that long lists of ids are not sorted by.
        closed = _closed_by_case()
        different = select(closed.c.closed).distinct().subquery()
        numbered = select(different.c.closed, func.row_number().over().label("number"))
        sets = numbered.cte().prefix_with("MATERIALIZED")
        of_case = (
            select(closed.c.case_id, sets.c.number)
            .join(sets, sets.c.closed == closed.c.closed)
            .cte()
            .prefix_with("MATERIALIZED")
        )
        joined = per_item.outerjoin(of_case, of_case.c.case_id == per_item.c.case_id)
        keys = (per_item.c.topic, per_item.c.said, of_case.c.number)
        counted = select(*keys, func.count().label("times")).select_from(joined).group_by(*keys)
        every = counted.subquery()
        found = connection.execute(
            select(every.c.topic, every.c.said, sets.c.closed, every.c.times).select_from(
                every.outerjoin(sets, sets.c.number == every.c.number)
            )
        )
    return [
        Tally(topic, said, (closed or "") if only_closed else None, times)
        for topic, said, closed, times in found
    ]


def mark_tallies(connection: Connection) -> list[tuple[str, str, int]]:
    """Patterns of (closed readers, marks, number of cases); a mark is reader id, SUB, topic.

    Only cases that somebody closed are among them: without that, no mark is no statement.
    """
    rows = RECORD_TABLES[Annotation]
    closed = _closed_by_case(*_of_project(connection, RECORD_TABLES[Assignment].c.case_id))
    mark = rows.c.reader_id + SUB + rows.c.topic
    once = (
        select(rows.c.case_id, mark.label("mark"))
        .where(rows.c.origin.not_in(NOT_READ))
        .group_by(rows.c.case_id, rows.c.reader_id, rows.c.topic)
        .subquery()
    )
    marks = (
        select(once.c.case_id, func.aggregate_strings(once.c.mark, SEP).label("marks"))
        .group_by(once.c.case_id)
        .cte()
        .prefix_with("MATERIALIZED")
    )
    key = (closed.c.closed, func.coalesce(marks.c.marks, ""))
    joined = closed.outerjoin(marks, marks.c.case_id == closed.c.case_id)
    query = select(*key, func.count()).select_from(joined).group_by(*key)
    return [(done, marked, times) for done, marked, times in connection.execute(query)]


def _of_project(
    connection: Connection, case_id: ColumnElement[str]
) -> tuple[ColumnElement[bool], ...]:
    """Leaves out what was said of gold and repeats that packages held under another name."""
    went_out = connection.execute(select(RECORD_TABLES[Package].c.id).limit(1)).first()
    return () if went_out is None else (case_id.in_(select(RECORD_TABLES[Case].c.id)),)


def _closed_by_case(*more: ColumnElement[bool]) -> CTE:
    rows = RECORD_TABLES[Assignment]
    return (
        select(rows.c.case_id, func.aggregate_strings(rows.c.reader_id, SEP).label("closed"))
        .where(rows.c.state == AssignmentState.DONE.value, *more)
        .group_by(rows.c.case_id)
        .cte()
        .prefix_with("MATERIALIZED")
    )


def answers_to(connection: Connection, topic: str, only_closed: bool) -> list[Said]:
    """Every reader's answer to one topic, by case."""
    rows = RECORD_TABLES[Answer]
    query = (
        select(rows.c.case_id, rows.c.place, rows.c.reader_id, rows.c.said)
        .where(
            rows.c.topic == topic,
            rows.c.origin.not_in(NOT_READ),
            *_of_project(connection, rows.c.case_id),
        )
        .order_by(rows.c.case_id, rows.c.place, rows.c.reader_id)
    )
    if only_closed:
        query = query.where(_is_closed(rows.c.case_id, rows.c.reader_id))
    return [Said(*row) for row in connection.execute(query)]


def marks_of(connection: Connection, topic: str, case_ids: Sequence[str] = ()) -> list[Said]:
    """Whether each reader who closed a case marked the class there: "true" or "false".

    Of all cases, or of ``case_ids`` where some are named.
    """
    if len(case_ids) > _AT_ONCE:
        parts = (case_ids[n : n + _AT_ONCE] for n in range(0, len(case_ids), _AT_ONCE))
        return [said for some in parts for said in marks_of(connection, topic, some)]
    work, rows = RECORD_TABLES[Assignment], RECORD_TABLES[Annotation]
    marked = exists().where(
        rows.c.case_id == work.c.case_id,
        rows.c.reader_id == work.c.reader_id,
        rows.c.topic == topic,
        rows.c.origin.not_in(NOT_READ),
    )
    query = (
        select(work.c.case_id, work.c.reader_id, marked)
        .where(work.c.state == AssignmentState.DONE.value, *_of_project(connection, work.c.case_id))
        .order_by(work.c.case_id, work.c.reader_id)
    )
    if case_ids:
        query = query.where(work.c.case_id.in_(case_ids))
    return [
        Said(case_id, "", reader, "true" if seen else "false")
        for case_id, reader, seen in connection.execute(query)
    ]


def is_answered(connection: Connection, topic: str) -> bool:
    """Whether anybody has answered a question."""
    rows = RECORD_TABLES[Answer]
    first = select(rows.c.id).where(rows.c.topic == topic).limit(1)
    return connection.execute(first).first() is not None


def _is_closed(case_id: ColumnElement[str], reader_id: ColumnElement[str]) -> ColumnElement[bool]:
    work = RECORD_TABLES[Assignment]
    return exists().where(
        work.c.case_id == case_id,
        work.c.reader_id == reader_id,
        work.c.state == AssignmentState.DONE.value,
    )


def topics_marked(connection: Connection) -> list[str]:
    """Classes of which somebody drew a region, as topics."""
    rows = RECORD_TABLES[Annotation]
    return list(connection.execute(select(distinct(rows.c.topic)).order_by(rows.c.topic)).scalars())


def answered_at(connection: Connection, topic: str) -> dict[tuple[str, str], str]:
    """When the last reader answered each item of a topic: (case id, place) to UTC time."""
    rows = RECORD_TABLES[Answer]
    when = func.max(func.json_extract(events.c.body, "$.time_utc"))
    query = (
        select(rows.c.case_id, rows.c.place, when)
        .join(
            record_heads,
            and_(
                record_heads.c.kind == literal(Answer.kind),
                record_heads.c.record_id == rows.c.id,
            ),
        )
        .join(events, events.c.uuid == record_heads.c.event_uuid)
        .where(rows.c.topic == topic, rows.c.origin.not_in(NOT_READ))
        .group_by(rows.c.case_id, rows.c.place)
    )
    return {(case_id, place): at for case_id, place, at in connection.execute(query)}


def closed_at(connection: Connection) -> dict[tuple[str, str], str]:
    """When the last reader closed each case: (case id, "") to UTC time."""
    rows = RECORD_TABLES[Assignment]
    when = func.max(func.json_extract(events.c.body, "$.time_utc"))
    query = (
        select(rows.c.case_id, when)
        .join(
            record_heads,
            and_(
                record_heads.c.kind == literal(Assignment.kind),
                record_heads.c.record_id == rows.c.id,
            ),
        )
        .join(events, events.c.uuid == record_heads.c.event_uuid)
        .where(rows.c.state == AssignmentState.DONE.value)
        .group_by(rows.c.case_id)
    )
    return {(case_id, ""): at for case_id, at in connection.execute(query)}


def active_seconds(connection: Connection) -> dict[tuple[str, str], float]:
    """Active seconds by (case id, reader id)."""
    spans = RECORD_TABLES[TimeSpan]
    query = (
        select(spans.c.case_id, spans.c.reader_id, func.sum(spans.c.milliseconds))
        .where(spans.c.state == TimeState.ACTIVE.value)
        .group_by(spans.c.reader_id, spans.c.case_id)
    )
    return {(case_id, reader): ms / 1000 for case_id, reader, ms in connection.execute(query)}


def active_by_schema(connection: Connection) -> list[tuple[str, float]]:
    """(schema id, active seconds) of every reader's work on every case."""
    spans, cases = RECORD_TABLES[TimeSpan], RECORD_TABLES[Case]
    work = (
        select(spans.c.case_id, func.sum(spans.c.milliseconds).label("ms"))
        .where(spans.c.state == TimeState.ACTIVE.value)
        .group_by(spans.c.reader_id, spans.c.case_id)
        .subquery()
    )
    of = (
        select(cases.c.id, func.json_extract(cases.c.data, "$.schema_id").label("schema_id"))
        .cte()
        .prefix_with("MATERIALIZED")
    )
    query = select(of.c.schema_id, work.c.ms).select_from(work.join(of, of.c.id == work.c.case_id))
    return [(schema_id or "", ms / 1000) for schema_id, ms in connection.execute(query)]


def known_rows(connection: Connection) -> list[tuple[str, str, str, bool, str]]:
    """(topic, case id, reader id, whether right, the ruling as JSON) of answers to items on which
    somebody ruled."""
    rows, ruled = RECORD_TABLES[Answer], _ruled()
    query = (
        select(
            rows.c.topic,
            rows.c.case_id,
            rows.c.reader_id,
            rows.c.said == ruled.c.said,
            ruled.c.said,
        )
        .select_from(
            ruled.join(
                rows,
                and_(
                    rows.c.topic == ruled.c.topic,
                    rows.c.case_id == ruled.c.case_id,
                    rows.c.place == ruled.c.place,
                ),
            )
        )
        .where(rows.c.origin.not_in(NOT_READ))
    )
    return [(t, c, r, bool(right), said) for t, c, r, right, said in connection.execute(query)]


def ruled_answers(connection: Connection) -> dict[tuple[str, str], str]:
    """Rulings on answers about whole cases: (topic, case id) to the answer as JSON."""
    ruled = _ruled()
    query = select(ruled.c.topic, ruled.c.case_id, ruled.c.said).where(ruled.c.place == "")
    return {(topic, case_id): said for topic, case_id, said in connection.execute(query)}


def _ruled() -> CTE:
    """The answers that rulings made: few, so that they are found from the rulings."""
    rows, rulings = RECORD_TABLES[Answer], RECORD_TABLES[Adjudication]
    made = func.json_extract(rulings.c.data, "$.made_id")
    query = select(rows.c.topic, rows.c.case_id, rows.c.place, rows.c.said)
    joined = rulings.join(rows, rows.c.id == made)
    return query.select_from(joined).distinct().cte().prefix_with("MATERIALIZED")


def decided_suggestions(
    connection: Connection,
) -> list[tuple[str, str, str, str, str, bool]]:
    """(topic, case id, reader id, suggested answer as JSON, verdict, whether what was made of it
    still says that) of all decisions about answers."""
    decisions, proposals = RECORD_TABLES[Decision], RECORD_TABLES[Proposal]
    answers = RECORD_TABLES[Answer]
    asked = func.json_extract(proposals.c.data, "$.question_id")
    suggested = proposals.c.data.op("->")("$.value")
    kept = exists().where(
        answers.c.id == func.json_extract(decisions.c.data, "$.made_id"),
        answers.c.said == suggested,
    )
    query = (
        select(
            func.json_extract(proposals.c.data, "$.schema_id"),
            asked,
            decisions.c.case_id,
            decisions.c.reader_id,
            suggested,
            func.json_extract(decisions.c.data, "$.verdict"),
            kept,
        )
        .join(proposals, proposals.c.id == decisions.c.proposal_id)
        .where(asked != "")
    )
    rows = connection.execute(query)
    return [
        (topic_of(schema, question), c, reader, said, v, bool(still))
        for schema, question, c, reader, said, v, still in rows
    ]


def decided_regions(connection: Connection, most: int) -> list[str]:
    """Ids of suggested regions that somebody decided, on cases with gold or a ruling on regions."""
    decisions, proposals = RECORD_TABLES[Decision], RECORD_TABLES[Proposal]
    rulings, gold = RECORD_TABLES[Adjudication], RECORD_TABLES[GoldCase]
    known = union(
        select(rulings.c.case_id).where(
            func.coalesce(func.json_extract(rulings.c.data, "$.question_id"), "") == ""
        ),
        select(func.json_extract(gold.c.data, "$.case_id")),
    )
    query = (
        select(proposals.c.id)
        .join(decisions, decisions.c.proposal_id == proposals.c.id)
        .where(
            func.json_extract(proposals.c.data, "$.label").is_not(None),
            proposals.c.case_id.in_(known),
        )
        .distinct()
        .order_by(proposals.c.id)
        .limit(most)
    )
    return [str(found) for (found,) in connection.execute(query)]


def answer_runs(connection: Connection) -> list[tuple[str, str, int]]:
    """(run id, what made it, number) of suggestions for answers, the largest run first."""
    rows = RECORD_TABLES[Proposal]
    tool = func.max(func.json_extract(rows.c.data, "$.provenance.tool"))
    query = (
        select(rows.c.run_id, tool, func.count())
        .where(func.json_extract(rows.c.data, "$.question_id") != "")
        .group_by(rows.c.run_id)
        .order_by(func.count().desc(), rows.c.run_id)
    )
    return [(run_id, made_by or "", count) for run_id, made_by, count in connection.execute(query)]
