"""Handing a project out: fixed at one moment by a read transaction, written by ``exchange``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar

from desktop.commands.origin_lock import is_locked_label, parts_of_patients
from desktop.domain.adjudication import Adjudication
from desktop.domain.annotation import Annotation, Answer, MaskSlice
from desktop.domain.case_note import CaseNote
from desktop.domain.contracts import Progress
from desktop.domain.errors import AccessProblem
from desktop.domain.ranking import RankingTask, TaskRecords
from desktop.domain.record import Record
from desktop.domain.rule import RuleRun
from desktop.domain.schema import Schema
from desktop.domain.split import Part, Split, is_synthetic
from desktop.domain.study import Calibration, Case, Instance, Series, Study
from desktop.domain.task import Assignment, Reader, Role
from desktop.exchange.bundle import BundleOptions, BundleReport, write_bundle
from desktop.exchange.snapshot import SignedHead, Snapshot
from desktop.store import log, queries, tallies
from desktop.store.database import plain_errors
from desktop.version import __version__
from desktop.workspace.claims.claims import SEES_ALL
from desktop.workspace.learning import origin_watch
from desktop.workspace.ranking.ranking_records import task_records
from desktop.workspace.ranking.ranking_report import rewards

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

R = TypeVar("R", bound=Record)
Label = TypeVar("Label", Annotation, Answer, MaskSlice)


class FrozenProject:
    """A read transaction that stays open while a bundle is written, so that all of it is one
    moment; work on the project goes on meanwhile."""

    def __init__(self, workspace: Workspace, options: BundleOptions | None) -> None:
        _check_may_export(workspace)
        workspace.sign_head("export")
        self._connection = workspace._database.engine.connect()
        tallies.prepare(self._connection)
        self._connection.exec_driver_sql("BEGIN")
        self._sees_all = workspace.reader.role in SEES_ALL
        self._secret = workspace._secret
        self._figures: dict[str, Any] | None = None
        self._lock = RLock()
        cases = self._many(Case, order="position")
        chosen = set(options.case_ids) if options else set()
        self._rows = origin_watch.Rows(self._connection)
        parts = self._parts(cases)
        self._held_back = {c for c, part in parts.items() if part != Part.TRAIN.value}
        self.snapshot = Snapshot(
            project_id=workspace.project_id,
            bundle_id=workspace.new_id(),
            title=workspace.title,
            app_version=__version__,
            created_utc=workspace._clock.now_utc(),
            cases=tuple(c for c in cases if not chosen or c.id in chosen),
            schemas=tuple(self._many(Schema, order="name")),
            readers=tuple(self._many(Reader)),
            heads=tuple(SignedHead(**head) for head in queries.signed_heads(self._connection)),
            public_key_hex=workspace._key.public_hex,
            sign=workspace._key.sign,
            study=self._one(Study),
            series_of=self._series_of,
            instances_of=lambda s: self._many(Instance, order="position", series_id=s),
            annotations_of=lambda c: self._counting(c, self._many(Annotation, case_id=c)),
            slices_of=self._slices_of,
            runs=self._runs,
            answers_of=lambda c: self._counting(c, self._many(Answer, case_id=c)),
            assignments_of=lambda c: self._many(Assignment, case_id=c),
            rulings_of=lambda c: self._many(Adjudication, case_id=c),
            notes_of=lambda c: self._many(CaseNote, case_id=c),
            rule_runs=lambda: self._many(RuleRun),
            calibration=self._calibration,
            source_path=workspace.source_path,
            event_lines=self._event_lines,
            frame=workspace.frames.get,
            rankings=self._rankings(cases, chosen),
            fit_rewards=rewards,
            parts=parts,
            kept_out=self._kept_out(cases, parts),
            pixel_text=self._pixel_text,
            quality=self._quality,
        )

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _rankings(self, cases: list[Case], chosen: set[str]) -> tuple[TaskRecords, ...]:
        """Preference tasks, but those about cases that are left out."""
        left_out = {c.id for c in cases} - chosen if chosen else set()
        with self._lock, plain_errors():
            found = [
                task_records(self._connection, task.id)
                for task in queries.many(self._connection, RankingTask)
            ]
        return tuple(r for r in found if not {p.case_id for p in r.prompts} & left_out)

    def _parts(self, cases: list[Case]) -> dict[str, str]:
        """The part of each case whose patient was dealt one; a synthetic one is in training."""
        if not self._many(Split) and not any(is_synthetic(c) for c in cases):
            return {}
        with self._lock, plain_errors():
            dealt = parts_of_patients(self._rows)
            patient = {s.id: s.patient_key for s in self._rows.find(Study)}
        found = {c.id: dealt.get(patient.get(c.study_id, "")) for c in cases}
        found |= {c.id: Part.TRAIN for c in cases if is_synthetic(c)}
        return {case_id: part.value for case_id, part in found.items() if part is not None}

    def _kept_out(self, cases: list[Case], parts: dict[str, str]) -> tuple[tuple[str, str], ...]:
        found = []
        for case in cases:
            if case.id not in self._held_back:
                continue
            kinds: tuple[type[Annotation | Answer], ...] = (Annotation, Answer)
            labels = [r for kind in kinds for r in self._many(kind, case_id=case.id)]
            locked = sum(is_locked_label(r) for r in labels)
            if locked:
                words = f"{locked} machine-made label{'' if locked == 1 else 's'} left out"
                found.append((case.id, f"{words}: the case is in the {parts[case.id]} set."))
        return tuple(found)

    def _counting(self, case_id: str, records: list[Label]) -> list[Label]:
        """What the origin lock lets through."""
        if case_id not in self._held_back:
            return records
        return [r for r in records if not is_locked_label(r)]

    def _slices_of(self, annotation_id: str) -> list[MaskSlice]:
        found = self._many(MaskSlice, annotation_id=annotation_id)
        return self._counting(found[0].case_id, found) if found else found

    def _many(self, record_type: type[R], order: str = "id", **equals: str) -> list[R]:
        with self._lock, plain_errors():
            return queries.many(self._connection, record_type, order=order, **equals)

    def _one(self, record_type: type[R]) -> Callable[[str], R]:
        def read(record_id: str) -> R:
            with self._lock, plain_errors():
                return queries.one(self._connection, record_type, record_id)

        return read

    def _series_of(self, case_id: str) -> list[Series]:
        case = self._one(Case)(case_id)
        return sorted(
            (self._one(Series)(s) for s in case.series_ids), key=lambda s: (s.number, s.id)
        )

    def _calibration(self, series_id: str) -> Calibration | None:
        with self._lock, plain_errors():
            return queries.maybe(self._connection, Calibration, series_id)

    def _pixel_text(self, case: Case) -> int | None:
        from desktop.workspace.images.pixel_text import look_at

        with self._lock, plain_errors():
            found = look_at(self._connection, case)
        return None if found is None else len(found.text)

    def _quality(self, progress: Progress) -> dict[str, Any] | None:
        """Agreement of readers, counted once; for who may see what all said."""
        if not self._sees_all or len(self.snapshot.readers) < 2:
            return None
        if self._figures is None:
            from desktop.exchange.regions import pseudonyms
            from desktop.workspace.quality.quality_report import figures_of

            with self._lock, plain_errors():
                self._figures = figures_of(
                    self._connection,
                    self.snapshot.project_id,
                    self._secret,
                    project=self.snapshot.title,
                    made_utc=self.snapshot.created_utc[:19].replace("T", " "),
                    names=pseudonyms(self.snapshot),
                    progress=progress,
                )
        return self._figures if self._figures["rows"] else None

    def _runs(self, digest: str) -> bytes:
        with self._lock, plain_errors():
            return queries.runs(self._connection, digest)

    def _event_lines(self) -> Iterator[tuple[str, str]]:
        with self._lock, plain_errors():
            yield from log.event_lines(self._connection)


def freeze(workspace: Workspace, options: BundleOptions | None) -> FrozenProject:
    """Fix the project as it is now; main thread."""
    workspace.accounts.check_signed_in()
    return FrozenProject(workspace, options)


def write(
    workspace: Workspace,
    frozen: FrozenProject,
    target: Path,
    options: BundleOptions | None,
    progress: Progress,
) -> BundleReport:
    """Write the bundle of a frozen project; any thread."""
    try:
        return write_bundle(
            frozen.snapshot, Path(target), options or BundleOptions(), workspace.pool, progress
        )
    finally:
        frozen.close()


def _check_may_export(workspace: Workspace) -> None:
    """A reader exports a project of their own; where others work too, only the lead does."""
    others = [r for r, _name in workspace.readers() if r.id != workspace.reader.id]
    if others and workspace.reader.role not in (Role.LEAD, Role.AUDITOR):
        raise AccessProblem(
            "Only the lead exports a project that several readers work in.",
            "A bundle holds every reader's labels.",
            "Ask the lead, or work in a project of your own.",
        )
