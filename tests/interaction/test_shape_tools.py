"""Box, ellipse, polygon, freehand, point and ruler."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.commands.annotation import AddAnnotation
from desktop.domain.annotation import Annotation
from desktop.domain.calibration import Calibrations, Scale
from desktop.domain.geometry import Box, Ellipse, Point, Polygon, Polyline, contains, ring_area_px
from desktop.domain.study import CalibrationSource, UltrasoundRegion
from desktop.interaction.event import Kind
from desktop.interaction.tool import make_tools
from tests.interaction.made import FRAME, PATIENT, Hand, context


def drawn(hand: Hand) -> Annotation:
    (command,) = hand.commands
    assert isinstance(command, AddAnnotation)
    return command.annotation


def test_box_from_any_corner() -> None:
    hand = Hand(make_tools()["box"], context())
    hand.drag([(60, 70), (20, 30)])
    region = drawn(hand)
    assert region.geometry == Box(x0=20, y0=30, x1=60, y1=70)
    assert region.target.frame == FRAME
    assert region.pixels_sha256 == "pixels"
    assert region.provenance.tool == "box"
    assert hand.commands[0].title == "Draw box, Nodule"
    assert hand.context.selection == (region.id,)


def test_shift_makes_a_square_that_stays_on_the_image() -> None:
    hand = Hand(make_tools()["box"], context())
    hand.drag([(100, 20), (119, 60)], shift=True)
    assert drawn(hand).geometry == Box(x0=100, y0=20, x1=120, y1=40)


def test_a_sliver_is_not_a_box() -> None:
    hand = Hand(make_tools()["box"], context())
    hand.drag([(20, 20), (60, 21)])
    assert hand.commands == []


def test_ellipse_grows_from_its_middle() -> None:
    hand = Hand(make_tools()["ellipse"], context())
    hand.drag([(50, 50), (70, 60)])
    assert drawn(hand).geometry == Ellipse(cx=50, cy=50, rx=20, ry=10)


@pytest.mark.parametrize("close", ["Enter", "first", "double"])
def test_polygon_closes_three_ways(close: str) -> None:
    hand = Hand(make_tools()["polygon"], context())
    for at in ((20, 20), (80, 20), (50, 80)):
        hand.click(at)
    if close == "Enter":
        hand.key("Enter")
    elif close == "first":
        hand.point(Kind.HOVER, (22, 23))
        hand.click((22, 23))
    else:
        hand.point(Kind.DOUBLE, (50, 80))
    assert drawn(hand).geometry == Polygon(points=((20, 20), (80, 20), (50, 80)))
    assert not hand.tool.busy


def test_backspace_takes_the_last_corner_back() -> None:
    hand = Hand(make_tools()["polygon"], context())
    for at in ((20, 20), (80, 20), (110, 90), (50, 80)):
        hand.click(at)
    hand.key("Backspace")
    hand.key("Backspace")
    hand.click((50, 80))
    hand.key("Enter")
    assert drawn(hand).geometry == Polygon(points=((20, 20), (80, 20), (50, 80)))


def test_two_corners_do_not_close() -> None:
    hand = Hand(make_tools()["polygon"], context())
    hand.click((20, 20))
    hand.click((80, 20))
    hand.key("Enter")
    assert hand.commands == []
    assert hand.tool.busy
    assert hand.hints == ["An outline needs three corners."]


def test_a_line_is_not_an_outline() -> None:
    hand = Hand(make_tools()["polygon"], context())
    for at in ((20, 20), (50, 20), (80, 20)):
        hand.click(at)
    hand.key("Enter")
    assert hand.commands == []
    assert hand.hints == ["An outline needs three corners that enclose an area."]


def test_polygon_preview_follows_the_pointer() -> None:
    hand = Hand(make_tools()["polygon"], context())
    hand.click((20, 20))
    update = hand.point(Kind.HOVER, (90, 40))
    (preview,) = update.preview
    assert preview.loose == ((20, 20), (90, 40))  # type: ignore[union-attr]


def test_freehand_keeps_the_shape_with_fewer_points() -> None:
    hand = Hand(make_tools()["freehand"], context())
    turns = [2 * math.pi * i / 400 for i in range(400)]
    hand.drag([(60 + 30 * math.cos(t), 50 + 30 * math.sin(t)) for t in turns])
    shape = drawn(hand).geometry
    assert isinstance(shape, Polygon)
    assert len(shape.points) < 60
    assert ring_area_px(shape.points) == pytest.approx(math.pi * 900, rel=0.03)
    assert contains(shape.points, (60, 50))


def test_points_lie_on_the_image_only() -> None:
    hand = Hand(make_tools()["point"], context())
    hand.click((-1, 50))
    assert hand.commands == []
    hand.click((33.25, 50.5))
    assert drawn(hand).geometry == Point(x=33.25, y=50.5)


def test_ruler_by_drag_and_by_two_clicks() -> None:
    for by_drag in (True, False):
        hand = Hand(make_tools()["ruler"], context(calibrations=PATIENT))
        if by_drag:
            hand.drag([(10, 10), (30, 10)])
        else:
            hand.click((10, 10))
            hand.point(Kind.HOVER, (20, 10))
            hand.click((30, 10))
        assert drawn(hand).geometry == Polyline(points=((10, 10), (30, 10)))
        assert hand.hints[-1] == "10.0 mm, patient plane"


def test_ruler_label_says_where_millimetres_come_from() -> None:
    hand = Hand(make_tools()["ruler"], context())
    hand.point(Kind.PRESS, (10, 10))
    (preview,) = hand.point(Kind.MOVE, (40, 50)).preview
    assert preview.label == "50.0 px, not calibrated"  # type: ignore[union-attr]
    hand.context = context(calibrations=PATIENT)
    (preview,) = hand.point(Kind.MOVE, (40, 50)).preview
    assert preview.label == "18.0 mm, patient plane"  # type: ignore[union-attr]


def test_shift_keeps_the_ruler_straight() -> None:
    hand = Hand(make_tools()["ruler"], context())
    hand.drag([(10, 10), (60, 14)], shift=True)
    assert drawn(hand).geometry == Polyline(points=((10, 10), (60, 10)))


def test_ultrasound_measures_only_within_one_region() -> None:
    left = UltrasoundRegion(x0=0, y0=0, x1=49, y1=99, mm_per_px_x=0.2, mm_per_px_y=0.2)
    known = Calibrations(regions=(left,))
    inside, across = ((5.0, 5.0), (45.0, 5.0)), ((5.0, 5.0), (60.0, 5.0))
    assert known.between(inside) == Scale(0.2, 0.2, CalibrationSource.ULTRASOUND)
    assert known.between(across) is None


@given(st.lists(st.tuples(st.floats(-50, 200), st.floats(-50, 200)), min_size=2, max_size=12))
def test_any_drawing_is_a_region_on_the_image_or_nothing(path: list[tuple[float, float]]) -> None:
    for name in ("box", "ellipse", "freehand", "ruler"):
        hand = Hand(make_tools()[name], context())
        hand.drag(path)
        assert not hand.tool.busy or name == "ruler"
        for command in hand.commands:
            x0, y0, x1, y1 = command.annotation.geometry.bounds()
            assert x0 >= -1e-3
            assert y0 >= -1e-3
            assert x1 <= 120.001
            assert y1 <= 100.001
