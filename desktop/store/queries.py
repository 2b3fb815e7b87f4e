"""Reading rows: lists for the screen, blobs, and what stays on this machine."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, and_, delete, func, literal, or_, select, tuple_
from sqlalchemy.dialects.sqlite import insert as upsert

from desktop.domain.annotation import Annotation, MaskSlice
from desktop.domain.errors import ConflictProblem
from desktop.domain.record import R, from_json
from desktop.domain.runs import runs_digest
from desktop.domain.scribble import Scribble
from desktop.domain.study import Case, Instance, Series, Study
from desktop.domain.task import Assignment, AssignmentState
from desktop.store import tables
from desktop.store.case_search import NO_SEARCH, CaseSearch, searched
from desktop.store.tables import RECORD_TABLES

CLOSED = (AssignmentState.DONE.value, AssignmentState.SKIPPED.value)


class CaseLine(NamedTuple):
    """One line of the work list, as this reader sees it."""

    case: Case
    modality: str
    state: AssignmentState
    no_finding: bool
    annotation_count: int
    place: int = 0  # 0-based, in the order in which this reader goes


def one(connection: Connection, record_type: type[R], record_id: str) -> R:
    """The record; ConflictProblem where it is not there."""
    found = maybe(connection, record_type, record_id)
    if found is None:
        raise ConflictProblem(f"This {record_type.kind} is not in the project.", record_id[:12])
    return found


def maybe(connection: Connection, record_type: type[R], record_id: str) -> R | None:
    table = RECORD_TABLES[record_type]
    row = connection.execute(select(table.c.data).where(table.c.id == record_id)).scalar()
    return None if row is None else from_json(row, record_type)


def many(connection: Connection, record_type: type[R], order: str = "id", **equals: Any) -> list[R]:
    """Records whose indexed columns equal the values."""
    table = RECORD_TABLES[record_type]
    query = select(table.c.data).order_by(table.c[order], table.c.id)
    for column, value in equals.items():
        query = query.where(table.c[column] == value)
    return [from_json(row, record_type) for row in connection.execute(query).scalars()]


def count_cases(connection: Connection, search: CaseSearch = NO_SEARCH) -> int:
    cases = RECORD_TABLES[Case]
    query = searched(select(func.count()).select_from(cases), search)
    return int(connection.execute(query).scalar_one())


def case_lines(
    connection: Connection,
    reader_id: str,
    offset: int,
    limit: int,
    search: CaseSearch = NO_SEARCH,
) -> list[CaseLine]:
    """A page of the work list: cases in order with this reader's state and number of regions."""
    cases = RECORD_TABLES[Case]
    page = searched(select(cases.c.id), search).order_by(cases.c.position, cases.c.id)
    shown = page.limit(limit).offset(offset).subquery()
    query = _line_query(reader_id).join(shown, shown.c.id == cases.c.id)
    rows = connection.execute(query.order_by(cases.c.position, cases.c.id))
    return [_line(row) for row in rows]


def lines_of(
    connection: Connection, reader_id: str, places: Sequence[tuple[int, str]]
) -> list[CaseLine]:
    """The same for some (place, case id), in their order."""
    cases = RECORD_TABLES[Case]
    found: dict[str, CaseLine] = {}
    for start in range(0, len(places), 500):
        ids = [case_id for _place, case_id in places[start : start + 500]]
        rows = connection.execute(_line_query(reader_id).where(cases.c.id.in_(ids)))
        found |= {line.case.id: line for line in map(_line, rows)}
    return [found[c]._replace(place=place) for place, c in places if c in found]


def _line_query(reader_id: str) -> Select[Any]:
    cases, work = RECORD_TABLES[Case], RECORD_TABLES[Assignment]
    regions, series = RECORD_TABLES[Annotation], RECORD_TABLES[Series]
    counted = (
        select(func.count())
        .where(regions.c.case_id == cases.c.id, regions.c.reader_id == reader_id)
        .scalar_subquery()
    )
    first = (
        select(series.c.modality).where(series.c.study_id == cases.c.study_id).limit(1)
    ).scalar_subquery()
    columns = (
        cases.c.data,
        work.c.data.label("work"),
        counted.label("regions"),
        first.label("modality"),
    )
    mine = and_(work.c.case_id == cases.c.id, work.c.reader_id == reader_id)
    return select(*columns).select_from(cases).outerjoin(work, mine)


def _line(row: Row[Any]) -> CaseLine:
    assignment = from_json(row.work, Assignment) if row.work else None
    case = from_json(row.data, Case)
    return CaseLine(
        case=case,
        modality=row.modality or "",
        state=assignment.state if assignment else AssignmentState.OPEN,
        no_finding=bool(assignment and assignment.no_finding),
        annotation_count=row.regions,
        place=case.order,
    )


def neighbour_case(connection: Connection, case: Case, step: int) -> str | None:
    """The next (step 1) or previous (step -1) case in order."""
    cases = RECORD_TABLES[Case]
    place = tuple_(cases.c.position, cases.c.id)
    here = tuple_(literal(case.order), literal(case.id))
    if step > 0:
        query = select(cases.c.id).where(place > here).order_by(cases.c.position, cases.c.id)
    else:
        query = select(cases.c.id).where(place < here)
        query = query.order_by(cases.c.position.desc(), cases.c.id.desc())
    return connection.execute(query.limit(1)).scalar()


def case_position(connection: Connection, case: Case) -> int:
    """0-based place of a case in the work list."""
    cases = RECORD_TABLES[Case]
    before = or_(
        cases.c.position < case.order,
        and_(cases.c.position == case.order, cases.c.id < case.id),
    )
    query = select(func.count()).select_from(cases).where(before)
    return int(connection.execute(query).scalar_one())


def first_open_case(connection: Connection, reader_id: str) -> str | None:
    """The first case that this reader has not closed; the first of all where all are closed."""
    cases, work = RECORD_TABLES[Case], RECORD_TABLES[Assignment]
    closed = select(work.c.case_id).where(work.c.reader_id == reader_id, work.c.state.in_(CLOSED))
    query = select(cases.c.id).order_by(cases.c.position, cases.c.id).limit(1)
    found = connection.execute(query.where(cases.c.id.not_in(closed))).scalar()
    return found or connection.execute(query).scalar()


def closed_by_several(connection: Connection, least: int = 2) -> list[str]:
    """Cases that at least so many readers have closed as done, in the order of the work list."""
    cases, work = RECORD_TABLES[Case], RECORD_TABLES[Assignment]
    query = (
        select(cases.c.id)
        .join(work, work.c.case_id == cases.c.id)
        .where(work.c.state == AssignmentState.DONE.value)
        .group_by(cases.c.id)
        .having(func.count() >= least)
        .order_by(cases.c.position, cases.c.id)
    )
    return list(connection.execute(query).scalars())


def cases_with_regions(connection: Connection) -> frozenset[str]:
    """Cases on which anybody has a region, or a label of the whole case, whoever made it."""
    table = RECORD_TABLES[Annotation]
    return frozenset(connection.execute(select(table.c.case_id).distinct()).scalars())


def last_case_order(connection: Connection) -> int:
    """The highest order number in use, -1 for an empty project."""
    highest = connection.execute(select(func.max(RECORD_TABLES[Case].c.position))).scalar()
    return -1 if highest is None else int(highest)


def runs(connection: Connection, digest: str) -> bytes:
    """A mask's run lengths; ConflictProblem where they are missing or not what the digest says."""
    data = connection.execute(
        select(tables.blobs.c.data).where(tables.blobs.c.digest == digest)
    ).scalar()
    if data is not None:
        raw = zlib.decompress(data)
        if runs_digest(raw) == digest:
            return raw
    raise ConflictProblem(
        "A painted mask is damaged.",
        f"Mask {digest[:12]}.",
        "Verify the project, restore a backup.",
    )


def blob_faults(connection: Connection) -> list[str]:
    """Digests of blobs whose content is not what the digest says, and of masks without a blob."""
    bad, present = [], set()
    for row in connection.execute(select(tables.blobs).execution_options(yield_per=200)):
        present.add(row.digest)
        try:
            good = runs_digest(zlib.decompress(row.data)) == row.digest
        except zlib.error:
            good = False
        if not good:
            bad.append(row.digest)
    wanted: set[str] = set()
    kinds: tuple[type[MaskSlice] | type[Scribble], ...] = (MaskSlice, Scribble)
    for kind in kinds:
        rows = connection.execute(select(RECORD_TABLES[kind].c.data)).scalars()
        wanted |= {from_json(row, kind).runs for row in rows}
    missing = wanted - present
    return bad + sorted(missing)


def identity(connection: Connection, reader_id: str) -> str:
    """A reader's name, or "" where it was erased."""
    table = tables.identities
    name = connection.execute(select(table.c.name).where(table.c.reader_id == reader_id)).scalar()
    return name or ""


def identities(connection: Connection) -> dict[str, str]:
    table = tables.identities
    return {row.reader_id: row.name for row in connection.execute(select(table))}


def patient_of(connection: Connection, instance_id: str) -> str:
    """The key of the patient to whom an instance belongs, "" where the project has none."""
    instance = maybe(connection, Instance, instance_id)
    series = maybe(connection, Series, instance.series_id) if instance else None
    study = maybe(connection, Study, series.study_id) if series else None
    return study.patient_key if study else ""


def set_identity(connection: Connection, reader_id: str, name: str) -> None:
    statement = upsert(tables.identities).values(reader_id=reader_id, name=name)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["reader_id"], set_={"name": name})
    )


def local_text(connection: Connection, entity_id: str, key: str) -> str:
    table = tables.local_texts
    query = select(table.c.value).where(table.c.entity_id == entity_id, table.c.key == key)
    return connection.execute(query).scalar() or ""


def set_local_texts(connection: Connection, texts: dict[str, dict[str, str]]) -> None:
    rows = [
        {"entity_id": entity, "key": key, "value": value}
        for entity, values in texts.items()
        for key, value in values.items()
        if value
    ]
    if rows:
        statement = upsert(tables.local_texts)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["entity_id", "key"], set_={"value": statement.excluded.value}
            ),
            rows,
        )


def owners_of_text(connection: Connection, key: str) -> dict[str, str]:
    """What has such a text, with the text, by id."""
    table = tables.local_texts
    rows = connection.execute(select(table.c.entity_id, table.c.value).where(table.c.key == key))
    return {row.entity_id: row.value for row in rows}


def drop_local_texts(connection: Connection, entity_id: str, keys: Iterable[str]) -> None:
    """Forget some texts of an entity."""
    table = tables.local_texts
    for key in keys:
        connection.execute(delete(table).where(table.c.entity_id == entity_id, table.c.key == key))


def local_text_keys(connection: Connection, entity_id: str) -> set[str]:
    """Under which keys an entity has texts."""
    table = tables.local_texts
    query = select(table.c.key).where(table.c.entity_id == entity_id)
    return set(connection.execute(query).scalars())


def source(connection: Connection, instance_id: str) -> Path | None:
    table = tables.sources
    path = connection.execute(
        select(table.c.path).where(table.c.instance_id == instance_id)
    ).scalar()
    return None if path is None else Path(path)


def sources(connection: Connection) -> dict[str, Path]:
    table = tables.sources
    rows = connection.execute(select(table.c.instance_id, table.c.path))
    return {row.instance_id: Path(row.path) for row in rows}


def set_sources(connection: Connection, paths: dict[str, Path]) -> None:
    rows = []
    for instance_id, path in paths.items():
        facts = path.stat()
        rows.append(
            {
                "instance_id": instance_id,
                "path": str(path),
                "size": facts.st_size,
                "modified_s": facts.st_mtime,
            }
        )
    if rows:
        statement = upsert(tables.sources)
        changed = {c: statement.excluded[c] for c in ("path", "size", "modified_s")}
        connection.execute(
            statement.on_conflict_do_update(index_elements=["instance_id"], set_=changed), rows
        )


def journal(connection: Connection, reader_id: str) -> str | None:
    table = tables.journal
    return connection.execute(
        select(table.c.payload).where(table.c.reader_id == reader_id)
    ).scalar()


def set_journal(connection: Connection, reader_id: str, payload: str | None) -> None:
    table = tables.journal
    if payload is None:
        connection.execute(delete(table).where(table.c.reader_id == reader_id))
        return
    statement = upsert(table).values(reader_id=reader_id, payload=payload)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["reader_id"], set_={"payload": payload})
    )


def save_head(connection: Connection, head: dict[str, Any]) -> None:
    connection.execute(upsert(tables.heads).values(**head).on_conflict_do_nothing())


def signed_heads(connection: Connection) -> list[dict[str, Any]]:
    query = select(tables.heads).order_by(tables.heads.c.chain, tables.heads.c.seq)
    return [dict(row._mapping) for row in connection.execute(query)]


def known_keys(connection: Connection) -> dict[str, str]:
    """Public keys of workstations that this project trusts, with their names."""
    table = tables.known_keys
    rows = connection.execute(select(table.c.public_key, table.c.name))
    return {row.public_key: row.name for row in rows}


def trust_key(connection: Connection, public_key: str, name: str, since_utc: str) -> None:
    values = {"public_key": public_key, "name": name, "since_utc": since_utc}
    statement = upsert(tables.known_keys).values(values)
    connection.execute(statement.on_conflict_do_update(["public_key"], set_={"name": name}))


def known_instances(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Which of these instances the project has already."""
    table = RECORD_TABLES[Instance]
    wanted, known = list(ids), set[str]()
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        known |= set(connection.execute(select(table.c.id).where(table.c.id.in_(part))).scalars())
    return known
