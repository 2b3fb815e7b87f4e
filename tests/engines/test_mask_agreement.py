"""Masks, surfaces, objects and boxes: published values, surface-distance as oracle, edges."""

from __future__ import annotations

import numpy as np
import pytest
import surface_distance

from desktop.engines.agreement.boxes import box_giou, box_iou, match_boxes
from desktop.engines.agreement.instances import (
    Detection,
    PanopticQuality,
    connected_components,
    match_objects,
    object_overlaps,
)
from desktop.engines.agreement.mask_agreement import GridProblem, Presence, mask_overlap, summarise
from desktop.engines.agreement.surface import surface_distances
from desktop.engines.gold.mask_errors import shape_features, shape_outliers


def test_two_points_in_a_plane() -> None:
    """Values of the surface-distance package's own tests."""
    first = np.zeros((128, 128), dtype=bool)
    second = np.zeros((128, 128), dtype=bool)
    first[50, 70], second[50, 72] = True, True
    told = surface_distances(first, second, (2, 1))
    assert told.average_mm == pytest.approx((1.5, 1.5))
    assert told.hausdorff_mm() == pytest.approx(2.0)
    assert told.hausdorff_mm(95) == pytest.approx(2.0)
    assert told.overlap_at(1) == pytest.approx((0.5, 0.5))
    assert told.surface_dice(1) == pytest.approx(0.5)
    assert mask_overlap(first, second).dice == 0.0


def test_two_half_cubes() -> None:
    first = np.zeros((100, 100, 100), dtype=bool)
    second = np.zeros((100, 100, 100), dtype=bool)
    first[:50], second[:51] = True, True
    told = surface_distances(first, second, (2, 1, 1))
    assert told.average_mm == pytest.approx((0.322, 0.339), abs=1e-3)
    assert told.hausdorff_mm() == pytest.approx(2.0)
    assert told.hausdorff_mm(95) == pytest.approx(2.0)
    assert told.overlap_at(1) == pytest.approx((0.842, 0.830), abs=1e-3)
    assert told.surface_dice(1) == pytest.approx(0.836, abs=1e-3)
    assert mask_overlap(first, second).dice == pytest.approx(0.990, abs=1e-3)
    assert told.at_border


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("ndim", [2, 3])
def test_surfaces_equal_surface_distance(seed: int, ndim: int) -> None:
    rng = np.random.default_rng(seed)
    spacing = tuple(rng.uniform(0.4, 3.0, ndim))
    shape = (24, 20, 22)[:ndim]
    blobs = [_blob(rng, shape) for _ in range(2)]
    told = surface_distances(blobs[0], blobs[1], spacing)
    peer = surface_distance.compute_surface_distances(blobs[0], blobs[1], spacing)
    assert told.average_mm == pytest.approx(
        surface_distance.compute_average_surface_distance(peer), abs=1e-9
    )
    for percent in (50, 95, 100):
        theirs = surface_distance.compute_robust_hausdorff(peer, percent)
        assert told.hausdorff_mm(percent) == pytest.approx(theirs, abs=1e-9)
    for tolerance in (0.5, 1.0, 2.5):
        theirs = surface_distance.compute_surface_dice_at_tolerance(peer, tolerance)
        assert told.surface_dice(tolerance) == pytest.approx(theirs, abs=1e-9)


def _blob(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    axes = np.indices(shape).astype(float)
    centre = np.array(shape) / 2 + rng.normal(0, 1.5, len(shape))
    far = sum((a - c) ** 2 for a, c in zip(axes, centre, strict=True))
    return np.asarray(far + rng.normal(0, 6, shape) < rng.uniform(20, 45))


def test_metrics_scale_with_the_spacing_and_do_not_know_first_from_second() -> None:
    rng = np.random.default_rng(3)
    a, b = _blob(rng, (20, 20, 20)), _blob(rng, (20, 20, 20))
    one, two = surface_distances(a, b, (1, 1, 1)), surface_distances(b, a, (2, 2, 2))
    assert two.hausdorff_mm(95) == pytest.approx(2 * one.hausdorff_mm(95))  # type: ignore[operator]
    assert two.assd_mm == pytest.approx(2 * one.assd_mm)  # type: ignore[operator]
    assert two.surface_dice(2.0) == pytest.approx(one.surface_dice(1.0))


def test_empty_masks_have_no_overlap_and_no_distance() -> None:
    empty, full = np.zeros((8, 8), dtype=bool), np.ones((8, 8), dtype=bool)
    assert mask_overlap(empty, empty).dice is None
    assert mask_overlap(empty, empty).presence is Presence.NEITHER
    assert mask_overlap(empty, full).dice == 0.0
    assert surface_distances(empty, empty, (1, 1)).hausdorff_mm() is None
    assert surface_distances(empty, full, (1, 1)).hausdorff_mm() == np.inf
    told = summarise([0.5, None, np.inf, 0.7])
    assert (told.n, told.undefined, told.infinite) == (2, 1, 1)
    assert told.mean == pytest.approx(0.6)


def test_different_grids_are_refused() -> None:
    with pytest.raises(GridProblem):
        surface_distances(np.zeros((4, 4), bool), np.zeros((4, 5), bool), (1, 1))


def test_boxes() -> None:
    assert box_iou([(0, 0, 10, 10)], [(5, 5, 15, 15)])[0, 0] == pytest.approx(0.142857, abs=1e-6)
    assert box_giou([(0, 0, 1, 1)], [(9, 9, 10, 10)])[0, 0] == pytest.approx(-0.98)
    told = match_boxes([(0, 0, 10, 10), (20, 0, 30, 10)], [(21, 0, 30, 10), (1, 0, 10, 10)])
    assert told.pairs.tolist() == [[0, 1], [1, 0]]


def test_panoptic_quality() -> None:
    told = PanopticQuality(matched=2, extra=1, missed=1, iou_sum=0.8 + 0.6)
    assert told.segmentation == pytest.approx(0.7)
    assert told.recognition == pytest.approx(0.6667, abs=1e-4)
    assert told.quality == pytest.approx(0.4667, abs=1e-4)
    assert match_objects([[0.8, 0.0, 0.1], [0.0, 0.6, 0.0], [0.0, 0.3, 0.0]]).quality == told
    assert PanopticQuality(0, 0, 0, 0.0).quality is None


def test_objects_are_connected_parts() -> None:
    first = np.zeros((6, 6), dtype=bool)
    second = np.zeros((6, 6), dtype=bool)
    first[0:2, 0:2], first[4:6, 4:6] = True, True
    second[0:2, 0:2], second[2, 2] = True, True
    told = object_overlaps(connected_components(first), connected_components(second))
    assert told.iou.tolist() == [[0.8], [0.0]], "the pixel at the corner touches"
    assert Detection(1, 2, 1, 1, 0).f_score == pytest.approx(2 / 3)


def test_an_odd_shape_stands_out() -> None:
    rng = np.random.default_rng(0)
    masks = [_blob(rng, (24, 24)) for _ in range(12)]
    line = np.zeros((24, 24), dtype=bool)
    line[12, 1:23] = True
    told = shape_outliers(np.array([shape_features(m, (1.0, 1.0)) for m in [*masks, line]]))
    assert told.order[0] == 12
    assert told.outlying[12]
