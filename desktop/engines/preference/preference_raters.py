"""How far a reader's preferences can be trusted: repeats, circles, sides, and the common scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from desktop.engines.estimate import tally
from desktop.engines.intervals import Interval
from desktop.engines.preference.comparisons import FIRST, SECOND, TIE, Comparisons
from desktop.engines.preference.worths import Worths
from desktop.engines.proportions import wilson
from desktop.engines.votes import Floats, Ints

_MOST_CIRCLES = 50


@dataclass(frozen=True, kw_only=True)
class Share:
    """``count`` of ``total``, with an interval; ``value`` None where there is nothing to count."""

    count: int
    total: int
    interval: Interval | None = None

    @property
    def value(self) -> float | None:
        return self.count / self.total if self.total else None

    @classmethod
    def of(cls, count: int, total: int) -> Share:
        return cls(count=count, total=total, interval=wilson(count, total) if total else None)


@dataclass(frozen=True, kw_only=True)
class RaterReport:
    """One rater: votes and ties, the same pair judged twice alike, decisions for the left side,
    decisions in line with the common scale, and circles (a over b over c over a)."""

    rater: int
    votes: int
    ties: int
    repeats: Share
    left: Share
    with_scale: Share
    circles: Share
    temperature: float


def rater_reports(comparisons: Comparisons, worths: Worths) -> list[RaterReport]:
    """One report per rater who gave a vote."""
    found = []
    for rater in np.unique(comparisons.rater).tolist():
        own = comparisons.take(comparisons.rater == rater)
        decided = own.outcome != TIE
        left = own.side * own.outcome
        gap = worths.log_worth[own.first] - worths.log_worth[own.second]
        sure = decided & (gap != 0)
        circles, triples = count_circles(own)
        heat = worths.temperature
        found.append(
            RaterReport(
                rater=rater,
                votes=len(own),
                ties=int((~decided).sum()),
                repeats=repeats(own),
                left=Share.of(int((left == FIRST).sum()), int((left != 0).sum())),
                with_scale=Share.of(
                    int((np.sign(gap[sure]) == own.outcome[sure]).sum()), int(sure.sum())
                ),
                circles=Share.of(circles, triples),
                temperature=float(heat[rater]) if rater < len(heat) else 1.0,
            )
        )
    return found


def repeats(own: Comparisons) -> Share:
    """Pairs that one rater judged again, each against the time before: how many came out alike."""
    turned = own.swapped(own.first > own.second)
    key = turned.first * own.n_items + turned.second
    order = np.argsort(key, kind="stable")
    key, outcome = key[order], turned.outcome[order]
    again = key[1:] == key[:-1]
    alike = again & (outcome[1:] == outcome[:-1])
    return Share.of(int(alike.sum()), int(again.sum()))


def between_raters(comparisons: Comparisons) -> Share:
    """Each two raters on each pair that both judged: how often they said the same (the one, the
    other, a tie). Who judged a pair several times counts once, by the balance of the answers."""
    turned = comparisons.swapped(comparisons.first > comparisons.second)
    n, raters = turned.n_items, comparisons.n_raters
    key = (turned.first * n + turned.second) * raters + turned.rater
    keys, which = np.unique(key, return_inverse=True)
    verdict = np.sign(tally(which, len(keys), turned.outcome.astype(np.float64)))
    alike = total = 0
    for pair in np.unique(keys // raters).tolist():
        said = verdict[keys // raters == pair]
        counts = np.unique(said, return_counts=True)[1]
        alike += int((counts * (counts - 1)).sum()) // 2
        total += len(said) * (len(said) - 1) // 2
    return Share.of(alike, total)


def beats(own: Comparisons) -> Floats:
    """(n, n) 1 where the row's item won more often against the column's than it lost."""
    wins = own.wins()
    return (wins > wins.T).astype(np.float64)


def count_circles(own: Comparisons) -> tuple[int, int]:
    """Circular triples, and triples whose three pairs were all decided.

    Source: M. G. Kendall, B. Babington Smith, Biometrika 31 (1940) 324 (circular triads).
    """
    used = np.unique(np.concatenate((own.first, own.second)))
    small = beats(own)[np.ix_(used, used)]
    met = small + small.T
    circles = float(np.einsum("ij,ji->", small @ small, small)) / 3
    triples = float(np.einsum("ij,ji->", met @ met, met)) / 6
    return round(circles), round(triples)


def circles(own: Comparisons, most: int = _MOST_CIRCLES) -> list[tuple[int, int, int]]:
    """Circular triples (a over b, b over c, c over a), each once with its smallest item first."""
    used = np.unique(np.concatenate((own.first, own.second)))
    small = beats(own)[np.ix_(used, used)] > 0
    found: list[tuple[int, int, int]] = []
    for a in range(len(used)):
        for b in np.flatnonzero(small[a]):
            if b < a:
                continue
            for c in np.flatnonzero(small[b] & small[:, a]):
                if c > a and c != b:
                    found.append((int(used[a]), int(used[b]), int(used[c])))
                    if len(found) == most:
                        return found
    return found


def wins_table(comparisons: Comparisons) -> tuple[Floats, Floats]:
    """(n, n) [row over column] decided comparisons won, and ties of each pair (symmetric)."""
    n = comparisons.n_items
    tied = comparisons.outcome == TIE
    i, j = comparisons.first[tied], comparisons.second[tied]
    flat = tally(i * n + j, n * n, comparisons.weight[tied])
    ties = flat.reshape(n, n)
    return comparisons.wins(), ties + ties.T


def elo(
    first: float, second: float, outcome: int, k: float = 32.0, spread: float = 400.0
) -> tuple[float, float]:
    """Both ratings after one comparison; for a live display only, because order matters.

    ``outcome`` : 1 first, 0 tie, -1 second. Source: A. E. Elo, The Rating of Chessplayers (1978).
    """
    expected = 1.0 / (1.0 + 10.0 ** ((second - first) / spread))
    got = {FIRST: 1.0, TIE: 0.5, SECOND: 0.0}[outcome]
    return first + k * (got - expected), second - k * (got - expected)


def elo_ratings(comparisons: Comparisons, start: float = 1500.0, k: float = 32.0) -> Floats:
    """(n,) Elo ratings after all comparisons in their order."""
    ratings = np.full(comparisons.n_items, start)
    rows: list[Ints] = [comparisons.first, comparisons.second, comparisons.outcome]
    for i, j, outcome in zip(*(r.tolist() for r in rows), strict=True):
        ratings[i], ratings[j] = elo(float(ratings[i]), float(ratings[j]), outcome, k)
    return ratings
