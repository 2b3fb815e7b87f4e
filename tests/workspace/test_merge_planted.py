"""The controls of the merge machine: a merge that lets clocks decide fails the very same test."""

from __future__ import annotations

import functools
from collections.abc import Iterable

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, run_state_machine_as_test

from desktop.domain.event import Event
from desktop.store import merge, versions
from desktop.store.merge import Line
from desktop.store.transaction import decode_event
from tests.workspace import test_merge as real
from tests.workspace.test_merge import MergeMachine, Station


class PlantedMachine(MergeMachine):
    """The same machine, with the stations' merge replaced."""

    def take(self, station: Station, lines: Iterable[Line]) -> merge.Taken:
        raise NotImplementedError

    @initialize(count=st.integers(3, 5))
    def start(self, count: int) -> None:
        super().start.__wrapped__(self, count)  # type: ignore[attr-defined]
        for station in self.stations:
            station.true_take = station.take  # type: ignore[attr-defined]
            station.take = functools.partial(self.take, station)  # type: ignore[method-assign]


class LastWriterWins(PlantedMachine):
    """What is older than the version that stands is dropped."""

    def take(self, station: Station, lines: Iterable[Line]) -> merge.Taken:
        kept = [line for line in lines if not is_older(station, decode_event(line.body))]
        taken: merge.Taken = station.true_take(kept)  # type: ignore[attr-defined]
        return taken


class ForgetsLate(PlantedMachine):
    """What does not follow at once on what is known is dropped."""

    def take(self, station: Station, lines: Iterable[Line]) -> merge.Taken:
        last: dict[str, int] = {}
        for line in station.lines():
            event = decode_event(line.body)
            last[event.chain] = event.seq
        kept = []
        for line in lines:
            event = decode_event(line.body)
            if event.seq <= last.get(event.chain, 0) + 1 and event.action.value != "undo":
                kept.append(line)
        taken: merge.Taken = station.true_take(kept)  # type: ignore[attr-defined]
        return taken


def is_older(station: Station, event: Event) -> bool:
    """Whether a record of the event has a version here that a clock calls newer."""
    read = station.ws._read
    for change in event.changes:
        for standing in versions.heads(read, change.kind, change.id):
            if versions.event(read, standing).time_utc > event.time_utc:
                return True
    return False


@pytest.mark.parametrize("planted", [LastWriterWins, ForgetsLate])
def test_a_planted_merge_fails_where_the_real_one_holds(planted: type[MergeMachine]) -> None:
    with pytest.raises(BaseException) as failure:
        run_state_machine_as_test(planted, settings=real.TestMerge.settings)
    assert not isinstance(failure.value, (KeyboardInterrupt, TypeError, AttributeError))
