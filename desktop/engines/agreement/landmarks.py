"""Agreement of points that mean the same place: radial error and success rate.

Source: C.-W. Wang et al., Med. Image Anal. 31 (2016) 63-76 (mean radial error, success detection
rate within 2, 2.5, 3 and 4 mm).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from desktop.engines.agreement.ratings import Floats
from desktop.engines.intervals import LEVEL, Interval
from desktop.engines.proportions import wilson

RADII_MM = (2.0, 2.5, 3.0, 4.0)


@dataclass(frozen=True)
class SuccessRate:
    """``within`` of ``n`` points lie no farther apart than ``radius_mm``; None without points."""

    radius_mm: float
    within: int
    n: int
    interval: Interval | None

    @property
    def share(self) -> float | None:
        return self.within / self.n if self.n else None


@dataclass(frozen=True, eq=False)
class LandmarkAgreement:
    """``errors_mm``: (n,) distance of each point pair, NaN where a reader left it out.

    ``mean_mm``, ``deviation_mm`` (n - 1), ``median_mm``, ``largest_mm``: None without any pair
    (deviation: without two). ``missing_first``, ``missing_second``: points left out by one only;
    ``missing_both`` by both.
    """

    errors_mm: Floats
    mean_mm: float | None
    deviation_mm: float | None
    median_mm: float | None
    largest_mm: float | None
    missing_first: int
    missing_second: int
    missing_both: int
    success: tuple[SuccessRate, ...]


def landmark_agreement(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    spacing_mm: npt.ArrayLike = 1.0,
    *,
    radii_mm: Sequence[float] = RADII_MM,
    confidence: float = LEVEL,
) -> LandmarkAgreement:
    """Compare n points of two readers.

    Parameters
    ----------
    first, second : (n, d) float
        Coordinates in the same order of points and axes; NaN (or infinite) where a point was left
        out.
    spacing_mm : float, (d,) or (n, d)
        mm per unit of the coordinates along each axis (of each point's image).
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 2:
        raise ValueError("both readers need the same (points, axes)")
    scale = np.asarray(spacing_mm, dtype=np.float64)
    if not (np.isfinite(scale).all() and (scale > 0).all()):
        raise ValueError("spacing must be positive")
    no_a, no_b = ~np.isfinite(a).all(axis=1), ~np.isfinite(b).all(axis=1)
    there = ~np.logical_or(no_a, no_b)[:, None]
    apart = np.subtract(a, b, out=np.full(a.shape, np.nan), where=there)
    errors = np.sqrt(((apart * scale) ** 2).sum(axis=1))
    known = errors[~(no_a | no_b)]
    n = known.size
    success = []
    for radius in radii_mm:
        within = int((known <= radius).sum())
        success.append(SuccessRate(radius, within, n, wilson(within, n, confidence)))
    return LandmarkAgreement(
        errors,
        float(known.mean()) if n else None,
        float(known.std(ddof=1)) if n > 1 else None,
        float(np.median(known)) if n else None,
        float(known.max()) if n else None,
        int((no_a & ~no_b).sum()),
        int((no_b & ~no_a).sum()),
        int((no_a & no_b).sum()),
        tuple(success),
    )


def ends_apart(first: Floats, second: Floats) -> float:
    """Mean distance of a point, or of the two ends of a line, to its counterpart.

    Parameters
    ----------
    first, second : (p, d) float
        p is 1 for a point and 2 for the ends of a line, in any one unit. A line has no direction:
        the ends are paired in the way in which they lie closer together.
    """
    ways = (second, second[::-1])
    return min(float(np.sqrt(((first - way) ** 2).sum(axis=1)).mean()) for way in ways)
