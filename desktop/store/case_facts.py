"""What cases are told apart by (title, place, modality, patient, site), and how many there are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Row,
    Select,
    distinct,
    func,
    select,
)

from desktop.domain.site import SITE, site_of
from desktop.domain.study import Case, Series, Study
from desktop.store.tables import RECORD_TABLES

_AT_ONCE = 500


class CaseFact(NamedTuple):
    """What cases are told apart by."""

    case_id: str
    title: str
    position: int
    modality: str
    patient: str
    site: str = ""


def case_facts(connection: Connection, case_ids: Sequence[str] = ()) -> Iterator[CaseFact]:
    """Title, modality and patient of these cases, or of all."""
    if not case_ids:
        yield from map(_fact, connection.execute(_facts()))
        return
    cases = RECORD_TABLES[Case]
    for start in range(0, len(case_ids), _AT_ONCE):
        some = case_ids[start : start + _AT_ONCE]
        yield from map(_fact, connection.execute(_facts().where(cases.c.id.in_(some))))


def _fact(row: Row[Any]) -> CaseFact:
    tags = str(row[-1])
    site = site_of(json.loads(tags)) if SITE in tags else ""
    return CaseFact._make((*row[:-1], site))


def _facts() -> Select[Any]:
    cases, series, studies = RECORD_TABLES[Case], RECORD_TABLES[Series], RECORD_TABLES[Study]
    first = (
        select(func.min(series.c.modality))
        .where(series.c.study_id == cases.c.study_id)
        .scalar_subquery()
    )
    patient = func.json_extract(studies.c.data, "$.patient_key")
    return (
        select(
            cases.c.id,
            cases.c.title,
            cases.c.position,
            func.coalesce(first, ""),
            func.coalesce(patient, ""),
            func.coalesce(func.json_extract(cases.c.data, "$.tags"), "[]"),
        )
        .select_from(cases.outerjoin(studies, studies.c.id == cases.c.study_id))
        .order_by(cases.c.position, cases.c.id)
    )


def patients_and_cases(connection: Connection) -> tuple[int, int]:
    """How many patients and how many cases the project has."""
    cases, studies = RECORD_TABLES[Case], RECORD_TABLES[Study]
    patient = func.json_extract(studies.c.data, "$.patient_key")
    query = select(func.count(distinct(patient)), func.count(cases.c.id)).select_from(
        cases.outerjoin(studies, studies.c.id == cases.c.study_id)
    )
    patients, count = connection.execute(query).one()
    return int(patients), int(count)


def patients(connection: Connection) -> dict[str, str]:
    """The patient of each case, the case's own id where none is known."""
    cases, studies = RECORD_TABLES[Case], RECORD_TABLES[Study]
    patient = func.coalesce(func.json_extract(studies.c.data, "$.patient_key"), "")
    query = select(cases.c.id, patient).select_from(
        cases.outerjoin(studies, studies.c.id == cases.c.study_id)
    )
    return {case_id: patient or case_id for case_id, patient in connection.execute(query)}
