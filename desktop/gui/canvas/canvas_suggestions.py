"""Draws suggestions over the picture: hatched, with name and score, so that none looks drawn."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen

from desktop.domain.geometry import Point
from desktop.domain.proposal import Proposal, ProposedFrame
from desktop.domain.study import FrameRef
from desktop.gui.canvas.canvas_shapes import View, draw_words, path_of
from desktop.gui.canvas.canvas_sheet import Sheet
from desktop.gui.suggestions.suggestion_book import band, frames_of

if TYPE_CHECKING:
    import numpy.typing as npt

_KEPT = 64
_CROWD = 5  # more on one image, and only the chosen one carries its words
_DASHES = (4.0, 3.0)
_SHADOW = QColor(0, 0, 0, 150)


class SuggestionPainter:
    """Keeps the outlines of masks between two pictures."""

    def __init__(self) -> None:
        self._paths: OrderedDict[str, QPainterPath] = OrderedDict()
        self._crowded = False

    def draw(
        self,
        painter: QPainter,
        view: View,
        sheet: Sheet,
        ref: FrameRef,
        proposals: tuple[Proposal, ...],
        chosen: str,
    ) -> None:
        """Draw those that lie on a frame; the chosen one last and with a stronger line."""
        here = [p for p in proposals if ref in frames_of(p)]
        here.sort(key=lambda p: p.id == chosen)
        self._crowded = len(here) > _CROWD
        for proposal in here:
            if proposal.label is not None:
                color = QColor(*sheet.color(proposal.label.class_id))
                self._one(painter, view, sheet, ref, proposal, color, proposal.id == chosen)

    def _one(
        self, painter: QPainter, view: View, sheet: Sheet, ref: FrameRef, proposal: Proposal,
        color: QColor, is_chosen: bool,
    ) -> None:  # fmt: skip
        geometry = proposal.geometry
        if geometry is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        if isinstance(geometry, Point):
            at = view.point((geometry.x, geometry.y))
            self._ring(painter, at, color, is_chosen)
            top = at + QPointF(11, 4)
        else:
            part = next((p for p in proposal.frames if p.frame == ref), None)
            path = self._path_of_mask(sheet, part) if part is not None else path_of(geometry)
            bounds = view.transform().mapRect(path.boundingRect())
            self._hatched(painter, view, path, color, is_chosen)
            top = QPointF(bounds.left(), bounds.top() - 5)
        if is_chosen or not self._crowded:
            draw_words(painter, top, words_of(sheet, proposal))

    def _hatched(
        self, painter: QPainter, view: View, path: QPainterPath, color: QColor, is_chosen: bool
    ) -> None:
        on_screen = view.transform().map(path)
        painter.resetTransform()
        veil = QColor(color)
        veil.setAlpha(200 if is_chosen else 130)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QBrush(veil, Qt.BrushStyle.BDiagPattern))
        painter.drawPath(on_screen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for tint, wide in ((_SHADOW, 3.5), (color, 2.5 if is_chosen else 1.5)):
            pen = QPen(tint, wide)
            if tint is color:
                pen.setDashPattern([d / wide * 1.5 for d in _DASHES])
            painter.setPen(pen)
            painter.drawPath(on_screen)
        if is_chosen:
            _corners(painter, on_screen.boundingRect().adjusted(-4, -4, 4, 4))

    def _ring(self, painter: QPainter, at: QPointF, color: QColor, is_chosen: bool) -> None:
        painter.resetTransform()
        pen = QPen(color, 2.5 if is_chosen else 1.5)
        pen.setDashPattern([2.0, 2.0])
        painter.setPen(pen)
        painter.setBrush(QBrush(color, Qt.BrushStyle.BDiagPattern))
        painter.drawEllipse(at, 7.0, 7.0)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _path_of_mask(self, sheet: Sheet, part: ProposedFrame) -> QPainterPath:
        found = self._paths.get(part.runs)
        if found is None:
            found = self._paths[part.runs] = outline(sheet.workspace.mask(part))
        self._paths.move_to_end(part.runs)
        while len(self._paths) > _KEPT:
            self._paths.popitem(last=False)
        return found


def words_of(sheet: Sheet, proposal: Proposal) -> str:
    """Name and score band of a suggestion, e.g. "Nodule? 0.86 high"."""
    assert proposal.label is not None
    known = sheet.classes.get(proposal.label.class_id)
    name = known.name if known is not None else f"class {proposal.label.class_id}"
    return f"{name}?  {proposal.score:.2f} {band(proposal.score)}"


def outline(mask_yx: npt.NDArray[np.bool_]) -> QPainterPath:
    """The outline of a mask in image coordinates, through the outer pixels, with its holes."""
    from desktop.imaging.cv import cv2

    found, _levels = cv2.findContours(
        mask_yx.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE
    )
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.OddEvenFill)
    for ring in found:
        points = ring[:, 0, :] + 0.5
        if len(points) < 3:  # a dot or a line: the pixels themselves
            x0, y0 = points.min(axis=0) - 0.5
            x1, y1 = points.max(axis=0) + 0.5
            path.addRect(QRectF(x0, y0, x1 - x0, y1 - y0))
            continue
        path.moveTo(*(float(v) for v in points[0]))
        for x, y in points[1:]:
            path.lineTo(float(x), float(y))
        path.closeSubpath()
    return path


def _corners(painter: QPainter, rect: QRectF) -> None:
    """White corners around the chosen one."""
    reach = 7.0
    painter.setPen(QPen(QColor(255, 255, 255), 1.5))
    for corner, dx, dy in (
        (rect.topLeft(), 1, 1), (rect.topRight(), -1, 1),
        (rect.bottomLeft(), 1, -1), (rect.bottomRight(), -1, -1),
    ):  # fmt: skip
        painter.drawLine(corner, corner + QPointF(dx * reach, 0))
        painter.drawLine(corner, corner + QPointF(0, dy * reach))
