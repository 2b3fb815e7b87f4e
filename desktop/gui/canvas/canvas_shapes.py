"""Draws shapes, handles, names and what is in hand over the picture."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QPainter,
    QPainterPath,
    QPen,
    QStaticText,
    QTransform,
)

from desktop.domain.annotation import Annotation
from desktop.domain.calibration import Calibrations, length_text
from desktop.domain.geometry import XY, Ellipse, Geometry, Mask, Point, Polygon, Polyline, bounds_of
from desktop.gui.canvas.canvas_sheet import RGB, Sheet
from desktop.gui.widgets import theme
from desktop.imaging.viewport import Placement
from desktop.interaction.context import ToolContext
from desktop.interaction.tool import ShapePreview

_STYLES = (
    (),
    (7.0, 4.0),
    (2.0, 3.0),
    (9.0, 3.0, 2.0, 3.0),
)  # the class is not told by colour alone
_SHADOW = QColor(0, 0, 0, 150)
_TEXT, _PLATE = QColor(240, 242, 244), QColor(0, 0, 0, 130)
_CROWD = 20  # outlines of one class on one frame
_KEPT = 64  # drawings of frames seen last
_HANDLE = 7.0
_POINT = 5.0
_ROOM = 32.0  # logical pixels that a shape must be wide to carry its name


@dataclass(frozen=True)
class View:
    """From image coordinates to the painter's logical pixels."""

    placement: Placement
    ratio: float

    @property
    def scale(self) -> float:
        """Logical pixels per image pixel along x."""
        return self.placement.zoom / self.ratio

    @property
    def scale_y(self) -> float:
        return self.placement.zoom_y / self.ratio

    def point(self, at: XY) -> QPointF:
        x, y = self.placement.to_screen(at[0], at[1])
        return QPointF(x / self.ratio, y / self.ratio)

    def rect(self, bounds: tuple[float, float, float, float]) -> QRectF:
        return QRectF(self.point(bounds[:2]), self.point(bounds[2:]))

    def transform(self, shift: float = 0.0) -> QTransform:
        p = self.placement
        return QTransform(
            self.scale, 0, 0, self.scale_y, p.x / self.ratio + shift, p.y / self.ratio + shift
        )


@dataclass
class _Layer:
    """All unselected outlines of a frame that look alike, as one path in image coordinates.

    One path of fifty outlines is drawn several times faster than fifty paths.
    """

    color: QColor
    dashes: tuple[float, ...]
    path: QPainterPath
    count: int = 0


@dataclass(frozen=True)
class _Words:
    """A region's text at an image point, shifted by (dx, dy) logical pixels.

    It is shown where the region is at least ``width`` logical pixels wide.
    """

    region_id: str
    at: XY
    dx: float
    dy: float
    text: str
    extent: float
    width: float


@dataclass(frozen=True)
class _Drawing:
    """Everything to draw of one frame, selection apart."""

    sheet: Sheet
    annotations: tuple[Annotation, ...]
    calibrations: Calibrations
    layers: tuple[_Layer, ...]
    points: tuple[tuple[XY, QColor], ...]
    ends: tuple[tuple[XY, QColor], ...]
    words: tuple[_Words, ...]


class ShapePainter:
    """Draws regions from drawings that are made once per frame and selection, not per picture."""

    def __init__(self) -> None:
        self._drawings: OrderedDict[tuple[object, ...], _Drawing] = OrderedDict()

    def draw(
        self,
        painter: QPainter,
        view: View,
        clip: QRectF,
        sheet: Sheet,
        context: ToolContext,
        selection: tuple[str, ...],
        hidden: frozenset[str],
    ) -> None:
        """Draw the regions of a frame; ``hidden`` ones are in hand and drawn as previews."""
        drawing = self._drawing(sheet, context, selection, hidden)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        self._draw_layers(painter, view, drawing.layers)
        for at, color in drawing.points:
            draw_point(painter, view.point(at), color)
        for at, color in drawing.ends:
            draw_end(painter, view.point(at), color)
        for region in context.annotations if selection else ():
            if region.id in selection and region.id not in hidden:
                self._draw_selected(painter, view, sheet, region)
        painter.resetTransform()
        near = clip.adjusted(-260, -16, 20, 16)
        for words in drawing.words:
            if words.extent * view.scale >= words.width:
                start = view.point(words.at) + QPointF(words.dx, words.dy)
                if near.contains(start):
                    draw_words(painter, start, words.text)

    def _drawing(
        self,
        sheet: Sheet,
        context: ToolContext,
        selection: tuple[str, ...],
        hidden: frozenset[str],
    ) -> _Drawing:
        key = (context.frame, selection, hidden)
        found = self._drawings.get(key)
        if (
            found is None
            or found.sheet is not sheet
            or found.annotations is not context.annotations
            or found.calibrations != context.calibrations
        ):
            found = self._drawings[key] = _drawing_of(sheet, context, selection, hidden)
        self._drawings.move_to_end(key)
        while len(self._drawings) > _KEPT:
            self._drawings.popitem(last=False)
        return found

    def _draw_layers(self, painter: QPainter, view: View, layers: tuple[_Layer, ...]) -> None:
        """A shadow and two thin lines side by side: seen on black and on white.

        One line is enough, and quicker, where there is a crowd. A pen of width 1 is the quick
        one: wider antialiased pens take six times as long.
        """
        for layer in layers:
            painter.setTransform(view.transform(1.4))
            painter.setPen(hairline(_SHADOW))
            painter.drawPath(layer.path)
            painter.setPen(hairline(layer.color, layer.dashes))
            for shift in (0.6, 0.0) if layer.count <= _CROWD else (0.0,):
                painter.setTransform(view.transform(shift))
                painter.drawPath(layer.path)
        painter.resetTransform()

    def _draw_selected(
        self, painter: QPainter, view: View, sheet: Sheet, region: Annotation
    ) -> None:
        geometry = region.geometry
        assert geometry is not None
        color = QColor(*sheet.color(region.label.class_id))
        if isinstance(geometry, Point):
            draw_point(painter, view.point((geometry.x, geometry.y)), color, selected=True)
            return
        painter.setTransform(view.transform())
        stroke(painter, view, path_of(geometry), color, 2.5)
        painter.resetTransform()
        if not region.locked:
            draw_handles(painter, [view.point(h) for h in geometry.handles()], color)


def _drawing_of(
    sheet: Sheet, context: ToolContext, selection: tuple[str, ...], hidden: frozenset[str]
) -> _Drawing:
    layers: dict[tuple[int, bool], _Layer] = {}
    points, ends, words = [], [], []
    for region in context.annotations:
        geometry, class_id = region.geometry, region.label.class_id
        if geometry is None or region.id in hidden:
            continue
        words.append(_words_of(sheet, region, geometry, context, selection))
        if region.id in selection:
            continue
        color = QColor(*sheet.color(class_id))
        if isinstance(geometry, Point):
            points.append(((geometry.x, geometry.y), color))
            continue
        look = (class_id, isinstance(geometry, Polyline))
        if isinstance(geometry, Polyline):
            ends += [(geometry.points[0], color), (geometry.points[-1], color)]
        if look not in layers:
            layers[look] = _Layer(color, () if look[1] else _style(sheet, region), QPainterPath())
        layers[look].count += 1
        add_path(layers[look].path, geometry)
    return _Drawing(
        sheet=sheet,
        annotations=context.annotations,
        calibrations=context.calibrations,
        layers=tuple(layers.values()),
        points=tuple(points),
        ends=tuple(ends),
        words=tuple(words),
    )


def _style(sheet: Sheet, region: Annotation) -> tuple[float, ...]:
    return _STYLES[sheet.class_place(region.label.class_id) % len(_STYLES)]


def _words_of(
    sheet: Sheet,
    region: Annotation,
    geometry: Geometry,
    context: ToolContext,
    selection: tuple[str, ...],
) -> _Words:
    text = sheet.words(region) + (" · locked" if region.locked else "")
    right, lower = sheet.words_shift(region)
    if isinstance(geometry, Polyline):
        text = f"{text}  {length_text(geometry.points, context.calibrations)}"
        return _Words(region.id, geometry.points[-1], 8 + right, 4 + lower, text, 1.0, 0.0)
    if isinstance(geometry, Point):
        return _Words(region.id, (geometry.x, geometry.y), 11 + right, 4 + lower, text, 1.0, 0.0)
    x0, y0, x1, _ = geometry.bounds()
    least = 0.0 if region.id in selection else _ROOM
    return _Words(region.id, (x0, y0), right, lower - 5, text, x1 - x0, least)


def path_of(geometry: Geometry, closed: bool = True) -> QPainterPath:
    """The outline in image coordinates, with holes."""
    path = QPainterPath()
    add_path(path, geometry, closed)
    return path


def add_path(path: QPainterPath, geometry: Geometry, closed: bool = True) -> None:
    """Add an outline, with holes, to a path in image coordinates."""
    if isinstance(geometry, Mask):
        return
    if isinstance(geometry, Ellipse) and geometry.angle_deg == 0:
        path.addEllipse(QPointF(geometry.cx, geometry.cy), geometry.rx, geometry.ry)
        return
    _ring(path, geometry.outline(), closed and not isinstance(geometry, Polyline))
    for hole in geometry.holes if isinstance(geometry, Polygon) else ():
        _ring(path, hole, True)


def _ring(path: QPainterPath, points: tuple[XY, ...], closed: bool) -> None:
    if not points:
        return
    path.moveTo(*points[0])
    for point in points[1:]:
        path.lineTo(*point)
    if closed:
        path.closeSubpath()


def draw_preview(painter: QPainter, view: View, preview: ShapePreview, color: RGB) -> None:
    """A shape in hand."""
    tint = QColor(*color)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    geometry = preview.geometry
    if isinstance(geometry, Point):
        draw_point(painter, view.point((geometry.x, geometry.y)), tint, selected=True)
        return
    painter.setTransform(view.transform())
    stroke(painter, view, path_of(geometry, preview.closed), tint, 2.0)
    if preview.loose:
        painter.setPen(hairline(tint))
        painter.drawPath(path_of(Polyline(points=preview.loose)))
    painter.resetTransform()
    if preview.vertices:
        draw_handles(painter, [view.point(h) for h in geometry.handles()], tint)
    if preview.label:
        draw_words(painter, view.point(geometry.outline()[-1]) + QPointF(10, 4), preview.label)


def preview_rect(view: View, preview: ShapePreview) -> QRect:
    """Logical pixels that a shape in hand may cover, with handles and label."""
    points = (*preview.geometry.outline(), *preview.geometry.handles(), *preview.loose)
    side = 260 if preview.label else 12
    return view.rect(bounds_of(points)).normalized().adjusted(-12, -22, side, 22).toAlignedRect()


def stroke(painter: QPainter, view: View, path: QPainterPath, color: QColor, width: float) -> None:
    """One path with a dark line under it; ``width`` in logical pixels."""
    for tint, wide in ((_SHADOW, width + 1.5), (color, width)):
        pen = QPen(tint, wide * view.ratio)  # cosmetic pens count device pixels
        pen.setCosmetic(True)
        painter.setPen(pen)
        painter.drawPath(path)


def hairline(color: QColor, dashes: tuple[float, ...] = ()) -> QPen:
    pen = QPen(color, 1.0)
    pen.setCosmetic(True)
    if dashes:
        pen.setDashPattern(list(dashes))
    return pen


def draw_handles(painter: QPainter, points: list[QPointF], color: QColor) -> None:
    """White squares with a rim of the class colour; small where there are many."""
    side = _HANDLE if len(points) <= 60 else 4.0
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(color, 1.0))
    painter.setBrush(QColor(255, 255, 255))
    for at in points:
        painter.drawRect(QRectF(at.x() - side / 2, at.y() - side / 2, side, side))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)


def draw_point(painter: QPainter, at: QPointF, color: QColor, selected: bool = False) -> None:
    """A cross in a ring."""
    painter.resetTransform()
    reach = _POINT + (2 if selected else 0)
    for pen in (QPen(_SHADOW, 3.5), QPen(color, 2.0 if selected else 1.5)):
        painter.setPen(pen)
        painter.drawEllipse(at, reach, reach)
        painter.drawLine(at - QPointF(reach + 3, 0), at + QPointF(reach + 3, 0))
        painter.drawLine(at - QPointF(0, reach + 3), at + QPointF(0, reach + 3))


def draw_end(painter: QPainter, at: QPointF, color: QColor) -> None:
    """A dot where a line ends."""
    painter.setPen(QPen(_SHADOW, 1.0))
    painter.setBrush(color)
    painter.drawEllipse(at, 3.0, 3.0)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def draw_words(painter: QPainter, at: QPointF, text: str, color: QColor | None = None) -> None:
    """Small text on a dark plate, readable on any picture; ``at`` is the base line's left end."""
    if not text:
        return
    words, ascent = _static(text, painter.font().pixelSize())
    top = QPointF(at.x(), at.y() - ascent)
    size = words.size()
    painter.fillRect(QRectF(top.x() - 3, top.y(), size.width() + 6, size.height()), _PLATE)
    painter.setPen(color or _TEXT)
    painter.drawStaticText(top, words)


def words_width(painter: QPainter, text: str) -> float:
    return _static(text, painter.font().pixelSize())[0].size().width()


@lru_cache(maxsize=512)
def _static(text: str, px: int) -> tuple[QStaticText, float]:
    """A laid out text and its ascent; laying out takes longer than drawing."""
    font = theme.font(px)
    words = QStaticText(text)
    words.setTextFormat(Qt.TextFormat.PlainText)
    words.prepare(font=font)
    return words, QFontMetricsF(font).ascent()
