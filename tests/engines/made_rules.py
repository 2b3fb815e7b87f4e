"""Votes of simulated rules: independent ones, copies, and detectors that say one thing only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from desktop.engines.votes import Floats, Ints, Votes


def independent(
    n: int, m: int, k: int, *, seed: int, copies: int = 0, rate: float = 0.9
) -> tuple[Ints, Floats, Votes]:
    """Truth, accuracies and votes of m rules that cover 30 to 80 % and are right 55 to 90 %.

    ``copies`` of them copy the weakest rule with probability ``rate``, also its silence; they
    are the first rules that are not the weakest.
    """
    random = np.random.default_rng(seed)
    shares = np.array([0.7, 0.3]) if k == 2 else np.arange(k, 0, -1) / np.arange(k, 0, -1).sum()
    truth = random.choice(k, n, p=shares)
    accuracy = random.uniform(0.55, 0.9, m)
    coverage = random.uniform(0.3, 0.8, m)
    table = np.full((n, m), -1)
    for j in range(m):
        speaks, right = random.random(n) < coverage[j], random.random(n) < accuracy[j]
        wrong = (truth + random.integers(1, k, n)) % k
        table[:, j] = np.where(speaks, np.where(right, truth, wrong), -1)
    for j in copiers(accuracy, copies):
        copied = random.random(n) < rate
        table[copied, j] = table[copied, int(accuracy.argmin())]
    return truth, accuracy, votes_of(table, k)


def copiers(accuracy: Floats, copies: int) -> list[int]:
    """Which rules copy the weakest."""
    weakest = int(accuracy.argmin())
    return [j for j in range(accuracy.size) if j != weakest][:copies]


def detectors(
    n: int, says: Sequence[int], *, seed: int, share: float = 0.3
) -> tuple[Ints, Floats, Votes]:
    """Truth, precisions and votes of rules that find 30 to 80 % of their class and fire on 2 to
    20 % of the other; ``share`` of the items are of class 1."""
    random = np.random.default_rng(seed)
    truth = (random.random(n) < share).astype(np.int64)
    table, precision = np.full((n, len(says)), -1), np.zeros(len(says))
    for j, label in enumerate(says):
        chance = np.where(truth == label, random.uniform(0.3, 0.8), random.uniform(0.02, 0.2))
        fires = random.random(n) < chance
        table[fires, j] = label
        precision[j] = (truth == label)[fires].mean()
    return truth, precision, votes_of(table, 2)


def votes_of(table: np.ndarray, k: int, gold: np.ndarray | None = None) -> Votes:
    """Votes of an (n, m) table with -1 for silence."""
    item, rule = np.nonzero(table >= 0)
    return Votes.from_arrays(
        item,
        rule,
        table[item, rule],
        n_items=table.shape[0],
        n_workers=table.shape[1],
        n_labels=k,
        gold=gold,
    )


def table_of(votes: Votes) -> np.ndarray:
    """The (n, m) table of votes, -1 for silence."""
    table = np.full((votes.n_items, votes.n_workers), -1)
    table[votes.item, votes.worker] = votes.label
    return table


def with_gold(votes: Votes, truth: Ints, known: Ints) -> Votes:
    """The same votes, with the answers of some items known."""
    gold = np.full(votes.n_items, -1)
    gold[known] = truth[known]
    return votes_of(table_of(votes), votes.n_labels, gold)
