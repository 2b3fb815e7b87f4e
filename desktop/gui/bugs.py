"""What happens when something is our fault: a log without patient text, and one plain dialog."""

from __future__ import annotations

import copy
import logging
import logging.handlers
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication, QDialog, QPlainTextEdit, QWidget

from desktop.domain.errors import UserError
from desktop.gui.shell import Shell
from desktop.gui.widgets import icons
from desktop.gui.widgets.furniture import across, down, label, push
from desktop.version import __version__

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

log = logging.getLogger("desktop.bugs")


def start_log(folder: Path) -> None:
    """Log into a rotating file: times, places in the code, kinds of errors, no contents."""
    handler = logging.handlers.RotatingFileHandler(
        folder / "readingroom.log", maxBytes=1 << 20, backupCount=3, encoding="utf-8", delay=True
    )
    handler.setFormatter(_PlainFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)


class _PlainFormatter(logging.Formatter):
    """Writes where an error came from, but not its message, which may hold a patient's words."""

    def format(self, record: logging.LogRecord) -> str:
        own = copy.copy(record)
        own.exc_text = None  # what another handler has written out already
        return super().format(own)

    def formatException(
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        kind, _value, trace = ei
        return "\n".join([*_places(trace), f"{kind.__name__ if kind else 'error'}"])


def _places(trace: TracebackType | None) -> list[str]:
    return [f"  {Path(f.filename).name}:{f.lineno} {f.name}" for f in traceback.extract_tb(trace)]


class BugWatch:
    """Takes every exception that nobody handled. Shown once each, the window goes on."""

    def __init__(self, shell: Shell, parent: Callable[[], QWidget | None]) -> None:
        self._shell, self._parent = shell, parent
        self._seen: set[str] = set()
        self._events = 0
        # counted beforehand: when a bug is told of, the store may be what broke
        shell.reading.opened.connect(self._opened)
        shell.reading.committed.connect(self._committed)
        self._dialog: BugDialog | None = None

    def install(self) -> None:
        sys.excepthook = self.handle

    def handle(
        self, kind: type[BaseException], value: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        if isinstance(value, UserError):
            self._shell.say_error(value)
            return
        log.error("unhandled", exc_info=(kind, value, trace))
        place = "\n".join([*_places(trace), kind.__name__])
        if place in self._seen:
            return
        self._seen.add(place)
        self._dialog = BugDialog(self._safe_sentence(), place, self._parent())
        self._dialog.open()

    def _opened(self, room: Workspace | None) -> None:
        self._events = room.event_count() if room is not None else 0

    def _committed(self, _event: object) -> None:
        self._events += 1

    def _safe_sentence(self) -> str:
        room = self._shell.reading.workspace
        if room is None:
            return "No project is open, so no work is lost."
        saved = f", saved at {room.last_saved}" if room.last_saved else ""
        return f"Your work is safe up to event {self._events:,}{saved}."


class BugDialog(QDialog):
    """Says that it is our fault, that the work is safe, and what can be handed on."""

    def __init__(self, safe: str, place: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Reading Room")
        self.setMinimumWidth(520)
        column = down(self, (24, 20, 24, 20), 12)
        head = across(gap=12)
        head.addWidget(icons.Glyph("warning", "warn", 24))
        head.addWidget(label("Something in Reading Room went wrong", "title"), 1)
        column.addLayout(head)
        self.safe = label(safe, "heading", wrap=True)
        column.addWidget(self.safe)
        column.addWidget(
            label(
                "You can go on. If something looks odd, close the project and open it again. "
                "The text below helps to mend it; it holds nothing about patients.",
                "muted",
                wrap=True,
            )
        )
        self.text = QPlainTextEdit(f"Reading Room {__version__}\n{place}")
        self.text.setReadOnly(True)
        self.text.setFixedHeight(140)
        column.addWidget(self.text)
        row = across(gap=8)
        copy = push("Copy", icon="copy", tip="Copies the text above.")
        copy.clicked.connect(lambda: QApplication.clipboard().setText(self.text.toPlainText()))
        row.addWidget(copy)
        row.addStretch(1)
        go = push("Go on", "primary", tip="Back to your work (Enter)")
        go.setDefault(True)
        go.clicked.connect(self.accept)
        row.addWidget(go)
        column.addLayout(row)
