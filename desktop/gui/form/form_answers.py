"""The form's answers as they stand: by scope, with what is kept of earlier versions."""

from __future__ import annotations

from desktop.domain.annotation import Annotation, Target
from desktop.domain.schema import AnswerValue, Question, Schema, Scope
from desktop.gui.goto import current_frame
from desktop.gui.reading.reading import Reading
from desktop.workspace.schemas.open_questions import defaults


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


def retired_answers(reading: Reading, schema: Schema) -> list[tuple[Question, AnswerValue]]:
    """Answers given to questions of the case that are no longer asked: kept, under their words."""
    room, view = reading.workspace, reading.view
    if room is None or not view.case_id or not schema.retired_questions:
        return []
    gone = {q.id: q for q in schema.retired_questions}
    return [
        (gone[a.question_id], a.value) for a in room.answers(view.case_id) if a.question_id in gone
    ]


def take_defaults(reading: Reading, case_id: str) -> None:
    """Store what is answered by default where the reader, who saw it, said nothing else."""
    room = reading.workspace
    if room is not None:
        for command in list(defaults(room, case_id, current_frame(reading))):
            reading.run(command)
