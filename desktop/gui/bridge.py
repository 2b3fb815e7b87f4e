"""The one way back to the main thread: a queued signal."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal


class MainThread(QObject):
    """``post`` may be called from any thread; the callable runs on the thread this was made on."""

    _posted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._posted.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def post(self, work: Callable[[], None]) -> None:
        """Run ``work`` on the main thread, soon and in order."""
        self._posted.emit(work)

    def _run(self, work: Callable[[], None]) -> None:
        work()
