"""What tools hold while a shape is drawn, dropped by Esc and kept over a crash."""

from __future__ import annotations

from typing import Any

from desktop.commands.annotation import AddAnnotation
from desktop.domain.geometry import XY, Geometry
from desktop.interaction.context import ToolContext
from desktop.interaction.tool import ShapePreview, Tool, ToolUpdate

_TAKEN_UP = "Enter keeps it, Esc drops it."


def drawn(context: ToolContext, geometry: Geometry, name: str, what: str) -> ToolUpdate:
    """The finished shape as a region of the class in hand, selected. ``name`` is the tool's."""
    region = context.new_annotation(geometry, name)
    item = context.label_class
    words = f"Draw {what}, {item.name if item else ''}"
    return ToolUpdate(command=AddAnnotation(annotation=region, what=words), selection=(region.id,))


class EndsInHand(Tool):
    """Two points: where the drag began, and where it is."""

    def __init__(self) -> None:
        self._ends: tuple[XY, XY] | None = None

    @property
    def busy(self) -> bool:
        return self._ends is not None

    def cancel(self) -> ToolUpdate:
        self._ends = None
        return ToolUpdate()

    def snapshot(self) -> dict[str, Any] | None:
        return None if self._ends is None else {"ends": [list(end) for end in self._ends]}

    def restore(self, state: dict[str, Any], context: ToolContext) -> ToolUpdate:
        (ax, ay), (bx, by) = state["ends"]
        self._ends = (context.clamped((ax, ay)), context.clamped((bx, by)))
        return ToolUpdate(preview=self._preview(context), hint=_TAKEN_UP)

    def _preview(self, context: ToolContext) -> tuple[ShapePreview, ...]:
        raise NotImplementedError  # pragma: no cover - each tool has its own


class PointsInHand(Tool):
    """The points of an outline, in the order they were drawn."""

    def __init__(self) -> None:
        self._points: list[XY] = []

    @property
    def busy(self) -> bool:
        return bool(self._points)

    def cancel(self) -> ToolUpdate:
        self._points = []
        return ToolUpdate()

    def snapshot(self) -> dict[str, Any] | None:
        return {"points": [list(p) for p in self._points]} if self._points else None

    def restore(self, state: dict[str, Any], context: ToolContext) -> ToolUpdate:
        self._points = [context.clamped((x, y)) for x, y in state["points"]]
        return ToolUpdate(preview=self._preview(context), hint=_TAKEN_UP)

    def _preview(self, context: ToolContext) -> tuple[ShapePreview, ...]:
        raise NotImplementedError  # pragma: no cover - each tool has its own
