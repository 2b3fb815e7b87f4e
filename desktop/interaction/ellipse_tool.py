"""An upright ellipse, dragged from its middle."""

from __future__ import annotations

from desktop.domain.geometry import XY, Ellipse
from desktop.interaction.context import ToolContext
from desktop.interaction.drag_tool import DragTool
from desktop.interaction.tool import ToolInfo


class EllipseTool(DragTool):
    info = ToolInfo(
        name="ellipse",
        title="Ellipse",
        key="U",
        icon="ellipse",
        hint="Drag from the middle outwards. Shift makes a circle.",
    )

    def shape(self, start: XY, end: XY, context: ToolContext) -> Ellipse:
        """An upright ellipse around ``start``, no larger than the image allows."""
        cx, cy = start
        rx = min(abs(end[0] - cx), cx, context.columns - cx)
        ry = min(abs(end[1] - cy), cy, context.rows - cy)
        return Ellipse(cx=cx, cy=cy, rx=rx, ry=ry)
