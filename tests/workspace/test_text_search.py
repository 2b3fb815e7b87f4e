"""A long series is read at a few images, kept as it goes, and ends at a limit."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from desktop.domain.contracts import Progress
from desktop.domain.errors import Cancelled
from desktop.domain.model_run import ModelCase, TextBox
from desktop.domain.study import FrameRef
from desktop.workspace.images.text_search import CaseLook, CaseSearch
from desktop.workspace.models.model_proposals import SeriesSeen

BOX = TextBox(x0=8, y0=4, x1=60, y1=16, score=0.9, characters=4)
REFS = tuple(FrameRef(instance_id="cine", frame_index=k) for k in range(40))


def picture(number: int, marked: frozenset[int]) -> np.ndarray:
    """A name above, a moving middle; marked images have a corner of their own."""
    made = np.zeros((120, 160, 3), np.uint8)
    made[4:16:3, 8:60:4] = 240
    made[40 + number : 50 + number, 70:90] = 200
    if number in marked:
        random = np.random.Generator(np.random.PCG64(number))  # another corner on each of them
        made[88:120, 0:56] = np.kron(random.integers(0, 2, (4, 7, 1)), np.ones((8, 8, 1))) * 250
    return made


@dataclass
class Reader:
    """Counts what it is given; each image takes ten seconds of its own clock."""

    marked: frozenset[int] = frozenset()
    stop_after: int = 1000
    seen: list[int] = field(default_factory=list)
    now: float = 0.0
    kept: list[CaseLook] = field(default_factory=list)

    def frame(self, ref: FrameRef) -> Any:
        pixels = picture(ref.frame_index, self.marked)
        return SimpleNamespace(
            pixels=pixels, pixels_sha256=f"{ref.frame_index:064x}"[::-1], is_color=True
        )

    def read(self, pixels: np.ndarray) -> tuple[TextBox, ...]:
        if len(self.seen) >= self.stop_after:
            raise Cancelled
        self.seen.append(int(np.argmax(pixels[:, 80, 0] == 200)) - 40)
        self.now += 10
        return (BOX,)

    def search(self, before: CaseLook | None = None, limit_s: float = 300) -> CaseLook:
        known = None
        if before is not None:
            known = ModelCase(
                id="m", run_id="r", case_id="c", content_sha256="", offered=0, seconds=0,
                text=before.text, read=before.read, open=True,
            )  # fmt: skip
        series = [SeriesSeen("s", REFS, {}, {})]
        made = CaseSearch(self.frame, self.read, known, self.kept.append, lambda: self.now, limit_s)
        return made.run(series, Progress(), lambda _share, _text: None)


def test_three_of_forty_images_are_read_and_the_name_stands_on_all() -> None:
    reader = Reader()
    look = reader.search()
    assert reader.seen == [0, 20, 39]
    assert [t.frame for t in look.text] == list(REFS)
    assert (look.images, look.unread, len(look.read)) == (40, 0, 3)


def test_an_image_with_another_edge_is_read_too() -> None:
    reader = Reader(frozenset({7, 31}))
    reader.search()
    assert sorted(reader.seen) == [0, 7, 20, 31, 39]


def test_what_was_read_before_the_end_is_not_read_again() -> None:
    marked = frozenset(range(5, 30))
    first = Reader(marked, stop_after=9)
    with pytest.raises(Cancelled):
        first.search()
    assert len(first.kept) == 9 and len(first.kept[-1].read) == 9
    second = Reader(marked)
    look = second.search(first.kept[-1])
    assert not set(first.seen) & set(second.seen)
    whole = Reader(marked)
    assert look == whole.search()
    assert len(whole.seen) == len(first.seen) + len(second.seen) > 12


def test_the_limit_ends_the_reading_and_the_next_search_goes_on() -> None:
    marked = frozenset(range(5, 30))
    looks, seen = [Reader(marked).search(limit_s=45)], 0
    assert looks[0].unread > 0 and len(looks[0].read) == 5
    while looks[-1].unread:
        reader = Reader(marked)
        looks.append(reader.search(looks[-1], limit_s=45))
        assert len(reader.seen) <= 5
        seen += len(reader.seen)
        assert len(looks) < 20
    assert replace_read(looks[-1]) == replace_read(Reader(marked).search())


def replace_read(look: CaseLook) -> tuple[Any, ...]:
    return look.text, set(look.read), look.images, look.unread


def test_a_kept_part_is_no_finished_search() -> None:
    done = ModelCase(
        id="m", run_id="r", case_id="c", content_sha256="", offered=0, seconds=1, open=True
    )
    assert done.open and not replace(done, open=False).open
