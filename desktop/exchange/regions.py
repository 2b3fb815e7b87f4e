"""The labels of one case as pixels: what every format writes and is compared with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from desktop.domain.annotation import Annotation, Answer, Origin
from desktop.domain.case_note import CaseNote
from desktop.domain.contracts import Progress
from desktop.domain.errors import StoreProblem, UserError
from desktop.domain.geometry import Box, Ellipse, Geometry, Mask, Polygon, RotatedBox
from desktop.domain.runs import MaskYX, decode_runs, encode_runs, runs_digest, shape_mask
from desktop.domain.schema import AnswerValue, LabelClass, Question, Schema, Scope, shown_questions
from desktop.domain.study import Case, FrameRef, Instance, Series, Study
from desktop.domain.task import Assignment
from desktop.exchange.exporter import BundleOptions
from desktop.exchange.snapshot import Snapshot
from desktop.imaging.space import SeriesSpace, survey


@dataclass(frozen=True)
class RegionFrame:
    """The pixels of one region on one frame, as run lengths (see desktop/domain/runs.py)."""

    frame: FrameRef
    rows: int
    columns: int
    runs: bytes
    origin: Origin
    pixels_sha256: str

    def mask(self) -> MaskYX:
        """(rows, columns) bool."""
        return decode_runs(self.runs, self.rows, self.columns)

    @property
    def area_px(self) -> int:
        """How many pixels are set: the sum of every second run."""
        return int(np.frombuffer(self.runs, dtype="<u4")[1::2].sum(dtype=np.int64))


@dataclass(frozen=True)
class Region:
    """One annotation with its pixels; ``frames`` is empty for points, lines and plain labels."""

    annotation: Annotation
    schema: Schema
    label_class: LabelClass
    series: Series | None
    reader: str  # pseudonym
    attributes: dict[str, AnswerValue]
    frames: tuple[RegionFrame, ...]

    @property
    def geometry(self) -> Geometry | None:
        return self.annotation.geometry

    def fills(self, options: BundleOptions) -> bool:
        """Whether it belongs into masks and volumes."""
        shapes: tuple[type, ...] = (Mask, Polygon, Ellipse)
        if options.boxes_as_masks:
            shapes += (Box, RotatedBox)
        return isinstance(self.geometry, shapes) and bool(self.frames)


class CaseLabels:
    """One case with its images, regions and answers; made when needed, not kept."""

    def __init__(self, snapshot: Snapshot, case: Case) -> None:
        self.snapshot = snapshot
        self.case = case
        self.study: Study = snapshot.study(case.study_id)
        self.series: tuple[Series, ...] = tuple(snapshot.series_of(case.id))
        self.instances: dict[str, Instance] = {}
        self._instances_of: dict[str, tuple[Instance, ...]] = {}
        for series in self.series:
            ordered = sorted(snapshot.instances_of(series.id), key=lambda i: (i.order, i.id))
            self._instances_of[series.id] = tuple(ordered)
            self.instances.update((i.id, i) for i in ordered)
        self._schemas = {s.id: s for s in snapshot.schemas}
        self._readers = pseudonyms(snapshot)
        self._spaces: dict[str, SeriesSpace] = {}

    @property
    def is_synthetic(self) -> bool:
        """Whether the images are made up; every format says it with their labels."""
        return self.snapshot.is_synthetic(self.case)

    def instances_of(self, series: Series) -> tuple[Instance, ...]:
        """In reading order."""
        return self._instances_of[series.id]

    def frames(self, series: Series) -> list[FrameRef]:
        """All frames of a series in reading order."""
        return [ref for i in self.instances_of(series) for ref in i.frames]

    def space(self, series: Series) -> SeriesSpace:
        """Where the frames of a series lie."""
        if series.id not in self._spaces:
            self._spaces[series.id] = survey(self.instances_of(series), series.modality)
        return self._spaces[series.id]

    def schema(self, schema_id: str) -> Schema:
        if schema_id not in self._schemas:
            raise UserError("A schema of these labels is missing.", schema_id)
        return self._schemas[schema_id]

    def reader(self, reader_id: str) -> str:
        """The pseudonym of a reader."""
        return self._readers.get(reader_id) or f"R-{reader_id[:6].upper()}"

    @cached_property
    def assignments(self) -> tuple[Assignment, ...]:
        return tuple(
            sorted(
                self.snapshot.assignments_of(self.case.id), key=lambda a: self.reader(a.reader_id)
            )
        )

    @cached_property
    def notes(self) -> dict[str, CaseNote]:
        """Comment, confidence and flag by reader id."""
        return {n.reader_id: n for n in self.snapshot.notes_of(self.case.id)}

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        """All annotations of the case, in a stable order."""
        found = sorted(
            self.snapshot.annotations_of(self.case.id), key=lambda a: (a.created_utc, a.id)
        )
        return tuple(self._region(a) for a in found)

    def answers(self) -> list[tuple[Answer, Question]]:
        """Answers to the case's questions that are shown; hidden ones are drafts and stay here."""
        groups: dict[tuple[str, str, str, str, str], list[Answer]] = {}
        for answer in self.snapshot.answers_of(self.case.id):
            target = answer.target
            frame = target.frame.key if target.frame else ""
            name = self.schema(answer.schema_id).name
            key = (name, answer.reader_id, target.scope.value, target.series_id, frame)
            groups.setdefault(key, []).append(answer)
        found = []
        for key in sorted(groups):
            schema = self._newest(key[0], groups[key])
            given = {a.question_id: a.value for a in groups[key]}
            shown = shown_answers(
                tuple(q for q in _with_retired(schema) if q.scope is not Scope.REGION), given
            )
            by_id = {a.question_id: a for a in groups[key]}
            found += [(by_id[q], schema.question(q)) for q in shown]
        return found

    def _newest(self, name: str, answers: list[Answer]) -> Schema:
        """The latest version of a schema among these answers and the case itself.

        Answers given with an earlier version still count, also to questions since retired.
        """
        ids = {a.schema_id for a in answers} | {self.case.schema_id} & set(self._schemas)
        versions = [self.schema(i) for i in ids if self.schema(i).name == name]
        return max(versions, key=lambda s: s.version)

    def _region(self, annotation: Annotation) -> Region:
        schema = self.schema(annotation.schema_id)
        label_class = schema.label_class(annotation.label.class_id)
        frames = tuple(self._frames_of(annotation))
        series_id = annotation.target.series_id
        seen = [f.frame for f in frames] or [f for f in (annotation.target.frame,) if f]
        if not series_id and seen and seen[0].instance_id in self.instances:
            series_id = self.instances[seen[0].instance_id].series_id
        return Region(
            annotation=annotation,
            schema=schema,
            label_class=label_class,
            series=next((s for s in self.series if s.id == series_id), None),
            reader=self.reader(annotation.reader_id),
            attributes=shown_answers(
                _asked_of(schema, label_class.id), annotation.label.attributes
            ),
            frames=frames,
        )

    def _frames_of(self, annotation: Annotation) -> Iterator[RegionFrame]:
        match annotation.geometry:
            case Mask():
                yield from self._painted(annotation)
            case Box() | RotatedBox() | Ellipse() | Polygon() as shape:
                frame = annotation.target.frame
                if frame is None or frame.instance_id not in self.instances:
                    raise _lost(annotation.id)
                instance = self.instances[frame.instance_id]
                mask = shape_mask(shape, instance.rows, instance.columns)
                yield RegionFrame(
                    frame=frame,
                    rows=instance.rows,
                    columns=instance.columns,
                    runs=encode_runs(mask),
                    origin=annotation.origin,
                    pixels_sha256=annotation.pixels_sha256,
                )
            case _:
                return

    def _painted(self, annotation: Annotation) -> Iterator[RegionFrame]:
        places = {i.id: (i.order, i.id) for i in self.instances.values()}
        slices = self.snapshot.slices_of(annotation.id)
        if any(s.frame.instance_id not in places for s in slices):
            raise _lost(annotation.id)
        for part in sorted(
            slices, key=lambda s: (*places[s.frame.instance_id], s.frame.frame_index)
        ):
            instance = self.instances[part.frame.instance_id]
            runs = self.snapshot.runs(part.runs)
            if runs_digest(runs) != part.runs or (part.rows, part.columns) != (
                instance.rows,
                instance.columns,
            ):
                raise StoreProblem(
                    "A painted region is damaged in the project.",
                    f"Region {annotation.id[:8]}.",
                    "Restore the last backup; nothing was exported.",
                )
            yield RegionFrame(
                frame=part.frame,
                rows=part.rows,
                columns=part.columns,
                runs=runs,
                origin=part.origin,
                pixels_sha256=part.pixels_sha256,
            )


def labelled_cases(snapshot: Snapshot, progress: Progress, words: str) -> Iterator[CaseLabels]:
    """Every case of a snapshot with its labels, one after the other, saying how far it is."""
    for case in progress.over(snapshot.cases, len(snapshot.cases), words):
        yield CaseLabels(snapshot, case)


def _with_retired(schema: Schema) -> tuple[Question, ...]:
    return schema.questions + schema.retired_questions


def _asked_of(schema: Schema, class_id: int) -> tuple[Question, ...]:
    """The questions about regions of a class, also those since retired."""
    return tuple(
        q
        for q in _with_retired(schema)
        if q.scope is Scope.REGION and (not q.class_ids or class_id in q.class_ids)
    )


def shown_answers(
    questions: tuple[Question, ...], given: dict[str, AnswerValue]
) -> dict[str, AnswerValue]:
    """Answers whose questions are shown, in the questions' order.

    An answer to a hidden question doesn't show another one: conditions look at shown answers only.
    """
    shown = shown_questions(questions, given)
    return {q.id: given[q.id] for q in shown if given.get(q.id) is not None}


def pseudonyms(snapshot: Snapshot) -> dict[str, str]:
    """Reader id to pseudonym; UserError in the unlikely case that two are alike."""
    names = {r.id: r.pseudonym for r in snapshot.readers}
    if len(set(names.values())) != len(names):
        raise UserError("Two readers have the same pseudonym.", "Nothing was exported.")
    return names


def _lost(annotation_id: str) -> StoreProblem:
    return StoreProblem(
        "A region lies on an image that is not part of its case.",
        f"Region {annotation_id[:8]}.",
        "Check the project with Verify.",
    )
