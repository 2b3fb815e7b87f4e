"""What is drawn about regions of readers: overlap and distance, reader by reader and spread out.

Keys lead back to lines of the report; ``names`` are the readers as they may be shown.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from desktop.exchange.plot_kinds import heat_map, histogram
from desktop.exchange.plots import Axis, Bars, Datum, Guide, Plot
from desktop.workspace.mark_agreement import MarkLine, MarkRow
from desktop.workspace.region_agreement import RegionLine, RegionReport


def dice_map(report: RegionReport, topic: str, names: Sequence[str]) -> Plot:
    """Mean Dice reader by reader for a class; keys are (row, column)."""
    lines = report.of(topic)
    found = _by_pair(report, ((li.first, li.second, li.numbers.dice) for li in lines))
    return _mean_map(found, names, "Dice", 2, "no case marked by either", (0.0, 1.0))


def distance_map(report: RegionReport, row: MarkRow, names: Sequence[str]) -> Plot:
    """Mean distance in mm reader by reader for points or lines; keys are (row, column)."""
    lines = report.marks_of(row.key)
    found = _by_pair(report, ((li.first, li.second, li.distance_mm) for li in lines))
    means = [sum(v) / len(v) for v in found.values()]
    why = "no finding that both marked has a distance in mm"
    ends = (0.0, max([*means, 0.1]))
    return _mean_map(found, names, "distance", 1, why, ends, " mm")


def _by_pair(
    report: RegionReport, values: Iterable[tuple[str, str, float | None]]
) -> dict[tuple[int, int], list[float]]:
    place = {reader: i for i, reader in enumerate(report.readers)}
    found: dict[tuple[int, int], list[float]] = {}
    for first, second, value in values:
        if value is not None:
            a, b = sorted((place[first], place[second]))
            found.setdefault((a, b), []).append(value)
    return found


def _mean_map(
    found: dict[tuple[int, int], list[float]],
    names: Sequence[str],
    what: str,
    digits: int,
    why: str,
    ends: tuple[float, float],
    unit: str = "",
) -> Plot:
    r = len(names)
    values = [[math.nan] * r for _ in range(r)]
    words = [[f"{names[a]} and {names[b]}\nundefined: {why}" for b in range(r)] for a in range(r)]
    for (a, b), told in found.items():
        values[a][b] = values[b][a] = sum(told) / len(told)
        said = f"{names[a]} and {names[b]}\nmean {what} {values[a][b]:.{digits}f}{unit}"
        words[a][b] = words[b][a] = f"{said}\n{len(told):,} pairs"
    for a in range(r):
        words[a][a] = f"{names[a]}: all of this reader's pairs"
    title = f"Mean {what} ({unit.strip()})" if unit else f"Mean {what}, reader by reader"
    plot = heat_map(values, names, names, words=words, ends=ends, title=title, digits=digits)
    return Plot(plot.x, plot.y, plot.layers, plot.title)


def dice_plot(lines: Sequence[RegionLine]) -> Plot:
    """How Dice spreads over pairs of readings; keys are ("bin", low, high)."""
    values = [line.numbers.dice for line in lines if line.numbers.dice is not None]
    counts = [0] * 20
    for value in values:
        counts[min(19, int(value * 20))] += 1
    data = tuple(
        Datum(
            ("bin", k / 20, (k + 1) / 20),
            (k + 0.5) / 20,
            count,
            words=f"Dice {k / 20:.2f} to {(k + 1) / 20:.2f}\n{count:,} pairs",
        )
        for k, count in enumerate(counts)
        if count
    )
    bars = Bars(data, width=0.048)
    upright = Axis("pairs of readings", low=0, whole=True)
    x = Axis("Dice", low=0.0, high=1.0)
    return Plot(x, upright, (bars,) if data else (), "Distribution of Dice")


def distance_plot(lines: Sequence[MarkLine], tolerance_mm: float) -> Plot:
    """How distances spread over pairs of readings; keys are ("bin", low, high) in mm."""
    values = [li.distance_mm for li in lines if li.distance_mm is not None]
    if not values:
        empty = "No pair has a distance in mm: the images have no calibration."
        return Plot(Axis("distance", "mm"), Axis("pairs"), (), "Distances", empty=empty)
    plot = histogram(values, Axis("distance", "mm", low=0.0), "Distances", counted="pairs")
    guide = Guide(f"{tolerance_mm:g} mm", x=tolerance_mm)
    return Plot(plot.x, plot.y, (*plot.layers, guide), plot.title, plot.note)
