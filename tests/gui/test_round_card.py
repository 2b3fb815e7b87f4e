"""A round in hand: left for the work list's order, and what a closed case and an undo do in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop.commands.project import MarkCase
from desktop.domain.task import AssignmentState
from desktop.gui import simulated_hands as hands
from desktop.gui.shell import Notice, Shell
from desktop.gui.window.main_window import MainWindow
from tests.workspace.made_lessons import Lessons


@pytest.fixture
def scene(qtbot: Any, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    lessons = Lessons(tmp_path / "lessons", count=12)
    lessons.ws.learning.run_round(lessons.topic)
    window = MainWindow(shell)
    qtbot.addWidget(window)
    window.resize(1200, 800)
    window.show()
    qtbot.waitActive(window)
    qtbot.waitUntil(lambda: window.reading_page.canvas is not None)
    shell.reading.open(lessons.ws)
    window.show_page("learning")
    page: Any = window._pages["learning"]
    page.topic_box.setCurrentIndex([t.question.id for t in page._topics].index("kind"))
    yield window, lessons, page
    shell.reading.open(None)


def finish(window: MainWindow) -> None:
    window.reading_page.focus_image()
    hands.press_key(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)


def test_a_round_that_is_left_goes_on_as_the_work_list(scene: Any, shell: Shell) -> None:
    window, lessons, page = scene
    room, card = lessons.ws, window.reading_page.panel.round
    queue = [line.case.id for line in room.learning.queue(lessons.topic)]
    asked = next(c for c in queue if room.neighbour(c, 1) not in (None, queue[1]))
    page.queue.setCurrentRow(queue.index(asked))
    QTest.mouseClick(page.open, Qt.MouseButton.LeftButton)
    assert shell.reading.view.case_id == asked and not card.isHidden()
    QTest.mouseClick(card.leave, Qt.MouseButton.LeftButton)
    assert card.isHidden() and shell.round_in_hand is None
    finish(window)
    assert shell.reading.view.case_id == room.neighbour(asked, 1)


def test_a_closed_case_says_what_the_key_does_and_undo_comes_back(scene: Any, shell: Shell) -> None:
    window, lessons, page = scene
    room, card = lessons.ws, window.reading_page.panel.round
    queue = [line.case.id for line in room.learning.queue(lessons.topic)]
    room.run(MarkCase(case_id=queue[0], state=AssignmentState.DONE))
    noticed: list[Notice] = []
    shell.noticed.connect(noticed.append)
    QTest.keyClick(page.queue, Qt.Key.Key_Return)
    assert "Ctrl+Enter opens it again" in card.hint.text()
    finish(window)
    assert "the next case of the round" in card.hint.text()
    lessons.answer(queue[0], "dots")
    finish(window)
    assert shell.reading.view.case_id == queue[1]
    assert not room.assignment(queue[1]).state.is_closed
    assert "1 answered" in card.hint.text()
    on_act = noticed[-1].on_act
    assert on_act is not None
    on_act()
    assert shell.reading.view.case_id == queue[0]
    assert not room.assignment(queue[0]).state.is_closed
