"""What stands around the picture: corner text, orientation letters, scale bar, messages."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from desktop.domain.calibration import Calibrations
from desktop.domain.number_words import number_text
from desktop.domain.study import Plane, Window
from desktop.gui.canvas.canvas_shapes import draw_words, words_width
from desktop.gui.widgets import theme

_MARGIN = 10.0
_LINE = 15.0
_BAR_PX = 180.0
_NARROW = 620.0  # logical pixels of a picture in which bar and corners would meet


@dataclass(frozen=True)
class Corners:
    """Lines of text per corner, from the top down."""

    top_left: tuple[str, ...] = ()
    top_right: tuple[str, ...] = ()
    bottom_left: tuple[str, ...] = ()
    bottom_right: tuple[str, ...] = ()


def draw_corners(painter: QPainter, size: QRectF, corners: Corners) -> None:
    """All four corners in small type."""
    right, bottom = size.right() - _MARGIN, size.bottom() - _MARGIN
    for row, text in enumerate(corners.top_left):
        draw_words(painter, QPointF(_MARGIN, _MARGIN + _LINE * (row + 0.8)), text)
    for row, text in enumerate(corners.top_right):
        x = right - words_width(painter, text)
        draw_words(painter, QPointF(x, _MARGIN + _LINE * (row + 0.8)), text)
    for row, text in enumerate(reversed(corners.bottom_left)):
        draw_words(painter, QPointF(_MARGIN, bottom - _LINE * row), text)
    below = corners.bottom_left, corners.bottom_right
    wide = sum(max((words_width(painter, t) for t in texts), default=0.0) for texts in below)
    lift = len(corners.bottom_left) if wide + 4 * _MARGIN > size.width() else 0  # else they'd meet
    for row, text in enumerate(reversed(corners.bottom_right)):
        x = right - words_width(painter, text)
        draw_words(painter, QPointF(x, bottom - _LINE * (row + lift)), text)


def draw_letters(painter: QPainter, size: QRectF, plane: Plane) -> None:
    """Which side of the patient lies left, right, above and below."""
    left, right, top, bottom = side_letters(plane)
    middle_x, middle_y = size.center().x(), size.center().y() + 4
    draw_words(painter, QPointF(_MARGIN, middle_y), left)
    width = words_width(painter, right)
    draw_words(painter, QPointF(size.right() - _MARGIN - width, middle_y), right)
    width = words_width(painter, top)
    draw_words(painter, QPointF(middle_x - width / 2, _MARGIN + _LINE * 0.8), top)
    width = words_width(painter, bottom)
    draw_words(painter, QPointF(middle_x - width / 2, size.bottom() - _MARGIN), bottom)


def side_letters(plane: Plane) -> tuple[str, str, str, str]:
    """Letters for left, right, top and bottom of the picture.

    Source: DICOM PS3.3 C.7.6.2.1.1; coordinates grow to the patient's left, back and head.
    """
    row, column = plane.orientation[:3], plane.orientation[3:]
    return (
        _letters(row, -1),
        _letters(row, 1),
        _letters(column, -1),
        _letters(column, 1),
    )


def _letters(direction: tuple[float, ...], sign: int) -> str:
    """The main direction first; further letters where the plane is oblique by more than 15°."""
    names = (("R", "L"), ("A", "P"), ("F", "H"))
    parts = sorted(zip(direction, names, strict=True), key=lambda p: -abs(p[0]))
    return "".join(pair[sign * value > 0] for value, pair in parts if abs(value) > 0.26)


def draw_scale_bar(painter: QPainter, size: QRectF, known: Calibrations, px: float) -> None:
    """A bar of a round length with its calibration; ``px`` is logical pixels per image pixel."""
    scale = known.everywhere
    if scale is None or scale.mm_x <= 0:
        return
    length_mm, text = bar_length(_BAR_PX * scale.mm_x / px)
    half = length_mm / scale.mm_x * px / 2
    middle, y = size.center().x(), size.bottom() - _MARGIN - 22
    if size.width() < _NARROW:  # above the corner's text, not through it
        y -= 2 * _LINE
    line = [QPointF(middle - half, y), QPointF(middle + half, y)]
    for pen in (QPen(QColor(0, 0, 0, 200), 4), QPen(QColor(240, 242, 244), 2)):
        painter.setPen(pen)
        painter.drawLine(*line)
        for end in line:
            painter.drawLine(end - QPointF(0, 4), end + QPointF(0, 4))
    words = f"{text}, {scale.source.value}"
    draw_words(painter, QPointF(middle - words_width(painter, words) / 2, y - 8), words)


def bar_length(longest_mm: float) -> tuple[float, str]:
    """The longest of 1, 2, 5 times a power of ten that fits, in mm, and its text."""
    power = 10.0 ** math.floor(math.log10(longest_mm))
    length = max(f * power for f in (1.0, 2.0, 5.0) if f * power <= longest_mm * (1 + 1e-9))
    return length, f"{length / 10:g} cm" if length >= 10 else f"{length:g} mm"


def window_text(window: Window | None) -> str:
    """ "C 40  W 400  Brain"."""
    if window is None:
        return ""
    small = 0 < window.width < 10
    digits = 2 - math.floor(math.log10(window.width)) if small else 0
    center, width = (number_text(round(n, digits)) for n in (window.center, window.width))
    text = f"C {center}  W {width}"
    return f"{text}  {window.name}" if window.name else text


def spacing_text(known: Calibrations) -> str:
    """How large a pixel is and who says so."""
    scale = known.everywhere
    if scale is None:
        if known.regions:
            return "mm within ultrasound regions"
        return "pixels, not calibrated"
    size = f"{scale.mm_x:.3g}"
    if abs(scale.mm_y / scale.mm_x - 1) > 1e-3:
        size = f"{scale.mm_x:.3g} × {scale.mm_y:.3g}"
    return f"{size} mm/px, {scale.source.value}"


def draw_message(painter: QPainter, size: QRectF, title: str, detail: str = "") -> None:
    """One or two sentences in the middle, on a plain ground."""
    painter.setFont(theme.font(15))
    width = min(size.width() - 40, 560.0)
    wrap = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    head = painter.boundingRect(QRectF(0, 0, width, 400), int(wrap), title)
    painter.setFont(theme.font(13))
    body = painter.boundingRect(QRectF(0, 0, width, 400), int(wrap), detail)
    height = head.height() + (body.height() + 6 if detail else 0)
    box = QRectF(0, 0, max(head.width(), body.width()) + 36, height + 26)
    box.moveCenter(size.center())
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(QPen(QColor(theme.DARK.line), 1))
    painter.setBrush(QColor(theme.DARK.surface))
    painter.drawRoundedRect(box, theme.RADIUS, theme.RADIUS)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QColor(theme.DARK.text))
    painter.setFont(theme.font(15))
    top = QRectF(box.left() + 18, box.top() + 13, box.width() - 36, head.height())
    painter.drawText(top, int(wrap), title)
    if detail:
        painter.setFont(theme.font(13))
        painter.setPen(QColor(theme.DARK.muted))
        under = QRectF(top.left(), top.bottom() + 6, top.width(), body.height())
        painter.drawText(under, int(wrap), detail)


def draw_banner(painter: QPainter, size: QRectF, text: str) -> None:
    """One sentence over the top edge that waits for an answer."""
    painter.setFont(theme.font(13))
    width = words_width(painter, text) + 28
    box = QRectF(size.center().x() - width / 2, 34, width, 30)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(QPen(QColor(theme.DARK.warn), 1))
    painter.setBrush(QColor(theme.DARK.raised))
    painter.drawRoundedRect(box, theme.RADIUS, theme.RADIUS)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QColor(theme.DARK.text))
    painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), text)
