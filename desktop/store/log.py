"""Reading the log: undo and redo targets, history, verification, replay."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, func, select

from desktop.domain.event import GENESIS, Action, Event, chain_digest
from desktop.domain.kinds import BY_KIND
from desktop.domain.record import Record, from_json, from_plain, to_json
from desktop.store.copies import Aliases, is_alias, is_own
from desktop.store.tables import INDEXED, RECORD_TABLES, UNDOING, events
from desktop.store.transaction import decode_event, event_row
from desktop.store.versions import replaced_by


class Step(NamedTuple):
    """One undo step: the group, and what the menu calls it."""

    group: str
    title: str


class Fault(NamedTuple):
    """Where the log or the tables are not what they were: ``seq`` is 0 for tables."""

    chain: str
    seq: int
    sentence: str


def undo_step(connection: Connection, case_id: str, reader_id: str) -> Step | None:
    """The latest step of this reader on this case that still stands."""
    taken_back: set[str] = set()
    for row in _scope(connection, case_id, reader_id):
        if row.group_id in taken_back:
            continue
        if row.action == Action.DO:
            return Step(row.group_id, row.title)
        taken_back.add(row.undoes)
    return None


def redo_step(connection: Connection, case_id: str, reader_id: str) -> Step | None:
    """The latest undo of this reader on this case that nothing new has followed."""
    taken_back: set[str] = set()
    for row in _scope(connection, case_id, reader_id):
        if row.group_id in taken_back:
            continue
        if row.action == Action.DO:
            return None
        if row.action == Action.UNDO:
            return Step(row.group_id, row.title)
        taken_back.add(row.undoes)
    return None


def events_of_group(connection: Connection, group: str) -> list[Event]:
    """The events of one step, oldest first."""
    rows = connection.execute(
        select(events.c.body).where(events.c.group_id == group).order_by(events.c.position)
    )
    return [decode_event(body) for body in rows.scalars()]


def history(
    connection: Connection, case_id: str | None, before: int | None, limit: int
) -> list[tuple[int, Event]]:
    """Events, newest first, with their position in this file."""
    query = select(events.c.position, events.c.body).order_by(events.c.position.desc())
    if case_id is not None:
        query = query.where(events.c.case_id == case_id)
    if before is not None:
        query = query.where(events.c.position < before)
    rows = connection.execute(query.limit(limit))
    return [(row.position, decode_event(row.body)) for row in rows]


def groups_taken_back(connection: Connection, groups: set[str]) -> set[str]:
    """Which of these groups are undone just now."""
    if not groups:
        return set()
    last = {row.undoes: row.group_id for row in connection.execute(undoing(groups))}
    again = groups_taken_back(connection, set(last.values()))
    return {group for group, by in last.items() if by not in again}


def undoing(groups: set[str]) -> Select[tuple[str, str]]:
    """Asks what took these groups back, in the order in which it came; answered by an index."""
    wanted = (UNDOING, events.c.undoes.in_(groups))
    return select(events.c.undoes, events.c.group_id).where(*wanted).order_by(events.c.position)


def event_lines(connection: Connection) -> Iterator[tuple[str, str]]:
    """(canonical body, digest) of every event, chain by chain.

    Events behind a gap in a chain are left out: they can't be proven until it is filled.
    """
    last: dict[str, int] = {}
    rows = connection.execute(
        select(events.c.chain, events.c.seq, events.c.body, events.c.digest)
        .order_by(events.c.chain, events.c.seq)
        .execution_options(yield_per=1000)
    )
    for row in rows:
        if row.seq == last.get(row.chain, 0) + 1:
            last[row.chain] = row.seq
            yield row.body, row.digest


def event_ids(connection: Connection) -> list[str]:
    """The ids of all events, in the order they came into this file."""
    return list(connection.execute(select(events.c.uuid).order_by(events.c.position)).scalars())


def count_events(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).select_from(events)).scalar_one())


def verify_chains(
    connection: Connection,
    on_event: Callable[[int], None] = lambda _n: None,
    foreign: frozenset[str] = frozenset(),
) -> list[Fault]:
    """The first fault of every chain: a changed, missing, doubled or reordered event.

    Chains of ``foreign`` workstations came in by merges: they may have gaps (told by
    ``merge.missing_ranges``) and any order in the file.
    """
    faults: dict[str, Fault] = {}
    ends: dict[str, tuple[int, str]] = {}
    rows = connection.execute(
        select(events).order_by(events.c.chain, events.c.seq).execution_options(yield_per=1000)
    )
    for number, row in enumerate(rows):
        on_event(number)
        if row.chain in faults:
            continue
        seq, digest = ends.get(row.chain, (0, GENESIS))
        if _station(row.chain) in foreign and row.seq > seq + 1:
            seq, digest = row.seq - 1, json.loads(row.body).get("previous", "")
        sentence = _fault_of(row, seq, digest)
        if sentence:
            faults[row.chain] = Fault(row.chain, min(row.seq, seq + 1), sentence)
        ends[row.chain] = (row.seq, row.digest)
    for fault in _order_faults(connection):
        if _station(fault.chain) not in foreign:
            faults.setdefault(fault.chain, fault)
    return list(faults.values())


def replay(connection: Connection) -> dict[str, dict[str, Record]]:
    """The records that the log says there must be, by kind and id: of each the standing version."""
    standing: dict[tuple[str, str], dict[str, dict[str, Any] | None]] = {}
    replaced: set[tuple[str, str, str]] = set()
    aliases, aliased = Aliases(connection), set[tuple[str, str]]()
    rows = connection.execute(
        select(events.c.body).order_by(events.c.position).execution_options(yield_per=1000)
    )
    for body in rows.scalars():
        event = decode_event(body)
        if event.action is Action.COPY and not is_own(connection, event):
            continue
        for change in event.changes:
            key = (change.kind, change.id)
            versions = standing.setdefault(key, {})
            if event.action is Action.COPY:
                versions[change.bases[0]] = change.after
                continue
            for base in change.bases:
                meant = replaced_by(base, *key, set(versions), aliases)
                if meant:
                    del versions[meant]
                else:
                    replaced.add((*key, base))
                    if is_alias(base):
                        aliased.add(key)
            names = {event.uuid}
            if key in aliased:
                names.add(aliases.of(*key, event.uuid))
            if not any((*key, name) in replaced for name in names):
                versions[event.uuid] = change.after
    state: dict[str, dict[str, Record]] = {kind: {} for kind in BY_KIND}
    for (kind, record_id), versions in standing.items():
        shown = min(versions, key=lambda uuid: (versions[uuid] is None, uuid), default="")
        after = versions.get(shown)
        if after is not None:
            state[kind][record_id] = from_plain(after, BY_KIND[kind])
    return state


def table_faults(connection: Connection) -> list[Fault]:
    """Rows that differ from what a replay of the log gives."""
    faults: list[Fault] = []
    state = replay(connection)
    for record_type, table in RECORD_TABLES.items():
        wanted = state[record_type.kind]
        seen = set()
        for row in connection.execute(select(table).execution_options(yield_per=1000)):
            seen.add(row.id)
            record = wanted.get(row.id)
            if record is None:
                faults.append(_row_fault(record_type, row.id, "is not in the log"))
            elif not _same(row.data, record) or any(
                getattr(row, i.name) != i.read(record) for i in INDEXED[record_type]
            ):
                faults.append(_row_fault(record_type, row.id, "differs from the log"))
        for missing in wanted.keys() - seen:
            faults.append(_row_fault(record_type, missing, "is missing from its table"))
    return faults


def _same(data: str, record: Record) -> bool:
    """Whether a row says what the record says; rows of an earlier version lack newer fields."""
    if data == to_json(record):
        return True
    try:
        return to_json(from_json(data, type(record))) == to_json(record)
    except ValueError:
        return False


def state_digest(connection: Connection) -> str:
    """One SHA-256 over all record rows: equal for equal content."""
    digest = hashlib.sha256()
    for record_type, table in sorted(RECORD_TABLES.items(), key=lambda item: item[0].kind):
        digest.update(record_type.kind.encode())
        rows = connection.execute(select(table.c.data).order_by(table.c.id))
        for data in rows.scalars():
            digest.update(data.encode())
    return digest.hexdigest()


def _scope(connection: Connection, case_id: str, reader_id: str) -> Iterator[Any]:
    """Events of one reader on one case, newest first, read in growing pages."""
    before, page = None, 16
    while True:
        query = (
            select(
                events.c.position,
                events.c.group_id,
                events.c.action,
                events.c.undoes,
                events.c.title,
            )
            .where(events.c.case_id == case_id, events.c.reader_id == reader_id)
            .order_by(events.c.position.desc())
            .limit(page)
        )
        if before is not None:
            query = query.where(events.c.position < before)
        rows = connection.execute(query).all()
        yield from iter(rows)
        if len(rows) < page:
            return
        before, page = rows[-1].position, min(page * 4, 4096)


def _fault_of(row: Row[Any], seq: int, digest: str) -> str:
    """What is wrong with one event, given the end of its chain before it; "" for nothing."""
    values = row._mapping
    if values["seq"] != seq + 1:
        return f"Event {seq + 1} is missing or out of order."
    if chain_digest(digest, values["body"]) != values["digest"]:
        return f"Event {values['seq']} was changed after it was written."
    try:
        event = decode_event(values["body"])
    except ValueError:
        return f"Event {values['seq']} can't be read."
    if event.previous != digest:
        return f"Event {values['seq']} does not follow the one before."
    expected = event_row(event, values["body"], values["digest"])
    wrong = [name for name, value in expected.items() if values[name] != value]
    if wrong:
        return f"Event {values['seq']}: its column {wrong[0]} was changed."
    return ""


def _station(chain: str) -> str:
    """The workstation's name in a chain's."""
    return chain.split(".")[0]


def _order_faults(connection: Connection) -> list[Fault]:
    """Chains whose events don't lie in this file in the order of their numbers."""
    rows = connection.execute(
        select(events.c.chain, events.c.seq)
        .order_by(events.c.position)
        .execution_options(yield_per=1000)
    )
    last: dict[str, int] = {}
    faults: dict[str, Fault] = {}
    for row in rows:
        before = last.get(row.chain, 0)
        if row.seq != before + 1 and row.chain not in faults:
            seq = min(row.seq, before + 1)
            faults[row.chain] = Fault(row.chain, seq, f"Event {seq} is out of order.")
        last[row.chain] = row.seq
    return list(faults.values())


def _row_fault(record_type: type[Record], record_id: str, what: str) -> Fault:
    return Fault("", 0, f"The {record_type.kind.replace('_', ' ')} {record_id[:12]} {what}.")


def canonical(body: str) -> bool:
    """Whether a body is in canonical form (a foreign event must be, before it is taken over)."""
    return to_json(json.loads(body)) == body


def digest_at(connection: Connection, chain: str, seq: int) -> str:
    """The digest of one event, "" where it is not there."""
    query = select(events.c.digest).where(events.c.chain == chain, events.c.seq == seq)
    return connection.execute(query).scalar() or ""
