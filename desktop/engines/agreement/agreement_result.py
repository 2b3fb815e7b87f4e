"""What an agreement coefficient says, with everything needed to judge and to quote it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from desktop.engines.agreement.item_sums import Resampled
from desktop.engines.intervals import (
    Interval,
    bound_without_disagreement,
    default_interval,
    percentile_interval,
    plain_interval,
)

_NO_ERROR = 1e-12
FEW_ITEMS = 10  # below this a number is shown in grey


@dataclass(frozen=True)
class Dropped:
    """Items that did not enter, and why. ``items``: their indices in the input."""

    reason: str
    items: tuple[int, ...]

    @property
    def count(self) -> int:
        return len(self.items)


@dataclass(frozen=True)
class Agreement:
    """A coefficient, or the reason why there is none.

    ``value`` is None where the coefficient is undefined, and ``undefined`` then says why in a
    sentence; it is never replaced by 1 or 0. ``observed`` and ``expected`` (by chance) agreement
    are in 0..1. ``error``: standard error. ``interval`` is the one to show; ``analytic`` is the
    textbook's and ``bootstrap`` the percentile one. ``p_value``: two-sided, against no agreement
    beyond chance. ``units``: what was resampled (items or patients). ``method``: for the report.
    """

    name: str
    value: float | None = None
    observed: float | None = None
    expected: float | None = None
    error: float | None = None
    interval: Interval | None = None
    analytic: Interval | None = None
    bootstrap: Interval | None = None
    p_value: float | None = None
    method: str = ""
    items: int = 0
    readers: int = 0
    answers: int = 0
    units: int = 0
    dropped: tuple[Dropped, ...] = ()
    undefined: str = ""
    note: str = ""

    @property
    def thin(self) -> bool:
        """Too few shared items to mean much."""
        return self.items < FEW_ITEMS

    @property
    def text(self) -> str:
        """The number with its interval, or "undefined"."""
        if self.value is None:
            return "undefined"
        if self.interval is None:
            return f"{_two(self.value)} (no interval)"
        low, high = _two(self.interval.low), _two(self.interval.high)
        return f"{_two(self.value)} ({self.interval.level * 100:g} % {low} to {high})"


def counted(number: int, word: str) -> str:
    """Number and noun: 1 item, 2 items."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def intervals_words(told: Agreement) -> str:
    """How the interval shown was made, and the bootstrap's beside it; "" where there is none."""
    words = "" if told.interval is None else f" Interval: {told.interval.method}."
    if told.bootstrap is not None:
        low, high = _two(told.bootstrap.low), _two(told.bootstrap.high)
        words += f" Beside it {low} to {high} ({told.bootstrap.method})."
    return words


@dataclass(frozen=True)
class IntervalAsking:
    """How the intervals of a coefficient are made.

    ``what``: the units, in words. ``multinomial``: variance with n instead of n - 1, as Fleiss,
    Cohen and Everitt have it. ``student``: t quantiles for the analytic interval. ``guard``: what
    was done to the sums of the default interval, in words.
    """

    confidence: float
    replicates: int
    seed: int
    what: str = "items"
    multinomial: bool = False
    student: bool = True
    source: str = ""
    guard: str = ""


def with_intervals(
    base: Agreement,
    sums: Resampled,
    asking: IntervalAsking,
    guarded: Callable[[], Resampled] | None = None,
) -> Agreement:
    """The defined result ``base`` (observed and expected known) with its value and intervals.

    ``guarded``: makes the sums from which the default interval is taken, where they are others.
    """
    assert base.observed is not None and base.expected is not None
    observed, expected = base.observed, base.expected
    value = (observed - expected) / (1 - expected)
    n, level = sums.units, asking.confidence
    base = replace(base, value=value, units=n)
    if n < 2:
        return replace(base, method=f"no interval: fewer than two {asking.what}")
    variance = float(sums.times @ sums.influence() ** 2)
    error = math.sqrt(variance if asking.multinomial else variance * n / (n - 1))
    error = error if error > _NO_ERROR else 0.0
    source = asking.source or f"linearised over {asking.what}"
    degrees = float(n - 1) if asking.student else None
    seen_none = observed >= 1 - 1e-12
    exact = bound_without_disagreement(n, expected, level) if seen_none else None
    bootstrap = (
        percentile_interval(sums.replicates(asking.replicates, asking.seed), level, asking.what)
        if asking.replicates
        else None
    )
    return replace(
        base,
        error=error,
        interval=exact or _default(value, guarded() if guarded else sums, asking, n),
        analytic=plain_interval(value, error, level, degrees, source) if error > 0 else None,
        bootstrap=bootstrap,
        method=f"standard error: {source}",
    )


def _default(value: float, sums: Resampled, asking: IntervalAsking, n: int) -> Interval | None:
    """The interval to show; it holds the value, which the guard may have moved a little."""
    observed, expected = sums.observed_expected()
    if not 1 - expected > _NO_ERROR:
        return None
    variance = float(sums.times @ sums.influence() ** 2) * n / (n - 1)
    centre = (observed - expected) / (1 - expected)
    told = default_interval(centre, math.sqrt(variance), asking.confidence, float(n - 1))
    if told is None:
        return None
    words = told.method + (f", {asking.guard}" if asking.guard else "")
    return replace(told, low=min(told.low, value), high=max(told.high, value), method=words)


def _two(number: float) -> str:
    """Two decimals, and no minus before zero."""
    return f"{round(number, 2) + 0.0:.2f}"
