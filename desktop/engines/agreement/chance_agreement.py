"""Kappa-like coefficients from weights: Fleiss, Scott, Cohen, Conger, Gwet, Brennan-Prediger.

Each function returns the sums that its coefficient is made of (see ``item_sums``). They differ
only in what they call chance. An item with a single answer tells nothing about agreement but
still counts for how often a category is used, as in Gwet's book; and every item counts alike,
however many answers it has (Fleiss, Levin and Paik's kappa for unequal numbers of answers weighs
items by their answers, and is another number). Tests are two-sided.

Source: K. L. Gwet, Handbook of Inter-Rater Reliability, 4th ed. 2014, chapters 2 to 5;
J. L. Fleiss, Psychol. Bull. 76 (1971) 378-382; A. J. Conger, Psychol. Bull. 88 (1980) 322-328;
J. L. Fleiss, J. Cohen, B. S. Everitt, Psychol. Bull. 72 (1969) 323-327.
"""

from __future__ import annotations

import numpy as np

from desktop.engines.agreement.item_sums import ItemSums, Numbers, Share
from desktop.engines.agreement.ratings import Floats, Patterns, Ratings, count_rows

_FRONT = 3  # items with two answers, their agreement, items with any answer
_PAIRED = (0, 2)


def fleiss_sums(ratings: Ratings, weights: Floats) -> ItemSums:
    """Chance is the answers of all readers pooled; with two readers this is Scott's pi."""

    def share(sums: Numbers) -> tuple[Numbers, Numbers]:
        used = _use(sums)
        return sums[:, 1] / sums[:, 0], ((used @ weights) * used).sum(axis=1)

    return _pooled(ratings, weights, share)


def gwet_sums(ratings: Ratings, weights: Floats) -> ItemSums:
    """Chance is a random answer to the items that are hard: AC1, with weights AC2."""
    q = ratings.q
    factor = weights.sum() / (q * (q - 1)) if q > 1 else np.nan

    def share(sums: Numbers) -> tuple[Numbers, Numbers]:
        used = _use(sums)
        return sums[:, 1] / sums[:, 0], factor * (used * (1 - used)).sum(axis=1)

    return _pooled(ratings, weights, share)


def uniform_sums(ratings: Ratings, weights: Floats) -> ItemSums:
    """Chance is every category equally often: Brennan-Prediger."""
    expected = weights.sum() / ratings.q**2

    def share(sums: Numbers) -> tuple[Numbers, Numbers]:
        observed = sums[:, 1] / sums[:, 0]
        return observed, np.full_like(observed, expected)

    return _pooled(ratings, weights, share)


def conger_sums(ratings: Ratings, weights: Floats) -> ItemSums:
    """Chance keeps each reader's own habits; with two readers this is Cohen's kappa.

    Readers without any answer are left out: an empty column changes nothing.
    """
    ratings = ratings.of_readers(list(np.flatnonzero((ratings.codes >= 0).any(axis=0))))
    patterns = _rated(ratings.patterns)
    u, r = patterns.rows.shape
    q = ratings.q
    chosen = patterns.rows[:, :, None] == np.arange(q)
    front, _ = _agreement(patterns, weights, q)
    rows = np.concatenate([front, chosen.reshape(u, r * q)], axis=1)

    def share(sums: Numbers) -> tuple[Numbers, Numbers]:
        counts = sums[:, _FRONT:].reshape(len(sums), r, q)
        habit = counts / counts.sum(axis=2, keepdims=True)
        everyone = habit.sum(axis=1)
        pairs = ((everyone @ weights) * everyone).sum(axis=1)
        alone = ((habit @ weights) * habit).sum(axis=(1, 2))
        return sums[:, 1] / sums[:, 0], (pairs - alone) / (r * (r - 1))

    return ItemSums(rows, patterns.times, patterns.of_item, share, _PAIRED)


def null_error(table: Floats, weights: Floats) -> float:
    """Standard error of Cohen's (weighted) kappa if there were no agreement beyond chance.

    ``table``: (q, q) counts of items. NaN where undefined. For the test of kappa = 0 only.
    """
    n = table.sum()
    if n == 0:
        return float("nan")
    first, second = table.sum(axis=1) / n, table.sum(axis=0) / n
    expected = first @ weights @ second
    if expected >= 1 - 1e-12:
        return float("nan")
    of_first, of_second = weights @ second, weights.T @ first
    spread = (weights - of_first[:, None] - of_second) ** 2
    variance = float((first @ spread @ second - expected**2) / (n * (1 - expected) ** 2))
    return float(np.sqrt(max(0.0, variance)))


def _pooled(ratings: Ratings, weights: Floats, share: Share) -> ItemSums:
    """Sums for coefficients that need only how many readers chose each category."""
    patterns = _rated(ratings.count_patterns)
    front, counts = _agreement(patterns, weights, ratings.q)
    rows = np.concatenate([front, counts / counts.sum(axis=1, keepdims=True)], axis=1)
    return ItemSums(rows, patterns.times, patterns.of_item, share, _PAIRED)


def _agreement(patterns: Patterns, weights: Floats, q: int) -> tuple[Floats, Floats]:
    """(u, 3) front sums and (u, q) counts: has two answers, their agreement, has any."""
    counts = count_rows(patterns.rows, q)
    answers = counts.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        agree = (counts * (counts @ weights.T - 1)).sum(axis=1) / (answers * (answers - 1))
    two = answers >= 2
    return np.stack([two * 1.0, np.where(two, agree, 0.0), np.ones(len(counts))], 1), counts


def _rated(patterns: Patterns) -> Patterns:
    """Without the items that nobody answered."""
    known = np.asarray((patterns.rows >= 0).any(axis=1))
    if known.all():
        return patterns
    rank = np.cumsum(known) - 1
    of_item = patterns.of_item[known[patterns.of_item]]
    return Patterns(patterns.rows[known], patterns.times[known], rank[of_item])


def _use(sums: Numbers) -> Numbers:
    """(b, q) how often each category is used: the mean over items of their shares."""
    return np.asarray(sums[:, _FRONT:] / sums[:, 2:3])
