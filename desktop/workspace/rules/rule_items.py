"""What rules judge: the cases, frames or regions of a target, with the records about them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from desktop.domain.annotation import Annotation, Answer, MaskSlice, Target
from desktop.domain.gold import GoldCase
from desktop.domain.proposal import Decision, Proposal
from desktop.domain.record import Record
from desktop.domain.rule import RuleTarget
from desktop.domain.schema import Schema, Scope
from desktop.domain.study import Case, FrameRef, Instance, Series, Study
from desktop.domain.task import Assignment
from desktop.store import queries

if TYPE_CHECKING:
    from desktop.store.database import Connection

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, eq=False)
class RuleItem:
    """One item. ``key`` is unique in the target; ``frames`` are those that show it, by series.
    ``region`` is the drawn or suggested region that is judged, None for cases and frames;
    ``number`` the 1-based place of a frame in its series, 0 for others."""

    key: str
    case_id: str
    patient_key: str
    target: Target
    frames: tuple[tuple[FrameRef, ...], ...]
    region: Annotation | Proposal | None = None
    number: int = 0


@dataclass(eq=False)
class Records:
    """All records about the cases of a target, as they were when a run began."""

    schema: Schema
    target: RuleTarget
    cases: list[Case]
    items: list[RuleItem] = field(default_factory=list)
    instances: dict[str, Instance] = field(default_factory=dict)
    series: dict[str, Series] = field(default_factory=dict)
    annotations: dict[str, list[Annotation]] = field(default_factory=dict)
    slices: dict[str, list[MaskSlice]] = field(default_factory=dict)
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    assignments: dict[str, list[Assignment]] = field(default_factory=dict)
    proposals: dict[str, list[Proposal]] = field(default_factory=dict)
    decisions: dict[str, list[Decision]] = field(default_factory=dict)
    reports: dict[str, str] = field(default_factory=dict)
    gold: dict[str, GoldCase] = field(default_factory=dict)


def read_records(connection: Connection, target: RuleTarget, schema: Schema) -> Records:
    """Everything about the cases that are read with the target's schema; any thread, with a
    connection of its own."""
    known = {s.id for s in queries.many(connection, Schema, name=target.schema_name)}
    cases = [c for c in queries.many(connection, Case, order="position") if c.schema_id in known]
    records = Records(schema=schema, target=target, cases=cases)
    wanted = {c.id for c in cases}
    series_ids = {s for c in cases for s in c.series_ids}
    records.series = {s.id: s for s in _all(connection, Series) if s.id in series_ids}
    records.instances = {
        i.id: i for i in _all(connection, Instance, "position") if i.series_id in series_ids
    }
    records.annotations = _by_case(connection, Annotation, wanted)
    records.answers = _by_case(connection, Answer, wanted)
    records.assignments = _by_case(connection, Assignment, wanted)
    records.proposals = _by_case(connection, Proposal, wanted)
    for mask_slice in _all(connection, MaskSlice):
        records.slices.setdefault(mask_slice.annotation_id, []).append(mask_slice)
    for decision in _all(connection, Decision):
        records.decisions.setdefault(decision.proposal_id, []).append(decision)
    for case in cases:
        report = queries.local_text(connection, case.id, "report")
        if report:
            records.reports[case.id] = report
    records.gold = {g.case_id: g for g in _all(connection, GoldCase) if g.case_id in wanted}
    studies = {s.id: s for s in _all(connection, Study)}
    records.items = _items(records, studies)
    return records


def _items(records: Records, studies: dict[str, Study]) -> list[RuleItem]:
    frames_of: dict[str, list[FrameRef]] = defaultdict(list)
    for instance in records.instances.values():
        frames_of[instance.series_id] += instance.frames
    items = []
    for case in records.cases:
        study = studies.get(case.study_id)
        patient = study.patient_key if study else case.study_id
        items += _of_case(records, case, patient, frames_of)
    return items


def _of_case(
    records: Records, case: Case, patient: str, frames_of: dict[str, list[FrameRef]]
) -> list[RuleItem]:
    by_series = {s: tuple(frames_of.get(s, ())) for s in case.series_ids}
    match records.target.level:
        case Scope.FRAME:
            return [
                RuleItem(
                    f"{case.id}/{series}/{frame.key}",
                    case.id,
                    patient,
                    Target(scope=Scope.FRAME, series_id=series, frame=frame),
                    ((frame,),),
                    number=number,
                )
                for series, frames in by_series.items()
                for number, frame in enumerate(frames, start=1)
            ]
        case Scope.REGION:
            drawn: list[Annotation | Proposal] = list(records.annotations.get(case.id, ()))
            drawn += [p for p in records.proposals.get(case.id, ()) if p.label is not None]
            return [
                RuleItem(
                    f"{case.id}/{region.id}",
                    case.id,
                    patient,
                    region.target,
                    (frames_of_region(records, region),),
                    region,
                )
                for region in drawn
                if region.provenance.tool != "rules"
            ]
        case _:
            frames = tuple(f for f in by_series.values() if f)
            return [RuleItem(case.id, case.id, patient, Target(scope=Scope.STUDY), frames)]


def frames_of_region(records: Records, region: Annotation | Proposal) -> tuple[FrameRef, ...]:
    """The frames that a region lies on."""
    if isinstance(region, Proposal) and region.frames:
        return tuple(part.frame for part in region.frames)
    slices = records.slices.get(region.id, ()) if isinstance(region, Annotation) else ()
    if slices:
        return tuple(s.frame for s in slices)
    return (region.target.frame,) if region.target.frame else ()


def _all(connection: Connection, record_type: type[R], order: str = "id") -> list[R]:
    return queries.many(connection, record_type, order=order)


def _by_case(connection: Connection, record_type: type[R], wanted: set[str]) -> dict[str, list[R]]:
    found: dict[str, list[R]] = {}
    for record in _all(connection, record_type):
        case_id = str(getattr(record, "case_id", ""))
        if case_id in wanted:
            found.setdefault(case_id, []).append(record)
    return found
