"""Painting against a slow formula, and which region a stroke belongs to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from desktop.commands.annotation import PaintMask
from desktop.domain.annotation import Origin
from desktop.domain.geometry import Box, Mask
from desktop.domain.runs import decode_runs
from desktop.interaction.event import Kind
from desktop.interaction.stroke import (
    LARGEST_RADIUS,
    SMALLEST_RADIUS,
    next_radius,
    paint_stroke,
)
from desktop.interaction.tool import MaskPreview, make_tools
from tests.interaction.made import COLUMNS, PATIENT, ROWS, Hand, context, disk, painted, region

SMALL_BRUSH = {"brush_radius": 3.0, "brush_unit": "px"}


def pixels_of(command: PaintMask) -> np.ndarray:
    (frame,) = command.frames
    return decode_runs(frame.runs, frame.rows, frame.columns)


def swept(start: tuple[float, float], end: tuple[float, float], rx: float, ry: float) -> np.ndarray:
    """Pixels whose centre is within the brush somewhere along the line, by distance."""
    ys, xs = (np.mgrid[:ROWS, :COLUMNS] + 0.5) / np.array([ry, rx]).reshape(2, 1, 1)
    ax, ay, bx, by = start[0] / rx, start[1] / ry, end[0] / rx, end[1] / ry
    dx, dy = bx - ax, by - ay
    length = dx * dx + dy * dy
    t = np.clip(((xs - ax) * dx + (ys - ay) * dy) / (length or 1), 0, 1)
    return np.asarray(np.hypot(xs - ax - t * dx, ys - ay - t * dy) <= 1.0)


near = st.floats(-20, 140, allow_nan=False)


@given(near, near, near, near, st.floats(0.5, 40), st.floats(0.5, 40))
def test_strokes_are_exact(
    ax: float, ay: float, bx: float, by: float, rx: float, ry: float
) -> None:
    mask = np.zeros((ROWS, COLUMNS), dtype=np.uint8)
    x0, y0, x1, y1 = paint_stroke(mask, (ax, ay), (bx, by), (rx, ry), 1)
    expected = swept((ax, ay), (bx, by), rx, ry)
    for x, y in ((ax, ay), (bx, by)):
        if 0 <= x < COLUMNS and 0 <= y < ROWS:
            expected[int(y), int(x)] = True
    wrong = np.argwhere(mask.view(bool) != expected)
    for row, column in wrong:  # only pixels whose centre lies on the rim, within rounding
        grown = swept((ax, ay), (bx, by), rx * (1 + 1e-9) + 1e-9, ry * (1 + 1e-9) + 1e-9)
        shrunk = swept((ax, ay), (bx, by), rx * (1 - 1e-9) - 1e-9, ry * (1 - 1e-9) - 1e-9)
        assert grown[row, column] != shrunk[row, column]
    outside = mask.copy()
    outside[y0:y1, x0:x1] = 0
    assert not outside.any()


def test_the_smallest_brush_sets_one_pixel() -> None:
    mask = np.zeros((ROWS, COLUMNS), dtype=np.uint8)
    assert paint_stroke(mask, (10.1, 20.9), (10.1, 20.9), (0.2, 0.2), 1) == (10, 20, 11, 21)
    assert mask.sum() == 1
    assert mask[20, 10] == 1


def test_one_stroke_is_one_command() -> None:
    hand = Hand(make_tools()["brush"], context(options=SMALL_BRUSH))
    hand.drag([(20, 20), (60, 20), (60, 70)])
    (command,) = hand.commands
    assert isinstance(command, PaintMask)
    assert command.title == "Brush, Nodule"
    assert command.new is not None
    assert command.new.geometry == Mask()
    assert command.new.target.frame is None
    assert command.frames[0].pixels_sha256 == "pixels"
    expected = swept((20, 20), (60, 20), 3, 3) | swept((60, 20), (60, 70), 3, 3)
    assert (pixels_of(command) == expected).all()
    assert hand.context.selection == (command.annotation_id,)


def test_only_what_was_touched_is_shown_again() -> None:
    hand = Hand(make_tools()["brush"], context(options=SMALL_BRUSH))
    hand.point(Kind.PRESS, (20, 20))
    (preview,) = hand.point(Kind.MOVE, (26, 20)).preview
    assert isinstance(preview, MaskPreview)
    x0, y0, x1, y1 = preview.touched
    assert (x0, y0) == (17, 17)
    assert x1 <= 30
    assert y1 <= 24
    (still,) = hand.point(Kind.HOVER, (26, 20)).preview
    assert still.touched == (0, 0, 0, 0)  # type: ignore[union-attr]


def test_a_stroke_goes_on_with_the_last_region_of_the_class() -> None:
    first, last = region(Mask(), "first"), region(Mask(), "last")
    other = region(Mask(), "other", class_id=2)
    hand = Hand(make_tools()["brush"], context(first, last, other, options=SMALL_BRUSH))
    hand.click((50, 50))
    assert hand.commands[0].annotation_id == "last"
    assert hand.commands[0].new is None


def test_a_selected_region_of_the_class_comes_first() -> None:
    first, last = region(Mask(), "first"), region(Mask(), "last")
    old = disk(20, 20, 5)
    given = context(
        first, last, options=SMALL_BRUSH, selection=("first",), painted=(painted("first", old),)
    )
    hand = Hand(make_tools()["brush"], given)
    hand.click((50, 50))
    assert hand.commands[0].annotation_id == "first"
    assert (pixels_of(hand.commands[0]) == (old | swept((50, 50), (50, 50), 3, 3))).all()
    assert old.sum() == disk(20, 20, 5).sum()  # what was committed is not written to


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Origin.MODEL, Origin.MODEL_EDITED),
        (Origin.MODEL_EDITED, Origin.MODEL_EDITED),
        (Origin.INTERPOLATED, Origin.DRAWN),
        (Origin.DRAWN, Origin.DRAWN),
    ],
)
def test_a_slice_remembers_whether_a_model_began_it(before: Origin, after: Origin) -> None:
    part = painted("mask", disk(20, 20, 5))
    part = replace(part, slice=structs.replace(part.slice, origin=before))
    hand = Hand(
        make_tools()["brush"],
        context(region(Mask(), "mask"), options=SMALL_BRUSH, painted=(part,)),
    )
    hand.click((50, 50))
    assert hand.commands[0].frames[0].origin is after


def test_n_starts_a_new_region() -> None:
    hand = Hand(make_tools()["brush"], context(region(Mask(), "old"), options=SMALL_BRUSH))
    hand.key("n")
    hand.click((50, 50))
    assert hand.commands[0].new is not None
    hand.click((60, 50))
    assert hand.commands[1].annotation_id == "old"  # the made-up frame knows nothing of the new one


def test_painting_what_is_painted_changes_nothing() -> None:
    mask = region(Mask(), "mask")
    given = context(mask, options=SMALL_BRUSH, painted=(painted("mask", disk(50, 50, 20)),))
    hand = Hand(make_tools()["brush"], given)
    hand.drag([(48, 50), (52, 50)])
    assert hand.commands == []
    assert hand.tool.snapshot() is None


def test_ctrl_erases() -> None:
    mask = region(Mask(), "mask")
    given = context(mask, options=SMALL_BRUSH, painted=(painted("mask", disk(50, 50, 20)),))
    hand = Hand(make_tools()["brush"], given)
    hand.drag([(50, 50), (55, 50)], ctrl=True)
    (command,) = hand.commands
    assert command.title == "Erase, Nodule"
    assert (pixels_of(command) == disk(50, 50, 20) & ~swept((50, 50), (55, 50), 3, 3)).all()


def test_erasing_beside_it_changes_nothing() -> None:
    mask = region(Mask(), "mask")
    given = context(mask, options=SMALL_BRUSH, painted=(painted("mask", disk(50, 50, 10)),))
    hand = Hand(make_tools()["eraser"], given)
    hand.drag([(90, 20), (95, 20)])
    assert hand.commands == []


def test_the_eraser_takes_what_is_selected_else_what_is_under_it() -> None:
    one, two = region(Mask(), "one"), region(Mask(), "two", class_id=2)
    parts = (painted("one", disk(30, 50, 15)), painted("two", disk(80, 50, 15)))
    hand = Hand(make_tools()["eraser"], context(one, two, painted=parts, options=SMALL_BRUSH))
    hand.click((80, 50))
    assert hand.commands[0].annotation_id == "two"
    hand.context = context(one, two, painted=parts, options=SMALL_BRUSH, selection=("one",))
    hand.drag([(80, 50), (30, 50)])
    assert hand.commands[1].annotation_id == "one"


def test_nothing_to_erase_says_so() -> None:
    hand = Hand(make_tools()["eraser"], context(region(Box(x0=1, y0=1, x1=50, y1=50))))
    hand.click((20, 20))
    assert hand.commands == []
    assert hand.hints == ["Nothing of yours is painted here."]


def test_a_brush_in_millimetres_is_round_in_millimetres() -> None:
    options = {"brush_radius": 5.0, "brush_unit": "mm"}
    hand = Hand(make_tools()["brush"], context(options=options, calibrations=PATIENT))
    hand.click((60, 50))
    got = pixels_of(hand.commands[0])
    assert (got == swept((60, 50), (60, 50), 10, 20)).all()


def test_without_calibration_millimetres_fall_back_to_pixels() -> None:
    options = {"brush_radius": 5.0, "brush_unit": "mm"}
    hand = Hand(make_tools()["brush"], context(options=options))
    hand.click((60, 50))
    assert (pixels_of(hand.commands[0]) == swept((60, 50), (60, 50), 5, 5)).all()


@pytest.mark.parametrize(("key", "radius"), [("]", 4.0), ("[", 2.5)])
def test_brackets_change_the_size(key: str, radius: float) -> None:
    hand = Hand(make_tools()["brush"], context(options=SMALL_BRUSH))
    assert hand.key(key).view == {"brush_radius": radius}


def test_sizes_go_up_and_down_the_same_steps() -> None:
    radius, up = SMALLEST_RADIUS, [SMALLEST_RADIUS]
    while radius < LARGEST_RADIUS:
        radius = next_radius(radius, 1)
        up.append(radius)
    down = [radius]
    while radius > SMALLEST_RADIUS:
        radius = next_radius(radius, -1)
        down.append(radius)
    assert down == up[::-1]


def test_a_restored_stroke_can_be_continued() -> None:
    hand = Hand(make_tools()["brush"], context(options=SMALL_BRUSH))
    hand.point(Kind.PRESS, (20, 20))
    hand.point(Kind.MOVE, (30, 20))
    later = Hand(make_tools()["brush"], context(options=SMALL_BRUSH))
    later.take(later.tool.restore(hand.tool.snapshot() or {}, later.context))
    later.drag([(60, 60), (70, 60)])
    expected = swept((20, 20), (30, 20), 3, 3) | swept((60, 60), (70, 60), 3, 3)
    assert (pixels_of(later.commands[0]) == expected).all()
