"""The few protocols that rooms share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Protocol

import msgspec

from desktop.domain.errors import Cancelled
from desktop.domain.record import R, Record


class Transaction(Protocol):
    """What a command may do. Every put and delete is recorded with its before and after."""

    reader_id: str

    def get(self, record_type: type[R], record_id: str) -> R:
        """The record; ConflictProblem where it is gone."""

    def find(self, record_type: type[R], **equals: str) -> list[R]:
        """Records whose indexed columns equal the values, in a stable order."""

    def maybe(self, record_type: type[R], record_id: str) -> R | None:
        """The record or None."""

    def put(self, record: Record) -> None:
        """Insert or replace."""

    def delete(self, record_type: type[Record], record_id: str) -> None:
        """Delete; ConflictProblem where it is gone."""

    def settle(self, record_type: type[R], record_id: str, chosen: R | None) -> None:
        """End a conflict: ``chosen`` (None: deleted) replaces all versions that stand."""

    def put_runs(self, runs: bytes) -> str:
        """Store a mask's run lengths; returns their digest."""

    def runs(self, digest: str) -> bytes:
        """A mask's run lengths; ConflictProblem where they are missing or damaged."""

    def now_utc(self) -> str:
        """ISO 8601 time of this transaction, UTC."""

    def new_id(self) -> str:
        """A fresh 32-digit id."""


ASIDE = "aside"  # stands for a case in events that belong to no history and no undo


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen request to change the project. It has a title and ``apply``, and no undo method."""

    case_of: ClassVar[str] = "case_id"  # the field that names the case whose history it joins
    is_undoable: ClassVar[bool] = True  # False keeps it out of every undo history
    always_logged: ClassVar[bool] = False  # whether it leaves an event even without a change

    @property
    def title(self) -> str:
        """What the undo menu and the history say, e.g. "Draw box, Nodule"."""
        raise NotImplementedError  # pragma: no cover - each command has its own

    @property
    def case(self) -> str:
        """The case whose history this belongs to; "" for the project's."""
        return str(getattr(self, self.case_of, ""))

    def apply(self, txn: Transaction) -> None:
        raise NotImplementedError  # pragma: no cover - each command has its own


class Progress:
    """How far a job is, and whether the person wants it to stop."""

    def __init__(
        self,
        on_report: Callable[[float, str], None] | None = None,
        on_part: Callable[[Any], None] | None = None,
    ) -> None:
        self._on_report = on_report
        self._on_part = on_part
        self._cancelled = False

    def cancel(self) -> None:
        self._cancelled = True

    @property
    def is_cancelled(self) -> bool:
        return self._cancelled

    def check(self) -> None:
        """Raise Cancelled when the person asked to stop."""
        if self._cancelled:
            raise Cancelled

    def report(self, fraction: float, text: str = "") -> None:
        """Say how far (0..1) and what; raises Cancelled when asked to stop."""
        self.check()
        if self._on_report is not None:
            self._on_report(min(1.0, max(0.0, fraction)), text)

    def hand_over(self, part: Any) -> None:
        """Give out a finished part of the result, so that it is kept whatever comes later."""
        self.check()
        if self._on_part is not None:
            self._on_part(part)

    def over(self, items: Iterable[Any], total: int, text: str = "") -> Iterable[Any]:
        """Iterate and report."""
        for number, item in enumerate(items):
            self.report(number / max(1, total), text)
            yield item
        self.report(1.0, text)
