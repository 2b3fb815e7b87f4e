"""Painting: brush and eraser."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from desktop.commands.annotation import PaintedFrame, PaintMask
from desktop.domain.annotation import Annotation, Origin
from desktop.domain.geometry import XY, Mask
from desktop.domain.runs import decode_runs, encode_runs, mask_bounds
from desktop.interaction.context import PaintedSlice, ToolContext
from desktop.interaction.event import Button, GestureEvent, KeyEvent, Kind, PointerEvent
from desktop.interaction.hit_test import hits
from desktop.interaction.stroke import (
    LARGEST_RADIUS,
    SMALLEST_RADIUS,
    next_radius,
    paint_stroke,
)
from desktop.interaction.tool import (
    MaskPreview,
    Option,
    Rect,
    Tool,
    ToolInfo,
    ToolUpdate,
)

_RADIUS = Option("brush_radius", "Radius", SMALLEST_RADIUS, LARGEST_RADIUS, 0.5, "brush_unit")


@dataclass
class PaintStroke:
    """The mask in hand. ``before`` None: nothing was painted on this frame."""

    annotation_id: str
    class_id: int
    mask_yx: npt.NDArray[np.uint8]
    before: npt.NDArray[np.bool_] | None
    new: Annotation | None
    erase: bool
    last: XY
    bounds: Rect
    touched: Rect = (0, 0, 0, 0)
    fresh: Rect = (0, 0, 0, 0)


class _PaintTool(Tool):
    """One stroke is one command. While it lasts only the touched rectangle is drawn again."""

    erases = False

    def __init__(self) -> None:
        self._stroke: PaintStroke | None = None
        self._start_new = False

    @property
    def busy(self) -> bool:
        return self._stroke is not None

    def handle(self, event: GestureEvent, context: ToolContext) -> ToolUpdate:
        if isinstance(event, KeyEvent):
            return self._key(event, context)
        match event.kind:
            case Kind.PRESS | Kind.DOUBLE if event.button is Button.LEFT:
                return self._press(event, context)
            case Kind.MOVE if self._stroke is not None:
                self._sweep(event, context)
            case Kind.RELEASE if self._stroke is not None:
                return self.finish(context)
        return ToolUpdate(preview=self._preview())

    def finish(self, context: ToolContext) -> ToolUpdate:
        stroke, self._stroke = self._stroke, None
        if stroke is None or not _changed(stroke):
            return ToolUpdate()
        item = context.class_named(stroke.class_id)
        verb = "Erase" if stroke.erase else "Brush"
        painted = PaintedFrame(
            frame=context.frame,
            rows=context.rows,
            columns=context.columns,
            runs=encode_runs(stroke.mask_yx.view(np.bool_), stroke.bounds),
            pixels_sha256=context.pixels_sha256,
            origin=_origin_after(_slice_of(context, stroke.annotation_id)),
        )
        command = PaintMask(
            case_id=context.case_id,
            annotation_id=stroke.annotation_id,
            frames=(painted,),
            new=stroke.new,
            what=f"{verb}, {item.name}" if item else verb,
        )
        self._start_new = False
        return ToolUpdate(command=command, selection=(stroke.annotation_id,))

    def cancel(self) -> ToolUpdate:
        self._stroke = None
        return ToolUpdate()

    def snapshot(self) -> dict[str, Any] | None:
        stroke = self._stroke
        if stroke is None or not _changed(stroke):
            return None
        runs = encode_runs(stroke.mask_yx.view(np.bool_), stroke.bounds)
        return {
            "annotation_id": stroke.annotation_id,
            "class_id": stroke.class_id,
            "erase": stroke.erase,
            "new": None if stroke.new is None else msgspec.to_builtins(stroke.new),
            "runs": base64.b64encode(zlib.compress(runs, 1)).decode(),
        }

    def restore(self, state: dict[str, Any], context: ToolContext) -> ToolUpdate:
        runs = zlib.decompress(base64.b64decode(state["runs"]))
        mask = decode_runs(runs, context.rows, context.columns)
        new = state["new"]
        old = _slice_of(context, state["annotation_id"])
        if new is None and context.find(state["annotation_id"]) is None:
            return ToolUpdate(hint="The region that was being painted is gone.")
        whole = (0, 0, context.columns, context.rows)
        self._stroke = PaintStroke(
            annotation_id=str(state["annotation_id"]),
            class_id=int(state["class_id"]),
            mask_yx=mask.view(np.uint8),
            before=None if old is None else old.mask_yx,
            new=None if new is None else msgspec.convert(new, type=Annotation),
            erase=bool(state["erase"]),
            last=(0.0, 0.0),
            bounds=mask_bounds(mask),
            touched=whole,
            fresh=whole,
        )
        return ToolUpdate(preview=self._preview(), hint="Enter keeps it, Esc drops it.")

    def _press(self, event: PointerEvent, context: ToolContext) -> ToolUpdate:
        erase = self.erases or event.ctrl
        if self._stroke is None:
            problem = self._begin(event, context, erase)
            if problem:
                return ToolUpdate(hint=problem)
        assert self._stroke is not None
        self._stroke.erase = erase
        self._stroke.last = event.at
        self._sweep(event, context)
        return ToolUpdate(preview=self._preview())

    def _begin(self, event: PointerEvent, context: ToolContext, erase: bool) -> str:
        """Take the mask to work on in hand; a sentence where there is none."""
        if erase:
            region = _to_erase(context, event.at)
            if region is None:
                return "Nothing of yours is painted here."
            new = None
        else:
            why_not = context.why_not("brush")
            if why_not:
                return why_not
            region = None if self._start_new else _to_continue(context)
            new = context.new_annotation(Mask(), "brush") if region is None else None
            region = region or new
        assert region is not None
        old = _slice_of(context, region.id)
        if old is None:
            mask = np.zeros((context.rows, context.columns), dtype=np.uint8)
        else:
            mask = old.mask_yx.view(np.uint8).copy()
        self._stroke = PaintStroke(
            annotation_id=region.id,
            class_id=region.label.class_id,
            mask_yx=mask,
            before=None if old is None else old.mask_yx,
            new=new,
            erase=erase,
            last=event.at,
            bounds=(0, 0, 0, 0) if old is None else old.slice.bounds,
        )
        return ""

    def _sweep(self, event: PointerEvent, context: ToolContext) -> None:
        stroke = self._stroke
        assert stroke is not None
        value = 0 if stroke.erase else 1
        rect = paint_stroke(stroke.mask_yx, stroke.last, event.at, brush_radii(context), value)
        stroke.last = event.at
        stroke.fresh = rect
        stroke.touched = _union(stroke.touched, rect)
        if value:
            stroke.bounds = _union(stroke.bounds, rect)

    def _key(self, event: KeyEvent, context: ToolContext) -> ToolUpdate:
        match event.key:
            case "[" | "]":
                radius = float(context.options.get("brush_radius", 10.0))
                larger = next_radius(radius, 1 if event.key == "]" else -1)
                return ToolUpdate(preview=self._preview(), view={"brush_radius": larger})
            case "n" if not self.busy:
                self._start_new = True
                return ToolUpdate(selection=(), hint="The next stroke starts a new region.")
            case "Escape" if self.busy:
                return self.cancel()
            case "Escape":
                self._start_new = False
                return ToolUpdate(selection=())
            case "Enter" if self.busy:
                return self.finish(context)
        return ToolUpdate(preview=self._preview())

    def _preview(self) -> tuple[MaskPreview, ...]:
        stroke = self._stroke
        if stroke is None:
            return ()
        fresh, stroke.fresh = stroke.fresh, (0, 0, 0, 0)
        return (
            MaskPreview(
                stroke.annotation_id, stroke.class_id, stroke.mask_yx, fresh, stroke.bounds
            ),
        )


class BrushTool(_PaintTool):
    info = ToolInfo(
        name="brush",
        title="Brush",
        key="B",
        icon="brush",
        hint="Paint; Ctrl erases, [ ] change the size, N starts a new region.",
        cursor="brush",
        options=(_RADIUS,),
    )


class EraserTool(_PaintTool):
    erases = True

    info = ToolInfo(
        name="eraser",
        title="Eraser",
        key="E",
        icon="eraser",
        hint="Rub out painted pixels of the selected region, else of yours under the pointer.",
        cursor="brush",
        options=(_RADIUS,),
    )


def brush_radii(context: ToolContext) -> tuple[float, float]:
    """Radius of the brush along x and y in image pixels."""
    radius = float(context.options.get("brush_radius", 10.0))
    scale = context.scale
    if context.options.get("brush_unit") == "mm" and scale is not None:
        return (radius / scale.mm_x, radius / scale.mm_y)
    return (radius, radius)


def _to_continue(context: ToolContext) -> Annotation | None:
    """The selected painted region of the active class, else the last one of the series."""
    mine = [
        a
        for a in context.series_masks
        if context.may_change(a) and a.label.class_id == context.class_id
    ]
    selected = [a for a in mine if a.id in context.selection]
    best = selected or mine
    return best[-1] if best else None


def _to_erase(context: ToolContext, at: XY) -> Annotation | None:
    """What an eraser works on: the selected region, one under the pointer, one of the class."""
    mine = {
        p.slice.annotation_id: region
        for p in context.painted
        if (region := context.find(p.slice.annotation_id)) is not None
        and context.may_change(region)
    }
    selected = [mine[i] for i in context.selection if i in mine]
    if selected:
        return selected[-1]
    under = [mine[h.annotation_id] for h in hits(context, at) if h.annotation_id in mine]
    of_class = [a for a in mine.values() if a.label.class_id == context.class_id]
    same = [a for a in under if a.label.class_id == context.class_id]
    best = same or under or of_class[-1:]
    return best[0] if best else None


def _slice_of(context: ToolContext, annotation_id: str) -> PaintedSlice | None:
    for item in context.painted:
        if item.slice.annotation_id == annotation_id:
            return item
    return None


def _origin_after(old: PaintedSlice | None) -> Origin:
    """A slice that a hand has touched is drawn, unless a model began it."""
    begun_by_model = old is not None and old.slice.origin in (Origin.MODEL, Origin.MODEL_EDITED)
    return Origin.MODEL_EDITED if begun_by_model else Origin.DRAWN


def _changed(stroke: PaintStroke) -> bool:
    """Whether the stroke set or cleared any pixel."""
    x0, y0, x1, y1 = stroke.touched
    after = stroke.mask_yx[y0:y1, x0:x1].view(np.bool_)
    if stroke.before is None:
        return bool(after.any())
    return not np.array_equal(after, stroke.before[y0:y1, x0:x1])


def _union(a: Rect, b: Rect) -> Rect:
    if a[2] <= a[0] or a[3] <= a[1]:
        return b
    if b[2] <= b[0] or b[3] <= b[1]:
        return a
    return (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
