"""Preference tasks in work packages: what goes out, what stays at home, and the way back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from desktop.domain.batch import CaseRule
from desktop.domain.errors import UserError
from desktop.domain.ranking import Outcome, RankingKind, RankingTask
from desktop.domain.task import Reader
from desktop.workspace.ranking.ranking_drafts import DraftCandidate, DraftPrompt, from_regions
from desktop.workspace.workspace import Workspace
from tests.workspace.made import disk_mask
from tests.workspace.simulated_readers import LOG_ONLY
from tests.workspace.team_room import TeamRoom, opened_room
from tests.workspace.test_blinding import asked_of


@pytest.fixture
def room(tmp_path: Path) -> Iterator[TeamRoom]:
    with opened_room(tmp_path, 4) as opened:
        yield opened


@pytest.fixture
def grace(room: TeamRoom) -> Reader:
    return room.add_reader("Grace")


def words(*texts: str, prompt: str = "Which is clearer?") -> DraftPrompt:
    made = (DraftCandidate(text=t, source=f"model {t}") for t in texts)
    return DraftPrompt(prompt, tuple(made))


def judge(ws: Workspace, task_id: str) -> int:
    """The earlier letter is better."""
    count = 0
    while (asked := ws.ranking.next(task_id)) is not None:
        left, right = (c.text for c in asked.candidates)
        ws.ranking.compare(asked, Outcome.LEFT if left < right else Outcome.RIGHT)
        count += 1
    return count


def outlines(room: TeamRoom) -> RankingTask:
    """Two people's masks on the first case, put side by side."""
    made = room.made
    made.cases = [room.case_ids[0]]
    made.frames = list(room.ws.frame_refs(room.ws.series(made.cases[0])[0].id))
    drawing = {"Hal": 4, "Ida": 6}
    for name in drawing:
        room.add_reader(name)
    for name, radius in drawing.items():
        made.reopen(name)
        made.paint(disk_mask(20, 20, radius))
    made.reopen()
    drafts = from_regions(room.ws, [room.case_ids[0]])
    return room.ws.ranking.create("Outlines", drafts.prompts)


def test_a_task_goes_out_is_judged_away_and_its_decisions_come_home(
    room: TeamRoom, grace: Reader
) -> None:
    task = room.ws.ranking.create("Texts", [words("a", "b", "c")], asked_of(grace.id))
    package = room.package(grace)
    (sent,) = room.ws.team.packages()
    assert sent.tasks == (task.id,) and sent.items == () and not sent.training
    reader = room.simulated("Grace", 0.0)
    bundle = package.with_suffix(".bundle")
    with reader.open(package) as ws:
        (line,) = ws.ranking.tasks()
        assert line.task.title == "Texts" and ws.case_count() == 0
        assert judge(ws, task.id) == 4
        ws.ranking.undo(task.id)
        assert judge(ws, task.id) == 1
        ws.export_bundle(bundle, LOG_ONLY)
        assert ws.export_bundle(bundle.with_suffix(".whole")).case_count == 0
    room.take(reader, bundle)
    room.take(reader, bundle)
    report = room.ws.ranking.report(task.id)
    assert report.decisions == 4
    assert [i.name for i in report.items] == ["model a", "model b", "model c"]
    assert room.ws.ranking.task(task.id).reader_ids == (grace.id,)
    assert room.ws.team.conflicts() == [] and room.ws.verify().ok


def test_the_file_tells_neither_whose_a_candidate_is_nor_in_which_order_they_were_made(
    room: TeamRoom, grace: Reader
) -> None:
    letters = "abcdefghijkl"
    prompts = [words(*letters, prompt=f"Question {n}") for n in range(4)]
    task = room.ws.ranking.create("Texts", prompts)
    package = room.package(grace)
    assert b"model a" not in package.read_bytes()
    file = sqlite3.connect(package)
    rows = file.execute("SELECT id, position, data FROM candidate_rows ORDER BY rowid").fetchall()
    file.close()
    assert len(rows) == 48 and [r[1] for r in rows] == list(range(48))
    assert [r[0] for r in rows] == sorted(r[0] for r in rows), "by their ids, which tell nothing"
    at_home = {c.id: c.source for c in room.ws.ranking.records(task.id).candidates}
    assert len(set(at_home.values())) == 12, "at home it is known"


@pytest.mark.parametrize("judged", list(RankingKind))
def test_order_and_sides_are_the_same_in_the_package_and_at_home(
    room: TeamRoom, grace: Reader, judged: RankingKind
) -> None:
    """What was begun here goes on there: the plan is drawn from the task's seed and the reader."""
    kind = RankingTask(id="", title="", judged=judged)
    task = room.ws.ranking.create(
        "Texts", [words(*"abcdef", prompt=str(n)) for n in range(4)], kind
    )
    assert task.seed
    package = room.package(grace)
    with room.simulated("Grace", 0.0).open(package) as ws:
        away = ws.ranking.next(task.id)
    room.made.reopen("Grace")
    at_home = room.ws.ranking.next(task.id)
    room.made.reopen()
    mine = room.ws.ranking.next(task.id)
    assert away is not None and at_home is not None and mine is not None
    assert away.shown == at_home.shown and away.candidates == at_home.candidates
    assert away.shown != mine.shown, "the lead is asked in another order"


def test_what_was_begun_goes_along_and_is_not_asked_again(room: TeamRoom, grace: Reader) -> None:
    task = room.ws.ranking.create("Texts", [words("a", "b", "c")])
    room.made.reopen("Grace")
    first = room.ws.ranking.next(task.id)
    assert first is not None
    room.ws.ranking.compare(first, Outcome.TIE)
    room.made.reopen()
    with room.simulated("Grace", 0.0).open(room.package(grace)) as ws:
        assert ws.ranking.tasks()[0].done == 1
        assert judge(ws, task.id) == 3


def test_a_task_goes_out_once_and_only_to_whom_it_asks(room: TeamRoom, grace: Reader) -> None:
    hal = room.add_reader("Hal")
    task = room.ws.ranking.create("Texts", [words("a", "b", "c")], asked_of(hal.id))
    closed = room.ws.ranking.create("Closed", [words("a", "b")])
    room.ws.ranking.change(replace(closed, is_open=False))
    with pytest.raises(UserError, match="nothing to hand out to Grace"):
        room.package(grace)
    assert room.ws.team.tasks_to_hand_out() == {hal.id: 1}
    room.package(hal)
    assert room.ws.team.tasks_to_hand_out() == {}
    with pytest.raises(UserError, match="nothing to hand out to Hal"):
        room.package(hal)
    again = room.package(hal, again=True)
    reader = room.simulated("Hal", 0.0)
    with reader.open(again) as ws:
        judge(ws, task.id)
        ws.export_bundle(again.with_suffix(".bundle"), LOG_ONLY)
    room.take(reader, again.with_suffix(".bundle"))
    with pytest.raises(UserError, match="nothing to hand out to Hal"):
        room.package(hal, again=True)


def test_who_is_not_asked_sees_no_task_and_can_not_answer(room: TeamRoom, grace: Reader) -> None:
    hal = room.add_reader("Hal")
    task = room.ws.ranking.create("Texts", [words("a", "b", "c")], asked_of(hal.id))
    assert [(line.done, line.wanted) for line in room.ws.ranking.tasks()] == [(0, 0)]
    room.made.reopen("Hal")
    asked = room.ws.ranking.next(task.id)
    assert asked is not None
    room.made.reopen("Grace")
    assert room.ws.ranking.tasks() == [] and room.ws.ranking.next(task.id) is None
    with pytest.raises(UserError, match="asks other readers"):
        room.ws.ranking.compare(asked, Outcome.LEFT)


def test_outlines_travel_with_their_images_and_pixels(room: TeamRoom, grace: Reader) -> None:
    task = outlines(room)
    drawn = {r.id.encode() for r, name in room.ws.readers() if name in ("Hal", "Ida")}
    package = room.package(grace)
    raw = package.read_bytes()
    assert not [name for name in drawn if name in raw], "who drew them is not in the file"
    with room.simulated("Grace", 0.0).open(package) as ws:
        assert ws.case_count() == 0, "its images are there, but no case to read"
        asked = ws.ranking.next(task.id)
        assert asked is not None and asked.prompt.case_id == ""
        parts = [f for c in asked.candidates for r in c.regions for f in r.frames]
        areas = {int(ws.ranking.mask(f).sum()) for f in parts}
        assert areas == {int(disk_mask(20, 20, n).sum()) for n in (4, 6)}
        assert ws.frame_refs(room.ws.series(room.case_ids[0])[0].id)
        assert ws.schema_by_id(asked.candidates[0].regions[0].schema_id) is not None
        assert ws.verify().ok


def test_others_outlines_wait_until_the_case_is_read(room: TeamRoom, grace: Reader) -> None:
    """Else a package that asks to read a case would show what the others drew there."""
    task = outlines(room)
    room.ws.batches.create("All", CaseRule(), [grace.id])
    report = room.ws.team.package(grace.id, room.folder / "first.rroom")
    assert report.record.tasks == () and len(report.record.items) == 4
    assert "Outlines waits" in report.sentence
    with pytest.raises(UserError, match="Outlines waits"):
        room.package(grace)
    reader = room.simulated("Grace", 0.0)
    with reader.open(report.path) as ws:
        assert ws.ranking.tasks() == []
        reader.read(ws)
        ws.export_bundle(room.folder / "bundle", LOG_ONLY)
    room.take(reader, room.folder / "bundle")
    later = room.ws.team.package(grace.id, room.folder / "second.rroom")
    assert later.record.tasks == (task.id,) and later.record.items == ()
