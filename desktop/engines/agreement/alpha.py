"""Krippendorff's alpha for named, ordered, measured and circular answers.

Only items with two or more answers can be paired. Distances are scaled so that the largest one
is 1 (alpha doesn't change with the unit), so that "observed agreement" always lies in 0..1: it is
1 - D_o and the expected one 1 - D_e in Krippendorff's words. Gwet prints other two for alpha (he
puts its small-sample correction into the observed agreement); the coefficient is the same. The
standard error here also counts what each item does to the expected disagreement, as a bootstrap
over items does; Gwet's for alpha is that of Fleiss' kappa, a little larger with few items.

Source: K. Krippendorff, Content Analysis, 4th ed. 2018, chapter 12, and Computing Krippendorff's
Alpha-Reliability, 2011 (distances for every level of measurement).
"""

from __future__ import annotations

from enum import Enum

import numpy as np

from desktop.engines.agreement.alpha_ranks import RankSums
from desktop.engines.agreement.item_sums import ItemSums, Numbers, Share
from desktop.engines.agreement.ratings import Floats, Patterns, Ratings, count_rows

MOST_RATIO = 2000  # different values for which a table of all pairs is made


class Level(str, Enum):
    """What may be done with two answers: tell apart, order, subtract, divide, turn."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    INTERVAL = "interval"
    RATIO = "ratio"
    CIRCULAR = "circular"


def alpha_sums(ratings: Ratings, level: Level = Level.NOMINAL) -> ItemSums | RankSums:
    """The sums that alpha is made of.

    Raises
    ------
    ValueError
        ``ratio`` with negative positions or more than ``MOST_RATIO`` different values.
    """
    patterns = _pairable(ratings.count_patterns)
    if level is Level.INTERVAL:
        return _interval_sums(patterns, ratings.positions)
    if level is Level.CIRCULAR:
        return _circular_sums(patterns, ratings.positions)
    if level is Level.ORDINAL:
        u = len(patterns.rows)
        return RankSums(patterns.rows, np.arange(u), patterns.times, patterns.of_item, ratings.q)
    if level is Level.RATIO:
        return _table_sums(patterns, _ratio_distances(ratings.positions))
    return _nominal_sums(patterns, ratings.q)


def _pairable(patterns: Patterns) -> Patterns:
    """Only items with two or more answers."""
    keep = (patterns.rows >= 0).sum(axis=1) >= 2
    if keep.all():
        return patterns
    rank = np.cumsum(keep) - 1
    of_item = patterns.of_item[keep[patterns.of_item]]
    return Patterns(patterns.rows[keep], patterns.times[keep], rank[of_item])


def _nominal_sums(patterns: Patterns, q: int) -> ItemSums:
    counts = count_rows(patterns.rows, q)
    answers = counts.sum(axis=1)
    within = (answers**2 - (counts**2).sum(axis=1)) / (answers - 1)

    def share(sums: Numbers) -> tuple[Numbers, Numbers]:
        used = sums[:, 1:]
        total = used.sum(axis=1)
        apart = total**2 - (used**2).sum(axis=1)
        return 1 - sums[:, 0] / total, 1 - apart / (total * (total - 1))

    return _sums(patterns, np.column_stack([within, counts]), share)


def _table_sums(patterns: Patterns, distances: Floats) -> ItemSums:
    """Any fixed (q, q) distances."""
    counts = count_rows(patterns.rows, len(distances))
    within = (counts * (counts @ distances)).sum(axis=1) / (counts.sum(axis=1) - 1)

    def share(sums: Numbers) -> tuple[Numbers, Numbers]:
        used = sums[:, 1:]
        total = used.sum(axis=1)
        apart = ((used @ distances) * used).sum(axis=1)
        return 1 - sums[:, 0] / total, 1 - apart / (total * (total - 1))

    return _sums(patterns, np.column_stack([within, counts]), share)


def _interval_sums(patterns: Patterns, positions: Floats) -> ItemSums:
    """Distance: squared difference. Sums of squares instead of tables, for any many values."""
    known = patterns.rows >= 0
    used = positions[np.unique(patterns.rows[known])]
    middle, width = (float(used.mean()), float(np.ptp(used))) if used.size else (0.0, 0.0)
    x = np.where(known, (positions[patterns.rows] - middle) / (width or 1.0), 0.0)
    m, first, second = known.sum(axis=1), x.sum(axis=1), (x**2).sum(axis=1)
    within = 2 * (m * second - first**2) / (m - 1)

    def share(sums: Numbers) -> tuple[Numbers, Numbers]:
        n = sums[:, 1]
        apart = 2 * (n * sums[:, 3] - sums[:, 2] ** 2)
        return 1 - sums[:, 0] / n, 1 - apart / (n * (n - 1))

    return _sums(patterns, np.column_stack([within, m, first, second]), share)


def _circular_sums(patterns: Patterns, positions: Floats) -> ItemSums:
    """Distance: squared sine of half the angle; one step after the last place is the first."""
    turn = 2 * np.pi / (positions[-1] - positions[0] + 1) if positions.size else 0.0
    known = patterns.rows >= 0
    angle = positions[patterns.rows] * turn if positions.size else np.zeros(known.shape)
    east, north = (np.where(known, f(angle), 0.0).sum(axis=1) for f in (np.cos, np.sin))
    m = known.sum(axis=1)
    within = (m**2 - east**2 - north**2) / 2 / (m - 1)

    def share(sums: Numbers) -> tuple[Numbers, Numbers]:
        n = sums[:, 1]
        apart = (n**2 - sums[:, 2] ** 2 - sums[:, 3] ** 2) / 2
        return 1 - sums[:, 0] / n, 1 - apart / (n * (n - 1))

    return _sums(patterns, np.column_stack([within, m, east, north]), share)


def _ratio_distances(positions: Floats) -> Floats:
    if positions.size > MOST_RATIO:
        raise ValueError(f"ratio-level alpha takes at most {MOST_RATIO} different values")
    if (positions < 0).any():
        raise ValueError("ratio-level alpha takes no negative values")
    together = positions[:, None] + positions
    apart = positions[:, None] - positions
    return np.divide(apart, together, out=np.zeros_like(apart), where=together > 0) ** 2


def _sums(patterns: Patterns, rows: Floats, share: Share) -> ItemSums:
    return ItemSums(rows.astype(np.float64), patterns.times, patterns.of_item, share)
