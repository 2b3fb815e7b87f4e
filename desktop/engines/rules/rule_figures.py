"""What is known of each rule: how much it speaks, where rules meet, and how often it is right."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from desktop.engines.estimate import tally
from desktop.engines.intervals import LEVEL, Interval, quantile
from desktop.engines.proportions import wilson
from desktop.engines.rules.label_model import LabelModel
from desktop.engines.rules.model_notes import below_chance
from desktop.engines.votes import NO_LABEL, Floats, Ints, Votes


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """One rule. Shares are of all items.

    ``coverage`` : where it speaks. ``overlap`` : where it and another speak. ``conflict`` : where
    it and another say different things. ``polarity`` : the labels it votes for.
    ``accuracy``, ``accuracy_interval`` : by the model, how often it is right where it speaks; None
    without votes. ``gold_right`` of ``gold_asked`` known answers, and their interval.
    ``group`` : number of its group of rules that say the same. ``inverted`` : likely the opposite
    of what it says. ``surprising`` : known answers contradict the model's estimate.
    """

    votes: int
    coverage: float
    overlap: float
    conflict: float
    polarity: tuple[int, ...]
    accuracy: float | None
    accuracy_interval: Interval | None
    gold_right: int
    gold_asked: int
    gold_interval: Interval | None
    group: int
    inverted: bool
    surprising: bool


def rule_figures(votes: Votes, model: LabelModel) -> tuple[RuleFigures, ...]:
    """The figures of every rule, in their order."""
    m, k, n = votes.n_workers, votes.n_labels, max(1, votes.n_items)
    per_rule = votes.per_worker()
    overlaps, conflicts = meetings(votes)
    overlap = tally(votes.worker[overlaps], m) / n
    conflict = tally(votes.worker[conflicts], m) / n
    right, asked = gold_counts(votes)
    inverted = below_chance(votes, model.prior, model.accuracy, model.confusion)
    said = tally(votes.worker * k + votes.label, m * k).reshape(m, k) > 0
    intervals = accuracy_intervals(votes, model)
    found = []
    for j in range(m):
        gold = wilson(int(right[j]), int(asked[j]))
        estimate = None if per_rule[j] == 0 else float(model.accuracy[j])
        found.append(
            RuleFigures(
                votes=int(per_rule[j]),
                coverage=float(per_rule[j] / n),
                overlap=float(overlap[j]),
                conflict=float(conflict[j]),
                polarity=tuple(int(x) for x in np.flatnonzero(said[j])),
                accuracy=estimate,
                accuracy_interval=intervals[j],
                gold_right=int(right[j]),
                gold_asked=int(asked[j]),
                gold_interval=gold,
                group=int(model.dependencies.group[j]),
                inverted=bool(inverted[j]),
                surprising=gold is not None and estimate is not None and estimate not in gold,
            )
        )
    return tuple(found)


def meetings(votes: Votes) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """(v,) votes whose item has another vote, and those whose item has a different vote."""
    cell = votes.item * votes.n_labels + votes.label
    same = np.bincount(cell, minlength=votes.n_items * votes.n_labels)[cell]
    all_votes = votes.per_item()[votes.item]
    return all_votes > 1, all_votes > same


def gold_counts(votes: Votes) -> tuple[Ints, Ints]:
    """(m,) votes on known items that are right, and all of them."""
    m = votes.n_workers
    if votes.gold is None:
        return np.zeros(m, dtype=np.int64), np.zeros(m, dtype=np.int64)
    truth = votes.gold[votes.item]
    known = truth != NO_LABEL
    asked = np.bincount(votes.worker[known], minlength=m)
    right = np.bincount(votes.worker[known & (truth == votes.label)], minlength=m)
    return right, asked


def accuracy_intervals(votes: Votes, model: LabelModel) -> tuple[Interval | None, ...]:
    """Intervals of the estimated accuracies; None without votes.

    A Wilson interval whose number of trials is made smaller by how unsure the answers are that
    the rule is measured against. That the model itself may be wrong is not in it.
    """
    m = votes.n_workers
    backed = model.probability[votes.item, votes.label].astype(np.float64)
    doubt = tally(votes.worker, m, backed * (1 - backed))
    made: list[Interval | None] = []
    for j, asked in enumerate(votes.per_worker().tolist()):
        share = float(model.accuracy[j])
        made.append(_interval(share, asked, float(doubt[j])) if asked else None)
    return tuple(made)


def _interval(share: float, asked: int, doubt: float) -> Interval:
    sampling = max(share * (1 - share), 1e-9) / asked
    trials = asked * sampling / (sampling + doubt / asked**2)
    z2 = quantile(LEVEL, None) ** 2
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = math.sqrt(z2 * (share * (1 - share) / trials + z2 / (4 * trials**2))) / (1 + z2 / trials)
    return Interval(max(0.0, middle - half), min(1.0, middle + half), LEVEL, "Wilson, model")


def group_sizes(model: LabelModel) -> Floats:
    """(m,) how many rules share each rule's vote."""
    return np.asarray(1.0 / model.dependencies.weight)
