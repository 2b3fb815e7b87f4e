"""Pairs of readings of a class: a row each, reader by reader, how they spread, worst first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QWidget

from desktop.gui.furniture import down, label
from desktop.gui.plain_table import Head, PlainTable, Row
from desktop.gui.plot import PlotView
from desktop.gui.shell import Shell

if TYPE_CHECKING:
    from desktop.exchange.plots import Plot
    from desktop.workspace.region_agreement import RegionReport

MOST = 500
NamesOf = Callable[[Sequence[str]], tuple[str, ...]]


class PairBook(Protocol):
    """What is shown of one way to compare: its rows, and the pairs of readings behind each."""

    names: tuple[str, str, str, str]  # of the table, the map, the spread and the list
    heads: tuple[Head, ...]
    pair_heads: tuple[Head, ...]

    def about(self, report: RegionReport) -> str: ...
    def nothing(self, report: RegionReport) -> str: ...
    def rows(self, report: RegionReport) -> list[Row]: ...
    def lines(self, report: RegionReport, key: Any) -> Sequence[Any]: ...
    def map(self, report: RegionReport, key: Any, names: Sequence[str]) -> Plot: ...
    def spread(self, report: RegionReport, lines: Sequence[Any]) -> Plot: ...
    def value(self, line: Any) -> float | None: ...
    def row(self, line: Any, readers: str) -> Row: ...


class PairsPart(QWidget):
    """One book: ``chosen`` carries the case of a pair to be read."""

    chosen = Signal(str)

    def __init__(self, shell: Shell, book: PairBook, names_of: NamesOf) -> None:
        super().__init__()
        self._shell, self.book, self._names_of = shell, book, names_of
        self._report: RegionReport | None = None
        column = down(self, gap=8)
        self.about = label("", "small", wrap=True)
        column.addWidget(self.about)
        self.table = PlainTable(book.names[0], book.heads)
        self.table.picked.connect(self._show_row)
        self.map = PlotView(book.names[1])
        self.map.clicked.connect(self._pick_pair)
        self.spread = PlotView(book.names[2])
        self.spread.clicked.connect(self._pick_bin)
        self.pairs = PlainTable(book.names[3], book.pair_heads)
        self.pairs.opened.connect(lambda key: self.chosen.emit(key[0]))
        lower = QSplitter(Qt.Orientation.Horizontal)
        lower.setChildrenCollapsible(False)
        for widget in (self.map, self.spread, self.pairs):
            widget.setMinimumWidth(220)
            lower.addWidget(widget)
        lower.setSizes([380, 420, 520])
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.table)
        split.addWidget(lower)
        split.setSizes([200, 460])
        column.addWidget(split, 1)

    def show_report(self, report: RegionReport) -> int:
        """Show what was compared; the number of rows."""
        from desktop.workspace.findings import MATCHED

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
        self.spread.show_plot(self.book.spread(self._report, lines))
        self._list(lines)

    def _pick_pair(self, key: Any) -> None:
        if self._report is None:
            return
        wanted = {self._report.readers[key[0]], self._report.readers[key[1]]}
        lines = self.book.lines(self._report, self.table.key())
        self._list([li for li in lines if wanted <= {li.first, li.second}])

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
