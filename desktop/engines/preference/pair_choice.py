"""Which two to compare next: the ones whose answer teaches most, and a few at random.

"order" asks the pair whose answer makes the whole order surest: it takes most from the variances of
all differences, each weighted by how likely it is that its sign is still wrong. "information" asks
where p(1 - p) Var(difference) is largest. "swiss" lets neighbours on the scale meet: smallest gap
in steps of half a logit, then fewest meetings, then the most information.

A tenth is drawn at random, so that a wrong early order can be seen; a twentieth repeats an earlier
pair with the sides swapped, so that a reader's own consistency is known. Within a batch no item
comes twice, and what a reader has just seen rests for a few answers, as it would within a batch.

Source: K. Chaloner, I. Verdinelli, Statistical Science 10 (1995) 273 (linear criteria of design);
V. V. Fedorov, Theory of Optimal Experiments (1972) for the information of one observation;
Swiss-system pairing as in chess tournaments.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from desktop.engines.preference.comparisons import Comparisons
from desktop.engines.preference.worths import Worths
from desktop.engines.votes import Floats, Ints

Bools = npt.NDArray[np.bool_]

_GAP_STEP = 0.5  # logits: gaps within one step count as equally close
_REST = 4  # answers until an item may be chosen again
_MOST_BY_ORDER = 400  # items; beyond, a product of matrices for each question takes too long


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
    """Shares of random pairs and of repeats, and how pairs are found ("order", "swiss",
    "information" or "random")."""

    strategy: str = "order"
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
        free = _rested(free, asked, 2 * (count - len(pairs)))
        close = _close(worths, met, free, options.strategy, count - len(pairs), random)
        for i, j in close:
            turn = bool(random.integers(2))
            pairs.append(Pair(j, i, Why.CLOSE) if turn else Pair(i, j, Why.CLOSE))
    order = random.permutation(len(pairs))
    return [pairs[k] for k in order.tolist()]


def _rested(free: Bools, asked: Comparisons | None, wanted: int) -> Bools:
    """The free items without those of the last answers, as far as enough are left."""
    if asked is None:
        return free
    rested = free.copy()
    for k in range(1, min(_REST, len(asked)) + 1):
        rested[[asked.first[-k], asked.second[-k]]] = False
        if rested.sum() < max(wanted, 4):
            return free
        free = rested.copy()
    return free


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
    if strategy == "order" and worths.covariance is not None and len(met) <= _MOST_BY_ORDER:
        return _for_order(worths, items, count, random)
    if strategy in ("order", "information"):
        return _greedy((-information(worths)[np.ix_(items, items)],), items, count, random)
    return _swiss(worths, met, items, count, random)


def _for_order(
    worths: Worths, items: Ints, count: int, random: np.random.Generator
) -> list[tuple[int, int]]:
    """Pairs one after the other, each as if the answers to those before were there."""
    assert worths.covariance is not None
    covariance = worths.covariance.copy()
    chance = worths.chances()
    told = chance * (1 - chance)
    free = np.zeros(len(covariance), dtype=bool)
    free[items] = True
    upper = np.triu_indices(len(covariance), 1)
    found: list[tuple[int, int]] = []
    while len(found) < min(count, len(items) // 2):
        gain = order_gain(worths.log_worth, covariance, told)[upper]
        gain[~(free[upper[0]] & free[upper[1]])] = -1.0
        best = np.flatnonzero(gain >= gain.max() * (1 - 1e-9))
        k = int(random.choice(best))
        i, j = int(upper[0][k]), int(upper[1][k])
        free[[i, j]] = False
        found.append((i, j))
        moved = covariance[:, i] - covariance[:, j]
        covariance -= np.outer(moved, moved) * (
            told[i, j] / (1 + told[i, j] * (moved[i] - moved[j]))
        )
    return found


def order_gain(log_worth: Floats, covariance: Floats, told: Floats) -> Floats:
    """(n, n) what a comparison of each two takes from the doubt about the order; diagonal 0.

    The doubt is the sum over all pairs of Var(difference), weighted by the density of the
    difference at zero, where its sign turns. An answer about i and j with information ``told``
    (n, n) lowers the covariance C by told b b' / (1 + told Var), b the difference of their columns;
    with the weights as the Laplacian L of a graph, the weighted sum falls by b' L b.
    """
    own = np.diag(covariance)
    variance = np.maximum(own[:, None] + own[None, :] - 2 * covariance, 1e-12)
    gap = log_worth[:, None] - log_worth[None, :]
    weight = np.exp(-0.5 * gap**2 / variance) / np.sqrt(variance)
    np.fill_diagonal(weight, 0.0)
    laplacian = np.diag(weight.sum(axis=1)) - weight
    spread = covariance @ laplacian @ covariance
    along = np.diag(spread)
    falls = along[:, None] + along[None, :] - 2 * spread
    gain = told * np.maximum(falls, 0.0) / (1 + told * variance)
    np.fill_diagonal(gain, 0.0)
    return np.asarray(gain)


def _swiss(
    worths: Worths, met: Floats, items: Ints, count: int, random: np.random.Generator
) -> list[tuple[int, int]]:
    """Neighbours on the scale that met least; information decides between equals."""
    x = worths.log_worth[items]
    steps = np.floor(np.abs(x[:, None] - x[None, :]) / _GAP_STEP)
    here = np.ix_(items, items)
    return _greedy((steps, met[here], -information(worths)[here]), items, count, random)


def _greedy(
    costs: tuple[Floats, ...], items: Ints, count: int, random: np.random.Generator
) -> list[tuple[int, int]]:
    """Cheapest pairs first, no item twice; a later cost decides between equals, then a draw."""
    upper = np.triu_indices(len(items), 1)
    order = np.lexsort((random.random(len(upper[0])), *(c[upper] for c in reversed(costs))))
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
