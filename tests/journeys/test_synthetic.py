"""Synthetic images through the real window: sliders, preview, make, work list, the mark."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop.domain.split import is_synthetic
from desktop.gui import theme
from desktop.gui.canvas_words import corners
from desktop.gui.main_window import MainWindow
from desktop.gui.reading import Reading
from desktop.gui.shell import Shell
from desktop.gui.simulated_hands import photograph, wait_for
from desktop.workspace.settings import Settings
from tests.gui.test_models_page import check_habits
from tests.workspace.made import MadeProject

SHOTS = os.environ.get("READINGROOM_SHOTS", "")


def test_made_images_reach_the_work_list_and_keep_their_mark(
    qtbot: Any, qapp: Any, tmp_path: Path
) -> None:
    made = MadeProject(tmp_path)
    theme.apply(qapp, "dark")
    settings = Settings(tmp_path / "window.json")
    settings.set("reader_name", "Ada")
    window = MainWindow(Shell(Reading(), settings))
    qtbot.addWidget(window)
    window.resize(1440, 900)
    window.show()
    wait_for(lambda: window.reading_page.canvas is not None, "the canvas")
    window.shell.reading.open(made.ws)
    window.actions_["page.synthetic"].trigger()
    page: Any = window._pages["synthetic"]
    wait_for(lambda: page.image.shown is not None, "a preview")
    before = page.label_picture.shown
    number = page._sliders["number"][1]
    number.setFocus()
    QTest.keyClick(number, Qt.Key.Key_End)
    assert page.values()["number"] == 6
    wait_for(lambda: page.label_picture.shown != before, "the preview follows the slider")
    photo(window, "synthetic-dark")
    page.count.setValue(3)
    QTest.mouseClick(page.go, Qt.MouseButton.LeftButton)
    wait_for(lambda: "3 synthetic cases" in page.result.text(), "three cases")
    photo(window, "synthetic-made")
    check_habits(page)
    window.shell.wear("light")
    photo(window, "synthetic-light")
    window.resize(1024, 640)
    photo(window, "synthetic-small")
    check_habits(page)
    window.resize(1440, 900)
    QTest.mouseClick(page.to_list, Qt.MouseButton.LeftButton)
    assert window.page == "worklist"
    lines = made.ws.cases()
    assert [is_synthetic(line.case) for line in lines] == [False, False, True, True, True]
    model = window.worklist_page.model
    shown = [str(model.data(model.index(row, 1))) for row in range(5)]
    assert ["SYNTHETIC" in text for text in shown] == [False, False, True, True, True]
    photo(window, "synthetic-worklist")
    window._window_acts.open_case(lines[2].case.id)
    canvas: Any = window.reading_page.canvas
    wait_for(lambda: canvas.has_frame, "the image")
    view = window.shell.reading.view
    said = corners(canvas._stage.sheet, view, None, None, 1.0)
    assert said.top_left[0] == "SYNTHETIC"
    photo(window, "synthetic-read")
    window.shell.reading.open(None)


def photo(window: MainWindow, name: str) -> None:
    if SHOTS:
        photograph(window, Path(SHOTS) / f"{name}.png")
