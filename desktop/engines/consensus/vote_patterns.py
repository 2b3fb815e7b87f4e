"""Votes as patterns: a few raters together say one of a few hundred things about an item.

Going through all votes in each step of an iteration costs one addition per vote and class. Where
nobody votes twice on an item, the raters are put into small groups, and what a group says about an
item (which vote, or silence, of each member) is one number, its pattern. Sums over votes are then
sums over patterns: as many per item as there are groups. It is the same sum in another order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from desktop.engines.votes import Floats, Ints, Votes

MOST_PATTERNS = 256  # of one group: pairs of groups can be counted in a small table


class VoteTable:
    """(n, w*K) one-hot votes, of which each counts as often as it was given."""

    def __init__(self, votes: Votes) -> None:
        from scipy.sparse import csr_array

        self._size = (votes.n_workers, votes.n_labels)
        cell = votes.worker * votes.n_labels + votes.label
        shape = (votes.n_items, votes.n_workers * votes.n_labels)
        self._table = csr_array((np.ones(votes.n_votes), (votes.item, cell)), shape=shape)

    def scores(self, factor: Floats, base: Floats) -> Floats:
        """(n, K) sums over the votes of each item of factor[rater, :, vote] (w, K, K), on top of
        ``base`` (K,)."""
        return np.asarray(self._table @ _by_vote(factor)) + base

    def counts(self, truth: Floats) -> Floats:
        """(w, K, K) [rater, truth, vote]: how much of each class stood behind a rater's votes,
        of (n, K) class probabilities of the items."""
        return _by_rater(self._table.T @ truth, *self._size)


class PatternTable:
    """The same for votes of which none is given twice on an item by one rater."""

    def __init__(self, votes: Votes) -> None:
        from scipy.sparse import csr_array

        n, w, k = votes.n_items, votes.n_workers, votes.n_labels
        self._size = (w, k)
        together = _together(k)
        self._groups = max(1, -(-w // together))
        self._patterns = (k + 1) ** together
        worth = np.array([(k + 1) ** (j % together) for j in range(w)], dtype=np.int64)
        said = np.bincount(
            votes.item * self._groups + (np.arange(w) // together)[votes.worker],
            worth[votes.worker] * (votes.label + 1.0),
            minlength=n * self._groups,
        )
        self._said: Ints = said.reshape(n, self._groups).astype(np.int64)
        columns = self._said + np.arange(self._groups) * self._patterns
        self._table = csr_array(
            (np.ones(columns.size), columns.ravel(), np.arange(n + 1) * self._groups),
            shape=(n, self._groups * self._patterns),
        )
        self._meaning = self._spell_out(together)

    def _spell_out(self, together: int) -> Any:
        """(groups * patterns, w*K) which votes a pattern holds."""
        from scipy.sparse import csr_array

        w, k = self._size
        each = np.arange(self._patterns)
        rows, columns = [], []
        for j in range(w):
            label = each // (k + 1) ** (j % together) % (k + 1) - 1
            spoken = np.flatnonzero(label >= 0)
            rows.append((j // together) * self._patterns + spoken)
            columns.append(j * k + label[spoken])
        row, column = (np.concatenate(x) if x else each[:0] for x in (rows, columns))
        shape = (self._groups * self._patterns, w * k)
        return csr_array((np.ones(row.size), (row, column)), shape=shape)

    def scores(self, factor: Floats, base: Floats) -> Floats:
        """As in VoteTable."""
        added = np.asarray(self._meaning @ _by_vote(factor))
        added[: self._patterns] += base  # every item has one pattern of the first group
        return np.asarray(self._table @ added)

    def counts(self, truth: Floats) -> Floats:
        """As in VoteTable."""
        return _by_rater(self._meaning.T @ (self._table.T @ truth), *self._size)

    def products(self) -> Floats:
        """(w*K, w*K) on how many items two votes meet; whole numbers."""
        size = self._patterns
        met = np.zeros((self._groups * size, self._groups * size))
        for a in range(self._groups):
            for b in range(a, self._groups):
                pair = self._said[:, a] * size + self._said[:, b]
                block = np.bincount(pair, minlength=size * size).reshape(size, size)
                met[a * size : (a + 1) * size, b * size : (b + 1) * size] = block
                met[b * size : (b + 1) * size, a * size : (a + 1) * size] = block.T
        return np.asarray(self._meaning.T @ (self._meaning.T @ met).T)


def table_of(votes: Votes) -> VoteTable | PatternTable:
    """The shorter one, for votes of which none is given twice on an item by one rater."""
    groups = -(-votes.n_workers // _together(votes.n_labels))
    short = groups * votes.n_items < votes.n_votes
    return PatternTable(votes) if short else VoteTable(votes)


def _together(n_labels: int) -> int:
    """How many raters make a group."""
    found = 1
    while (n_labels + 1) ** (found + 1) <= MOST_PATTERNS:
        found += 1
    return found


def _by_vote(factor: Floats) -> Floats:
    """(w, K truth, K vote) to (w*K votes, K truth)."""
    w, k, _ = factor.shape
    return factor.transpose(0, 2, 1).reshape(w * k, k)


def _by_rater(votes_by_truth: Floats, n_workers: int, n_labels: int) -> Floats:
    """(w*K votes, K truth) to (w, K truth, K vote)."""
    return votes_by_truth.reshape(n_workers, n_labels, n_labels).transpose(0, 2, 1)
