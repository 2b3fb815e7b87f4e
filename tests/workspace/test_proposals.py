"""Suggestions: they count for nothing until a reader says so, and every answer is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from desktop.commands.access import ChangeRole
from desktop.commands.proposal import (
    AcceptProposals,
    OfferProposals,
    RejectProposals,
    WithdrawProposals,
)
from desktop.domain.annotation import Annotation, Answer, Label, MaskSlice, Origin, Target
from desktop.domain.batch import CaseRule
from desktop.domain.errors import AccessProblem, ConflictProblem, UserError
from desktop.domain.geometry import Box, Mask
from desktop.domain.proposal import Proposal, ProposedFrame, Verdict
from desktop.domain.runs import encode_runs, mask_bounds, runs_digest
from desktop.domain.schema import Scope
from desktop.domain.task import Assignment, Role
from desktop.store import queries
from desktop.workspace.workspace import Workspace
from tests.workspace.made import COLUMNS, ROWS, SCHEMA, MadeProject


@pytest.fixture
def made(tmp_path: Path) -> MadeProject:
    project = MadeProject(tmp_path)
    yield project
    project.close()


def box(made: MadeProject, name: str = "p1", score: float = 0.8) -> Proposal:
    return Proposal(
        id=name,
        case_id=made.cases[0],
        run_id="run",
        schema_id=SCHEMA.id,
        target=Target(scope=Scope.REGION, frame=made.frames[0]),
        label=Label(class_id=1),
        geometry=Box(x0=2.0, y0=2.0, x1=8.0, y1=9.0),
        score=score,
    )


def test_a_suggestion_is_no_label_until_it_is_accepted(made: MadeProject) -> None:
    ws = made.ws
    ws.run(OfferProposals(proposals=(box(made),)))
    assert ws.annotations(made.cases[0]) == []
    ws.run(AcceptProposals(case_id=made.cases[0], proposal_ids=("p1",)))
    (region,) = ws.annotations(made.cases[0])
    assert region.origin is Origin.MODEL
    ((_, decision),) = ws.proposals(made.cases[0])
    assert decision is not None and decision.verdict is Verdict.ACCEPTED
    assert decision.made_id == region.id
    with pytest.raises(ConflictProblem):
        ws.run(RejectProposals(case_id=made.cases[0], proposal_ids=("p1",)))
    ws.undo(made.cases[0])
    assert ws.annotations(made.cases[0]) == []
    assert ws.proposals(made.cases[0])[0][1] is None
    assert ws.verify().ok


def test_an_answer_and_a_mask_can_be_suggested(made: MadeProject) -> None:
    ws = made.ws
    mask = np.zeros((ROWS, COLUMNS), bool)
    mask[3:6, 4:9] = True
    runs = encode_runs(mask)
    part = ProposedFrame(
        frame=made.frames[0], rows=ROWS, columns=COLUMNS, runs=runs_digest(runs),
        bounds=mask_bounds(mask), area_px=15,
    )  # fmt: skip
    painted = replace(box(made, "m"), geometry=Mask(), frames=(part,))
    answer = replace(
        box(made, "a"), label=None, geometry=None, target=Target(scope=Scope.STUDY),
        question_id="quality", value="good", origin=Origin.RULE, soft={"good": 0.7, "poor": 0.3},
    )  # fmt: skip
    with pytest.raises(UserError, match="Pixels"):
        ws.run(OfferProposals(proposals=(painted,)))
    ws.run(OfferProposals(proposals=(painted, answer), runs=(runs,)))
    ws.run(AcceptProposals(case_id=made.cases[0], proposal_ids=("m", "a")))
    (piece,) = ws.mask_slices(made.cases[0])
    assert (ws.mask(piece) == mask).all() and piece.origin is Origin.MODEL
    (given,) = ws.answers(made.cases[0])
    assert (given.value, given.origin) == ("good", Origin.RULE)


def labels(ws: Workspace) -> list[object]:
    """All that counts as said by a person, of all readers."""
    kinds = (Annotation, Answer, MaskSlice, Assignment)
    return [record for kind in kinds for record in queries.many(ws._read, kind)]


def test_whatever_a_suggestion_holds_only_a_persons_command_makes_a_label_of_it(
    made: MadeProject,
) -> None:
    """Surest scores, every origin, every kind of target; offered, offered again and withdrawn."""
    ws = made.ws
    said = [
        replace(box(made, f"b-{origin.value}", 1.0), origin=origin)
        for origin in Origin
        if origin is not Origin.DRAWN
    ]
    said += [
        replace(
            p, id=f"a-{p.origin.value}", label=None, geometry=None, question_id="quality",
            target=Target(scope=Scope.STUDY), value="good", soft={"good": 1.0},
        )
        for p in said
    ]  # fmt: skip
    for _ in range(2):
        ws.run(OfferProposals(proposals=tuple(said)))
        assert labels(ws) == []
    made.reopen()  # nor does opening the project, reading it, or leaving it
    ws = made.ws
    assert len(ws.proposals(made.cases[0])) == len(said)
    ws.run(RejectProposals(case_id=made.cases[0], proposal_ids=(said[0].id,)))
    ws.run(WithdrawProposals(run_id="run"))
    ws.undo("")
    assert labels(ws) == [] and ws.verify().ok
    ws.run(AcceptProposals(case_id=made.cases[0], proposal_ids=(said[1].id,)))
    assert len(labels(ws)) == 1


def test_the_machine_never_accepts() -> None:
    """Outside the window's own acts nothing in the house gives the command to accept."""
    room = Path(__file__).parents[2] / "desktop"
    told = {
        str(path.relative_to(room))
        for path in room.rglob("*.py")
        if "AcceptProposals" in path.read_text(encoding="utf-8")
    }
    assert told == {
        "commands/proposal.py", "gui/suggestions/suggestion_acts.py",
        "workspace/access/authority.py", "workspace/models/suggestions_seen.py",
    }  # fmt: skip


def decided(ws: Workspace, case_id: str, name: str, words: str) -> None:
    """Neither way of deciding is open, and both say so in these words."""
    before = labels(ws)
    for way in (AcceptProposals, RejectProposals):
        with pytest.raises(AccessProblem, match=words):
            ws.run(way(case_id=case_id, proposal_ids=(name,)))
    assert labels(ws) == before


def test_what_others_said_is_neither_shown_to_a_reader_nor_accepted(made: MadeProject) -> None:
    case_id = made.cases[0]
    origins = (Origin.MODEL, Origin.RULE, Origin.CONSENSUS, Origin.ADJUDICATED)
    offered = tuple(replace(box(made, o.value), origin=o) for o in origins)
    made.ws.run(OfferProposals(proposals=offered))
    assert len(made.ws.proposals(case_id)) == 4
    bea = made.reopen("Bea")
    assert {p.id for p, _d in bea.proposals(case_id)} == {"model", "rule"}
    for name in ("consensus", "adjudicated", "nowhere"):  # the words don't tell which is there
        decided(bea, case_id, name, "not there for you")
    with pytest.raises(AccessProblem):  # all or nothing: the one seen is not taken either
        bea.run(AcceptProposals(case_id=case_id, proposal_ids=("model", "consensus")))
    assert bea.annotations(case_id) == []
    bea.run(AcceptProposals(case_id=case_id, proposal_ids=("model", "rule")))
    assert len(bea.annotations(case_id)) == 2
    lead = made.reopen("Ada")
    lead.run(AcceptProposals(case_id=case_id, proposal_ids=("consensus",)))


def test_a_reader_decides_on_their_own_cases_of_batches_that_help(made: MadeProject) -> None:
    bea = made.reopen("Bea").reader
    ada = made.reopen("Ada").reader
    made.ws.run(OfferProposals(proposals=tuple(
        replace(box(made, f"p{n}"), case_id=c) for n, c in enumerate(made.cases)
    )))  # fmt: skip
    made.ws.batches.create("Bare", CaseRule(count=1), [bea.id])
    made.ws.batches.create("Helped", CaseRule(), [ada.id], suggestions=True)
    ws = made.reopen("Bea")
    assert [ws.proposals(c) for c in made.cases] == [[], []]
    assert ws.why_no_suggestions(made.cases[0]) == "This batch is read without suggestions."
    assert ws.why_no_suggestions(made.cases[1]) == "This case is not on your list."
    decided(ws, made.cases[0], "p0", "without suggestions")
    decided(ws, made.cases[1], "p1", "not on your list")
    with pytest.raises(ConflictProblem):  # nor by naming a case that is open to the lead
        made.reopen("Ada").run(AcceptProposals(case_id=made.cases[0], proposal_ids=("p1",)))
    made.ws.batches.remove(made.ws.batches.lines()[1].batch.id)
    made.ws.batches.create("Bare no more", CaseRule(), [bea.id], suggestions=True)
    ws = made.reopen("Bea")
    ws.run(AcceptProposals(case_id=made.cases[0], proposal_ids=("p0",)))
    assert len(ws.annotations(made.cases[0])) == 1


def test_a_package_takes_only_what_its_reader_sees_here(made: MadeProject, tmp_path: Path) -> None:
    """The file and the screen of the same reader follow one rule."""
    bea = made.reopen("Bea").reader
    made.reopen("Ada")
    made.ws.run(OfferProposals(proposals=(
        box(made, "model"), replace(box(made, "consensus"), origin=Origin.CONSENSUS),
        replace(box(made, "bare"), case_id=made.cases[1]),
    )))  # fmt: skip
    made.ws.batches.create("Helped", CaseRule(count=1), [bea.id], suggestions=True)
    made.ws.batches.create("Bare", CaseRule(), [bea.id])
    package = made.ws.team.package(bea.id, tmp_path / "bea.rroom").path
    here = made.reopen("Bea")
    seen = {c: [p.id for p, _d in here.proposals(c)] for c in made.cases}
    assert seen == {made.cases[0]: ["model"], made.cases[1]: []}
    with Workspace.open(package, reader_name="Bea", key=made.key) as theirs:
        assert {c: [p.id for p, _d in theirs.proposals(c)] for c in made.cases} == seen
        for name in ("consensus", "bare"):
            decided(theirs, made.cases[0], name, "not there for you")
        theirs.run(AcceptProposals(case_id=made.cases[0], proposal_ids=("model",)))


def test_a_decision_is_not_done_again_where_it_may_not_be_seen_any_more(made: MadeProject) -> None:
    ws, case_id = made.ws, made.cases[0]
    ws.run(OfferProposals(proposals=(box(made),)))
    ws.run(AcceptProposals(case_id=case_id, proposal_ids=("p1",)))
    ws.help.set_plan(100, 0, 0)
    ws.undo(case_id)  # to take it back is free
    with pytest.raises(AccessProblem, match="without help"):
        ws.redo(case_id)
    assert ws.annotations(case_id) == []


def test_withdrawing_leaves_what_was_decided(made: MadeProject) -> None:
    ws = made.ws
    ws.run(OfferProposals(proposals=(box(made, "p1"), box(made, "p2", 0.9))))
    assert [p.id for p, _d in ws.proposals(made.cases[0])] == ["p2", "p1"]
    ws.run(RejectProposals(case_id=made.cases[0], proposal_ids=("p1",)))
    ws.run(WithdrawProposals(run_id="run"))
    assert [p.id for p, _d in ws.proposals(made.cases[0])] == ["p1"]


def test_an_engine_can_not_pass_for_a_person(made: MadeProject) -> None:
    with pytest.raises(UserError, match="drawn"):
        made.ws.run(OfferProposals(proposals=(replace(box(made), origin=Origin.DRAWN),)))


def test_only_some_see_what_others_said(made: MadeProject) -> None:
    ws = made.ws
    assert ws.claims.answers(made.cases[0]) == []
    other = made.reopen("Bea")
    assert other.reader.role is Role.READER
    with pytest.raises(AccessProblem):
        other.claims.annotations(made.cases[0])
    other_id = other.reader.id
    made.reopen("Ada").run(ChangeRole(reader_id=other_id, role=Role.REVIEWER))
    seen = made.reopen("Bea")
    assert seen.claims.annotations(made.cases[0]) == []
