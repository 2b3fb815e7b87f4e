"""Review: pins on one reader's case, its way back, and who may say what."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop.commands.annotation import DeleteAnnotations
from desktop.commands.project import MarkCase
from desktop.commands.review import AnswerPin, PassCase, PinComment, ResolvePin, ReturnCase
from desktop.domain.errors import AccessProblem, ConflictProblem, UserError
from desktop.domain.review import Comment, Pin, PinState, Review, ReviewState
from desktop.domain.task import AssignmentState, Role
from desktop.store import queries
from tests.workspace.made import MadeProject


@pytest.fixture
def made(tmp_path: Path) -> MadeProject:
    """Ada leads; Bea read case 0 and closed it; Rex and Sue review."""
    project = MadeProject(tmp_path)
    accounts = project.ws.accounts
    for name, role in (("Bea", Role.READER), ("Rex", Role.REVIEWER), ("Sue", Role.REVIEWER)):
        accounts.add_reader(project.ws.reader, name, role)
    bea = project.reopen("Bea")
    project.draw()
    bea.run(MarkCase(case_id="case-0", state=AssignmentState.DONE))
    yield project
    project.close()


def bea_of(made: MadeProject) -> str:
    found = made.ws.accounts.known("Bea")
    assert found is not None
    return found.id


def returned(made: MadeProject) -> Pin:
    """Rex pins a comment to a place and returns the case."""
    rex = made.reopen("Rex")
    rex.run(
        PinComment(
            case_id="case-0", owner_id=bea_of(made), text="Is this not the vessel?",
            frame=made.frames[0], at=(12.0, 9.5),
        )
    )  # fmt: skip
    rex.run(ReturnCase(case_id="case-0", owner_id=bea_of(made)))
    (pin,) = queries.many(rex._read, Pin)
    return pin


def review(made: MadeProject) -> Review:
    (found,) = queries.many(made.ws._read, Review)
    return found


def test_a_case_goes_back_and_forth_until_it_passes(made: MadeProject) -> None:
    pin = returned(made)
    bea = made.reopen("Bea")
    assert bea.assignment("case-0").state is AssignmentState.RETURNED
    assert bea.first_open_case() == "case-0"
    with pytest.raises(UserError, match="waits for your answer"):
        bea.run(MarkCase(case_id="case-0", state=AssignmentState.DONE))
    bea.run(DeleteAnnotations(case_id="case-0", annotation_ids=(bea.annotations("case-0")[0].id,)))
    bea.run(AnswerPin(case_id="case-0", pin_id=pin.id, text="Yes, deleted."))
    bea.run(MarkCase(case_id="case-0", state=AssignmentState.DONE))
    assert review(made).state is ReviewState.BACK
    rex = made.reopen("Rex")
    rex.run(ResolvePin(case_id="case-0", pin_id=pin.id))
    rex.run(PassCase(case_id="case-0", owner_id=bea_of(made)))
    assert (review(made).state, review(made).rounds) == (ReviewState.PASSED, 1)
    said = sorted(queries.many(rex._read, Comment), key=lambda c: c.time_utc)
    assert [c.text for c in said] == ["Is this not the vessel?", "Yes, deleted."]
    assert rex.verify().ok


def test_it_stays_with_the_reviewer_who_began(made: MadeProject) -> None:
    pin = returned(made)
    bea = made.reopen("Bea")
    bea.run(AnswerPin(case_id="case-0", pin_id=pin.id, text="I see."))
    bea.run(MarkCase(case_id="case-0", state=AssignmentState.DONE))
    sue = made.reopen("Sue")
    for command in (
        ResolvePin(case_id="case-0", pin_id=pin.id),
        PassCase(case_id="case-0", owner_id=bea_of(made)),
        PinComment(case_id="case-0", owner_id=bea_of(made), text="Me too"),
    ):
        with pytest.raises(ConflictProblem, match="Another reviewer"):
            sue.run(command)


def test_a_returned_case_is_locked_for_everybody_but_its_reader(made: MadeProject) -> None:
    pin = returned(made)
    for command in (
        PinComment(case_id="case-0", owner_id=bea_of(made), text="One more"),
        ResolvePin(case_id="case-0", pin_id=pin.id),
        ReturnCase(case_id="case-0", owner_id=bea_of(made)),
    ):
        with pytest.raises(ConflictProblem, match="with its reader"):
            made.ws.run(command)
    made.reopen("Ada")
    with pytest.raises(AccessProblem, match="another reader's work"):
        made.ws.run(AnswerPin(case_id="case-0", pin_id=pin.id, text="I answer for her"))


def test_only_what_is_closed_and_somebody_elses_is_reviewed(made: MadeProject) -> None:
    rex = made.reopen("Rex")
    with pytest.raises(ConflictProblem, match="not closed"):
        rex.run(PinComment(case_id="case-1", owner_id=bea_of(made), text="Early"))
    with pytest.raises(UserError, match="nothing to return"):
        rex.run(ReturnCase(case_id="case-0", owner_id=bea_of(made)))
    with pytest.raises(UserError, match="needs words"):
        rex.run(PinComment(case_id="case-0", owner_id=bea_of(made), text="  "))
    ada = made.reopen("Ada")
    ada.run(MarkCase(case_id="case-0", state=AssignmentState.DONE))
    with pytest.raises(AccessProblem, match="own work"):
        ada.run(PinComment(case_id="case-0", owner_id=ada.reader.id, text="Mine"))


def test_a_returned_case_that_is_skipped_and_opened_again_is_still_returned(
    made: MadeProject,
) -> None:
    returned(made)
    bea = made.reopen("Bea")
    bea.run(MarkCase(case_id="case-0", state=AssignmentState.SKIPPED, why="Not readable"))
    bea.run(MarkCase(case_id="case-0", state=AssignmentState.OPEN))
    assert bea.assignment("case-0").state is AssignmentState.RETURNED
    with pytest.raises(UserError, match="Only a reviewer"):
        bea.run(MarkCase(case_id="case-1", state=AssignmentState.RETURNED))


def test_an_opened_pin_waits_for_the_reader_again(made: MadeProject) -> None:
    pin = returned(made)
    bea = made.reopen("Bea")
    bea.run(AnswerPin(case_id="case-0", pin_id=pin.id, text="Done."))
    bea.run(MarkCase(case_id="case-0", state=AssignmentState.DONE))
    rex = made.reopen("Rex")
    with pytest.raises(UserError, match="not settled"):
        rex.run(PassCase(case_id="case-0", owner_id=bea_of(made)))
    rex.run(ResolvePin(case_id="case-0", pin_id=pin.id, settled=False, text="It is still there."))
    rex.run(ReturnCase(case_id="case-0", owner_id=bea_of(made)))
    (again,) = queries.many(rex._read, Pin)
    assert (again.state, review(made).rounds) == (PinState.OPEN, 2)
    rex.undo("case-0")
    assert review(made).state is ReviewState.BACK
    assert made.reopen("Bea").assignment("case-0").state is AssignmentState.DONE
