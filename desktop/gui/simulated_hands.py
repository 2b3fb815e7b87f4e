"""Simulated hands: mouse and keys on the real window, for the journey and the self-test."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QEventLoop, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from desktop.domain.geometry import XY

Button = Qt.MouseButton


class StepFailed(AssertionError):
    """A step of a journey did not give what a person would see."""


def wait_for(condition: Callable[[], bool], what: str, timeout_s: float = 20.0) -> None:
    """Let the window live until the condition holds; StepFailed with ``what`` otherwise."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise StepFailed(f"Waited {timeout_s:g} s: {what}.")
        live(10)


def live(milliseconds: int) -> None:
    """Let the window live for a while; other threads run meanwhile, as in a real session."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def press_key(
    widget: QWidget,
    key: Qt.Key,
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    """One key on whatever has the focus in the widget's window."""
    window = widget.window()
    QTest.keyClick(window.focusWidget() or window, key, modifiers)


def type_text(widget: QWidget, text: str) -> None:
    """Type into a field."""
    widget.setFocus()
    QTest.keyClicks(widget, text)


def click(widget: QWidget, at: XY | None = None, button: Button = Button.LeftButton) -> None:
    """One click in the middle of a widget, or at a point of it."""
    if at is None:
        QTest.mouseClick(widget, button)
        return
    drag(widget, [at], button)


def drag(
    widget: QWidget,
    points: Sequence[XY],
    button: Button = Button.LeftButton,
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
    pause_s: float = 0.0,
) -> None:
    """Press at the first point, move through the others, release at the last."""
    drag_and_hold(widget, points, button, modifiers, pause_s)
    _mouse(widget, QEvent.Type.MouseButtonRelease, points[-1], button, Button.NoButton, modifiers)
    QApplication.sendPostedEvents()


def drag_and_hold(
    widget: QWidget,
    points: Sequence[XY],
    button: Button = Button.LeftButton,
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
    pause_s: float = 0.0,
) -> None:
    """The same without letting go at the end."""
    _mouse(widget, QEvent.Type.MouseMove, points[0], Button.NoButton, Button.NoButton, modifiers)
    _mouse(widget, QEvent.Type.MouseButtonPress, points[0], button, button, modifiers)
    for point in points[1:]:
        _mouse(widget, QEvent.Type.MouseMove, point, Button.NoButton, button, modifiers)
        if pause_s:
            live(max(1, int(pause_s * 1000)))


def line(start: XY, end: XY, steps: int = 12) -> list[XY]:
    """Points of a straight hand movement."""
    return [
        (start[0] + (end[0] - start[0]) * t / steps, start[1] + (end[1] - start[1]) * t / steps)
        for t in range(steps + 1)
    ]


def circle(center: XY, radius: float, steps: int = 24) -> list[XY]:
    """Points of a round hand movement that ends where it began."""
    turns = [2 * math.pi * t / steps for t in range(steps + 1)]
    return [(center[0] + radius * math.cos(t), center[1] + radius * math.sin(t)) for t in turns]


def photograph(widget: QWidget, path: Path) -> None:
    """A screenshot of the widget as a PNG."""
    live(60)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not widget.grab().save(str(path), "PNG"):
        raise StepFailed(f"The screenshot {path.name} can't be written.")


def _mouse(
    widget: QWidget,
    kind: QEvent.Type,
    at: XY,
    button: Button,
    buttons: Button,
    modifiers: Qt.KeyboardModifier,
) -> None:
    local = QPointF(*at)
    window = QPointF(widget.mapTo(widget.window(), local.toPoint()))
    event = QMouseEvent(kind, local, window, widget.mapToGlobal(local), button, buttons, modifiers)
    QApplication.sendEvent(widget, event)
