"""A schema being edited: what it was, what it is now, what is still wrong. No widgets."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from desktop.domain.condition import Condition
from desktop.domain.errors import UserError
from desktop.domain.schema import Choice, LabelClass, Question, QuestionKind, Schema, Scope
from desktop.domain.schema_check import Problem, schema_problems
from desktop.domain.schema_versions import (
    free_class_id,
    free_question_id,
    meaning_problems,
    next_version,
)
from desktop.workspace.places import resources_dir

ABOUT = {
    Scope.STUDY: "the case",
    Scope.SERIES: "each series",
    Scope.FRAME: "each image",
    Scope.REGION: "each region",
}


@dataclass(frozen=True)
class Draft:
    """``base`` is the version it started from, None for a schema that is new to the project."""

    schema: Schema
    base: Schema | None = None

    def with_(self, **changes: Any) -> Draft:
        """The draft with fields of the schema changed; a new one's id follows its name."""
        made = replace(self.schema, **changes)
        return Draft(replace(made, id=f"{made.name}@{made.version}"), self.base)

    @property
    def is_changed(self) -> bool:
        return self.schema != self.base

    @property
    def next_number(self) -> int:
        return self.base.version + 1 if self.base else self.schema.version

    def problems(self) -> list[Problem]:
        """All that keeps it from being saved."""
        found = schema_problems(self._without_retired_doubles())
        return found + (meaning_problems(self.base, self.schema) if self.base else [])

    def _without_retired_doubles(self) -> Schema:
        """Retired things that are offered again are told as what they are, not as doubled ids."""
        classes = {c.id for c in self.schema.classes}
        questions = {q.id for q in self.schema.questions}
        return replace(
            self.schema,
            retired_classes=tuple(c for c in self.schema.retired_classes if c.id not in classes),
            retired_questions=tuple(
                q for q in self.schema.retired_questions if q.id not in questions
            ),
        )

    def final(self) -> Schema:
        """What is saved: version n+1, or the first version; UserError while something is wrong."""
        if self.base is not None:
            return next_version(self.base, self.schema)
        for problem in self.problems():
            raise UserError("The schema has a mistake.", problem.sentence)
        return self.schema

    # classes -------------------------------------------------------------------------------

    def add_class(self) -> Draft:
        """One more class, with the next free id, colour and key."""
        used = {c.color for c in self.schema.classes}
        keys = {c.key for c in self.schema.classes}
        class_id = free_class_id(self._with_history())
        made = LabelClass(
            id=class_id,
            name=f"Class {class_id}",
            color=next((c for _, c in palette() if c not in used), palette()[0][1]),
            key=next((k for k in "123456789" if k not in keys), ""),
        )
        return self.with_(classes=(*self.schema.classes, made))

    def put_class(self, item: LabelClass) -> Draft:
        changed = tuple(item if c.id == item.id else c for c in self.schema.classes)
        return self.with_(classes=changed)

    def remove_class(self, class_id: int) -> Draft:
        """Without this class; what named it no longer does."""
        rest = tuple(
            replace(c, parent=None) if c.parent == class_id else c
            for c in self.schema.classes
            if c.id != class_id
        )
        questions = tuple(
            replace(q, class_ids=tuple(i for i in q.class_ids if i != class_id))
            for q in self.schema.questions
            if q.class_ids != (class_id,)
        )
        return self.with_(classes=rest, questions=questions)

    # questions -----------------------------------------------------------------------------

    def add_question(self, after: str = "") -> Draft:
        """One more question, behind another one."""
        taken = self._with_history()
        made = Question(
            id=free_question_id(taken, "question"),
            text="New question",
            kind=QuestionKind.YES_NO,
        )
        ids = [q.id for q in self.schema.questions]
        at = ids.index(after) + 1 if after in ids else len(ids)
        questions = list(self.schema.questions)
        questions.insert(at, made)
        return self.with_(questions=tuple(questions))

    def put_question(self, item: Question, old_id: str = "") -> Draft:
        """Change a question; ``old_id`` where it gets another id, which conditions then follow."""
        before = old_id or item.id
        questions = tuple(item if q.id == before else q for q in self.schema.questions)
        if before != item.id:
            questions = tuple(_following(q, before, item.id) for q in questions)
        return self.with_(questions=questions)

    def remove_question(self, question_id: str) -> Draft:
        return self.with_(questions=tuple(q for q in self.schema.questions if q.id != question_id))

    def move_question(self, question_id: str, step: int) -> Draft:
        questions = list(self.schema.questions)
        at = next(i for i, q in enumerate(questions) if q.id == question_id)
        if 0 <= at + step < len(questions):
            questions.insert(at + step, questions.pop(at))
        return self.with_(questions=tuple(questions))

    def is_new_question(self, question_id: str) -> bool:
        """Whether its id can still be chosen: no answer can have been given to it."""
        return self.base is None or question_id not in {q.id for q in self.base.questions}

    def question_id_for(self, item: Question) -> str:
        """An id from a new question's words, free in this schema and all before it."""
        others = tuple(q for q in self._with_history().questions if q.id != item.id)
        return free_question_id(replace(self._with_history(), questions=others), slug(item.text))

    def _with_history(self) -> Schema:
        """All classes and questions there are or were, for finding free ids."""
        old = self.base
        if old is None:
            return self.schema
        gone_classes = old.classes + old.retired_classes
        gone_questions = old.questions + old.retired_questions
        return replace(self.schema, retired_classes=gone_classes, retired_questions=gone_questions)


def new_schema(names: set[str]) -> Schema:
    """An empty schema with a name that is free."""
    name, number = "schema", 1
    while name in names:
        number += 1
        name = f"schema-{number}"
    return Schema(id=f"{name}@1", name=name, version=1, title="New schema")


def palette() -> list[tuple[str, str]]:
    """The label colours: name and #RRGGBB."""
    text = (resources_dir() / "palette.json").read_text(encoding="utf-8")
    return [(entry["name"], entry["color"]) for entry in json.loads(text)["colors"]]


def slug(words: str) -> str:
    """An id from words: "How good is it?" gives "how-good-is-it"."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain)[:6]) or "item"


def free_choice_id(words: str, taken: set[str]) -> str:
    """An id for a new answer, different from all others of the question."""
    number, made = 2, slug(words)
    while made in taken:
        made, number = f"{slug(words)}-{number}", number + 1
    return made


# answers as indented lines, which is how a tree is edited -------------------------------------


def flattened(choices: tuple[Choice, ...], depth: int = 0) -> list[tuple[int, Choice]]:
    """Answers with their depth, from top to bottom, without what lies below them."""
    found: list[tuple[int, Choice]] = []
    for choice in choices:
        found.append((depth, replace(choice, children=())))
        found += flattened(choice.children, depth + 1)
    return found


def nested(lines: list[tuple[int, Choice]]) -> tuple[Choice, ...]:
    """The answers from their lines; one that is too deep counts as one step deeper."""
    found: list[Choice] = []
    at = 0
    while at < len(lines):
        depth, choice = lines[at]
        end = at + 1
        while end < len(lines) and lines[end][0] > depth:
            end += 1
        found.append(replace(choice, children=nested(lines[at + 1 : end])))
        at = end
    return tuple(found)


def _following(question: Question, before: str, now: str) -> Question:
    def renamed(condition: Condition) -> Condition:
        return replace(
            condition,
            question_id=now if condition.question_id == before else condition.question_id,
            all_of=tuple(renamed(c) for c in condition.all_of),
            some_of=tuple(renamed(c) for c in condition.some_of),
            none_of=tuple(renamed(c) for c in condition.none_of),
        )

    if question.show_if is None:
        return question
    return replace(question, show_if=renamed(question.show_if))
