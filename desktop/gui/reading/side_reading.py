"""A reading beside the window's own: it looks at the same project and owns nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop.domain.contracts import Command
from desktop.domain.errors import UserError
from desktop.domain.event import Event
from desktop.gui.reading.reading import Reading
from desktop.interaction.view import ViewState

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

LINKED = ("case_id", "series_id", "index", "zoom", "center", "window")


class SideReading(Reading):
    """Follows the project that is open in the window, with a view of its own."""

    def __init__(self, main: Reading, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._main = main
        main.opened.connect(self.follow)
        main.committed.connect(self.committed)
        self.workspace = main.workspace

    def follow(self, workspace: Workspace | None) -> None:
        """Look at another project; the window opens and closes them."""
        self.workspace = workspace
        old, self.view = self.view, ViewState(tool=self.view.tool)
        self.opened.emit(workspace)
        self.view_changed.emit(old, self.view)

    def run(self, command: Command) -> Event | None:
        """Run a command; a UserError is told by the window, too."""
        if self.workspace is None:
            return None
        try:
            return self.workspace.run(command)
        except UserError as error:
            self.failed.emit(error)
            self._main.failed.emit(error)
            return None


def link(one: SideReading, other: SideReading) -> None:
    """Let two readings show the same place: image, zoom, middle and window go together."""

    def passing(to: Reading) -> object:
        def take(_old: ViewState, new: ViewState) -> None:
            to.replace(**{name: getattr(new, name) for name in LINKED})

        return take

    one.view_changed.connect(passing(other))
    other.view_changed.connect(passing(one))
