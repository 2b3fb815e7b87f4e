"""Composed pictures against slow formulas written here."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from desktop.domain.study import FrameRef, Window
from desktop.imaging.display import grey_table
from desktop.imaging.frame import Frame
from desktop.imaging.overlay import FILL, MAX_SLOTS, Overlay, Paint, clip, intersect, union
from desktop.imaging.viewport import Compositor, Placement, fit_zoom, place

WINDOW = Window(center=500, width=1000)


def frame(pixels: np.ndarray) -> Frame:
    return Frame(ref=FrameRef(instance_id="i"), pixels=pixels, pixels_sha256="")


def ramp(rows: int, columns: int, dtype: type = np.uint16) -> Frame:
    values = np.random.default_rng(7).integers(0, 1000, (rows, columns))
    return frame(values.astype(dtype))


def disk(rows: int, columns: int, x: float, y: float, radius: float) -> np.ndarray:
    ys, xs = np.mgrid[:rows, :columns] + 0.5
    return np.asarray(np.hypot(xs - x, ys - y) <= radius)


def paint_of(mask: np.ndarray, key: str = "a", color: tuple[int, int, int] = (255, 0, 0)) -> Paint:
    ys, xs = np.nonzero(mask)
    bounds = (int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1)
    return Paint(key, mask, bounds, color, (255, 255, 255))


def overlay_of(*paints: Paint, size: tuple[int, int], outlines: bool = False) -> Overlay:
    overlay = Overlay(*size)
    overlay.set(paints, outlines)
    return overlay


def nearest(pixels: np.ndarray, placement: Placement) -> tuple[np.ndarray, np.ndarray]:
    """Picture by taking, for each device pixel, the image pixel under its centre; and where."""
    xs = np.floor((np.arange(placement.width) + 0.5 - placement.x) / placement.zoom).astype(int)
    ys = np.floor((np.arange(placement.height) + 0.5 - placement.y) / placement.zoom_y).astype(int)
    on = ((ys >= 0) & (ys < pixels.shape[0]))[:, None] & ((xs >= 0) & (xs < pixels.shape[1]))
    rows, columns = pixels.shape[:2]
    return pixels[np.clip(ys, 0, rows - 1)][:, np.clip(xs, 0, columns - 1)], on


def test_placement_there_and_back() -> None:
    where = place((100, 200), (640, 480), 2.5, (30.0, 40.0), aspect=1.2)
    assert where.to_screen(*where.to_image(111, 222)) == pytest.approx((111, 222))
    x, y = where.to_screen(30.0, 40.0)
    assert (x, y) == pytest.approx((320, 240), abs=0.5)


def test_fit_shows_all_of_it_in_the_middle() -> None:
    where = place((100, 200), (640, 480), 0.0, None)
    assert where.zoom == fit_zoom(100, 200, 640, 480) == 3.2
    assert where.image_rect(100, 200) == (0, 80, 640, 400)


def test_pixels_that_are_not_square_get_their_shape() -> None:
    where = place((100, 100), (400, 400), 0.0, None, aspect=2.0)
    x0, y0, x1, y1 = where.image_rect(100, 100)
    assert (y1 - y0) == 2 * (x1 - x0)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
@pytest.mark.parametrize("zoom", [5.0, 8.0, 6.37])
def test_large_zoom_shows_the_pixels_themselves(dtype: type, zoom: float) -> None:
    values = np.random.default_rng(1).integers(0, 200, (40, 50)).astype(dtype)
    picture = frame(values)
    where = place((40, 50), (160, 120), zoom, (20.3, 18.1))
    window = Window(center=100, width=200)
    table = grey_table(picture, window)
    out = Compositor().compose(picture, where, table)
    expected, on = nearest(values.astype(np.int64), where)
    grey = table.grey[expected + (32768 if dtype is np.int16 else 0)]
    same = out[..., 0][on] == grey[on]
    assert same.mean() > 0.999  # centres that fall on an edge may go either way
    assert (out[..., 3] == 255).all()
    assert (out[..., :3][~on] == 0).all()


def test_one_to_one_is_exact() -> None:
    picture = ramp(90, 120)
    where = place((90, 120), (64, 48), 1.0, (60.0, 45.0))
    table = grey_table(picture, WINDOW)
    out = Compositor().compose(picture, where, table)
    expected, on = nearest(picture.pixels, where)
    assert on.all()
    assert (out[..., 1] == table.grey[expected]).all()


def test_window_is_applied_after_interpolation() -> None:
    """Between -1000 and 1000 lies 0: half grey in a narrow window, not a mix of black and white."""
    picture = frame(np.array([[-1000, 1000]] * 2, dtype=np.int16))
    where = place((2, 2), (16, 16), 4.0, (1.0, 1.0))
    out = Compositor().compose(picture, where, grey_table(picture, Window(center=0, width=4)))
    row = out[8, 4:12, 0]
    assert row[0] == 0
    assert row[-1] == 255
    assert set(row.tolist()) <= {0, 255}


def test_small_pictures_of_large_images_are_averaged() -> None:
    fine = np.zeros((1024, 1024), dtype=np.uint16)
    fine[::2] = 1000  # lines one pixel high: any sampling would beat
    picture = frame(fine)
    where = place((1024, 1024), (128, 128), 0.0, None)
    out = Compositor().compose(picture, where, grey_table(picture, WINDOW))
    assert abs(out[..., 0].astype(int) - 127).max() <= 2


def test_colour_stays_as_it_is() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (30, 40, 3)).astype(np.uint8)
    picture = frame(pixels)
    where = place((30, 40), (40, 30), 1.0, None)
    out = Compositor().compose(picture, where, None)
    assert (out[..., 2::-1] == pixels).all()
    assert (out[..., 3] == 255).all()


def test_the_buffer_is_used_again() -> None:
    picture, compositor = ramp(64, 64), Compositor()
    where = place((64, 64), (80, 60), 0.0, None)
    first = compositor.compose(picture, where, grey_table(picture, WINDOW))
    second = compositor.compose(picture, where, grey_table(picture, Window(center=100, width=50)))
    assert np.shares_memory(first, second)
    assert first.flags.c_contiguous
    assert first.dtype == np.uint8


@pytest.mark.parametrize("outlines", [False, True])
def test_regions_are_blended_and_rimmed(outlines: bool) -> None:
    picture = frame(np.full((60, 60), 500, dtype=np.uint16))
    mask = disk(60, 60, 30, 30, 15)
    overlay = overlay_of(paint_of(mask), size=(60, 60), outlines=outlines)
    where = place((60, 60), (240, 240), 4.0, None)
    out = Compositor().compose(picture, where, grey_table(picture, WINDOW), overlay)
    grey = int(grey_table(picture, WINDOW).grey[500])
    middle = out[120, 120].tolist()
    if outlines:
        assert middle == [grey, grey, grey, 255]
    else:
        red = round(grey * (1 - FILL) + 255 * FILL)
        assert middle == pytest.approx([grey * (1 - FILL), grey * (1 - FILL), red, 255], abs=1)
    assert out[5, 5].tolist() == [grey, grey, grey, 255]
    shown, _ = nearest(mask, where)
    rim = (out[..., :3] == 255).all(axis=2)
    assert rim.any()
    assert not (rim & ~shown).any()  # the rim lies inside the region


def test_colour_pictures_carry_regions_too() -> None:
    picture = frame(np.full((40, 40, 3), 100, dtype=np.uint8))
    overlay = overlay_of(paint_of(disk(40, 40, 20, 20, 10)), size=(40, 40))
    out = Compositor().compose(picture, place((40, 40), (40, 40), 1.0, None), None, overlay)
    assert out[20, 20].tolist() == pytest.approx([62, 62, 159, 255], abs=1)
    assert out[1, 1].tolist() == [100, 100, 100, 255]


@pytest.mark.parametrize("zoom", [0.61, 1.0, 2.37, 7.0])
@pytest.mark.parametrize("color", [False, True])
def test_touched_parts_equal_a_whole_picture(zoom: float, color: bool) -> None:
    shape = (200, 220, 3) if color else (200, 220)
    pixels = np.random.default_rng(5).integers(0, 250, shape).astype(np.uint8)
    picture = frame(pixels)
    table = None if color else grey_table(picture, Window(center=128, width=256))
    where = place((200, 220), (160, 140), zoom, (110.0, 100.0))
    mask = disk(200, 220, 90, 100, 20).astype(np.uint8)
    overlay = overlay_of(paint_of(mask.view(bool)), size=(200, 220))
    compositor = Compositor()
    compositor.compose(picture, where, table, overlay)
    for step in range(6):
        x = 100 + 6 * step
        touched = clip((x - 12, 80, x + 12, 110), 220, 200)
        x0, y0, x1, y1 = touched
        mask[y0:y1, x0:x1] |= disk(200, 220, x, 95, 11)[y0:y1, x0:x1].astype(np.uint8)
        overlay.replace(paint_of(mask), touched)
        compositor.touch(touched)
    quick = compositor.compose(picture, where, table, overlay).copy()
    whole = Compositor().compose(picture, where, table, overlay_of(paint_of(mask), size=(200, 220)))
    different = (quick != whole).any(axis=2).mean()
    assert different < 0.002  # edges that fall on a pixel's centre may go either way


def test_hiding_regions_brings_the_bare_picture_back() -> None:
    picture = ramp(64, 64)
    where = place((64, 64), (128, 128), 2.0, None)
    table = grey_table(picture, WINDOW)
    bare = Compositor().compose(picture, where, table).copy()
    compositor = Compositor()
    overlay = overlay_of(paint_of(disk(64, 64, 30, 30, 9)), size=(64, 64))
    assert (compositor.compose(picture, where, table, overlay) != bare).any()
    assert (compositor.compose(picture, where, table, None) == bare).all()


@pytest.mark.parametrize("zoom", [0.4, 1.0, 3.3, 9.0])
@pytest.mark.parametrize("color", [False, True])
def test_a_pan_equals_a_whole_picture(zoom: float, color: bool) -> None:
    shape = (150, 170, 3) if color else (150, 170)
    pixels = np.random.default_rng(9).integers(0, 250, shape).astype(np.uint8)
    smooth = np.asarray(pixels, dtype=float)
    for axis in (0, 1):
        smooth = sum(np.roll(smooth, n, axis) for n in range(-4, 5)) / 9
    picture = frame(np.ascontiguousarray(smooth.astype(np.uint8)))
    table = None if color else grey_table(picture, Window(center=128, width=256))
    overlay = overlay_of(paint_of(disk(150, 170, 80, 70, 30)), size=(150, 170))
    compositor = Compositor()
    center = (85.0, 75.0)
    for dx, dy in ((0, 0), (7.2, -3.1), (-40, 20), (0.5, 0), (300, 0), (-300, 5)):
        center = (center[0] + dx, center[1] + dy)
        where = place((150, 170), (130, 110), zoom, center)
        moved = compositor.compose(picture, where, table, overlay).astype(int)
        whole = Compositor().compose(picture, where, table, overlay).astype(int)
        far_off = (abs(moved - whole).max(axis=2) > 8).mean()
        assert far_off < 0.004  # rounding of positions by 1/32 pixel, rims included


def test_later_regions_lie_on_top() -> None:
    low = paint_of(disk(40, 40, 18, 20, 9), "low", (0, 255, 0))
    high = paint_of(disk(40, 40, 22, 20, 9), "high", (0, 0, 255))
    overlay = overlay_of(low, high, size=(40, 40))
    assert overlay.slots_yx[20, 20] == 2
    assert overlay.slots_yx[20, 11] == 1


def test_more_regions_than_slots_keep_their_colours() -> None:
    paints = []
    for n in range(MAX_SLOTS + 30):
        mask = np.zeros((20, 200), dtype=bool)
        mask[2:6, n : n + 1] = True
        paints.append(paint_of(mask, str(n), ((255, 0, 0), (0, 255, 0))[n % 2]))
    overlay = overlay_of(*paints, size=(20, 200))
    fill, _ = overlay.palette()
    assert fill[overlay.slots_yx[3, 150]].tolist() == [255, 0, 0]
    assert fill[overlay.slots_yx[3, 151]].tolist() == [0, 255, 0]


def test_rectangles() -> None:
    assert union((0, 0, 0, 0), (3, 4, 5, 6)) == (3, 4, 5, 6)
    assert union((1, 1, 2, 2), (3, 4, 5, 6)) == (1, 1, 5, 6)
    assert union() == (0, 0, 0, 0)
    assert intersect((0, 0, 4, 4), (2, 2, 9, 9)) == (2, 2, 4, 4)
    assert clip((-5, -5, 3, 99), 10, 10) == (0, 0, 3, 10)


def test_an_image_out_of_sight_leaves_the_canvas_black() -> None:
    picture = ramp(20, 20)
    where = place((20, 20), (50, 50), 1.0, (500.0, 500.0))
    out = Compositor().compose(picture, where, grey_table(picture, WINDOW))
    assert (out == np.array([0, 0, 0, 255])).all()


def test_no_child_process_inherits_opencvs_own_path() -> None:
    code = """
import sys, threading
from desktop.imaging.process import start_lock
done, seen = threading.Event(), []
def watch():
    while not done.is_set():
        with start_lock:
            seen.extend(p for p in sys.path if p.rstrip("/").endswith("cv2"))
watcher = threading.Thread(target=watch)
watcher.start()
import desktop.imaging.cv
done.set()
watcher.join()
print(len(seen))
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    assert run.stdout.strip() == "0"


def test_opencv_leaves_the_windows_variables_alone() -> None:
    code = (
        "import os; import desktop.imaging.cv as c; "
        "print([n for n in ('QT_QPA_PLATFORM_PLUGIN_PATH', 'QT_QPA_FONTDIR') if n in os.environ])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    assert done.stdout.strip() == "[]"
