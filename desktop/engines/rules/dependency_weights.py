"""Rules that say the same for the same reason: found from their votes, and given one vote together.

A label model that takes copies for independent witnesses believes them too much: five copies of a
poor rule outvote four good ones. Copies are found without knowing the truth: votes of different
rules go together because both follow the truth, but given the votes of all the others nothing of
that is left, while between copies much is. That is a partial correlation, read from the inverse
of the correlation matrix of the one-hot votes.

Source: A. P. Dempster, Covariance Selection, Biometrics 28 (1972) 157-175 (inverse covariance);
P. Varma et al., Learning Dependency Structures for Weak Supervision Models, ICML 2019 (outliers
of the inverse among labeling functions).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from desktop.engines.agreement.ratings import Floats
from desktop.engines.consensus.vote_patterns import PatternTable, VoteTable
from desktop.engines.votes import Ints, Votes

Pair = tuple[int, int]

RIDGE = 1e-3
LEAST = 0.15  # a smaller partial correlation is never called a copy
SURE = 0.5  # a larger one always is, where chance can't make it
SPREADS = 8.0  # how many robust standard deviations above the usual one
FEW_RULES = 8  # below, the usual spread can't be told from the pairs themselves
FLOOR_OF_SPREAD = 0.03
MOST_COLUMNS = 2000  # of one-hot votes; more take too long to invert
SHARED = 0.1  # of the rarer rule's votes have to meet the other's
_CHUNK = 16_384


@dataclass(frozen=True, slots=True, eq=False)
class Dependencies:
    """``group`` : (m,) int64, rules with one number say the same. ``weight`` : (m,) float64,
    1 / size of the group. ``score`` : (m, m) float64 partial correlations, 0 on the diagonal.
    ``threshold`` : above it a pair was called copies; infinite where none were looked for.
    ``note`` : why none were looked for, in words; "" where they were."""

    group: Ints
    weight: Floats
    score: Floats
    threshold: float
    note: str = ""

    def groups(self) -> tuple[tuple[int, ...], ...]:
        """The groups of two or more rules."""
        sizes = np.bincount(self.group, minlength=self.group.size)
        return tuple(
            tuple(int(i) for i in np.flatnonzero(self.group == g))
            for g in np.flatnonzero(sizes > 1)
        )


def find_dependencies(
    votes: Votes,
    *,
    together: Sequence[Pair] = (),
    apart: Sequence[Pair] = (),
    table: VoteTable | PatternTable | None = None,
) -> Dependencies:
    """Groups of rules that say the same.

    Parameters
    ----------
    votes : with rules as workers.
    together : pairs of 0-based rules that a person joined.
    apart : pairs that a person split: nothing found joins them.
    table : the same votes made ready for sums, where the caller has them.

    Returns
    -------
    Dependencies; the same whatever the order of items, rules or labels.
    """
    m = votes.n_workers
    score, threshold, note = np.zeros((m, m)), math.inf, ""
    voting = np.flatnonzero(votes.per_worker() > 0)
    n_used = int((votes.per_item() > 0).sum())
    used = np.bincount(votes.worker * votes.n_labels + votes.label, minlength=1)
    columns = np.flatnonzero(used)
    if voting.size < 3:
        note = "Copies are looked for from three rules on."
    elif columns.size > MOST_COLUMNS:
        note = "There are too many rules and answers to look for copies."
    elif n_used <= 2 * columns.size:
        note = f"{n_used} items are too few to look for copies among {voting.size} rules."
    else:
        score, threshold = _scores(votes, columns, voting, n_used, table)
    joined = score > threshold
    for a, b in apart:
        joined[a, b] = joined[b, a] = False
    for a, b in together:
        joined[a, b] = joined[b, a] = True
    group = _components(joined)
    weight = 1.0 / np.bincount(group, minlength=m)[group] if m else np.zeros(0)
    return Dependencies(group, weight, score, threshold, note)


def _scores(
    votes: Votes,
    columns: Ints,
    voting: Ints,
    n_used: int,
    table: VoteTable | PatternTable | None,
) -> tuple[Floats, float]:
    """(m, m) partial correlations of the same answer, largest over the answers; the threshold."""
    m, k = votes.n_workers, votes.n_labels
    if isinstance(table, PatternTable):
        gram = table.products()[np.ix_(columns, columns)]
        sums = np.diag(gram)
    else:
        gram, sums = _gram(votes, columns)
    n = votes.n_items
    covariance = gram - np.outer(sums, sums) / n
    spread = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    varied = spread > 0  # a rule that says one thing to every item tells nothing here
    safe = np.where(varied, spread, 1.0)
    correlation = covariance / np.outer(safe, safe)
    np.fill_diagonal(correlation, 1.0)
    inverse = np.linalg.inv(correlation + RIDGE * np.eye(columns.size))
    root = np.sqrt(np.diag(inverse))
    partial = np.abs(inverse / np.outer(root, root))
    partial[~varied] = partial[:, ~varied] = 0.0
    # Only the same answer of two rules is compared: one column and one row per rule and answer.
    score = np.zeros((m, m))
    rule, answer = columns // k, columns % k
    for label in range(k):
        at = np.flatnonzero(answer == label)
        block = np.ix_(rule[at], rule[at])
        score[block] = np.maximum(score[block], partial[np.ix_(at, at)])
    np.fill_diagonal(score, 0.0)
    score[_strangers(gram, rule, m)] = 0.0
    pairs = score[np.triu_indices(m, 1)]
    pairs = pairs[pairs > 0]  # of those that can be compared at all
    if not pairs.size:
        return score, SURE
    usual = float(np.median(pairs))
    deviation = 1.4826 * float(np.median(np.abs(pairs - usual)))
    if voting.size < FEW_RULES:
        deviation = max(deviation, FLOOR_OF_SPREAD)
    chance = 4.0 / math.sqrt(max(1, n_used - columns.size))
    return score, max(chance, min(SURE, max(LEAST, usual + SPREADS * deviation)))


def _gram(votes: Votes, columns: Ints) -> tuple[Floats, Floats]:
    """One-hot votes: (c, c) products and (c,) sums over items, a block of items at a time."""
    from scipy.sparse import csr_array

    where = np.searchsorted(columns, votes.worker * votes.n_labels + votes.label)
    size = (votes.n_items, columns.size)
    table = csr_array((np.ones(votes.n_votes, dtype=np.float32), (votes.item, where)), shape=size)
    table.sum_duplicates()
    table.data[:] = 1.0
    gram, sums = np.zeros((columns.size, columns.size)), np.zeros(columns.size)
    for start in range(0, votes.n_items, _CHUNK):
        block = table[start : start + _CHUNK].toarray()
        gram += block.T @ block
        sums += block.sum(axis=0, dtype=np.float64)
    return gram, sums


def _strangers(gram: Floats, rule: Ints, m: int) -> npt.NDArray[np.bool_]:
    """(m, m) pairs that rarely speak about the same item: they can't count anything twice."""
    rules = np.zeros((m, rule.size))
    rules[rule, np.arange(rule.size)] = 1.0
    met = rules @ gram @ rules.T
    own = np.diag(met)
    return np.asarray(met < SHARED * np.minimum.outer(own, own))


def _components(joined: npt.NDArray[np.bool_]) -> Ints:
    """(m,) the lowest rule number of each connected group, renumbered from 0."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    if not len(joined):
        return np.zeros(0, dtype=np.int64)
    _, group = connected_components(csr_array(joined), directed=False)
    return np.asarray(group, dtype=np.int64)
