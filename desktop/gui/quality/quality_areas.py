"""Regions with an inside, compared: overlap, surface, objects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from desktop.gui.quality.quality_table import agreement_words
from desktop.gui.widgets.plain_table import Head, Row

if TYPE_CHECKING:
    from desktop.engines.agreement.mask_agreement import Summary
    from desktop.exchange.plots import Axis, Plot
    from desktop.workspace.quality.region_agreement import RegionReport
    from desktop.workspace.quality.region_metrics import Metric
    from desktop.workspace.quality.region_rows import RegionLine, RegionRow


class AreaBook:
    """Rows are classes, lines are pairs of readings of a case."""

    names = (
        "Regions by class",
        "Regions, reader by reader",
        "Distribution of Dice",
        "Pairs of readings, worst first",
    )
    heads: tuple[Head, ...] = (
        Head("Class", "What readers marked.", 130),
        Head(
            "Pairs",
            "Pairs of closed readings where at least one reader marked the class.",
            60,
            True,
        ),
        Head("Only one", "Pairs where one of the two readers marked nothing.", 76, True),
        Head("Dice, mean", "Mean overlap with its 95 % interval; 0 where only one marked.", 150),
        Head("IoU", "Median of shared pixels by those of either reader.", 64, True),
        Head(
            "Alpha, 1 − Dice",
            "Krippendorff's alpha with 1 − Dice as distance.",
            172,
        ),
        Head("Surface Dice", "Median share of the surface within the tolerance.", 104, True),
        Head("HD95 (mm)", "Median of the distance that 95 % of the surface keep.", 98, True),
        Head("HD (mm)", "Median of the largest distance of the surfaces.", 84, True),
        Head("ASSD (mm)", "Median of the mean distance of the surfaces.", 98, True),
        Head("Found", "Objects of one reader that the other marked too (F score).", 84, True),
        Head("Panoptic quality", "Overlap of matched objects times the share matched.", 124, True),
    )
    pair_heads: tuple[Head, ...] = (
        Head("Case", "Enter reads the case.", 110),
        Head("Readers", "Whose regions are compared.", 90),
        Head("Dice", "Overlap of all pixels.", 70, True),
        Head("HD95 (mm)", "Distance that 95 % of the surface keep.", 96, True),
        Head("Objects", "Found of all of the first reader, and those without a partner.", 110),
    )

    def about(self, report: RegionReport) -> str:
        return report.overlap_words

    def nothing(self, report: RegionReport) -> str:
        return "Nobody drew or painted a region with an inside on a case that two readers closed."

    def rows(self, report: RegionReport) -> list[Row]:
        return [_row(row) for row in report.rows]

    def lines(self, report: RegionReport, key: Any) -> list[RegionLine]:
        return report.of(key)

    def __init__(self) -> None:
        from desktop.workspace.quality.region_metrics import METRICS

        self.metrics: tuple[Metric, ...] = METRICS
        self.metric = METRICS[0]

    def choose(self, number: int) -> None:
        """Another number for the plots."""
        self.metric = self.metrics[number]

    def map(self, report: RegionReport, key: Any, names: Sequence[str]) -> Plot:
        from desktop.workspace.quality.region_plots import metric_map

        return metric_map(report, key, self.metric, names)

    def spread(self, report: RegionReport, lines: Sequence[RegionLine]) -> Plot:
        from desktop.workspace.quality.region_plots import metric_plot

        return metric_plot(lines, self.metric)

    def axis(self) -> Axis:
        from desktop.exchange.plots import Axis

        return Axis(self.metric.name, self.metric.unit, low=0.0, high=self.metric.largest)

    def value(self, line: RegionLine) -> float | None:
        return self.metric.of(line.numbers)

    def row(self, line: RegionLine, readers: str) -> Row:
        from desktop.workspace.quality.region_rows import line_words

        n = line.numbers
        return Row(
            (line.case_id, line.first, line.second),
            (
                line.title,
                readers,
                two_digits(n.dice),
                one_digit(n.hd95_mm),
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
            two_digits(row.iou.median),
            agreement_words(row.alpha),
            two_digits(row.surface_dice.median),
            one_digit(row.hd95_mm.median),
            one_digit(row.hd_mm.median),
            one_digit(row.assd_mm.median),
            two_digits(row.objects.f_score),
            two_digits(row.quality.quality),
        ),
        f"{row.title}\n{row.neither:,} pairs of readings agree that there is none.\n"
        f"{row.surface_dice.undefined:,} without a surface in mm.\n"
        f"Dice, median {quartiles(row.dice)}\n"
        f"Panoptic quality: segmentation {two_digits(row.quality.segmentation)}, recognition "
        f"{two_digits(row.quality.recognition)}\n{row.alpha.note}\n{row.alpha_iou.note}",
        "text",
    )


def two_digits(value: float | None) -> str:
    """A number for a column."""
    return "undefined" if value is None or math.isnan(value) else f"{value:.2f}"


def one_digit(value: float | None) -> str:
    """A distance in mm for a column."""
    return "undefined" if value is None or math.isnan(value) else f"{value:.1f}"


def quartiles(told: Summary) -> str:
    """Median with quartiles for a column."""
    if told.median is None or told.low_quartile is None or told.high_quartile is None:
        return "undefined"
    return f"{told.median:.2f} ({told.low_quartile:.2f} to {told.high_quartile:.2f})"
