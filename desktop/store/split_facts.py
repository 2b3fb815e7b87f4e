"""What a split is judged by, counted where the rows lie: what machines made, and who said what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, and_, func, or_, select

from desktop.domain.annotation import Annotation, Answer, MaskSlice
from desktop.domain.proposal import Proposal
from desktop.domain.split import DERIVED_KEY, MACHINE_MADE, PSEUDO_KEY
from desktop.store.tables import RECORD_TABLES

_KINDS: tuple[type[Annotation | Answer | MaskSlice | Proposal], ...] = (
    Annotation, Answer, MaskSlice, Proposal,
)  # fmt: skip
_MADE = tuple(origin.value for origin in MACHINE_MADE)


_DETAIL = tuple((key, f"$.provenance.detail.{key}") for key in (PSEUDO_KEY, DERIVED_KEY))
_MARKS: dict[type[Annotation | Answer | MaskSlice | Proposal], tuple[tuple[str, str], ...]] = {
    Annotation: _DETAIL,
    Answer: ((DERIVED_KEY, f"$.{DERIVED_KEY}"),),
    MaskSlice: (),
    Proposal: _DETAIL,
}


class CaseLabel(NamedTuple):
    """Something that people said of a case: a class drawn there, or an answer (JSON) given."""

    topic: str
    said: str
    case_id: str


def machine_made_cases(connection: Connection) -> frozenset[str]:
    """Cases with labels or suggestions that a machine made, or that descend from such."""
    found: set[str] = set()
    for kind in _KINDS:
        rows = RECORD_TABLES[kind]
        origin = rows.c.origin if "origin" in rows.c else func.json_extract(rows.c.data, "$.origin")
        marked = [
            and_(
                rows.c.data.contains(f'"{key}":"', autoescape=True),
                func.coalesce(func.json_extract(rows.c.data, place), "") != "",
            )
            for key, place in _MARKS[kind]
        ]
        query = select(rows.c.case_id).distinct().where(or_(origin.in_(_MADE), *marked))
        found.update(connection.execute(query).scalars())
    return frozenset(found)


def case_labels(connection: Connection) -> Iterator[CaseLabel]:
    """Each class and each answer once per case, without what a machine made."""
    regions, answers = RECORD_TABLES[Annotation], RECORD_TABLES[Answer]
    drawn = select(regions.c.topic, regions.c.case_id).where(regions.c.origin.not_in(_MADE))
    for topic, case_id in connection.execute(drawn.distinct()):
        yield CaseLabel(topic, "", case_id)
    said = select(answers.c.topic, answers.c.said, answers.c.case_id)
    for row in connection.execute(said.where(answers.c.origin.not_in(_MADE)).distinct()):
        yield CaseLabel(*row)
