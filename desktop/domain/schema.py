"""What may be said: classes, questions, codes. Versioned and immutable; class ids never move."""

from __future__ import annotations

import calendar
import math
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import ClassVar

import msgspec

from desktop.domain.condition import AnswerValue as AnswerValue
from desktop.domain.condition import Condition as Condition
from desktop.domain.errors import UserError
from desktop.domain.number_words import number_text
from desktop.domain.record import Record, Value


class Code(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, eq=False):
    """A coded term. Two codes are equal when value and scheme are; the meaning is for people."""

    value: str
    scheme: str
    meaning: str

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Code):
            return NotImplemented
        return (self.value, self.scheme) == (other.value, other.scheme)

    def __ne__(self, other: object) -> bool:
        # the struct has a "!=" of its own, which would ask whether it is the same object
        return not self == other

    def __hash__(self) -> int:
        return hash((self.value, self.scheme))


class Scope(str, Enum):
    """What a question or label is about."""

    STUDY = "study"
    SERIES = "series"
    FRAME = "frame"
    REGION = "region"


class QuestionKind(str, Enum):
    """How a question is answered, and what is stored: the id of a choice or of a tree's node, ids
    of choices, a number (also for a rating), text, true or false, "YYYY-MM-DD", or the ids of all
    choices from first to last rank."""

    CHOICE = "choice"
    MULTIPLE = "multiple choice"
    TREE = "tree"
    NUMBER = "number"
    RATING = "rating"
    RANKING = "ranking"
    DATE = "date"
    TEXT = "text"
    YES_NO = "yes or no"


class Overlap(str, Enum):
    """Whether regions of a class may lie over others. Two exclusive classes share no pixel, unless
    one is a part of the other; a class that may overlap lies over any."""

    ALLOWED = "allowed"
    EXCLUSIVE = "exclusive"


class Choice(Value):
    """One possible answer; in a tree, with the finer ones below it."""

    id: str
    text: str
    code: Code | None = None
    children: tuple[Choice, ...] = ()

    def walk(self, above: tuple[Choice, ...] = ()) -> Iterator[tuple[Choice, ...]]:
        """This choice and all below it, each as its path from the top."""
        path = (*above, self)
        yield path
        for child in self.children:
            yield from child.walk(path)


class Picture(Value):
    """An example image beside a question: ``data`` is a PNG as data URL.

    In a schema file it may also be a path relative to the file; reading the file puts the picture
    itself in its place.
    """

    caption: str
    data: str


class Question(Value):
    """One question. ``low`` and ``high`` say in words what the ends of a rating mean; ``default``
    is what is stored when the case is closed and nothing else was answered."""

    id: str
    text: str
    kind: QuestionKind
    scope: Scope = Scope.STUDY
    choices: tuple[Choice, ...] = ()
    required: bool = False
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    help: str = ""
    show_if: Condition | None = None
    class_ids: tuple[int, ...] = ()  # for region questions: the classes asked, () for all
    default: AnswerValue = None
    pictures: tuple[Picture, ...] = ()
    low: str = ""
    high: str = ""

    def paths(self) -> dict[str, tuple[Choice, ...]]:
        """Every choice by id, also those inside a tree, as its path from the top."""
        return {path[-1].id: path for top in self.choices for path in top.walk()}

    def choice_texts(self) -> dict[str, str]:
        """The words of every choice by id; in a tree with those above it, "Lung › Upper lobe"."""
        return {i: " › ".join(c.text for c in path) for i, path in self.paths().items()}

    def rating_range(self) -> tuple[int, int]:
        """Lowest and highest step of a rating."""
        low = 1 if self.minimum is None else int(self.minimum)
        return low, 5 if self.maximum is None else int(self.maximum)


class LabelClass(Value):
    """``id`` is fixed for ever; ``key`` is the digit that picks it; ``tools`` () allows all."""

    id: int
    name: str
    color: str
    key: str = ""
    tools: tuple[str, ...] = ()
    parent: int | None = None
    code: Code | None = None  # the type, e.g. SNOMED CT "Nodule"
    category: Code | None = None  # the category, e.g. "Morphologically abnormal structure"
    overlap: Overlap = Overlap.ALLOWED


class Schema(Record):
    """One version of what a case is asked. ``id`` is "name@version".

    ``retired_classes`` and ``retired_questions`` are those of earlier versions that are no longer
    offered: their ids are never given again, and old answers keep their words.
    """

    kind: ClassVar[str] = "schema"

    name: str
    version: int
    title: str
    classes: tuple[LabelClass, ...] = ()
    questions: tuple[Question, ...] = ()
    no_finding: str = "No finding"  # the words of the explicit negative; "" where it makes no sense
    guidelines: str = ""
    retired_classes: tuple[LabelClass, ...] = ()
    retired_questions: tuple[Question, ...] = ()
    pictures: tuple[Picture, ...] = ()  # what the guidelines show; named there by their caption

    def label_class(self, class_id: int) -> LabelClass:
        """A class by its id, also one that is no longer offered."""
        for item in self.classes + self.retired_classes:
            if item.id == class_id:
                return item
        raise UserError("This label class is not in the schema.", f"Class id {class_id}.")

    def offered_class(self, class_id: int) -> LabelClass:
        """A class that new regions may have."""
        found = self.label_class(class_id)
        if found in self.retired_classes:
            raise UserError("This label class is no longer offered.", found.name)
        return found

    def question(self, question_id: str) -> Question:
        """A question by its id, also one that is no longer asked."""
        for item in self.questions + self.retired_questions:
            if item.id == question_id:
                return item
        raise UserError("This question is not in the schema.", question_id)

    def exclude_each_other(self, one_id: int, other_id: int) -> bool:
        """Whether regions of these classes may share no pixel."""
        one, other = self.label_class(one_id), self.label_class(other_id)
        if one_id == other_id or not one.overlap is other.overlap is Overlap.EXCLUSIVE:
            return False
        return other_id not in self.above(one) and one_id not in self.above(other)

    def above(self, item: LabelClass) -> set[int]:
        """Ids of the classes that this one is a part of, at any distance."""
        parents = {c.id: c.parent for c in self.classes + self.retired_classes}
        seen: set[int] = set()
        parent = item.parent
        while parent is not None and parent not in seen:
            seen.add(parent)
            parent = parents.get(parent)
        return seen

    def class_tree(self) -> list[tuple[int, LabelClass]]:
        """The offered classes, each followed by its parts, with how deep they lie."""
        ids = {c.id for c in self.classes}
        depth = {c.id: len(self.above(c) & ids) for c in self.classes}

        def below(parent: int | None) -> Iterator[LabelClass]:
            for item in self.classes:
                if (item.parent if item.parent in ids else None) == parent:
                    yield item
                    yield from below(item.id)

        return [(depth[item.id], item) for item in below(None)]

    def check_answer(self, question_id: str, value: AnswerValue) -> None:
        """Raise UserError where this can't be answered now; None clears any answer."""
        found = self.question(question_id)
        check_answer(found, value)
        if value is not None and found in self.retired_questions:
            raise UserError("This question is no longer asked.", found.text)

    def case_questions(self) -> tuple[Question, ...]:
        return tuple(q for q in self.questions if q.scope is not Scope.REGION)

    def region_questions(self, class_id: int) -> tuple[Question, ...]:
        """The attributes of a class: what is asked about each of its regions."""
        return tuple(
            q
            for q in self.questions
            if q.scope is Scope.REGION and (not q.class_ids or class_id in q.class_ids)
        )


def is_shown(question: Question, answers: Mapping[str, AnswerValue]) -> bool:
    """Whether the question's own condition holds for these answers of the same scope.

    ``shown_questions`` also asks whether the questions it depends on are shown themselves.
    """
    return question.show_if is None or question.show_if.holds(answers)


def shown_questions(
    questions: Sequence[Question], answers: Mapping[str, AnswerValue]
) -> tuple[Question, ...]:
    """The questions that are asked now, in their order: for the form and for every export.

    A question that is not shown counts as unanswered, whatever was answered before it was hidden.
    The answer to a tree question also counts as everything above it. Questions that depend on
    each other in a circle are not shown.
    """
    by_id = {q.id: q for q in questions}
    known: dict[str, bool] = {}

    def shown(question: Question) -> bool:
        if question.id not in known:
            known[question.id] = False  # while it is being worked out: nothing follows from it
            asked = question.show_if.question_ids() if question.show_if else ()
            if question.id in asked:
                return False
            seen = {
                i: _counts_as(by_id[i], answers) for i in asked if i in by_id and shown(by_id[i])
            }
            known[question.id] = is_shown(question, seen)
        return known[question.id]

    return tuple(q for q in questions if shown(q))


def _counts_as(question: Question, answers: Mapping[str, AnswerValue]) -> AnswerValue:
    value = answers.get(question.id)
    if question.kind is QuestionKind.TREE and isinstance(value, str):
        return tuple(c.id for c in question.paths().get(value, ())) or value
    return value


def check_answer(question: Question, value: AnswerValue) -> None:
    """Raise UserError where the value does not answer the question; None clears it."""
    if value is None:
        return
    match question.kind:
        case QuestionKind.NUMBER:
            _check_number(question, value)
            fits = True
        case QuestionKind.CHOICE | QuestionKind.TREE:
            fits = isinstance(value, str) and value in question.paths()
        case QuestionKind.MULTIPLE:
            fits = isinstance(value, tuple) and set(value) <= set(question.paths())
        case QuestionKind.RANKING:
            ids = sorted(c.id for c in question.choices)
            fits = isinstance(value, tuple) and sorted(value) == ids
        case QuestionKind.RATING:
            fits = _is_number(value) and value in range(*_steps(question))
        case QuestionKind.YES_NO:
            fits = isinstance(value, bool)
        case QuestionKind.TEXT:
            fits = isinstance(value, str)
        case QuestionKind.DATE:
            fits = isinstance(value, str) and is_date(value)
    if not fits:
        raise UserError("This answer does not fit the question.", question.text)


def is_date(text: str) -> bool:
    """Whether it is a day of the calendar, written YYYY-MM-DD."""
    parts = text.split("-")
    if [len(p) for p in parts] != [4, 2, 2] or not all(p.isascii() and p.isdigit() for p in parts):
        return False
    year, month, day = (int(p) for p in parts)
    return year >= 1 and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]


def _steps(question: Question) -> tuple[int, int]:
    low, high = question.rating_range()
    return low, high + 1


def _is_number(value: AnswerValue) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _check_number(question: Question, value: AnswerValue) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise UserError("A number is needed here.", question.text)
    low, high = question.minimum, question.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        limits = f"{_bound(low, 'no lower limit')} to {_bound(high, 'no upper limit')}"
        raise UserError("This number is out of range.", f"{question.text}: {limits}.")


def _bound(value: float | None, missing: str) -> str:
    return missing if value is None else number_text(value)
