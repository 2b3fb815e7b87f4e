"""Joining the logs of several machines: the set union of events by their id.

Taking in the same events twice, in another order or in parts gives the same rows. Nothing is
overwritten: where two versions were made from one base, both stand (see ``versions``).
"""

from __future__ import annotations

import contextlib
import gc
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, delete, func, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import DBAPIError, IntegrityError

from desktop.domain.contracts import Progress
from desktop.domain.errors import ConflictProblem, FileProblem
from desktop.domain.event import Action, Event, chain_digest
from desktop.domain.kinds import BY_KIND
from desktop.domain.record import Record, from_plain, to_json
from desktop.domain.runs import runs_digest
from desktop.store import versions
from desktop.store.copies import Aliases, is_alias
from desktop.store.late_indexes import indexes_afterwards
from desktop.store.tables import INDEXED, RECORD_TABLES, blobs, events, record_heads
from desktop.store.transaction import decode_event, event_row

Key = tuple[str, str]  # kind, record id
Row = tuple[Any, ...]
_HEAD = ["kind", "record_id", "event_uuid", "waiting"]
_by_id = itemgetter(0)
_BATCH = 5000
_CACHE_KB = 256 << 10
_FEW = 400  # values in one IN (...)
_AMONG = "IN (SELECT value FROM json_each(?))"  # any number of ids, as a JSON list


class Line(NamedTuple):
    """One event as it travels: its canonical body and its digest."""

    body: str
    digest: str


class MissingRange(NamedTuple):
    """Events of a chain that have not arrived."""

    chain: str
    first: int
    last: int


class Taken(NamedTuple):
    """How many events were new and how many known, and which records they touched."""

    new: int
    known: int
    touched: set[Key]


def take_events(
    connection: Connection, lines: Iterable[Line], progress: Progress, total: int = 0
) -> Taken:
    """Add events that are not there yet and bring the rows up to date; inside a transaction.

    Raises FileProblem for an event that is not what its digest says, ConflictProblem where a chain
    has another event in the same place (a copied project file went two ways).
    """
    new = known = 0
    touched: set[Key] = set()
    with _without_collector(), _roomy_cache(connection), indexes_afterwards(connection, total):
        for batch in _batches(lines):
            progress.report((new + known) / max(total, 1), "Merging events")
            fresh = _unknown(connection, batch)
            known += len(batch) - len(fresh)
            new += len(fresh)
            if fresh:
                _insert_events(connection, fresh)
                touched |= _Book(connection, [event for event, _line in fresh]).write()
    return Taken(new, known, touched)


def take_runs(connection: Connection, masks: Iterable[bytes]) -> None:
    """Add run lengths of masks; what is there already stays."""
    rows = [{"digest": runs_digest(runs), "data": zlib.compress(runs, 1)} for runs in masks]
    if rows:
        connection.execute(upsert(blobs).on_conflict_do_nothing(), rows)


def missing_ranges(connection: Connection) -> list[MissingRange]:
    """What has not arrived of each chain, by first and last number."""
    before = func.lag(events.c.seq, 1, 0).over(partition_by=events.c.chain, order_by=events.c.seq)
    steps = select(events.c.chain, events.c.seq, before.label("before")).subquery()
    rows = connection.execute(
        select(steps.c.chain, steps.c.before, steps.c.seq)
        .where(steps.c.seq > steps.c.before + 1)
        .order_by(steps.c.chain, steps.c.seq)
    )
    return [MissingRange(row.chain, row.before + 1, row.seq - 1) for row in rows]


class _Book:
    """The versions of all records that a batch touches, worked out in memory."""

    def __init__(self, connection: Connection, batch: list[Event]) -> None:
        self._connection = connection
        self._aliases = Aliases(connection)
        # copies that began a package: what they copied stands here itself
        batch = [event for event in batch if event.action is not Action.COPY]
        self._after: dict[Key, dict[str, dict[str, Any] | None]] = defaultdict(dict)
        keys: dict[str, set[str]] = defaultdict(set)
        for event in batch:
            for change in event.changes:
                keys[change.kind].add(change.id)
        self._stored: set[Key] = set()  # those that have rows already
        self._heads: dict[Key, set[str]] = {}
        self._waiting: dict[Key, set[str]] = {}
        for kind, ids in keys.items():
            for record_id in ids:
                self._heads[kind, record_id], self._waiting[kind, record_id] = set(), set()
            self._load(kind, sorted(ids))
        own = {event.uuid for event in batch}
        for event in batch:
            for change in event.changes:
                self._advance((change.kind, change.id), event.uuid, change.bases, own)
                self._after[change.kind, change.id][event.uuid] = change.after

    def write(self) -> set[Key]:
        """Store heads and rows; the records touched."""
        rows: list[Row] = []
        for (kind, record_id), standing in self._heads.items():
            rows += [(kind, record_id, e, 0) for e in standing]
            rows += [(kind, record_id, e, 1) for e in self._waiting[kind, record_id]]
        for kind, ids in self._by_kind().items():
            for some in _few([i for i in ids if (kind, i) in self._stored]):
                self._connection.execute(
                    delete(record_heads).where(
                        record_heads.c.kind == kind, record_heads.c.record_id.in_(some)
                    )
                )
        rows.sort()
        _insert(self._connection, record_heads, _HEAD, rows)
        self._write_records()
        return set(self._heads)

    def _advance(self, key: Key, uuid: str, bases: tuple[str, ...], own: set[str]) -> None:
        standing, waiting = self._heads[key], self._waiting[key]
        for base in bases:
            if meant := versions.replaced_by(base, *key, standing, self._aliases):
                standing.discard(meant)
            elif is_alias(base):
                waiting.add(base)
            elif base in own:
                if base not in self._after[key]:
                    waiting.add(base)  # comes later in this batch
            elif not self._is_known(base):
                waiting.add(base)
        here = {w for w in waiting if w == uuid or self._is_alias_of(w, key, uuid)}
        if here:
            self._waiting[key] = waiting - here
        else:
            standing.add(uuid)

    def _is_alias_of(self, waiting: str, key: Key, uuid: str) -> bool:
        return is_alias(waiting) and self._aliases.of(*key, uuid) == waiting

    def _is_known(self, uuid: str) -> bool:
        query = select(events.c.seq).where(events.c.uuid == uuid)
        return self._connection.execute(query).first() is not None

    def _load(self, kind: str, ids: list[str]) -> None:
        text = "SELECT record_id, event_uuid, waiting FROM record_heads WHERE kind = ?"
        rows = self._connection.exec_driver_sql(
            f"{text} AND record_id {_AMONG}", (kind, to_json(ids))
        )
        for record_id, event_uuid, waiting in rows:
            self._stored.add((kind, record_id))
            into = self._waiting if waiting else self._heads
            into[kind, record_id].add(event_uuid)

    def _write_records(self) -> None:
        put: dict[type[Record], list[Row]] = defaultdict(list)
        gone: dict[type[Record], list[str]] = defaultdict(list)
        for (kind, record_id), standing in self._heads.items():
            record_type = BY_KIND[kind]
            after = self._shown(kind, record_id, standing)
            if after is None:
                gone[record_type].append(record_id)
            else:
                put[record_type].append(_row(from_plain(after, record_type)))
        for record_type, rows in put.items():
            names = [i.name for i in INDEXED[record_type]] + ["data"]
            changed = ", ".join(f"{name}=excluded.{name}" for name in names)
            table = RECORD_TABLES[record_type]
            rows.sort(key=_by_id)  # neighbours in the index, one after the other
            _insert(
                self._connection,
                table,
                ["id", *names],
                rows,
                f"ON CONFLICT(id) DO UPDATE SET {changed}",
            )
        for record_type, ids in gone.items():
            table = RECORD_TABLES[record_type]
            for some in _few(ids):
                self._connection.execute(delete(table).where(table.c.id.in_(some)))

    def _shown(self, kind: str, record_id: str, standing: set[str]) -> dict[str, Any] | None:
        def after(uuid: str) -> dict[str, Any] | None:
            known = self._after[kind, record_id]
            if uuid not in known:
                known[uuid] = versions.version(self._connection, kind, record_id, uuid)
            return known[uuid]

        if not standing:
            return None
        return after(min(standing, key=lambda uuid: (after(uuid) is None, uuid)))

    def _by_kind(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for kind, record_id in self._heads:
            found[kind].append(record_id)
        return found


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """Events are trees without rings; looking for rings among them takes a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextlib.contextmanager
def _roomy_cache(connection: Connection) -> Iterator[None]:
    """Ids are random, so every index is written all over: its pages stay in memory meanwhile."""
    before = connection.exec_driver_sql("PRAGMA cache_size").scalar()
    connection.exec_driver_sql(f"PRAGMA cache_size=-{_CACHE_KB}")
    try:
        yield
    finally:
        with contextlib.suppress(DBAPIError):
            connection.exec_driver_sql(f"PRAGMA cache_size={before}")


def _unknown(connection: Connection, batch: list[Line]) -> list[tuple[Event, Line]]:
    """The events of a batch that are not in the log; each is checked against its digest."""
    decoded = [(_checked(line), line) for line in batch]
    ids = to_json([event.uuid for event, _line in decoded])
    found = connection.exec_driver_sql(f"SELECT uuid FROM events WHERE uuid {_AMONG}", (ids,))
    known = set(found.scalars())
    fresh: dict[str, tuple[Event, Line]] = {}
    for event, line in decoded:
        if event.uuid not in known:
            fresh.setdefault(event.uuid, (event, line))
    return list(fresh.values())


def _checked(line: Line) -> Event:
    try:
        event = decode_event(line.body)
        whole = chain_digest(event.previous, line.body) == line.digest
    except ValueError as error:
        raise FileProblem("An event in the bundle can't be read.", str(error)[:200]) from error
    if not whole:
        raise FileProblem("An event in the bundle was changed.", f"{event.chain}, {event.seq}.")
    return event


def _insert_events(connection: Connection, fresh: list[tuple[Event, Line]]) -> None:
    rows = [event_row(event, line.body, line.digest) for event, line in fresh]
    try:
        _insert(connection, events, list(rows[0]), [tuple(row.values()) for row in rows])
    except IntegrityError as error:
        raise ConflictProblem(
            "Two copies of one project file were worked on.",
            "The same place in the log holds two different events.",
            "Export from the copy that you want to keep; the other one can't be merged.",
        ) from error


def _insert(
    connection: Connection, table: Table, names: list[str], rows: list[Row], otherwise: str = ""
) -> None:
    """Many plain rows of text and numbers at once, straight to the driver."""
    if rows:
        marks = ", ".join("?" * len(names))
        text = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks}) {otherwise}"
        connection.exec_driver_sql(text, rows)


def _row(record: Record) -> Row:
    return (record.id, *[i.read(record) for i in INDEXED[type(record)]], to_json(record))


def _batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    source = iter(lines)
    while batch := list(islice(source, _BATCH)):
        yield batch


def _few(values: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(values), _FEW):
        yield values[start : start + _FEW]
