"""What teacher and student work on, frozen on the main thread, and their work itself.

Who may learn and who may judge is decided here, once: people's labels of the training patients
teach, open training cases are labelled, people's labels of validation patients judge. Test patients
are not looked at, and nothing that a machine made counts as people's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from desktop.domain.annotation import Answer
from desktop.domain.answer_labels import vote_labels
from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.domain.model_card import Task
from desktop.domain.model_run import ModelCase, ModelRun
from desktop.domain.proposal import Proposal
from desktop.domain.schema import Scope
from desktop.domain.split import Part, is_synthetic
from desktop.domain.study import Case, Study
from desktop.domain.teaching import StudentTrial
from desktop.engines.learning import teacher
from desktop.engines.learning.learner import learn, learners
from desktop.store import queries
from desktop.workspace.learning.learning_pool import Frozen, PoolCase
from desktop.workspace.learning.learning_topic import (
    Topic,
    frames_of,
    labelled_by_machine,
    labels_of,
)

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Said = tuple[tuple[str, ...], Floats, Floats, Ints, int]
_NEARLY_ONE = 0.05


@dataclass(frozen=True)
class Teacher:
    """``source``: the id of a model's run, "" for the project's own learner."""

    source: str
    words: str


class Role(Enum):
    """What a case is good for."""

    LABELLED = "labelled by people, in training"
    OPEN = "open, in training"
    REAL = "labelled by people, in validation"


@dataclass(frozen=True)
class School:
    """The cases of one question. ``given``: people's answers, by case."""

    frozen: Frozen
    roles: Mapping[str, Role]
    given: Mapping[str, str]

    @property
    def classes(self) -> tuple[str, ...]:
        return self.frozen.classes

    @property
    def class_words(self) -> tuple[str, ...]:
        return self.frozen.class_words

    def of(self, role: Role) -> list[PoolCase]:
        return [c for c in self.frozen.cases if self.roles[c.case_id] is role]


def teachers_of(room: Workspace, topic: Topic) -> list[Teacher]:
    """The project's own learner first, then models that answered the question."""
    found = [Teacher("", "this project's learner")]
    for run in queries.many(room._read, ModelRun):
        if run.task == Task.CLASSIFICATION.value and _answered(room, run, topic):
            found.append(Teacher(run.id, run.model))
    return found


def _answered(room: Workspace, run: ModelRun, topic: Topic) -> bool:
    """Whether a run suggested answers to the question; its first case with any speaks for all."""
    for case in queries.many(room._read, ModelCase, run_id=run.id):
        if case.offered:
            said = queries.many(room._read, Proposal, run_id=run.id, case_id=case.case_id)
            return any(p.question_id == topic.question.id and p.soft for p in said)
    return False


def roles_of(room: Workspace, topic: Topic, given: Mapping[str, str]) -> dict[Case, Role]:
    """What each case is good for; those that are good for nothing are left out."""
    answers = queries.many(room._read, Answer, question_id=topic.question.id)
    answered = {a.case_id for a in answers}
    patient = {s.id: s.patient_key for s in queries.many(room._read, Study)}
    parts = room.splits.of_patients()
    roles = {}
    for case in queries.many(room._read, Case, order="position"):
        if case.schema_id.rpartition("@")[0] != topic.schema.name or is_synthetic(case):
            continue
        part = parts.get(patient[case.study_id], Part.TRAIN)
        role = _role(case.id, part, given, answered)
        if role is not None:
            roles[case] = role
    return roles


def school_of(room: Workspace, topic: Topic) -> School:
    """Freeze the cases with their roles; synthetic and test cases have none."""
    frozen = room.learning._freeze(topic, room.learning.plan(topic))
    given = people_labels(room, topic)
    patient = {s.id: s.patient_key for s in queries.many(room._read, Study)}
    roles = roles_of(room, topic, given)
    cases = tuple(
        PoolCase(
            case_id=case.id,
            patient=patient[case.study_id],
            frames=frames_of(room, case),
            label=frozen.classes.index(given[case.id]) if case.id in given else -1,
            open=role is Role.OPEN,
            asked_by_chance=False,
        )
        for case, role in roles.items()
    )
    named = {case.id: role for case, role in roles.items()}
    return School(dataclasses.replace(frozen, cases=cases), named, given)


def people_labels(room: Workspace, topic: Topic) -> dict[str, str]:
    """The answers that people gave; a case with any machine-made answer is left out."""
    made = labelled_by_machine(room, topic)
    labels, _notes = labels_of(room, topic)
    classes = set(vote_labels(topic.question))
    return {c: name for c, name in labels.items() if c not in made and name in classes}


def _role(case_id: str, part: Part, given: Mapping[str, str], answered: set[str]) -> Role | None:
    if part is Part.VALIDATION:
        return Role.REAL if case_id in given else None
    if part is not Part.TRAIN:
        return None
    if case_id in given:
        return Role.LABELLED
    return None if case_id in answered else Role.OPEN


def ask_learner(school: School, progress: Progress) -> Said:
    """What the project's learner says of open cases, and of labelled ones it had not seen."""
    labelled, waiting = school.of(Role.LABELLED), school.of(Role.OPEN)
    rows, readable = _features(school, labelled + waiting, progress, 0.7)
    seen = np.array(readable[: len(labelled)], dtype=np.bool_)
    classes = np.array([c.label for c in labelled], dtype=np.int64)[seen]
    model = learn(
        rows[: len(labelled)][seen],
        classes,
        _groups(labelled)[seen],
        len(school.classes),
        seed=school.frozen.seed,
        names=school.frozen.plan.learners,
        progress=_part(progress, 0.7, 1.0),
    )
    known = np.array(readable[len(labelled) :], dtype=np.bool_)
    chances = model.probabilities(rows[len(labelled) :][known])
    ids = tuple(c.case_id for c, usable in zip(waiting, known, strict=True) if usable)
    return ids, chances, model.held_out, classes, len(classes)


def ask_run(room: Workspace, school: School, topic: Topic, run_id: str) -> Said:
    """What a model had suggested of open cases, and of labelled ones."""
    said: dict[str, list[float]] = {}
    for proposal in queries.many(room._read, Proposal, run_id=run_id):
        whole = proposal.target.scope is Scope.STUDY
        if proposal.question_id != topic.question.id or not proposal.soft or not whole:
            continue
        row = [proposal.soft.get(c, 0.0) for c in school.classes]
        if abs(sum(row) - 1) <= _NEARLY_ONE:
            said[proposal.case_id] = [v / sum(row) for v in row]
    waiting = [c for c in school.of(Role.OPEN) if c.case_id in said]
    if not waiting:
        raise UserError(
            "This model has said nothing of the cases that are open.",
            "",
            "Run it over them on the page Models first.",
        )
    labelled = [c for c in school.of(Role.LABELLED) if c.case_id in said]

    def rows(cases: list[PoolCase]) -> Floats:
        return np.array([said[c.case_id] for c in cases]).reshape(-1, len(school.classes))

    known = np.array([c.label for c in labelled], dtype=np.int64)
    everybody = len(school.of(Role.LABELLED))
    ids = tuple(c.case_id for c in waiting)
    return ids, rows(waiting), rows(labelled), known, everybody


def students_work(
    school: School, taught: Mapping[str, str], weight: float, audited: int, progress: Progress
) -> StudentTrial:
    """Teach and compare; any thread."""
    labelled, real = school.of(Role.LABELLED), school.of(Role.REAL)
    pupils = [c for c in school.of(Role.OPEN) if c.case_id in taught]
    everybody = labelled + pupils + real
    rows, readable = _features(school, everybody, progress, 0.5)
    usable = np.array(readable, dtype=np.bool_)
    classes = np.array(
        [c.label if c.label >= 0 else school.classes.index(taught[c.case_id]) for c in everybody],
        dtype=np.int64,
    )
    groups = _groups(everybody)
    ends = (len(labelled), len(labelled) + len(pupils))
    place = np.arange(len(everybody))
    first = usable & (place < ends[0])
    second = usable & (place >= ends[0]) & (place < ends[1])
    third = usable & (place >= ends[1])
    count, seed = len(school.classes), school.frozen.seed
    chosen = learn(
        rows[first], classes[first], groups[first], count, seed=seed,
        names=school.frozen.plan.learners, progress=_part(progress, 0.5, 0.8),
    )  # fmt: skip
    learner = next(item for item in learners() if item.name == chosen.learner)
    compared, _student = teacher.try_student(
        learner,
        (rows[first], classes[first]),
        (rows[second], classes[second]),
        weight,
        (rows[third], classes[third], groups[third]),
        count,
        seed,
        _part(progress, 0.8, 1.0),
    )
    return StudentTrial(
        learner=chosen.title,
        weight=weight,
        audited=audited,
        labelled=int(first.sum()),
        taught=int(second.sum()),
        checked=compared.checked,
        patients=compared.patients,
        student_right=compared.student_right,
        alone_right=compared.alone_right,
        low=round(compared.low, 6),
        high=round(compared.high, 6),
        kept=compared.is_kept,
        sentence=compared.sentence,
    )


def _features(
    school: School, cases: list[PoolCase], progress: Progress, end: float
) -> tuple[Floats, list[bool]]:
    return school.frozen.book.features(cases, school.frozen, _part(progress, 0.0, end))


def _groups(cases: list[PoolCase]) -> Ints:
    _names, groups = np.unique([c.patient for c in cases], return_inverse=True)
    return np.asarray(groups, dtype=np.int64)


def _part(progress: Progress, start: float, end: float) -> Progress:
    """A part of a longer job, cancelled with it."""

    def report(fraction: float, text: str) -> None:
        progress.report(start + (end - start) * fraction, text)

    return Progress(report)
