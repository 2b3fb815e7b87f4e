"""Points, lines and attributes on the quality page: from a row to two readers to a case."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.gui.app import make_window
from desktop.gui.widgets import theme
from desktop.gui.window.main_window import MainWindow
from desktop.workspace.quality.region_metrics import METRICS
from desktop.workspace.settings import Settings
from tests.workspace.made_findings import made_findings, read_by_three


@pytest.fixture
def window(
    qtbot: Any, qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MainWindow]:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "data"))
    made = made_findings(tmp_path, 5)
    read_by_three(made)
    made.close()
    settings = Settings(tmp_path / "window.json")
    settings.set("reader_name", "Ada")
    theme.apply(qapp, "dark")
    shown = make_window(settings)
    qtbot.addWidget(shown)
    shown.show()
    qtbot.waitActive(shown)
    shown.projects.open(made.path, "Ada")
    qtbot.waitUntil(lambda: shown.shell.reading.workspace is not None, timeout=20_000)
    yield shown
    shown.shell.reading.open(None)


def test_from_a_row_of_points_to_two_readers_to_a_case(qtbot: Any, window: MainWindow) -> None:
    window.show_page("quality")
    page: Any = window._pages["quality"]
    qtbot.waitUntil(lambda: page.board is not None, timeout=20_000)
    page.show_tab(1)
    view = page.regions
    QTest.mouseClick(view.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.report is not None, timeout=20_000)
    QTest.mouseClick(view._group.button(1), Qt.MouseButton.LeftButton)
    marks = view.marks
    assert QApplication.focusWidget() is marks.table
    assert [row.cells[:3] for row in marks.table.rows()] == [
        ("Carina", "point", "15"),
        ("Diameter", "line", "15"),
    ]
    QTest.keyClick(marks.table, Qt.Key.Key_Down)
    assert all("," in row.cells[3] for row in marks.pairs.rows()), "both lengths are told"
    assert len(marks.pairs.rows()) == 15
    cell = marks.map.place_of((0, 1)).toPoint()
    QTest.mouseMove(marks.map, cell)
    assert "5 pairs" in marks.map.words()
    QTest.mouseClick(marks.map, Qt.MouseButton.LeftButton, pos=cell)
    assert len(marks.pairs.rows()) == 5
    wanted = marks.pairs.rows()[0].key[0]
    marks.pairs.setFocus()
    QTest.keyClick(marks.pairs, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.page == "read", timeout=10_000)
    assert window.shell.reading.view.case_id == wanted


def test_any_number_of_regions_by_pair_site_and_time(qtbot: Any, window: MainWindow) -> None:
    window.show_page("quality")
    page: Any = window._pages["quality"]
    qtbot.waitUntil(lambda: page.board is not None, timeout=20_000)
    room = window.shell.reading.workspace
    assert room is not None
    cases = [f"case-{n}" for n in range(5)]
    room.batches.tag(cases[:2], "site:North")
    page.show_tab(1)
    view = page.regions
    QTest.mouseClick(view.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.report is not None, timeout=20_000)
    areas = view.areas
    assert areas.table.rows()[0].cells[0] == "Nodule"
    areas.number.setFocus()
    for metric in METRICS:
        assert areas.number.currentText() == metric.title
        assert areas.map.plot.title.startswith(f"Mean {metric.name}")
        QTest.keyClick(areas.number, Qt.Key.Key_Down)
    areas.number.setCurrentText("ASSD (mm)")
    QTest.mouseClick(areas._group.button(2), Qt.MouseButton.LeftButton)
    assert areas.spread.plot.title == "By site"
    at = areas.spread.place_of("North").toPoint()
    QTest.mouseClick(areas.spread, Qt.MouseButton.LeftButton, pos=at)
    assert {row.key[0] for row in areas.pairs.rows()} == set(cases[:2])
    areas.show_view(3)
    at = areas.spread.place_of(0).toPoint()
    QTest.mouseClick(areas.spread, Qt.MouseButton.LeftButton, pos=at)
    assert {row.key[0] for row in areas.pairs.rows()} == set(cases)


def test_attributes_have_the_same_detail_as_questions(qtbot: Any, window: MainWindow) -> None:
    window.show_page("quality")
    page: Any = window._pages["quality"]
    qtbot.waitUntil(lambda: page.board is not None, timeout=20_000)
    page.show_tab(1)
    view = page.regions
    view.show_way(2)
    view.compare()
    qtbot.waitUntil(lambda: view.report is not None, timeout=20_000)
    part = view.attributes
    titles = [row.cells[0] for row in part.table.rows()]
    assert titles == ["Nodule: Margin", "Nodule: How sure", "Diameter: Length"]
    for _step in range(2):
        QTest.keyClick(part.table, Qt.Key.Key_Down)
    assert part.detail.detail.topic.title == "Diameter: Length"
    assert part.detail.plot.plot.title.startswith("Difference"), "Bland and Altman's"
    for number in range(6):
        part.detail.show_view(number)
    assert part.detail.cases.model.lines
