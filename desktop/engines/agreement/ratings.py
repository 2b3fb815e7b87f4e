"""Who gave which answer to which item: the input of every agreement coefficient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

MISSING = -1


@dataclass(frozen=True, eq=False)
class Patterns:
    """The different rows of a rating matrix and how often each occurs.

    A hundred thousand items rated by five readers have a few thousand different rows at most;
    sums and resampling then cost what the patterns cost, not what the items cost.

    ``rows``: (u, r) category index, -1 where no answer. ``times``: (u,) number of items.
    ``of_item``: (n,) row of each item.
    """

    rows: Whole
    times: Whole
    of_item: Whole


@dataclass(frozen=True, eq=False)
class Ratings:
    """Answers of r readers to n items.

    ``codes``: (n, r) index into ``categories``, -1 where a reader did not answer.
    ``categories``: names, from the schema: a category that nobody chose still counts for q.
    ``positions``: (q,) place of each category on its scale; 1, 2, 3 ... unless told.
    ``readers``: r names. ``named``: False where only counts were known, so that columns mean
    nothing and coefficients that need to know the reader refuse.
    """

    codes: Whole
    categories: tuple[str, ...]
    positions: Floats
    readers: tuple[str, ...]
    named: bool = True

    def __post_init__(self) -> None:
        if self.codes.ndim != 2:
            raise ValueError("codes must be (items, readers)")
        if self.codes.size and (
            self.codes.min() < MISSING or self.codes.max() >= len(self.categories)
        ):
            raise ValueError("a code lies outside the categories")
        if self.positions.shape != (len(self.categories),):
            raise ValueError("one position for each category is needed")
        if len(self.readers) != self.codes.shape[1]:
            raise ValueError("one name for each reader is needed")

    @classmethod
    def of_codes(
        cls,
        codes: npt.ArrayLike,
        categories: int | Sequence[str],
        *,
        positions: npt.ArrayLike | None = None,
        readers: Sequence[str] = (),
    ) -> Ratings:
        """From category indices (n, r), -1 for no answer; ``categories``: names or how many."""
        table = np.asarray(codes, dtype=np.int64)
        names = (
            tuple(str(k + 1) for k in range(categories))
            if isinstance(categories, int)
            else tuple(categories)
        )
        places = np.arange(1, len(names) + 1) if positions is None else positions
        return cls(
            codes=table,
            categories=names,
            positions=np.asarray(places, dtype=np.float64),
            readers=tuple(readers) or _letters(table.shape[1]),
        )

    @classmethod
    def of_values(
        cls,
        values: npt.ArrayLike,
        *,
        categories: npt.ArrayLike | None = None,
        readers: Sequence[str] = (),
    ) -> Ratings:
        """From numbers (n, r), NaN for no answer; categories are the numbers that occur if absent.

        Raises ValueError where a number is not among the given categories, or is infinite.
        """
        table = np.asarray(values, dtype=np.float64)
        if np.isinf(table).any():
            raise ValueError("an infinite number is no answer")
        known = ~np.isnan(table)
        if categories is None:
            scale = np.unique(table[known])
        else:
            scale = np.unique(np.asarray(categories, dtype=np.float64))
        codes = np.full(table.shape, MISSING, dtype=np.int64)
        codes[known] = np.searchsorted(scale, table[known])
        if known.any() and (
            codes.max() >= scale.size or not np.array_equal(scale[codes[known]], table[known])
        ):
            raise ValueError("a value is not among the categories")
        return cls.of_codes(codes, [f"{v:g}" for v in scale], positions=scale, readers=readers)

    @classmethod
    def of_table(cls, table: npt.ArrayLike, categories: Sequence[str] = ()) -> Ratings:
        """From a (q, q) table of two readers: rows are the first reader's answers."""
        cells = np.asarray(table)
        if cells.ndim != 2 or cells.shape[0] != cells.shape[1] or (cells < 0).any():
            raise ValueError("a table must be square and not negative")
        if not np.array_equal(cells, np.floor(cells)):
            raise ValueError("a table holds whole numbers of items")
        first, second = np.indices(cells.shape)
        times = cells.astype(np.int64).ravel()
        codes = np.stack([np.repeat(first.ravel(), times), np.repeat(second.ravel(), times)], 1)
        return cls.of_codes(codes, tuple(categories) or cells.shape[0])

    @classmethod
    def of_counts(cls, counts: npt.ArrayLike, categories: Sequence[str] = ()) -> Ratings:
        """From how many readers chose each category, (n, q) whole numbers; readers unknown."""
        table = np.asarray(counts)
        if table.ndim != 2 or (table < 0).any() or not np.array_equal(table, np.floor(table)):
            raise ValueError("counts must be whole numbers, (items, categories)")
        table = table.astype(np.int64)
        n, q = table.shape
        per_item = table.sum(axis=1)
        codes = np.full((n, int(per_item.max(initial=0))), MISSING, dtype=np.int64)
        filled = np.arange(codes.shape[1]) < per_item[:, None]
        codes[filled] = np.repeat(np.tile(np.arange(q), n), table.ravel())
        made = cls.of_codes(codes, tuple(categories) or q)
        return cls(made.codes, made.categories, made.positions, made.readers, named=False)

    @property
    def n(self) -> int:
        """Number of items, rated or not."""
        return int(self.codes.shape[0])

    @property
    def q(self) -> int:
        """Number of categories."""
        return len(self.categories)

    @cached_property
    def per_item(self) -> Whole:
        """(n,) number of answers to each item."""
        return np.asarray((self.codes >= 0).sum(axis=1), dtype=np.int64)

    @cached_property
    def patterns(self) -> Patterns:
        """The different rows; readers keep their columns."""
        return patterns_of(self.codes, self.q)

    @cached_property
    def count_patterns(self) -> Patterns:
        """The different rows when it doesn't matter who gave which answer."""
        known = self.patterns
        again = patterns_of(np.sort(known.rows, axis=1), self.q)
        times = np.bincount(again.of_item, weights=known.times, minlength=len(again.rows))
        return Patterns(again.rows, times.astype(np.int64), again.of_item[known.of_item])

    def shares(self) -> Floats:
        """(q,) share of each category among all answers; zeros where there is none."""
        given = self.codes[self.codes >= 0]
        return np.bincount(given, minlength=self.q) / max(1, given.size)

    def confusion(self, first: int, second: int) -> Whole:
        """(q, q) items by the answers of two readers; items that one left open don't count."""
        a, b = self.codes[:, first], self.codes[:, second]
        both = (a >= 0) & (b >= 0)
        cells = np.bincount(a[both] * self.q + b[both], minlength=self.q**2)
        return np.asarray(cells.reshape(self.q, self.q), dtype=np.int64)

    def items(self, keep: npt.NDArray[Any]) -> Ratings:
        """Only these items (a bool mask or indices)."""
        return Ratings(self.codes[keep], self.categories, self.positions, self.readers, self.named)

    def of_readers(self, columns: Sequence[int]) -> Ratings:
        """Only these readers, in this order."""
        return Ratings(
            self.codes[:, list(columns)],
            self.categories,
            self.positions,
            tuple(self.readers[c] for c in columns),
            self.named,
        )

    def against_rest(self, category: int) -> Ratings:
        """The same answers as a yes/no question: this category, or another one."""
        codes = np.where(self.codes < 0, MISSING, (self.codes == category).astype(np.int64))
        names = ("other", self.categories[category])
        return Ratings(codes, names, np.array([1.0, 2.0]), self.readers, self.named)


def patterns_of(codes: Whole, q: int) -> Patterns:
    """The different rows of (n, r) codes in -1..q-1, sorted; how often, and where they occur."""
    n, r = codes.shape
    if n == 0:
        return Patterns(codes.copy(), np.zeros(0, np.int64), np.zeros(0, np.int64))
    if r * np.log2(q + 1) >= 62:
        rows, of_item, times = np.unique(codes, axis=0, return_inverse=True, return_counts=True)
        return Patterns(rows, times.astype(np.int64), of_item.ravel().astype(np.int64))
    # Rows as numbers to the base q + 1: sorting numbers is many times faster than sorting rows.
    places = (q + 1) ** np.arange(r - 1, -1, -1, dtype=np.int64)
    numbers = (codes + 1) @ places
    if (q + 1) ** r <= max(4 * n, 1 << 16):
        seen = np.bincount(numbers, minlength=0)
        unique = np.flatnonzero(seen)
        rank = np.zeros(seen.size, dtype=np.int64)
        rank[unique] = np.arange(unique.size)
        of_item, times = rank[numbers], seen[unique]
    else:
        unique, of_item, times = np.unique(numbers, return_inverse=True, return_counts=True)
    rows = unique[:, None] // places % (q + 1) - 1
    return Patterns(rows, times.astype(np.int64), of_item.ravel().astype(np.int64))


def count_rows(rows: Whole, q: int) -> Floats:
    """(u, q) number of readers per category in each of (u, r) rows of codes."""
    u, _ = rows.shape
    item, reader = np.nonzero(rows >= 0)
    cells = np.bincount(item * q + rows[item, reader], minlength=u * q)
    return cells.reshape(u, q).astype(np.float64)


def _letters(r: int) -> tuple[str, ...]:
    """Names for readers who have none: A to Z, then R27 and so on."""
    return tuple(chr(65 + k) if k < 26 else f"R{k + 1}" for k in range(r))
