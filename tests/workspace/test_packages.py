"""Work packages: what a reader's file holds, what is absent, and how its work comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from desktop.commands.batch import TagCases
from desktop.commands.project import AddSchema, AnswerQuestion, Calibrate, MarkCase, UseSchema
from desktop.commands.time import RecordTime
from desktop.domain.batch import CaseRule, share_out
from desktop.domain.errors import AccessProblem, StoreProblem, UserError
from desktop.domain.study import Case
from desktop.domain.task import AssignmentState, Reader, Role
from desktop.domain.time_span import TimeSpan, TimeState
from desktop.store import log, queries, versions
from desktop.workspace.team import merging
from tests.workspace.made import SCHEMA, MadeProject
from tests.workspace.simulated_readers import LOG_ONLY
from tests.workspace.team_room import TeamRoom, opened_room

ALL = CaseRule()


@pytest.fixture
def room(tmp_path: Path) -> Iterator[TeamRoom]:
    with opened_room(tmp_path, 12) as opened:
        yield opened


@pytest.fixture
def grace(room: TeamRoom) -> Reader:
    return room.add_reader("Grace")


def test_a_package_holds_a_readers_cases_in_their_order_and_opens_as_them(
    room: TeamRoom, grace: Reader
) -> None:
    alan = room.add_reader("Alan")
    room.ws.run(TagCases(case_ids=tuple(room.case_ids[:6]), tag="secret tag"))
    batch = room.ws.batches.create("First", ALL, [grace.id, alan.id], overlap=0.5, seed="s")
    wanted = share_out(batch, room.case_ids)[grace.id]
    path = room.package(grace)
    with room.simulated("Grace", 0.0).open(path) as ws:
        assert ws.reader.id == grace.id and ws.reader_name == "Grace"
        assert ws.project_id == room.ws.project_id and ws._chain != room.ws._chain
        lines = ws.cases(limit=50)
        assert [line.case.id for line in lines] == wanted
        assert all(not line.case.tags for line in lines)
        assert [name for _r, name in ws.readers()] == ["Grace"]
        assert ws.verify().ok, ws.verify().sentences
        assert ws.schema(wanted[0]) is not None
        with pytest.raises(AccessProblem):
            ws.run(TagCases(case_ids=(wanted[0],), tag="x"))
        assert ws.undo_title("") is None and ws.history() == []
    with room.simulated("Somebody else", 0.0).open(path) as ws:
        assert ws.reader.id == grace.id, "a package has one reader, whatever name was typed"


def test_work_comes_back_without_a_conflict_and_twice_changes_nothing(
    room: TeamRoom, grace: Reader
) -> None:
    room.ws.batches.create("First", ALL, [grace.id])
    path = room.package(grace)
    assert room.read_and_merge(room.simulated("Grace", 0.0), path) == 12
    assert room.ws.team.conflicts() == []
    assert versions.conflicts(room.ws._read) == []
    said = room.ws.claims.answers_to("quality")
    assert {a.case_id for a in said} >= set(room.case_ids)
    assert all(a.reader_id == grace.id for a in said)
    assert room.ws.verify().ok, room.ws.verify().sentences
    before = room.ws.state_digest(), room.ws.event_count()
    room.take(room.simulated("Grace", 0.0), path.with_suffix(".bundle"))
    assert (room.ws.state_digest(), room.ws.event_count()) == before
    (line,) = room.ws.batches.lines()
    assert line.readers[0].done == line.cases == line.readers[0].handed_out


def test_what_the_lead_changed_meanwhile_stands(room: TeamRoom, grace: Reader) -> None:
    """Copies in a package are no edits: they never bring an older setup back."""
    room.ws.batches.create("First", ALL, [grace.id])
    path = room.package(grace)
    newer = replace(SCHEMA, id="test@2", version=2)
    room.ws.run(AddSchema(schema=newer))
    room.ws.run(UseSchema(case_ids=tuple(room.case_ids), schema_id=newer.id))
    room.ws.run(TagCases(case_ids=tuple(room.case_ids), tag="later"))
    room.read_and_merge(room.simulated("Grace", 0.0), path)
    assert versions.conflicts(room.ws._read) == []
    for case_id in room.case_ids:
        case = room.ws.case(case_id)
        assert case.schema_id == newer.id and case.tags == ("later",) and case.order >= 10
    assert room.ws.verify().ok
    room.ws.run(TagCases(case_ids=tuple(room.case_ids), tag="last"))
    assert versions.conflicts(room.ws._read) == []


def test_work_goes_on_where_it_was_and_finds_what_it_replaces(
    room: TeamRoom, grace: Reader
) -> None:
    """Own open work and a ruler go along; changed there, they replace what stood here."""
    case_id = room.case_ids[3]
    (series_id,) = room.ws.case(case_id).series_ids
    room.ws.batches.create("First", ALL, [grace.id])
    room.ws.run(Calibrate(case_id=case_id, series_id=series_id, mm_per_px=0.5))
    made = room.made
    made.reopen(reader_name="Grace")
    made.ws.run(AnswerQuestion(case_id=case_id, question_id="count", value=3))
    made.reopen()
    path = room.package(grace)
    reader = room.simulated("Grace", 0.0)
    with reader.open(path) as ws:
        assert {a.question_id: a.value for a in ws.answers(case_id)} == {"count": 3}
        assert ws.calibration(series_id).mm_per_px == 0.5  # type: ignore[union-attr]
        ws.run(AnswerQuestion(case_id=case_id, question_id="count", value=4))
        ws.run(Calibrate(case_id=case_id, series_id=series_id, mm_per_px=0.6))
        assert ws.verify().ok, ws.verify().sentences
    room.read_and_merge(reader, path)
    assert merging.conflicts(room.ws) == [] and versions.conflicts(room.ws._read) == []
    assert room.ws.calibration(series_id).mm_per_px == 0.6  # type: ignore[union-attr]
    values = {a.question_id: a.value for a in room.ws.claims.answers(case_id)}
    assert values["count"] == 4
    assert room.ws.verify().ok, room.ws.verify().sentences


def test_a_real_fork_of_carried_work_is_a_conflict(room: TeamRoom, grace: Reader) -> None:
    case_id, made = room.case_ids[0], room.made
    room.ws.batches.create("First", ALL, [grace.id])
    made.reopen(reader_name="Grace")
    made.ws.run(AnswerQuestion(case_id=case_id, question_id="count", value=1))
    made.reopen()
    path = room.package(grace)
    made.reopen(reader_name="Grace")
    made.ws.run(AnswerQuestion(case_id=case_id, question_id="count", value=2))
    made.reopen()
    reader = room.simulated("Grace", 0.0)
    with reader.open(path) as ws:
        ws.run(AnswerQuestion(case_id=case_id, question_id="count", value=3))
    room.read_and_merge(reader, path)
    (conflict,) = room.ws.team.conflicts()
    assert {v.record.value for v in conflict.versions} == {2, 3}  # type: ignore[union-attr]
    assert room.ws.verify().ok, room.ws.verify().sentences
    room.ws.team.settle(conflict, conflict.versions[0])
    assert room.ws.team.conflicts() == []


def test_a_copy_that_learns_of_the_setup_later_ends_up_the_same(
    room: TeamRoom, grace: Reader
) -> None:
    """A bundle may reach a colleague's copy before the project's own newer events do."""
    case_id, made = room.case_ids[0], room.made
    copy = room.ws.team.hand_out(room.folder / "copy.rroom")
    room.ws.batches.create("First", ALL, [grace.id])
    made.reopen(reader_name="Grace")
    made.ws.run(AnswerQuestion(case_id=case_id, question_id="count", value=1))
    made.reopen()
    path = room.package(grace)
    reader = room.simulated("Grace", 0.0)
    with reader.open(path) as ws:
        ws.run(AnswerQuestion(case_id=case_id, question_id="count", value=3))
    room.read_and_merge(reader, path)
    lines = list(log.event_lines(room.ws._read))
    other = MadeProject.around(copy, made.key, made.clock)
    room_of_copy = TeamRoom.__new__(TeamRoom)
    room_of_copy.made = other
    room_of_copy.take(reader, path.with_suffix(".bundle"))
    assert other.ws.verify().ok, other.ws.verify().sentences
    from desktop.domain.contracts import Progress
    from desktop.store import merge
    from desktop.store.database import transaction

    with transaction(other.ws._database.writer):
        merge.take_events(other.ws._database.writer, [merge.Line(*x) for x in lines], Progress())
    assert other.ws.state_digest() == room.ws.state_digest()
    assert versions.conflicts(other.ws._read) == []
    other.close()


def test_a_second_package_brings_what_is_new(room: TeamRoom, grace: Reader) -> None:
    batch = room.ws.batches.create("First", CaseRule(count=6), [grace.id])
    first = room.package(grace)
    with pytest.raises(UserError, match="nothing to hand out to Grace"):
        room.package(grace)
    assert not list(room.folder.glob("*.part*"))
    room.ws.batches.create("Second", CaseRule(), [grace.id])
    second = room.package(grace)
    reader = room.simulated("Grace", 0.0)
    with reader.open(second) as ws:
        assert ws.case_count() == 6
    room.read_and_merge(reader, first)
    again = room.package(grace, again=True)
    with reader.open(again) as ws:
        assert ws.case_count() == 6
    assert len(room.ws.team.packages()) == 3
    assert room.ws.batches.lines()[1].batch.id == batch.id


def test_passwords_and_passphrases_go_along(room: TeamRoom) -> None:
    ws = room.ws
    ws.accounts.set_password(ws.reader, ws.reader.id, "analytical engine")
    ada = room.add_reader("Grace", "compiler of words")
    weak = room.add_reader("Alan")
    from desktop.commands.access import ChangeProjectSetting
    from desktop.domain.account import SettingKey

    ws.batches.create("First", ALL, [ada.id, weak.id])
    room.made.reopen()
    ws = room.ws
    ws.sign_in("Ada", "analytical engine")
    weak_path = room.folder / "weak.rroom"
    ws.accounts.set_password(ws.reader, weak.id, "turing machine 1")
    ws.run(ChangeProjectSetting(key=SettingKey.PASSWORDS, value="required"))
    path = room.package(ada, passphrase="open sesame now")
    assert b"SQLite format" not in path.read_bytes()[:16]
    reader = room.simulated("Grace", 0.0)
    with pytest.raises(StoreProblem):
        reader.open(path, "wrong one")
    with reader.open(path, "open sesame now") as there:
        assert not there.accounts.is_signed_in
        there.sign_in("Grace", "compiler of words")
        assert there.reader.id == ada.id and there.reader.role is Role.READER
    assert not weak_path.exists()


def test_images_go_along_in_a_folder_beside_under_names_that_tell_nothing(
    room: TeamRoom, grace: Reader
) -> None:
    images = room.folder / "gold standard"
    images.mkdir()
    placed = {}
    for case_id in room.case_ids:
        (series_id,) = room.ws.case(case_id).series_ids
        (instance,) = room.ws.instances(series_id)
        placed[instance.id] = images / f"known-{case_id}.DCM"
        placed[instance.id].write_bytes(case_id.encode())
    queries.set_sources(room.ws._database.writer, placed)
    room.ws.batches.create("First", ALL, [grace.id])
    path = room.package(grace, with_images=True)
    images.rename(room.folder / "gone")
    moved = room.folder / "stick"
    moved.mkdir()
    path.rename(moved / path.name)
    path.with_name(f"{path.stem} images").rename(moved / f"{path.stem} images")
    with room.simulated("Grace", 0.0).open(moved / path.name) as ws:
        (series_id,) = ws.case(room.case_ids[0]).series_ids
        (instance,) = ws.instances(series_id)
        found = ws.source_path(instance.id)
        assert found.read_bytes() == room.case_ids[0].encode()
        assert found.name == f"{instance.id}.dcm"
    assert b"gold standard" not in (moved / path.name).read_bytes()


def test_only_the_lead_hands_out(room: TeamRoom, grace: Reader) -> None:
    room.ws.batches.create("First", ALL, [grace.id])
    room.made.reopen(reader_name="Grace")
    with pytest.raises(AccessProblem, match="lead"):
        room.made.ws.team.package(grace.id, room.folder / "x.rroom")


def test_packages_as_a_job_are_all_written_or_none(room: TeamRoom, grace: Reader) -> None:
    alan = room.add_reader("Alan")
    room.ws.batches.create("First", CaseRule(count=4), [grace.id])
    problems: list[UserError] = []
    done: list[object] = []
    room.ws.team.start_packages([grace.id, alan.id], room.folder, "", done.extend, problems.append)
    assert not done and "Alan" in problems[0].title
    assert room.ws.team.packages() == [] and not list(room.folder.glob("Made - *"))
    room.ws.batches.create("Second", CaseRule(count=4), [grace.id, alan.id])
    room.ws.team.start_packages([grace.id, alan.id], room.folder, "", done.extend, problems.append)
    assert len(done) == 2 and len(room.ws.team.packages()) == 2
    assert {p.name for p in room.folder.glob("Made - *.rroom")} == {
        "Made - Grace.rroom",
        "Made - Alan.rroom",
    }


def test_working_time_comes_back_once_over_restarts_and_two_bundles(
    room: TeamRoom, grace: Reader
) -> None:
    room.ws.batches.create("First", CaseRule(count=2), [grace.id])
    path = room.package(grace)
    reader = room.simulated("Grace", 0.0)
    for number, seconds in enumerate((12.5, 30.0)):
        with reader.open(path) as ws:
            case_id = ws.cases(limit=1)[0].case.id
            span = TimeSpan(
                id=ws.new_id(), reader_id=grace.id, case_id=case_id, tool="box",
                state=TimeState.ACTIVE, start_utc="2026-01-02T03:04:05.000+00:00",
                seconds=seconds,
            )  # fmt: skip
            ws.run(RecordTime(spans=(span,)))
            ws.export_bundle(path.with_suffix(f".{number}"), LOG_ONLY)
    for number in (1, 0, 1):
        room.take(reader, path.with_suffix(f".{number}"))
    assert room.ws.time_by_reader() == [(grace.id, case_id, TimeState.ACTIVE, 42.5)]


def test_a_skipped_case_comes_back_as_skipped(room: TeamRoom, grace: Reader) -> None:
    room.ws.batches.create("First", CaseRule(count=3), [grace.id])
    path = room.package(grace)
    reader = room.simulated("Grace", 0.0)
    with reader.open(path) as ws:
        first: Case = ws.cases(limit=1)[0].case
        ws.run(MarkCase(case_id=first.id, state=AssignmentState.SKIPPED, why="Not readable"))
    room.read_and_merge(reader, path)
    (progress,) = room.ws.batches.lines()[0].readers
    assert (progress.done, progress.skipped) == (2, 1)
