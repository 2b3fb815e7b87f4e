"""A lesion in a real slice: the label is its share of each pixel, the rest is left as it was."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from desktop.domain.errors import UserError
from desktop.engines.synthesis.derived import Change, derive
from desktop.engines.synthesis.lesion import Look, insert_lesion
from desktop.engines.synthesis.synthetic import make

SLICE = (make("ct-phantom", 5, values={"number": 0}).values_yx.astype(np.int16) - 1024).copy()


def test_the_mask_is_where_half_or_more_of_the_change_is() -> None:
    """Without unevenness the change itself is the share of the lesion, so the label can be read
    off the pixels."""
    look = Look(diameter=10, contrast=0.25, grain=0)
    found = insert_lesion(SLICE, 9, look, shown=(-1024, 3000))
    change = (found.values_yx.astype(float) - SLICE) / (0.25 * 4024)
    assert 0.97 < change.max() <= 1.001
    clear = abs(change - 0.5) > 0.001  # rounding of whole values
    assert np.array_equal((change >= 0.5)[clear], found.mask_yx[clear])
    assert not (change[~ndimage.binary_dilation(found.mask_yx, iterations=6)]).any()
    assert ndimage.label(found.mask_yx)[1] == 1


@pytest.mark.parametrize("seed", range(6))
def test_it_lies_in_the_body_and_stays_between_black_and_white(seed: int) -> None:
    body = SLICE > -600
    found = insert_lesion(SLICE, seed, Look(), shown=(-1024, 3000))
    assert body[found.mask_yx].all()
    inside = found.values_yx[found.mask_yx].mean()
    added = inside - SLICE[found.mask_yx].mean()
    assert -1024 < inside < 3000 and added == pytest.approx(0.22 * 4024, rel=0.12)
    x, y = found.centre_xy
    assert found.mask_yx[int(y), int(x)]


def test_a_darker_one_is_darker_and_low_values_may_be_bright() -> None:
    darker = insert_lesion(SLICE, 1, Look(contrast=-0.2), shown=(-1024, 3000))
    assert (darker.values_yx[darker.mask_yx] < SLICE[darker.mask_yx]).all()
    brighter = insert_lesion(SLICE, 1, Look(contrast=0.2), shown=(3000, -1024))
    assert (brighter.values_yx[brighter.mask_yx] < SLICE[brighter.mask_yx]).all()


def test_a_place_by_hand_is_its_middle() -> None:
    found = insert_lesion(SLICE, 3, Look(diameter=8), at_xy=(130.0, 128.0))
    y, x = ndimage.center_of_mass(found.mask_yx)
    assert abs(x + 0.5 - 130) < 2 and abs(y + 0.5 - 128) < 2
    assert found.mask_yx.sum() == pytest.approx(np.pi * (0.04 * 256) ** 2 * 0.86, rel=0.2)


def test_equal_wishes_give_equal_images_and_the_original_is_left_alone() -> None:
    before = SLICE.tobytes()
    first, again, other = (
        derive(Change.LESION, SLICE, s, {"contrast": 0.3}, shown=(-1024, 3000)) for s in (4, 4, 5)
    )
    assert first.values_yx.tobytes() == again.values_yx.tobytes() != other.values_yx.tobytes()
    assert first.values_yx.dtype == SLICE.dtype and SLICE.tobytes() == before
    assert first.facts["seed"] == "4" and "centre_xy" in first.facts


def test_another_scanner_is_blur_field_gain_and_noise() -> None:
    flat = np.full((64, 96), 500, np.uint16)
    flat[:2], flat[-2:] = 0, 1000  # the range that shares count in
    plain = {"noise": 0.0, "blur": 0.0, "bias": 0.0, "gain": 1.0}
    same = derive(Change.SCANNER, flat, 1, plain)
    assert np.array_equal(same.values_yx, flat) and same.mask_yx is None
    middle = np.s_[8:-8, 8:-8]
    noisy = derive(Change.SCANNER, flat, 1, plain | {"noise": 0.1}).values_yx[middle]
    assert noisy.std() == pytest.approx(100, rel=0.15)
    field = derive(Change.SCANNER, flat, 1, plain | {"bias": 0.4}).values_yx[middle]
    assert field.max() - field.min() > 100 and abs(np.diff(field.astype(int), axis=1)).max() < 10
    gained = derive(Change.SCANNER, flat, 1, plain | {"gain": 1.3}).values_yx[middle]
    assert gained.mean() == pytest.approx(650, abs=1)
    blurred = derive(Change.SCANNER, flat, 1, plain | {"blur": 3.0}).values_yx
    assert abs(np.diff(blurred.astype(int), axis=0)).max() < 200


def test_nonsense_is_said() -> None:
    with pytest.raises(UserError, match="no room"):
        insert_lesion(np.zeros((64, 64), np.uint8), 1, Look())
    with pytest.raises(UserError, match="too small"):
        insert_lesion(SLICE, 1, Look(diameter=1, edge=20))
    with pytest.raises(UserError, match="out of range"):
        derive(Change.LESION, SLICE, 1, {"size": 99})
    with pytest.raises(UserError, match="Colour"):
        derive(Change.SCANNER, np.zeros((8, 8, 3), np.uint8), 1)
