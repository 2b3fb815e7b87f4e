"""Regions of readers compared: a row for each class, reader by reader, cases worst first."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QSplitter, QStackedWidget, QWidget

from desktop.gui.furniture import EmptyState, across, down, label, push
from desktop.gui.plain_table import Head, PlainTable, Row
from desktop.gui.plot import PlotView
from desktop.gui.shell import Shell

if TYPE_CHECKING:
    from desktop.engines.mask_agreement import Summary
    from desktop.workspace.region_agreement import RegionLine, RegionReport, RegionRow

HEADS = (
    Head("Class", "What readers marked.", 180),
    Head("Pairs", "Pairs of closed readings where at least one reader marked the class.", 70, True),
    Head("Only one marked", "Pairs where one of the two readers marked nothing.", 130, True),
    Head("Dice, mean", "Mean overlap with its 95 % interval; 0 where only one marked.", 170),
    Head("Dice, median", "Half of all pairs lie above; quartiles in brackets.", 170),
    Head("Surface Dice", "Median share of the surface within the tolerance.", 120, True),
    Head("HD95 (mm)", "Median of the distance that 95 % of the surface keep.", 100, True),
    Head("Found", "Objects of one reader that the other marked too (F score).", 110, True),
    Head("Panoptic quality", "Overlap of matched objects times the share matched.", 130, True),
)
PAIRS = (
    Head("Case", "Enter reads the case.", 150),
    Head("Readers", "Whose regions are compared.", 90),
    Head("Dice", "Overlap of all pixels.", 70, True),
    Head("HD95 (mm)", "Distance that 95 % of the surface keep.", 90, True),
    Head("Objects", "Found of all of the first reader, and those without a partner.", 110),
)
MOST = 500


class RegionsView(QWidget):
    """Counts when asked to, because pixels take time; what was counted is kept."""

    chosen = Signal(str)

    def __init__(self, shell: Shell, names_of: Callable[[Sequence[str]], tuple[str, ...]]) -> None:
        super().__init__()
        self._shell, self._reading, self._names_of = shell, shell.reading, names_of
        self.report: RegionReport | None = None
        self._pair: tuple[str, str] | None = None
        column = down(self, gap=8)
        head = across(gap=8)
        self.about = label("", "small", wrap=True)
        head.addWidget(self.about, 1)
        head.addWidget(label("Tolerance", "muted"))
        self.tolerance = QDoubleSpinBox()
        self.tolerance.setRange(0.1, 50.0)
        self.tolerance.setValue(2.0)
        self.tolerance.setSingleStep(0.5)
        self.tolerance.setDecimals(1)
        self.tolerance.setSuffix(" mm")
        self.tolerance.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.tolerance.setAccessibleName("Tolerance of the surface Dice in mm")
        self.tolerance.setToolTip("How far apart two surfaces may lie and still count as the same.")
        head.addWidget(self.tolerance)
        self.go = push(
            "Compare regions", "primary", "play", "Compares regions of every two closed readings."
        )
        self.go.clicked.connect(self.compare)
        head.addWidget(self.go)
        column.addLayout(head)
        self.table = PlainTable("Regions by class", HEADS)
        self.table.picked.connect(self._show_class)
        self.map = PlotView("Regions, reader by reader")
        self.map.clicked.connect(self._pick_pair)
        self.spread = PlotView("Distribution of Dice")
        self.spread.clicked.connect(self._pick_bin)
        self.pairs = PlainTable("Pairs of readings, worst first", PAIRS)
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
        self._split = split
        self._stack = QStackedWidget()
        again = push("Compare regions", "primary", "play", "Counts in the background.")
        again.clicked.connect(self.compare)
        self._nothing = EmptyState("quality", "", "", [again])
        self._stack.addWidget(self._nothing)
        self._stack.addWidget(split)
        column.addWidget(self._stack, 1)
        self.forget()

    def forget(self) -> None:
        """Another project: nothing was compared yet."""
        self.report = None
        self.about.setText("")
        self._nothing.say(
            "Regions are not compared yet",
            "Masks, shapes and boxes of every two readers who closed a case are compared on its "
            "images, in mm where the images are calibrated.",
        )
        self._stack.setCurrentWidget(self._nothing)

    def compare(self) -> None:
        """Start the comparison."""
        room = self._reading.workspace
        if room is not None:
            room.quality.start_regions(
                self.tolerance.value(), self.show_report, self._shell.say_error
            )

    def show_report(self, report: RegionReport) -> None:
        """Show what was compared."""
        self.report, self._pair = report, None
        if not report.rows:
            self._nothing.say(
                "No regions to compare",
                f"{report.cases:,} cases were closed by two or more readers; nobody marked a "
                "region on them."
                if report.cases
                else "No case was closed by two readers yet.",
            )
            self._stack.setCurrentWidget(self._nothing)
            return
        self.about.setText(report.definition)
        self._stack.setCurrentWidget(self._split)
        self.table.show_rows([_row(row) for row in report.rows], self.table.key())
        self.table.setFocus()

    def refresh_names(self) -> None:
        """Readers are called otherwise now."""
        if self.report is not None and self.table.key() is not None:
            self._show_class(self.table.key())

    def _show_class(self, key: Any) -> None:
        from desktop.workspace.quality_plots import dice_map, dice_plot

        if self.report is None:
            return
        lines = self.report.of(key)
        self.map.show_plot(dice_map(self.report, key, self._names_of(self.report.readers)))
        self.spread.show_plot(dice_plot(lines))
        self._list(lines)

    def _pick_pair(self, key: Any) -> None:
        if self.report is None:
            return
        wanted = {self.report.readers[key[0]], self.report.readers[key[1]]}
        lines = self.report.of(str(self.table.key()))
        kept = [li for li in lines if wanted <= {li.first, li.second}]
        self._list(kept)

    def _pick_bin(self, key: Any) -> None:
        if self.report is None:
            return
        _bin, low, high = key
        lines = self.report.of(str(self.table.key()))
        self._list([li for li in lines if low - 1e-9 <= (li.numbers.dice or 0.0) <= high + 1e-9])

    def _list(self, lines: Sequence[RegionLine]) -> None:
        from desktop.workspace.region_agreement import line_words

        rows = []
        for line in lines[:MOST]:
            n = line.numbers
            a, b = (
                name.removeprefix("Reader ") for name in self._names_of((line.first, line.second))
            )
            rows.append(
                Row(
                    (line.case_id, line.first, line.second),
                    (
                        line.title,
                        f"{a} · {b}",
                        _two(n.dice),
                        "–" if n.hd95_mm is None else f"{n.hd95_mm:.1f}",
                        f"{n.found}/{n.present}, +{n.false}",
                    ),
                    f"{line.title}\n{line_words(line)}\nEnter reads the case.",
                    "warn" if n.presence.value.startswith("only") else "muted",
                )
            )
        self.pairs.show_rows(rows)


def _row(row: RegionRow) -> Row:
    mean = _two(row.dice.mean)
    if row.dice_interval is not None:
        mean += f" ({row.dice_interval.low:.2f} to {row.dice_interval.high:.2f})"
    return Row(
        row.topic,
        (
            row.title,
            f"{row.compared:,}",
            f"{row.one_only:,}",
            mean,
            _quartiles(row.dice),
            _two(row.surface_dice.median),
            "–" if row.hd95_mm.median is None else f"{row.hd95_mm.median:.1f}",
            _two(row.objects.f_score),
            _two(row.quality.quality),
        ),
        f"{row.title}\n{row.neither:,} pairs of readings agree that there is none.\n"
        f"{row.surface_dice.undefined:,} without a surface in mm.",
        "text",
    )


def _two(value: float | None) -> str:
    return "undefined" if value is None or math.isnan(value) else f"{value:.2f}"


def _quartiles(told: Summary) -> str:
    if told.median is None or told.low_quartile is None or told.high_quartile is None:
        return "undefined"
    return f"{told.median:.2f} ({told.low_quartile:.2f} to {told.high_quartile:.2f})"
