"""DICOM measurement reports: lengths of rulers and areas of regions, written in a child process.

One report per case, reader and schema. A number in millimetres says as its method where they come
from (patient plane, detector plane, ultrasound region, user ruler); without a calibration it is in
pixels. A painted region has an area on each image; its pixels are in the DICOM segmentation under
the same tracking id.

Source: DICOM PS3.16 TID 1500, TID 1410, TID 1501, CID 42; UCUM for units.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from desktop.domain.calibration import Scale, calibrations, length_mm
from desktop.domain.contracts import Progress
from desktop.domain.errors import FileProblem
from desktop.domain.geometry import XY, Box, Ellipse, Mask, Polygon, Polyline, RotatedBox, area_px
from desktop.domain.runs import mask_bounds
from desktop.domain.schema import Code, Question, QuestionKind, Schema
from desktop.domain.study import CalibrationSource, FrameRef, Instance
from desktop.exchange.dicom_seg import OWN_SCHEME, algorithm_of, codes_of, tracking_uid
from desktop.exchange.disk import write_file
from desktop.exchange.exporter import BundleOptions, Mismatch, Note, Part, Unmet, Written
from desktop.exchange.names import schema_name, uid_of
from desktop.exchange.regions import CaseLabels, Region, labelled_cases
from desktop.exchange.seg_request import SegSource
from desktop.exchange.snapshot import Snapshot
from desktop.exchange.sr_request import (
    CANT_MEASURE,
    CodeOf,
    SrGroup,
    SrMeasure,
    SrRead,
    SrRequest,
)
from desktop.imaging.child import ChildPool

_WRITE, _READ = "desktop.exchange.sr_writer:write_sr", "desktop.exchange.sr_writer:read_sr"
_TIMEOUT_S = 600.0
_OFF_PX = 1e-3  # coordinates are stored as 32-bit floats
_DIGITS = 4

_LENGTH: CodeOf = ("410668003", "SCT", "Length")
_AREA: CodeOf = ("42798000", "SCT", "Area")
_MM: CodeOf = ("mm", "UCUM", "millimeter")
_MM2: CodeOf = ("mm2", "UCUM", "square millimeter")
_PIXELS: CodeOf = ("{pixels}", "UCUM", "pixels")
_YES: CodeOf = ("373066001", "SCT", "Yes")
_NO: CodeOf = ("373067005", "SCT", "No")
_METHODS: dict[CalibrationSource, CodeOf] = {
    CalibrationSource.PATIENT: ("CAL-PATIENT", OWN_SCHEME, "Spacing of the patient plane"),
    CalibrationSource.DETECTOR: ("CAL-DETECTOR", OWN_SCHEME, "Spacing of the detector plane"),
    CalibrationSource.ULTRASOUND: ("CAL-ULTRASOUND", OWN_SCHEME, "Ultrasound region calibration"),
    CalibrationSource.USER: ("CAL-USER", OWN_SCHEME, "Line of known length drawn by a user"),
    CalibrationSource.NONE: ("CAL-NONE", OWN_SCHEME, "Not calibrated, in pixels"),
}


class SrExporter:
    """Measurements as other workstations read them."""

    name = "sr"
    title = "DICOM measurements (structured report)"
    suffix = ".dcm"

    def write(
        self,
        snapshot: Snapshot,
        folder: Path,
        options: BundleOptions,
        pool: ChildPool,
        progress: Progress,
    ) -> Written:
        parts: list[Part] = []
        notes: list[Note] = []
        for labels in labelled_cases(snapshot, progress, "DICOM measurements"):
            notes += _notes(labels)
            for job in _jobs(labels):
                progress.check()
                try:
                    content = pool.run(_WRITE, job.request(options), timeout_s=_TIMEOUT_S)
                except FileProblem as problem:
                    if problem.title != CANT_MEASURE:
                        raise
                    notes.append(Note(self.name, labels.case.id, str(problem)))
                    continue
                write_file(folder / job.path, content.tobytes())
                parts.append(Part(job.path, self.name, "DICOM measurement report", job.facts()))
        return Written(tuple(parts), tuple(notes))

    def compare(
        self,
        snapshot: Snapshot,
        folder: Path,
        options: BundleOptions,
        written: Written,
        pool: ChildPool,
        progress: Progress,
    ) -> int:
        """Every number, outline, code and image read back; no voxels."""
        left = Unmet(written)
        refused = {n.about for n in written.notes}
        for labels in labelled_cases(snapshot, progress, "Comparing measurements"):
            for job in _jobs(labels):
                if job.path not in left and labels.case.id in refused:
                    continue
                left.meet(job.path)
                _compare(job, pool.run(_READ, str(folder / job.path), timeout_s=_TIMEOUT_S))
        left.end("not measured by anyone")
        return 0


@dataclass(frozen=True)
class _Job:
    """One report to be written."""

    labels: CaseLabels
    schema: Schema
    reader: str
    regions: tuple[Region, ...]

    @property
    def path(self) -> str:
        return f"sr/{self.labels.case.id}/{self.reader}_{schema_name(self.schema)}.dcm"

    @property
    def instances(self) -> list[Instance]:
        """The images that something was measured on."""
        ids = {f.instance_id for r in self.regions for f, _b, _a in _places(r)}
        return [i for i in self.labels.instances.values() if i.id in ids]

    def groups(self) -> tuple[SrGroup, ...]:
        places = {i.id: n for n, i in enumerate(self.instances)}
        return tuple(self._group(region, places) for region in self.regions)

    def request(self, options: BundleOptions) -> SrRequest:
        labels, snapshot = self.labels, self.labels.snapshot
        names = (snapshot.bundle_id, labels.case.id, self.reader, self.schema.id)
        day, _t, clock = snapshot.created_utc.partition("T")
        made_up = "SYNTHETIC. " if labels.is_synthetic else ""
        return SrRequest(
            sources=tuple(
                SegSource(
                    path=str(snapshot.source_path(i.id)),
                    sha256=i.file_sha256,
                    sop_instance_uid=i.sop_instance_uid,
                )
                for i in self.instances
            ),
            groups=self.groups(),
            patient_key="" if options.keep_patient else labels.study.patient_key,
            creator=self.reader,
            description=f"{made_up}Measurements of {self.reader}, {self.schema.title}"[:64],
            series_uid=uid_of("sr-series", *names),
            sop_uid=uid_of("sr-instance", *names),
            series_number=8000,
            date=day.replace("-", ""),
            time=clock[:8].replace(":", "") or "000000",
            version=snapshot.app_version,
            coding_scheme=OWN_SCHEME,
            slice_mm=1.0,
            synthetic=labels.is_synthetic,
        )

    def facts(self) -> dict[str, Any]:
        groups = self.groups()
        return {
            "case_id": self.labels.case.id,
            "reader": self.reader,
            "schema": self.schema.id,
            "synthetic": self.labels.is_synthetic,
            "groups": len(groups),
            "numbers": sum(len(g.measures) for g in groups),
            "calibration": sorted({m.method[2] for g in groups for m in g.measures}),
        }

    def _group(self, region: Region, places: dict[str, int]) -> SrGroup:
        annotation = region.annotation
        finding = codes_of(self.schema, region.label_class)[1]
        category = region.label_class.category
        graphic, points = _graphic(region)
        inside = _inside(points, self.labels.instances[next(_places(region))[0].instance_id])
        algorithm = ""
        if algorithm_of({annotation.origin} | {f.origin for f in region.frames}) != "MANUAL":
            algorithm = annotation.provenance.tool[:64] or annotation.origin.value
        return SrGroup(
            tracking_id=annotation.id,
            tracking_uid=tracking_uid(annotation.id),
            finding=_coded(finding),
            category=None if category is None else _coded(category),
            graphic=graphic if inside else "",
            points=tuple(v for p in points for v in p) if inside else (),
            is_region=bool(graphic) and inside and not isinstance(region.geometry, Polyline),
            measures=tuple(self._measure(region, *place, places) for place in _places(region)),
            evaluations=tuple(_evaluations(self.schema, region)),
            algorithm=algorithm,
        )

    def _measure(
        self,
        region: Region,
        frame: FrameRef,
        around: Sequence[XY],
        area: float,
        places: dict[str, int],
    ) -> SrMeasure:
        instance = self.labels.instances[frame.instance_id]
        ruler = self.labels.snapshot.calibration(instance.series_id)
        scale: Scale | None = calibrations(instance, ruler).between(around)
        shape = region.geometry
        if isinstance(shape, Polyline):
            name, unit = _LENGTH, _MM
            value = shape.length_px() if scale is None else length_mm(shape.points, scale)
        else:
            name, unit = _AREA, _MM2
            value = area if scale is None else area * scale.mm_x * scale.mm_y
        return SrMeasure(
            name=name,
            value=round(value, _DIGITS),
            unit=unit if scale else _PIXELS,
            method=_METHODS[scale.source if scale else CalibrationSource.NONE],
            source=places[frame.instance_id],
            frame_index=frame.frame_index,
        )


def _jobs(labels: CaseLabels) -> Iterator[_Job]:
    groups: dict[tuple[str, str], list[Region]] = {}
    for region in labels.regions:
        if not why_not(labels, region):
            groups.setdefault((region.reader, region.schema.id), []).append(region)
    for (reader, schema_id), regions in sorted(groups.items()):
        yield _Job(labels, labels.schema(schema_id), reader, tuple(regions))


def why_not(labels: CaseLabels, region: Region) -> str:
    """Why a region has no measurement in DICOM, "" where it has."""
    places = list(_places(region))
    if not places:
        return "Points and labels without a shape have no measurement."
    images = [labels.instances[f.instance_id] for f, _b, _a in places]
    if any(i.media != "dicom" or not i.sop_instance_uid for i in images):
        return "The image is no DICOM file that a measurement could name; see tables/."
    return ""


def _notes(labels: CaseLabels) -> list[Note]:
    found = []
    for region in labels.regions:
        photo = region.series is not None and any(
            i.media != "dicom" for i in labels.instances_of(region.series)
        )
        reason = why_not(labels, region)
        if reason and not photo:  # of a photograph nobody expects DICOM
            found.append(Note("sr", region.annotation.id, reason))
        elif isinstance(region.geometry, Polygon) and region.geometry.holes and not reason:
            sentence = "The outline of a region with holes is the outer one; its area is without."
            found.append(Note("sr", region.annotation.id, sentence))
    return found


def _places(region: Region) -> Iterator[tuple[FrameRef, tuple[XY, ...], float]]:
    """Each image that a region is measured on, what must be calibrated, and the area in px."""
    shape, frame = region.geometry, region.annotation.target.frame
    if isinstance(shape, Mask):
        for part in region.frames:
            if part.area_px:
                x0, y0, x1, y1 = map(float, mask_bounds(part.mask()))
                yield part.frame, ((x0, y0), (x1, y1)), float(part.area_px)
    elif isinstance(shape, (Polyline, Box, RotatedBox, Ellipse, Polygon)) and frame is not None:
        outline = shape.outline()
        if len(outline) > 1:
            yield frame, outline, area_px(shape)


def _graphic(region: Region) -> tuple[str, tuple[XY, ...]]:
    """DICOM's graphic type and its points; closed outlines end where they begin."""
    match region.geometry:
        case Polyline(points=points):
            return "POLYLINE", points
        case Ellipse() as shape:
            right, down, left, up = shape.handles()
            wide = shape.rx >= shape.ry
            return "ELLIPSE", (right, left, down, up) if wide else (down, up, right, left)
        case Box() | RotatedBox() | Polygon() as closed:
            outline = closed.outline()
            return "POLYLINE", (*outline, outline[0])
        case _:
            return "", ()


def _inside(points: Sequence[XY], instance: Instance) -> bool:
    """Whether all points lie on the image: DICOM knows no coordinates beside it."""
    return bool(points) and all(
        0 <= x <= instance.columns and 0 <= y <= instance.rows for x, y in points
    )


def _evaluations(schema: Schema, region: Region) -> Iterator[tuple[CodeOf, CodeOf]]:
    """Answers that are choices, coded; numbers and texts stand in the tables."""
    for question_id, value in sorted(region.attributes.items()):
        question = schema.question(question_id)
        name = _own(schema, question_id, question.text)
        if question.kind is QuestionKind.YES_NO and isinstance(value, bool):
            yield name, _YES if value else _NO
            continue
        for choice in _chosen(question, value):
            path = question.paths()[choice]
            code = path[-1].code
            own = _own(schema, f"{question_id}/{choice}", path[-1].text)
            yield name, own if code is None else _coded(code)


def _chosen(question: Question, value: object) -> list[str]:
    kinds = (QuestionKind.CHOICE, QuestionKind.TREE, QuestionKind.MULTIPLE)
    if question.kind not in kinds:
        return []
    given = value if isinstance(value, (list, tuple)) else [value]
    return [c for c in given if isinstance(c, str) and c in question.paths()]


def _own(schema: Schema, key: str, meaning: str) -> CodeOf:
    digest = hashlib.sha256(f"{schema.name}/{key}".encode()).hexdigest()
    return f"Q-{digest[:12]}", OWN_SCHEME, meaning[:64] or key[:64]


def _coded(code: Code) -> CodeOf:
    return code.value, code.scheme, code.meaning[:64]


def _compare(job: _Job, found: Sequence[SrRead]) -> None:
    meant = job.groups()
    images = [i.sop_instance_uid for i in job.instances]
    if len(found) != len(meant):
        raise Mismatch(job.path, f"{len(found)} groups instead of {len(meant)}")
    for read, group in zip(found, meant, strict=True):
        what = f"region {group.tracking_id[:8]}"
        said = (read.tracking_id, read.tracking_uid, read.finding, read.graphic)
        if said != (group.tracking_id, group.tracking_uid, group.finding[:2], group.graphic):
            raise Mismatch(job.path, f"{what} is another")
        if len(read.points) != len(group.points) or (
            read.points and np.abs(np.subtract(read.points, group.points)).max() > _OFF_PX
        ):
            raise Mismatch(job.path, f"{what} lies elsewhere")
        numbers = [
            (n.name, n.unit, n.method, n.sop_instance_uid, n.frame_index, n.value)
            for n in read.numbers
        ]
        wanted = [
            (m.name[:2], m.unit[0], m.method[:2], images[m.source], m.frame_index, m.value)
            for m in group.measures
        ]
        if numbers != wanted:
            raise Mismatch(job.path, f"a number of {what} differs")
        if list(read.evaluations) != [(n[:2], v[:2]) for n, v in group.evaluations]:
            raise Mismatch(job.path, f"an answer about {what} differs")
