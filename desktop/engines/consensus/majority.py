"""Plain and weighted majority. A tie is a tie: it is listed and has no label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.engines.estimate import Estimate, Options
from desktop.engines.votes import NO_LABEL, Floats, Ints, Votes

TIE = 1e-9  # shares closer than this are equal


@dataclass(frozen=True, slots=True, eq=False)
class Majority:
    """Votes counted.

    ``label`` : (n,) int64, the most voted label; -1 where items are tied or have no votes.
    ``share`` : (n, K) float64, rows sum to 1; a row of zeros where there are no votes.
    ``n_votes`` : (n,) int64. ``tied`` : (n,) bool.
    """

    label: Ints
    share: Floats
    n_votes: Ints
    tied: npt.NDArray[np.bool_]

    def tied_labels(self, item: int) -> tuple[int, ...]:
        """The labels between which an item is tied; () where it is not."""
        if not self.tied[item]:
            return ()
        row = self.share[item]
        return tuple(int(k) for k in np.flatnonzero(row >= row.max() - TIE))


def count_votes(votes: Votes, weights: npt.ArrayLike | None = None) -> Majority:
    """The majority of each item; every vote counts once, or as much as its rater's weight.

    Parameters
    ----------
    weights : (w,) float, each >= 0, a rater's weight; None gives each 1.

    Raises
    ------
    UserError where weights don't fit the raters.
    """
    size = (votes.n_items, votes.n_labels)
    cell = votes.item * votes.n_labels + votes.label
    each = None if weights is None else _checked(weights, votes.n_workers)[votes.worker]
    support = np.bincount(cell, each, minlength=size[0] * size[1]).reshape(size).astype(np.float64)
    total = support.sum(axis=1)
    share = support / np.where(total > 0, total, 1.0)[:, None]
    label, tied = pick(share)
    label[total <= 0] = NO_LABEL
    tied[total <= 0] = False
    return Majority(label, share, votes.per_item(), tied)


def pick(share: Floats) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """The largest column of each row, and where it is not the only largest: label -1, tied.

    ``share`` : (n, K) float64. Returns (n,) int64 and (n,) bool. Ties are measured at 1e-9.
    """
    # Column by column: numpy reduces short rows slowly, and there may be millions of them.
    label = np.zeros(len(share), dtype=np.int64)
    best = share[:, 0].copy()
    second = np.full(len(share), -np.inf)
    for k in range(1, share.shape[1]):
        column = share[:, k]
        better = column > best
        np.maximum(second, np.where(better, best, column), out=second)
        label[better] = k
        np.maximum(best, column, out=best)
    tied = best - second <= TIE
    label[tied] = NO_LABEL
    return label, tied


def agreement_with(votes: Votes, label: Ints) -> Floats:
    """(w,) share of each rater's votes that equal the items' label; NaN where there are none.

    ``label`` : (n,) int64; items with -1 are left out.
    """
    target = label[votes.item]
    decided = target != NO_LABEL
    asked = np.bincount(votes.worker[decided], minlength=votes.n_workers)
    right = np.bincount(
        votes.worker[decided], (target == votes.label)[decided], minlength=votes.n_workers
    )
    out = np.full(votes.n_workers, np.nan)
    np.divide(right, asked, out=out, where=asked > 0)
    return out


class MajorityVote:
    name = "majority"
    title = "Majority"
    summary = "Each vote counts the same."

    def estimate(self, votes: Votes, options: Options, progress: Progress) -> Estimate:
        counted = count_votes(votes)
        return Estimate(
            probability=_filled(counted), rater_skill=agreement_with(votes, counted.label)
        )


class WeightedMajority:
    """Weights as given, else each rater's agreement with the plain majority.

    Source: Gottlieb et al. 2012 ("worker agreement with aggregate").
    """

    name = "weighted-majority"
    title = "Weighted majority"
    summary = "A vote counts as much as its reader is trusted."

    def estimate(self, votes: Votes, options: Options, progress: Progress) -> Estimate:
        if options.weights is not None:
            weights, note = _checked(options.weights, votes.n_workers), ""
        else:
            skill = agreement_with(votes, count_votes(votes).label)
            weights = np.where(np.isnan(skill), 0.0, skill)
            note = "Weights are each reader's agreement with the plain majority."
        counted = count_votes(votes, weights)
        return Estimate(
            probability=_filled(counted),
            rater_skill=agreement_with(votes, counted.label),
            details={"weight": weights},
            notes=(note,) if note else (),
        )


def _filled(counted: Majority) -> Floats:
    """Shares, with equal chances where nobody voted (or only raters without weight)."""
    empty = counted.share.sum(axis=1) <= 0
    return np.where(empty[:, None], 1.0 / counted.share.shape[1], counted.share)


def _checked(weights: npt.ArrayLike, n_workers: int) -> Floats:
    array = np.asarray(weights, dtype=np.float64)
    if array.shape != (n_workers,) or not np.all(np.isfinite(array)) or np.any(array < 0):
        raise UserError(
            "These weights can't be used.", "Each rater needs one weight of zero or more."
        )
    return array
