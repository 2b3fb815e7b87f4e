"""Commands that make a known answer of somebody's work, and take it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from msgspec.structs import replace

from desktop.domain.annotation import Annotation, Answer, MaskSlice
from desktop.domain.contracts import Command, Transaction
from desktop.domain.errors import UserError
from desktop.domain.gold import GoldCase
from desktop.domain.schema import AnswerValue, QuestionKind, Schema, Scope, shown_questions
from desktop.domain.study import Case
from desktop.domain.task import Assignment


class MakeGold(Command, frozen=True):
    """Make one reader's work on a case the known answer, as it is now.

    The answers to the case's questions count, and the regions where there are any or where the
    reader said that there is nothing to find. An earlier known answer is replaced.
    """

    case_of: ClassVar[str] = ""

    case_id: str
    from_reader_id: str
    concept: str = ""
    difficulty: str = ""

    @property
    def title(self) -> str:
        return "Make case gold"

    def apply(self, txn: Transaction) -> None:
        case = txn.get(Case, self.case_id)
        mine = {"case_id": self.case_id, "reader_id": self.from_reader_id}
        regions = tuple(txn.find(Annotation, **mine))
        ids = {a.id for a in regions}
        slices = tuple(
            s for s in txn.find(MaskSlice, case_id=self.case_id) if s.annotation_id in ids
        )
        schema = txn.maybe(Schema, case.schema_id) if case.schema_id else None
        asked = (*schema.questions, *schema.retired_questions) if schema else ()
        # words are never right or wrong word for word
        texts = {q.id for q in asked if q.kind is QuestionKind.TEXT}
        given = {
            a.question_id: a.value
            for a in txn.find(Answer, **mine)
            if a.target.scope is Scope.STUDY
        }
        hidden = _hidden(schema, given) if schema else set()
        answers = {k: v for k, v in given.items() if k not in texts | hidden}
        state = txn.maybe(Assignment, Assignment.id_for(self.case_id, self.from_reader_id))
        has_regions = bool(regions) or bool(state and state.no_finding)
        if not answers and not has_regions:
            raise UserError(
                "There is no answer on this case yet.",
                "Gold needs answers, regions or an explicit no finding.",
                "Read the case first.",
            )
        gold = GoldCase(
            id=GoldCase.id_for(self.case_id),
            case_id=self.case_id,
            author_id=self.from_reader_id,
            concept=self.concept.strip(),
            difficulty=self.difficulty.strip(),
            answers=answers,
            has_regions=has_regions,
            regions=regions,
            slices=slices,
        )
        old = txn.maybe(GoldCase, gold.id)
        if old is None or replace(old, created_utc="") != gold:
            txn.put(replace(gold, created_utc=txn.now_utc()))


def _hidden(schema: Schema, given: Mapping[str, AnswerValue]) -> set[str]:
    """Questions of the schema that are not asked with these answers: what they hold is no truth."""
    asked = [q for q in schema.questions if q.scope is Scope.STUDY]
    return {q.id for q in asked} - {q.id for q in shown_questions(asked, given)}


class RemoveGold(Command, frozen=True):
    """A case is no gold any more; who was measured by it is not measured by it from now on."""

    case_of: ClassVar[str] = ""

    case_id: str

    @property
    def title(self) -> str:
        return "Take gold back"

    def apply(self, txn: Transaction) -> None:
        txn.delete(GoldCase, GoldCase.id_for(self.case_id))
