"""What readers prefer: the ranking with intervals, wins, sides, and how far readers hold."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QComboBox,
    QFileDialog,
    QHeaderView,
    QScrollArea,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from desktop.domain.errors import UserError
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import EmptyState, across, down, frame, label, push
from desktop.gui.widgets.plot import Axis, Guide, PlotView, forest, heat_map
from desktop.gui.widgets.segments import segments

if TYPE_CHECKING:
    from desktop.engines.preference.preference_raters import Share
    from desktop.exchange.exporter import Written
    from desktop.workspace.ranking.ranking_report import RankingReport

_COLUMNS = (
    ("Reader", "Who judged"),
    ("Decisions", "How many decisions"),
    ("Median", "Median time of a decision"),
    ("Repeats alike", "The same pair, sides swapped, judged alike: count and 95 % interval"),
    ("Left chosen", "Decisions for the left side: count and 95 % interval"),
    ("With the ranking", "Decisions in line with the ranking"),
    ("Circles", "A over B, B over C, C over A: out of triples that were judged"),
    ("Follows the scale", "1 is average; a small number is close to guessing (from 50 votes on)"),
)
_ROW_PX = 26


class ResultView(QWidget):
    """``left``: back to the list. ``chosen``: a case is to be opened."""

    left = Signal()
    chosen = Signal(str)

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell = shell
        self._task_id = ""
        self.report: RankingReport | None = None
        column = down(self, gap=0)
        column.addWidget(self._make_head())
        area = QScrollArea()
        area.setWidgetResizable(True)
        holder = QWidget()
        body = down(holder, (24, 16, 24, 16), 12)
        self.banner = frame("card")
        self.banner.setProperty("tone", "warn")
        line = across(self.banner, (14, 10, 14, 10), 10)
        self._banner_words = label("", "warn", wrap=True)
        line.addWidget(self._banner_words, 1)
        body.addWidget(self.banner)
        self._summary = label("", "muted", wrap=True)
        body.addWidget(self._summary)
        self.empty = EmptyState(
            "ranking", "Nobody has decided yet", "The ranking appears with the first decision."
        )
        body.addWidget(self.empty, 1)
        plots = across(gap=12)
        self.scores = PlotView("Ranking with 95 % intervals")
        self.scores.clicked.connect(self._open_case)
        self.wins = PlotView("Wins of row over column")
        self._plots = []
        for view in (self.scores, self.wins):
            card = frame("card")
            inner = down(card, (12, 10, 12, 10), 4)
            inner.addWidget(view)
            self._plots.append(card)
            plots.addWidget(card, 1)
        body.addLayout(plots)
        self._readers_words = label("Readers", "heading")
        body.addWidget(self._readers_words)
        self.readers = _table()
        body.addWidget(self.readers)
        self._circles = label("", "muted", wrap=True)
        body.addWidget(self._circles)
        body.addStretch(1)
        area.setWidget(holder)
        column.addWidget(area, 1)

    def open(self, task_id: str) -> None:
        """Show what is said in this task."""
        self._task_id = task_id
        self._fill_questions()
        self.refresh()

    def refresh(self) -> None:
        """Rank again."""
        from desktop.workspace.ranking.ranking_report import By, Scope

        room = self._shell.reading.workspace
        if room is None:
            return
        by = By.SOURCE if self._by.checkedId() == 1 else By.CANDIDATE
        self.question.setVisible(by is By.CANDIDATE and self.question.count() > 1)
        try:
            scope = Scope(by, self.question.currentData() or "")
            self._show(room.ranking.report(self._task_id, scope))
        except UserError as error:
            self._shell.say_error(error)
            if by is By.SOURCE:
                self._by.button(0).setChecked(True)
                self.refresh()

    def export_to(self, folder: Path) -> None:
        """Write the task for training into this folder."""
        room = self._shell.reading.workspace
        if room is None:
            return

        def done(written: Written) -> None:
            words = f"{len(written.parts)} files, all read back and compared."
            if written.notes:
                words += f" {written.notes[0].sentence}"
            self._shell.say(f"Written to {folder.name}", words, "ok")

        try:
            room.ranking.start_export(self._task_id, folder, done, self._shell.say_error)
        except UserError as error:
            self._shell.say_error(error)

    # pieces ----------------------------------------------------------------------------------

    def _make_head(self) -> QWidget:
        bar = frame("topbar")
        bar.setFixedHeight(44)
        row = across(bar, (16, 0, 12, 0), 12)
        self._title = label("", "title")
        row.addWidget(self._title)
        self._by = QButtonGroup(self)
        tips = (
            "The candidates of one question against each other.",
            "Models or readers, over all questions.",
        )
        ways = segments(self._by, ("By candidate", "By source"), lambda _n: self.refresh(), 0, tips)
        row.addWidget(ways, 0, Qt.AlignmentFlag.AlignVCenter)
        self.question = QComboBox()
        self.question.setAccessibleName("Question")
        self.question.setMaximumWidth(280)
        self.question.currentIndexChanged.connect(lambda _i: self.refresh())
        row.addWidget(self.question)
        row.addStretch(1)
        export = push(
            "Export…",
            icon="bundle",
            tip="Rows and images for training (TRL, Argilla), rankings, rewards.",
        )
        export.clicked.connect(self._ask_folder)
        back = push("All tasks", "quiet", "previous", "Back to the list (Esc leaves the page).")
        back.clicked.connect(self.left)
        row.addWidget(export)
        row.addWidget(back)
        return bar

    def _fill_questions(self) -> None:
        room = self._shell.reading.workspace
        self.question.blockSignals(True)
        self.question.clear()
        if room is not None:
            try:
                prompts = room.ranking.records(self._task_id).prompts
            except UserError:
                prompts = ()
            for number, prompt in enumerate(prompts, start=1):
                line = " ".join(prompt.text.split())
                self.question.addItem(f"{number}. {line[:60]}", prompt.id)
        self.question.blockSignals(False)

    def _show(self, report: RankingReport) -> None:
        self.report = report
        self._title.setText(report.records.task.title)
        some = report.decisions > 0
        self.empty.setVisible(not some)
        for part in (*self._plots, self._readers_words, self.readers, self._summary):
            part.setVisible(some)
        self._show_banner(report)
        self._summary.setText(_summary(report))
        self._show_scores(report)
        self._show_wins(report)
        self._show_readers(report)
        self._show_circles(report)

    def _show_banner(self, report: RankingReport) -> None:
        self.banner.setVisible(report.is_biased)
        if report.position is None:
            return
        value, low, high = report.position
        side = "left" if value > 0.5 else "right"
        self._banner_words.setText(
            f"Readers lean to the {side}: of two equals they would take the left one in "
            f"{value:.0%} of cases (95 % interval {low:.0%} to {high:.0%}). "
            "The ranking takes this out; tell readers, or ask for more decisions."
        )

    def _show_scores(self, report: RankingReport) -> None:
        rows = []
        for item in report.items:
            ranks = f"{item.rank}"
            if item.rank_low is not None and item.rank_low != item.rank_high:
                ranks = f"{item.rank_low}–{item.rank_high}"
            low = math.nan if item.low is None else item.low
            high = math.nan if item.high is None else item.high
            rows.append((item.key, f"{ranks}  {_short(item.name)}", item.score, low, high))
        graded = not report.wins.any() and report.unit.startswith("grade")
        axis = Axis("mean grade", "1 to 5") if graded else Axis("preferred", "log odds")
        guides = () if graded else (Guide("", x=0.0, ink="line", dashed=False),)
        kept = [row for row in rows if math.isfinite(row[2])]
        self.scores.show_plot(forest(kept, axis, "Rank, and how sure it is", guides))
        self.scores.setMinimumHeight(110 + _ROW_PX * max(4, len(rows)))

    def _show_wins(self, report: RankingReport) -> None:
        names = [_short(i.name, 14) for i in report.items]
        shares, words = [], []
        for r in range(len(names)):
            line, said = [], []
            for c in range(len(names)):
                won, lost = float(report.wins[r, c]), float(report.wins[c, r])
                tied = float(report.ties[r, c])
                total = won + lost + tied
                line.append((won + tied / 2) / total if total and r != c else math.nan)
                said.append(
                    f"{names[r]} over {names[c]}: {won:.0f}\nties: {tied:.0f}, lost: {lost:.0f}"
                )
            shares.append(line)
            words.append(said)
        self._plots[1].setVisible(bool(report.wins.any() or report.ties.any()))
        self.wins.show_plot(
            heat_map(shares, names, names, ("won", "against"), words, title="Share of wins")
        )

    def _show_readers(self, report: RankingReport) -> None:
        table = self.readers
        table.setRowCount(len(report.readers))
        for row, reader in enumerate(report.readers):
            told = reader.report
            cells = [reader.name, f"{reader.judged}", f"{reader.seconds:.1f} s"]
            if told is None:
                cells += ["–"] * 5
            else:
                cells += [
                    share_words(told.repeats),
                    share_words(told.left),
                    share_words(told.with_scale),
                    f"{told.circles.count} of {told.circles.total}",
                    f"{told.temperature:.2f}" if told.votes >= 50 else "–",
                ]
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setToolTip(f"{_COLUMNS[column][1]}: {text}")
                table.setItem(row, column, item)
        table.setFixedHeight(table.horizontalHeader().height() + 4 + 30 * max(1, table.rowCount()))

    def _show_circles(self, report: RankingReport) -> None:
        names = {i.key: _short(i.name) for i in report.items}
        lines = [
            f"{reader.name}: {names[a]} over {names[b]} over {names[c]} over {names[a]}"
            for reader in report.readers
            for a, b, c in reader.circles
        ]
        more = f" And {len(lines) - 5} more." if len(lines) > 5 else ""
        self._circles.setText("Circles. " + "; ".join(lines[:5]) + "." + more if lines else "")
        self._circles.setVisible(bool(lines))

    def _open_case(self, key: str) -> None:
        """The case that a candidate belongs to."""
        if self.report is None:
            return
        prompts = {p.id: p.case_id for p in self.report.records.prompts}
        of = {c.id: prompts[c.prompt_id] for c in self.report.records.candidates}
        if of.get(key):
            self.chosen.emit(of[key])

    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "An empty folder for the rows")
        if folder:
            self.export_to(Path(folder))


def share_words(share: Share) -> str:
    """ "7 of 8 (53–98 %)"."""
    if not share.total:
        return "–"
    words = f"{share.count} of {share.total}"
    if share.interval is None:
        return words
    return f"{words} ({share.interval.low * 100:.0f}–{share.interval.high * 100:.0f} %)"


def _summary(report: RankingReport) -> str:
    parts = [f"{report.decisions} decisions by {len(report.readers)} readers"]
    if report.agreement.total:
        parts.append(f"two readers agree on a pair in {share_words(report.agreement)}")
    if report.both_bad:
        parts.append(f"{report.both_bad} found none acceptable")
    if report.cannot:
        parts.append(f"{report.cannot} could not be judged")
    if report.position is not None and not report.is_biased:
        value, low, high = report.position
        told = "no lean to a side" if high - low < 0.5 else "too few to see a lean to a side"
        parts.append(f"{told} (left in {value:.0%} of equal pairs, {low:.0%} to {high:.0%})")
    sentences = ["; ".join(parts) + ".", *([report.stop] if report.stop else []), *report.notes]
    return " ".join(sentences)


def _short(text: str, most: int = 24) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _table() -> QTableWidget:
    table = QTableWidget(0, len(_COLUMNS))
    table.setAccessibleName("Readers")
    table.setHorizontalHeaderLabels([name for name, _tip in _COLUMNS])
    for number, (_name, tip) in enumerate(_COLUMNS):
        header = table.horizontalHeaderItem(number)
        if header is not None:
            header.setToolTip(tip)
    table.setShowGrid(False)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(30)
    columns = table.horizontalHeader()
    columns.setHighlightSections(False)
    columns.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    columns.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    columns.setStretchLastSection(True)
    return table
