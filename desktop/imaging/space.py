"""Where slices lie in the patient: order, step, named warnings, from pixel to mm and back.

Patient coordinates are DICOM's: mm, x towards the patient's left, y to the back, z to the head
(LPS). Everything comes from each slice's own position and orientation, never from one spacing.
Source: DICOM PS3.3 C.7.6.2.1.1 (Image Plane).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from desktop.domain.geometry import XY
from desktop.domain.study import FrameRef, Instance, Plane, Series

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]

MISSING = "Missing slice"
UNEVEN = "Uneven step"
TILTED = "Tilted stack"
DUPLICATE = "Duplicate position"
MIXED = "Mixed orientation"
UNORDERED = "Frames out of order"
UNKNOWN = "Unknown position"
SIZES = "Mixed sizes"

_SAME_PLACE_MM = 0.01
_STEP_TOLERANCE = 0.02  # of the step
_PARALLEL_COS = 0.9999  # 0.8 degrees
_TILT_TAN = 0.0087  # 0.5 degrees
_CROSS_SECTIONS = ("CT", "MR", "PT", "NM")


@dataclass(frozen=True)
class SeriesSpace:
    """The geometry of a series in frame order (instances by ``order``, then frame index).

    ``positions_mm``: (n, 3) centre of each frame's first pixel; ``distances_mm``: (n,) along the
    common normal. Both are empty where a frame has no plane or the orientations differ.
    ``regular``: a volume may be made of it. ``affine``: 4×4, voxel (column, row, slice) to LPS mm,
    for pixel centres at whole numbers; None where steps are not even. A tilted but even stack has
    an affine (with shear) and is not regular.
    """

    refs: tuple[FrameRef, ...]
    regular: bool
    step_mm: float | None
    warnings: tuple[str, ...]
    affine: Matrix | None
    positions_mm: Vector
    distances_mm: Vector
    normal: Vector | None

    def nearest(self, point_mm: Sequence[float] | Vector) -> tuple[int, float]:
        """Index of the frame nearest to a patient point, and the distance to it in mm.

        Raises ValueError where the series has no common geometry.
        """
        if self.normal is None or not len(self.distances_mm):
            raise ValueError("this series has no common geometry")
        away = np.abs(self.distances_mm - float(np.dot(np.asarray(point_mm), self.normal)))
        index = int(np.argmin(away))
        return index, float(away[index])


def normal_of(plane: Plane) -> Vector:
    """Unit normal of a slice: row direction × column direction."""
    normal = np.cross(plane.orientation[:3], plane.orientation[3:])
    return np.asarray(normal / np.linalg.norm(normal), dtype=np.float64)


def frame_affine(plane: Plane, spacing_mm: tuple[float, float]) -> Matrix:
    """4×4 matrix of one frame: (column, row, mm along the normal, 1) to LPS mm.

    Pixel centres are at whole numbers. ``spacing_mm`` is (between rows, between columns).
    """
    matrix = np.eye(4)
    matrix[:3, 0] = np.asarray(plane.orientation[:3]) * spacing_mm[1]
    matrix[:3, 1] = np.asarray(plane.orientation[3:]) * spacing_mm[0]
    matrix[:3, 2] = normal_of(plane)
    matrix[:3, 3] = plane.position
    return matrix


def image_to_patient(plane: Plane, spacing_mm: tuple[float, float], point_xy: XY) -> Vector:
    """LPS mm of an image point (x, y); the origin is the outer corner of the top-left pixel."""
    x, y = point_xy
    return np.asarray((frame_affine(plane, spacing_mm) @ (x - 0.5, y - 0.5, 0.0, 1.0))[:3])


def patient_to_image(
    plane: Plane, spacing_mm: tuple[float, float], point_mm: Sequence[float] | Vector
) -> tuple[float, float, float]:
    """Image point (x, y) of a patient point, and its signed distance from the plane in mm."""
    inverse = np.linalg.inv(frame_affine(plane, spacing_mm))
    x, y, off, _ = inverse @ (*np.asarray(point_mm, dtype=np.float64), 1.0)
    return float(x) + 0.5, float(y) + 0.5, float(off)


def sort_instances(instances: Sequence[Instance]) -> list[Instance]:
    """Instances along the common normal; by instance number where there is none.

    The order does not depend on the order they are handed in.
    """
    by_number = sorted(instances, key=lambda i: (i.number, i.sop_instance_uid, i.id))
    firsts = [i.plane(0) for i in by_number]
    planes = [p for p in firsts if p is not None]
    if len(planes) != len(firsts) or not _are_parallel(planes):
        return by_number
    normal = _common_normal(planes)
    along = {
        i.id: float(np.dot(p.position, normal)) for i, p in zip(by_number, planes, strict=True)
    }
    return sorted(by_number, key=lambda i: round(along[i.id] / _SAME_PLACE_MM))


def arrange(series: Series, instances: Sequence[Instance]) -> tuple[Series, tuple[Instance, ...]]:
    """The series with step, warnings and ``regular``, and its instances with their order."""
    ordered = tuple(
        replace(instance, order=order) for order, instance in enumerate(sort_instances(instances))
    )
    space = survey(ordered, series.modality)
    return (
        replace(
            series, regular=space.regular, slice_step_mm=space.step_mm, warnings=space.warnings
        ),
        ordered,
    )


def affine_of(instances: Sequence[Instance]) -> Matrix | None:
    """4×4 voxel (column, row, slice) to LPS mm of an evenly stacked series, else None."""
    return survey(instances).affine


def survey(instances: Sequence[Instance], modality: str = "") -> SeriesSpace:
    """Look at all frames of a series in frame order and say what is wrong with the stack."""
    ordered = sorted(instances, key=lambda i: i.order)
    refs = tuple(ref for instance in ordered for ref in instance.frames)
    planes = [
        plane
        for instance in ordered
        for index in range(instance.frame_count)
        if (plane := instance.plane(index)) is not None
    ]
    if len(planes) != len(refs) or not refs:
        unknown = modality in _CROSS_SECTIONS and bool(refs)
        return _without_geometry(
            refs, (f"{UNKNOWN}: not every image says where it lies in the patient.",) * unknown
        )
    if not _are_parallel(planes):
        return _without_geometry(refs, (f"{MIXED}: the images do not lie in parallel planes.",))
    return _survey_stack(ordered, refs, planes)


def _without_geometry(refs: tuple[FrameRef, ...], warnings: tuple[str, ...]) -> SeriesSpace:
    none = np.empty((0, 3))
    return SeriesSpace(refs, False, None, warnings, None, none, np.empty(0), None)


def _are_parallel(planes: Sequence[Plane]) -> bool:
    """Whether rows and columns of all planes point the same way."""
    if not planes:
        return False
    all_six = np.array([p.orientation for p in planes])
    right = all_six[:, :3] @ all_six[0, :3]
    down = all_six[:, 3:] @ all_six[0, 3:]
    return bool(min(right.min(), down.min()) > _PARALLEL_COS)


def _common_normal(planes: Sequence[Plane]) -> Vector:
    mean = np.mean([normal_of(p) for p in planes], axis=0)
    return np.asarray(mean / np.linalg.norm(mean))


def _survey_stack(
    instances: Sequence[Instance], refs: tuple[FrameRef, ...], planes: Sequence[Plane]
) -> SeriesSpace:
    normal = _common_normal(planes)
    positions = np.array([p.position for p in planes], dtype=np.float64)
    distances = positions @ normal
    steps = np.diff(distances)
    warnings = list(_step_warnings(steps, instances))
    moves = len(steps) > 0 and bool(np.abs(steps).min() > _SAME_PLACE_MM)
    if moves and not warnings and not _is_straight(positions):
        warnings.append(f"{UNEVEN}: the slices drift away from an even stack.")
    if len({(i.rows, i.columns, i.spacing_mm) for i in instances}) > 1:
        warnings.append(f"{SIZES}: the images differ in size or pixel spacing.")
    even = moves and not warnings
    tilted = len(steps) > 0 and _is_tilted(positions, steps, normal)
    if tilted:
        warnings.append(f"{TILTED}: the slices are shifted against each other (gantry tilt).")
    spacing = instances[0].spacing_mm
    affine = None
    if spacing is not None and (even or len(refs) == 1):
        affine = frame_affine(planes[0], spacing)
        if even:
            affine[:3, 2] = (positions[-1] - positions[0]) / len(steps)
    step = float(abs(np.median(steps))) if len(steps) else 0.0
    return SeriesSpace(
        refs=refs,
        regular=even and not tilted and spacing is not None,
        step_mm=step if step > _SAME_PLACE_MM else None,
        warnings=tuple(warnings),
        affine=affine,
        positions_mm=positions,
        distances_mm=distances,
        normal=normal,
    )


def _is_tilted(positions: Matrix, steps: Vector, normal: Vector) -> bool:
    """Whether neighbours are shifted within their plane by more than half a degree of tilt."""
    in_plane = np.linalg.norm(np.diff(positions, axis=0) - steps[:, None] * normal, axis=1)
    return bool(np.any(in_plane > np.maximum(_SAME_PLACE_MM * 2, _TILT_TAN * np.abs(steps))))


def _is_straight(positions: Matrix) -> bool:
    """Whether every slice lies where an even stack would have it, within 2 % of a step."""
    line = np.linspace(positions[0], positions[-1], len(positions))
    step = np.linalg.norm(positions[-1] - positions[0]) / max(1, len(positions) - 1)
    off = np.linalg.norm(positions - line, axis=1).max()
    return bool(off <= max(2 * _SAME_PLACE_MM, 2 * _STEP_TOLERANCE * step))


def _step_warnings(steps: Vector, instances: Sequence[Instance]) -> Sequence[str]:
    """Warnings about the distances between neighbours; slice numbers count from 1."""
    if not len(steps):
        return ()
    found: list[str] = []
    same = np.abs(steps) < _SAME_PLACE_MM
    if same.any() and not _is_cine(instances):
        count = int(same.sum())
        what = "1 image lies" if count == 1 else f"{count} images lie"
        found.append(f"{DUPLICATE}: {what} where another one does.")
    moving = steps[~same]
    if not len(moving):
        return found
    if moving.min() < 0 < moving.max():
        found.append(f"{UNORDERED}: the images are not stored in the order of their positions.")
        return found
    sizes = np.abs(moving)
    typical = float(np.median(sizes))
    tolerance = max(2 * _SAME_PLACE_MM, _STEP_TOLERANCE * typical)
    parts = np.rint(sizes / typical)
    gaps = (parts >= 2) & (np.abs(sizes - parts * typical) <= tolerance * parts)
    where = np.flatnonzero(~same)
    if gaps.any():
        found.append(_missing_text(where[gaps], sizes[gaps], typical, int((parts[gaps] - 1).sum())))
    rest = sizes[~gaps]
    if len(rest) and np.abs(rest - typical).max() > tolerance:
        found.append(f"{UNEVEN}: {rest.min():.2f} to {rest.max():.2f} mm between slices.")
    return found


def _is_cine(instances: Sequence[Instance]) -> bool:
    """One instance whose frames all show the same plane, as meant."""
    return len(instances) == 1 and len(instances[0].planes) == 1


def _missing_text(where: npt.NDArray[np.intp], sizes: Vector, typical: float, count: int) -> str:
    first = int(where[0]) + 1
    more = f" and at {len(where) - 1} more places" if len(where) > 1 else ""
    slices = "1 slice is" if count == 1 else f"{count} slices are"
    return (
        f"{MISSING}: {slices} missing; {sizes[0]:.1f} mm between slices {first} and {first + 1}"
        f"{more}, otherwise {typical:.1f} mm."
    )
