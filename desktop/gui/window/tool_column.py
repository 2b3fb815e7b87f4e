"""The tools at the left of the image, and the acts that belong to drawing."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QFrame, QToolButton, QWidget

from desktop.gui.action_set import ActionSet
from desktop.gui.actions import TOOLS
from desktop.gui.widgets.furniture import down, rule

WIDTH_PX = 44
_BELOW = ("edit.undo", "edit.redo")
_LOOK = ("overlay.hide", "overlay.outline")


class ToolColumn(QFrame):
    """One button per tool; the one in hand is lit."""

    def __init__(self, actions: ActionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "tools")
        self.setFixedWidth(WIDTH_PX)
        column = down(self, (4, 8, 4, 8), 4)
        for name in TOOLS:
            column.addWidget(self._button(actions, f"tool.{name}"))
            if name in ("select", "ruler"):
                column.addWidget(rule())
        column.addWidget(rule())
        for act_id in _BELOW:
            column.addWidget(self._button(actions, act_id))
        column.addStretch(1)
        for act_id in _LOOK:
            column.addWidget(self._button(actions, act_id))

    def _button(self, actions: ActionSet, act_id: str) -> QToolButton:
        button = actions.button(act_id)
        button.setProperty("role", "tool")
        button.setIconSize(QSize(20, 20))
        return button
