"""Rules that vote on cases, frames or regions, and what became of running them.

A rule says what it looks at (its kind and parameters), what it votes for where that holds, and
what, if anything, where it does not. Whatever it makes stays a vote; a reader makes a label of it.
"""

from __future__ import annotations

import hashlib
from typing import ClassVar

from desktop.domain.answer_labels import NO_YES, vote_labels
from desktop.domain.errors import UserError
from desktop.domain.record import Record, Value, stable_id, to_json
from desktop.domain.schema import AnswerValue, LabelClass, Question, Schema, Scope

PICKED = "picked by rules"  # the tag of cases that went to readers because rules were in doubt
LEVELS = (Scope.STUDY, Scope.FRAME, Scope.REGION)


class RuleTarget(Value):
    """What rules vote about: a question of a schema, or whether there is something of a class.

    ``level``: for each case (study), frame or region. ``choice``: of a question with several
    answers, the one that is voted on. ``class_id`` is used where there is no question.
    """

    schema_name: str
    level: Scope = Scope.STUDY
    question_id: str = ""
    choice: str = ""
    class_id: int = 0

    @property
    def key(self) -> str:
        """The same for the same target, on every machine."""
        return stable_id("rule-target", to_json(self))

    def question(self, schema: Schema) -> Question | None:
        """The question voted on; None where it is about a class."""
        return schema.question(self.question_id) if self.question_id else None

    def label_class(self, schema: Schema) -> LabelClass | None:
        """The class voted on; None where it is about a question."""
        return None if self.question_id else schema.label_class(self.class_id)

    def labels(self, schema: Schema) -> tuple[str, ...]:
        """What can be voted for; UserError where the schema does not ask this."""
        question = self.question(schema)
        if question is None:
            schema.label_class(self.class_id)
            return NO_YES
        return vote_labels(question, self.choice)

    def words(self, schema: Schema) -> str:
        """What is asked, for people."""
        question = self.question(schema)
        if question is None:
            what = schema.label_class(self.class_id).name
            return f"Is it {what}?" if self.level is Scope.REGION else f"{what}?"
        if self.choice:
            return f"{question.text}: {question.choice_texts()[self.choice]}?"
        return question.text

    def label_words(self, schema: Schema, label: str) -> str:
        """A label for people."""
        question = self.question(schema)
        if question is None or label in NO_YES:
            return {"no": "No", "yes": "Yes"}.get(label, label)
        return question.choice_texts().get(label, label)


class Rule(Record):
    """One rule in its current version.

    ``rule_kind`` names what it looks at, ``parameters`` how. ``votes_for`` is the label where it
    holds, ``otherwise`` where it does not; "" there means that it stays silent. Kinds that name a
    label themselves (what a reader said) leave both "". ``same_as`` and ``not_same_as``: rules
    that a person joined with it or split from it.
    """

    kind: ClassVar[str] = "rule"

    name: str
    target: RuleTarget
    rule_kind: str
    parameters: dict[str, AnswerValue] = {}
    votes_for: str = ""
    otherwise: str = ""
    enabled: bool = True
    version: int = 1
    order: int = 0
    same_as: tuple[str, ...] = ()
    not_same_as: tuple[str, ...] = ()
    changed_utc: str = ""

    @property
    def digest(self) -> str:
        """The hash of what it looks at and how: equal for rules that find the same."""
        text = to_json({"kind": self.rule_kind, "parameters": self.parameters})
        return hashlib.sha256(text.encode()).hexdigest()

    def check(self, schema: Schema) -> None:
        """UserError where it does not fit the schema."""
        if not self.name.strip():
            raise UserError("A rule needs a name.")
        if self.target.level not in LEVELS:
            raise UserError("Rules vote on cases, frames or regions.")
        labels = self.target.labels(schema)
        for label in (self.votes_for, self.otherwise):
            if label and label not in labels:
                raise UserError("This answer is not among those of the question.", label)
        if self.votes_for and self.votes_for == self.otherwise:
            raise UserError(
                "A rule that votes for the same in any case tells nothing.",
                "",
                "Let it stay silent otherwise.",
            )


class RuleVersion(Value):
    """A rule as it was when it ran, and what was learned about it. ``weight`` is its share of a
    vote, below 1 where it says the same as others. ``accuracy`` is None where it never spoke."""

    rule_id: str
    name: str
    version: int
    digest: str
    rule_kind: str
    votes: int
    errors: int
    accuracy: float | None = None
    weight: float = 1.0


class RuleRun(Record):
    """One run of the rules of a target whose results were used.

    ``table`` is the digest of a CSV with every item, vote and probability, kept beside the log.
    ``threshold`` is the certainty from which on a suggestion was made.
    """

    kind: ClassVar[str] = "rule_run"

    target: RuleTarget
    schema_id: str
    labels: tuple[str, ...]
    prior: tuple[float, ...]
    rules: tuple[RuleVersion, ...]
    items: int
    without_votes: int
    suggested: int
    threshold: float
    table: str
    verdict: str = ""
    app_version: str = ""
    created_utc: str = ""
