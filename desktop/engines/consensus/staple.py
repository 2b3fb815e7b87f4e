"""STAPLE: how well each rater segments, and where the object is, by EM over patterns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.engines.consensus.dawid_skene import fit
from desktop.engines.consensus.mask_patterns import Patterns
from desktop.engines.estimate import has_settled
from desktop.engines.votes import Floats, Numbers, Votes

START = 0.99999
CLIP = 1e-12
MAX_ITERATIONS = 1000
TOLERANCE = 1e-14  # of the log-likelihood, relative; the patterns are few, so this costs nothing
STEADY = 1e-10  # largest change of a sensitivity or specificity


@dataclass(frozen=True, slots=True, eq=False)
class StapleFit:
    """``probability`` (P, K) of each pattern; ``confusion`` (R, K, K) [rater, truth, said];
    ``prior`` (K,); ``trace`` the log-likelihood of all voxels, never decreasing."""

    probability: Floats
    confusion: Floats
    prior: Floats
    trace: tuple[float, ...]


def staple(
    patterns: Patterns,
    *,
    prior: float | None = None,
    max_iterations: int = MAX_ITERATIONS,
    progress: Progress | None = None,
) -> StapleFit:
    """Binary STAPLE with a fixed prior of foreground.

    Parameters
    ----------
    patterns : with two labels.
    prior : share of foreground in the field of view; None takes the mean over the raters.

    Sensitivities p and specificities q start at 0.99999 and are kept within 1e-12 of 0 and 1.
    Where nobody (or everybody, everywhere) marks anything there is nothing to learn: all is
    background (foreground), and the rates that have no voxels are NaN.

    Source: Warfield, Zou and Wells 2004, IEEE TMI 23(7), 903-921, doi:10.1109/TMI.2004.828354.
    """
    progress = progress or Progress()
    marked = (patterns.labels != 0).astype(np.float64)
    counts = patterns.counts.astype(np.float64)
    n_raters = marked.shape[1]
    share = _foreground_share(patterns) if prior is None else float(prior)
    p, q = np.full(n_raters, START), np.full(n_raters, START)
    truth, trace = np.full(len(counts), share), list[float]()
    if not 0 <= share <= 1:
        raise UserError("This prior can't be used.", "It is a share between 0 and 1.")
    if not 0 < share < 1:
        return _nothing_to_learn(patterns, share)
    for _ in range(max_iterations):
        progress.check()
        a = np.log(share) + marked @ np.log(p) + (1 - marked) @ np.log1p(-p)
        b = np.log1p(-share) + marked @ np.log1p(-q) + (1 - marked) @ np.log(q)
        both = np.logaddexp(a, b)
        truth = np.exp(a - both)
        trace.append(float(counts @ both))
        weight, rest = counts * truth, counts * (1 - truth)
        new_p = np.clip((weight @ marked) / max(weight.sum(), CLIP), CLIP, 1 - CLIP)
        new_q = np.clip((rest @ (1 - marked)) / max(rest.sum(), CLIP), CLIP, 1 - CLIP)
        change = max(float(np.abs(new_p - p).max()), float(np.abs(new_q - q).max()))
        p, q = new_p, new_q
        if change < STEADY and has_settled(trace, TOLERANCE):
            break
    confusion = np.stack((np.stack((q, 1 - q), axis=1), np.stack((1 - p, p), axis=1)), axis=1)
    return StapleFit(
        np.stack((1 - truth, truth), axis=1), confusion, np.array([1 - share, share]), tuple(trace)
    )


def multi_label_staple(
    patterns: Patterns, *, progress: Progress | None = None, max_iterations: int = MAX_ITERATIONS
) -> StapleFit:
    """STAPLE for K labels: Dawid-Skene on the patterns, each counted as often as it occurs.

    The prior is fixed at the mean share of each label over the raters in the field of view;
    tables start from the vote shares.
    """
    n_patterns, n_raters = patterns.labels.shape
    n_labels = patterns.n_labels
    votes = Votes(
        np.repeat(np.arange(n_patterns), n_raters),
        np.tile(np.arange(n_raters), n_patterns),
        patterns.labels.ravel(),
        Numbers(n_patterns),
        Numbers(n_raters),
        Numbers(n_labels),
    )
    prior = label_shares(patterns)
    found = fit(
        votes,
        vote_shares(patterns),
        priors=prior[None, :],
        multiplicity=patterns.counts.astype(np.float64),
        max_iterations=max_iterations,
        tolerance=TOLERANCE,
        progress=progress,
    )
    return StapleFit(found.probability, found.confusion, prior, found.trace)


def vote_shares(patterns: Patterns, weights: Floats | None = None) -> Floats:
    """(P, K) share of the raters (or of their weights) behind each label of each pattern."""
    n_raters = patterns.labels.shape[1]
    each = np.ones(n_raters) if weights is None else weights
    columns = [(patterns.labels == k) @ each for k in range(patterns.n_labels)]
    return np.asarray(np.stack(columns, axis=1) / each.sum())


def label_shares(patterns: Patterns) -> Floats:
    """(K,) mean share of each label over raters and voxels of the field of view."""
    return np.asarray(patterns.counts @ vote_shares(patterns) / max(1, patterns.voxels))


def _foreground_share(patterns: Patterns) -> float:
    return float(label_shares(patterns)[1])


def _nothing_to_learn(patterns: Patterns, share: float) -> StapleFit:
    n_patterns, n_raters = patterns.labels.shape
    truth = np.full(n_patterns, 1.0 if share >= 1 else 0.0)
    confusion = np.full((n_raters, 2, 2), np.nan)
    there = 1 if share >= 1 else 0
    confusion[:, there] = np.eye(2)[there]
    prior = np.array([1.0 - there, float(there)])
    return StapleFit(np.stack((1 - truth, truth), axis=1), confusion, prior, ())
