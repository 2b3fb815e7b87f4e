"""The command that keeps what a model found on one case."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import replace

from desktop.commands.proposal import OfferProposals
from desktop.domain.contracts import Command, Transaction
from desktop.domain.model_run import TEXT_TASK, ModelCase, ModelRun
from desktop.domain.proposal import Decision, Proposal


class OfferModelResult(Command, frozen=True):
    """Offer a model's drafts of one case, and note that the case is done.

    Drafts of the same run that nobody has decided about make room.
    """

    case_of: ClassVar[str] = ""

    run: ModelRun
    done: ModelCase
    proposals: tuple[Proposal, ...]
    runs: tuple[bytes, ...] = ()

    @property
    def title(self) -> str:
        if self.run.task == TEXT_TASK:
            images = len(self.done.text)
            so_far = " so far" if self.done.open else ""
            return f"Text in pixels: on {images} image{'' if images == 1 else 's'}{so_far}"
        count = len(self.proposals)
        what = "1 suggestion" if count == 1 else f"{count} suggestions"
        return f"{self.run.model}: {what}"

    def apply(self, txn: Transaction) -> None:
        if txn.maybe(ModelRun, self.run.id) is None:
            txn.put(replace(self.run, begun_utc=txn.now_utc()))
        fresh = {p.id for p in self.proposals}
        for old in txn.find(Proposal, run_id=self.run.id, case_id=self.done.case_id):
            if old.id not in fresh and not txn.find(Decision, proposal_id=old.id):
                txn.delete(Proposal, old.id)
        OfferProposals(proposals=self.proposals, runs=self.runs).apply(txn)
        txn.put(self.done)
