"""Suggestions: put before the readers, and accepted or rejected by them."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import replace

from desktop.commands.annotation import AddAnnotation, PaintedFrame, PaintMask
from desktop.commands.help_study import check_shown
from desktop.commands.origin_lock import derived_answer, derived_region
from desktop.domain.annotation import Annotation, Answer, MaskSlice, Origin
from desktop.domain.contracts import Command, Transaction
from desktop.domain.errors import ConflictProblem, UserError
from desktop.domain.proposal import Decision, Proposal, ProposedFrame, Verdict
from desktop.domain.record import stable_id
from desktop.domain.schema import Schema
from desktop.domain.split import DERIVED_KEY
from desktop.domain.study import Case


class OfferProposals(Command, frozen=True):
    """Put drafts of one run before the readers. ``runs`` are the run lengths of their masks."""

    case_of: ClassVar[str] = ""

    proposals: tuple[Proposal, ...]
    runs: tuple[bytes, ...] = ()
    what: str = "Suggest"

    @property
    def title(self) -> str:
        return self.what

    def apply(self, txn: Transaction) -> None:
        stored = {txn.put_runs(runs) for runs in self.runs}
        for proposal in self.proposals:
            if proposal.origin is Origin.DRAWN:
                raise UserError("A suggestion can't claim to be drawn by a person.")
            if missing := [f.runs for f in proposal.frames if f.runs not in stored]:
                raise UserError("Pixels of a suggested mask are missing.", missing[0][:12])
            schema = txn.get(Schema, proposal.schema_id)
            if proposal.label is not None:
                schema.offered_class(proposal.label.class_id)
            else:
                schema.check_answer(proposal.question_id, proposal.value)
            if proposal.origin is Origin.CONSENSUS:
                proposal = _with_mark(txn, proposal)
            txn.put(replace(proposal, created_utc=txn.now_utc()))


def _with_mark(txn: Transaction, proposal: Proposal) -> Proposal:
    """A consensus of what readers took over from a machine says so, and stays out of validation."""
    if proposal.label is None:
        answers = txn.find(Answer, case_id=proposal.case_id, question_id=proposal.question_id)
        mark = derived_answer([a for a in answers if a.target == proposal.target], proposal.value)
    else:
        regions = txn.find(Annotation, case_id=proposal.case_id)
        same = [r for r in regions if r.label.class_id == proposal.label.class_id]
        slices = [s for r in same for s in txn.find(MaskSlice, annotation_id=r.id)]
        mark = derived_region([*same, *slices])
    if not mark:
        return proposal
    made = proposal.provenance
    return replace(proposal, provenance=replace(made, detail=made.detail | {DERIVED_KEY: mark}))


class WithdrawProposals(Command, frozen=True):
    """Take back drafts that nobody has decided about; decided ones stay as evidence."""

    case_of: ClassVar[str] = ""

    run_id: str
    what: str = "Withdraw suggestions"

    @property
    def title(self) -> str:
        return self.what

    def apply(self, txn: Transaction) -> None:
        for proposal in txn.find(Proposal, run_id=self.run_id):
            if not txn.find(Decision, proposal_id=proposal.id):
                txn.delete(Proposal, proposal.id)


class AcceptProposals(Command, frozen=True):
    """Make drafts of one case the acting reader's own labels, with their origin kept."""

    case_id: str
    proposal_ids: tuple[str, ...]

    @property
    def title(self) -> str:
        count = len(self.proposal_ids)
        return "Accept suggestion" if count == 1 else f"Accept {count} suggestions"

    def apply(self, txn: Transaction) -> None:
        for proposal_id in self.proposal_ids:
            proposal = undecided(txn, self.case_id, proposal_id)
            made_id = (
                _region(txn, proposal) if proposal.label is not None else _answer(txn, proposal)
            )
            decide(txn, proposal, Verdict.ACCEPTED, made_id)


class RejectProposals(Command, frozen=True):
    """Say no to drafts of one case; they are kept with that answer."""

    case_id: str
    proposal_ids: tuple[str, ...]

    @property
    def title(self) -> str:
        count = len(self.proposal_ids)
        return "Reject suggestion" if count == 1 else f"Reject {count} suggestions"

    def apply(self, txn: Transaction) -> None:
        for proposal_id in self.proposal_ids:
            decide(txn, undecided(txn, self.case_id, proposal_id), Verdict.REJECTED, "")


def undecided(txn: Transaction, case_id: str, proposal_id: str) -> Proposal:
    """The draft, if the acting reader may see it and has not decided about it."""
    check_shown(txn, case_id)
    proposal = txn.get(Proposal, proposal_id)
    if proposal.case_id != case_id:
        raise ConflictProblem("This suggestion belongs to another case.")
    if txn.maybe(Decision, Decision.id_for(proposal_id, txn.reader_id)) is not None:
        raise ConflictProblem(
            "You have decided about this suggestion already.", "", "Undo it first."
        )
    return proposal


def decide(txn: Transaction, proposal: Proposal, verdict: Verdict, made_id: str) -> None:
    """Keep what the acting reader says of a draft."""
    txn.put(
        Decision(
            id=Decision.id_for(proposal.id, txn.reader_id),
            case_id=proposal.case_id,
            proposal_id=proposal.id,
            reader_id=txn.reader_id,
            verdict=verdict,
            made_id=made_id,
            decided_utc=txn.now_utc(),
        )
    )


def _region(txn: Transaction, proposal: Proposal) -> str:
    assert proposal.label is not None
    made_id = stable_id("accepted", proposal.id, txn.reader_id)
    annotation = Annotation(
        id=made_id,
        case_id=proposal.case_id,
        reader_id=txn.reader_id,
        schema_id=proposal.schema_id,
        target=proposal.target,
        label=proposal.label,
        geometry=proposal.geometry,
        origin=proposal.origin,
        provenance=proposal.provenance,
        pixels_sha256=proposal.pixels_sha256,
    )
    if not proposal.frames:
        AddAnnotation(annotation=annotation).apply(txn)
    else:
        PaintMask(
            case_id=proposal.case_id,
            annotation_id=made_id,
            frames=tuple(_painted(txn, proposal, part) for part in proposal.frames),
            new=annotation,
        ).apply(txn)
        if txn.maybe(Annotation, made_id) is None:
            raise UserError(
                "All of its pixels belong to regions of other classes.",
                "These classes may share no pixel.",
                "Reject it, or erase what is in its place.",
            )
    return made_id


def _painted(txn: Transaction, proposal: Proposal, part: ProposedFrame) -> PaintedFrame:
    return PaintedFrame(
        frame=part.frame,
        rows=part.rows,
        columns=part.columns,
        runs=txn.runs(part.runs),
        pixels_sha256=part.pixels_sha256,
        origin=proposal.origin,
    )


def _answer(txn: Transaction, proposal: Proposal) -> str:
    case = txn.get(Case, proposal.case_id)
    schema_id = case.schema_id or proposal.schema_id
    txn.get(Schema, schema_id).check_answer(proposal.question_id, proposal.value)
    answer_id = Answer.id_for(
        proposal.case_id, txn.reader_id, proposal.question_id, proposal.target
    )
    txn.put(
        Answer(
            id=answer_id,
            case_id=proposal.case_id,
            reader_id=txn.reader_id,
            schema_id=schema_id,
            question_id=proposal.question_id,
            value=proposal.value,
            target=proposal.target,
            origin=proposal.origin,
            derived_from=proposal.provenance.detail.get(DERIVED_KEY, ""),
        )
    )
    return answer_id
