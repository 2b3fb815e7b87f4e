"""Rounds of learning: started as a whole, and cases of the queue passed over."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import replace

from desktop.domain.contracts import Command, Transaction
from desktop.domain.errors import ConflictProblem, UserError
from desktop.domain.learning import LearningQuery, LearningRound, LearningSkip
from desktop.domain.schema import Schema
from desktop.domain.study import Case


class StartRound(Command, frozen=True):
    """Put a round's cases before the readers: all of it or nothing."""

    case_of: ClassVar[str] = ""

    round: LearningRound
    queries: tuple[LearningQuery, ...]

    @property
    def title(self) -> str:
        count = len(self.queries)
        return f"Start learning round {self.round.number}: {count} case{'' if count == 1 else 's'}"

    def apply(self, txn: Transaction) -> None:
        if txn.maybe(LearningRound, self.round.id) is not None:
            raise ConflictProblem(
                f"Round {self.round.number} of this question has started already.",
                "",
                "Look at the queue again; it shows its cases.",
            )
        txn.get(Schema, self.round.schema_id).question(self.round.question_id)
        txn.put(replace(self.round, created_utc=txn.now_utc()))
        for query in self.queries:
            txn.get(Case, query.case_id)
            txn.put(query)


class SkipQuery(Command, frozen=True):
    """Pass over a case of the queue with a reason; it rests for some rounds."""

    case_id: str
    query_id: str
    why: str

    @property
    def title(self) -> str:
        return "Pass over in the learning queue"

    def apply(self, txn: Transaction) -> None:
        if not self.why.strip():
            raise UserError("A case of the queue is passed over with a reason.")
        query = txn.get(LearningQuery, self.query_id)
        asked = txn.get(LearningRound, query.round_id)
        txn.put(
            LearningSkip(
                id=LearningSkip.id_for(query.id, txn.reader_id),
                query_id=query.id,
                case_id=query.case_id,
                reader_id=txn.reader_id,
                reason=self.why.strip(),
                round_number=asked.number,
                skipped_utc=txn.now_utc(),
            )
        )
