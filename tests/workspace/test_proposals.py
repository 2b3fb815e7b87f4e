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
from desktop.domain.annotation import Label, Origin, Target
from desktop.domain.errors import AccessProblem, ConflictProblem, UserError
from desktop.domain.geometry import Box, Mask
from desktop.domain.proposal import Proposal, ProposedFrame, Verdict
from desktop.domain.runs import encode_runs, mask_bounds, runs_digest
from desktop.domain.schema import Scope
from desktop.domain.task import Role
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
