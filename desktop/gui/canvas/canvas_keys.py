"""The keys of the canvas: what it claims before any shortcut of the window, and what they do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from desktop.gui.canvas.canvas_pointer import key_event
from desktop.gui.canvas.canvas_stage import Stage
from desktop.gui.reading.reading import Reading

if TYPE_CHECKING:
    from desktop.gui.canvas.canvas import CanvasView

_GESTURE_KEYS = frozenset({"Escape", "Enter", "Backspace", "Delete"})
_ARROWS = frozenset({"Left", "Right", "Up", "Down"})
_SLICE_KEYS = {
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_PageUp: -1,
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_PageDown: 1,
}
_TAP_MS = 350  # Space held longer is for panning


class CanvasKeys:
    """Hears key events of one canvas.

    ``peeks`` while H is held. ``is_heard`` tells whether the window offers a kept gesture, so that
    the canvas need not ask.
    """

    def __init__(
        self, canvas: CanvasView, stage: Stage, reading: Reading, is_heard: Callable[[], bool]
    ) -> None:
        self._canvas, self._stage, self._reading = canvas, stage, reading
        self._is_heard = is_heard
        self._space_at = -1  # when Space went down; 0 where it can be no tap any more
        self.peeks = False

    @property
    def space_held(self) -> bool:
        return self._space_at >= 0

    def space_is_no_tap(self) -> None:
        """Space is held for a drag, so letting go swaps no tools."""
        self._space_at = min(self._space_at, 0)

    def claims(self, event: QKeyEvent) -> bool:
        """Whether a key means something to the hand just now."""
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_H):
            return not event.modifiers()
        key = key_event(event)
        if key is None or key.ctrl:
            return False
        hands = self._stage.hands
        if key.key in _GESTURE_KEYS:
            asked = self._asks() or hands.unsaved is not None
            return hands.busy or (asked and key.key in ("Escape", "Enter"))
        if key.key in _ARROWS:
            return self._nudges()
        return key.key == "n" and hands.tool.info.cursor == "brush"

    def press(self, event: QKeyEvent) -> None:
        key = key_event(event)
        if event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._space_at = max(1, int(event.timestamp()))
        elif event.key() == Qt.Key.Key_H and not event.modifiers():
            self._peek(True)
        elif self._asks() and key is not None and key.key == "Enter":
            self._canvas.recover_gesture()
        elif self._asks() and key is not None and key.key == "Escape":
            self._canvas.drop_recovery()
        elif not self._view_key(event) and key is not None:
            self._stage.hands.handle(key)

    def release(self, event: QKeyEvent) -> None:
        if event.isAutoRepeat():
            return
        if event.key() == Qt.Key.Key_H:
            self._peek(False)
        elif event.key() == Qt.Key.Key_Space:
            tapped = self._space_at > 0 and int(event.timestamp()) - self._space_at < _TAP_MS
            self._space_at = -1
            if tapped and self._stage.last_tool:
                self._reading.replace(tool=self._stage.last_tool)

    def _peek(self, on: bool) -> None:
        self.peeks = on
        self._canvas.update()

    def _asks(self) -> bool:
        return self._stage.recovery is not None and not self._is_heard()

    def _nudges(self) -> bool:
        """Whether arrows move the selection instead of the images."""
        context = self._stage.hands.context()
        if context is None or self._stage.hands.tool.info.name != "select":
            return False
        shapes = {a.id for a in context.annotations}
        return any(i in shapes for i in context.selection)

    def _view_key(self, event: QKeyEvent) -> bool:
        """Keys of the view that no shortcut of the window has taken."""
        key = event.key()
        if Qt.Key.Key_F2 <= key <= Qt.Key.Key_F8:
            self._canvas.take_preset(key - Qt.Key.Key_F2)
        elif key == Qt.Key.Key_O and not event.modifiers():
            self._reading.replace(outlines_only=not self._reading.view.outlines_only)
        elif key in _SLICE_KEYS and not self._nudges():
            self._canvas.scroll_by(_SLICE_KEYS[Qt.Key(key)])
        else:
            return False
        return True
