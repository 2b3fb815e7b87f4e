"""Votes with a known truth, and the anaesthetists' data of Dawid and Skene 1979."""

from __future__ import annotations

import numpy as np

from desktop.engines.votes import Floats, Ints, Votes

# 45 patients; one string each: observer 1 three times, then observers 2 to 5. Classes 1 to 4.
_ANAESTHETISTS = """
1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223 2322223 4444444 2223343
1111111 2223212 1211111 1112111 1111111 1111111 2222221 2221322 2222222 2222221 2223222 2212222
1111111 1111111 2322222 1111111 1111111 1121121 1111111 3333233 1111111 2222222 2223232 4334343
2212232 2323233 3333432 1111111 1111111 1212111 2322222 1211111 2222222
"""
READING_BY = (0, 0, 0, 1, 2, 3, 4)


def anaesthetists() -> Votes:
    """Item i is patient i + 1, worker w observer w + 1, label k class k + 1."""
    item = np.repeat(np.arange(45), 7)
    label = [int(c) - 1 for patient in _ANAESTHETISTS.split() for c in patient]
    return Votes.from_arrays(item, READING_BY * 45, label, n_labels=4)


def simulated(
    n: int,
    m: int,
    k: int,
    *,
    seed: int,
    per_item: int | None = None,
    skill: Floats | None = None,
) -> tuple[Ints, Votes]:
    """Truth and votes of m one-coin raters (skill .5 to .95); all items or some per item."""
    random = np.random.default_rng(seed)
    shares = np.arange(k, 0, -1) / np.arange(k, 0, -1).sum()
    truth = random.choice(k, n, p=shares)
    chance = random.uniform(0.5, 0.95, m) if skill is None else skill
    each = per_item or m
    item = np.repeat(np.arange(n), each)
    who = np.concatenate([random.permutation(m)[:each] for _ in range(n)])
    right = random.random(item.size) < chance[who]
    other = (truth[item] + random.integers(1, max(2, k), item.size)) % k
    label = np.where(right, truth[item], other)
    return truth, Votes.from_arrays(item, who, label, n_items=n, n_workers=m, n_labels=k)
