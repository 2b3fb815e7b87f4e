"""Brings the wanted frame to the screen: at once when it is in memory, else when it arrives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

from desktop.domain.errors import UserError
from desktop.domain.study import FrameRef
from desktop.imaging.frame import Frame

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

_AHEAD, _BEHIND = 16, 3


class FrameFeed(QObject):
    """Holds one wish at a time. ``changed`` tells that ``frame`` or ``problem`` is another.

    Frames arrive from worker threads; they come over as a queued signal and count only while
    their ticket is the current one.
    """

    changed = Signal()

    _arrived = Signal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.wanted: FrameRef | None = None
        self.frame: Frame | None = None
        self.problem: UserError | None = None
        self._ticket = 0
        self._last_place = 0
        self._arrived.connect(self._take, Qt.ConnectionType.QueuedConnection)

    @property
    def is_current(self) -> bool:
        """Whether the frame in hand is the one wanted."""
        return self.frame is not None and self.frame.ref == self.wanted

    def clear(self) -> None:
        """Wish for nothing."""
        self._ticket += 1
        self.wanted, self.frame, self.problem = None, None, None
        self.changed.emit()

    def show(self, workspace: Workspace, refs: Sequence[FrameRef], place: int) -> None:
        """Wish for one frame of a series and look ahead in the direction of the last step."""
        ref = refs[place]
        if ref == self.wanted and (self.is_current or self.problem is None):
            return
        self._ticket += 1
        self.wanted, self.problem = ref, None
        cached = workspace.frames.cached(ref)
        if cached is not None:
            self.frame = cached
        else:
            ticket = self._ticket
            workspace.frames.request(ref, lambda answer: self._post(ticket, answer))
        step = -1 if place < self._last_place else 1
        self._last_place = place
        workspace.frames.prefetch(look_ahead(refs, place, step))
        self.changed.emit()

    def _post(self, ticket: int, answer: Frame | UserError) -> None:
        """Called from a worker thread."""
        self._arrived.emit(ticket, answer)

    def _take(self, ticket: int, answer: Frame | UserError) -> None:
        if ticket != self._ticket:
            return
        if isinstance(answer, UserError):
            self.problem = answer
        else:
            self.frame = answer
        self.changed.emit()


def look_ahead(refs: Sequence[FrameRef], place: int, step: int) -> list[FrameRef]:
    """The frames that come next in a direction, then a few behind; the nearest first."""
    ahead = [place + step * n for n in range(1, _AHEAD + 1)]
    behind = [place - step * n for n in range(1, _BEHIND + 1)]
    return [refs[i] for i in (*ahead, *behind) if 0 <= i < len(refs)]
