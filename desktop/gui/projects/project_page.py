"""What a new project is made of; and the page that asks for the passphrase of a locked one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from desktop.domain.schema import Schema
from desktop.gui.widgets.furniture import across, down, frame, label, push

if TYPE_CHECKING:
    from desktop.workspace.images.new_project import Survey


@dataclass(frozen=True)
class NewProject:
    """What the window is asked to make.

    ``survey`` holds images that were looked at already, ``images`` those still to be read in.
    """

    path: Path
    title: str
    schema: Schema
    passphrase: str = ""
    images: tuple[Path, ...] = ()
    survey: Survey | None = None
    then_readers: bool = False


class PassphrasePage(QWidget):
    """Asks for the passphrase of an encrypted project."""

    given = Signal(object, str)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._path = Path()
        card = _centred_card(self, 440)
        column = down(card, (24, 20, 24, 20), 12)
        self.heading = label("", "title", wrap=True)
        column.addWidget(self.heading)
        column.addWidget(label("This project is encrypted.", "muted"))
        self.phrase = secret_field("Passphrase")
        self.phrase.returnPressed.connect(self._give)
        column.addWidget(self.phrase)
        self.trouble = label(role="danger", wrap=True)
        column.addWidget(self.trouble)
        row = across(gap=8)
        row.addStretch(1)
        back = push("Back", tip="To the start page; nothing is made (Esc).")
        back.clicked.connect(self.left)
        go = push("Open", "primary", tip="Opens the project (Enter).")
        go.clicked.connect(self._give)
        row.addWidget(back)
        row.addWidget(go)
        column.addLayout(row)

    def start(self, path: Path, trouble: str = "") -> None:
        """Ask for this project; ``trouble`` says why the last try failed."""
        self._path = path
        self.heading.setText(path.stem)
        self.phrase.clear()
        self.trouble.setText(trouble)
        self.trouble.setVisible(bool(trouble))
        self.phrase.setFocus()

    def _give(self) -> None:
        if self.phrase.text():
            self.given.emit(self._path, self.phrase.text())


def secret_field(words: str) -> QLineEdit:
    """A field that hides what is typed."""
    field = QLineEdit()
    field.setEchoMode(QLineEdit.EchoMode.Password)
    field.setPlaceholderText(words)
    field.setAccessibleName(words)
    return field


def _centred_card(page: QWidget, width: int) -> QWidget:
    outer = down(page, (24, 24, 24, 24))
    card = frame("card")
    card.setFixedWidth(width)
    outer.addStretch(2)
    outer.addWidget(card, 0, Qt.AlignmentFlag.AlignHCenter)
    outer.addStretch(3)
    return card
