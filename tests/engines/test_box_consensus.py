"""Boxes, landmarks and measurements of several raters made into one."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.domain.annotation import Annotation, Label, Target
from desktop.domain.errors import UserError
from desktop.domain.geometry import Box, Point
from desktop.domain.schema import Scope
from desktop.engines.consensus.box_consensus import (
    BoxCluster,
    Boxes,
    cluster_boxes,
    fuse_measurements,
    fuse_points,
    iou_matrix,
)


def boxes(
    rows: list[tuple[float, float, float, float]], raters: list[int], n: int, labels: Any = None
) -> Boxes:
    return Boxes(np.array(rows), np.array(raters), np.array(labels or [1] * len(rows)), n)


def test_overlap_of_boxes() -> None:
    a, b = (
        np.array([[0.0, 0, 10, 10]]),
        np.array([[5.0, 5, 15, 15], [0, 0, 10, 10], [20, 0, 21, 1]]),
    )
    assert iou_matrix(a, b)[0] == pytest.approx([0.142857, 1, 0], abs=1e-6)
    cube = np.array([[0.0, 0, 0, 2, 2, 2]])
    assert iou_matrix(cube, cube + np.array([1.0, 0, 0, 1, 0, 0]))[0, 0] == pytest.approx(1 / 3)


def test_three_readers_two_objects() -> None:
    found = cluster_boxes(
        boxes(
            [(0, 0, 10, 10), (1, 0, 11, 10), (0, 2, 10, 12), (50, 50, 60, 60), (52, 50, 60, 60)],
            [0, 1, 2, 0, 2],
            3,
            [1, 1, 2, 3, 3],
        )
    )
    assert len(found) == 2
    first, second = found
    assert first.members == (0, 1, 2) and first.raters == (0, 1, 2)
    assert first.corners == pytest.approx([1 / 3, 2 / 3, 31 / 3, 32 / 3])
    assert first.support == 1 and second.support == pytest.approx(2 / 3)
    assert first.label == 1 and first.label_share == pytest.approx(2 / 3)
    assert second.label == 3
    assert first.spread_px == pytest.approx([2 / 3, 4 / 3, 2 / 3, 4 / 3])


def test_a_rater_has_one_box_per_object() -> None:
    found = cluster_boxes(boxes([(0, 0, 10, 10), (0, 0, 10, 9), (0, 0, 10, 10)], [0, 1, 1], 2))
    assert [c.members for c in found] == [(0, 2), (1,)]


def test_a_lone_box_is_kept_with_its_low_support() -> None:
    found = cluster_boxes(boxes([(0, 0, 4, 4)], [1], 4))
    assert [c.support for c in found] == [0.25]


def test_labels_may_keep_boxes_apart_and_ties_are_listed() -> None:
    two = boxes([(0, 0, 10, 10), (0, 0, 10, 10)], [0, 1], 2, [1, 2])
    (together,) = cluster_boxes(two)
    assert together.label == -1 and together.tied_labels == (1, 2)
    assert len(cluster_boxes(two, per_label=True)) == 2


def test_trusted_raters_weigh_more() -> None:
    two = boxes([(0, 0, 10, 10), (2, 0, 12, 10)], [0, 1], 2, [1, 2])
    (found,) = cluster_boxes(two, weights=[3.0, 1.0])
    assert found.corners == pytest.approx([0.5, 0, 10.5, 10])
    assert found.label == 1 and found.label_share == 0.75
    (ignored,) = cluster_boxes(boxes([(0, 0, 9, 9)], [1], 2), weights=[1.0, 0.0])
    assert ignored.support == 0


def test_chains_of_boxes_do_not_grow_into_one() -> None:
    """Each overlaps the next, the ends do not: neighbours pair, the rest stays apart."""
    rows = [(float(4 * i), 0.0, 4.0 * i + 10, 10.0) for i in range(5)]
    found = cluster_boxes(boxes(rows, [0, 1, 2, 3, 4], 5), overlap=0.4)
    widths = [c.corners[2] - c.corners[0] for c in found]
    assert len(found) >= 2 and max(widths) == pytest.approx(10)


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(1, 6))
def test_order_of_boxes_and_raters_means_nothing(seed: int, raters: int, objects: int) -> None:
    random = np.random.default_rng(seed)
    rows, who, labels = [], [], []
    for r in range(raters):
        for o in range(objects):
            if random.random() < 0.8:
                corner = np.array([o * 8.0, o * 3.0]) + random.integers(-2, 3, 2)
                rows.append((*corner, *(corner + random.integers(8, 12, 2))))
                who.append(r)
                labels.append(int(random.integers(1, 3)))
    if not rows:
        return
    order, rename = random.permutation(len(rows)), random.permutation(raters)
    one = cluster_boxes(boxes(rows, who, raters, labels))
    two = cluster_boxes(
        boxes(
            [rows[i] for i in order],
            [int(rename[who[i]]) for i in order],
            raters,
            [labels[i] for i in order],
        )
    )

    def described(found: list[BoxCluster]) -> list[tuple[float, ...]]:
        return sorted((c.support, c.label, *np.round(c.corners, 9)) for c in found)

    assert described(one) == described(two)
    for cluster in one:
        assert len(set(cluster.raters)) == len(cluster.members)
    assert sorted(i for c in one for i in c.members) == list(range(len(rows)))


def test_unanimous_boxes_stay() -> None:
    rows = [(0, 0, 10, 10), (20, 20, 30, 32)]
    found = cluster_boxes(boxes(rows * 3, [0, 0, 1, 1, 2, 2], 3))
    assert [tuple(c.corners) for c in found] == rows
    assert all(c.support == 1 and c.overlap == 1 and not c.spread_px.any() for c in found)


def test_boxes_in_volumes() -> None:
    rows = np.array([[0.0, 0, 0, 4, 4, 4], [0, 0, 1, 4, 4, 5]])
    (found,) = cluster_boxes(Boxes(rows, np.array([0, 1]), np.array([1, 1]), 2))
    assert found.corners == pytest.approx([0, 0, 0.5, 4, 4, 4.5])


def test_no_boxes_no_objects() -> None:
    empty = np.empty((0, 4))
    assert cluster_boxes(Boxes(empty, np.empty(0, int), np.empty(0, int), 3)) == []


def test_boxes_come_from_annotations() -> None:
    def drawn(reader: str, geometry: Box | Point) -> Annotation:
        return Annotation(
            id=reader,
            case_id="c",
            reader_id=reader,
            schema_id="x@1",
            target=Target(scope=Scope.FRAME),
            label=Label(class_id=7),
            geometry=geometry,
        )

    two = [drawn("r", Box(x0=0, y0=0, x1=8, y1=8)), drawn("s", Box(x0=0, y0=0, x1=8, y1=9))]
    (found,) = cluster_boxes(Boxes.of_annotations(two, ["q", "r", "s"]))
    assert found.raters == (1, 2) and found.label == 7 and found.support == pytest.approx(2 / 3)
    assert Boxes.of_annotations([], ["q"]).corners.shape == (0, 4)
    with pytest.raises(UserError, match="not there"):
        Boxes.of_annotations(two, ["r"])
    with pytest.raises(UserError, match="Only boxes"):
        Boxes.of_annotations([drawn("r", Point(x=1, y=1))], ["r"])


def test_boxes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UserError, match="no size"):
        boxes([(0, 0, 0, 5)], [0], 1)
    with pytest.raises(UserError, match="not there"):
        boxes([(0, 0, 5, 5)], [2], 2)
    with pytest.raises(UserError, match="two or three"):
        Boxes(np.zeros((1, 5)), np.zeros(1, int), np.zeros(1, int), 1)
    with pytest.raises(UserError, match="rater and a label"):
        Boxes(np.array([[0.0, 0, 1, 1]]), np.zeros(2, int), np.zeros(1, int), 1)
    with pytest.raises(UserError, match="between 0 and 1"):
        cluster_boxes(boxes([(0, 0, 5, 5)], [0], 1), overlap=0)
    with pytest.raises(UserError, match="weight"):
        cluster_boxes(boxes([(0, 0, 5, 5)], [0], 1), weights=[0.0])


def test_landmarks_are_the_median_and_say_how_far_apart() -> None:
    points = np.array([[[0, 0], [1, 1]], [[2, 0], [np.nan, 1]], [[100, 3], [np.nan, np.nan]]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = fuse_points(points)
    assert found.points.tolist() == [[2, 0], [1, 1]]
    assert found.n.tolist() == [3, 1]
    assert found.spread == pytest.approx([(2 + np.hypot(98, 3)) / 3, 0])
    assert found.farthest == pytest.approx([np.hypot(98, 3), 0])
    nobody = fuse_points(np.full((2, 1, 2), np.nan))
    assert np.isnan(nobody.points).all() and np.isnan(nobody.spread).all()
    assert nobody.n.tolist() == [0]
    with pytest.raises(UserError, match="coordinates"):
        fuse_points(np.zeros((2, 2)))


def test_measurements_are_the_median() -> None:
    found = fuse_measurements(np.array([[1, np.nan, 5], [2, np.nan, 7], [60, np.nan, np.nan]]))
    assert found.median[[0, 2]].tolist() == [2, 6] and np.isnan(found.median[1])
    assert found.spread[[0, 2]].tolist() == [1, 1]
    assert found.lowest[0] == 1 and found.highest[0] == 60 and np.isnan(found.lowest[1])
    assert found.n.tolist() == [3, 0, 2]
    with pytest.raises(UserError, match="finite"):
        fuse_measurements(np.array([[np.inf]]))
