"""A length between two points."""

from __future__ import annotations

import math

from desktop.commands.annotation import AddAnnotation
from desktop.domain.calibration import length_text
from desktop.domain.geometry import Polyline
from desktop.interaction.context import ToolContext
from desktop.interaction.event import Button, GestureEvent, KeyEvent, Kind
from desktop.interaction.in_hand import EndsInHand
from desktop.interaction.outline import straight
from desktop.interaction.tool import ShapePreview, ToolInfo, ToolUpdate

_CLICK_PX = 3.0  # screen pixels; letting go nearer than this waits for a second click


class RulerTool(EndsInHand):
    """Drag along a length, or click both ends."""

    info = ToolInfo(
        name="ruler",
        title="Ruler",
        key="M",
        icon="ruler",
        hint="Drag along a length or click both ends. Shift keeps it straight.",
    )

    def handle(self, event: GestureEvent, context: ToolContext) -> ToolUpdate:
        if isinstance(event, KeyEvent):
            if event.key == "Escape":
                return self.cancel()
            if event.key == "Enter" and self._ends is not None:
                return self.finish(context)
            return ToolUpdate(preview=self._preview(context))
        at = context.clamped(event.at)
        if self._ends is not None and event.shift:
            at = context.clamped(straight(self._ends[0], at))
        match event.kind:
            case Kind.PRESS | Kind.DOUBLE if event.button is Button.LEFT and self._ends is None:
                why_not = context.why_not(self.info.name)
                if why_not:
                    return ToolUpdate(hint=why_not)
                self._ends = (at, at)
            case Kind.PRESS | Kind.MOVE | Kind.HOVER if self._ends is not None:
                self._ends = (self._ends[0], at)
            case Kind.RELEASE if self._ends is not None:
                self._ends = (self._ends[0], at)
                if math.dist(*self._ends) >= context.screen_px(_CLICK_PX):
                    return self.finish(context)
                return ToolUpdate(preview=self._preview(context), hint="Click the other end.")
        return ToolUpdate(preview=self._preview(context))

    def finish(self, context: ToolContext) -> ToolUpdate:
        ends, self._ends = self._ends, None
        if ends is None or math.dist(*ends) < context.screen_px(_CLICK_PX):
            return ToolUpdate()
        region = context.new_annotation(Polyline(points=ends), self.info.name)
        return ToolUpdate(
            command=AddAnnotation(annotation=region, what="Measure length"),
            selection=(region.id,),
            hint=length_text(ends, context.calibrations),
        )

    def _preview(self, context: ToolContext) -> tuple[ShapePreview, ...]:
        if self._ends is None:
            return ()
        label = length_text(self._ends, context.calibrations)
        line = Polyline(points=self._ends)
        return (
            ShapePreview(line, class_id=context.class_id, closed=False, vertices=True, label=label),
        )
