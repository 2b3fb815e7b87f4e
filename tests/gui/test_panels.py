"""Labels, log and help beside the image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtTest import QTest

from desktop.commands.annotation import (
    AddAnnotation,
    LockAnnotation,
    PaintedFrame,
    PaintMask,
)
from desktop.domain.annotation import Annotation, Label, Origin, Target
from desktop.domain.geometry import Box, Ellipse, Geometry, Mask, Polyline
from desktop.domain.runs import encode_runs
from desktop.domain.schema import Scope
from desktop.domain.study import CalibrationSource
from desktop.gui.reading.history_panel import LineRole, local_time
from desktop.gui.reading.labels_panel import LabelsPanel
from desktop.gui.reading.region_list import RegionRole, delete_rect, lock_rect
from desktop.gui.shell import Notice
from desktop.gui.window.main_window import MainWindow

BOX = Box(x0=10, y0=10, x1=30, y1=20)


@pytest.fixture
def labels(reading_window: MainWindow) -> LabelsPanel:
    reading_window.reading_page.panel.show_tab("Labels")
    return reading_window.reading_page.panel.labels


def test_classes_are_picked_by_click(
    reading_window: MainWindow, labels: LabelsPanel, qtbot: Any
) -> None:
    qtbot.mouseClick(labels._rows[2], Qt.MouseButton.LeftButton)
    assert reading_window.shell.reading.view.class_id == 2
    assert [i for i, row in labels._rows.items() if row.isChecked()] == [2]


def test_regions_are_listed_with_place_and_calibrated_size(labels: LabelsPanel, room: Any) -> None:
    draw(room, "r1", BOX, at=2)
    assert facts(labels) == ["Box · image 3 · patient plane"]
    assert sizes(labels) == ["312.5 mm²"]


def test_without_calibration_sizes_are_pixels(labels: LabelsPanel, room: Any) -> None:
    uncalibrate(room)
    draw(room, "r1", BOX)
    draw(room, "r2", Ellipse(cx=50, cy=50, rx=10, ry=5))
    draw(room, "r3", Polyline(points=((0, 0), (30, 40))))
    assert facts(labels) == [
        "Box · image 1 · not calibrated",
        "Ellipse · image 1 · not calibrated",
        "Line · image 1 · not calibrated",
    ]
    assert sizes(labels) == ["200 px²", "157 px²", "50.0 px"]


def test_a_painted_region_says_its_images_and_origin(labels: LabelsPanel, room: Any) -> None:
    paint(room, "m1", images=(1, 2, 3))
    assert facts(labels) == ["Painted · images 2 to 4 · patient plane · filled between slices"]
    assert sizes(labels) == ["up to 625.0 mm²"]


def test_choosing_a_region_goes_to_its_image(
    reading_window: MainWindow, labels: LabelsPanel, room: Any
) -> None:
    draw(room, "r1", BOX, at=4)
    labels.list.setCurrentIndex(labels.model.index(0))
    view = reading_window.shell.reading.view
    assert (view.selection, view.index, view.series_id) == (("r1",), 4, "series0-0")


def test_choosing_a_painted_region_goes_to_its_nearest_slice(
    reading_window: MainWindow, labels: LabelsPanel, room: Any
) -> None:
    paint(room, "m1", images=(1, 4))
    reading_window.shell.reading.replace(index=5)
    labels.list.setCurrentIndex(labels.model.index(0))
    assert reading_window.shell.reading.view.index == 4


def test_the_selection_of_the_canvas_shows_in_the_list(
    reading_window: MainWindow, labels: LabelsPanel, room: Any
) -> None:
    draw(room, "r1", BOX)
    draw(room, "r2", BOX, at=1)
    reading_window.shell.reading.replace(selection=("r2",))
    rows = [i.row() for i in labels.list.selectionModel().selectedIndexes()]
    assert rows == [1]
    assert reading_window.shell.reading.view.index == 0, "showing a selection must not move"


def test_q_and_w_walk_through_the_regions(reading_window: MainWindow, room: Any) -> None:
    for number in range(3):
        draw(room, f"r{number}", BOX, at=number)
    seen = []
    for key in "wwwwq":
        QTest.keyClicks(reading_window.reading_page.canvas, key)
        seen.append(reading_window.shell.reading.view.selection[0])
    assert seen == ["r0", "r1", "r2", "r0", "r2"]


def test_lock_and_delete_buttons_of_a_row(
    labels: LabelsPanel, room: Any, qtbot: Any, notices: list[Notice]
) -> None:
    draw(room, "r1", BOX)
    rect = labels.list.visualRect(labels.model.index(0))
    at = lock_rect(rect).center()
    qtbot.mouseClick(labels.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert room.annotation("r1").locked
    click_delete(labels, qtbot)
    assert room.annotation("r1") is not None, "a locked region is not deleted"
    assert "locked" in notices[-1].title
    qtbot.mouseClick(labels.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    click_delete(labels, qtbot)
    assert room.annotation("r1") is None


def test_delete_offers_undo(reading_window: MainWindow, room: Any, notices: list[Notice]) -> None:
    draw(room, "r1", BOX)
    reading_window.shell.reading.replace(selection=("r1",))
    reading_window.actions_["edit.delete"].trigger()
    assert room.annotations("case0") == []
    assert reading_window.shell.reading.view.selection == ()
    assert notices[-1].on_act is not None
    notices[-1].on_act()
    assert [a.id for a in room.annotations("case0")] == ["r1"]


def test_relabel_by_alt_and_digit(reading_window: MainWindow, room: Any) -> None:
    draw(room, "r1", BOX)
    reading_window.shell.reading.replace(selection=("r1",))
    reading_window.actions_["relabel.4"].trigger()
    assert room.annotation("r1").label.class_id == 4


def test_lock_by_key_toggles(reading_window: MainWindow, room: Any) -> None:
    draw(room, "r1", BOX)
    reading_window.shell.reading.replace(selection=("r1",))
    reading_window.actions_["edit.lock"].trigger()
    assert room.annotation("r1").locked
    reading_window.actions_["edit.lock"].trigger()
    assert not room.annotation("r1").locked


def test_only_this_image(reading_window: MainWindow, labels: LabelsPanel, room: Any) -> None:
    draw(room, "r1", BOX)
    draw(room, "r2", BOX, at=1)
    labels._scope.button(1).click()
    assert labels.model.rowCount() == 1
    reading_window.shell.reading.replace(index=3)
    assert labels.model.rowCount() == 0
    assert labels._nothing.text.text() == "2 elsewhere in this case."


def test_an_unknown_class_is_listed_all_the_same(labels: LabelsPanel, room: Any) -> None:
    draw(room, "r1", BOX)
    schema = room.rows["schema", "lung@1"]
    room.rows["schema", "lung@1"] = replace(schema, classes=schema.classes[1:])
    labels.refresh()
    line = labels.model.data(labels.model.index(0), RegionRole)
    assert line.name == "Class 1"


def test_the_log_is_read_in_pages(reading_window: MainWindow, room: Any) -> None:
    draw(room, "r1", BOX)
    for number in range(250):
        room.run(LockAnnotation(case_id="case0", annotation_id="r1", locked=number % 2 == 0))
    log = reading_window.reading_page.panel.log
    reading_window.reading_page.panel.show_tab("Log")
    assert log.model.rowCount() == 100
    while log.model.canFetchMore(log.list.rootIndex()):
        log.model.fetchMore(log.list.rootIndex())
    positions = [
        log.model.data(log.model.index(row), LineRole).position
        for row in range(log.model.rowCount())
    ]
    assert positions == list(range(251, 0, -1))


def test_a_line_of_the_log_leads_to_its_place(reading_window: MainWindow, room: Any) -> None:
    draw(room, "r1", BOX, at=3)
    log = reading_window.reading_page.panel.log
    reading_window.reading_page.panel.show_tab("Log")
    log._go(log.model.index(0))
    view = reading_window.shell.reading.view
    assert (view.index, view.selection) == (3, ("r1",))


def test_taken_back_lines_say_so(reading_window: MainWindow, room: Any) -> None:
    draw(room, "r1", BOX)
    reading_window.reading_page.panel.show_tab("Log")
    reading_window.actions_["edit.undo"].trigger()
    log = reading_window.reading_page.panel.log
    lines = [log.model.data(log.model.index(row), LineRole) for row in range(2)]
    assert [(line.sentence, line.undone) for line in lines] == [
        ("Undo: Draw", False),
        ("Draw", True),
    ]


def test_times_are_those_of_the_place_where_it_happened() -> None:
    assert local_time("2019-05-04T08:42:07+00:00", 120) == "4 May 2019 10:42"


def test_guidelines_fetch_nothing(reading_window: MainWindow) -> None:
    page = reading_window.reading_page.panel.help.page
    assert "Mark every nodule" in page.toPlainText()
    assert page.loadResource(2, QUrl("https://example.org/pixel.png")) is None
    assert not page.openExternalLinks() and not page.openLinks()


def test_undo_says_what_it_took_back_and_shows_the_image(
    reading_window: MainWindow, room: Any
) -> None:
    reading = reading_window.shell.reading
    draw(room, "far", Box(2, 2, 9, 9), at=4)
    draw(room, "near", Box(2, 2, 9, 9), at=1)
    reading.replace(index=1)
    reading_window.acts.undo()
    assert reading.view.index == 1, "it was here, so the image stays"
    assert "Undo" in reading_window.bottom.hint.whole()
    reading_window.acts.undo()
    assert reading.view.index == 4, "what is taken back is never out of sight"
    reading.replace(index=0)
    reading_window.acts.redo()
    assert reading.view.index == 4
    assert "Redo" in reading_window.bottom.hint.whole()


def test_the_line_of_a_tool_is_told_beside_the_image_alone(reading_window: MainWindow) -> None:
    window, hint = reading_window, reading_window.bottom.hint
    window.shell.reading.replace(tool="box")
    beside = hint.whole()
    assert beside
    window.bottom.say_for_a_moment("Box is undone.")
    window.show_page("worklist")
    assert hint.whole() == "", "neither the tool's line nor what was said about the image"
    window.shell.reading.replace(tool="brush")
    window.bottom.say_hint("Paint; hold Ctrl to erase.")
    assert hint.whole() == "", "nothing that happens to the image comes back in"
    window.bottom.say_for_a_moment("Tag taken off.")
    assert hint.whole() == "Tag taken off.", "but a page may say what it did"
    window.bottom.say_for_a_moment("")
    assert hint.whole() == ""
    window.show_page("read")
    assert "Paint" in hint.whole()


def draw(room: Any, region_id: str, geometry: Geometry, at: int = 0) -> None:
    frame = room.frame_refs("series0-0")[at]
    region = Annotation(
        id=region_id,
        case_id="case0",
        reader_id="",
        schema_id="lung@1",
        target=Target(scope=Scope.REGION, series_id="series0-0", frame=frame),
        label=Label(class_id=1),
        geometry=geometry,
    )
    room.run(AddAnnotation(annotation=region))


def paint(room: Any, region_id: str, images: tuple[int, ...]) -> None:
    """Twenty by twenty pixels on each of the images."""
    mask = np.zeros((256, 256), dtype=bool)
    mask[10:30, 10:30] = True
    region = Annotation(
        id=region_id,
        case_id="case0",
        reader_id="",
        schema_id="lung@1",
        target=Target(scope=Scope.SERIES, series_id="series0-0"),
        label=Label(class_id=1),
        geometry=Mask(),
        origin=Origin.INTERPOLATED,
    )
    refs = room.frame_refs("series0-0")
    frames = tuple(
        PaintedFrame(frame=refs[i], rows=256, columns=256, runs=encode_runs(mask)) for i in images
    )
    room.run(PaintMask(case_id="case0", annotation_id=region_id, new=region, frames=frames))


def uncalibrate(room: Any) -> None:
    for key, record in list(room.rows.items()):
        if key[0] == "instance":
            room.rows[key] = replace(
                record, spacing_mm=None, calibration=CalibrationSource.NONE, planes=()
            )


def sizes(labels: LabelsPanel) -> list[str]:
    rows = range(labels.model.rowCount())
    return [labels.model.data(labels.model.index(row), RegionRole).size for row in rows]


def facts(labels: LabelsPanel) -> list[str]:
    rows = range(labels.model.rowCount())
    return [labels.model.data(labels.model.index(row), RegionRole).facts for row in rows]


def click_delete(labels: LabelsPanel, qtbot: Any) -> None:
    at: QPoint = delete_rect(labels.list.visualRect(labels.model.index(0))).center()
    qtbot.mouseClick(labels.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
