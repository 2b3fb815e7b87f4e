"""Regions of several readers: what is one finding, and how far they are apart."""

from __future__ import annotations

import numpy as np
import pytest

from desktop.engines.agreement.mask_agreement import mask_overlap
from desktop.engines.agreement.region_groups import (
    Mark,
    agrees,
    distances,
    group_marks,
    overlap_of,
    overlap_table,
    vote_map,
)


def square(rater: int, x0: int, y0: int, side: int, image: str = "i:0", label: int = 1) -> Mark:
    pieces = {image: (np.ones((side, side), dtype=bool), (x0, y0))}
    return Mark(rater=rater, label=label, pieces=pieces)


def place(rater: int, *points: tuple[float, float], image: str = "i:0") -> Mark:
    return Mark(
        rater=rater, label=1, points_xy=np.array(points, dtype=float), image=image, reach_px=10.0
    )


def test_overlap_is_the_iou_of_whole_masks() -> None:
    rng = np.random.default_rng(4)
    for _ in range(20):
        whole, marks = [], []
        for rater in range(2):
            x0, y0 = rng.integers(0, 20, 2)
            cut = rng.random((12, 10)) < 0.6
            mask = np.zeros((40, 40), dtype=bool)
            mask[y0 : y0 + 12, x0 : x0 + 10] = cut
            whole.append(mask)
            marks.append(Mark(rater=rater, label=1, pieces={"i:0": (cut, (int(x0), int(y0)))}))
        assert overlap_of(*marks) == pytest.approx(mask_overlap(*whole).iou)


def test_overlap_counts_all_images_of_a_series() -> None:
    one = Mark(rater=0, label=1, pieces={
        "i:0": (np.ones((4, 4), dtype=bool), (0, 0)), "i:1": (np.ones((4, 4), dtype=bool), (0, 0)),
    })  # fmt: skip
    assert overlap_of(one, square(1, 0, 0, 4)) == pytest.approx(16 / 32)
    assert overlap_of(one, square(1, 0, 0, 4, image="i:9")) == 0


def test_points_are_one_finding_within_reach_and_lines_have_no_direction() -> None:
    assert overlap_of(place(0, (5, 5)), place(1, (8, 9))) == pytest.approx(0.5)
    assert overlap_of(place(0, (5, 5)), place(1, (5, 20))) == 0
    assert overlap_of(place(0, (5, 5)), place(1, (5, 5), image="other")) == 0
    line, back = place(0, (0, 0), (30, 0)), place(1, (30, 1), (0, 1))
    assert overlap_of(line, back) == pytest.approx(0.9)
    assert overlap_of(line, place(1, (5, 5))) == 0
    assert overlap_of(line, square(1, 0, 0, 4)) == 0


def test_a_finding_has_one_region_per_reader_and_the_best_pair_wins() -> None:
    marks = [square(0, 0, 0, 10), square(0, 6, 0, 10), square(1, 1, 0, 10), square(2, 40, 40, 5)]
    rater = np.array([m.rater for m in marks])
    table = overlap_table(marks)
    assert table[0, 1] == 0  # the same reader
    assert group_marks(rater, table) == [(0, 2), (1,), (3,)]


def test_the_order_of_regions_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    marks = [
        square(int(r), int(x), int(y), 9)
        for r, x, y in zip(
            rng.integers(0, 4, 14), rng.integers(0, 40, 14), rng.integers(0, 40, 14), strict=True
        )
    ]

    def groups(order: list[int]) -> set[frozenset[int]]:
        shuffled = [marks[i] for i in order]
        rater = np.array([m.rater for m in shuffled])
        return {frozenset(order[k] for k in g) for g in group_marks(rater, overlap_table(shuffled))}

    wanted = groups(list(range(14)))
    for seed in range(5):
        assert groups(np.random.default_rng(seed).permutation(14).tolist()) == wanted


def test_distance_counts_those_who_marked_nothing() -> None:
    same = [square(0, 0, 0, 10), square(1, 0, 0, 10)]
    assert distances(same, 2).tolist() == [0.0]
    assert distances(same, 3).tolist() == [0.0, 1.0, 1.0]
    other = [square(0, 0, 0, 10), square(1, 0, 0, 10, label=2)]
    assert distances(other, 2).tolist() == [1.0]


def test_close_outlines_of_one_class_agree() -> None:
    assert agrees(square(0, 0, 0, 10), square(1, 1, 0, 10))  # Dice 0.9
    assert not agrees(square(0, 0, 0, 10), square(1, 3, 0, 10))  # Dice 0.7
    assert not agrees(square(0, 0, 0, 10), square(1, 0, 0, 10, label=2))


def test_the_map_counts_readers_per_pixel() -> None:
    count = vote_map(
        [square(0, 0, 0, 4), square(1, 2, 2, 4), square(2, 9, 9, 1, "j:0")], "i:0", 8, 8
    )
    assert count.max() == 2
    assert (count == 2).sum() == 4 and (count == 1).sum() == 24
