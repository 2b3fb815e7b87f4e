"""Which of two was better, who said so, and which side it stood on: the input of every ranking."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from desktop.engines.estimate import tally
from desktop.engines.votes import Floats, Ints

FIRST, TIE, SECOND = 1, 0, -1  # the first of a pair is better, neither, the second
UNKNOWN_SIDE = 0


@dataclass(frozen=True, eq=False)
class Comparisons:
    """m comparisons of n items.

    ``first``, ``second`` : (m,) item indices. ``outcome`` : (m,) 1 where the first is better, -1
    where the second is, 0 for a tie. ``side`` : (m,) 1 where the first stood on the left, -1 where
    the second did, 0 unknown. ``rater`` : (m,) rater index. ``weight`` : (m,) how many times.
    What a reader found unacceptable on both sides or could not judge is not in here: it says
    nothing about which is better.
    """

    n_items: int
    first: Ints
    second: Ints
    outcome: Ints
    side: Ints
    rater: Ints
    weight: Floats

    @classmethod
    def of(
        cls,
        n_items: int,
        first: npt.ArrayLike,
        second: npt.ArrayLike,
        outcome: npt.ArrayLike,
        side: npt.ArrayLike | None = None,
        rater: npt.ArrayLike | None = None,
        weight: npt.ArrayLike | None = None,
    ) -> Comparisons:
        """Checked and with what was left out filled in; ValueError where an index is wrong."""
        i, j = _whole(first), _whole(second)
        count = len(i)
        made = cls(
            n_items=int(n_items),
            first=i,
            second=j,
            outcome=_whole(outcome),
            side=np.zeros(count, np.int64) if side is None else _whole(side),
            rater=np.zeros(count, np.int64) if rater is None else _whole(rater),
            weight=np.ones(count) if weight is None else np.asarray(weight, np.float64),
        )
        made._check()
        return made

    @property
    def n_raters(self) -> int:
        return int(self.rater.max()) + 1 if self.rater.size else 0

    @property
    def has_ties(self) -> bool:
        return bool(np.any((self.outcome == TIE) & (self.weight > 0)))

    @property
    def sides_known(self) -> bool:
        return bool(np.any(self.side != UNKNOWN_SIDE))

    def __len__(self) -> int:
        return len(self.first)

    def take(self, chosen: npt.NDArray[np.bool_] | Ints) -> Comparisons:
        """Some of them."""
        return Comparisons(
            n_items=self.n_items,
            first=self.first[chosen],
            second=self.second[chosen],
            outcome=self.outcome[chosen],
            side=self.side[chosen],
            rater=self.rater[chosen],
            weight=self.weight[chosen],
        )

    def swapped(self, chosen: npt.NDArray[np.bool_]) -> Comparisons:
        """The same comparisons told the other way round where ``chosen``; nothing else changes."""
        turn = np.where(chosen, -1, 1)
        return Comparisons(
            n_items=self.n_items,
            first=np.where(chosen, self.second, self.first),
            second=np.where(chosen, self.first, self.second),
            outcome=self.outcome * turn,
            side=self.side * turn,
            rater=self.rater,
            weight=self.weight,
        )

    def wins(self, tie_share: float = 0.0) -> Floats:
        """(n, n) [winner, loser] weights; each side of a tie gets ``tie_share``."""
        n = self.n_items
        won = np.zeros(n * n)
        for outcome, share in ((FIRST, (1.0, 0.0)), (SECOND, (0.0, 1.0)), (TIE, (tie_share,) * 2)):
            at = self.outcome == outcome
            i, j, w = self.first[at], self.second[at], self.weight[at]
            won += tally(i * n + j, n * n, w * share[0])
            won += tally(j * n + i, n * n, w * share[1])
        return won.reshape(n, n)

    def times_compared(self) -> Floats:
        """(n,) comparisons that each item was in."""
        n = self.n_items
        return tally(self.first, n, self.weight) + tally(self.second, n, self.weight)

    def groups(self) -> Ints:
        """(n,) number of the group of each item: items of two groups were never compared, not even
        through others. The largest group has number 0."""
        return _components(self.n_items, self.first, self.second, "weak")

    def strong_groups(self) -> Ints:
        """(n,) the same for wins: within a group each item has beaten or tied with each other one,
        at least through others. Only one group has a finite ranking without a penalty."""
        beats = self.outcome >= TIE
        loses = self.outcome <= TIE
        winner = np.concatenate((self.first[beats], self.second[loses]))
        loser = np.concatenate((self.second[beats], self.first[loses]))
        return _components(self.n_items, winner, loser, "strong")

    def _check(self) -> None:
        lengths = {len(a) for a in (self.second, self.outcome, self.side, self.rater, self.weight)}
        if lengths - {len(self.first)}:
            raise ValueError("all columns of comparisons have one length")
        if not len(self.first):
            return
        both = np.concatenate((self.first, self.second))
        if both.min() < 0 or both.max() >= self.n_items:
            raise ValueError("an item lies outside the list")
        if np.any(self.first == self.second):
            raise ValueError("an item is compared with itself")
        if np.abs(self.outcome).max() > 1 or np.abs(self.side).max() > 1:
            raise ValueError("outcomes and sides are -1, 0 or 1")
        if self.rater.min() < 0 or not np.all(self.weight >= 0):
            raise ValueError("a rater or a weight is negative")


def _whole(values: npt.ArrayLike) -> Ints:
    return np.asarray(values, dtype=np.int64).reshape(-1)


def _components(n: int, start: Ints, end: Ints, connection: str) -> Ints:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(start)), (start, end)), shape=(n, n)).tocsr()
    _count, label = connected_components(graph, directed=True, connection=connection)
    sizes = np.bincount(label)
    first_seen = np.full(len(sizes), n)
    np.minimum.at(first_seen, label, np.arange(n))
    order = np.lexsort((first_seen, -sizes))
    number = np.empty(len(sizes), np.int64)
    number[order] = np.arange(len(sizes))
    return np.asarray(number[label])
