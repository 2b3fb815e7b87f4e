"""Reading with and without help: who sees what when, and that a blind answer stays as it was."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from desktop.commands.adjudication import RuleOnQuestion
from desktop.commands.gold import MakeGold
from desktop.commands.project import AnswerQuestion, MarkCase, SetNoFinding
from desktop.commands.proposal import AcceptProposals, OfferProposals, RejectProposals
from desktop.commands.time import RecordTime
from desktop.domain.adjudication import Ruling
from desktop.domain.annotation import Answer, Label, Origin, Provenance, Target
from desktop.domain.batch import CaseRule
from desktop.domain.errors import AccessProblem, ConflictProblem, UserError
from desktop.domain.geometry import Box
from desktop.domain.help_study import Arm, HelpPlan
from desktop.domain.proposal import Proposal
from desktop.domain.schema import Scope
from desktop.domain.task import AssignmentState, Role
from desktop.domain.time_span import TimeSpan, TimeState
from desktop.workspace.workspace import Workspace
from tests.workspace.made import SCHEMA, MadeProject


@pytest.fixture
def made(tmp_path: Path) -> Iterator[MadeProject]:
    project = MadeProject(tmp_path, cases=6)
    yield project
    project.close()


def suggest(made: MadeProject, value: str = "poor", case: int = 0, name: str = "") -> Proposal:
    proposal = Proposal(
        id=name or f"p{case}", case_id=made.cases[case], run_id="run", schema_id=SCHEMA.id,
        target=Target(scope=Scope.STUDY), question_id="quality", value=value, score=0.7,
        provenance=Provenance(tool="Quality model"),
    )  # fmt: skip
    made.ws.run(OfferProposals(proposals=(proposal,)))
    return proposal


def answer(made: MadeProject, value: str | None, case: int = 0) -> None:
    made.ws.run(AnswerQuestion(case_id=made.cases[case], question_id="quality", value=value))


def test_arms_follow_their_shares_and_are_the_same_everywhere() -> None:
    plan = HelpPlan(id="x", seed="s", shares=(20, 50, 30))
    pairs = [(f"c{n}", f"r{n % 3}") for n in range(6000)]
    arms = [plan.arm(*pair) for pair in pairs]
    assert arms == [HelpPlan(id="y", seed="s", shares=(20, 50, 30)).arm(*p) for p in pairs]
    for arm, share in zip(Arm, (0.2, 0.5, 0.3), strict=True):
        assert arms.count(arm) / 6000 == pytest.approx(share, abs=0.02)
    other = [replace(plan, seed="t").arm(*pair) for pair in pairs]
    assert sum(a is b for a, b in zip(arms, other, strict=True)) / 6000 < 0.5
    assert {replace(plan, shares=(0, 100, 0)).arm(*p) for p in pairs[:200]} == {Arm.BLIND}


def test_without_a_study_everybody_is_helped(made: MadeProject) -> None:
    suggest(made)
    standing = made.ws.help.standing(made.cases[0])
    assert (standing.arm, standing.is_study, standing.why_hidden) == (Arm.FIRST, False, "")
    assert len(made.ws.proposals(made.cases[0])) == 1


def test_no_help_means_none_by_any_way(made: MadeProject) -> None:
    proposal = suggest(made)
    made.ws.help.set_plan(100, 0, 0)
    case_id = made.cases[0]
    assert made.ws.proposals(case_id) == []
    assert "without help" in made.ws.models.prompter.why_not(case_id)
    for command in (AcceptProposals, RejectProposals):
        with pytest.raises(AccessProblem, match="without help"):
            made.ws.run(command(case_id=case_id, proposal_ids=(proposal.id,)))
    with pytest.raises(UserError, match="no blind answer"):
        made.ws.help.lock(case_id)


def test_a_blind_answer_comes_first_and_stays_as_it_was(made: MadeProject) -> None:
    ws, case_id = made.ws, made.cases[0]
    proposal = suggest(made)
    ws.help.set_plan(0, 100, 0)
    assert ws.proposals(case_id) == []
    with pytest.raises(AccessProblem, match="before suggestions"):
        ws.run(AcceptProposals(case_id=case_id, proposal_ids=(proposal.id,)))
    with pytest.raises(UserError, match="no answer to lock"):
        ws.help.lock(case_id)
    answer(made, "good")
    region = made.draw()
    ws.help.lock(case_id)
    assert ws.help.standing(case_id).is_locked
    ((shown, _decision),) = ws.proposals(case_id)
    assert shown.id == proposal.id
    ws.run(AcceptProposals(case_id=case_id, proposal_ids=(proposal.id,)))
    assert [a.value for a in ws.answers(case_id)] == ["poor"]
    kept = ws.help.blind_answer(case_id)
    assert kept is not None
    assert [a.value for a in kept.answers] == ["good"] and kept.regions[0].id == region
    with pytest.raises(ConflictProblem, match="locked already"):
        ws.help.lock(case_id)
    while ws.undo(case_id) is not None:  # no undo takes the lock back
        pass
    assert ws.answers(case_id) == [] and ws.help.blind_answer(case_id) == kept
    assert ws.verify().ok


def test_nothing_found_is_an_answer_that_can_be_locked(made: MadeProject) -> None:
    made.ws.help.set_plan(0, 100, 0)
    made.ws.run(SetNoFinding(case_id=made.cases[0], no_finding=True))
    made.ws.help.lock(made.cases[0])
    kept = made.ws.help.blind_answer(made.cases[0])
    assert kept is not None and kept.no_finding


def test_a_blind_answer_altered_in_the_file_is_found(made: MadeProject) -> None:
    made.ws.help.set_plan(0, 100, 0)
    answer(made, "good")
    made.ws.help.lock(made.cases[0])
    made.ws.close()
    with sqlite3.connect(made.path) as file:
        (data,) = file.execute("SELECT data FROM blind_lock_rows").fetchone()
        file.execute("UPDATE blind_lock_rows SET data = ?", (data.replace("good", "poor"),))
    report = made.reopen_closed().verify()
    assert not report.ok and report.sentences


def test_a_study_that_has_begun_keeps_its_shares(made: MadeProject) -> None:
    ws = made.ws
    with pytest.raises(UserError, match="100 %"):
        ws.help.set_plan(10, 10, 10)
    ws.help.set_plan(0, 100, 0)
    ws.help.set_plan(0, 90, 10)  # nobody has begun
    ws.help.set_plan(0, 100, 0)
    answer(made, "good")
    ws.help.lock(made.cases[0])
    with pytest.raises(ConflictProblem, match="begun"):
        ws.help.set_plan(50, 50, 0)
    ws.help.set_plan(50, 50, 0, new_study=True)
    assert ws.help.plan is not None and ws.help.plan.shares == (50, 50, 0)


def rule(made: MadeProject, value: str, case: int) -> None:
    """What an adjudicator, another person, says is true."""
    made.ws.run(
        RuleOnQuestion(
            case_id=made.cases[case], question_id="quality", value=value,
            target=Target(scope=Scope.STUDY), subject=f"s{case}", verdict=Ruling.OWN,
        )
    )  # fmt: skip


def test_the_report_counts_what_help_did(made: MadeProject) -> None:
    """Six cases whose truth is good: misled, withstood, corrected, and one without a truth."""
    plan = (("good", "poor", True), ("good", "poor", False), ("poor", "good", True))
    for case, (_blind, offered, _takes) in enumerate(plan):
        suggest(made, offered, case)
    suggest(made, "poor", 3)
    made.ws.help.set_plan(0, 100, 0)
    lead = made.ws.reader
    made.ws.accounts.add_reader(lead, "Rex", Role.READER)
    made.ws.accounts.add_reader(lead, "Jay", Role.ADJUDICATOR)
    made.reopen("Rex")
    rex = made.ws.reader.id
    for case, (blind, _offered, takes) in enumerate((*plan, ("good", "poor", True))):
        answer(made, blind, case)
        made.ws.help.lock(made.cases[case])
        way = AcceptProposals if takes else RejectProposals
        made.ws.run(way(case_id=made.cases[case], proposal_ids=(f"p{case}",)))
    with pytest.raises(AccessProblem):
        made.ws.help.report()
    made.reopen("Jay")
    for case in range(3):
        rule(made, "good", case)
    made.reopen("Ada")
    report = made.ws.help.report()
    assert (report.all.misled.count, report.all.misled.of) == (1, 2)
    assert (report.all.corrected.count, report.all.corrected.of) == (1, 1)
    assert [e.name for e in report.by_reader] == [rex]
    assert [e.name for e in report.by_source] == ["Quality model"]
    assert [m.case_id for m in report.misleading] == [made.cases[0]]
    assert report.misleading[0].about == "Image quality"
    (run,) = report.runs
    assert (run.offered, run.accepted, run.rejected, run.edited) == (4, 3, 1, 0)
    assert (run.right.count, run.right.of) == (1, 3)
    assert run.wrong_cases == (made.cases[0], made.cases[1])
    assert report.saved.minutes is None


def test_regions_count_by_class_and_edits_are_seen(made: MadeProject) -> None:
    from desktop.commands.annotation import ReshapeAnnotation

    ws, case_id = made.ws, made.cases[0]
    box = Box(x0=2.0, y0=2.0, x1=8.0, y1=9.0)
    target = Target(scope=Scope.REGION, series_id="series-0", frame=made.frames[0])
    offered = tuple(
        Proposal(
            id=f"b{n}",
            case_id=case_id,
            run_id="run",
            schema_id=SCHEMA.id,
            target=target,
            label=Label(class_id=1),
            geometry=box.shifted(n, 0),
            score=0.9,
        )
        for n in range(3)
    )
    ws.run(OfferProposals(proposals=offered))
    ws.help.set_plan(0, 100, 0)
    ws.run(SetNoFinding(case_id=case_id, no_finding=True))
    ws.help.lock(case_id)
    ws.run(AcceptProposals(case_id=case_id, proposal_ids=("b0", "b1")))
    ws.run(RejectProposals(case_id=case_id, proposal_ids=("b2",)))
    first = ws.annotations(case_id)[0]
    ws.run(ReshapeAnnotation(case_id=case_id, annotation_id=first.id, geometry=box.shifted(0, 1)))
    (run,) = ws.help.report().runs
    assert (run.offered, run.accepted, run.edited, run.rejected) == (3, 1, 1, 1)
    assert ws.annotations(case_id)[0].origin is Origin.MODEL_EDITED


def test_a_suggested_region_is_right_by_its_pixels_not_by_its_rectangle(made: MadeProject) -> None:
    from desktop.domain.geometry import Geometry, Point, Polygon

    ws, case_id = made.ws, made.cases[0]
    made.draw(Polygon(points=((1, 1), (21, 1), (21, 4), (4, 4), (4, 21), (1, 21))))
    ws.gold.make(case_id)
    shapes: list[Geometry] = [
        Box(x0=8.0, y0=8.0, x1=20.0, y1=20.0),  # in the angle of the L: touches its rectangle only
        Box(x0=2.0, y0=1.0, x1=21.0, y1=4.0),
        Point(x=12, y=12),
        Point(x=2, y=12),
    ]
    offered = tuple(
        Proposal(
            id=f"b{n}",
            case_id=case_id,
            run_id=f"run-{n}",
            schema_id=SCHEMA.id,
            target=Target(scope=Scope.REGION, series_id="series-0", frame=made.frames[0]),
            label=Label(class_id=1),
            geometry=shape,
            score=0.9,
        )
        for n, shape in enumerate(shapes)
    )
    ws.run(OfferProposals(proposals=offered))
    right = {run.run_id: run.right.count for run in ws.help.report().runs}
    assert right == {"run-0": 0, "run-1": 1, "run-2": 0, "run-3": 1}


def test_regions_misled_and_corrected_are_counted_by_their_place(made: MadeProject) -> None:
    """Four places on one image, by hand. The true nodules are A and B; C and D are nothing.

    Blind, Rex draws A and C. The model suggests B and D, each inside the rectangle around an
    L of his, but on none of its pixels. He takes both and then deletes his own A, on which the
    model was silent. So he was misled twice (D taken, A dropped), corrected once (B), and kept
    one mistake that the model, being silent, was right about (C).
    """
    from desktop.commands.annotation import AddAnnotation, DeleteAnnotations
    from desktop.domain.geometry import Polygon

    ell = Polygon(points=((1, 1), (13, 1), (13, 3), (3, 3), (3, 13), (1, 13)))
    inside = Box(x0=5.0, y0=5.0, x1=12.0, y1=12.0)
    a, c = ell, ell.shifted(16, 0)
    b, d = inside, inside.shifted(16, 0)
    made.draw(a), made.draw(b)
    ws, case_id = made.ws, made.cases[0]
    ws.gold.make(case_id)
    drafts = tuple(
        Proposal(
            id=name, case_id=case_id, run_id="run", schema_id=SCHEMA.id, score=0.9,
            target=Target(scope=Scope.REGION, series_id="series-0", frame=made.frames[0]),
            label=Label(class_id=1), geometry=shape, provenance=Provenance(tool="Finder"),
        )
        for name, shape in (("b", b), ("d", d))
    )  # fmt: skip
    ws.run(OfferProposals(proposals=drafts))
    ws.help.set_plan(0, 100, 0)
    ws.accounts.add_reader(ws.reader, "Rex", Role.READER)
    ws = made.reopen("Rex")
    drawn = []
    for shape in (a, c):
        region = made.region(shape)
        ws.run(AddAnnotation(annotation=region, what="Draw"))
        drawn.append(region.id)
    ws.help.lock(case_id)
    ws.run(AcceptProposals(case_id=case_id, proposal_ids=("b", "d")))
    ws.run(DeleteAnnotations(case_id=case_id, annotation_ids=(drawn[0],)))
    report = made.reopen("Ada").help.report()
    told = sorted((i.truth, i.blind, i.suggested, i.final) for i in report.items)
    assert told == [
        (False, False, True, True),  # D
        (False, True, False, True),  # C
        (True, False, True, True),  # B
        (True, True, False, False),  # A
    ]
    effect = report.all
    assert (effect.misled.count, effect.misled.of) == (2, 2)
    assert (effect.corrected.count, effect.corrected.of) == (1, 2)
    assert (effect.right_before.count, effect.right_after.count) == (2, 1)
    assert [m.case_id for m in report.misleading] == [case_id, case_id]


def test_minutes_saved_come_from_the_two_arms(made: MadeProject) -> None:
    ws = made.ws
    ws.help.set_plan(50, 0, 50)
    plan = ws.help.plan
    assert plan is not None
    number = 0
    for case_id in made.cases:
        arm = plan.arm(case_id, ws.reader.id)
        seconds = 300.0 if arm is Arm.NONE else 120.0
        spans = (
            TimeSpan(
                id=ws.new_id(), reader_id=ws.reader.id, case_id=case_id, tool="select",
                state=TimeState.ACTIVE, start_utc="2026-01-01T00:00:00Z", seconds=seconds,
            ),
        )  # fmt: skip
        ws.run(RecordTime(spans=spans))
        ws.run(MarkCase(case_id=case_id, state=AssignmentState.DONE))
        number += arm is Arm.NONE
    report = ws.help.report()
    assert report.arm_cases[Arm.NONE] == number
    assert report.arm_cases[Arm.FIRST] == 6 - number
    if number:
        assert report.arm_seconds[Arm.NONE] == 300.0
    assert "Not enough data" in report.saved.words


def test_minutes_saved_are_those_of_a_person_with_a_pencil(tmp_path: Path) -> None:
    """30 cases in two arms; waiting for a model, idling and open cases count for neither."""
    from scipy import stats

    made = MadeProject(tmp_path, cases=30)
    ws = made.ws
    ws.help.set_plan(40, 0, 60)
    plan = ws.help.plan
    assert plan is not None
    seconds: dict[Arm, list[float]] = {arm: [] for arm in Arm}
    for number, case_id in enumerate(made.cases):
        arm = plan.arm(case_id, ws.reader.id)
        worked = 240.0 + 7 * (number % 5) if arm is Arm.NONE else 150.0 + 11 * (number % 4)
        spans = [(TimeState.ACTIVE, worked - 30), (TimeState.ACTIVE, 30.0)]
        spans += [(TimeState.WAITING, 900.0), (TimeState.IDLE, 500.0), (TimeState.LOADING, 80.0)]
        ws.run(RecordTime(spans=tuple(
            TimeSpan(
                id=ws.new_id(), reader_id=ws.reader.id, case_id=case_id, tool="select",
                state=state, start_utc="2026-01-01T00:00:00Z", seconds=length,
            )
            for state, length in spans
        )))  # fmt: skip
        if number < 28:  # the last two stay open
            ws.run(MarkCase(case_id=case_id, state=AssignmentState.DONE))
            seconds[arm].append(worked)
    report = ws.help.report()
    made.close()
    without, with_help = seconds[Arm.NONE], seconds[Arm.FIRST]
    assert min(len(without), len(with_help)) >= 5
    assert report.arm_cases == {Arm.NONE: len(without), Arm.BLIND: 0, Arm.FIRST: len(with_help)}
    mean = sum(without) / len(without) - sum(with_help) / len(with_help)
    assert report.saved.minutes == pytest.approx(mean * len(with_help) / 60)
    welch = stats.ttest_ind(without, with_help, equal_var=False).confidence_interval(0.95)
    assert report.saved.interval is not None
    assert (report.saved.interval.low, report.saved.interval.high) == pytest.approx(
        (welch.low * len(with_help) / 60, welch.high * len(with_help) / 60)
    )


def test_answers_made_from_suggestions_keep_where_they_come_from(made: MadeProject) -> None:
    proposal = suggest(made)
    made.ws.run(AcceptProposals(case_id=made.cases[0], proposal_ids=(proposal.id,)))
    (given,) = made.ws.answers(made.cases[0])
    assert isinstance(given, Answer) and given.origin is Origin.MODEL


def test_gold_is_a_truth(made: MadeProject) -> None:
    suggest(made, "poor", 0)
    made.ws.help.set_plan(0, 100, 0)
    lead = made.ws.reader
    answer(made, "good", 1)
    made.ws.run(MakeGold(case_id=made.cases[1], from_reader_id=lead.id))
    suggest(made, "good", 1)
    (run,) = made.ws.help.report().runs
    assert (run.right.count, run.right.of) == (1, 1)


def test_a_package_has_no_suggestion_for_a_case_read_without_help(
    made: MadeProject, tmp_path: Path
) -> None:
    for case in range(6):
        suggest(made, "poor", case)
    made.ws.help.set_plan(50, 25, 25)
    made.ws.accounts.add_reader(made.ws.reader, "Rex", Role.READER)
    rex = next(r for r, name in made.ws.readers() if name == "Rex")
    plan = made.ws.help.plan
    assert plan is not None
    made.ws.batches.create("All", CaseRule(), [rex.id], suggestions=True)
    report = made.ws.team.package(rex.id, tmp_path / "rex.rroom")
    with Workspace.open(report.path, reader_name="Rex", key=made.key) as theirs:
        data = report.path.read_bytes()
        arms = {c: plan.arm(c, rex.id) for c in made.cases}
        assert set(arms.values()) >= {Arm.NONE, Arm.BLIND}
        for case, arm in arms.items():
            number = made.cases.index(case)
            assert (f'"p{number}"'.encode() in data) == (arm is not Arm.NONE)
            assert len(theirs.proposals(case)) == (arm is Arm.FIRST)


def test_a_consensus_that_was_not_shown_changed_nobodys_mind(made: MadeProject) -> None:
    proposal = suggest(made, "poor", 0)
    hidden = replace(proposal, id="c", run_id="consensus", origin=Origin.CONSENSUS)
    made.ws.run(OfferProposals(proposals=(hidden,)))
    made.ws.help.set_plan(0, 100, 0)
    made.ws.accounts.add_reader(made.ws.reader, "Rex", Role.READER)
    made.ws.accounts.add_reader(made.ws.reader, "Jay", Role.ADJUDICATOR)
    made.reopen("Rex")
    answer(made, "good")
    made.ws.help.lock(made.cases[0])
    made.reopen("Jay")
    rule(made, "good", 0)
    made.reopen("Ada")
    assert [i.source for i in made.ws.help.report().items] == ["Quality model"]
