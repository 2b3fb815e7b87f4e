"""Training, validation and test by patient: dealt by a seed, and what is kept in training."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.commands.origin_lock import part_of, parts_of_patients
from desktop.commands.split import AssignSplits, Dealt
from desktop.domain.errors import AccessProblem, StoreProblem, UserError
from desktop.domain.rule import PICKED
from desktop.domain.site import site_of
from desktop.domain.split import Part, Split, Together, is_synthetic
from desktop.domain.study import Case, Study
from desktop.domain.task import Role
from desktop.store import queries, split_facts
from desktop.workspace.learning.origin_watch import Rows
from desktop.workspace.learning.split_board import PatientLine, SplitBoard, cases_by_label, counted

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

_MADE_UP = "has synthetic images and stays in training."
_MACHINE = "has machine-made labels or suggestions and stays in training."
_DOUBTED = "has cases that rules picked for readers, no random sample, and stays in training."


@dataclass(frozen=True)
class DealReport:
    """How many patients each part got, who had to stay in training and why, and what to know."""

    counts: dict[Part, int]
    kept_in_training: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        said = ", ".join(f"{n} {part.value}" for part, n in self.counts.items())
        return " ".join((f"{said}.", *self.notes, *self.kept_in_training))


@dataclass(frozen=True)
class _Group:
    """Patients that a deal puts into one part. ``site`` "" for a patient dealt alone."""

    name: str
    site: str
    patients: tuple[str, ...]


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

    def board(self) -> SplitBoard:
        """Every patient with the part, how it came about, and what people said, by part; for who
        leads."""
        room = self._workspace
        room.accounts.check_signed_in()
        if room.reader.role is not Role.LEAD:
            raise AccessProblem("Only the lead sees how the patients are split.")
        parts, cases = self.of_patients(), self._cases_by_patient()
        kept = self._kept(cases, parts)
        dealt = {s.patient_key: s for s in queries.many(room._read, Split)}
        lines = tuple(
            PatientLine(
                patient_key=patient,
                part=parts.get(patient),
                cases=tuple(own),
                site=_sites(own),
                seed=dealt[patient].seed if patient in dealt else None,
                group=dealt[patient].group if patient in dealt else "",
                kept=kept.get(patient, ""),
            )
            for patient, own in cases.items()
        )
        return SplitBoard(
            lines, counted(lines, room.schemas(), split_facts.case_labels(room._read))
        )

    def deal(
        self,
        validation: float = 0.15,
        test: float = 0.15,
        seed: int = 1,
        again: bool = False,
        together: Together = Together.PATIENT,
        balanced: bool = False,
    ) -> DealReport:
        """Deal patients that have no part yet, or all of them ``again``.

        The order is a hash of seed and patient key: the same on every machine, and a patient who
        comes later does not move the others' order. Patients with synthetic images or with labels
        that a machine made stay in training, and so do those whose cases rules picked for readers;
        the report says so. Together by site, all
        patients of a site go into one part: one of them that has to stay keeps all there, and a
        new one follows the others. ``balanced``: each part gets its share of every label too, as
        far as they are given by now.
        """
        if not (0 <= validation < 1 and 0 <= test < 1 and validation + test < 1):
            raise UserError("The shares of validation and test have to leave some for training.")
        known = {} if again else self.of_patients()
        cases = self._cases_by_patient()
        groups = sorted(_groups(cases, together), key=lambda g: _order(seed, g.name))
        free, dealt, stay, notes = _settled(groups, known, self._kept(cases, known))
        if balanced:
            into = self._balanced(free, cases, validation, test)
        else:
            into, small = _filled(free, validation, test)
            notes += small
        dealt += [d for group, part in into for d in _into(part, group, group.patients)]
        if dealt:
            self._workspace.run(AssignSplits(dealt=tuple(dealt), seed=seed))
        counts = {part: sum(d.part is part for d in dealt) for part in Part}
        return DealReport(counts, tuple(stay), tuple(notes))

    def move(self, patient_key: str, part: Part) -> None:
        """Put one patient into a part by hand; OriginLocked where the lock is against it."""
        self._workspace.run(AssignSplits(dealt=(Dealt(patient_key=patient_key, part=part),)))

    def write_table(self, path: Path) -> None:
        """The board as CSV, one line per case; an older file of this name is replaced."""
        content = self.board().csv()
        try:
            path.write_bytes(content)
        except OSError as error:
            raise StoreProblem(
                "The table can't be written there.", str(error), "Choose another folder."
            ) from error

    def _cases_by_patient(self) -> dict[str, list[Case]]:
        read = self._workspace._read
        patient = {s.id: s.patient_key for s in queries.many(read, Study)}
        found: dict[str, list[Case]] = {}
        for case in queries.many(read, Case, order="position"):
            found.setdefault(patient[case.study_id], []).append(case)
        return found

    def _balanced(
        self, groups: list[_Group], cases: dict[str, list[Case]], validation: float, test: float
    ) -> list[tuple[_Group, Part]]:
        """Groups with the part that lacks what was said of them."""
        import numpy as np

        from desktop.engines.learning.stratified import stratified

        room = self._workspace
        by_label = cases_by_label(room.schemas(), split_facts.case_labels(room._read))
        place = {c.id: n for n, g in enumerate(groups) for p in g.patients for c in cases[p]}
        counts = np.zeros((len(groups), len(by_label)), dtype=np.int64)
        for column, (_title, ids) in enumerate(by_label):
            np.add.at(counts[:, column], [place[c] for c in ids if c in place], 1)
        shares = {Part.TEST: test, Part.VALIDATION: validation, Part.TRAIN: 1 - validation - test}
        parts = [part for part, share in shares.items() if share > 0]
        sizes = np.array([len(g.patients) for g in groups], dtype=np.int64)
        found = stratified(sizes, counts, [shares[part] for part in parts])
        return [(group, parts[at]) for group, at in zip(groups, found, strict=True)]

    def _kept(self, cases: dict[str, list[Case]], dealt: dict[str, Part]) -> dict[str, str]:
        """Why patients stay in training, by key, for those who do. Who was dealt into another part
        before rules picked a case of theirs is there by chance, and stays there."""
        machine = split_facts.machine_made_cases(self._workspace._read)
        found = {}
        for patient, own in cases.items():
            if any(is_synthetic(c) for c in own):
                found[patient] = _MADE_UP
            elif any(c.id in machine for c in own):
                found[patient] = _MACHINE
            elif any(PICKED in c.tags for c in own) and dealt.get(patient) in (None, Part.TRAIN):
                found[patient] = _DOUBTED
        return found


def _settled(
    groups: Sequence[_Group], known: dict[str, Part], kept: dict[str, str]
) -> tuple[list[_Group], list[Dealt], list[str], list[str]]:
    """Groups that are free to be dealt; what is dealt without a choice, who stays, and notes."""
    free: list[_Group] = []
    dealt: list[Dealt] = []
    stay: list[str] = []
    notes: list[str] = []
    for group in groups:
        new = tuple(p for p in group.patients if p not in known)
        held = [p for p in group.patients if p in kept]
        before = {known[p] for p in group.patients if p in known}
        if not new:
            continue
        if held or len(before) > 1:
            dealt += _into(Part.TRAIN, group, new)
            stay += [f"{p} {kept[p]}" for p in held if p in new]
            if len(before) > 1:
                notes.append(f"{group.name} lies in several parts; its new patients train.")
        elif before:
            dealt += _into(before.pop(), group, new)
        else:
            free.append(group)
    return free, dealt, stay, notes


def _groups(cases: dict[str, list[Case]], together: Together) -> list[_Group]:
    """Patients that stay together; by site, those that share one, over several sites if need be."""
    if together is Together.PATIENT:
        return [_Group(p, "", (p,)) for p in cases]
    sites = {p: sorted({s for c in own if (s := site_of(c.tags))}) for p, own in cases.items()}
    leads: dict[str, str] = {}

    def first(site: str) -> str:
        while leads.get(site, site) != site:
            site = leads[site]
        return site

    for own in sites.values():
        for other in own[1:]:
            leads[first(other)] = first(own[0])
    members: dict[tuple[str, str], list[str]] = {}
    for patient, own in sites.items():
        members.setdefault((first(own[0]), "") if own else ("", patient), []).append(patient)
    found = []
    for (_site, alone), patients in members.items():
        site = " + ".join(sorted({s for p in patients for s in sites[p]}))
        found.append(_Group(site or alone, site, tuple(patients)))
    return found


def _sites(cases: Sequence[Case]) -> str:
    return " + ".join(sorted({site for c in cases if (site := site_of(c.tags))}))


def _into(part: Part, group: _Group, patients: Sequence[str]) -> list[Dealt]:
    return [Dealt(patient_key=p, part=part, group=group.site) for p in patients]


def _filled(
    groups: Sequence[_Group], validation: float, test: float
) -> tuple[list[tuple[_Group, Part]], tuple[str, ...]]:
    """Groups in their order into test, then validation, then training.

    A part takes a group unless it would overshoot the wanted number of patients by more than half
    of the group.
    """
    total = sum(len(g.patients) for g in groups)
    left, found, notes = list(groups), [], []
    for part, share in ((Part.TEST, test), (Part.VALIDATION, validation)):
        wanted, taken, passed = round(share * total), 0, []
        for group in left:
            size = len(group.patients)
            if taken + size / 2 <= wanted and taken < wanted:
                taken += size
                found.append((group, part))
            else:
                passed.append(group)
        if wanted and not taken:
            notes.append(
                f"No group is small enough for {share:.0%} of the patients in {part.value}: "
                "raise the share, or deal by patient."
            )
        left = passed
    return found + [(group, Part.TRAIN) for group in left], tuple(notes)


def _order(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed}\x1f{name}".encode()).hexdigest()
