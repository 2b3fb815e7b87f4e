"""Pictures beside each other: they show the same place, and the regions given to each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from desktop.domain.geometry import Box
from desktop.domain.study import FrameRef
from desktop.gui.canvas.image_pane import ImagePane
from desktop.gui.canvas.pane_link import PaneLink, PaneRegion
from tests.gui.canvas_room import COLUMNS, ROWS, Room

ORANGE = (230, 159, 0)
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.ws.close()


@pytest.fixture
def panes(room: Room, qtbot: Any, look: None) -> list[ImagePane]:
    """Two linked panes of different size: one with a painted square, one with a box."""
    mask = np.zeros((ROWS, COLUMNS), dtype=bool)
    mask[40:60, 30:50] = True

    def painted(_ref: FrameRef) -> list[PaneRegion]:
        return [PaneRegion("a", ORANGE, mask_yx=mask, bounds=(30, 40, 50, 60))]

    def boxed(_ref: FrameRef) -> list[PaneRegion]:
        return [PaneRegion("b", ORANGE, geometry=Box(x0=30, y0=40, x1=50, y1=60), words="Box")]

    link = PaneLink()
    made = [ImagePane(link), ImagePane(link)]
    refs = room.ws.frame_refs("series")
    for pane, regions, size in zip(made, (painted, boxed), ((480, 400), (240, 400)), strict=True):
        qtbot.addWidget(pane)
        pane.link_kept = link  # type: ignore[attr-defined]
        pane.resize(*size)
        pane.show()
        pane.show_images(room.ws, refs, regions)
    QApplication.processEvents()
    return made


def pixel(pane: ImagePane, x: float, y: float) -> tuple[int, int, int]:
    """Red, green, blue at an image point."""
    image = pane.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    at = pane.placement().to_screen(x, y)
    color = image.pixelColor(int(at[0]), int(at[1]))
    return (color.red(), color.green(), color.blue())


def mouse(pane: ImagePane, kind: QEvent.Type, at: QPointF, button: Qt.MouseButton) -> None:
    released = kind == QEvent.Type.MouseButtonRelease
    held = Qt.MouseButton.NoButton if released else button
    event = QMouseEvent(kind, at, pane.mapToGlobal(at), button, held, NONE)
    QApplication.sendEvent(pane, event)


def drag(pane: ImagePane, by: QPointF, button: Qt.MouseButton) -> None:
    start = QPointF(100, 100)
    mouse(pane, QEvent.Type.MouseButtonPress, start, button)
    mouse(pane, QEvent.Type.MouseMove, start + by, button)
    mouse(pane, QEvent.Type.MouseButtonRelease, start + by, button)


def wheel(pane: ImagePane, delta: int, mods: Qt.KeyboardModifier = NONE) -> None:
    at = QPointF(100, 100)
    event = QWheelEvent(
        at, pane.mapToGlobal(at), QPoint(), QPoint(0, delta),
        Qt.MouseButton.NoButton, mods, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(pane, event)


def is_orange(color: tuple[int, int, int]) -> bool:
    return color[0] > color[2] + 40


def test_each_pane_shows_its_own_region_on_the_same_image(panes: list[ImagePane]) -> None:
    left, right = panes
    assert is_orange(pixel(left, 40, 50))
    assert not is_orange(pixel(right, 40, 50)), "a box has no fill"
    assert is_orange(pixel(right, 30, 50)), "but an outline"
    assert not is_orange(pixel(left, 80, 50))


def test_a_wheel_over_one_moves_all_through_the_series(panes: list[ImagePane]) -> None:
    wheel(panes[0], -240)
    assert panes[0].link.view.index == 2
    assert panes[0].frame_shown == panes[1].frame_shown == FrameRef(instance_id="instance-2")
    wheel(panes[1], 1200)
    assert panes[0].link.view.index == 0, "it stops at the end"


def test_zoom_and_pan_keep_the_same_place_in_the_middle_of_panes_of_any_size(
    panes: list[ImagePane],
) -> None:
    wheel(panes[0], 480, Qt.KeyboardModifier.ControlModifier)
    drag(panes[1], QPointF(30, -20), Qt.MouseButton.LeftButton)
    middles = [p.image_point(QPointF(p.width() / 2, p.height() / 2)) for p in panes]
    assert middles[0] == pytest.approx(middles[1], abs=0.6)
    assert panes[0].link.view.scale > 1.9
    zooms = [p.placement().zoom for p in panes]
    assert zooms[0] > zooms[1], "each is scaled to its own room"


def test_the_point_under_the_pointer_stays_when_zooming(panes: list[ImagePane]) -> None:
    at = QPointF(100, 100)
    before = panes[0].image_point(at)
    wheel(panes[0], 360, Qt.KeyboardModifier.ControlModifier)
    assert panes[0].image_point(at) == pytest.approx(before, abs=0.3)


def test_a_window_drag_changes_the_grey_of_all(panes: list[ImagePane]) -> None:
    before = [p.window_in_use() for p in panes]
    drag(panes[1], QPointF(40, 10), Qt.MouseButton.RightButton)
    after = [p.window_in_use() for p in panes]
    assert after[0] == after[1] != before[0]


def test_hidden_regions_and_outlines_hold_for_all(panes: list[ImagePane]) -> None:
    panes[0].link.change(outlines_only=True)
    assert not is_orange(pixel(panes[0], 40, 50))
    assert is_orange(pixel(panes[0], 30, 50))
    panes[0].link.change(outlines_only=False, regions_shown=False)
    assert not is_orange(pixel(panes[0], 40, 50))
    assert not is_orange(pixel(panes[1], 30, 50))


def test_a_click_is_told_and_a_drag_is_not(panes: list[ImagePane]) -> None:
    told: list[int] = []
    panes[0].pressed.connect(lambda: told.append(1))
    drag(panes[0], QPointF(0, 0), Qt.MouseButton.LeftButton)
    assert told == [1]
    drag(panes[0], QPointF(50, 0), Qt.MouseButton.LeftButton)
    assert told == [1]


def test_a_frame_that_cannot_be_read_says_why(room: Room, panes: list[ImagePane]) -> None:
    frames: Any = room.ws.frames
    lost = FrameRef(instance_id="instance-3")
    frames.in_memory.discard(lost)
    frames.refused.add(lost)
    panes[0].link.change(index=3)
    assert panes[0].frame_shown is None
    frames.deliver()
    QApplication.processEvents()
    colors = {panes[0].grab().toImage().pixel(x, 200) for x in range(0, 480, 3)}
    assert len(colors) > 2, "the words are on screen"
