"""Krippendorff's alpha for ordered answers: the sample itself says how far apart two places are.

The distance of two categories is the squared difference of the middle ranks that their answers
take among all answers. Every item therefore moves all distances a little, which a resample and
the influence of an item have to follow; holding the ranks gives errors that are far too small.

Source: K. Krippendorff, Content Analysis, 4th ed. 2018, chapter 12 (ordinal metric).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from desktop.engines.agreement.item_sums import replicates
from desktop.engines.agreement.ratings import Floats, Whole

_SAME = 1e-12


@dataclass(frozen=True, eq=False)
class RankSums:
    """Alpha's ingredients for ordered categories.

    ``rows``: (u, r) category index, -1 where no answer, two answers or more in each row.
    ``unit``: (u,) which unit each row belongs to, 0 to len(times) - 1. ``times``: how often each
    unit occurs. ``of_item``: (m,) row of each item. ``q``: number of categories.
    """

    rows: Whole
    unit: Whole
    times: Whole | Floats
    of_item: Whole
    q: int

    @property
    def units(self) -> int:
        return round(float(self.times.sum()))

    def observed_expected(self) -> tuple[float, float]:
        """Observed and expected agreement in 0..1, distances as shares of all ranks."""
        state = self._state(self.times.astype(np.float64))
        n = state.total
        if n < 2:
            return float("nan"), float("nan")
        return 1 - state.within_sum / n, 1 - state.apart / (n * (n - 1))

    def influence(self) -> Floats:
        """Derivative of alpha by each unit's multiplicity, centred."""
        s = self._state(self.times.astype(np.float64))
        n, q = s.total, self.q
        share = 1 / n  # ranks are scaled by it; alpha doesn't depend on the scale
        by_place = 4 * (s.answers * s.ranks_of - s.first[:, None]) / (s.answers - 1)
        by_place *= self.times[self.unit][:, None]
        known = self.rows >= 0
        of_within = _sums_by(self.rows[known], by_place[known], q)
        mean, square = float(s.used @ s.ranks), float(s.used @ s.ranks**2)
        of_apart = 4 * s.used * (n * s.ranks - mean)
        own_apart = 2 * (square + n * s.ranks**2 - 2 * mean * s.ranks)
        within = s.within + self._row_sums(_moved(of_within) * share)
        apart = self._row_sums(own_apart + _moved(of_apart) * share)
        answers = s.answers[:, 0]
        each = -(answers * s.within_sum + (n - 1) * (within - s.within_sum * apart / s.apart))
        of_unit = _sums_by(self.unit, each / s.apart, self.times.size)
        return np.asarray(of_unit - (self.times @ of_unit) / max(1.0, self.times.sum()))

    def values(self, times: Floats) -> Floats:
        """(b,) alpha for (b, units) multiplicities; NaN where nothing differs."""
        return np.array([self._value(row) for row in times], dtype=np.float64)

    def replicates(self, count: int, seed: int) -> Floats:
        return replicates(self.values, self.times, count, seed)

    def clustered(self, clusters: Whole) -> RankSums:
        """The same with whole clusters as units; ``clusters``: (m,) numbers, one per item."""
        _, cluster = np.unique(clusters, return_inverse=True)
        count = int(cluster.max(initial=-1)) + 1
        rows = self.rows[self.of_item]
        ones = np.ones(count, dtype=np.int64)
        return RankSums(rows, cluster.ravel(), ones, np.arange(len(rows)), self.q)

    def _value(self, times: Floats) -> float:
        state = self._state(times)
        if state.apart <= _SAME:
            return float("nan")
        return float(1 - (state.total - 1) * state.within_sum / state.apart)

    def _state(self, times: Floats) -> _State:
        known = self.rows >= 0
        weight = times[self.unit]
        each = np.broadcast_to(weight[:, None], known.shape)[known]
        used = _sums_by(self.rows[known], each, self.q)
        total = float(used.sum())
        ranks = (np.cumsum(used) - used / 2) / max(total, 1.0)
        ranks_of = np.where(known, ranks[self.rows], 0.0)
        answers = known.sum(axis=1)
        first, second = ranks_of.sum(axis=1), (ranks_of**2).sum(axis=1)
        within = 2 * (answers * second - first**2) / (answers - 1)
        within_sum = float(weight @ within)
        apart = 2 * (total * float(used @ ranks**2) - float(used @ ranks) ** 2)
        return _State(
            used, total, ranks, ranks_of, answers[:, None], first, within, within_sum, apart
        )

    def _row_sums(self, of_category: Floats) -> Floats:
        """(u,) sum over the answers of each row."""
        parts = np.where(self.rows >= 0, of_category[self.rows], 0.0)
        return np.asarray(parts.sum(axis=1), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class _State:
    """Sums at given multiplicities: by category (used, ranks), by row (the others), in all."""

    used: Floats
    total: float
    ranks: Floats
    ranks_of: Floats
    answers: Whole
    first: Floats
    within: Floats
    within_sum: float
    apart: float


def _sums_by(index: Whole, values: Floats, size: int) -> Floats:
    return np.asarray(np.bincount(index, weights=values, minlength=size), dtype=np.float64)


def _moved(by_rank: Floats) -> Floats:
    """(q,) effect of one more answer: it moves all later ranks by one and its own by a half."""
    return np.asarray(np.cumsum(by_rank[::-1])[::-1] - by_rank / 2)
