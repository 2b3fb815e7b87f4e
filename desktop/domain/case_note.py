"""What a reader says about a case beside its questions: a comment, how sure, and a flag."""

from __future__ import annotations

from typing import ClassVar

from desktop.domain.record import Record, stable_id

LEAST_SURE, MOST_SURE = 1, 5


class CaseNote(Record):
    """One reader's note on one case.

    ``confidence`` runs from 1 (a guess) to 5 (certain), None where the reader did not say.
    ``flag`` is the word under which the case is found again ("show", "ask Ada"), "" for none.
    """

    kind: ClassVar[str] = "case_note"

    case_id: str
    reader_id: str
    comment: str = ""
    confidence: int | None = None
    flag: str = ""

    @staticmethod
    def id_for(case_id: str, reader_id: str) -> str:
        return stable_id("case-note", case_id, reader_id)

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing and needs no row."""
        return not self.comment and self.confidence is None and not self.flag
