"""SageMaker augmented manifests: one JSON line per image, for object detection.

A region is written as the upright box around the pixels whose centre lies inside it, in whole
pixels. One file per schema and reader; the class index counts the schema's classes from 0 in the
order of their ids. An image without a region is a line with no box only where the reader said "no
finding" for its case: an image that was merely not drawn on is no negative example. ``source-ref``
is a relative name; whoever uploads the images puts the bucket before it.

Source: Amazon SageMaker Ground Truth, output data, bounding box job output (augmented manifest).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from desktop.domain.contracts import Progress
from desktop.domain.schema import Schema
from desktop.domain.study import FrameRef
from desktop.exchange.boxes import PixelBox, boxed_images, class_ids
from desktop.exchange.disk import write_file
from desktop.exchange.exporter import BundleOptions, Mismatch, Note, Part, Written
from desktop.exchange.json_files import lines_of, rows_of
from desktop.exchange.names import image_name, schema_name
from desktop.exchange.regions import CaseLabels, labelled_cases
from desktop.exchange.snapshot import Snapshot
from desktop.imaging.child import ChildPool

Row = dict[str, Any]
NAME = "labels"  # of the attribute that holds the boxes


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
        files: dict[tuple[str, str], list[Row]] = {}
        notes: list[Note] = []
        for labels in labelled_cases(snapshot, progress, "SageMaker"):
            for region in labels.regions:
                if not region.frames:
                    sentence = "Points, lines and labels without a shape have no box."
                    notes.append(Note(self.name, region.annotation.id, sentence))
            for schema, reader, frame, boxes in boxed_images(labels):
                row = _row(labels, schema, frame, boxes, snapshot.created_utc)
                files.setdefault((schema_name(schema), reader), []).append(row)
        parts = []
        for (schema_part, reader), rows in sorted(files.items()):
            path = f"sagemaker/{schema_part}/{reader}.manifest"
            write_file(folder / path, lines_of(rows))
            parts.append(Part(path, self.name, "Augmented manifest", {"images": len(rows)}))
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
            for schema, reader, frame, boxes in boxed_images(labels):
                path = f"sagemaker/{schema_name(schema)}/{reader}.manifest"
                name = _source(labels, frame)
                if found.get(path, {}).pop(name, None) != boxes:
                    raise Mismatch(path, f"boxes of {name} differ")
        left = [path for path, images in found.items() if images]
        if left:
            raise Mismatch(left[0], "an image that nobody labelled")
        return 0


def _row(
    labels: CaseLabels, schema: Schema, frame: FrameRef, boxes: list[PixelBox], created_utc: str
) -> Row:
    image = labels.instances[frame.instance_id]
    names = {c.id: c.name for c in schema.classes}
    size = {"width": image.columns, "height": image.rows, "depth": image.samples}
    return {
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
            "class-map": {str(n): names[c] for n, c in enumerate(class_ids(schema))},
            "type": "groundtruth/object-detection",
            "human-annotated": "no" if labels.is_synthetic else "yes",
            "creation-date": created_utc.removesuffix("Z"),
            "job-name": f"readingroom/{schema_name(schema)}",
        },
    }


def _read(path: Path) -> dict[str, list[PixelBox]]:
    images = {}
    for row in rows_of(path):
        keys = ("class_id", "left", "top", "width", "height")
        boxes = [tuple(int(a[k]) for k in keys) for a in row[NAME]["annotations"]]
        images[row["source-ref"]] = boxes
    if not images:
        raise Mismatch(path.name, "it is empty")
    return images  # type: ignore[return-value]


def _source(labels: CaseLabels, frame: FrameRef) -> str:
    return image_name(labels.instances[frame.instance_id], frame.frame_index)
