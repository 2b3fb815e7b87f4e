"""Consensus of answers: votes for questions and for the presence of a class, medians of numbers."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
from msgspec.structs import replace

from desktop.domain.annotation import Answer, Label, Target
from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.domain.number_words import number_text
from desktop.domain.record import stable_id
from desktop.domain.schema import AnswerValue, Question, QuestionKind, Scope
from desktop.engines.consensus.box_consensus import fuse_measurements
from desktop.engines.consensus.consensus import Consensus, fit_predict, recommended
from desktop.engines.estimate import Options
from desktop.engines.votes import NO_LABEL, Votes, item_key, label_name, vote_labels
from desktop.workspace.claims.case_claims import CaseClaims
from desktop.workspace.claims.consensus_report import (
    ConsensusReport,
    Line,
    Read,
    Subject,
    SubjectKind,
    draft,
    provenance,
)

Item = tuple[CaseClaims, Target]
_YEAR = 365.0  # days by which dates are entirely apart
_PRESENCE = ("no", "yes")
_OPTIONS = ("seed", "smoothing", "max_iterations", "restarts")


def vote_on_cases(
    read: Read, subject: Subject, method: str, settings: dict[str, float], progress: Progress
) -> ConsensusReport:
    """The voted answer of each case (or of each series or image that was asked about)."""
    if subject.kind is SubjectKind.PRESENCE:
        triplets, items = _presence(read, subject)
        labels: tuple[str, ...] = _PRESENCE
    else:
        triplets, items = answers_of(read, subject)
        labels = vote_labels(_question(read, subject), subject.choice)
    if not triplets:
        raise UserError(
            "Nobody has answered this yet.", "", "Wait for readings, or choose something else."
        )
    votes = Votes.from_triplets(triplets, labels=labels)
    why = ""
    if not method:
        method, why = recommended(votes)
    found = fit_predict(votes, options_of(method, settings), progress)
    made = [
        _line(read, subject, votes, found, number, items[key], settings)
        for number, key in enumerate(votes.items)
    ]
    made.sort(key=lambda line: (not line.differs, -line.disagreement, line.case_title))
    return ConsensusReport(
        subject=subject,
        method=found.method,
        title=found.title,
        lines=tuple(made),
        readers=votes.n_workers,
        run_id=read.run_id,
        notes=found.notes,
        why=why,
        settings=settings,
    )


def median_of_cases(read: Read, subject: Subject) -> ConsensusReport:
    """The median of a number, with how far the readings lie apart as disagreement."""
    lines, readers = [], set()
    for claims in read.cases:
        question = _of_schema(claims, subject.question_id)
        if question is None:
            continue
        given = {
            a.reader_id: number
            for a in _valid(claims, subject.question_id)
            if (number := _number(question, a.value)) is not None
        }
        if not given:
            continue
        readers |= set(given)
        lines.append(_median_line(read, claims, question, list(given.values())))
    if not lines:
        raise UserError(
            "Nobody has answered this yet.", "", "Wait for readings, or choose something else."
        )
    lines.sort(key=lambda line: (-line.disagreement, line.case_title))
    return ConsensusReport(
        subject=subject,
        method="median",
        title="Median",
        lines=tuple(lines),
        readers=len(readers),
        run_id=read.run_id,
        notes=("The median stands beside the most frequent number.",),
    )


# votes ---------------------------------------------------------------------------------------


def answers_of(read: Read, subject: Subject) -> tuple[list[tuple[str, str, str]], dict[str, Item]]:
    """(item, reader, label) of all answers, and what each item is."""
    triplets, items = [], {}
    for claims in read.cases:
        question = _of_schema(claims, subject.question_id)
        if question is None:
            continue
        for answer in _valid(claims, subject.question_id):
            if answer.value is None:
                continue
            key = item_key(answer)
            items[key] = (claims, answer.target)
            label = label_name(question, answer.value, subject.choice)
            triplets.append((key, read.names[answer.reader_id], label))
        if question.kind is QuestionKind.MULTIPLE:
            said = {a.reader_id for a in claims.answers if a.question_id == question.id}
            for reader in set(claims.readers) - said:
                if question.id in claims.asked(reader):  # nothing ticked is an answer here
                    items[claims.case.id] = (claims, Target(scope=Scope.STUDY))
                    triplets.append((claims.case.id, read.names[reader], "no"))
    return triplets, items


def _presence(read: Read, subject: Subject) -> tuple[list[tuple[str, str, str]], dict[str, Item]]:
    triplets, items = [], {}
    for claims in read.cases:
        items[claims.case.id] = (claims, Target(scope=Scope.STUDY))
        marked = {a.reader_id for a in claims.annotations if a.label.class_id == subject.class_id}
        for reader in claims.readers:
            label = "yes" if reader in marked else "no"
            triplets.append((claims.case.id, read.names[reader], label))
    return triplets, items


def _valid(claims: CaseClaims, question_id: str) -> list[Answer]:
    """Answers to a question that their reader was shown."""
    asked = {r: claims.asked(r) for r in claims.readers}
    return [
        a
        for a in claims.answers
        if a.question_id == question_id and question_id in asked[a.reader_id]
    ]


def _line(
    read: Read,
    subject: Subject,
    votes: Votes,
    found: Consensus,
    number: int,
    item: Item,
    settings: dict[str, float],
) -> Line:
    claims, target = item
    label, counted = int(found.label[number]), int(found.majority.label[number])
    share = found.majority.share[number]
    proposal = None
    if label != NO_LABEL:
        soft = {
            name: round(float(p), 6)
            for name, p in zip(votes.labels, found.probability[number], strict=True)
        }
        proposal = _proposal(read, subject, found, votes.labels[label], claims, target, settings)
        if proposal is not None:
            readers = int(votes.raters_per_item()[number])
            made_with = provenance(found.method, settings, readers)
            certainty = min(1.0, float(found.certainty[number]))
            proposal = replace(proposal, soft=soft, score=certainty, provenance=made_with)
    return Line(
        case_id=claims.case.id,
        case_title=claims.case.title,
        majority=_words(claims, subject, votes, counted),
        answer=_words(claims, subject, votes, label),
        certainty=float(found.certainty[number]),
        disagreement=float(1 - share.max()) if share.size else 0.0,
        differs=bool(found.differs[number]),
        proposal=proposal,
        frame=target.frame,
    )


def _proposal(
    read: Read,
    subject: Subject,
    found: Consensus,
    label: str,
    claims: CaseClaims,
    target: Target,
    settings: dict[str, float],
) -> Any:
    """The suggestion; None where "not there" is nothing that can be drawn, and for one answer of
    several, which alone does not answer the question."""
    assert claims.schema is not None
    place = "/".join((claims.case.id, target.series_id, target.frame.key if target.frame else ""))
    proposal_id = stable_id(read.run_id, place, found.method, label)
    made = draft(claims, claims.schema, proposal_id, read.run_id, provenance(found.method, {}, 0))
    if subject.kind is SubjectKind.PRESENCE:
        if label != "yes":
            return None
        return replace(made, label=Label(class_id=subject.class_id), target=target)
    question = claims.schema.question(subject.question_id)
    if question.kind is QuestionKind.MULTIPLE:
        return None
    value: AnswerValue = label == "yes" if question.kind is QuestionKind.YES_NO else label
    return replace(made, question_id=question.id, value=value, target=target)


def _words(claims: CaseClaims, subject: Subject, votes: Votes, label: int) -> str:
    if label == NO_LABEL:
        return "tied"
    name = votes.labels[label]
    question = _of_schema(claims, subject.question_id)
    if question is None or question.kind not in (QuestionKind.CHOICE, QuestionKind.TREE):
        return name.capitalize()
    return question.choice_texts().get(name, name)


# numbers -------------------------------------------------------------------------------------


def _median_line(read: Read, claims: CaseClaims, question: Question, values: list[float]) -> Line:
    assert claims.schema is not None
    fused = fuse_measurements(np.array(values)[:, None])
    median = float(fused.median[0])
    if question.kind in (QuestionKind.RATING, QuestionKind.DATE):
        median = float(round(median))
    low, high = float(fused.lowest[0]), float(fused.highest[0])
    is_date = question.kind is QuestionKind.DATE
    reach = _YEAR if is_date else max(abs(low), abs(high), 1e-9)
    apart = min(1.0, (high - low) / reach)
    numbers, times = np.unique(values, return_counts=True)
    often = numbers[times == times.max()]
    majority = _measured(question, often[0]) if len(often) == 1 else "tied"
    answer = _measured(question, median)
    proposal_id = stable_id(read.run_id, claims.case.id, "median", answer)
    ends = {"lowest": _measured(question, low), "highest": _measured(question, high)}
    made_with = provenance("median", {}, len(values), ends)
    made = draft(claims, claims.schema, proposal_id, read.run_id, made_with)
    unit = f" {question.unit}" if question.unit else ""
    return Line(
        case_id=claims.case.id,
        case_title=claims.case.title,
        majority=f"{majority}{unit}" if majority != "tied" else majority,
        answer=f"{answer}{unit}",
        certainty=1 - apart,
        disagreement=apart,
        differs=majority != answer,
        proposal=replace(
            made,
            question_id=question.id,
            value=answer if is_date else median,
            score=1 - apart,
        ),
    )


def _number(question: Question, value: AnswerValue) -> float | None:
    """A measured answer as a number, dates in days."""
    if question.kind is QuestionKind.DATE:
        return float(datetime.date.fromisoformat(value).toordinal()) if value else None  # type: ignore[arg-type]
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number else None  # type: ignore[arg-type]


def _measured(question: Question, number: float) -> str:
    if question.kind is QuestionKind.DATE:
        return datetime.date.fromordinal(round(number)).isoformat()
    return number_text(number)


def question_of(read: Read, subject: Subject) -> Question | None:
    """The question as the newest version asks it; None for a class."""
    return _question(read, subject) if subject.kind is SubjectKind.QUESTION else None


def _question(read: Read, subject: Subject) -> Question:
    """The question as the newest version asks it."""
    found = [q for c in read.cases if (q := _of_schema(c, subject.question_id)) is not None]
    if not found:
        raise UserError("No case asks this question.", subject.title)
    return max(found, key=lambda q: len(q.choices))


def _of_schema(claims: CaseClaims, question_id: str) -> Question | None:
    questions = claims.schema.case_questions() if claims.schema else ()
    return next((q for q in questions if q.id == question_id), None)


def options_of(method: str, settings: dict[str, float]) -> Options:
    """How votes are counted, from a method's name and numbers."""
    own = Options()
    limit = settings.get("max_iterations")
    return Options(
        method=method,
        seed=int(settings.get("seed", own.seed)),
        smoothing=settings.get("smoothing", own.smoothing),
        restarts=int(settings.get("restarts", own.restarts)),
        max_iterations=None if limit is None else int(limit),
        extra={k: v for k, v in settings.items() if k not in _OPTIONS},
    )
