"""A reader at the canvas: real mouse and key events, points in image coordinates."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

import desktop.gui  # noqa: F401 - before the first Qt call
from desktop.gui.canvas.canvas import CanvasView
from desktop.gui.reading.reading import Reading
from tests.gui.canvas_room import Room

LEFT, MIDDLE, RIGHT = (
    Qt.MouseButton.LeftButton,
    Qt.MouseButton.MiddleButton,
    Qt.MouseButton.RightButton,
)
NONE = Qt.KeyboardModifier.NoModifier
CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


class Desk:
    """A reader at the canvas. Points are given in image coordinates."""

    def __init__(self, room: Room, qtbot: Any) -> None:
        self.room = room
        self.reading = Reading()
        self.canvas = CanvasView(self.reading)
        qtbot.addWidget(self.canvas)
        self.canvas.resize(480, 400)
        self.canvas.show()
        self.hints: list[str] = []
        self.info: list[str] = []
        self.failures: list[Any] = []
        self.canvas.hint.connect(self.hints.append)
        self.canvas.pointer_info.connect(self.info.append)
        self.reading.failed.connect(self.failures.append)
        self.reading.open(room.ws)
        self.reading.replace(case_id="case", series_id="series", class_id=1)
        self.settle()

    def again(self, qtbot: Any) -> Desk:
        """A new window on the project opened again; the old one lets go of it."""
        later = Desk(self.room, qtbot)
        qtbot.addWidget(later.canvas, before_close_func=lambda _w: later.reading.open(None))
        return later

    def settle(self) -> None:
        for _ in range(3):
            QApplication.processEvents()

    def _mouse(self, kind: QEvent.Type, at: QPointF, button: Any, mods: Any) -> None:
        moving = kind == QEvent.Type.MouseMove
        held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else button
        pressed = Qt.MouseButton.NoButton if moving else button
        event = QMouseEvent(kind, at, self.canvas.mapToGlobal(at), pressed, held, mods)
        QApplication.sendEvent(self.canvas, event)

    def widget(self, x: float, y: float) -> QPointF:
        return QPointF(*self.canvas.widget_point(x, y))

    def press(self, x: float, y: float, button: Any = LEFT, mods: Any = NONE) -> None:
        self._mouse(QEvent.Type.MouseButtonPress, self.widget(x, y), button, mods)

    def move(self, x: float, y: float, button: Any = LEFT, mods: Any = NONE) -> None:
        self._mouse(QEvent.Type.MouseMove, self.widget(x, y), button, mods)

    def release(self, x: float, y: float, button: Any = LEFT, mods: Any = NONE) -> None:
        self._mouse(QEvent.Type.MouseButtonRelease, self.widget(x, y), button, mods)

    def hover(self, x: float, y: float) -> None:
        self._mouse(QEvent.Type.MouseMove, self.widget(x, y), Qt.MouseButton.NoButton, NONE)

    def click(self, x: float, y: float, mods: Any = NONE) -> None:
        self.press(x, y, mods=mods)
        self.release(x, y, mods=mods)

    def drag(self, *path: tuple[float, float], mods: Any = NONE) -> None:
        self.press(*path[0], mods=mods)
        for at in path[1:]:
            self.move(*at, mods=mods)
        self.release(*path[-1], mods=mods)
        self.settle()

    def drag_by(self, dx: float, dy: float, button: Any) -> None:
        start = QPointF(200, 200)
        self._mouse(QEvent.Type.MouseButtonPress, start, button, NONE)
        self._mouse(QEvent.Type.MouseMove, start + QPointF(dx, dy), button, NONE)
        self._mouse(QEvent.Type.MouseButtonRelease, start + QPointF(dx, dy), button, NONE)

    def key(self, key: Qt.Key, text: str = "", mods: Any = NONE, up: bool = True) -> None:
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease)[: 1 + up]:
            QApplication.sendEvent(self.canvas, QKeyEvent(kind, key, mods, text))
        self.settle()

    def key_up(self, key: Qt.Key) -> None:
        QApplication.sendEvent(self.canvas, QKeyEvent(QEvent.Type.KeyRelease, key, NONE))
        self.settle()

    def wheel(self, delta: int, mods: Any = NONE, at: QPointF | None = None) -> None:
        at = at or QPointF(240, 200)
        event = QWheelEvent(
            at, self.canvas.mapToGlobal(at), QPoint(), QPoint(0, delta),
            Qt.MouseButton.NoButton, mods, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(self.canvas, event)
        self.settle()

    def regions(self) -> list[Any]:
        return self.room.ws.annotations("case")

    def grab(self) -> np.ndarray:
        """(height, width, 4) B, G, R, A of the canvas as it is painted."""
        image = self.canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        data = np.frombuffer(image.constBits(), np.uint8)
        return data.reshape(image.height(), image.bytesPerLine() // 4, 4)[:, : image.width()].copy()

    def pixel(self, x: float, y: float) -> tuple[int, int, int]:
        """Red, green, blue at an image point."""
        at = self.widget(x, y)
        b, g, r = self.grab()[int(at.y()), int(at.x()), :3].tolist()
        return (r, g, b)
