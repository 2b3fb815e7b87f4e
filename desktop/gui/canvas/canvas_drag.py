"""Drags that change the view instead of drawing: pan, and window and level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QPointF

from desktop.domain.geometry import XY
from desktop.domain.study import Window
from desktop.imaging.viewport import Placement

_PER_PX = 1 / 256  # share of the window's width that one logical pixel is worth


@dataclass(frozen=True)
class PanDrag:
    """Moves the image with the pointer."""

    start: QPointF
    center: XY
    placement: Placement
    ratio: float

    def changes(self, at: QPointF) -> dict[str, Any]:
        dx = (at.x() - self.start.x()) * self.ratio / self.placement.zoom
        dy = (at.y() - self.start.y()) * self.ratio / self.placement.zoom_y
        return {"center": (self.center[0] - dx, self.center[1] - dy)}


@dataclass(frozen=True)
class WindowDrag:
    """Right widens the window, down raises its centre (the picture gets darker)."""

    start: QPointF
    window: Window

    def changes(self, at: QPointF) -> dict[str, Any]:
        step = max(self.window.width, 1e-6) * _PER_PX
        fine = self.window.width < 20
        least = self.window.width / 100 if self.window.width < 1 else 1.0
        width = max(least, self.window.width + (at.x() - self.start.x()) * step)
        center = self.window.center + (at.y() - self.start.y()) * step
        digits = 4 if fine else 0
        return {"window": Window(center=round(center, digits), width=round(width, digits))}


Drag = PanDrag | WindowDrag


def middle_of(placement: Placement) -> XY:
    """The image point in the middle of the viewport."""
    return placement.to_image(placement.width / 2, placement.height / 2)
