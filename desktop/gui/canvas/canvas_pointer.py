"""Qt's mouse and keys in the words of the interaction room, and pointer shapes."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent

from desktop.domain.geometry import XY
from desktop.interaction.event import Button, KeyEvent, Kind, PointerEvent

BUTTONS = {
    Qt.MouseButton.LeftButton: Button.LEFT,
    Qt.MouseButton.MiddleButton: Button.MIDDLE,
    Qt.MouseButton.RightButton: Button.RIGHT,
}

_KEYS = {
    Qt.Key.Key_Return: "Enter",
    Qt.Key.Key_Enter: "Enter",
    Qt.Key.Key_Escape: "Escape",
    Qt.Key.Key_Backspace: "Backspace",
    Qt.Key.Key_Delete: "Delete",
    Qt.Key.Key_Left: "Left",
    Qt.Key.Key_Right: "Right",
    Qt.Key.Key_Up: "Up",
    Qt.Key.Key_Down: "Down",
    Qt.Key.Key_BracketLeft: "[",
    Qt.Key.Key_BracketRight: "]",
}

_CURSORS = {
    "arrow": Qt.CursorShape.ArrowCursor,
    "cross": Qt.CursorShape.CrossCursor,
    "brush": Qt.CursorShape.BlankCursor,
    "handle": Qt.CursorShape.SizeAllCursor,
    "hand": Qt.CursorShape.PointingHandCursor,
    "move": Qt.CursorShape.ClosedHandCursor,
    "close": Qt.CursorShape.PointingHandCursor,
    "pan": Qt.CursorShape.ClosedHandCursor,
    "window": Qt.CursorShape.SizeAllCursor,
    "wait": Qt.CursorShape.BusyCursor,
}


def cursor_for(name: str) -> Qt.CursorShape:
    """The pointer shape of that name; an arrow for an unknown one."""
    return _CURSORS.get(name, Qt.CursorShape.ArrowCursor)


def pointer_event(event: QMouseEvent, kind: Kind, at: XY) -> PointerEvent:
    """A mouse event at an image point."""
    mods = event.modifiers()
    held = event.button() if kind in (Kind.PRESS, Kind.RELEASE, Kind.DOUBLE) else None
    button = BUTTONS.get(held, Button.NONE) if held is not None else Button.NONE
    if kind is Kind.MOVE:
        button = Button.LEFT
    return PointerEvent(
        kind=kind,
        x=at[0],
        y=at[1],
        button=button,
        shift=bool(mods & Qt.KeyboardModifier.ShiftModifier),
        ctrl=bool(mods & Qt.KeyboardModifier.ControlModifier),
        alt=bool(mods & Qt.KeyboardModifier.AltModifier),
        time_ms=int(event.timestamp()),
    )


def key_event(event: QKeyEvent) -> KeyEvent | None:
    """A key by name; None for keys without one, such as Shift alone."""
    mods = event.modifiers()
    name = _KEYS.get(Qt.Key(event.key()), event.text().lower())
    if not name:
        return None
    return KeyEvent(
        key=name,
        shift=bool(mods & Qt.KeyboardModifier.ShiftModifier),
        ctrl=bool(mods & Qt.KeyboardModifier.ControlModifier),
        alt=bool(mods & Qt.KeyboardModifier.AltModifier),
    )
