"""What every page may reach: the reading, the settings, the look, and one voice for notices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication

from desktop.domain.errors import UserError
from desktop.gui.reading.reading import Reading
from desktop.gui.widgets import icons, theme
from desktop.workspace.settings import Settings

if TYPE_CHECKING:
    from desktop.workspace.learning.learning_topic import Topic


@dataclass(frozen=True)
class Notice:
    """A sentence for the person. ``kind``: info, ok, warn or danger; warn and danger stay.

    One that is about a case (``case_id``) leaves with it.
    """

    title: str
    detail: str = ""
    kind: str = "info"
    act: str = ""
    on_act: Callable[[], None] | None = None
    case_id: str = ""


class Shell(QObject):
    """Handed to pages and panels instead of the window itself."""

    noticed = Signal(object)
    theme_changed = Signal()
    tried = Signal(object)  # a Trial: what a model would suggest, to be drawn and not kept
    waiting = Signal(bool)  # the reader waits for a model, or no longer; each True has its False
    page_wanted = Signal(str)  # the name of a page, asked for from another one
    hinted = Signal(str)  # a line at the bottom for a moment
    tool_shown = Signal()  # buttons are to show the state of the view again

    def __init__(self, reading: Reading, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.reading = reading
        reading.waiting.connect(self.waiting)
        self.settings = settings
        self.round_in_hand: Topic | None = None  # what the cases are read for, where it is learning

    def say(
        self,
        title: str,
        detail: str = "",
        kind: str = "info",
        act: str = "",
        on_act: Callable[[], None] | None = None,
        case_id: str = "",
    ) -> None:
        """Show a notice in the window."""
        self.noticed.emit(Notice(title, detail, kind, act, on_act, case_id))

    def say_error(self, error: UserError) -> None:
        """Show what did not work, why, and what to do."""
        detail = " ".join(part for part in (error.detail, error.hint) if part)
        self.say(error.title, detail, "warn")

    def undo_of_project(self) -> None:
        """Take back this reader's last step on the project itself, as a notice offers it."""
        room = self.reading.workspace
        if room is not None:
            try:
                room.undo("")
            except UserError as error:
                self.say_error(error)

    def wear(self, name: str) -> None:
        """Change to the dark or light look and remember it."""
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme.apply(app, name)
        icons.retint()
        self.settings.set("theme", name)
        self.theme_changed.emit()
