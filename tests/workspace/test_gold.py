"""Gold: made of somebody's work, hidden in packages, scored when it comes back; training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from desktop.commands.project import AnswerQuestion, MarkCase, SetNoFinding
from desktop.domain.annotation import Annotation, Label, Target
from desktop.domain.batch import CaseRule, GoldMix, Mode
from desktop.domain.errors import AccessProblem, UserError
from desktop.domain.geometry import Box, Ellipse, Geometry, Point, Polygon, Polyline
from desktop.domain.gold import GoldCase
from desktop.domain.schema import Scope
from desktop.domain.study import FrameRef
from desktop.domain.task import AssignmentState, Role
from desktop.engines.proportions import Verdict
from desktop.store import queries
from desktop.workspace.claims.case_claims import Pixels
from desktop.workspace.team.gold_marks import Work, marks_of, same_value
from tests.workspace.made import SCHEMA, MadeProject
from tests.workspace.team_room import TeamRoom, opened_room

HALF = GoldMix(rate=0.4, first=0, first_rate=0.0, repeat_rate=0.0)
SOME = CaseRule(count=30)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[TeamRoom]:
    """Fifty cases; the last twenty are gold."""
    with opened_room(tmp_path, 50) as opened:
        opened.make_gold(opened.case_ids[30:])
        yield opened


def test_the_careless_reader_is_caught_and_the_careful_one_is_not(room: TeamRoom) -> None:
    readers = {n: room.add_reader(n) for n in ("Grace", "Alan")}
    ids = [r.id for r in readers.values()]
    room.ws.batches.create("First", SOME, ids, overlap=1.0, gold=HALF)
    rates = {"Grace": 0.0, "Alan": 0.6}
    for name, reader in readers.items():
        room.read_and_merge(room.simulated(name, rates[name]), room.package(reader))
    scores = {s.name: s for s in room.ws.gold.scores()}
    grace, alan = scores["Grace"], scores["Alan"]
    assert grace.score.accuracy.asked >= 8 and grace.score.accuracy.value == 1.0
    assert grace.score.watch.verdict is not Verdict.ALERT and grace.misses == ()
    assert alan.score.watch.verdict is Verdict.ALERT
    accuracy = alan.score.accuracy
    assert accuracy.value is not None and accuracy.value < 0.8
    assert accuracy.interval is not None and accuracy.value in accuracy.interval
    assert len(alan.misses) == accuracy.asked - accuracy.right
    assert alan.score.by_concept["Quality"] == accuracy
    miss = alan.misses[0]
    assert miss.case_id in room.case_ids[30:] and "said" in miss.words and "known" in miss.words
    shown = {line.gold.case_id: line.shown for line in room.ws.gold.lines()}
    assert sum(shown.values()) == sum(s.score.accuracy.asked for s in scores.values())
    assert room.ws.team.conflicts() == [] and room.ws.verify().ok


def test_gold_reads_stay_out_of_what_is_said_of_the_cases(room: TeamRoom) -> None:
    grace = room.add_reader("Grace")
    room.ws.batches.create("First", SOME, [grace.id], gold=HALF)
    package = room.package(grace)
    (record,) = room.ws.team.packages()
    assert len(record.gold) >= 8 and set(record.gold.values()) <= set(room.case_ids[30:])
    done = room.read_and_merge(room.simulated("Grace", 0.0), package)
    assert done == len(record.items) == 30 + len(record.gold)
    said = {a.case_id for a in room.ws.claims.answers_to("quality") if a.reader_id == grace.id}
    assert said == set(room.case_ids[:30])
    assert room.ws.case_count() == 50
    bundle = room.ws.export_bundle(room.folder / "out")
    assert bundle.case_count == 50


def test_a_reader_gets_each_gold_case_once_over_all_packages(room: TeamRoom) -> None:
    grace = room.add_reader("Grace")
    for number in range(3):
        room.ws.batches.create(f"B{number}", CaseRule(count=10), [grace.id], gold=HALF)
        room.package(grace)
    packages = room.ws.team.packages()
    told = [case for p in packages for case in p.gold.values()]
    assert len(told) == len(set(told)) > 6


def test_repeats_tell_whether_a_reader_says_the_same_twice(room: TeamRoom) -> None:
    readers = {n: room.add_reader(n) for n in ("Grace", "Alan")}
    mix = GoldMix(rate=0.0, first=0, first_rate=0.0, repeat_rate=0.4, repeat_gap=5)
    room.ws.batches.create("First", SOME, [r.id for r in readers.values()], overlap=1.0, gold=mix)
    for name, reader in readers.items():
        error = {"Grace": 0.0, "Alan": 0.6}[name]
        room.read_and_merge(room.simulated(name, error), room.package(reader))
    scores = {s.name: s for s in room.ws.gold.scores()}
    assert scores["Grace"].repeats.value == 1.0 and scores["Grace"].repeats.asked >= 5
    alan = scores["Alan"].repeats.value
    assert alan is not None and alan < 1.0
    assert scores["Grace"].score.accuracy.asked == 0


def test_a_repeat_has_another_pseudonym(room: TeamRoom) -> None:
    grace = room.add_reader("Grace")
    mix = GoldMix(rate=0.0, first=0, first_rate=0.0, repeat_rate=0.5, repeat_gap=2)
    room.ws.batches.create("First", SOME, [grace.id], gold=mix)
    with room.simulated("Grace", 0.0).open(room.package(grace)) as ws:
        titles = [line.case.title for line in ws.cases(limit=200)]
    assert len(titles) > 30 and len(set(titles)) == len(titles)


def test_gold_read_in_the_project_itself_counts_but_not_for_its_author(room: TeamRoom) -> None:
    case_id = room.case_ids[40]
    grace = room.add_reader("Grace")
    made = room.made
    made.reopen(reader_name="Grace")
    made.ws.run(AnswerQuestion(case_id=case_id, question_id="quality", value=room.right(case_id)))
    made.ws.run(MarkCase(case_id=case_id, state=AssignmentState.DONE))
    made.reopen()
    (score,) = made.ws.gold.scores()
    assert (score.reader_id, score.score.accuracy.right) == (grace.id, 1)
    made.ws.gold.make(case_id, grace.id)
    assert [s.name for s in made.ws.gold.scores()] == ["Ada"], "now Ada is measured by Grace"
    made.ws.gold.remove(case_id)
    assert made.ws.gold.of(case_id) is None
    made.ws.undo("")
    assert made.ws.gold.of(case_id) is not None


def test_gold_needs_an_answer_and_keeps_it(room: TeamRoom) -> None:
    with pytest.raises(UserError, match="no answer on this case"):
        room.ws.gold.make(room.case_ids[0])
    case_id = room.case_ids[30]
    right = room.right(case_id)
    wrong = "poor" if right == "good" else "good"
    room.ws.run(AnswerQuestion(case_id=case_id, question_id="quality", value=wrong))
    gold = room.ws.gold.of(case_id)
    assert gold is not None and gold.answers == {"quality": right} and not gold.has_regions
    room.ws.run(SetNoFinding(case_id=room.case_ids[1], no_finding=True))
    room.ws.gold.make(room.case_ids[1])
    negative = room.ws.gold.of(room.case_ids[1])
    assert negative is not None and negative.has_regions and negative.regions == ()


def test_readers_see_nothing_of_gold(room: TeamRoom) -> None:
    room.add_reader("Grace")
    room.ws.accounts.add_reader(room.ws.reader, "Ruler", Role.ADJUDICATOR)
    made = room.made
    made.reopen(reader_name="Grace")
    for act in (
        made.ws.gold.lines,
        made.ws.gold.scores,
        lambda: made.ws.gold.of(room.case_ids[30]),
        lambda: made.ws.gold.make(room.case_ids[0]),
    ):
        with pytest.raises(AccessProblem):
            act()
    assert made.ws.gold.feedback(room.case_ids[30]) is None
    assert not any("gold" in line.sentence.lower() for line in made.ws.history())
    made.reopen(reader_name="Ruler")
    lead = next(r.id for r, name in made.ws.readers() if name == "Ada")
    assert made.ws.gold.make(room.case_ids[31], lead, concept="Other") is not None


@pytest.mark.parametrize("packaged", [True, False])
def test_training_tells_after_each_case_and_a_test_never(room: TeamRoom, packaged: bool) -> None:
    grace = room.add_reader("Grace")
    made = room.made
    batch = room.ws.batches.create("Training", CaseRule(count=5), [grace.id], mode=Mode.TRAINING)
    if packaged:
        package = room.package(grace)
        ws = room.simulated("Grace", 0.0).open(package)
    else:
        ws = made.reopen(reader_name="Grace")
    case_id = ws.first_open_case()
    assert ws.case_count() == 5 and case_id in room.case_ids[30:]
    right = room.truth[ws.case(case_id).series_ids[0]]
    wrong = "poor" if right == "good" else "good"
    ws.run(AnswerQuestion(case_id=case_id, question_id="quality", value=wrong))
    assert ws.gold.feedback(case_id) is None, "not before the case is closed"
    ws.run(MarkCase(case_id=case_id, state=AssignmentState.DONE))
    told = ws.gold.feedback(case_id)
    assert told is not None and (told.right, told.asked) == (0, 1)
    assert told.lines == (f"Image quality: said {wrong.capitalize()}, known {right.capitalize()}",)
    if packaged:
        ws.close()
        room.read_and_merge(room.simulated("Grace", 0.0), package)
    else:
        made.reopen()
    assert [s for s in made.ws.gold.scores() if s.score.accuracy.asked] == []
    assert made.ws.batches.lines()[0].batch.id == batch.id


def test_a_test_package_has_no_gold_record(room: TeamRoom) -> None:
    grace = room.add_reader("Grace")
    room.ws.batches.create("First", SOME, [grace.id], gold=HALF)
    with room.simulated("Grace", 0.0).open(room.package(grace)) as ws:
        assert queries.many(ws._read, GoldCase) == []
        assert all(ws.gold.feedback(line.case.id) is None for line in ws.cases(limit=100))


# marks ------------------------------------------------------------------------------------------


def region(
    x: float, class_id: int = 1, frame: str = "0", geometry: Geometry | None = None
) -> Annotation:
    return Annotation(
        id=f"{x}-{class_id}-{frame}",
        case_id="c",
        reader_id="r",
        schema_id=SCHEMA.id,
        target=Target(scope=Scope.REGION, frame=FrameRef(instance_id=f"instance-0-{frame}")),
        label=Label(class_id=class_id),
        geometry=geometry or Box(x0=x, y0=0, x1=x + 10, y1=10),
    )


@pytest.fixture(scope="module")
def pixels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pixels]:
    """Images of 24 × 32 pixels, without files."""
    made = MadeProject(tmp_path_factory.mktemp("gold"))
    yield Pixels(made.ws._read)
    made.close()


def is_right(known: Sequence[Annotation], said: Sequence[Annotation], pixels: Pixels) -> bool:
    gold = GoldCase(id="g", case_id="c", author_id="a", has_regions=True, regions=tuple(known))
    (mark,) = marks_of(gold, Work((), said, ()), pixels)
    return mark.right


@pytest.mark.parametrize(
    ("said", "right"),
    [
        ((region(0), region(18)), True),
        ((region(18), region(0)), True),
        ((region(3), region(18)), True),  # IoU 7/13
        ((region(4), region(18)), False),  # IoU 6/14
        ((region(0),), False),
        ((region(0), region(18), region(12, class_id=3)), False),
        ((region(0, class_id=2), region(18)), False),
        ((region(0, frame="1"), region(18)), False),
        ((), False),
    ],
)
def test_regions_are_right_where_each_has_its_partner(
    said: tuple[Annotation, ...], right: bool, pixels: Pixels
) -> None:
    assert is_right((region(0), region(18)), said, pixels) is right


L_SHAPE = Polygon(points=((1, 1), (21, 1), (21, 4), (4, 4), (4, 21), (1, 21)))


@pytest.mark.parametrize(
    ("known", "said", "right"),
    [
        # the same rectangle around it, but the other half of the square: what boxes can't tell
        (L_SHAPE, Polygon(points=((21, 21), (1, 21), (1, 18), (18, 18), (18, 1), (21, 1))), False),
        (L_SHAPE, L_SHAPE.shifted(0.4, 0.4), True),
        (L_SHAPE, Box(x0=1, y0=1, x1=21, y1=21), False),
        (Ellipse(cx=12, cy=12, rx=8, ry=8), Box(x0=4, y0=4, x1=20, y1=20), True),  # pi / 4
        (Point(x=12, y=12), Point(x=15, y=16), True),  # 5 px apart
        (Point(x=12, y=12), Point(x=16, y=16), False),
        (Ellipse(cx=12, cy=12, rx=8, ry=8), Point(x=12, y=19), True),
        (Ellipse(cx=12, cy=12, rx=8, ry=8), Point(x=19, y=19), False),  # in the box only
        (Polyline(points=((2, 2), (20, 2))), Polyline(points=((20, 3), (2, 3))), True),
        (Polyline(points=((2, 2), (20, 2))), Polyline(points=((2, 2), (20, 20))), False),
    ],
)
def test_shapes_are_compared_by_their_outline(
    known: Geometry, said: Geometry, right: bool, pixels: Pixels
) -> None:
    both = [(region(0, geometry=a),) for a in (known, said)]
    assert is_right(both[0], both[1], pixels) is right
    assert is_right(both[1], both[0], pixels) is right


def test_painted_regions_are_compared_by_their_pixels(tmp_path: Path) -> None:
    from tests.workspace.made import disk_mask

    made = MadeProject(tmp_path)
    made.paint(disk_mask(9, 9, 5))
    made.ws.gold.make("case-0")
    made.ws.accounts.add_reader(made.ws.reader, "Grace", Role.READER)
    made.ws.accounts.add_reader(made.ws.reader, "Alan", Role.READER)
    for name, x in (("Grace", 10), ("Alan", 15)):
        made.reopen(reader_name=name)
        made.paint(disk_mask(x, 9, 5))
        made.ws.run(MarkCase(case_id="case-0", state=AssignmentState.DONE))
    made.reopen()
    rights = {s.name: s.score.accuracy.right for s in made.ws.gold.scores()}
    assert rights == {"Grace": 1, "Alan": 0}
    made.close()


def test_values_are_compared_as_people_mean_them() -> None:
    assert same_value(("a", "b"), ("b", "a")) and not same_value(("a",), ("a", "b"))
    assert same_value(1, 1.0) and not same_value(1.0, True) and same_value(True, True)
    assert same_value("a", "a") and not same_value("a", None)
