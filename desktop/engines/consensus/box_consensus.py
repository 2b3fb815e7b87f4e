"""Boxes, points and measurements of several raters made into one.

Boxes that mean the same object are grouped, at most one per rater, and averaged. The result does
not depend on the order of raters or boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from desktop.domain.annotation import Annotation
from desktop.domain.errors import UserError
from desktop.domain.geometry import Box
from desktop.engines.votes import NO_LABEL, Floats, Ints

OVERLAP = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """Boxes of one image (or volume) by several raters.

    ``corners`` : (m, 2 d) float64, lower corner then upper corner, d = 2 or 3, in pixels with the
    origin at the outer corner of the first pixel. ``rater`` : (m,) int64 in 0..n_raters-1;
    ``label`` : (m,) int64 class ids. ``n_raters`` counts also those who looked and drew nothing.
    UserError where a box has no size or a rater is not there.
    """

    corners: Floats
    rater: Ints
    label: Ints
    n_raters: int

    def __post_init__(self) -> None:
        corners = np.asarray(self.corners, dtype=np.float64)
        if corners.size == 0:
            corners = corners.reshape(0, corners.shape[1] if corners.ndim == 2 else 4)
        object.__setattr__(self, "corners", corners)
        object.__setattr__(self, "rater", np.asarray(self.rater, dtype=np.int64))
        object.__setattr__(self, "label", np.asarray(self.label, dtype=np.int64))
        if corners.ndim != 2 or corners.shape[1] not in (4, 6):
            raise _problem("A box has a lower and an upper corner in two or three dimensions.")
        if self.rater.shape != (len(corners),) or self.label.shape != (len(corners),):
            raise _problem("Every box needs a rater and a label.")
        d = corners.shape[1] // 2
        if not np.all(np.isfinite(corners)) or np.any(corners[:, d:] <= corners[:, :d]):
            raise _problem("A box has no size.")
        if len(corners) and not 0 <= self.rater.min() <= self.rater.max() < self.n_raters:
            raise _problem("A box belongs to a rater who is not there.")

    @classmethod
    def of_annotations(cls, annotations: Sequence[Annotation], readers: Sequence[str]) -> Boxes:
        """Boxes of one frame, in the order given; ``readers`` are the ids of all who looked.

        UserError where an annotation is not a box or its reader is not listed.
        """
        place = {reader_id: i for i, reader_id in enumerate(readers)}
        corners, who = [], []
        for annotation in annotations:
            match annotation.geometry:
                case Box(x0=x0, y0=y0, x1=x1, y1=y1):
                    corners.append((x0, y0, x1, y1))
                case _:
                    raise _problem("Only boxes can be put together as boxes.")
            if annotation.reader_id not in place:
                raise _problem("A box belongs to a rater who is not there.")
            who.append(place[annotation.reader_id])
        labels = [annotation.label.class_id for annotation in annotations]
        return cls(
            np.array(corners, dtype=np.float64).reshape(-1, 4),
            np.array(who, dtype=np.int64),
            np.array(labels, dtype=np.int64),
            len(readers),
        )


@dataclass(frozen=True, slots=True, eq=False)
class BoxCluster:
    """One object.

    ``corners`` : (2 d,) weighted mean of its boxes. ``members`` : indices of the boxes, sorted.
    ``raters`` : who drew it. ``support`` : share of all raters (of their weights) who did.
    ``overlap`` : mean IoU of the boxes with the mean box. ``spread_px`` : (2 d,) largest distance
    of a side from the mean. ``label`` : most voted class id, -1 where tied; ``label_share`` its
    share of the members' weights.
    """

    corners: Floats
    members: tuple[int, ...]
    raters: tuple[int, ...]
    support: float
    overlap: float
    spread_px: Floats
    label: int
    label_share: float
    tied_labels: tuple[int, ...] = ()


def iou_matrix(a: Floats, b: Floats) -> Floats:
    """(m, n) intersection over union of (m, 2 d) with (n, 2 d) boxes."""
    d = a.shape[1] // 2
    low = np.maximum(a[:, None, :d], b[None, :, :d])
    high = np.minimum(a[:, None, d:], b[None, :, d:])
    shared = np.prod(np.maximum(high - low, 0.0), axis=2)
    sizes = np.prod(a[:, d:] - a[:, :d], axis=1)[:, None] + np.prod(b[:, d:] - b[:, :d], axis=1)
    return np.asarray(shared / (sizes - shared))


def cluster_boxes(
    boxes: Boxes,
    *,
    overlap: float = OVERLAP,
    per_label: bool = False,
    weights: npt.ArrayLike | None = None,
) -> list[BoxCluster]:
    """Group the boxes of several raters into objects, best supported first.

    Pairs of boxes are taken from the best overlap down; their groups become one where no rater
    would have two boxes in it and the groups' mean boxes overlap as well. A box that nobody else
    drew is a group of its own with low support: to be judged, not thrown away.

    Parameters
    ----------
    overlap : smallest IoU of two boxes of one object, in (0, 1].
    per_label : whether boxes of different labels are different objects; otherwise the group
        votes on the label.
    weights : (n_raters,) trust in each rater; None for 1.

    Source: the averaging of weighted boxes fusion, Solovyev et al. 2021, Image and Vision
    Computing 107, doi:10.1016/j.imavis.2021.104117, with one box per rater.
    """
    if not 0 < overlap <= 1:
        raise _problem("The overlap must lie between 0 and 1.")
    weight = np.ones(boxes.n_raters) if weights is None else np.asarray(weights, dtype=np.float64)
    if weight.shape != (boxes.n_raters,) or np.any(weight < 0) or not weight.sum() > 0:
        raise _problem("Each rater needs a weight of zero or more.")
    groups: dict[int, tuple[int, ...]] = {i: (i,) for i in range(len(boxes.corners))}
    home = list(range(len(boxes.corners)))
    for i, j in _pairs(boxes, overlap, per_label):
        a, b = home[i], home[j]
        if a == b or not _fit_together(boxes, weight, groups[a], groups[b], overlap):
            continue
        groups[a] = groups[a] + groups.pop(b)
        for k in groups[a]:
            home[k] = a
    found = [_describe(boxes, weight, tuple(sorted(members))) for members in groups.values()]
    return sorted(found, key=lambda c: (-c.support, -c.overlap, *c.corners.tolist(), c.label))


def _pairs(boxes: Boxes, overlap: float, per_label: bool) -> list[tuple[int, int]]:
    """Pairs by different raters that overlap enough, best first; equal ones by where they lie."""
    corners, found = boxes.corners, []
    d = corners.shape[1] // 2
    order = np.argsort(corners[:, 0], kind="stable")
    starts = corners[order, 0]
    for place, i in enumerate(order.tolist()):
        # Only boxes that begin before this one ends can overlap it.
        others = order[place + 1 : int(np.searchsorted(starts, corners[i, d]))]
        others = others[boxes.rater[others] != boxes.rater[i]]
        if per_label:
            others = others[boxes.label[others] == boxes.label[i]]
        values = iou_matrix(corners[i : i + 1], corners[others])[0]
        for j, value in zip(others.tolist(), values.tolist(), strict=True):
            if value >= overlap:
                one, two = sorted((_place(boxes, i), _place(boxes, j)))
                # Rounded: the last bits of an overlap depend on which box comes first.
                found.append((-round(value, 12), one, two, i, j))
    found.sort(key=lambda entry: entry[:3])
    return [(entry[3], entry[4]) for entry in found]


def _place(boxes: Boxes, index: int) -> tuple[float, ...]:
    return (*boxes.corners[index].tolist(), float(boxes.label[index]))


def _fit_together(
    boxes: Boxes, weight: Floats, a: tuple[int, ...], b: tuple[int, ...], overlap: float
) -> bool:
    if set(boxes.rater[list(a)].tolist()) & set(boxes.rater[list(b)].tolist()):
        return False
    means = [_mean(boxes, weight, members)[None] for members in (a, b)]
    return bool(iou_matrix(means[0], means[1])[0, 0] >= overlap)


def _mean(boxes: Boxes, weight: Floats, members: tuple[int, ...]) -> Floats:
    each = weight[boxes.rater[list(members)]]
    if each.sum() <= 0:
        each = np.ones(len(members))
    return np.asarray(np.average(boxes.corners[list(members)], axis=0, weights=each))


def _describe(boxes: Boxes, weight: Floats, members: tuple[int, ...]) -> BoxCluster:
    index = list(members)
    corners = _mean(boxes, weight, members)
    each = weight[boxes.rater[index]]
    labels = np.unique(boxes.label[index])
    behind = each if each.sum() > 0 else np.ones(len(index))
    votes = np.array([behind[boxes.label[index] == k].sum() for k in labels])
    best = np.flatnonzero(votes >= votes.max() - 1e-9)
    return BoxCluster(
        corners=corners,
        members=members,
        raters=tuple(sorted(boxes.rater[index].tolist())),
        support=float(each.sum() / weight.sum()),
        overlap=float(iou_matrix(corners[None], boxes.corners[index]).mean()),
        spread_px=np.abs(boxes.corners[index] - corners).max(axis=0),
        label=int(labels[best[0]]) if len(best) == 1 else NO_LABEL,
        label_share=float(votes.max() / behind.sum()),
        tied_labels=tuple(labels[best].tolist()) if len(best) > 1 else (),
    )


@dataclass(frozen=True, slots=True, eq=False)
class PointConsensus:
    """``points`` : (p, d) median of each coordinate; ``spread`` : (p,) mean distance of the raters'
    points from it; ``farthest`` : (p,) the largest; ``n`` : (p,) raters who set the point. NaN
    where nobody did. In the unit of the input."""

    points: Floats
    spread: Floats
    farthest: Floats
    n: Ints


def fuse_points(points: Floats) -> PointConsensus:
    """One set of landmarks from several raters'.

    ``points`` : (R, p, d) float64; NaN (or infinite) where a rater did not set a point.
    """
    given = np.asarray(points, dtype=np.float64)
    if given.ndim != 3:
        raise _problem("Points come as raters, points, coordinates.")
    seen = np.asarray(np.isfinite(given).all(axis=2))
    given = np.where(seen[..., None], given, np.nan)
    n = seen.sum(axis=0)
    middle = _nan_median(given)
    distance = np.sqrt(((given - middle) ** 2).sum(axis=2))
    spread = np.where(n > 0, np.nansum(distance, axis=0) / np.maximum(n, 1), np.nan)
    far = np.where(n > 0, np.where(seen, distance, 0.0).max(axis=0, initial=0.0), np.nan)
    return PointConsensus(middle, spread, far, n.astype(np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class MeasureConsensus:
    """``median``, ``lowest``, ``highest``, ``spread`` (median absolute difference from the median)
    : (n,) in the unit of the input, NaN where nobody measured; ``n`` : (n,) readings."""

    median: Floats
    lowest: Floats
    highest: Floats
    spread: Floats
    n: Ints


def fuse_measurements(values: Floats) -> MeasureConsensus:
    """The median of several raters' readings.

    ``values`` : (R, n) float64; NaN where a rater did not measure an item.
    """
    given = np.asarray(values, dtype=np.float64)
    if given.ndim != 2 or np.isinf(given).any():
        raise _problem("Measurements come as raters, items, and are finite.")
    n = (~np.isnan(given)).sum(axis=0)
    middle = _nan_median(given)
    low = np.where(np.isnan(given), np.inf, given).min(axis=0, initial=np.inf)
    high = np.where(np.isnan(given), -np.inf, given).max(axis=0, initial=-np.inf)
    return MeasureConsensus(
        middle,
        np.where(n > 0, low, np.nan),
        np.where(n > 0, high, np.nan),
        _nan_median(np.abs(given - middle)),
        n.astype(np.int64),
    )


def _nan_median(values: Floats) -> Floats:
    """Median over the first axis without NaN; NaN (and no warning) where there is nothing."""
    empty = np.isnan(values).all(axis=0)
    if not len(values):
        return np.full(empty.shape, np.nan)
    return np.where(empty, np.nan, np.nanmedian(np.where(empty, 0.0, values), axis=0))


def _problem(detail: str) -> UserError:
    return UserError("These marks can't be put together.", detail)
