"""Krippendorff's alpha for anything with a distance: outlines, boxes, structured answers.

What is expected by chance is the mean distance of any two annotations, from whichever items. For
masks and boxes that are compared in image coordinates this is near 1 unless all images show the
object in the same place, so alpha is then close to the mean overlap of two readers.

Source: K. Krippendorff, Content Analysis, 4th ed. 2018, chapter 12 (coincidences by pairs).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from desktop.engines.agreement.agreement_result import (
    Agreement,
    Dropped,
    IntervalAsking,
    counted,
    with_intervals,
)
from desktop.engines.agreement.item_sums import replicates
from desktop.engines.agreement.ratings import Floats, Whole
from desktop.engines.intervals import LEVEL

_SAME = 1e-12


class Overlap(str, Enum):
    """How two regions are compared; the distance is 1 minus this."""

    DICE = "Dice"
    IOU = "IoU"


@dataclass(frozen=True, eq=False)
class DistanceSums:
    """Alpha's sums by unit: distances within units, and between all of them.

    ``within``: (u,) sum over ordered pairs of a unit, divided by its annotations less one.
    ``members``: (u,) annotations. ``between``: (u, u) sums of distances over ordered pairs.
    """

    within: Floats
    members: Floats
    between: Floats

    @property
    def times(self) -> Whole:
        return np.ones(self.within.size, dtype=np.int64)

    @property
    def units(self) -> int:
        return int(self.within.size)

    def observed_expected(self) -> tuple[float, float]:
        n = self.members.sum()
        return float(1 - self.within.sum() / n), float(1 - self.between.sum() / (n * (n - 1)))

    def values(self, times: Floats) -> Floats:
        """(b,) alpha for (b, u) multiplicities; NaN where nothing differs."""
        n = times @ self.members
        apart = ((times @ self.between) * times).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            value = 1 - (n - 1) * (times @ self.within) / apart
        return np.asarray(np.where(apart > _SAME, value, np.nan))

    def influence(self) -> Floats:
        """(u,) derivative of alpha by a unit's multiplicity, centred."""
        n, within, apart = self.members.sum(), self.within.sum(), self.between.sum()
        by_apart = (self.between + self.between.T).sum(axis=1) / apart
        each = -(self.members * within + (n - 1) * (self.within - within * by_apart)) / apart
        return np.asarray(each - each.mean())

    def replicates(self, count: int, seed: int) -> Floats:
        return replicates(self.values, self.times, count, seed)

    def clustered(self, clusters: Whole) -> DistanceSums:
        """The same with whole clusters as units; ``clusters``: (u,) numbers 0, 1, 2 ..."""
        member = np.eye(int(clusters.max()) + 1)[clusters]
        return DistanceSums(
            self.within @ member, self.members @ member, member.T @ self.between @ member
        )


def alpha_of_distances(
    units: npt.ArrayLike,
    distances: npt.ArrayLike,
    *,
    name: str = "Krippendorff's alpha (own distance)",
    clusters: npt.ArrayLike | None = None,
    confidence: float = LEVEL,
    replicates: int = 1000,
    seed: int = 0,
) -> Agreement:
    """Alpha of m annotations with given distances.

    Parameters
    ----------
    units : (m,) labels
        Which item each annotation belongs to. Items with one annotation are left out, and named
        by the index of their annotation.
    distances : (m, m) float in 0..1
        Symmetric, zero on the diagonal.
    clusters : (m,) labels, optional
        What the items belong to, usually the patient.

    Raises
    ------
    ValueError
        Shapes that don't fit, or distances that are not symmetric, lie outside 0..1, or are not 0
        on the diagonal.
    """
    of_unit = np.unique(np.asarray(units), return_inverse=True)[1].ravel()
    d = np.asarray(distances, dtype=np.float64)
    m = of_unit.size
    if d.shape != (m, m):
        raise ValueError("one distance for each two annotations is needed")
    if not np.isfinite(d).all():
        raise ValueError("a distance is missing or infinite")
    if m and not (np.allclose(d, d.T) and (np.diag(d) == 0).all()):
        raise ValueError("distances must be symmetric, and 0 from an annotation to itself")
    if m and (d.min() < 0 or d.max() > 1):
        raise ValueError("distances must lie between 0 and 1")
    keep = np.bincount(of_unit, minlength=0)[of_unit] >= 2
    lone = tuple(np.flatnonzero(~keep).tolist())
    base = Agreement(
        name=name,
        answers=int(keep.sum()),
        items=int(np.unique(of_unit[keep]).size),
        readers=int(np.bincount(of_unit, minlength=1).max()),
        dropped=(Dropped("only one annotation", lone),) if lone else (),
    )
    left = "".join(f" {counted(x.count, 'item')} left out: {x.reason}." for x in base.dropped)
    if base.items == 0:
        return _undefined(base, "No item has two annotations.", left)
    sums = _sums_of(of_unit[keep], d[np.ix_(keep, keep)])
    observed, expected = sums.observed_expected()
    if 1 - expected <= _SAME:
        return _undefined(base, "All annotations are the same.", left)
    if clusters is not None:
        sums = sums.clustered(_cluster_of_units(of_unit[keep], np.asarray(clusters)[keep]))
    base = Agreement(**{**base.__dict__, "observed": observed, "expected": expected})
    what = "items" if clusters is None else "patients"
    told = with_intervals(base, sums, IntervalAsking(confidence, replicates, seed, what))
    note = (
        f"{told.name}: {told.text}. Two annotations of the same item are {1 - observed:.2f} apart "
        f"on average, two of any items {1 - expected:.2f} (0: the same, 1: nothing shared). "
        f"{counted(told.items, 'item')}, {counted(told.answers, 'annotation')}.{left}"
    )
    return Agreement(**{**told.__dict__, "note": note})


def mask_distances(
    masks: Sequence[npt.NDArray[np.bool_]], overlap: Overlap = Overlap.DICE
) -> Floats:
    """(m, m) distances 1 - Dice or 1 - IoU of masks in image coordinates.

    Masks may have different sizes (they share the first pixel), but not dimensions. Two empty
    masks agree (distance 0): both readers say that there is nothing.
    """
    if len({mask.ndim for mask in masks}) > 1:
        raise ValueError("masks must have the same number of dimensions")
    crops = [_crop(np.asarray(mask, dtype=np.bool_)) for mask in masks]
    sizes = [int(np.count_nonzero(crop)) for _, crop in crops]
    m = len(masks)
    made = np.zeros((m, m))
    for a in range(m):
        for b in range(a + 1, m):
            shared, both = _shared(crops[a], crops[b]), sizes[a] + sizes[b]
            most = both if overlap is Overlap.DICE else both - shared
            alike = (2 if overlap is Overlap.DICE else 1) * shared / most if most else 1.0
            made[a, b] = made[b, a] = 1 - alike
    return made


def _undefined(base: Agreement, reason: str, left: str) -> Agreement:
    return Agreement(**{**base.__dict__, "undefined": reason, "note": f"Undefined. {reason}{left}"})


def _sums_of(of_unit: npt.NDArray[Any], distances: Floats) -> DistanceSums:
    """Sums by unit of the (m, m) distances; every unit has two annotations or more."""
    _, unit = np.unique(of_unit, return_inverse=True)
    order = np.argsort(unit, kind="stable")
    start = np.searchsorted(unit[order], np.arange(unit.max() + 1))
    rows = np.add.reduceat(distances[np.ix_(order, order)], start, axis=0)
    between = np.add.reduceat(rows, start, axis=1)
    members = np.bincount(unit).astype(np.float64)
    return DistanceSums(np.diag(between) / (members - 1), members, between)


def _cluster_of_units(of_unit: npt.NDArray[Any], clusters: npt.NDArray[Any]) -> Whole:
    """(u,) cluster number of each unit: that of its first annotation."""
    _, first = np.unique(of_unit, return_index=True)
    return np.unique(clusters[first], return_inverse=True)[1].ravel().astype(np.int64)


Crop: TypeAlias = tuple[tuple[int, ...], npt.NDArray[np.bool_]]


def _crop(mask: npt.NDArray[np.bool_]) -> Crop:
    """First index along each axis and the part that holds all set pixels."""
    spans = []
    for axis in range(mask.ndim):
        rest = tuple(k for k in range(mask.ndim) if k != axis)
        hit = np.flatnonzero(mask.any(axis=rest))
        spans.append((int(hit[0]), int(hit[-1]) + 1) if hit.size else (0, 0))
    return tuple(low for low, _ in spans), mask[tuple(slice(*span) for span in spans)]


def _shared(a: Crop, b: Crop) -> int:
    """Pixels set in both."""
    parts_a, parts_b = [], []
    for low_a, low_b, size_a, size_b in zip(a[0], b[0], a[1].shape, b[1].shape, strict=True):
        low, high = max(low_a, low_b), min(low_a + size_a, low_b + size_b)
        if high <= low:
            return 0
        parts_a.append(slice(low - low_a, high - low_a))
        parts_b.append(slice(low - low_b, high - low_b))
    return int(np.count_nonzero(a[1][tuple(parts_a)] & b[1][tuple(parts_b)]))
