"""Paints the shapes of a laid-out plot with QPainter: on screen, into a PNG, into a PDF."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from desktop.exchange.plot_shapes import Area, Box, Dot, Laid, Place, Shape, Stroke, Words
from desktop.exchange.plot_svg import dot_points
from desktop.gui.widgets import theme


def measure(text: str, px: int) -> float:
    """Width of a text in the app's own font, logical pixels."""
    return QFontMetricsF(theme.font(px)).horizontalAdvance(text)


def paint(painter: QPainter, laid: Laid, colours: dict[str, str]) -> None:
    """All shapes, in the painter's coordinates; ``colours`` gives a colour for each ink."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
    for shape in laid.shapes:
        _paint_one(painter, shape, colours)


def theme_inks(look: theme.Theme | None = None) -> dict[str, str]:
    """Colours of the theme by ink."""
    used = look or theme.current()
    return {
        name: getattr(used, name) for name in theme.Theme.__dataclass_fields__ if name != "name"
    }


def _paint_one(painter: QPainter, shape: Shape, colours: dict[str, str]) -> None:
    colour = QColor(colours.get(shape.ink, shape.ink))
    if isinstance(shape, Words):
        _words(painter, shape, colour)
        return
    colour.setAlphaF(shape.opacity)
    if isinstance(shape, Stroke):
        pen = QPen(colour, shape.width)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        if shape.dashed:
            pen.setDashPattern([5 / shape.width, 4 / shape.width])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(_polygon(_crisp(shape)))
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    if isinstance(shape, Box):
        if shape.edge:
            painter.setPen(QPen(QColor(colours.get(shape.edge, shape.edge)), 1.0))
        painter.drawRect(QRectF(shape.x, shape.y, shape.width, shape.height))
    elif isinstance(shape, Area):
        painter.drawPolygon(_polygon(shape.points))
    elif isinstance(shape, Dot):
        if shape.shape == "circle":
            painter.drawEllipse(QPointF(shape.x, shape.y), shape.radius, shape.radius)
        else:
            painter.drawPolygon(_polygon(dot_points(shape)))


def _words(painter: QPainter, words: Words, colour: QColor) -> None:
    weight = QFont.Weight.DemiBold if words.bold else QFont.Weight.Normal
    font = theme.font(words.px, weight)
    painter.setFont(font)
    painter.setPen(colour)
    wide = QFontMetricsF(font).horizontalAdvance(words.text)
    shift = {"start": 0.0, "middle": -wide / 2, "end": -wide}[words.anchor]
    if not words.turned:
        painter.drawText(QPointF(words.x + shift, words.y), words.text)
        return
    painter.save()
    painter.translate(words.x, words.y)
    painter.rotate(-90)
    painter.drawText(QPointF(shift, 0), words.text)
    painter.restore()


def _crisp(stroke: Stroke) -> tuple[Place, ...]:
    """Hairlines of the grid on whole pixels."""
    if stroke.width > 1 or len(stroke.points) != 2:
        return stroke.points
    return tuple((round(x) + 0.5, round(y) + 0.5) for x, y in stroke.points)


def _polygon(points: tuple[Place, ...]) -> QPolygonF:
    return QPolygonF([QPointF(x, y) for x, y in points])
