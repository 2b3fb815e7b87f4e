"""Ruling where readers disagree: the queue of matters, what is said about them, and why.

The adjudicator's truth is the adjudicator's own work with origin ``adjudicated``; no reader's
claim is ever changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.commands.adjudication import ExplainRuling, RuleOnQuestion, RuleOnRegion
from desktop.commands.annotation import AnswerRegion, RelabelAnnotations
from desktop.commands.project import SetNoFinding
from desktop.domain.adjudication import Adjudication, Cause, Ruling
from desktop.domain.contracts import Progress
from desktop.domain.errors import AccessProblem, ConflictProblem, UserError
from desktop.domain.event import Event
from desktop.domain.schema import AnswerValue
from desktop.domain.task import Assignment, AssignmentState, Role
from desktop.store import queries
from desktop.workspace.claims import fusing
from desktop.workspace.claims.case_claims import CaseClaims, Pixels, claims_of
from desktop.workspace.claims.doubted import doubted_claims, reopened, with_doubted
from desktop.workspace.claims.guideline_gaps import Gap, gaps_of, write_gaps
from desktop.workspace.claims.matters import Claim, Matter, matters_of
from desktop.workspace.team.case_holders import CaseHolders

if TYPE_CHECKING:
    from desktop.store.database import Connection
    from desktop.workspace.jobs import Job
    from desktop.workspace.workspace import Workspace

RULES = frozenset({Role.LEAD, Role.ADJUDICATOR})
SEES = RULES | {Role.AUDITOR}


@dataclass(frozen=True)
class QueueCase:
    """One case that at least two readers have closed, with all that they said about it."""

    case_id: str
    title: str
    order: int
    matters: tuple[Matter, ...]
    why_not: str = ""  # why this adjudicator may not rule on it

    @property
    def disputes(self) -> tuple[Matter, ...]:
        """What readers disagree about, settled or not."""
        return tuple(m for m in self.matters if not m.agreed)

    @property
    def open(self) -> tuple[Matter, ...]:
        return tuple(m for m in self.matters if m.is_open)

    @property
    def agreed_left(self) -> tuple[Matter, ...]:
        """What all agree on and the truth does not hold yet."""
        return tuple(m for m in self.matters if m.agreed and not m.is_settled)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to rule on."""
        return not self.open


class AdjudicationDesk:
    """Reached as ``workspace.adjudication``; for lead and adjudicator."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._holders = CaseHolders()

    # reading ---------------------------------------------------------------------------------

    def queue(self, progress: Progress | None = None) -> list[QueueCase]:
        """All cases to be looked at, in the order of the work list; blocking."""
        self._check_sees()
        return self._queue(self._workspace._read, progress or Progress())

    def start_queue(
        self,
        on_done: Callable[[list[QueueCase]], None],
        on_error: Callable[[UserError], None],
    ) -> Job:
        """The same as a job, on a connection of its own."""
        self._check_sees()
        database = self._workspace._database

        def work(progress: Progress) -> list[QueueCase]:
            with database.another_reader() as connection:
                return self._queue(connection, progress)

        return self._workspace.jobs.start("Looking for disagreement", work, on_done, on_error)

    def case(self, case_id: str) -> QueueCase | None:
        """One case as it stands now; None where fewer than two readers have closed it."""
        self._check_sees()
        return self._line(self._workspace._read, case_id)

    # ruling ----------------------------------------------------------------------------------

    def accept(
        self, matter: Matter, letter: str, cause: Cause | None = None, note: str = ""
    ) -> Event | None:
        """Let one reader's claim stand as the truth."""
        claim = _said(matter, letter)
        if matter.is_question:
            return self.answer(matter, claim.value, cause, note, verdict=Ruling.ACCEPTED)
        return self._rule(matter, Ruling.ACCEPTED, claim, cause, note)

    def edit(
        self, matter: Matter, letter: str, cause: Cause | None = None, note: str = ""
    ) -> Event | None:
        """Copy one reader's region into the adjudicator's own work, to be changed there."""
        if matter.is_question:
            raise UserError("An answer is not edited.", "", "Pick the right one.")
        return self._rule(matter, Ruling.EDITED, _said(matter, letter), cause, note)

    def reject(self, matter: Matter, cause: Cause | None = None, note: str = "") -> Event | None:
        """Say that none of the claims holds."""
        if matter.is_question:
            return self._answer(matter, None, Ruling.REJECTED, cause, note)
        return self._rule(matter, Ruling.REJECTED, None, cause, note)

    def answer(
        self,
        matter: Matter,
        value: AnswerValue,
        cause: Cause | None = None,
        note: str = "",
        verdict: Ruling | None = None,
    ) -> Event | None:
        """Say what the answer is, whether a reader gave it or not."""
        given = any(c.record is not None and c.value == value for c in matter.claims)
        verdict = verdict or (Ruling.ACCEPTED if given else Ruling.OWN)
        return self._answer(matter, value, verdict, cause, note)

    def merge(
        self,
        matter: Matter,
        letters: Sequence[str] = (),
        method: str = "",
        cause: Cause | None = None,
        note: str = "",
    ) -> Event | None:
        """Make one region of the chosen readers' (all who marked it where none are named)."""
        chosen = [
            c
            for c in matter.claims
            if c.region is not None and (not letters or c.letter in letters)
        ]
        self._check_may(matter.case_id)
        fused = self._fuse(chosen, method)
        merged_ids = sorted(c.region.id for c in chosen if c.region is not None)
        return self._workspace.run(
            RuleOnRegion(
                case_id=matter.case_id,
                subject=matter.subject,
                verdict=Ruling.MERGED,
                source_ids=matter.source_ids,
                merged=fused.region,
                frames=fused.frames,
                method=f"{fused.method} of {' '.join(merged_ids)}",
                cause=cause,
                note=note,
                lettered=matter.lettered,
            )
        )

    def answer_region(self, matter: Matter, question_id: str, value: AnswerValue) -> Event | None:
        """Say what an attribute of the region that a ruling made is; None clears it."""
        self._check_may(matter.case_id)
        return self._workspace.run(
            AnswerRegion(
                case_id=matter.case_id,
                annotation_id=_made(matter),
                question_id=question_id,
                value=value,
            )
        )

    def relabel(self, matter: Matter, class_id: int) -> Event | None:
        """Give the region that a ruling made another class."""
        self._check_may(matter.case_id)
        return self._workspace.run(
            RelabelAnnotations(
                case_id=matter.case_id, annotation_ids=(_made(matter),), class_id=class_id
            )
        )

    def explain(self, matter: Matter, cause: Cause | None, note: str = "") -> Event | None:
        """Name why readers disagreed about a matter that is ruled on."""
        if matter.ruling is None:
            raise UserError("Rule on it first.", "", "Then say why readers disagreed.")
        return self._workspace.run(
            ExplainRuling(
                case_id=matter.case_id, adjudication_id=matter.ruling.id, cause=cause, note=note
            )
        )

    def take_agreed(self, case_id: str) -> int:
        """Take over all that the readers agree on; one step of undo. How many were taken."""
        self._check_may(case_id)
        line = self.case(case_id)
        if line is None:
            return 0
        group, count = self._workspace.new_id(), 0
        for matter in line.agreed_left:
            first = next(c for c in matter.claims if c.record is not None)
            if matter.is_question:
                command: RuleOnQuestion | RuleOnRegion = self._answer_command(
                    matter, first.value, Ruling.ACCEPTED
                )
            else:
                command = self._agreed_region(matter, first)
            count += self._workspace.run(command, group=group) is not None
        if self._all_say_nothing(case_id) and not self._workspace.annotations(case_id):
            command_ = SetNoFinding(case_id=case_id, no_finding=True)
            count += self._workspace.run(command_, group=group) is not None
        return count

    def why_not(self, case_id: str) -> str:
        """Why this person may not rule on a case; "" where they may."""
        return self._why_not(self._workspace._read, case_id)

    # guideline gaps --------------------------------------------------------------------------

    def gaps(self) -> list[Gap]:
        """Rulings whose cause is a gap in the guidelines, oldest first."""
        self._check_sees()
        return gaps_of(self._workspace)

    def export_gaps(self, target: Path) -> Path:
        """Write the gaps as CSV or, for every other ending, as text."""
        return write_gaps(self.gaps(), target)

    # -----------------------------------------------------------------------------------------

    def _queue(self, connection: Connection, progress: Progress) -> list[QueueCase]:
        ids = with_doubted(connection, queries.closed_by_several(connection))
        found = [
            self._line(connection, case_id)
            for case_id in progress.over(ids, len(ids), "Comparing readers")
        ]
        return [line for line in found if line is not None]

    def _line(self, connection: Connection, case_id: str) -> QueueCase | None:
        claims = self._claims(connection, case_id)
        doubted = doubted_claims(connection, case_id)
        if len(claims.readers) < (1 if doubted else 2):
            return None
        matters = matters_of(claims, Pixels(connection), least=1 if doubted else 2)
        return QueueCase(
            case_id=case_id,
            title=claims.case.title,
            order=claims.case.order,
            matters=tuple(reopened(m, doubted) for m in matters),
            why_not=self._why_not(connection, case_id),
        )

    def _claims(self, connection: Connection, case_id: str) -> CaseClaims:
        workspace = self._workspace
        holders = self._holders.all(connection).get(case_id, ())
        return claims_of(connection, workspace._secret, case_id, workspace.reader.id, holders)

    def _rule(
        self, matter: Matter, verdict: Ruling, claim: Claim | None, cause: Cause | None, note: str
    ) -> Event | None:
        self._check_may(matter.case_id)
        return self._workspace.run(
            RuleOnRegion(
                case_id=matter.case_id,
                subject=matter.subject,
                verdict=verdict,
                source_ids=matter.source_ids,
                taken_id=claim.record.id if claim is not None and claim.record else "",
                cause=cause,
                note=note,
                lettered=matter.lettered,
            )
        )

    def _answer(
        self, matter: Matter, value: AnswerValue, verdict: Ruling, cause: Cause | None, note: str
    ) -> Event | None:
        self._check_may(matter.case_id)
        return self._workspace.run(self._answer_command(matter, value, verdict, cause, note))

    def _answer_command(
        self,
        matter: Matter,
        value: AnswerValue,
        verdict: Ruling,
        cause: Cause | None = None,
        note: str = "",
    ) -> RuleOnQuestion:
        assert matter.question is not None
        return RuleOnQuestion(
            case_id=matter.case_id,
            question_id=matter.question.id,
            subject=matter.subject,
            verdict=verdict,
            value=value,
            target=matter.target,
            source_ids=matter.source_ids,
            cause=cause,
            note=note,
            lettered=matter.lettered,
        )

    def _agreed_region(self, matter: Matter, first: Claim) -> RuleOnRegion:
        """What all drew alike: their consensus, or the first where that can't be made."""
        chosen = [c for c in matter.claims if c.region is not None]
        try:
            fused = self._fuse(chosen, "majority")
        except UserError:
            assert first.record is not None
            return RuleOnRegion(
                case_id=matter.case_id,
                subject=matter.subject,
                verdict=Ruling.ACCEPTED,
                source_ids=matter.source_ids,
                taken_id=first.record.id,
                lettered=matter.lettered,
            )
        return RuleOnRegion(
            case_id=matter.case_id,
            subject=matter.subject,
            verdict=Ruling.MERGED,
            source_ids=matter.source_ids,
            merged=fused.region,
            frames=fused.frames,
            method=fused.method,
            lettered=matter.lettered,
        )

    def _fuse(self, chosen: Sequence[Claim], method: str) -> fusing.Fused:
        parts = [
            fusing.Part(c.region, c.slices, c.mark)
            for c in chosen
            if c.region is not None and c.mark is not None
        ]
        return fusing.fuse(parts, Pixels(self._workspace._read), method)

    def _all_say_nothing(self, case_id: str) -> bool:
        claims = self._claims(self._workspace._read, case_id)
        return set(claims.readers) <= claims.no_finding

    def _why_not(self, connection: Connection, case_id: str) -> str:
        me = self._workspace.reader
        if me.role not in RULES:
            return "You look on; lead and adjudicator rule."
        rulings = queries.many(connection, Adjudication, case_id=case_id, reader_id=me.id)
        own = queries.maybe(connection, Assignment, Assignment.id_for(case_id, me.id))
        if not rulings and own is not None and own.state is AssignmentState.DONE:
            return "You read this case yourself. Somebody who did not rules on it."
        return ""

    def _check_may(self, case_id: str) -> None:
        self._check_sees()
        why = self.why_not(case_id)
        if why:
            raise ConflictProblem("This case is not yours to rule on.", why)

    def _check_sees(self) -> None:
        self._workspace.accounts.check_signed_in()
        if self._workspace.reader.role not in SEES:
            raise AccessProblem(
                "Only the lead and adjudicators compare readers.",
                "",
                "Ask the lead of this project.",
            )


def _said(matter: Matter, letter: str) -> Claim:
    claim = matter.claim(letter)
    if claim is None or claim.record is None:
        raise UserError(
            f"{letter} said nothing here.", "", "Choose a reader who did, or reject it."
        )
    return claim


def _made(matter: Matter) -> str:
    """The region that the ruling on a matter made."""
    if matter.is_question or matter.ruling is None or not matter.ruling.made_id:
        raise UserError("There is no region of yours here.", "", "Accept, edit or merge one first.")
    return matter.ruling.made_id
