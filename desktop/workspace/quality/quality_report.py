"""The quality report: what the board says, in words, tables and plots, for paper and programs.

Made without a screen. ``Report.html`` embeds each plot through a callable, so that a browser gets
SVG and a PDF gets pictures; ``write`` leaves a folder with HTML, CSV, JSON and the plots as SVG.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from desktop.domain.contracts import Progress
from desktop.engines.agreement.agreement_result import Agreement, counted, intervals_words
from desktop.engines.gold.gold_scores import Share
from desktop.exchange.plot_svg import plot_svg
from desktop.exchange.plots import Plot, values_csv
from desktop.store.database import Connection
from desktop.version import __version__
from desktop.workspace.quality import quality_board, quality_plots
from desktop.workspace.quality.quality_board import Board, BoardRow, count_board
from desktop.workspace.quality.quality_detail import Stretch, TopicDetail, drift_of, load_detail
from desktop.workspace.quality.quality_measures import BoardOptions
from desktop.workspace.quality.quality_methods import METHODS, chosen_words
from desktop.workspace.quality.quality_report_regions import (
    region_parts,
    region_plots,
    regions_plain,
    stem_of,
    table_html,
)
from desktop.workspace.quality.region_agreement import RegionReport, compare_regions
from desktop.workspace.quality.region_figures import three, told_plain

Embed = Callable[[str, Plot], str]

_STYLE = (
    "body{font-family:'Segoe UI','Noto Sans',Helvetica,Arial,sans-serif;color:#1b1f24;"
    "max-width:960px;margin:24px auto;padding:0 16px;font-size:14px}"
    "h1{font-size:24px}h2{font-size:18px;margin-top:32px}h3{font-size:15px;margin-top:24px}"
    "table{border-collapse:collapse;margin:8px 0}td,th{border-bottom:1px solid #d5d9df;"
    "padding:4px 10px;text-align:left;vertical-align:top}th{font-weight:600}"
    "td.n{text-align:right}p.small{color:#4e5862;font-size:12px}"
)


@dataclass(frozen=True)
class Report:
    """What goes into it. ``names``: readers by id as they are called here."""

    project: str
    made_utc: str
    board: Board
    details: tuple[TopicDetail, ...]
    regions: RegionReport | None
    names: dict[str, str]
    named: bool
    over_time: Mapping[str, Sequence[Stretch]] = field(default_factory=dict)

    def reader_names(self, readers: Sequence[str]) -> tuple[str, ...]:
        """How readers are called in this report."""
        return tuple(self.names.get(r, "Reader ?") for r in readers)

    def plots(self) -> dict[str, Plot]:
        """Every plot of the report by its file stem."""
        found = {"agreement": quality_plots.board_plot(self.board)}
        for detail in self.details:
            stem = stem_of(detail.topic.key)
            names = self.reader_names(detail.readers)
            if len(detail.readers) > 1:
                found[f"{stem}-readers"] = quality_plots.pair_plot(detail, names)
                first, second = _worst(detail)
                make = (
                    quality_plots.difference_plot
                    if detail.is_measured
                    else quality_plots.confusion_plot
                )
                found[f"{stem}-two"] = make(detail, first, second, names)
            if detail.classes:
                found[f"{stem}-answers"] = quality_plots.class_plot(detail)
            if len(stretches := self.over_time.get(detail.topic.key, ())) > 1:
                coefficient = detail.agreement.name
                found[f"{stem}-time"] = quality_plots.drift_plot(stretches, coefficient)
            if len(detail.groups) > 1:
                found[f"{stem}-modality"] = quality_plots.group_plot(detail)
            if any(name for name, _told in detail.sites):
                found[f"{stem}-site"] = quality_plots.site_plot(detail)
        if self.regions is not None:
            found |= region_plots(self.regions, self.reader_names)
        return found

    def html(self, embed: Embed | None = None) -> str:
        """The report as one HTML page; plots inside as SVG unless ``embed`` puts them otherwise."""
        embed = embed or (lambda _stem, plot: plot_svg(plot))
        plots = self.plots()
        parts = [
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f"<title>Quality of {escape(self.project)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>Quality of {escape(self.project)}</h1>",
            f"<p>{escape(self._summary())}</p>",
            "<h2>Agreement</h2>",
            _board_table(self.board),
            _reasons(self.board),
            embed("agreement", plots["agreement"]),
        ]
        for detail in self.details:
            parts.append(self._detail(detail, plots, embed))
        if self.regions is not None:
            parts += region_parts(self.regions, plots, embed)
        parts.append(self._methods())
        parts.append("</body></html>")
        return "\n".join(parts)

    def table_csv(self) -> str:
        """The board as CSV, full precision."""
        out = io.StringIO()
        table = csv.writer(out, lineterminator="\n")
        table.writerow(
            ["schema", "question_or_class", "asks", "coefficient", "value", "low", "high", "items",
             "readers", "answers", "undefined", "most_common", "share", "known_right", "known_of",
             "wrong_advice_taken", "wrong_advice_of"]
        )  # fmt: skip
        for row in self.board.rows:
            for told in (row.agreement, *row.beside):
                most = max(row.shares, key=lambda s: s[1], default=("", ""))
                table.writerow(
                    [row.topic.schema, row.topic.title, row.topic.asks, told.name,
                     *three(told), row.items, row.readers, row.answers, told.undefined, *most,
                     *_two(row.known), *_two(row.bias)]
                )  # fmt: skip
        return out.getvalue()

    def json(self) -> str:
        """The same for programs."""
        return json.dumps(self.plain(), indent=1, ensure_ascii=False)

    def plain(self) -> dict[str, Any]:
        """All numbers as JSON-compatible data."""
        return {
            "project": self.project,
            "made_utc": self.made_utc,
            "program": f"Reading Room {__version__}",
            "only_closed_cases": self.board.options.only_closed,
            "cases": self.board.cases,
            "patients": self.board.patients,
            "readers": list(self.reader_names(self.board.readers)),
            "methods": dict(METHODS),
            "rows": [_row_plain(row) for row in self.board.rows],
            "pairs": {
                detail.topic.key: [
                    {
                        "readers": list(
                            self.reader_names((detail.readers[p.first], detail.readers[p.second]))
                        ),
                        **told_plain(p.agreement),
                    }
                    for p in detail.pairs
                ]
                for detail in self.details
            },
            "by_answer": {d.topic.key: _answers_plain(d) for d in self.details if d.classes},
            "over_time": {
                key: [_stretch_plain(s) for s in stretches]
                for key, stretches in self.over_time.items()
            },
            "by_modality": {d.topic.key: _groups_plain(d.groups) for d in self.details},
            "by_site": {d.topic.key: _groups_plain(d.sites) for d in self.details},
            "regions": None
            if self.regions is None
            else regions_plain(self.regions, self.reader_names),
        }

    def write(self, folder: Path) -> Path:
        """Leave report.html, table.csv, report.json and plots/*.svg and *.csv; the HTML's path."""
        plots = folder / "plots"
        plots.mkdir(parents=True, exist_ok=True)
        for stem, plot in self.plots().items():
            (plots / f"{stem}.svg").write_text(plot_svg(plot), encoding="utf-8")
            (plots / f"{stem}.csv").write_text(values_csv(plot), encoding="utf-8")
        (folder / "table.csv").write_text(self.table_csv(), encoding="utf-8")
        (folder / "report.json").write_text(self.json(), encoding="utf-8")
        page = folder / "report.html"
        page.write_text(self.html(), encoding="utf-8")
        return page

    # parts ---------------------------------------------------------------------------------

    def _summary(self) -> str:
        board = self.board
        counts = f"{counted(board.cases, 'case')} of {counted(board.patients, 'patient')}"
        closed = "closed cases only" if board.options.only_closed else "open cases as well"
        who = "by name" if self.named else "by letter; names are not in this report"
        return (
            f"{counts}, {counted(len(board.readers), 'reader')} ({who}). Counted: {closed}. "
            f"Made {self.made_utc} (UTC) with Reading Room {__version__}."
        )

    def _detail(self, detail: TopicDetail, plots: dict[str, Plot], embed: Embed) -> str:
        stem = stem_of(detail.topic.key)
        parts = [
            f"<h3>{escape(detail.topic.title)}</h3>",
            f"<p>{escape(detail.agreement.note + intervals_words(detail.agreement))}</p>",
        ]
        for one in detail.classes:
            if one.agreement.value is None:
                words = f"{one.category}: {one.agreement.note}"
                parts.append(f'<p class="small">{escape(words)}</p>')
        for kind in ("readers", "two", "answers", "time", "modality", "site"):
            if f"{stem}-{kind}" in plots:
                parts.append(embed(f"{stem}-{kind}", plots[f"{stem}-{kind}"]))
        return "\n".join(parts)

    def _methods(self) -> str:
        parts = ["<h2>Methods</h2>"]
        chosen = chosen_words(self.board.options)
        if chosen:
            parts.append(f"<p><b>Chosen for the table:</b> {escape(chosen)}</p>")
        for topic, own in self.board.options.own:
            row = self.board.row(topic)
            if row is not None and "(own weights)" in row.agreement.name:
                parts.append(f"<p>Weights given by hand for {escape(row.topic.title)}:</p>")
                lines = zip(own.answers, own.table, strict=True)
                cells = [(name, *(f"{w:g}" for w in line)) for name, line in lines]
                parts.append(table_html(("", *own.answers), cells))
        parts += [f"<p><b>{escape(t)}.</b> {escape(words)}</p>" for t, words in METHODS]
        return "\n".join(parts)


def _worst(detail: TopicDetail) -> tuple[int, int]:
    """The two readers who agree least."""
    told = [p for p in detail.pairs if p.agreement.value is not None]
    worst = min(told, key=lambda p: p.agreement.value or 0.0, default=None)
    return (worst.first, worst.second) if worst else (0, 1)


def _board_table(board: Board) -> str:
    heads = ("Question or class", "Asks", "Coefficient", "Value (95 %)", "Items", "Readers",
             "Answers", "Known answers right", "Wrong advice taken")  # fmt: skip
    rows = []
    for row in board.rows:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in row.shares)
        title = row.topic.title + (f" ({shares})" if shares else "")
        for told in (row.agreement, *row.beside):
            is_first = told is row.agreement
            value = told.text if told.value is not None else f"undefined: {told.undefined}"
            rows.append(
                (
                    title if is_first else "",
                    row.topic.asks if is_first else "",
                    told.name,
                    value,
                    *((f"{row.items:,}", f"{row.readers:,}", f"{row.answers:,}") if is_first
                      else ("", "", "")),
                    _share(row.known) if is_first else "",
                    _share(row.bias) if is_first else "",
                )
            )  # fmt: skip
    return table_html(heads, rows, (14, 8, 15, 15, 8, 10, 10, 10, 10))


def _reasons(board: Board) -> str:
    """Why there are no known answers or no suggestions to count, once for all rows."""
    whys = [r.known_why for r in board.rows if r.known is None][:1]
    whys += [r.bias_why for r in board.rows if r.bias is None][:1]
    return f'<p class="small">No data: {escape(" ".join(whys))}</p>' if whys else ""


def _share(share: Share | None) -> str:
    if share is None or share.value is None or share.interval is None:
        return "no data"
    low, high = share.interval.low, share.interval.high
    return f"{share.value:.0%} of {share.asked:,} ({low:.0%} to {high:.0%})"


def _two(share: Share | None) -> tuple[Any, Any]:
    return (None, None) if share is None else (share.right, share.asked)


def _answers_plain(detail: TopicDetail) -> dict[str, Any]:
    return {
        one.category: {"share": one.share, "specific": one.specific, **told_plain(one.agreement)}
        for one in detail.classes
    }


def _stretch_plain(stretch: Stretch) -> dict[str, Any]:
    ends = [
        datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for at in (stretch.start, stretch.end)
    ]
    return {"from_utc": ends[0], "to_utc": ends[1], **told_plain(stretch.agreement)}


def _groups_plain(groups: Sequence[tuple[str, Agreement]]) -> dict[str, Any]:
    return {name: told_plain(agreement) for name, agreement in groups}


def _row_plain(row: BoardRow) -> dict[str, Any]:
    return {
        "key": row.topic.key, "title": row.topic.title, "schema": row.topic.schema,
        "asks": row.topic.asks, "items": row.items, "answers": row.answers,
        "readers": row.readers, "prevalence": dict(row.shares),
        "agreement": told_plain(row.agreement), "beside": [told_plain(t) for t in row.beside],
        "known_answers": _two(row.known), "wrong_advice_taken": _two(row.bias),
    }  # fmt: skip


def make_report(
    board: Board,
    details: Callable[[str], TopicDetail],
    regions: RegionReport | None,
    *,
    project: str,
    made_utc: str,
    names: dict[str, str] | None,
    progress: Progress,
    drift: Callable[[TopicDetail], Sequence[Stretch]] = lambda _detail: (),
) -> Report:
    """Gather what the report needs; ``names`` None leaves readers as letters."""
    found: list[TopicDetail] = []
    over_time = {}
    for number, row in enumerate(board.rows):
        progress.report(number / max(1, len(board.rows)), row.topic.title)
        found.append(details(row.topic.key))
        over_time[row.topic.key] = tuple(drift(found[-1]))
    called = {r: f"Reader {letter}" for r, letter in zip(board.readers, board.letters, strict=True)}
    called |= {r: name for r, name in (names or {}).items() if r in called}
    return Report(
        project, made_utc, board, tuple(found), regions, called, names is not None, over_time
    )


def figures_of(
    connection: Connection,
    project_id: str,
    secret: bytes,
    *,
    project: str,
    made_utc: str,
    names: dict[str, str],
    progress: Progress,
) -> dict[str, Any]:
    """The board and its details as JSON-compatible data, for a bundle; any thread.

    ``names``: what readers are called there. Sites are numbered: their names say where patients
    were treated.
    """
    options = BoardOptions()
    board = count_board(connection, project_id, options, progress)
    everybody = quality_board.everybody(connection, project_id)
    titles = quality_board.class_titles(connection)
    regions = compare_regions(connection, (project_id, secret), everybody, titles, progress)
    report = make_report(
        board,
        lambda key: load_detail(connection, _row_of(board, key).topic, options, board.readers),
        regions,
        project=project,
        made_utc=made_utc,
        names=names,
        progress=progress,
        drift=lambda detail: drift_of(connection, detail),
    )
    sites = sorted(
        ({name for d in report.details for name, _told in d.sites}
         | {fact.site for fact in regions.facts.values()}) - {""}
    )  # fmt: skip
    called = {"": "no site"} | {name: f"site {n}" for n, name in enumerate(sites, 1)}
    plain = report.plain()
    plain["about"] = "All cases of the project, also those that are not in this bundle."
    plain["by_site"] = {
        key: {called[name]: told for name, told in found.items()}
        for key, found in plain["by_site"].items()
    }
    for row in plain["regions"]["rows"]:
        row["by_site"] = {called[name]: told for name, told in row["by_site"].items()}
    return plain


def _row_of(board: Board, key: str) -> BoardRow:
    row = board.row(key)
    assert row is not None
    return row
