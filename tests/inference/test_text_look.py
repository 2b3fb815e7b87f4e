"""Which images of a long series are read for text, and where text stands on the others."""

from __future__ import annotations

import numpy as np
import pytest

from desktop.domain.model_run import TextBox
from desktop.inference.text_look import (
    LARGEST_SIDE,
    ReadImage,
    SmallImage,
    enlarged,
    first_looks,
    for_reading,
    like_one,
    made_small,
    text_as_on,
)

ROWS, COLUMNS = 480, 640


def beating(number: int) -> np.ndarray:
    """A heart that moves in the middle of a dark image."""
    y, x = np.mgrid[:ROWS, :COLUMNS]
    wide = 90 + 30 * np.sin(number)
    picture = np.zeros((ROWS, COLUMNS), np.uint8)
    picture[(x - 320) ** 2 + (y - 240) ** 2 < wide**2] = 180
    return picture


def write(picture: np.ndarray, x0: int, y0: int, seed: int = 1) -> TextBox:
    """Strokes like a word of six letters; the box around them."""
    random = np.random.Generator(np.random.PCG64(seed))
    letters = random.integers(0, 2, (5, 18)).astype(np.uint8) * 230
    picture[y0 : y0 + 15, x0 : x0 + 54] = np.kron(letters, np.ones((3, 3), np.uint8))
    return TextBox(x0=x0, y0=y0, x1=x0 + 54, y1=y0 + 15, score=0.9, characters=6)


def read(picture: np.ndarray, *boxes: TextBox) -> ReadImage:
    return ReadImage(made_small(picture), boxes)


def test_short_series_are_read_whole_and_long_ones_at_three_places() -> None:
    assert first_looks(1) == (0,) and first_looks(8) == tuple(range(8))
    assert first_looks(120) == (0, 60, 119)


def test_a_moving_inside_is_no_reason_and_the_text_is_carried_over() -> None:
    one, two = beating(0), beating(2)
    box = write(one, 20, 10)
    write(two, 20, 10)
    seen = read(one, box)
    like = like_one(made_small(two), [seen])
    assert like is seen
    assert text_as_on(made_small(two), seen, [seen]) == (box,)


def test_text_that_comes_up_at_the_edge_is_a_reason() -> None:
    one, two = beating(0), beating(0)
    write(two, 560, 450)
    assert like_one(made_small(two), [read(one)]) is None


def test_a_counter_is_no_reason_once_two_images_have_it_and_a_vanished_text_is_no_text() -> None:
    one, two, counted, gone = (beating(0) for _ in range(4))
    box, other = write(one, 20, 10, seed=1), write(two, 20, 10, seed=3)
    write(counted, 20, 10, seed=2)
    seen = [read(one, box), read(two, other)]
    assert like_one(made_small(counted), seen[:1]) is None
    assert like_one(made_small(counted), seen) is seen[0]
    assert text_as_on(made_small(counted), seen[0], seen) == (box,)
    assert text_as_on(made_small(gone), seen[0], seen) == ()


def test_another_size_is_never_like() -> None:
    assert like_one(SmallImage(np.zeros((240, 319), np.uint8), 0.5), [read(beating(0))]) is None


def test_very_large_images_are_read_small_and_boxes_come_back_in_image_pixels() -> None:
    large = np.zeros((100, 4 * LARGEST_SIDE - 6, 3), np.uint8)
    small, step = for_reading(large)
    assert step == 4 and small.shape == (25, LARGEST_SIDE - 1, 3)
    box = TextBox(x0=10, y0=20, x1=LARGEST_SIDE, y1=25, score=0.9, characters=3)
    (back,) = enlarged((box,), step, large.shape[:2])
    assert (back.x0, back.y0, back.x1, back.y1) == (40, 80, large.shape[1], 100)
    same, one = for_reading(large[:, :100])
    assert one == 1 and same.shape == (100, 100, 3)


@pytest.mark.parametrize("shape", [(1, 1), (7, 2000), (333, 641, 3)])
def test_any_size_is_made_small(shape: tuple[int, ...]) -> None:
    small = made_small(np.full(shape, 77, np.uint8))
    assert max(small.grey.shape) <= 320 and (small.grey == 77).all()
