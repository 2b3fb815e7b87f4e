"""Keys of the adjudicate page: the page's before the picture's, the tools' while one edits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from desktop.gui.adjudication.matter_panel import CAUSES

if TYPE_CHECKING:
    from desktop.gui.adjudication.adjudicate_room import DisagreementRoom

_PLAIN = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
_CAUSE_KEYS = {key: cause for cause, _text, key, _tip in CAUSES}
_TOOL_KEYS = {"B": "brush", "E": "eraser", "V": "select"}

_WHILE_EDITING = frozenset("0DFL")


class AdjudicateKeys:
    """Which act of the room a key stands for."""

    def __init__(self, room: DisagreementRoom) -> None:
        self._room = room

    def take(self, event: QKeyEvent, asks: bool) -> bool:
        """Whether a key is the page's; it is done unless the event only asks."""
        room = self._room
        act = self._editing_act(event) if room.is_editing else None
        act = act or self._act(event)
        if act is None:
            return False
        if not asks:
            act()
        return True

    def _act(self, event: QKeyEvent) -> Callable[[], None] | None:
        room = self._room
        key, modifiers = event.key(), event.modifiers()
        released = event.type() == event.Type.KeyRelease
        if key == Qt.Key.Key_H and modifiers in _PLAIN:
            if event.isAutoRepeat():
                return lambda: None
            return lambda: room.viewers.hide_overlays(not released)
        if released:
            return None
        if key == Qt.Key.Key_Tab and modifiers in _PLAIN:
            return lambda: room.next_open(1)
        if key == Qt.Key.Key_Backtab:
            return lambda: room.next_open(-1)
        if key == Qt.Key.Key_Escape:
            return room.step_back()
        control = modifiers == Qt.KeyboardModifier.ControlModifier
        if key in (Qt.Key.Key_Z, Qt.Key.Key_Y) and (control or modifiers in _PLAIN):
            return lambda: room.acts.undo("undo" if key == Qt.Key.Key_Z else "redo")
        alt = modifiers == Qt.KeyboardModifier.AltModifier
        if alt and Qt.Key.Key_1 <= key <= Qt.Key.Key_9:
            return lambda: room.toggle_number(key - Qt.Key.Key_1)
        if modifiers not in _PLAIN:
            return None
        return self._letter_act(key)

    def _letter_act(self, key: int) -> Callable[[], None] | None:
        room = self._room
        if Qt.Key.Key_1 <= key <= Qt.Key.Key_9:
            return lambda: room.pick_number(key - Qt.Key.Key_1)
        letter = chr(key) if 32 < key < 127 else ""
        acts: dict[str, Callable[[], None]] = {
            "0": lambda: room.pick(""),
            "V": lambda: room.acts.do("accept"),
            "X": lambda: room.acts.do("reject"),
            "B": lambda: room.acts.do("edit"),
            "M": lambda: room.acts.do("merge"),
            "A": lambda: room.acts.do("agreed"),
            "D": lambda: room.toggle_map(),
            "E": room.toggle_everything,
            "F": room.viewers.fit,
            "N": room.panel.focus_note,
            "W": room.panel.focus_other,
            "Q": room.focus_queue,
            "L": lambda: room.set_side_by_side(not room.viewers.is_side_by_side),
        }
        if room.is_editing and letter not in _WHILE_EDITING:
            return None  # a slip on the keys must not rule while a hand draws
        if letter in _CAUSE_KEYS:
            return lambda: room.panel.pick_cause(_CAUSE_KEYS[letter])
        return acts.get(letter)

    def _editing_act(self, event: QKeyEvent) -> Callable[[], None] | None:
        """While the truth is edited, letters pick tools; Enter and Esc end it."""
        room = self._room
        if event.modifiers() not in _PLAIN or event.type() == event.Type.KeyRelease:
            return None
        key, own = event.key(), room.viewers.own
        letter = chr(key) if 32 < key < 127 else ""
        busy = room.viewers.truth.is_busy
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape) and not busy:
            return room.finish_editing
        if letter in _TOOL_KEYS:
            return lambda: own.replace(tool=_TOOL_KEYS[letter])
        if letter in ("[", "]"):
            way = -1 if letter == "[" else 1
            return lambda: own.replace(brush_radius=_resized(own.view.brush_radius, way))
        return None


def _resized(radius: float, way: int) -> float:
    return min(500.0, max(1.0, round(radius + way * max(1.0, round(radius * 0.15)))))
