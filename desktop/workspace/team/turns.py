"""In which order a reader goes through the cases: the project's, or their own where assigned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from desktop.domain.batch import Batch, BatchCases, share_out
from desktop.domain.task import SEES_ALL
from desktop.store import queries, worklist

if TYPE_CHECKING:
    from desktop.store.database import Connection
    from desktop.workspace.view import ProjectView


class Turns:
    """The work list of the reader at the screen; worked out again when a batch changes.

    Without batches everybody sees all cases. With them a reader sees their own, in their own
    order, and who leads, reviews, settles or audits sees all unless cases are assigned to them.
    """

    def __init__(self, view: ProjectView) -> None:
        self._view = view
        self._known = ""
        self._mine: list[str] = []
        self._listed: frozenset[str] = frozenset()
        self._helped: frozenset[str] = frozenset()  # of batches that give suggestions
        self._all = False

    @property
    def holds(self) -> bool:
        """Whether the list is the reader's own; brings it up to date."""
        view = self._view
        stamp = worklist.batches_stamp(view._read)
        if not stamp:
            self._known = ""
            return False
        now = f"{view.reader.id} {view.reader.role.value} {stamp}"
        if now != self._known:
            self._mine = assigned_cases(view._read, view.reader.id)
            self._listed = frozenset(self._mine)
            self._helped = frozenset(_helped_cases(view._read, view.reader.id))
            worklist.fill(view._read, self._mine)
            self._known = now
        return not (self.may_see_all and (self._all or not self._mine))

    @property
    def may_see_all(self) -> bool:
        return self._view.reader.role in SEES_ALL

    def why_no_suggestions(self, case_id: str) -> str:
        """Why a plain reader gets no suggestions of a case, as in their package; "" if they do."""
        if self.may_see_all or not self.holds:
            return ""
        if case_id not in self._listed:
            return "This case is not on your list."
        return "" if case_id in self._helped else "This batch is read without suggestions."

    def show_all(self, on: bool) -> bool:
        """All cases or the assigned ones; whether this reader has the choice."""
        self._all = on
        _ = self.holds
        return bool(self._known) and self.may_see_all and bool(self._mine)


def assigned_cases(connection: Connection, reader_id: str) -> list[str]:
    """A reader's cases of all batches, batch by batch, each in the reader's own order.

    What the reader has begun stays on their list, whatever became of the overlap.
    """
    found: dict[str, None] = {}
    begun = worklist.begun(connection, reader_id).cases
    for batch in batches_in_order(connection):
        if reader_id not in batch.reader_ids:
            continue
        cases = cases_of(connection, batch.id)
        found |= dict.fromkeys(share_out(batch, cases)[reader_id])
        found |= dict.fromkeys(c for c in cases if c in begun)
    return list(found)


def _helped_cases(connection: Connection, reader_id: str) -> Iterator[str]:
    for batch in batches_in_order(connection):
        if batch.suggestions and reader_id in batch.reader_ids:
            yield from cases_of(connection, batch.id)


def batches_in_order(connection: Connection) -> list[Batch]:
    """All batches, oldest first."""
    return sorted(queries.many(connection, Batch), key=lambda b: (b.created_utc, b.id))


def cases_of(connection: Connection, batch_id: str) -> tuple[str, ...]:
    found = queries.maybe(connection, BatchCases, batch_id)
    return found.case_ids if found is not None else ()
