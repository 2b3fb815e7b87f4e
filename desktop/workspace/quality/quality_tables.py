"""From counted patterns to tables of ratings: items by readers, coded by the schema's answers."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from desktop.domain.number_words import number_text
from desktop.domain.schema import Question, QuestionKind
from desktop.engines.agreement.ratings import Floats, Ratings, Whole
from desktop.store.tallies import SEP, SUB

NAMED = (QuestionKind.CHOICE, QuestionKind.TREE, QuestionKind.YES_NO)
MEASURED = (QuestionKind.NUMBER, QuestionKind.DATE)


@dataclass(frozen=True, eq=False)
class SaidTable:
    """Answers of r readers to n items.

    ``codes``: (n, r) index into ``values``, -1 where a reader said nothing. ``values``: the
    different answers as JSON text. ``readers``: their ids.
    """

    codes: Whole
    values: tuple[str, ...]
    readers: tuple[str, ...]

    @classmethod
    def of_patterns(
        cls, patterns: Iterable[tuple[str, str | None, int]], readers: Sequence[str]
    ) -> SaidTable:
        """From (said, closed, times) as ``tallies`` gives them; the answers of open cases go."""
        column = {reader: i for i, reader in enumerate(readers)}
        code: dict[str, int] = {}
        known: dict[str, tuple[int, int]] = {}  # each entry is taken apart once
        within: dict[str | None, frozenset[int]] = {None: frozenset(column.values())}
        rows: list[list[int]] = []
        counts: list[int] = []
        for said, closed, times in patterns:
            if closed not in within:
                within[closed] = frozenset(
                    column[reader] for reader in (closed or "").split(SEP) if reader in column
                )
            counted = within[closed]
            row = [-1] * len(column)
            for entry in said.split(SEP):
                place = known.get(entry)
                if place is None:
                    reader, _, value = entry.partition(SUB)
                    number = -1 if value == "null" else code.setdefault(value, len(code))
                    place = known[entry] = (column[reader], number)
                if place[0] in counted:
                    row[place[0]] = place[1]
            rows.append(row)
            counts.append(times)
        table = np.asarray(rows, dtype=np.int64).reshape(-1, len(column))
        codes = np.repeat(table, np.asarray(counts, dtype=np.int64), axis=0)
        return cls(codes, tuple(code), tuple(readers)).used()

    @classmethod
    def of_rows(
        cls, rows: Sequence[tuple[int, int, str]], n: int, readers: Sequence[str]
    ) -> SaidTable:
        """From (item, reader, said)."""
        code: dict[str, int] = {}
        codes = np.full((n, len(readers)), -1, dtype=np.int64)
        for item, reader, said in rows:
            if said != "null":
                codes[item, reader] = code.setdefault(said, len(code))
        return cls(codes, tuple(code), tuple(readers))

    def used(self) -> SaidTable:
        """Only items that somebody answered."""
        keep = (self.codes >= 0).any(axis=1)
        return SaidTable(self.codes[keep], self.values, self.readers)

    def numbers(self, kind: QuestionKind) -> Floats:
        """(n, r) the answers as numbers, NaN where there is none; dates in days."""
        worth = np.array([_number(v, kind) for v in self.values] + [np.nan])
        return np.asarray(worth[self.codes], dtype=np.float64)

    def ratings(self, question: Question) -> Ratings:
        """Coded by the question's answers, in the schema's order, whether they occur or not.

        Numbers and dates are their own categories. Answers to a question with several choices are
        compared as whole sets.
        """
        if question.kind in MEASURED:
            values = self.numbers(question.kind)
            return Ratings.of_values(values, readers=self.readers)
        ids, positions = _categories(question, self.values)
        place = {value: i for i, value in enumerate(ids)}
        turned = np.array([place[v] for v in self.values] + [-1], dtype=np.int64)
        names = [words_of(question, value) for value in ids]
        return Ratings.of_codes(
            turned[self.codes], names, positions=positions, readers=self.readers
        )

    def chosen(self, choice: str) -> Ratings:
        """Whether one of several choices was among the answer: a yes/no question of its own."""
        has = np.array([int(choice in json.loads(v)) for v in self.values] + [-1], dtype=np.int64)
        return Ratings.of_codes(has[self.codes], ("no", "yes"), readers=self.readers)


def _categories(question: Question, seen: Sequence[str]) -> tuple[list[str], Floats | None]:
    """Answers as JSON text in the schema's order, then what else occurs; and their positions."""
    match question.kind:
        case QuestionKind.YES_NO:
            return ["false", "true"], None
        case QuestionKind.RATING:
            low, high = question.rating_range()
            steps = [float(s) for s in range(low, high + 1)]
            given = {float(json.loads(v)) for v in seen} - set(steps)
            numbers = sorted({*steps, *given})
            texts = {float(json.loads(v)): v for v in seen}
            return [texts.get(n, json.dumps(n)) for n in numbers], np.array(numbers)
        case QuestionKind.CHOICE | QuestionKind.TREE:
            offered = [json.dumps(i, ensure_ascii=False) for i in question.paths()]
        case _:
            offered = []
    return offered + sorted(set(seen) - set(offered)), None


def words_of(question: Question, said: str) -> str:
    """An answer, given as JSON text, in the schema's words."""
    value: Any = json.loads(said)
    texts = question.choice_texts()
    if value is None:
        return "no answer"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(texts.get(v, str(v)) for v in value) or "none of them"
    if isinstance(value, str):
        return texts.get(value, value)
    text = number_text(value)
    return f"{text} {question.unit}" if question.unit else text


def _number(said: str, kind: QuestionKind) -> float:
    value = json.loads(said)
    if kind is QuestionKind.DATE:
        return float(datetime.date.fromisoformat(value).toordinal())
    return float(value)


def mark_patterns(
    rows: Iterable[tuple[str, str, int]], topic: str
) -> list[tuple[str, str | None, int]]:
    """Patterns of (closed, marks, times) as yes/no answers of the readers who closed the case."""
    made: list[tuple[str, str | None, int]] = []
    for closed, marks, times in rows:
        marked = {r for r, _, t in (m.partition(SUB) for m in marks.split(SEP)) if t == topic}
        said = SEP.join(
            f"{reader}{SUB}{'true' if reader in marked else 'false'}"
            for reader in closed.split(SEP)
        )
        made.append((said, None, times))
    return made


def letters(count: int) -> tuple[str, ...]:
    """Names for readers that are not told: A to Z, then A2 and so on."""
    return tuple(chr(65 + k % 26) + (str(k // 26 + 1) if k >= 26 else "") for k in range(count))


Namer = Callable[[str], str]
