"""Shapes in image coordinates.

Floats (x, y); x grows to the right, y downwards; the origin is the outer corner of the top-left
pixel, so the centre of pixel (row 0, column 0) is (0.5, 0.5). A pixel belongs to a shape when its
centre lies inside.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import msgspec

XY: TypeAlias = tuple[float, float]
Bounds: TypeAlias = tuple[float, float, float, float]  # x0, y0, x1, y1


class Shape(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="shape"
):
    """What every shape can do. Owned by an Annotation."""

    def bounds(self) -> Bounds:
        """Smallest upright rectangle around the shape: x0, y0, x1, y1."""
        return bounds_of(self.outline())

    def outline(self) -> tuple[XY, ...]:
        """Points along the shape; closed shapes don't repeat the first point."""
        raise NotImplementedError  # pragma: no cover - each shape has its own

    def shifted(self, dx: float, dy: float) -> Shape:
        """The same shape, moved by (dx, dy) pixels."""
        raise NotImplementedError  # pragma: no cover - each shape has its own

    def handles(self) -> tuple[XY, ...]:
        """The points a person can drag; ``with_handle`` takes their index."""
        return self.outline()

    def with_handle(self, index: int, to: XY) -> Shape:
        """The shape after dragging handle ``index`` to ``to``."""
        raise NotImplementedError  # pragma: no cover - each shape has its own


class Point(Shape, frozen=True, tag="point"):
    x: float
    y: float

    def outline(self) -> tuple[XY, ...]:
        return ((self.x, self.y),)

    def shifted(self, dx: float, dy: float) -> Point:
        return Point(x=self.x + dx, y=self.y + dy)

    def with_handle(self, index: int, to: XY) -> Point:
        return Point(x=to[0], y=to[1])


class Polyline(Shape, frozen=True, tag="polyline"):
    """An open line of two or more points; a ruler is a Polyline of two."""

    points: tuple[XY, ...]

    def outline(self) -> tuple[XY, ...]:
        return self.points

    def shifted(self, dx: float, dy: float) -> Polyline:
        return Polyline(points=_shift(self.points, dx, dy))

    def with_handle(self, index: int, to: XY) -> Polyline:
        return Polyline(points=_replace(self.points, index, to))

    def length_px(self) -> float:
        return sum(math.dist(a, b) for a, b in zip(self.points, self.points[1:], strict=False))


class Box(Shape, frozen=True, tag="box"):
    """Upright rectangle with x0 <= x1 and y0 <= y1; use ``between`` for any two corners."""

    x0: float
    y0: float
    x1: float
    y1: float

    @staticmethod
    def between(a: XY, b: XY) -> Box:
        return Box(x0=min(a[0], b[0]), y0=min(a[1], b[1]), x1=max(a[0], b[0]), y1=max(a[1], b[1]))

    def outline(self) -> tuple[XY, ...]:
        return ((self.x0, self.y0), (self.x1, self.y0), (self.x1, self.y1), (self.x0, self.y1))

    def handles(self) -> tuple[XY, ...]:
        cx, cy = (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2
        return (
            *self.outline(),
            (cx, self.y0),
            (self.x1, cy),
            (cx, self.y1),
            (self.x0, cy),
        )

    def shifted(self, dx: float, dy: float) -> Box:
        return Box(x0=self.x0 + dx, y0=self.y0 + dy, x1=self.x1 + dx, y1=self.y1 + dy)

    def with_handle(self, index: int, to: XY) -> Box:
        """Handles 0-3 are corners, clockwise from top left; 4-7 are top, right, bottom, left."""
        x0, y0, x1, y1 = self.x0, self.y0, self.x1, self.y1
        if index in (0, 3, 7):
            x0 = to[0]
        if index in (1, 2, 5):
            x1 = to[0]
        if index in (0, 1, 4):
            y0 = to[1]
        if index in (2, 3, 6):
            y1 = to[1]
        return Box.between((x0, y0), (x1, y1))


class RotatedBox(Shape, frozen=True, tag="rotated_box"):
    """Rectangle of ``width`` x ``height`` px around (cx, cy), turned clockwise by ``angle_deg``."""

    cx: float
    cy: float
    width: float
    height: float
    angle_deg: float = 0.0

    def outline(self) -> tuple[XY, ...]:
        w, h = self.width / 2, self.height / 2
        corners = ((-w, -h), (w, -h), (w, h), (-w, h))
        return tuple(_turn(c, (self.cx, self.cy), self.angle_deg) for c in corners)

    def shifted(self, dx: float, dy: float) -> RotatedBox:
        return msgspec.structs.replace(self, cx=self.cx + dx, cy=self.cy + dy)

    def with_handle(self, index: int, to: XY) -> RotatedBox:
        dx, dy = _turn((to[0] - self.cx, to[1] - self.cy), (0.0, 0.0), -self.angle_deg)
        return msgspec.structs.replace(self, width=2 * abs(dx), height=2 * abs(dy))


class Ellipse(Shape, frozen=True, tag="ellipse"):
    """Ellipse with half axes ``rx``, ``ry`` px around (cx, cy), turned clockwise."""

    cx: float
    cy: float
    rx: float
    ry: float
    angle_deg: float = 0.0

    def outline(self) -> tuple[XY, ...]:
        steps = max(24, min(180, int(2 * math.pi * max(self.rx, self.ry))))
        turns = (2 * math.pi * i / steps for i in range(steps))
        return tuple(
            _turn(
                (self.rx * math.cos(t), self.ry * math.sin(t)), (self.cx, self.cy), self.angle_deg
            )
            for t in turns
        )

    def handles(self) -> tuple[XY, ...]:
        ends = ((self.rx, 0.0), (0.0, self.ry), (-self.rx, 0.0), (0.0, -self.ry))
        return tuple(_turn(e, (self.cx, self.cy), self.angle_deg) for e in ends)

    def shifted(self, dx: float, dy: float) -> Ellipse:
        return msgspec.structs.replace(self, cx=self.cx + dx, cy=self.cy + dy)

    def with_handle(self, index: int, to: XY) -> Ellipse:
        reach = max(0.5, math.dist((self.cx, self.cy), to))
        if index in (0, 2):
            return msgspec.structs.replace(self, rx=reach)
        return msgspec.structs.replace(self, ry=reach)


class Polygon(Shape, frozen=True, tag="polygon"):
    """A closed ring of three or more points, with rings that cut holes into it."""

    points: tuple[XY, ...]
    holes: tuple[tuple[XY, ...], ...] = ()

    def outline(self) -> tuple[XY, ...]:
        return self.points

    def handles(self) -> tuple[XY, ...]:
        return self.points + tuple(p for hole in self.holes for p in hole)

    def shifted(self, dx: float, dy: float) -> Polygon:
        return Polygon(
            points=_shift(self.points, dx, dy),
            holes=tuple(_shift(h, dx, dy) for h in self.holes),
        )

    def with_handle(self, index: int, to: XY) -> Polygon:
        if index < len(self.points):
            return Polygon(points=_replace(self.points, index, to), holes=self.holes)
        index -= len(self.points)
        holes = list(self.holes)
        for number, hole in enumerate(holes):
            if index < len(hole):
                holes[number] = _replace(hole, index, to)
                break
            index -= len(hole)
        return Polygon(points=self.points, holes=tuple(holes))


class Mask(Shape, frozen=True, tag="mask"):
    """Painted pixels. The run lengths lie in one MaskSlice record per frame, not here, so that a
    stroke on one frame of a thousand writes one small row."""

    def outline(self) -> tuple[XY, ...]:
        return ()

    def shifted(self, dx: float, dy: float) -> Mask:
        return self

    def with_handle(self, index: int, to: XY) -> Mask:
        return self


Geometry: TypeAlias = Point | Polyline | Box | RotatedBox | Ellipse | Polygon | Mask


def bounds_of(points: tuple[XY, ...]) -> Bounds:
    """x0, y0, x1, y1 around the points; zeros where there are none."""
    if not points:
        return (0.0, 0.0, 0.0, 0.0)
    xs = [p[0] for p in points]
    ys = [p[1] for p in points]
    return (min(xs), min(ys), max(xs), max(ys))


def ring_area_px(points: tuple[XY, ...]) -> float:
    """Area inside one ring, in square pixels (shoelace formula), never negative."""
    turned = zip(points, points[1:] + points[:1], strict=True)
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in turned)) / 2


def area_px(shape: Geometry | None) -> float:
    """Area of a closed shape in square pixels as drawn; 0 for lines, points and painted regions."""
    match shape:
        case Polygon(points=points, holes=holes):
            return max(0.0, ring_area_px(points) - sum(ring_area_px(h) for h in holes))
        case Ellipse(rx=rx, ry=ry):
            return math.pi * rx * ry
        case Box() | RotatedBox():
            return ring_area_px(shape.outline())
        case _:
            return 0.0


def contains(ring: tuple[XY, ...], at: XY) -> bool:
    """Whether ``at`` lies inside the ring (even-odd rule)."""
    inside = False
    x, y = at
    for (xa, ya), (xb, yb) in zip(ring, ring[1:] + ring[:1], strict=True):
        if (ya > y) != (yb > y) and x < (xb - xa) * (y - ya) / (yb - ya) + xa:
            inside = not inside
    return inside


def _shift(points: tuple[XY, ...], dx: float, dy: float) -> tuple[XY, ...]:
    return tuple((x + dx, y + dy) for x, y in points)


def _replace(points: tuple[XY, ...], index: int, to: XY) -> tuple[XY, ...]:
    return (*points[:index], to, *points[index + 1 :])


def _turn(p: XY, around: XY, angle_deg: float) -> XY:
    a = math.radians(angle_deg)
    c, s = math.cos(a), math.sin(a)
    return (around[0] + p[0] * c - p[1] * s, around[1] + p[0] * s + p[1] * c)
