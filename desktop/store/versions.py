"""Which versions of a record stand: the ends of its history, as one or several machines wrote it.

Each change names the versions that it replaces (its bases). A version that nothing replaces is a
head. One head is the usual case; two or more are versions of equal right, made from one base on
two machines: a conflict, until somebody settles it. What stands depends on the set of events only,
never on the order in which they arrived or on a clock.

``record_heads`` keeps the heads, and with ``waiting`` = 1 versions that are known to be replaced
although their own event has not arrived yet.

A work package holds copies of what stands in the project. A copied version goes by its alias (see
``copies``): work done on it there names the alias as its base, and here the alias is the version
that was copied.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from desktop.domain.event import Action, Event
from desktop.store.copies import Aliases, is_alias
from desktop.store.tables import events, record_heads

# made once: building a statement costs more than running it
_HERE = (
    record_heads.c.kind == bindparam("of_kind"),
    record_heads.c.record_id == bindparam("of_record"),
)
_STANDING = select(record_heads.c.event_uuid).where(*_HERE, record_heads.c.waiting == 0)
_DROP = delete(record_heads).where(
    *_HERE,
    record_heads.c.event_uuid == bindparam("of_event"),
    record_heads.c.waiting == bindparam("is_waiting"),
)
_ADD = upsert(record_heads).on_conflict_do_nothing()


def heads(connection: Connection, kind: str, record_id: str) -> tuple[str, ...]:
    """The ids of the events whose versions of a record stand, in a fixed order."""
    found = connection.execute(_STANDING, {"of_kind": kind, "of_record": record_id})
    return tuple(sorted(found.scalars()))


def shown(connection: Connection, kind: str, record_id: str) -> tuple[str, ...]:
    """The version that the record's row shows; none for a new record."""
    standing = heads(connection, kind, record_id)
    if len(standing) < 2:
        return standing
    return (winner(connection, kind, record_id, standing),)


def winner(connection: Connection, kind: str, record_id: str, standing: tuple[str, ...]) -> str:
    """Of several versions the one that is shown: not a deletion if possible, then by event id."""
    return min(standing, key=lambda e: (version(connection, kind, record_id, e) is None, e))


def version(
    connection: Connection, kind: str, record_id: str, event_uuid: str
) -> dict[str, object] | None:
    """The record as one event left it, None where it deleted it."""
    for change in event(connection, event_uuid).changes:
        if (change.kind, change.id) == (kind, record_id):
            return change.after
    raise KeyError(record_id)


def event(connection: Connection, event_uuid: str) -> Event:
    """One event of the log by its id, or by the alias of a version that it copied."""
    if is_alias(event_uuid):
        return _copying(connection, event_uuid)
    query = select(events.c.body).where(events.c.uuid == event_uuid)
    return msgspec.json.decode(connection.execute(query).scalar_one(), type=Event)


def advance(connection: Connection, new: Event) -> None:
    """Take an event of this file's own chain into the account of versions."""
    if new.action is Action.COPY:
        rows = [_row(c.kind, c.id, c.bases[0], 0) for c in new.changes]
        connection.execute(insert(record_heads), rows)
        return
    fresh = []
    for change in new.changes:
        for base in change.bases:
            _replace(connection, change.kind, change.id, base)
        if not _drop(connection, change.kind, change.id, new.uuid, waiting=1):
            fresh.append(_row(change.kind, change.id, new.uuid, 0))
    if fresh:
        connection.execute(_ADD, fresh)


def conflicts(connection: Connection) -> list[tuple[str, str, tuple[str, ...]]]:
    """Records with more than one standing version: (kind, record id, event ids)."""
    doubled = (
        select(record_heads.c.kind, record_heads.c.record_id)
        .where(record_heads.c.waiting == 0)
        .group_by(record_heads.c.kind, record_heads.c.record_id)
        .having(func.count() > 1)
    )
    return [
        (row.kind, row.record_id, heads(connection, row.kind, row.record_id))
        for row in connection.execute(doubled.order_by("kind", "record_id"))
    ]


def replaced_by(base: str, kind: str, record_id: str, among: set[str], aliases: Aliases) -> str:
    """Which of some versions a base means, by its id or by its alias; "" for none of them."""
    if base in among:
        return base
    if is_alias(base):
        return next((e for e in among if aliases.of(kind, record_id, e) == base), "")
    return ""


def _copying(connection: Connection, alias: str) -> Event:
    query = select(events.c.body).where(events.c.action == Action.COPY.value)
    for body in connection.execute(query).scalars():
        found = msgspec.json.decode(body, type=Event)
        if any(alias in change.bases for change in found.changes):
            return found
    raise KeyError(alias)


def _replace(connection: Connection, kind: str, record_id: str, base: str) -> None:
    """Take a version out of the heads, or note that it will be none when it arrives."""
    if _drop(connection, kind, record_id, base, waiting=0):
        return
    known = connection.execute(select(events.c.seq).where(events.c.uuid == base)).first()
    if known is None:
        connection.execute(_ADD, _row(kind, record_id, base, 1))


def _drop(
    connection: Connection, kind: str, record_id: str, event_uuid: str, *, waiting: int
) -> bool:
    """Take one line out; whether it was there."""
    line = {"of_kind": kind, "of_record": record_id, "of_event": event_uuid}
    return bool(connection.execute(_DROP, line | {"is_waiting": waiting}).rowcount)


def _row(kind: str, record_id: str, event_uuid: str, waiting: int) -> dict[str, object]:
    return {"kind": kind, "record_id": record_id, "event_uuid": event_uuid, "waiting": waiting}
