"""Working time: known pauses are found again, and no second counts twice."""

from __future__ import annotations

import datetime
import itertools
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from desktop.commands.time import RecordTime
from desktop.domain.errors import AccessProblem, UserError
from desktop.domain.task import Role
from desktop.domain.time_span import TimeSpan, TimeState
from desktop.workspace.access.active_time import ActiveTime
from tests.workspace.made import MadeProject

START = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)


class Desk:
    """A reader at a made-up desk whose clock moves only when told; ticks each second."""

    def __init__(self) -> None:
        self.now = 0.0
        self.written: list[RecordTime] = []
        self.keeps = True
        ids = itertools.count()
        self.time = ActiveTime(
            "reader",
            self._write,
            now_s=lambda: self.now,
            now_utc=lambda: START + datetime.timedelta(seconds=self.now),
            new_id=lambda: f"{next(ids):032x}",
        )

    def _write(self, command: RecordTime) -> bool:
        if self.keeps:
            self.written.append(command)
        return self.keeps

    def pass_s(self, seconds: float) -> None:
        whole, rest = divmod(seconds, 1)
        for _ in range(int(whole)):
            self.now += 1
            self.time.tick()
        self.now += rest

    def work_s(self, seconds: int, every_s: int = 5) -> None:
        """Touch the mouse every few seconds."""
        for _ in range(seconds // every_s):
            self.pass_s(every_s)
            self.time.activity()

    def sums(self) -> dict[tuple[str, TimeState], float]:
        found: dict[tuple[str, TimeState], float] = defaultdict(float)
        for span in self.spans():
            found[span.case_id, span.state] += span.seconds
        return dict(found)

    def spans(self) -> list[TimeSpan]:
        return [span for command in self.written for span in command.spans]


def test_known_pauses_are_found_again() -> None:
    desk = Desk()
    desk.time.work_on("a", "box")
    desk.work_s(120)
    desk.pass_s(600)  # coffee
    desk.time.activity()
    desk.work_s(45)
    desk.time.pause(True)
    desk.pass_s(300)  # the telephone, told by the Pause key
    desk.time.pause(False)
    desk.work_s(30)
    desk.time.work_on("b", "box")
    desk.work_s(90)
    desk.time.close()
    assert desk.sums() == pytest.approx(
        {
            ("a", TimeState.ACTIVE): 195,
            ("a", TimeState.IDLE): 600,
            ("a", TimeState.PAUSED): 300,
            ("b", TimeState.ACTIVE): 90,
        },
        abs=1.0,
    )


def test_looking_for_a_while_without_a_touch_is_work() -> None:
    desk = Desk()
    desk.time.work_on("a", "select")
    desk.pass_s(59)
    desk.time.activity()
    desk.pass_s(20)
    desk.time.close()
    assert desk.sums() == pytest.approx({("a", TimeState.ACTIVE): 79})


def test_loading_and_waiting_are_told_apart_from_work() -> None:
    desk = Desk()
    desk.time.work_on("a", "select")
    desk.time.begin(TimeState.LOADING)
    desk.pass_s(4)
    desk.time.end(TimeState.LOADING)
    desk.work_s(10)
    desk.time.begin(TimeState.WAITING)
    desk.time.begin(TimeState.WAITING)  # two models at once are one wait
    desk.pass_s(100)
    desk.time.end(TimeState.WAITING)
    desk.pass_s(20)
    desk.time.end(TimeState.WAITING)
    desk.time.activity()
    desk.work_s(10)
    desk.time.close()
    assert desk.sums() == pytest.approx(
        {
            ("a", TimeState.LOADING): 4,
            ("a", TimeState.WAITING): 120,
            ("a", TimeState.ACTIVE): 20,
        }
    )


def test_time_goes_to_the_tool_in_hand() -> None:
    desk = Desk()
    desk.time.work_on("a", "box")
    desk.work_s(20)
    desk.time.work_on("a", "brush")
    desk.work_s(40)
    desk.time.close()
    by_tool: dict[str, float] = defaultdict(float)
    for span in desk.spans():
        by_tool[span.tool] += span.seconds
    assert by_tool == pytest.approx({"box": 20, "brush": 40})


def test_nothing_is_counted_without_a_case() -> None:
    desk = Desk()
    desk.work_s(100)
    desk.time.close()
    assert desk.written == []


def test_the_log_is_not_flooded() -> None:
    desk = Desk()
    desk.time.work_on("a", "box")
    desk.work_s(3600)
    assert 110 <= len(desk.written) <= 121
    before = len(desk.written)
    desk.pass_s(3600)  # an empty chair
    assert len(desk.written) - before <= 14


def test_what_could_not_be_kept_is_offered_again_once() -> None:
    desk = Desk()
    desk.time.work_on("a", "box")
    desk.keeps = False
    desk.work_s(100)
    desk.keeps = True
    desk.work_s(100)
    desk.time.close()
    assert desk.sums() == pytest.approx({("a", TimeState.ACTIVE): 200})


def test_the_shown_time_goes_back_to_the_last_touch_when_the_reader_is_away() -> None:
    desk = Desk()
    desk.time.work_on("a", "box")
    desk.work_s(100)
    desk.pass_s(30)
    assert desk.time.active_s("a") == pytest.approx(130)
    desk.pass_s(40)
    assert desk.time.is_idle and desk.time.active_s("a") == pytest.approx(100)
    assert desk.time.active_s("b") == 0


acts = st.lists(
    st.one_of(
        st.tuples(st.just("pass"), st.floats(min_value=0, max_value=200)),
        st.tuples(st.just("touch"), st.just(0)),
        st.tuples(st.just("case"), st.sampled_from("ab")),
        st.tuples(st.just("pause"), st.booleans()),
        st.tuples(st.just("begin"), st.sampled_from([TimeState.LOADING, TimeState.WAITING])),
        st.tuples(st.just("end"), st.sampled_from([TimeState.LOADING, TimeState.WAITING])),
    ),
    max_size=30,
)


@given(acts)
def test_every_second_is_counted_exactly_once(script: list[tuple[str, object]]) -> None:
    desk = Desk()
    desk.time.work_on("a", "box")
    for what, value in script:
        match what, value:
            case "pass", float(seconds):
                desk.pass_s(seconds)
            case "touch", _:
                desk.time.activity()
            case "case", str(case_id):
                desk.time.work_on(case_id, "box")
            case "pause", bool(on):
                desk.time.pause(on)
            case "begin", TimeState() as state:
                desk.time.begin(state)
            case "end", TimeState() as state:
                desk.time.end(state)
    desk.time.close()
    total = sum(span.seconds for span in desk.spans())
    assert total == pytest.approx(desk.now, abs=0.001 * (len(desk.spans()) + 1))
    assert len({span.id for span in desk.spans()}) == len(desk.spans())


def span_of(made: MadeProject, seconds: float, case: int = 0) -> TimeSpan:
    return TimeSpan(
        id=made.ws.new_id(),
        reader_id=made.ws.reader.id,
        case_id=made.cases[case],
        tool="box",
        state=TimeState.ACTIVE,
        start_utc="2026-01-02T03:04:05.000+00:00",
        seconds=seconds,
    )


def test_sums_hold_over_restarts_and_undo_does_not_reach_them(made: MadeProject) -> None:
    region = made.draw()
    made.ws.run(RecordTime(spans=(span_of(made, 12.5), span_of(made, 3, case=1))))
    made.reopen()
    made.ws.run(RecordTime(spans=(span_of(made, 30),)))
    assert made.ws.undo_title("case-0") == "Draw box"
    made.ws.undo("case-0")
    assert made.ws.annotation(region) is None
    assert made.ws.working_seconds(made.cases) == {
        "case-0": {TimeState.ACTIVE: 42.5},
        "case-1": {TimeState.ACTIVE: 3.0},
    }
    assert made.ws.undo_title("") != "Keep working time"
    assert all("working time" not in line.sentence for line in made.ws.history())
    assert made.ws.verify().ok


def test_time_is_ones_own_and_kept_once(made: MadeProject) -> None:
    span = span_of(made, 5)
    made.ws.run(RecordTime(spans=(span,)))
    with pytest.raises(UserError):
        made.ws.run(RecordTime(spans=(span,)))
    made.reopen(reader_name="Grace")
    with pytest.raises(UserError):
        made.ws.run(RecordTime(spans=(span,)))
    assert made.ws.time_by_reader() == []
    assert made.ws.working_seconds(made.cases) == {}
    made.reopen()
    assert [row[3] for row in made.ws.time_by_reader()] == [5.0]


def test_time_is_summed_by_tool_over_restarts(made: MadeProject) -> None:
    spans = [
        replace(span_of(made, seconds), tool=tool, state=state)
        for tool, state, seconds in (
            ("box", TimeState.ACTIVE, 12.5),
            ("brush", TimeState.ACTIVE, 3.0),
            ("brush", TimeState.IDLE, 4.0),
        )
    ]
    made.ws.run(RecordTime(spans=tuple(spans)))
    made.ws.run(RecordTime(spans=(span_of(made, 7, case=1),)))
    made.reopen()
    made.ws.run(RecordTime(spans=(replace(span_of(made, 30), tool="box"),)))
    mine = [row[2:] for row in made.ws.time_by_tool("case-0")]
    assert mine == [
        ("box", TimeState.ACTIVE, 42.5),
        ("brush", TimeState.ACTIVE, 3.0),
        ("brush", TimeState.IDLE, 4.0),
    ]
    total = sum(row[4] for row in made.ws.time_by_tool())
    assert total == sum(row[3] for row in made.ws.time_by_reader()) == 56.5, "no second twice"
    made.reopen(reader_name="Grace")
    assert made.ws.time_by_tool() == [], "a reader sees their own time only"


def test_an_auditor_leaves_no_time(made: MadeProject) -> None:
    auditor = made.ws.accounts.add_reader(made.ws.reader, "Edsger", Role.AUDITOR)
    made.reopen(reader_name="Edsger")
    assert made.ws.reader == auditor
    with pytest.raises(AccessProblem):
        made.ws.run(RecordTime(spans=(span_of(made, 5),)))
