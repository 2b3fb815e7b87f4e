"""One place, one click."""

from __future__ import annotations

from desktop.commands.annotation import AddAnnotation
from desktop.domain.geometry import Point
from desktop.interaction.context import ToolContext
from desktop.interaction.event import Button, GestureEvent, KeyEvent, Kind
from desktop.interaction.tool import Tool, ToolInfo, ToolUpdate


class PointTool(Tool):
    info = ToolInfo(
        name="point", title="Point", key="D", icon="point", hint="Click the place to mark."
    )

    def handle(self, event: GestureEvent, context: ToolContext) -> ToolUpdate:
        if isinstance(event, KeyEvent) or event.button is not Button.LEFT:
            return ToolUpdate()
        outside = context.clamped(event.at) != event.at
        if event.kind is not Kind.PRESS or outside:
            return ToolUpdate()
        why_not = context.why_not(self.info.name)
        if why_not:
            return ToolUpdate(hint=why_not)
        region = context.new_annotation(Point(x=event.x, y=event.y), self.info.name)
        item = context.label_class
        what = f"Mark point, {item.name if item else ''}"
        return ToolUpdate(
            command=AddAnnotation(annotation=region, what=what), selection=(region.id,)
        )
