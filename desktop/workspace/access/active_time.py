"""How long a reader really works on a case: no second twice, none for an empty chair.

Time runs from one input to the next. A gap longer than the set delay was idle from its first
second on; a shorter one was work (looking is work). A gap is only counted when its end is known,
so that nothing counted has ever to be taken back.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import NamedTuple

from desktop.commands.time import RecordTime
from desktop.domain.time_span import TimeSpan, TimeState

IDLE_AFTER_S = 60.0
WRITE_EVERY_S = 30.0  # while the reader works
WRITE_IDLE_EVERY_S = 300.0  # while there is no work to lose


class _Place(NamedTuple):
    case_id: str
    tool: str
    state: TimeState


class ActiveTime:
    """Fed with what happens; writes stretches of time. ``now_s`` only ever grows.

    ``write`` gets a RecordTime and returns whether it is kept; what isn't is offered again.
    Without a case nothing is counted.
    """

    def __init__(
        self,
        reader_id: str,
        write: Callable[[RecordTime], bool],
        *,
        now_s: Callable[[], float],
        now_utc: Callable[[], datetime.datetime],
        new_id: Callable[[], str],
        idle_after_s: float = IDLE_AFTER_S,
    ) -> None:
        self._reader_id, self._write = reader_id, write
        self._now_s, self._now_utc, self._new_id = now_s, now_utc, new_id
        self._idle_after_s = idle_after_s
        self._case_id, self._tool = "", ""
        self._is_paused = False
        self._busy: dict[TimeState, int] = {TimeState.LOADING: 0, TimeState.WAITING: 0}
        self._counted_to = self._last_input = now_s()
        self._written_at = self._counted_to
        self._kept: dict[_Place, tuple[datetime.datetime, float]] = {}
        self._sums: dict[str, float] = {}

    # what happens ----------------------------------------------------------------------------

    def activity(self) -> None:
        """The reader touched a key, the mouse or the screen."""
        self._count(self._now_s())
        self._last_input = self._counted_to

    def work_on(self, case_id: str, tool: str) -> None:
        """Another case or tool from now on; "" for none. Both come from an act of the reader."""
        if (case_id, tool) == (self._case_id, self._tool):
            return
        self.activity()
        another = case_id != self._case_id
        self._case_id, self._tool = case_id, tool
        if another:
            self.write()

    def pause(self, on: bool) -> None:
        """The reader steps out, or the screen is locked; or comes back."""
        if on != self._is_paused:
            self.activity()
            self._is_paused = on

    def begin(self, state: TimeState) -> None:
        """Images are loading or a model is at work; ends with ``end``, once for each."""
        self._close_stretch()
        self._busy[state] += 1

    def end(self, state: TimeState) -> None:
        self._close_stretch()
        self._busy[state] = max(0, self._busy[state] - 1)

    def tick(self) -> None:
        """Call about once a second: writes what is due."""
        now = self._now_s()
        if self.is_idle:
            self._count(now)
        works = any(place.state is TimeState.ACTIVE for place in self._kept)
        if self._kept and now - self._written_at >= (
            WRITE_EVERY_S if works else WRITE_IDLE_EVERY_S
        ):
            self.write()

    def close(self) -> None:
        """Count and write all up to now."""
        self._count(self._now_s())
        self.write()

    # what holds ------------------------------------------------------------------------------

    @property
    def is_paused(self) -> bool:
        return self._is_paused

    @property
    def is_idle(self) -> bool:
        """Whether the reader has been away for longer than the delay."""
        return self._now_s() - self._last_input > self._idle_after_s

    def active_s(self, case_id: str) -> float:
        """Seconds of work on a case in this session, the last look included while it may count."""
        total = self._sums.get(case_id, 0.0)
        if case_id == self._case_id and self._state() is TimeState.ACTIVE and not self.is_idle:
            total += self._now_s() - self._counted_to
        return total

    def write(self) -> None:
        """Hand over what is counted; it stays here where it could not be kept."""
        self._written_at = self._now_s()
        spans = tuple(
            TimeSpan(
                id=self._new_id(),
                reader_id=self._reader_id,
                case_id=place.case_id,
                tool=place.tool,
                state=place.state,
                start_utc=start.astimezone(datetime.UTC).isoformat(timespec="milliseconds"),
                seconds=round(seconds, 3),
            )
            for place, (start, seconds) in self._kept.items()
            if seconds >= 0.001
        )
        if not spans or self._write(RecordTime(spans=spans)):
            self._kept.clear()

    # ------------------------------------------------------------------------------------------

    def _state(self) -> TimeState:
        if self._is_paused:
            return TimeState.PAUSED
        for state in (TimeState.WAITING, TimeState.LOADING):
            if self._busy[state]:
                return state
        return TimeState.ACTIVE

    def _count(self, now: float) -> None:
        """Count the stretch since the last one; it was idle where no input came for too long."""
        state = self._state()
        if state is TimeState.ACTIVE and now - self._last_input > self._idle_after_s:
            state = TimeState.IDLE
        self._add(now, state)

    def _close_stretch(self) -> None:
        """Count up to a change that the machine made; it says nothing about the reader."""
        if self.is_idle:
            self._count(self._now_s())
        else:
            self._add(self._now_s(), self._state())

    def _add(self, now: float, state: TimeState) -> None:
        seconds = now - self._counted_to
        self._counted_to = now
        if seconds <= 0 or not self._case_id:
            return
        place = _Place(self._case_id, self._tool, state)
        start = self._now_utc() - datetime.timedelta(seconds=seconds)
        first, total = self._kept.get(place, (start, 0.0))
        self._kept[place] = (first, total + seconds)
        if state is TimeState.ACTIVE:
            self._sums[self._case_id] = self._sums.get(self._case_id, 0.0) + seconds
