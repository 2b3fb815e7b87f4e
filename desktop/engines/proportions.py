"""Shares with intervals, and an alarm for a share that has dropped.

Source: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212; A. Wald, Sequential Analysis, 1947,
chapters 3 and 5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from desktop.engines.agreement.ratings import Floats
from desktop.engines.intervals import LEVEL, Interval, quantile


def wilson(successes: int, trials: int, level: float = LEVEL) -> Interval | None:
    """Score interval of a share in 0..1; None without trials.

    Raises
    ------
    ValueError
        More successes than trials, or negative numbers.
    """
    if not 0 <= successes <= trials:
        raise ValueError("successes must lie between 0 and trials")
    if trials == 0:
        return None
    z2 = quantile(level, None) ** 2
    share = successes / trials
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    spread = share * (1 - share) / trials + z2 / (4 * trials**2)
    half = math.sqrt(z2 * spread) / (1 + z2 / trials)
    # Rounding must not leave 0 or 1 outside where every trial came out the same.
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    high = 1.0 if successes == trials else min(1.0, middle + half)
    return Interval(low, high, level, "Wilson score")


class Verdict(str, Enum):
    """Where a sequential test stands."""

    OPEN = "open"
    GOOD = "good"
    ALERT = "alert"


@dataclass(frozen=True)
class AccuracyWatch:
    """Wald's sequential test of a reader's accuracy on gold items.

    ``good`` against ``poor`` accuracy; ``false_alarm``: probability of an alert for a reader at
    ``good``; ``missed``: probability of passing a reader at ``poor``. Both hold for one test; a
    test that ends in ``good`` starts anew, so a long watch will alarm sooner or later.
    """

    good: float = 0.9
    poor: float = 0.7
    false_alarm: float = 0.05
    missed: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.poor < self.good < 1:
            raise ValueError("0 < poor < good < 1 is needed")
        if not (0 < self.false_alarm < 0.5 and 0 < self.missed < 0.5):
            raise ValueError("error rates must lie between 0 and 0.5")

    @property
    def alert_at(self) -> float:
        """Log likelihood ratio, poor over good, from which on there is an alert."""
        return math.log((1 - self.missed) / self.false_alarm)

    @property
    def good_at(self) -> float:
        """Log likelihood ratio down from which the reader passes."""
        return math.log(self.missed / (1 - self.false_alarm))

    @property
    def steps(self) -> tuple[float, float]:
        """What a wrong and a right answer add to the log likelihood ratio."""
        wrong = math.log((1 - self.poor) / (1 - self.good))
        return wrong, math.log(self.poor / self.good)


@dataclass(frozen=True, eq=False)
class WatchResult:
    """How the test went.

    ``verdict``: of the test now running, or ALERT once there was one. ``alert_after``: number of
    answers up to the first alert, 0 without. ``passed``: tests that ended well before it.
    ``path``: (n,) log likelihood ratio after each answer, for the plot; it goes on after an alert.
    """

    verdict: Verdict
    alert_after: int
    passed: int
    path: Floats
    note: str


def watch_accuracy(right: npt.ArrayLike, watch: AccuracyWatch | None = None) -> WatchResult:
    """Run the test over answers to gold items in the order given; ``right``: (n,) bool."""
    watch = watch or AccuracyWatch()
    answers = np.asarray(right, dtype=np.bool_)
    wrong_step, right_step = watch.steps
    ratio, alert_after, passed = 0.0, 0, 0
    path = np.zeros(answers.size)
    last = Verdict.OPEN
    for k, is_right in enumerate(answers.tolist()):
        ratio += right_step if is_right else wrong_step
        path[k] = ratio
        last = Verdict.OPEN
        if ratio >= watch.alert_at and not alert_after:
            alert_after = k + 1
        elif ratio <= watch.good_at and not alert_after:
            ratio, last = 0.0, Verdict.GOOD
            passed += 1
    verdict = Verdict.ALERT if alert_after else last
    return WatchResult(verdict, alert_after, passed, path, _words(answers, alert_after, watch))


def _words(answers: npt.NDArray[np.bool_], alert_after: int, watch: AccuracyWatch) -> str:
    n, right = answers.size, int(answers.sum())
    if n == 0:
        return "No gold items answered yet."
    interval = wilson(right, n)
    assert interval is not None
    words = (
        f"{right} of {n} gold items right: {right / n:.0%} "
        f"({interval.level:.0%} {interval.low:.0%} to {interval.high:.0%})."
    )
    if alert_after:
        words += (
            f" Alert after {alert_after}: an accuracy of {watch.poor:.0%} explains these answers "
            f"much better than {watch.good:.0%}."
        )
    return words
