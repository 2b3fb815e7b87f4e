"""The ranking page: tasks, judging, results, and making a task; one of them at a time."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QStackedWidget, QWidget

from desktop.gui.page import Page
from desktop.gui.ranking.ranking_judge import JudgeView
from desktop.gui.ranking.ranking_list import SEES_RESULTS, TaskList
from desktop.gui.ranking.ranking_new import NewTaskForm
from desktop.gui.ranking.ranking_result import ResultView
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import down


class RankingPage(Page):
    """Comes back to what was shown; another project starts with its tasks."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(shell, parent)
        column = down(self, gap=0)
        self.parts = QStackedWidget()
        self.tasks = TaskList(shell)
        self.judge = JudgeView(shell)
        self.result = ResultView(shell)
        self.form = NewTaskForm(shell)
        for part in (self.tasks, self.judge, self.result, self.form):
            self.parts.addWidget(part)
        column.addWidget(self.parts)
        self.tasks.judge.connect(self.open_judging)
        self.tasks.results.connect(self.open_results)
        self.tasks.making.connect(self._make)
        self.judge.left.connect(self.show_tasks)
        self.judge.finished.connect(self._finished)
        self.result.left.connect(self.show_tasks)
        self.result.chosen.connect(self.chosen)
        self.form.left.connect(self.show_tasks)
        self.form.made.connect(self._made)
        shell.reading.leaving.connect(lambda _room: self._leave())

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        current = self.parts.currentWidget()
        if current is self.tasks:
            self.tasks.refresh()
        elif current is self.result:
            self.result.refresh()
        self.take_focus()

    def take_focus(self) -> None:
        current = self.parts.currentWidget()
        if current is self.judge:
            self.judge.setFocus()
        elif current is self.tasks:
            self.tasks.take_focus()

    def show_tasks(self) -> None:
        """The list of tasks."""
        self.parts.setCurrentWidget(self.tasks)
        self.tasks.refresh()
        self.tasks.take_focus()

    def open_judging(self, task_id: str) -> None:
        """Ask what is open in a task."""
        self.parts.setCurrentWidget(self.judge)
        self.judge.open(task_id)

    def open_results(self, task_id: str) -> None:
        """Show what readers prefer."""
        self.parts.setCurrentWidget(self.result)
        self.result.open(task_id)

    def _leave(self) -> None:
        """The project is about to be closed: nothing of it stays on screen."""
        self.judge.forget()
        self.parts.setCurrentWidget(self.tasks)

    def _make(self) -> None:
        self.parts.setCurrentWidget(self.form)
        self.form.start()

    def _made(self, task_id: str) -> None:
        room = self._shell.reading.workspace
        self.show_tasks()
        if room is not None:
            self._shell.say(f"{room.ranking.task(task_id).title} is ready", "", "ok")

    def _finished(self) -> None:
        room = self._shell.reading.workspace
        self.show_tasks()
        sees = room is not None and room.reader.role in SEES_RESULTS
        more = "The results are on the list." if sees else "Thank you."
        self._shell.say("Everything in this task is decided", more, "ok")
