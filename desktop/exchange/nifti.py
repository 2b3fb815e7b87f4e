"""NIfTI label volumes on the grid of their source series.

Source: NIfTI-1 (qform and sform; x to the patient's right, y to the front: RAS). DICOM's patient
coordinates are LPS, so x and y change sign and nothing else.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from desktop.domain.contracts import Progress
from desktop.domain.study import Series
from desktop.exchange.disk import write_file
from desktop.exchange.exporter import BundleOptions, Mismatch, Note, Part, Unmet, Written
from desktop.exchange.regions import CaseLabels, labelled_cases
from desktop.exchange.snapshot import Snapshot
from desktop.exchange.volume import LabelVolume, compare_volume, label_volumes
from desktop.imaging.child import ChildPool
from desktop.imaging.space import SeriesSpace

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_QFORM_OFF_MM = 1e-3
_MAX_SIDE = 32767  # NIfTI-1 keeps lengths in 16 bits


class NiftiExporter:
    """One label volume per reader, or one per class where classes overlap."""

    name = "nifti"
    title = "NIfTI label volumes (regular series)"
    suffix = ".nii.gz"

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
        for labels in labelled_cases(snapshot, progress, "NIfTI"):
            for series, space in _series_with_regions(labels, options):
                reason = why_no_volume(labels, series, space)
                if reason:
                    if any(i.planes for i in labels.instances_of(series)):  # pictures are in masks/
                        notes.append(Note(self.name, series.id, reason))
                    continue
                for volume in label_volumes(labels, series, space.refs, options):
                    progress.check()
                    path = _path(volume)
                    content = nifti_bytes(volume.voxels, ras_affine(space), volume.synthetic)
                    write_file(folder / path, content)
                    facts = volume.facts() | _grid_facts(volume, space)
                    parts.append(Part(path, self.name, "NIfTI label volume", facts))
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
        for labels in labelled_cases(snapshot, progress, "Comparing NIfTI"):
            for series, space in _series_with_regions(labels, options):
                if why_no_volume(labels, series, space):
                    continue
                for volume in label_volumes(labels, series, space.refs, options):
                    path = _path(volume)
                    left.meet(path)
                    _compare(folder, path, volume, space)
                    compared += volume.voxels.size
        left.end()
        return compared


def why_no_volume(labels: CaseLabels, series: Series, space: SeriesSpace) -> str:
    """Why no volume can be made of a series, "" where it can."""
    if space.affine is not None and (space.regular or len(space.refs) == 1):
        sides = {max(i.rows, i.columns) for i in labels.instances_of(series)}
        if max(*sides, len(space.refs)) > _MAX_SIDE:
            return "The images are larger than NIfTI can hold."
        return ""
    if space.warnings:
        return "No regular volume: " + " ".join(space.warnings)
    if not len(space.positions_mm):
        return "The images do not say where they lie in the patient, so there is no volume."
    return "The images do not share one size and one pixel spacing, so there is no volume."


def ras_affine(space: SeriesSpace) -> npt.NDArray[np.float64]:
    """4×4 voxel (column, row, slice) to RAS mm; ValueError for a series without a volume."""
    if space.affine is None:
        raise ValueError("this series has no affine")
    return np.asarray(_LPS_TO_RAS @ space.affine) + 0.0  # no negative zeros


def nifti_bytes(
    voxels_zyx: npt.NDArray[Any], affine_ras: npt.NDArray[np.float64], synthetic: bool = False
) -> bytes:
    """A gzipped NIfTI-1 file with equal qform and sform (scanner coordinates, mm).

    Labels of ``synthetic`` images say so in ``descrip``.
    """
    nibabel: Any = import_module("nibabel")
    # NIfTI's first axis runs fastest, as columns do in (slice, row, column) order.
    image = nibabel.Nifti1Image(voxels_zyx.transpose(2, 1, 0), affine_ras)
    image.header.set_xyzt_units("mm")
    image.set_sform(affine_ras, code=1)
    image.set_qform(affine_ras, code=1, strip_shears=True)
    if np.abs(image.get_qform() - affine_ras).max() > _QFORM_OFF_MM:
        image.set_qform(None, code=0)  # it can't hold a shear: better none than a wrong one
    image.header["descrip"] = b"Reading Room labels" + (b", SYNTHETIC" if synthetic else b"")
    image.header.set_intent("label")
    packed = BytesIO()
    with gzip.GzipFile("", "wb", compresslevel=6, fileobj=packed, mtime=0) as file:
        file.write(image.to_bytes())
    return packed.getvalue()


def _series_with_regions(
    labels: CaseLabels, options: BundleOptions
) -> Iterator[tuple[Series, SeriesSpace]]:
    used = {r.series.id for r in labels.regions if r.series is not None and r.fills(options)}
    for series in labels.series:
        if series.id in used:
            yield series, labels.space(series)


def _path(volume: LabelVolume) -> str:
    return f"nifti/{volume.series.id}/{volume.stem}.nii.gz"


def _grid_facts(volume: LabelVolume, space: SeriesSpace) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "shape": list(reversed(volume.voxels.shape)),
        "affine_ras": [[float(v) for v in row] for row in ras_affine(space)],
        "frames": [ref.key for ref in volume.frames],
    }
    if len(space.refs) == 1:
        facts["slice_thickness"] = "one slice only: 1 mm is a placeholder"
    return facts


def _compare(folder: Path, path: str, volume: LabelVolume, space: SeriesSpace) -> None:
    nibabel: Any = import_module("nibabel")
    image = nibabel.Nifti1Image.from_bytes(gzip.decompress((folder / path).read_bytes()))
    found = np.asarray(image.dataobj).transpose(2, 1, 0)
    differing = compare_volume(volume, found)
    if differing:
        raise Mismatch(path, f"{differing} voxels differ")
    meant = ras_affine(space).astype(np.float32)
    away = float(np.abs(np.asarray(image.get_sform()) - meant).max())
    if away > 0:
        raise Mismatch(path, f"the affine is {away:.3g} mm off")
