"""Area and largest diameter of a region of pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from desktop.domain.runs import MaskYX

_PLENTY = 400  # corner points; more are thinned to their hull first


@dataclass(frozen=True)
class RegionSize:
    """``area`` and ``diameter`` in units of the spacing; the diameter runs between pixel corners
    that are farthest apart (largest Feret diameter)."""

    area: float
    diameter: float


def region_size(mask_yx: MaskYX, spacing: tuple[float, float] = (1.0, 1.0)) -> RegionSize:
    """The size of a (rows, columns) mask; ``spacing`` between rows, between columns."""
    rows = np.flatnonzero(mask_yx.any(axis=1))
    if not rows.size:
        return RegionSize(0.0, 0.0)
    part = mask_yx[rows]
    left = part.argmax(axis=1)
    right = part.shape[1] - part[:, ::-1].argmax(axis=1)
    corners = np.concatenate(
        [np.column_stack([y, x]) for y in (rows, rows + 1) for x in (left, right)]
    ) * np.asarray(spacing)
    if len(corners) > _PLENTY:
        from scipy.spatial import ConvexHull

        corners = corners[ConvexHull(corners).vertices]
    apart = corners[:, None, :] - corners[None, :, :]
    return RegionSize(
        float(np.count_nonzero(mask_yx)) * spacing[0] * spacing[1],
        float(np.sqrt((apart * apart).sum(axis=2).max())),
    )
