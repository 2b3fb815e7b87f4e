"""The narrow navigation rail: one button per page of the window."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QToolButton, QWidget

from desktop.domain.task import Role
from desktop.gui.action_set import ActionSet
from desktop.gui.pages import RAIL
from desktop.gui.widgets.furniture import down


class Rail(QFrame):
    """Pages above, settings below."""

    def __init__(self, actions: ActionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "rail")
        self.setFixedWidth(73)
        column = down(self, (4, 8, 4, 8), 4)
        self._buttons: dict[str, QToolButton] = {}
        for spec in RAIL:
            button = self._button(actions, f"page.{spec.name}")
            self._buttons[spec.name] = button
            column.addWidget(button)
        column.addStretch(1)
        column.addWidget(self._button(actions, "page.settings"))

    def show_for(self, role: Role) -> None:
        """Leave out what this role does not see."""
        for spec in RAIL:
            self._buttons[spec.name].setVisible(not spec.why_not(role))

    def _button(self, actions: ActionSet, act_id: str) -> QToolButton:
        button = actions.button(act_id)
        button.setProperty("role", "rail")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setIconSize(QSize(20, 20))
        return button
