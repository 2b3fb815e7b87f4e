"""What help did to readers: right answers overturned, wrong ones corrected, time saved.

*Misled* counts among answers that were right before the suggestion and met a wrong one: how many
became that wrong one. *Corrected* counts among wrong answers that met a right suggestion: how many
became right. Both are conditional on what the suggestion was, so a poor model does not look good
for being ignored. Time saved is the difference of the mean working time between the arm without
help and the arm with help from the start; cases fall into the arms by chance.

Source: K. Goddard, A. Roudsari, J. C. Wyatt, J. Am. Med. Inform. Assoc. 19 (2012) 121-127
(automation bias as decisions changed from right to wrong); B. L. Welch, Biometrika 34 (1947)
28-35 (unequal variances); E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from desktop.engines.intervals import LEVEL, Interval, quantile
from desktop.engines.proportions import wilson

FEWEST = 5  # cases in each arm below which no difference is told


@dataclass(frozen=True)
class HelpItem:
    """One thing that a reader said before and after a suggestion, and what is true."""

    reader: str
    source: str
    case: str
    about: str
    blind: Hashable
    suggested: Hashable
    final: Hashable
    truth: Hashable

    @property
    def could_mislead(self) -> bool:
        return self.blind == self.truth != self.suggested

    @property
    def misled(self) -> bool:
        return self.could_mislead and self.final == self.suggested

    @property
    def could_correct(self) -> bool:
        return self.blind != self.truth == self.suggested

    @property
    def corrected(self) -> bool:
        return self.could_correct and self.final == self.truth


@dataclass(frozen=True)
class Share:
    """``count`` of ``of``, with Wilson's interval; None where there is nothing to count."""

    count: int
    of: int
    interval: Interval | None

    @property
    def value(self) -> float:
        """NaN where there is nothing to count."""
        return self.count / self.of if self.of else math.nan

    @property
    def words(self) -> str:
        if self.interval is None:
            return "not enough data"
        return (
            f"{self.count} of {self.of}: {self.value:.0%} "
            f"({self.interval.low:.0%} to {self.interval.high:.0%})"
        )


@dataclass(frozen=True)
class Effect:
    """What suggestions did to one group of items."""

    name: str
    items: int
    misled: Share
    corrected: Share
    right_before: Share
    right_after: Share


@dataclass(frozen=True)
class TimeSaved:
    """Minutes that help saved over the cases read with it.

    ``minutes`` None: fewer than ``FEWEST`` cases in an arm. ``without_s`` and ``with_s`` are mean
    seconds per case.
    """

    without: int
    with_help: int
    without_s: float
    with_s: float
    minutes: float | None
    interval: Interval | None

    @property
    def words(self) -> str:
        if self.minutes is None or self.interval is None:
            return (
                f"Not enough data: {self.without} cases without help and {self.with_help} with, "
                f"{FEWEST} of each are needed."
            )
        what = "saved" if self.minutes >= 0 else "cost"
        low, high = self.interval.low, self.interval.high
        if self.minutes < 0:
            low, high = -high, -low
        return f"{abs(self.minutes):.1f} min {what} (95 % {low:.1f} to {high:.1f})"


def share(count: int, of: int) -> Share:
    """A share with its interval."""
    return Share(count, of, wilson(count, of))


def effect(name: str, items: Iterable[HelpItem]) -> Effect:
    """Sums over items."""
    own = list(items)
    return Effect(
        name,
        len(own),
        share(sum(i.misled for i in own), sum(i.could_mislead for i in own)),
        share(sum(i.corrected for i in own), sum(i.could_correct for i in own)),
        share(sum(i.blind == i.truth for i in own), len(own)),
        share(sum(i.final == i.truth for i in own), len(own)),
    )


def effects_by(items: Sequence[HelpItem], key: Callable[[HelpItem], str]) -> tuple[Effect, ...]:
    """One effect per reader, source or subject, the most often misled first."""
    groups: dict[str, list[HelpItem]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    found = [effect(name, own) for name, own in groups.items()]
    return tuple(sorted(found, key=lambda e: (-e.misled.count, -e.items, e.name)))


def time_saved(
    without_s: Sequence[float], with_s: Sequence[float], level: float = LEVEL
) -> TimeSaved:
    """Minutes saved over all of ``with_s`` by the difference of means, with Welch's interval.

    Both are (n,) seconds of work, one number per case and reader; numbers that are none are left
    out.
    """
    a, b = (np.asarray(seconds, float) for seconds in (without_s, with_s))
    a, b = a[np.isfinite(a)], b[np.isfinite(b)]
    means = (float(a.mean()) if a.size else math.nan, float(b.mean()) if b.size else math.nan)
    if min(a.size, b.size) < FEWEST:
        return TimeSaved(a.size, b.size, *means, minutes=None, interval=None)
    va, vb = float(a.var(ddof=1)) / a.size, float(b.var(ddof=1)) / b.size
    scale = b.size / 60.0
    saved = (means[0] - means[1]) * scale
    if va + vb == 0:
        return TimeSaved(a.size, b.size, *means, saved, Interval(saved, saved, level, "no spread"))
    degrees = (va + vb) ** 2 / (va**2 / (a.size - 1) + vb**2 / (b.size - 1))
    half = quantile(level, degrees) * math.sqrt(va + vb) * scale
    interval = Interval(saved - half, saved + half, level, "Welch's t on the difference of means")
    return TimeSaved(a.size, b.size, *means, saved, interval)
