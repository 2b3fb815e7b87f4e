"""A bar of parts: how much of a whole is done, skipped, handed out, and still to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.gui.widgets import theme

_HEIGHT = 8


class Part(NamedTuple):
    """A share of the bar in one token of the theme; ``words`` are said in the tooltip."""

    number: int
    token: str
    words: str


class LoadBar(QWidget):
    """``of`` is the length that all bars of a list share; 0: this bar's own sum."""

    def __init__(self, parts: Sequence[Part] = (), of: int = 0, name: str = "") -> None:
        super().__init__()
        self._parts: tuple[Part, ...] = ()
        self._of = 0
        self._name = name
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(80)
        self.show_parts(parts, of)

    def show_parts(self, parts: Sequence[Part], of: int = 0) -> None:
        self._parts, self._of = tuple(p for p in parts if p.number), of
        words = ", ".join(f"{p.number:,} {p.words}" for p in self._parts) or "nothing"
        self.setToolTip(words)
        self.setAccessibleName(f"{self._name}: {words}" if self._name else words)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(160, _HEIGHT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QRectF(0, (self.height() - _HEIGHT) / 2, self.width(), _HEIGHT)
        path = QPainterPath()
        path.addRoundedRect(whole, 3, 3)
        painter.setClipPath(path)
        painter.fillRect(whole, QColor(look.line))
        total = self._of or sum(p.number for p in self._parts)
        left = 0.0
        painter.setPen(Qt.PenStyle.NoPen)
        for part in self._parts:
            wide = self.width() * part.number / max(1, total)
            painter.fillRect(
                QRectF(left, whole.top(), wide, _HEIGHT), QColor(getattr(look, part.token))
            )
            left += wide
        painter.end()
