"""The app's own icons: line drawings on a 20 px grid, tinted by a token, sharp at every scale."""

from __future__ import annotations

import weakref
from functools import lru_cache
from typing import Protocol

import shiboken6
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QWidget

from desktop.gui.widgets import theme
from desktop.workspace.places import resources_dir


class _Bearer(Protocol):
    def setIcon(self, icon: QIcon) -> None: ...


_bound: weakref.WeakKeyDictionary[_Bearer, tuple[str, str, str]] = weakref.WeakKeyDictionary()


def bind(bearer: _Bearer, name: str, token: str = "text", checked: str = "accent") -> None:
    """Give a button or action its icon and keep it in the theme's colours."""
    _bound[bearer] = (name, token, checked)
    bearer.setIcon(icon(name, token, checked))


def retint() -> None:
    """Put all bound icons into the theme's colours, for the screens there are now."""
    for bearer, (name, token, checked) in list(_bound.items()):
        if shiboken6.isValid(bearer):  # Qt may have deleted what Python still remembers
            bearer.setIcon(icon(name, token, checked))
        else:
            del _bound[bearer]


def icon(name: str, token: str = "text", checked: str = "accent") -> QIcon:
    """A QIcon in the current theme: normal, switched off, and checked."""
    look = theme.current()
    return _icon(name, getattr(look, token), getattr(look, checked), look.faint, _scales())


def pixmap(name: str, colour: str, size: int = theme.ICON_PX, dpr: float = 1.0) -> QPixmap:
    """One drawing in one colour; ``size`` in logical pixels."""
    return _pixmap(name, colour, size, round(dpr, 3))


@lru_cache(maxsize=512)
def _icon(name: str, normal: str, checked: str, off: str, scales: tuple[float, ...]) -> QIcon:
    made = QIcon()
    for dpr in scales:
        for mode, state, colour in (
            (QIcon.Mode.Normal, QIcon.State.Off, normal),
            (QIcon.Mode.Normal, QIcon.State.On, checked),
            (QIcon.Mode.Disabled, QIcon.State.Off, off),
            (QIcon.Mode.Disabled, QIcon.State.On, off),
        ):
            made.addPixmap(_pixmap(name, colour, theme.ICON_PX, dpr), mode, state)
    return made


@lru_cache(maxsize=1024)
def _pixmap(name: str, colour: str, size: int, dpr: float) -> QPixmap:
    side = round(size * dpr)
    drawing = _renderer(name)
    made = QPixmap(QSize(side, side))
    made.fill(Qt.GlobalColor.transparent)
    with QPainter(made) as painter:
        drawing.render(painter, QRectF(0, 0, side, side))
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
        painter.fillRect(made.rect(), QColor(colour))
    made.setDevicePixelRatio(dpr)
    return made


@lru_cache(maxsize=128)
def _renderer(name: str) -> QSvgRenderer:
    path = resources_dir() / "icons" / f"{name}.svg"
    if not path.is_file():
        raise FileNotFoundError(f"there is no icon named {name}")
    return QSvgRenderer(str(path))


def _scales() -> tuple[float, ...]:
    return tuple(sorted({round(s.devicePixelRatio(), 3) for s in QGuiApplication.screens()}))


class Glyph(QWidget):
    """An icon standing by itself, painted in the theme's colour of the moment."""

    def __init__(
        self,
        name: str,
        token: str = "muted",
        size: int = theme.ICON_PX,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._name, self._token, self._size = name, token, size
        self.setFixedSize(size, size)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def show_as(self, name: str, token: str) -> None:
        """Change drawing and colour."""
        self._name, self._token = name, token
        self.update()

    def paintEvent(self, _event: object) -> None:
        with QPainter(self) as painter:
            colour = getattr(theme.current(), self._token)
            drawn = pixmap(self._name, colour, self._size, self.devicePixelRatioF())
            painter.drawPixmap(0, 0, drawn)
