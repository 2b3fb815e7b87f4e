"""A teacher's labels put before the readers, and the verdict about the student."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import replace

from desktop.commands.proposal import OfferProposals, WithdrawProposals
from desktop.domain.contracts import Command, Transaction
from desktop.domain.errors import ConflictProblem
from desktop.domain.proposal import Proposal
from desktop.domain.split import PSEUDO_KEY, is_machine_made
from desktop.domain.teaching import StudentTrial, Teaching


class LabelByTeacher(Command, frozen=True):
    """Offer what a teacher is sure of, as suggestions that carry its mark for ever.

    ``before``: earlier teachings of the question; what nobody has decided of them is withdrawn.
    ``runs``: the run lengths of masks, where outlines are taught.
    """

    case_of: ClassVar[str] = ""

    teaching: Teaching
    proposals: tuple[Proposal, ...]
    before: tuple[str, ...] = ()
    runs: tuple[bytes, ...] = ()

    @property
    def title(self) -> str:
        count = len({p.case_id for p in self.proposals})
        return f"Teacher labels {count} case{'' if count == 1 else 's'}"

    def apply(self, txn: Transaction) -> None:
        if txn.maybe(Teaching, self.teaching.id) is not None:
            raise ConflictProblem(
                "This question was labelled by a teacher meanwhile.", "", "Ask the teacher again."
            )
        for proposal in self.proposals:
            marked = PSEUDO_KEY in proposal.provenance.detail
            if not marked or not is_machine_made(proposal.origin, proposal.provenance):
                raise ConflictProblem("A teacher's label has to say that it is one.")
            if proposal.case_id in self.teaching.audit:
                raise ConflictProblem("A case that people check gets no suggestion.")
        for teaching_id in self.before:
            WithdrawProposals(run_id=txn.get(Teaching, teaching_id).run_id).apply(txn)
        OfferProposals(proposals=self.proposals, runs=self.runs).apply(txn)
        txn.put(replace(self.teaching, created_utc=txn.now_utc()))


class JudgeStudent(Command, frozen=True):
    """Keep the student's verdict; where it is not kept, undecided pseudo-labels are withdrawn."""

    case_of: ClassVar[str] = ""

    teaching_id: str
    trial: StudentTrial

    @property
    def title(self) -> str:
        return "Keep the student" if self.trial.kept else "Drop the student and its labels"

    def apply(self, txn: Transaction) -> None:
        teaching = txn.get(Teaching, self.teaching_id)
        txn.put(replace(teaching, trial=replace(self.trial, tried_utc=txn.now_utc())))
        if not self.trial.kept:
            WithdrawProposals(run_id=teaching.run_id).apply(txn)
