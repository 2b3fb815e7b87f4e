"""The last step of a new project: title, place, and a passphrase where one is wanted."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFileDialog, QGridLayout, QLineEdit, QWidget

from desktop.gui.projects.places_of_projects import free_path, projects_folder
from desktop.gui.projects.project_page import secret_field
from desktop.gui.widgets.furniture import across, down, frame, label, push

_INSIDE_PX = 512


class ProjectFields(QWidget):
    """Checked when the project is made; what is wrong stands below the fields."""

    entered = Signal()  # Enter in a field

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folder = projects_folder()
        outer = down(self)
        card = frame("card")
        card.setFixedWidth(_INSIDE_PX + 48)
        column = down(card, (24, 20, 24, 20), 12)
        self.about = label(role="muted", wrap=True)
        column.addWidget(self.about)
        column.addLayout(self._make_fields())
        self.note = label(
            "Without the passphrase nobody can open the project, not even us.", "small", wrap=True
        )
        column.addWidget(self.note)
        self.readers = QCheckBox("Add readers and set who reads what, right afterwards")
        column.addWidget(self.readers)
        self.trouble = label(role="danger", wrap=True)
        self.trouble.hide()
        column.addWidget(self.trouble)
        outer.addStretch(2)
        outer.addWidget(card, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addStretch(3)
        self._lock_toggled(False)

    def start(self, images: list[Path]) -> None:
        """Propose a title for these images, or for an empty project."""
        today = datetime.now()
        proposed = f"Reading of {today.day} {today:%B %Y}"
        if len(images) == 1 and images[0].is_dir():
            proposed = images[0].name or proposed
        self.title.setText(proposed)
        self.locked.setChecked(False)
        self.readers.setChecked(False)
        self.say("")

    def take_focus(self) -> None:
        self.title.setFocus()
        self.title.selectAll()

    def tell(self, sentence: str) -> None:
        """What the project will hold."""
        self.about.setText(sentence)
        self.about.setMinimumHeight(self.about.heightForWidth(_INSIDE_PX))

    def say(self, trouble: str) -> None:
        """Show why it did not work."""
        self.trouble.setText(trouble)
        self.trouble.setVisible(bool(trouble))

    def passes(self) -> bool:
        """Whether the project can be made; else the trouble is said."""
        if not self.title.text().strip():
            return self._wrong("Give the project a title.", self.title)
        if self.locked.isChecked() and len(self.phrase.text()) < 8:
            return self._wrong("A passphrase has at least 8 characters.", self.phrase)
        if self.locked.isChecked() and self.phrase.text() != self.again.text():
            return self._wrong("The two passphrases differ.", self.again)
        self.say("")
        return True

    @property
    def passphrase(self) -> str:
        return self.phrase.text() if self.locked.isChecked() else ""

    @property
    def path(self) -> Path:
        return free_path(self._folder, self.title.text().strip())

    def _wrong(self, sentence: str, field: QLineEdit) -> bool:
        self.say(sentence)
        field.setFocus()
        return False

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
        self.locked = QCheckBox("Encrypt with a passphrase")
        self.locked.toggled.connect(self._lock_toggled)
        self.phrase = secret_field("Passphrase")
        self.again = secret_field("The same again")
        for field in (self.title, self.phrase, self.again):
            field.returnPressed.connect(self.entered)
        grid.addWidget(label("Title"), 0, 0)
        grid.addWidget(self.title, 0, 1, 1, 2)
        grid.addWidget(label("Folder"), 1, 0)
        row = across(gap=8)
        row.addWidget(self.place, 1)
        row.addWidget(browse)
        grid.addLayout(row, 1, 1, 1, 2)
        grid.addWidget(self.locked, 2, 1, 1, 2)
        grid.addWidget(self.phrase, 3, 1, 1, 2)
        grid.addWidget(self.again, 4, 1, 1, 2)
        return grid

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
