"""The preference tasks of a project: how far one is, and what the lead does with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QProgressBar, QPushButton, QScrollArea, QStackedWidget, QWidget

from desktop.domain.errors import UserError
from desktop.domain.ranking import RankingKind
from desktop.domain.task import Reader, Role
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import (
    ElidedLabel,
    EmptyState,
    across,
    clear,
    down,
    frame,
    label,
    push,
)

if TYPE_CHECKING:
    from desktop.workspace.ranking.ranking import TaskLine

KINDS = {
    RankingKind.PAIRWISE: "two at a time",
    RankingKind.BEST: "best of a few",
    RankingKind.TIERS: "tiers",
    RankingKind.RATING: "grades 1 to 5",
}
SEES_RESULTS = frozenset({Role.LEAD, Role.ADJUDICATOR, Role.REVIEWER, Role.AUDITOR})


class TaskList(QWidget):
    """``judge``, ``results``: a task was chosen for that; ``making``: a new one is wanted."""

    judge = Signal(str)
    results = Signal(str)
    making = Signal()

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell = shell
        self._judge_buttons: list[QPushButton] = []
        column = down(self, (24, 16, 24, 16), 12)
        head = across(gap=12)
        head.addWidget(label("Ranking", "title"))
        self._count = label("", "muted")
        head.addWidget(self._count)
        head.addStretch(1)
        self.new = push("New task…", "primary", "plus", "Put texts, images or outlines to readers.")
        self.new.clicked.connect(self.making)
        head.addWidget(self.new)
        column.addLayout(head)
        self._stack = QStackedWidget()
        make = push("New task…", "primary", "plus", "Put texts, images or outlines to readers.")
        make.clicked.connect(self.making)
        self._make_first = make
        self._nothing = EmptyState("ranking", "No preference task yet", "", [make])
        area = QScrollArea()
        area.setWidgetResizable(True)
        holder = QWidget()
        self._rows = down(holder, gap=8)
        area.setWidget(holder)
        self._stack.addWidget(self._nothing)
        self._stack.addWidget(area)
        column.addWidget(self._stack, 1)

    def refresh(self) -> None:
        """Read the tasks anew."""
        room = self._shell.reading.workspace
        if room is None:
            return
        lines = room.ranking.tasks()
        leads = room.reader.role is Role.LEAD
        self.new.setVisible(leads and bool(lines))
        self._make_first.setVisible(leads)
        self._nothing.say(
            "No preference task yet",
            "A task puts texts, images or outlines side by side and asks which is better."
            if leads
            else "The lead of this project makes them; they are shown here.",
        )
        open_ones = sum(line.task.is_open and not line.is_done for line in lines)
        self._count.setText(f"{open_ones} of {len(lines)} open for you" if lines else "")
        self._stack.setCurrentIndex(1 if lines else 0)
        clear(self._rows)
        self._judge_buttons.clear()
        for line in lines:
            self._rows.addWidget(self._card(line, room.reader))
        self._rows.addStretch(1)

    def take_focus(self) -> None:
        """The first task that is open, once its card is on screen."""
        QTimer.singleShot(0, self, self._focus_first)

    def _focus_first(self) -> None:
        buttons = (*self._judge_buttons, self._make_first, self.new)
        for button in buttons:
            if button.isVisible() and button.isEnabled():
                button.setFocus()
                return

    def _card(self, line: TaskLine, reader: Reader) -> QWidget:
        task, role = line.task, reader.role
        card = frame("card")
        row = across(card, (16, 12, 12, 12), 12)
        words = down(gap=2)
        words.addWidget(ElidedLabel(task.title, "heading"))
        questions = f"{line.prompt_count} question" + ("s" if line.prompt_count != 1 else "")
        about = f"{questions}, {line.candidate_count} candidates, {KINDS[task.judged]}"
        words.addWidget(ElidedLabel(about, "muted"))
        row.addLayout(words, 1)
        bar = QProgressBar()
        bar.setTextVisible(False)
        bar.setFixedWidth(120)
        bar.setRange(0, max(1, line.wanted))
        bar.setValue(line.done)
        bar.setAccessibleName(f"Decisions made in {task.title}")
        row.addWidget(bar)
        state = f"{line.done} of {line.wanted}" if task.asks(reader.id) else "others' task"
        state = state if task.is_open else "closed"
        counted = label(state, "muted")
        counted.setMinimumWidth(88)
        row.addWidget(counted)
        if role is Role.LEAD:
            text, tip = ("Close", "No reader can decide any more; it can be opened again.")
            if not task.is_open:
                text, tip = ("Open", "Readers can decide again.")
            switch = push(text, "quiet", tip=tip)
            switch.clicked.connect(lambda _c=False: self._switch(task.id, not task.is_open))
            row.addWidget(switch)
        if role in SEES_RESULTS:
            shown = push("Results", tip="The ranking with intervals, sides, and readers.")
            shown.clicked.connect(lambda _c=False: self.results.emit(task.id))
            row.addWidget(shown)
        go = push("Judge", "primary", tip="Shows the next candidates, side by side.")
        why = "This task is closed." if not task.is_open else ""
        why = why or ("" if line.task.asks(reader.id) else "It asks other readers.")
        why = why or ("You have decided everything." if line.is_done else "")
        if role is Role.AUDITOR:
            why = "An auditor reads and decides nothing."
        go.setEnabled(not why)
        if why:
            go.setToolTip(why)
        go.clicked.connect(lambda _c=False: self.judge.emit(task.id))
        self._judge_buttons.append(go)
        row.addWidget(go)
        return card

    def _switch(self, task_id: str, is_open: bool) -> None:
        room = self._shell.reading.workspace
        if room is None:
            return
        try:
            room.ranking.change(replace(room.ranking.task(task_id), is_open=is_open))
        except UserError as error:
            self._shell.say_error(error)
        self.refresh()
