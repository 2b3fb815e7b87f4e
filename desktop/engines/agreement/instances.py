"""Objects found by two readers: which is which, how many were missed, how many were made up.

Source: A. Kirillov et al., Panoptic Segmentation, CVPR 2019, 9404-9413; H. W. Kuhn, Naval Res.
Logist. Q. 2 (1955) 83-97 (assignment).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from desktop.engines.agreement.mask_agreement import Bools, GridProblem, as_mask
from desktop.engines.agreement.ratings import Floats, Whole

_DENSE_IDS = 1 << 20  # ids below this are counted in a table, not sorted
UNIQUE_ABOVE = 0.5  # an IoU above this can't belong to two partners


class Neighbours(str, Enum):
    """What makes two voxels one object: any touching (8 or 26), or a shared side (4 or 6)."""

    TOUCHING = "touching"
    SIDES = "sides"


class Pairing(str, Enum):
    """How objects are paired: best total overlap (each once), or any overlap at all."""

    ONE_TO_ONE = "one to one"
    ANY_OVERLAP = "any overlap"


def connected_components(
    mask: npt.ArrayLike, neighbours: Neighbours = Neighbours.TOUCHING
) -> Whole:
    """Object ids 1, 2, ... of a bool mask of any dimension; 0 is background."""
    from scipy.ndimage import generate_binary_structure, label

    voxels = as_mask(mask)
    reach = voxels.ndim if neighbours is Neighbours.TOUCHING else 1
    ids, _ = label(voxels, structure=generate_binary_structure(voxels.ndim, reach))
    return np.asarray(ids, dtype=np.int32)


@dataclass(frozen=True, eq=False)
class ObjectOverlaps:
    """Every object of one mask against every object of the other.

    ``first_ids``, ``second_ids``: ids that occur, (m,) and (n,). ``first_sizes``,
    ``second_sizes``: their voxels. ``shared``, ``iou``: (m, n).
    """

    first_ids: Whole
    second_ids: Whole
    first_sizes: Whole
    second_sizes: Whole
    shared: Whole
    iou: Floats


def object_overlaps(first: npt.ArrayLike, second: npt.ArrayLike) -> ObjectOverlaps:
    """Overlaps of two id images of the same shape; 0 is background.

    Raises
    ------
    GridProblem
        The shapes differ.
    ValueError
        Negative ids, or numbers that are not whole.
    """
    a, b = _whole(first), _whole(second)
    if a.shape != b.shape:
        raise GridProblem(
            "These objects can't be compared.", "They don't lie on the same grid of pixels."
        )
    if a.size and (a.min() < 0 or b.min() < 0):
        raise ValueError("ids must not be negative")
    used = (a != 0) | (b != 0)
    first_ids, in_a = _ranked(a[used])
    second_ids, in_b = _ranked(b[used])
    n = second_ids.size
    joint = np.bincount(in_a * n + in_b, minlength=first_ids.size * n)
    table = joint.reshape(first_ids.size, n)
    objects_a, objects_b = first_ids != 0, second_ids != 0
    sizes_a, sizes_b = table.sum(axis=1)[objects_a], table.sum(axis=0)[objects_b]
    shared = table[np.ix_(objects_a, objects_b)]
    either = sizes_a[:, None] + sizes_b - shared
    iou = shared / np.maximum(either, 1)
    return ObjectOverlaps(
        first_ids[objects_a].astype(np.int64),
        second_ids[objects_b].astype(np.int64),
        sizes_a.astype(np.int64),
        sizes_b.astype(np.int64),
        shared.astype(np.int64),
        np.asarray(iou, dtype=np.float64),
    )


@dataclass(frozen=True, eq=False)
class Matches:
    """Which object is which. ``pairs``: (p, 2) row and column; ``overlap``: (p,) of each pair.

    ``first_alone``, ``second_alone``: rows and columns without a partner.
    """

    pairs: Whole
    overlap: Floats
    first_alone: Whole
    second_alone: Whole

    @property
    def quality(self) -> PanopticQuality:
        """Panoptic quality of these pairs."""
        return PanopticQuality(
            len(self.pairs),
            len(self.second_alone),
            len(self.first_alone),
            float(self.overlap.sum()),
        )


def match_objects(overlap: npt.ArrayLike, threshold: float = UNIQUE_ABOVE) -> Matches:
    """Pair rows with columns of an (m, n) table of overlaps so that their sum is the largest.

    Each object has one partner at most. Only pairs count whose overlap is above the threshold;
    with an IoU above 0.5 no other partner is possible, and no search is needed.
    """
    table = np.asarray(overlap, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError("a table of overlaps is needed")
    good = table > threshold
    single = not ((good.sum(axis=0) > 1).any() or (good.sum(axis=1) > 1).any())
    if single:
        rows, columns = np.nonzero(good)
    else:
        from scipy.optimize import linear_sum_assignment

        rows, columns = linear_sum_assignment(np.where(good, table, 0.0), maximize=True)
        kept = good[rows, columns]
        rows, columns = rows[kept], columns[kept]
    return Matches(
        np.stack([rows, columns], axis=1).astype(np.int64),
        table[rows, columns],
        np.setdiff1d(np.arange(table.shape[0]), rows),
        np.setdiff1d(np.arange(table.shape[1]), columns),
    )


@dataclass(frozen=True)
class PanopticQuality:
    """Segmentation quality (mean IoU of matched objects) times recognition quality (F score).

    The first mask is the reference: ``missed`` are its objects without a partner, ``extra`` those
    of the second. Values are None where there is nothing to divide by: no object at all, or
    (``segmentation``) no match. Add counts over images before taking values.
    """

    matched: int
    extra: int
    missed: int
    iou_sum: float

    def __add__(self, other: PanopticQuality) -> PanopticQuality:
        return PanopticQuality(
            self.matched + other.matched,
            self.extra + other.extra,
            self.missed + other.missed,
            self.iou_sum + other.iou_sum,
        )

    @property
    def segmentation(self) -> float | None:
        return self.iou_sum / self.matched if self.matched else None

    @property
    def recognition(self) -> float | None:
        total = self.matched + (self.extra + self.missed) / 2
        return self.matched / total if total else None

    @property
    def quality(self) -> float | None:
        total = self.matched + (self.extra + self.missed) / 2
        return self.iou_sum / total if total else None


@dataclass(frozen=True)
class Detection:
    """Objects found over a set of images; the first reader or the truth is the reference.

    ``found`` of ``present`` reference objects; ``false`` objects of the second without a partner,
    of ``marked``. Rates are None where there is nothing to divide by.
    """

    images: int
    present: int
    found: int
    marked: int
    false: int

    def __add__(self, other: Detection) -> Detection:
        return Detection(
            self.images + other.images,
            self.present + other.present,
            self.found + other.found,
            self.marked + other.marked,
            self.false + other.false,
        )

    @property
    def sensitivity(self) -> float | None:
        return self.found / self.present if self.present else None

    @property
    def precision(self) -> float | None:
        return (self.marked - self.false) / self.marked if self.marked else None

    @property
    def false_per_image(self) -> float | None:
        return self.false / self.images if self.images else None

    @property
    def f_score(self) -> float | None:
        """Harmonic mean of sensitivity and precision; 0 where only one side marked anything."""
        if self.present == 0 and self.marked == 0:
            return None
        s, p = self.sensitivity or 0.0, self.precision or 0.0
        return 2 * s * p / (s + p) if s + p else 0.0


def detection(
    overlap: npt.ArrayLike, threshold: float = 0.0, pairing: Pairing = Pairing.ONE_TO_ONE
) -> Detection:
    """Score one image from its (m, n) table of overlaps; add up the scores of many images.

    With ``ANY_OVERLAP`` one mark may find several objects, and several marks the same one (as is
    usual for lesions); with ``ONE_TO_ONE`` a second mark on the same object is false.
    """
    table = np.asarray(overlap, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError("a table of overlaps is needed")
    m, n = table.shape
    if pairing is Pairing.ANY_OVERLAP:
        hit = table > threshold
        return Detection(1, m, int(hit.any(axis=1).sum()), n, int((~hit.any(axis=0)).sum()))
    matched = len(match_objects(table, threshold).pairs)
    return Detection(1, m, matched, n, n - matched)


def lesion_detection(
    pairs: Sequence[tuple[Bools, Bools]],
    *,
    threshold: float = 0.0,
    pairing: Pairing = Pairing.ANY_OVERLAP,
    neighbours: Neighbours = Neighbours.TOUCHING,
) -> Detection:
    """Lesion-wise score over (reference, other) masks of many images; threshold is of the IoU."""
    total = Detection(0, 0, 0, 0, 0)
    for first, second in pairs:
        ids_a = connected_components(first, neighbours)
        ids_b = connected_components(second, neighbours)
        total += detection(object_overlaps(ids_a, ids_b).iou, threshold, pairing)
    return total


def _whole(ids: npt.ArrayLike) -> npt.NDArray[Any]:
    """Ids as whole numbers; floats are taken where they are whole."""
    array = np.asarray(ids)
    if array.dtype.kind in "iub":
        return array.astype(np.uint8) if array.dtype.kind == "b" else array
    whole = array.astype(np.int64) if np.isfinite(array).all() else None
    if whole is None or not np.array_equal(whole, array):
        raise ValueError("ids must be whole numbers")
    return whole


def _ranked(ids: npt.NDArray[Any]) -> tuple[Whole, Whole]:
    """Ids that occur, sorted, and the rank of each voxel's id among them."""
    if ids.size and ids.max() < _DENSE_IDS:
        seen = np.flatnonzero(np.bincount(ids))
        rank = np.zeros(int(seen[-1]) + 1, dtype=np.int64)
        rank[seen] = np.arange(seen.size)
        return seen, rank[ids]
    seen, rank = np.unique(ids, return_inverse=True)
    return seen.astype(np.int64), rank.ravel().astype(np.int64)
