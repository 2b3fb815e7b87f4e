"""Cases get their site in the work list, and the board tells sites apart, in the real window."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.commands.project import AnswerQuestion, MarkCase
from desktop.domain.task import AssignmentState, Role
from desktop.gui.app import make_window
from desktop.gui.team.worklist_table import TAGS
from desktop.gui.widgets import theme
from desktop.gui.window.main_window import MainWindow
from desktop.workspace.settings import Settings
from tests.workspace.made import MadeProject

CASES = 12


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two readers; from the seventh case on they differ."""
    made = MadeProject(tmp_path, cases=CASES)
    made.ws.accounts.add_reader(made.ws.reader, "Ben", Role.READER)
    for name in ("Ada", "Ben"):
        made.reopen(name)
        for n, case in enumerate(made.cases):
            differs = name == "Ben" and n >= 6
            said = "good" if (n % 2 == 0) != differs else "poor"
            made.ws.run(AnswerQuestion(case_id=case, question_id="quality", value=said))
            made.ws.run(MarkCase(case_id=case, state=AssignmentState.DONE))
    made.close()
    return made.path


def opened(qtbot: Any, qapp: QApplication, project: Path, tmp_path: Path, name: str) -> MainWindow:
    settings = Settings(tmp_path / f"settings-{name}.json")
    settings.set("reader_name", name)
    theme.apply(qapp, os.environ.get("READINGROOM_THEME", "dark"))
    made = make_window(settings)
    qtbot.addWidget(made)
    made.resize(1440, 900)
    made.show()
    qtbot.waitActive(made)
    made.projects.open(project, name)
    qtbot.waitUntil(lambda: made.shell.reading.workspace is not None, timeout=20_000)
    made.show_page("worklist")
    qtbot.waitUntil(lambda: made.worklist_page.model.rowCount() == CASES)
    return made


@pytest.fixture
def window(qtbot: Any, qapp: QApplication, project: Path, tmp_path: Path) -> Iterator[MainWindow]:
    made = opened(qtbot, qapp, project, tmp_path, "Ada")
    yield made
    made.shell.reading.open(None)


def snap(window: MainWindow, name: str) -> None:
    """Keep a picture where somebody asked for them."""
    if folder := os.environ.get("READINGROOM_SHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        QApplication.processEvents()
        window.grab().save(str(Path(folder) / f"{name}.png"))


def tag_rows(window: MainWindow, first: int, last: int, word: str) -> None:
    """Choose rows with Shift and type a tag, by keys only."""
    table = window.worklist_page.table
    table.setFocus()
    table.selectRow(first)
    for _step in range(last - first):
        QTest.keyClick(table, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(table, Qt.Key.Key_T)
    field = window.worklist_page.tags.field
    assert QApplication.focusWidget() is field
    QTest.keyClicks(field, word)
    QTest.keyClick(field, Qt.Key.Key_Return)


def test_sites_are_given_by_keys_and_told_apart(qtbot: Any, window: MainWindow) -> None:
    page = window.worklist_page
    room: Any = window.shell.reading.workspace
    assert not page.tags.on.isEnabled() and page.tags.on.toolTip()
    tag_rows(window, 0, 5, "site:Aachen")
    tag_rows(window, 6, 11, "site:Bonn")
    assert room.batches.tags() == {"site:Aachen": 6, "site:Bonn": 6}
    assert QApplication.focusWidget() is page.table
    assert len(page.selected()) == 6, "the same cases stay chosen"
    assert page.model.data(page.model.index(0, TAGS)) == "site:Aachen"
    completions = page.tags.field.completer()
    assert completions is not None
    completions.setCompletionPrefix("bonn")
    assert completions.currentCompletion() == "site:Bonn"
    snap(window, "worklist-tags")
    QTest.keyClicks(page.search, "bonn")
    qtbot.waitUntil(lambda: page.model.rowCount() == 6)
    page.search.clear()

    window.show_page("quality")
    quality: Any = window._pages["quality"]
    qtbot.waitUntil(lambda: quality.detail.detail is not None, timeout=20_000)
    quality.detail.show_view(5)
    values = {name: told.value for name, told in quality.detail.detail.sites}
    assert values["Aachen"] == 1.0 and values["Bonn"] < 0
    plot = quality.detail.plot
    spot = plot.place_of("Bonn").toPoint()
    snap(window, "quality-site")
    QTest.mouseClick(plot, Qt.MouseButton.LeftButton, pos=spot)
    assert quality.detail.cases.heading.whole() == "Site: Bonn"
    assert len(quality.detail.cases.model.lines) == 6


def test_a_reader_sees_no_tags(
    qtbot: Any, qapp: QApplication, project: Path, tmp_path: Path
) -> None:
    window = opened(qtbot, qapp, project, tmp_path, "Ben")
    page = window.worklist_page
    assert not page.tags.isVisible()
    assert page.table.isColumnHidden(TAGS)
    QTest.keyClick(page.table, Qt.Key.Key_T)
    assert not page.tags.field.hasFocus()
    window.shell.reading.open(None)
