"""Plots that are asked for often, made from numbers: one function per kind.

The numbers (coefficients, limits, intervals) come from the engines; nothing is estimated here
but the counts of a histogram.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

from desktop.exchange.plots import Axis, Bars, Cells, Datum, Guide, Line, Plot, Points


def histogram(
    values: Sequence[float], axis: Axis, title: str = "", bins: int = 0, counted: str = "cases"
) -> Plot:
    """How often values fall into bins of one width; keys are ("bin", low, high).

    ``bins`` 0 takes Freedman and Diaconis' width, at most 40 bins.
    """
    kept = sorted(v for v in values if math.isfinite(v))
    upright = Axis(counted, low=0, whole=True)
    if not kept:
        return Plot(axis, upright, (), title)
    low, high = kept[0], kept[-1]
    count = bins or _bin_count(kept)
    width = (high - low) / count or 1.0
    tallies = [0] * count
    for value in kept:
        tallies[min(count - 1, int((value - low) / width))] += 1
    data = []
    for index, tally in enumerate(tallies):
        start, end = low + index * width, low + (index + 1) * width
        words = f"{axis.words(start)} to {axis.words(end)}\n{tally} {counted}"
        data.append(Datum(("bin", start, end), (start + end) / 2, tally, words=words))
    return Plot(axis, upright, (Bars(tuple(data), width=width * 0.96),), title)


def _bin_count(ordered: Sequence[float]) -> int:
    n = len(ordered)
    spread = ordered[(3 * n) // 4 if n > 1 else 0] - ordered[n // 4]
    width = 2 * spread / math.cbrt(n)
    span = ordered[-1] - ordered[0]
    if width <= 0 or span <= 0:
        return max(1, min(10, len(set(ordered))))
    return max(1, min(40, math.ceil(span / width)))


def bland_altman(
    pairs: Sequence[tuple[Hashable, float, float]],
    bias: float,
    limits: tuple[float, float],
    unit: str = "",
    names: tuple[str, str] = ("A", "B"),
    title: str = "",
) -> Plot:
    """Difference against mean of two measurements per item, with bias and limits of agreement.

    ``pairs`` holds (key, first, second); the difference is first minus second.
    """
    data = tuple(Datum(key, (a + b) / 2, a - b) for key, a, b in pairs)
    x, y = Axis("mean of both", unit), Axis(f"{names[0]} − {names[1]}", unit)
    lines: tuple[Guide, ...] = ()
    if math.isfinite(bias):
        lines = (
            Guide("", y=0.0, ink="line", dashed=False),
            Guide(f"bias {y.words(bias)}", y=bias, ink="accent", dashed=False),
        )
    lines += tuple(
        Guide(f"limit {y.words(limit)}", y=limit) for limit in limits if math.isfinite(limit)
    )
    return Plot(x, y, (*lines, Points(data, ink="accent")), title)


def confusion(
    counts: Sequence[Sequence[int]],
    names: Sequence[str],
    sides: tuple[str, str] = ("given", "other"),
    title: str = "",
) -> Plot:
    """A table of counts, rows ``sides[0]``, columns ``sides[1]``; keys are (row, column).

    Colour is the share of the row, so that rare classes are seen as well.
    """
    values, texts, words, keys = [], [], [], []
    for row, line in enumerate(counts):
        whole = sum(line)
        values.append(tuple(count / whole if whole else math.nan for count in line))
        texts.append(tuple(str(count) for count in line))
        words.append(
            tuple(
                f"{sides[0]}: {names[row]}\n{sides[1]}: {names[column]}\n"
                f"{count} of {whole} in this row"
                for column, count in enumerate(line)
            )
        )
        keys.append(tuple((row, column) for column in range(len(line))))
    cells = Cells(
        tuple(values), tuple(texts), tuple(words), tuple(keys), ink="danger", diagonal="ok"
    )
    both = tuple(names)
    return Plot(Axis(sides[1], names=both), Axis(sides[0], names=both), (cells,), title)


def heat_map(
    values: Sequence[Sequence[float]],
    rows: Sequence[str],
    columns: Sequence[str],
    titles: tuple[str, str] = ("", ""),
    words: Sequence[Sequence[str]] = (),
    ends: tuple[float, float] = (0.0, 1.0),
    title: str = "",
    digits: int = 2,
) -> Plot:
    """Coloured cells; keys are (row, column), undefined ones stay empty and say so."""
    texts = tuple(
        tuple("–" if math.isnan(v) else f"{v:.{digits}f}".replace("-", "−") for v in line)
        for line in values
    )
    keys = tuple(tuple((r, c) for c in range(len(line))) for r, line in enumerate(values))
    cells = Cells(
        tuple(tuple(line) for line in values),
        texts,
        tuple(tuple(line) for line in words),
        keys,
        low=min(ends[0], -ends[1]) if ends[0] < 0 else ends[0],
        high=ends[1],
        middle=max(0.0, ends[0]),
    )
    x, y = Axis(titles[1], names=tuple(columns)), Axis(titles[0], names=tuple(rows))
    return Plot(x, y, (cells,), title)


def reliability(
    bins: Sequence[tuple[Hashable, float, float, float, float, int]], title: str = ""
) -> Plot:
    """Said probability against found share: (key, said, found, low, high, n) per bin."""
    data = tuple(
        Datum(
            key,
            said,
            found,
            low,
            high,
            f"said {said * 100:.0f} %, found {found * 100:.0f} %"
            f" ({low * 100:.0f} to {high * 100:.0f} %)\n{n} items",
        )
        for key, said, found, low, high, n in bins
    )
    ideal = Guide("as said", points=((0.0, 0.0), (1.0, 1.0)))
    said_axis = Axis("said probability", percent=True, low=0.0, high=1.0)
    found_axis = Axis("found share", percent=True, low=0.0, high=1.0)
    return Plot(said_axis, found_axis, (ideal, Line(data, ink="accent")), title)


def forest(
    rows: Sequence[tuple[Hashable, str, float, float, float]],
    axis: Axis,
    title: str = "",
    guides: Sequence[Guide] = (),
) -> Plot:
    """One named value with its interval per row: (key, name, value, low, high)."""
    data = tuple(
        Datum(
            key,
            value,
            float(index),
            low if math.isfinite(low) else None,
            high if math.isfinite(high) else None,
        )
        for index, (key, _name, value, low, high) in enumerate(rows)
    )
    names = Axis(names=tuple(name for _key, name, *_rest in rows))
    return Plot(axis, names, (*guides, Points(data, ink="accent", lying=True)), title)
