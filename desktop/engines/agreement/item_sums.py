"""Coefficients as smooth functions of sums over items: estimate, standard error, resampling.

Every chance-corrected coefficient here is (observed - expected) / (1 - expected), where both are
functions of a few sums over items. That is enough for all the rest: the influence of one item is
the gradient at the sums times the item's own part (taken by a complex step, exact to rounding),
the standard error follows from the influences, and a bootstrap replicate is the same function at
sums with other multiplicities. With items from the same patient, the patient is what is summed,
resampled and counted.

Source: K. L. Gwet, Handbook of Inter-Rater Reliability, 4th ed. 2014, chapters 5 and 6;
B. Efron, The Jackknife, the Bootstrap and Other Resampling Plans, 1982, chapter 6;
W. Squire, G. Trapp, SIAM Review 40 (1998) 110-112 (complex step).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from desktop.engines.agreement.ratings import Floats, Whole

Numbers: TypeAlias = npt.NDArray[Any]  # real or complex
Share: TypeAlias = Callable[[Numbers], tuple[Numbers, Numbers]]

_STEP = 1e-30
_SAME = 1e-12
_CELLS = 4_000_000  # numbers in memory at once while resampling


class Resampled(Protocol):
    """What a coefficient must tell for its value, error and intervals; see ``ItemSums``."""

    @property
    def times(self) -> Whole | Floats: ...
    @property
    def units(self) -> int: ...
    def observed_expected(self) -> tuple[float, float]: ...
    def influence(self) -> Floats: ...
    def values(self, times: Floats) -> Floats: ...
    def replicates(self, count: int, seed: int) -> Floats: ...
    def clustered(self, clusters: Whole) -> Resampled: ...


@dataclass(frozen=True, eq=False)
class ItemSums:
    """What a coefficient adds up.

    ``rows``: (u, d) contributions of the different patterns of items. ``times``: (u,) how many
    items (or clusters) have this pattern. ``of_item``: (m,) row of each item.
    ``share``: (b, d) sums -> observed and expected agreement, each (b,); analytic, because it is
    also called with complex numbers. ``paired``: columns that count items with two answers and
    items with any, where Gwet's variance wants them (it takes their ratio as given, which makes
    the standard error larger where many items have one answer); None elsewhere.
    """

    rows: Floats
    times: Whole | Floats
    of_item: Whole
    share: Share
    paired: tuple[int, int] | None = None

    @property
    def units(self) -> int:
        """How many items (or clusters) are resampled."""
        return round(float(self.times.sum()))

    def observed_expected(self) -> tuple[float, float]:
        """Observed and expected agreement; NaN where a sum to divide by is zero."""
        with np.errstate(divide="ignore", invalid="ignore"):
            observed, expected = self.share((self.times @ self.rows)[None])
        return float(observed[0]), float(expected[0])

    def values(self, times: Floats) -> Floats:
        """(b,) coefficients for (b, u) multiplicities; NaN where undefined."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(corrected(*self.share(times @ self.rows)), dtype=np.float64)

    def influence(self) -> Floats:
        """(u,) change of the coefficient per item of this pattern; sums to zero over items."""
        sums = self.times @ self.rows
        d = sums.size
        stepped = np.broadcast_to(sums, (d, d)) + np.eye(d) * (1j * _STEP)
        with np.errstate(divide="ignore", invalid="ignore"):
            observed, expected = self.share(stepped)
            gradient = ((observed - expected) / (1 - expected)).imag / _STEP
        each = self.rows @ np.asarray(gradient, dtype=np.float64)
        if self.paired is not None:
            two, rated = self.paired
            coefficient = corrected(observed[:1].real, expected[:1].real)[0]
            with np.errstate(divide="ignore", invalid="ignore"):
                share_of = self.rows[:, two] / sums[two] - self.rows[:, rated] / sums[rated]
            each = each + coefficient * share_of
        return np.asarray(each - (self.times @ each) / max(1.0, self.times.sum()), dtype=np.float64)

    def clustered(self, clusters: Whole) -> ItemSums:
        """The same sums with whole clusters as units; ``clusters``: (m,) any numbers."""
        from scipy.sparse import csr_array

        _, cluster = np.unique(clusters, return_inverse=True)
        count = int(cluster.max(initial=-1)) + 1
        member = csr_array(
            (np.ones(self.of_item.size), (cluster.ravel(), self.of_item)),
            shape=(count, len(self.rows)),
        )
        return ItemSums(
            np.asarray(member @ self.rows),
            np.ones(count, dtype=np.int64),
            np.arange(count),
            self.share,
            self.paired,
        )

    def replicates(self, count: int, seed: int) -> Floats:
        """(count,) coefficients of resampled items; NaN where a resample is undefined."""
        return replicates(self.values, self.times, count, seed)


def replicates(
    values: Callable[[Floats], Floats], times: Whole | Floats, count: int, seed: int
) -> Floats:
    """(count,) results of ``values`` for resampled multiplicities, a batch at a time."""
    rng = np.random.default_rng(seed)
    n, made = int(times.sum()), []
    batch = max(1, min(count, _CELLS // max(1, times.size)))
    for start in range(0, count, batch):
        made.append(values(_resample(rng, times, n, min(batch, count - start))))
    return np.concatenate(made) if made else np.zeros(0)


def corrected(observed: Numbers, expected: Numbers) -> Numbers:
    """(observed - expected) / (1 - expected); NaN where chance alone explains everything."""
    room = 1 - expected
    return np.where(np.abs(room) > _SAME, (observed - expected) / room, np.nan)


def _resample(rng: np.random.Generator, times: Whole | Floats, n: int, size: int) -> Floats:
    """(size, u) multiplicities of n draws with replacement."""
    u = times.size
    if u * 8 <= n or u <= 2000:
        return rng.multinomial(n, times / n, size=size).astype(np.float64)
    # Nearly every item is different: drawing items is faster than drawing many binomials.
    owner = np.repeat(np.arange(u), times.astype(np.int64))
    drawn = [np.bincount(owner[rng.integers(0, n, n)], minlength=u) for _ in range(size)]
    return np.array(drawn, dtype=np.float64)
