"""A region in words: what it is, where it lies, how large it is and by what calibration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from desktop.domain.annotation import Annotation, MaskSlice, Origin
from desktop.domain.calibration import Calibrations, calibrations, digits, length_text
from desktop.domain.geometry import (
    Box,
    Ellipse,
    Mask,
    Point,
    Polygon,
    Polyline,
    RotatedBox,
    area_px,
)

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

_SHAPES: tuple[tuple[type, str, str], ...] = (
    (Mask, "Painted", "brush"),
    (Polygon, "Outline", "polygon"),
    (Box, "Box", "box"),
    (RotatedBox, "Turned box", "box"),
    (Ellipse, "Ellipse", "ellipse"),
    (Polyline, "Line", "ruler"),
    (Point, "Point", "point"),
)

_ORIGINS = {
    Origin.DRAWN: "drawn",
    Origin.INTERPOLATED: "filled between slices",
    Origin.MODEL: "by a model",
    Origin.MODEL_EDITED: "by a model, edited",
    Origin.RULE: "by a rule",
    Origin.SYNTHETIC: "synthetic",
    Origin.CONSENSUS: "consensus",
    Origin.ADJUDICATED: "adjudicated",
}


def shape_word(annotation: Annotation) -> str:
    """The kind of region, e.g. "Box"."""
    return next((w for t, w, _i in _SHAPES if isinstance(annotation.geometry, t)), "Whole image")


def shape_icon(annotation: Annotation) -> str:
    return next((i for t, _w, i in _SHAPES if isinstance(annotation.geometry, t)), "read")


def origin_word(origin: Origin) -> str:
    """How it came to be; nothing for what the reader drew."""
    return _ORIGINS[origin]


def region_facts(
    room: Workspace, annotation: Annotation, parts: Sequence[MaskSlice]
) -> tuple[str, ...]:
    """Kind, place, calibration and origin; ``parts`` are the region's painted slices."""
    facts = [shape_word(annotation), where_text(room, annotation, parts)]
    facts.append(size_text(room, annotation, parts)[1])
    if annotation.origin is not Origin.DRAWN:
        facts.append(origin_word(annotation.origin))
    return tuple(f for f in facts if f)


def where_text(room: Workspace, annotation: Annotation, parts: Sequence[MaskSlice]) -> str:
    """ "image 12", or "images 8 to 14 (7)" for a painted region."""
    frames = [p.frame for p in parts]
    if not frames and annotation.target.frame is not None:
        frames = [annotation.target.frame]
    if not frames:
        return ""
    refs = room.frame_refs(room.instance(frames[0].instance_id).series_id)
    if len(refs) == 1:
        return ""
    order = {ref: number for number, ref in enumerate(refs, start=1)}
    numbers = sorted(order[f] for f in frames if f in order)
    if not numbers:
        return ""
    if len(numbers) == 1:
        return f"image {numbers[0]}"
    whole = numbers[-1] - numbers[0] + 1 == len(numbers)
    count = "" if whole else f", {len(numbers)} painted"
    return f"images {numbers[0]} to {numbers[-1]}{count}"


def size_text(
    room: Workspace, annotation: Annotation, parts: Sequence[MaskSlice]
) -> tuple[str, str]:
    """(length or area, where its millimetres come from); pixels where nothing is calibrated."""
    shape = annotation.geometry
    if isinstance(shape, Mask):
        return _painted_text(room, parts)
    frame = annotation.target.frame
    if shape is None or isinstance(shape, Point) or frame is None:
        return "", ""
    instance = room.instance(frame.instance_id)
    known = calibrations(instance, room.calibration(instance.series_id))
    outline = shape.outline()
    if isinstance(shape, Polyline):
        size, _comma, source = length_text(outline, known).partition(", ")
        return size, source
    return _area_text(area_px(shape), known, outline)


def _painted_text(room: Workspace, parts: Sequence[MaskSlice]) -> tuple[str, str]:
    """The area on one image; over several images their largest."""
    if not parts:
        return "", ""
    largest = max(parts, key=lambda p: p.area_px)
    instance = room.instance(largest.frame.instance_id)
    known = calibrations(instance, room.calibration(instance.series_id))
    x0, y0, x1, y1 = largest.bounds
    size, source = _area_text(float(largest.area_px), known, ((x0, y0), (x1, y1)))
    return (size if len(parts) == 1 else f"up to {size}"), source


def _area_text(
    area: float, known: Calibrations, points: Sequence[tuple[float, float]]
) -> tuple[str, str]:
    scale = known.between(points)
    if scale is None:
        return f"{area:,.0f} px²", "not calibrated"
    mm2 = area * scale.mm_x * scale.mm_y
    shown = f"{mm2:,.0f}" if mm2 >= 1000 else digits(mm2, min(scale.mm_x, scale.mm_y))
    return f"{shown} mm²", scale.source.value
