"""The pixels under a round brush that moves along a line."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from desktop.domain.geometry import XY
from desktop.interaction.tool import Rect

SMALLEST_RADIUS, LARGEST_RADIUS = 0.5, 500.0


def paint_stroke(
    mask_yx: npt.NDArray[np.uint8], start: XY, end: XY, radii: tuple[float, float], value: int
) -> Rect:
    """Set the pixels whose centre is within the brush on its way from ``start`` to ``end``.

    Parameters
    ----------
    mask_yx : (rows, columns) uint8
        Changed in place.
    start, end : (x, y) in image coordinates
    radii : (rx, ry) in image pixels
        They differ where pixels aren't square and the brush is round in mm.
    value : 0 or 1

    Returns
    -------
    Rect
        What may have changed: x0, y0, x1, y1, exclusive end. The pixel under each end is always
        part of the brush, however small it is.
    """
    rows, columns = mask_yx.shape
    rx, ry = radii
    y0 = max(0, math.ceil(min(start[1], end[1]) - ry - 0.5))
    y1 = min(rows, math.floor(max(start[1], end[1]) + ry - 0.5) + 1)
    x0 = max(0, math.ceil(min(start[0], end[0]) - rx - 0.5))
    x1 = min(columns, math.floor(max(start[0], end[0]) + rx - 0.5) + 1)
    if x1 > x0 and y1 > y0:
        left, right = _spans(np.arange(y0, y1) + 0.5, start, end, rx, ry)
        centers = np.arange(x0, x1) + 0.5
        inside = (centers >= left[:, None]) & (centers <= right[:, None])
        np.copyto(mask_yx[y0:y1, x0:x1], np.uint8(value), where=inside)
    else:
        x0 = y0 = x1 = y1 = 0
    for x, y in (start, end):
        column, row = math.floor(x), math.floor(y)
        if 0 <= column < columns and 0 <= row < rows:
            mask_yx[row, column] = value
            if x1 <= x0:
                x0, y0, x1, y1 = column, row, column + 1, row + 1
            x0, y0 = min(x0, column), min(y0, row)
            x1, y1 = max(x1, column + 1), max(y1, row + 1)
    return (x0, y0, x1, y1)


def _spans(
    ys: npt.NDArray[np.float64], start: XY, end: XY, rx: float, ry: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Left and right end of the swept disk on each scan line (it is convex, so there is one span).

    The disk is a circle of radius 1 after dividing x by rx and y by ry.
    """
    v = ys / ry
    ax, ay, bx, by = start[0] / rx, start[1] / ry, end[0] / rx, end[1] / ry
    left = np.full(v.shape, np.inf)
    right = np.full(v.shape, -np.inf)
    for cx, cy in ((ax, ay), (bx, by)):
        half = 1.0 - (v - cy) ** 2
        reach = np.sqrt(np.maximum(half, 0.0))
        left = np.where(half >= 0, np.minimum(left, cx - reach), left)
        right = np.where(half >= 0, np.maximum(right, cx + reach), right)
    length = math.hypot(bx - ax, by - ay)
    if length > 0:
        nx, ny = (ay - by) / length, (bx - ax) / length
        for side in (1.0, -1.0):
            px, py, qx, qy = ax + side * nx, ay + side * ny, bx + side * nx, by + side * ny
            if qy == py:
                on = np.abs(v - py) <= 1e-12
                low, high = np.full(v.shape, min(px, qx)), np.full(v.shape, max(px, qx))
            else:
                t = (v - py) / (qy - py)
                on = (t >= 0) & (t <= 1)
                low = high = px + t * (qx - px)
            left = np.where(on, np.minimum(left, low), left)
            right = np.where(on, np.maximum(right, high), right)
    return left * rx, right * rx


def next_radius(radius: float, direction: int) -> float:
    """The next larger or smaller brush: fine steps for small ones, coarse for large ones."""
    step = 0.5 if radius < 3 else 1.0 if radius < 12 else 2.0 if radius < 30 else 5.0
    if direction < 0 and radius in (3, 12, 30):
        step = {3: 0.5, 12: 1.0, 30: 2.0}[int(radius)]
    return min(LARGEST_RADIUS, max(SMALLEST_RADIUS, round(radius + direction * step, 1)))
