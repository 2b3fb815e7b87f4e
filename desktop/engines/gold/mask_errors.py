"""Which masks should be looked at again: by a model's probabilities, or by their own shape.

Source: V. Lad, J. Mueller, Estimating label quality and errors in semantic segmentation data,
2023 (soft minimum of pixel scores); B. Iglewicz, D. Hoaglin, How to Detect and Handle Outliers,
1993 (modified z score).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from desktop.engines.agreement.instances import connected_components
from desktop.engines.agreement.mask_agreement import union_span
from desktop.engines.agreement.ratings import Floats, Whole

TEMPERATURE = 0.1
REDUCE = 4
OUTLYING = 3.5
_TO_DEVIATION = 1.4826  # median absolute deviation of a normal distribution to its own
_MEAN_TO_DEVIATION = 1.2533  # the same for the mean absolute deviation
FEATURES = ("size", "extent", "fill", "pieces", "elongation")


def mask_quality(
    labels_yx: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    *,
    temperature: float = TEMPERATURE,
    reduce: int = REDUCE,
) -> float:
    """Quality of one label image in 0..1; low is suspect.

    The soft minimum of how probable the model finds each pixel's label: a small badly drawn part
    counts, a single odd pixel does not.

    Parameters
    ----------
    labels_yx : (rows, columns) int
        Class of each pixel.
    probabilities : (classes, rows, columns) float
        Out-of-fold probabilities.
    reduce : int
        Pixels along each axis whose scores are averaged first (1 for none).
    """
    labels = np.asarray(labels_yx)
    p = np.asarray(probabilities)
    if p.ndim != 3 or p.shape[1:] != labels.shape or labels.size == 0:
        raise ValueError("probabilities must be (classes, rows, columns) of the label image")
    if not np.isfinite(p).all():
        raise ValueError("a probability is missing")
    if labels.min() < 0 or labels.max() >= len(p):
        raise ValueError("a label lies outside the classes")
    if temperature <= 0 or reduce < 1:
        raise ValueError("temperature must be positive, and reduce at least 1")
    own = np.take_along_axis(p, labels[None].astype(np.intp), axis=0)[0].astype(np.float64)
    scores = _block_means(own, reduce).ravel()
    weight = np.exp((scores.min() - scores) / temperature)
    return float(scores @ weight / weight.sum())


@dataclass(frozen=True, eq=False)
class RankedMasks:
    """``order``: indices, most suspect first. ``scores``: (n,) in the order of the input."""

    order: Whole
    scores: Floats


def rank_by_quality(
    images: Iterable[tuple[npt.ArrayLike, npt.ArrayLike]],
    *,
    temperature: float = TEMPERATURE,
    reduce: int = REDUCE,
    progress: Callable[[int], None] = lambda done: None,
) -> RankedMasks:
    """Rank (labels, probabilities) of many images; only one image is held at a time."""
    scores = []
    for labels, probabilities in images:
        scores.append(mask_quality(labels, probabilities, temperature=temperature, reduce=reduce))
        progress(len(scores))
    made = np.array(scores, dtype=np.float64)
    return RankedMasks(np.argsort(made, kind="stable"), made)


@dataclass(frozen=True, eq=False)
class ShapeOutliers:
    """Masks unlike the others of their class.

    ``scores``: (n,) largest modified z score of any feature, 0 where everything is usual; NaN for
    an empty mask. ``reasons``: (n,) that feature and its direction in words. ``order``: indices,
    most unusual first, empty masks last. ``outlying``: (n,) above 3.5.
    """

    scores: Floats
    reasons: tuple[str, ...]
    order: Whole
    outlying: npt.NDArray[np.bool_]


def shape_outliers(features: npt.ArrayLike, names: Sequence[str] = FEATURES) -> ShapeOutliers:
    """Rank masks by how unusual their features are; ``features``: (n, f), NaN rows are empty.

    Fewer than five masks say nothing about what is usual: all scores are 0 then.
    """
    table = np.asarray(features, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != len(names):
        raise ValueError("one name for each feature is needed")
    empty = np.asarray(np.isnan(table).any(axis=1))
    z = np.zeros_like(table)
    if (~empty).sum() >= 5:
        z[~empty] = _modified_z(table[~empty])
    largest = np.abs(z).argmax(axis=1) if len(names) and len(z) else np.zeros(len(z), np.intp)
    top = z[np.arange(len(z)), largest]
    scores = np.where(empty, np.nan, np.abs(top))
    reasons = tuple(
        "empty" if gone else f"{names[k]}: unusually {'high' if v > 0 else 'low'}" if v else ""
        for gone, k, v in zip(empty, largest, top, strict=True)
    )
    order = np.argsort(np.where(empty, np.inf, -scores), kind="stable")
    return ShapeOutliers(scores, reasons, order, np.nan_to_num(scores) > OUTLYING)


def shape_features(mask: npt.ArrayLike, spacing_mm: Sequence[float]) -> Floats:
    """(5,) features of one bool mask, as ``FEATURES``; NaN for an empty one.

    Size and extent are logarithms of mm² or mm³ and of mm (diagonal of the bounding block), fill
    is the share of that block, pieces the logarithm of the number of components, elongation the
    logarithm of the ratio of the longest to the shortest axis of the scatter.
    """
    voxels = np.asarray(mask, dtype=np.bool_)
    spacing = np.asarray(spacing_mm, dtype=np.float64)
    if spacing.shape != (voxels.ndim,) or not (spacing > 0).all():
        raise ValueError("a positive spacing in mm is needed for each axis")
    part = voxels[union_span(voxels)]
    if part.size == 0:
        return np.full(len(FEATURES), np.nan)
    sides = np.array(part.shape) * spacing
    size = np.count_nonzero(part) * float(spacing.prod())
    places = np.argwhere(part) * spacing
    # A voxel has a width of its own, so that a single row of voxels is not infinitely thin.
    scatter = np.cov(places.T, bias=True) + np.diag(spacing**2 / 12)
    spread = np.linalg.eigvalsh(np.atleast_2d(scatter))
    return np.array(
        [
            np.log(size),
            np.log(np.linalg.norm(sides)),
            size / sides.prod(),
            np.log(connected_components(part).max()),
            0.5 * np.log(spread[-1] / spread[0]),
        ]
    )


def _modified_z(table: Floats) -> Floats:
    """Distance from the median in robust standard deviations, by column; 0 if nothing varies."""
    apart = table - np.median(table, axis=0)
    spread = _TO_DEVIATION * np.median(np.abs(apart), axis=0)
    # Where more than half are the same, the median deviation is 0: the mean one takes over.
    spread = np.where(spread > 0, spread, _MEAN_TO_DEVIATION * np.abs(apart).mean(axis=0))
    return np.divide(apart, spread, out=np.zeros_like(apart), where=spread > 0)


def _block_means(scores: Floats, side: int) -> Floats:
    """Means of side x side blocks; those at the lower and right border may be smaller."""
    if side == 1:
        return scores
    starts = [np.arange(0, n, side) for n in scores.shape]
    sums = np.add.reduceat(np.add.reduceat(scores, starts[0], axis=0), starts[1], axis=1)
    heights, widths = (np.diff(np.append(s, n)) for s, n in zip(starts, scores.shape, strict=True))
    return np.asarray(sums / np.outer(heights, widths))
