"""Training, validation and test by patient: dealt by a seed, and what is kept in training."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop.commands.origin_lock import LABEL_KINDS, is_locked_label, part_of, parts_of_patients
from desktop.commands.split import AssignSplits, Dealt
from desktop.domain.errors import UserError
from desktop.domain.split import Part, is_synthetic
from desktop.domain.study import Case, Study
from desktop.store import queries
from desktop.workspace.origin_watch import Rows

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace


@dataclass(frozen=True)
class DealReport:
    """How many patients each part got, and who had to stay in training and why."""

    counts: dict[Part, int]
    kept_in_training: tuple[str, ...]

    @property
    def sentence(self) -> str:
        said = ", ".join(f"{n} {part.value}" for part, n in self.counts.items())
        return (
            f"{said}. " + " ".join(self.kept_in_training) if self.kept_in_training else f"{said}."
        )


class Splits:
    """Reached as ``workspace.splits``. Dealing is the lead's; the command checks that."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def of_patients(self) -> dict[str, Part]:
        """The part by patient key, where one was dealt; see ``parts_of_patients``."""
        return parts_of_patients(Rows(self._workspace._read))

    def part_of(self, case_id: str) -> Part | None:
        """The part a case counts for; None where nobody dealt."""
        case = self._workspace.case(case_id)
        part = part_of(case, Rows(self._workspace._read))
        if part in (None, Part.TRAIN):
            return part
        patient = queries.one(self._workspace._read, Study, case.study_id).patient_key
        return self.of_patients()[patient]

    def deal(
        self, validation: float = 0.15, test: float = 0.15, seed: int = 1, again: bool = False
    ) -> DealReport:
        """Deal patients that have no part yet, or all of them ``again``.

        The order is a hash of seed and patient key: the same on every machine, and a patient who
        comes later does not move the others' order. Patients with synthetic images or with labels
        that a machine made stay in training, and the report says so.
        """
        if not (0 <= validation < 1 and 0 <= test < 1 and validation + test < 1):
            raise UserError("The shares of validation and test have to leave some for training.")
        known = {} if again else self.of_patients()
        cases = self._cases_by_patient()
        free = sorted((p for p in cases if p not in known), key=lambda p: _order(seed, p))
        kept = {p: why for p in free if (why := self._why_training(p, cases[p]))}
        fit = [p for p in free if p not in kept]
        total = len(fit)
        n_test, n_validation = round(test * total), round(validation * total)
        dealt = [Dealt(patient_key=p, part=Part.TRAIN) for p in kept]
        for place, patient in enumerate(fit):
            part = Part.TRAIN
            if place < n_test:
                part = Part.TEST
            elif place < n_test + n_validation:
                part = Part.VALIDATION
            dealt.append(Dealt(patient_key=patient, part=part))
        if dealt:
            self._workspace.run(AssignSplits(dealt=tuple(dealt), seed=seed))
        counts = {part: sum(d.part is part for d in dealt) for part in Part}
        return DealReport(counts, tuple(kept.values()))

    def move(self, patient_key: str, part: Part) -> None:
        """Put one patient into a part by hand; OriginLocked where the lock is against it."""
        self._workspace.run(AssignSplits(dealt=(Dealt(patient_key=patient_key, part=part),)))

    def _cases_by_patient(self) -> dict[str, list[Case]]:
        read = self._workspace._read
        patient = {s.id: s.patient_key for s in queries.many(read, Study)}
        found: dict[str, list[Case]] = {}
        for case in queries.many(read, Case, order="position"):
            found.setdefault(patient[case.study_id], []).append(case)
        return found

    def _why_training(self, patient: str, cases: list[Case]) -> str:
        if any(is_synthetic(c) for c in cases):
            return f"{patient} has synthetic images and stays in training."
        read = self._workspace._read
        for case in cases:
            for kind in LABEL_KINDS.values():
                if any(is_locked_label(r) for r in queries.many(read, kind, case_id=case.id)):
                    return (
                        f"{patient} has machine-made labels or suggestions and stays in training."
                    )
        return ""


def _order(seed: int, patient: str) -> str:
    return hashlib.sha256(f"{seed}\x1f{patient}".encode()).hexdigest()
