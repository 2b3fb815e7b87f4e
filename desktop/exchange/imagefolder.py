"""Hugging Face image folders: ``metadata.jsonl`` beside the images of each part.

One folder per schema and reader, below it train, validation and test as the cases were dealt (all
in train where they were not). A row names its image and holds the boxes in COCO's order (x, y,
width, height, in whole pixels), the class index (see ``classes.json``), and one column for each
answer about the image; ``null`` where nothing was answered. All rows of a folder have the same
columns, so that the loader finds one table. The images are written only where a bundle may hold
pixels; else they are put beside the rows under the names that the rows give.

Source: Hugging Face Datasets documentation, ImageFolder (``metadata.jsonl``, ``file_name``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.domain.schema import AnswerValue, Question, Schema, Scope
from desktop.domain.study import FrameRef
from desktop.exchange.boxes import PixelBox, boxed_images, class_ids
from desktop.exchange.disk import write_file
from desktop.exchange.exporter import BundleOptions, Mismatch, Note, Part, Written
from desktop.exchange.json_files import lines_of, pretty, rows_of
from desktop.exchange.names import image_name, plain, schema_name
from desktop.exchange.pictures import png, shown
from desktop.exchange.regions import CaseLabels, labelled_cases
from desktop.exchange.snapshot import Snapshot
from desktop.imaging.child import ChildPool

Row = dict[str, Any]


class ImageFolderExporter:
    """Boxes and answers as ``load_dataset("imagefolder")`` reads them."""

    name = "imagefolder"
    title = "Hugging Face image folder (metadata.jsonl)"
    suffix = ".jsonl"

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
        tables: dict[str, list[_Line]] = {}
        for labels in labelled_cases(snapshot, progress, "Image folder"):
            for line in _lines(labels):
                tables.setdefault(line.home, []).append(line)
        for home, lines in sorted(tables.items()):
            progress.check()
            text = lines_of(line.row for line in lines)
            facts = {"rows": len(lines), "synthetic": sum(line.row["synthetic"] for line in lines)}
            parts.append(_put(folder, f"{home}/metadata.jsonl", text, "Image folder rows", facts))
            if options.pictures:
                parts += self._images(snapshot, folder, lines, notes, progress)
        schemas = {lines[0].schema.id: lines[0].schema for lines in tables.values()}
        for _id, schema in sorted(schemas.items()):
            text = pretty(_class_names(schema))
            parts.append(_put(folder, _class_file(schema), text, "Names of the classes", {}))
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
        """Rows read back one by one, images pixel by pixel."""
        there = {p.path for p in written.parts}
        rows = {p: _read(folder / p) for p in sorted(there) if p.endswith("/metadata.jsonl")}
        pixels = 0
        schemas: dict[str, Schema] = {}
        for labels in labelled_cases(snapshot, progress, "Comparing image folder"):
            for line in _lines(labels):
                path = f"{line.home}/metadata.jsonl"
                schemas[line.schema.id] = line.schema
                if rows.get(path, {}).pop(line.row["file_name"], None) != line.row:
                    raise Mismatch(path, f"the row of {line.row['file_name']} differs")
                if line.image in there:
                    pixels += _compare_image(snapshot, folder, line)
        left = [path for path, named in rows.items() if named]
        if left:
            raise Mismatch(left[0], "an image that nobody labelled")
        for schema in schemas.values():
            found = json.loads((folder / _class_file(schema)).read_text(encoding="utf-8"))
            if found != _class_names(schema):
                raise Mismatch(_class_file(schema), "the name of a class differs")
        return pixels

    def _images(
        self,
        snapshot: Snapshot,
        folder: Path,
        lines: list[_Line],
        notes: list[Note],
        progress: Progress,
    ) -> Iterator[Part]:
        for line in lines:
            progress.check()
            try:
                content = png(shown(snapshot.frame(line.frame)))
            except UserError as problem:
                notes.append(Note(self.name, line.frame.key, f"Its image is left out: {problem}"))
                continue
            write_file(folder / line.image, content)
            yield Part(line.image, self.name, "Image")


@dataclass(frozen=True)
class _Line:
    """One row with the folder that it stands in, and its image."""

    home: str
    schema: Schema
    frame: FrameRef
    row: Row

    @property
    def image(self) -> str:
        return f"{self.home}/{self.row['file_name']}"


def _lines(labels: CaseLabels) -> Iterator[_Line]:
    """All rows of a case, in a stable order."""
    part = labels.snapshot.parts.get(labels.case.id, "train")
    answers: dict[tuple[str, str], dict[str, AnswerValue]] = {}
    for answer, _question in labels.answers():
        for frame in _frames_of(labels, answer.target.frame, answer.target.series_id):
            key = (labels.reader(answer.reader_id), frame.key)
            answers.setdefault(key, {})[answer.question_id] = answer.value
    for schema, reader, frame, boxes in boxed_images(labels):
        given = answers.get((reader, frame.key), {})
        columns = {f"answer_{plain(q.id)}": _said(q, given.get(q.id)) for q in _asked(schema)}
        instance = labels.instances[frame.instance_id]
        row = {
            "file_name": Path(image_name(instance, frame.frame_index)).stem + ".png",
            "case_id": labels.case.id,
            "patient": labels.study.patient_key,
            "frame_key": frame.key,
            "synthetic": labels.is_synthetic,
            "width": instance.columns,
            "height": instance.rows,
            "objects": _objects(boxes),
        }
        home = f"imagefolder/{schema_name(schema)}/{reader}/{part}"
        yield _Line(home, schema, frame, row | columns)


def _objects(boxes: list[PixelBox]) -> Row:
    return {
        "bbox": [[x, y, w, h] for _c, x, y, w, h in boxes],
        "category": [c for c, *_rest in boxes],
        "area": [w * h for *_rest, w, h in boxes],
    }


def _frames_of(labels: CaseLabels, frame: FrameRef | None, series_id: str) -> list[FrameRef]:
    """The images that an answer is about: one, those of a series, or all of the case."""
    if frame is not None:
        return [frame]
    return [f for s in labels.series if series_id in ("", s.id) for f in labels.frames(s)]


def _asked(schema: Schema) -> list[Question]:
    return [q for q in schema.questions if q.scope is not Scope.REGION]


def _said(question: Question, value: AnswerValue) -> str | None:
    """An answer as one text, so that a column has one type: choices in words, joined by "; "."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    texts = question.choice_texts()
    if isinstance(value, (list, tuple)):
        return "; ".join(texts.get(str(v), str(v)) for v in value)
    return texts.get(value, value) if isinstance(value, str) else f"{value:g}"


def _class_file(schema: Schema) -> str:
    return f"imagefolder/{schema_name(schema)}/classes.json"


def _class_names(schema: Schema) -> dict[str, str]:
    """The words of each class by its index."""
    names = {c.id: c.name for c in schema.classes}
    return {str(n): names[c] for n, c in enumerate(class_ids(schema))}


def _put(folder: Path, path: str, content: bytes, title: str, facts: Row) -> Part:
    write_file(folder / path, content)
    return Part(path, "imagefolder", title, facts)


def _read(path: Path) -> dict[str, Row]:
    rows = rows_of(path)
    if len({tuple(row) for row in rows}) != 1:
        raise Mismatch(path.name, "its rows have different columns")
    return {row["file_name"]: row for row in rows}


def _compare_image(snapshot: Snapshot, folder: Path, line: _Line) -> int:
    from PIL import Image

    with Image.open(folder / line.image) as picture:
        found = np.asarray(picture)
    meant = shown(snapshot.frame(line.frame))
    if not np.array_equal(found, meant):
        raise Mismatch(line.image, "its pixels differ")
    return int(meant.shape[0] * meant.shape[1])
