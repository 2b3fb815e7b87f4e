"""The work list stays light with a hundred thousand cases."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.commands.case_note import FlagCase
from desktop.commands.project import MarkCase
from desktop.domain.task import AssignmentState, Reader, Role
from desktop.gui.team.worklist_page import WorklistPage
from desktop.gui.team.worklist_table import PAGE, CaseModel
from desktop.gui.window.main_window import MainWindow


@pytest.fixture
def page(reading_window: MainWindow) -> WorklistPage:
    reading_window.show_page("worklist")
    return reading_window.worklist_page


class ManyCases:
    """A hundred thousand cases that exist only where they are asked for."""

    def __init__(self, line: Any) -> None:
        self._line = line
        self.asked: list[tuple[int, int]] = []

    def case_count(self, search: str = "") -> int:
        return 100_000

    def flags(self) -> dict[str, str]:
        return {}

    def cases(self, offset: int = 0, limit: int = 100, search: str = "") -> list[Any]:
        self.asked.append((offset, limit))
        return [self._line] * min(limit, 100_000 - offset)


def test_only_pages_in_sight_are_read(shell: Any, room: Any) -> None:
    many = ManyCases(room.cases(0, 1)[0])
    shell.reading.workspace = many
    model = CaseModel(shell.reading)
    model.refresh()
    assert model.rowCount() == 100_000
    assert many.asked == []
    for row in (0, 5, 199, 99_999):
        assert model.data(model.index(row, 1)) == "CT · P-000000"
    assert many.asked == [(0, PAGE), (99_999 // PAGE * PAGE, PAGE)]
    shell.reading.workspace = None


def test_pages_are_given_up_again(shell: Any, room: Any) -> None:
    many = ManyCases(room.cases(0, 1)[0])
    shell.reading.workspace = many
    model = CaseModel(shell.reading)
    model.refresh()
    for number in range(60):
        model.data(model.index(number * PAGE, 0))
    assert len(model._pages) <= 20
    shell.reading.workspace = None


def test_the_open_case_is_marked(page: WorklistPage) -> None:
    assert page.table.currentIndex().row() == 0
    assert page.count.text() == "40 cases"


def test_search_narrows_and_says_so(page: WorklistPage, qtbot: Any) -> None:
    QTest.keyClicks(page.search, "US")
    qtbot.waitUntil(lambda: page.model.rowCount() == 10)
    assert page.count.text() == "10 of 40 cases"


def test_a_search_without_hits_has_words(page: WorklistPage, qtbot: Any) -> None:
    QTest.keyClicks(page.search, "zebra")
    qtbot.waitUntil(lambda: page.model.rowCount() == 0)
    assert page._nothing.isVisible()
    assert page._nothing.title.text() == "No case fits this search"


def test_from_the_search_to_a_case_by_keys(reading_window: MainWindow, page: WorklistPage) -> None:
    reading_window.actions_["app.find"].trigger()
    assert QApplication.focusWidget() is page.search
    QTest.keyClicks(page.search, "P-000003")
    QTest.keyClick(page.search, Qt.Key.Key_Return)
    QTest.keyClick(page.table, Qt.Key.Key_Return)
    assert reading_window.page == "read"
    assert reading_window.shell.reading.view.case_id == "case3"


def test_arrows_move_in_the_table_and_not_in_the_series(
    reading_window: MainWindow, page: WorklistPage
) -> None:
    page.table.setFocus()
    QTest.keyClick(page.table, Qt.Key.Key_Down)
    assert page.table.currentIndex().row() == 1
    assert reading_window.shell.reading.view.index == 0


def test_states_are_told_in_words(page: WorklistPage, room: Any) -> None:
    room.run(MarkCase(case_id="case1", state=AssignmentState.DONE))
    room.run(MarkCase(case_id="case2", state=AssignmentState.SKIPPED, why="x"))
    words = [page.model.data(page.model.index(row, 3)) for row in range(3)]
    assert words == ["Open", "Done", "Skipped"]


def test_an_empty_project_says_what_fills_it(window: MainWindow, fake: Any, tmp_path: Any) -> None:
    window.shell.reading.open(fake.demo_workspace(tmp_path / "e.rroom", cases=0))
    window.show_page("worklist")
    assert window.worklist_page._nothing.title.text() == "No cases yet"
    assert window.worklist_page._add.isVisible()


def test_next_open_case(reading_window: MainWindow, page: WorklistPage, room: Any) -> None:
    room.run(MarkCase(case_id="case0", state=AssignmentState.DONE))
    page.next_open.click()
    assert reading_window.shell.reading.view.case_id == "case1"


def test_a_flag_stands_beside_its_case(page: WorklistPage, room: Any) -> None:
    room.run(FlagCase(case_id="case1", word="ask Ada"))
    assert page.model.data(page.model.index(1, 1)) == "CT · P-000001  ·  ask Ada"
    assert page.model.data(page.model.index(0, 1)) == "CT · P-000000"


def test_only_a_lead_is_offered_the_schemas(reading_window: MainWindow, room: Any) -> None:
    page = reading_window.worklist_page
    reading_window.show_page("worklist")
    assert not page.schemas.isVisible()
    room.reader = Reader(id=room.reader.id, role=Role.LEAD)
    page.refresh()
    page.schemas.click()
    assert reading_window.page == "schema"
