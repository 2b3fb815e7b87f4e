"""The part of the quality report about regions: areas, points and lines, attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from desktop.engines.agreement.agreement_result import Agreement
from desktop.engines.intervals import Interval
from desktop.exchange.plots import Plot
from desktop.workspace.claims import findings
from desktop.workspace.quality import attribute_agreement, mark_agreement, quality_plots
from desktop.workspace.quality import region_plots as plots_of
from desktop.workspace.quality.attribute_agreement import AttributeRow
from desktop.workspace.quality.mark_agreement import MarkRow
from desktop.workspace.quality.region_agreement import RegionReport
from desktop.workspace.quality.region_figures import area_plain, told_plain
from desktop.workspace.quality.region_metrics import BY_KEY, Metric
from desktop.workspace.quality.region_rows import RegionRow

Embed = Callable[[str, Plot], str]
_DRAWN = tuple(BY_KEY[key] for key in ("dice", "surface_dice", "hd95_mm", "assd_mm"))
NamesOf = Callable[[Sequence[str]], tuple[str, ...]]


def region_plots(regions: RegionReport, names_of: NamesOf) -> dict[str, Plot]:
    """Plots by file stem: overlap and distance reader by reader, attributes as questions."""
    names = names_of(regions.readers)
    found = {
        _metric_stem(row, metric): plots_of.metric_map(regions, row.topic, metric, names)
        for row in regions.rows
        for metric in _DRAWN
    }
    for row in regions.mark_rows:
        found[_mark_stem(row)] = plots_of.distance_map(regions, row, names)
    for one in regions.attributes:
        if len(one.detail.readers) > 1:
            called = names_of(one.detail.readers)
            found[_attribute_stem(one)] = quality_plots.pair_plot(one.detail, called)
    return found


def region_parts(regions: RegionReport, plots: Mapping[str, Plot], embed: Embed) -> list[str]:
    """The part as pieces of HTML, with the methods in words."""
    parts = ["<h2>Regions</h2>"]
    if regions.is_empty:
        return [*parts, "<p>No region was marked on a case that two readers closed.</p>"]
    if regions.rows:
        parts += [_para(regions.definition), _area_table(regions.rows)]
    for row in regions.rows:
        parts += [f"<h3>{escape(row.title)}</h3>", _para(row.alpha.note), _para(row.alpha_iou.note)]
        for metric in _DRAWN:
            stem = _metric_stem(row, metric)
            parts.append(embed(stem, plots[stem]))
    if regions.mark_rows:
        parts += ["<h2>Points and lines</h2>", _para(f"{findings.MATCHED} "
                  f"{mark_agreement.DEFINITION}"), _mark_table(regions)]  # fmt: skip
    for mark in regions.mark_rows:
        stem = _mark_stem(mark)
        parts += [f"<h3>{escape(mark.title)}, {mark.shape}s</h3>", embed(stem, plots[stem])]
    if regions.attributes:
        parts += ["<h2>Attributes of regions</h2>", _para(f"{findings.MATCHED} "
                  f"{attribute_agreement.DEFINITION}"), _attribute_table(regions)]  # fmt: skip
    for one in regions.attributes:
        stem = _attribute_stem(one)
        if stem in plots:
            parts += [f"<h3>{escape(one.row.topic.title)}</h3>", embed(stem, plots[stem])]
    return parts


def regions_plain(regions: RegionReport, names_of: NamesOf) -> dict[str, Any]:
    """All numbers as JSON-compatible data."""
    return {
        "definition": regions.definition,
        "tolerance_mm": regions.tolerance_mm,
        "rows": [area_plain(regions, row, names_of) for row in regions.rows],
        "matched": findings.MATCHED,
        "points_and_lines": {
            "definition": mark_agreement.DEFINITION,
            "rows": [_mark_plain(row) for row in regions.mark_rows],
        },
        "attributes": {
            "definition": attribute_agreement.DEFINITION,
            "rows": [_attribute_plain(one, names_of) for one in regions.attributes],
        },
    }  # fmt: skip


def table_html(
    heads: Sequence[str], rows: Sequence[Sequence[str]], shares: Sequence[int] = ()
) -> str:
    """A table of texts; ``shares``: widths of the columns in percent."""
    wide = [f' width="{share}%"' for share in shares] or [""] * len(heads)
    head = "".join(f"<th{w}>{escape(h)}</th>" for h, w in zip(heads, wide, strict=True))
    body = "\n".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>\n{body}\n</table>"


def stem_of(key: str) -> str:
    """A name of a file for a topic."""
    return "".join(c if c.isalnum() else "-" for c in key.lower())


def _para(words: str) -> str:
    return f"<p>{escape(words)}</p>"


def _area_table(rows: Sequence[RegionRow]) -> str:
    """Two tables, so that they fit a page: overlap, then surfaces and objects."""
    overlap = table_html(
        ("Class", "Pairs", "Only one", "Neither", "Dice, mean (95 %)", "IoU, median",
         "Alpha, 1 − Dice (95 %)", "Alpha, 1 − IoU (95 %)"),
        [
            (
                row.title, f"{row.compared:,}", f"{row.one_only:,}", f"{row.neither:,}",
                _with_interval(row.dice.mean, row.dice_interval), _number(row.iou.median),
                _told(row.alpha), _told(row.alpha_iou),
            )
            for row in rows
        ],
        (14, 8, 8, 10, 15, 10, 17, 18),
    )  # fmt: skip
    surfaces = table_html(
        ("Class", "Surface Dice, median", "HD95 mm, median", "HD mm, median", "ASSD mm, median",
         "Objects, F", "Panoptic quality (segmentation × recognition)"),
        [
            (
                row.title, _number(row.surface_dice.median), _number(row.hd95_mm.median, 1),
                _number(row.hd_mm.median, 1), _number(row.assd_mm.median, 1),
                _number(row.objects.f_score), _quality(row),
            )
            for row in rows
        ],
        (16, 14, 14, 13, 13, 10, 20),
    )  # fmt: skip
    return f"{overlap}\n{surfaces}"


def _quality(row: RegionRow) -> str:
    parts = (row.quality.quality, row.quality.segmentation, row.quality.recognition)
    whole, segmentation, recognition = map(_number, parts)
    return whole if row.quality.quality is None else f"{whole} ({segmentation} × {recognition})"


def _told(told: Agreement) -> str:
    return told.text if told.value is not None else f"undefined: {told.undefined}"


def _mark_table(regions: RegionReport) -> str:
    heads = ("Class", "Shape", "Pairs", "Only one", "Distance mm, mean (95 %)",
             "Distance mm, median", f"Within {regions.tolerance_mm:g} mm (95 %)",
             "Length difference mm, median", "mm from")  # fmt: skip
    return table_html(
        heads,
        [
            (
                row.title, row.shape, f"{row.matched:,}", f"{row.alone:,}",
                _with_interval(row.distance_mm.mean, row.distance_interval),
                _number(row.distance_mm.median),
                within_words(row),
                _number(row.length_difference_mm.median) if row.is_line else "",
                sources_words(row),
            )
            for row in regions.mark_rows
        ],
    )  # fmt: skip


def _attribute_table(regions: RegionReport) -> str:
    heads = ("Attribute", "Asks", "Coefficient", "Value (95 %)", "Findings", "Readers", "Answers")
    rows = []
    for one in regions.attributes:
        for told in (one.row.agreement, *one.row.beside):
            first = told is one.row.agreement
            value = told.text if told.value is not None else f"undefined: {told.undefined}"
            counts = (f"{one.row.items:,}", f"{one.row.readers:,}", f"{one.row.answers:,}")
            head = (one.row.topic.title, one.row.topic.asks) if first else ("", "")
            rows.append((*head, told.name, value, *(counts if first else ("", "", ""))))
    return table_html(heads, rows)


def within_words(row: MarkRow) -> str:
    """The share of pairs within the tolerance, with its interval."""
    share = row.within
    if share.value is None or share.interval is None:
        return "undefined"
    low, high = share.interval.low, share.interval.high
    return f"{share.value:.0%} of {share.asked:,} ({low:.0%} to {high:.0%})"


def sources_words(row: MarkRow) -> str:
    """What the mm rest on."""
    told = [f"{source} ({count:,})" for source, count in row.sources]
    told += [f"no calibration ({row.uncalibrated:,})"] if row.uncalibrated else []
    return ", ".join(told) or "–"


def _mark_plain(row: MarkRow) -> dict[str, Any]:
    low, high = _ends(row.distance_interval)
    return {
        "class": row.title, "shape": row.shape, "pairs": row.matched, "only_one": row.alone,
        "without_calibration": row.uncalibrated, "mm_from": dict(row.sources),
        "distance_mm_mean": row.distance_mm.mean, "low": low, "high": high,
        "distance_mm_median": row.distance_mm.median,
        "within_tolerance": [row.within.right, row.within.asked],
        "length_difference_mm_median": row.length_difference_mm.median,
    }  # fmt: skip


def _attribute_plain(one: AttributeRow, names_of: NamesOf) -> dict[str, Any]:
    detail = one.detail
    return {
        "key": one.row.topic.key, "title": one.row.topic.title, "asks": one.row.topic.asks,
        "findings": one.row.items, "answers": one.row.answers,
        "agreement": told_plain(one.row.agreement),
        "beside": [told_plain(told) for told in one.row.beside],
        "pairs": [
            {
                "readers": list(names_of((detail.readers[p.first], detail.readers[p.second]))),
                **told_plain(p.agreement),
            }
            for p in detail.pairs
        ],
    }  # fmt: skip


def _with_interval(value: float | None, interval: Interval | None) -> str:
    words = _number(value)
    if interval is not None:
        words += f" ({interval.low:.2f} to {interval.high:.2f})"
    return words


def _ends(interval: Interval | None) -> tuple[float | None, float | None]:
    return (None, None) if interval is None else (interval.low, interval.high)


def _number(value: float | None, digits: int = 2) -> str:
    return "undefined" if value is None else f"{value:.{digits}f}"


def _metric_stem(row: RegionRow, metric: Metric) -> str:
    return f"{stem_of(row.topic)}-{metric.key.replace('_', '-')}"


def _mark_stem(row: MarkRow) -> str:
    return f"{stem_of(row.topic)}-{row.shape}s"


def _attribute_stem(one: AttributeRow) -> str:
    return f"{stem_of(one.row.topic.key)}-attribute"
