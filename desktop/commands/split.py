"""Dealing patients into training, validation and test."""

from __future__ import annotations

from typing import ClassVar

from desktop.domain.contracts import Command, Transaction
from desktop.domain.record import Value
from desktop.domain.split import Part, Split


class Dealt(Value, frozen=True):
    """One patient's part."""

    patient_key: str
    part: Part
    group: str = ""


class AssignSplits(Command, frozen=True):
    """Say which part patients belong to, as one step of the project. ``seed`` 0: by hand.

    The lock on machine-made labels and synthetic images is checked for every command, so that no
    other way leads around it.
    """

    case_of: ClassVar[str] = ""

    dealt: tuple[Dealt, ...]
    seed: int = 0

    @property
    def title(self) -> str:
        counts = {part: sum(d.part is part for d in self.dealt) for part in Part}
        said = ", ".join(f"{n} {part.value}" for part, n in counts.items() if n)
        return f"Split patients: {said}"

    def apply(self, txn: Transaction) -> None:
        for item in self.dealt:
            txn.put(
                Split(
                    id=Split.id_for(item.patient_key),
                    patient_key=item.patient_key,
                    part=item.part,
                    seed=self.seed,
                    group=item.group,
                )
            )
