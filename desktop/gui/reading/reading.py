"""The bridge: the open workspace, the view state and the two streams that widgets hear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal

from desktop.domain.contracts import Command
from desktop.domain.errors import UserError
from desktop.domain.event import Event
from desktop.interaction.view import ViewState

if TYPE_CHECKING:  # the workspace is loaded when a project is opened, not at start-up
    from desktop.domain.schema import Schema
    from desktop.workspace.workspace import Workspace


class Reading(QObject):
    """What the window reads just now. Widgets call down; slots never emit.

    ``committed`` carries an Event, ``view_changed`` the old and the new ViewState,
    ``opened`` the Workspace or None, ``leaving`` the Workspace about to be closed,
    ``failed`` a UserError to be shown as a notice, ``waiting`` whether the reader waits for a
    model (each True has its False).
    """

    committed = Signal(object)
    view_changed = Signal(object, object)
    opened = Signal(object)
    leaving = Signal(object)
    failed = Signal(object)
    waiting = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.workspace: Workspace | None = None
        self.view = ViewState()
        self._stop_listening: Any = None

    @property
    def schema(self) -> Schema | None:
        """The schema of the case on the screen."""
        room, case_id = self.workspace, self.view.case_id
        return room.schema(case_id) if room and case_id else None

    def open(self, workspace: Workspace | None) -> None:
        """Take over an open workspace (closing the one before), or none."""
        if self.workspace is not None:
            self.leaving.emit(self.workspace)
        if self._stop_listening is not None:
            self._stop_listening()
            self._stop_listening = None
        if self.workspace is not None and self.workspace is not workspace:
            self.workspace.close()
        self.workspace = workspace
        if workspace is not None:
            self._stop_listening = workspace.on_committed(self.committed.emit)
        old, self.view = self.view, ViewState(tool=self.view.tool)
        self.opened.emit(workspace)
        self.view_changed.emit(old, self.view)

    def replace(self, **changes: Any) -> None:
        """Replace fields of the view state; nothing happens where nothing changes."""
        new = replace(self.view, **changes)
        if new != self.view:
            old, self.view = self.view, new
            self.view_changed.emit(old, new)

    def run(self, command: Command) -> Event | None:
        """Run a command; a UserError becomes a notice, and None is returned."""
        if self.workspace is None:
            return None
        try:
            return self.workspace.run(command)
        except UserError as error:
            self.failed.emit(error)
            return None
