"""Settling what two machines changed from one base."""

from __future__ import annotations

from desktop.domain.contracts import Command, Transaction
from desktop.domain.kinds import BY_KIND
from desktop.domain.record import from_json


class SettleConflict(Command, frozen=True):
    """Choose the version of a record that stands; ``chosen`` is its JSON, None for deleted.

    The other versions stay in the log.
    """

    case_id: str
    kind: str
    record_id: str
    chosen: str | None

    @property
    def title(self) -> str:
        return f"Settle conflict of {self.kind.replace('_', ' ')}"

    def apply(self, txn: Transaction) -> None:
        record_type = BY_KIND[self.kind]
        chosen = None if self.chosen is None else from_json(self.chosen, record_type)
        txn.settle(record_type, self.record_id, chosen)
