"""Regions of one series as label volumes: one per reader and schema, or one per class where they
overlap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from desktop.domain.schema import Schema
from desktop.domain.study import FrameRef, Series
from desktop.exchange.exporter import BundleOptions
from desktop.exchange.names import schema_name
from desktop.exchange.regions import CaseLabels, Region

LabelsZYX = npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[np.int32]


@dataclass(frozen=True)
class LabelVolume:
    """``voxels``: (frames, rows, columns) class ids, 0 is background. ``class_id`` is set where the
    volume holds one class only, because classes overlap."""

    series: Series
    reader: str
    schema: Schema
    class_id: int | None
    frames: tuple[FrameRef, ...]
    voxels: LabelsZYX
    synthetic: bool = False

    @property
    def stem(self) -> str:
        """File name part: who, with which schema, what."""
        what = "labels" if self.class_id is None else f"class-{self.class_id}"
        return f"{self.reader}_{schema_name(self.schema)}_{what}"

    def facts(self) -> dict[str, Any]:
        """What the manifest says of it."""
        counts = {c.id: int(np.count_nonzero(self.voxels == c.id)) for c in self.schema.classes}
        found = {str(class_id): count for class_id, count in sorted(counts.items()) if count}
        return {
            "series_id": self.series.id,
            "series_instance_uid": self.series.series_instance_uid,
            "reader": self.reader,
            "schema": self.schema.id,
            "synthetic": self.synthetic,
            "classes": {c: self.schema.label_class(int(c)).name for c in found},
            "voxels": found,
            "overlaps": self.class_id is not None,
        }


def label_volumes(
    labels: CaseLabels, series: Series, frames: Sequence[FrameRef], options: BundleOptions
) -> Iterator[LabelVolume]:
    """The volumes of one series on these frames (all of one size), one at a time."""
    regions = [r for r in labels.regions if r.series is not None and r.series.id == series.id]
    groups: dict[tuple[str, str], list[Region]] = {}
    for region in regions:
        if region.fills(options):
            groups.setdefault((region.reader, region.schema.id), []).append(region)
    for (reader, schema_id), members in sorted(groups.items()):
        schema = labels.schema(schema_id)
        together = _filled(members, frames)
        if together is not None:
            if together.any():
                yield LabelVolume(
                    series, reader, schema, None, tuple(frames), together, labels.is_synthetic
                )
            continue
        for class_id in sorted({r.label_class.id for r in members}):
            of_class = [r for r in members if r.label_class.id == class_id]
            voxels = _filled(of_class, frames)
            if voxels is not None and voxels.any():
                yield LabelVolume(
                    series, reader, schema, class_id, tuple(frames), voxels, labels.is_synthetic
                )


def _filled(regions: Sequence[Region], frames: Sequence[FrameRef]) -> LabelsZYX | None:
    """Class ids on the frames; None where two classes share a voxel."""
    places = {frame.key: index for index, frame in enumerate(frames)}
    parts = [(r, f) for r in regions for f in r.frames if f.frame.key in places]
    size = (parts[0][1].rows, parts[0][1].columns) if parts else (0, 0)
    voxels = np.zeros((len(frames), *size), dtype=_kind(regions))
    for region, part in parts:
        class_id = region.label_class.id
        plane = voxels[places[part.frame.key]]
        mask = part.mask()
        there = plane[mask]
        if np.any((there != 0) & (there != class_id)):
            return None
        plane[mask] = class_id
    return voxels


def _kind(regions: Sequence[Region]) -> type[np.generic]:
    highest = max((r.label_class.id for r in regions), default=0)
    if highest <= 0xFF:
        return np.uint8
    return np.uint16 if highest <= 0xFFFF else np.int32


def compare_volume(volume: LabelVolume, found_zyx: npt.NDArray[Any]) -> int:
    """How many voxels differ from what is drawn."""
    if found_zyx.shape != volume.voxels.shape:
        return max(found_zyx.size, volume.voxels.size)
    return int(np.count_nonzero(found_zyx != volume.voxels))
