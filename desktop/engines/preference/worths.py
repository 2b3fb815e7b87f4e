"""What a ranking model found: how good each item is, how sure that is, and what follows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from desktop.engines.votes import Floats, Ints

Z95 = 1.959963984540054
_DRAWS = 2000
_RUNAWAY = 300.0  # a standard error of log odds that no data with a finite estimate has


@dataclass(frozen=True, kw_only=True, eq=False)
class Worths:
    """The items on one scale.

    ``log_worth`` : (n,) float64, sums to 0; the difference of two is the log odds that the one is
    preferred to the other. ``covariance`` : (n, n) of those, rows sum to 0; None for more items
    than it is made for. ``log_tie``, ``position`` : the tie parameter and the pull of the left
    side with their standard errors; None where not fitted. ``temperature`` : (w,) how clearly each
    rater follows the common scale; 1 for raters with few votes. ``groups`` : (n,) items of
    different groups can't be compared. ``compared`` : (n,) comparisons behind each item.
    """

    log_worth: Floats
    covariance: Floats | None
    groups: Ints
    compared: Floats
    log_likelihood: float
    log_tie: tuple[float, float] | None = None
    position: tuple[float, float] | None = None
    temperature: Floats = field(default_factory=lambda: np.ones(0))
    iterations: int = 0

    @property
    def n_items(self) -> int:
        return len(self.log_worth)

    @property
    def worth(self) -> Floats:
        """(n,) worths that sum to 1."""
        grown = np.exp(self.log_worth - self.log_worth.max())
        return np.asarray(grown / grown.sum())

    @property
    def std_error(self) -> Floats | None:
        """(n,) standard errors of ``log_worth``, around the mean of all items."""
        if self.covariance is None:
            return None
        return np.sqrt(np.maximum(0.0, np.diag(self.covariance)))

    @property
    def runs_away(self) -> bool:
        """No finite estimate was reached: standard errors without bounds."""
        tie, side = self.log_tie or (0.0, 0.0), self.position or (0.0, 0.0)
        most = [float(np.max(self.std_error, initial=0.0))] if self.std_error is not None else []
        return not all(error < _RUNAWAY for error in (*most, tie[1], side[1]))

    def against(self, reference: int) -> tuple[Floats, Floats | None]:
        """(n,) log-worth relative to one item, and the standard errors of these differences."""
        difference = self.log_worth - self.log_worth[reference]
        if self.covariance is None:
            return difference, None
        return difference, np.sqrt(self.difference_variance()[reference])

    def difference_variance(self) -> Floats:
        """(n, n) variance of the difference of each two items; needs the covariance."""
        if self.covariance is None:
            raise ValueError("there is no covariance for so many items")
        own = np.diag(self.covariance)
        return np.maximum(0.0, own[:, None] + own[None, :] - 2 * self.covariance)

    def chances(self) -> Floats:
        """(n, n) chance that the row's item is preferred to the column's, ties set aside."""
        gap = self.log_worth[:, None] - self.log_worth[None, :]
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(gap, -700, 700))))

    def order(self) -> Ints:
        """Items from best to worst; equal ones by number."""
        return np.argsort(-self.log_worth, kind="stable")

    def intervals(self, z: float = Z95) -> Floats | None:
        """(n, 2) log-worth ± z standard errors."""
        error = self.std_error
        if error is None:
            return None
        return np.column_stack((self.log_worth - z * error, self.log_worth + z * error))

    def rank_intervals(self, level: float = 0.95, seed: int = 0) -> Ints | None:
        """(n, 2) ranks, 1 is best, that hold with this chance; from draws of the normal limit."""
        if self.covariance is None:
            return None
        values, vectors = np.linalg.eigh(self.covariance)
        root = vectors * np.sqrt(np.maximum(0.0, values))
        draws = np.random.default_rng(seed).standard_normal((_DRAWS, self.n_items)) @ root.T
        draws += self.log_worth
        ranks = np.argsort(np.argsort(-draws, axis=1, kind="stable"), axis=1) + 1
        tail = (1 - level) / 2
        low, high = np.quantile(ranks, (tail, 1 - tail), axis=0, method="inverted_cdf")
        return np.column_stack((low, high)).astype(np.int64)

    def position_interval(self, z: float = Z95) -> tuple[float, float, float] | None:
        """Chance that the left one of two equals is preferred: estimate, low, high; None where
        sides were not fitted."""
        if self.position is None:
            return None
        value, error = self.position
        ends = np.clip([value, value - z * error, value + z * error], -700, 700)
        found = 1.0 / (1.0 + np.exp(-ends))
        return float(found[0]), float(found[1]), float(found[2])


def stop_reason(worths: Worths, threshold: float = 0.0, z: float = Z95) -> str:
    """Why no further comparison is needed, in words; "" while some are.

    ``threshold`` : the least expected information, p(1 - p) Var(difference), that a comparison of
    the best pair must still bring; 0 never stops for that.
    """
    if worths.covariance is None or worths.n_items < 2 or worths.groups.max() > 0:
        return ""
    variance = worths.difference_variance()
    order = worths.order()
    above, below = order[:-1], order[1:]
    gap = worths.log_worth[above] - worths.log_worth[below]
    if np.all(gap > z * np.sqrt(variance[above, below])):
        return "Each item is told apart from the next one in the ranking."
    chance = worths.chances()
    most = float((chance * (1 - chance) * variance).max())
    if most < threshold:
        return "One more comparison would hardly change the ranking."
    return ""
