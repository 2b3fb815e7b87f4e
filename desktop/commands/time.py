"""The command that keeps working time."""

from __future__ import annotations

from typing import ClassVar

from desktop.domain.contracts import Command, Transaction
from desktop.domain.errors import UserError
from desktop.domain.time_span import TimeSpan


class RecordTime(Command, frozen=True):
    """Add stretches of the acting reader's working time; no step for undo."""

    case_of: ClassVar[str] = ""
    is_undoable: ClassVar[bool] = False

    spans: tuple[TimeSpan, ...]

    @property
    def title(self) -> str:
        return "Keep working time"

    def apply(self, txn: Transaction) -> None:
        for span in self.spans:
            if span.reader_id != txn.reader_id or span.seconds < 0:
                raise UserError("This working time is not the reader's own.")
            if txn.maybe(TimeSpan, span.id) is not None:
                raise UserError("This working time was kept already.")
            txn.put(span)
