"""Dawid-Skene: each rater has a table of how often they call what; truth and tables by EM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.engines.consensus.vote_patterns import PatternTable, VoteTable
from desktop.engines.estimate import (
    Estimate,
    Options,
    default_tolerance,
    fixed_priors,
    has_settled,
    log,
    posterior,
    start_from_shares,
    tally,
)
from desktop.engines.votes import Floats, Ints, Votes

MAX_ITERATIONS = 200
TOLERANCE = 1e-7
TOLERANCE_SMALL = 1e-11


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """``probability`` (n, K), ``confusion`` and its ``counts`` (w, K, K) [rater, truth, vote],
    ``priors`` (strata, K), ``trace`` of the objective, ``log_likelihood`` of the last step."""

    probability: Floats
    confusion: Floats
    counts: Floats
    priors: Floats
    trace: tuple[float, ...]
    log_likelihood: float
    heard: Heard


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What one step makes of the tables: ``factor`` (w, K, K) [rater, truth, vote], what a vote
    adds to the log score of a class; ``silence``: (n, K) or (K,), what each item has beside its
    votes; ``belief``: log density of what was believed beforehand."""

    factor: Floats
    silence: Floats
    belief: float


class Hearing(Protocol):
    """How votes are listened to where raters are not all alike. ``all_items``: whether an item
    without a vote tells something."""

    all_items: bool

    def listen(self, counts: Floats, confusion: Floats, truth: Floats, weight: Floats) -> Heard:
        """From the expected counts and the tables made of them, with the (n, K) probabilities and
        (n,) weights behind them; it has to be what maximises the objective given ``truth``."""


def fit(
    votes: Votes,
    start: Floats,
    *,
    priors: Floats | None = None,
    strata: Ints | None = None,
    multiplicity: Floats | None = None,
    pseudo_votes: npt.ArrayLike = 0.0,
    hearing: Hearing | None = None,
    table: VoteTable | PatternTable | None = None,
    max_iterations: int = MAX_ITERATIONS,
    tolerance: float = TOLERANCE_SMALL,
    progress: Progress | None = None,
) -> Fit:
    """Expectation-maximisation from given class probabilities.

    Parameters
    ----------
    votes : with ``gold``, whose rows stay fixed.
    start : (n, K) float64, first class probabilities of the items.
    priors : (strata, K) held fixed, or None to learn them from the items that have evidence.
    strata : (n,) int64, 0-based group of each item, or None for one group.
    multiplicity : (n,) float64, how many equal items each stands for, or None for 1.
    pseudo_votes : scalar or (K, K) [truth, vote], added to every rater's table.
    hearing : how the tables become scores; None: each vote counts as its table says.
    table : the same votes made ready for sums, where the caller has them.

    Returns
    -------
    Fit; ``trace`` is the log-likelihood plus the log density of the pseudo-votes (a Dirichlet
    prior), which is what EM raises at each step. Without pseudo-votes it is the log-likelihood.

    Source: Dawid and Skene 1979, Applied Statistics 28(1), 20-28.
    """
    progress = progress or Progress()
    n, w, k = votes.n_items, votes.n_workers, votes.n_labels
    table = table or VoteTable(votes)
    group = np.zeros(n, dtype=np.int64) if strata is None else strata
    n_groups = int(group.max()) + 1 if n else 1
    evidence = votes.per_item() > 0
    if votes.gold is not None:
        evidence |= votes.gold >= 0
    if hearing is not None and hearing.all_items:
        evidence[:] = True
    weight = evidence.astype(np.float64)
    if multiplicity is not None:
        weight *= multiplicity
    pseudo = np.broadcast_to(np.asarray(pseudo_votes, dtype=np.float64), (k, k))
    learned = priors is None
    shares = np.full((n_groups, k), 1.0 / k) if priors is None else priors
    if len(shares) == 1 and n_groups > 1:
        shares = np.repeat(shares, n_groups, axis=0)
    truth, trace, likelihood = start, [], 0.0
    heard = Heard(np.zeros((w, k, k)), np.zeros(k), 0.0)
    uniform = multiplicity is None
    for step in range(max_iterations):
        progress.check()
        if learned:
            shares = _shares(truth, weight, group, shares)
        counts = table.counts(truth if uniform else truth * weight[:, None])
        confusion = _rows(counts + pseudo)
        if hearing is None:
            factor = log(confusion)
            heard = Heard(factor, np.zeros(k), float((pseudo * factor).sum()))
        else:
            heard = hearing.listen(counts, confusion, truth, weight)
        log_shares, silence = log(shares), heard.silence
        alike = log_shares[0] if n_groups == 1 else np.zeros(k)
        if silence.ndim == 1:
            alike = alike + silence
        scores = table.scores(heard.factor, alike)
        if silence.ndim == 2:
            scores += silence
        if n_groups > 1:
            scores += log_shares[group]
        truth, rows = posterior(scores, votes.gold)
        likelihood = float(_dot("n,n->", rows, weight))
        trace.append(likelihood + heard.belief)
        progress.report(min(0.99, (step + 1) / max_iterations))
        if has_settled(trace, tolerance):
            break
    counts = table.counts(truth if uniform else truth * weight[:, None])
    return Fit(truth, confusion, counts, shares, tuple(trace), likelihood, heard)


class DawidSkene:
    name = "dawid-skene"
    title = "Dawid-Skene"
    summary = "Learns how each reader confuses the answers; the default from three readers on."

    def estimate(self, votes: Votes, options: Options, progress: Progress) -> Estimate:
        strata = checked_strata(options, votes.n_items)
        found = fit(
            votes,
            start_from_shares(votes),
            priors=_priors(options, votes, strata),
            strata=strata,
            pseudo_votes=options.smoothing,
            max_iterations=options.max_iterations or MAX_ITERATIONS,
            tolerance=stop_at(votes, options),
            progress=progress,
        )
        voted = votes.per_worker() > 0
        overall = _overall(found.priors, strata, votes)
        right = np.einsum("wkk,k->w", found.confusion, overall)
        return Estimate(
            probability=found.probability,
            rater_skill=np.where(voted, right, np.nan),
            confusion=found.confusion,
            confusion_counts=found.counts,
            priors=found.priors[0] if len(found.priors) == 1 else found.priors,
            trace=found.trace,
            details={"log_likelihood": np.asarray(found.log_likelihood)},
        )


def stop_at(votes: Votes, options: Options) -> float:
    """The relative change of the objective at which to stop."""
    if options.tolerance is not None:
        return options.tolerance
    return default_tolerance(votes, TOLERANCE, TOLERANCE_SMALL)


def checked_strata(options: Options, n_items: int) -> Ints | None:
    """(n,) int64 groups of the options; UserError where they don't fit the items."""
    if options.strata is None:
        return None
    strata = np.asarray(options.strata)
    if strata.shape != (n_items,) or strata.dtype.kind not in "iu" or np.any(strata < 0):
        raise UserError("These groups can't be used.", "Each item needs one group, 0 or more.")
    return strata.astype(np.int64)


def _priors(options: Options, votes: Votes, strata: Ints | None) -> Floats | None:
    given = fixed_priors(options, votes.n_labels)
    groups = int(strata.max()) + 1 if strata is not None and strata.size else 1
    if given is not None and len(given) not in (1, groups):
        raise UserError("These class shares can't be used.", "Each group needs its own row.")
    return given


def _overall(priors: Floats, strata: Ints | None, votes: Votes) -> Floats:
    """(K,) class shares over all groups, each by its number of items."""
    if strata is None or not strata.size:
        return np.asarray(priors[0])
    sizes = np.bincount(strata, minlength=len(priors))
    return np.asarray(sizes @ priors / sizes.sum())


def _dot(what: str, one: Floats, other: Floats) -> Floats:
    """A short sum of products in this thread: waking others for it takes longer than it does."""
    return np.asarray(np.einsum(what, one, other))


def _shares(truth: Floats, weight: Floats, group: Ints, before: Floats) -> Floats:
    """(strata, K) class shares; a group without evidence keeps what it had."""
    if len(before) == 1:
        sums = _dot("n,nk->k", weight, truth)[None, :]
    else:
        sums = np.stack(
            [tally(group, len(before), weight * column) for column in truth.T],
            axis=1,
        )
    total = sums.sum(axis=1, keepdims=True)
    return np.where(total > 0, sums / np.where(total > 0, total, 1.0), before)


def _rows(counts: Floats) -> Floats:
    """Rows that sum to 1; equal chances where there is nothing to go by."""
    total = counts.sum(axis=-1, keepdims=True)
    return np.where(total > 0, counts / np.where(total > 0, total, 1.0), 1.0 / counts.shape[-1])
