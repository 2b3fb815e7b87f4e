"""Which two to compare next: the ones whose answer teaches most, and a few at random.

Items that stand next to each other on the scale so far meet first, the pair that met least before
others, and among those the pair with the most information, p(1 - p) Var(difference). A tenth is
drawn at random, so that a wrong early order can be seen; a twentieth repeats an earlier pair with
the sides swapped, so that a reader's own consistency is known. Within a batch no item comes twice.

Source: Swiss-system pairing as in chess tournaments; V. V. Fedorov, Theory of Optimal Experiments
(1972) for the information of one observation.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from desktop.engines.comparisons import Comparisons
from desktop.engines.votes import Floats, Ints
from desktop.engines.worths import Worths


class Why(str, Enum):
    """How a pair came to be asked."""

    CLOSE = "close"
    RANDOM = "random"
    REPEAT = "repeat"


@dataclass(frozen=True)
class Pair:
    """Two items; ``left`` stands left on the screen. Of a repeat, the sides are swapped."""

    left: int
    right: int
    why: Why


@dataclass(frozen=True, kw_only=True)
class ChoiceOptions:
    """Shares of random pairs and of repeats, and how pairs are found ("swiss", "information" or
    "random")."""

    strategy: str = "swiss"
    random_share: float = 0.10
    repeat_share: float = 0.05


def choose_pairs(
    worths: Worths | None,
    met: Floats,
    count: int,
    *,
    asked: Comparisons | None = None,
    options: ChoiceOptions | None = None,
    seed: int = 0,
) -> list[Pair]:
    """The next pairs to ask, at most ``count`` and at most half as many as there are items.

    Parameters
    ----------
    worths : Worths or None
        The scale so far; None before any comparison.
    met : (n, n) symmetric
        How often each two have met, over all readers.
    asked : Comparisons or None
        What this reader has judged, for repeats; sides as they were shown.
    seed : int
        The same seed and data give the same pairs.
    """
    options, random = options or ChoiceOptions(), np.random.default_rng(seed)
    n = len(met)
    if n < 2:
        return []
    count = min(count, n // 2)
    kinds = random.random(count)
    wanted = np.where(
        kinds < options.repeat_share,
        2,
        np.where(kinds < options.repeat_share + options.random_share, 1, 0),
    )
    free = np.ones(n, dtype=bool)
    pairs: list[Pair] = []
    again = _repeats(asked, random) if asked is not None else []
    for left, right in again[: int((wanted == 2).sum())]:
        if free[left] and free[right]:
            free[[left, right]] = False
            pairs.append(Pair(left, right, Why.REPEAT))
    for _ in range(int((wanted == 1).sum())):
        open_items = np.flatnonzero(free)
        if len(open_items) < 2:
            break
        i, j = random.choice(open_items, 2, replace=False)
        free[[i, j]] = False
        pairs.append(Pair(int(i), int(j), Why.RANDOM))
    if len(pairs) < count:
        close = _close(worths, met, free, options.strategy, count - len(pairs), random)
        for i, j in close:
            turn = bool(random.integers(2))
            pairs.append(Pair(j, i, Why.CLOSE) if turn else Pair(i, j, Why.CLOSE))
    order = random.permutation(len(pairs))
    return [pairs[k] for k in order.tolist()]


def information(worths: Worths) -> Floats:
    """(n, n) what one comparison of each two is expected to tell, 0 on the diagonal."""
    chance = worths.chances()
    value = chance * (1 - chance)
    if worths.covariance is not None:
        value = value * worths.difference_variance()
    np.fill_diagonal(value, 0.0)
    return np.asarray(value)


def _repeats(asked: Comparisons, random: np.random.Generator) -> list[tuple[int, int]]:
    """Pairs judged once, sides swapped, in random order; none of the last few asked."""
    settled = len(asked) - min(5, len(asked) // 2)
    first = asked.first[:settled]
    second = asked.second[:settled]
    left = np.where(asked.side[:settled] < 0, second, first)
    right = np.where(asked.side[:settled] < 0, first, second)
    key = np.minimum(asked.first, asked.second) * asked.n_items
    key = key + np.maximum(asked.first, asked.second)
    _keys, pair, times = np.unique(key, return_inverse=True, return_counts=True)
    once = times[pair][:settled]
    rows = np.flatnonzero(once == 1)
    return [(int(right[r]), int(left[r])) for r in random.permutation(rows)]


def _close(
    worths: Worths | None,
    met: Floats,
    free: np.ndarray,
    strategy: str,
    count: int,
    random: np.random.Generator,
) -> list[tuple[int, int]]:
    """Disjoint pairs of free items, the most wanted first."""
    items = np.flatnonzero(free)
    if strategy == "random" or worths is None or not met.any():
        drawn: Ints = random.permutation(items)
        return [(int(drawn[2 * k]), int(drawn[2 * k + 1])) for k in range(len(drawn) // 2)][:count]
    if strategy == "information":
        return _greedy(-information(worths)[np.ix_(items, items)], items, count, random)
    return _swiss(worths, met, items, count, random)


def _swiss(
    worths: Worths, met: Floats, items: Ints, count: int, random: np.random.Generator
) -> list[tuple[int, int]]:
    """Neighbours on the scale that met least; information decides between equals."""
    x = worths.log_worth[items]
    gap = np.abs(x[:, None] - x[None, :])
    told = information(worths)[np.ix_(items, items)]
    rank = np.argsort(np.argsort(gap, axis=None)).reshape(gap.shape) / gap.size
    cost = met[np.ix_(items, items)] * 0.5 + rank - 1e-6 * told / max(1e-12, float(told.max()))
    return _greedy(cost, items, count, random)


def _greedy(
    cost: Floats, items: Ints, count: int, random: np.random.Generator
) -> list[tuple[int, int]]:
    """Cheapest pairs first, no item twice; equal costs in random order."""
    upper = np.triu_indices(len(items), 1)
    order = np.lexsort((random.random(len(upper[0])), cost[upper]))
    used = np.zeros(len(items), dtype=bool)
    found: list[tuple[int, int]] = []
    for k in order.tolist():
        i, j = int(upper[0][k]), int(upper[1][k])
        if used[i] or used[j]:
            continue
        used[[i, j]] = True
        found.append((int(items[i]), int(items[j])))
        if len(found) == count:
            break
    return found
