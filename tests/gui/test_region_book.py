"""The book of regions, kept from events, always equals what a fresh reading finds."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from desktop.commands.annotation import (
    AddAnnotation,
    DeleteAnnotations,
    LockAnnotation,
    PaintedFrame,
    PaintMask,
    RelabelAnnotations,
)
from desktop.domain.annotation import Annotation, Label, Target
from desktop.domain.errors import UserError
from desktop.domain.geometry import Box, Mask
from desktop.domain.runs import encode_runs
from desktop.domain.schema import Scope
from desktop.gui.reading.region_book import RegionBook
from desktop.gui.reading.region_words import size_text

ACTS = ("draw", "paint", "erase", "delete", "relabel", "lock", "undo", "redo", "elsewhere")


@given(st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 3)), max_size=25))
def test_the_book_follows_every_event(acts: list[tuple[str, int]]) -> None:
    from tests.gui.conftest import _load_fake

    room = _load_fake().demo_workspace(cases=2, slices=3)
    book = RegionBook()
    book.open(room, "case0")
    room.on_committed(book.take)
    for act, number in acts:
        try:
            do(room, act, number)
        except UserError:
            continue  # refused, as on the screen; nothing was changed
        fresh = RegionBook()
        fresh.open(room, "case0")
        assert book.regions() == fresh.regions()
        for frame in room.frame_refs("series0-0"):
            assert book.regions(frame) == fresh.regions(frame)
        for region in fresh.regions():
            assert facts(room, book, region) == facts(room, fresh, region)


def test_regions_of_others_stay_out(fake: Any) -> None:
    room = fake.demo_workspace(cases=1, slices=1)
    book = RegionBook()
    book.open(room, "case0")
    room.on_committed(book.take)
    room.reader = room.reader.__class__(id="7e" * 16)
    do(room, "draw", 0)
    assert book.regions() == []


def facts(room: Any, book: RegionBook, region: Annotation) -> Any:
    parts = sorted(book.parts(region.id), key=lambda p: p.id)
    return parts, size_text(room, region, parts)


def do(room: Any, act: str, number: int) -> None:
    region_id = f"r{number}"
    match act:
        case "draw":
            room.run(AddAnnotation(annotation=region(region_id, Box(x0=1, y0=1, x1=9, y1=5))))
        case "paint" | "erase":
            paint(room, f"m{number}", number, act == "erase")
        case "delete":
            room.run(DeleteAnnotations(case_id="case0", annotation_ids=(f"m{number}",)))
        case "relabel":
            room.run(RelabelAnnotations(case_id="case0", annotation_ids=(region_id,), class_id=2))
        case "lock":
            room.run(LockAnnotation(case_id="case0", annotation_id=region_id, locked=True))
        case "undo":
            room.undo("case0")
        case "redo":
            room.redo("case0")
        case "elsewhere":
            other = region(f"x{number}", Box(x0=1, y0=1, x1=9, y1=5), "case1")
            room.run(AddAnnotation(annotation=other))


def region(region_id: str, shape: Any, case_id: str = "case0") -> Annotation:
    return Annotation(
        id=region_id,
        case_id=case_id,
        reader_id="",
        schema_id="lung@1",
        target=Target(scope=Scope.REGION, series_id="series0-0"),
        label=Label(class_id=1),
        geometry=shape,
    )


def paint(room: Any, region_id: str, number: int, erase: bool) -> None:
    mask = np.zeros((256, 256), dtype=bool)
    if not erase:
        mask[10 : 20 + number, 10:30] = True
    frame = room.frame_refs("series0-0")[number % 3]
    painted = PaintedFrame(frame=frame, rows=256, columns=256, runs=encode_runs(mask))
    room.run(
        PaintMask(
            case_id="case0",
            annotation_id=region_id,
            new=region(region_id, Mask()),
            frames=(painted,),
        )
    )
