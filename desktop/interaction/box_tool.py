"""An upright rectangle, dragged from corner to corner."""

from __future__ import annotations

from desktop.domain.geometry import XY, Box
from desktop.interaction.context import ToolContext
from desktop.interaction.drag_tool import DragTool
from desktop.interaction.tool import ToolInfo


class BoxTool(DragTool):
    info = ToolInfo(
        name="box",
        title="Box",
        key="X",
        icon="box",
        hint="Drag from corner to corner. Shift makes a square.",
    )

    def shape(self, start: XY, end: XY, context: ToolContext) -> Box:
        return Box.between(start, end)
