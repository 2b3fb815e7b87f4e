"""Commands of the quality page: who the readers are, and what of a suspect label."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import replace

from desktop.domain.contracts import ASIDE, Command, Transaction
from desktop.domain.doubt import Judgement, LabelDoubt
from desktop.domain.study import Case


class ShowReaderNames(Command, frozen=True):
    """Note in the log that somebody asked who the readers behind the letters are."""

    is_undoable: ClassVar[bool] = False
    always_logged: ClassVar[bool] = True

    @property
    def title(self) -> str:
        return "Ask for the readers' names"

    @property
    def case(self) -> str:
        return ASIDE

    def apply(self, txn: Transaction) -> None:
        """Nothing to change: the event itself is the record."""


class JudgeLabel(Command, frozen=True):
    """Say of a suspect label that it is right, or send it to adjudication. Changes no label."""

    case_of: ClassVar[str] = ""

    doubt: LabelDoubt

    @property
    def title(self) -> str:
        if self.doubt.judgement is Judgement.RIGHT:
            return "Say that a suspect label is right"
        return "Send a suspect label to adjudication"

    def apply(self, txn: Transaction) -> None:
        txn.get(Case, self.doubt.case_id)
        made = replace(
            self.doubt,
            id=LabelDoubt.id_for(self.doubt.claim_id),
            judged_by=txn.reader_id,
            judged_utc="",
        )
        old = txn.maybe(LabelDoubt, made.id)
        if old is None or replace(old, judged_utc="") != made:
            txn.put(replace(made, judged_utc=txn.now_utc()))
