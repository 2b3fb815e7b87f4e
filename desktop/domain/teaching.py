"""What a teacher labelled, what people found when they checked it, and whether a student gained."""

from __future__ import annotations

from typing import ClassVar

from desktop.domain.record import Record, Value, stable_id


class StudentTrial(Value):
    """A student beside the same learner without pseudo-labels, on real validation images.

    ``weight`` of a pseudo-label: the share of the audit that was right, of ``audited``. ``low`` to
    ``high``: the interval of the gain. ``kept``: whether a loss is excluded.
    """

    learner: str
    weight: float
    audited: int
    labelled: int
    taught: int
    checked: int
    patients: int
    student_right: int
    alone_right: int
    low: float
    high: float
    kept: bool
    sentence: str
    tried_utc: str = ""


class Teaching(Record):
    """One teacher's pseudo-labels of one question.

    ``question_id``: "" where outlines are taught instead of answers; these have no check and no
    student, because readers decide about each of them.
    ``source``: the run of a model whose suggestions were taken, "" for the project's own learner.
    ``thresholds`` by answer. ``offered``: how many labels of each answer. ``audit``: what the
    teacher said of the cases that people check; these get no suggestion, so that the check is
    blind. The pseudo-labels themselves are suggestions of run ``run_id``.
    """

    kind: ClassVar[str] = "teaching"

    schema_id: str
    question_id: str
    number: int
    teacher: str
    source: str
    thresholds: dict[str, float]
    labelled: int
    pool: int
    offered: dict[str, int]
    audit: dict[str, str]
    trial: StudentTrial | None = None
    created_utc: str = ""

    @property
    def run_id(self) -> str:
        return stable_id("pseudo-labels", self.id)

    @staticmethod
    def id_for(schema_name: str, question_id: str, number: int) -> str:
        return stable_id("teaching", schema_name, question_id, str(number))
