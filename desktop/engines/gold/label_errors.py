"""Which given labels are probably wrong: confident learning.

A label is suspect where the model, on an item that it was not trained on, is as sure of another
class as it usually is for items that carry that class's label. How many such items there are for
each pair of classes (the confident joint) also estimates the noise of the whole set.

Source: C. G. Northcutt, L. Jiang, I. L. Chuang, J. Artif. Intell. Res. 70 (2021) 1373-1411.
Details where the paper leaves room (tolerances, rounding, at least one right item per class) are
those of cleanlab 2.9, so that results can be compared number by number.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from desktop.engines.agreement.ratings import Floats, Whole

_CLOSE = 1e-6
_NEVER = 2.0  # no probability reaches the threshold of a class without items
_LEFT_IN_CLASS = 1  # items of a class that are never flagged

Bools = npt.NDArray[np.bool_]


class Filter(str, Enum):
    """Which items are flagged."""

    OFF_DIAGONAL = "counted with another class"
    NOISE_RATE = "largest margin, as many as the joint says for each pair of classes"
    BY_CLASS = "least self-confident, as many as the joint says for each class"
    BOTH = "by noise rate and by class"


class Score(str, Enum):
    """How suspects are ranked; the lowest first."""

    SELF_CONFIDENCE = "probability of the given label"
    NORMALISED_MARGIN = "probability of the given label against the best other one"


@dataclass(frozen=True, eq=False)
class LabelErrors:
    """Suspect labels of n items in q classes.

    ``flagged``: (n,) bool. ``scores``: (n,) in 0..1, low is suspect. ``ranked``: flagged items,
    most suspect first. ``suggested``: (n,) the model's class. ``thresholds``: (q,) mean confidence
    of each class, NaN for a class without items. ``counts``: (q, q) estimated items by given
    (rows) and true (columns) class. ``joint``: the same as shares of all items.
    """

    flagged: Bools
    scores: Floats
    ranked: Whole
    suggested: Whole
    thresholds: Floats
    counts: Whole
    joint: Floats

    @property
    def noise(self) -> float | None:
        """Estimated share of wrong labels; None without items."""
        total = float(self.joint.sum())
        return 1 - float(np.trace(self.joint)) / total if total else None


def find_label_errors(
    labels: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    *,
    rule: Filter = Filter.OFF_DIAGONAL,
    score: Score = Score.SELF_CONFIDENCE,
) -> LabelErrors:
    """Flag and rank suspect labels.

    Parameters
    ----------
    labels : (n,) int
        Given class of each item, 0..q-1.
    probabilities : (n, q) float
        Out-of-fold probabilities of the classes: from models that have seen neither the item nor
        other items of its patient. Otherwise the model has learned the errors by heart.

    Raises
    ------
    ValueError
        Shapes that don't fit, labels outside the classes, or numbers that are no probabilities.
    """
    given, p = _checked(labels, probabilities)
    thresholds = class_thresholds(given, p)
    raw, off = confident_joint(given, p, thresholds)
    counts = calibrated_joint(raw, np.bincount(given, minlength=p.shape[1]))
    if rule is Filter.OFF_DIAGONAL:
        flagged = np.zeros(given.size, dtype=np.bool_)
        flagged[off] = True
    else:
        keep = _with_some_left(counts)
        flagged = np.ones(given.size, dtype=np.bool_)
        if rule in (Filter.BY_CLASS, Filter.BOTH):
            flagged &= _least_confident(given, p, keep)
        if rule in (Filter.NOISE_RATE, Filter.BOTH):
            flagged &= _largest_margin(given, p, keep)
    flagged &= ~_predicted_as_given(given, p)
    scores = label_scores(given, p, score)
    suspects = np.flatnonzero(flagged)
    ranked = suspects[np.argsort(scores[suspects], kind="stable")]
    total = max(1, int(counts.sum()))
    return LabelErrors(
        flagged,
        scores,
        ranked,
        p.argmax(axis=1),
        np.where(thresholds >= _NEVER, np.nan, thresholds),
        counts,
        counts / total,
    )


def class_thresholds(labels: Whole, probabilities: Floats) -> Floats:
    """(q,) mean probability of each class over the items that carry it; 2 without items."""
    q = probabilities.shape[1]
    times = np.bincount(labels, minlength=q)
    own = probabilities[np.arange(labels.size), labels]
    means = np.bincount(labels, weights=own, minlength=q) / np.maximum(times, 1)
    return np.where(times > 0, np.maximum(means, 2 * _CLOSE), _NEVER)


def confident_joint(
    labels: Whole, probabilities: Floats, thresholds: Floats
) -> tuple[Whole, Whole]:
    """Counts of confident items by given and likely class, and the items off its diagonal.

    An item counts for the class whose threshold it reaches; where it reaches several, for its
    most probable class; where none, not at all. The diagonal is at least 1.
    """
    q = probabilities.shape[1]
    sure = probabilities >= thresholds - _CLOSE
    times = sure.sum(axis=1)
    likely = np.where(times > 1, probabilities.argmax(axis=1), sure.argmax(axis=1))
    counted = times > 0
    cells = np.bincount(labels[counted] * q + likely[counted], minlength=q * q)
    joint = cells.reshape(q, q).astype(np.int64)
    np.fill_diagonal(joint, np.maximum(np.diag(joint), 1))
    return joint, np.flatnonzero(counted & (likely != labels))


def calibrated_joint(joint: npt.ArrayLike, label_counts: npt.ArrayLike) -> Whole:
    """(q, q) whole counts: each row scaled to the number of items with that label."""
    raw = np.asarray(joint, dtype=np.float64)
    times = np.asarray(label_counts, dtype=np.float64)
    scaled = raw / np.maximum(raw.sum(axis=1, keepdims=True), 1e-100) * times[:, None]
    scaled = scaled / max(float(scaled.sum()), 1e-100) * times.sum()
    return np.stack([_rounded(row) for row in scaled]) if len(scaled) else raw.astype(np.int64)


def label_scores(labels: Whole, probabilities: Floats, score: Score) -> Floats:
    """(n,) quality of each label in 0..1; low is suspect."""
    place = np.arange(labels.size)
    own = probabilities[place, labels]
    if score is Score.SELF_CONFIDENCE:
        return own
    others = probabilities.copy()
    others[place, labels] = -np.inf
    return np.asarray((own - others.max(axis=1, initial=-np.inf) + 1) / 2)


def _checked(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> tuple[Whole, Floats]:
    given, p = np.asarray(labels), np.asarray(probabilities, dtype=np.float64)
    if given.ndim != 1 or p.ndim != 2 or len(p) != given.size:
        raise ValueError("one label and one row of probabilities for each item are needed")
    if given.size and not np.issubdtype(given.dtype, np.integer):
        raise ValueError("labels must be whole numbers")
    if p.shape[1] < 2:
        raise ValueError("at least two classes are needed")
    given = given.astype(np.int64)
    if given.size and (given.min() < 0 or given.max() >= p.shape[1]):
        raise ValueError("a label lies outside the classes")
    if not (np.isfinite(p).all() and (p >= 0).all() and (p <= 1 + _CLOSE).all()):
        raise ValueError("probabilities must lie between 0 and 1")
    return given, p


def _rounded(row: Floats) -> Whole:
    """Whole numbers with the same (rounded) sum: those farthest off are moved."""
    whole = np.round(row)
    short = int(round(float(row.sum())) - whole.sum())
    while short:
        step = 1 if short > 0 else -1
        # Two equally far off: which one is moved is as arbitrary as in cleanlab, and the same.
        order = np.argsort(row - whole)
        order = order[::-1] if step > 0 else order
        whole[order[: abs(short)]] += step
        short = int(round(float(row.sum())) - whole.sum())
    return whole.astype(np.int64)


def _with_some_left(counts: Whole) -> Whole:
    """(q, q) by given and true class, with at least one right item left in each class.

    What the diagonal gains is taken evenly from the counted errors of that class.
    """
    by_true = counts.T.astype(np.float64)
    right = np.diag(by_true)
    least = np.maximum(right, _LEFT_IN_CLASS)
    errors = np.maximum(np.count_nonzero(by_true, axis=0) - 1.0, 1.0)
    left = np.maximum(by_true - (least - right) / errors, 0.0)
    np.fill_diagonal(left, least)
    return np.asarray(np.trunc(left).T, dtype=np.int64)


def _least_confident(labels: Whole, probabilities: Floats, keep: Whole) -> Bools:
    """Of each class the items with the lowest probability, as many as the joint calls wrong."""
    flagged = np.zeros(labels.size, dtype=np.bool_)
    for k in range(probabilities.shape[1]):
        own = np.flatnonzero(labels == k)
        wrong = own.size - int(keep[k, k])
        if own.size > _LEFT_IN_CLASS and wrong > 0:
            order = np.argsort(probabilities[own, k], kind="stable")
            flagged[own[order[:wrong]]] = True
    return flagged


def _largest_margin(labels: Whole, probabilities: Floats, keep: Whole) -> Bools:
    """Of each pair of classes the items that lean most to the other one, as many as counted."""
    flagged = np.zeros(labels.size, dtype=np.bool_)
    q = probabilities.shape[1]
    for k in range(q):
        own = np.flatnonzero(labels == k)
        if own.size <= _LEFT_IN_CLASS:
            continue
        for other in range(q):
            wrong = int(keep[k, other])
            if other != k and wrong > 0:
                margin = probabilities[own, k] - probabilities[own, other]
                flagged[own[np.argsort(margin, kind="stable")[:wrong]]] = True
    return flagged


def _predicted_as_given(labels: Whole, probabilities: Floats) -> npt.NDArray[Any]:
    """Items whose own class is the most probable one, or as good as that."""
    lifted = probabilities.copy()
    lifted[np.arange(labels.size), labels] += _CLOSE
    return np.asarray(lifted.argmax(axis=1) == labels)
