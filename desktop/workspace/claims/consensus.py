"""One answer from many readers, for a question, a class or its regions; offered as suggestions.

Plain majority always stands beside it. Only closed readings are counted. Nothing becomes a label:
what is offered is a Proposal with origin ``consensus`` that a person accepts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from desktop.commands.proposal import OfferProposals, WithdrawProposals
from desktop.domain.contracts import Progress
from desktop.domain.errors import AccessProblem, UserError
from desktop.domain.proposal import Proposal
from desktop.domain.record import stable_id
from desktop.domain.schema import QuestionKind, Schema, Scope
from desktop.domain.task import Role
from desktop.engines.consensus import consensus as vote_methods
from desktop.engines.consensus import mask_consensus as mask_methods
from desktop.store import queries
from desktop.workspace.claims import consensus_regions, consensus_votes
from desktop.workspace.claims.case_claims import claims_of, in_letter_order
from desktop.workspace.claims.consensus_report import (
    ConsensusReport,
    Line,
    Method,
    Read,
    Subject,
    SubjectKind,
)
from desktop.workspace.claims.consensus_several import vote_on_each_choice

if TYPE_CHECKING:
    from desktop.store.database import Connection
    from desktop.workspace.jobs import Job
    from desktop.workspace.workspace import Workspace

SEES = frozenset({Role.LEAD, Role.ADJUDICATOR, Role.AUDITOR})
BATCH = 500  # suggestions per command, so that none holds the window up
_VOTED = (QuestionKind.YES_NO, QuestionKind.CHOICE, QuestionKind.TREE)
_MEASURED = (QuestionKind.NUMBER, QuestionKind.RATING, QuestionKind.DATE)

MEDIAN = Method("median", "Median", "The middle of what the readers measured.")
FINDINGS = Method("findings", "Mean of each finding", "Regions that overlap are made one.")


class ConsensusDesk:
    """Reached as ``workspace.consensus``; for lead and adjudicator."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def subjects(self) -> list[Subject]:
        """What a consensus can be made of: the newest version of each schema that cases use."""
        self._check_sees()
        newest: dict[str, Schema] = {}
        for schema in self._workspace.schemas():
            known = newest.get(schema.name)
            if known is None or known.version < schema.version:
                newest[schema.name] = schema
        return [s for schema in newest.values() for s in _subjects_of(schema)]

    def methods(self, subject: Subject) -> list[Method]:
        """The ways there are, plain majority first; those of plugins among them."""
        _ = self._workspace.plugins
        match subject.kind:
            case SubjectKind.MEASURE:
                return [MEDIAN]
            case SubjectKind.FINDINGS:
                return [FINDINGS]
            case SubjectKind.MASK:
                return [Method(m.name, m.title, m.summary) for m in mask_methods.methods()]
            case _:
                return [Method(m.name, m.title, m.summary) for m in vote_methods.methods()]

    def run(
        self,
        subject: Subject,
        method: str = "",
        settings: dict[str, float] | None = None,
        progress: Progress | None = None,
    ) -> ConsensusReport:
        """Make the consensus; blocking. "" takes the method that suits what there is."""
        self._check_sees()
        _ = self._workspace.plugins
        return self._run(
            self._workspace._read, subject, method, settings or {}, progress or Progress()
        )

    def start(
        self,
        subject: Subject,
        method: str,
        on_done: Callable[[ConsensusReport], None],
        on_error: Callable[[UserError], None],
        settings: dict[str, float] | None = None,
    ) -> Job:
        """The same as a job, on a connection of its own."""
        self._check_sees()
        _ = self._workspace.plugins
        database = self._workspace._database

        def work(progress: Progress) -> ConsensusReport:
            with database.another_reader() as connection:
                return self._run(connection, subject, method, settings or {}, progress)

        return self._workspace.jobs.start("Making the consensus", work, on_done, on_error)

    def offer(self, report: ConsensusReport, lines: Sequence[Line] | None = None) -> int:
        """Put the answers before those who decide, in place of earlier undecided ones of the
        same subject. How many were offered; what is tied or empty never is."""
        self._check_sees()
        workspace = self._workspace
        chosen = [line for line in (lines if lines is not None else report.lines) if line.proposal]
        group = workspace.new_id()
        if queries.many(workspace._read, Proposal, run_id=report.run_id):
            workspace.run(WithdrawProposals(run_id=report.run_id), group=group)
        kept = {p.id for p in queries.many(workspace._read, Proposal, run_id=report.run_id)}
        fresh = [line for line in chosen if line.proposal and line.proposal.id not in kept]
        for start in range(0, len(fresh), BATCH):
            part = fresh[start : start + BATCH]
            workspace.run(
                OfferProposals(
                    proposals=tuple(line.proposal for line in part if line.proposal),
                    runs=tuple(runs for line in part for runs in line.runs),
                    what="Suggest consensus",
                ),
                group=group,
            )
        return len(fresh)

    # -----------------------------------------------------------------------------------------

    def _run(
        self,
        connection: Connection,
        subject: Subject,
        method: str,
        settings: dict[str, float],
        progress: Progress,
    ) -> ConsensusReport:
        read = self._gather(connection, subject, progress)
        if not read.cases:
            raise UserError(
                "There is nothing to make a consensus of yet.",
                "No reader has closed a case that asks this.",
                "Wait for readings, or choose something else.",
            )
        if subject.kind in (SubjectKind.MASK, SubjectKind.FINDINGS):
            return consensus_regions.fuse_cases(
                read, subject, method, settings, connection, progress
            )
        if subject.kind is SubjectKind.MEASURE:
            return consensus_votes.median_of_cases(read, subject)
        question = consensus_votes.question_of(read, subject)
        if question is not None and question.kind is QuestionKind.MULTIPLE and not subject.choice:
            options = consensus_votes.options_of(method, settings)
            return vote_on_each_choice(read, subject, question, options, settings, progress)
        return consensus_votes.vote_on_cases(read, subject, method, settings, progress)

    def _gather(self, connection: Connection, subject: Subject, progress: Progress) -> Read:
        """The closed readings of all cases that are read with the subject's schema."""
        workspace, cases = self._workspace, []
        ids = queries.closed_by_several(connection, least=1)
        for number, case_id in enumerate(ids):
            progress.report(0.5 * number / max(1, len(ids)), "Reading what readers said")
            claims = claims_of(connection, workspace._secret, case_id)
            if claims.schema is not None and claims.schema.name == subject.schema_name:
                cases.append(claims)
        readers = sorted({r for c in cases for r in c.readers})
        order = in_letter_order(workspace._secret, "consensus", readers)
        names = {r: f"Reader {n}" for n, r in enumerate(order, start=1)}
        run_id = "consensus-" + stable_id(subject.id)[:20]
        return Read(tuple(cases), names, run_id)

    def _check_sees(self) -> None:
        self._workspace.accounts.check_signed_in()
        if self._workspace.reader.role not in SEES:
            raise AccessProblem(
                "Only the lead and adjudicators make a consensus.",
                "",
                "Ask the lead of this project.",
            )


def _subjects_of(schema: Schema) -> list[Subject]:
    found = []
    for question in schema.case_questions():
        if question.scope is not Scope.STUDY and question.kind in _MEASURED:
            continue
        words = question.text
        if question.kind in _VOTED:
            found.append(Subject(SubjectKind.QUESTION, schema.name, words, question.id))
        elif question.kind is QuestionKind.MULTIPLE:
            found.append(Subject(SubjectKind.QUESTION, schema.name, words, question.id))
            found += [
                Subject(SubjectKind.QUESTION, schema.name, f"{words} {c.text}?", question.id, c.id)
                for c in question.choices
            ]
        elif question.kind in _MEASURED:
            found.append(Subject(SubjectKind.MEASURE, schema.name, words, question.id))
    for item in schema.classes:
        for kind, about in (
            (SubjectKind.PRESENCE, "present or not"),
            (SubjectKind.MASK, "painted and outlined pixels"),
            (SubjectKind.FINDINGS, "each finding: boxes, points, lines"),
        ):
            found.append(Subject(kind, schema.name, f"{item.name}: {about}", class_id=item.id))
    return found
