"""Distances between the surfaces of two masks, in mm.

Definition, to be named wherever these numbers are shown: surface elements lie on the dual grid
(between voxel centres), each weighted by its area (3-D) or length (2-D). Metrics that take border
voxels as points give different numbers, above all for small or anisotropic objects.

Source: S. Nikolov et al., J. Med. Internet Res. 23 (2021) e26151 (surface Dice at a tolerance,
area-weighted elements); W. E. Lorensen, H. E. Cline, SIGGRAPH 1987, 163-169 (area of a cell).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from desktop.engines.agreement.mask_agreement import (
    Bools,
    Presence,
    checked_pair,
    presence_of,
    union_span,
)
from desktop.engines.agreement.ratings import Floats

DEFINITION = "area-weighted surface elements between voxel centres (Nikolov 2021)"

Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class SurfaceDistances:
    """Every surface element of each mask, its distance to the other surface, and its area.

    ``*_mm``: sorted distances, mm. ``*_areas``: areas in the same order, mm² (3-D) or mm (2-D).
    An infinite distance means that the other mask is empty. ``at_border``: a mask touches the
    border of the image, where its surface may be the image's, not the object's.
    """

    presence: Presence
    first_mm: Floats
    first_areas: Floats
    second_mm: Floats
    second_areas: Floats
    at_border: bool = False

    @property
    def average_mm(self) -> tuple[float | None, float | None]:
        """Mean distance of the first surface to the second, and of the second to the first."""
        return (
            _mean(self.first_mm, self.first_areas),
            _mean(self.second_mm, self.second_areas),
        )

    @property
    def assd_mm(self) -> float | None:
        """Average symmetric surface distance: the mean over both surfaces by area; None if empty.

        Infinite where one mask is empty. The mean of the two directions' means (MASD) is another
        number; see ``average_mm``.
        """
        return _mean(
            np.concatenate([self.first_mm, self.second_mm]),
            np.concatenate([self.first_areas, self.second_areas]),
        )

    def hausdorff_mm(self, percent: float = 100.0) -> float | None:
        """Hausdorff distance; ``percent`` 95 gives HD95: the larger one of both directions.

        A percentile is the first distance up to which lies at least that share of the area.
        None where both masks are empty (there is nothing to be far from), infinite where one is.
        """
        if not 0 <= percent <= 100:
            raise ValueError("a percentile lies between 0 and 100")
        if self.presence is not Presence.BOTH:
            return self._without_surface()
        return max(
            _percentile(self.first_mm, self.first_areas, percent),
            _percentile(self.second_mm, self.second_areas, percent),
        )

    def overlap_at(self, tolerance_mm: float) -> tuple[float | None, float | None]:
        """Share of each surface that lies within the tolerance of the other."""
        return (
            _share(self.first_mm, self.first_areas, tolerance_mm),
            _share(self.second_mm, self.second_areas, tolerance_mm),
        )

    def surface_dice(self, tolerance_mm: float) -> float | None:
        """Share of both surfaces within the tolerance of the other; None if both are empty."""
        return _share(
            np.concatenate([self.first_mm, self.second_mm]),
            np.concatenate([self.first_areas, self.second_areas]),
            tolerance_mm,
        )

    def _without_surface(self) -> float | None:
        return None if self.presence is Presence.NEITHER else float("inf")


def surface_distances(
    first: npt.ArrayLike, second: npt.ArrayLike, spacing_mm: Sequence[float]
) -> SurfaceDistances:
    """Compare the surfaces of two masks.

    Parameters
    ----------
    first, second : (rows, columns) or (slices, rows, columns) bool
        On the same grid.
    spacing_mm : 2 or 3 floats
        Distance of voxel centres along each axis, in the order of the axes.

    Raises
    ------
    GridProblem
        The shapes differ.
    ValueError
        Masks that are neither 2-D nor 3-D, or a spacing that is not positive for each axis.
    """
    a, b = checked_pair(first, second)
    spacing = tuple(float(s) for s in spacing_mm)
    if a.ndim not in (2, 3):
        raise ValueError("masks must be 2-D or 3-D")
    if len(spacing) != a.ndim or not all(0 < s < np.inf for s in spacing):
        raise ValueError("a positive spacing in mm is needed for each axis")
    part = union_span(a, b)
    cut_a, cut_b = a[part], b[part]
    border = any(
        cut_a.size and (s.start == 0 or s.stop == n) for s, n in zip(part, a.shape, strict=True)
    )
    points_a, areas_a = _surface(cut_a, spacing)
    points_b, areas_b = _surface(cut_b, spacing)
    mm_a, mm_b = _nearest(points_a, points_b), _nearest(points_b, points_a)
    order_a, order_b = np.argsort(mm_a, kind="stable"), np.argsort(mm_b, kind="stable")
    return SurfaceDistances(
        presence_of(areas_a.size, areas_b.size),
        mm_a[order_a],
        areas_a[order_a],
        mm_b[order_b],
        areas_b[order_b],
        border,
    )


@lru_cache(maxsize=32)
def element_sizes(spacing_mm: tuple[float, ...]) -> Floats:
    """Area (3-D, 256 codes, mm²) or length (2-D, 16 codes, mm) of the surface inside one cell.

    A cell joins 2 voxels along each axis; bit k of its code is the k-th corner in row-major order,
    first corner highest. A surface where more than half of the corners are set is that of the
    complement, so that a mask and its background have the same one.
    """
    ndim = len(spacing_mm)
    corners = 2**ndim
    sizes = np.zeros(2**corners)
    for code in range(1, 2**corners - 1):
        bits = [(code >> (corners - 1 - k)) & 1 for k in range(corners)]
        if sum(bits) > corners // 2:
            bits = [1 - bit for bit in bits]
        cell = np.array(bits, dtype=np.float64).reshape((2,) * ndim)
        sizes[code] = _length(cell, spacing_mm) if ndim == 2 else _area(cell, spacing_mm)
    sizes.flags.writeable = False
    return sizes


def cell_codes(mask: Bools) -> Codes:
    """Code of each cell, shape + 1 along each axis; outside the array counts as not set."""
    codes = np.pad(mask, 1).view(np.uint8)
    # Along each axis, a cell's earlier half takes the higher bits; from the last axis to the first.
    width = 1
    for axis in reversed(range(mask.ndim)):
        low = codes[tuple(slice(None, -1) if k == axis else slice(None) for k in range(mask.ndim))]
        high = codes[tuple(slice(1, None) if k == axis else slice(None) for k in range(mask.ndim))]
        codes = np.asarray((low << width) | high, dtype=np.uint8)
        width *= 2
    return codes


def _surface(mask: Bools, spacing: tuple[float, ...]) -> tuple[Floats, Floats]:
    """(m, ndim) places of the surface elements, in mm, and their (m,) areas."""
    codes = cell_codes(mask)
    whole = np.uint8(2 ** (2**mask.ndim) - 1)
    flat = np.flatnonzero((codes != 0) & (codes != whole))
    places = np.stack(np.unravel_index(flat, codes.shape), axis=1) * np.array(spacing)
    return places.astype(np.float64), element_sizes(spacing)[codes.ravel()[flat]]


def _nearest(points: Floats, others: Floats) -> Floats:
    """(m,) distance of each point to the nearest of the others; infinite without any."""
    if len(points) == 0 or len(others) == 0:
        return np.full(len(points), np.inf)
    from scipy.spatial import cKDTree

    # Points come in raster order: plain halving builds far faster and searches as fast.
    tree = cKDTree(others, balanced_tree=False, compact_nodes=False)
    return np.asarray(tree.query(points, workers=2)[0], dtype=np.float64)


def _length(cell: Floats, spacing: tuple[float, ...]) -> float:
    """Length of the line in a 2 x 2 cell with one or two corners set, through edge middles."""
    slanted = 0.5 * math.hypot(*spacing)
    if cell.sum() == 1:
        return slanted
    if cell[0, 0] == cell[1, 1]:
        return 2 * slanted
    # Two neighbours: a straight line across the axis along which they differ.
    return spacing[1] if cell[0, 0] == cell[0, 1] else spacing[0]


def _area(cell: Floats, spacing: tuple[float, ...]) -> float:
    """Area of the triangles that marching cubes puts into a 2 x 2 x 2 cell."""
    from skimage import measure

    untyped: Any = measure
    vertices, faces, _, _ = untyped.marching_cubes(cell, 0.5, spacing=spacing, method="lorensen")
    return float(untyped.mesh_surface_area(vertices, faces))


def _mean(distances: Floats, areas: Floats) -> float | None:
    return float(distances @ areas / areas.sum()) if areas.size else None


def _share(distances: Floats, areas: Floats, tolerance: float) -> float | None:
    if not tolerance >= 0:
        raise ValueError("a tolerance is 0 mm or more")
    return float(areas[distances <= tolerance].sum() / areas.sum()) if areas.size else None


def _percentile(distances: Floats, areas: Floats, percent: float) -> float:
    upto = np.cumsum(areas)
    index = int(np.searchsorted(upto / upto[-1], percent / 100))
    return float(distances[min(index, distances.size - 1)])
