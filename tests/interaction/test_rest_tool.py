"""Painting anything else: each stroke stands alone, rubs out with Ctrl, and labels nothing."""

from __future__ import annotations

import json

import numpy as np

from desktop.commands.scribble import ScribbleElse
from desktop.domain.geometry import Mask
from desktop.domain.runs import decode_runs
from desktop.interaction.event import Kind
from desktop.interaction.tool import MaskPreview, make_tools
from tests.interaction.made import Hand, context, disk, painted, region

SMALL_BRUSH = {"brush_radius": 3.0, "brush_unit": "px"}


def hand_of(**more: object) -> Hand:
    return Hand(make_tools()["rest"], context(options=SMALL_BRUSH, **more))


def pixels_of(command: ScribbleElse) -> np.ndarray:
    return decode_runs(command.runs, command.rows, command.columns)


def test_a_stroke_is_one_command_without_a_class() -> None:
    hand = hand_of(class_id=0)
    hand.drag([(20, 20), (60, 20)])
    hand.drag([(20, 70), (60, 70)], ctrl=True)
    first, second = hand.commands
    assert isinstance(first, ScribbleElse) and not first.erases and second.erases
    assert pixels_of(first)[20, 20:60].all() and not pixels_of(first)[40:].any()
    assert not pixels_of(second)[:40].any(), "a stroke holds nothing of the one before"
    assert (first.title, second.title) == ("Paint anything else", "Rub out anything else")


def test_a_painted_region_under_the_stroke_is_not_touched() -> None:
    mask = region(Mask(), "mask")
    given = context(mask, painted=(painted("mask", disk(50, 50, 20)),), options=SMALL_BRUSH)
    hand = Hand(make_tools()["rest"], given)
    hand.drag([(50, 50), (60, 50)])
    (command,) = hand.commands
    assert isinstance(command, ScribbleElse) and pixels_of(command)[50, 55]
    assert hand.context.selection == given.selection


def test_half_a_stroke_is_shown_cancelled_and_kept_for_after_a_crash() -> None:
    hand = hand_of()
    hand.point(Kind.PRESS, (20, 20), ctrl=True)
    hand.point(Kind.MOVE, (50, 20), ctrl=True)
    (shown,) = hand.last.preview
    assert isinstance(shown, MaskPreview)
    kept = json.loads(json.dumps(hand.tool.snapshot()))
    later = hand_of()
    assert later.take(later.tool.restore(kept, later.context)).preview
    later.take(later.tool.finish(later.context))
    hand.point(Kind.RELEASE, (50, 20), ctrl=True)
    assert later.commands == hand.commands and later.commands[0].erases
    hand.point(Kind.PRESS, (20, 20))
    hand.key("Escape")
    assert not hand.tool.busy and len(hand.commands) == 1
