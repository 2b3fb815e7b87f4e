"""YOLO boxes: one text file of boxes per image, for object detection.

Every region becomes its upright bounding box: class index, centre x, centre y, width, height, all
lengths as fractions of the image, with 8 digits. The class index counts the classes of the schema
from 0 in the order of their ids; ``classes.txt`` names them. Two readers never share a file.

An image without a region gets an empty file only where the reader said "no finding" for the case:
an image that was merely not drawn on is no negative example. ``synthetic.txt`` lists the label
files of made-up images, so that none of them gets into validation.

Source: the label format of Ultralytics YOLO detection data sets.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from desktop.api import (
    Annotation,
    BundleOptions,
    Case,
    FrameRef,
    Instance,
    Mask,
    Mismatch,
    Note,
    Part,
    Point,
    Polyline,
    Progress,
    Schema,
    Snapshot,
    Written,
)

PLUGIN = {"name": "YOLO boxes", "version": "1.0", "api": 1, "author": "Reading Room"}

_Row = tuple[int, float, float, float, float]  # class index, then x0, y0, x1, y1 in pixels


class YoloExporter:
    """Label files as YOLO detection reads them."""

    name = "yolo"
    title = "YOLO boxes (text)"
    suffix = ".txt"

    def write(
        self,
        snapshot: Snapshot,
        folder: Path,
        options: BundleOptions,
        pool: Any,
        progress: Progress,
    ) -> Written:
        parts: list[Part] = []
        notes: list[Note] = []
        named: set[str] = set()
        made_up: dict[str, list[str]] = {}
        for case in progress.over(snapshot.cases, len(snapshot.cases), "YOLO"):
            notes += _left_out(snapshot, case)
            for home, schema, stem, instance, rows in _files(snapshot, case):
                if home not in named:
                    named.add(home)
                    names = "".join(f"{c.name}\n" for c in _classes(schema))
                    parts.append(_put(folder, f"{home}/classes.txt", names, "Class names"))
                lines = "".join(_line(row, instance) for row in rows)
                path, synthetic = f"{home}/labels/{stem}.txt", snapshot.is_synthetic(case)
                facts = {"synthetic": synthetic}
                parts.append(_put(folder, path, lines, "Boxes", facts))
                if synthetic:
                    made_up.setdefault(home, []).append(f"labels/{stem}.txt")
        for home, stems in made_up.items():
            listed = "".join(f"{s}\n" for s in sorted(stems))
            parts.append(_put(folder, f"{home}/synthetic.txt", listed, "Made-up images"))
        return Written(tuple(parts), tuple(notes))

    def compare(
        self,
        snapshot: Snapshot,
        folder: Path,
        options: BundleOptions,
        written: Written,
        pool: Any,
        progress: Progress,
    ) -> int:
        """Read the boxes back in pixels; they may differ by a thousandth of a pixel. No voxels."""
        for case in progress.over(snapshot.cases, len(snapshot.cases), "Comparing YOLO"):
            for home, _schema, stem, instance, rows in _files(snapshot, case):
                path = f"{home}/labels/{stem}.txt"
                if snapshot.is_synthetic(case) and f"labels/{stem}.txt" not in _text(
                    folder / f"{home}/synthetic.txt"
                ):
                    raise Mismatch(path, "a made-up image is not listed")
                found = [_row(line, instance) for line in _text(folder / path).splitlines()]
                if len(found) != len(rows):
                    raise Mismatch(path, f"{len(found)} boxes instead of {len(rows)}")
                for read, meant in zip(found, rows, strict=True):
                    if max(abs(a - b) for a, b in zip(read, meant, strict=True)) > 1e-3:
                        raise Mismatch(path, "a box lies elsewhere")
        return 0


def register(registry: Any) -> None:
    """Called once, when the plugin is loaded."""
    registry.add_exporter(YoloExporter())


def _files(
    snapshot: Snapshot, case: Case
) -> Iterator[tuple[str, Schema, str, Instance, list[_Row]]]:
    """The files of a case: (folder, schema, name, image, boxes), in a stable order."""
    images = {i.id: i for s in snapshot.series_of(case.id) for i in snapshot.instances_of(s.id)}
    readers = {r.id: r.pseudonym for r in snapshot.readers}
    schemas = {s.id: s for s in snapshot.schemas}
    found: dict[tuple[str, str, str], tuple[Schema, FrameRef, list[_Row]]] = {}

    def frame_of(schema_id: str, reader_id: str, frame: FrameRef) -> list[_Row]:
        schema = schemas[schema_id]
        home = f"yolo/{schema.name}.v{schema.version}/{readers[reader_id]}"
        key = (home, frame.instance_id, f"{frame.frame_index:06}")
        return found.setdefault(key, (schema, frame, []))[2]

    for claim in snapshot.assignments_of(case.id):
        if claim.no_finding and case.schema_id:
            for image in images.values():
                for frame in image.frames:
                    frame_of(case.schema_id, claim.reader_id, frame)
    regions = sorted(snapshot.annotations_of(case.id), key=lambda a: (a.created_utc, a.id))
    for region in regions:
        for frame, bounds in _boxes(snapshot, region):
            index = _index(schemas[region.schema_id], region.label.class_id)
            x0, y0, x1, y1 = _inside(bounds, images[frame.instance_id])
            if x1 > x0 and y1 > y0:
                rows = frame_of(region.schema_id, region.reader_id, frame)
                rows.append((index, x0, y0, x1, y1))
    for (home, instance_id, _number), (schema, frame, rows) in sorted(found.items()):
        image = images[instance_id]
        stem = image.id if image.frame_count == 1 else f"{image.id}_f{frame.frame_index + 1:04d}"
        yield home, schema, stem, image, rows


def _boxes(
    snapshot: Snapshot, region: Annotation
) -> Iterator[tuple[FrameRef, tuple[float, float, float, float]]]:
    """Bounding boxes of a region, x0, y0, x1, y1 in pixels; none for points and lines."""
    if isinstance(region.geometry, Mask):
        for part in snapshot.slices_of(region.id):
            x0, y0, x1, y1 = part.bounds
            yield part.frame, (float(x0), float(y0), float(x1), float(y1))
    elif _has_area(region) and region.geometry is not None and region.target.frame is not None:
        yield region.target.frame, region.geometry.bounds()


def _has_area(region: Annotation) -> bool:
    return region.geometry is not None and not isinstance(region.geometry, Point | Polyline)


def _left_out(snapshot: Snapshot, case: Case) -> list[Note]:
    """Points, lines and labels without a shape have no box."""
    return [
        Note("yolo", region.id, "Points, lines and labels without a shape have no box.")
        for region in snapshot.annotations_of(case.id)
        if not _has_area(region)
    ]


def _classes(schema: Schema) -> list[Any]:
    return sorted(schema.classes, key=lambda c: c.id)


def _index(schema: Schema, class_id: int) -> int:
    return [c.id for c in _classes(schema)].index(class_id)


def _inside(
    bounds: tuple[float, float, float, float], image: Instance
) -> tuple[float, float, float, float]:
    """The part of a box that lies on the image."""
    x0, y0, x1, y1 = bounds
    columns, rows = float(image.columns), float(image.rows)
    return max(0.0, x0), max(0.0, y0), min(columns, x1), min(rows, y1)


def _line(row: _Row, image: Instance) -> str:
    index, x0, y0, x1, y1 = row
    across, down = image.columns, image.rows
    numbers = ((x0 + x1) / 2 / across, (y0 + y1) / 2 / down, (x1 - x0) / across, (y1 - y0) / down)
    return f"{index} " + " ".join(f"{number:.8f}" for number in numbers) + "\n"


def _row(line: str, image: Instance) -> _Row:
    index, x, y, width, height = line.split()
    cx, cy = float(x) * image.columns, float(y) * image.rows
    half_w, half_h = float(width) * image.columns / 2, float(height) * image.rows / 2
    return int(index), cx - half_w, cy - half_h, cx + half_w, cy + half_h


def _put(
    folder: Path, path: str, text: str, title: str, facts: dict[str, Any] | None = None
) -> Part:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8", newline="\n")
    return Part(path, "yolo", title, facts or {})


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
