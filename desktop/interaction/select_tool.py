"""Select, move and reshape what is drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec

from desktop.commands.annotation import (
    DeleteAnnotations,
    ReshapeAnnotation,
    ReshapeAnnotations,
    Reshaped,
)
from desktop.domain.annotation import Annotation
from desktop.domain.contracts import Command
from desktop.domain.geometry import XY, Geometry, Mask
from desktop.interaction.context import ToolContext
from desktop.interaction.event import Button, GestureEvent, KeyEvent, Kind, PointerEvent
from desktop.interaction.hit_test import Hit, Part, hit_handle, hit_shape, hits
from desktop.interaction.outline import lies_inside, limited_shift, with_corner, without_corner
from desktop.interaction.tool import ShapePreview, Tool, ToolInfo, ToolUpdate

_DRAG_PX = 3.0  # screen pixels before a click becomes a drag

_ARROWS = {"Left": (-1, 0), "Right": (1, 0), "Up": (0, -1), "Down": (0, 1)}


@dataclass
class _Grab:
    """What the button went down on. ``handle`` -1 moves whole regions."""

    start: XY
    regions: tuple[Annotation, ...]
    handle: int = -1
    selected_before: bool = False
    moved: bool = False
    shapes: dict[str, Geometry] = field(default_factory=dict)


class SelectTool(Tool):
    """Click selects the topmost, the next click at the same place the one below it."""

    info = ToolInfo(
        name="select",
        title="Select",
        key="V",
        icon="select",
        hint="Click a region to select it. Drag to move, drag a handle to reshape, "
        "Shift+click selects more, double-click on an edge adds a corner, Alt+click removes one.",
        cursor="arrow",
        draws=False,
    )

    def __init__(self) -> None:
        self._grab: _Grab | None = None
        self._last_click: XY | None = None

    @property
    def busy(self) -> bool:
        return self._grab is not None and self._grab.moved

    def handle(self, event: GestureEvent, context: ToolContext) -> ToolUpdate:
        if isinstance(event, KeyEvent):
            return self._key(event, context)
        match event.kind:
            case Kind.PRESS if event.button is Button.LEFT:
                return self._press(event, context)
            case Kind.MOVE if self._grab is not None:
                return self._drag(event, context)
            case Kind.RELEASE if self._grab is not None:
                return self._release(event, context)
            case Kind.DOUBLE:
                return self._double(event, context)
            case Kind.HOVER:
                return ToolUpdate(cursor=self._cursor(event, context))
            case _:
                return ToolUpdate(preview=self._preview())

    def finish(self, context: ToolContext) -> ToolUpdate:
        command = self._command(context)
        self._grab = None
        return ToolUpdate(command=command)

    def cancel(self) -> ToolUpdate:
        self._grab = None
        return ToolUpdate()

    def snapshot(self) -> dict[str, Any] | None:
        if self._grab is None or not self._grab.moved:
            return None
        return {"shapes": {k: msgspec.to_builtins(g) for k, g in self._grab.shapes.items()}}

    def restore(self, state: dict[str, Any], context: ToolContext) -> ToolUpdate:
        shapes = {
            str(k): cast(Geometry, msgspec.convert(g, type=Geometry))
            for k, g in state["shapes"].items()
        }
        regions = tuple(a for a in context.annotations if a.id in shapes and context.may_change(a))
        if not regions:
            return ToolUpdate(hint="The regions that were being moved are gone.")
        kept = {a.id: shapes[a.id] for a in regions}
        self._grab = _Grab(start=(0, 0), regions=regions, moved=True, shapes=kept)
        return ToolUpdate(
            preview=self._preview(), selection=tuple(kept), hint="Enter keeps the change."
        )

    def _press(self, event: PointerEvent, context: ToolContext) -> ToolUpdate:
        self._grab = None
        handle = self._handle_under(event.at, context)
        if handle is not None:
            return self._press_handle(event, handle, context)
        under = hits(context, event.at)
        if not under:
            self._last_click = None
            return ToolUpdate(selection=None if event.shift else ())
        if event.shift:
            return ToolUpdate(selection=_toggled(context.selection, under[0].annotation_id))
        selected = any(h.annotation_id in context.selection for h in under)
        selection = context.selection if selected else (under[0].annotation_id,)
        regions = tuple(a for a in map(context.find, selection) if a is not None)
        self._grab = _Grab(start=event.at, regions=regions, selected_before=selected)
        return ToolUpdate(selection=selection)

    def _press_handle(self, event: PointerEvent, hit: Hit, context: ToolContext) -> ToolUpdate:
        region = context.find(hit.annotation_id)
        assert region is not None
        assert region.geometry is not None
        if not event.alt:
            self._grab = _Grab(start=event.at, regions=(region,), handle=hit.index)
            return ToolUpdate()
        smaller = without_corner(region.geometry, hit.index)
        if smaller is None:
            return ToolUpdate(hint="This shape has no corner to spare.")
        return ToolUpdate(command=_reshape(context, region.id, smaller, "Remove corner"))

    def _drag(self, event: PointerEvent, context: ToolContext) -> ToolUpdate:
        grab = self._grab
        assert grab is not None
        if not grab.moved and math.dist(event.at, grab.start) < context.screen_px(_DRAG_PX):
            return ToolUpdate()
        fixed = _why_fixed(grab.regions, context)
        if fixed:
            self._grab = None
            return ToolUpdate(hint=fixed)
        if grab.handle >= 0:
            region = grab.regions[0]
            assert region.geometry is not None
            shape = region.geometry.with_handle(grab.handle, context.clamped(event.at))
            if lies_inside(shape, context.rows, context.columns):
                grab.shapes = {region.id: shape}
                grab.moved = True
        else:
            shift = (event.x - grab.start[0], event.y - grab.start[1])
            grab.shapes = _shifted(grab.regions, shift, context)
            grab.moved = True
        return ToolUpdate(preview=self._preview(), cursor="move")

    def _release(self, event: PointerEvent, context: ToolContext) -> ToolUpdate:
        grab = self._grab
        assert grab is not None
        if grab.moved:
            return self.finish(context)
        self._grab = None
        if grab.handle >= 0:
            return ToolUpdate()
        under = [h.annotation_id for h in hits(context, event.at)]
        if not under:
            return ToolUpdate()
        last, self._last_click = self._last_click, event.at
        if not grab.selected_before:
            return ToolUpdate()
        if last is None or math.dist(last, event.at) > context.screen_px(_DRAG_PX):
            return ToolUpdate(selection=(under[0],))
        current = next((i for i, a in enumerate(under) if a in context.selection), -1)
        return ToolUpdate(selection=(under[(current + 1) % len(under)],))

    def _double(self, event: PointerEvent, context: ToolContext) -> ToolUpdate:
        """A new corner on the outline under the pointer."""
        self._grab = None
        for annotation_id in context.selection:
            region = context.find(annotation_id)
            if region is None or region.geometry is None or isinstance(region.geometry, Mask):
                continue
            hit = hit_shape(region.id, region.geometry, event.at, context.screen_px(6))
            if hit is None or hit.part is not Part.EDGE:
                continue
            larger = with_corner(region.geometry, hit.index, context.clamped(event.at))
            if larger is None:
                continue
            if not context.may_change(region):
                return ToolUpdate(hint=_why_fixed((region,), context))
            return ToolUpdate(command=_reshape(context, region.id, larger, "Add corner"))
        return ToolUpdate()

    def _key(self, event: KeyEvent, context: ToolContext) -> ToolUpdate:
        if event.key == "Escape":
            if self._grab is not None:
                return self.cancel()
            return ToolUpdate(selection=())
        if event.key == "Enter" and self._grab is not None:
            return self.finish(context)
        if event.key == "Delete":
            return _delete(context)
        if event.key in _ARROWS and not self.busy:
            step = 10 if event.shift else 1
            dx, dy = _ARROWS[event.key]
            return self._nudge((dx * step, dy * step), context)
        return ToolUpdate(preview=self._preview())

    def _nudge(self, by: XY, context: ToolContext) -> ToolUpdate:
        regions = tuple(a for a in map(context.find, context.selection) if a is not None)
        fixed = _why_fixed(regions, context)
        if not regions or fixed:
            return ToolUpdate(hint=fixed or None)
        self._grab = _Grab(start=(0, 0), regions=regions, moved=True)
        self._grab.shapes = _shifted(regions, by, context)
        return self.finish(context)

    def _command(self, context: ToolContext) -> Command | None:
        if self._grab is None or not self._grab.moved:
            return None
        before = {a.id: a.geometry for a in self._grab.regions}
        changed = {k: g for k, g in self._grab.shapes.items() if g != before.get(k)}
        if not changed:
            return None
        if len(changed) == 1:
            annotation_id, shape = next(iter(changed.items()))
            what = "Move region" if self._grab.handle < 0 else "Reshape region"
            return _reshape(context, annotation_id, shape, what)
        return ReshapeAnnotations(
            case_id=context.case_id,
            shapes=tuple(Reshaped(annotation_id=k, geometry=g) for k, g in changed.items()),
            what=f"Move {len(changed)} regions",
        )

    def _preview(self) -> tuple[ShapePreview, ...]:
        if self._grab is None or not self._grab.moved:
            return ()
        classes = {a.id: a.label.class_id for a in self._grab.regions}
        return tuple(
            ShapePreview(g, class_id=classes[k], replaces=k, vertices=True)
            for k, g in self._grab.shapes.items()
        )

    def _handle_under(self, at: XY, context: ToolContext) -> Hit | None:
        """Handles count only while exactly one changeable region is selected."""
        if len(context.selection) != 1:
            return None
        region = context.find(context.selection[0])
        if region is None or not context.may_change(region):
            return None
        return hit_handle(region, at, context)

    def _cursor(self, event: PointerEvent, context: ToolContext) -> str:
        if self._handle_under(event.at, context) is not None:
            return "handle"
        return "hand" if hits(context, event.at) else ""


def _shifted(regions: tuple[Annotation, ...], by: XY, context: ToolContext) -> dict[str, Geometry]:
    shapes = {a.id: a.geometry for a in regions if a.geometry is not None}
    dx, dy = limited_shift(list(shapes.values()), *by, context.rows, context.columns)
    return {k: g.shifted(dx, dy) for k, g in shapes.items()}


def _reshape(context: ToolContext, annotation_id: str, shape: Geometry, what: str) -> Command:
    return ReshapeAnnotation(
        case_id=context.case_id, annotation_id=annotation_id, geometry=shape, what=what
    )


def _delete(context: ToolContext) -> ToolUpdate:
    regions = tuple(a for a in map(context.find, context.selection) if a is not None)
    ids = tuple(a.id for a in regions if context.may_change(a))
    if not ids:
        return ToolUpdate(hint=_why_fixed(regions, context) or None)
    command = DeleteAnnotations(case_id=context.case_id, annotation_ids=ids)
    return ToolUpdate(command=command, selection=())


def _why_fixed(regions: tuple[Annotation, ...], context: ToolContext) -> str:
    """Why the regions can't be moved; "" where they can."""
    for region in regions:
        if region.reader_id != context.reader_id:
            return "This region belongs to another reader and stays as it is."
        if region.locked:
            return "This region is locked. Unlock it first."
        if isinstance(region.geometry, Mask):
            return "Painted regions are changed with brush and eraser."
    return ""


def _toggled(selection: tuple[str, ...], annotation_id: str) -> tuple[str, ...]:
    if annotation_id in selection:
        return tuple(i for i in selection if i != annotation_id)
    return (*selection, annotation_id)
