"""Rulings where readers disagree: no claim changes, and the truth says where it comes from."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from desktop.commands.annotation import AddAnnotation, AnswerRegion, ReshapeAnnotation
from desktop.commands.project import (
    AddSchema,
    AnswerQuestion,
    ChooseSchema,
    MarkCase,
    RegisterImages,
    SetNoFinding,
)
from desktop.domain.adjudication import Adjudication, Cause, Ruling
from desktop.domain.annotation import Annotation, Answer, MaskSlice, Origin
from desktop.domain.errors import AccessProblem, ConflictProblem, UserError
from desktop.domain.geometry import Box, Geometry, Mask, Point, Polyline
from desktop.domain.record import to_json
from desktop.domain.schema import Question, QuestionKind
from desktop.domain.study import Plane
from desktop.domain.task import AssignmentState, Role
from desktop.store import queries
from desktop.workspace.claims.case_claims import in_letter_order
from desktop.workspace.claims.matters import Matter
from desktop.workspace.workspace import Workspace
from tests.workspace.made import SCHEMA, MadeProject, disk_mask

READERS = ("Bea", "Cyd", "Dan")


@pytest.fixture
def made(tmp_path: Path) -> MadeProject:
    """Three readers read case 0: two say good, one poor; masks that differ; one box alone."""
    project = MadeProject(tmp_path)
    accounts = project.ws.accounts
    for name in READERS:
        accounts.add_reader(project.ws.reader, name, Role.READER)
    accounts.add_reader(project.ws.reader, "Eve", Role.ADJUDICATOR)
    for number, name in enumerate(READERS):
        ws = project.reopen(name)
        ws.run(
            AnswerQuestion(
                case_id="case-0", question_id="quality", value=("good", "good", "poor")[number]
            )
        )
        ws.run(AnswerQuestion(case_id="case-0", question_id="count", value=2))
        project.paint(disk_mask(12 + 2 * number, 10, 5), frame=1)
        if number == 0:
            project.draw(Box(x0=20, y0=2, x1=28, y1=9))
        ws.run(MarkCase(case_id="case-0", state=AssignmentState.DONE))
    project.reopen("Eve")
    yield project
    project.close()


def rows_of_readers(ws: Workspace) -> list[str]:
    """Everything that the readers made, byte for byte."""
    mine = ws.reader.id
    found = [
        r
        for kind in (Annotation, Answer)
        for r in queries.many(ws._read, kind)
        if r.reader_id != mine
    ]
    ids = {r.id for r in found}
    slices = [s for s in queries.many(ws._read, MaskSlice) if s.annotation_id in ids]
    return sorted(to_json(r) for r in (*found, *slices))


def matter(made: MadeProject, question: str = "", shape: type = Mask) -> Matter:
    line = made.ws.adjudication.case("case-0")
    assert line is not None
    for found in line.matters:
        if question and found.question is not None and found.question.id == question:
            return found
        regions = [c.region for c in found.claims if c.region is not None]
        if not question and regions and isinstance(regions[0].geometry, shape):
            return found
    raise AssertionError("no such matter")


def letter_of(found: Matter, made: MadeProject, name: str) -> str:
    reader = made.ws.accounts.known(name)
    return next(c.letter for c in found.claims if reader and c.reader_id == reader.id)


def test_the_queue_lists_what_readers_disagree_about(made: MadeProject) -> None:
    (line,) = made.ws.adjudication.queue()
    assert line.case_id == "case-0" and not line.is_settled and line.why_not == ""
    assert [m.question.id if m.question else "" for m in line.disputes] == ["quality", "", ""]
    quality, masks, box = line.disputes
    assert quality.disagreement == pytest.approx(2 / 3)
    assert 0 < masks.disagreement < 1 and masks.frame == made.frames[1]
    assert [c.record is not None for c in box.claims].count(True) == 1
    assert box.disagreement == pytest.approx(2 / 3)
    assert [m.question.id for m in line.agreed_left if m.question] == ["count"]
    done: list[object] = []
    made.ws.adjudication.start_queue(done.append, done.append)
    assert [q.case_id for q in done[0]] == ["case-0"]  # type: ignore[attr-defined]


def _marks_in_space(made: MadeProject, number: int) -> None:
    """Points of one place on three images, one far off, and rulers turned about."""
    for x, frame, label in ((10 + 0.2 * number, number, 2), (25.0, 0, 3)):
        if label == 2 or number == 0:
            made.ws.run(AddAnnotation(annotation=_mark(made, Point(x=x, y=12), frame, label)))
    ends = ((4.0, 4.0), (12.0, 4.0 + 0.2 * number))
    line = Polyline(points=ends if number != 1 else ends[::-1])
    made.ws.run(AddAnnotation(annotation=_mark(made, line, min(1, number), 1)))
    made.ws.run(MarkCase(case_id="case-0", state=AssignmentState.DONE))


def _mark(made: MadeProject, geometry: Geometry, frame: int, label: int) -> Annotation:
    region = made.region(geometry, label)
    return replace(region, target=replace(region.target, frame=made.frames[frame]))


@pytest.mark.parametrize("step_mm, together", [(0.5, True), (50.0, False)])
def test_points_and_lines_belong_together_over_all_images_of_a_case(
    tmp_path: Path, step_mm: float, together: bool
) -> None:
    made = MadeProject(tmp_path)
    made.ws.run(
        RegisterImages(
            instances=tuple(
                replace(
                    made.ws.instance(f"instance-0-{f}"), order=f, spacing_mm=(1.0, 1.0),
                    media="dicom",
                    planes=(Plane(position=(0, 0, step_mm * f), orientation=(1, 0, 0, 0, 1, 0)),),
                )
                for f in range(3)
            ),
            studies=(), series=(), cases=(),
        )
    )  # fmt: skip
    for number, name in enumerate(READERS):
        made.ws.accounts.add_reader(made.ws.reader, name, Role.READER)
        made.reopen(name)
        _marks_in_space(made, number)
        made.reopen("Ada")
    line = made.ws.adjudication.case("case-0")
    assert line is not None
    found = [m for m in line.matters if not m.is_question]
    sizes = sorted(
        (type(r.geometry).__name__, r.label.class_id, sum(c.region is not None for c in m.claims))
        for m in found
        for r in [next(c.region for c in m.claims if c.region is not None)]
    )
    if not together:  # images far apart: what lies on others is another finding
        assert sizes == [("Point", 2, 1)] * 3 + [("Point", 3, 1)] + [
            ("Polyline", 1, 1), ("Polyline", 1, 2)]  # fmt: skip
        made.close()
        return
    assert sizes == [("Point", 2, 3), ("Point", 3, 1), ("Polyline", 1, 3)]
    points = next(m for m in found if len(m.source_ids) == 3 and m.class_id == 2)
    assert 0 < points.disagreement < 1
    made.ws.adjudication.merge(points)
    (own,) = [a for a in made.ws.annotations("case-0") if a.origin is Origin.ADJUDICATED]
    assert own.geometry == Point(x=pytest.approx(10.2), y=12.0)
    assert own.target.frame == made.frames[1], "the image in the middle"
    made.close()


def test_drafts_are_nobodys_opinion(made: MadeProject) -> None:
    made.reopen("Cyd").run(MarkCase(case_id="case-0", state=AssignmentState.OPEN))
    made.reopen("Eve")
    assert len(matter(made, "quality").claims) == 2
    made.reopen("Dan").run(MarkCase(case_id="case-0", state=AssignmentState.SKIPPED, why="No"))
    assert made.reopen("Eve").adjudication.queue() == []


def test_letters_stay_with_a_case_and_change_between_cases() -> None:
    readers = [f"reader-{n}" for n in range(3)]
    orders = {in_letter_order(b"s" * 32, f"case-{n}", readers) for n in range(40)}
    assert len(orders) == 6
    for case in range(5):
        found = in_letter_order(b"s" * 32, f"case-{case}", readers)
        assert found == in_letter_order(b"s" * 32, f"case-{case}", readers[::-1])
    assert in_letter_order(b"t" * 32, "case-0", readers) != in_letter_order(
        b"s" * 32, "case-0", readers
    ) or in_letter_order(b"t" * 32, "case-1", readers) != in_letter_order(
        b"s" * 32, "case-1", readers
    )


def test_ruling_makes_the_truth_and_leaves_the_readers_alone(made: MadeProject) -> None:
    desk, before = made.ws.adjudication, rows_of_readers(made.ws)
    quality = matter(made, "quality")
    desk.accept(quality, letter_of(quality, made, "Dan"), Cause.PERCEPTION, "Motion in 2 images")
    masks = matter(made)
    desk.merge(masks)
    desk.reject(matter(made, shape=Box), Cause.SLIP)
    (answer,) = made.ws.answers("case-0")
    assert (answer.value, answer.origin) == ("poor", Origin.ADJUDICATED)
    (region,) = made.ws.annotations("case-0")
    assert region.origin is Origin.ADJUDICATED
    assert region.provenance.tool == "adjudication"
    assert set(region.provenance.detail["sources"].split()) == set(masks.source_ids)
    (part,) = made.ws.mask_slices("case-0")
    assert (made.ws.mask(part) == disk_mask(14, 10, 5)).mean() > 0.97
    assert desk.case("case-0").is_settled  # type: ignore[union-attr]
    assert rows_of_readers(made.ws) == before
    assert made.ws.verify().ok


def test_a_region_is_taken_as_it_is_or_to_be_edited(made: MadeProject) -> None:
    masks = matter(made)
    letter = letter_of(masks, made, "Cyd")
    made.ws.adjudication.accept(masks, letter)
    (part,) = made.ws.mask_slices("case-0")
    assert (made.ws.mask(part) == disk_mask(14, 10, 5)).all()
    made.ws.adjudication.edit(matter(made), letter_of(masks, made, "Bea"))
    (part,) = made.ws.mask_slices("case-0")
    assert (made.ws.mask(part) == disk_mask(12, 10, 5)).all()
    (region,) = made.ws.annotations("case-0")
    made.paint(disk_mask(12, 10, 4), annotation_id=region.id, frame=1)
    (ruling,) = queries.many(made.ws._read, Adjudication)
    assert (ruling.verdict, ruling.made_id) == (Ruling.EDITED, region.id)
    for _ in range(3):
        made.ws.undo("case-0")
    assert made.ws.annotations("case-0") == [] and queries.many(made.ws._read, Adjudication) == []
    assert made.ws.verify().ok


def test_what_a_reader_changes_later_opens_the_matter_again(made: MadeProject) -> None:
    made.ws.adjudication.accept(matter(made, shape=Box), letter_of(matter(made), made, "Bea"))
    assert matter(made, shape=Box).is_settled
    bea = made.reopen("Bea")
    box = next(a for a in bea.annotations("case-0") if isinstance(a.geometry, Box))
    bea.run(
        ReshapeAnnotation(
            case_id="case-0", annotation_id=box.id, geometry=Box(x0=20, y0=2, x1=25, y1=9)
        )
    )
    made.reopen("Eve")
    again = matter(made, shape=Box)
    assert again.is_stale and again.is_open
    made.ws.adjudication.reject(again)
    assert made.ws.annotations("case-0") == []
    assert len(queries.many(made.ws._read, Adjudication)) == 1


def test_an_answer_nobody_gave_and_an_answer_to_nothing(made: MadeProject) -> None:
    desk = made.ws.adjudication
    desk.answer(matter(made, "count"), 5)
    (ruling,) = queries.many(made.ws._read, Adjudication)
    assert ruling.verdict is Ruling.OWN
    with pytest.raises(UserError, match="out of range"):
        desk.answer(matter(made, "count"), 99)
    desk.reject(matter(made, "count"))
    assert made.ws.answers("case-0") == []
    box = matter(made, shape=Box)
    silent = next(c.letter for c in box.claims if c.record is None)
    with pytest.raises(UserError, match="said nothing"):
        desk.accept(box, silent)
    with pytest.raises(UserError, match="not edited"):
        desk.edit(matter(made, "count"), "A")


def test_the_rest_is_taken_in_one_step(made: MadeProject) -> None:
    assert made.ws.adjudication.take_agreed("case-0") == 1
    assert [a.value for a in made.ws.answers("case-0")] == [2]
    assert made.ws.adjudication.take_agreed("case-0") == 0
    made.ws.undo("case-0")
    assert made.ws.answers("case-0") == []


def test_agreement_on_nothing_is_taken_over_too(made: MadeProject) -> None:
    for name in READERS:
        ws = made.reopen(name)
        ws.run(SetNoFinding(case_id="case-1", no_finding=True))
        ws.run(MarkCase(case_id="case-1", state=AssignmentState.DONE))
    ws = made.reopen("Eve")
    assert ws.adjudication.take_agreed("case-1") == 1
    assert ws.assignment("case-1").no_finding


def test_regions_that_differ_only_in_an_answer_are_a_dispute(made: MadeProject) -> None:
    for number, name in enumerate(READERS):
        ws = made.reopen(name)
        region = made.draw(Point(x=5.0, y=5.0), case=1)
        if number:
            ws.run(
                AnswerRegion(
                    case_id="case-1", annotation_id=region, question_id="solid", value=number == 1
                )
            )
        ws.run(MarkCase(case_id="case-1", state=AssignmentState.DONE))
    line = made.reopen("Eve").adjudication.case("case-1")
    assert line is not None
    (point,) = line.disputes
    assert point.disagreement > 0 and all(c.record is not None for c in point.claims)
    made.ws.adjudication.merge(point)
    (region,) = made.ws.annotations("case-1")
    assert region.geometry == Point(x=5.0, y=5.0) and region.label.attributes == {}


def test_who_read_a_case_does_not_rule_on_it(made: MadeProject) -> None:
    ada = made.reopen("Ada")
    ada.run(AnswerQuestion(case_id="case-0", question_id="quality", value="good"))
    ada.run(MarkCase(case_id="case-0", state=AssignmentState.DONE))
    with pytest.raises(ConflictProblem, match="not yours"):
        ada.adjudication.accept(matter(made, "quality"), "A")
    ada.run(MarkCase(case_id="case-0", state=AssignmentState.OPEN))
    quality = matter(made, "quality")
    with pytest.raises(ConflictProblem, match="as a reader"):
        ada.adjudication.accept(quality, quality.claims[0].letter)


def test_plain_readers_see_nothing_of_it(made: MadeProject) -> None:
    for name in ("Bea", "Cyd"):
        ws = made.reopen(name)
        for look in (
            ws.adjudication.queue,
            ws.adjudication.gaps,
            lambda w=ws: w.adjudication.case("case-0"),
        ):
            with pytest.raises(AccessProblem):
                look()


def test_gaps_in_the_guidelines_are_collected(made: MadeProject, tmp_path: Path) -> None:
    desk = made.ws.adjudication
    quality = matter(made, "quality")
    with pytest.raises(UserError, match="needs a note"):
        desk.reject(quality, Cause.GUIDELINE_GAP)
    desk.accept(quality, quality.claims[0].letter)
    with pytest.raises(UserError, match="needs a note"):
        desk.explain(matter(made, "quality"), Cause.GUIDELINE_GAP)
    desk.explain(matter(made, "quality"), Cause.GUIDELINE_GAP, "=Say what poor means")
    (gap,) = desk.gaps()
    assert (gap.about, gap.note) == ("Image quality", "=Say what poor means")
    text = desk.export_gaps(tmp_path / "gaps.txt").read_text()
    assert "Image quality: =Say what poor means" in text
    table = desk.export_gaps(tmp_path / "gaps.csv").read_text()
    assert "'=Say what poor means" in table  # no spreadsheet takes it for a formula


def test_a_merge_of_nobody_says_so(made: MadeProject) -> None:
    with pytest.raises(UserError, match="nothing to merge"):
        made.ws.adjudication.merge(matter(made), letters=("Z",))


def letters(made: MadeProject) -> dict[str, str]:
    """Letters by name on the first case, as the acting person sees them."""
    names = {r.id: n for r, n in made.ws.readers()}
    line = made.ws.adjudication.case("case-0")
    assert line is not None
    return {names[c.reader_id]: c.letter for c in line.matters[0].claims}


def test_a_letter_stays_with_its_reader_while_others_come_and_go(made: MadeProject) -> None:
    before = letters(made)
    assert sorted(before.values()) == ["A", "B", "C"]
    gone = next(name for name, letter in before.items() if letter == "A")
    made.reopen(gone).run(MarkCase(case_id="case-0", state=AssignmentState.OPEN))
    made.reopen("Eve")
    assert letters(made) == {n: x for n, x in before.items() if n != gone}
    made.ws.adjudication.accept(matter(made, "quality"), "B")
    accounts = made.reopen("Ada").accounts
    for name in ("Fay", "Gus", "Hal"):
        accounts.add_reader(made.ws.reader, name, Role.READER)
    for name in ("Fay", "Gus", "Hal", gone):
        ws = made.reopen(name)
        ws.run(AnswerQuestion(case_id="case-0", question_id="quality", value="poor"))
        ws.run(MarkCase(case_id="case-0", state=AssignmentState.DONE))
    made.reopen("Eve")
    after = letters(made)
    assert {n: after[n] for n in before} == before, "late readers take the letters that are left"
    assert sorted(after.values()) == list("ABCDEF")


def test_words_are_compared_without_capitals_and_ruled_on(tmp_path: Path) -> None:
    project = MadeProject(tmp_path)
    words = Question(id="words", text="In words", kind=QuestionKind.TEXT)
    schema = replace(SCHEMA, id="words@1", name="words", questions=(words,))
    project.ws.run(AddSchema(schema=schema))
    for case in project.cases:
        project.ws.run(ChooseSchema(case_id=case, schema_id=schema.id))
    said = {"Bea": ("A round nodule.", "Clear"), "Cyd": ("a round  nodule", "Fluid on the left")}
    for name in said:
        project.ws.accounts.add_reader(project.ws.reader, name, Role.READER)
    project.ws.accounts.add_reader(project.ws.reader, "Eve", Role.ADJUDICATOR)
    for name, texts in said.items():
        ws = project.reopen(name)
        for case, text in zip(project.cases, texts, strict=True):
            ws.run(AnswerQuestion(case_id=case, question_id="words", value=text))
            ws.run(MarkCase(case_id=case, state=AssignmentState.DONE))
    desk = project.reopen("Eve").adjudication
    first, second = desk.queue()
    assert first.is_settled and first.matters[0].agreed
    (open_,) = second.open
    assert open_.disagreement == 1.0
    desk.answer(open_, "Fluid")
    (answer,) = project.ws.answers(project.cases[1])
    assert answer.value == "Fluid" and answer.origin is Origin.ADJUDICATED
    board = project.reopen("Ada").quality.board()
    (row,) = board.rows
    assert row.known is None and "Free text" in row.known_why
    with pytest.raises(UserError):
        project.ws.gold.make(project.cases[1], project.ws.accounts.known("Eve").id)
    project.close()


def test_the_truth_of_a_region_gets_class_and_attributes_of_its_own(made: MadeProject) -> None:
    desk = made.ws.adjudication
    with pytest.raises(UserError, match="no region of yours"):
        desk.answer_region(matter(made), "solid", True)
    before = rows_of_readers(made.ws)
    desk.accept(matter(made), letter_of(matter(made), made, "Bea"))
    desk.answer_region(matter(made), "solid", True)
    desk.relabel(matter(made), 2)
    (truth,) = made.ws.annotations("case-0")
    assert (truth.label.class_id, truth.label.attributes) == (2, {"solid": True})
    assert truth.origin is Origin.ADJUDICATED
    assert matter(made).is_settled
    assert rows_of_readers(made.ws) == before
    made.reopen("Bea")
    with pytest.raises(AccessProblem):
        made.ws.adjudication.relabel(matter_seen_by_eve(made), 1)


def matter_seen_by_eve(made: MadeProject) -> Matter:
    made.reopen("Eve")
    found = matter(made)
    made.reopen("Bea")
    return found
