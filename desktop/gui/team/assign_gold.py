"""Gold: how surely each reader gives the known answer, by concept, and what they missed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QStackedWidget, QWidget

from desktop.domain.errors import UserError
from desktop.gui.shell import Shell
from desktop.gui.widgets import icons
from desktop.gui.widgets.furniture import (
    ElidedLabel,
    EmptyState,
    across,
    clear,
    down,
    frame,
    label,
    push,
    scrolled,
)
from desktop.gui.widgets.plot import Axis, Guide, PlotView, forest

if TYPE_CHECKING:
    from desktop.engines.gold.gold_scores import Share
    from desktop.workspace.team.gold import GoldLine, ReaderGold

_MANY = 100


class GoldPane(QWidget):
    """Readers with their intervals at the left, the chosen one at the right, all gold below."""

    chosen = Signal(str)

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell, self._reading = shell, shell.reading
        self._scores: dict[str, ReaderGold] = {}
        self.reader_id = ""  # who is shown: the one picked, else who raised the alarm
        self._picked = ""
        self._stack = QStackedWidget()
        down(self).addWidget(self._stack)
        self._stack.addWidget(
            EmptyState(
                "verify",
                "No gold yet",
                "Read a case, then choose Make gold… in the menu Case: your answers become its "
                "known answer, and packages hide it among other cases.",
            )
        )
        inside = QWidget()
        row = across(inside, gap=16)
        left = down(gap=12)
        card = frame("card")
        column = down(card, (16, 12, 16, 12), 8)
        column.addWidget(label("Accuracy on gold", "heading"))
        self.plot = PlotView("Accuracy on gold by reader")
        self.plot.clicked.connect(self._pick)
        self.plot.setMinimumHeight(220)
        column.addWidget(self.plot, 1)
        self._waiting = label("Nobody has answered gold yet.", "muted", wrap=True)
        column.addWidget(self._waiting)
        left.addWidget(card, 3)
        left.addWidget(self._make_cases(), 2)
        row.addLayout(left, 3)
        self._reader = frame("card")
        self._about = down(self._reader, (16, 12, 16, 12), 8)
        row.addWidget(scrolled(self._reader), 2)
        self._stack.addWidget(inside)

    def _make_cases(self) -> QFrame:
        card = frame("card")
        column = down(card, (16, 12, 8, 12), 8)
        self._cases_head = label("Gold cases", "heading")
        column.addWidget(self._cases_head)
        inside = QWidget()
        self._cases = down(inside, (0, 0, 8, 0), 0)
        column.addWidget(scrolled(inside), 1)
        return card

    def refresh(self) -> None:
        """Score anew."""
        room = self._reading.workspace
        if room is None:
            return
        try:
            lines, scores = room.gold.lines(), room.gold.scores()
        except UserError as error:
            self._shell.say_error(error)
            return
        self._stack.setCurrentIndex(1 if lines else 0)
        self._scores = {s.reader_id: s for s in scores}
        self._show_plot(scores)
        self._show_cases(lines)
        worst = min(scores, key=_alarm_first, default=None)
        first = worst.reader_id if worst else ""
        self._show_reader(self._picked if self._picked in self._scores else first)

    def _show_plot(self, scores: list[ReaderGold]) -> None:
        rows = []
        for one in scores:
            share = one.score.accuracy
            if share.value is not None and share.interval is not None:
                bounds = (share.interval.low, share.interval.high)
                rows.append((one.reader_id, one.name, share.value, *bounds))
        axis = Axis("right answers, 95 % interval", low=0.0, high=1.0, percent=True)
        guides = (Guide("poor", x=0.7, ink="danger"), Guide("good", x=0.9, ink="ok"))
        self.plot.show_plot(forest(rows, axis, guides=guides))
        self.plot.setVisible(bool(rows))
        self._waiting.setVisible(not rows)

    def _show_cases(self, lines: list[GoldLine]) -> None:
        clear(self._cases)
        self._cases_head.setText(f"{len(lines):,} gold cases" if len(lines) != 1 else "1 gold case")
        for line in lines[:_MANY]:
            row = across(gap=8)
            holder = QWidget()
            holder.setLayout(row)
            go = push(line.title, "link", tip="Opens the case.")
            go.clicked.connect(partial(self.chosen.emit, line.gold.case_id))
            row.addWidget(go)
            said = " · ".join(w for w in (line.gold.concept, line.gold.difficulty) if w)
            row.addWidget(ElidedLabel(said, "muted"), 1)
            row.addWidget(label(_share_words(line.share), "muted"))
            off = push("", "quiet", "trash", "Not gold any more; undo brings it back.")
            off.setAccessibleName(f"Take gold back from {line.title}")
            off.clicked.connect(partial(self._remove, line.gold.case_id))
            row.addWidget(off)
            self._cases.addWidget(holder)
        if len(lines) > _MANY:
            self._cases.addWidget(label(f"and {len(lines) - _MANY:,} more", "small"))
        self._cases.addStretch(1)

    def _pick(self, reader_id: object) -> None:
        self._picked = str(reader_id)
        self._show_reader(reader_id)

    def _show_reader(self, reader_id: object) -> None:
        clear(self._about)
        one = self._scores.get(str(reader_id))
        if one is None:
            self._about.addWidget(
                label("What readers say of gold shows here once they hand in.", "muted", wrap=True)
            )
            self._about.addStretch(1)
            return
        self.reader_id = one.reader_id
        head = across(gap=8)
        if one.score.watch.alert_after:
            head.addWidget(icons.Glyph("warning", "danger"))
        head.addWidget(ElidedLabel(one.name, "title"), 1)
        self._add_row(head)
        role = "danger" if one.score.watch.alert_after else ""
        self._about.addWidget(label(one.score.watch.note, role, wrap=True))
        self._add_shares("By concept", one.score.by_concept)
        self._add_shares("By difficulty", one.score.by_difficulty)
        if one.repeats.asked:
            self._add_shares("Shown twice", {"Same answer": one.repeats}, "the same")
        self._about.addWidget(label("Missed", "section"))
        if not one.misses:
            self._about.addWidget(label("Nothing so far.", "muted"))
        for miss in one.misses[:_MANY]:
            go = push(miss.title, "link", tip="Opens the case.")
            go.clicked.connect(partial(self.chosen.emit, miss.case_id))
            self._about.addWidget(go, 0, Qt.AlignmentFlag.AlignLeft)
            self._about.addWidget(label(miss.words, "small", wrap=True))
        self._about.addStretch(1)

    def _add_shares(self, words: str, shares: dict[str, Share], good: str = "right") -> None:
        if not shares:
            return
        self._about.addWidget(label(words, "section"))
        for name, share in shares.items():
            row = across(gap=8)
            row.addWidget(ElidedLabel(name), 1)
            row.addWidget(label(_share_words(share, good, interval=True), "muted"))
            self._add_row(row)

    def _add_row(self, row: object) -> None:
        holder = QWidget()
        holder.setLayout(row)  # type: ignore[arg-type]
        self._about.addWidget(holder)

    def _remove(self, case_id: str) -> None:
        room = self._reading.workspace
        if room is None:
            return
        try:
            room.gold.remove(case_id)
        except UserError as error:
            self._shell.say_error(error)
            return
        self._shell.say("Not gold any more", act="Undo", on_act=self._shell.undo_of_project)


def _alarm_first(one: ReaderGold) -> tuple[bool, float]:
    share = one.score.accuracy.value
    return (not one.score.watch.alert_after, 2.0 if share is None else share)


def _share_words(share: Share, good: str = "right", interval: bool = False) -> str:
    if share.interval is None:
        return "not asked yet"
    words = f"{share.right:,} of {share.asked:,} {good}"
    if interval:
        words += f" · {100 * share.interval.low:.0f} to {100 * share.interval.high:.0f} %"
    return words
