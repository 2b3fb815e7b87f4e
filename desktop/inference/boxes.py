"""Boxes out of a detector's numbers, and the suppression of doubles.

Source: J. Redmon et al., CVPR 2016 (boxes by centre and size); N. Bodla et al., ICCV 2017,
algorithm 1, left column (greedy non-maximum suppression).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from desktop.domain.errors import ModelProblem

Floats = npt.NDArray[np.float32]
FORMS = ("yolo", "yolo-objectness", "boxes")


@dataclass(frozen=True)
class FoundBox:
    """Corners in image pixels, the model's class, and its score in 0..1."""

    x0: float
    y0: float
    x1: float
    y1: float
    index: int
    score: float


def boxes_of(
    output: np.ndarray,
    form: str,
    scale: tuple[float, float],
    size: tuple[int, int],
    threshold: float,
    overlap_limit: float,
    classes_known: int = 1,
) -> list[FoundBox]:
    """Boxes above the threshold without doubles, the best first.

    Parameters
    ----------
    output : one image's numbers, (1, n, k) or (1, k, n)
    scale : model pixels per image pixel along x and y
    size : (rows, columns) of the image; boxes are cut at its edge
    classes_known : classes that k has at least; it tells k from n
    """
    table = _rows(output, form, classes_known)
    if form == "boxes":
        corners, scores, classes = table[:, :4], table[:, 4], table[:, 5].astype(int)
    else:
        chances = table[:, 5:] * table[:, 4:5] if form == "yolo-objectness" else table[:, 4:]
        classes = chances.argmax(axis=1)
        scores = chances[np.arange(len(table)), classes]
        half = table[:, 2:4] / 2
        corners = np.concatenate([table[:, :2] - half, table[:, :2] + half], axis=1)
    rows, columns = size
    steps = np.array([scale[0], scale[1], scale[0], scale[1]], np.float32)
    corners = np.asarray(corners / steps, np.float32)
    most = np.array([columns, rows, columns, rows], np.float32)
    corners = np.asarray(np.clip(corners, 0, most), np.float32)
    sides = corners[:, 2:] - corners[:, :2]
    good = (scores >= threshold) & (sides >= 1).all(axis=1)
    kept = suppressed(corners[good], scores[good], classes[good], overlap_limit)
    found = []
    for k in kept:
        x0, y0, x1, y1 = (float(v) for v in corners[good][k])
        score = float(min(1.0, scores[good][k]))
        found.append(FoundBox(x0, y0, x1, y1, int(classes[good][k]), score))
    return found


def suppressed(
    corners: Floats, scores: Floats, classes: npt.NDArray[np.int64], limit: float
) -> list[int]:
    """Indices of the boxes that stay, the best first; doubles are looked for within a class."""
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while order.size:
        best, order = int(order[0]), order[1:]
        kept.append(best)
        if order.size:
            same = classes[order] == classes[best]
            order = order[~(same & (_overlap(corners[best], corners[order]) > limit))]
    return kept


def _overlap(one: Floats, many: Floats) -> Floats:
    """Intersection over union of one box with many."""
    low, high = np.maximum(one[:2], many[:, :2]), np.minimum(one[2:], many[:, 2:])
    inner = np.clip(high - low, 0, None).prod(axis=1)
    area = (one[2:] - one[:2]).prod()
    other = (many[:, 2:] - many[:, :2]).prod(axis=1)
    return np.asarray(inner / np.maximum(area + other - inner, 1e-9), np.float32)


def _rows(output: np.ndarray, form: str, classes: int) -> Floats:
    """One row per box."""
    table = np.asarray(output, np.float32)
    while table.ndim > 2 and table.shape[0] == 1:
        table = table[0]
    least = {"boxes": 6, "yolo-objectness": 5 + classes}.get(form, 4 + classes)
    if table.ndim == 2:
        first, last = table.shape
        upright = last == least or (last > least and not (first == least or least < first < last))
        if form == "boxes" and last == 6:
            upright = True
        table = table if upright else table.T
    fits = table.ndim == 2 and (table.shape[1] == 6 if form == "boxes" else table.shape[1] >= least)
    if form not in FORMS or not fits:
        given = "×".join(str(n) for n in np.shape(output))
        raise ModelProblem(
            "The detector's output is not what its card says.",
            f"The card says {form or 'nothing'}; the numbers are {given}.",
            f"Known forms are: {', '.join(FORMS)}.",
        )
    return table
