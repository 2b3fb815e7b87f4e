"""Rows that a person picks: an answer with its digit, a label class with its colour and key."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QEnterEvent, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from desktop.gui.widgets import theme

_MARK = 16
_GAP = 8
_PAD = 8
_INDENT = 16
_MOST_DEEP = 4
_WRAP = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap


class PickRow(QAbstractButton):
    """A row with a mark at the left, words that wrap, and a key cap at the right."""

    room_px = 8  # above and below the words, together

    def __init__(self, text: str, key: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setCheckable(True)
        self.setAccessibleName(text)
        self.key = key
        self.indent = 0  # pixels that mark and words stand in
        self.is_current = False  # the row that the arrow keys are on
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def words(self) -> str:
        """The text as it is laid out."""
        return self.text()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        box = QRect(0, 0, max(40, self._words(width).width()), 10_000)
        return max(
            28,
            QFontMetrics(self.font()).boundingRect(box, _WRAP, self.words()).height()
            + self.room_px,
        )

    def sizeHint(self) -> QSize:
        return QSize(200, self.heightForWidth(280))

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 28)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        look = theme.current()
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_ground(painter, look)
            left = _PAD + self.indent
            self.paint_mark(painter, look, QRectF(left, (self.height() - _MARK) / 2, _MARK, _MARK))
            painter.setPen(QColor(look.text if self.isEnabled() else look.faint))
            painter.drawText(self._words(self.width()), _WRAP, self.words())
            if self.key:
                paint_key(painter, look, self.width() - _PAD, self.height() / 2, self.key)

    def paint_mark(self, painter: QPainter, look: theme.Theme, at: QRectF) -> None:
        """Draw what stands at the left."""
        raise NotImplementedError  # pragma: no cover - each kind of row has its own

    def _paint_ground(self, painter: QPainter, look: theme.Theme) -> None:
        if self.is_current:
            painter.setPen(QPen(QColor(look.accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            inside = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            painter.drawRoundedRect(inside, theme.RADIUS, theme.RADIUS)
        over = self.underMouse() and self.isEnabled()
        if not (over or self.isChecked()):
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(look.chosen if self.isChecked() else look.hover))
        painter.drawRoundedRect(QRectF(self.rect()), theme.RADIUS, theme.RADIUS)

    def _words(self, width: int) -> QRect:
        left = _PAD + self.indent + _MARK + _GAP
        right = _PAD + (24 if self.key else 0)
        return QRect(left, 0, width - left - right, self.height())


class ChoiceRow(PickRow):
    """An answer: a ring for one of many, a square for several."""

    def __init__(self, text: str, key: str, several: bool, parent: QWidget | None = None) -> None:
        super().__init__(text, key, parent)
        self._several = several

    def paint_mark(self, painter: QPainter, look: theme.Theme, at: QRectF) -> None:
        on = self.isChecked()
        painter.setPen(QPen(QColor(look.accent if on else look.edge), 1.25))
        painter.setBrush(QColor(look.accent if on else look.field))
        inner = at.adjusted(1, 1, -1, -1)
        if self._several:
            painter.drawRoundedRect(inner, 4, 4)
        else:
            painter.drawEllipse(inner)
        if not on:
            return
        if self._several:
            pen = QPen(QColor(look.on_accent), 2)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            x, y = at.x(), at.y()
            painter.drawPolyline(
                [QPointF(x + 4.5, y + 8.2), QPointF(x + 7, y + 10.8), QPointF(x + 11.8, y + 5.4)]
            )
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(look.on_accent))
            painter.drawEllipse(at.center(), 3, 3)


class ClassRow(PickRow):
    """A label class: its colour, its name, its key; parts stand in from what they are a part of."""

    def __init__(
        self, text: str, key: str, colour: str, depth: int = 0, parent: QWidget | None = None
    ) -> None:
        super().__init__(text, key, parent)
        self.colour = colour
        self.indent = min(depth, _MOST_DEEP) * _INDENT

    def paint_mark(self, painter: QPainter, look: theme.Theme, at: QRectF) -> None:
        paint_swatch(painter, look, at.adjusted(1, 1, -1, -1), self.colour)


def paint_swatch(painter: QPainter, look: theme.Theme, at: QRectF, colour: str) -> None:
    """A class's colour with a rim that keeps it visible on every ground."""
    painter.setPen(QPen(QColor(look.edge), 1))
    painter.setBrush(QColor(colour))
    painter.drawRoundedRect(at, 4, 4)


def paint_key(painter: QPainter, look: theme.Theme, right: float, middle: float, key: str) -> None:
    """A key cap that ends at ``right``, centred on ``middle``."""
    font = theme.font(theme.SMALL_PX)
    painter.save()
    painter.setFont(font)
    width = max(18, QFontMetrics(font).horizontalAdvance(key) + 10)
    cap = QRectF(right - width, middle - 9, width, 18)
    painter.setPen(QPen(QColor(look.line), 1))
    painter.setBrush(QColor(look.raised))
    painter.drawRoundedRect(cap.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
    painter.setPen(QColor(look.muted))
    painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, key)
    painter.restore()
