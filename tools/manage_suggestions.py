"""Suggestions of models, rules and consensus on the command line: read them, decide about them.

What a reader may not see in the window (blind answer first, no help, another's case) is not told
here either, and every decision is the command that the window gives.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from desktop.commands.help_study import LockBlindAnswer
from desktop.commands.proposal import AcceptProposals, RejectProposals
from desktop.domain.errors import UserError
from desktop.domain.proposal import Decision, Proposal
from desktop.domain.study import Case
from desktop.workspace.workspace import Workspace

Handler = Callable[[argparse.Namespace], int]
Add = Callable[[str, Handler, str], argparse.ArgumentParser]
Open = Callable[..., Workspace]
FindCase = Callable[[Workspace, str], Case]
Do = Callable[[argparse.Namespace, Workspace, Case], int]


def add_suggestion_commands(add: Add, opened: Open, case_of: FindCase) -> None:
    """Declare the subcommands; ``opened`` opens and signs in, ``case_of`` finds a case by words."""

    def on_case(do: Do, read_only: bool = False) -> Handler:
        def run(chosen: argparse.Namespace) -> int:
            with opened(chosen, read_only=read_only) as workspace:
                return do(chosen, workspace, case_of(workspace, chosen.case))

        return run

    listing = add("suggestions", on_case(list_them, True), "List the suggestions of a case.")
    listing.add_argument("case")
    for name, words in (("accept", "Make suggestions your labels."), ("reject", "Say no to them.")):
        deciding = add(name, on_case(decide), words)
        deciding.add_argument("case")
        deciding.add_argument("numbers", type=int, nargs="*", help="as listed by suggestions")
        deciding.add_argument("--above", type=float, help="all that wait from this score up")
    words = "Lock the blind answer of a case; its suggestions are told from then on."
    add("lock", on_case(lock), words).add_argument("case")


def list_them(_chosen: argparse.Namespace, workspace: Workspace, case: Case) -> int:
    why = workspace.why_no_suggestions(case.id)
    if why:
        raise UserError(why)
    for number, (proposal, decision) in enumerate(workspace.proposals(case.id), start=1):
        state = "waits" if decision is None else decision.verdict.value
        source = proposal.provenance.tool or proposal.origin.value
        what = _words(workspace, proposal)
        print(f"{number:4} {proposal.score:.2f} {state:9} {what} ({source})")
    return 0


def decide(chosen: argparse.Namespace, workspace: Workspace, case: Case) -> int:
    """Decide about those that were named, or about all that wait from a score up, in one step."""
    found = workspace.proposals(case.id)
    if bool(chosen.numbers) == (chosen.above is not None):
        raise UserError("Say which suggestions.", "", "Give their numbers, or --above a score.")
    if chosen.above is not None:
        picked = [p for p, d in found if d is None and p.score >= chosen.above]
    else:
        picked = [_at(found, number) for number in chosen.numbers]
    why = workspace.why_no_suggestions(case.id)
    if not picked:
        raise UserError(why or "No suggestion of such a score waits on this case.")
    way = AcceptProposals if chosen.command == "accept" else RejectProposals
    workspace.run(way(case_id=case.id, proposal_ids=tuple(p.id for p in picked)))
    for proposal in picked:
        print(f"{chosen.command}ed: {_words(workspace, proposal)}")
    return 0


def lock(_chosen: argparse.Namespace, workspace: Workspace, case: Case) -> int:
    workspace.run(LockBlindAnswer(case_id=case.id))
    print("The blind answer is locked. It stays as it is.")
    return 0


def _at(found: list[tuple[Proposal, Decision | None]], number: int) -> Proposal:
    if not 1 <= number <= len(found):
        raise UserError("There is no such suggestion.", f"{number} of {len(found)}.")
    return found[number - 1][0]


def _words(workspace: Workspace, proposal: Proposal) -> str:
    schema = workspace.schema_by_id(proposal.schema_id)
    if proposal.label is None:
        return f"{proposal.question_id}: {proposal.value}"
    images = len(proposal.frames) or int(proposal.target.frame is not None)
    shape = type(proposal.geometry).__name__.lower()
    return f"{schema.label_class(proposal.label.class_id).name}, {shape} on {images} images"
