"""The origin lock: nothing made up or made by a machine gets into validation or test.

It looks at what a transaction changed, whatever the command was, so undo, imports and commands
that do not exist yet go through the same door. What a merge brings in is looked at with the same
eyes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from desktop.domain.annotation import Annotation, Answer, MaskSlice, Origin
from desktop.domain.errors import UserError
from desktop.domain.event import Change
from desktop.domain.proposal import Proposal
from desktop.domain.record import Record, from_plain
from desktop.domain.schema import AnswerValue
from desktop.domain.split import (
    DERIVED_KEY,
    MACHINE_MADE,
    Part,
    Split,
    is_machine_made,
    is_synthetic,
)
from desktop.domain.study import Case, Study

R = TypeVar("R", bound=Record)


class Looking(Protocol):
    """What the lock needs to see."""

    def maybe(self, record_type: type[R], record_id: str) -> R | None:
        """The record or None."""

    def find(self, record_type: type[R], **equals: str) -> list[R]:
        """Records whose indexed columns equal the values."""


@dataclass(frozen=True)
class Breach:
    """What would get past the lock. ``forged``: a mark that was taken off, which no honest
    command does."""

    kind: str
    record_id: str
    sentence: str
    forged: bool = False


class OriginLocked(UserError):
    """The lock held."""


def check_origins(changes: Iterable[Change], now: Looking) -> None:
    """OriginLocked where these changes would break the lock; then nothing is changed."""
    for breach in breaches(changes, now):
        raise OriginLocked(
            breach.sentence,
            "Validation and test hold only real images with labels that people made.",
            "Leave the patient in training, or draw the label by hand.",
        )


def breaches(changes: Iterable[Change], now: Looking) -> list[Breach]:
    """Everything in these changes that the lock is against, as the tables stand after them."""
    found: list[Breach] = []
    held: _Held | None = None
    for change in changes:
        if change.kind == Case.kind:
            found += _of_case(change, now)
        elif change.after is None:
            continue
        elif change.kind == Split.kind:
            held = held or _Held(now)
            found += held.of_split(from_plain(change.after, Split))
        elif change.kind in LABEL_KINDS:
            found += _of_label(change, now)
    return found


def part_of(case: Case, now: Looking) -> Part | None:
    """The part a case is in; a synthetic one is in training whatever is written elsewhere."""
    if is_synthetic(case):
        return Part.TRAIN
    study = now.maybe(Study, case.study_id)
    split = now.maybe(Split, Split.id_for(study.patient_key)) if study else None
    return split.part if split else None


def is_held_back(case: Case, now: Looking) -> bool:
    """Whether a case is in validation or test."""
    return part_of(case, now) in (Part.VALIDATION, Part.TEST)


def parts_of_patients(now: Looking) -> dict[str, Part]:
    """The part that each dealt patient counts for.

    A patient with synthetic images is in training as a whole, the real ones too, whatever a merged
    split says: what was made from an image may have taught a model about it.
    """
    dealt = {s.patient_key: s.part for s in now.find(Split)}
    if any(part is not Part.TRAIN for part in dealt.values()):
        made = {c.study_id for c in now.find(Case) if is_synthetic(c)}
        patients = {s.patient_key for s in now.find(Study) if s.id in made} if made else set()
        dealt |= dict.fromkeys(patients & dealt.keys(), Part.TRAIN)
    return dealt


LABEL_KINDS: dict[str, type[Annotation | Answer | MaskSlice | Proposal]] = {
    t.kind: t for t in (Annotation, Answer, MaskSlice, Proposal)
}


def is_locked_label(record: Annotation | Answer | MaskSlice | Proposal) -> bool:
    """Whether a label was made by a machine or descends from what a machine made."""
    return bool(lock_mark(record))


def lock_mark(record: Annotation | Answer | MaskSlice | Proposal) -> str:
    """Which machine-made origin a label has or descends from, "" for one of people alone."""
    if isinstance(record, Answer) and record.derived_from:
        return record.derived_from
    provenance = getattr(record, "provenance", None)
    if not is_machine_made(record.origin, provenance):
        return ""
    if record.origin in MACHINE_MADE:
        return record.origin.value
    detail = provenance.detail if provenance is not None else {}
    return detail.get(DERIVED_KEY) or Origin.MODEL.value


def derived_answer(sources: Iterable[Answer], value: AnswerValue) -> str:
    """The mark of an answer that is taken from others: none where any person gave it themself."""
    marks = [lock_mark(answer) for answer in sources if answer.value == value]
    return marks[0] if marks and all(marks) else ""


def derived_region(sources: Iterable[Annotation | MaskSlice]) -> str:
    """The mark of pixels or shapes that are taken from others: any of a machine's leaves it."""
    return next((mark for one in sources if (mark := lock_mark(one))), "")


def _of_label(change: Change, now: Looking) -> list[Breach]:
    assert change.after is not None
    record = from_plain(change.after, LABEL_KINDS[change.kind])
    if not is_locked_label(record):
        return []
    case = now.maybe(Case, record.case_id)
    if case is None or not is_held_back(case, now):
        return []
    part = part_of(case, now)
    assert part is not None
    what = "A suggestion" if change.kind == Proposal.kind else "A label"
    sentence = f"{what} of origin {_origin_words(record)} can't enter the {part.value} set."
    return [Breach(change.kind, change.id, f"{sentence} Case {case.title}.")]


def _of_case(change: Change, now: Looking) -> list[Breach]:
    before = from_plain(change.before, Case) if change.before is not None else None
    after = from_plain(change.after, Case) if change.after is not None else None
    if after is None:
        return []
    if before is not None and is_synthetic(before) and not is_synthetic(after):
        sentence = f"The mark “synthetic” can't be taken off. Case {after.title}."
        return [Breach(change.kind, change.id, sentence, forged=True)]
    study = now.maybe(Study, after.study_id)
    split = now.maybe(Split, Split.id_for(study.patient_key)) if study else None
    if is_synthetic(after) and split is not None and split.part is not Part.TRAIN:
        sentence = f"Synthetic images can't enter the {split.part.value} set. Case {after.title}."
        return [Breach(change.kind, change.id, sentence)]
    return []


class _Held:
    """Patients with their cases, looked up once for a command that deals many."""

    def __init__(self, now: Looking) -> None:
        self._now = now
        patient = {s.id: s.patient_key for s in now.find(Study)}
        self._cases: dict[str, list[Case]] = {}
        for case in now.find(Case):
            self._cases.setdefault(patient.get(case.study_id, ""), []).append(case)

    def of_split(self, split: Split) -> list[Breach]:
        if split.part is Part.TRAIN:
            return []
        who = f"Patient {split.patient_key}"
        for case in self._cases.get(split.patient_key, []):
            if is_synthetic(case):
                sentence = f"{who} has synthetic images and can't enter the {split.part.value} set."
                return [Breach(Split.kind, split.id, sentence)]
            for kind in LABEL_KINDS.values():
                for record in self._now.find(kind, case_id=case.id):
                    if is_locked_label(record):
                        sentence = (
                            f"{who} has a {_noun(record)} of origin {_origin_words(record)} and "
                            f"can't enter the {split.part.value} set."
                        )
                        return [Breach(Split.kind, split.id, sentence)]
        return []


def _origin_words(record: Annotation | Answer | MaskSlice | Proposal) -> str:
    origin, mark = record.origin.value, lock_mark(record)
    taken = record.origin in (Origin.ADJUDICATED, Origin.CONSENSUS)
    return f"“{origin}”, taken over from “{mark}”," if taken else f"“{origin}”"


def _noun(record: Record) -> str:
    return "suggestion" if isinstance(record, Proposal) else "label"
