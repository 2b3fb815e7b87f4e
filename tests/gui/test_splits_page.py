"""The splits page in the real window: deal, look, move, what is locked, undo, the table, open."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop.commands.annotation import AddAnnotation
from desktop.domain.annotation import Origin
from desktop.domain.split import Part
from desktop.domain.task import Role
from desktop.gui import simulated_hands as hands
from desktop.gui.shell import Notice, Shell
from desktop.gui.window.main_window import MainWindow
from tests.workspace.made import MadeProject
from tests.workspace.test_origin_lock import synthetic_case
from tests.workspace.test_splits import at_sites

TEST, LOCKED = 3, 5  # numbers of the headings


@pytest.fixture
def scene(qtbot: Any, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    made = MadeProject(tmp_path, cases=20)
    at_sites(made, {"North": 5})
    made.draw(case=3)
    made.ws.run(AddAnnotation(annotation=replace(made.region(case=7), origin=Origin.MODEL)))
    made.ws.run(synthetic_case(made))
    window = MainWindow(shell)
    qtbot.addWidget(window)
    window.resize(1440, 900)
    window.show()
    qtbot.waitActive(window)
    shell.reading.open(made.ws)
    window.show_page("splits")
    yield window, made, window._pages["splits"]
    shell.reading.open(None)


def counts(page: Any) -> dict[str, tuple[str, ...]]:
    return {str(row.key): row.cells[1:] for row in page.counts.rows()}


def test_deal_by_hand_and_by_seed_with_undo(scene: Any, shell: Shell, tmp_path: Path) -> None:
    window, made, page = scene
    assert window.page == "splits" and counts(page)["Patients"] == ("0", "0", "0", "21")
    noticed: list[Notice] = []
    shell.noticed.connect(noticed.append)
    page.test.setValue(20)
    QTest.mouseClick(page.new, Qt.MouseButton.LeftButton)
    parts = made.ws.splits.of_patients()
    assert sorted(parts.values()).count(Part.TEST) == 4
    assert counts(page)["Patients"] == ("14", "3", "4", "0")
    assert counts(page)["Nodule"][list(Part).index(parts["P-000003"])] == "1"
    assert "2 patients locked in training" in noticed[-1].detail
    assert not page.new.isEnabled() and "has a part already" in page.new.toolTip()
    hands.click(page.shown.button(LOCKED))
    assert [row.key for row in page.patients.rows()] == ["P-000007", "P-SYN"]
    assert page.patients.key() == "P-000007" and "machine-made" in page.why.text()
    assert not page.moves[Part.TEST].isEnabled()
    assert "machine-made" in page.moves[Part.TEST].toolTip()
    hands.click(page.shown.button(TEST))
    first = str(page.patients.key())
    QTest.mouseClick(page.moves[Part.VALIDATION], Qt.MouseButton.LeftButton)
    assert made.ws.splits.of_patients()[first] is Part.VALIDATION
    assert len(page.patients.rows()) == 3
    page.write(tmp_path / "split.csv")
    with (tmp_path / "split.csv").open(encoding="utf-8", newline="") as file:
        table = {row["patient"]: row for row in csv.DictReader(file)}
    assert (table[first]["part"], table[first]["dealt"]) == ("validation", "by hand")
    page.seed.setValue(2)
    page.together.setCurrentIndex(1)
    QTest.mouseClick(page.again, Qt.MouseButton.LeftButton)
    again = made.ws.splits.of_patients()
    assert len({again[f"P-00000{n}"] for n in range(5)}) == 1 and again != parts
    assert page.sites.isHidden()
    on_act = noticed[-1].on_act
    assert noticed[-1].act == "Undo" and on_act is not None
    on_act()
    assert made.ws.splits.of_patients() == parts | {first: Part.VALIDATION}


def test_enter_opens_the_patient_and_others_do_not_see_the_page(scene: Any, shell: Shell) -> None:
    window, made, page = scene
    page.take_focus()
    QTest.keyClick(page.patients, Qt.Key.Key_Down)
    QTest.keyClick(page.patients, Qt.Key.Key_Return)
    assert window.page == "read" and shell.reading.view.case_id == "case-1"
    made.ws.reader = replace(made.ws.reader, role=Role.REVIEWER)
    window.signs.refresh_actions()
    assert not window.actions_["page.splits"].isEnabled()
