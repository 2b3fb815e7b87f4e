"""The rows of the tables: what a case says, as plain cells."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np

from desktop.domain.annotation import Answer
from desktop.domain.calibration import calibrations, length_mm
from desktop.domain.geometry import Geometry, Mask, Point, Polyline
from desktop.domain.schema import AnswerValue, Question
from desktop.exchange.names import image_name, image_number
from desktop.exchange.regions import CaseLabels, Region

Cell: TypeAlias = str | int | float | bool | None
Row: TypeAlias = dict[str, Cell]


def case_rows(labels: CaseLabels) -> Iterator[Row]:
    """One row per reader of the case; one with an empty reader where nobody read it."""
    case = labels.case
    common: Row = {
        "case_id": case.id,
        "title": case.title,
        "patient": labels.study.patient_key,
        "study_instance_uid": labels.study.study_instance_uid,
        "schema": case.schema_id,
        "modalities": "/".join(sorted({s.modality for s in labels.series if s.modality})),
        "images": sum(i.frame_count for i in labels.instances.values()),
        "part": labels.snapshot.parts.get(case.id, ""),
        "synthetic": labels.is_synthetic,
    }
    states = {a.reader_id: a for a in labels.assignments}
    spoke = {r.annotation.reader_id for r in labels.regions}
    readers = sorted(spoke | set(states) | set(labels.notes))
    for reader_id in readers or [""]:
        state, note = states.get(reader_id), labels.notes.get(reader_id)
        yield common | {
            "reader": labels.reader(reader_id) if reader_id else "",
            "state": state.state.value if state else "open",
            "no_finding": state.no_finding if state else False,
            "reason": state.reason if state else "",
            "confidence": note.confidence if note else None,
            "comment": note.comment if note else "",
            "flag": note.flag if note else "",
            "annotations": sum(r.annotation.reader_id == reader_id for r in labels.regions),
        }


def image_rows(labels: CaseLabels) -> Iterator[Row]:
    """One row per frame, in reading order."""
    for series in labels.series:
        for place, frame in enumerate(labels.frames(series)):
            instance = labels.instances[frame.instance_id]
            plane = instance.plane(frame.frame_index)
            spacing = instance.spacing_mm or (None, None)
            yield {
                "frame_key": frame.key,
                "image_id": image_number(frame),
                "file_name": image_name(instance, frame.frame_index),
                "case_id": labels.case.id,
                "part": labels.snapshot.parts.get(labels.case.id, ""),
                "synthetic": labels.is_synthetic,
                "patient": labels.study.patient_key,
                "series_id": series.id,
                "series_instance_uid": series.series_instance_uid,
                "modality": series.modality,
                "sop_instance_uid": instance.sop_instance_uid,
                "frame_number": frame.frame_index + 1,
                "place": place,
                "rows": instance.rows,
                "columns": instance.columns,
                "file_sha256": instance.file_sha256,
                "spacing_rows_mm": spacing[0],
                "spacing_columns_mm": spacing[1],
                "calibration": instance.calibration.value,
                "position_mm": _numbers(plane.position) if plane else "",
                "orientation": _numbers(plane.orientation) if plane else "",
            }


def annotation_rows(labels: CaseLabels) -> Iterator[Row]:
    """One row per annotation, whatever its shape."""
    for region in labels.regions:
        annotation, code = region.annotation, region.label_class.code
        frame = annotation.target.frame
        yield {
            "annotation_id": annotation.id,
            "case_id": labels.case.id,
            "reader": region.reader,
            "schema": region.schema.id,
            "class_id": region.label_class.id,
            "class": region.label_class.name,
            "code": code.value if code else "",
            "code_scheme": code.scheme if code else "",
            "shape": shape_of(region.geometry),
            "scope": annotation.target.scope.value,
            "series_id": region.series.id if region.series else "",
            "frame_key": frame.key if frame else "",
            "frames": len(region.frames) or int(frame is not None),
            "area_px": sum(f.area_px for f in region.frames) if region.frames else None,
            "origin": annotation.origin.value,
            "slice_origins": "/".join(sorted({f.origin.value for f in region.frames})),
            "tool": annotation.provenance.tool,
            "app_version": annotation.provenance.app_version,
            "created_utc": annotation.created_utc,
            "comment": annotation.comment,
            "pixels_sha256": annotation.pixels_sha256,
        }


def answer_rows(labels: CaseLabels) -> Iterator[Row]:
    """Answers to shown questions, of cases first, then of regions."""
    for answer, question in labels.answers():
        yield _answer_row(labels, answer, question)
    for region in labels.regions:
        for question_id, value in region.attributes.items():
            question = region.schema.question(question_id)
            row: Row = {
                "case_id": labels.case.id,
                "reader": region.reader,
                "schema": region.schema.id,
                "annotation_id": region.annotation.id,
                "series_id": region.series.id if region.series else "",
                "frame_key": "",
                "origin": region.annotation.origin.value,
            }
            yield row | _value_cells(question, value)


def ruling_rows(labels: CaseLabels) -> Iterator[Row]:
    """What adjudicators ruled where readers disagreed, and why."""
    for ruling in sorted(labels.snapshot.rulings_of(labels.case.id), key=lambda r: r.id):
        yield {
            "ruling_id": ruling.id,
            "case_id": labels.case.id,
            "reader": labels.reader(ruling.reader_id),
            "question_id": ruling.question_id,
            "class_id": None if ruling.question_id else ruling.class_id,
            "ruling": ruling.verdict.value,
            "cause": ruling.cause.value if ruling.cause else "",
            "note": ruling.note,
            "method": ruling.method,
            "made_id": ruling.made_id,
            "taken_id": ruling.taken_id,
            "sources": " ".join(s.id for s in ruling.sources),
            "decided_utc": ruling.decided_utc,
        }


def measurement_rows(labels: CaseLabels) -> Iterator[Row]:
    """Lengths, areas and volumes with their unit and what makes them millimetres."""
    for region in labels.regions:
        for quantity, value, unit, calibration in _measures(labels, region):
            yield {
                "annotation_id": region.annotation.id,
                "case_id": labels.case.id,
                "reader": region.reader,
                "schema": region.schema.id,
                "class_id": region.label_class.id,
                "quantity": quantity,
                "value": value,
                "unit": unit,
                "calibration": calibration,
            }


def shape_of(geometry: Geometry | None) -> str:
    """The shape's name, "" for a label without a region."""
    return "" if geometry is None else str(type(geometry).__struct_config__.tag)


def _measures(labels: CaseLabels, region: Region) -> Iterator[tuple[str, float, str, str]]:
    geometry, frame = region.geometry, region.annotation.target.frame
    if isinstance(geometry, Polyline) and frame is not None:
        yield "length", geometry.length_px(), "px", "pixels"
        instance = labels.instances[frame.instance_id]
        ruler = labels.snapshot.calibration(instance.series_id)
        scale = calibrations(instance, ruler).between(geometry.points)
        if scale is not None:
            yield "length", length_mm(geometry.points, scale), "mm", scale.source.value
        return
    if not region.frames or isinstance(geometry, Point):
        return
    if isinstance(geometry, Mask):
        yield from _volume(labels, region)
        return
    part = region.frames[0]
    yield "area", part.area_px, "px", "pixels"
    instance = labels.instances[part.frame.instance_id]
    ruler = labels.snapshot.calibration(instance.series_id)
    points = geometry.outline() if geometry is not None else ()
    scale = calibrations(instance, ruler).between(points)
    if scale is not None:
        yield "area", part.area_px * scale.mm_x * scale.mm_y, "mm2", scale.source.value


def _volume(labels: CaseLabels, region: Region) -> Iterator[tuple[str, float, str, str]]:
    area = sum(f.area_px for f in region.frames)
    yield "voxels", area, "1", "pixels"
    series = region.series
    space = labels.space(series) if series is not None else None
    if space is not None and space.regular and space.affine is not None:
        voxel = abs(float(np.linalg.det(space.affine[:3, :3])))
        yield "volume", area * voxel, "mm3", "patient plane"


def _answer_row(labels: CaseLabels, answer: Answer, question: Question) -> Row:
    target = answer.target
    return {
        "case_id": labels.case.id,
        "reader": labels.reader(answer.reader_id),
        "schema": answer.schema_id,
        "annotation_id": "",
        "series_id": target.series_id,
        "frame_key": target.frame.key if target.frame else "",
        "origin": answer.origin.value,
    } | _value_cells(question, answer.value)


def _value_cells(question: Question, value: AnswerValue) -> Row:
    texts = question.choice_texts()
    number = None if isinstance(value, bool) or not isinstance(value, (int, float)) else value
    if isinstance(value, bool):
        text = plain = "true" if value else "false"
    elif isinstance(value, tuple):
        plain = json.dumps(list(value), ensure_ascii=False)
        text = "; ".join(texts.get(v, v) for v in value)
    else:
        plain = repr(number) if number is not None else str(value)
        text = texts.get(plain, plain)
    return {
        "question_id": question.id,
        "question": question.text,
        "kind": question.kind.value,
        "scope": question.scope.value,
        "value": plain if number is None else None,
        "number": number,
        "text": text if number is None else None,
        "unit": question.unit,
    }


def _numbers(values: tuple[float, ...]) -> str:
    return json.dumps([float(v) for v in values])
