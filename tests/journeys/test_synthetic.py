"""Synthetic images through the real window: sliders, preview, make, work list, the mark."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from desktop.domain.annotation import Origin
from desktop.domain.split import Part, is_synthetic
from desktop.domain.study import Window
from desktop.gui.canvas.canvas_words import corners
from desktop.gui.reading.reading import Reading
from desktop.gui.shell import Shell
from desktop.gui.simulated_hands import photograph, wait_for
from desktop.gui.widgets import theme
from desktop.gui.window.main_window import MainWindow
from desktop.workspace.settings import Settings
from tests.gui.test_models_page import check_habits
from tests.workspace.made import MadeProject
from tests.workspace.made_pixels import ORGAN, SIDE, MadePixels

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
    number = page.sliders.bars["number"][1]
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


def test_a_lesion_is_put_into_the_open_image_and_the_case_keeps_its_mark(
    qtbot: Any, qapp: Any, tmp_path: Path
) -> None:
    made = MadePixels(tmp_path)
    made.paint(ORGAN, made.truth == ORGAN)
    theme.apply(qapp, "dark")
    settings = Settings(tmp_path / "window.json")
    settings.set("reader_name", "Ada")
    window = MainWindow(Shell(Reading(), settings))
    qtbot.addWidget(window)
    window.resize(1440, 900)
    window.show()
    wait_for(lambda: window.reading_page.canvas is not None, "the canvas")
    reading = window.shell.reading
    reading.open(made.room)
    window._window_acts.open_case(made.case_id)
    at = made.room.frame_refs(made.series_id).index(made.frame)
    reading.replace(index=at, window=Window(center=1024, width=4096))
    page = lesion_page(window, made)
    place_by_hand(page)
    photo(window, "derived-lesion-placed")
    page.count.setValue(2)
    QTest.mouseClick(page.go, Qt.MouseButton.LeftButton)
    wait_for(lambda: "2 synthetic cases" in page.result.text(), "two cases")
    check_habits(page)
    window.shell.wear("light")
    page.kind.setCurrentIndex(page.kind.findData("scanner"))
    wait_for(lambda: page._last is not None and page._last.mask_yx is None, "another scanner")
    photo(window, "derived-scanner-light")
    window.resize(1024, 640)
    photo(window, "derived-small")
    check_habits(page)
    check_marks(window, made)
    reading.open(None)


def lesion_page(window: MainWindow, made: MadePixels) -> Any:
    """The page with a lesion in the image that is open, as it is read."""
    window.actions_["page.synthetic"].trigger()
    page: Any = window._pages["synthetic"]
    page.kind.setFocus()
    page.kind.setCurrentIndex(page.kind.findData("lesion"))
    wait_for(lambda: page._last is not None, "before and after")
    assert page.source.read_in == Window(center=1024, width=4096)
    assert page.source.case_id == made.case_id and page.source.frame == made.frame
    page.source.class_choice.setCurrentIndex(2)
    first, bar = page._last, page.sliders.bars["size"][1]
    bar.setFocus()
    for _ in range(5):
        QTest.keyClick(bar, Qt.Key.Key_PageUp)
    assert page.values()["size"] > 10
    wait_for(lambda: page._last is not first and not page._drawing, "the preview follows")
    photo(window, "derived-lesion-dark")
    return page


def place_by_hand(page: Any) -> None:
    """A click in the image moves the lesion there."""
    area, before = page.label_picture.area(), page._last
    spot = QPoint(area.width() * 45 // 100, area.height() // 2)
    QTest.mouseClick(page.label_picture, Qt.MouseButton.LeftButton, pos=spot)
    wait_for(lambda: page._last is not before and not page._drawing, "the lesion moves")
    assert page.source.at_xy == pytest.approx((0.45 * SIDE, 0.5 * SIDE), abs=1)
    rows, columns = page._last.mask_yx.nonzero()
    assert abs(columns.mean() - 0.45 * SIDE) < 3 and abs(rows.mean() - 0.5 * SIDE) < 3


def check_marks(window: MainWindow, made: MadePixels) -> None:
    """The new cases are marked, stay in training, and say SYNTHETIC on the image."""
    lines = made.room.cases()
    assert [is_synthetic(line.case) for line in lines] == [False, True, True]
    made.room.splits.deal(0.4, 0.4, again=True)
    assert set(made.room.splits.of_patients().values()) == {Part.TRAIN}
    regions = made.room.annotations(lines[1].case.id)
    assert [r.origin for r in regions] == [Origin.SYNTHETIC] * 2
    window._window_acts.open_case(lines[1].case.id)
    canvas: Any = window.reading_page.canvas
    wait_for(lambda: canvas.has_frame, "the new image")
    said = corners(canvas._stage.sheet, window.shell.reading.view, None, None, 1.0)
    assert said.top_left[0] == "SYNTHETIC"
    photo(window, "derived-read")


def photo(window: MainWindow, name: str) -> None:
    if SHOTS:
        photograph(window, Path(SHOTS) / f"{name}.png")
