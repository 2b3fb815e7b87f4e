"""Agreement as JSON-compatible data: coefficients with intervals, regions by class and pair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from desktop.engines.agreement.agreement_result import Agreement
from desktop.engines.agreement.mask_agreement import summarise
from desktop.engines.intervals import Interval
from desktop.workspace.quality.case_intervals import mean_interval
from desktop.workspace.quality.region_agreement import RegionReport
from desktop.workspace.quality.region_metrics import METRICS
from desktop.workspace.quality.region_plots import group_of, patient_of
from desktop.workspace.quality.region_rows import RegionLine, RegionRow

NamesOf = Callable[[Sequence[str]], tuple[str, ...]]


def three(told: Agreement) -> tuple[Any, ...]:
    """Value, low, high; None where there is none."""
    low = None if told.interval is None else told.interval.low
    high = None if told.interval is None else told.interval.high
    return told.value, low, high


def told_plain(told: Agreement) -> dict[str, Any]:
    """A coefficient as JSON-compatible data."""
    value, low, high = three(told)
    return {
        "coefficient": told.name, "value": value, "low": low, "high": high,
        "observed": told.observed, "expected": told.expected, "items": told.items,
        "undefined": told.undefined, "method": told.method,
        "interval": told.interval.method if told.interval else "",
        "analytic": _interval_plain(told.analytic), "bootstrap": _interval_plain(told.bootstrap),
    }  # fmt: skip


def _interval_plain(interval: Interval | None) -> dict[str, Any] | None:
    if interval is None:
        return None
    return {"low": interval.low, "high": interval.high, "method": interval.method}


def area_plain(regions: RegionReport, row: RegionRow, names_of: NamesOf) -> dict[str, Any]:
    """One class: all numbers over all pairs, and the same for every two readers."""
    lines = regions.of(row.topic)
    return {
        "class": row.title, "pairs": row.compared, "only_one": row.one_only,
        "neither": row.neither, "dice_mean": row.dice.mean,
        "dice_median": row.dice.median, "surface_dice_median": row.surface_dice.median,
        "hd95_mm_median": row.hd95_mm.median, "objects_f": row.objects.f_score,
        "panoptic_quality": row.quality.quality,
        "segmentation_quality": row.quality.segmentation,
        "recognition_quality": row.quality.recognition,
        "alpha_dice": told_plain(row.alpha), "alpha_iou": told_plain(row.alpha_iou),
        "metrics": _metrics(regions, lines),
        "by_pair": _by_pair(regions, lines, names_of),
        "by_modality": _by_group(regions, lines, "modality"),
        "by_site": _by_group(regions, lines, "site"),
    }  # fmt: skip


def _by_pair(
    regions: RegionReport, lines: Sequence[RegionLine], names_of: NamesOf
) -> list[dict[str, Any]]:
    place = {reader: n for n, reader in enumerate(regions.readers)}
    found: dict[tuple[str, str], list[RegionLine]] = {}
    for line in lines:
        first, second = sorted((line.first, line.second), key=place.__getitem__)
        found.setdefault((first, second), []).append(line)
    return [
        {"readers": list(names_of(pair)), "pairs": len(own), "metrics": _metrics(regions, own)}
        for pair, own in found.items()
    ]


def _by_group(regions: RegionReport, lines: Sequence[RegionLine], what: str) -> dict[str, Any]:
    found: dict[str, list[RegionLine]] = {}
    for line in lines:
        found.setdefault(group_of(regions, line.case_id, what), []).append(line)
    return {
        name: {"pairs": len(own), "metrics": _metrics(regions, own)}
        for name, own in sorted(found.items())
    }


def _metrics(regions: RegionReport, lines: Sequence[RegionLine]) -> dict[str, Any]:
    """Each metric: how many pairs have it, mean with interval, median with quartiles."""
    made = {}
    for metric in METRICS:
        told = [(line.case_id, metric.of(line.numbers)) for line in lines]
        over = summarise([value for _case, value in told])
        interval = mean_interval([(patient_of(regions, c), v) for c, v in told])
        made[metric.key] = {
            "pairs": over.n, "undefined": over.undefined, "mean": over.mean,
            "interval": _interval_plain(interval), "median": over.median,
            "low_quartile": over.low_quartile, "high_quartile": over.high_quartile,
        }  # fmt: skip
    return made
