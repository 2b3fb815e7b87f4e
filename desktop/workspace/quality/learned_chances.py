"""Probabilities that the application learns here: each case by a model that never saw its patient.

The learner of the Learning page is taught from the readers' answers in folds of whole patients, so
that what it says of a case was not learned from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from desktop.domain.answer_labels import label_value
from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.domain.learning import RoundPlan
from desktop.domain.record import to_json
from desktop.domain.schema import Question
from desktop.store import tallies
from desktop.workspace.learning.learning_pool import Frozen, teach
from desktop.workspace.learning.learning_topic import Topic

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

LEARNED = "learned:"  # the source's id is this and the topic
Chances = dict[tuple[str, str], dict[str, float]]


@dataclass(frozen=True)
class Lesson:
    """What is to be learned, fixed on the main thread."""

    topic: str
    question: Question
    frozen: Frozen

    @property
    def source(self) -> str:
        """Where the probabilities come from, in words."""
        return "what was learned from the answers here, in folds of patients"


def lessons(workspace: Workspace) -> list[Topic]:
    """Questions that can be learned and that somebody has answered."""
    return [t for t in workspace.learning.topics() if tallies.is_answered(workspace._read, t.key)]


def lesson(workspace: Workspace, source_id: str) -> Lesson:
    """All that learning needs; main thread."""
    key = source_id.removeprefix(LEARNED)
    topic = next((t for t in workspace.learning.topics() if t.key == key), None)
    if topic is None:
        raise UserError("This question can't be learned.", key, "Choose one with answers to pick.")
    frozen = workspace.learning.frozen_for_check(topic, RoundPlan(student=False))
    return Lesson(topic.key, topic.question, frozen)


def learned_chances(given: Lesson, progress: Progress) -> Chances:
    """By topic and case: chances of each answer as JSON text; any thread."""
    frozen = given.frozen
    taught = teach(frozen, progress)
    if taught.model is None:
        raise UserError("There is no model yet.", "", "It takes two different answers.")
    answers = [to_json(label_value(given.question, name)) for name in frozen.classes]
    rows = np.flatnonzero((taught.labels >= 0) & taught.usable)
    return {
        (given.topic, frozen.cases[row].case_id): dict(zip(answers, map(float, held), strict=True))
        for row, held in zip(rows.tolist(), taught.model.held_out, strict=True)
    }
