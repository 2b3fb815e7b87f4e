"""Draws a prediction over the picture: a light tint with a dashed rim, so that none looks drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen

from desktop.domain.scribble import ANYTHING_ELSE
from desktop.domain.study import FrameRef
from desktop.imaging.viewport import Placement

if TYPE_CHECKING:
    from desktop.workspace.images.pixels import Prediction

_TINT = 0.30
_WIDEST_TINT = 0.10  # the class that fills most of the image stays out of the way
REST = QColor(160, 160, 160)
_MARK_TINT = 0.45
_SHADOW = QColor(0, 0, 0, 150)
_DASHES = (4.0, 3.0)


class PixelLayer:
    """The prediction of the image shown. ``frame`` tells which one that is."""

    def __init__(self, frame: Callable[[], FrameRef | None]) -> None:
        self._frame = frame
        self._of: FrameRef | None = None
        self._image = QImage()
        self._rims: list[tuple[QPainterPath, QColor]] = []
        self._marks_of: FrameRef | None = None
        self._marks = QImage()
        self._mark_rims: list[tuple[QPainterPath, QColor]] = []

    def show(self, found: Prediction | None, colors: dict[int, QColor]) -> None:
        """Take a prediction; None: draw nothing."""
        self._of = None if found is None else found.frame
        if found is None:
            self._image, self._rims = QImage(), []
            return
        self._image = tinted(found, colors)
        self._rims = _rims(found, colors)

    def show_marks(
        self,
        marks_yx: npt.NDArray[np.int64] | None,
        frame: FrameRef | None,
        colors: dict[int, QColor],
    ) -> None:
        """Take strokes over anything else and answered patches, -1 elsewhere; None: none."""
        from desktop.gui.canvas.canvas_suggestions import outline

        self._marks_of = frame if marks_yx is not None else None
        self._marks, self._mark_rims = QImage(), []
        if marks_yx is None:
            return
        pixels = np.zeros(marks_yx.shape, dtype=np.uint32)
        for class_id in np.unique(marks_yx[marks_yx >= 0]):
            known = REST if class_id == ANYTHING_ELSE else colors.get(int(class_id), REST)
            inside = marks_yx == class_id
            pixels[inside] = _premultiplied(known, _MARK_TINT)
            self._mark_rims.append((outline(inside), known))
        self._marks = _veil(pixels)

    def draw(self, painter: QPainter, placement: Placement, ratio: float) -> None:
        """A decoration of the canvas."""
        here = self._frame()
        if here is None or here not in (self._of, self._marks_of):
            return
        painter.save()
        painter.translate(placement.x / ratio, placement.y / ratio)
        painter.scale(placement.zoom / ratio, placement.zoom_y / ratio)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        rims: list[tuple[QPainterPath, QColor]] = []
        if here == self._of:
            painter.drawImage(QRectF(self._image.rect()), self._image)
            rims += self._rims
        if here == self._marks_of:
            painter.drawImage(QRectF(self._marks.rect()), self._marks)
            rims += self._mark_rims
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for path, color in rims:
            for tint, wide in ((_SHADOW, 3.0), (color, 1.5)):
                pen = QPen(tint, wide)
                pen.setCosmetic(True)
                if tint is color:
                    pen.setDashPattern([d / wide * 1.5 for d in _DASHES])
                painter.setPen(pen)
                painter.drawPath(path)
        painter.restore()


def tinted(found: Prediction, colors: dict[int, QColor]) -> QImage:
    """The class of each pixel as a veil in the colour of the class."""
    rows, columns = found.classes_yx.shape
    pixels = np.zeros((rows, columns), dtype=np.uint32)
    for place, class_id in enumerate(found.class_ids):
        if class_id == ANYTHING_ELSE:
            continue
        share = _TINT if place else _WIDEST_TINT
        color = colors.get(class_id, QColor(200, 200, 200))
        pixels[found.classes_yx == class_id] = _premultiplied(color, share)
    return _veil(pixels)


def _premultiplied(color: QColor, share: float) -> int:
    r, g, b = (round(v * share) for v in (color.red(), color.green(), color.blue()))
    return round(255 * share) << 24 | r << 16 | g << 8 | b


def _veil(pixels_yx: npt.NDArray[np.integer]) -> QImage:
    rows, columns = pixels_yx.shape
    pixels = np.ascontiguousarray(pixels_yx, dtype=np.uint32)
    shared = QImage(
        pixels.data, columns, rows, columns * 4, QImage.Format.Format_ARGB32_Premultiplied
    )
    return shared.copy()  # keeps its own pixels


def _rims(found: Prediction, colors: dict[int, QColor]) -> list[tuple[QPainterPath, QColor]]:
    """The rims of all classes but what surrounds them: anything else, or the widest one."""
    from desktop.gui.canvas.canvas_suggestions import outline

    around = ANYTHING_ELSE if ANYTHING_ELSE in found.class_ids else found.class_ids[0]
    return [
        (outline(found.classes_yx == c), colors.get(c, QColor(200, 200, 200)))
        for c in found.class_ids
        if c != around
    ]
