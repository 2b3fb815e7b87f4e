"""What is known to be true of a case: gold, and over it what an adjudicator ruled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from desktop.domain.adjudication import Adjudication
from desktop.domain.annotation import Annotation, Answer, MaskSlice, Origin
from desktop.domain.gold import GoldCase
from desktop.domain.schema import AnswerValue
from desktop.domain.task import Assignment
from desktop.store import queries
from desktop.store.database import Connection

TrueRegion = tuple[Annotation, tuple[MaskSlice, ...]]  # a region with its painted frames


@dataclass(frozen=True)
class CaseTruth:
    """``answers`` by question id; true ``regions`` by class id, where ``has_regions``."""

    answers: dict[str, AnswerValue] = field(default_factory=dict)
    has_regions: bool = False
    regions: dict[int, list[TrueRegion]] = field(default_factory=dict)
    author_id: str = ""  # whose work became gold: not measured by it


def truth_of(connection: Connection, case_id: str) -> CaseTruth:
    """The truth of one case as far as it is known."""
    adjudicated = [a for a in queries.many(connection, Annotation, case_id=case_id) if _is_truth(a)]
    answers = [a for a in queries.many(connection, Answer, case_id=case_id) if _is_truth(a)]
    rulings = queries.many(connection, Adjudication, case_id=case_id)
    deciders = {r.reader_id for r in rulings}
    nothing = any(
        a.no_finding and a.reader_id in deciders
        for a in queries.many(connection, Assignment, case_id=case_id)
    )
    slices = queries.many(connection, MaskSlice, case_id=case_id) if adjudicated else []
    gold = queries.maybe(connection, GoldCase, GoldCase.id_for(case_id))
    ruled = bool(adjudicated or nothing or any(not r.question_id for r in rulings))
    true: Sequence[Annotation] = adjudicated
    if not ruled and gold is not None and gold.has_regions:
        true, slices = gold.regions, list(gold.slices)
    found: dict[int, list[TrueRegion]] = {}
    for region in true:
        own = tuple(s for s in slices if s.annotation_id == region.id)
        found.setdefault(region.label.class_id, []).append((region, own))
    return CaseTruth(
        answers=(gold.answers if gold else {}) | {a.question_id: a.value for a in answers},
        has_regions=ruled or bool(gold and gold.has_regions),
        regions=found,
        author_id=gold.author_id if gold else "",
    )


def _is_truth(claim: Annotation | Answer) -> bool:
    return claim.origin is Origin.ADJUDICATED
