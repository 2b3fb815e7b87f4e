"""Preferences: what is put side by side, and what readers say is better.

A task has prompts (a question, a case, a lesion), each with candidates: images, segmentations or
texts. Whose a candidate is (``source``: a model, a reader) is for the lead; who judges never sees
it. A segmentation is kept as it was when the task was made, so that what was judged can't change.
"""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

from desktop.domain.geometry import Geometry
from desktop.domain.proposal import ProposedFrame
from desktop.domain.record import Record, Value, stable_id
from desktop.domain.study import FrameRef


class RankingKind(str, Enum):
    """How candidates are judged: two at a time, the best of a few, tiers of a few, or each alone
    on a scale from 1 to 5."""

    PAIRWISE = "pairwise"
    BEST = "best"
    TIERS = "tiers"
    RATING = "rating"


class Ask(str, Enum):
    """Whether something is asked for."""

    NO = "no"
    OPTIONAL = "optional"
    REQUIRED = "required"


class Outcome(str, Enum):
    """What one comparison says of the two sides as they were shown."""

    LEFT = "left"
    RIGHT = "right"
    TIE = "tie"
    BOTH_BAD = "both-unacceptable"
    CANNOT = "cannot-judge"


RATING_SCALE = (1, 2, 3, 4, 5)
MOST_SHOWN = 6  # candidates side by side


class RankingTask(Record):
    """What is asked of readers. ``criteria``: the rubric's points; ratings are given for each
    (or once, without any). ``per_reader`` comparisons are asked of each reader; 0 leaves it to
    the number of candidates. ``reader_ids`` are asked, () asks all; ``seed`` draws each reader's
    order and sides."""

    kind: ClassVar[str] = "ranking_task"

    title: str
    judged: RankingKind = RankingKind.PAIRWISE
    instructions: str = ""
    criteria: tuple[str, ...] = ()
    rationale: Ask = Ask.OPTIONAL
    confidence: Ask = Ask.NO
    per_reader: int = 0
    is_open: bool = True
    created_utc: str = ""
    reader_ids: tuple[str, ...] = ()
    seed: str = ""

    def asks(self, reader_id: str) -> bool:
        """Whether this reader is asked."""
        return not self.reader_ids or reader_id in self.reader_ids


class RankingPrompt(Record):
    """One question with its candidates. ``case_id`` "" for texts without images."""

    kind: ClassVar[str] = "ranking_prompt"

    task_id: str
    order: int
    text: str = ""
    case_id: str = ""
    images: tuple[FrameRef, ...] = ()  # shown with each text, e.g. what a report is about


class CandidateRegion(Value):
    """A region as it was when the task was made; ``frames`` hold its pixels, if painted."""

    class_id: int
    schema_id: str
    geometry: Geometry | None = None
    frame: FrameRef | None = None
    frames: tuple[ProposedFrame, ...] = ()


class Candidate(Record):
    """One answer to a prompt: a text, images, or regions on images."""

    kind: ClassVar[str] = "candidate"

    task_id: str
    prompt_id: str
    order: int
    source: str = ""
    text: str = ""
    images: tuple[FrameRef, ...] = ()
    regions: tuple[CandidateRegion, ...] = ()


class Comparison(Record):
    """One reader's word on two candidates. ``repeat``: a pair judged before, sides swapped."""

    kind: ClassVar[str] = "comparison"

    task_id: str
    prompt_id: str
    reader_id: str
    left: str
    right: str
    outcome: Outcome
    repeat: bool = False
    seconds: float = 0.0
    rationale: str = ""
    confidence: int = 0  # 1 to 3, 0 where it was not given
    decided_utc: str = ""


class Ranking(Record):
    """One reader's order of the candidates ``shown``: tiers, best first; one tier is a tie.

    What is in no tier but shown was found unacceptable. ``cannot``: they could not be judged.
    """

    kind: ClassVar[str] = "ranking"

    task_id: str
    prompt_id: str
    reader_id: str
    shown: tuple[str, ...]
    tiers: tuple[tuple[str, ...], ...]
    cannot: bool = False
    seconds: float = 0.0
    rationale: str = ""
    confidence: int = 0
    decided_utc: str = ""

    @staticmethod
    def id_for(reader_id: str, shown: tuple[str, ...]) -> str:
        return stable_id("ranking", reader_id, *shown)


class Rating(Record):
    """One reader's grades of one candidate, by criterion ("" where the task has none)."""

    kind: ClassVar[str] = "rating"

    task_id: str
    prompt_id: str
    candidate_id: str
    reader_id: str
    scores: dict[str, int]
    cannot: bool = False
    seconds: float = 0.0
    rationale: str = ""
    confidence: int = 0
    decided_utc: str = ""

    @staticmethod
    def id_for(candidate_id: str, reader_id: str) -> str:
        return stable_id("rating", candidate_id, reader_id)


class TaskRecords(Value):
    """A task with everything said in it, by all readers, each list in a stable order."""

    task: RankingTask
    prompts: tuple[RankingPrompt, ...]
    candidates: tuple[Candidate, ...]
    comparisons: tuple[Comparison, ...] = ()
    rankings: tuple[Ranking, ...] = ()
    ratings: tuple[Rating, ...] = ()
