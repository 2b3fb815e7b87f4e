"""An outline drawn in one line."""

from __future__ import annotations

import math

from desktop.domain.geometry import Polygon, Polyline
from desktop.interaction.context import ToolContext
from desktop.interaction.event import Button, GestureEvent, KeyEvent, Kind
from desktop.interaction.in_hand import PointsInHand, drawn
from desktop.interaction.outline import ring_from, simplified
from desktop.interaction.tool import ShapePreview, ToolInfo, ToolUpdate

_STEP_PX = 1.5  # screen pixels between kept points
_TOLERANCE_PX = 0.75  # screen pixels the simplified outline may differ, and at most one image pixel


class FreehandTool(PointsInHand):
    info = ToolInfo(
        name="freehand",
        title="Freehand",
        key="F",
        icon="freehand",
        hint="Draw around it; letting go closes the outline. Esc drops it.",
    )

    def handle(self, event: GestureEvent, context: ToolContext) -> ToolUpdate:
        if isinstance(event, KeyEvent):
            if event.key == "Escape":
                return self.cancel()
            if event.key == "Enter" and self._points:
                return self.finish(context)
            return ToolUpdate(preview=self._preview(context))
        at = context.clamped(event.at)
        match event.kind:
            case Kind.PRESS | Kind.DOUBLE if event.button is Button.LEFT:
                why_not = context.why_not(self.info.name)
                if why_not:
                    return ToolUpdate(hint=why_not)
                self._points = [at]
            case Kind.MOVE if self._points:
                if math.dist(self._points[-1], at) >= context.screen_px(_STEP_PX):
                    self._points.append(at)
            case Kind.RELEASE if self._points:
                return self.finish(context)
        return ToolUpdate(preview=self._preview(context))

    def finish(self, context: ToolContext) -> ToolUpdate:
        points, self._points = self._points, []
        ring = ring_from(points)
        if ring is not None:
            ring = ring_from(simplified(ring, min(1.0, context.screen_px(_TOLERANCE_PX))))
        if ring is None:
            return ToolUpdate(hint=self.info.hint)
        return drawn(context, Polygon(points=ring), self.info.name, "outline")

    def _preview(self, context: ToolContext) -> tuple[ShapePreview, ...]:
        if not self._points:
            return ()
        line = Polyline(points=tuple(self._points))
        return (ShapePreview(line, class_id=context.class_id, closed=False),)
