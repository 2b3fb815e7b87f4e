"""Five rounds of learning through the real window: start, Enter, a digit, Ctrl+Enter, again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit

from desktop.domain.split import Part
from desktop.gui.reading.reading import Reading
from desktop.gui.shell import Shell
from desktop.gui.simulated_hands import photograph, press_key, wait_for
from desktop.gui.widgets import theme
from desktop.gui.window.main_window import MainWindow
from desktop.workspace.settings import Settings
from tests.workspace.made_lessons import KINDS, Lessons

SHOTS = os.environ.get("READINGROOM_SHOTS", "")


@pytest.mark.parametrize("count", [80, pytest.param(500, marks=pytest.mark.long)])
def test_five_rounds_by_keyboard(qtbot: Any, qapp: Any, tmp_path: Path, count: int) -> None:
    lessons = Lessons(tmp_path / "lessons", count=count)
    held_back = deal(lessons)
    window = shown(qtbot, qapp, tmp_path, lessons)
    page: Any = window._pages["learning"]
    assert page.queue.count() == 0
    photo(window, "learning-empty")
    reader = SimulatedReader(window, lessons)
    asked: list[str] = []
    for number in range(1, 6):
        QTest.mouseClick(page.start, Qt.MouseButton.LeftButton)
        wait_for(lambda: page.queue.count() > 0 and not lessons.ws.learning.is_busy, "a round")
        assert len(lessons.ws.learning.rounds(page.topic)) == number
        asked += reader.read_round(skips=number == 2)
    assert len(asked) == len(set(asked)) == 50, "nobody is asked the same twice"
    assert not set(asked) & held_back, "who is held back is never asked"
    QTest.mouseClick(page.more_choices, Qt.MouseButton.LeftButton)
    method = page.method
    assert method.isVisible() and method.learner.currentText() == "The best on these answers"
    assert method.asks.count() >= 4 and method.student.isChecked()
    method.learner.setCurrentIndex(method.learner.findData("logistic"))
    method.asks.setCurrentIndex(method.asks.findData("margin"))
    page.start_round()
    wait_for(lambda: not lessons.ws.learning.is_busy, "the sixth round")
    plan = lessons.ws.learning.rounds(page.topic)[-1].plan
    assert (plan.learners, plan.sampler, plan.extractor) == (("logistic",), "margin", "texture")
    assert method.asks.currentData() == "margin", "the next round begins with it"
    rounds = lessons.ws.learning.rounds(page.topic)
    assert [r.labelled for r in rounds] == [0, 10, 19, 29, 39, 49]
    assert rounds[-1].pool == count - len(held_back)
    commonest = max(list(lessons.truth.values()).count(k) for k in KINDS) / count
    right = rounds[-1].standing.value or 0
    assert right > commonest + 0.1, "the model has learned more than the commonest answer"
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
    report = lessons.ws.verify()
    assert report.ok, report.sentences
    window.shell.reading.open(None)


class SimulatedReader:
    """Knows the truth and has a keyboard: reads a round from the queue to its end."""

    def __init__(self, window: MainWindow, lessons: Lessons) -> None:
        self._window, self._lessons = window, lessons
        self._truth = lessons.truth

    def read_round(self, skips: bool = False) -> list[str]:
        """Enter on the queue, then a digit and Ctrl+Enter per case; the ids in their order.

        With ``skips`` the third case is skipped with a reason instead.
        """
        window, learning = self._window, self._lessons.ws.learning
        page: Any = window._pages["learning"]
        view = window.shell.reading
        wanted = [line.case.id for line in learning.queue(page.topic)]
        assert all(line.query.reason for line in learning.queue(page.topic))
        page.queue.setFocus()
        press_key(window, Qt.Key.Key_Return)
        seen = []
        while window.page == "read":
            case_id = view.view.case_id
            seen.append(case_id)
            card = window.reading_page.panel.round
            assert not card.isHidden() and f"case {len(seen)} of 10" in card.title.text()
            assert learning.queue(page.topic)[len(seen) - 1].query.reason in card.reason.text()
            if len(seen) == 3:
                photo(window, "learning-reading")
            if skips and len(seen) == 3:
                self._skip()
            else:
                self._answer(case_id)
        assert seen == wanted and window.page == "learning"
        states = [line.state for line in learning.queue(page.topic)]
        assert states == ["passed over" if skips and n == 2 else "answered" for n in range(10)]
        return seen

    def _answer(self, case_id: str) -> None:
        window = self._window
        form = window.reading_page.panel.form
        if form.focused_box() is None:
            window.reading_page.focus_image()
            press_key(window, Qt.Key.Key_Tab)  # to the form, where the keyboard stays
        box = form.focused_box()
        assert box is not None and box.question.id == "kind", "the first question of each case"
        press_key(window, Qt.Key(Qt.Key.Key_1 + KINDS.index(self._truth[case_id])))
        press_key(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)

    def _skip(self) -> None:
        window = self._window
        window.reading_page.focus_image()
        press_key(window, Qt.Key.Key_K)
        field = window.focusWidget()
        assert isinstance(field, QLineEdit)
        QTest.keyClicks(field, "Too noisy")
        QTest.keyClick(field, Qt.Key.Key_Return)


def deal(lessons: Lessons) -> set[str]:
    """Hold a fifth of the patients back; the cases of these."""
    lessons.ws.splits.deal(0.0, 0.2, seed=3)
    parts = {case_id: lessons.ws.splits.part_of(case_id) for case_id in lessons.truth}
    held = {case_id for case_id, part in parts.items() if part is not Part.TRAIN}
    assert held
    return held


def shown(qtbot: Any, qapp: Any, tmp_path: Path, lessons: Lessons) -> MainWindow:
    """The real window with the project, at the learning page."""
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
    window.shell.reading.open(lessons.ws)
    to_learning(window)
    return window


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
