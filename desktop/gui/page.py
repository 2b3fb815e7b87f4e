"""What every page of the registry is: a widget that reaches the shell and can be left."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desktop.gui.shell import Shell


class Page(QWidget):
    """``chosen`` opens the case of this id, ``left`` goes back to where one was."""

    chosen = Signal(str)
    left = Signal()

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._shell, self._reading = shell, shell.reading
