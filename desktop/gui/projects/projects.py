"""Opening, making and leaving projects; the only place of the window that loads the workspace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from desktop.domain.errors import StoreProblem, UserError
from desktop.gui.goto import open_case
from desktop.gui.projects.demo import fill_demo
from desktop.gui.projects.places_of_projects import SUFFIX, is_encrypted
from desktop.gui.projects.project_page import NewProject
from desktop.gui.projects.recent import remember_project
from desktop.gui.shell import Shell
from desktop.workspace.places import data_dir

if TYPE_CHECKING:
    from desktop.workspace.jobs import Jobs
    from desktop.workspace.workspace import Workspace

Post = Callable[[Callable[[], None]], None]


class Projects(QObject):
    """Hands an open workspace to the reading. ``passphrase_wanted`` asks for one in the page."""

    passphrase_wanted = Signal(object, str)
    ready = Signal(object)  # images still to be read in, with the schema for them, or None

    def __init__(self, shell: Shell, post: Post | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._shell, self._post = shell, post
        self._own_jobs: Jobs | None = None

    def jobs(self) -> Jobs:
        """Jobs of the open project, or the window's own where none is open."""
        room = self._shell.reading.workspace
        if room is not None:
            return room.jobs
        if self._own_jobs is None:
            from desktop.workspace.jobs import Jobs

            self._own_jobs = Jobs(self._post)
        return self._own_jobs

    def close_jobs(self) -> None:
        """Stop what the window does without a project."""
        if self._own_jobs is not None:
            self._own_jobs.close()

    def open(
        self, path: Path, reader_name: str, passphrase: str = "", read_only: bool = False
    ) -> bool:
        """Open a project; what hinders is said as a notice. Whether it is open now."""
        if not passphrase and is_encrypted(path):
            self.passphrase_wanted.emit(path, "")
            return False
        try:
            room = self._load().open(
                path,
                reader_name=reader_name,
                passphrase=passphrase,
                read_only=read_only,
                post=self._post,
                settings=self._shell.settings,
            )
        except UserError as error:
            self._say_why(path, reader_name, passphrase, error)
            return False
        self._take(room)
        open_case(self._shell.reading, room.first_open_case() or _first_case(room))
        self.ready.emit(None)
        return True

    def create(self, wanted: NewProject, reader_name: str) -> bool:
        """Make a project with its schema; UserError where that can't be done."""
        wanted.path.parent.mkdir(parents=True, exist_ok=True)
        from desktop.workspace.images import new_project

        room = new_project.make(
            wanted.path,
            title=wanted.title,
            reader_name=reader_name,
            schema=wanted.schema,
            survey=wanted.survey,
            passphrase=wanted.passphrase,
            post=self._post,
            settings=self._shell.settings,
        )
        self._take(room)
        open_case(self._shell.reading, _first_case(room))
        self.ready.emit(wanted)
        return True

    def close(self) -> None:
        """Leave the project; everything in it is saved."""
        self._shell.reading.open(None)

    def open_demo(self, reader_name: str) -> None:
        """Open the demo, made first where it isn't there yet."""
        folder = data_dir() / "demo"
        ready = sorted(folder.glob(f"demo*{SUFFIX}"))
        if ready:
            if not self.open(ready[0], reader_name):
                return
        else:
            folder.mkdir(parents=True, exist_ok=True)
            room = self._load().create(
                folder / f"demo{SUFFIX}",
                title="Demo",
                reader_name=reader_name,
                post=self._post,
                settings=self._shell.settings,
            )
            self._take(room)
            self.ready.emit(None)
        filled = self._shell.reading.workspace
        if filled is not None and not filled.case_count() and not filled.read_only:
            fill_demo(self._shell, filled, folder)  # also one that was interrupted at its making

    def _take(self, room: Workspace) -> None:
        settings = self._shell.settings
        self._shell.reading.open(room)
        remember_project(settings, room.path, room.title)
        self._shell.reading.replace(
            brush_radius=float(settings.get("brush_radius")), brush_unit=settings.get("brush_unit")
        )

    def _say_why(self, path: Path, reader_name: str, passphrase: str, error: UserError) -> None:
        if passphrase and "passphrase" in f"{error.title} {error.detail}".lower():
            self.passphrase_wanted.emit(path, "This passphrase does not open it. Try again.")
        elif isinstance(error, StoreProblem) and "open in another" in error.title:
            self._shell.say(
                error.title,
                "Close the other window, or look without changing anything.",
                "warn",
                "Open read-only",
                lambda: self._look(path, reader_name, passphrase),
            )
        else:
            self._shell.say_error(error)

    def _look(self, path: Path, reader_name: str, passphrase: str) -> None:
        self.open(path, reader_name, passphrase, read_only=True)

    def _load(self) -> Any:
        # the workspace brings the database and more; a start page has no need of them
        from desktop.workspace.workspace import Workspace

        return Workspace


def _first_case(room: Workspace) -> str:
    lines: Sequence[Any] = room.cases(0, 1)
    return lines[0].case.id if lines else ""
