"""Five rounds of learning through the real window: start, Enter, answer, again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from desktop.commands.project import AnswerQuestion
from desktop.gui import theme
from desktop.gui.main_window import MainWindow
from desktop.gui.reading import Reading
from desktop.gui.shell import Shell
from desktop.gui.simulated_hands import photograph, press_key, wait_for
from desktop.workspace.settings import Settings
from tests.workspace.made_lessons import Lessons

SHOTS = os.environ.get("READINGROOM_SHOTS", "")


def test_five_rounds_by_keyboard(qtbot: Any, qapp: Any, tmp_path: Path) -> None:
    lessons = Lessons(tmp_path / "lessons", count=80)
    truth = lessons.truth
    theme.apply(qapp, "dark")
    settings = Settings(tmp_path / "window.json")
    settings.set("reader_name", "Ada")
    window = MainWindow(Shell(Reading(), settings))
    qtbot.addWidget(window)
    window.resize(1440, 900)
    window.show()
    window.activateWindow()
    wait_for(window.isActiveWindow, "the window has the keyboard")
    wait_for(lambda: window.reading_page.canvas is not None, "the canvas")
    reading = window.shell.reading
    reading.open(lessons.ws)
    to_learning(window)
    page: Any = window._pages["learning"]
    assert window.page == "learning" and page.queue.count() == 0
    photo(window, "learning-empty")
    for number in range(1, 6):
        QTest.mouseClick(page.start, Qt.MouseButton.LeftButton)
        wait_for(lambda: page.queue.count() > 0 and not lessons.ws.learning.is_busy, "a round")
        assert len(lessons.ws.learning.rounds(page.topic)) == number
        for _case in range(10):
            expected = lessons.ws.learning.next_case(page.topic)
            QTest.keyClick(page.queue, Qt.Key.Key_Return)
            assert window.page == "read" and reading.view.case_id == expected
            reading.run(AnswerQuestion(case_id=expected, question_id="kind", value=truth[expected]))
            to_learning(window)
        assert lessons.ws.learning.next_case(page.topic) == ""
    page.start_round()
    rounds = lessons.ws.learning.rounds(page.topic)
    assert rounds[-1].labelled == 50 and (rounds[-1].standing.value or 0) > 0.7
    wait_for(lambda: len(page.plot.hits()) >= 4, "the curve")
    keys = {str(hit.key) for hit in page.plot.hits()}
    assert any(k.startswith("queue-") for k in keys)
    assert any(k.startswith("chance-") for k in keys), "the random control has its own line"
    assert "Round 6" in page.history.text()
    wait_for(lambda: len(page.findChildren(QLabel, "signal")) == 3, "three signals")
    photo(window, "learning-dark")
    window.shell.wear("light")
    photo(window, "learning-light")
    window.resize(1024, 640)
    photo(window, "learning-small")
    query = page.queue.current_query()
    page.pass_over(query, "Too noisy")
    assert lessons.ws.learning.next_case(page.topic) != query.case_id
    reading.open(None)


def to_learning(window: MainWindow) -> None:
    """Ctrl+5, and the page is there."""
    press_key(window, Qt.Key.Key_5, Qt.KeyboardModifier.ControlModifier)
    wait_for(lambda: window.page == "learning", "Ctrl+5 shows the page", 3)


def photo(window: MainWindow, name: str) -> None:
    """A screenshot where somebody wants one."""
    if SHOTS:
        photograph(window, Path(SHOTS) / f"{name}.png")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
