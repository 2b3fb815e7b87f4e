"""A question that is learned, and everything a round needs to know of it, taken at one moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop.commands.origin_lock import is_locked_label
from desktop.domain.annotation import Answer, Origin
from desktop.domain.answer_labels import label_name, vote_labels
from desktop.domain.errors import UserError
from desktop.domain.learning import LearningQuery, LearningRound, LearningSkip, RoundPlan
from desktop.domain.record import stable_id
from desktop.domain.schema import Question, Schema
from desktop.domain.split import Part, is_synthetic
from desktop.domain.study import Case, FrameRef, Study
from desktop.domain.task import Assignment, AssignmentState
from desktop.store import queries
from desktop.workspace.learning.learning_pool import FeatureBook, Frozen, PoolCase

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

Asked = Sequence[tuple[LearningRound, Sequence[LearningQuery]]]


@dataclass(frozen=True)
class Topic:
    """A question that can be learned: of the whole case, with answers to choose from."""

    schema: Schema
    question: Question

    @property
    def key(self) -> str:
        return f"{self.schema.name}/{self.question.id}"

    @property
    def words(self) -> str:
        return f"{self.question.text} ({self.schema.title})"


def freeze(
    workspace: Workspace, topic: Topic, plan: RoundPlan, before: Asked, book: FeatureBook
) -> Frozen:
    """What the next round is made of. ``before``: the rounds so far with what they asked about."""
    rounds = [r for r, _ in before]
    number = rounds[-1].number + 1 if rounds else 1
    classes = vote_labels(topic.question)
    texts = topic.question.choice_texts()
    asked = _why_asked(before)
    labels, notes = labels_of(workspace, topic)
    resting = _resting(workspace, rounds, number, plan.cooldown)
    machine = labelled_by_machine(workspace, topic)
    cases = tuple(
        PoolCase(
            case_id=case.id,
            patient=patient,
            frames=frames_of(workspace, case),
            label=classes.index(labels[case.id]) if case.id in labels else -1,
            open=case.id not in resting,
            asked_by_chance=asked.get(case.id) == "random",
            by_machine=case.id in machine,
        )
        for case, patient in _pool(workspace, topic)
    )
    if not cases:
        raise UserError(
            "No case is read with this question, or all of them are held back.",
            "",
            "Choose its schema for some cases first.",
        )
    surprised, answered = _surprise(before, labels)
    return Frozen(
        question_id=topic.question.id,
        schema_id=topic.schema.id,
        round_id=LearningRound.id_for(topic.question.id, topic.schema.name, number),
        number=number,
        seed=int(stable_id("learning-seed", topic.key, str(number))[:7], 16),
        plan=plan,
        classes=classes,
        class_words=tuple(texts.get(c, c.capitalize()) for c in classes),
        cases=cases,
        before=rounds[-1] if rounds else None,
        surprised=surprised,
        answered=answered,
        notes=notes,
        frame=workspace.frames.get,
        book=book,
        student=_student(workspace, topic, classes) if plan.student else {},
    )


def labels_of(workspace: Workspace, topic: Topic) -> tuple[dict[str, str], tuple[str, ...]]:
    """The answer of each case that counts as its label, and what was left out, in words.

    A ruling counts before the readers' majority; a tie counts as nothing. Answers of older
    versions of the schema count where their words are still offered.
    """
    given: dict[str, list[Answer]] = {}
    for answer in queries.many(workspace._read, Answer, question_id=topic.question.id):
        if answer.schema_id.rpartition("@")[0] == topic.schema.name:
            given.setdefault(answer.case_id, []).append(answer)
    labels: dict[str, str] = {}
    classes = set(vote_labels(topic.question))
    ties = gone = 0
    for case_id, answers in given.items():
        ruled = [a for a in answers if a.origin is Origin.ADJUDICATED]
        said = []
        for answer in ruled or answers:
            try:
                name = label_name(topic.question, answer.value)
            except UserError:
                name = ""
            if name in classes:
                said.append(name)
            else:
                gone += 1
        ranked = Counter(said).most_common(2)
        if len(ranked) == 2 and ranked[0][1] == ranked[1][1]:
            ties += 1
        elif ranked:
            labels[case_id] = ranked[0][0]
    notes = []
    if ties:
        notes.append(f"{ties} cases are left out: readers are split evenly.")
    if gone:
        notes.append(f"{gone} answers are left out: they are no longer offered.")
    return labels, tuple(notes)


def labelled_by_machine(workspace: Workspace, topic: Topic) -> set[str]:
    """Cases with an answer that a machine gave and somebody took over: it never checks a model."""
    found = queries.many(workspace._read, Answer, question_id=topic.question.id)
    return {a.case_id for a in found if is_locked_label(a)}


def _pool(workspace: Workspace, topic: Topic) -> list[tuple[Case, str]]:
    """Cases that are read with any version of the schema and not held back, by patient."""
    read = workspace._read
    patient = {s.id: s.patient_key for s in queries.many(read, Study)}
    parts = workspace.splits.of_patients()
    return [
        (case, patient[case.study_id])
        for case in queries.many(read, Case, order="position")
        if case.schema_id.rpartition("@")[0] == topic.schema.name
        if not is_synthetic(case)
        if parts.get(patient[case.study_id], Part.TRAIN) is Part.TRAIN
    ]


def frames_of(workspace: Workspace, case: Case) -> tuple[FrameRef, ...]:
    """What stands for a case: the only frame, or three of its longest series."""
    series = max(case.series_ids, key=lambda s: len(workspace.frame_refs(s)), default="")
    refs = workspace.frame_refs(series) if series else []
    if len(refs) < 4:
        return tuple(refs[len(refs) // 2 : len(refs) // 2 + 1])
    return tuple(refs[len(refs) * k // 4] for k in (1, 2, 3))


def _student(
    workspace: Workspace, topic: Topic, classes: tuple[str, ...]
) -> dict[str, tuple[int, float]]:
    """What teachers said of cases, with its weight, where their student was kept.

    A later teacher counts before an earlier one; what a reader rejected, or what is held back by
    now, is left out.
    """
    found = {}
    for made in workspace.teaching.runs(topic):
        if made.trial is None or not made.trial.kept or made.trial.weight <= 0:
            continue
        for proposal in workspace.teaching.pseudo_labels(made):
            name = max(proposal.soft, key=lambda c: proposal.soft[c])
            if name in classes:
                found[proposal.case_id] = (classes.index(name), made.trial.weight)
    return found


def _why_asked(before: Asked) -> dict[str, str]:
    """Why each case was asked about; a random check counts before other reasons."""
    found: dict[str, str] = {}
    for _, asked in before:
        for query in asked:
            if found.get(query.case_id) != "random":
                found[query.case_id] = query.why
    return found


def _resting(
    workspace: Workspace, rounds: Sequence[LearningRound], number: int, cooldown: int
) -> set[str]:
    """Cases that somebody passed over lately, or has skipped with a reason until it is opened."""
    ids = {r.id for r in rounds}
    resting = set()
    for skip in queries.many(workspace._read, LearningSkip):
        query = queries.maybe(workspace._read, LearningQuery, skip.query_id)
        if query and query.round_id in ids and number - skip.round_number <= cooldown:
            resting.add(skip.case_id)
    skipped = queries.many(workspace._read, Assignment, state=AssignmentState.SKIPPED.value)
    return resting | {a.case_id for a in skipped}


def _surprise(before: Asked, labels: dict[str, str]) -> tuple[int, int]:
    """How many answers to the last round differ from what the model had said, of how many."""
    if not before:
        return 0, 0
    asked = [q for q in before[-1][1] if q.predicted and q.why != "random"]
    answered = [q for q in asked if q.case_id in labels]
    return sum(labels[q.case_id] != q.predicted for q in answered), len(answered)
