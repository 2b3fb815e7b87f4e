"""The form's answers as they stand: by scope, with what is shown and what is still missing."""

from __future__ import annotations

from desktop.commands.annotation import AnswerRegion
from desktop.commands.project import AnswerQuestion
from desktop.domain.annotation import Annotation, Target
from desktop.domain.schema import AnswerValue, Question, Schema, Scope, shown_questions
from desktop.gui.goto import current_frame
from desktop.gui.reading import Reading


def target_of(reading: Reading, scope: Scope) -> Target:
    """What an answer given now is about."""
    view = reading.view
    if scope is Scope.SERIES:
        return Target(scope=scope, series_id=view.series_id)
    if scope is Scope.FRAME:
        return Target(scope=scope, series_id=view.series_id, frame=current_frame(reading))
    return Target(scope=scope)


def case_answers(reading: Reading, schema: Schema) -> dict[str, AnswerValue]:
    """Answers to the case's questions, those of series and image for what is on screen."""
    room, view = reading.workspace, reading.view
    if room is None or not view.case_id:
        return {}
    targets = {scope: target_of(reading, scope) for scope in Scope}
    scopes = {q.id: q.scope for q in schema.case_questions()}
    return {
        a.question_id: a.value
        for a in room.answers(view.case_id)
        if a.question_id in scopes and a.target == targets[scopes[a.question_id]]
    }


def selected_region(reading: Reading) -> Annotation | None:
    """The region whose questions are asked: the only one selected."""
    room, view = reading.workspace, reading.view
    if room is None or len(view.selection) != 1:
        return None
    found = room.annotation(view.selection[0])
    return found if found is not None and found.case_id == view.case_id else None


def missing_of_case(reading: Reading, schema: Schema) -> list[Question]:
    """Required questions of the case that are shown and unanswered."""
    answers = case_answers(reading, schema)
    return [
        q
        for q in schema.case_questions()
        if q.required and q.id not in answers and shown(q, schema, answers)
    ]


def missing_of_regions(reading: Reading, schema: Schema) -> list[tuple[Annotation, Question]]:
    """Required questions of regions that are shown and unanswered."""
    room, view = reading.workspace, reading.view
    if room is None or not view.case_id:
        return []
    return [
        (region, q)
        for region in room.annotations(view.case_id)
        for q in schema.region_questions(region.label.class_id)
        if q.required
        and q.id not in region.label.attributes
        and shown(q, schema, region.label.attributes)
    ]


def take_defaults(reading: Reading, schema: Schema) -> None:
    """Store what is answered by default where the reader, who saw it, said nothing else."""
    room, view = reading.workspace, reading.view
    if room is None or not view.case_id:
        return
    answers = case_answers(reading, schema)
    for question in shown_questions(schema.case_questions(), answers):
        if question.default is not None and question.id not in answers:
            target = target_of(reading, question.scope)
            reading.run(
                AnswerQuestion(
                    case_id=view.case_id,
                    question_id=question.id,
                    value=question.default,
                    target=target,
                )
            )
    for region in room.annotations(view.case_id):
        own = region.label.attributes
        for question in shown_questions(schema.region_questions(region.label.class_id), own):
            if question.default is not None and question.id not in own and not region.locked:
                reading.run(
                    AnswerRegion(
                        case_id=view.case_id,
                        annotation_id=region.id,
                        question_id=question.id,
                        value=question.default,
                    )
                )


def shown(question: Question, schema: Schema, answers: dict[str, AnswerValue]) -> bool:
    """Whether a question is asked now; the same rule decides what is exported."""
    return question in shown_questions(schema.questions, answers)
