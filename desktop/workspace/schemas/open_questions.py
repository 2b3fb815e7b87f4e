"""What a case still needs: required questions that are open, and answers that stand by default."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from desktop.commands.annotation import AnswerRegion
from desktop.commands.project import AnswerQuestion
from desktop.domain.annotation import Annotation, Target
from desktop.domain.schema import AnswerValue, Question, Schema, Scope, shown_questions
from desktop.domain.study import FrameRef

if TYPE_CHECKING:
    from desktop.workspace.view import ProjectView

_Answers = dict[tuple[str, FrameRef | None], dict[str, AnswerValue]]


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


def counted(found: list[OpenQuestion]) -> str:
    """How many are open, as a sentence without its stop."""
    if len(found) == 1:
        return "1 required question is open"
    return f"{len(found):,} required questions are open"


def open_questions(room: ProjectView, case_id: str) -> list[OpenQuestion]:
    """All that keeps the case from being done: of the case, of every series, image and region."""
    schema = room.schema(case_id) if case_id else None
    if schema is None or not any(q.required for q in schema.questions):
        return []
    given: _Answers = {}
    for answer in room.answers(case_id):
        key = (answer.target.series_id, answer.target.frame)
        given.setdefault(key, {})[answer.question_id] = answer.value
    study = Target(scope=Scope.STUDY)
    found = [OpenQuestion(q, study) for q in _open(schema, Scope.STUDY, given.get(("", None), {}))]
    if any(q.required and q.scope in (Scope.SERIES, Scope.FRAME) for q in schema.questions):
        for number, series in enumerate(room.series(case_id), start=1):
            target = Target(scope=Scope.SERIES, series_id=series.id)
            about = f"series {number}"
            mine = given.get((series.id, None), {})
            found += [
                OpenQuestion(q, target, about=about) for q in _open(schema, Scope.SERIES, mine)
            ]
            found += _open_on_images(room, schema, series.id, given)
    for region in room.annotations(case_id):
        own = region.label.attributes
        found += [
            OpenQuestion(q, region.target, region, about=_class_name(schema, region))
            for q in schema.region_questions(region.label.class_id)
            if q.required and q.id not in own and is_asked(q, schema, own)
        ]
    return found


def is_asked(question: Question, schema: Schema, answers: dict[str, AnswerValue]) -> bool:
    """Whether a question is asked now; the same rule decides what is exported."""
    return question in shown_questions(schema.questions, answers)


def defaults(
    room: ProjectView, case_id: str, seen: FrameRef | None = None
) -> Iterator[AnswerQuestion | AnswerRegion]:
    """The answers that are stored by default where the reader said nothing else.

    An image counts as seen where it has an answer already, or is ``seen``.
    """
    schema = room.schema(case_id) if case_id else None
    if schema is None or all(q.default is None for q in schema.questions):
        return
    yield from _case_defaults(room, case_id, schema, seen)
    yield from _region_defaults(room, case_id, schema)


def _class_name(schema: Schema, region: Annotation) -> str:
    """The class of a region in words; one from another schema has none here."""
    known = {c.id: c.name for c in schema.classes + schema.retired_classes}
    return known.get(region.label.class_id, "region")


def _open(schema: Schema, scope: Scope, answers: dict[str, AnswerValue]) -> list[Question]:
    return [
        q
        for q in schema.questions
        if q.required and q.scope is scope and q.id not in answers and is_asked(q, schema, answers)
    ]


def _open_on_images(
    room: ProjectView, schema: Schema, series_id: str, given: _Answers
) -> list[OpenQuestion]:
    """Open questions about images, each at its first image; a default answers an unseen one."""
    if not any(q.required and q.scope is Scope.FRAME for q in schema.questions):
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


def _case_defaults(
    room: ProjectView, case_id: str, schema: Schema, seen: FrameRef | None
) -> Iterator[AnswerQuestion]:
    usual = [q for q in schema.case_questions() if q.default is not None]
    if not usual:
        return
    targets = [Target(scope=Scope.STUDY)]
    if seen is not None:
        series_id = room.instance(seen.instance_id).series_id
        targets.append(Target(scope=Scope.FRAME, series_id=series_id, frame=seen))
    if any(q.scope is Scope.SERIES for q in usual):
        targets += [Target(scope=Scope.SERIES, series_id=s.id) for s in room.series(case_id)]
    given: dict[Target, dict[str, AnswerValue]] = {}
    for answer in room.answers(case_id):
        given.setdefault(answer.target, {})[answer.question_id] = answer.value
        if answer.target.scope is Scope.FRAME and answer.target not in targets:
            targets.append(answer.target)
    for target in targets:
        own = given.get(target, {})
        for question in shown_questions(schema.case_questions(), own):
            fits = question.scope is target.scope and question.default is not None
            if fits and question.id not in own:
                yield AnswerQuestion(
                    case_id=case_id, question_id=question.id, value=question.default, target=target
                )


def _region_defaults(room: ProjectView, case_id: str, schema: Schema) -> Iterator[AnswerRegion]:
    if not any(q.scope is Scope.REGION and q.default is not None for q in schema.questions):
        return
    for region in room.annotations(case_id):
        own = region.label.attributes
        for question in shown_questions(schema.region_questions(region.label.class_id), own):
            if question.default is not None and question.id not in own and not region.locked:
                yield AnswerRegion(
                    case_id=case_id,
                    annotation_id=region.id,
                    question_id=question.id,
                    value=question.default,
                )
