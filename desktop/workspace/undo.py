"""Undo and redo: an event that restores the befores, refused where somebody changed the row."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from desktop.domain.contracts import Transaction
from desktop.domain.errors import ConflictProblem
from desktop.domain.event import Event
from desktop.domain.kinds import BY_KIND
from desktop.domain.record import Record, from_plain


class _Pair(Struct):
    """Net change of one record over a step."""

    record_type: type[Record]
    before: Record | None
    after: Record | UnsetType | None = UNSET


def revert(events: list[Event], txn: Transaction) -> None:
    """Put every record that these events touched back to what it was before the first of them.

    Raises ConflictProblem, before changing anything, where a record is not as the last left it.
    """
    pairs: dict[tuple[str, str], _Pair] = {}
    for event in events:
        for change in event.changes:
            record_type = BY_KIND[change.kind]
            before = None if change.before is None else from_plain(change.before, record_type)
            after = None if change.after is None else from_plain(change.after, record_type)
            pair = pairs.setdefault((change.kind, change.id), _Pair(record_type, before))
            pair.after = after
    for (_kind, record_id), pair in pairs.items():
        if txn.maybe(pair.record_type, record_id) != pair.after:
            raise ConflictProblem(
                "This step can't be undone any more.",
                "Something it touched was changed since.",
                "Undo the later change first.",
            )
    for (_kind, record_id), pair in reversed(pairs.items()):
        if pair.before is not None:
            txn.put(pair.before)
        elif pair.after is not None:
            txn.delete(pair.record_type, record_id)
