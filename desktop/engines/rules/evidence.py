"""Why the label model says what it says of one item: what each vote adds, as signed log-odds.

The log-odds of the most likely class against the next are the log-odds of their shares plus what
each vote adds, plus what the silence of rules adds that can only say one thing. Nothing is left
over: the parts are the sum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from desktop.engines.estimate import log, tally
from desktop.engines.rules.label_model import LabelModel
from desktop.engines.votes import NO_LABEL, Floats, Ints, Votes

SHARES = -1  # stands for a rule where the class shares speak


@dataclass(frozen=True, slots=True)
class Reason:
    """What one rule adds, in natural log-odds for ``first`` against ``second``. ``rule`` is its
    0-based number, or SHARES; ``vote`` its label, -1 where it stayed silent."""

    rule: int
    vote: int
    log_odds: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """The reasons of one item; their sum is ``log_odds``. ``first`` : the most likely label,
    ``second`` : the next. ``known`` : whether the item's answer is known anyway."""

    item: int
    first: int
    second: int
    reasons: tuple[Reason, ...]
    known: bool

    @property
    def log_odds(self) -> float:
        """Natural logarithm of P(first) / P(second)."""
        return math.fsum(reason.log_odds for reason in self.reasons)


def explain(votes: Votes, model: LabelModel, item: int) -> Evidence:
    """The reasons of one item, strongest first behind the class shares."""
    at = np.flatnonzero(votes.item == item)
    score = log(model.prior).copy()
    quiet = _silent_rules(votes, model, item, votes.worker[at])
    for vote in at.tolist():
        score += model.log_factor[votes.worker[vote], :, votes.label[vote]]
    score += model.log_silence[quiet].sum(axis=0)
    known = votes.gold is not None and votes.gold[item] != NO_LABEL
    order = np.argsort(-score, kind="stable")
    first, second = int(order[0]), int(order[1])
    if known and votes.gold is not None and votes.gold[item] != first:
        first, second = int(votes.gold[item]), first
    reasons = [
        Reason(
            int(votes.worker[v]),
            int(votes.label[v]),
            _between(model.log_factor[votes.worker[v], :, votes.label[v]], first, second),
        )
        for v in at.tolist()
    ]
    reasons += [
        Reason(int(r), NO_LABEL, _between(model.log_silence[r], first, second))
        for r in quiet.tolist()
    ]
    reasons.sort(key=lambda reason: (-abs(reason.log_odds), reason.rule))
    shares = Reason(SHARES, NO_LABEL, _between(log(model.prior), first, second))
    return Evidence(item, first, second, (shares, *reasons), known)


def vote_log_odds(votes: Votes, model: LabelModel) -> tuple[Floats, Ints, Ints]:
    """What every vote adds, for all items at once.

    Returns
    -------
    added : (v,) float64, log-odds of ``first`` against ``second`` of the vote's item.
    first, second : (n,) int64, the two most likely labels of each item.
    """
    first, second = _top_two(model.probability)
    factor = model.log_factor
    one, two = first[votes.item], second[votes.item]
    m, k = factor.shape[:2]
    flat = factor.reshape(m * k * k)
    row = votes.worker * (k * k) + votes.label
    return flat[row + one * k] - flat[row + two * k], first, second


def item_log_odds(votes: Votes, model: LabelModel) -> tuple[Floats, Ints, Ints]:
    """(n,) log-odds of the two most likely labels of all items, as the sum of their reasons; and
    the labels. Items without evidence have what the class shares give."""
    added, first, second = vote_log_odds(votes, model)
    shares = log(model.prior)
    total = tally(votes.item, votes.n_items, added) + shares[first] - shares[second]
    if model.log_silence.any():
        total += np.where(model.n_votes > 0, _silence(votes, model, first, second), 0.0)
    return total, first, second


def _silence(votes: Votes, model: LabelModel, first: Ints, second: Ints) -> Floats:
    """(n,) what the silence of partial rules adds."""
    quiet, blind = model.log_silence, model.blind
    whole = quiet.sum(axis=0)
    total = whole[first] - whole[second]
    for item, rule in ((votes.item, votes.worker), (blind.item, blind.rule)):
        part = quiet[rule, first[item]] - quiet[rule, second[item]]
        total -= tally(item, votes.n_items, part)
    return np.asarray(total)


def _silent_rules(votes: Votes, model: LabelModel, item: int, spoke: Ints) -> Ints:
    """Rules whose silence about an item tells something."""
    if not spoke.size:
        return np.zeros(0, dtype=np.int64)  # the silence of all is no evidence
    telling = np.flatnonzero(model.log_silence.any(axis=1))
    left_out = np.concatenate([spoke, model.blind.rule[model.blind.item == item]])
    return np.setdiff1d(telling, left_out)


def _top_two(probability: np.ndarray) -> tuple[Ints, Ints]:
    """(n,) columns of the largest and the second largest number of each row."""
    n, k = probability.shape
    first, second = np.zeros(n, dtype=np.int64), np.ones(n, dtype=np.int64)
    if k == 2:
        first = (probability[:, 1] > probability[:, 0]).astype(np.int64)
        return first, 1 - first
    first = probability.argmax(axis=1)
    rest = probability.copy()
    rest[np.arange(n), first] = -1.0
    second = rest.argmax(axis=1)
    return first, second


def _between(scores: Floats, first: int, second: int) -> float:
    return float(scores[first] - scores[second])
