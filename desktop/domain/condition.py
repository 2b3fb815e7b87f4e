"""When a question is asked: answers of other questions joined by AND, OR and NOT."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from desktop.domain.record import Value

AnswerValue: TypeAlias = bool | float | str | tuple[str, ...] | None


class Condition(Value):
    """Holds when everything that it says holds; one that says nothing always does.

    About one question of the same scope: ``question_id`` with ``any_of`` (the answer, or one of
    several answers, is among these), ``at_least`` and ``at_most`` (for numbers, bounds included).
    About other conditions: ``all_of`` (AND), ``some_of`` (OR), ``none_of`` (NOT). A question that
    is unanswered or not shown has none of the answers, so NOT holds for it.
    """

    question_id: str = ""
    any_of: tuple[str | bool, ...] = ()
    at_least: float | None = None
    at_most: float | None = None
    all_of: tuple[Condition, ...] = ()
    some_of: tuple[Condition, ...] = ()
    none_of: tuple[Condition, ...] = ()

    def parts(self) -> tuple[Condition, ...]:
        """The conditions directly inside."""
        return self.all_of + self.some_of + self.none_of

    def leaves(self) -> Iterator[Condition]:
        """All parts that look at a question, at any depth."""
        if self.question_id:
            yield self
        for part in self.parts():
            yield from part.leaves()

    def question_ids(self) -> tuple[str, ...]:
        """The questions that it looks at, each once, in the order they are named."""
        return tuple(dict.fromkeys(leaf.question_id for leaf in self.leaves()))

    def holds(self, answers: Mapping[str, AnswerValue]) -> bool:
        """Whether it holds for these answers by question id."""
        return (
            (not self.question_id or self._fits(answers.get(self.question_id)))
            and all(part.holds(answers) for part in self.all_of)
            and (not self.some_of or any(part.holds(answers) for part in self.some_of))
            and not any(part.holds(answers) for part in self.none_of)
        )

    def _fits(self, value: AnswerValue) -> bool:
        if value is None:
            return False
        if self.at_least is not None or self.at_most is not None:
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                return False
            low = value if self.at_least is None else self.at_least
            high = value if self.at_most is None else self.at_most
            return low <= value <= high
        given = value if isinstance(value, tuple) else (value,)
        return any(v in self.any_of for v in given)
