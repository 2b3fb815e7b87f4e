"""Pairs of readings of a class: a row each, reader by reader, how they spread, worst first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QComboBox, QHBoxLayout, QSplitter, QWidget

from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import across, down, label
from desktop.gui.widgets.plain_table import Head, PlainTable, Row
from desktop.gui.widgets.plot import PlotView
from desktop.gui.widgets.segments import segments

if TYPE_CHECKING:
    from desktop.exchange.plots import Axis, Plot
    from desktop.workspace.quality.region_agreement import RegionReport
    from desktop.workspace.quality.region_metrics import Metric

MOST = 500
VIEWS = ("Distribution", "Modality", "Site", "Over time")
TIPS = (
    "How the number spreads over pairs of readings.",
    "Its mean by modality.",
    "Its mean by site: the tag site:NAME of a case.",
    "Its mean in the order in which cases were closed.",
)
GROUPS = ("", "modality", "site", "")
NamesOf = Callable[[Sequence[str]], tuple[str, ...]]


class PairBook(Protocol):
    """What is shown of one way to compare: its rows, and the pairs of readings behind each."""

    names: tuple[str, str, str, str]  # of the table, the map, the spread and the list
    metrics: tuple[Metric, ...]  # to choose from; without any there is one only
    heads: tuple[Head, ...]
    pair_heads: tuple[Head, ...]

    def about(self, report: RegionReport) -> str: ...
    def nothing(self, report: RegionReport) -> str: ...
    def rows(self, report: RegionReport) -> list[Row]: ...
    def lines(self, report: RegionReport, key: Any) -> Sequence[Any]: ...
    def map(self, report: RegionReport, key: Any, names: Sequence[str]) -> Plot: ...
    def spread(self, report: RegionReport, lines: Sequence[Any]) -> Plot: ...
    def choose(self, number: int) -> None: ...
    def axis(self) -> Axis: ...
    def value(self, line: Any) -> float | None: ...
    def row(self, line: Any, readers: str) -> Row: ...


class PairsPart(QWidget):
    """One book: ``chosen`` carries the case of a pair to be read."""

    chosen = Signal(str)

    def __init__(self, shell: Shell, book: PairBook, names_of: NamesOf) -> None:
        super().__init__()
        self._shell, self.book, self._names_of = shell, book, names_of
        self._report: RegionReport | None = None
        self._view = 0
        self._behind: dict[Any, frozenset[str]] = {}
        column = down(self, gap=8)
        self.about = label("", "small", wrap=True)
        column.addWidget(self.about)
        self.table = PlainTable(book.names[0], book.heads)
        self.table.picked.connect(self._show_row)
        self.map = PlotView(book.names[1])
        self.map.clicked.connect(self._pick_pair)
        self.spread = PlotView(book.names[2])
        self.spread.clicked.connect(self._pick_middle)
        self.pairs = PlainTable(book.names[3], book.pair_heads)
        self.pairs.opened.connect(lambda key: self.chosen.emit(key[0]))
        lower = QSplitter(Qt.Orientation.Horizontal)
        lower.setChildrenCollapsible(False)
        for widget in (self.map, self.spread, self.pairs):
            widget.setMinimumWidth(220)
            lower.addWidget(widget)
        lower.setSizes([380, 420, 520])
        below = QWidget()
        inside = down(below, gap=6)
        inside.addLayout(self._make_choices())
        inside.addWidget(lower, 1)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.table)
        split.addWidget(below)
        split.setSizes([200, 460])
        column.addWidget(split, 1)

    def _make_choices(self) -> QHBoxLayout:
        row = across(gap=12)
        self.number = QComboBox()
        self.number.setAccessibleName("Number shown below")
        self.number.setToolTip("Which number the plots below show.")
        for metric in self.book.metrics:
            self.number.addItem(metric.title, metric.key)
            at = self.number.count() - 1
            self.number.setItemData(at, metric.tip, Qt.ItemDataRole.ToolTipRole)
        self.number.currentIndexChanged.connect(self._choose_metric)
        if not self.book.metrics:
            self.number.hide()
        row.addWidget(self.number)
        row.addStretch(1)
        self._group = QButtonGroup(self)
        row.addWidget(segments(self._group, VIEWS, self.show_view, tips=TIPS))
        return row

    def show_view(self, number: int) -> None:
        """Show one of VIEWS beside the table of readers."""
        self._view = number
        self._group.button(number).setChecked(True)
        self.refresh_names()

    def _choose_metric(self, number: int) -> None:
        self.book.choose(number)
        self.refresh_names()

    def show_report(self, report: RegionReport) -> int:
        """Show what was compared; the number of rows."""
        from desktop.workspace.claims.findings import MATCHED

        self._report = report
        self.about.setToolTip(MATCHED)
        rows = self.book.rows(report)
        self.about.setText(self.book.about(report))
        self.table.show_rows(rows, self.table.key())
        return len(rows)

    def take_focus(self) -> None:
        self.table.setFocus()

    def refresh_names(self) -> None:
        """Readers are called otherwise now."""
        if self._report is not None and self.table.key() is not None:
            self._show_row(self.table.key())

    def _show_row(self, key: Any) -> None:
        if self._report is None:
            return
        lines = self.book.lines(self._report, key)
        names = self._names_of(self._report.readers)
        self.map.show_plot(self.book.map(self._report, key, names))
        self.spread.show_plot(self._middle(self._report, lines))
        self._list(lines)

    def _middle(self, report: RegionReport, lines: Sequence[Any]) -> Plot:
        from desktop.workspace.quality.region_plots import drift_plot, group_plot

        told = [(li.case_id, self.book.value(li)) for li in lines]
        if self._view == 0:
            return self.book.spread(report, lines)
        if self._view == len(VIEWS) - 1:
            plot, self._behind = drift_plot(report, told, self.book.axis())
            return plot
        return group_plot(report, told, GROUPS[self._view], self.book.axis())

    def _pick_pair(self, key: Any) -> None:
        if self._report is None:
            return
        wanted = {self._report.readers[key[0]], self._report.readers[key[1]]}  # one, where all
        lines = self.book.lines(self._report, self.table.key())
        self._list([li for li in lines if wanted <= {li.first, li.second}])

    def _pick_middle(self, key: Any) -> None:
        """The pairs behind a bar, a group or a stretch of time."""
        from desktop.workspace.quality.region_plots import group_of

        if self._report is None:
            return
        if self._view == 0:
            self._pick_bin(key)
            return
        lines = self.book.lines(self._report, self.table.key())
        if self._view == len(VIEWS) - 1:
            self._list([li for li in lines if li.case_id in self._behind.get(key, ())])
            return
        report, what = self._report, GROUPS[self._view]
        self._list([li for li in lines if group_of(report, li.case_id, what) == key])

    def _pick_bin(self, key: Any) -> None:
        if self._report is None:
            return
        _bin, low, high = key
        lines = self.book.lines(self._report, self.table.key())
        told = [(li, self.book.value(li)) for li in lines]
        self._list([li for li, v in told if v is not None and low - 1e-9 <= v <= high + 1e-9])

    def _list(self, lines: Sequence[Any]) -> None:
        rows = []
        for line in lines[:MOST]:
            names = self._names_of((line.first, line.second))
            a, b = (name.removeprefix("Reader ") for name in names)
            rows.append(self.book.row(line, f"{a} · {b}"))
        self.pairs.show_rows(rows)
