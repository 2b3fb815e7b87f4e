"""Commands about a reader's own note on a case; each changes one part of it."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from desktop.domain.case_note import LEAST_SURE, MOST_SURE, CaseNote
from desktop.domain.contracts import Command, Transaction
from desktop.domain.errors import UserError
from desktop.domain.study import Case

LONGEST_FLAG = 40


class CommentCase(Command, frozen=True):
    """Say something about a case in one's own words; "" takes it back."""

    case_id: str
    comment: str

    @property
    def title(self) -> str:
        return "Comment on case" if self.comment.strip() else "Clear comment"

    def apply(self, txn: Transaction) -> None:
        _change(txn, self.case_id, comment=self.comment.strip())


class RateConfidence(Command, frozen=True):
    """Say how sure one is of the whole reading, 1 to 5; None takes it back."""

    case_id: str
    confidence: int | None

    @property
    def title(self) -> str:
        if self.confidence is None:
            return "Clear confidence"
        return f"Confidence {self.confidence} of {MOST_SURE}"

    def apply(self, txn: Transaction) -> None:
        given = self.confidence
        if given is not None and not LEAST_SURE <= given <= MOST_SURE:
            raise UserError("Confidence goes from 1 to 5.", f"{given} is neither.")
        _change(txn, self.case_id, confidence=given)


class FlagCase(Command, frozen=True):
    """Put a word on a case by which it is found again; "" takes it off."""

    case_id: str
    word: str

    @property
    def title(self) -> str:
        word = _tidy(self.word)
        return f"Flag case: {word}" if word else "Take off flag"

    def apply(self, txn: Transaction) -> None:
        word = _tidy(self.word)
        if len(word) > LONGEST_FLAG:
            raise UserError(
                "A flag is a word or two.", f"At most {LONGEST_FLAG} letters.", "Use the comment."
            )
        _change(txn, self.case_id, flag=word)


def _tidy(word: str) -> str:
    return " ".join(word.split())


def _change(txn: Transaction, case_id: str, **parts: Any) -> None:
    txn.get(Case, case_id)
    note_id = CaseNote.id_for(case_id, txn.reader_id)
    old = txn.maybe(CaseNote, note_id)
    empty = CaseNote(id=note_id, case_id=case_id, reader_id=txn.reader_id)
    new = replace(old or empty, **parts)
    if not new.is_empty:
        txn.put(new)
    elif old is not None:
        txn.delete(CaseNote, note_id)
