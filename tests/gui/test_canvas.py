"""The canvas with real mouse and key events on a real project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QImage

import desktop.gui  # noqa: F401 - before the first Qt call
from desktop.commands.annotation import DeleteAnnotations
from desktop.commands.project import Calibrate
from desktop.domain.geometry import Box, Mask, Polygon
from desktop.domain.study import FrameRef, Plane, Window
from desktop.gui.canvas.canvas import CanvasView
from desktop.gui.canvas.canvas_frames import look_ahead
from desktop.gui.canvas.canvas_furniture import bar_length, side_letters, window_text
from desktop.gui.reading.reading import Reading
from tests.gui.canvas_desk import CTRL, LEFT, MIDDLE, NONE, RIGHT, SHIFT, Desk
from tests.gui.canvas_room import COLUMNS, ROWS, SLICES, Room, disk


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.ws.close()


@pytest.fixture
def desk(room: Room, qtbot: Any) -> Iterator[Desk]:
    made = Desk(room, qtbot)
    yield made
    made.reading.open(None)


# the picture -------------------------------------------------------------------------------------


def test_the_image_is_shown_in_its_window(desk: Desk) -> None:
    # Column 60 holds 4 HU: ((4 - 39.5) / 999 + 0.5) * 255 = 118
    red, green, blue = desk.pixel(60.5, 30.5)
    assert red == green == blue
    assert red == pytest.approx(118, abs=2)
    assert desk.pixel(5, 30)[0] < 25
    assert desk.pixel(115, 30)[0] > 220


def test_value_under_the_pointer(desk: Desk) -> None:
    desk.hover(60.5, 20.5)
    assert desk.info[-1].startswith("4 HU   x 60.")
    desk.hover(-3, 20)
    assert desk.info[-1] == ""


def test_wheel_goes_through_the_series_and_stops_at_its_ends(desk: Desk) -> None:
    desk.wheel(-120)
    assert desk.reading.view.index == 1
    assert desk.pixel(60.5, 30.5)[0] == pytest.approx(123, abs=2)
    desk.wheel(120 * 40)
    assert desk.reading.view.index == 0
    desk.wheel(-120 * 40)
    assert desk.reading.view.index == SLICES - 1


def test_fine_wheels_add_up(desk: Desk) -> None:
    for _ in range(8):
        desk.wheel(-30)
    assert desk.reading.view.index == 2


def test_zoom_keeps_the_point_under_the_pointer(desk: Desk) -> None:
    at = QPointF(300, 120)
    before = desk.canvas._stage.image_point(at)
    desk.wheel(360, CTRL, at)
    assert desk.reading.view.zoom > 5
    assert desk.canvas._stage.image_point(at) == pytest.approx(before, abs=0.2)


def test_pan_moves_the_image_with_the_hand(desk: Desk) -> None:
    before = desk.widget(60, 50)
    desk.drag_by(30, -20, MIDDLE)
    after = desk.widget(60, 50)
    assert (after - before).toTuple() == pytest.approx((30, -20), abs=1)
    desk._mouse(QEvent.Type.MouseButtonDblClick, QPointF(200, 200), MIDDLE, NONE)
    assert desk.reading.view.center is None


def test_space_pans_while_held_and_swaps_tools_when_tapped(desk: Desk) -> None:
    desk.reading.replace(tool="box")
    desk.key(Qt.Key.Key_Space, " ")
    assert desk.reading.view.tool == "select"
    desk.key(Qt.Key.Key_Space, " ")
    assert desk.reading.view.tool == "box"
    before = desk.widget(60, 50)
    desk.key(Qt.Key.Key_Space, " ", up=False)
    desk.drag_by(40, 0, LEFT)
    desk.key_up(Qt.Key.Key_Space)
    assert desk.widget(60, 50).x() - before.x() == pytest.approx(40, abs=1)
    assert desk.reading.view.tool == "box"
    assert desk.regions() == []


def test_right_drag_changes_window_and_level(desk: Desk) -> None:
    desk.drag_by(64, 0, RIGHT)
    assert desk.reading.view.window == Window(center=40, width=1250)
    desk.drag_by(0, 32, RIGHT)
    assert desk.reading.view.window == Window(center=196, width=1250)


def test_presets_and_auto_window(desk: Desk) -> None:
    desk.key(Qt.Key.Key_F3)
    assert desk.canvas.window_in_use == Window(center=-600, width=1500, name="Lung")
    desk.key(Qt.Key.Key_F2)
    assert desk.canvas.window_in_use == Window(center=40, width=1000)
    desk.canvas.auto_window()
    assert desk.canvas.window_in_use.name == "auto"
    assert desk.canvas.window_in_use.width == pytest.approx(1000, abs=30)


def test_fit_and_one_to_one(desk: Desk) -> None:
    desk.canvas.one_to_one()
    assert desk.widget(1, 0).x() - desk.widget(0, 0).x() == pytest.approx(1)
    desk.canvas.fit()
    assert desk.widget(0, 0).x() == pytest.approx(0, abs=1)
    assert desk.widget(COLUMNS, 0).x() == pytest.approx(480, abs=1)


# loading -----------------------------------------------------------------------------------------


def test_frames_that_come_late_count_only_while_they_are_wanted(desk: Desk) -> None:
    frames = desk.room.frames
    frames.in_memory.clear()
    desk.wheel(-120)
    desk.wheel(-120)
    assert not desk.canvas.has_frame
    frames.deliver()
    desk.settle()
    assert desk.canvas.has_frame
    assert desk.pixel(60.5, 30.5)[0] == pytest.approx(128, abs=2)  # slice 2, not slice 1


def test_the_old_picture_stays_a_moment_and_then_makes_way(desk: Desk, qtbot: Any) -> None:
    desk.room.draw(Box(x0=20, y0=20, x1=60, y1=50))
    desk.settle()
    desk.room.frames.in_memory.clear()
    before = desk.grab()
    desk.wheel(-120)
    middle = (slice(120, 240), slice(60, 420))
    assert (desk.grab()[middle] == before[middle]).all()  # no flicker while a decoder is quick
    qtbot.waitUntil(lambda: desk.canvas._stage._is_late, timeout=3000)
    assert (desk.grab()[middle] != before[middle]).any()
    desk.room.frames.deliver()
    desk.settle()
    assert desk.pixel(60.5, 60.5)[0] == pytest.approx(123, abs=2)


def test_another_series_never_shows_the_picture_before(desk: Desk) -> None:
    desk.room.frames.in_memory.clear()
    desk.reading.replace(case_id="", series_id="")
    desk.reading.replace(case_id="case", series_id="series")
    assert (desk.grab()[100:300:7, 100:380:7, :3] == 0).all()


def test_nothing_is_drawn_on_a_frame_that_is_not_there(desk: Desk) -> None:
    desk.room.frames.in_memory.clear()
    desk.reading.replace(tool="box")
    desk.wheel(-120)
    desk.drag((20, 20), (60, 60))
    assert desk.regions() == []


def test_a_refused_image_says_why(desk: Desk) -> None:
    frames = desk.room.frames
    frames.in_memory.clear()
    frames.refused.add(desk.room.refs[1])
    desk.wheel(-120)
    frames.deliver()
    desk.settle()
    assert not desk.canvas.has_frame
    assert desk.canvas._stage.feed.problem.title == "This image can't be shown."
    picture = desk.grab()
    assert (picture[:60, 200:280] == picture[0, 240]).all()  # no old image left
    desk.wheel(120)
    frames.in_memory.update(frames.frames)
    desk.wheel(-120)
    desk.wheel(120)
    assert desk.canvas.has_frame


def test_look_ahead_follows_the_hand() -> None:
    refs = [FrameRef(instance_id=str(n)) for n in range(100)]
    assert [r.instance_id for r in look_ahead(refs, 50, 1)[:3]] == ["51", "52", "53"]
    assert [r.instance_id for r in look_ahead(refs, 50, -1)[:3]] == ["49", "48", "47"]
    assert [r.instance_id for r in look_ahead(refs, 98, 1)] == ["99", "97", "96", "95"]


def test_prefetch_is_asked_for(desk: Desk) -> None:
    desk.wheel(-120)
    assert desk.room.frames.ahead[0] == desk.room.refs[2]


# drawing -----------------------------------------------------------------------------------------


def test_a_box_is_drawn_saved_selected_and_shown(desk: Desk) -> None:
    desk.reading.replace(tool="box")
    desk.drag((20, 20), (40, 30), (60, 50))
    (region,) = desk.regions()
    x0, y0, x1, y1 = region.geometry.bounds()
    assert (x0, y0, x1, y1) == pytest.approx((20, 20, 60, 50), abs=0.3)
    assert region.pixels_sha256 == f"{0:064x}"
    assert region.provenance.app_version
    assert desk.reading.view.selection == (region.id,)
    red, green, blue = desk.pixel(28, 20.05)
    assert red > blue + 60  # orange outline
    assert green > blue


def test_a_region_is_shown_on_its_own_slice_only(desk: Desk) -> None:
    desk.room.draw(Box(x0=20, y0=20, x1=60, y1=50), frame=1)
    desk.settle()
    bare = desk.grab()
    desk.room.draw(Box(x0=20, y0=20, x1=60, y1=50), frame=0)
    desk.settle()
    assert (desk.grab() != bare).any()


def test_a_polygon_by_clicks_and_enter(desk: Desk) -> None:
    desk.reading.replace(tool="polygon")
    for at in ((20, 20), (80, 20), (50, 80)):
        desk.click(*at)
    desk.hover(90, 90)
    desk.key(Qt.Key.Key_Return)
    (region,) = desk.regions()
    assert isinstance(region.geometry, Polygon)
    assert len(region.geometry.points) == 3


def test_slices_wait_for_an_unfinished_outline(desk: Desk) -> None:
    desk.reading.replace(tool="polygon")
    desk.click(20, 20)
    desk.wheel(-120)
    assert desk.reading.view.index == 0
    assert desk.hints[-1].startswith("Finish what you are drawing")


def test_another_tool_finishes_what_is_in_hand(desk: Desk) -> None:
    desk.reading.replace(tool="polygon")
    for at in ((20, 20), (80, 20), (50, 80)):
        desk.click(*at)
    desk.reading.replace(tool="select")
    assert len(desk.regions()) == 1


def test_another_slice_finishes_what_is_in_hand_where_it_was_drawn(desk: Desk) -> None:
    desk.reading.replace(tool="polygon")
    for at in ((20, 20), (80, 20), (50, 80)):
        desk.click(*at)
    desk.reading.replace(index=3)
    (region,) = desk.regions()
    assert region.target.frame == desk.room.refs[0]


def test_painting_shows_at_once_and_stays(desk: Desk) -> None:
    desk.reading.replace(tool="brush", brush_radius=8.0)
    before = desk.pixel(50, 50)
    desk.press(30, 50)
    for x in range(32, 72, 4):
        desk.move(x, 50)
    desk.settle()
    during = desk.pixel(50, 50)
    assert during[0] > before[0] + 20
    assert desk.regions() == []
    desk.release(70, 50)
    desk.settle()
    (region,) = desk.regions()
    assert region.geometry == Mask()
    assert desk.pixel(50, 50) == during
    (part,) = desk.room.ws.mask_slices("case")
    assert part.area_px == pytest.approx(np.pi * 64 + 16 * 40, rel=0.03)


def test_what_partial_painting_leaves_equals_a_whole_picture(desk: Desk) -> None:
    desk.room.draw(Box(x0=25, y0=30, x1=75, y1=70), class_id=2)
    desk.reading.replace(tool="brush", brush_radius=6.0)
    desk.press(30, 40)
    for n in range(20):
        desk.move(30 + 2 * n, 40 + n)
        desk.settle()
    screen = desk.canvas.window().screen()
    assert screen is not None
    partial = _backing_store(desk)
    desk.canvas.update()
    desk.settle()
    assert np.array_equal(partial, _backing_store(desk))
    desk.release(68, 59)


def _backing_store(desk: Desk) -> np.ndarray:
    """What has been painted so far, without painting again."""
    image = desk.canvas.screen().grabWindow(desk.canvas.winId()).toImage()
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint8).copy()


def test_a_dropped_stroke_leaves_nothing(desk: Desk) -> None:
    desk.reading.replace(tool="brush", brush_radius=8.0)
    desk.hover(200, 200)
    clean = desk.grab()
    desk.press(30, 50)
    desk.move(60, 50)
    assert desk.canvas.cancel_gesture()
    desk.release(60, 50)
    desk.hover(200, 200)
    desk.settle()
    assert (desk.grab() == clean).all()
    assert desk.regions() == []


def test_undo_takes_the_region_off_the_screen(desk: Desk) -> None:
    clean = desk.grab()
    desk.room.paint(disk(60, 50, 20))
    desk.room.draw(Box(x0=10, y0=10, x1=30, y1=30))
    desk.settle()
    assert (desk.grab() != clean).any()
    desk.room.ws.undo("case")
    desk.room.ws.undo("case")
    desk.settle()
    assert (desk.grab() == clean).all()


def test_deleting_by_key(desk: Desk) -> None:
    desk.room.draw(Box(x0=20, y0=20, x1=60, y1=50))
    desk.settle()
    desk.click(40, 35)
    assert len(desk.reading.view.selection) == 1
    desk.key(Qt.Key.Key_Delete)
    assert desk.regions() == []


def test_arrows_nudge_a_selection_else_go_through_the_series(desk: Desk) -> None:
    desk.room.draw(Box(x0=20, y0=20, x1=60, y1=50))
    desk.settle()
    desk.click(40, 35)
    desk.key(Qt.Key.Key_Down, mods=SHIFT)
    assert desk.regions()[0].geometry == Box(x0=20, y0=30, x1=60, y1=60)
    assert desk.reading.view.index == 0
    desk.key(Qt.Key.Key_Escape)
    desk.key(Qt.Key.Key_Down)
    assert desk.reading.view.index == 1


def test_h_hides_regions_while_it_is_held(desk: Desk) -> None:
    clean = desk.grab()
    desk.room.paint(disk(60, 50, 20))
    desk.settle()
    desk.key(Qt.Key.Key_H, "h", up=False)
    assert (desk.grab() == clean).all()
    desk.key_up(Qt.Key.Key_H)
    assert (desk.grab() != clean).any()


def test_o_shows_outlines_only(desk: Desk) -> None:
    bare = desk.pixel(60, 50)
    desk.room.paint(disk(60, 50, 20))
    desk.settle()
    assert desk.pixel(60, 50) != bare
    desk.key(Qt.Key.Key_O, "o")
    assert desk.pixel(60, 50) == bare
    assert desk.reading.view.outlines_only


def test_a_new_calibration_is_seen(desk: Desk) -> None:
    desk.room.ws.run(Calibrate(case_id="case", series_id="series", mm_per_px=0.3))
    desk.settle()
    assert desk.canvas._stage.sheet.ruler.mm_per_px == 0.3
    assert desk.canvas.has_frame


def test_a_deleted_region_is_not_drawn_from_memory(desk: Desk) -> None:
    made = desk.room.draw(Box(x0=20, y0=20, x1=60, y1=50))
    desk.settle()
    desk.room.ws.run(DeleteAnnotations(case_id="case", annotation_ids=(made,)))
    desk.settle()
    desk.click(40, 35)
    assert desk.reading.view.selection == ()


# furniture ---------------------------------------------------------------------------------------


def test_letters_of_the_three_planes() -> None:
    def letters(*orientation: float) -> tuple[str, str, str, str]:
        return side_letters(Plane(position=(0, 0, 0), orientation=orientation))  # type: ignore[arg-type]

    assert letters(1, 0, 0, 0, 1, 0) == ("R", "L", "A", "P")
    assert letters(1, 0, 0, 0, 0, -1) == ("R", "L", "H", "F")
    assert letters(0, 1, 0, 0, 0, -1) == ("A", "P", "H", "F")
    assert letters(0.8, 0.6, 0, 0, 0, -1)[1] == "LP"


@pytest.mark.parametrize(
    ("longest", "length", "text"),
    [(63.0, 50.0, "5 cm"), (9.9, 5.0, "5 mm"), (0.3, 0.2, "0.2 mm"), (100.0, 100.0, "10 cm")],
)
def test_scale_bar_lengths_are_round(longest: float, length: float, text: str) -> None:
    got, words = bar_length(longest)
    assert (got, words) == (pytest.approx(length), text)


def test_empty_states_are_sentences(qtbot: Any) -> None:
    reading = Reading()
    canvas = CanvasView(reading)
    qtbot.addWidget(canvas)
    canvas.resize(480, 400)
    canvas.show()
    assert not canvas.has_frame
    assert canvas.image_size == (0, 0)
    picture = canvas.grab().toImage()
    colors = {picture.pixelColor(x, y).rgb() for x in range(100, 380) for y in range(180, 220)}
    assert len(colors) > 20  # words in the middle


def test_the_image_is_rows_by_columns(desk: Desk) -> None:
    assert desk.canvas.image_size == (COLUMNS, ROWS)


def test_the_window_is_told_without_powers_of_ten() -> None:
    told = [window_text(Window(center=c, width=w)) for c, w in ((60000.5, 1), (40, 400), (0.5, 2))]
    assert told == ["C 60000.5  W 1", "C 40  W 400", "C 0.5  W 2"]
    assert window_text(Window(center=0.0012, width=0.0025)) == "C 0.0012  W 0.0025"
