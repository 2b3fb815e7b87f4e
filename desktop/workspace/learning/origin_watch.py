"""The origin lock where no command stands at the door: merges, and what leaves in a bundle.

A merge is the union of all events, so nothing of it can be thrown away. What would break the lock
is kept out where it counts instead: a synthetic patient is in training whatever a merged split
says, and a machine-made label on a held-back case is named and never exported or learned from. A
bundle that takes the mark off a synthetic image was forged and is refused as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TypeVar

from desktop.commands.origin_lock import Breach, breaches
from desktop.domain.annotation import Annotation, Answer, MaskSlice
from desktop.domain.errors import ConflictProblem
from desktop.domain.event import Change
from desktop.domain.kinds import BY_KIND
from desktop.domain.proposal import Proposal
from desktop.domain.record import Record, to_plain
from desktop.domain.split import SYNTHETIC_TAG, Part, Split, is_synthetic
from desktop.domain.study import Case
from desktop.store import queries
from desktop.store.database import Connection

R = TypeVar("R", bound=Record)
_WATCHED = (Split.kind, Annotation.kind, Answer.kind, MaskSlice.kind, Proposal.kind, Case.kind)


class Rows:
    """The tables as the lock looks at them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def maybe(self, record_type: type[R], record_id: str) -> R | None:
        """The record or None."""
        return queries.maybe(self._connection, record_type, record_id)

    def find(self, record_type: type[R], **equals: str) -> list[R]:
        """Records whose indexed columns equal the values."""
        return queries.many(self._connection, record_type, **equals)


class MarkWatch:
    """Notices that a merge takes the mark off a synthetic case, even within one bundle."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._marked = {c.id for c in queries.many(connection, Case) if is_synthetic(c)}

    def hear(self, bodies: Iterable[str]) -> None:
        """Note what the bundle's events say was synthetic at any time."""
        for body in bodies:
            if SYNTHETIC_TAG not in body:
                continue
            for change in json.loads(body).get("changes", ()):
                sides = (change.get("before"), change.get("after"))
                tags = [t for side in sides if side for t in side.get("tags", ())]
                if change.get("kind") == Case.kind and SYNTHETIC_TAG in tags:
                    self._marked.add(change["id"])

    def check(self) -> None:
        """ConflictProblem where a case that was synthetic no longer says so."""
        for case_id in sorted(self._marked):
            case = queries.maybe(self._connection, Case, case_id)
            if case is not None and not is_synthetic(case):
                raise ConflictProblem(
                    "This bundle takes the mark “synthetic” off a case.",
                    f"Case {case.title}. No command of Reading Room does that.",
                    "Ask its sender; nothing of the bundle was taken.",
                )


def kept_out(connection: Connection, touched: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Sentences about what a merge brought and the lock keeps out of validation and test."""
    rows = Rows(connection)
    if not any(s.part is not Part.TRAIN for s in rows.find(Split)):
        return ()
    changes = []
    for kind, record_id in sorted(touched):
        record = rows.maybe(BY_KIND[kind], record_id) if kind in _WATCHED else None
        if record is not None:
            after = to_plain(record)
            changes.append(Change(kind=kind, id=record_id, bases=(), before=None, after=after))
    found: dict[str, Breach] = {b.sentence: b for b in breaches(changes, rows)}
    return tuple(found)
