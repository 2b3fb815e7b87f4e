"""Commands of reading with and without help."""

from __future__ import annotations

from typing import ClassVar

from desktop.commands.assignment import assignment_of
from desktop.domain.account import content_sha256
from desktop.domain.annotation import Annotation, Answer, MaskSlice
from desktop.domain.contracts import Command, Transaction
from desktop.domain.errors import AccessProblem, ConflictProblem, UserError
from desktop.domain.help_study import PLAN_ID, Arm, BlindLock, HelpPlan, arm_of, why_hidden


class SetHelpPlan(Command, frozen=True):
    """Set the shares of the arms; once a blind answer is locked, only with another seed."""

    case_of: ClassVar[str] = ""

    seed: str
    shares: tuple[int, int, int]

    @property
    def title(self) -> str:
        none, blind, first = self.shares
        return f"Set help: {none} % none, {blind} % blind answer first, {first} % help first"

    def apply(self, txn: Transaction) -> None:
        if min(self.shares) < 0 or sum(self.shares) != 100 or not self.seed:
            raise UserError("The three shares must add up to 100 %.", f"They are {self.shares}.")
        old = txn.maybe(HelpPlan, PLAN_ID)
        moves = old is not None and old.seed == self.seed and old.shares != self.shares
        if moves and txn.find(BlindLock, seed=self.seed):
            raise ConflictProblem(
                "This study has begun, so its shares stay.",
                "Other shares would move cases to another arm after they were read.",
                "Begin a new study instead.",
            )
        txn.put(HelpPlan(id=PLAN_ID, seed=self.seed, shares=self.shares, begun_utc=txn.now_utc()))


class LockBlindAnswer(Command, frozen=True):
    """Keep what the acting reader says of a case now, before suggestions are shown; for good."""

    is_undoable: ClassVar[bool] = False

    case_id: str

    @property
    def title(self) -> str:
        return "Lock blind answer"

    def apply(self, txn: Transaction) -> None:
        plan = txn.maybe(HelpPlan, PLAN_ID)
        if plan is None or plan.arm(self.case_id, txn.reader_id) is not Arm.BLIND:
            raise UserError("This case needs no blind answer.", "", "Just read it.")
        lock_id = BlindLock.id_for(plan.seed, self.case_id, txn.reader_id)
        if txn.maybe(BlindLock, lock_id) is not None:
            raise ConflictProblem("Your blind answer to this case is locked already.")
        answers = txn.find(Answer, case_id=self.case_id, reader_id=txn.reader_id)
        regions = txn.find(Annotation, case_id=self.case_id, reader_id=txn.reader_id)
        ids = {r.id for r in regions}
        slices = [s for s in txn.find(MaskSlice, case_id=self.case_id) if s.annotation_id in ids]
        no_finding = assignment_of(txn, self.case_id).no_finding
        if not (answers or regions or no_finding):
            raise UserError(
                "There is no answer to lock yet.",
                "",
                "Answer a question, draw what you see, or say that there is no finding.",
            )
        txn.put(
            BlindLock(
                id=lock_id,
                case_id=self.case_id,
                reader_id=txn.reader_id,
                seed=plan.seed,
                answers=tuple(answers),
                regions=tuple(regions),
                slices=tuple(slices),
                no_finding=no_finding,
                content_sha256=content_sha256(regions, slices, answers, no_finding),
                locked_utc=txn.now_utc(),
            )
        )


def check_shown(txn: Transaction, case_id: str) -> None:
    """AccessProblem where the acting reader may not see suggestions of a case (yet)."""
    plan = txn.maybe(HelpPlan, PLAN_ID)
    if plan is None:
        return
    lock_id = BlindLock.id_for(plan.seed, case_id, txn.reader_id)
    why = why_hidden(
        arm_of(plan, case_id, txn.reader_id), txn.maybe(BlindLock, lock_id) is not None
    )
    if why:
        raise AccessProblem(why, "Its suggestions can't be used.")
