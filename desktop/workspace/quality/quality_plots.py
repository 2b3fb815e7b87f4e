"""What the quality page and the report draw, as plots; keys lead back to items.

``names`` are the readers as they may be shown: letters, or names once somebody asked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from desktop.engines.agreement.agreement_result import Agreement
from desktop.engines.agreement.ratings import Floats
from desktop.exchange.plot_kinds import bland_altman, confusion, forest, heat_map, histogram
from desktop.exchange.plots import Axis, Datum, Guide, Line, Plot, number_words
from desktop.workspace.quality.quality_board import Board
from desktop.workspace.quality.quality_detail import Stretch, TopicDetail

MOST_POINTS = 2000


def board_plot(board: Board) -> Plot:
    """Every row's coefficient with its interval; keys are topics."""
    rows = [
        (row.topic.key, row.topic.title, *_bounds(row.agreement))
        for row in board.rows
        if row.agreement.value is not None
    ]
    note = "Dot: coefficient; line: 95 % interval. 0 is what chance would give, 1 full agreement."
    lowest = min((low for *_r, low, _h in rows if math.isfinite(low)), default=0.0)
    axis = Axis("agreement", low=min(0.0, math.floor(lowest * 10) / 10), high=1.0)
    plot = forest(rows, axis, "Agreement by question and class")
    return Plot(plot.x, plot.y, plot.layers, plot.title, note, "Nothing was read twice yet.")


def pair_plot(detail: TopicDetail, names: Sequence[str]) -> Plot:
    """Reader by reader; keys are (row, column)."""
    r = len(detail.readers)
    values = [[math.nan] * r for _ in range(r)]
    words = [[f"{names[a]}: all cases of this reader"] * r for a in range(r)]
    for cell in detail.pairs:
        a, b, told = cell.first, cell.second, cell.agreement
        values[a][b] = values[b][a] = math.nan if told.value is None else told.value
        said = f"{names[a]} and {names[b]}\n{told.text}\n{told.items:,} items both answered"
        said += f"\n{told.undefined}" if told.undefined else ""
        said += "\nToo few to mean much" if told.thin and not told.undefined else ""
        words[a][b] = words[b][a] = said
    low = min((v for line in values for v in line if v < 0), default=0.0)
    plot = heat_map(values, names, names, words=words, ends=(low, 1.0), title="Reader by reader")
    empty = "Nobody has read the same case as another reader yet."
    return Plot(plot.x, plot.y, plot.layers if r else (), plot.title, _coefficient(detail), empty)


def confusion_plot(detail: TopicDetail, first: int, second: int, names: Sequence[str]) -> Plot:
    """What one reader said against the other; keys are (row, column)."""
    categories, table = detail.confusion(first, second)
    sides = (names[first], names[second])
    return confusion(table.tolist(), categories, sides, "What both said")


def difference_plot(detail: TopicDetail, first: int, second: int, names: Sequence[str]) -> Plot:
    """Bland-Altman of two readers; keys are item numbers."""
    limits, points = detail.differences(first, second)
    shown = points
    if len(points) > MOST_POINTS:
        step = np.linspace(0, len(points) - 1, MOST_POINTS).astype(int)
        shown = [points[i] for i in step]
    unit = detail.topic.question.unit or ("days" if detail.topic.kind.value == "date" else "")
    plot = bland_altman(
        shown,
        math.nan if limits.bias is None else limits.bias,
        tuple(math.nan if v is None else v for v in (limits.low, limits.high)),  # type: ignore[arg-type]
        unit,
        (names[first], names[second]),
        "Differences",
    )
    note = limits.undefined or f"{limits.n:,} items. Lines: bias and 95 % limits of agreement."
    if limits.bias_interval is not None:
        low, high = limits.bias_interval.low, limits.bias_interval.high
        note += f" Bias 95 % interval {number_words(low)} to {number_words(high)} {unit}".rstrip()
        note += "."
    if limits.slope_p is not None and limits.slope_p < 0.05:
        note += " The difference changes with the size, so one pair of limits does not hold."
    if len(points) > len(shown):
        note += f" {len(shown):,} of {len(points):,} points are drawn."
    return Plot(plot.x, plot.y, plot.layers, plot.title, note)


def class_plot(detail: TopicDetail) -> Plot:
    """Each answer against all others; keys are category numbers."""
    rows = [
        (number, f"{one.category} ({one.share:.0%})", *_bounds(one.agreement))
        for number, one in enumerate(detail.classes)
        if one.agreement.value is not None
    ]
    axis = Axis("agreement, this answer or another", low=0.0, high=1.0)
    plot = forest(rows, axis, "Per answer")
    undefined = [o.category for o in detail.classes if o.agreement.value is None]
    note = "In brackets: share of all answers. Krippendorff's alpha with 95 % interval."
    note += f" Undefined: {', '.join(undefined)}." if undefined else ""
    return Plot(plot.x, plot.y, plot.layers, plot.title, note, "Answers have no categories here.")


def drift_plot(stretches: Sequence[Stretch], coefficient: str) -> Plot:
    """Agreement over time; keys are numbers of stretches."""
    data = tuple(
        Datum(
            s.number,
            (s.start + s.end) / 2,
            math.nan if s.agreement.value is None else s.agreement.value,
            low=s.agreement.interval.low if s.agreement.interval else None,
            high=s.agreement.interval.high if s.agreement.interval else None,
            words=f"{Axis(dates=True).words(s.start)} to {Axis(dates=True).words(s.end)}\n"
            f"{s.agreement.text}\n{s.agreement.items:,} items",
        )
        for s in stretches
    )
    lowest = min((d.low if d.low is not None else d.y for d in data), default=0.0)
    axis = Axis("agreement", low=min(0.0, lowest if math.isfinite(lowest) else 0.0), high=1.0)
    note = f"{coefficient}; stretches of equally many items, by the time of the last answer."
    empty = "No item has answers of two readers."
    lines = (Line(data, ink="accent"),)
    return Plot(Axis("date (UTC)", dates=True), axis, lines, "Over time", note, empty)


def group_plot(detail: TopicDetail) -> Plot:
    """Agreement by modality; keys are modalities."""
    return _by_group(detail, detail.groups, "modality")


def site_plot(detail: TopicDetail) -> Plot:
    """Agreement by site; keys are sites."""
    if not any(name for name, _told in detail.sites):
        empty = "No case has a site. Tag cases with site:NAME in the work list."
        return Plot(Axis(), Axis(), (), "By site", empty=empty)
    return _by_group(detail, detail.sites, "site")


def _by_group(detail: TopicDetail, groups: Sequence[tuple[str, Agreement]], what: str) -> Plot:
    rows = [
        (name, name or f"no {what}", *_bounds(told))
        for name, told in groups
        if told.value is not None
    ]
    undefined = [f"{name or f'no {what}'}: {told.undefined}" for name, told in groups
                 if told.undefined]  # fmt: skip
    ends = [v for row in rows for v in row[2:4] if math.isfinite(v)]
    axis = Axis("agreement", low=math.floor(min([0.0, *ends]) * 10) / 10, high=1.0)
    plot = forest(rows, axis, f"By {what}")
    note = " ".join([_coefficient(detail), *undefined])
    return Plot(plot.x, plot.y, plot.layers if rows else (), plot.title, note, note)


def time_plot(seconds: Floats) -> Plot:
    """Active time per case and reader; keys are ("bin", low, high)."""
    known = seconds[np.isfinite(seconds)]
    if known.size == 0:
        empty = "No working time was counted for these cases."
        return Plot(Axis("active time", "s"), Axis("readings"), (), "Active time", empty=empty)
    most = float(np.quantile(known, 0.99))
    plot = histogram(
        known[known <= most].tolist(), Axis("active time", "s"), "Active time", counted="readings"
    )
    median = float(np.median(known))
    low, high = (float(q) for q in np.quantile(known, [0.25, 0.75]))
    note = (
        f"Median {number_words(median)} s, half of all {known.size:,} readings between "
        f"{number_words(low)} and {number_words(high)} s."
    )
    left = int((known > most).sum())
    note += f" {left} longer than {number_words(most)} s are not drawn." if left else ""
    return Plot(plot.x, plot.y, (*plot.layers, Guide("median", x=median)), plot.title, note)


def _coefficient(detail: TopicDetail) -> str:
    return f"{detail.agreement.name}."


def _bounds(told: Agreement) -> tuple[float, float, float]:
    """Value, low, high; NaN where there is none."""
    value = math.nan if told.value is None else told.value
    if told.interval is None:
        return value, math.nan, math.nan
    return value, told.interval.low, told.interval.high
