"""Agreement of boxes: overlap tables, pairs, and distances for alpha.

Boxes are (n, 4) floats x0, y0, x1, y1 in px (or (n, 6) with z), x0 <= x1.

Source: H. Rezatofighi et al., Generalized Intersection over Union, CVPR 2019, 658-666.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from desktop.engines.agreement.instances import Matches, match_objects
from desktop.engines.agreement.ratings import Floats


def box_iou(first: npt.ArrayLike, second: npt.ArrayLike) -> Floats:
    """(m, n) intersection over union; 0 where neither box has any area."""
    shared, either, _ = _areas(first, second)
    return np.divide(shared, either, out=np.zeros_like(shared), where=either > 0)


def box_giou(first: npt.ArrayLike, second: npt.ArrayLike) -> Floats:
    """(m, n) generalised IoU in -1..1: less than 0 where boxes lie far apart."""
    shared, either, around = _areas(first, second)
    iou = np.divide(shared, either, out=np.zeros_like(shared), where=either > 0)
    empty = np.divide(around - either, around, out=np.zeros_like(shared), where=around > 0)
    return np.asarray(iou - empty)


def match_boxes(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    threshold: float = 0.5,
    *,
    first_classes: npt.ArrayLike | None = None,
    second_classes: npt.ArrayLike | None = None,
) -> Matches:
    """Pair boxes so that the sum of IoU is the largest; only boxes of one class, if given."""
    overlap = box_iou(first, second)
    if first_classes is not None and second_classes is not None:
        same = np.asarray(first_classes)[:, None] == np.asarray(second_classes)
        overlap = np.where(same, overlap, 0.0)
    return match_objects(overlap, threshold)


def box_distances(boxes: npt.ArrayLike) -> Floats:
    """(m, m) distances 1 - IoU of boxes, for ``alpha_distances``; 0 between equal boxes, even
    such as have no area."""
    table = _checked(boxes)
    made = 1 - box_iou(table, table)
    made[(table[:, None] == table).all(axis=2)] = 0.0
    return made


def _areas(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """(m, n) areas of intersection, union, and the smallest box around both."""
    a, b = _checked(first), _checked(second)
    d = a.shape[1] // 2
    if b.shape[1] != a.shape[1]:
        raise ValueError("boxes must have the same number of dimensions")
    low_a, high_a, low_b, high_b = a[:, None, :d], a[:, None, d:], b[:, :d], b[:, d:]
    sides = np.minimum(high_a, high_b) - np.maximum(low_a, low_b)
    shared = np.prod(np.maximum(sides, 0.0), axis=2)
    either = np.prod(high_a - low_a, axis=2) + np.prod(high_b - low_b, axis=1) - shared
    around = np.prod(np.maximum(high_a, high_b) - np.minimum(low_a, low_b), axis=2)
    return shared, either, around


def _checked(boxes: npt.ArrayLike) -> Floats:
    table = np.asarray(boxes, dtype=np.float64)
    if table.size == 0:
        table = table.reshape(0, table.shape[1] if table.ndim == 2 and table.shape[1] else 4)
    if table.ndim != 2 or table.shape[1] not in (4, 6):
        raise ValueError("boxes must be (n, 4) or (n, 6)")
    d = table.shape[1] // 2
    if not np.isfinite(table).all():
        raise ValueError("a box has a corner without a place")
    if not (table[:, :d] <= table[:, d:]).all():
        raise ValueError("a box must begin before it ends")
    return table
