"""Rankings of several items to one scale: Plackett-Luce, with partial rankings and ties.

A ranking is read as a row of choices: the best out of all, the best out of the rest, and so on. A
set of d tied items is chosen in the place of a single one with weight ``exp(e_d)`` times the
geometric mean of their worths. For pairs this is Davidson's model; without ties it is the plain
Plackett-Luce model.

Source: R. D. Luce, Individual Choice Behavior (1959); R. L. Plackett, Appl. Statist. 24 (1975)
193; H. L. Turner, J. van Etten, D. Firth, I. Kosmidis, Comput. Stat. 35 (2020) 1027 (ties, and
pseudo-rankings for networks that are not connected).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.engines.preference.comparisons import Comparisons
from desktop.engines.preference.worths import Worths
from desktop.engines.votes import Floats, Ints

Tiers = Sequence[Sequence[int]]  # best first; items of one tier are tied

_STEPS = 100
_ENOUGH = 1e-11
_MOST_TIED = 8
_ROWS = 4096  # choices spread out over all items at a time


@dataclass(frozen=True, eq=False)
class Rankings:
    """Rankings of n items as tiers, each with a weight; items that are not named were not shown."""

    n_items: int
    tiers: tuple[tuple[tuple[int, ...], ...], ...]
    weight: Floats

    @classmethod
    def of(
        cls, n_items: int, tiers: Sequence[Tiers], weight: npt.ArrayLike | None = None
    ) -> Rankings:
        """Checked; ValueError for an item that is named twice or not there."""
        clean = tuple(tuple(tuple(int(i) for i in t) for t in r if len(t)) for r in tiers)
        for ranking in clean:
            named = [i for tier in ranking for i in tier]
            if len(set(named)) != len(named):
                raise ValueError("an item stands twice in one ranking")
            if named and not 0 <= min(named) <= max(named) < n_items:
                raise ValueError("an item lies outside the list")
        given = np.ones(len(clean)) if weight is None else np.asarray(weight, np.float64)
        if given.shape != (len(clean),) or not np.all(given >= 0):
            raise ValueError("each ranking has one weight of zero or more")
        return cls(int(n_items), clean, given)

    @property
    def largest_tie(self) -> int:
        """How many items the largest tier has that somebody stands with or against."""
        return max((len(t) for r in self.tiers for t in r), default=1)

    def pairs(self) -> tuple[Comparisons, Ints]:
        """Every ranking as comparisons of each two of its items, and the ranking of each.

        They are not independent of each other, which the second array lets one take into account.
        """
        first, second, outcome, of = list[int](), list[int](), list[int](), list[int]()
        for number, ranking in enumerate(self.tiers):
            level = [(i, depth) for depth, tier in enumerate(ranking) for i in tier]
            for at, (i, upper) in enumerate(level):
                for j, lower in level[at + 1 :]:
                    first.append(i)
                    second.append(j)
                    outcome.append(int(upper < lower))
                    of.append(number)
        source = np.asarray(of, dtype=np.int64)
        weight = self.weight[source] if len(of) else np.ones(0)
        return Comparisons.of(self.n_items, first, second, outcome, weight=weight), source


def fit_rankings(
    rankings: Rankings,
    *,
    penalty: float = 0.0,
    pseudo: float = 0.5,
    progress: Progress | None = None,
) -> Worths:
    """Rank the items.

    ``pseudo`` : so many wins and as many losses of each item against an item that isn't there are
    added where a finite ranking does not exist without them (R's PlackettLuce adds them always
    unless told not to, which draws all worths a little together); they count as data in the
    standard errors (R's leave them out). ``penalty`` : on squared
    log-worths. UserError where neither helps (``pseudo`` 0 and ``penalty`` 0).
    """
    progress = progress or Progress()
    if rankings.n_items == 0:
        raise UserError("There is nothing to rank.", "No item was given.")
    pairs, _source = rankings.pairs()
    added = 0
    if penalty <= 0 and pairs.strong_groups().max(initial=0) > 0:
        if pseudo <= 0:
            raise _no_scale()
        rankings, added = _with_ghost(rankings, pseudo), 1
    model = _Choices(rankings, penalty)
    model.climb(progress)
    worths = model.worths(pairs, rankings.n_items - added)
    if penalty <= 0 and not added and worths.runs_away:  # ties that nothing ever broke
        if pseudo <= 0:
            raise _no_scale()
        model = _Choices(_with_ghost(rankings, pseudo), penalty)
        model.climb(progress)
        worths = model.worths(pairs, rankings.n_items)
    return worths


def _no_scale() -> UserError:
    return UserError(
        "These rankings have no finite common scale.",
        "Some items never lost, or never met, even through others.",
        "Allow pseudo-rankings or a penalty, or rank more items together.",
    )


def _with_ghost(rankings: Rankings, pseudo: float) -> Rankings:
    ghost = rankings.n_items
    more = [((i,), (ghost,)) for i in range(ghost)] + [((ghost,), (i,)) for i in range(ghost)]
    weight = np.concatenate((rankings.weight, np.full(len(more), pseudo)))
    return Rankings(ghost + 1, (*rankings.tiers, *more), weight)


@dataclass(frozen=True, eq=False)
class _Stages:
    """Choices out of m items: ``offered`` (b, m), ``tied`` (b,) how many were taken at once,
    ``share`` (b, m) 1/tied for those taken."""

    offered: Ints
    tied: Ints
    share: Floats
    weight: Floats


class _Choices:
    """Parameters: n log-worths, then the log tie parameters e_2, e_3, ..."""

    def __init__(self, rankings: Rankings, penalty: float) -> None:
        self.n, self.penalty = rankings.n_items, penalty
        self.orders = 1
        self.stages = self._split(rankings)
        self.size = self.n + self.orders - 1
        self.values = np.zeros(self.size)
        self.values[self.n :] = -1.0
        self.steps = 0

    def climb(self, progress: Progress) -> None:
        """Newton steps with halving."""
        from scipy.linalg import cho_factor, cho_solve

        value, gradient, information = self._look(self.values)
        for number in range(_STEPS):
            progress.report(number / _STEPS, "Ranking")
            self.steps = number + 1
            factor = cho_factor(self._anchored(information), lower=True)
            step = np.asarray(cho_solve(factor, gradient))
            longest = float(np.abs(step).max(initial=0.0))
            scale = min(1.0, 5.0 / longest) if longest else 1.0
            if float(gradient @ step) < _ENOUGH:
                self.values = self.values + step
                return
            tried = self._look(self.values + scale * step)
            while tried[0] < value and scale > 1e-6:
                scale /= 2
                tried = self._look(self.values + scale * step)
            if tried[0] < value:
                return
            self.values = self.values + scale * step
            value, gradient, information = tried

    def worths(self, pairs: Comparisons, n: int) -> Worths:
        """The result for the first n items, around their mean."""
        value, _gradient, information = self._look(self.values)
        x = self.values[:n]
        inverse = np.linalg.inv(self._anchored(information))
        inverse = np.where(np.isfinite(inverse), inverse, np.inf)
        middle = np.eye(n) - 1.0 / n
        tie = None
        if any((stage.tied == 2).any() for stage in self.stages):
            tie = float(self.values[self.n]), float(np.sqrt(inverse[self.n, self.n]))
        return Worths(
            log_worth=x - x.mean(),
            covariance=middle @ inverse[:n, :n] @ middle,
            groups=pairs.groups(),
            compared=pairs.times_compared(),
            log_likelihood=value + 0.5 * self.penalty * float(x @ x),
            log_tie=tie,
            iterations=self.steps,
        )

    def _split(self, rankings: Rankings) -> list[_Stages]:
        by_size: dict[int, list[tuple[list[int], int, float]]] = {}
        for ranking, weight in zip(rankings.tiers, rankings.weight.tolist(), strict=True):
            left = [i for tier in ranking for i in tier]
            for tier in ranking:
                if len(left) < 2 or weight <= 0:
                    break
                if len(tier) > _MOST_TIED:
                    raise UserError(
                        "A ranking has too many tied items.",
                        f"{len(tier)} items stand in one tier; {_MOST_TIED} can be taken in.",
                    )
                self.orders = max(self.orders, len(tier))
                by_size.setdefault(len(left), []).append((list(left), len(tier), weight))
                left = left[len(tier) :]
        found = []
        for size, rows in sorted(by_size.items()):
            tied = np.array([t for _l, t, _w in rows], dtype=np.int64)
            taken = np.arange(size)[None, :] < tied[:, None]  # tiers come in order
            found.append(
                _Stages(
                    offered=np.array([left for left, _t, _w in rows], dtype=np.int64),
                    tied=tied,
                    share=taken / tied[:, None],
                    weight=np.array([w for _l, _t, w in rows]),
                )
            )
        return found

    def _look(self, values: Floats) -> tuple[float, Floats, Floats]:
        """Penalised log-likelihood, gradient, and minus the second derivatives."""
        n, size = self.n, self.size
        x, loose = values[:n], np.concatenate(([0.0], values[n:]))
        value = -0.5 * self.penalty * float(x @ x)
        gradient = np.zeros(size)
        gradient[:n] -= self.penalty * x
        bend = np.zeros(size * size)
        for stage in self.stages:
            own = x[stage.offered]
            if self.orders == 1:
                value += self._add_plain(stage, own, gradient, bend)
                continue
            log_z, mean, second, order, cross = _moments(own, loose)
            w = stage.weight
            value += float(w @ ((stage.share * own).sum(axis=1) + loose[stage.tied - 1] - log_z))
            pull = w[:, None] * (stage.share - mean)
            gradient[:n] += np.bincount(stage.offered.ravel(), pull.ravel(), minlength=n)
            block = w[:, None, None] * (second - mean[:, :, None] * mean[:, None, :])
            at = stage.offered[:, :, None] * size + stage.offered[:, None, :]
            bend += np.bincount(at.ravel(), block.ravel(), minlength=size * size)
            for d in range(2, self.orders + 1):
                row = n + d - 2
                gradient[row] += float(w @ ((stage.tied == d) - order[:, d - 1]))
                mixed = w[:, None] * (cross[:, d - 1] - order[:, d - 1, None] * mean)
                at_row = np.bincount(stage.offered.ravel(), mixed.ravel(), minlength=n)
                bend[row * size : row * size + n] += at_row
                bend[row : n * size : size] += at_row
                for e in range(2, self.orders + 1):
                    both = order[:, d - 1] * ((d == e) - order[:, e - 1])
                    bend[row * size + n + e - 2] += float(w @ both)
        information = bend.reshape(size, size)
        information[np.arange(n), np.arange(n)] += self.penalty
        return value, gradient, information

    def _add_plain(self, stage: _Stages, own: Floats, gradient: Floats, bend: Floats) -> float:
        """The same for choices of single items: cheaper, as two never come together."""
        n, w = self.n, stage.weight
        top = own.max(axis=1)
        grown = np.exp(own - top[:, None])
        total = grown.sum(axis=1)
        mean = grown / total[:, None]
        pull = w[:, None] * (stage.share - mean)
        gradient += np.bincount(stage.offered.ravel(), pull.ravel(), minlength=n)
        square = bend.reshape(n, n)
        for start in range(0, len(own), _ROWS):
            part = slice(start, start + _ROWS)
            spread = np.zeros((len(own[part]), n))
            np.put_along_axis(spread, stage.offered[part], mean[part], axis=1)
            heavy = spread * w[part, None]
            square -= heavy.T @ spread
            square[np.arange(n), np.arange(n)] += heavy.sum(axis=0)
        return float(w @ ((stage.share * own).sum(axis=1) - np.log(total) - top))

    def _anchored(self, information: Floats) -> Floats:
        whole = information.copy()
        whole[: self.n, : self.n] += 1.0 / self.n
        whole[np.arange(self.size), np.arange(self.size)] += 1e-10
        return whole


def _moments(own: Floats, loose: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """What one choice out of m items is expected to be.

    Parameters
    ----------
    own : (b, m) log-worths of those offered. ``loose`` : (D,) log tie parameter by size, first 0.

    Returns
    -------
    log_z : (b,) log of the sum over all sets of up to D items.
    mean, second : (b, m), (b, m, m) moments of T_i = [i in S] / |S|.
    order : (b, D) chance of each size. cross : (b, D, m) moment of T_i and that size.
    """
    b, m = own.shape
    top = own.max(axis=1, keepdims=True)
    most = min(len(loose), m)
    weight = np.zeros((b, len(loose)))
    first = np.zeros((b, len(loose), m))
    second = np.zeros((b, m, m))
    for d in range(1, most + 1):
        a = np.exp((own - top) / d)
        scale = np.exp(loose[d - 1])
        weight[:, d - 1] = scale * _sets(a, d)[:, d]
        without = _leave_out(a, d)  # (b, m, d): sums over sets of 0 .. d-1 others
        first[:, d - 1] = scale / d * a * without[:, :, d - 1]
        own_term = scale / d**2 * a * without[:, :, d - 1]
        second[:, np.arange(m), np.arange(m)] += own_term
        if d > 1:
            pair = _leave_two_out(a, without, d)
            second += scale / d**2 * a[:, :, None] * a[:, None, :] * pair
    total = weight.sum(axis=1)
    log_z = np.log(total) + top[:, 0]
    cross = first / total[:, None, None]
    return log_z, cross.sum(axis=1), second / total[:, None, None], weight / total[:, None], cross


def _sets(a: Floats, most: int) -> Floats:
    """(b, most + 1) elementary symmetric sums of the columns of ``a`` (b, m)."""
    sums = np.zeros((len(a), most + 1))
    sums[:, 0] = 1.0
    for column in a.T:
        sums[:, 1:] += column[:, None] * sums[:, :-1]
    return sums


def _leave_out(a: Floats, d: int) -> Floats:
    """(b, m, d) the same of all columns but one, for sets of 0 to d - 1."""
    b, m = a.shape
    if d == 1:
        return np.ones((b, m, 1))
    out = np.empty((b, m, d))
    for i in range(m):
        out[:, i] = _sets(np.delete(a, i, axis=1), d - 1)
    return out


def _leave_two_out(a: Floats, without: Floats, d: int) -> Floats:
    """(b, m, m) sums over sets of d - 2 that hold neither of two; 0 on the diagonal."""
    b, m = a.shape
    if d == 2:
        return np.broadcast_to(1.0 - np.eye(m), (b, m, m))
    out = np.zeros((b, m, m))
    for i in range(m):
        for j in range(i + 1, m):
            rest = np.delete(a, (i, j), axis=1)
            out[:, i, j] = out[:, j, i] = _sets(rest, d - 2)[:, d - 2]
    return out
