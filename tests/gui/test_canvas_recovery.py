"""Nothing drawn is lost: the journal of the gesture in hand, and writes that fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt

from desktop.domain.errors import StoreProblem
from tests.gui.canvas_desk import Desk
from tests.gui.canvas_room import Room


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


# nothing is lost ---------------------------------------------------------------------------------


def test_an_unfinished_gesture_is_journaled_and_offered_after_a_crash(
    desk: Desk, room: Room, qtbot: Any
) -> None:
    desk.reading.replace(tool="polygon", index=2)
    for at in ((20, 20), (80, 20), (50, 80)):
        desk.click(*at)
    qtbot.waitUntil(lambda: room.ws.journaled_gesture() is not None, timeout=5000)
    desk.reading.open(None)  # the gesture was never finished
    room.reopen()
    later = desk.again(qtbot)
    later.reading.replace(index=0, tool="select")
    later.key(Qt.Key.Key_Return)
    assert later.reading.view.tool == "polygon"
    assert later.reading.view.index == 2
    later.key(Qt.Key.Key_Return)
    (region,) = later.regions()
    assert len(region.geometry.points) == 3
    assert region.target.frame == room.refs[2]
    assert room.ws.journaled_gesture() is None


def test_the_canvas_does_not_ask_where_the_window_does(desk: Desk, room: Room, qtbot: Any) -> None:
    desk.reading.replace(tool="polygon")
    desk.click(20, 20)
    qtbot.waitUntil(lambda: room.ws.journaled_gesture() is not None, timeout=5000)
    desk.reading.open(None)
    room.reopen()
    later = desk.again(qtbot)
    later.settle()
    asked = later.grab()
    later.canvas.recovery_offered.connect(later.hints.append)
    later.canvas.update()
    later.settle()
    assert (later.grab()[30:70] != asked[30:70]).any()  # no banner any more
    later.key(Qt.Key.Key_Return)
    assert later.reading.view.tool == "select"
    later.canvas.recover_gesture()
    assert later.reading.view.tool == "polygon"


def test_an_offered_gesture_can_be_dropped(desk: Desk, room: Room, qtbot: Any) -> None:
    desk.reading.replace(tool="polygon")
    desk.click(20, 20)
    qtbot.waitUntil(lambda: room.ws.journaled_gesture() is not None, timeout=5000)
    desk.reading.open(None)
    room.reopen()
    later = desk.again(qtbot)
    later.key(Qt.Key.Key_Escape)
    assert room.ws.journaled_gesture() is None
    later.key(Qt.Key.Key_Return)
    assert later.regions() == []


def test_the_journal_is_cleared_when_the_gesture_ends(desk: Desk, room: Room, qtbot: Any) -> None:
    desk.reading.replace(tool="polygon")
    for at in ((20, 20), (80, 20), (50, 80)):
        desk.click(*at)
    qtbot.waitUntil(lambda: room.ws.journaled_gesture() is not None, timeout=5000)
    desk.key(Qt.Key.Key_Return)
    assert room.ws.journaled_gesture() is None


def test_what_could_not_be_saved_stays_in_hand(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    run = desk.room.ws.run

    def full(*_args: object, **_more: object) -> None:
        raise StoreProblem("The disk is full.")

    monkeypatch.setattr(desk.room.ws, "run", full)
    desk.reading.replace(tool="brush", brush_radius=8.0)
    desk.drag((30, 50), (60, 50))
    assert len(desk.failures) == 1
    assert desk.regions() == []
    desk.key(Qt.Key.Key_Return)
    assert len(desk.failures) == 2
    monkeypatch.setattr(desk.room.ws, "run", run)
    desk.key(Qt.Key.Key_Return)
    assert len(desk.regions()) == 1
