"""How much two masks share: Dice, IoU, sizes, with the empty cases by name.

Source: L. R. Dice, Ecology 26 (1945) 297-302; P. Jaccard, New Phytol. 11 (1912) 37-50. What to do
with empty masks: L. Maier-Hein et al., Nat. Methods 21 (2024) 195-212 (Metrics reloaded).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from desktop.domain.errors import UserError
from desktop.engines.agreement.ratings import Floats

Bools = npt.NDArray[np.bool_]


class GridProblem(UserError):
    """Two masks that don't lie on the same grid."""


class Presence(str, Enum):
    """Which of the two masks has anything in it."""

    BOTH = "both"
    ONLY_FIRST = "only the first"
    ONLY_SECOND = "only the second"
    NEITHER = "neither"


@dataclass(frozen=True)
class MaskOverlap:
    """Shared and own voxels of two masks.

    ``dice`` and ``iou`` are None where both masks are empty: agreement on nothing is not an
    overlap of 1, and has to be counted apart. Where one is empty they are 0. ``sensitivity``:
    share of the first mask found by the second; ``precision``: share of the second that lies in
    the first; None where the mask to divide by is empty. ``size_ratio``: second over first.
    """

    presence: Presence
    first: int
    second: int
    shared: int

    @property
    def dice(self) -> float | None:
        both = self.first + self.second
        return 2 * self.shared / both if both else None

    @property
    def iou(self) -> float | None:
        either = self.first + self.second - self.shared
        return self.shared / either if either else None

    @property
    def sensitivity(self) -> float | None:
        return self.shared / self.first if self.first else None

    @property
    def precision(self) -> float | None:
        return self.shared / self.second if self.second else None

    @property
    def size_ratio(self) -> float | None:
        return self.second / self.first if self.first else None


def mask_overlap(first: npt.ArrayLike, second: npt.ArrayLike) -> MaskOverlap:
    """Overlap of two bool masks of the same shape, 2-D or 3-D.

    Raises
    ------
    GridProblem
        The shapes differ.
    """
    a, b = checked_pair(first, second)
    of_a, of_b = int(np.count_nonzero(a)), int(np.count_nonzero(b))
    shared = int(np.count_nonzero(a & b)) if of_a and of_b else 0
    return MaskOverlap(presence_of(of_a, of_b), of_a, of_b, shared)


@dataclass(frozen=True, eq=False)
class ManyOverlaps:
    """Overlaps of each two of r masks of one case.

    ``dice``, ``iou``: (r, r), NaN where both are empty, 1 on the diagonal of masks that aren't.
    ``sizes``: (r,) voxels.
    """

    dice: Floats
    iou: Floats
    sizes: npt.NDArray[np.int64]


def all_overlaps(masks: Sequence[npt.ArrayLike]) -> ManyOverlaps:
    """Overlaps of every two of r masks on one grid; looks at the union of all masks only."""
    stack = [as_mask(mask) for mask in masks]
    if len({mask.shape for mask in stack}) > 1:
        raise _grid_problem()
    if stack:
        part = union_span(*stack)
        stack = [np.ascontiguousarray(mask[part]) for mask in stack]
    r = len(stack)
    shared = np.zeros((r, r))
    for a in range(r):
        for b in range(a, r):
            shared[a, b] = shared[b, a] = np.count_nonzero(stack[a] & stack[b])
    sizes = np.diag(shared)
    with np.errstate(divide="ignore", invalid="ignore"):
        both = sizes[:, None] + sizes
        return ManyOverlaps(2 * shared / both, shared / (both - shared), sizes.astype(np.int64))


@dataclass(frozen=True)
class Summary:
    """Distribution of a metric over cases, with those that have no number counted apart.

    ``undefined``: cases without a number (both masks empty). ``infinite``: cases with an infinite
    distance (one mask empty). Neither enters mean, median or quartiles, which are None without
    any number left.
    """

    n: int
    undefined: int
    infinite: int
    mean: float | None
    median: float | None
    low_quartile: float | None
    high_quartile: float | None


def summarise(values: Sequence[float | None]) -> Summary:
    """Summary of a metric over cases; None and NaN are undefined."""
    numbers = np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    undefined, infinite = int(np.isnan(numbers).sum()), int(np.isinf(numbers).sum())
    usable = numbers[np.isfinite(numbers)]
    if usable.size == 0:
        return Summary(0, undefined, infinite, None, None, None, None)
    low, middle, high = (float(v) for v in np.quantile(usable, [0.25, 0.5, 0.75]))
    return Summary(usable.size, undefined, infinite, float(usable.mean()), middle, low, high)


def as_mask(mask: npt.ArrayLike) -> Bools:
    """As bool: everything but 0 is set. ValueError for NaN, which is neither."""
    array = np.asarray(mask)
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise ValueError("a mask has pixels without a value")
    return np.asarray(array, dtype=np.bool_)


def checked_pair(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[Bools, Bools]:
    """Both as bool arrays of the same shape; GridProblem where it differs."""
    a, b = as_mask(first), as_mask(second)
    if a.shape != b.shape:
        raise _grid_problem()
    return a, b


def presence_of(first: int, second: int) -> Presence:
    """From the numbers of voxels."""
    if first and second:
        return Presence.BOTH
    if first:
        return Presence.ONLY_FIRST
    return Presence.ONLY_SECOND if second else Presence.NEITHER


def union_span(*masks: Bools) -> tuple[slice, ...]:
    """Smallest block that holds all set voxels of all masks; empty slices if there is none."""
    ndim = masks[0].ndim
    spans: list[slice] = []
    parts = list(masks)
    for axis in range(ndim):
        rest = tuple(k for k in range(ndim) if k != axis)
        hit = np.zeros(parts[0].shape[axis], dtype=np.bool_)
        for part in parts:
            hit |= part.any(axis=rest)
        where = np.flatnonzero(hit)
        span = slice(int(where[0]), int(where[-1]) + 1) if where.size else slice(0, 0)
        spans.append(span)
        # Cutting at once makes the look along the next axis cheaper.
        cut = tuple(span if k == axis else slice(None) for k in range(ndim))
        parts = [part[cut] for part in parts]
    return tuple(spans)


def _grid_problem() -> GridProblem:
    return GridProblem(
        "These masks can't be compared.",
        "They don't lie on the same grid of pixels.",
        "Compare annotations of the same series, or bring them to one grid first.",
    )
