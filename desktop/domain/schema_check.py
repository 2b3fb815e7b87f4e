"""What is wrong with a schema, in sentences that say where."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass

from desktop.domain.condition import Condition
from desktop.domain.errors import UserError
from desktop.domain.schema import (
    LabelClass,
    Question,
    QuestionKind,
    Schema,
    Scope,
    check_answer,
)

PICTURE_BYTES = 200 * 1024
DATA_URL = "data:image/png;base64,"
_PNG = b"\x89PNG\r\n\x1a\n"
_COLOUR = re.compile(r"^#[0-9A-Fa-f]{6}$")
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
_WITH_CHOICES = (
    QuestionKind.CHOICE,
    QuestionKind.MULTIPLE,
    QuestionKind.TREE,
    QuestionKind.RANKING,
)


@dataclass(frozen=True)
class Problem:
    """One mistake. ``part`` is "schema", "class" or "question"; ``of`` the id of that part."""

    part: str
    of: str
    sentence: str


def check_schema(schema: Schema) -> None:
    """Raise UserError with the first mistake; a schema that passes can be added."""
    for problem in schema_problems(schema):
        raise UserError("The schema has a mistake.", problem.sentence)


def schema_problems(schema: Schema) -> list[Problem]:
    """All mistakes, those of the whole first."""
    found = [Problem("schema", "", s) for s in _of_whole(schema)]
    for item in schema.classes:
        found += [Problem("class", str(item.id), s) for s in _of_class(item, schema)]
    for question in schema.questions:
        found += [Problem("question", question.id, s) for s in _of_question(question, schema)]
    return found


def picture_bytes(data: str) -> bytes:
    """The PNG of a data URL; UserError where it is none or too large."""
    try:
        content = b64decode(data.removeprefix(DATA_URL), validate=True)
    except (NotBase64, ValueError):
        content = b""
    if not data.startswith(DATA_URL) or not content.startswith(_PNG):
        raise UserError("An example image must be a PNG.")
    if len(content) > PICTURE_BYTES:
        raise UserError("An example image is too large.", "200 KB is the most.")
    return content


def _of_whole(schema: Schema) -> Iterator[str]:
    if schema.version < 1 or schema.id != f"{schema.name}@{schema.version}":
        yield f"Its id must be {schema.name}@{schema.version}, with a version of 1 or more."
    if not _NAME.match(schema.name):
        yield "Its name has letters, digits, dots and hyphens only."
    if not schema.title.strip():
        yield "It needs a title."
    class_ids = [c.id for c in schema.classes + schema.retired_classes]
    if any(i < 1 for i in class_ids):
        yield "Class ids must be different and 1 or more."
    for class_id in _doubled(class_ids):
        yield f"Class ids must be different and 1 or more; {class_id} is there twice."
    for question_id in _doubled(q.id for q in schema.questions + schema.retired_questions):
        yield f"Question ids must be different; {question_id} is there twice."
    for key in _doubled(c.key for c in schema.classes if c.key):
        yield f"Two classes have the same key: {key}."
    for picture in schema.pictures:
        try:
            picture_bytes(picture.data)
        except UserError as error:
            yield f"An image of the guidelines, {picture.caption}: {error}"
    for name in _doubled(c.name.strip().casefold() for c in schema.classes):
        yield f"Two classes have the same name: {name}."


def _of_class(item: LabelClass, schema: Schema) -> Iterator[str]:
    if not item.name.strip():
        yield "A class needs a name."
    if not _COLOUR.match(item.color):
        yield f"Colours are written #RRGGBB; {item.name} has {item.color}."
    if item.key not in {"", *"123456789"}:
        yield f"The key of {item.name} must be a digit from 1 to 9."
    if item.parent is not None and not any(c.id == item.parent for c in schema.classes):
        yield f"The class above {item.name} is not there."
    elif item.id in schema.above(item):
        yield f"{item.name} lies above itself."


def _of_question(question: Question, schema: Schema) -> Iterator[str]:
    words = question.text.strip()
    if not question.id.strip() or not words:
        yield "A question needs an id and words."
    yield from _of_choices(question)
    yield from _of_range(question)
    if question.class_ids and question.scope is not Scope.REGION:
        yield f"“{words}” names classes, but is not about regions."
    elif unknown := set(question.class_ids) - {c.id for c in schema.classes}:
        yield f"“{words}” is about class {min(unknown)}, which is not there."
    for picture in question.pictures:
        try:
            picture_bytes(picture.data)
        except UserError as error:
            yield f"“{words}”: {error}"
    if question.show_if is not None:
        yield from _of_condition(question, question.show_if, schema)


def _of_choices(question: Question) -> Iterator[str]:
    words = question.text.strip()
    listed = [path[-1] for top in question.choices for path in top.walk()]
    if question.kind in _WITH_CHOICES and not listed:
        yield f"“{words}” has no answers to choose from."
    elif question.kind not in _WITH_CHOICES and listed:
        yield f"“{words}” has answers to choose from, but is a {question.kind.value} question."
    if any(c.children for c in listed) and question.kind is not QuestionKind.TREE:
        yield f"“{words}” has answers below others, but is not a tree."
    if question.kind is QuestionKind.RANKING and len(listed) == 1:
        yield f"“{words}” has only one thing to rank."
    if any(not c.id.strip() or not c.text.strip() for c in listed):
        yield f"An answer of “{words}” has no id or no words."
    for choice_id in _doubled(c.id for c in listed):
        yield f"“{words}” has the answer {choice_id} twice."


def _of_range(question: Question) -> Iterator[str]:
    words, low, high = question.text.strip(), question.minimum, question.maximum
    if low is not None and high is not None and low > high:
        yield f"“{words}”: the least is more than the most."
    if question.kind is QuestionKind.RATING:
        whole = all(v is None or v == int(v) for v in (low, high))
        if not whole or not 1 <= question.rating_range()[1] - question.rating_range()[0] <= 10:
            yield f"“{words}”: a rating has 2 to 11 whole steps."
            return
    try:
        check_answer(question, question.default)
    except UserError:
        yield f"“{words}”: what is answered by default is not a possible answer."


def _of_condition(question: Question, condition: Condition, schema: Schema) -> Iterator[str]:
    words = question.text.strip()
    known = {q.id: q for q in schema.questions}
    for leaf in condition.leaves():
        asked = known.get(leaf.question_id)
        if asked is None:
            yield f"A condition of “{words}” names a question that is not there."
        elif asked.scope is not question.scope:
            yield f"A condition of “{words}” looks at a question about something else."
        elif not leaf.any_of and leaf.at_least is None and leaf.at_most is None:
            yield f"A condition of “{words}” names no answers."
        elif impossible := [v for v in leaf.any_of if not _possible(asked, v)]:
            yield f"A condition of “{words}” waits for {impossible[0]}, which nobody can answer."
    if _has_empty_part(condition):
        yield f"A condition of “{words}” is empty."
    if _in_circle(question, known):
        yield f"“{words}” depends on itself."


def _possible(asked: Question, value: str | bool) -> bool:
    if asked.kind is QuestionKind.YES_NO or isinstance(value, bool):
        return asked.kind is QuestionKind.YES_NO and isinstance(value, bool)
    if asked.kind in _WITH_CHOICES:
        return value in asked.paths()
    return asked.kind in (QuestionKind.TEXT, QuestionKind.DATE)


def _has_empty_part(condition: Condition) -> bool:
    parts = condition.parts()
    return (not condition.question_id and not parts) or any(_has_empty_part(p) for p in parts)


def _in_circle(question: Question, known: dict[str, Question]) -> bool:
    seen: set[str] = set()
    waiting = list(question.show_if.question_ids()) if question.show_if else []
    while waiting:
        name = waiting.pop()
        if name == question.id:
            return True
        other = known.get(name)
        if name not in seen and other is not None and other.show_if is not None:
            waiting += other.show_if.question_ids()
        seen.add(name)
    return False


def _doubled(values: Iterable[Hashable]) -> list[Hashable]:
    return [value for value, count in Counter(values).items() if count > 1]
