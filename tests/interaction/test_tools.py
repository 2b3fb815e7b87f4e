"""What holds for every registered tool."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from desktop.commands.annotation import PaintMask
from desktop.domain.geometry import Box, Mask
from desktop.interaction import tool as tool_module
from desktop.interaction.event import Kind
from desktop.interaction.tool import Tool, ToolInfo, make_tools, register
from desktop.interaction.tools import registered
from tests.interaction.made import COLUMNS, ROWS, Hand, context, disk, painted, region

NAMES = (
    "select",
    "box",
    "polygon",
    "freehand",
    "ellipse",
    "point",
    "ruler",
    "brush",
    "eraser",
    "rest",
    "prompt",
)
DRAWING = tuple(n for n in NAMES if n not in ("select", "eraser", "rest", "prompt"))
LASTING = tuple(n for n in DRAWING if n != "point")  # a point is there with the press


def test_all_tools_are_registered_once_and_in_order() -> None:
    assert tuple(info.name for info in registered()) == NAMES
    assert len({info.key for info in registered()}) == len(NAMES)


def test_two_tools_of_one_name_are_refused() -> None:
    class Other(Tool):
        info = ToolInfo(name="box", title="Box", key="9", icon="box", hint="")

    with pytest.raises(ValueError, match="two tools"):
        register(Other)
    assert tool_module._tools["box"] is not Other


def test_no_tool_knows_a_window_system() -> None:
    for path in Path(tool_module.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not any(n.startswith(("PySide6", "sqlalchemy")) for n in names), path.name


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("point", "brush", "rest")])
def test_a_click_without_a_drag_on_nothing_runs_nothing(name: str) -> None:
    hand = Hand(make_tools()[name], context())
    hand.click((50, 50))
    assert hand.commands == []


@pytest.mark.parametrize("name", DRAWING)
def test_nothing_is_drawn_without_a_class(name: str) -> None:
    hand = Hand(make_tools()[name], context(class_id=0))
    hand.drag([(20, 20), (50, 60), (30, 70)])
    assert hand.commands == []
    assert hand.hints == ["Choose a class first."]
    assert not hand.tool.busy


def test_a_class_says_which_tools_draw_it() -> None:
    hand = Hand(make_tools()["box"], context(class_id=2))
    hand.drag([(20, 20), (50, 60)])
    assert hand.commands == []
    assert hand.hints == ["Lung is drawn with: brush, polygon."]


@pytest.mark.parametrize("name", LASTING)
def test_gestures_can_be_cancelled(name: str) -> None:
    hand = Hand(make_tools()[name], context())
    hand.point(Kind.PRESS, (20, 20))
    hand.point(Kind.MOVE, (50, 60))
    assert hand.tool.busy
    update = hand.key("Escape")
    assert not hand.tool.busy
    assert update.preview == ()
    hand.point(Kind.RELEASE, (50, 60))
    assert hand.commands == []


@pytest.mark.parametrize("name", LASTING)
def test_gestures_survive_the_journal(name: str) -> None:
    """Half a gesture, written down as JSON, read by a fresh tool, finished: the same region."""
    path = [(20.0, 20.0), (50.0, 22.0), (52.0, 60.0), (25.0, 58.0)]
    hands = [Hand(make_tools()[name], context()) for _ in range(2)]
    for hand in hands:
        if name == "polygon":
            for at in path:
                hand.click(at)
        else:
            hand.point(Kind.PRESS, path[0])
            for at in path[1:]:
                hand.point(Kind.MOVE, at)
    kept = json.loads(json.dumps(hands[1].tool.snapshot()))
    later = Hand(make_tools()[name], context())
    assert later.take(later.tool.restore(kept, later.context)).preview
    assert later.tool.busy
    hands[0].take(hands[0].tool.finish(hands[0].context))
    later.take(later.tool.finish(later.context))
    assert later.commands == hands[0].commands
    assert len(later.commands) == 1


@pytest.mark.parametrize("name", NAMES)
def test_idle_tools_have_nothing_to_journal(name: str) -> None:
    tool = make_tools()[name]
    assert tool.snapshot() is None
    assert not tool.busy
    assert tool.finish(context()).command is None


@pytest.mark.parametrize("name", ["box", "polygon", "freehand", "ellipse", "ruler"])
def test_shapes_stay_on_the_image(name: str) -> None:
    hand = Hand(make_tools()[name], context())
    path = [
        (60.0, 50.0),
        (COLUMNS + 40.0, -30.0),
        (COLUMNS + 40.0, ROWS + 40.0),
        (-9.0, ROWS + 5.0),
    ]
    if name == "polygon":
        for at in path:
            hand.click(at)
        hand.key("Enter")
    else:
        hand.drag(path)
    x0, y0, x1, y1 = hand.commands[0].annotation.geometry.bounds()
    assert x0 >= 0
    assert y0 >= 0
    assert x1 <= COLUMNS
    assert y1 <= ROWS


@pytest.mark.parametrize("locked", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_foreign_and_locked_regions_never_change(name: str, locked: bool) -> None:
    reader = "me" if locked else "somebody"
    box = region(Box(x0=10, y0=10, x1=60, y1=60), "box", reader, locked)
    mask = region(Mask(), "mask", reader, locked)
    given = context(box, mask, painted=(painted("mask", disk(80, 50, 15)),))
    hand = Hand(make_tools()[name], given)
    for selection in ((), ("box",), ("mask",)):
        hand.context = context(box, mask, painted=given.painted, selection=selection)
        for path in ([(10, 10), (30, 30)], [(35, 35), (45, 40)], [(80, 50), (85, 52)]):
            hand.drag(path)
            hand.drag(path, alt=True)
            hand.drag(path, ctrl=True)
            hand.tool.cancel()
        for key in ("Delete", "Left", "Enter"):
            hand.key(key)
    for command in hand.commands:
        if isinstance(command, PaintMask):
            assert command.new is not None
            assert command.annotation_id not in ("box", "mask")
        else:
            assert type(command).__name__ in ("AddAnnotation", "ScribbleElse")
