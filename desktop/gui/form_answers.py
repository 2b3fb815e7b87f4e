"""The form's answers as they stand: by scope, with what is shown and what is still missing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from desktop.commands.annotation import AnswerRegion
from desktop.commands.project import AnswerQuestion
from desktop.domain.annotation import Annotation, Target
from desktop.domain.schema import AnswerValue, Question, Schema, Scope, shown_questions
from desktop.domain.study import FrameRef
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


@dataclass(frozen=True)
class OpenQuestion:
    """A required question that is shown and unanswered, with what it is about.

    ``index`` is the place of an image in its series, ``more`` how many other images wait for the
    same answer.
    """

    question: Question
    target: Target
    region: Annotation | None = None
    index: int = 0
    about: str = ""
    more: int = 0

    @property
    def words(self) -> str:
        """How it is told: the question, and where."""
        others = f" and {self.more:,} more" if self.more else ""
        return f"{self.question.text} ({self.about}{others})" if self.about else self.question.text


def open_questions(reading: Reading, schema: Schema) -> list[OpenQuestion]:
    """All that keeps the case from being done: of the case, of every series, image and region."""
    room, view = reading.workspace, reading.view
    if room is None or not view.case_id or not any(q.required for q in schema.questions):
        return []
    given: dict[tuple[str, FrameRef | None], dict[str, AnswerValue]] = {}
    for answer in room.answers(view.case_id):
        key = (answer.target.series_id, answer.target.frame)
        given.setdefault(key, {})[answer.question_id] = answer.value
    study = Target(scope=Scope.STUDY)
    found = [OpenQuestion(q, study) for q in _open(schema, Scope.STUDY, given.get(("", None), {}))]
    if any(q.required and q.scope in (Scope.SERIES, Scope.FRAME) for q in schema.questions):
        for number, series in enumerate(room.series(view.case_id), start=1):
            target = Target(scope=Scope.SERIES, series_id=series.id)
            about = f"series {number}"
            mine = given.get((series.id, None), {})
            found += [
                OpenQuestion(q, target, about=about) for q in _open(schema, Scope.SERIES, mine)
            ]
            found += _open_on_images(reading, schema, series.id, given)
    for region in room.annotations(view.case_id):
        own = region.label.attributes
        found += [
            OpenQuestion(q, region.target, region, about=_class_name(schema, region))
            for q in schema.region_questions(region.label.class_id)
            if q.required and q.id not in own and shown(q, schema, own)
        ]
    return found


def _class_name(schema: Schema, region: Annotation) -> str:
    """The class of a region in words; one from another schema has none here."""
    known = {c.id: c.name for c in schema.classes + schema.retired_classes}
    return known.get(region.label.class_id, "region")


def _open(schema: Schema, scope: Scope, answers: dict[str, AnswerValue]) -> list[Question]:
    return [
        q
        for q in schema.questions
        if q.required and q.scope is scope and q.id not in answers and shown(q, schema, answers)
    ]


def _open_on_images(
    reading: Reading,
    schema: Schema,
    series_id: str,
    given: dict[tuple[str, FrameRef | None], dict[str, AnswerValue]],
) -> list[OpenQuestion]:
    """Open questions about images, each at its first image; a default answers an unseen one."""
    room = reading.workspace
    if room is None or not any(q.required and q.scope is Scope.FRAME for q in schema.questions):
        return []
    untouched = [q for q in _open(schema, Scope.FRAME, {}) if q.default is None]
    first: dict[str, OpenQuestion] = {}
    for index, frame in enumerate(room.frame_refs(series_id)):
        answers = given.get((series_id, frame))
        missing = untouched if answers is None else _open(schema, Scope.FRAME, answers)
        for question in missing:
            before = first.get(question.id)
            if before is not None:
                first[question.id] = replace(before, more=before.more + 1)
                continue
            target = Target(scope=Scope.FRAME, series_id=series_id, frame=frame)
            first[question.id] = OpenQuestion(
                question, target, index=index, about=f"image {index + 1}"
            )
    return list(first.values())


def retired_answers(reading: Reading, schema: Schema) -> list[tuple[Question, AnswerValue]]:
    """Answers given to questions of the case that are no longer asked: kept, under their words."""
    room, view = reading.workspace, reading.view
    if room is None or not view.case_id or not schema.retired_questions:
        return []
    gone = {q.id: q for q in schema.retired_questions}
    return [
        (gone[a.question_id], a.value) for a in room.answers(view.case_id) if a.question_id in gone
    ]


def take_defaults(reading: Reading, schema: Schema) -> None:
    """Store what is answered by default where the reader, who saw it, said nothing else."""
    room, view = reading.workspace, reading.view
    if room is None or not view.case_id:
        return
    usual = [q for q in schema.case_questions() if q.default is not None]
    targets = [target_of(reading, scope) for scope in (Scope.STUDY, Scope.FRAME)]
    if any(q.scope is Scope.SERIES for q in usual):
        targets += [Target(scope=Scope.SERIES, series_id=s.id) for s in room.series(view.case_id)]
    given: dict[Target, dict[str, AnswerValue]] = {}
    for answer in room.answers(view.case_id) if usual else ():
        given.setdefault(answer.target, {})[answer.question_id] = answer.value
        if answer.target.scope is Scope.FRAME and answer.target not in targets:
            targets.append(answer.target)
    for target in targets if usual else ():
        own = given.get(target, {})
        for question in shown_questions(schema.case_questions(), own):
            fits = question.scope is target.scope and question.default is not None
            if fits and question.id not in own:
                reading.run(
                    AnswerQuestion(
                        case_id=view.case_id,
                        question_id=question.id,
                        value=question.default,
                        target=target,
                    )
                )
    _take_region_defaults(reading, schema)


def _take_region_defaults(reading: Reading, schema: Schema) -> None:
    room, view = reading.workspace, reading.view
    if room is None or not any(
        q.scope is Scope.REGION and q.default is not None for q in schema.questions
    ):
        return
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
