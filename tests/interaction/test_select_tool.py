"""Selecting, moving and reshaping."""

from __future__ import annotations

import json

import pytest

from desktop.commands.annotation import DeleteAnnotations, ReshapeAnnotation, ReshapeAnnotations
from desktop.domain.geometry import Box, Ellipse, Mask, Point, Polygon, Polyline
from desktop.interaction.event import Kind
from desktop.interaction.select_tool import SelectTool
from tests.interaction.made import COLUMNS, ROWS, Hand, context, disk, painted, region

LARGE = region(Box(x0=10, y0=10, x1=90, y1=90), "large")
SMALL = region(Box(x0=30, y0=30, x1=60, y1=60), "small")
WIDE = Ellipse(cx=50, cy=50, rx=20, ry=10)
LINE = Polyline(points=((10, 10), (40, 10)))
TRIANGLE = region(Polygon(points=((20, 20), (80, 20), (50, 80))), "triangle")


def test_click_selects_the_topmost() -> None:
    hand = Hand(SelectTool(), context(LARGE, SMALL))
    hand.click((45, 45))
    assert hand.context.selection == ("small",)


def test_clicks_at_the_same_place_go_down_and_around() -> None:
    hand = Hand(SelectTool(), context(LARGE, SMALL))
    seen = []
    for _ in range(4):
        hand.click((45, 45))
        seen.append(hand.context.selection)
    assert seen == [("small",), ("large",), ("small",), ("large",)]
    assert hand.commands == []


def test_a_click_elsewhere_on_the_selected_starts_again_from_the_top() -> None:
    hand = Hand(SelectTool(), context(LARGE, SMALL, selection=("large",)))
    hand.click((50, 50))
    assert hand.context.selection == ("small",)


def test_outlines_come_before_insides() -> None:
    hand = Hand(SelectTool(), context(SMALL, LARGE))
    hand.click((31, 45))
    assert hand.context.selection == ("small",)


def test_shift_adds_and_takes_away() -> None:
    other = region(Point(x=100, y=20), "point")
    hand = Hand(SelectTool(), context(SMALL, other))
    hand.click((45, 45))
    hand.click((100, 20), shift=True)
    assert hand.context.selection == ("small", "point")
    hand.click((45, 45), shift=True)
    assert hand.context.selection == ("point",)


def test_a_click_on_nothing_selects_nothing() -> None:
    hand = Hand(SelectTool(), context(SMALL, selection=("small",)))
    hand.click((110, 95))
    assert hand.context.selection == ()


def test_drag_moves_and_stops_at_the_edge() -> None:
    hand = Hand(SelectTool(), context(SMALL))
    hand.drag([(45, 45), (50, 48), (55, 51)])
    assert hand.commands == [
        ReshapeAnnotation(
            case_id="case",
            annotation_id="small",
            geometry=Box(x0=40, y0=36, x1=70, y1=66),
            what="Move region",
        )
    ]
    hand.drag([(45, 45), (500, 500)])
    assert hand.commands[1].geometry == Box(x0=90, y0=70, x1=COLUMNS, y1=ROWS)


def test_a_tremble_is_not_a_drag() -> None:
    hand = Hand(SelectTool(), context(SMALL))
    hand.drag([(45, 45), (46, 46), (45.5, 45)])
    assert hand.commands == []


def test_a_drag_back_to_the_start_changes_nothing() -> None:
    hand = Hand(SelectTool(), context(SMALL))
    hand.drag([(45, 45), (70, 70), (45, 45)])
    assert hand.commands == []
    assert not hand.tool.busy


def test_a_selection_moves_together_in_one_step() -> None:
    given = context(SMALL, TRIANGLE, selection=("small", "triangle"))
    hand = Hand(SelectTool(), given)
    hand.drag([(31, 45), (41, 45)])
    (command,) = hand.commands
    assert isinstance(command, ReshapeAnnotations)
    assert command.title == "Move 2 regions"
    moved = {s.annotation_id: s.geometry for s in command.shapes}
    assert moved["small"] == Box(x0=40, y0=30, x1=70, y1=60)
    assert moved["triangle"] == Polygon(points=((30, 20), (90, 20), (60, 80)))


def test_the_preview_stands_for_what_is_dragged() -> None:
    hand = Hand(SelectTool(), context(SMALL))
    hand.point(Kind.PRESS, (45, 45))
    update = hand.point(Kind.MOVE, (55, 45))
    (preview,) = update.preview
    assert preview.replaces == "small"  # type: ignore[union-attr]
    assert preview.geometry == Box(x0=40, y0=30, x1=70, y1=60)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("shape", "start", "end", "expected"),
    [
        (SMALL.geometry, (60, 60), (70, 65), Box(x0=30, y0=30, x1=70, y1=65)),
        (SMALL.geometry, (30, 45), (65, 45), Box(x0=60, y0=30, x1=65, y1=60)),
        (WIDE, (70, 50), (80, 50), Ellipse(cx=50, cy=50, rx=30, ry=10)),
        (LINE, (40, 10), (40, 30), Polyline(points=((10, 10), (40, 30)))),
    ],
)
def test_handles_reshape(shape, start, end, expected) -> None:  # type: ignore[no-untyped-def]
    hand = Hand(SelectTool(), context(region(shape), selection=("a",)))
    hand.drag([start, end])
    (command,) = hand.commands
    assert command.geometry == expected
    assert command.title == "Reshape region"


def test_no_handle_leads_off_the_image() -> None:
    ellipse = region(Ellipse(cx=20, cy=50, rx=15, ry=10))
    hand = Hand(SelectTool(), context(ellipse, selection=("a",)))
    hand.drag([(35, 50), (38, 50), (90, 50)])
    assert hand.commands[0].geometry.rx == 18  # the last one that still lay on the image


def test_double_click_on_an_edge_adds_a_corner() -> None:
    hand = Hand(SelectTool(), context(TRIANGLE, selection=("triangle",)))
    hand.point(Kind.DOUBLE, (50, 21))
    assert hand.commands[0].geometry.points == ((20, 20), (50, 21), (80, 20), (50, 80))


def test_corners_of_holes() -> None:
    ring = ((35.0, 30.0), (55.0, 30.0), (45.0, 45.0))
    holed = region(Polygon(points=((10, 10), (110, 10), (110, 90), (10, 90)), holes=(ring,)))
    hand = Hand(SelectTool(), context(holed, selection=("a",)))
    hand.point(Kind.DOUBLE, (45, 30))
    assert hand.commands[0].geometry.holes == (((35, 30), (45, 30), (55, 30), (45, 45)),)
    hand.click((45, 45), alt=True)
    assert hand.commands[1].geometry.holes == ()


def test_alt_click_takes_a_corner_away_but_not_the_last_three() -> None:
    square = region(Polygon(points=((20, 20), (80, 20), (80, 80), (20, 80))))
    hand = Hand(SelectTool(), context(square, selection=("a",)))
    hand.click((80, 80), alt=True)
    assert hand.commands[0].geometry.points == ((20, 20), (80, 20), (20, 80))
    hand = Hand(SelectTool(), context(TRIANGLE, selection=("triangle",)))
    hand.click((50, 80), alt=True)
    assert hand.commands == []
    assert hand.hints == ["This shape has no corner to spare."]


def test_delete_takes_only_own_open_regions() -> None:
    locked = region(Box(x0=1, y0=1, x1=9, y1=9), "locked", locked=True)
    given = context(SMALL, locked, selection=("small", "locked"))
    hand = Hand(SelectTool(), given)
    hand.key("Delete")
    assert hand.commands == [DeleteAnnotations(case_id="case", annotation_ids=("small",))]
    assert hand.context.selection == ()


@pytest.mark.parametrize(
    ("key", "shift", "dx", "dy"), [("Left", False, -1, 0), ("Down", True, 0, 10)]
)
def test_arrows_nudge(key: str, shift: bool, dx: int, dy: int) -> None:
    hand = Hand(SelectTool(), context(SMALL, selection=("small",)))
    hand.key(key, shift=shift)
    assert hand.commands[0].geometry == Box(x0=30 + dx, y0=30 + dy, x1=60 + dx, y1=60 + dy)


def test_a_nudge_at_the_edge_changes_nothing() -> None:
    at_edge = region(Box(x0=0, y0=5, x1=10, y1=15))
    hand = Hand(SelectTool(), context(at_edge, selection=("a",)))
    hand.key("Left")
    assert hand.commands == []
    assert not hand.tool.busy


def test_painted_regions_are_selected_by_their_pixels_and_not_moved() -> None:
    mask = region(Mask(), "mask")
    given = context(mask, painted=(painted("mask", disk(60, 50, 10)),))
    hand = Hand(SelectTool(), given)
    hand.click((72, 50))
    assert hand.context.selection == ()
    hand.click((60, 50))
    assert hand.context.selection == ("mask",)
    hand.drag([(60, 50), (80, 50)])
    assert hand.commands == []
    assert hand.hints == ["Painted regions are changed with brush and eraser."]


def test_a_move_survives_the_journal() -> None:
    hand = Hand(SelectTool(), context(SMALL))
    hand.point(Kind.PRESS, (45, 45))
    hand.point(Kind.MOVE, (55, 45))
    kept = json.loads(json.dumps(hand.tool.snapshot()))
    later = Hand(SelectTool(), context(SMALL))
    later.take(later.tool.restore(kept, later.context))
    later.key("Enter")
    assert later.commands[0].geometry == Box(x0=40, y0=30, x1=70, y1=60)


def test_a_restored_move_of_a_deleted_region_says_so() -> None:
    hand = Hand(SelectTool(), context(SMALL))
    hand.point(Kind.PRESS, (45, 45))
    hand.point(Kind.MOVE, (55, 45))
    later = Hand(SelectTool(), context())
    later.take(later.tool.restore(hand.tool.snapshot() or {}, later.context))
    assert later.hints == ["The regions that were being moved are gone."]
    assert not later.tool.busy


def test_pointer_shapes() -> None:
    hand = Hand(SelectTool(), context(SMALL, selection=("small",)))
    assert hand.point(Kind.HOVER, (60, 60)).cursor == "handle"
    assert hand.point(Kind.HOVER, (45, 50)).cursor == "hand"
    assert hand.point(Kind.HOVER, (110, 90)).cursor == ""
