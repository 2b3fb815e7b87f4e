"""One-coin Dawid-Skene: one number per rater, the chance to be right; errors fall anywhere."""

from __future__ import annotations

import numpy as np

from desktop.domain.contracts import Progress
from desktop.engines.consensus.dawid_skene import MAX_ITERATIONS, stop_at
from desktop.engines.estimate import (
    Estimate,
    Options,
    fixed_priors,
    has_settled,
    log,
    posterior,
    start_from_shares,
    tally,
)
from desktop.engines.votes import Floats, Votes


class OneCoin:
    """P(vote | truth) = s for the true label, (1 - s) / (K - 1) for each other.

    Source: the one-coin model of Dawid and Skene 1979, as in Zhang et al. 2014 (NIPS 27).
    """

    name = "one-coin"
    title = "One-coin Dawid-Skene"
    summary = "One chance of being right per reader; steadier than full tables with few votes."

    def estimate(self, votes: Votes, options: Options, progress: Progress) -> Estimate:
        n, w, k = votes.n_items, votes.n_workers, votes.n_labels
        cell = votes.item * k + votes.label
        asked = votes.per_worker()
        evidence = _evidence(votes)
        priors = fixed_priors(options, k)
        shares = np.full(k, 1.0 / k) if priors is None else priors[0]
        limit = options.max_iterations or MAX_ITERATIONS
        tolerance = stop_at(votes, options)
        truth, trace, skill = start_from_shares(votes), list[float](), np.full(w, 0.5)
        for step in range(limit):
            progress.check()
            if priors is None and evidence.any():
                shares = evidence @ truth / evidence.sum()
            right = tally(votes.worker, w, truth.ravel()[cell])
            total = asked + 2 * options.smoothing
            skill = (right + options.smoothing) / np.where(total > 0, total, 1.0)
            skill[total <= 0] = 0.5
            hit, miss = log(skill), log((1 - skill) / max(1, k - 1))
            # A vote says "miss" for every class and "hit - miss" on top for its own.
            score = tally(cell, n * k, (hit - miss)[votes.worker]).reshape(n, k)
            score += log(shares)
            truth, rows = posterior(score, votes.gold)
            likelihood = float(rows @ evidence) + float(asked @ miss)
            trace.append(likelihood + options.smoothing * float((hit + log(1 - skill)).sum()))
            progress.report(min(0.99, (step + 1) / limit))
            if has_settled(trace, tolerance):
                break
        return Estimate(
            probability=truth,
            rater_skill=np.where(asked > 0, skill, np.nan),
            priors=shares,
            trace=tuple(trace),
        )


def _evidence(votes: Votes) -> Floats:
    """(n,) 1 where an item has votes or a known answer, else 0."""
    known = votes.per_item() > 0
    if votes.gold is not None:
        known |= votes.gold >= 0
    return known.astype(np.float64)
