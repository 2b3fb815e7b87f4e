"""Labelbox NDJSON: one line for each annotation on one image, as its importer takes them.

A data row is named by its global key, which is the pseudonymous name of the image. Boxes, polygons
without holes, lines and points are written as they are; other shapes as the pixels whose centre
lies inside them, in a PNG of 255 and 0. Names of features are the words of the schema: an ontology
for the import needs tools and questions of the same names. Answers to questions about one image
are lines of their own, answers about a region stand with it. ``synthetic.txt`` lists the global
keys of made-up images, as the format has no place for that.

Source: Labelbox documentation, image annotation import (NDJSON: dataRow, name, bbox, polygon,
line, point, mask, classifications).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from desktop.domain.contracts import Progress
from desktop.domain.geometry import XY, Box, Point, Polygon, Polyline
from desktop.domain.record import stable_id
from desktop.domain.schema import AnswerValue, Question, QuestionKind
from desktop.domain.study import FrameRef
from desktop.exchange.disk import write_file
from desktop.exchange.exporter import BundleOptions, Mismatch, Note, Part, Written
from desktop.exchange.json_files import lines_of, rows_of
from desktop.exchange.names import image_name, schema_name
from desktop.exchange.pictures import png
from desktop.exchange.regions import CaseLabels, Region, RegionFrame, labelled_cases
from desktop.exchange.snapshot import Snapshot
from desktop.imaging.child import ChildPool

Row = dict[str, Any]
_LISTED = "labelbox/synthetic.txt"


class LabelboxExporter:
    """Regions and answers for an import into Labelbox."""

    name = "labelbox"
    title = "Labelbox NDJSON"
    suffix = ".ndjson"

    def write(
        self,
        snapshot: Snapshot,
        folder: Path,
        options: BundleOptions,
        pool: ChildPool,
        progress: Progress,
    ) -> Written:
        files: dict[str, list[Row]] = {}
        notes: list[Note] = []
        made_up: set[str] = set()
        for labels in labelled_cases(snapshot, progress, "Labelbox"):
            for path, row in _rows(labels, notes):
                progress.check()
                files.setdefault(path, []).append(row)
                if labels.is_synthetic:
                    made_up.add(row["dataRow"]["globalKey"])
        parts = []
        for path, rows in sorted(files.items()):
            write_file(folder / path, lines_of(rows))
            marked = sum(r["dataRow"]["globalKey"] in made_up for r in rows)
            facts = {"lines": len(rows), "synthetic_lines": marked}
            parts.append(Part(path, self.name, "Labelbox annotations", facts))
        if made_up:
            write_file(folder / _LISTED, "".join(f"{key}\n" for key in sorted(made_up)).encode())
            parts.append(Part(_LISTED, self.name, "Global keys of made-up images"))
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
        """Lines read back one by one, masks pixel by pixel."""
        found = {p.path: _read(folder / p.path) for p in written.parts if p.path != _LISTED}
        pixels = 0
        made_up: set[str] = set()
        for labels in labelled_cases(snapshot, progress, "Comparing Labelbox"):
            for path, meant in _rows(labels, []):
                if labels.is_synthetic:
                    made_up.add(meant["dataRow"]["globalKey"])
                row = found.get(path, {}).pop(meant["uuid"], None)
                if row is None:
                    raise Mismatch(path, f"line {meant['uuid']} is missing")
                pixels += _compare_masks(path, row.pop("mask", None), meant.pop("mask", None))
                if row != meant:
                    raise Mismatch(path, f"line {meant['uuid']} differs")
        left = [path for path, rows in found.items() if rows]
        if left:
            raise Mismatch(left[0], "a line that nobody said")
        if made_up and (folder / _LISTED).read_text().splitlines() != sorted(made_up):
            raise Mismatch(_LISTED, "a made-up image is not listed")
        return pixels


def _rows(labels: CaseLabels, notes: list[Note]) -> Iterator[tuple[str, Row]]:
    """(path, line) of all that is said of a case, in a stable order."""
    for region in labels.regions:
        path = f"labelbox/{schema_name(region.schema)}/{region.reader}.ndjson"
        lines = list(_of_region(labels, region))
        if not lines:
            sentence = "A label without a shape is no Labelbox feature; see tables/."
            notes.append(Note("labelbox", region.annotation.id, sentence))
        for row in lines:
            yield path, row
    for answer, question in labels.answers():
        schema = labels.schema(answer.schema_id)
        said = _answered(question, answer.value)
        frame = answer.target.frame or _only_frame(labels, answer.target.series_id)
        if frame is None or said is None:
            sentence = "An answer about several images, or a number, stands in tables/ only."
            notes.append(Note("labelbox", answer.id, sentence))
            continue
        path = f"labelbox/{schema_name(schema)}/{labels.reader(answer.reader_id)}.ndjson"
        yield path, _head(labels, frame, "answer", answer.id) | said


def _of_region(labels: CaseLabels, region: Region) -> Iterator[Row]:
    asked = {q.id: q for q in region.schema.questions + region.schema.retired_questions}
    inner = [_answered(asked[k], v) for k, v in region.attributes.items() if k in asked]
    said = {
        "name": region.label_class.name,
        "classifications": [answer for answer in inner if answer is not None],
    }
    shape, frame = _shape(region), region.annotation.target.frame
    if shape is not None and frame is not None:
        yield _head(labels, frame, "region", region.annotation.id) | said | shape
        return
    for part in region.frames:
        if part.area_px:
            row = _head(labels, part.frame, "region", region.annotation.id)
            yield row | said | {"mask": {"png": _mask(part)}}


def _shape(region: Region) -> Row | None:
    """A shape as Labelbox keeps it; None where only pixels say it."""
    match region.geometry:
        case Box(x0=x0, y0=y0, x1=x1, y1=y1):
            return {"bbox": {"top": y0, "left": x0, "height": y1 - y0, "width": x1 - x0}}
        case Polygon(points=points, holes=()):
            return {"polygon": _points(points)}
        case Polyline(points=points):
            return {"line": _points(points)}
        case Point(x=x, y=y):
            return {"point": {"x": x, "y": y}}
        case _:
            return None


def _points(points: tuple[XY, ...]) -> list[Row]:
    return [{"x": x, "y": y} for x, y in points]


def _mask(part: RegionFrame) -> str:
    pixels = part.mask().astype(np.uint8) * np.uint8(255)
    return base64.b64encode(png(pixels)).decode("ascii")


def _head(labels: CaseLabels, frame: FrameRef, what: str, record_id: str) -> Row:
    name = image_name(labels.instances[frame.instance_id], frame.frame_index)
    line_id = UUID(stable_id("labelbox", what, record_id, frame.key))
    return {"uuid": str(line_id), "dataRow": {"globalKey": name}}


def _answered(question: Question, value: AnswerValue) -> Row | None:
    """An answer as a classification; None for numbers, which Labelbox doesn't ask for."""
    match question.kind:
        case QuestionKind.YES_NO:
            return {"name": question.text, "answer": {"name": "Yes" if value else "No"}}
        case QuestionKind.CHOICE | QuestionKind.TREE:
            return {"name": question.text, "answer": {"name": _words(question, value)}}
        case QuestionKind.MULTIPLE if isinstance(value, (list, tuple)):
            chosen = [{"name": _words(question, v)} for v in value]
            return {"name": question.text, "answer": chosen}
        case QuestionKind.TEXT:
            return {"name": question.text, "answer": str(value)}
        case _:
            return None


def _words(question: Question, choice: object) -> str:
    return question.choice_texts().get(str(choice), str(choice))


def _only_frame(labels: CaseLabels, series_id: str) -> FrameRef | None:
    """The image that an answer about a series or a case means, where there is one only."""
    series = [s for s in labels.series if series_id in ("", s.id)]
    frames = [f for s in series for f in labels.frames(s)]
    return frames[0] if len(frames) == 1 else None


def _read(path: Path) -> dict[str, Row]:
    rows = rows_of(path)
    found = {row["uuid"]: row for row in rows}
    if len(found) != len(rows):
        raise Mismatch(path.name, "two lines have one id")
    return found


def _compare_masks(path: str, found: Row | None, meant: Row | None) -> int:
    from PIL import Image

    if found is None and meant is None:
        return 0
    if found is None or meant is None:
        raise Mismatch(path, "a mask is missing")
    pictures = []
    for packed in (found["png"], meant["png"]):
        with Image.open(BytesIO(base64.b64decode(packed))) as picture:
            pictures.append(np.asarray(picture))
    if not np.array_equal(pictures[0], pictures[1]):
        raise Mismatch(path, "the pixels of a mask differ")
    return int(pictures[0].size)
