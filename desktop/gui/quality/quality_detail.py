"""One row of the board in detail: plots at the left, the cases behind them at the right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QSplitter, QStackedWidget, QWidget

from desktop.gui.quality.case_list import MOST, CaseList
from desktop.gui.quality.quality_weights import WeightsTable
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import ElidedLabel, across, down, label
from desktop.gui.widgets.plot import PlotView
from desktop.gui.widgets.segments import segments

if TYPE_CHECKING:
    from desktop.workspace.quality.quality_board import Board
    from desktop.workspace.quality.quality_detail import TopicDetail

VIEWS = ("Two readers", "Answers", "Over time", "Modality", "Time", "Site", "Known", "Weights")
TIME, KNOWN, WEIGHTS = (VIEWS.index(name) for name in ("Time", "Known", "Weights"))
TIPS = (
    "What two readers said of the same items; choose the two in the table at the left.",
    "How well each answer is told from all others.",
    "Agreement in the order in which cases were read.",
    "Agreement by modality.",
    "How long readers worked on these cases.",
    "Agreement by site: the tag site:NAME of a case.",
    "Who was right where the answer is known, and who took wrong advice.",
    "How much two different answers count as alike; typed over by hand.",
)


class QualityDetail(QWidget):
    """Filled with a TopicDetail; ``chosen`` carries a case to be read."""

    chosen = Signal(str)

    def __init__(
        self, shell: Shell, parent: QWidget | None = None, *, of_board: bool = True
    ) -> None:
        super().__init__(parent)
        self._shell, self._reading = shell, shell.reading
        self.detail: TopicDetail | None = None
        self._board: Board | None = None
        self._names: tuple[str, ...] = ()
        self._pair = (0, 1)
        self._view = 0
        self._behind: dict[Any, Sequence[int]] = {}
        column = down(self, gap=6)
        head = across(gap=12)
        self.title = ElidedLabel("", "heading")
        head.addWidget(self.title, 1)
        self._group = QButtonGroup(self)
        head.addWidget(segments(self._group, VIEWS, self.show_view, tips=TIPS))
        for number in (KNOWN, WEIGHTS):
            self._group.button(number).setVisible(of_board)
        column.addLayout(head)
        self.note = label("", "small", wrap=True)
        column.addWidget(self.note)
        self.map = PlotView("Reader by reader")
        self.map.clicked.connect(self._pick_pair)
        self.plot = PlotView("Detail")
        self.plot.clicked.connect(self._pick)
        self.weights = WeightsTable()
        middle = self._middle = QStackedWidget()
        middle.addWidget(self.plot)
        middle.addWidget(self.weights)
        self.cases = CaseList()
        self.cases.chosen.connect(self.chosen)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        for widget, share in ((self.map, 4), (middle, 5), (self.cases, 5)):
            widget.setMinimumWidth(220)
            split.addWidget(widget)
            split.setStretchFactor(split.count() - 1, share)
        split.setSizes([400, 460, 460])
        column.addWidget(split, 1)

    def show_detail(
        self, detail: TopicDetail | None, names: Sequence[str], board: Board | None = None
    ) -> None:
        """Show a topic; ``names`` are its readers as they may be told."""
        from desktop.engines.agreement.agreement_result import intervals_words
        from desktop.workspace.quality.quality_plots import pair_plot

        self.detail, self._names, self._board = detail, tuple(names), board
        self._pair = self._first_pair()
        self.setEnabled(detail is not None)
        if detail is None:
            self.title.setText("")
            self.note.setText("")
            return
        self.title.setText(f"{detail.topic.title} · {detail.agreement.text}")
        self.note.setText(f"{detail.agreement.note}{intervals_words(detail.agreement)}")
        self.map.show_plot(pair_plot(detail, self._names))
        self.show_view(self._view)
        self._list("Read by two or more", detail.all_items())

    def show_view(self, number: int) -> None:
        """Show one of VIEWS beside the table of readers."""
        self._view = number
        button = self._group.button(number)
        button.setChecked(True)
        if self.detail is None:
            return
        show: tuple[Callable[[TopicDetail], None], ...] = (
            self._two_readers,
            self._answers,
            self._over_time,
            self._modality,
            self._time,
            self._site,
            self._known,
            self.weights.show_detail,
        )
        self._behind = {}
        self._middle.setCurrentIndex(int(number == WEIGHTS))
        show[number](self.detail)

    # views ---------------------------------------------------------------------------------

    def _two_readers(self, detail: TopicDetail) -> None:
        from desktop.workspace.quality import quality_plots

        first, second = self._pair
        if len(detail.readers) < 2:
            self.plot.show_plot(quality_plots.class_plot(detail))
        elif detail.is_measured:
            plot = quality_plots.difference_plot(detail, first, second, self._names)
            self.plot.show_plot(plot)
        else:
            plot = quality_plots.confusion_plot(detail, first, second, self._names)
            self.plot.show_plot(plot)

    def _answers(self, detail: TopicDetail) -> None:
        from desktop.workspace.quality.quality_plots import class_plot

        self.plot.show_plot(class_plot(detail))

    def _over_time(self, detail: TopicDetail) -> None:
        from desktop.exchange.plots import Axis, Plot

        room = self._reading.workspace
        if room is None:
            return
        waiting = Plot(
            Axis(), Axis(), (), "Over time", empty="Looking up when items were answered…"
        )
        self.plot.show_plot(waiting)
        room.quality.start_drift(detail, self._show_drift, self._shell.say_error)

    def _show_drift(self, found: list[Any]) -> None:
        from desktop.workspace.quality.quality_plots import drift_plot

        if self.detail is None or self._view != 2:
            return
        self._behind = {stretch.number: items for stretch, items in found}
        stretches = [stretch for stretch, _items in found]
        self.plot.show_plot(drift_plot(stretches, self.detail.agreement.name))

    def _modality(self, detail: TopicDetail) -> None:
        from desktop.workspace.quality.quality_plots import group_plot

        self.plot.show_plot(group_plot(detail))

    def _site(self, detail: TopicDetail) -> None:
        from desktop.workspace.quality.quality_plots import site_plot

        self.plot.show_plot(site_plot(detail))

    def _known(self, detail: TopicDetail) -> None:
        from desktop.workspace.quality.known_cases import known_plot

        if self._board is not None:
            self.plot.show_plot(known_plot(self._board, detail, self._names))

    def _time(self, detail: TopicDetail) -> None:
        from desktop.workspace.quality.quality_plots import time_plot

        room = self._reading.workspace
        if room is not None:
            self._seconds = room.quality.active_seconds(detail)
            self.plot.show_plot(time_plot(self._seconds))

    # picking -------------------------------------------------------------------------------

    def _first_pair(self) -> tuple[int, int]:
        """The two readers who agree least."""
        told = (
            [p for p in self.detail.pairs if p.agreement.value is not None] if self.detail else []
        )
        worst = min(told, key=lambda p: p.agreement.value or 0.0, default=None)
        return (worst.first, worst.second) if worst else (0, 1)

    def _pick_pair(self, key: object) -> None:
        if self.detail is None or not isinstance(key, tuple):
            return
        first, second = key
        names = self._names
        if first == second:
            self._list(f"All of {names[first]}", self.detail.of_pair(first, first))
            return
        self._pair = (first, second)
        self.show_view(0)
        self._list(f"{names[first]} and {names[second]}", self.detail.of_pair(first, second))

    def _pick(self, key: Any) -> None:
        detail = self.detail
        if detail is None:
            return
        first, second = self._pair
        names = self._names
        if self._view == 0 and detail.is_measured:
            self._list(f"{names[first]} and {names[second]}", [int(key)])
        elif self._view == 0:
            words = detail.asked.ratings.categories
            heading = f"{names[first]}: {words[key[0]]}, {names[second]}: {words[key[1]]}"
            self._list(heading, detail.of_confusion(first, second, *key))
        elif self._view == 1:
            self._list_answer(key)
        elif self._view == 2:
            self._list("Read in this stretch", self._behind.get(key, ()))
        elif self._view == 3:
            self._list(f"Modality: {key or 'none'}", detail.of_group(key))
        elif self._view == KNOWN:
            what, reader = key
            self.show_known(what, reader)
        elif self._view == 5:
            self._list(f"Site: {key or 'none'}", detail.of_site(key))
        else:
            self._list_times(detail, key)

    def show_known(self, what: str, reader_id: str = "") -> None:
        """List the cases behind a share of known answers, or of wrong advice taken."""
        from desktop.workspace.quality.known_cases import RIGHT

        detail, room = self.detail, self._reading.workspace
        if detail is None or self._board is None or room is None:
            return
        lines = room.quality.behind(self._board, detail, what, reader_id)
        who = self._names[detail.readers.index(reader_id)] + ": " if reader_id else ""
        bad = sum(line.differ for line in lines)
        if what == RIGHT:
            heading, count = f"{who}Known answers", f"{bad:,} with a wrong answer"
            names = (*self._names, "Known")
        else:
            heading, count = f"{who}Wrong advice", f"{bad:,} where it was taken"
            names = (*self._names, "Advice")
        self.cases.show_cases(heading, lines[:MOST], len(lines), names, count)

    def show_most_common(self) -> None:
        """List the cases of which somebody gave the answer given most often."""
        if self.detail is None or self.detail.asked.ratings.q == 0 or self.detail.is_measured:
            return
        shares = self.detail.asked.ratings.shares()
        self._list_answer(int(shares.argmax()))

    def show_shared(self) -> None:
        """List the cases that two or more answered."""
        if self.detail is not None:
            self._list("Read by two or more", self.detail.all_items())

    def _list_answer(self, category: int) -> None:
        if self.detail is not None:
            name = self.detail.asked.ratings.categories[category]
            self._list(f"Somebody said: {name}", self.detail.of_class(category))

    def _list_times(self, detail: TopicDetail, key: tuple[str, float, float]) -> None:
        import numpy as np

        _bin, low, high = key
        with np.errstate(invalid="ignore"):
            inside = ((self._seconds >= low) & (self._seconds <= high)).any(axis=1)
        heading = f"{low:.0f} s to {high:.0f} s of work"
        self._list(heading, np.flatnonzero(inside).tolist())

    def _list(self, heading: str, items: Any) -> None:
        if self.detail is not None:
            lines = self.detail.lines([int(i) for i in items[:MOST]])
            self.cases.show_cases(heading, lines, len(items), self._names)
