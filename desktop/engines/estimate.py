"""What every consensus method gets and gives, and the steps they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.engines.votes import Floats, Ints, Votes

SMALLEST = 1e-300  # the logarithm of nothing is a large number, not an infinite one


@dataclass(frozen=True, kw_only=True, eq=False)
class Options:
    """How to look for the consensus. Each method reads what concerns it.

    ``priors`` : (K,) or (strata, K) class shares; None learns them (MACE, GLAD: equal shares).
    ``strata`` : (n,) int, group of each item; each group has class shares of its own.
    ``weights`` : (w,) for the weighted majority. ``costs`` : (K, K), [decision, truth].
    ``smoothing`` : pseudo-votes in each cell of a rater's table. ``seed`` : for random restarts.
    ``max_iterations``, ``tolerance`` (relative change of the log-likelihood): None keeps the
    method's own. ``extra`` : for methods of plugins.
    """

    method: str = "dawid-skene"
    seed: int = 0
    smoothing: float = 0.01
    max_iterations: int | None = None
    tolerance: float | None = None
    restarts: int = 10
    priors: Floats | Sequence[float] | None = None
    strata: Ints | Sequence[int] | None = None
    weights: Floats | Sequence[float] | None = None
    costs: Floats | Sequence[Sequence[float]] | None = None
    extra: Mapping[str, float | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.smoothing >= 0 or self.restarts < 1:
            raise UserError("These options can't be used.", "Smoothing or restarts are too small.")


@dataclass(frozen=True, kw_only=True, eq=False)
class Estimate:
    """What a method found.

    ``probability`` : (n, K), rows sum to 1; the prior where an item has no votes.
    ``rater_skill`` : (w,) chance that a rater's vote is right; NaN without votes.
    ``confusion`` : (w, K, K) [rater, truth, vote], rows sum to 1. ``confusion_counts`` : the
    (expected) numbers of votes behind it. ``priors`` : (K,) or (strata, K).
    ``trace`` : what the iterations maximise; never decreases. ``details`` : further arrays by name.
    """

    probability: Floats
    rater_skill: Floats
    confusion: Floats | None = None
    confusion_counts: Floats | None = None
    priors: Floats | None = None
    trace: tuple[float, ...] = ()
    details: Mapping[str, Floats] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class ConsensusMethod(Protocol):
    """A way to one answer per item. ``name`` is for files, ``title`` and ``summary`` for people."""

    name: str
    title: str
    summary: str

    def estimate(self, votes: Votes, options: Options, progress: Progress) -> Estimate:
        """The same votes and options give the same numbers, whatever the seed of the process."""


def posterior(score: Floats, gold: Ints | None) -> tuple[Floats, Floats]:
    """Class probabilities of each item from log scores, with known answers held fixed.

    Parameters
    ----------
    score : (n, K) float64, log P(class) + log P(votes | class); overwritten.
    gold : (n,) int64, -1 where unknown, or None.

    Returns
    -------
    probability : (n, K) float64, rows sum to 1 (the memory of ``score``).
    likelihood : (n,) float64, log of the row's sum; for known answers the score of that answer.
    """
    known = np.flatnonzero(gold >= 0) if gold is not None else np.empty(0, dtype=np.int64)
    truth = gold[known] if gold is not None else known
    known_score = score[known, truth]
    likelihood = _two_classes(score) if score.shape[1] == 2 else _many_classes(score)
    score[known] = 0.0
    score[known, truth] = 1.0
    likelihood[known] = known_score
    return score, likelihood


def _two_classes(score: Floats) -> Floats:
    """(n, 2) scores become probabilities in place; (n,) log of their sum. One exponential."""
    first, second = score[:, 0].copy(), score[:, 1].copy()
    top = np.maximum(first, second)
    less = np.exp(-np.abs(second - first))
    total = 1.0 + less
    higher = 1.0 / total
    leads = first >= second
    score[:, 0] = np.where(leads, higher, less * higher)
    score[:, 1] = np.where(leads, less * higher, higher)
    return np.asarray(np.log(total) + top)


def _many_classes(score: Floats) -> Floats:
    top = score[:, 0].copy()
    for k in range(1, score.shape[1]):
        np.maximum(top, score[:, k], out=top)
    score -= top[:, None]
    np.exp(score, out=score)
    total = score[:, 0].copy()
    for k in range(1, score.shape[1]):
        total += score[:, k]
    score /= total[:, None]
    likelihood = np.log(total)
    likelihood += top
    return likelihood


def start_from_shares(votes: Votes) -> Floats:
    """(n, K) vote shares, the known answers, and equal chances where there is neither."""
    n_labels = votes.n_labels
    cell = votes.item * n_labels + votes.label
    share = tally(cell, votes.n_items * n_labels).reshape(votes.n_items, n_labels)
    total = share.sum(axis=1)
    share /= np.where(total > 0, total, 1.0)[:, None]
    share[total <= 0] = 1.0 / n_labels
    if votes.gold is not None:
        known = np.flatnonzero(votes.gold >= 0)
        share[known] = 0.0
        share[known, votes.gold[known]] = 1.0
    return share


def fixed_priors(options: Options, n_labels: int) -> Floats | None:
    """The class shares the options give, as (strata or 1, K) rows that sum to 1, or None."""
    if options.priors is None:
        return None
    given = np.atleast_2d(np.asarray(options.priors, dtype=np.float64))
    if given.shape[1] != n_labels or not np.all(given >= 0) or not np.all(given.sum(axis=1) > 0):
        raise UserError(
            "These class shares can't be used.", "Each class needs one share of zero or more."
        )
    return np.asarray(given / given.sum(axis=1, keepdims=True))


def tally(index: Ints, size: int, weight: Floats | None = None) -> Floats:
    """(size,) float64 sums of the weights (or numbers of entries) at each index."""
    return np.bincount(index, weight, minlength=size).astype(np.float64, copy=False)


def default_tolerance(votes: Votes, large: float, small: float) -> float:
    """The relative change at which EM stops; up to a million votes precision costs nothing."""
    return large if votes.n_votes > 1_000_000 else small


def has_settled(trace: Sequence[float], tolerance: float) -> bool:
    """Whether the last step changed the objective by no more than this share of it."""
    return len(trace) > 1 and abs(trace[-1] - trace[-2]) <= tolerance * abs(trace[-1])


def log(values: Floats) -> Floats:
    """Natural logarithm with a floor, so that zeros stay finite."""
    return np.log(np.maximum(values, SMALLEST))
