"""What all readers said, for those who may see it: lead, adjudicator, reviewer, auditor.

The only way past the wall between readers. A plain reader is refused here, whatever the screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from desktop.domain.annotation import Annotation, Answer, MaskSlice
from desktop.domain.case_note import CaseNote
from desktop.domain.errors import AccessProblem
from desktop.domain.proposal import Decision, Proposal
from desktop.domain.task import SEES_ALL as SEES_ALL
from desktop.domain.task import Assignment
from desktop.store import queries, worklist

if TYPE_CHECKING:
    from desktop.store.database import Connection
    from desktop.workspace.workspace import Workspace


class Claims:
    """Reached as ``workspace.claims``; main thread only. AccessProblem for a plain reader."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def annotations(self, case_id: str) -> list[Annotation]:
        """Regions of all readers on a case, oldest first."""
        found = queries.many(self._seen(), Annotation, case_id=case_id)
        return sorted(found, key=lambda a: (a.created_utc, a.id))

    def mask_slices(self, case_id: str) -> list[MaskSlice]:
        """Painted slices of all readers on a case; pixels by ``workspace.mask``."""
        return queries.many(self._seen(), MaskSlice, case_id=case_id)

    def answers(self, case_id: str) -> list[Answer]:
        """Answers of all readers on a case."""
        return queries.many(self._seen(), Answer, case_id=case_id)

    def answers_to(self, question_id: str) -> list[Answer]:
        """Answers of all readers to one question, over all cases of the project.

        What was said of gold and repeats under another name is not among them, see ``gold``.
        """
        read = self._seen()
        known = set(worklist.all_cases(read))
        return [
            a for a in queries.many(read, Answer, question_id=question_id) if a.case_id in known
        ]

    def assignments(self, case_id: str) -> list[Assignment]:
        """Every reader's state of a case."""
        return queries.many(self._seen(), Assignment, case_id=case_id)

    def notes(self, case_id: str) -> list[CaseNote]:
        """Comments, confidence and flags of all readers on a case."""
        return queries.many(self._seen(), CaseNote, case_id=case_id)

    def decisions(self, run_ids: Sequence[str]) -> list[tuple[Proposal, list[Decision]]]:
        """Suggestions of some runs with what readers made of them."""
        read = self._seen()
        found = [p for run_id in run_ids for p in queries.many(read, Proposal, run_id=run_id)]
        return [(p, queries.many(read, Decision, proposal_id=p.id)) for p in found]

    def _seen(self) -> Connection:
        workspace = self._workspace
        workspace.accounts.check_signed_in()
        if workspace.reader.role not in SEES_ALL:
            raise AccessProblem(
                "What other readers said is not shown to readers.",
                "",
                "Ask the lead of this project.",
            )
        return workspace._read
