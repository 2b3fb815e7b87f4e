"""What shapes have in common that are drawn with one drag."""

from __future__ import annotations

from desktop.domain.geometry import XY, Box, Ellipse
from desktop.interaction.context import ToolContext
from desktop.interaction.event import Button, GestureEvent, KeyEvent, Kind
from desktop.interaction.in_hand import EndsInHand, drawn
from desktop.interaction.tool import ShapePreview, ToolUpdate

_SMALLEST_PX = 3.0  # screen pixels; less is a click


class DragTool(EndsInHand):
    """Press, drag, let go. Shift makes both sides alike."""

    def shape(self, start: XY, end: XY, context: ToolContext) -> Box | Ellipse:
        raise NotImplementedError  # pragma: no cover - each tool has its own

    def handle(self, event: GestureEvent, context: ToolContext) -> ToolUpdate:
        if isinstance(event, KeyEvent):
            if event.key == "Escape":
                return self.cancel()
            if event.key == "Enter" and self._ends is not None:
                return self.finish(context)
            return ToolUpdate(preview=self._preview(context))
        at = context.clamped(event.at)
        match event.kind:
            case Kind.PRESS | Kind.DOUBLE if event.button is Button.LEFT:
                why_not = context.why_not(self.info.name)
                if why_not:
                    return ToolUpdate(hint=why_not)
                self._ends = (at, at)
            case Kind.MOVE if self._ends is not None:
                self._ends = (self._ends[0], self._alike(at, context) if event.shift else at)
            case Kind.RELEASE if self._ends is not None:
                return self.finish(context)
        return ToolUpdate(preview=self._preview(context))

    def finish(self, context: ToolContext) -> ToolUpdate:
        if self._ends is None:
            return ToolUpdate()
        start, end = self._ends
        self._ends = None
        shape = self.shape(start, end, context)
        x0, y0, x1, y1 = shape.bounds()
        if min(x1 - x0, y1 - y0) < max(0.5, context.screen_px(_SMALLEST_PX)):
            return ToolUpdate(hint=self.info.hint)
        return drawn(context, shape, self.info.name, self.info.title.lower())

    def _preview(self, context: ToolContext) -> tuple[ShapePreview, ...]:
        if self._ends is None:
            return ()
        return (ShapePreview(self.shape(*self._ends, context), class_id=context.class_id),)

    def _alike(self, at: XY, context: ToolContext) -> XY:
        """The end whose distances along x and y are the same, still on the image."""
        assert self._ends is not None
        x0, y0 = self._ends[0]
        dx, dy = at[0] - x0, at[1] - y0
        right, down = dx >= 0, dy >= 0
        side = max(abs(dx), abs(dy))
        side = min(side, context.columns - x0 if right else x0)
        side = min(side, context.rows - y0 if down else y0)
        return (x0 + (side if right else -side), y0 + (side if down else -side))
