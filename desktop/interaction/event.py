"""What a hand does, in image coordinates and without a window system."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from desktop.domain.geometry import XY


class Kind(str, Enum):
    PRESS = "press"
    MOVE = "move"
    RELEASE = "release"
    DOUBLE = "double"
    HOVER = "hover"


class Button(str, Enum):
    NONE = "none"
    LEFT = "left"
    MIDDLE = "middle"
    RIGHT = "right"


class PointerEvent(Struct, frozen=True, kw_only=True):
    """One step of the pointer. ``x``, ``y`` are image coordinates and may lie outside the image.

    MOVE has a button held, HOVER has none. ``time_ms`` counts from any fixed moment; ``pressure``
    is 0..1, 1 for a mouse.
    """

    kind: Kind
    x: float
    y: float
    button: Button = Button.NONE
    shift: bool = False
    ctrl: bool = False
    alt: bool = False
    time_ms: int = 0
    pressure: float = 1.0

    @property
    def at(self) -> XY:
        return (self.x, self.y)


class KeyEvent(Struct, frozen=True, kw_only=True):
    """A key by name: "Enter", "Escape", "Backspace", "Delete", "Left", "n", "["."""

    key: str
    shift: bool = False
    ctrl: bool = False
    alt: bool = False


GestureEvent = PointerEvent | KeyEvent
