"""Masks as run lengths, and shapes as masks.

A mask of one frame is stored as uint32 little-endian run lengths in row-major order, starting with
a (possibly zero) run of background. The digest of a mask is the SHA-256 of these bytes, before
compression, so it doesn't depend on a compressor's version.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from desktop.domain.geometry import XY, Ellipse, Geometry, Mask, Point, Polygon, Polyline

MaskYX = npt.NDArray[np.bool_]


def encode_runs(mask_yx: MaskYX, bounds: tuple[int, int, int, int] | None = None) -> bytes:
    """Run lengths of a (rows, columns) bool mask.

    ``bounds``: x0, y0, x1, y1 (exclusive end) within the mask, outside of which nothing is set;
    then the rest is not looked at.
    """
    mask = np.ascontiguousarray(mask_yx, dtype=np.bool_)
    rows, columns = mask.shape
    y0, y1 = (0, rows) if bounds is None else (bounds[1], bounds[3])
    flat = mask[y0:y1].ravel().view(np.uint8)  # whole rows: a run may go on from one to the next
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + (1 + y0 * columns)
    first, last = (y0 * columns, y1 * columns) if flat.size else (0, 0)
    if first and flat[0]:
        edges = np.concatenate(([first], edges))
    if 0 < last < mask.size and flat[-1]:
        edges = np.concatenate((edges, [last]))
    lengths = np.diff(np.concatenate(([0], edges, [mask.size])))
    if first == 0 and flat.size and flat[0]:
        lengths = np.concatenate(([0], lengths))
    return lengths.astype("<u4").tobytes()


def runs_extent(runs: bytes, rows: int, columns: int) -> tuple[int, tuple[int, int, int, int]]:
    """How many pixels are set, and x0, y0, x1, y1 (exclusive end) around them; zeros for none.

    ValueError where the lengths don't add up.
    """
    lengths = np.frombuffer(runs, dtype="<u4").astype(np.int64)
    ends = np.cumsum(lengths)
    if int(ends[-1] if ends.size else 0) != rows * columns:
        raise ValueError(f"runs cover {int(lengths.sum())} of {rows * columns} pixels")
    set_lengths = lengths[1::2]
    first = (ends[1::2] - set_lengths)[set_lengths > 0]
    last = ends[1::2][set_lengths > 0] - 1
    if first.size == 0:
        return 0, (0, 0, 0, 0)
    y0, y1 = int(first[0]) // columns, int(last[-1]) // columns + 1
    if np.any(first // columns != last // columns):  # on over the end of a row
        x0, x1 = 0, columns
    else:
        x0, x1 = int((first % columns).min()), int((last % columns).max()) + 1
    return int(set_lengths.sum()), (x0, y0, x1, y1)


def decode_runs(runs: bytes, rows: int, columns: int) -> MaskYX:
    """The (rows, columns) bool mask; ValueError where the lengths don't add up."""
    lengths = np.frombuffer(runs, dtype="<u4").astype(np.int64)
    if int(lengths.sum()) != rows * columns:
        raise ValueError(f"runs cover {int(lengths.sum())} of {rows * columns} pixels")
    values = np.zeros(lengths.size, dtype=np.bool_)
    values[1::2] = True
    return np.repeat(values, lengths).reshape(rows, columns)


def runs_digest(runs: bytes) -> str:
    """The content address of a mask: SHA-256 in hexadecimal."""
    return hashlib.sha256(runs).hexdigest()


def mask_bounds(mask_yx: MaskYX) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 (exclusive end) of the set pixels; zeros for an empty mask."""
    ys = np.flatnonzero(_in_words(mask_yx).any(axis=1))
    if ys.size == 0:
        return (0, 0, 0, 0)
    xs = np.flatnonzero(mask_yx[ys[0] : ys[-1] + 1].any(axis=0))
    return (int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1)


def _in_words(mask_yx: MaskYX) -> npt.NDArray[Any]:
    """The same rows in elements of eight pixels where that is possible: eight times fewer."""
    whole = mask_yx.flags.c_contiguous and mask_yx.shape[1] % 8 == 0
    return mask_yx.view(np.uint64) if whole and mask_yx.size else mask_yx


def shape_mask(geometry: Geometry, rows: int, columns: int) -> MaskYX:
    """Pixels whose centre lies inside a closed shape (even-odd rule, holes cut out).

    A Point sets its own pixel; a Polyline has no inside and sets nothing; a Mask raises
    ValueError, because its pixels lie in its slices.
    """
    mask = np.zeros((rows, columns), dtype=np.bool_)
    match geometry:
        case Mask():
            raise ValueError("a Mask has its pixels in MaskSlice records")
        case Polyline():
            return mask
        case Point(x=x, y=y):
            if 0 <= x < columns and 0 <= y < rows:
                mask[int(y), int(x)] = True
            return mask
        case Ellipse():
            return _ellipse_mask(geometry, rows, columns)
        case Polygon(points=points, holes=holes):
            _flip_ring(mask, points)
            for hole in holes:
                cut = np.zeros_like(mask)
                _flip_ring(cut, hole)
                mask &= ~cut
            return mask
        case _:
            _flip_ring(mask, geometry.outline())
            return mask


def _flip_ring(mask_yx: MaskYX, ring: tuple[XY, ...]) -> None:
    """Toggle the pixels whose centre is inside one ring, scan line by scan line."""
    rows, columns = mask_yx.shape
    points = np.asarray(ring, dtype=np.float64)
    if len(points) < 3:
        return
    ends = np.roll(points, -1, axis=0)
    first = max(0, int(np.floor(points[:, 1].min() - 0.5)))
    last = min(rows - 1, int(np.ceil(points[:, 1].max() - 0.5)))
    for row in range(first, last + 1):
        y = row + 0.5
        crosses = (points[:, 1] > y) != (ends[:, 1] > y)
        a, b = points[crosses], ends[crosses]
        xs = np.sort(a[:, 0] + (y - a[:, 1]) * (b[:, 0] - a[:, 0]) / (b[:, 1] - a[:, 1]))
        for left, right in zip(xs[0::2], xs[1::2], strict=True):
            start = max(0, int(np.ceil(left - 0.5)))
            stop = min(columns, int(np.ceil(right - 0.5)))
            if stop > start:
                mask_yx[row, start:stop] ^= True


def _ellipse_mask(ellipse: Ellipse, rows: int, columns: int) -> MaskYX:
    reach = max(ellipse.rx, ellipse.ry) + 1
    x0, x1 = max(0, int(ellipse.cx - reach)), min(columns, int(ellipse.cx + reach) + 1)
    y0, y1 = max(0, int(ellipse.cy - reach)), min(rows, int(ellipse.cy + reach) + 1)
    mask = np.zeros((rows, columns), dtype=np.bool_)
    if x1 <= x0 or y1 <= y0 or ellipse.rx <= 0 or ellipse.ry <= 0:
        return mask
    x = np.arange(x0, x1) + 0.5 - ellipse.cx
    y = (np.arange(y0, y1) + 0.5 - ellipse.cy)[:, None]
    a = np.deg2rad(ellipse.angle_deg)
    u = (x * np.cos(a) + y * np.sin(a)) / ellipse.rx
    v = (-x * np.sin(a) + y * np.cos(a)) / ellipse.ry
    mask[y0:y1, x0:x1] = u * u + v * v < 1.0
    return mask
