"""How good the model is by the random control, and three signals that labelling may stop.

The signals are shown; a person decides. Source: Bloodgood and Vijay-Shanker 2009 (stabilising
predictions); Wilson 1927 (interval).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from desktop.engines.learning.image_features import Floats
from desktop.engines.learning.learner import Ints
from desktop.engines.learning.samplers import UNLABELLED, Bools
from desktop.engines.proportions import wilson

STEADY_KAPPA, STEADY_ROUNDS = 0.99, 3
SAFE_KAPPA, SAFE_ROUNDS = 0.995, 4
_FEWEST = 20  # checks before an interval says anything


@dataclass(frozen=True)
class Estimate:
    """A share seen in the control with its 95 % Wilson interval. ``missing``: not answered yet."""

    right: int
    n: int
    low: float
    high: float
    missing: int = 0

    @property
    def value(self) -> float:
        """The share; NaN where nothing was checked."""
        return self.right / self.n if self.n else float("nan")


def estimate(right: int, n: int, missing: int = 0) -> Estimate:
    """A share with its interval; 0 to 1 where nothing was checked."""
    interval = wilson(right, n)
    low, high = (0.0, 1.0) if interval is None else (interval.low, interval.high)
    return Estimate(right, n, low, high, missing)


@dataclass(frozen=True)
class Signal:
    """One reason to stop: whether it holds, in a sentence, with its number (NaN: not known)."""

    name: str
    holds: bool
    sentence: str
    value: float


def control_members(keys: Floats, asked: Bools) -> Bools:
    """(n,) the random sample: everything up to the last key that was asked as a random check.

    Images that came into the project later and lie below that key belong to it too.
    """
    if not asked.any():
        return np.zeros(len(keys), dtype=np.bool_)
    return np.asarray(keys <= keys[asked].max())


def control_accuracy(
    members: Bools, labels: Ints, rows: Ints, held_out: Floats, wanted: int | None = None
) -> Estimate:
    """How often the model is right on the control, by predictions that had not seen the answer.

    ``rows`` are the indices that ``held_out`` (len(rows), K) speaks of. With ``wanted``, only
    images of that class count: its sensitivity.
    """
    inside = members[rows]
    given = labels[rows]
    if wanted is not None:
        inside = inside & (given == wanted)
    right = int((held_out.argmax(axis=1) == given)[inside].sum())
    n = int(inside.sum())
    missing = int((members & (labels == UNLABELLED)).sum())
    return estimate(right, n, missing)


def control_prevalence(members: Bools, labels: Ints, wanted: int) -> Estimate:
    """How common a class is: from the control alone, because the queue prefers hard cases."""
    given = labels[members]
    answered = given[given != UNLABELLED]
    count, n = int((answered == wanted).sum()), len(answered)
    return estimate(count, n, int((given == UNLABELLED).sum()))


def kappa(first: Ints, second: Ints) -> float:
    """Cohen's kappa of two predictions of the same images; 1 where both say one class only."""
    if not len(first):
        return float("nan")
    kinds = int(max(first.max(), second.max())) + 1
    table = np.zeros((kinds, kinds))
    np.add.at(table, (first, second), 1 / len(first))
    expected = float(table.sum(axis=0) @ table.sum(axis=1))
    seen = float(np.trace(table))
    return 1.0 if expected >= 1 - 1e-12 else (seen - expected) / (1 - expected)


def is_steady(kappas: Sequence[float], *, safe: bool = False, most: float | None = None) -> Signal:
    """(1) Successive models say the same: mean kappa over the last 3 (safe: 4) rounds."""
    needed = SAFE_ROUNDS if safe else STEADY_ROUNDS
    limit = most if most is not None else (SAFE_KAPPA if safe else STEADY_KAPPA)
    last = [k for k in kappas if np.isfinite(k)][-needed:]
    if len(last) < needed:
        return Signal("steady", False, f"Too early to say: it takes {needed + 1} rounds.", np.nan)
    mean = float(np.mean(last))
    if mean >= limit:
        words = f"The last {needed} rounds hardly changed what the model says (kappa {mean:.3f})."
    else:
        words = f"Each round still changes what the model says (kappa {mean:.3f} of {limit:g})."
    return Signal("steady", mean >= limit, words, mean)


def is_good_enough(accuracy: Estimate, target: float) -> Signal:
    """(2) The control's whole interval lies above the target."""
    if accuracy.n < _FEWEST:
        words = f"Only {accuracy.n} random checks are answered; {_FEWEST} are needed to say more."
        return Signal("accuracy", False, words, accuracy.value)
    span = f"{accuracy.low:.0%} to {accuracy.high:.0%}"
    holds = accuracy.low >= target
    if holds:
        words = f"Right on {accuracy.value:.0%} of the random checks ({span}): above {target:.0%}."
    elif accuracy.value >= target:
        words = (
            f"Right on {accuracy.value:.0%} of the random checks, but this may be luck ({span})."
        )
    else:
        words = f"Right on {accuracy.value:.0%} of the random checks ({span}), wanted {target:.0%}."
    return Signal("accuracy", holds, words, accuracy.value)


def is_worth_it(wrong: int, asked: int, fewest: float = 1.0) -> Signal:
    """(3) How often lately the answer surprised the model, per 10 answers of the queue."""
    if asked < 10:
        return Signal("surprise", False, "Too few answers yet to see what they teach.", np.nan)
    per_ten = 10 * wrong / asked
    words = f"Of 10 answers, {per_ten:.1f} surprised the model lately."
    if per_ten < fewest:
        words += " More answers teach it little."
    return Signal("surprise", per_ten < fewest, words, per_ten)


def labels_for_a_point(counts: Sequence[int], accuracies: Sequence[float]) -> int | None:
    """About how many more labels raise accuracy by one point; None where the curve can't say.

    A power law a - b n^-c is laid through the curve, with c on a grid and a, b by least squares.
    """
    n = np.asarray(counts, dtype=np.float64)
    y = np.asarray(accuracies, dtype=np.float64)
    keep = np.isfinite(y) & (n > 0)
    n, y = n[keep], y[keep]
    if len(n) < 4 or n[-1] <= n[0]:
        return None
    best: tuple[float, float, float, float] | None = None
    for c in np.linspace(0.1, 2.0, 20):
        design = np.stack([np.ones(len(n)), -(n**-c)], axis=1)
        (a, b), *_rest = np.linalg.lstsq(design, y, rcond=None)
        error = float(((design @ (a, b) - y) ** 2).sum())
        if b > 0 and (best is None or error < best[0]):
            best = (error, float(a), float(b), float(c))
    if best is None:
        return None
    _error, a, b, c = best
    now = a - b * n[-1] ** -c
    if a - now <= 0.01:
        return None  # the curve will not rise by another point
    more = ((a - now - 0.01) / b) ** (-1 / c) - n[-1]
    return int(np.ceil(more)) if 0 < more <= 10_000 else None
