"""What lies under the pointer: handles, outlines, insides, painted pixels."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from desktop.domain.annotation import Annotation
from desktop.domain.geometry import (
    XY,
    Geometry,
    Mask,
    Point,
    Polygon,
    Polyline,
    contains,
)
from desktop.interaction.context import PaintedSlice, ToolContext

REACH_PX = 6.0  # screen pixels that count as "on" an outline
HANDLE_PX = 8.0


class Part(IntEnum):
    """What was hit; a better part sorts first."""

    HANDLE = 0
    EDGE = 1
    INSIDE = 2


@dataclass(frozen=True)
class Hit:
    """``index`` is the handle, or the edge that starts at that point of the outline."""

    annotation_id: str
    part: Part
    index: int = -1
    distance: float = 0.0


def hits(context: ToolContext, at: XY) -> list[Hit]:
    """Everything under the pointer, the best first.

    Outlines come before insides, so that a small region within a large one can be picked; among
    equals the topmost comes first.
    """
    reach = context.screen_px(REACH_PX)
    found: list[tuple[int, int, Hit]] = []
    for order, annotation in enumerate(reversed(context.annotations)):
        if annotation.geometry is None or isinstance(annotation.geometry, Mask):
            continue
        hit = hit_shape(annotation.id, annotation.geometry, at, reach)
        if hit is not None:
            found.append((int(hit.part), order, hit))
    found.extend((int(h.part), n, h) for n, h in enumerate(_painted(context.painted, at), 10_000))
    found.sort(key=lambda item: item[:2])
    return [item[2] for item in found]


def hit_shape(annotation_id: str, geometry: Geometry, at: XY, reach: float) -> Hit | None:
    """How one shape is hit within ``reach`` image pixels, None where it isn't."""
    x0, y0, x1, y1 = geometry.bounds()
    if not (x0 - reach <= at[0] <= x1 + reach and y0 - reach <= at[1] <= y1 + reach):
        return None
    if isinstance(geometry, Point):
        distance = math.dist(at, (geometry.x, geometry.y))
        return Hit(annotation_id, Part.EDGE, 0, distance) if distance <= reach else None
    closed = not isinstance(geometry, Polyline)
    index, distance = nearest_edge(geometry.outline(), at, closed)
    offset = len(geometry.outline())
    inside = closed and contains(geometry.outline(), at)
    for hole in geometry.holes if isinstance(geometry, Polygon) else ():
        edge, gap = nearest_edge(hole, at, True)
        if gap < distance:
            index, distance = offset + edge, gap
        offset += len(hole)
        inside = inside and not contains(hole, at)
    if distance <= reach:
        return Hit(annotation_id, Part.EDGE, index, distance)
    return Hit(annotation_id, Part.INSIDE, -1, distance) if inside else None


def hit_handle(annotation: Annotation, at: XY, context: ToolContext) -> Hit | None:
    """The nearest handle of a region within reach."""
    if annotation.geometry is None:
        return None
    reach = context.screen_px(HANDLE_PX)
    best: Hit | None = None
    for index, handle in enumerate(annotation.geometry.handles()):
        distance = math.dist(at, handle)
        if distance <= reach and (best is None or distance < best.distance):
            best = Hit(annotation.id, Part.HANDLE, index, distance)
    return best


def nearest_edge(points: tuple[XY, ...], at: XY, closed: bool) -> tuple[int, float]:
    """Index of the edge nearest to ``at`` (named by its first point) and the distance to it."""
    if len(points) == 1:
        return 0, math.dist(points[0], at)
    ends = points[1:] + points[:1] if closed else points[1:]
    best, index = math.inf, 0
    for number, (a, b) in enumerate(zip(points, ends, strict=False)):
        distance = _to_segment(at, a, b)
        if distance < best:
            best, index = distance, number
    return index, best


def _to_segment(p: XY, a: XY, b: XY) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    squared = dx * dx + dy * dy
    if squared == 0:
        return math.dist(p, a)
    t = max(0.0, min(1.0, ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / squared))
    return math.hypot(p[0] - a[0] - t * dx, p[1] - a[1] - t * dy)


def _painted(painted: Iterable[PaintedSlice], at: XY) -> list[Hit]:
    """Painted regions with a pixel under the pointer, the topmost first."""
    column, row = math.floor(at[0]), math.floor(at[1])
    found = []
    for item in reversed(list(painted)):
        x0, y0, x1, y1 = item.slice.bounds
        if x0 <= column < x1 and y0 <= row < y1 and item.mask_yx[row, column]:
            found.append(Hit(item.slice.annotation_id, Part.INSIDE))
    return found
