"""Masks as run lengths: there and back, from a part of the mask, and measured without decoding."""

from __future__ import annotations

import numpy as np
import pytest

from desktop.domain.runs import decode_runs, encode_runs, mask_bounds, runs_extent

SHARES = (0.0, 0.03, 0.5, 0.97, 1.0)


@pytest.mark.parametrize("share", SHARES)
def test_runs_say_the_same_as_the_mask(share: float) -> None:
    rng = np.random.default_rng(1)
    for _ in range(300):
        rows, columns = (int(n) for n in rng.integers(1, 14, 2))
        mask = rng.random((rows, columns)) < share
        runs = encode_runs(mask)
        assert np.array_equal(decode_runs(runs, rows, columns), mask)
        assert runs_extent(runs, rows, columns) == (int(mask.sum()), mask_bounds(mask))


@pytest.mark.parametrize("share", SHARES)
def test_what_lies_outside_the_bounds_need_not_be_looked_at(share: float) -> None:
    rng = np.random.default_rng(2)
    for _ in range(300):
        rows, columns = (int(n) for n in rng.integers(1, 14, 2))
        mask = rng.random((rows, columns)) < share
        mask[: int(rng.integers(0, rows + 1))] = False
        x0, y0, x1, y1 = mask_bounds(mask)
        assert encode_runs(mask, (x0, y0, x1, y1)) == encode_runs(mask)
        assert encode_runs(mask, (0, max(0, y0 - 1), columns, min(rows, y1 + 1))) == encode_runs(
            mask
        )


def test_runs_of_another_size_are_refused() -> None:
    runs = encode_runs(np.ones((3, 4), dtype=np.bool_))
    with pytest.raises(ValueError, match="12 of 20 pixels"):
        runs_extent(runs, 4, 5)
    with pytest.raises(ValueError, match="12 of 20 pixels"):
        decode_runs(runs, 4, 5)
