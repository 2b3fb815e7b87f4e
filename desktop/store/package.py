"""The beginning of a work package's file: rows, and the log that they come from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Connection, Table, insert, select

from desktop.domain.annotation import MaskSlice
from desktop.domain.contracts import ASIDE, Progress
from desktop.domain.event import Action, Change
from desktop.domain.gold import GoldCase
from desktop.domain.help_study import BlindLock
from desktop.domain.proposal import Proposal
from desktop.domain.ranking import Candidate
from desktop.domain.record import Record, to_json, to_plain
from desktop.domain.scribble import Scribble
from desktop.domain.study import Instance, Series, Study
from desktop.store.copies import Copy
from desktop.store.tables import INDEXED, RECORD_TABLES, blobs, local_texts, sources
from desktop.store.transaction import Stamp, append_event

_AT_ONCE = 2000
_FEW = 400


def write_copies(
    connection: Connection, stamp: Stamp, copies: Sequence[Copy], progress: Progress
) -> None:
    """Fill a new file with copies, in the order given; inside a transaction."""
    for start in range(0, len(copies), _AT_ONCE):
        progress.report(start / max(1, len(copies)), "Writing the package")
        part = copies[start : start + _AT_ONCE]
        write_rows(connection, [copy.record for copy in part])
        append_event(
            connection,
            stamp,
            stamp.new_id(),
            command="OpenPackage",
            title="Open work package",
            case_id=ASIDE,
            action=Action.COPY,
            changes=tuple(_change(copy) for copy in part),
        )


def _change(copy: Copy) -> Change:
    record = copy.record
    return Change(
        kind=record.kind, id=record.id, bases=(copy.alias,), before=None, after=to_plain(record)
    )


def write_rows(connection: Connection, records: Sequence[Record]) -> None:
    """Insert new rows, without an event."""
    rows: dict[type[Record], list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        values: dict[str, Any] = {i.name: i.read(record) for i in INDEXED[type(record)]}
        rows[type(record)].append(values | {"id": record.id, "data": to_json(record)})
    for record_type, values_of in rows.items():
        connection.execute(insert(RECORD_TABLES[record_type]), values_of)


def carry_over(source: Connection, target: Connection, records: Sequence[Record]) -> None:
    """Local texts, places of files and pixels of masks that belong to these records."""
    ids = [r.id for r in records if isinstance(r, (Study, Series, Instance))]
    images = [r.id for r in records if isinstance(r, Instance)]
    digests = {r.runs for r in records if isinstance(r, (MaskSlice, Scribble))}
    digests |= {f.runs for r in records if isinstance(r, Proposal) for f in r.frames}
    judged = (r for r in records if isinstance(r, Candidate))
    digests |= {f.runs for c in judged for region in c.regions for f in region.frames}
    whole = (r for r in records if isinstance(r, (GoldCase, BlindLock)))
    digests |= {s.runs for r in whole for s in r.slices}
    _carry(source, target, local_texts, local_texts.c.entity_id, ids)
    _carry(source, target, sources, sources.c.instance_id, images)
    _carry(source, target, blobs, blobs.c.digest, sorted(digests))


def _carry(
    source: Connection, target: Connection, table: Table, column: Column[Any], keys: Sequence[str]
) -> None:
    for start in range(0, len(keys), _FEW):
        part = list(keys[start : start + _FEW])
        rows = source.execute(select(table).where(column.in_(part))).all()
        order = {key: place for place, key in enumerate(part)}
        found = sorted((dict(row._mapping) for row in rows), key=lambda r: order[r[column.name]])
        if found:
            target.execute(insert(table), found)
