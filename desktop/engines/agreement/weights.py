"""How much two different answers still agree: weights for pairs of categories, 1 = the same.

Source: K. L. Gwet, Handbook of Inter-Rater Reliability, 4th ed. 2014, chapter 3 (all schemes).
"""

from __future__ import annotations

from enum import Enum

import numpy as np
import numpy.typing as npt

from desktop.engines.agreement.ratings import Floats


class Scheme(str, Enum):
    """A way to weight pairs of categories."""

    IDENTITY = "identity"
    LINEAR = "linear"
    QUADRATIC = "quadratic"
    ORDINAL = "ordinal"
    RADICAL = "radical"
    RATIO = "ratio"
    CIRCULAR = "circular"
    BIPOLAR = "bipolar"


def weights_of(scheme: Scheme, positions: npt.ArrayLike) -> Floats:
    """(q, q) symmetric weights with ones on the diagonal.

    Parameters
    ----------
    positions : (q,) increasing numbers
        Place of each category on its scale. ``ordinal`` uses only their order; ``ratio`` needs
        positive numbers; ``circular`` takes one step after the last as the first again.

    Raises
    ------
    ValueError
        Positions that don't increase, or that aren't positive for ``ratio``.
    """
    x = np.asarray(positions, dtype=np.float64)
    q = x.size
    if q > 1 and not (np.diff(x) > 0).all():
        raise ValueError("positions must increase")
    if scheme is Scheme.IDENTITY or q < 2:
        return np.eye(q)
    distance = _distances(scheme, x)
    return np.asarray(1 - distance / distance.max(), dtype=np.float64)


def _distances(scheme: Scheme, x: Floats) -> Floats:
    """(q, q) distance between categories, in any unit."""
    q = x.size
    apart = np.abs(x[:, None] - x)
    together = x[:, None] + x
    if scheme is Scheme.LINEAR:
        return np.asarray(apart, dtype=np.float64)
    if scheme is Scheme.QUADRATIC:
        return np.asarray(apart**2, dtype=np.float64)
    if scheme is Scheme.RADICAL:
        return np.asarray(np.sqrt(apart), dtype=np.float64)
    if scheme is Scheme.ORDINAL:
        steps = np.abs(np.subtract.outer(np.arange(q), np.arange(q))) + 1.0
        return np.asarray(steps * (steps - 1) / 2, dtype=np.float64)
    if scheme is Scheme.RATIO:
        if x[0] <= 0:
            raise ValueError("ratio weights need positive positions")
        return np.asarray((apart / together) ** 2, dtype=np.float64)
    if scheme is Scheme.CIRCULAR:
        circumference = x[-1] - x[0] + 1
        return np.asarray(np.sin(np.pi * apart / circumference) ** 2, dtype=np.float64)
    room = (together - 2 * x[0]) * (2 * x[-1] - together)
    return np.asarray(np.divide(apart**2, room, out=np.zeros((q, q)), where=room > 0))


def custom_weights(weights: npt.ArrayLike, *, disagreement: bool = False) -> Floats:
    """Weights given by hand, checked; ``disagreement``: 0 means the same, scaled by the largest.

    Raises
    ------
    ValueError
        Not square, not symmetric, not finite, or a diagonal other than 1 (0 for disagreement).
    """
    w = np.array(weights, dtype=np.float64)
    if w.ndim != 2 or w.shape[0] != w.shape[1] or not np.isfinite(w).all():
        raise ValueError("weights must be a square table of numbers")
    if not np.allclose(w, w.T):
        raise ValueError("weights must be symmetric")
    if disagreement:
        if (w < 0).any() or w.max(initial=0.0) <= 0:
            raise ValueError("disagreement weights must be 0 or more, and not all 0")
        w = 1 - w / w.max()
    if not np.allclose(np.diag(w), 1.0):
        raise ValueError("the same answer must weigh as full agreement")
    return w
