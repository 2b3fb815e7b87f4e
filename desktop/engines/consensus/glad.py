"""GLAD: raters differ in ability and items in difficulty; both are learned with the truth."""

from __future__ import annotations

import numpy as np

from desktop.domain.contracts import Progress
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
from desktop.engines.single_thread import single_blas_thread
from desktop.engines.votes import Floats, Ints, Votes

MAX_ITERATIONS = 50
TOLERANCE = 1e-6
STEPS_PER_ROUND = 25
STEEPEST = 20.0  # exp(b) beyond this says nothing more and overflows
PRIOR_MEAN = 1.0  # of ability and of log easiness; standard deviation 1


class Glad:
    """P(right) = 1 / (1 + exp(-a e^b)) with ability a of the rater and log easiness b of the item;
    wrong votes fall anywhere; a and b have normal priors N(1, 1).

    Source: Whitehill et al. 2009, NIPS 22.
    """

    name = "glad"
    title = "GLAD"
    summary = "Learns which items are hard, besides who is good."

    def estimate(self, votes: Votes, options: Options, progress: Progress) -> Estimate:
        n, k = votes.n_items, votes.n_labels
        priors = fixed_priors(options, k)
        shares = np.full(k, 1.0 / k) if priors is None else priors[0]
        cell = votes.item * k + votes.label
        spread = float(np.log(max(1, k - 1)))
        ability = np.full(votes.n_workers, PRIOR_MEAN)
        easiness = np.full(n, PRIOR_MEAN)
        truth, trace = start_from_shares(votes), list[float]()
        limit = options.max_iterations or MAX_ITERATIONS
        tolerance = TOLERANCE if options.tolerance is None else options.tolerance
        for step in range(limit):
            progress.report(step / limit)
            ability, easiness = climb(votes, truth.ravel()[cell], ability, easiness)
            x = ability[votes.worker] * _steepness(easiness)[votes.item]
            # log P(right) - log P(one wrong label) = x + log(K - 1).
            score = tally(cell, n * k, x + spread).reshape(n, k)
            score += log(shares)
            truth, rows = posterior(score, votes.gold)
            likelihood = float(rows.sum()) - float(_sigmoid_and_softplus(x)[1].sum())
            likelihood -= spread * votes.n_votes
            trace.append(likelihood - _prior_cost(ability) - _prior_cost(easiness))
            if has_settled(trace, tolerance):
                break
        x = ability[votes.worker] * _steepness(easiness)[votes.item]
        asked = votes.per_worker()
        skill = np.full(votes.n_workers, np.nan)
        expected = tally(votes.worker, votes.n_workers, _sigmoid_and_softplus(x)[0])
        np.divide(expected, asked, out=skill, where=asked > 0)
        return Estimate(
            probability=truth,
            rater_skill=skill,
            priors=shares,
            trace=tuple(trace),
            details={"ability": ability, "log_easiness": easiness},
        )


def climb(votes: Votes, right: Floats, ability: Floats, easiness: Floats) -> tuple[Floats, Floats]:
    """Abilities and easiness that raise the expected log-likelihood; L-BFGS from given values.

    ``right`` : (v,) probability that each vote is right. Returns (w,) and (n,) float64.
    """
    from scipy.optimize import minimize

    n_workers = len(ability)
    with single_blas_thread():
        found = minimize(
            lambda both: cost(both, votes.worker, votes.item, right, n_workers),
            np.concatenate((ability, easiness)),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": STEPS_PER_ROUND},
        )
    return found.x[:n_workers], found.x[n_workers:]


def cost(
    both: Floats, worker: Ints, item: Ints, right: Floats, n_workers: int
) -> tuple[float, Floats]:
    """Minus the expected log-likelihood (up to a constant), and its gradient.

    Parameters
    ----------
    both : (w + n,) abilities, then log easiness. ``worker``, ``item`` : (v,) indices.
    right : (v,) probability that each vote is right.
    """
    ability, easiness = both[:n_workers], both[n_workers:]
    steep = _steepness(easiness)
    a, s = ability[worker], steep[item]
    x = a * s
    likely, soft = _sigmoid_and_softplus(x)
    gap = right - likely
    value = float(soft.sum()) - float(right @ x)
    value += _prior_cost(ability) + _prior_cost(easiness)
    to_ability = tally(worker, n_workers, gap * s)
    inside = np.abs(easiness) < STEEPEST
    to_easiness = tally(item, len(easiness), gap * x) * inside
    gradient = np.concatenate(
        (ability - PRIOR_MEAN - to_ability, easiness - PRIOR_MEAN - to_easiness)
    )
    return value, gradient


def _steepness(easiness: Floats) -> Floats:
    return np.exp(np.clip(easiness, -STEEPEST, STEEPEST))


def _sigmoid_and_softplus(x: Floats) -> tuple[Floats, Floats]:
    """1 / (1 + exp(-x)) and log(1 + exp(x)), without overflow, from one exponential."""
    small = np.exp(-np.abs(x))
    likely = np.where(x >= 0, 1.0, small)
    likely /= 1.0 + small
    return likely, np.maximum(x, 0.0) + np.log1p(small)


def _prior_cost(values: Floats) -> float:
    return 0.5 * float(((values - PRIOR_MEAN) ** 2).sum())
