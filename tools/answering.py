"""Answers from typed words: about a case, one of its series, an image or a region."""

from __future__ import annotations

from typing import NamedTuple

from desktop.commands.annotation import AnswerRegion
from desktop.commands.project import AnswerQuestion
from desktop.domain.annotation import Target
from desktop.domain.errors import UserError
from desktop.domain.schema import AnswerValue, Question, QuestionKind, Scope
from desktop.domain.study import Case
from desktop.workspace.workspace import Workspace
from tools.drawing import frames_from


class Place(NamedTuple):
    """What of a case is meant: a region by its id, else series and image, counted from 1."""

    region: str = ""
    series: int = 1
    frame: int = 1


def answer_question(
    workspace: Workspace, case: Case, question_id: str, words: str | None, place: Place
) -> str:
    """Answer one question, or clear it where ``words`` is None; returns what was done in words."""
    schema = workspace.schema(case.id)
    if schema is None:
        raise UserError("This case has no schema.", "", "Choose one first: schema.")
    question = schema.question(question_id)
    value = None if words is None else value_of(question, words)
    if question.scope is Scope.REGION:
        region = workspace.annotation(place.region) if place.region else None
        if region is None or region.case_id != case.id:
            raise UserError(
                "This question is about a region.", question.text, "Name one: --region ID."
            )
        workspace.run(
            AnswerRegion(
                case_id=case.id, annotation_id=region.id, question_id=question.id, value=value
            )
        )
    else:
        target = _target(workspace, case, question.scope, place)
        workspace.run(
            AnswerQuestion(case_id=case.id, question_id=question.id, value=value, target=target)
        )
    return f"{question.text} {'-' if words is None else words}"


def value_of(question: Question, text: str) -> AnswerValue:
    """What a person typed, as the question's kind of answer; the command checks the rest."""
    if not text:
        raise UserError("An answer is needed.", question.text, "Give a value, or --clear.")
    match question.kind:
        case QuestionKind.YES_NO:
            if text.lower() not in ("yes", "no"):
                raise UserError("Answer yes or no.", question.text)
            return text.lower() == "yes"
        case QuestionKind.NUMBER | QuestionKind.RATING:
            try:
                return float(text)
            except ValueError as error:
                raise UserError("A number is needed here.", question.text) from error
        case QuestionKind.MULTIPLE | QuestionKind.RANKING:
            return tuple(part.strip() for part in text.split(","))
        case _:
            return text


def _target(workspace: Workspace, case: Case, scope: Scope, place: Place) -> Target:
    if scope is Scope.STUDY:
        return Target(scope=scope)
    series_id, frames = frames_from(workspace, case, place.series, place.frame)
    frame = frames[0] if scope is Scope.FRAME else None
    return Target(scope=scope, series_id=series_id, frame=frame)
