"""Small edits of shapes: keep them on the image, add and remove corners, simplify."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from desktop.domain.geometry import XY, Geometry, Polygon, Polyline, ring_area_px

_EDGE = 1e-6


def lies_inside(geometry: Geometry, rows: int, columns: int) -> bool:
    """Whether the whole shape lies on the image."""
    x0, y0, x1, y1 = geometry.bounds()
    return x0 >= -_EDGE and y0 >= -_EDGE and x1 <= columns + _EDGE and y1 <= rows + _EDGE


def limited_shift(shapes: Sequence[Geometry], dx: float, dy: float, rows: int, columns: int) -> XY:
    """The part of a shift that keeps all shapes on the image."""
    boxes = [shape.bounds() for shape in shapes]
    left, top = min(b[0] for b in boxes), min(b[1] for b in boxes)
    right, bottom = max(b[2] for b in boxes), max(b[3] for b in boxes)
    dx = min(max(dx, min(0.0, -left)), max(0.0, columns - right))
    dy = min(max(dy, min(0.0, -top)), max(0.0, rows - bottom))
    return (dx, dy)


def with_corner(geometry: Geometry, edge: int, at: XY) -> Geometry | None:
    """The shape with a new corner on an edge; None for shapes without free corners.

    ``edge`` counts like ``handles()``: first the outer ring, then the holes.
    """
    if isinstance(geometry, Polyline):
        points = geometry.points
        return Polyline(points=(*points[: edge + 1], at, *points[edge + 1 :]))
    if not isinstance(geometry, Polygon):
        return None
    rings = [geometry.points, *geometry.holes]
    for number, ring in enumerate(rings):
        if edge < len(ring):
            rings[number] = (*ring[: edge + 1], at, *ring[edge + 1 :])
            break
        edge -= len(ring)
    return Polygon(points=rings[0], holes=tuple(rings[1:]))


def without_corner(geometry: Geometry, handle: int) -> Geometry | None:
    """The shape without a corner; None where too few would stay. A hole of three goes whole."""
    if isinstance(geometry, Polyline):
        if len(geometry.points) <= 2:
            return None
        return Polyline(points=_without(geometry.points, handle))
    if not isinstance(geometry, Polygon):
        return None
    rings = [geometry.points, *geometry.holes]
    for number, ring in enumerate(rings):
        if handle < len(ring):
            if len(ring) <= 3 and number == 0:
                return None
            rings[number] = _without(ring, handle) if len(ring) > 3 else ()
            break
        handle -= len(ring)
    return Polygon(points=rings[0], holes=tuple(r for r in rings[1:] if r))


def ring_from(points: Sequence[XY]) -> tuple[XY, ...] | None:
    """A ring without doubled points; None where it encloses less than one pixel."""
    ring: list[XY] = []
    for point in points:
        if not ring or math.dist(ring[-1], point) > 1e-3:
            ring.append(point)
    while len(ring) > 1 and math.dist(ring[0], ring[-1]) <= 1e-3:
        ring.pop()
    if len(ring) < 3 or ring_area_px(tuple(ring)) < 1.0:
        return None
    return tuple(ring)


def simplified(points: Sequence[XY], tolerance: float) -> tuple[XY, ...]:
    """A ring with fewer points, nowhere further than ``tolerance`` pixels from the drawn one."""
    from desktop.imaging.cv import cv2

    if len(points) <= 3:
        return tuple(points)
    corner = np.min(np.asarray(points), axis=0)  # small numbers keep float32 exact enough
    line = (np.asarray(points) - corner).astype(np.float32).reshape(-1, 1, 2)
    kept = cv2.approxPolyDP(line, tolerance, True).reshape(-1, 2).astype(np.float64) + corner
    return tuple((round(float(x), 3), round(float(y), 3)) for x, y in kept)


def straight(start: XY, to: XY) -> XY:
    """``to`` turned onto the nearest of the eight directions from ``start``."""
    dx, dy = to[0] - start[0], to[1] - start[1]
    if abs(dx) > 2.414 * abs(dy):
        return (to[0], start[1])
    if abs(dy) > 2.414 * abs(dx):
        return (start[0], to[1])
    side = min(abs(dx), abs(dy))
    return (start[0] + math.copysign(side, dx), start[1] + math.copysign(side, dy))


def _without(points: tuple[XY, ...], index: int) -> tuple[XY, ...]:
    return (*points[:index], *points[index + 1 :])
