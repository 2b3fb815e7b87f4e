"""Checks and their results: a bundle from elsewhere, or this project's own log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QProgressBar, QWidget

from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.gui.shell import Shell
from desktop.gui.widgets import icons
from desktop.gui.widgets.furniture import (
    across,
    clear,
    down,
    frame,
    in_groups,
    label,
    push,
    scrolled,
)
from desktop.gui.window.running import was_cancelled

if TYPE_CHECKING:
    from desktop.workspace.jobs import Job, Jobs
_SHOWN = 200


class CheckPage(QWidget):
    """One check at a time, with cancel; the result stays until the person leaves."""

    shown = Signal()
    left = Signal()

    def __init__(
        self, shell: Shell, jobs: Callable[[], Jobs], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._shell, self._reading = shell, shell.reading
        self._jobs_of = jobs
        self._jobs: Jobs | None = None
        self._job: Job | None = None
        self._stop_listening: Any = None
        outer = down(self, (24, 24, 24, 24))
        card = frame("card")
        card.setMinimumWidth(560)
        card.setMaximumWidth(760)
        column = down(card, (24, 20, 24, 20), 12)
        head = across(gap=12)
        self._mark = icons.Glyph("verify", "accent", 24)
        head.addWidget(self._mark)
        self.title = label("", "title", wrap=True)
        head.addWidget(self.title, 1)
        column.addLayout(head)
        self.about = label(role="muted", wrap=True)
        column.addWidget(self.about)
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        column.addWidget(self._bar)
        inside = QWidget()
        self._lines = down(inside, gap=8)
        self._area = scrolled(inside)
        column.addWidget(self._area, 1)
        row = across()
        row.addStretch(1)
        self._button = push("Cancel", tip="Stops the check, or goes back when it is over (Esc).")
        self._button.clicked.connect(self._pressed)
        row.addWidget(self._button)
        column.addLayout(row)
        outer.addStretch(1)
        outer.addWidget(card, 4, Qt.AlignmentFlag.AlignHCenter)
        outer.addStretch(1)

    def check_log(self) -> None:
        """Recompute the chain of the open project."""
        room = self._reading.workspace
        if room is None:
            return
        self._begin("Checking this project's log", "Every event, signature, table and mask.")
        try:
            report = room.verify(Progress())
        except UserError as error:
            self._failed(error)
            return
        count = getattr(report, "event_count", 0)
        lines = list(report.sentences)
        if report.ok:
            lines.insert(0, f"All {count:,} events are there and unchanged.")
        good = "The log is whole"
        bad = "The log has been changed or damaged"
        self._show(report.ok, good if report.ok else bad, lines)

    def check_bundle(self, path: Path) -> None:
        """Recompute hashes and signature of a bundle, in the background."""
        path = path.parent if path.name.startswith("manifest.") else path
        self._begin("Checking a bundle", path.name)

        def work(_progress: Progress) -> Any:
            from desktop.exchange.verify_bundle import check

            return check(path)

        self._jobs = self._jobs_of()
        self._stop_listening = self._jobs.on_changed(self._moved)
        job = self._jobs.start("Checking a bundle", work, self._bundle_done, self._failed)
        if job in self._jobs.running:
            self._job = job

    def _bundle_done(self, report: Any) -> None:
        if report.faults:
            lines = [f"{sentence} ({place})" for _name, place, sentence in report.faults[:_SHOWN]]
            if len(report.faults) > _SHOWN:
                lines.append(f"And {len(report.faults) - _SHOWN:,} more faults.")
            self._show(False, "The bundle is not what was signed", lines)
            return
        parts = len(report.manifest.get("parts", ()))
        lines = [
            f"All {parts:,} files are there and unchanged, and the log holds together.",
            f"Signed with the key {in_groups(report.public_key)}. "
            "Compare it with the one you were given by its maker.",
        ]
        self._show(True, "The bundle is whole", lines)

    def _begin(self, title: str, about: str) -> None:
        clear(self._lines)
        self._mark.show_as("verify", "accent")
        self.title.setText(title)
        self.about.setText(about)
        self._bar.setValue(0)
        self._bar.show()
        self._area.hide()
        self._button.setText("Cancel")
        self.shown.emit()

    def _moved(self) -> None:
        job, jobs = self._job, self._jobs
        if job is None or jobs is None:
            return
        self._bar.setValue(round(job.fraction * 1000))
        if job.text:
            self.about.setText(job.text)
        if was_cancelled(job):
            self._end()
            self.title.setText("The check was cancelled")
            self.about.setText("Nothing can be said about this bundle.")

    def _end(self) -> None:
        self._job = None
        self._bar.hide()
        self._button.setText("Back")
        if self._stop_listening is not None:
            self._stop_listening()
            self._stop_listening = None

    def _failed(self, error: UserError) -> None:
        self._show(False, error.title, [error.detail, error.hint])

    def _show(self, fine: bool, title: str, lines: Sequence[str]) -> None:
        self._end()
        clear(self._lines)
        self._mark.show_as("check" if fine else "error", "ok" if fine else "danger")
        self.title.setText(title)
        for line in lines:
            if line:
                text = label(line, wrap=True)
                text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                self._lines.addWidget(text)
        self._lines.addStretch(1)
        self._area.show()
        self.shown.emit()

    def _pressed(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self.about.setText("Stopping…")
        else:
            self.left.emit()
