"""Places where the guidelines left readers alone: what the next version of them has to say."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.domain.adjudication import Adjudication, Cause
from desktop.domain.errors import UserError
from desktop.domain.schema import Schema
from desktop.store import queries

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace


@dataclass(frozen=True)
class Gap:
    """One of them, with the case that showed it."""

    case_id: str
    case_title: str
    about: str
    note: str
    decided_utc: str
    adjudication_id: str


def gaps_of(workspace: Workspace) -> list[Gap]:
    """All that adjudicators named so far, oldest first."""
    found = [
        r for r in queries.many(workspace._read, Adjudication) if r.cause is Cause.GUIDELINE_GAP
    ]
    gaps = []
    for ruling in sorted(found, key=lambda r: (r.decided_utc, r.id)):
        schema = workspace.schema(ruling.case_id)
        words = about(schema, ruling.question_id, ruling.class_id) if schema else "A finding"
        title = workspace.case(ruling.case_id).title
        gap = Gap(ruling.case_id, title, words, ruling.note, ruling.decided_utc, ruling.id)
        gaps.append(gap)
    return gaps


def about(schema: Schema, question_id: str, class_id: int) -> str:
    """A matter in words: the question, or the class of the finding."""
    try:
        if question_id:
            return schema.question(question_id).text
        return schema.label_class(class_id).name
    except UserError:
        return "A finding"


def as_csv(gaps: Sequence[Gap]) -> str:
    """A table for a spreadsheet."""
    from desktop.exchange.tables import guarded  # the formats load when something leaves

    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("case", "about", "note", "decided_utc", "case_id"))
    for gap in gaps:
        cells = (gap.case_title, gap.about, gap.note, gap.decided_utc, gap.case_id)
        writer.writerow([guarded(c) for c in cells])
    return text.getvalue()


def as_text(gaps: Sequence[Gap]) -> str:
    """A list to put into the next version of the guidelines."""
    lines = [f"- {g.about}: {g.note} ({g.case_title})" for g in gaps]
    return "\n".join(["# Gaps in the guidelines", "", *lines, ""])


def write_gaps(gaps: Sequence[Gap], target: Path) -> Path:
    """As CSV or, for every other ending, as text."""
    target = Path(target)
    text = as_csv(gaps) if target.suffix.lower() == ".csv" else as_text(gaps)
    target.write_bytes(text.encode())
    return target
