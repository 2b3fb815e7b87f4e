"""Draws what a model would suggest: dashed lines alone and the word for it, so that none looks
kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from desktop.domain.geometry import Point
from desktop.domain.study import FrameRef
from desktop.gui.canvas.canvas_shapes import View, draw_words, path_of
from desktop.gui.suggestions.suggestion_book import frames_of
from desktop.gui.widgets import theme
from desktop.imaging.viewport import Placement

if TYPE_CHECKING:
    from desktop.domain.proposal import Proposal
    from desktop.domain.schema import Schema
    from desktop.workspace.models.model_trials import Trial

_SHADOW = QColor(0, 0, 0, 150)
_DASHES = (2.0, 3.0)
_RING_PX = 7.0


@dataclass(frozen=True)
class _Shape:
    """An outline in image coordinates, or a point, with its words."""

    path: QPainterPath
    at: tuple[float, float] | None
    color: QColor
    words: str


class TrialLayer:
    """A decoration of the canvas. ``frame`` tells which image that is."""

    def __init__(self, frame: Callable[[], FrameRef | None]) -> None:
        self._frame = frame
        self._shapes: dict[str, list[_Shape]] = {}

    def show(self, trial: Trial | None, schema: Schema | None) -> None:
        """Take what was found; None: draw nothing."""
        self._shapes = {}
        if trial is None or schema is None:
            return
        for found in trial.found:
            for frame in frames_of(found):
                shape = _shape(trial, found, frame, schema)
                self._shapes.setdefault(frame.key, []).append(shape)

    def shown_on(self, frame: FrameRef) -> int:
        """How many lie on an image."""
        return len(self._shapes.get(frame.key, ()))

    def draw(self, painter: QPainter, placement: Placement, ratio: float) -> None:
        frame = self._frame()
        if frame is None or frame.key not in self._shapes:
            return
        view = View(placement, ratio)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setFont(theme.font(theme.SMALL_PX))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for shape in self._shapes[frame.key]:
            if shape.at is None:
                on_screen = view.transform().map(shape.path)
            else:
                on_screen = QPainterPath()
                on_screen.addEllipse(view.point(shape.at), _RING_PX, _RING_PX)
            for tint, wide in ((_SHADOW, 3.5), (shape.color, 2.0)):
                pen = QPen(tint, wide)
                if tint is shape.color:
                    pen.setDashPattern(list(_DASHES))
                painter.setPen(pen)
                painter.drawPath(on_screen)
            bounds = on_screen.boundingRect()
            draw_words(painter, QPointF(bounds.left(), bounds.top() - 5), shape.words)
        painter.restore()


def _shape(trial: Trial, found: Proposal, frame: FrameRef, schema: Schema) -> _Shape:
    from desktop.gui.canvas.canvas_suggestions import outline

    assert found.label is not None
    known = schema.label_class(found.label.class_id)
    words = f"{known.name}?  {found.score:.2f}  preview"
    color = QColor(known.color)
    if isinstance(found.geometry, Point):
        return _Shape(QPainterPath(), (found.geometry.x, found.geometry.y), color, words)
    part = next((p for p in found.frames if p.frame == frame), None)
    if part is not None:
        return _Shape(outline(trial.mask(part)), None, color, words)
    assert found.geometry is not None
    return _Shape(path_of(found.geometry), None, color, words)
