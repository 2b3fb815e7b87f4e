"""The one doorway for writes: puts and deletes are noted, and leave as one event with them."""

from __future__ import annotations

import contextlib
import functools
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Executable, Select, bindparam, delete, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import DBAPIError

from desktop.domain.errors import ConflictProblem
from desktop.domain.event import GENESIS, Action, Change, Event, chain_digest, event_body
from desktop.domain.record import R, Record, from_json, from_plain, to_json, to_plain
from desktop.domain.runs import runs_digest
from desktop.store import versions
from desktop.store.database import in_words, transaction
from desktop.store.queries import runs as stored_runs
from desktop.store.tables import INDEXED, RECORD_TABLES, blobs, events


class Stamp(NamedTuple):
    """What every event says beside its changes."""

    chain: str
    reader_id: str
    time_utc: str
    utc_offset_min: int
    new_id: Callable[[], str]


class StoreTransaction:
    """The Transaction that commands see. Lives for one event; made by ``EventLog.write``."""

    def __init__(self, connection: Connection, stamp: Stamp) -> None:
        self.reader_id = stamp.reader_id
        self._connection = connection
        self.stamp = stamp
        self._before: dict[tuple[type[Record], str], Record | None] = {}
        self._after: dict[tuple[type[Record], str], Record | None] = {}
        self._bases: dict[tuple[type[Record], str], tuple[str, ...]] = {}
        self._known_runs: set[str] = set()
        self.event_id = stamp.new_id()

    def maybe(self, record_type: type[R], record_id: str) -> R | None:
        row = self._connection.execute(_by_id(record_type), {"wanted": record_id}).scalar()
        return None if row is None else from_json(row, record_type)

    def get(self, record_type: type[R], record_id: str) -> R:
        found = self.maybe(record_type, record_id)
        if found is None:
            raise ConflictProblem(
                f"This {record_type.kind.replace('_', ' ')} is gone.",
                "It was deleted meanwhile.",
            )
        return found

    def find(self, record_type: type[R], **equals: str) -> list[R]:
        rows = self._connection.execute(_where(record_type, tuple(equals)), equals).scalars()
        return [from_json(row, record_type) for row in rows]

    def put(self, record: Record) -> None:
        record_type = type(record)
        clean = from_plain(to_plain(record), record_type)  # 1 and 1.0 become one
        self._note(record_type, clean.id, clean)
        write_row(self._connection, clean)

    def delete(self, record_type: type[Record], record_id: str) -> None:
        self.get(record_type, record_id)
        self._note(record_type, record_id, None)
        table = RECORD_TABLES[record_type]
        self._connection.execute(delete(table).where(table.c.id == record_id))

    def settle(self, record_type: type[R], record_id: str, chosen: R | None) -> None:
        standing = versions.heads(self._connection, record_type.kind, record_id)
        if chosen is not None:
            self.put(chosen)
        elif self.maybe(record_type, record_id) is not None:
            self.delete(record_type, record_id)
        else:
            self._note(record_type, record_id, None)
        self._bases[record_type, record_id] = standing

    def put_runs(self, runs: bytes) -> str:
        digest = runs_digest(runs)
        if digest not in self._known_runs:
            self._connection.execute(
                upsert(blobs)
                .values(digest=digest, data=zlib.compress(runs, 1))
                .on_conflict_do_nothing()
            )
            self._known_runs.add(digest)
        return digest

    def runs(self, digest: str) -> bytes:
        return stored_runs(self._connection, digest)

    def now_utc(self) -> str:
        return self.stamp.time_utc

    def new_id(self) -> str:
        return self.stamp.new_id()

    def changes(self) -> tuple[Change, ...]:
        """What really changed, in order of first touch; a record put back as it was is left out."""
        found = []
        for (record_type, record_id), before in self._before.items():
            after = self._after[record_type, record_id]
            bases = self._bases[record_type, record_id]
            if before != after or len(bases) > 1:
                found.append(
                    Change(
                        kind=record_type.kind,
                        id=record_id,
                        bases=bases,
                        before=None if before is None else to_plain(before),
                        after=None if after is None else to_plain(after),
                    )
                )
        return tuple(found)

    def _note(self, record_type: type[Record], record_id: str, after: Record | None) -> None:
        key = (record_type, record_id)
        if key not in self._before:
            self._before[key] = self.maybe(record_type, record_id)
            self._bases[key] = versions.shown(self._connection, record_type.kind, record_id)
        self._after[key] = after


def commit(
    connection: Connection,
    lookup: Connection,
    stamp: Stamp,
    write: Callable[[StoreTransaction], Event | None],
) -> Event | None:
    """Run ``write`` in one transaction. UserError or StoreProblem where it failed; then nothing
    was written.

    A commit that raised may be in the file all the same: ``lookup``, another connection, tells by
    the event's own id, so that nothing is written twice or reported as lost.
    """
    event: Event | None = None
    try:
        with transaction(connection):
            event = write(StoreTransaction(connection, stamp))
    except DBAPIError as error:
        if event is None or not _got_through(lookup, event.uuid):
            raise in_words(error) from error
    return event


def rehearse(
    connection: Connection, stamp: Stamp, write: Callable[[StoreTransaction], Event | None]
) -> None:
    """Everything of a commit but its end: nothing is kept.

    What the first write of a program makes anew, such as its statements, is there afterwards.
    """
    with contextlib.suppress(_Rehearsed), transaction(connection):
        write(StoreTransaction(connection, stamp))
        raise _Rehearsed


class _Rehearsed(Exception):
    """Rolls a rehearsal back."""


def _got_through(lookup: Connection, uuid: str) -> bool:
    with contextlib.suppress(DBAPIError):
        found = lookup.execute(select(events.c.seq).where(events.c.uuid == uuid)).scalar()
        return found is not None
    return False


def write_row(connection: Connection, record: Record) -> None:
    """Insert or replace one record's row."""
    values: dict[str, Any] = {i.name: i.read(record) for i in INDEXED[type(record)]}
    connection.execute(_upsert(type(record)), values | {"id": record.id, "data": to_json(record)})


@functools.cache
def _by_id(record_type: type[Record]) -> Select[Any]:
    """Made once per kind: building a statement costs more than running it."""
    table = RECORD_TABLES[record_type]
    return select(table.c.data).where(table.c.id == bindparam("wanted"))


@functools.cache
def _where(record_type: type[Record], columns: tuple[str, ...]) -> Select[Any]:
    table = RECORD_TABLES[record_type]
    query = select(table.c.data).order_by(table.c.id)
    return query.where(*(table.c[name] == bindparam(name) for name in columns))


@functools.cache
def _upsert(record_type: type[Record]) -> Executable:
    statement = upsert(RECORD_TABLES[record_type])
    names = [i.name for i in INDEXED[record_type]] + ["data"]
    new = {name: statement.excluded[name] for name in names}
    return statement.on_conflict_do_update(index_elements=["id"], set_=new)


def last_link(connection: Connection, chain: str) -> tuple[int, str]:
    """Sequence number and digest at the end of a chain; (0, genesis) for a new one."""
    row = connection.execute(
        select(events.c.seq, events.c.digest)
        .where(events.c.chain == chain)
        .order_by(events.c.seq.desc())
        .limit(1)
    ).first()
    return (0, GENESIS) if row is None else (row.seq, row.digest)


def append_event(
    connection: Connection,
    stamp: Stamp,
    event_id: str,
    *,
    command: str,
    title: str,
    changes: tuple[Change, ...],
    case_id: str = "",
    schema_id: str = "",
    reason: str = "",
    group: str = "",
    action: Action = Action.DO,
    undoes: str = "",
) -> Event:
    """Write the event of this transaction at the end of the workstation's chain."""
    seq, previous = last_link(connection, stamp.chain)
    event = Event(
        chain=stamp.chain,
        seq=seq + 1,
        uuid=event_id,
        group=group or event_id,
        action=action,
        undoes=undoes,
        reader_id=stamp.reader_id,
        case_id=case_id,
        time_utc=stamp.time_utc,
        utc_offset_min=stamp.utc_offset_min,
        command=command,
        title=title,
        reason=reason,
        schema_id=schema_id,
        changes=changes,
        previous=previous,
    )
    body = event_body(event)
    connection.execute(insert(events).values(event_row(event, body, chain_digest(previous, body))))
    versions.advance(connection, event)
    return event


def event_row(event: Event, body: str, digest: str) -> dict[str, Any]:
    """The columns of an event; all but body and digest repeat what the body says."""
    return {
        "chain": event.chain,
        "seq": event.seq,
        "uuid": event.uuid,
        "group_id": event.group,
        "action": event.action.value,
        "undoes": event.undoes,
        "reader_id": event.reader_id,
        "case_id": event.case_id,
        "title": event.title,
        "body": body,
        "digest": digest,
    }


def decode_event(body: str) -> Event:
    """An event from its canonical body."""
    return msgspec.json.decode(body, type=Event)
