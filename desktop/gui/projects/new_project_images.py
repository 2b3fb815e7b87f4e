"""The first step of a new project: which images, and how far looking at them is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QStackedWidget, QWidget

from desktop.domain.errors import UserError
from desktop.gui.widgets import icons
from desktop.gui.widgets.furniture import across, down, frame, label, push
from desktop.gui.widgets.progress_card import ProgressCard

if TYPE_CHECKING:
    from desktop.workspace.images.new_project import Survey
    from desktop.workspace.jobs import Jobs


class ImagesStep(QWidget):
    """Choose or drop; the search runs in the background and can be cancelled."""

    found = Signal(object)  # Survey
    without = Signal()

    def __init__(self, jobs: Callable[[], Jobs], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        outer = down(self)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._make_choice())
        self._card = ProgressCard(
            "Looking at the images",
            "Nothing is written or copied.",
            "Cancel",
            "Stops looking (Esc).",
        )
        self._card.cancelled.connect(self._cancelled)
        self._stack.addWidget(self._card)
        outer.addStretch(2)
        outer.addWidget(self._stack, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addStretch(3)

    def start(self) -> None:
        """Ask anew."""
        self.stop()
        self._stack.setCurrentIndex(0)
        self.say("")

    def take_focus(self) -> None:
        (self._card.button if self.is_running else self.folder).setFocus()

    @property
    def is_running(self) -> bool:
        return self._card.is_running

    def look_at(self, paths: list[Path]) -> None:
        """Look at files and folders; what is there comes as ``found``."""
        from desktop.workspace.images.new_project import look

        self.say("")
        self._stack.setCurrentIndex(1)
        jobs = self._jobs()
        self._card.follow(
            jobs,
            lambda: jobs.start(
                "Looking at images",
                lambda progress: look(paths, progress),
                self._done,
                self._failed,
            ),
            "Looking for files…",
        )
        if self.is_running:
            self._card.button.setFocus()

    def stop(self) -> None:
        """Cancel what runs."""
        self._card.stop()

    def say(self, trouble: str) -> None:
        self._trouble.setText(trouble)
        self._trouble.setVisible(bool(trouble))

    # ---------------------------------------------------------------------------------------

    def _make_choice(self) -> QWidget:
        card = frame("drop")
        card.setFixedWidth(560)
        column = down(card, (32, 32, 32, 28), 12)
        column.addWidget(icons.Glyph("drop", "faint", 40), 0, Qt.AlignmentFlag.AlignHCenter)
        title = label("Which images is this project about?", "title")
        words = label(
            "A folder is searched with everything below it: DICOM studies and photographs. "
            "The images stay where they are and are not changed.",
            "muted",
            wrap=True,
        )
        for part in (title, words):
            part.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(part)
        words.setMinimumHeight(words.heightForWidth(496))
        self._trouble = label(role="danger", wrap=True)
        self._trouble.hide()
        column.addWidget(self._trouble)
        row = across(gap=8)
        row.addStretch(1)
        self.folder = push("Choose a folder…", "primary", "folder", "Or drop it on the window.")
        self.folder.clicked.connect(self._ask_folder)
        files = push("Choose files…", tip="Single images or DICOM files.")
        files.clicked.connect(self._ask_files)
        for button in (self.folder, files):
            button.setAutoDefault(True)  # Enter presses it
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
        none = push("Begin without images", "link", tip="Images can be added at any time.")
        none.clicked.connect(self.without)
        none.setAutoDefault(True)
        column.addWidget(none, 0, Qt.AlignmentFlag.AlignHCenter)
        return card

    def _cancelled(self) -> None:
        self._stack.setCurrentIndex(0)
        self.say("Stopped; nothing was taken in.")
        if self.isVisible():
            self.folder.setFocus()

    def _done(self, survey: Survey) -> None:
        self._card.end()
        self._stack.setCurrentIndex(0)
        if survey.result.cases or survey.result.refused:
            self.found.emit(survey)
        else:
            self.say("No image was found there.")

    def _failed(self, error: UserError) -> None:
        self._card.end()
        self._stack.setCurrentIndex(0)
        self.say(str(error))

    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder with images or DICOM")
        if folder:
            self.look_at([Path(folder)])

    def _ask_files(self) -> None:
        paths, _kind = QFileDialog.getOpenFileNames(self, "Images or DICOM files")
        if paths:
            self.look_at([Path(p) for p in paths])
