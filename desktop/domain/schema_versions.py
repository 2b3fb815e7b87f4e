"""From one version of a schema to the next: ids keep their meaning, what goes is remembered."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from desktop.domain.errors import UserError
from desktop.domain.schema import LabelClass, Question, Schema
from desktop.domain.schema_check import Problem, check_schema


def next_version(old: Schema, edited: Schema) -> Schema:
    """The edited schema as version n+1, with all that it no longer offers listed as retired.

    Names, colours, keys, words and order may change. Raises UserError where an id would get
    another meaning: a class or choice with another code, a question of another kind, scope, unit
    or scale, or anything retired that comes back as something else.
    """
    for problem in meaning_problems(old, edited):
        raise UserError(
            "An id would change its meaning.", problem.sentence, "Remove it and add a new one."
        )
    class_ids = {c.id for c in edited.classes}
    question_ids = {q.id for q in edited.questions}
    made = replace(
        edited,
        id=f"{old.name}@{old.version + 1}",
        name=old.name,
        version=old.version + 1,
        retired_classes=tuple(
            c for c in old.retired_classes + old.classes if c.id not in class_ids
        ),
        retired_questions=tuple(
            q for q in old.retired_questions + old.questions if q.id not in question_ids
        ),
    )
    check_schema(made)
    return made


def check_follows(old: Schema, new: Schema) -> None:
    """Raise UserError where a version forgets or changes what an id of the one before meant."""
    for problem in meaning_problems(old, new):
        raise UserError("An id would change its meaning.", problem.sentence)
    class_ids = {c.id for c in new.classes + new.retired_classes}
    question_ids = {q.id for q in new.questions + new.retired_questions}
    gone = [c.name for c in old.classes + old.retired_classes if c.id not in class_ids]
    gone += [q.text for q in old.questions + old.retired_questions if q.id not in question_ids]
    if gone:
        raise UserError(
            "This version forgets what an earlier one asked.",
            f"{gone[0]} is missing.",
            "What is no longer offered is listed as retired, so that its answers keep their words.",
        )


def meaning_problems(old: Schema, edited: Schema) -> list[Problem]:
    """Sentences about ids that would mean something else than in the version before."""
    found = []
    classes = {c.id: c for c in old.classes}
    retired = {c.id: c for c in old.retired_classes}
    for item in edited.classes:
        sentences = _of_class(classes.get(item.id), retired.get(item.id), item)
        found += [Problem("class", str(item.id), s) for s in sentences]
    questions = {q.id: q for q in old.questions}
    gone = {q.id: q for q in old.retired_questions}
    for question in edited.questions:
        if question.id in gone:
            text = gone[question.id].text
            sentence = f"The id {question.id} belonged to “{text}” and is never given again."
            found.append(Problem("question", question.id, sentence))
        elif question.id in questions:
            changed = _of_question(questions[question.id], question)
            found += [Problem("question", question.id, s) for s in changed]
    return found


def free_class_id(schema: Schema) -> int:
    """An id that no class has or ever had."""
    return max((c.id for c in schema.classes + schema.retired_classes), default=0) + 1


def free_question_id(schema: Schema, wanted: str) -> str:
    """``wanted``, or with a number behind it where a question has or had it."""
    taken = {q.id for q in schema.questions + schema.retired_questions}
    number, made = 2, wanted
    while made in taken:
        made, number = f"{wanted}-{number}", number + 1
    return made


def _of_class(
    before: LabelClass | None, retired: LabelClass | None, now: LabelClass
) -> Iterator[str]:
    if retired is not None:
        yield f"Class id {now.id} belonged to {retired.name} and is never given again."
    elif before is not None and before.code and now.code != before.code:
        yield f"{now.name} would get another code than {before.code.meaning}."


def _of_question(before: Question, now: Question) -> Iterator[str]:
    words = f"“{now.text.strip()}”"
    if now.kind is not before.kind:
        yield f"{words} would change from {before.kind.value} to {now.kind.value}."
    elif now.scope is not before.scope:
        yield f"{words} would be about each {now.scope.value} instead of each {before.scope.value}."
    elif now.unit != before.unit:
        yield f"{words} would get another unit."
    elif before.kind.value == "rating" and now.rating_range() != before.rating_range():
        yield f"{words} would get another scale."
    paths = before.paths()
    for choice_id, path in now.paths().items():
        old = paths[choice_id][-1].code if choice_id in paths else None
        if old is not None and path[-1].code != old:
            yield f"The answer {path[-1].text} of {words} would get another code."
