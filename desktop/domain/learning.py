"""Rounds of learning from readers: what was asked, why, and how good the model was then."""

from __future__ import annotations

from typing import ClassVar

from desktop.domain.record import Record, Value, stable_id


class RoundPlan(Value):
    """How a round is made. Shares sum to 1; ``random`` is the control."""

    size: int = 10
    uncertain: float = 0.8
    diverse: float = 0.0
    random: float = 0.2
    sampler: str = "cover-margin"
    extractor: str = "texture"
    learners: tuple[str, ...] = ()
    target: float = 0.95
    cooldown: int = 3  # rounds that a skipped case rests
    safe: bool = False  # whether steadiness is asked for more strictly
    student: bool = True  # whether labels of a teacher whose student was kept teach along


class Standing(Value):
    """How good a model was on the control: right of checked, with the interval."""

    right: int = 0
    checked: int = 0
    low: float = 0.0
    high: float = 1.0
    missing: int = 0

    @property
    def value(self) -> float | None:
        return self.right / self.checked if self.checked else None


class LearningRound(Record):
    """One round. The model behind it learned from ``labelled`` cases; then it was asked anew.

    ``classes``: answers as text, in the order of probabilities. ``standing``: the model on the
    control; ``by_chance``: one that learned from the control's labels alone, ``chance_labels``
    many. ``tracked``: what the model says of a random few hundred cases, by place in
    ``classes``; ``kappa`` compares it with the round before. ``surprised`` of ``answered``
    answers to the round before differed from what the model had said.
    """

    kind: ClassVar[str] = "learning_round"

    question_id: str
    schema_id: str
    number: int
    seed: int
    plan: RoundPlan
    classes: tuple[str, ...]
    labelled: int
    pool: int
    learner: str = ""
    calibrated: bool = False
    standing: Standing = Standing()
    by_chance: Standing = Standing()
    chance_labels: int = 0
    kappa: float | None = None
    surprised: int = 0
    answered: int = 0
    tracked: dict[str, int] = {}
    notes: tuple[str, ...] = ()
    created_utc: str = ""

    @staticmethod
    def id_for(question_id: str, schema_name: str, number: int) -> str:
        return stable_id("learning-round", schema_name, question_id, str(number))


class LearningQuery(Record):
    """One case that a round asks about. ``why`` is the kind, ``reason`` its words."""

    kind: ClassVar[str] = "learning_query"

    round_id: str
    case_id: str
    question_id: str
    rank: int
    why: str
    reason: str
    predicted: str = ""
    soft: dict[str, float] = {}

    @staticmethod
    def id_for(round_id: str, case_id: str) -> str:
        return stable_id("learning-query", round_id, case_id)


class LearningSkip(Record):
    """A reader passed over a case of the queue, with the reason."""

    kind: ClassVar[str] = "learning_skip"

    query_id: str
    case_id: str
    reader_id: str
    reason: str
    round_number: int
    skipped_utc: str = ""

    @staticmethod
    def id_for(query_id: str, reader_id: str) -> str:
        return stable_id("learning-skip", query_id, reader_id)
