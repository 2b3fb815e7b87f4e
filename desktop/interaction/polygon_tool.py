"""An outline clicked corner by corner."""

from __future__ import annotations

import math
from typing import Any

from desktop.domain.geometry import XY, Polygon, Polyline
from desktop.interaction.context import ToolContext
from desktop.interaction.event import Button, GestureEvent, KeyEvent, Kind, PointerEvent
from desktop.interaction.in_hand import PointsInHand, drawn
from desktop.interaction.outline import ring_from
from desktop.interaction.tool import ShapePreview, ToolInfo, ToolUpdate

_CLOSE_PX = 8.0  # screen pixels around the first corner that close the outline


class PolygonTool(PointsInHand):
    info = ToolInfo(
        name="polygon",
        title="Polygon",
        key="P",
        icon="polygon",
        hint="Click the corners. Enter, a double-click or a click on the first corner closes; "
        "Backspace takes the last one back, Esc drops the outline.",
    )

    def __init__(self) -> None:
        super().__init__()
        self._pointer: XY | None = None

    def handle(self, event: GestureEvent, context: ToolContext) -> ToolUpdate:
        if isinstance(event, KeyEvent):
            return self._key(event, context)
        self._pointer = context.clamped(event.at)
        if event.button is Button.LEFT and event.kind in (Kind.PRESS, Kind.DOUBLE):
            return self._click(event, context)
        return ToolUpdate(
            preview=self._preview(context), cursor="close" if self._closes(context) else ""
        )

    def finish(self, context: ToolContext) -> ToolUpdate:
        points, self._points = self._points, []
        ring = ring_from(points)
        if ring is None:
            few = "An outline needs three corners that enclose an area."
            return ToolUpdate(hint=few if points else None)
        return drawn(context, Polygon(points=ring), self.info.name, "polygon")

    def restore(self, state: dict[str, Any], context: ToolContext) -> ToolUpdate:
        self._pointer = None
        return ToolUpdate(preview=super().restore(state, context).preview, hint=self.info.hint)

    def _click(self, event: PointerEvent, context: ToolContext) -> ToolUpdate:
        if not self._points:
            why_not = context.why_not(self.info.name)
            if why_not:
                return ToolUpdate(hint=why_not)
        if len(self._points) >= 3 and (event.kind is Kind.DOUBLE or self._closes(context)):
            return self.finish(context)
        at = context.clamped(event.at)
        if not self._points or math.dist(self._points[-1], at) > context.screen_px(1.0):
            self._points.append(at)
        return ToolUpdate(preview=self._preview(context))

    def _key(self, event: KeyEvent, context: ToolContext) -> ToolUpdate:
        match event.key:
            case "Escape":
                return self.cancel()
            case "Enter" if len(self._points) >= 3:
                return self.finish(context)
            case "Enter" if self._points:
                return ToolUpdate(
                    preview=self._preview(context), hint="An outline needs three corners."
                )
            case "Backspace" if self._points:
                self._points.pop()
        return ToolUpdate(preview=self._preview(context))

    def _closes(self, context: ToolContext) -> bool:
        return (
            len(self._points) >= 3
            and self._pointer is not None
            and math.dist(self._points[0], self._pointer) <= context.screen_px(_CLOSE_PX)
        )

    def _preview(self, context: ToolContext) -> tuple[ShapePreview, ...]:
        if not self._points:
            return ()
        points = tuple(self._points)
        loose = () if self._pointer is None else (points[-1], self._pointer)
        if loose and self._closes(context):
            loose = (points[-1], points[0])
        return (
            ShapePreview(
                Polyline(points=points),
                class_id=context.class_id,
                closed=False,
                vertices=True,
                loose=loose,
            ),
        )
