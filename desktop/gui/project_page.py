"""A new project, empty or for images just chosen; and the passphrase of a locked one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFileDialog, QGridLayout, QLineEdit, QWidget

from desktop.domain.errors import UserError
from desktop.domain.schema import Schema
from desktop.gui.furniture import across, down, frame, label, push
from desktop.gui.places_of_projects import free_path, projects_folder
from desktop.gui.schema_choice import SchemaBox


class NewProjectPage(QWidget):
    """Title, place, schema and, if wanted, a passphrase."""

    created = Signal(object)  # NewProject
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._images: list[Path] = []
        self._folder = projects_folder()
        card = _centred_card(self, 560)
        column = down(card, (24, 20, 24, 20), 12)
        self.heading = label("New project", "title")
        column.addWidget(self.heading)
        self.about = label(role="muted", wrap=True)
        column.addWidget(self.about)
        column.addLayout(self._make_fields())
        self.note = label(
            "Without the passphrase nobody can open the project, not even us.", "small", wrap=True
        )
        column.addWidget(self.note)
        self.trouble = label(role="danger", wrap=True)
        self.trouble.hide()
        column.addWidget(self.trouble)
        row = across(gap=8)
        row.addStretch(1)
        back = push("Back", tip="To the start page; nothing is made (Esc).")
        back.clicked.connect(self.left)
        self.go = push("Create", "primary", tip="Makes the project file (Enter).")
        self.go.setDefault(True)
        self.go.clicked.connect(self._create)
        row.addWidget(back)
        row.addWidget(self.go)
        column.addLayout(row)
        for field in (self.title, self.phrase, self.again):
            field.returnPressed.connect(self._create)
        self._lock_toggled(False)

    def _make_fields(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        self.title = QLineEdit()
        self.title.setAccessibleName("Title")
        self.title.textChanged.connect(lambda _t: self._show_place())
        self.place = QLineEdit()
        self.place.setReadOnly(True)
        self.place.setAccessibleName("Folder")
        browse = push("Change…", tip="Another folder for the project file.")
        browse.clicked.connect(self._browse)
        self.schema = SchemaBox()
        self.locked = QCheckBox("Encrypt with a passphrase")
        self.locked.toggled.connect(self._lock_toggled)
        self.phrase = _secret("Passphrase")
        self.again = _secret("The same again")
        grid.addWidget(label("Title"), 0, 0)
        grid.addWidget(self.title, 0, 1, 1, 2)
        grid.addWidget(label("Folder"), 1, 0)
        grid.addWidget(self.place, 1, 1)
        grid.addWidget(browse, 1, 2)
        grid.addWidget(label("Schema"), 2, 0)
        grid.addWidget(self.schema, 2, 1, 1, 2)
        grid.addWidget(self.locked, 3, 1, 1, 2)
        grid.addWidget(self.phrase, 4, 1, 1, 2)
        grid.addWidget(self.again, 5, 1, 1, 2)
        return grid

    def start(self, images: Sequence[Path] = ()) -> None:
        """Begin anew, for images to be taken in or for an empty project."""
        self._images = list(images)
        today = datetime.now()
        proposed = f"Reading of {today.day} {today:%B %Y}"
        if len(self._images) == 1 and self._images[0].is_dir():
            proposed = self._images[0].name or proposed
        self.title.setText(proposed)
        self.title.selectAll()
        self.schema.offer()
        self.locked.setChecked(False)
        self.say("")
        if self._images:
            what = "1 item" if len(self._images) == 1 else f"{len(self._images)} items"
            self.heading.setText("A project for these images")
            self.about.setText(
                f"{what} will be read in. The images stay where they are; "
                "labels and the log of all work go into the project file."
            )
            self.go.setText("Create and read in")
        else:
            self.heading.setText("New project")
            self.about.setText("One file holds the labels, the answers and the log of all work.")
            self.go.setText("Create")
        self.title.setFocus()

    def say(self, trouble: str) -> None:
        """Show why it did not work."""
        self.trouble.setText(trouble)
        self.trouble.setVisible(bool(trouble))

    def _create(self) -> None:
        title = self.title.text().strip()
        if not title:
            self.say("Give the project a title.")
            self.title.setFocus()
            return
        if self.locked.isChecked() and len(self.phrase.text()) < 8:
            self.say("A passphrase has at least 8 characters.")
            self.phrase.setFocus()
            return
        if self.locked.isChecked() and self.phrase.text() != self.again.text():
            self.say("The two passphrases differ.")
            self.again.setFocus()
            return
        try:
            schema = self.schema.schema()
        except UserError as error:
            self.say(str(error))
            return
        self.say("")
        phrase = self.phrase.text() if self.locked.isChecked() else ""
        path = free_path(self._folder, title)
        self.created.emit(NewProject(path, title, schema, phrase, tuple(self._images)))

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Where the project lies", str(self._folder))
        if folder:
            self._folder = Path(folder)
            self._show_place()

    def _show_place(self) -> None:
        self.place.setText(str(self._folder))
        self.place.setToolTip(str(free_path(self._folder, self.title.text().strip() or "Project")))

    def _lock_toggled(self, on: bool) -> None:
        for field in (self.phrase, self.again):
            field.setVisible(on)
            field.clear()
        self.note.setVisible(on)
        if on:
            self.phrase.setFocus()


class NewProject:
    """What the page asks the window to make."""

    def __init__(
        self, path: Path, title: str, schema: Schema, passphrase: str, images: tuple[Path, ...]
    ) -> None:
        self.path, self.title, self.schema = path, title, schema
        self.passphrase, self.images = passphrase, images


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
        self.phrase = _secret("Passphrase")
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


def _secret(words: str) -> QLineEdit:
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
