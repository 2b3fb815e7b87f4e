"""Copies of what stands in a project, as the beginning of a work package's own file.

The package's log starts with events of ``Action.COPY``. In the package they are where its rows come
from; everywhere else they change nothing, because there the copied versions stand themselves. Each
copied version goes by an alias, made with the project's secret from record and event: the package
tells neither which events there are nor which copies were made by one event, and a change made on
the copy still finds the version that it replaces.
"""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from desktop.domain.event import Event
from desktop.domain.record import Record
from desktop.store.tables import project, record_heads

_MARK = "~"
_FEW = 400


class Copy(NamedTuple):
    """A record as the package gets it, and the alias of the version that it was made from."""

    record: Record
    alias: str


class Aliases:
    """Names of versions outside the project; the same for all files that share the secret."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._secret: bytes | None = None

    def of(self, kind: str, record_id: str, event_uuid: str) -> str:
        if self._secret is None:
            query = select(project.c.value).where(project.c.key == "secret")
            self._secret = bytes.fromhex(self._connection.execute(query).scalar() or "")
        words = "\x1f".join(("copy", kind, record_id, event_uuid)).encode()
        return _MARK + hmac.new(self._secret, words, "sha256").hexdigest()[:32]

    def copies(self, records: Sequence[Record]) -> list[Copy]:
        """The records with the aliases of their versions; also for records that are not here."""
        standing = self._standing(records)
        return [
            Copy(r, self.of(r.kind, r.id, min(standing.get((r.kind, r.id), {""})))) for r in records
        ]

    def _standing(self, records: Sequence[Record]) -> dict[tuple[str, str], set[str]]:
        ids: dict[str, list[str]] = defaultdict(list)
        for record in records:
            ids[record.kind].append(record.id)
        found: dict[tuple[str, str], set[str]] = defaultdict(set)
        for kind, wanted in ids.items():
            for start in range(0, len(wanted), _FEW):
                rows = self._connection.execute(
                    select(record_heads.c.record_id, record_heads.c.event_uuid).where(
                        record_heads.c.kind == kind,
                        record_heads.c.record_id.in_(wanted[start : start + _FEW]),
                        record_heads.c.waiting == 0,
                    )
                )
                for row in rows:
                    found[kind, row.record_id].add(row.event_uuid)
        return found


def is_alias(version: str) -> bool:
    return version.startswith(_MARK)


def is_own(connection: Connection, event: Event) -> bool:
    """Whether a COPY event is the beginning of this very file."""
    query = select(project.c.value).where(project.c.key == "file_id")
    return event.chain.endswith(f".{connection.execute(query).scalar()}")
