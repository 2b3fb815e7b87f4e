"""DICOM segmentations: one segment per annotation, written in a child process and read back.

Source: DICOM PS3.3 A.51; PS3.16 CID 7150 (property categories).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from desktop.domain.annotation import Origin
from desktop.domain.contracts import Progress
from desktop.domain.errors import FileProblem
from desktop.domain.runs import decode_runs
from desktop.domain.schema import Code, LabelClass, Schema
from desktop.domain.study import Instance, Series
from desktop.exchange.disk import write_file
from desktop.exchange.exporter import BundleOptions, Mismatch, Note, Part, Unmet, Written
from desktop.exchange.names import schema_name, uid_of
from desktop.exchange.regions import CaseLabels, Region, RegionFrame, labelled_cases
from desktop.exchange.seg_groups import share_a_file
from desktop.exchange.seg_request import (
    CANT_CARRY,
    SegFrame,
    SegRequest,
    SegSegment,
    SegSource,
)
from desktop.exchange.snapshot import Snapshot
from desktop.imaging.child import ChildPool

OWN_SCHEME = "99READINGROOM"
FALLBACK_CATEGORY = Code(value="309825002", scheme="SCT", meaning="Spatial and Relational Concept")
_WRITE, _READ = "desktop.exchange.seg_writer:write_seg", "desktop.exchange.seg_writer:read_seg"
_TIMEOUT_S = 600.0
_LAYER_BYTES = 256 << 20  # overlapping segments are laid out side by side: more go into more files
_OFF_MM = 1e-3
_SEMIAUTOMATIC = {Origin.INTERPOLATED, Origin.MODEL_EDITED}
_AUTOMATIC = {Origin.MODEL, Origin.RULE, Origin.SYNTHETIC}


class SegExporter:
    """One segmentation per series, reader and schema (per file for multi-frame images)."""

    name = "seg"
    title = "DICOM segmentation"
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
        for labels in labelled_cases(snapshot, progress, "DICOM segmentations"):
            notes += _notes(labels, options)
            for job in _jobs(labels, options):
                progress.check()
                try:
                    content = pool.run(_WRITE, job.request(snapshot, options), timeout_s=_TIMEOUT_S)
                except FileProblem as problem:
                    if problem.title != CANT_CARRY:
                        raise _about_export(problem) from problem
                    notes.append(Note(self.name, job.series.id, str(problem)))
                    continue
                write_file(folder / job.path, content.tobytes())
                parts.append(Part(job.path, self.name, "DICOM segmentation", job.facts()))
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
        left = Unmet(written)
        refused = {n.about for n in written.notes}
        compared = 0
        for labels in labelled_cases(snapshot, progress, "Comparing segmentations"):
            for job in _jobs(labels, options):
                if job.path not in left and job.series.id in refused:
                    continue
                left.meet(job.path)
                frames = pool.run(_READ, str(folder / job.path), timeout_s=_TIMEOUT_S)
                compared += _compare(job, frames)
        left.end()
        return compared


@dataclass(frozen=True)
class _Job:
    """One segmentation file to be written."""

    labels: CaseLabels
    series: Series
    schema: Schema
    reader: str
    instances: tuple[Instance, ...]
    regions: tuple[Region, ...]
    number: int  # 1-based, among the files of one series, reader and schema

    @property
    def path(self) -> str:
        more = f"_{self.number}" if self.number > 1 else ""
        return f"seg/{self.series.id}/{self.reader}_{schema_name(self.schema)}{more}.dcm"

    def request(self, snapshot: Snapshot, options: BundleOptions) -> SegRequest:
        places = {i.id: n for n, i in enumerate(self.instances)}
        names = (snapshot.bundle_id, self.series.id, self.reader, self.schema.id)
        day, _t, clock = snapshot.created_utc.partition("T")
        made_up = "SYNTHETIC. " if self.labels.is_synthetic else ""
        return SegRequest(
            sources=tuple(
                SegSource(
                    path=str(snapshot.source_path(i.id)),
                    sha256=i.file_sha256,
                    sop_instance_uid=i.sop_instance_uid,
                )
                for i in self.instances
            ),
            segments=tuple(self._segment(region, places) for region in self.regions),
            patient_key="" if options.keep_patient else self.labels.study.patient_key,
            creator=self.reader,
            description=f"{made_up}Labels of {self.reader}, {self.schema.title}"[:64],
            series_uid=uid_of("seg-series", *names),
            sop_uid=uid_of("seg-instance", *names, str(self.number)),
            dimension_uid=uid_of("seg-dimension", *names, str(self.number)),
            series_number=900 + min(self.series.number, 9000),
            instance_number=self.number,
            date=day.replace("-", ""),
            time=clock[:8].replace(":", "") or "000000",
            version=snapshot.app_version,
            slice_mm=self.series.slice_step_mm or 1.0,
            coding_scheme=OWN_SCHEME,
            synthetic=self.labels.is_synthetic,
        )

    def facts(self) -> dict[str, Any]:
        return {
            "series_id": self.series.id,
            "series_instance_uid": self.series.series_instance_uid,
            "reader": self.reader,
            "schema": self.schema.id,
            "synthetic": self.labels.is_synthetic,
            "segments": [
                {
                    "number": number,
                    "annotation_id": region.annotation.id,
                    "class_id": region.label_class.id,
                    "voxels": sum(f.area_px for f in self.frames(region)),
                }
                for number, region in enumerate(self.regions, start=1)
            ],
        }

    def frames(self, region: Region) -> list[RegionFrame]:
        """The region's frames in this file that hold pixels."""
        ids = {i.id for i in self.instances}
        return [f for f in region.frames if f.frame.instance_id in ids and f.area_px]

    def _segment(self, region: Region, places: dict[str, int]) -> SegSegment:
        frames = self.frames(region)
        origins = {region.annotation.origin} | {f.origin for f in frames}
        category, kind = codes_of(self.schema, region.label_class)
        return SegSegment(
            label=region.label_class.name[:64],
            category=(category.value, category.scheme, category.meaning[:64]),
            type=(kind.value, kind.scheme, kind.meaning[:64]),
            algorithm=algorithm_of(origins),
            algorithm_name=region.annotation.provenance.tool[:64],
            tracking_id=region.annotation.id,
            tracking_uid=tracking_uid(region.annotation.id),
            frames=tuple(
                (places[f.frame.instance_id], f.frame.frame_index, f.runs) for f in frames
            ),
        )


def _about_export(problem: FileProblem) -> FileProblem:
    """A child that stopped says "decoder", because it mostly is one; here it is a writer."""
    if not problem.title.startswith("The decoder"):
        return problem
    return FileProblem(
        "A DICOM segmentation could not be made.",
        problem.detail,
        "Export fewer cases at once, or leave DICOM segmentations out.",
    )


def codes_of(schema: Schema, item: LabelClass) -> tuple[Code, Code]:
    """Category and type of a class; its own number in a private scheme where it has no code."""
    prefix = hashlib.sha256(schema.name.encode()).hexdigest()[:8]
    own = Code(value=f"{prefix}-{item.id}"[:16], scheme=OWN_SCHEME, meaning=item.name)
    return item.category or FALLBACK_CATEGORY, item.code or own


def tracking_uid(annotation_id: str) -> str:
    """The annotation's UUID as a UID; a made one where the id is no UUID."""
    try:
        return (
            f"2.25.{int(annotation_id, 16)}"
            if len(annotation_id) == 32
            else uid_of("tracking", annotation_id)
        )
    except ValueError:
        return uid_of("tracking", annotation_id)


def algorithm_of(origins: set[Origin]) -> str:
    """How a region was made, as DICOM says it."""
    if origins <= _AUTOMATIC:
        return "AUTOMATIC"
    return "SEMIAUTOMATIC" if origins & (_AUTOMATIC | _SEMIAUTOMATIC) else "MANUAL"


def _jobs(labels: CaseLabels, options: BundleOptions) -> Iterator[_Job]:
    for series in labels.series:
        instances = labels.instances_of(series)
        if any(i.media != "dicom" for i in instances) or why_no_segmentation(instances):
            continue
        groups: dict[tuple[str, str], list[Region]] = {}
        for region in labels.regions:
            of_series = region.series is not None and region.series.id == series.id
            if of_series and region.fills(options) and _has_pixels(region):
                groups.setdefault((region.reader, region.schema.id), []).append(region)
        for (reader, schema_id), regions in sorted(groups.items()):
            schema = labels.schema(schema_id)
            for number, (used, members) in enumerate(_files(instances, regions), start=1):
                yield _Job(labels, series, schema, reader, used, members, number)


def _files(
    instances: Sequence[Instance], regions: Sequence[Region]
) -> Iterator[tuple[tuple[Instance, ...], tuple[Region, ...]]]:
    """The images and regions of each file."""
    for members in share_a_file(instances):
        ids = {i.id for i in members}
        inside = [r for r in regions if any(_on(f, ids) for f in r.frames)]
        for some in _chunks(members, inside):
            held = {f.frame.instance_id for r in some for f in r.frames if f.area_px}
            yield tuple(i for i in members if i.id in held), tuple(some)


def _chunks(members: Sequence[Instance], regions: Sequence[Region]) -> Iterator[list[Region]]:
    frames = sum(i.frame_count for i in members)
    layer = frames * members[0].rows * members[0].columns
    step = max(1, _LAYER_BYTES // max(1, layer))
    for start in range(0, len(regions), step):
        yield list(regions[start : start + step])


def _on(frame: RegionFrame, instance_ids: set[str]) -> bool:
    return frame.frame.instance_id in instance_ids and frame.area_px > 0


def _has_pixels(region: Region) -> bool:
    return any(f.area_px for f in region.frames)


def why_no_segmentation(instances: Sequence[Instance]) -> str:
    """Why a series can't have DICOM segmentations, "" where it can."""
    if any(i.media == "dicom" and not i.sop_instance_uid for i in instances):
        return "The images have no identity of their own (SOP Instance UID)."
    if any(i.frame_count > 1 and not i.planes for i in instances):
        return (
            "Multi-frame images without a place in the patient can't carry a DICOM segmentation; "
            "their masks are in masks/ and coco/."
        )
    return ""


def _notes(labels: CaseLabels, options: BundleOptions) -> list[Note]:
    notes = []
    for series in labels.series:
        members = [
            r
            for r in labels.regions
            if r.series is not None and r.series.id == series.id and r.fills(options)
        ]
        instances = labels.instances_of(series)
        reason = why_no_segmentation(instances)
        if any(i.media != "dicom" for i in instances):
            continue  # a photograph: nobody expects DICOM of it
        if members and reason:
            notes.append(Note("seg", series.id, reason))
        elif not reason:
            notes += [
                Note("seg", r.annotation.id, "No pixel centre lies inside this region.")
                for r in members
                if not _has_pixels(r)
            ]
    return notes


def _compare(job: _Job, frames: Sequence[SegFrame]) -> int:
    """Every frame's pixels and place; how many voxels were compared."""
    instances = {i.sop_instance_uid: i for i in job.instances}
    found = {(f.tracking_id, f.sop_instance_uid, f.frame_index): f for f in frames}
    if len(found) != len(frames):
        raise Mismatch(job.path, "a frame is there twice")
    compared = 0
    for region in job.regions:
        for part in job.frames(region):
            instance = job.labels.instances[part.frame.instance_id]
            key = (region.annotation.id, instance.sop_instance_uid, part.frame.frame_index)
            frame = found.pop(key, None)
            what = f"region {region.annotation.id[:8]}"
            if frame is None:
                raise Mismatch(job.path, f"{what} is missing")
            same = (frame.rows, frame.columns) == (part.rows, part.columns) and np.array_equal(
                decode_runs(frame.runs, frame.rows, frame.columns), part.mask()
            )
            if not same:
                raise Mismatch(job.path, f"{what} differs")
            if not _in_place(frame, instances[frame.sop_instance_uid]):
                raise Mismatch(job.path, f"{what} lies elsewhere in the patient")
            compared += part.rows * part.columns
    if found:
        raise Mismatch(job.path, f"{len(found)} frames were not drawn")
    return compared


def _in_place(frame: SegFrame, instance: Instance) -> bool:
    plane = instance.plane(frame.frame_index)
    if plane is None:
        return True
    pairs = (
        (frame.position, plane.position),
        (frame.orientation, plane.orientation),
        (frame.spacing, instance.spacing_mm or frame.spacing),
    )
    return all(len(a) == len(b) and np.abs(np.subtract(a, b)).max() <= _OFF_MM for a, b in pairs)
