"""Rounds of learning: a queue that never blocks, an honest control, and nothing held back asked."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from desktop.commands.help_study import SetHelpPlan
from desktop.commands.learning import StartRound
from desktop.commands.project import AddSchema, MarkCase, UseSchema
from desktop.domain.annotation import Origin
from desktop.domain.contracts import Progress
from desktop.domain.errors import AccessProblem, Cancelled, ConflictProblem, UserError
from desktop.domain.learning import RoundPlan
from desktop.domain.schema import Choice
from desktop.domain.split import Part
from desktop.domain.task import AssignmentState
from desktop.workspace.learning.learning_pool import make_round
from tests.workspace.made_lessons import SCHEMA, Lessons

QUICK = RoundPlan(size=12, learners=("logistic",))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lessons")
    made = Lessons(folder / "t")
    made.ws.close()
    return folder / "t"


@pytest.fixture
def lessons(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lessons]:
    # features are kept between tests: they only depend on the pictures
    monkeypatch.setenv("READINGROOM_HOME", str(template / "shared-home"))
    made = Lessons.copied(template, tmp_path / "copy")
    yield made
    made.ws.close()


def test_five_rounds_teach_and_the_control_tells_how_much(lessons: Lessons) -> None:
    learning, topic = lessons.ws.learning, lessons.topic
    for number in range(1, 6):
        made = learning.run_round(topic, RoundPlan(size=10, learners=("logistic",)))
        assert made.number == number and made.labelled == 10 * (number - 1)
        lessons.answer_queue()
    last = learning.run_round(topic)
    assert last.plan.size == 10  # the plan stays as it was chosen
    assert last.standing.value is not None
    assert last.standing.value > 0.6  # the most common kind is half of all; 15 checks are few
    assert last.standing.checked >= 10 and last.standing.missing == 0
    assert last.standing.low < last.standing.value <= last.standing.high
    assert last.chance_labels >= 10 and last.by_chance.checked == last.chance_labels
    whys = {q.why for r in learning.rounds(topic) for q in learning.queries_of(r.id)}
    assert {"random", "typical", "uncertain"} <= whys
    assert len(learning.signals(topic)) == 3
    assert lessons.ws.verify().ok


def test_a_round_is_the_same_again_and_can_not_start_twice(lessons: Lessons) -> None:
    learning, topic = lessons.ws.learning, lessons.topic
    learning.run_round(topic, QUICK)
    lessons.answer_queue()
    frozen = learning._freeze(topic, learning.plan(topic))
    first, second = make_round(frozen, Progress()), make_round(frozen, Progress())
    assert first == second
    lessons.ws.run(StartRound(round=first[0], queries=first[1]))
    with pytest.raises(ConflictProblem, match="Round 2"):
        lessons.ws.run(StartRound(round=second[0], queries=second[1]))


def test_a_kill_before_the_end_leaves_no_half_round(lessons: Lessons) -> None:
    learning, topic = lessons.ws.learning, lessons.topic
    before = lessons.ws.state_digest()
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        learning.run_round(topic, progress=progress)
    assert lessons.ws.state_digest() == before
    lost = make_round(learning._freeze(topic, QUICK), Progress())
    lessons.reopen()
    again = lessons.ws.learning.run_round(lessons.topic, QUICK)
    assert [q.case_id for q in lost[1]] == [
        q.case_id for q in lessons.ws.learning.queries_of(again.id)
    ]


def test_patients_that_are_held_back_are_never_asked(lessons: Lessons) -> None:
    ws = lessons.ws
    ws.splits.deal(0.2, 0.4, seed=3)
    for _round in range(5):
        with contextlib.suppress(UserError):  # nothing is left to ask
            ws.learning.run_round(lessons.topic, QUICK)
        lessons.answer_queue()
    asked = {q.case_id for r in ws.learning.rounds(lessons.topic) for q in
             ws.learning.queries_of(r.id)}  # fmt: skip
    parts = {case_id: ws.splits.part_of(case_id) for case_id in lessons.truth}
    train = {c for c, part in parts.items() if part is Part.TRAIN}
    assert asked == train  # all of training was asked in the end, and nothing else


def test_passing_over_needs_a_reason_rests_the_case_and_blocks_nothing(lessons: Lessons) -> None:
    learning, topic = lessons.ws.learning, lessons.topic
    learning.run_round(topic, replace(QUICK, size=8, cooldown=2))
    first, second = learning.queue(topic)[:2]
    assert learning.next_case(topic) == first.case.id
    with pytest.raises(UserError, match="reason"):
        learning.skip(first.query, "  ")
    learning.skip(first.query, "Too blurred")
    assert learning.next_case(topic) == second.case.id
    assert learning.queue(topic)[0].note == "Too blurred"
    lessons.answer_queue()
    asked_again = []
    for number in range(2, 7):
        learning.run_round(topic)
        if first.case.id in {q.case_id for q in learning.queries_of(learning.rounds(topic)[-1].id)}:
            asked_again.append(number)
        lessons.answer_queue()
    assert asked_again and min(asked_again) > 3  # rounds 2 and 3 let it rest
    assert learning.next_case(topic) == ""


def test_one_answer_only_keeps_the_queue_going_without_a_model(lessons: Lessons) -> None:
    learning, topic = lessons.ws.learning, lessons.topic
    learning.run_round(topic, QUICK)
    for line in learning.queue(topic):
        lessons.answer(line.case.id, "dots")
    made = learning.run_round(topic, QUICK)
    assert made.learner == "" and "two different answers" in made.notes[0]
    assert {q.why for q in learning.queries_of(made.id)} == {"typical", "random"}


def test_an_answer_taken_back_in_the_middle_is_open_again(lessons: Lessons) -> None:
    learning, topic = lessons.ws.learning, lessons.topic
    learning.run_round(topic, QUICK)
    case_id = learning.next_case(topic)
    lessons.answer(case_id, "rings")
    assert learning.next_case(topic) != case_id
    lessons.ws.undo(case_id)
    assert learning.next_case(topic) == case_id
    assert learning.labels(topic)[0] == {}


def test_answers_of_an_older_schema_count_where_they_are_still_offered(lessons: Lessons) -> None:
    ws = lessons.ws
    ws.learning.run_round(lessons.topic, QUICK)
    ids = [line.case.id for line in ws.learning.queue(lessons.topic)][:3]
    for case_id, value in zip(ids, ("dots", "rings", "stripes"), strict=True):
        lessons.answer(case_id, value)
    kind = SCHEMA.questions[0]
    new = replace(
        SCHEMA,
        id="lessons@2",
        version=2,
        questions=(
            replace(kind, choices=(*kind.choices[:2], Choice(id="waves", text="Waves"))),
            SCHEMA.questions[1],
        ),
    )
    ws.run(AddSchema(schema=new))
    ws.run(UseSchema(case_ids=tuple(ids[:1]), schema_id=new.id))
    topic = lessons.topic
    assert topic.schema.version == 2
    labels, notes = ws.learning.labels(topic)
    assert labels == {ids[0]: "dots", ids[2]: "stripes"}
    assert "no longer offered" in notes[0]
    assert ws.learning.run_round(topic).classes == ("dots", "stripes", "waves")


def test_readers_see_the_queue_and_not_what_others_answered(lessons: Lessons) -> None:
    lessons.ws.learning.run_round(lessons.topic, QUICK)
    case_id = lessons.ws.learning.next_case(lessons.topic)
    lessons.answer(case_id, "dots")
    ws = lessons.reopen("Bea")
    states = [line.state for line in ws.learning.queue(lessons.topic)]
    assert states[0] == "answered" and set(states[1:]) == {"open"}
    with pytest.raises(AccessProblem, match="lead"):
        ws.learning.run_round(lessons.topic, QUICK)


def test_two_readers_who_disagree_give_no_label(lessons: Lessons) -> None:
    lessons.ws.learning.run_round(lessons.topic, QUICK)
    case_id = lessons.ws.learning.next_case(lessons.topic)
    lessons.answer(case_id, "dots")
    lessons.reopen("Bea")
    lessons.answer(case_id, "rings")
    lessons.reopen()
    labels, notes = lessons.ws.learning.labels(lessons.topic)
    assert labels == {} and "split evenly" in notes[0]


def test_what_the_model_says_is_offered_and_stays_a_suggestion(lessons: Lessons) -> None:
    ws, learning = lessons.ws, lessons.ws.learning
    ws.splits.deal(0.0, 0.2, seed=1)
    for _round in range(3):
        learning.run_round(lessons.topic, QUICK)
        lessons.answer_queue()
    counts: list[int] = []
    learning.start_suggesting(lessons.topic, 0.5, counts.append)
    learning.start_suggesting(lessons.topic, 0.5, counts.append)  # replaces the first
    assert counts[0] == counts[1] > 10
    truth = lessons.truth
    offered = [p for c in truth for p, _d in ws.proposals(c)]
    assert len(offered) == counts[1]
    assert all(p.origin is Origin.MODEL and abs(sum(p.soft.values()) - 1) < 1e-3 for p in offered)
    assert not {p.case_id for p in offered} & set(learning.labels(lessons.topic)[0])
    assert all(ws.splits.part_of(p.case_id) is Part.TRAIN for p in offered)
    right = sum(p.value == truth[p.case_id] for p in offered)
    assert right / len(offered) > 0.7


def test_all_answered_says_so(lessons: Lessons) -> None:
    for case_id, kind in lessons.truth.items():
        lessons.answer(case_id, kind)
    with pytest.raises(UserError, match="nothing left"):
        lessons.ws.learning.run_round(lessons.topic, QUICK)


def test_a_skipped_case_counts_as_passed_over_and_rests_until_it_is_opened(
    lessons: Lessons,
) -> None:
    ws, learning, topic = lessons.ws, lessons.ws.learning, lessons.topic
    learning.run_round(topic, replace(QUICK, size=4))
    first = learning.queue(topic)[0].case.id
    ws.run(MarkCase(case_id=first, state=AssignmentState.SKIPPED, why="Not this organ"))
    line = learning.queue(topic)[0]
    assert (line.state, line.note) == ("passed over", "Not this organ")
    assert learning.next_case(topic) != first
    asked: set[str] = set()
    for _round in range(4):
        lessons.answer_queue()
        made = learning.run_round(topic, replace(QUICK, size=8, cooldown=0))
        asked |= {q.case_id for q in learning.queries_of(made.id)}
    assert first not in asked
    ws.run(MarkCase(case_id=first, state=AssignmentState.OPEN))
    made = learning.run_round(topic, replace(QUICK, size=60, cooldown=0))
    assert first in {q.case_id for q in learning.queries_of(made.id)}


def test_where_help_is_hidden_the_reason_names_no_answer(lessons: Lessons) -> None:
    ws, learning, topic = lessons.ws, lessons.ws.learning, lessons.topic
    for _round in range(3):
        learning.run_round(topic, replace(QUICK, size=10))
        lessons.answer_queue()
    learning.run_round(topic, replace(QUICK, size=10))
    told = [line.query for line in learning.queue(topic)]
    assert any("“" in q.reason for q in told) and any(q.soft for q in told)
    ws.run(SetHelpPlan(seed="s", shares=(100, 0, 0)))
    hidden = [line.query for line in learning.queue(topic)]
    assert not any("“" in q.reason or q.soft or q.predicted for q in hidden)
    assert {q.reason for q in hidden if q.why == "uncertain"} == {"Hard for the model"}
