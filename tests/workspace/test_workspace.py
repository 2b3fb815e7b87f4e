"""One log: what a command changes, undo and redo take back, and a restart finds again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from desktop.commands.annotation import (
    AddAnnotation,
    AnswerRegion,
    DeleteAnnotations,
    LockAnnotation,
    RelabelAnnotations,
    ReshapeAnnotation,
)
from desktop.commands.project import (
    AddSchema,
    AnswerQuestion,
    Calibrate,
    MarkCase,
    RecordExport,
    SetNoFinding,
)
from desktop.domain.errors import (
    AccessProblem,
    ConflictProblem,
    FileProblem,
    StoreProblem,
    UserError,
)
from desktop.domain.geometry import Box, Ellipse
from desktop.domain.task import AssignmentState, Role
from desktop.store.log import undoing
from desktop.workspace import backups
from desktop.workspace.access import authority
from desktop.workspace.workspace import Workspace
from tests.workspace.made import SCHEMA, MadeProject, disk_mask


def test_a_box_is_there_after_a_restart_and_undo_still_works(made: MadeProject) -> None:
    region = made.draw()
    made.reopen()
    assert [a.id for a in made.ws.annotations("case-0")] == [region]
    assert made.ws.undo_title("case-0") == "Draw box"
    made.ws.undo("case-0")
    assert made.ws.annotations("case-0") == []
    assert made.ws.redo_title("case-0") == "Draw box"
    made.reopen()
    made.ws.redo("case-0")
    assert [a.id for a in made.ws.annotations("case-0")] == [region]
    assert made.ws.redo("case-0") is None


def test_undo_steps_go_back_in_order_and_stop_at_the_case(made: MadeProject) -> None:
    first = made.draw()
    made.ws.run(RelabelAnnotations(case_id="case-0", annotation_ids=(first,), class_id=2))
    made.draw(case=1)
    made.ws.undo("case-0")
    assert made.ws.annotations("case-0")[0].label.class_id == 1
    made.ws.undo("case-0")
    assert made.ws.annotations("case-0") == []
    assert made.ws.undo("case-0") is None
    assert len(made.ws.annotations("case-1")) == 1


def test_undo_redo_undo_walks_both_ways(made: MadeProject) -> None:
    ids = [made.draw() for _ in range(3)]
    for _ in range(3):
        made.ws.undo("case-0")
    for _ in range(2):
        made.ws.redo("case-0")
    assert {a.id for a in made.ws.annotations("case-0")} == set(ids[:2])
    made.ws.undo("case-0")
    assert {a.id for a in made.ws.annotations("case-0")} == set(ids[:1])
    made.ws.redo("case-0")
    made.ws.redo("case-0")
    assert {a.id for a in made.ws.annotations("case-0")} == set(ids)


def test_a_new_step_ends_redo(made: MadeProject) -> None:
    made.draw()
    made.ws.undo("case-0")
    made.draw()
    assert made.ws.redo_title("case-0") is None


def test_a_command_that_changes_nothing_writes_nothing(made: MadeProject) -> None:
    region = made.draw()
    count = made.ws.event_count()
    same = ReshapeAnnotation(
        case_id="case-0", annotation_id=region, geometry=Box(x0=2, y0=3, x1=9, y1=8)
    )
    assert made.ws.run(same) is None
    assert made.ws.event_count() == count


def test_an_export_is_noted_though_it_changes_no_row(made: MadeProject) -> None:
    event = made.ws.run(RecordExport(bundle_id="b", manifest_sha256="a" * 64, case_count=2))
    assert event is not None and event.changes == ()


def test_a_command_that_raises_leaves_nothing(made: MadeProject) -> None:
    before = made.ws.state_digest(), made.ws.event_count()
    with pytest.raises(ConflictProblem):
        made.ws.run(DeleteAnnotations(case_id="case-0", annotation_ids=("nobody",)))
    region = made.region(class_id=77)
    with pytest.raises(UserError):
        made.ws.run(AddAnnotation(annotation=region))
    assert (made.ws.state_digest(), made.ws.event_count()) == before


def test_painting_makes_grows_and_removes_a_mask(made: MadeProject) -> None:
    one, two = disk_mask(8, 8, 4), disk_mask(20, 12, 5)
    mask_id = made.paint(one)
    made.paint(one | two, mask_id)
    made.paint(two, mask_id, frame=1)
    slices = made.ws.mask_slices("case-0")
    assert sorted(s.area_px for s in slices) == sorted([int((one | two).sum()), int(two.sum())])
    shown = made.ws.mask_slices("case-0", made.frames[0])
    assert np.array_equal(made.ws.mask(shown[0]), one | two)
    made.paint(np.zeros_like(one), mask_id)
    made.paint(np.zeros_like(one), mask_id, frame=1)
    assert made.ws.annotations("case-0") == []
    made.ws.undo("case-0")
    assert [a.id for a in made.ws.annotations("case-0")] == [mask_id]
    assert made.ws.verify().ok


def test_deleting_a_mask_takes_its_slices_and_undo_brings_them_back(made: MadeProject) -> None:
    mask_id = made.paint(disk_mask(8, 8, 4))
    made.ws.run(DeleteAnnotations(case_id="case-0", annotation_ids=(mask_id,)))
    assert made.ws.mask_slices("case-0") == []
    made.ws.undo("case-0")
    assert len(made.ws.mask_slices("case-0")) == 1


def test_answers_are_checked_and_cleared(made: MadeProject) -> None:
    run = made.ws.run
    run(AnswerQuestion(case_id="case-0", question_id="quality", value="good"))
    run(AnswerQuestion(case_id="case-0", question_id="count", value=3))
    assert {a.question_id: a.value for a in made.ws.answers("case-0")} == {
        "quality": "good",
        "count": 3.0,
    }
    for question, wrong in (("quality", "great"), ("count", 10), ("count", float("nan"))):
        with pytest.raises(UserError):
            run(AnswerQuestion(case_id="case-0", question_id=question, value=wrong))
    run(AnswerQuestion(case_id="case-0", question_id="count", value=None))
    assert [a.question_id for a in made.ws.answers("case-0")] == ["quality"]


def test_region_answers_follow_the_class(made: MadeProject) -> None:
    region = made.draw()
    made.ws.run(
        AnswerRegion(case_id="case-0", annotation_id=region, question_id="solid", value=True)
    )
    assert made.ws.annotations("case-0")[0].label.attributes == {"solid": True}


def test_no_finding_and_regions_exclude_each_other(made: MadeProject) -> None:
    made.ws.run(SetNoFinding(case_id="case-0", no_finding=True))
    assert made.ws.assignment("case-0").no_finding
    made.draw(case=1)
    with pytest.raises(UserError):
        made.ws.run(SetNoFinding(case_id="case-1", no_finding=True))


def test_drawing_takes_back_no_finding(made: MadeProject) -> None:
    made.ws.run(SetNoFinding(case_id="case-0", no_finding=True))
    made.draw()
    assert not made.ws.assignment("case-0").no_finding
    made.ws.undo("case-0")
    assert made.ws.assignment("case-0").no_finding


def test_locked_regions_do_not_change(made: MadeProject) -> None:
    region = made.draw()
    made.ws.run(LockAnnotation(case_id="case-0", annotation_id=region, locked=True))
    with pytest.raises(AccessProblem):
        made.ws.run(DeleteAnnotations(case_id="case-0", annotation_ids=(region,)))
    made.ws.run(LockAnnotation(case_id="case-0", annotation_id=region, locked=False))
    made.ws.run(DeleteAnnotations(case_id="case-0", annotation_ids=(region,)))


def test_readers_do_not_see_or_change_each_other(made: MadeProject) -> None:
    region = made.draw()
    made.reopen(reader_name="Grace")
    assert made.ws.reader.role is Role.READER
    assert made.ws.annotations("case-0") == []
    assert made.ws.undo_title("case-0") is None
    assert all("Draw" not in line.sentence for line in made.ws.history("case-0"))
    with pytest.raises(AccessProblem):
        made.ws.run(DeleteAnnotations(case_id="case-0", annotation_ids=(region,)))
    mine = made.draw(Ellipse(cx=5, cy=5, rx=2, ry=3))
    made.reopen(reader_name="ada")
    assert [a.id for a in made.ws.annotations("case-0")] == [region]
    assert mine != region


def test_an_auditor_changes_nothing(made: MadeProject) -> None:
    auditor = replace(made.ws.reader, role=Role.AUDITOR)
    with pytest.raises(AccessProblem):
        authority.check(auditor, SetNoFinding(case_id="case-0", no_finding=True))


def test_the_work_list_pages_counts_and_finds(made: MadeProject) -> None:
    made.draw()
    made.ws.run(MarkCase(case_id="case-0", state=AssignmentState.DONE))
    lines = made.ws.cases()
    assert [(line.state, line.annotation_count) for line in lines] == [
        (AssignmentState.DONE, 1),
        (AssignmentState.OPEN, 0),
    ]
    assert made.ws.first_open_case() == "case-1"
    assert made.ws.neighbour("case-0", 1) == "case-1"
    assert made.ws.neighbour("case-0", -1) is None
    assert made.ws.case_position("case-1") == 1
    assert [c.case.id for c in made.ws.cases(search="000001")] == ["case-1"]
    assert made.ws.case_count(search="nothing") == 0


def test_history_reads_as_sentences_with_a_place(made: MadeProject) -> None:
    region = made.draw()
    made.ws.undo("case-0")
    lines = made.ws.history("case-0")
    assert [line.sentence for line in lines[:2]] == ["Undo: Draw box: Nodule", "Draw box: Nodule"]
    assert lines[1].undone and not lines[0].undone
    assert lines[1].reader_name == "Ada"
    assert lines[1].annotation_id == region and lines[1].frame is not None
    older = made.ws.history("case-0", before=lines[0].position, limit=1)
    assert older[0].position == lines[1].position


def test_what_is_undone_is_known_through_undo_and_redo_and_read_by_an_index(
    made: MadeProject,
) -> None:
    made.draw()
    for undone in (True, False, True):
        (made.ws.undo if undone else made.ws.redo)("case-0")
        line = next(n for n in made.ws.history("case-0") if n.sentence == "Draw box: Nodule")
        assert line.undone is undone
    query = undoing({"one", "another"}).compile(
        made.ws._read.engine, compile_kwargs={"literal_binds": True}
    )
    plan = made.ws._read.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all()
    assert "SEARCH events USING INDEX events_by_undoes" in plan[0][3]


def test_listeners_hear_every_event_until_they_leave(made: MadeProject) -> None:
    heard: list[str] = []
    leave = made.ws.on_committed(lambda event: heard.append(event.command))
    made.draw()
    made.ws.undo("case-0")
    leave()
    made.ws.redo("case-0")
    assert heard == ["AddAnnotation", "Undo"]


def test_a_gesture_in_hand_is_offered_back(made: MadeProject) -> None:
    made.ws.journal_gesture({"tool": "brush", "points": [[1, 2]]})
    made.reopen()
    assert made.ws.journaled_gesture() == {"tool": "brush", "points": [[1, 2]]}
    made.ws.clear_journal()
    assert made.ws.journaled_gesture() is None


def test_undo_is_refused_after_somebody_elses_change(made: MadeProject) -> None:
    made.ws.run(Calibrate(case_id="case-0", series_id="series-0", mm_per_px=0.5))
    made.reopen(reader_name="Grace")
    made.ws.run(Calibrate(case_id="case-0", series_id="series-0", mm_per_px=0.7))
    made.reopen(reader_name="Ada")
    with pytest.raises(ConflictProblem, match="undone"):
        made.ws.undo("case-0")


def test_a_schema_version_never_changes(made: MadeProject) -> None:
    with pytest.raises(ConflictProblem):
        made.ws.run(AddSchema(schema=replace(SCHEMA, title="Other")))
    made.ws.run(AddSchema(schema=replace(SCHEMA, id="test@2", version=2)))
    moved = replace(SCHEMA.classes[0], id=2), replace(SCHEMA.classes[1], id=1)
    broken = replace(SCHEMA, id="test@3", version=3, classes=(moved[0], moved[0]))
    with pytest.raises(UserError):
        made.ws.run(AddSchema(schema=broken))


def test_a_second_writer_is_kept_out_but_may_read(made: MadeProject) -> None:
    region = made.draw()
    with pytest.raises(StoreProblem, match="already open"):
        Workspace.open(made.path, reader_name="Ada", key=made.key)
    with Workspace.open(made.path, reader_name="Ada", key=made.key, read_only=True) as other:
        assert [a.id for a in other.annotations("case-0")] == [region]
        with pytest.raises(StoreProblem, match="read-only"):
            other.run(SetNoFinding(case_id="case-0", no_finding=True))


def test_an_encrypted_project_opens_with_its_passphrase_only(made: MadeProject) -> None:
    path = made.folder / "secret.rroom"
    Workspace.create(
        path, title="Secret", reader_name="Ada", passphrase="it's long", key=made.key
    ).close()
    assert not path.read_bytes().startswith(b"SQLite format 3")
    with pytest.raises(StoreProblem, match="passphrase"):
        Workspace.open(path, reader_name="Ada", passphrase="wrong", key=made.key)
    Workspace.open(path, reader_name="Ada", passphrase="it's long", key=made.key).close()
    (backup,) = backups.backups_of(path)
    assert not backup.read_bytes().startswith(b"SQLite format 3")
    Workspace.open(backup, reader_name="Ada", passphrase="it's long", key=made.key).close()


def test_files_that_are_no_projects_are_refused_in_words(made: MadeProject) -> None:
    wrong = made.folder / "wrong.rroom"
    wrong.write_bytes(b"hello")
    for path in (wrong, made.folder / "missing.rroom"):
        with pytest.raises(StoreProblem):
            Workspace.open(path, reader_name="Ada", key=made.key)
    with pytest.raises(StoreProblem, match="already a file"):
        Workspace.create(made.path, title="X", reader_name="Ada", key=made.key)


def test_a_lost_image_file_has_its_sentence(made: MadeProject) -> None:
    with pytest.raises(FileProblem, match="not where it was"):
        made.ws.source_path("instance-0-0")


def test_closing_keeps_a_backup_that_opens(made: MadeProject) -> None:
    region = made.draw()
    made.reopen()
    (backup,) = backups.backups_of(made.path)
    copy = made.folder / "restored.rroom"
    copy.write_bytes(Path(backup).read_bytes())
    with Workspace.open(copy, reader_name="Ada", key=made.key) as restored:
        assert [a.id for a in restored.annotations("case-0")] == [region]
        assert restored.verify().ok


def test_a_rehearsed_stroke_leaves_nothing_and_the_chain_goes_on(made: MadeProject) -> None:
    made.draw()
    before, events = made.ws.state_digest(), made.ws.event_count()
    heard: list[object] = []
    made.ws.on_committed(heard.append)
    made.ws.warm_up("case-0")
    assert (made.ws.state_digest(), made.ws.event_count(), heard) == (before, events, [])
    made.draw()
    assert made.ws.event_count() == events + 1
    assert made.ws.verify().ok


def test_who_may_not_draw_rehearses_nothing(made: MadeProject) -> None:
    made.reopen(read_only=True)
    made.ws.warm_up("case-0")
    assert made.ws.event_count()
