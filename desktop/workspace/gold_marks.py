"""Whether what a reader said of a gold case is the known answer, question by question."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from desktop.domain.annotation import Annotation, Answer, MaskSlice
from desktop.domain.gold import GoldCase
from desktop.domain.runs import MaskYX
from desktop.domain.schema import AnswerValue

REGIONS = "regions"
LEAST_OVERLAP = 0.5  # intersection over union from which two regions are the same


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


def marks_of(gold: GoldCase, work: Work, pixels: Callable[[MaskSlice], MaskYX]) -> list[Mark]:
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


def _pairs(gold: GoldCase, work: Work, pixels: Callable[[MaskSlice], MaskYX]) -> int:
    """How many regions have a partner of the same class that overlaps enough."""
    if not gold.regions or not work.regions:
        return 0
    from desktop.engines.instances import match_objects

    known_parts, said_parts = _by_region(gold.slices), _by_region(work.slices)
    table = np.array(
        [
            [
                _overlap(k, known_parts.get(k.id, ()), s, said_parts.get(s.id, ()), pixels)
                for s in work.regions
            ]
            for k in gold.regions
        ]
    )
    return len(match_objects(table, np.nextafter(LEAST_OVERLAP, 0.0)).pairs)


def _overlap(
    first: Annotation,
    first_parts: Iterable[MaskSlice],
    second: Annotation,
    second_parts: Iterable[MaskSlice],
    pixels: Callable[[MaskSlice], MaskYX],
) -> float:
    """Intersection over union: of the pixels of painted regions, else of the boxes around shapes.

    A point lies on a region or on another point within 5 px.
    """
    if first.label.class_id != second.label.class_id:
        return 0.0
    painted, other = list(first_parts), list(second_parts)
    if painted and other:
        return _mask_overlap(_pixels(painted, pixels), _pixels(other, pixels))
    if painted or other or first.geometry is None or second.geometry is None:
        return 0.0
    if first.target.frame != second.target.frame:
        return 0.0
    boxes = np.array([first.geometry.bounds(), second.geometry.bounds()], dtype=np.float64)
    sizes = boxes[:, 2:] - boxes[:, :2]
    if (sizes.max(axis=1) <= 0).any():
        centres = (boxes[:, :2] + boxes[:, 2:]) / 2
        return float(np.hypot(*(centres[0] - centres[1])) <= 5.0)
    low, high = boxes[:, :2].max(axis=0), boxes[:, 2:].min(axis=0)
    shared = float(np.clip(high - low, 0, None).prod())
    either = float(sizes.prod(axis=1).sum()) - shared
    return shared / either if either > 0 else 0.0


def _mask_overlap(first: Mapping[str, MaskYX], second: Mapping[str, MaskYX]) -> float:
    shared = either = 0
    for frame in first.keys() | second.keys():
        a, b = first.get(frame), second.get(frame)
        if a is None or b is None:
            either += int((a if a is not None else b).sum())  # type: ignore[union-attr]
        elif a.shape == b.shape:
            shared += int((a & b).sum())
            either += int((a | b).sum())
    return shared / either if either else 0.0


def _pixels(parts: Iterable[MaskSlice], pixels: Callable[[MaskSlice], MaskYX]) -> dict[str, MaskYX]:
    return {part.frame.key: pixels(part) for part in parts}


def _by_region(slices: Iterable[MaskSlice]) -> dict[str, list[MaskSlice]]:
    found: dict[str, list[MaskSlice]] = {}
    for part in slices:
        found.setdefault(part.annotation_id, []).append(part)
    return found
