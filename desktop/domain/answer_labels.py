"""What a question can be answered with, as the labels that raters and rules vote for."""

from __future__ import annotations

from desktop.domain.errors import UserError
from desktop.domain.schema import AnswerValue, Question, QuestionKind

NO_YES = ("no", "yes")


def can_be_voted_on(question: Question) -> bool:
    """Whether its answers are labels to choose from."""
    return question.kind in (QuestionKind.YES_NO, QuestionKind.CHOICE, QuestionKind.MULTIPLE)


def vote_labels(question: Question, choice: str = "") -> tuple[str, ...]:
    """The labels that can be voted for, in the schema's order; "no" before "yes"."""
    match question.kind:
        case QuestionKind.YES_NO:
            return NO_YES
        case QuestionKind.CHOICE:
            return tuple(c.id for c in question.choices)
        case QuestionKind.TREE:
            return tuple(question.paths())
        case QuestionKind.MULTIPLE:
            if choice not in {c.id for c in question.choices}:
                raise _problem("A question with several answers is counted one answer at a time.")
            return NO_YES
        case _:
            raise _problem("Only questions with answers to choose from can be voted on.")


def label_name(question: Question, value: AnswerValue, choice: str = "") -> str:
    """The label that an answer votes for."""
    match question.kind, value:
        case QuestionKind.YES_NO, bool():
            return "yes" if value else "no"
        case QuestionKind.MULTIPLE, tuple():
            return "yes" if choice in value else "no"
        case ((QuestionKind.CHOICE | QuestionKind.TREE), str()):
            return value
        case _:
            raise _problem("An answer does not fit its question.")


def label_value(question: Question, label: str) -> AnswerValue:
    """The answer that a label stands for; UserError where a label alone is no whole answer."""
    match question.kind:
        case QuestionKind.YES_NO:
            return label == "yes"
        case QuestionKind.CHOICE | QuestionKind.TREE:
            return label
        case _:
            raise _problem("One label is not the whole answer to a question with several.")


def _problem(detail: str) -> UserError:
    return UserError("These votes can't be counted.", detail)
