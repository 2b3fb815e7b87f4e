"""A card for one long piece of work: what, how far, stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QProgressBar

from desktop.gui.widgets.furniture import across, down, label, push
from desktop.gui.window.running import was_cancelled

if TYPE_CHECKING:
    from desktop.workspace.jobs import Job, Jobs


class ProgressCard(QFrame):
    """Follows a job from its start to its end; ``cancelled`` tells that the person stopped it."""

    cancelled = Signal()

    def __init__(self, title: str, note: str, stop: str, stop_tip: str) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.setFixedWidth(560)
        self._job: Job | None = None
        self._stop_listening: Callable[[], None] | None = None
        column = down(self, (24, 20, 24, 20), 12)
        column.addWidget(label(title, "title"))
        self.what = label(role="muted")
        column.addWidget(self.what)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        column.addWidget(self.bar)
        row = across()
        row.addWidget(label(note, "small"), 1)
        self.button = push(stop, tip=stop_tip)
        self.button.clicked.connect(self.stop)
        row.addWidget(self.button)
        column.addLayout(row)

    @property
    def is_running(self) -> bool:
        return self._job is not None

    def follow(self, jobs: Jobs, start: Callable[[], Job], text: str) -> None:
        """Start a job and show how far it is until ``end``."""
        self.what.setText(text)
        self.bar.setValue(0)
        self._stop_listening = jobs.on_changed(self._moved)
        job = start()
        if job in jobs.running:
            self._job = job

    def stop(self) -> None:
        """Ask the job to stop."""
        if self._job is not None:
            self._job.cancel()
            self.what.setText("Stopping…")

    def end(self) -> None:
        """The job is over."""
        self._job = None
        if self._stop_listening is not None:
            self._stop_listening()
            self._stop_listening = None

    def _moved(self) -> None:
        job = self._job
        if job is None:
            return
        self.bar.setValue(round(job.fraction * 1000))
        if job.text:
            self.what.setText(job.text)
        if was_cancelled(job):
            self.end()
            self.cancelled.emit()
