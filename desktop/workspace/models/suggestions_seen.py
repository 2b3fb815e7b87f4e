"""Which suggestions a reader may see, and so decide about: one rule for list, file and commands.

A plain reader sees what models and rules drafted, on cases of their own list, where the batch gives
help; what others said (a consensus, a ruling) is never shown to them. Everybody's arm of the study
counts besides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop.commands.proposal import AcceptProposals, RejectProposals
from desktop.domain.annotation import Origin
from desktop.domain.contracts import Command
from desktop.domain.errors import AccessProblem
from desktop.domain.event import Action
from desktop.domain.proposal import Proposal
from desktop.domain.task import SEES_ALL
from desktop.store import queries

if TYPE_CHECKING:
    from desktop.workspace.view import ProjectView

FROM_MACHINES = frozenset({Origin.MODEL, Origin.RULE})
_DECIDES = (AcceptProposals, RejectProposals)


def seen(view: ProjectView, case_id: str) -> list[Proposal]:
    """The suggestions of a case that the reader at the screen may see, in no order."""
    if why_hidden(view, case_id):
        return []
    return [p for p in queries.many(view._read, Proposal, case_id=case_id) if _may(view, p)]


def why_hidden(view: ProjectView, case_id: str) -> str:
    """Why no suggestion of a case is shown to the reader at the screen; "" where they are."""
    return view._turns.why_no_suggestions(case_id) or view.help_standing(case_id).why_hidden


def check(view: ProjectView, command: Command) -> None:
    """AccessProblem for a decision about a suggestion that this reader may not see; the words are
    the same whether there is such a suggestion or not."""
    if not isinstance(command, _DECIDES):
        return
    _check_case(view, command.case_id)
    for proposal_id in command.proposal_ids:
        found = queries.maybe(view._read, Proposal, proposal_id)
        if found is None or not _may(view, found):
            raise AccessProblem("This suggestion is not there for you.", "", "Ask the lead.")


def check_again(view: ProjectView, action: Action, case_id: str, command_name: str) -> None:
    """The same for what is done again after an undo; to take a decision back is always free."""
    if action is Action.REDO and command_name in {kind.__name__ for kind in _DECIDES}:
        _check_case(view, case_id)


def _check_case(view: ProjectView, case_id: str) -> None:
    if why := why_hidden(view, case_id):
        raise AccessProblem(why, "Its suggestions can't be used.")


def _may(view: ProjectView, proposal: Proposal) -> bool:
    return view.reader.role in SEES_ALL or proposal.origin in FROM_MACHINES
