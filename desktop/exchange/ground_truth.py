"""SageMaker augmented manifests: one JSON line per image, for object detection.

A region is written as the upright box around the pixels whose centre lies inside it, in whole
pixels. One file per schema and reader; the class index counts the schema's classes from 0 in the
order of their ids. An image without a region is a line with no box only where the reader said "no
finding" for its case: an image that was merely not drawn on is no negative example. ``source-ref``
is a relative name; whoever uploads the images puts the bucket before it.

Source: Amazon SageMaker Ground Truth, output data, bounding box job output (augmented manifest).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from desktop.domain.contracts import Progress
from desktop.domain.runs import mask_bounds
from desktop.domain.schema import Schema
from desktop.domain.study import FrameRef
from desktop.exchange.disk import write_file
from desktop.exchange.exporter import BundleOptions, Mismatch, Note, Part, Written
from desktop.exchange.names import image_name, schema_name
from desktop.exchange.regions import CaseLabels, labelled_cases
from desktop.exchange.snapshot import Snapshot
from desktop.imaging.child import ChildPool

NAME = "labels"  # of the attribute that holds the boxes

_Box = tuple[int, int, int, int, int]  # class index, left, top, width, height


class GroundTruthExporter:
    """Boxes as SageMaker reads them."""

    name = "sagemaker"
    title = "SageMaker augmented manifest (boxes)"
    suffix = ".manifest"

    def write(
        self,
        snapshot: Snapshot,
        folder: Path,
        options: BundleOptions,
        pool: ChildPool,
        progress: Progress,
    ) -> Written:
        files: dict[tuple[str, str], list[str]] = {}
        notes: list[Note] = []
        for labels in labelled_cases(snapshot, progress, "SageMaker"):
            for region in labels.regions:
                if not region.frames:
                    sentence = "Points, lines and labels without a shape have no box."
                    notes.append(Note(self.name, region.annotation.id, sentence))
            for schema, reader, frame, boxes in _images(labels):
                line = _line(labels, schema, frame, boxes, snapshot.created_utc)
                files.setdefault((schema_name(schema), reader), []).append(line)
        parts = []
        for (schema_part, reader), lines in sorted(files.items()):
            path = f"sagemaker/{schema_part}/{reader}.manifest"
            write_file(folder / path, "".join(lines).encode())
            parts.append(Part(path, self.name, "Augmented manifest", {"images": len(lines)}))
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
        """Boxes read back image by image; no voxels."""
        found = {part.path: _read(folder / part.path) for part in written.parts}
        for labels in labelled_cases(snapshot, progress, "Comparing SageMaker"):
            for schema, reader, frame, boxes in _images(labels):
                path = f"sagemaker/{schema_name(schema)}/{reader}.manifest"
                name = _source(labels, frame)
                if found.get(path, {}).pop(name, None) != boxes:
                    raise Mismatch(path, f"boxes of {name} differ")
        left = [path for path, images in found.items() if images]
        if left:
            raise Mismatch(left[0], "an image that nobody labelled")
        return 0


def _images(labels: CaseLabels) -> Iterator[tuple[Schema, str, FrameRef, list[_Box]]]:
    """Images with their boxes by schema and reader, in a stable order."""
    found: dict[tuple[str, str], dict[FrameRef, list[_Box]]] = {}
    schemas: dict[str, Schema] = {}
    for claim in labels.assignments:
        if claim.no_finding and labels.case.schema_id:
            schema = labels.schema(labels.case.schema_id)
            schemas[schema.id] = schema
            images = found.setdefault((schema.id, labels.reader(claim.reader_id)), {})
            for series in labels.series:
                for frame in labels.frames(series):
                    images.setdefault(frame, [])
    for region in labels.regions:
        schemas[region.schema.id] = region.schema
        index = _classes(region.schema).index(region.label_class.id)
        images = found.setdefault((region.schema.id, region.reader), {})
        for part in region.frames:
            x0, y0, x1, y1 = mask_bounds(part.mask())
            if x1 > x0 and y1 > y0:
                images.setdefault(part.frame, []).append((index, x0, y0, x1 - x0, y1 - y0))
    for (schema_id, reader), images in sorted(found.items()):
        for frame, boxes in sorted(images.items(), key=lambda item: item[0].key):
            yield schemas[schema_id], reader, frame, boxes


def _line(
    labels: CaseLabels, schema: Schema, frame: FrameRef, boxes: list[_Box], created_utc: str
) -> str:
    image = labels.instances[frame.instance_id]
    names = {c.id: c.name for c in schema.classes}
    size = {"width": image.columns, "height": image.rows, "depth": image.samples}
    row: dict[str, Any] = {
        "source-ref": _source(labels, frame),
        NAME: {
            "image_size": [size],
            "annotations": [
                {"class_id": i, "left": x, "top": y, "width": w, "height": h}
                for i, x, y, w, h in boxes
            ],
        },
        f"{NAME}-metadata": {
            "synthetic": labels.is_synthetic,
            "objects": [{"confidence": 1} for _box in boxes],
            "class-map": {str(n): names[c] for n, c in enumerate(_classes(schema))},
            "type": "groundtruth/object-detection",
            "human-annotated": "no" if labels.is_synthetic else "yes",
            "creation-date": created_utc.removesuffix("Z"),
            "job-name": f"readingroom/{schema_name(schema)}",
        },
    }
    return json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"


def _read(path: Path) -> dict[str, list[_Box]]:
    images = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        keys = ("class_id", "left", "top", "width", "height")
        boxes = [tuple(int(a[k]) for k in keys) for a in row[NAME]["annotations"]]
        images[row["source-ref"]] = boxes
    if not images:
        raise Mismatch(path.name, "it is empty")
    return images  # type: ignore[return-value]


def _source(labels: CaseLabels, frame: FrameRef) -> str:
    return image_name(labels.instances[frame.instance_id], frame.frame_index)


def _classes(schema: Schema) -> list[int]:
    return sorted(c.id for c in schema.classes)
