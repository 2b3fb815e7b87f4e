"""COCO: one file of instances and one of points and lines for each schema.

Source: the COCO data format (instances: polygon or RLE, x and y from the outer corner of the
top-left pixel; keypoints as x, y, visibility).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from desktop.domain.calibration import calibrations, length_mm
from desktop.domain.contracts import Progress
from desktop.domain.geometry import Box, Mask, Point, Polygon, Polyline, RotatedBox
from desktop.domain.record import to_plain
from desktop.domain.runs import decode_runs, mask_bounds
from desktop.domain.schema import LabelClass, Schema
from desktop.domain.study import FrameRef
from desktop.exchange.disk import write_file
from desktop.exchange.exporter import BundleOptions, Mismatch, Note, Part, Written
from desktop.exchange.names import image_name, image_number, region_number, schema_name
from desktop.exchange.regions import CaseLabels, Region, RegionFrame, labelled_cases
from desktop.exchange.rle import decode_rle, encode_rle
from desktop.exchange.snapshot import Snapshot
from desktop.imaging.child import ChildPool

RULE = (
    "A pixel belongs to a region when its centre lies inside (even-odd). `area` and `rle` follow "
    "this rule exactly; a polygon in `segmentation` is the outline as drawn."
)


class CocoExporter:
    """Regions as COCO instances, points and lines beside them."""

    name = "coco"
    title = "COCO JSON (boxes, polygons, masks, points)"
    suffix = ".json"

    def write(
        self,
        snapshot: Snapshot,
        folder: Path,
        options: BundleOptions,
        pool: ChildPool,
        progress: Progress,
    ) -> Written:
        files = {s.id: (_File(snapshot, s), _File(snapshot, s)) for s in snapshot.schemas}
        notes: list[Note] = []
        for labels in labelled_cases(snapshot, progress, "COCO"):
            used = {r.schema.id for r in labels.regions} | {labels.case.schema_id} - {""}
            for schema_id in sorted(used):
                for file in files[schema_id]:
                    file.add_case(labels, schema_id)
            for region in labels.regions:
                areas, lines = files[region.schema.id]
                notes += _add_region(labels, region, areas, lines)
        parts = []
        for schema in snapshot.schemas:
            for kind, file in zip(("instances", "points"), files[schema.id], strict=True):
                if not file.images or (kind == "points" and not file.annotations):
                    continue
                path = f"coco/{kind}_{schema_name(schema)}.json"
                write_file(folder / path, file.text(kind))
                parts.append(Part(path, self.name, f"COCO {kind}", file.facts(schema)))
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
        found: dict[int, tuple[str, dict[str, Any]]] = {}
        for part in written.parts:
            for entry in json.loads((folder / part.path).read_bytes())["annotations"]:
                found[entry["id"]] = (part.path, entry)
        voxels = 0
        for labels in labelled_cases(snapshot, progress, "Comparing COCO"):
            for region in labels.regions:
                for frame in region.frames:
                    number = region_number(region.annotation.id, frame.frame.key)
                    path, entry = found.pop(number, ("coco", {}))
                    _compare_frame(path, entry, region, frame)
                    voxels += frame.rows * frame.columns
        left = [e for _p, e in found.values() if "rle" in e or "segmentation" in e]
        if left:
            raise Mismatch("coco", f"{len(left)} regions that were not drawn")
        return voxels


class _File:
    """What becomes one COCO file."""

    def __init__(self, snapshot: Snapshot, schema: Schema) -> None:
        self.snapshot = snapshot
        self.schema = schema
        self.images: list[dict[str, Any]] = []
        self._shown: set[str] = set()
        self.annotations: list[dict[str, Any]] = []
        self.cases: list[dict[str, Any]] = []

    def add_case(self, labels: CaseLabels, schema_id: str) -> None:
        """All frames of the case, also those without a region: negatives are labels too.

        A frame that several cases show is there once, under the first of them.
        """
        case = labels.case
        states = [
            {
                "reader": labels.reader(a.reader_id),
                "state": a.state.value,
                "no_finding": a.no_finding,
            }
            for a in labels.assignments
        ]
        self.cases.append(
            {
                "case_id": case.id,
                "patient": labels.study.patient_key,
                "part": self.snapshot.parts.get(case.id, ""),
                "synthetic": labels.is_synthetic,
                "readers": states,
            }
        )
        for series in labels.series:
            for instance in labels.instances_of(series):
                for frame in instance.frames:
                    if frame.key in self._shown:
                        continue
                    self._shown.add(frame.key)
                    self.images.append(
                        {
                            "id": image_number(frame),
                            "file_name": image_name(instance, frame.frame_index),
                            "width": instance.columns,
                            "height": instance.rows,
                            "case_id": case.id,
                            "series_id": series.id,
                            "frame_key": frame.key,
                            "frame_index": frame.frame_index,
                            "file_sha256": instance.file_sha256,
                            "sop_instance_uid": instance.sop_instance_uid,
                            "synthetic": labels.is_synthetic,
                        }
                    )

    def add(self, entry: dict[str, Any]) -> None:
        self.annotations.append(entry)

    def text(self, kind: str) -> bytes:
        """The file's bytes; one image or annotation a line."""
        head = {
            "description": f"{self.snapshot.title}: {kind}",
            "version": str(self.schema.version),
            "date_created": self.snapshot.created_utc,
            "schema": self.schema.id,
            "bundle_id": self.snapshot.bundle_id,
            "rule": RULE,
        }
        lists: dict[str, list[dict[str, Any]]] = {
            "licenses": [],
            "categories": [_category(self.schema, c, kind) for c in self.schema.classes],
            "cases": self.cases,
            "images": self.images,
            "annotations": sorted(self.annotations, key=lambda a: (a["image_id"], a["id"])),
        }
        parts = [f'"info": {_json(head)}']
        for name, rows in lists.items():
            parts.append(f'"{name}": [' + ",".join("\n" + _json(r) for r in rows) + "]")
        return ("{\n" + ",\n".join(parts) + "\n}\n").encode()

    def facts(self, schema: Schema) -> dict[str, Any]:
        return {
            "schema": schema.id,
            "images": len(self.images),
            "synthetic_images": sum(i["synthetic"] for i in self.images),
            "annotations": len(self.annotations),
            "regions": len({a["annotation_id"] for a in self.annotations}),
        }


def _category(schema: Schema, item: LabelClass, kind: str) -> dict[str, Any]:
    parent = schema.label_class(item.parent).name if item.parent is not None else ""
    entry: dict[str, Any] = {"id": item.id, "name": item.name, "supercategory": parent}
    if item.code is not None:
        entry["code"] = to_plain(item.code)
    if kind == "points":
        entry |= {"keypoints": ["point"], "skeleton": []}
    return entry


def _add_region(labels: CaseLabels, region: Region, areas: _File, lines: _File) -> list[Note]:
    for frame in region.frames:
        areas.add(_instance(region, frame))
    target = region.annotation.target.frame
    if isinstance(region.geometry, (Point, Polyline)) and target is not None:
        lines.add(_point_or_line(labels, region, target))
    elif not region.frames:
        sentence = "A label without a region on the image is in tables/annotations.csv only."
        return [Note("coco", region.annotation.id, sentence)]
    return []


def _common(region: Region, frame: FrameRef) -> dict[str, Any]:
    """What every entry carries beyond COCO: who, how, with which answers."""
    annotation = region.annotation
    return {
        "id": region_number(annotation.id, frame.key),
        "image_id": image_number(frame),
        "category_id": region.label_class.id,
        "iscrowd": 0,
        "annotation_id": annotation.id,
        "reader": region.reader,
        "origin": annotation.origin.value,
        "attributes": region.attributes,
    }


def _instance(region: Region, frame: RegionFrame) -> dict[str, Any]:
    mask = frame.mask()
    rle = {"size": [frame.rows, frame.columns], "counts": encode_rle(mask)}
    entry = _common(region, frame.frame)
    entry["origin"] = frame.origin.value
    entry["pixels_sha256"] = frame.pixels_sha256
    entry["area"] = int(np.count_nonzero(mask))
    geometry = region.geometry
    outlined = isinstance(geometry, (Box, RotatedBox)) or (
        isinstance(geometry, Polygon) and not geometry.holes and len(geometry.points) >= 3
    )
    if outlined and geometry is not None:
        entry["segmentation"] = [[v for point in geometry.outline() for v in point]]
        entry["rle"] = rle
    else:
        entry["segmentation"] = rle
    if geometry is None or isinstance(geometry, Mask):
        x0, y0, x1, y1 = map(float, mask_bounds(mask))
    else:
        x0, y0, x1, y1 = geometry.bounds()
        entry["geometry"] = to_plain(geometry)
    entry["bbox"] = [x0, y0, x1 - x0, y1 - y0]
    return entry


def _point_or_line(labels: CaseLabels, region: Region, frame: FrameRef) -> dict[str, Any]:
    geometry = region.geometry
    assert isinstance(geometry, (Point, Polyline))
    entry = _common(region, frame)
    x0, y0, x1, y1 = geometry.bounds()
    entry |= {"bbox": [x0, y0, x1 - x0, y1 - y0], "area": 0, "geometry": to_plain(geometry)}
    entry["pixels_sha256"] = region.annotation.pixels_sha256
    if isinstance(geometry, Point):
        return entry | {"keypoints": [geometry.x, geometry.y, 2], "num_keypoints": 1}
    instance = labels.instances[frame.instance_id]
    ruler = labels.snapshot.calibration(instance.series_id)
    scale = calibrations(instance, ruler).between(geometry.points)
    return entry | {
        "line": [v for point in geometry.points for v in point],
        "length_px": geometry.length_px(),
        "length_mm": length_mm(geometry.points, scale) if scale else None,
        "calibration": scale.source.value if scale else "pixels",
    }


def _compare_frame(path: str, entry: dict[str, Any], region: Region, frame: RegionFrame) -> None:
    rle = entry.get("rle") or entry.get("segmentation")
    what = f"region {region.annotation.id[:8]}"
    if not isinstance(rle, dict):
        raise Mismatch(path, f"{what} is missing")
    try:
        mask = decode_rle(rle["counts"], *rle["size"])
    except ValueError as error:
        raise Mismatch(path, f"{what}: {error}") from error
    same = mask.shape == (frame.rows, frame.columns) and np.array_equal(
        mask, decode_runs(frame.runs, frame.rows, frame.columns)
    )
    known = (entry["category_id"], entry["image_id"], entry["annotation_id"])
    meant = (region.label_class.id, image_number(frame.frame), region.annotation.id)
    if not same or known != meant:
        raise Mismatch(path, f"{what} differs")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)
