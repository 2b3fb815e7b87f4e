"""Who was given a case by a batch, also before they have begun it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from desktop.domain.batch import Batch, share_out
from desktop.store.database import Connection
from desktop.workspace.team.turns import batches_in_order, cases_of

Holders = Mapping[str, Sequence[str]]  # reader ids by case id


class CaseHolders:
    """Shared out once, and anew where a batch is another; any thread."""

    def __init__(self) -> None:
        self._known: tuple[tuple[Batch, ...], Holders] = ((), {})

    def all(self, connection: Connection) -> Holders:
        """Reader ids by case id."""
        batches = tuple(batches_in_order(connection))
        if batches != self._known[0]:
            self._known = (batches, _shared_out(connection, batches))
        return self._known[1]


def _shared_out(connection: Connection, batches: Sequence[Batch]) -> Holders:
    found: dict[str, list[str]] = {}
    for batch in batches:
        for reader_id, case_ids in share_out(batch, cases_of(connection, batch.id)).items():
            for case_id in case_ids:
                found.setdefault(case_id, []).append(reader_id)
    return found
