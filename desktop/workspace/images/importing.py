"""Taking images in: scanned off the main thread, registered in batches as one undo step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from desktop.commands.project import RegisterImages
from desktop.domain.contracts import Progress
from desktop.domain.split import Part, is_synthetic
from desktop.domain.study import Case, Instance, Study
from desktop.imaging.grouping import MADE_FROM, Duplicate
from desktop.imaging.grouping import Refused as ScanRefused
from desktop.imaging.scan import ScanResult, scan
from desktop.store import queries
from desktop.store.database import plain_errors, transaction
from desktop.workspace.reports import ImportReport, Refused

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

_BATCH = 500
_PARTS = ("studies", "series", "instances", "cases")


def scan_for(workspace: Workspace, paths: Sequence[Path], progress: Progress) -> ScanResult:
    """Look at files and folders in the decode process; any thread."""
    with workspace._database.another_reader() as connection:
        offset = queries.last_case_order(connection) + 1

        def known(instance_id: str) -> bool:
            return bool(queries.known_instances(connection, [instance_id]))

        return scan(
            [Path(p) for p in paths],
            workspace.pool,
            key=workspace._secret,
            progress=progress,
            known=known,
            existing=lambda series_id: queries.many(
                connection, Instance, order="position", series_id=series_id
            ),
            case_offset=offset,
            patient_of=lambda instance_id: queries.patient_of(connection, instance_id),
        )


def register(workspace: Workspace, result: ScanResult, group: str = "") -> ImportReport:
    """Write what a scan found; one undo step, in batches that keep the window alive.

    ``group`` joins several calls to one step.
    """
    result = _without_held_back(workspace, result)
    found = _found_again(workspace, result)
    connection = workspace._database.writer
    with plain_errors(), transaction(connection):
        queries.set_sources(connection, result.sources | found)
        queries.set_local_texts(connection, result.texts)
    if result.instances:
        _register_records(workspace, result, group or workspace.new_id())
    return ImportReport(
        added=len(result.instances),
        cases=tuple(c.id for c in result.cases),
        refused=tuple(Refused(r.path, r.reason) for r in result.refused),
        duplicates=tuple(Refused(d.path, _why_not_twice(d, found)) for d in result.duplicates),
        found_again=len(found),
    )


def part_of(result: ScanResult, cases: Sequence[Case]) -> ScanResult:
    """The part of a scan that belongs to some of its cases, without what was said of others."""
    studies = {c.study_id for c in cases}
    series = {s for c in cases for s in c.series_ids}
    instances = [i for i in result.instances if i.series_id in series]
    return ScanResult(
        studies=[s for s in result.studies if s.id in studies],
        series=[s for s in result.series if s.id in series],
        instances=instances,
        cases=list(cases),
        sources={i.id: result.sources[i.id] for i in instances},
        texts={k: t for k, t in result.texts.items() if k in studies | series},
        reordered=[i for i in result.reordered if i.series_id in series],
    )


def _without_held_back(workspace: Workspace, result: ScanResult) -> ScanResult:
    """The scan without made-up images of patients in validation or test, each told as refused."""
    if not any(is_synthetic(c) for c in result.cases):
        return result
    parts = workspace.splits.of_patients()
    patient = {s.id: s.patient_key for s in result.studies}
    held = {
        c.id: part
        for c in result.cases
        if is_synthetic(c)
        and (part := parts.get(patient[c.study_id])) in (Part.VALIDATION, Part.TEST)
    }
    if not held:
        return result
    kept = part_of(result, [c for c in result.cases if c.id not in held])
    kept.refused += result.refused
    kept.duplicates += result.duplicates
    for case in result.cases:
        for instance in result.instances if case.id in held else ():
            if instance.series_id in case.series_ids:
                why = (
                    f"It is made up from images of {patient[case.study_id]}, who is in the "
                    f"{held[case.id].value} set: it would teach a model about that patient."
                )
                kept.refused.append(ScanRefused(result.sources[instance.id], why))
    return kept


def _joined(workspace: Workspace, result: ScanResult) -> tuple[Study, ...]:
    """Studies of the project that are made up from images which only come now, with the patient
    of these; whoever was made from them goes along."""
    waiting = queries.owners_of_text(workspace._read, MADE_FROM)
    if not waiting:
        return ()
    study_of = {s.id: s.study_id for s in result.series}
    came = {i.id: study_of[i.series_id] for i in result.instances}
    patient = {s.id: s.patient_key for s in result.studies}
    parts = workspace.splits.of_patients()
    now: dict[str, str] = {}
    for study_id, original in waiting.items():
        study = queries.maybe(workspace._read, Study, study_id) if original in came else None
        key = patient[came[original]] if study is not None else ""
        if study is not None and parts.get(key) in (None, Part.TRAIN):
            now[study.patient_key] = key
    return tuple(
        replace(s, patient_key=now[s.patient_key])
        for s in queries.many(workspace._read, Study)
        if s.patient_key in now and now[s.patient_key] != s.patient_key
    )


def _why_not_twice(copy: Duplicate, found: dict[str, Path]) -> str:
    if found.get(copy.instance_id) == copy.path:
        return "This image was not where it had been; from now on it is read from here."
    if copy.same_as is not None:
        return f"The same image as {copy.same_as.name}."
    return "This image is in the project already."


def _found_again(workspace: Workspace, result: ScanResult) -> dict[str, Path]:
    """Images of the project whose file had gone and that the scan met at another place."""
    known = queries.sources(workspace._read) if result.duplicates else {}
    return {
        d.instance_id: d.path
        for d in result.duplicates
        if d.same_as is None and d.instance_id in known and not known[d.instance_id].is_file()
    }


def _register_records(workspace: Workspace, result: ScanResult, group: str) -> None:
    """One event for a usual import; a large one goes in batches, as one undo step."""
    images_added, cases_added = len(result.instances), len(result.cases)
    what = f"Import {_counted(images_added, 'image')} in {_counted(cases_added, 'case')}"
    images = (*result.instances, *result.reordered)
    studies, series, cases = tuple(result.studies), tuple(result.series), tuple(result.cases)
    joined = _joined(workspace, result)

    def run(**parts: tuple[Any, ...]) -> None:
        empty: dict[str, tuple[Any, ...]] = dict.fromkeys(_PARTS, ())
        workspace.run(RegisterImages(**(empty | parts), what=what), group=group)

    if len(images) <= _BATCH:
        run(studies=studies, series=series, instances=images, cases=cases, joined=joined)
        return
    run(studies=studies, series=series, joined=joined)
    for start in range(0, len(images), _BATCH):
        run(instances=images[start : start + _BATCH])
    for start in range(0, len(cases), _BATCH):
        run(cases=cases[start : start + _BATCH])


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
