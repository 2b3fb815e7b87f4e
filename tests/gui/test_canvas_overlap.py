"""Exclusive classes under the brush: what gives way is seen at once, what can't is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

import desktop.gui  # noqa: F401 - before the first Qt call
from desktop.commands.annotation import LockAnnotation
from desktop.commands.project import AddSchema, ChooseSchema
from desktop.domain.schema import Overlap
from tests.gui.canvas_desk import Desk
from tests.gui.canvas_room import SCHEMA, Room, disk


@pytest.fixture
def desk(qtbot: Any, tmp_path: Path) -> Iterator[Desk]:
    room = Room(tmp_path)
    classes = tuple(replace(c, overlap=Overlap.EXCLUSIVE) for c in SCHEMA.classes)
    strict = replace(SCHEMA, id=f"{SCHEMA.name}@2", version=2, classes=classes)
    room.ws.run(AddSchema(schema=strict))
    room.ws.run(ChooseSchema(case_id="case", schema_id=strict.id))
    made = Desk(room, qtbot)
    yield made
    made.reading.open(None)
    room.ws.close()


def test_painting_over_another_class_is_seen_and_a_locked_one_is_told(desk: Desk) -> None:
    first, second = (c.id for c in SCHEMA.classes[:2])
    below = desk.room.paint(disk(50, 50, 20), class_id=first)
    desk.reading.replace(tool="brush", brush_radius=6.0, class_id=second)
    desk.settle()
    before = desk.pixel(45, 50)
    desk.room.ws.run(LockAnnotation(case_id="case", annotation_id=below, locked=True))
    desk.drag((44, 50), (56, 50))
    desk.settle()
    assert [r.id for r in desk.regions()] == [below]
    assert desk.hints[-1].startswith("Nothing is painted") and desk.pixel(45, 50) == before
    assert desk.reading.view.selection == ()
    desk.room.ws.run(LockAnnotation(case_id="case", annotation_id=below, locked=False))
    area = sum(s.area_px for s in desk.room.ws.mask_slices("case"))
    desk.drag((44, 50), (56, 50))
    desk.settle()
    assert len(desk.regions()) == 2 and desk.pixel(45, 50) != before
    assert sum(s.area_px for s in desk.room.ws.mask_slices("case")) == area, "no pixel twice"
