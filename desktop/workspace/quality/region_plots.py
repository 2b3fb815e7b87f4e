"""What is drawn about regions of readers: overlap and distance, reader by reader and spread out.

Keys lead back to lines of the report; ``names`` are the readers as they may be shown.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence

from desktop.exchange.plot_kinds import forest, heat_map, histogram
from desktop.exchange.plots import Axis, Bars, Datum, Guide, Line, Plot
from desktop.workspace.quality.case_intervals import mean_interval
from desktop.workspace.quality.mark_agreement import MarkLine, MarkRow
from desktop.workspace.quality.region_agreement import RegionReport
from desktop.workspace.quality.region_metrics import Metric
from desktop.workspace.quality.region_rows import RegionLine


def metric_map(report: RegionReport, topic: str, metric: Metric, names: Sequence[str]) -> Plot:
    """A metric's mean reader by reader for a class; keys are (row, column)."""
    lines = report.of(topic)
    found = _by_pair(report, ((li.first, li.second, metric.of(li.numbers)) for li in lines))
    means = [sum(v) / len(v) for v in found.values()]
    ends = (0.0, metric.largest or max([*means, 0.1]))
    unit = f" {metric.unit}" if metric.unit else ""
    why = f"no pair of readings has a {metric.name}"
    return _mean_map(found, names, metric.name, metric.digits, why, ends, unit)


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


def metric_plot(lines: Sequence[RegionLine], metric: Metric) -> Plot:
    """How a metric spreads over pairs of readings; keys are ("bin", low, high)."""
    values = [v for line in lines if (v := metric.of(line.numbers)) is not None]
    title = f"Distribution of {metric.name}"
    if metric.largest is None:
        axis = Axis(metric.name, metric.unit, low=0.0)
        if not values:
            empty = f"No pair of readings has a {metric.name}: one marked nothing, or no mm."
            return Plot(axis, Axis("pairs"), (), title, empty=empty)
        return histogram(values, axis, title, counted="pairs of readings")
    counts = [0] * 20
    for value in values:
        counts[min(19, int(value * 20))] += 1
    data = tuple(
        Datum(
            ("bin", k / 20, (k + 1) / 20),
            (k + 0.5) / 20,
            count,
            words=f"{metric.name} {k / 20:.2f} to {(k + 1) / 20:.2f}\n{count:,} pairs",
        )
        for k, count in enumerate(counts)
        if count
    )
    bars = Bars(data, width=0.048)
    upright = Axis("pairs of readings", low=0, whole=True)
    x = Axis(metric.name, low=0.0, high=1.0)
    return Plot(x, upright, (bars,) if data else (), title)


def distance_plot(lines: Sequence[MarkLine], tolerance_mm: float) -> Plot:
    """How distances spread over pairs of readings; keys are ("bin", low, high) in mm."""
    values = [li.distance_mm for li in lines if li.distance_mm is not None]
    if not values:
        empty = "No pair has a distance in mm: the images have no calibration."
        return Plot(Axis("distance", "mm"), Axis("pairs"), (), "Distances", empty=empty)
    plot = histogram(values, Axis("distance", "mm", low=0.0), "Distances", counted="pairs")
    guide = Guide(f"{tolerance_mm:g} mm", x=tolerance_mm)
    return Plot(plot.x, plot.y, (*plot.layers, guide), plot.title, plot.note)


Told = Sequence[tuple[str, float | None]]  # case and number of a pair of readings


def group_plot(report: RegionReport, told: Told, what: str, axis: Axis) -> Plot:
    """Mean by modality or site; keys are their names."""
    if what == "site" and not any(f.site for f in report.facts.values()):
        empty = "No case has a site. Tag cases with site:NAME in the work list."
        return Plot(Axis(), Axis(), (), "By site", empty=empty)
    rows = []
    for name in sorted({group_of(report, case_id, what) for case_id, _v in told}):
        own = [(c, v) for c, v in told if group_of(report, c, what) == name and v is not None]
        if own:
            mean, low, high = _mean(report, own)
            rows.append((name, f"{name or f'no {what}'} ({len(own):,})", mean, low, high))
    note = "Mean of the pairs of readings with its 95 % interval (patients resampled)."
    plot = forest(rows, axis, f"By {what}")
    empty = "No pair of readings has this number."
    return Plot(plot.x, plot.y, plot.layers if rows else (), plot.title, note, empty)


def drift_plot(
    report: RegionReport, told: Told, axis: Axis
) -> tuple[Plot, dict[Hashable, frozenset[str]]]:
    """Mean over time, in stretches of equally many cases; and the cases of each stretch."""
    known = [(c, v) for c, v in told if v is not None and math.isfinite(_closed(report, c))]
    cases = sorted({c for c, _v in known}, key=lambda c: (_closed(report, c), c))
    count = max(1, min(12, len(cases) // 10))
    size = -(-len(cases) // count)
    behind: dict[Hashable, frozenset[str]] = {}
    data = []
    for number in range(count):
        some = cases[number * size : (number + 1) * size]
        own = [(c, v) for c, v in known if c in set(some)]
        if not own:
            continue
        mean, low, high = _mean(report, own)
        start, end = _closed(report, some[0]), _closed(report, some[-1])
        dates = Axis(dates=True)
        words = (
            f"{dates.words(start)} to {dates.words(end)}\n{axis.words(mean)}, {len(own):,} pairs"
        )
        ends = (low, high) if math.isfinite(low) else (None, None)
        data.append(Datum(number, (start + end) / 2, mean, ends[0], ends[1], words))
        behind[number] = frozenset(some)
    note = "Mean with its 95 % interval; stretches of equally many cases, by when they were closed."
    lines = (Line(tuple(data), ink="accent"),) if data else ()
    empty = "No pair of readings has this number."
    return Plot(Axis("date (UTC)", dates=True), axis, lines, "Over time", note, empty), behind


def group_of(report: RegionReport, case_id: str, what: str) -> str:
    """The modality or site of a case."""
    fact = report.facts.get(case_id)
    return "" if fact is None else fact.site if what == "site" else fact.modality


def _mean(report: RegionReport, told: Sequence[tuple[str, float]]) -> tuple[float, float, float]:
    interval = mean_interval([(patient_of(report, c), v) for c, v in told])
    mean = sum(v for _c, v in told) / len(told)
    return (mean, interval.low, interval.high) if interval else (mean, math.nan, math.nan)


def patient_of(report: RegionReport, case_id: str) -> str:
    """Whose case it is; the case itself where that is not known."""
    fact = report.facts.get(case_id)
    return fact.patient or case_id if fact is not None else case_id


def _closed(report: RegionReport, case_id: str) -> float:
    return report.closed.get(case_id, math.nan)
