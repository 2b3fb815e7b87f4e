"""Matters: what the readers of a case said about one question or one finding, side by side."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import SequenceMatcher

import numpy as np

from desktop.domain.adjudication import Adjudication, Source, answer_source, region_source
from desktop.domain.annotation import Annotation, Answer, MaskSlice, Target
from desktop.domain.geometry import Mask
from desktop.domain.record import stable_id
from desktop.domain.schema import AnswerValue, Question, QuestionKind, Scope
from desktop.domain.study import FrameRef
from desktop.engines.agreement.region_groups import (
    Mark,
    agrees,
    distances,
    group_marks,
    overlap_table,
)
from desktop.workspace.claims.case_claims import CaseClaims, Pixels, counts_as_answered


@dataclass(frozen=True)
class Claim:
    """One reader's say in a matter; without ``record`` the reader said nothing of it."""

    letter: str
    reader_id: str
    record: Annotation | Answer | None = None
    slices: tuple[MaskSlice, ...] = ()
    mark: Mark | None = None

    @property
    def value(self) -> AnswerValue:
        return self.record.value if isinstance(self.record, Answer) else None

    @property
    def region(self) -> Annotation | None:
        return self.record if isinstance(self.record, Annotation) else None


@dataclass(frozen=True)
class Matter:
    """One question or one finding of a case.

    ``disagreement``: mean distance of each two readers, 0 the same, 1 entirely different.
    ``agreed``: nothing to settle. ``frame``: where to look first. ``ruling``: what an adjudicator
    said; ``is_stale``: a reader changed what it rests on since.
    """

    case_id: str
    subject: str
    claims: tuple[Claim, ...]
    disagreement: float
    agreed: bool
    question: Question | None = None
    class_id: int = 0
    target: Target = field(default_factory=lambda: Target(scope=Scope.STUDY))
    frame: FrameRef | None = None
    series_id: str = ""
    ruling: Adjudication | None = None
    is_stale: bool = False
    lettered: tuple[str, ...] = ()

    @property
    def is_question(self) -> bool:
        return self.question is not None

    @property
    def is_settled(self) -> bool:
        return self.ruling is not None and not self.is_stale

    @property
    def is_open(self) -> bool:
        """Whether it waits for an adjudicator."""
        return not self.agreed and not self.is_settled

    def claim(self, letter: str) -> Claim | None:
        return next((c for c in self.claims if c.letter == letter), None)

    @property
    def source_ids(self) -> tuple[str, ...]:
        return tuple(sorted(c.record.id for c in self.claims if c.record is not None))


def matters_of(claims: CaseClaims, pixels: Pixels, least: int = 2) -> list[Matter]:
    """All matters of a case: its questions in the schema's order, then its findings."""
    if len(claims.readers) < least or claims.schema is None:
        return []
    return [*_questions(claims), *_findings(claims, pixels)]


# questions -----------------------------------------------------------------------------------


def _questions(claims: CaseClaims) -> list[Matter]:
    assert claims.schema is not None
    asked = {r: claims.asked(r) for r in claims.readers}
    found = []
    for question in claims.schema.case_questions():
        answers = [a for a in claims.answers if a.question_id == question.id]
        answers = [a for a in answers if question.id in asked[a.reader_id]]
        for target in sorted({_key(a.target) for a in answers}):
            here = {a.reader_id: a for a in answers if _key(a.target) == target}
            found.append(_question(claims, question, here, asked))
    return found


def _question(
    claims: CaseClaims, question: Question, here: dict[str, Answer], asked: dict[str, set[str]]
) -> Matter:
    said = tuple(
        Claim(claims.letter(reader), reader, here.get(reader)) for reader in claims.readers
    )
    counted: list[AnswerValue] = [c.value for c in said if c.record is not None]
    if counts_as_answered(question):
        empty: AnswerValue = () if question.kind is QuestionKind.MULTIPLE else None
        silent = [c for c in said if c.record is None and question.id in asked[c.reader_id]]
        counted += [empty] * len(silent)
    apart = [_apart(question, a, b) for i, a in enumerate(counted) for b in counted[i + 1 :]]
    target = next(iter(here.values())).target
    subject = f"question:{question.id}:{_key(target)}"
    ruling, stale = _ruling_of(claims, subject, tuple(answer_source(a) for a in here.values()))
    return Matter(
        case_id=claims.case.id,
        subject=subject,
        claims=said,
        disagreement=float(np.mean(apart)) if apart else 0.0,
        agreed=not any(apart),
        question=question,
        target=target,
        frame=target.frame,
        series_id=target.series_id,
        ruling=ruling,
        is_stale=stale,
        lettered=claims.lettered,
    )


def _apart(question: Question, a: AnswerValue, b: AnswerValue) -> float:
    """How far two answers are apart: numbers by their range, several choices by what they share,
    words by what is left over once they are laid beside each other."""
    if a == b:
        return 0.0
    if question.kind is QuestionKind.TEXT and isinstance(a, str) and isinstance(b, str):
        one, other = _plain_words(a), _plain_words(b)
        return 1 - SequenceMatcher(None, one, other, autojunk=False).ratio()
    numeric = question.kind in (QuestionKind.NUMBER, QuestionKind.RATING)
    if numeric and isinstance(a, (int, float)) and isinstance(b, (int, float)):
        low, high = question.minimum, question.maximum
        if question.kind is QuestionKind.RATING:
            low, high = question.rating_range()
        wide = high - low if low is not None and high is not None else max(abs(a), abs(b))
        return min(1.0, abs(a - b) / wide) if wide > 0 else 1.0
    if question.kind is QuestionKind.MULTIPLE and isinstance(a, tuple) and isinstance(b, tuple):
        if set(a) == set(b):
            return 0.0
        return 1 - len(set(a) & set(b)) / len(set(a) | set(b))
    return 1.0


def _plain_words(text: str) -> list[str]:
    """Words without capitals, spaces and full stops at their ends: those say nothing different."""
    return [w.strip(".,;:!?") for w in text.casefold().split()]


def _key(target: Target) -> str:
    return "/".join(p for p in (target.series_id, target.frame.key if target.frame else "") if p)


# findings ------------------------------------------------------------------------------------


def _findings(claims: CaseClaims, pixels: Pixels) -> list[Matter]:
    regions = [a for a in claims.annotations if a.geometry is not None]
    marks = [pixels.mark(claims, a) for a in regions]
    rater = np.array([m.rater for m in marks], dtype=np.int64)
    groups = group_marks(rater, overlap_table(marks))
    taken: set[str] = set()
    return [_finding(claims, [(regions[i], marks[i]) for i in group], taken) for group in groups]


def _finding(claims: CaseClaims, group: list[tuple[Annotation, Mark]], taken: set[str]) -> Matter:
    marks = [mark for _region, mark in group]
    by_rater = {mark.rater: (region, mark) for region, mark in group}
    said = []
    for place, reader in enumerate(claims.readers):
        region, mark = by_rater.get(place, (None, None))
        parts = claims.slices.get(region.id, ()) if region is not None else ()
        said.append(Claim(claims.letter(reader), reader, region, parts, mark))
    sources = tuple(region_source(r, claims.slices.get(r.id, ())) for r, _m in group)
    subject, ruling, stale = _finding_ruling(claims, sources, taken)
    apart = distances(marks, len(claims.readers))
    everybody = len(group) == len(claims.readers)
    same_answers = len({str(sorted(r.label.attributes.items())) for r, _m in group}) == 1
    alike = all(agrees(a, b) for i, a in enumerate(marks) for b in marks[i + 1 :])
    agreed = everybody and same_answers and alike
    disagreement = float(apart.mean()) if apart.size else 0.0
    if not same_answers:
        disagreement = max(disagreement, 1 / max(1, len(group)))
    frame, series_id = _where(group)
    return Matter(
        case_id=claims.case.id,
        subject=subject,
        claims=tuple(said),
        disagreement=disagreement,
        agreed=agreed,
        class_id=_most_voted([r.label.class_id for r, _m in group]),
        target=group[0][0].target,
        frame=frame,
        series_id=series_id,
        ruling=ruling,
        is_stale=stale,
        lettered=claims.lettered,
    )


def _where(group: list[tuple[Annotation, Mark]]) -> tuple[FrameRef | None, str]:
    """The image on which most pixels are contested, else the one of the first shape."""
    series_id = next((r.target.series_id for r, _m in group if r.target.series_id), "")
    for region, _mark in group:
        if region.target.frame is not None and not isinstance(region.geometry, Mask):
            return region.target.frame, series_id
    contested: dict[str, int] = {}
    for key in sorted({k for _r, m in group for k in m.pieces}):
        sizes = [int(m.pieces[key][0].sum()) if key in m.pieces else 0 for _r, m in group]
        contested[key] = max(sizes) if len(sizes) == 1 else sum(abs(s - min(sizes)) for s in sizes)
    if not contested:
        return None, series_id
    best = max(contested, key=lambda k: (contested[k], k))
    instance_id, _colon, index = best.rpartition(":")
    return FrameRef(instance_id=instance_id, frame_index=int(index)), series_id


def _most_voted(class_ids: list[int]) -> int:
    return max(sorted(set(class_ids)), key=class_ids.count)


# rulings -------------------------------------------------------------------------------------


def _ruling_of(
    claims: CaseClaims, subject: str, sources: tuple[Source, ...]
) -> tuple[Adjudication | None, bool]:
    """The latest ruling about a subject, and whether its sources are others now."""
    found = [r for r in claims.rulings if r.subject == subject]
    if not found:
        return None, False
    latest = max(found, key=lambda r: (r.decided_utc, r.id))
    return latest, _digests(latest.sources) != _digests(sources)


def _finding_ruling(
    claims: CaseClaims, sources: tuple[Source, ...], taken: set[str]
) -> tuple[str, Adjudication | None, bool]:
    """The same for a finding, which keeps its subject while regions come and go."""
    ids = {s.id for s in sources}
    known = [
        r
        for r in claims.rulings
        if not r.question_id and r.subject not in taken and ids & {s.id for s in r.sources}
    ]
    if not known:
        return "finding:" + stable_id(*sorted(ids)), None, False
    latest = max(known, key=lambda r: (r.decided_utc, r.id))
    taken.add(latest.subject)
    return latest.subject, latest, _digests(latest.sources) != _digests(sources)


def _digests(sources: tuple[Source, ...]) -> set[tuple[str, str]]:
    return {(s.id, s.sha256) for s in sources}
