"""Labels that look wrong, and what somebody said when they looked again."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

from desktop.domain.record import Record, stable_id
from desktop.domain.schema import AnswerValue


class Judgement(str, Enum):
    """What came of a doubt: the label is right as it is, or adjudicators are to rule on it."""

    RIGHT = "right"
    SENT = "sent"


class LabelDoubt(Record):
    """One suspect label and the decision about it.

    ``claim_id`` is the answer or region doubted, ``claim_sha256`` its content then: a label that
    changed since may be doubted again. ``question_id`` is "" for regions. ``source`` says whose
    probabilities or which measure raised it.
    """

    kind: ClassVar[str] = "label_doubt"

    case_id: str
    claim_id: str
    claim_sha256: str
    judgement: Judgement
    question_id: str = ""
    given: AnswerValue = None
    suggested: str = ""
    score: float = 0.0
    source: str = ""
    judged_by: str = ""
    judged_utc: str = ""

    @staticmethod
    def id_for(claim_id: str) -> str:
        return stable_id("label-doubt", claim_id)
