"""Regions of readers compared: overlap of areas, points and lines in mm, attributes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QDoubleSpinBox, QStackedWidget, QWidget

from desktop.gui.quality.quality_areas import AreaBook
from desktop.gui.quality.quality_attributes import AttributesPart
from desktop.gui.quality.quality_marks import MarkBook
from desktop.gui.quality.quality_pairs import NamesOf, PairsPart
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import EmptyState, across, down, label, push
from desktop.gui.widgets.segments import segments

if TYPE_CHECKING:
    from desktop.workspace.quality.quality_measures import BoardOptions
    from desktop.workspace.quality.region_agreement import RegionReport

WAYS = ("Overlap", "Points and lines", "Attributes")
TIPS = (
    "Areas and painted masks: how much two readers share, and how far their outlines are apart.",
    "How far apart two readers put the same point or line, in mm.",
    "What readers say about a region that both marked, and how long their lines are.",
)


class RegionsView(QWidget):
    """Counts when asked to, because pixels take time; what was counted is kept."""

    chosen = Signal(str)

    def __init__(
        self,
        shell: Shell,
        names_of: NamesOf,
        options: Callable[[], BoardOptions | None] = lambda: None,
    ) -> None:
        super().__init__()
        self._options = options
        self._shell, self._reading = shell, shell.reading
        self.report: RegionReport | None = None
        column = down(self, gap=8)
        column.addWidget(self._make_head())
        self.areas = PairsPart(shell, AreaBook(), names_of)
        self.marks = PairsPart(shell, MarkBook(), names_of)
        self.attributes = AttributesPart(shell, names_of)
        self.parts = (self.areas, self.marks, self.attributes)
        self._stack = QStackedWidget()
        again = push("Compare regions", "primary", "play", "Counts in the background.")
        again.clicked.connect(self.compare)
        self._nothing = EmptyState("quality", "", "", [again])
        self._stack.addWidget(self._nothing)
        for part in self.parts:
            part.chosen.connect(self.chosen)
            self._stack.addWidget(part)
        column.addWidget(self._stack, 1)
        self.forget()

    def _make_head(self) -> QWidget:
        holder = QWidget()
        head = across(holder, gap=8)
        self._group = QButtonGroup(self)
        head.addWidget(segments(self._group, WAYS, self.show_way, tips=TIPS))
        head.addStretch(1)
        head.addWidget(label("Tolerance", "muted"))
        self.tolerance = QDoubleSpinBox()
        self.tolerance.setRange(0.1, 50.0)
        self.tolerance.setValue(2.0)
        self.tolerance.setSingleStep(0.5)
        self.tolerance.setDecimals(1)
        self.tolerance.setSuffix(" mm")
        self.tolerance.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.tolerance.setAccessibleName("Tolerance of the surface Dice and of points in mm")
        self.tolerance.setToolTip(
            "How far apart two surfaces, points or lines may lie and still count as the same."
        )
        head.addWidget(self.tolerance)
        self.go = push(
            "Compare regions", "primary", "play", "Compares regions of every two closed readings."
        )
        self.go.clicked.connect(self.compare)
        head.addWidget(self.go)
        return holder

    def forget(self) -> None:
        """Another project: nothing was compared yet."""
        self.report = None
        self.show_way(self.way)

    @property
    def way(self) -> int:
        """Which of WAYS is shown."""
        return max(0, self._group.checkedId())

    def compare(self) -> None:
        """Start the comparison."""
        room = self._reading.workspace
        if room is not None:
            room.quality.start_regions(
                self.tolerance.value(), self.show_report, self._shell.say_error, self._options()
            )

    def show_report(self, report: RegionReport) -> None:
        """Show what was compared; where the way shown has nothing, the first that has."""
        self.report = report
        counts = [part.show_report(report) for part in self.parts]
        way = self.way
        if not counts[way] and any(counts):
            way = next(n for n, count in enumerate(counts) if count)
        self.show_way(way)

    def show_way(self, number: int) -> None:
        """Show one of WAYS."""
        self._group.button(number).setChecked(True)
        if self.report is None:
            self._say_nothing(
                "Regions are not compared yet",
                "Masks, shapes, points, lines and attributes of every two readers who closed a "
                "case, in mm where the images are calibrated.",
            )
            return
        part = self.parts[number]
        if part.table.rows():
            self._stack.setCurrentWidget(part)
            part.take_focus()
            return
        why = f"{self.report.cases:,} cases were closed by two or more readers. "
        if not self.report.cases:
            why = "No case was closed by two readers yet. "
        told = (
            part.nothing() if isinstance(part, AttributesPart) else part.book.nothing(self.report)
        )
        self._say_nothing("Nothing to compare here", why + told)

    def _say_nothing(self, title: str, words: str) -> None:
        self._nothing.say(title, words)
        self._stack.setCurrentWidget(self._nothing)

    def refresh_names(self) -> None:
        """Readers are called otherwise now."""
        for part in self.parts:
            part.refresh_names()
