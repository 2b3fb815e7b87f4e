"""Pairwise comparisons to one scale: Bradley-Terry, with Davidson's ties, sides and raters.

The chance that the first of a pair is preferred, that neither is, that the second is, stands as
``exp(u/2) : exp(e) : exp(-u/2)`` with ``u = t (x_first - x_second) + g s``: x the log-worths, e
the log tie parameter, g the pull of the left side (s is 1 where the first stood left, -1 where the
second did), t the rater's temperature. Without ties the middle is left out. All of it is fitted by
Newton steps on one concave likelihood with a small normal penalty on all of them, which keeps them
finite for items that only won and for readers who only ever chose one side; temperatures are found
in turn with it.

Source: R. A. Bradley, M. E. Terry, Biometrika 39 (1952) 324; R. R. Davidson, JASA 65 (1970) 317
(ties); R. R. Davidson, R. J. Beaver, Biometrics 33 (1977) 693 (order of presentation); X. Chen et
al., WSDM 2013, 193 (raters).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.engines.estimate import tally
from desktop.engines.preference.comparisons import FIRST, SECOND, TIE, Comparisons
from desktop.engines.preference.worths import Worths
from desktop.engines.votes import Floats, Ints

PENALTY = 0.1
MOST_WITH_COVARIANCE = 3000
_MOST_DENSE = 200  # beyond, conjugate gradients are quicker than a factorisation per step
_STEPS = 100
_ENOUGH = 1e-11  # gain in log-likelihood that nobody can measure
_TEMPERATURE_SPREAD = 0.5  # standard deviation of log temperature before any vote is seen
_ROUNDS = 30


@dataclass(frozen=True, kw_only=True)
class RankingOptions:
    """How to fit.

    ``penalty`` : on squared log-worths; 0 gives maximum likelihood and refuses where that does not
    exist. ``ties``, ``position`` : None fits them where the data have ties or sides.
    ``temperatures`` : fit raters with at least ``votes_for_temperature`` votes.
    """

    penalty: float = PENALTY
    ties: bool | None = None
    position: bool | None = None
    temperatures: bool = False
    votes_for_temperature: int = 50


def fit(
    comparisons: Comparisons,
    options: RankingOptions | None = None,
    progress: Progress | None = None,
) -> Worths:
    """Rank the items; UserError where ``penalty`` is 0 and no finite ranking exists."""
    options, progress = options or RankingOptions(), progress or Progress()
    if comparisons.n_items == 0:
        raise UserError("There is nothing to rank.", "No item was given.")
    if options.penalty <= 0:
        _check_finite(comparisons.take(comparisons.weight > 0))
    log_t = np.zeros(max(1, comparisons.n_raters))
    votes = tally(comparisons.rater, len(log_t), comparisons.weight)
    fitted = np.flatnonzero(votes >= options.votes_for_temperature)
    rounds = _ROUNDS if options.temperatures and len(fitted) > 1 else 1
    model: _Model | None = None
    for number in range(rounds):
        progress.report(number / rounds, "Ranking")
        model = _Model(comparisons, options, np.exp(log_t), model)
        model.climb(progress)
        if rounds == 1:
            break
        new = _temperatures(model, comparisons, log_t, fitted)
        new[fitted] -= np.average(new[fitted], weights=votes[fitted])
        moved = float(np.abs(new - log_t).max())
        log_t = new
        if moved < 1e-6:
            break
    assert model is not None
    worths = model.worths()
    if options.penalty <= 0 and worths.runs_away:
        raise UserError(
            "Without a penalty these comparisons have no finite ranking.",
            "Some item was never beaten but tied, all comparisons were ties, or readers only ever "
            "chose one side: the scale grows without end.",
            "Rank with a penalty, or compare more.",
        )
    return replace(worths, temperature=np.exp(log_t)[: comparisons.n_raters])


class _Cells:
    """Comparisons of one pair, side and temperature added up: (c,) arrays."""

    def __init__(self, comparisons: Comparisons, temperature: Floats) -> None:
        turned = comparisons.swapped(comparisons.first > comparisons.second)
        n = comparisons.n_items
        kinds, kind = np.unique(temperature[turned.rater], return_inverse=True)
        key = ((turned.first * n + turned.second) * 3 + turned.side + 1) * len(kinds) + kind
        keys, cell = np.unique(key, return_inverse=True)
        self.temperature = kinds[keys % len(kinds)]
        rest = keys // len(kinds)
        self.side = (rest % 3 - 1).astype(np.float64)
        self.i, self.j = rest // 3 // n, rest // 3 % n

        def count(outcome: int) -> Floats:
            chosen = turned.weight * (turned.outcome == outcome)
            return tally(cell, len(keys), chosen)

        self.first, self.ties, self.second = count(FIRST), count(TIE), count(SECOND)
        self.total = self.first + self.ties + self.second


class _Model:
    """Parameters: n log-worths, then the log tie parameter, then the position, where fitted."""

    def __init__(
        self,
        comparisons: Comparisons,
        options: RankingOptions,
        temperature: Floats,
        before: _Model | None = None,
    ) -> None:
        self.n = comparisons.n_items
        self.penalty = options.penalty
        self.groups, self.compared = comparisons.groups(), comparisons.times_compared()
        self.cells = _Cells(comparisons, temperature)
        ties = comparisons.has_ties if options.ties is None else options.ties
        sided = comparisons.sides_known if options.position is None else options.position
        self.tie_at = self.n if ties else -1
        self.position_at = self.n + int(ties) if sided else -1
        self.size = self.n + int(ties) + int(sided)
        self.values: Floats = np.zeros(self.size) if before is None else before.values.copy()
        self.steps = 0

    def climb(self, progress: Progress) -> None:
        """Newton steps with halving until the likelihood stands still."""
        dense = self.n <= _MOST_DENSE
        value, gradient, parts = self._look(self.values)
        for number in range(_STEPS):
            progress.check()
            step = self._solve(parts, gradient) if dense else self._solve_sparse(parts, gradient)
            self.steps = number + 1
            promised = float(gradient @ step)  # twice what a whole step gains
            if promised < _ENOUGH:
                self.values = self.values + step
                return
            scale = 1.0
            tried = self._look(self.values + step)
            while tried[0] < value and scale > 1e-6:
                scale /= 2
                tried = self._look(self.values + scale * step)
            if tried[0] < value:
                return  # as far as floating point goes
            self.values = self.values + scale * step
            value, gradient, parts = tried

    def worths(self) -> Worths:
        """The result around the mean of the items."""
        value, _gradient, parts = self._look(self.values)
        x = self.values[: self.n]
        value += 0.5 * self.penalty * float(self.values @ self.values)
        inverse = None
        if self.n <= MOST_WITH_COVARIANCE:
            inverse = self._inverse(parts)

        def one(at: int) -> tuple[float, float] | None:
            if at < 0:
                return None
            spread = np.nan if inverse is None else np.sqrt(max(0.0, float(inverse[at, at])))
            return float(self.values[at]), float(spread)

        return Worths(
            log_worth=x - x.mean(),
            covariance=None if inverse is None else inverse[: self.n, : self.n].copy(),
            groups=self.groups,
            compared=self.compared,
            log_likelihood=value,
            log_tie=one(self.tie_at),
            position=one(self.position_at),
            iterations=self.steps,
        )

    def _look(self, values: Floats) -> tuple[float, Floats, tuple[Floats, Floats, Floats]]:
        """Penalised log-likelihood, its gradient, and the curvature of each cell."""
        c, x = self.cells, values[: self.n]
        pull = values[self.position_at] if self.position_at >= 0 else 0.0
        u = c.temperature * (x[c.i] - x[c.j]) + pull * c.side
        first, tie, log_z = chances_of(u, values[self.tie_at] if self.tie_at >= 0 else None)
        second = 1.0 - first - tie
        value = float(((c.first - c.second) * u / 2 - c.total * log_z).sum())
        if self.tie_at >= 0:
            value += float(values[self.tie_at] * c.ties.sum())
        value -= 0.5 * self.penalty * float(values @ values)
        slope = (c.first - c.second) / 2 - c.total * (first - second) / 2
        gradient = np.zeros(self.size)
        steep = slope * c.temperature
        gradient[: self.n] = tally(c.i, self.n, steep)
        gradient[: self.n] -= tally(c.j, self.n, steep)
        gradient[: self.n] -= self.penalty * x
        if self.position_at >= 0:
            gradient[self.position_at] = float((slope * c.side).sum())
        if self.tie_at >= 0:
            gradient[self.tie_at] = float((c.ties - c.total * tie).sum())
        gradient[self.n :] -= self.penalty * values[self.n :]
        bend = c.total * ((first + second) - (first - second) ** 2) / 4
        mixed = -c.total * (first - second) * tie / 2
        return value, gradient, (bend, mixed, c.total * tie * (1 - tie))

    def _information(self, parts: tuple[Floats, Floats, Floats]) -> Floats:
        """(size, size) minus the second derivatives, with the penalty."""
        c, n, size = self.cells, self.n, self.size
        bend, mixed, tie = parts
        t = c.temperature
        flat = tally(c.i * n + c.j, n * n, -bend * t * t)
        square = flat.reshape(n, n)
        square = square + square.T
        diagonal = tally(c.i, n, bend * t * t)
        diagonal += tally(c.j, n, bend * t * t)
        square[np.arange(n), np.arange(n)] += diagonal + self.penalty
        if size == n:
            return square
        whole = np.zeros((size, size))
        whole[:n, :n] = square
        for at, per_cell in ((self.position_at, bend * c.side * t), (self.tie_at, mixed * t)):
            if at >= 0:
                border = tally(c.i, n, per_cell)
                border -= tally(c.j, n, per_cell)
                whole[at, :n] = whole[:n, at] = border
        ridge = self.penalty + 1e-9
        if self.position_at >= 0:
            whole[self.position_at, self.position_at] = (bend * c.side**2).sum() + ridge
        if self.tie_at >= 0:
            whole[self.tie_at, self.tie_at] = tie.sum() + ridge
            if self.position_at >= 0:
                both = float((mixed * c.side).sum())
                whole[self.tie_at, self.position_at] = whole[self.position_at, self.tie_at] = both
        return whole

    def _anchored(self, parts: tuple[Floats, Floats, Floats]) -> Floats:
        """The information with the direction along which all items move together held still."""
        whole = self._information(parts)
        whole[: self.n, : self.n] += 1.0 / self.n
        return whole

    def _solve(self, parts: tuple[Floats, Floats, Floats], gradient: Floats) -> Floats:
        from scipy.linalg import cho_factor, cho_solve

        return np.asarray(cho_solve(cho_factor(self._anchored(parts), lower=True), gradient))

    def _inverse(self, parts: tuple[Floats, Floats, Floats]) -> Floats:
        """Covariance of all parameters, of the log-worths around their mean."""
        from scipy.linalg.lapack import dpotrf, dpotri

        factor, _info = dpotrf(self._anchored(parts), lower=True, overwrite_a=True)
        half, _info = dpotri(factor, lower=True, overwrite_c=True)
        lower = np.tril(half, -1)
        inverse = np.asarray(lower + lower.T + np.diag(np.diag(half)))
        inverse[: self.n, : self.n] -= 1.0 / (self.n * (1.0 + self.penalty))
        return inverse

    def _solve_sparse(self, parts: tuple[Floats, Floats, Floats], gradient: Floats) -> Floats:
        """Conjugate gradients for many items: no matrix is ever made."""
        from scipy.sparse.linalg import LinearOperator, cg

        c, n = self.cells, self.n
        bend, mixed, tie = parts

        def times(vector: Floats) -> Floats:
            pull = vector[self.position_at] if self.position_at >= 0 else 0.0
            loose = vector[self.tie_at] if self.tie_at >= 0 else 0.0
            along = c.temperature * (vector[c.i] - vector[c.j]) + pull * c.side
            force = bend * along + mixed * loose
            out = np.zeros(self.size)
            out[:n] = tally(c.i, n, force * c.temperature)
            out[:n] -= tally(c.j, n, force * c.temperature)
            out[:n] += self.penalty * vector[:n] + vector[:n].mean()
            if self.position_at >= 0:
                out[self.position_at] = float((force * c.side).sum()) + (self.penalty + 1e-9) * pull
            if self.tie_at >= 0:
                out[self.tie_at] = (
                    float((mixed * along + tie * loose).sum()) + (self.penalty + 1e-9) * loose
                )
            return out

        shape = (self.size, self.size)
        operator = LinearOperator(shape, matvec=times, dtype=np.float64)
        own = np.ones(self.size)
        steep = bend * c.temperature**2
        own[:n] = tally(c.i, n, steep) + tally(c.j, n, steep)
        own[:n] += self.penalty + 1.0 / n
        if self.position_at >= 0:
            own[self.position_at] += float(bend.sum())
        if self.tie_at >= 0:
            own[self.tie_at] += float(tie.sum())
        scaled = LinearOperator(shape, matvec=lambda v: v / own, dtype=np.float64)
        found, _status = cg(operator, gradient, rtol=1e-4, maxiter=500, M=scaled)
        found[:n] -= found[:n].mean()  # what is left of a common move is rounding
        return np.asarray(found)


def chances_of(u: Floats, log_tie: float | None) -> tuple[Floats, Floats, Floats]:
    """Chances that the first is preferred and that neither is, and the log of their sum's scale.

    ``u`` : (c,) log odds of the first against the second. Without ties the second is 0.
    """
    half = np.abs(u) / 2
    top = half if log_tie is None else np.maximum(half, log_tie)
    up, down = np.exp(u / 2 - top), np.exp(-u / 2 - top)
    middle = np.zeros_like(u) if log_tie is None else np.exp(log_tie - top)
    total = up + middle + down
    return up / total, middle / total, top + np.log(total)


def _temperatures(model: _Model, comparisons: Comparisons, log_t: Floats, fitted: Ints) -> Floats:
    """One Newton ascent per rater on the log of the temperature, the scale held fixed."""
    c, x = comparisons, model.values[: model.n]
    gap = x[c.first] - x[c.second]
    pull = model.values[model.position_at] if model.position_at >= 0 else 0.0
    shift, log_tie = pull * c.side, model.values[model.tie_at] if model.tie_at >= 0 else None
    n_raters, prior = len(log_t), 1.0 / _TEMPERATURE_SPREAD**2
    new = log_t.copy()
    for _ in range(20):
        t = np.exp(new)[c.rater]
        first, tie, _log_z = chances_of(t * gap + shift, log_tie)
        second = 1.0 - first - tie
        along = t * gap  # du / d log t
        slope = c.weight * (c.outcome / 2 - (first - second) / 2) * along
        bend = c.weight * ((first + second) - (first - second) ** 2) / 4 * along**2
        gradient = tally(c.rater, n_raters, slope) - prior * new
        step = gradient / (tally(c.rater, n_raters, bend) + prior)
        step = np.clip(step, -1.0, 1.0)
        new[fitted] += step[fitted]
        if float(np.abs(step[fitted]).max(initial=0.0)) < 1e-8:
            break
    return new


def _check_finite(comparisons: Comparisons) -> None:
    """UserError where some items only won or only lost against the rest."""
    groups = comparisons.strong_groups()
    count = int(groups.max()) + 1
    if count == 1:
        return
    sizes = np.sort(np.bincount(groups))[::-1]
    raise UserError(
        "Without a penalty these comparisons have no finite ranking.",
        f"The items fall into {count} groups ({', '.join(str(s) for s in sizes[:8])} items): "
        "between two groups all comparisons went one way, or there are none.",
        "Rank with a penalty, or compare items of different groups.",
    )
