"""Points and lines of readers, compared: how far apart, and how long, in mm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from desktop.gui.quality.quality_areas import quartiles
from desktop.gui.widgets.plain_table import Head, Row

if TYPE_CHECKING:
    from desktop.exchange.plots import Axis, Plot
    from desktop.workspace.quality.mark_agreement import MarkLine, MarkRow
    from desktop.workspace.quality.region_agreement import RegionReport
    from desktop.workspace.quality.region_metrics import Metric


class MarkBook:
    """Rows are the points or the lines of a class, lines of the list are pairs of readings."""

    names = (
        "Points and lines by class",
        "Distance, reader by reader",
        "Distribution of distances",
        "Pairs of points and lines, worst first",
    )
    heads: tuple[Head, ...] = (
        Head("Class", "What readers marked.", 180),
        Head("Shape", "Points, or lines (rulers).", 70),
        Head("Pairs", "Points or lines that both readers marked.", 70, True),
        Head("Only one marked", "Points or lines that one of the two readers marked.", 130, True),
        Head("Distance, mean (mm)", "Mean with its 95 % interval; of lines: of their ends.", 170),
        Head("Distance, median (mm)", "Half lie above; quartiles in brackets.", 170),
        Head("Within", "Share of pairs no farther apart than the tolerance.", 150),
        Head("Length difference (mm)", "Median difference of the lengths of lines.", 176),
        Head("mm from", "What the millimetres rest on.", 150),
    )
    pair_heads: tuple[Head, ...] = (
        Head("Case", "Enter reads the case.", 110),
        Head("Readers", "Whose points or lines are compared.", 80),
        Head("Distance (mm)", "Of the points, or of the ends of the lines.", 116, True),
        Head("Lengths (mm)", "Of the first and of the second reader.", 110),
    )

    def about(self, report: RegionReport) -> str:
        from desktop.workspace.quality.mark_agreement import DEFINITION

        return DEFINITION

    def nothing(self, report: RegionReport) -> str:
        return "Nobody set a point or drew a line on a case that two readers closed."

    def rows(self, report: RegionReport) -> list[Row]:
        return [_row(row, report.tolerance_mm) for row in report.mark_rows]

    def lines(self, report: RegionReport, key: Any) -> list[MarkLine]:
        return report.marks_of(key)

    def map(self, report: RegionReport, key: Any, names: Sequence[str]) -> Plot:
        from desktop.workspace.quality.region_plots import distance_map

        row = next(r for r in report.mark_rows if r.key == key)
        return distance_map(report, row, names)

    def spread(self, report: RegionReport, lines: Sequence[MarkLine]) -> Plot:
        from desktop.workspace.quality.region_plots import distance_plot

        return distance_plot(lines, report.tolerance_mm)

    metrics: tuple[Metric, ...] = ()

    def choose(self, number: int) -> None:
        """There is one number only."""

    def axis(self) -> Axis:
        from desktop.exchange.plots import Axis

        return Axis("distance", "mm", low=0.0)

    def value(self, line: MarkLine) -> float | None:
        return line.distance_mm

    def row(self, line: MarkLine, readers: str) -> Row:
        from desktop.workspace.quality.mark_agreement import mark_words

        alone = line.presence.value.startswith("only")
        far = "one only" if alone else _mm(line.distance_mm)
        lengths = "–"
        if line.lengths_mm is not None:
            lengths = f"{line.lengths_mm[0]:.1f}, {line.lengths_mm[1]:.1f}"
        return Row(
            (line.case_id, line.first, line.second),
            (line.title, readers, far, lengths),
            f"{line.title}\n{mark_words(line)}\nEnter reads the case.",
            "warn" if alone else "muted",
        )


def _row(row: MarkRow, tolerance_mm: float) -> Row:
    from desktop.workspace.quality.quality_report_regions import sources_words, within_words

    mean = _mm(row.distance_mm.mean)
    if row.distance_interval is not None:
        mean += f" ({row.distance_interval.low:.1f} to {row.distance_interval.high:.1f})"
    within = "undefined" if row.within.value is None else f"{row.within.value:.0%}"
    return Row(
        row.key,
        (
            row.title,
            row.shape,
            f"{row.matched:,}",
            f"{row.alone:,}",
            mean,
            quartiles(row.distance_mm),
            within,
            _mm(row.length_difference_mm.median) if row.is_line else "–",
            sources_words(row),
        ),
        f"{row.title}, {row.shape}s\nWithin {tolerance_mm:g} mm: {within_words(row)}\n"
        f"Millimetres from: {sources_words(row)}",
        "text",
    )


def _mm(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.1f}"
