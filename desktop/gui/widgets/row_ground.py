"""The ground of a row in a list that paints its rows itself: lit where chosen or pointed at."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

from desktop.gui.widgets import theme


def paint_ground(
    painter: QPainter,
    option: QStyleOptionViewItem,
    chosen: QStyle.StateFlag = QStyle.StateFlag.State_Selected,
) -> QRect:
    """Paint it with smooth edges from here on; returns the row's rectangle."""
    rect: QRect = option.rect  # type: ignore[attr-defined]
    state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    is_chosen = bool(state & chosen)
    if is_chosen or state & QStyle.StateFlag.State_MouseOver:
        look = theme.current()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(look.chosen if is_chosen else look.hover))
        painter.drawRoundedRect(QRectF(rect.adjusted(4, 1, -4, -1)), theme.RADIUS, theme.RADIUS)
    return rect
