"""Whether what a reader said of a gold case is the known answer, question by question."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from desktop.domain.annotation import Annotation, Answer, MaskSlice
from desktop.domain.gold import GoldCase
from desktop.domain.schema import AnswerValue
from desktop.engines.agreement.region_groups import Mark as RegionMark
from desktop.engines.agreement.region_match import same_place
from desktop.workspace.claims.case_claims import Pixels

REGIONS = "regions"
LEAST_OVERLAP = 0.5  # intersection over union, in pixels, from which two regions are the same


@dataclass(frozen=True)
class Mark:
    """One question of a gold case, or its regions (``question_id`` "regions")."""

    question_id: str
    right: bool
    known: AnswerValue
    said: AnswerValue


@dataclass(frozen=True)
class Work:
    """What one reader left on a case."""

    answers: Sequence[Answer]
    regions: Sequence[Annotation]
    slices: Sequence[MaskSlice]


def marks_of(gold: GoldCase, work: Work, pixels: Pixels) -> list[Mark]:
    """One mark for each question that the known answer answers, and one for the regions."""
    said = {a.question_id: a.value for a in work.answers}
    found = [
        Mark(question_id, same_value(known, said.get(question_id)), known, said.get(question_id))
        for question_id, known in sorted(gold.answers.items())
    ]
    if gold.has_regions:
        known_count, said_count = len(gold.regions), len(work.regions)
        right = known_count == said_count == _pairs(gold, work, pixels)
        found.append(Mark(REGIONS, right, float(known_count), float(said_count)))
    return found


def same_value(known: AnswerValue, said: AnswerValue) -> bool:
    """Equal answers: several choices in any order, numbers up to rounding."""
    if isinstance(known, (tuple, list)) and isinstance(said, (tuple, list)):
        return set(known) == set(said)
    both = (known, said)
    if all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in both):
        return math.isclose(float(known), float(said), rel_tol=1e-9)  # type: ignore[arg-type]
    return type(known) is type(said) and known == said


def _pairs(gold: GoldCase, work: Work, pixels: Pixels) -> int:
    """How many regions have a partner of the same class that overlaps enough."""
    if not gold.regions or not work.regions:
        return 0
    from desktop.engines.agreement.instances import match_objects

    known, said = (
        _marks(gold.regions, gold.slices, pixels),
        _marks(work.regions, work.slices, pixels),
    )
    table = np.array([[same_place(k, s) for s in said] for k in known])
    return len(match_objects(table, np.nextafter(LEAST_OVERLAP, 0.0)).pairs)


def _marks(
    regions: Sequence[Annotation], slices: Sequence[MaskSlice], pixels: Pixels
) -> list[RegionMark]:
    """Regions on the image grid; a shape is filled, a point stays a point."""
    parts: dict[str, list[MaskSlice]] = {}
    for part in slices:
        parts.setdefault(part.annotation_id, []).append(part)
    return [pixels.mark_of(region, parts.get(region.id, ()), 0) for region in regions]
