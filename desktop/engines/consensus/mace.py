"""MACE: a rater either knows the answer or answers by habit; finds those who click through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from desktop.domain.contracts import Progress
from desktop.engines.estimate import (
    Estimate,
    Options,
    fixed_priors,
    has_settled,
    log,
    posterior,
    tally,
)
from desktop.engines.votes import Floats, Votes

MAX_ITERATIONS = 50
TOLERANCE = 1e-9
KNOWING_PSEUDO = 0.5  # of each kind: knew it, went by habit
HABIT_PSEUDO = 0.1  # of each label


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    truth: Floats  # (n, K)
    knows: Floats  # (w,)
    habit: Floats  # (w, K), rows sum to 1
    trace: tuple[float, ...]


class Mace:
    """P(vote l | truth z) = t [l = z] + (1 - t) h_l with t, h of the rater; classes equally likely.

    EM with pseudo-counts: 0.5 for knowing and for habit (Beta), 0.1 per label of the habit
    (Dirichlet). The first start takes every rater for half knowing, the others are random; the
    best is kept. Source: Hovy et al. 2013, NAACL-HLT, 1120-1130.
    """

    name = "mace"
    title = "MACE"
    summary = "Tells readers who know from readers who answer by habit."

    def estimate(self, votes: Votes, options: Options, progress: Progress) -> Estimate:
        w, k = votes.n_workers, votes.n_labels
        random = np.random.default_rng(options.seed)
        priors = fixed_priors(options, k)
        shares = np.full(k, 1.0 / k) if priors is None else priors[0]
        best: _Run | None = None
        for number in range(options.restarts):
            progress.report(number / options.restarts)
            knows, habit = np.full(w, 0.5), np.full((w, k), 1.0 / k)
            if number:
                knows = random.uniform(0.3, 0.9, w)
                habit = random.dirichlet(np.ones(k), w).reshape(w, k)
            run = _climb(votes, shares, knows, habit, options, progress)
            if best is None or run.trace[-1] > best.trace[-1] + 1e-9 * abs(best.trace[-1]):
                best = run
        assert best is not None
        right = best.knows + (1 - best.knows) * (best.habit @ shares)
        voted = votes.per_worker() > 0
        confusion = (1 - best.knows)[:, None, None] * best.habit[:, None, :]
        confusion = confusion + best.knows[:, None, None] * np.eye(k)
        return Estimate(
            probability=best.truth,
            rater_skill=np.where(voted, right, np.nan),
            confusion=confusion,
            priors=shares,
            trace=best.trace,
            details={"knows": np.where(voted, best.knows, np.nan), "habit": best.habit},
            notes=_habit_notes(votes, np.where(voted, best.knows, np.nan)),
        )


def _climb(
    votes: Votes, shares: Floats, knows: Floats, habit: Floats, options: Options, progress: Progress
) -> _Run:
    """EM from one start. All sums over votes go through (rater, label) tables."""
    n, w, k = votes.n_items, votes.n_workers, votes.n_labels
    item_cell = votes.item * k + votes.label
    worker_cell = votes.worker * k + votes.label
    given = tally(worker_cell, w * k).reshape(w, k)
    trace: list[float] = []
    limit = options.max_iterations or MAX_ITERATIONS
    tolerance = TOLERANCE if options.tolerance is None else options.tolerance
    while True:
        progress.check()
        by_habit = (1 - knows)[:, None] * habit
        if_true = knows[:, None] + by_habit
        odds = log(if_true) - log(by_habit)
        score = tally(item_cell, n * k, odds.ravel()[worker_cell]).reshape(n, k)
        score += log(shares)
        truth, rows = posterior(score, votes.gold)
        prior = KNOWING_PSEUDO * float((log(knows) + log(1 - knows)).sum())
        prior += HABIT_PSEUDO * float(log(habit).sum())
        trace.append(float(rows.sum()) + float((given * log(by_habit)).sum()) + prior)
        if has_settled(trace, tolerance) or len(trace) >= limit:
            return _Run(truth, knows, habit, tuple(trace))
        hits = tally(worker_cell, w * k, truth.ravel()[item_cell]).reshape(w, k)
        knew = hits * knows[:, None] / np.maximum(if_true, 1e-300)
        habitual = given - knew
        known, total = knew.sum(axis=1), given.sum(axis=1)
        knows = (known + KNOWING_PSEUDO) / (total + 2 * KNOWING_PSEUDO)
        habit = habitual + HABIT_PSEUDO
        habit /= habit.sum(axis=1, keepdims=True)


def _habit_notes(votes: Votes, knows: Floats) -> tuple[str, ...]:
    """Name raters with at least ten votes who knew less than one answer in four."""
    many = votes.per_worker() >= 10
    return tuple(
        f"Rater {votes.workers[i]} seems to answer by habit: knew {knows[i]:.0%} of the answers."
        for i in np.flatnonzero(many & (knows < 0.25)).tolist()
    )
