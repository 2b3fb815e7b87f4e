"""The start page: who reads, recent projects, and the ways in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QScrollArea, QToolButton, QVBoxLayout, QWidget

from desktop.gui.projects.recent import RecentProject, forget_project, recent_projects
from desktop.gui.shell import Shell
from desktop.gui.widgets import icons
from desktop.gui.widgets.furniture import (
    ElidedLabel,
    EmptyState,
    across,
    clear,
    down,
    frame,
    label,
    push,
    reset_role,
)


class StartPage(QWidget):
    """Shown while no project is open. ``ways`` are the acts behind the buttons."""

    def __init__(self, shell: Shell, ways: Ways, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._shell, self._ways = shell, ways
        outer = across(self, (24, 16, 24, 16))
        outer.addStretch(1)
        column = QWidget()
        column.setMaximumWidth(880)
        column.setMinimumWidth(620)
        inside = down(column, gap=12)
        inside.addStretch(1)
        inside.addWidget(label("Reading Room", "display"))
        inside.addWidget(
            label(
                "Open images, read and draw, hand over labels that can be traced. "
                "Everything stays on this machine.",
                "muted",
            )
        )
        inside.addSpacing(4)
        inside.addLayout(self._reader_row())
        inside.addSpacing(8)
        cards = across(gap=16)
        cards.addWidget(self._ways_card(), 5)
        cards.addWidget(self._recent_card(), 6)
        inside.addLayout(cards, 8)
        inside.addStretch(2)
        outer.addWidget(column, 30)
        outer.addStretch(1)
        self.refresh()

    def refresh(self) -> None:
        """Show the recent projects of now."""
        clear(self._rows)
        found = recent_projects(self._shell.settings)
        for project in found:
            self._rows.addWidget(self._recent_row(project))
        self._rows.addStretch(1)
        self._recent_list.setVisible(bool(found))
        self._nothing.setVisible(not found)
        if not self.reader.text():
            self.reader.setText(self._shell.settings.get("reader_name"))

    def take_focus(self) -> None:
        """The keyboard on what comes next: the name, or the way in."""
        (self.open_button if self.reader.text() else self.reader).setFocus()

    def reader_name(self) -> str:
        """The name given, or "" after pointing at the empty field."""
        name = self.reader.text().strip()
        reset_role(self.reader, "wrong", not name)
        self._asked.setVisible(not name)
        if not name:
            self.reader.setFocus()
        elif name != self._shell.settings.get("reader_name"):
            self._shell.settings.set("reader_name", name)
        return name

    def _reader_row(self) -> QVBoxLayout:
        column = down(gap=4)
        row = across(gap=8)
        title = label("Who reads?")
        self.reader = QLineEdit()
        self.reader.setPlaceholderText("Your name")
        self.reader.setFixedWidth(260)
        self.reader.setAccessibleName("Your name")
        self.reader.setToolTip("Shown to you and kept out of every export.")
        self.reader.editingFinished.connect(self._keep_name)
        title.setBuddy(self.reader)
        row.addWidget(title)
        row.addWidget(self.reader)
        row.addWidget(label("Shown to you and kept out of every export.", "small"))
        row.addStretch(1)
        column.addLayout(row)
        self._asked = label("Give your name first: each label is signed by its reader.", "danger")
        self._asked.hide()
        column.addWidget(self._asked)
        return column

    def _keep_name(self) -> None:
        if self.reader.text().strip():
            self.reader_name()

    def _ways_card(self) -> QWidget:
        holder = QWidget()
        column = down(holder, gap=8)
        drop = DropCard(self._ways.open_paths)
        inside = down(drop, (16, 24, 16, 24), 8)
        middle = Qt.AlignmentFlag.AlignHCenter
        inside.addStretch(1)
        inside.addWidget(icons.Glyph("drop", "accent", 32), 0, middle)
        title = label("Drop images or DICOM here", "heading")
        inside.addWidget(title, 0, middle)
        inside.addWidget(label("Folders and files, photos and whole studies", "muted"), 0, middle)
        inside.addSpacing(8)
        self.open_button = push(
            "Open images or DICOM…", "primary", "folder", "A folder or files (Ctrl+O)."
        )
        self.open_button.clicked.connect(lambda: self._ways.open_images())
        inside.addWidget(self.open_button, 0, middle)
        inside.addStretch(1)
        column.addWidget(drop, 1)
        for text, icon, act, tip in (
            ("Try the demo", "demo", self._ways.try_demo, "A small project to look around in."),
            ("Open project…", "read", self._ways.open_project, "A project file (Ctrl+Shift+O)."),
            ("New project…", "plus", self._ways.new_project, "An empty project (Ctrl+N)."),
            (
                "Verify a bundle…",
                "verify",
                self._ways.verify_bundle,
                "Checks hashes, signature and log of a bundle.",
            ),
        ):
            button = push(text, "way", icon, tip)
            button.clicked.connect(lambda _checked=False, a=act: a())
            column.addWidget(button)
        return holder

    def _recent_card(self) -> QFrame:
        card = frame("card")
        column = down(card, (0, 12, 0, 8), 4)
        head = across(margins=(16, 0, 16, 4))
        head.addWidget(label("Recent projects", "heading"))
        column.addLayout(head)
        self._recent_list = QScrollArea()
        self._recent_list.setWidgetResizable(True)
        self._recent_list.setFrameShape(QFrame.Shape.NoFrame)
        self._recent_list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        self._rows = down(inside, (8, 0, 8, 0), 0)
        self._recent_list.setWidget(inside)
        column.addWidget(self._recent_list, 1)
        self._nothing = EmptyState(
            "stack",
            "No project yet",
            "Projects that you open or make are listed here. Drop images at the left, "
            "or look around in the demo.",
        )
        column.addWidget(self._nothing, 1)
        return card

    def _recent_row(self, project: RecentProject) -> QWidget:
        row = RecentRow(project, self._ways.open_path)
        row.forget.clicked.connect(lambda: self._forget(project.path))
        return row

    def _forget(self, path: str) -> None:
        forget_project(self._shell.settings, path)
        self.refresh()


class Ways:
    """What the start page can lead to; the window fills it in."""

    open_images: Callable[[], None]
    open_paths: Callable[[list[Path]], None]
    open_project: Callable[[], None]
    open_path: Callable[[Path], None]
    new_project: Callable[[], None]
    try_demo: Callable[[], None]
    verify_bundle: Callable[[], None]


class DropCard(QFrame):
    """A place to drop files and folders on."""

    def __init__(self, on_drop: Callable[[list[Path]], None]) -> None:
        super().__init__()
        self._on_drop = on_drop
        self.setProperty("role", "drop")
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            reset_role(self, "over", True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        reset_role(self, "over", False)

    def dropEvent(self, event: QDropEvent) -> None:
        reset_role(self, "over", False)
        paths = dropped_paths(event)
        if paths:
            event.acceptProposedAction()
            self._on_drop(paths)


class RecentRow(QFrame):
    """One recent project: title, where, when; the whole row opens it."""

    def __init__(self, project: RecentProject, on_open: Callable[[Path], None]) -> None:
        super().__init__()
        row = across(self, (0, 0, 0, 0), 4)
        self.open = push("", "row")
        self.open.setMinimumHeight(48)
        self.open.setAccessibleName(f"Open project {project.title}")
        words = down(self.open, (8, 4, 8, 4), 0)
        title = ElidedLabel(project.title, "heading")
        where = ElidedLabel(
            f"{_when(project.opened_utc)}  ·  {Path(project.path).parent}",
            "small",
            Qt.TextElideMode.ElideMiddle,
        )
        for text in (title, where):
            text.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            words.addWidget(text)
        if project.is_there:
            self.open.clicked.connect(lambda: on_open(Path(project.path)))
            self.open.setToolTip(project.path)
        else:
            self.open.setEnabled(False)
            self.open.setToolTip("The file is not there now. Plug its disk in, or forget it.")
            where.setText(f"Not there now  ·  {project.path}")
        row.addWidget(self.open, 1)
        self.forget = QToolButton()
        icons.bind(self.forget, "close", "muted")
        self.forget.setToolTip("Take it off this list; the file stays.")
        self.forget.setAccessibleName(f"Forget project {project.title}")
        row.addWidget(self.forget)


def dropped_paths(event: QDropEvent | QDragEnterEvent) -> list[Path]:
    """Local files and folders of a drop."""
    return [Path(u.toLocalFile()) for u in event.mimeData().urls() if u.isLocalFile()]


def _when(utc: str) -> str:
    then = datetime.fromisoformat(utc).astimezone()
    days = (datetime.now().astimezone().date() - then.date()).days
    if days == 0:
        return f"Today {then:%H:%M}"
    if days == 1:
        return f"Yesterday {then:%H:%M}"
    return f"{then.day} {then:%B %Y}"
