"""Masks for everything that is not a regular volume: PNG for single pictures, NPY for stacks.

PNG values and NPY values are class ids; 0 is background.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from desktop.domain.contracts import Progress
from desktop.domain.study import FrameRef, Series
from desktop.exchange.disk import write_file
from desktop.exchange.exporter import BundleOptions, Mismatch, Note, Part, Unmet, Written
from desktop.exchange.names import image_name, plain, schema_name
from desktop.exchange.nifti import why_no_volume
from desktop.exchange.pictures import png
from desktop.exchange.regions import CaseLabels, Region, RegionFrame, labelled_cases
from desktop.exchange.snapshot import Snapshot
from desktop.exchange.volume import LabelVolume, compare_volume, label_volumes
from desktop.imaging.child import ChildPool

_PNG_HIGHEST = 0xFF


class PngExporter:
    """One PNG per region of a picture, and one label picture per reader where nothing overlaps."""

    name = "png"
    title = "PNG masks (photographs, radiographs, ultrasound)"
    suffix = ".png"

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
        for labels in labelled_cases(snapshot, progress, "PNG masks"):
            for series in labels.series:
                if not is_picture(labels, series):
                    continue
                for picture in _pictures(labels, series, options, notes):
                    write_file(folder / picture.path, png(picture.pixels))
                    parts.append(Part(picture.path, self.name, picture.title, picture.facts))
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
        compared = 0
        for labels in labelled_cases(snapshot, progress, "Comparing PNG"):
            for series in labels.series:
                if not is_picture(labels, series):
                    continue
                for picture in _pictures(labels, series, options, []):
                    _compare_png(folder, picture, left)
                    compared += picture.pixels.size
        left.end()
        return compared


class NpyExporter:
    """NumPy arrays with the place of every frame beside them, for stacks that are not regular."""

    name = "npy"
    title = "NumPy arrays with geometry (irregular series)"
    suffix = ".npy"

    def write(
        self,
        snapshot: Snapshot,
        folder: Path,
        options: BundleOptions,
        pool: ChildPool,
        progress: Progress,
    ) -> Written:
        parts: list[Part] = []
        for labels in labelled_cases(snapshot, progress, "NumPy arrays"):
            for series in _stacks(labels):
                for path, volume in _arrays(labels, series, options):
                    packed = BytesIO()
                    np.save(packed, volume.voxels, allow_pickle=False)
                    write_file(folder / path, packed.getvalue())
                    facts = volume.facts() | {"shape": list(volume.voxels.shape)}
                    parts.append(Part(path, self.name, "NumPy label volume", facts))
                    geometry = path.removesuffix(".npy") + ".json"
                    write_file(folder / geometry, _geometry(labels, volume))
                    parts.append(Part(geometry, self.name, "Place of each frame", {}))
        return Written(tuple(parts))

    def compare(
        self,
        snapshot: Snapshot,
        folder: Path,
        options: BundleOptions,
        written: Written,
        pool: ChildPool,
        progress: Progress,
    ) -> int:
        left = Unmet(written, ".npy")
        compared = 0
        for labels in labelled_cases(snapshot, progress, "Comparing arrays"):
            for series in _stacks(labels):
                for path, volume in _arrays(labels, series, options):
                    left.meet(path)
                    found = np.load(folder / path, allow_pickle=False)
                    if differing := compare_volume(volume, found):
                        raise Mismatch(path, f"{differing} voxels differ")
                    compared += volume.voxels.size
        left.end()
        return compared


def is_picture(labels: CaseLabels, series: Series) -> bool:
    """Whether frames stand alone: no frame says where it lies in the patient."""
    return not any(i.planes for i in labels.instances_of(series))


class _Picture:
    """One PNG file: where it goes and what it holds."""

    def __init__(
        self, path: str, title: str, pixels: npt.NDArray[np.uint8], facts: dict[str, Any]
    ) -> None:
        self.path = path
        self.title = title
        self.pixels = pixels
        self.facts = facts


def _pictures(
    labels: CaseLabels, series: Series, options: BundleOptions, notes: list[Note]
) -> Iterator[_Picture]:
    """Every region of every frame of its own, then the label pictures of each reader."""
    together: dict[tuple[str, str, str], list[tuple[Region, RegionFrame]]] = {}
    for region in labels.regions:
        if region.series is None or region.series.id != series.id or not region.fills(options):
            continue
        if region.label_class.id > _PNG_HIGHEST:
            sentence = f"Class id {region.label_class.id} does not fit into 8 bits; see COCO."
            notes.append(Note("png", region.annotation.id, sentence))
            continue
        for part in region.frames:
            yield _of_region(labels, region, part)
            key = (part.frame.key, region.reader, region.schema.id)
            together.setdefault(key, []).append((region, part))
    for key in sorted(together):
        picture = _of_reader(labels, together[key])
        if picture is not None:
            yield picture
        else:
            sentence = "Classes overlap, so there is one PNG per region and no label picture."
            notes.append(Note("png", key[0], f"{key[1]}: {sentence}"))


def _of_region(labels: CaseLabels, region: Region, part: RegionFrame) -> _Picture:
    pixels = part.mask().astype(np.uint8) * np.uint8(region.label_class.id)
    name = _frame_name(labels, part.frame)
    facts = _facts(labels, region, part.frame, pixels) | {"annotation_id": region.annotation.id}
    path = f"masks/{name}/{plain(region.annotation.id)}.png"
    return _Picture(path, "PNG mask of one region", pixels, facts)


def _of_reader(labels: CaseLabels, members: list[tuple[Region, RegionFrame]]) -> _Picture | None:
    region, part = members[0]
    pixels = np.zeros((part.rows, part.columns), dtype=np.uint8)
    for other, piece in members:
        mask = piece.mask()
        there = pixels[mask]
        if np.any((there != 0) & (there != other.label_class.id)):
            return None
        pixels[mask] = other.label_class.id
    name = _frame_name(labels, part.frame)
    path = f"masks/{name}/{region.reader}_{schema_name(region.schema)}_labels.png"
    return _Picture(path, "PNG label picture", pixels, _facts(labels, region, part.frame, pixels))


def _facts(
    labels: CaseLabels, region: Region, frame: FrameRef, pixels: npt.NDArray[np.uint8]
) -> dict[str, Any]:
    values, counts = np.unique(pixels, return_counts=True)
    return {
        "frame_key": frame.key,
        "reader": region.reader,
        "schema": region.schema.id,
        "synthetic": labels.is_synthetic,
        "pixels": {str(v): int(n) for v, n in zip(values, counts, strict=True) if v},
    }


def _frame_name(labels: CaseLabels, frame: FrameRef) -> str:
    name = image_name(labels.instances[frame.instance_id], frame.frame_index)
    return plain(name.rsplit(".", 1)[0])


def _compare_png(folder: Path, picture: _Picture, left: Unmet) -> None:
    from desktop.imaging.cv import cv2  # another reader than the writer

    left.meet(picture.path)
    raw = np.frombuffer((folder / picture.path).read_bytes(), np.uint8)
    found = cv2.imdecode(raw, cv2.IMREAD_UNCHANGED) if raw.size else None
    if found is None:
        raise Mismatch(picture.path, "can't be read")
    if found.shape != picture.pixels.shape or found.dtype != np.uint8:
        raise Mismatch(picture.path, "another size or depth")
    if differing := int(np.count_nonzero(found != picture.pixels)):
        raise Mismatch(picture.path, f"{differing} pixels differ")


def _stacks(labels: CaseLabels) -> Iterator[Series]:
    for series in labels.series:
        if not is_picture(labels, series) and why_no_volume(labels, series, labels.space(series)):
            yield series


def _arrays(
    labels: CaseLabels, series: Series, options: BundleOptions
) -> Iterator[tuple[str, LabelVolume]]:
    """Label volumes of the frames of each size that hold pixels."""
    painted = {
        f.frame.key
        for r in labels.regions
        if r.series is not None and r.series.id == series.id and r.fills(options)
        for f in r.frames
    }
    sizes: dict[tuple[int, int], list[FrameRef]] = {}
    for frame in labels.frames(series):
        instance = labels.instances[frame.instance_id]
        if frame.key in painted:
            sizes.setdefault((instance.rows, instance.columns), []).append(frame)
    for (rows, columns), frames in sorted(sizes.items()):
        for volume in label_volumes(labels, series, frames, options):
            yield f"arrays/{series.id}/{volume.stem}_{rows}x{columns}.npy", volume


def _geometry(labels: CaseLabels, volume: LabelVolume) -> bytes:
    """Where each frame of an array lies: DICOM's position and orientation in LPS mm."""
    rows = []
    for frame in volume.frames:
        instance = labels.instances[frame.instance_id]
        plane = instance.plane(frame.frame_index)
        rows.append(
            {
                "frame_key": frame.key,
                "sop_instance_uid": instance.sop_instance_uid,
                "frame_number": frame.frame_index + 1,
                "image_position_patient": list(plane.position) if plane else None,
                "image_orientation_patient": list(plane.orientation) if plane else None,
                "pixel_spacing": list(instance.spacing_mm) if instance.spacing_mm else None,
            }
        )
    about = {
        "axes": ["frame", "row", "column"],
        "synthetic": volume.synthetic,
        "series_instance_uid": volume.series.series_instance_uid,
        "warnings": list(labels.space(volume.series).warnings),
        "frames": rows,
    }
    return (json.dumps(about, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()
