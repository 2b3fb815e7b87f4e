"""The Help board: what models and rules know, how much time they saved, where they mislead."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from desktop.domain.help_study import Arm
from desktop.gui.page import Page
from desktop.gui.shell import Shell
from desktop.gui.suggestions.help_cases import HelpCases
from desktop.gui.widgets.furniture import (
    EmptyState,
    across,
    clear,
    down,
    frame,
    label,
    push,
    scrolled,
)
from desktop.gui.widgets.plot import Axis, Bars, Datum, Plot, PlotView

if TYPE_CHECKING:
    from desktop.engines.gold.help_effect import Effect, HelpItem, Share
    from desktop.workspace.models.help_report import HelpReport, RunLine

_HEADS = ("Source", "Cases", "Offered", "Accepted", "Edited", "Rejected", "Waiting", "Right")
_MOST = 12
_MISLED: Callable[[HelpItem], bool] = operator.attrgetter("misled")
_CORRECTED: Callable[[HelpItem], bool] = operator.attrgetter("corrected")


class HelpBoard(Page):
    """Measured when it is shown; every line that names a case opens it."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(shell, parent)
        self.report: HelpReport | None = None
        outer = across(self, (24, 16, 24, 16))
        inside = QWidget()
        column = down(inside, gap=12)
        head = across(gap=8)
        head.addWidget(label("What help did", "title"))
        head.addStretch(1)
        self._again = push("Measure again", tip="Reads all suggestions, answers and times anew.")
        self._again.clicked.connect(self.measure)
        self._again.hide()
        back = push("Back", tip="Back to where you were (Esc)")
        back.clicked.connect(self.left)
        head.addWidget(self._again)
        head.addWidget(back)
        column.addLayout(head)
        self._body: QVBoxLayout = down(gap=12)
        column.addLayout(self._body, 1)
        area = scrolled(inside)
        outer.addWidget(area)
        self.behind = HelpCases(self._reading, area)
        self.behind.chosen.connect(self.chosen)
        column.addWidget(self.behind)
        self.plot = PlotView("Changes after a suggestion, by source")

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self.measure()

    def measure(self) -> None:
        """Read everything in the background, then show it."""
        room = self._reading.workspace
        if room is not None:
            room.help.start_report(self.show_report, self._shell.say_error)

    def show_report(self, report: HelpReport) -> None:
        self.report = report
        self.behind.hide()
        clear(self._body)
        self._again.setVisible(bool(report.runs))
        if not report.runs:
            self._body.addWidget(self._nothing_yet(), 1)
            return
        top = across(gap=12)
        top.addWidget(self._saved(report), 1)
        top.addWidget(self._changed(report), 1)
        self._body.addLayout(top)
        self._body.addWidget(self._runs(report))
        if report.items:
            row = across(gap=12)
            row.addWidget(self._groups(report), 1)
            row.addWidget(self._drawn(report), 1)
            self._body.addLayout(row)
        self._body.addWidget(self._misled(report))
        self._body.addStretch(1)

    def _open_changed(self, key: Any) -> None:
        """A bar of the plot opens the first case that it counts."""
        source, what = key
        for item in self.report.items if self.report else ():
            if item.source == source and (item.misled if what == "misled" else item.corrected):
                self.chosen.emit(item.case)
                return

    def _nothing_yet(self) -> EmptyState:
        models = push("To the models", "primary", "learning", "Adds models of your own, runs them.")
        models.clicked.connect(lambda: self._shell.page_wanted.emit("models"))
        rules = push("To the rules", icon="rules", tip="Rules vote on what nobody has read yet.")
        rules.clicked.connect(lambda: self._shell.page_wanted.emit("rules"))
        return EmptyState(
            "learning",
            "Nothing was suggested yet",
            "Models and rules suggest; here is what that saved, and where it misled.",
            [models, rules],
        )

    # parts ---------------------------------------------------------------------------------

    def _saved(self, report: HelpReport) -> QWidget:
        card, column = _card("Expert time")
        saved = report.saved
        column.addWidget(label(saved.words, "heading", wrap=True))
        for arm in Arm:
            count = report.arm_cases.get(arm, 0)
            mean = report.arm_seconds.get(arm)
            time = f", {mean / 60:.1f} min each" if mean is not None else ""
            name = arm.value.capitalize()
            figure = self.behind.figure(
                f"{name}: {count} closed cases{time}",
                f"{name}, closed",
                lambda a=arm: report.arm_case_ids.get(a, ()),  # type: ignore[misc]
                count,
            )
            column.addWidget(figure, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(
            label(
                "Mean working time with help from the start against the arm without help, over "
                "the cases read with help; 95 % interval by Welch.",
                "small", wrap=True,
            )
        )  # fmt: skip
        column.addStretch(1)
        return card

    def _changed(self, report: HelpReport) -> QWidget:
        card, column = _card("What blind answers became")
        effect = report.all
        rows: tuple[tuple[str, Share, Callable[[HelpItem], bool]], ...] = (
            ("Right, then overturned by a wrong suggestion", effect.misled, _MISLED),
            ("Wrong, then corrected by a right suggestion", effect.corrected, _CORRECTED),
            ("Right before suggestions", effect.right_before, lambda i: i.blind == i.truth),
            ("Right after suggestions", effect.right_after, lambda i: i.final == i.truth),
        )
        for words, share, counts in rows:
            column.addWidget(label(words, "muted", wrap=True))
            column.addWidget(self._share(share.words, words, share, counts))
        column.addStretch(1)
        return card

    def _runs(self, report: HelpReport) -> QWidget:
        card, column = _card("What models and rules know")
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(0, 1)
        for place, words in enumerate(_HEADS):
            grid.addWidget(label(words, "muted"), 0, place, _side(place))
        for line, run in enumerate(report.runs, start=1):
            name = label(run.name)
            name.setToolTip(f"{run.origin}\n{run.sha256}".strip())
            grid.addWidget(name, line, 0, _side(0))
            for place, words in enumerate(_cells(run), start=1):
                grid.addWidget(self._behind(run, _HEADS[place], words), line, place, _side(place))
            if run.wrong_cases:
                wrong = self._behind(run, "Wrong", "Wrong cases")
                grid.addWidget(wrong, line, len(_HEADS))
        column.addLayout(grid)
        column.addWidget(
            label(
                "Right: against what was ruled or is gold. A region is right where it shares "
                "enough pixels with a true one of its class. Waiting: not decided yet.",
                "small", wrap=True,
            )
        )  # fmt: skip
        return card

    def _groups(self, report: HelpReport) -> QWidget:
        card, column = _card("Misled and corrected")
        room = self._reading.workspace
        names = {r.id: n or r.pseudonym for r, n in room.readers()} if room else {}
        for title, groups in (
            ("By reader", report.by_reader),
            ("By source", report.by_source),
            ("By subject, the worst first", report.by_subject),
        ):
            column.addWidget(label(title, "section"))
            for group in groups[:5]:
                name = names.get(group.name, group.name)
                row = across(gap=8)
                row.addWidget(label(f"{name}:", wrap=True), 1)
                for words, share, counts in (
                    ("misled", group.misled, _MISLED), ("corrected", group.corrected, _CORRECTED),
                ):  # fmt: skip
                    mine = _of(title, group.name, counts)
                    figure = self._share(
                        f"{words} {_short(share)}", f"{name}, {words}", share, mine
                    )
                    row.addWidget(figure)
                column.addLayout(row)
        column.addStretch(1)
        return card

    def _share(
        self, words: str, what: str, share: Share, counts: Callable[[HelpItem], bool]
    ) -> QWidget:
        """A share whose cases are those of the items that it counts."""
        items = self.report.items if self.report is not None else ()
        return self.behind.figure(
            words, what, lambda: [i.case for i in items if counts(i)], share.count
        )

    def _behind(self, run: RunLine, head: str, words: str) -> QWidget:
        """A figure of one run."""
        case_ids = run.case_ids.get(head.lower(), ())
        return self.behind.figure(
            words, f"{run.name}, {head.lower()}", lambda: case_ids, len(case_ids)
        )

    def _drawn(self, report: HelpReport) -> QWidget:
        card, column = _card("Share changed by suggestions")
        self.plot = PlotView("Changes after a suggestion, by source")
        self.plot.setMinimumHeight(240)
        self.plot.show_plot(changes_plot(report.by_source))
        self.plot.clicked.connect(self._open_changed)
        column.addWidget(self.plot, 1)
        return card

    def _misled(self, report: HelpReport) -> QWidget:
        card, column = _card("Where help misled")
        for line in report.misleading[:_MOST]:
            words = f"{line.title}: {line.about}, by {line.source}"
            link = push(words, "link", tip="Opens this case.")
            link.clicked.connect(lambda _c=False, case=line.case_id: self.chosen.emit(case))
            column.addWidget(link, 0, Qt.AlignmentFlag.AlignLeft)
        more = len(report.misleading) - _MOST
        if more > 0:
            column.addWidget(label(f"and {more} more", "muted"))
        if not report.misleading:
            why = (
                "No right answer was overturned by a wrong suggestion."
                if report.items
                else "Not enough data: blind answers that are locked, and cases with a ruling or "
                "gold, are needed. Set the shares of the arms on the Models page."
            )
            column.addWidget(label(why, "muted", wrap=True))
        return card


def changes_plot(groups: tuple[Effect, ...]) -> Plot:
    """Misled and corrected shares by source, with Wilson's intervals."""
    layers = []
    for shift, name, ink in ((-0.2, "misled", "danger"), (0.2, "corrected", "ok")):
        data = []
        for place, group in enumerate(groups):
            share = group.misled if name == "misled" else group.corrected
            if share.interval is not None:
                data.append(_datum(group.name, place + shift, name, share))
        if data:
            layers.append(Bars(tuple(data), name=name, ink=ink, width=0.35))
    return Plot(
        x=Axis("source", names=tuple(group.name for group in groups)),
        y=Axis("share", low=0.0, high=1.0, percent=True),
        layers=tuple(layers),
    )


def _datum(source: str, x: float, what: str, share: Share) -> Datum:
    assert share.interval is not None
    words = f"{source}, {what}: {share.words}"
    low, high = share.interval.low, share.interval.high
    return Datum((source, what), x, share.value, low=low, high=high, words=words)


def _card(title: str) -> tuple[QWidget, QVBoxLayout]:
    card = frame("card")
    column = down(card, (20, 14, 20, 14), 6)
    column.addWidget(label(title, "heading"))
    return card, column


def _cells(run: RunLine) -> tuple[str, ...]:
    numbers = (run.cases, run.offered, run.accepted, run.edited, run.rejected, run.undecided)
    return (*(f"{n:,}" for n in numbers), run.right.words)


def _of(title: str, name: str, counts: Callable[[HelpItem], bool]) -> Callable[[HelpItem], bool]:
    """What counts within one reader, source or subject."""
    field = {"By reader": "reader", "By source": "source"}.get(title, "about")
    return lambda item: getattr(item, field) == name and counts(item)


def _short(share: Share) -> str:
    return f"{share.count} of {share.of}" if share.of else "–"


def _side(place: int) -> Qt.AlignmentFlag:
    middle = Qt.AlignmentFlag.AlignVCenter
    return middle | (Qt.AlignmentFlag.AlignLeft if place == 0 else Qt.AlignmentFlag.AlignRight)
