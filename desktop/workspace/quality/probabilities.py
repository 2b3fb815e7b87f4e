"""Probabilities of answers from elsewhere: a plain CSV or JSON lines, read with clear errors.

CSV: a head ``case,question,ANSWER,ANSWER…`` with the answers' ids or words, one line per case.
JSON lines: ``{"case": "…", "question": "…", "probabilities": {"ANSWER": 0.9, …}}``. ``case`` is a
case's id or its title in the work list; for a class, ``question`` is its name and the answers are
"yes" and "no".
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desktop.domain.errors import FileProblem

MOST_BYTES = 1 << 30
_NEARLY_ONE = 0.02


@dataclass(frozen=True)
class Said:
    """Probabilities by answer (id or words) of one question of one case."""

    case: str
    question: str
    chances: Mapping[str, float]
    line: int


def read_probabilities(path: Path) -> list[Said]:
    """Every line of the file; FileProblem names the line that does not fit."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise FileProblem("This file is too large.", path.name, "Split it into parts.")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FileProblem("The probabilities can't be read.", str(error)) from error
    lines = text.splitlines()
    if not any(line.strip() for line in lines):
        raise FileProblem("This file is empty.", path.name)
    found = list(_of_json(lines) if text.lstrip().startswith("{") else _of_csv(lines))
    if not found:
        raise FileProblem("There are no probabilities in this file.", path.name)
    return found


def _of_json(lines: Iterable[str]) -> Iterator[Said]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            plain = json.loads(line)
        except json.JSONDecodeError as error:
            raise _problem(number, "This is not JSON.") from error
        if not isinstance(plain, dict) or not isinstance(plain.get("probabilities"), dict):
            raise _problem(number, 'It needs "case", "question" and "probabilities".')
        yield _said(number, plain.get("case"), plain.get("question"), plain["probabilities"])


def _of_csv(lines: list[str]) -> Iterator[Said]:
    table = csv.reader(lines)
    head = [cell.strip() for cell in next(table)]
    if [cell.lower() for cell in head[:2]] != ["case", "question"] or len(head) < 4:
        raise _problem(1, "The head must be: case, question, then the answers (two or more).")
    if len(set(head)) != len(head):
        raise _problem(1, "An answer stands twice in the head.")
    for row in table:
        number = table.line_num
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(head):
            raise _problem(number, f"It has {len(row)} cells, the head has {len(head)}.")
        given = {k: v for k, v in zip(head[2:], row[2:], strict=True) if v.strip()}
        yield _said(number, row[0].strip(), row[1].strip(), given)


def _said(number: int, case: Any, question: Any, given: Mapping[Any, Any]) -> Said:
    if not isinstance(case, str) or not case or not isinstance(question, str) or not question:
        raise _problem(number, "The case or the question is missing.")
    chances = {}
    for answer, value in given.items():
        try:
            chances[str(answer)] = float(value)
        except (TypeError, ValueError) as error:
            raise _problem(number, f"“{value}” is not a number.") from error
    if not chances or not all(math.isfinite(v) and 0 <= v <= 1 for v in chances.values()):
        raise _problem(number, "Probabilities lie between 0 and 1.")
    if abs(sum(chances.values()) - 1) > _NEARLY_ONE:
        raise _problem(number, f"The probabilities add up to {sum(chances.values()):.3f}, not 1.")
    return Said(case, question, chances, number)


def _problem(line: int, detail: str) -> FileProblem:
    return FileProblem("The probabilities can't be used.", f"Line {line}: {detail}")
