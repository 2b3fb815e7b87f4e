"""The built-in tools, registered in the order of the bar. Plugins call ``register`` themselves."""

from __future__ import annotations

from desktop.interaction.box_tool import BoxTool
from desktop.interaction.brush_tool import BrushTool, EraserTool
from desktop.interaction.ellipse_tool import EllipseTool
from desktop.interaction.freehand_tool import FreehandTool
from desktop.interaction.point_tool import PointTool
from desktop.interaction.polygon_tool import PolygonTool
from desktop.interaction.prompt_tool import PromptTool
from desktop.interaction.rest_tool import RestTool
from desktop.interaction.ruler_tool import RulerTool
from desktop.interaction.select_tool import SelectTool
from desktop.interaction.tool import Tool, make_tools, register, registered

BUILT_IN: tuple[type[Tool], ...] = (
    SelectTool,
    BoxTool,
    PolygonTool,
    FreehandTool,
    EllipseTool,
    PointTool,
    RulerTool,
    BrushTool,
    EraserTool,
    RestTool,
    PromptTool,
)

for _tool in BUILT_IN:
    register(_tool)

__all__ = ["BUILT_IN", "make_tools", "registered"]
