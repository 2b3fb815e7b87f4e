"""Regions with an inside, compared: overlap, surface, objects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from desktop.gui.plain_table import Head, Row

if TYPE_CHECKING:
    from desktop.engines.mask_agreement import Summary
    from desktop.exchange.plots import Plot
    from desktop.workspace.region_agreement import RegionLine, RegionReport, RegionRow


class AreaBook:
    """Rows are classes, lines are pairs of readings of a case."""

    names = (
        "Regions by class",
        "Regions, reader by reader",
        "Distribution of Dice",
        "Pairs of readings, worst first",
    )
    heads: tuple[Head, ...] = (
        Head("Class", "What readers marked.", 180),
        Head(
            "Pairs",
            "Pairs of closed readings where at least one reader marked the class.",
            70,
            True,
        ),
        Head("Only one marked", "Pairs where one of the two readers marked nothing.", 130, True),
        Head("Dice, mean", "Mean overlap with its 95 % interval; 0 where only one marked.", 170),
        Head("Dice, median", "Half of all pairs lie above; quartiles in brackets.", 170),
        Head("Surface Dice", "Median share of the surface within the tolerance.", 120, True),
        Head("HD95 (mm)", "Median of the distance that 95 % of the surface keep.", 100, True),
        Head("Found", "Objects of one reader that the other marked too (F score).", 110, True),
        Head("Panoptic quality", "Overlap of matched objects times the share matched.", 130, True),
    )
    pair_heads: tuple[Head, ...] = (
        Head("Case", "Enter reads the case.", 110),
        Head("Readers", "Whose regions are compared.", 90),
        Head("Dice", "Overlap of all pixels.", 70, True),
        Head("HD95 (mm)", "Distance that 95 % of the surface keep.", 90, True),
        Head("Objects", "Found of all of the first reader, and those without a partner.", 110),
    )

    def about(self, report: RegionReport) -> str:
        return report.definition

    def nothing(self, report: RegionReport) -> str:
        return "Nobody drew or painted a region with an inside on a case that two readers closed."

    def rows(self, report: RegionReport) -> list[Row]:
        return [_row(row) for row in report.rows]

    def lines(self, report: RegionReport, key: Any) -> list[RegionLine]:
        return report.of(key)

    def map(self, report: RegionReport, key: Any, names: Sequence[str]) -> Plot:
        from desktop.workspace.region_plots import dice_map

        return dice_map(report, key, names)

    def spread(self, report: RegionReport, lines: Sequence[RegionLine]) -> Plot:
        from desktop.workspace.region_plots import dice_plot

        return dice_plot(lines)

    def value(self, line: RegionLine) -> float | None:
        return line.numbers.dice or 0.0

    def row(self, line: RegionLine, readers: str) -> Row:
        from desktop.workspace.region_agreement import line_words

        n = line.numbers
        return Row(
            (line.case_id, line.first, line.second),
            (
                line.title,
                readers,
                two_digits(n.dice),
                "–" if n.hd95_mm is None else f"{n.hd95_mm:.1f}",
                f"{n.found}/{n.present}, +{n.false}",
            ),
            f"{line.title}\n{line_words(line)}\nEnter reads the case.",
            "warn" if n.presence.value.startswith("only") else "muted",
        )


def _row(row: RegionRow) -> Row:
    mean = two_digits(row.dice.mean)
    if row.dice_interval is not None:
        mean += f" ({row.dice_interval.low:.2f} to {row.dice_interval.high:.2f})"
    return Row(
        row.topic,
        (
            row.title,
            f"{row.compared:,}",
            f"{row.one_only:,}",
            mean,
            quartiles(row.dice),
            two_digits(row.surface_dice.median),
            "–" if row.hd95_mm.median is None else f"{row.hd95_mm.median:.1f}",
            two_digits(row.objects.f_score),
            two_digits(row.quality.quality),
        ),
        f"{row.title}\n{row.neither:,} pairs of readings agree that there is none.\n"
        f"{row.surface_dice.undefined:,} without a surface in mm.",
        "text",
    )


def two_digits(value: float | None) -> str:
    """A number for a column."""
    return "undefined" if value is None or math.isnan(value) else f"{value:.2f}"


def quartiles(told: Summary) -> str:
    """Median with quartiles for a column."""
    if told.median is None or told.low_quartile is None or told.high_quartile is None:
        return "undefined"
    return f"{told.median:.2f} ({told.low_quartile:.2f} to {told.high_quartile:.2f})"
