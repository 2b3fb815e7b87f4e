"""Preference data from the literature, and made-up ones, for the tests of rankings."""

from __future__ import annotations

import numpy as np

from desktop.engines.preference.comparisons import Comparisons
from desktop.engines.preference.plackett_luce import Rankings

# Citations between Biometrika, Comm. Statist., JASA and JRSS-B: row cited by column (Stigler 1994;
# Agresti 2002, table 10.15); the journal cited wins.
CITATIONS = np.array(
    [[714, 730, 498, 221], [33, 425, 68, 17], [320, 813, 1072, 142], [284, 276, 325, 188]]
)

# Davidson 1970, brands of chocolate pudding: i, j, i preferred, j preferred, ties.
PUDDING = """
1 2 19 22 16; 1 3 16 19 12; 2 3 19 19 10; 1 4 18 23 13; 2 4 23 19 9; 3 4 19 20 15; 1 5 13 19 18;
2 5 16 20 12; 3 5 16 15 17; 4 5 17 14 16; 1 6 18 21 12; 2 6 22 20 12; 3 6 13 18 10; 4 6 14 19 18;
5 6 11 21 12
"""

# Critchlow and Fligner 1991, salad dressings: ranks given to A, B, C, D, and how often.
DRESSINGS = "1234:2 2134:1 2143:2 2314:1 3124:2 3142:1 3421:1 4123:11 4132:6 4213:3 4312:1 4321:1"


def citations() -> Comparisons:
    cited, citing = np.nonzero(~np.eye(4, dtype=bool))
    weight = CITATIONS[cited, citing]
    return Comparisons.of(4, cited, citing, np.ones(12, int), weight=weight)


def pudding() -> list[tuple[int, int, int, float]]:
    """(first, second, outcome, weight)."""
    rows = []
    for line in PUDDING.split(";"):
        i, j, won, lost, tied = (int(word) for word in line.split())
        rows += [(i - 1, j - 1, o, float(w)) for o, w in ((1, won), (-1, lost), (0, tied))]
    return rows


def pudding_comparisons() -> Comparisons:
    first, second, outcome, weight = zip(*pudding(), strict=True)
    return Comparisons.of(6, first, second, outcome, weight=weight)


def pudding_rankings() -> Rankings:
    tiers = [
        [[i, j]] if outcome == 0 else [[i], [j]] if outcome > 0 else [[j], [i]]
        for i, j, outcome, _weight in pudding()
    ]
    return Rankings.of(6, tiers, [w for *_rest, w in pudding()])


def dressings() -> Rankings:
    tiers, weight = [], []
    for entry in DRESSINGS.split():
        ranks, times = entry.split(":")
        order = sorted(range(4), key=lambda item: ranks[item])
        tiers.append([[item] for item in order])
        weight.append(int(times))
    return Rankings.of(4, tiers, weight)


def made_up(
    n: int, m: int, seed: int, *, spread: float = 1.0, tie: float = 0.0, left: float = 0.0,
    raters: int = 1, heat: np.ndarray | None = None,
) -> tuple[np.ndarray, Comparisons]:  # fmt: skip
    """True log-worths and m random comparisons; ``tie`` and ``left`` as in the model."""
    random = np.random.default_rng(seed)
    truth = random.normal(0, spread, n)
    first = random.integers(0, n, m)
    second = (first + random.integers(1, n, m)) % n
    side = random.choice((-1, 1), m)
    rater = random.integers(0, raters, m)
    t = np.ones(raters) if heat is None else heat
    u = t[rater] * (truth[first] - truth[second]) + left * side
    shares = np.stack((np.exp(u / 2), np.full(m, tie), np.exp(-u / 2)), axis=1)
    shares /= shares.sum(axis=1, keepdims=True)
    drawn = (random.random(m)[:, None] > np.cumsum(shares, axis=1)).sum(axis=1)
    return truth - truth.mean(), Comparisons.of(n, first, second, 1 - drawn, side, rater)
