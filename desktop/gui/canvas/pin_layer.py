"""Pins on the picture: a number where a comment belongs, and a click that takes it in hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen

from desktop.domain.geometry import XY, Mask
from desktop.domain.review import PinState
from desktop.domain.study import FrameRef
from desktop.gui.widgets import theme
from desktop.imaging.viewport import Placement

if TYPE_CHECKING:
    from desktop.domain.annotation import Annotation, MaskSlice
    from desktop.gui.canvas.canvas import CanvasView
    from desktop.workspace.claims.reviews import Thread

RADIUS_PX = 9.0
Placed = tuple["Thread", XY]


class PinLayer(QObject):
    """Draws the pins of the image shown, and hears clicks on them.

    ``frame`` tells which image that is, ``hears`` whether a click belongs to a pin just now: not
    while a tool draws.
    """

    chosen = Signal(str)

    def __init__(
        self,
        frame: Callable[[], FrameRef | None],
        hears: Callable[[], bool] = lambda: True,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._frame, self._hears = frame, hears
        self._pins: list[tuple[FrameRef, Placed]] = []
        self._drawn: list[tuple[QPointF, str]] = []
        self.current = ""

    def attach(self, canvas: CanvasView) -> None:
        """Draw on this canvas and hear its clicks."""
        canvas.decorations.append(self.draw)
        canvas.installEventFilter(self)

    def pin_at(self, point: QPointF) -> str:
        """The pin whose drop is under a point of the canvas; "" for none."""
        near = [
            (math.hypot(point.x() - at.x(), point.y() - at.y()), pin_id)
            for at, pin_id in self._drawn
        ]
        far, pin_id = min(near, default=(math.inf, ""))
        return pin_id if far <= RADIUS_PX + 2 else ""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent):
            plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
            if event.button() is Qt.MouseButton.LeftButton and plain and self._hears():
                pin_id = self.pin_at(event.position())
                if pin_id:
                    self.chosen.emit(pin_id)
                    return True
        return super().eventFilter(watched, event)

    def show(
        self,
        threads: Sequence[Thread],
        annotations: Sequence[Annotation],
        slices: Sequence[MaskSlice],
    ) -> None:
        """Take the pins; one on a region without a place stands at the region's corner."""
        self._pins = []
        for thread in threads:
            place = place_of_pin(thread, annotations, slices)
            if place is not None:
                self._pins.append((place[0], (thread, place[1])))

    def draw(self, painter: QPainter, placement: Placement, ratio: float) -> None:
        """A decoration of the canvas."""
        here = self._frame()
        self._drawn = []
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        for frame, (thread, at) in self._pins:
            if frame == here:
                x, y = placement.to_screen(*at)
                is_current = thread.pin.id == self.current
                tip = QPointF(x / ratio, y / ratio)
                self._drawn.append((tip - QPointF(0, RADIUS_PX + 6), thread.pin.id))
                _draw(painter, tip, thread, is_current)


def place_of_pin(
    thread: Thread, annotations: Sequence[Annotation], slices: Sequence[MaskSlice]
) -> tuple[FrameRef, XY] | None:
    """Image and point of a pin; None for one about the case or a question."""
    pin = thread.pin
    if pin.frame is not None and pin.at is not None:
        return pin.frame, pin.at
    region = next((a for a in annotations if a.id == pin.annotation_id), None)
    if region is None or region.geometry is None:
        return None
    if isinstance(region.geometry, Mask):
        parts = [s for s in slices if s.annotation_id == region.id]
        part = next((s for s in parts if s.frame == pin.frame), parts[0] if parts else None)
        return None if part is None else (part.frame, (float(part.bounds[2]), part.bounds[1]))
    if region.target.frame is None:
        return None
    _x0, y0, x1, _y1 = region.geometry.bounds()
    return region.target.frame, (x1, y0)


def _draw(painter: QPainter, at: QPointF, thread: Thread, is_current: bool) -> None:
    """A drop with its tip at the place: filled while it is open, a ring once it is answered."""
    look = theme.DARK  # on the picture, in both looks
    state = thread.pin.state
    colour = QColor({PinState.OPEN: look.warn, PinState.ANSWERED: look.accent}.get(
        state, look.muted
    ))  # fmt: skip
    centre = at - QPointF(0, RADIUS_PX + 6)
    if is_current:
        painter.setPen(QPen(QColor(look.text), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(centre, RADIUS_PX + 3, RADIUS_PX + 3)
    painter.setPen(QPen(QColor(look.canvas), 3))
    painter.drawLine(centre, at)
    painter.setPen(QPen(colour, 1.5))
    painter.drawLine(centre, at)
    filled = state is PinState.OPEN
    painter.setBrush(colour if filled else QColor(look.surface))
    painter.drawEllipse(centre, RADIUS_PX, RADIUS_PX)
    painter.setPen(QColor(look.on_accent) if filled else colour)
    painter.setFont(theme.font(theme.SMALL_PX))
    box = QRectF(centre.x() - 10, centre.y() - 10, 20, 20)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(thread.number))
    painter.setBrush(Qt.BrushStyle.NoBrush)
