"""Which images can share one DICOM segmentation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from desktop.domain.study import Instance, Plane
from desktop.imaging.space import normal_of

_SAME_COSINE = 1e-4
_SAME_SPACING_MM = 1e-5
_PLACE_DIGITS = 2  # hundredths of a millimetre


def share_a_file(instances: Sequence[Instance]) -> list[list[Instance]]:
    """Groups in reading order.

    A segmentation has one size, one orientation and one spacing, and no two of its source images
    in one plane: a localizer in three planes becomes three files, a series that visits each
    plane twice becomes two. Multi-frame images, and images that don't say where they lie,
    have a file each.
    """
    groups: list[_Group] = []
    for instance in instances:
        plane = instance.plane(0)
        group = None
        if instance.frame_count == 1 and plane is not None:
            group = next((g for g in groups if g.takes(instance, plane)), None)
        if group is None:
            group = _Group(open_to_more=instance.frame_count == 1 and plane is not None)
            groups.append(group)
        group.add(instance, plane)
    return [group.members for group in groups]


class _Group:
    """Images that fit together so far."""

    def __init__(self, open_to_more: bool) -> None:
        self.members: list[Instance] = []
        self._open = open_to_more
        self._places: set[float] = set()

    def takes(self, instance: Instance, plane: Plane) -> bool:
        first = self.members[0]
        like = first.plane(0)
        if not self._open or like is None or _place(plane) in self._places:
            return False
        if (first.rows, first.columns) != (instance.rows, instance.columns):
            return False
        return _alike(like.orientation, plane.orientation, _SAME_COSINE) and _alike(
            first.spacing_mm or (), instance.spacing_mm or (), _SAME_SPACING_MM
        )

    def add(self, instance: Instance, plane: Plane | None) -> None:
        self.members.append(instance)
        if plane is not None:
            self._places.add(_place(plane))


def _place(plane: Plane) -> float:
    """Distance along the normal in mm: images of one plane are duplicates wherever they lie."""
    return round(float(np.dot(plane.position, normal_of(plane))), _PLACE_DIGITS)


def _alike(a: Sequence[float], b: Sequence[float], tolerance: float) -> bool:
    return len(a) == len(b) and bool(np.allclose(a, b, rtol=0, atol=tolerance))
