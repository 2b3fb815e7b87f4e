"""Where there is no number, it is said; numbers are never wrong; nothing crashes."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from desktop.domain.errors import UserError
from desktop.engines.agreement.agreement import Asking, Coefficient, agreement
from desktop.engines.agreement.agreement_result import Agreement
from desktop.engines.agreement.alpha import Level
from desktop.engines.agreement.alpha_distances import alpha_of_distances, mask_distances
from desktop.engines.agreement.boxes import box_distances, box_giou, box_iou, match_boxes
from desktop.engines.agreement.instances import (
    PanopticQuality,
    connected_components,
    detection,
    lesion_detection,
    match_objects,
    object_overlaps,
)
from desktop.engines.agreement.landmarks import landmark_agreement
from desktop.engines.agreement.mask_agreement import (
    GridProblem,
    Presence,
    all_overlaps,
    mask_overlap,
    summarise,
)
from desktop.engines.agreement.measurement_agreement import (
    Correlation,
    intraclass_correlation,
    limits_of_agreement,
)
from desktop.engines.agreement.ratings import Ratings
from desktop.engines.agreement.surface import surface_distances
from desktop.engines.consensus.box_consensus import (
    Boxes,
    cluster_boxes,
    fuse_measurements,
    fuse_points,
)
from desktop.engines.consensus.consensus import fit_predict, methods
from desktop.engines.consensus.mask_consensus import MaskOptions, fuse_masks
from desktop.engines.consensus.mask_consensus import methods as mask_methods
from desktop.engines.consensus.mask_patterns import MaskStack
from desktop.engines.estimate import Options
from desktop.engines.gold.help_effect import effect, time_saved
from desktop.engines.gold.label_errors import Filter, find_label_errors
from desktop.engines.gold.mask_errors import mask_quality
from desktop.engines.preference.bradley_terry import RankingOptions, fit
from desktop.engines.preference.comparisons import Comparisons
from desktop.engines.preference.plackett_luce import Rankings, fit_rankings
from desktop.engines.proportions import watch_accuracy, wilson
from desktop.engines.votes import Votes

C, K = Coefficient, Correlation
nan, inf = float("nan"), float("inf")
EVERY = [Asking(c, replicates=20) for c in C if c is not C.ALPHA] + [
    Asking(C.ALPHA, level=level, replicates=20) for level in Level
]


@pytest.fixture(autouse=True)
def _no_warning_passes() -> Iterator[None]:
    """A division by zero that only warned would be a number made of nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        yield


def ask(codes: npt.ArrayLike, asking: Asking, q: int = 3) -> Agreement | None:
    """None where the coefficient is for two readers and there are others."""
    table = np.asarray(codes)
    if asking.coefficient in (C.COHEN, C.SCOTT) and table.shape[1] != 2:
        return None
    return agreement(Ratings.of_codes(table, q), asking)


# -- coefficients ------------------------------------------------------------------------------


@pytest.mark.parametrize("asking", EVERY, ids=lambda a: a.name)
@pytest.mark.parametrize(
    "codes",
    [
        np.full((5, 3), -1),
        np.full((5, 2), -1),
        np.zeros((0, 2), dtype=int),
        np.zeros((3, 0), dtype=int),
        [[0], [1], [0]],
        [[0, -1], [1, -1]],
        [[0, -1], [-1, 1]],
    ],
    ids=[
        "all missing",
        "both missing",
        "no item",
        "no reader",
        "one reader",
        "one answers",
        "gaps",
    ],
)
def test_without_two_answers_to_an_item_it_is_undefined(
    asking: Asking, codes: npt.ArrayLike
) -> None:
    told = ask(codes, asking)
    if told is not None:
        assert told.value is None and told.interval is None and told.error is None
        assert told.text == "undefined" and told.undefined and told.note.startswith("Undefined.")


@pytest.mark.parametrize("asking", EVERY, ids=lambda a: a.name)
@pytest.mark.parametrize(
    "codes",
    [
        [[0, 0], [1, 1], [1, 1]],
        [[0, 1], [1, 0]],
        [[0, 1], [0, 1], [0, 1]],
        [[0, 0], [1, 1], [2, -1]],
        [[0, 2]],
        [[2, 2], [2, 2], [2, 2], [1, 2]],
    ],
    ids=["perfect", "contrary", "never", "a lone answer", "one item", "almost one category"],
)
def test_few_answers_give_a_number_in_range_or_none(asking: Asking, codes: npt.ArrayLike) -> None:
    told = ask(codes, asking)
    assert told is not None
    if told.value is None:
        assert told.undefined
        return
    assert -1 - 1e-9 <= told.value <= 1 + 1e-9
    for interval in (told.interval, told.bootstrap):
        if interval is not None:
            assert -1 - 1e-9 <= interval.low <= interval.high <= 1
    if told.interval is not None:
        assert told.interval.low - 1e-9 <= told.value <= told.interval.high + 1e-9
        assert told.interval.high - told.interval.low > 0.01, "nobody is certain from so little"


def test_perfect_agreement_of_measured_answers_is_not_certain() -> None:
    """The angles of circular answers leave a standard error of rounding: it is none."""
    told = ask([[0, 0], [1, 1], [1, 1]], Asking(C.ALPHA, level=Level.CIRCULAR, replicates=0))
    assert told is not None
    assert told.error == 0 and told.analytic is None and told.interval is not None


def test_no_infinite_answers() -> None:
    with pytest.raises(ValueError, match="infinite"):
        Ratings.of_values([[inf, 1.0], [1.0, inf]])
    told = agreement(Ratings.of_values([[nan, nan]] * 3), Asking(replicates=0))
    assert told.value is None


def test_distances_that_are_missing_are_refused() -> None:
    with pytest.raises(ValueError, match="missing"):
        alpha_of_distances([1, 1], [[0, nan], [nan, 0]])
    assert alpha_of_distances([], np.zeros((0, 0))).value is None
    assert alpha_of_distances([1, 2], [[0, 1], [1, 0]]).undefined == "No item has two annotations."
    assert alpha_of_distances([1, 1], [[0, 0], [0, 0]]).undefined == "All annotations are the same."
    empty = np.zeros((3, 3), dtype=bool)
    assert mask_distances([empty, empty, ~empty]).tolist() == [[0, 0, 1], [0, 0, 1], [1, 1, 0]]


# -- measurements ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(K))
@pytest.mark.parametrize(
    "values",
    [
        np.zeros((0, 3)),
        [[1.0, 2.0]],
        [[1.0], [2.0]],
        [[nan, 1.0], [1.0, nan]],
        [[inf, 1.0], [1.0, 2.0]],
        [[5.0, 5.0]] * 4,
    ],
    ids=["nothing", "one item", "one reader", "missing", "infinite", "constant"],
)
def test_no_intraclass_correlation(kind: Correlation, values: npt.ArrayLike) -> None:
    told = intraclass_correlation(values, kind, replicates=20)
    assert told.value is None and told.interval is None and told.undefined


@pytest.mark.parametrize("kind", list(K))
@pytest.mark.parametrize(
    "values",
    [
        [[1.0, 2.0], [2.0, 1.0], [1.0, 2.0], [2.0, 1.0]],
        [[0.1, 0.3], [0.3, 0.1], [0.2, 0.2]],
        [[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]],
        [[0.1, 0.2], [0.2, 0.3], [0.3, 0.4]],
        [[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]],
        [[1.0, 2.0], [3.0, 2.0]],
    ],
    ids=["equal items", "equal but for rounding", "only bias", "bias", "perfect", "two items"],
)
def test_thin_measurements_never_give_a_wrong_correlation(
    kind: Correlation, values: npt.ArrayLike
) -> None:
    told = intraclass_correlation(values, kind, replicates=20)
    if told.value is None:
        assert told.undefined == "The items don't differ, so there is nothing to tell apart."
        return
    assert told.value <= 1 + 1e-12
    assert abs(told.value) < 100, "rounding is no spread"
    if told.interval is not None:
        assert math.isfinite(told.interval.low)
        assert told.interval.low < told.interval.high <= 1
        assert told.interval.low <= told.value <= told.interval.high


def test_limits_of_what_does_not_differ() -> None:
    for first, second in (([], []), ([nan, 1.0, 2.0, 3.0], [1.0, nan, 2.0, inf])):
        told = limits_of_agreement(first, second)
        assert told.bias is None and told.undefined
    same = limits_of_agreement([1.0, 2.0, 3.0], [2.0, 3.0, 4.0])
    assert (same.bias, same.deviation, same.low, same.high) == (-1, 0, -1, -1)
    flat = limits_of_agreement([1.0, 1.0, 1.0], [1.0, 2.0, 3.0])
    assert flat.slope == pytest.approx(-2.0)


def test_shares_of_nothing() -> None:
    assert wilson(0, 0) is None
    for wrong in ((5, 3), (-1, 3)):
        with pytest.raises(ValueError):
            wilson(*wrong)
    assert watch_accuracy([]).note == "No gold items answered yet."


# -- masks and surfaces ------------------------------------------------------------------------


def points(shape: tuple[int, ...], *at: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    mask = np.zeros(shape, dtype=bool)
    for place in at:
        mask[place] = True
    return mask


@pytest.mark.parametrize("ndim", [2, 3])
def test_surfaces_of_nothing_of_one_voxel_and_of_everything(ndim: int) -> None:
    shape, spacing = (6,) * ndim, (1.0, 2.0, 3.0)[:ndim]
    none, one = np.zeros(shape, dtype=bool), points(shape, (2,) * ndim)
    neither = surface_distances(none, none, spacing)
    assert neither.presence is Presence.NEITHER
    assert (neither.assd_mm, neither.hausdorff_mm(95), neither.surface_dice(1)) == (None,) * 3
    assert neither.average_mm == neither.overlap_at(1) == (None, None)
    for told in (surface_distances(one, none, spacing), surface_distances(none, one, spacing)):
        assert told.hausdorff_mm() == told.hausdorff_mm(95) == told.assd_mm == inf
        assert told.surface_dice(1) == 0
    same = surface_distances(one, one, spacing)
    assert (same.assd_mm, same.hausdorff_mm(), same.surface_dice(0)) == (0, 0, 1)
    assert not same.at_border
    corners = surface_distances(points(shape, (0,) * ndim), points(shape, (5,) * ndim), spacing)
    assert corners.at_border
    assert corners.hausdorff_mm() == pytest.approx(5 * math.hypot(*spacing))
    full = surface_distances(~none, ~none, spacing)
    assert (full.hausdorff_mm(), full.surface_dice(0), full.at_border) == (0, 1, True)


def test_a_border_is_a_surface_as_any_other() -> None:
    """An object at the border has the same surface as in the middle of a larger image."""
    rng = np.random.default_rng(1)
    first, second = (rng.random((4, 5, 6)) < 0.5 for _ in range(2))
    cut = surface_distances(first, second, (3, 1, 0.5))
    inside = surface_distances(np.pad(first, 3), np.pad(second, 3), (3, 1, 0.5))
    assert cut.at_border and not inside.at_border
    assert cut.hausdorff_mm(95) == inside.hausdorff_mm(95)
    assert cut.assd_mm == pytest.approx(inside.assd_mm)
    assert cut.surface_dice(1) == pytest.approx(inside.surface_dice(1))


def test_one_slice_and_no_size() -> None:
    one = surface_distances(points((1, 6, 6), (0, 2, 2)), points((1, 6, 6), (0, 2, 4)), (5, 1, 1))
    assert one.hausdorff_mm() == 2
    nothing = np.zeros((0, 4), dtype=bool)
    assert surface_distances(nothing, nothing, (1, 1)).hausdorff_mm() is None


@pytest.mark.parametrize(
    ("shape", "spacing"),
    [((3, 3), (nan, 1)), ((3, 3), (0, 1)), ((3, 3), (inf, 1)), ((3, 3), (-1, 1)), ((3, 3), (1,)),
     ((3, 3), (1, 1, 1)), ((3,), (1,)), ((2, 2, 2, 2), (1, 1, 1, 1))],
)  # fmt: skip
def test_what_has_no_surface_is_refused(shape: tuple[int, ...], spacing: tuple[float, ...]) -> None:
    mask = np.zeros(shape, dtype=bool)
    with pytest.raises(ValueError):
        surface_distances(mask, mask, spacing)


def test_percentiles_and_tolerances_that_are_none_are_refused() -> None:
    told = surface_distances(points((6, 6), (2, 2)), points((6, 6), (2, 4)), (1, 1))
    for percent in (-1, 101, nan):
        with pytest.raises(ValueError, match="percentile"):
            told.hausdorff_mm(percent)
    for tolerance in (-1, nan):
        with pytest.raises(ValueError, match="tolerance"):
            told.surface_dice(tolerance)


def test_pixels_without_a_value_are_neither_in_nor_out() -> None:
    gap, empty = np.full((3, 3), nan), np.zeros((3, 3))
    refused: list[Callable[[], Any]] = [
        lambda: mask_overlap(gap, empty),
        lambda: surface_distances(gap, empty, (1, 1)),
        lambda: all_overlaps([gap, empty]),
        lambda: connected_components(gap),
        lambda: object_overlaps(gap, empty),
        lambda: mask_quality(np.zeros((3, 3), dtype=int), np.stack([gap, gap])),
    ]
    for each in refused:
        with pytest.raises(ValueError):
            each()
    with pytest.raises(UserError, match="without a value"):
        MaskStack.of_arrays([gap, empty])


def test_empty_overlaps() -> None:
    empty = np.zeros((3, 3), dtype=bool)
    told = all_overlaps([empty, empty, ~empty])
    assert np.isnan(told.dice[:2, :2]).all() and told.dice[2].tolist() == [0, 0, 1]
    assert all_overlaps([]).dice.shape == (0, 0)
    neither = mask_overlap(empty, empty)
    assert (neither.dice, neither.iou, neither.sensitivity, neither.size_ratio) == (None,) * 4
    only = mask_overlap(empty, ~empty)
    assert (only.dice, only.sensitivity, only.precision, only.size_ratio) == (0, None, 0, None)
    with pytest.raises(GridProblem):
        mask_overlap(empty, np.zeros((3, 4)))
    counted = summarise([None, nan, inf, 0.5])
    assert (counted.n, counted.undefined, counted.infinite, counted.mean) == (1, 2, 1, 0.5)
    assert summarise([]).mean is None


# -- objects, boxes, points --------------------------------------------------------------------


def test_objects_of_nothing() -> None:
    none = np.zeros((3, 3), dtype=int)
    assert object_overlaps(none, none).iou.shape == (0, 0)
    assert object_overlaps(none.astype(float), np.ones((3, 3))).second_ids.tolist() == [1]
    for wrong in (np.full((3, 3), 0.5), np.full((3, 3), -1), np.full((3, 3), inf)):
        with pytest.raises(ValueError):
            object_overlaps(wrong, none)
    assert match_objects(np.zeros((0, 3))).quality == PanopticQuality(0, 3, 0, 0.0)
    assert match_objects([[0.5]]).quality.matched == 0, "exactly a half is no match"
    extra, nothing = PanopticQuality(0, 1, 0, 0.0), PanopticQuality(0, 0, 0, 0.0)
    assert (extra.quality, extra.recognition, extra.segmentation) == (0, 0, None)
    assert (nothing.quality, nothing.recognition, nothing.segmentation) == (None, None, None)
    with pytest.raises(ValueError):
        detection([])
    empty = np.zeros((3, 3), dtype=bool)
    both, made_up = lesion_detection([(empty, empty)]), lesion_detection([(empty, ~empty)])
    assert (both.f_score, both.sensitivity, both.false_per_image) == (None, None, 0)
    assert (made_up.f_score, made_up.sensitivity, made_up.precision) == (0, None, 0)
    assert lesion_detection([]).false_per_image is None


def test_boxes_of_nothing() -> None:
    assert box_iou([], [(0, 0, 1, 1)]).shape == (0, 1)
    assert match_boxes([], []).quality == PanopticQuality(0, 0, 0, 0.0)
    point = [(1, 1, 1, 1)]
    assert box_iou(point, point).tolist() == box_giou(point, point).tolist() == [[0]]
    assert box_distances([*point, *point, (0, 0, 2, 2)]).tolist() == [
        [0, 0, 1],
        [0, 0, 1],
        [1, 1, 0],
    ]
    for wrong in ((nan, 0, 1, 1), (0, 0, inf, 1), (2, 0, 1, 1)):
        with pytest.raises(ValueError):
            box_iou([wrong], [(0, 0, 1, 1)])


def test_points_without_a_place_are_left_out() -> None:
    told = landmark_agreement([[nan, 1], [inf, 0], [0, 0]], [[1, 1], [1, 1], [nan, 0]])
    assert told.mean_mm is None and np.isnan(told.errors_mm).all()
    assert (told.missing_first, told.missing_second, told.missing_both) == (2, 1, 0)
    assert told.success[0].share is None and told.success[0].interval is None
    one = landmark_agreement([[0, 0]], [[2, 0]])
    assert (one.success[0].within, one.deviation_mm) == (1, None), "2 mm are within 2 mm"
    with pytest.raises(ValueError):
        landmark_agreement([[0, 0]], [[1, 1]], [0, 1])


def test_marks_of_nobody() -> None:
    assert cluster_boxes(Boxes(np.zeros((0, 4)), np.zeros(0), np.zeros(0), 3)) == []
    for place in (nan, inf, 0.0):
        with pytest.raises(UserError, match="no size"):
            Boxes(np.array([[place, 0, 0, 1]]), np.zeros(1), np.zeros(1), 1)
    nobody = fuse_points(np.zeros((0, 2, 2)))
    assert np.isnan(nobody.points).all() and nobody.n.tolist() == [0, 0]
    lost = fuse_points(np.array([[[inf, 0.0]], [[1.0, 1.0]], [[nan, 2.0]]]))
    assert lost.points.tolist() == [[1, 1]] and lost.n.tolist() == [1]
    unread = fuse_measurements(np.zeros((0, 3)))
    assert np.isnan(unread.median).all() and np.isnan(unread.spread).all()


def test_times_of_nobody() -> None:
    for without, with_help in (([], []), ([nan] * 5, [1.0] * 5), ([inf] * 9, [nan] * 9)):
        assert time_saved(without, with_help).words.startswith("Not enough data")
    assert effect("", []).misled.words == "not enough data"


# -- consensus and errors ----------------------------------------------------------------------


@pytest.mark.parametrize("name", [method.name for method in methods()])
def test_consensus_of_very_little(name: str) -> None:
    options = Options(method=name, restarts=1, smoothing=0.0)
    with pytest.raises(UserError, match="no answers"):
        fit_predict(Votes.from_triplets([]), options)
    one = fit_predict(Votes.from_triplets([("i", "r", "x")], labels=("x", "y")), options)
    assert one.label.tolist() == [0] and one.probability.sum() == pytest.approx(1)
    unused = Votes.from_arrays([0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 1, 1], n_labels=4)
    found = fit_predict(unused, options)
    assert found.label.tolist() == [0, 1] and np.isfinite(found.probability).all()


@pytest.mark.parametrize("name", [method.name for method in mask_methods()])
def test_consensus_of_empty_full_and_one_voxel_masks(name: str) -> None:
    empty, dot = np.zeros((4, 4), dtype=bool), points((4, 4), (0, 0))
    for masks, wanted in (
        ([dot], 1), ([empty] * 3, 0), ([~empty] * 3, 16), ([dot, dot, empty], 1),
        ([dot, empty, empty], 0), ([dot, empty], 0), ([~empty, dot, empty], 1),
    ):  # fmt: skip
        found = fuse_masks(MaskStack.of_arrays(masks), MaskOptions(method=name))
        assert int(found.volume().sum()) == wanted
        for rates in (found.sensitivity, found.specificity, found.dice):
            known = rates[~np.isnan(rates)]
            assert ((known >= 0) & (known <= 1)).all()
        if not any(mask.any() for mask in masks):
            assert np.isnan(found.sensitivity).all() and np.isnan(found.dice).all()


@pytest.mark.parametrize("rule", list(Filter))
def test_label_errors_of_very_little(rule: Filter) -> None:
    assert find_label_errors([], np.zeros((0, 3)), rule=rule).flagged.size == 0
    sure = find_label_errors([0, 1], [[1.0, 0.0], [0.0, 1.0]], rule=rule)
    assert not sure.flagged.any()
    one = find_label_errors([0, 0, 0], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], rule=rule)
    assert not one.flagged.any() and np.isnan(one.thresholds[1])
    with pytest.raises(ValueError):
        find_label_errors([0, 1], [[nan, 1.0], [0.0, 1.0]], rule=rule)


# -- rankings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        Comparisons.of(2, [0, 0], [1, 1], [0, 0]),
        Comparisons.of(2, [0, 0], [1, 1], [1, 0]),
        Comparisons.of(2, [0, 0], [1, 1], [1, -1], side=[1, -1]),
        Comparisons.of(2, [0, 0], [1, 1], [1, -1], weight=[0, 0]),
    ],
    ids=["only ties", "beaten or tied, never beating", "always the left one", "without weight"],
)
def test_where_likelihood_has_no_highest_point_it_is_said(data: Comparisons) -> None:
    with pytest.raises(UserError, match="no finite ranking"):
        fit(data, RankingOptions(penalty=0))
    worths = fit(data)
    assert np.isfinite(worths.log_worth).all() and not worths.runs_away


def test_rankings_that_only_tie() -> None:
    pairs = Rankings.of(2, [[[0, 1]]] * 5)
    with pytest.raises(UserError, match="no finite common scale"):
        fit_rankings(pairs, pseudo=0)
    found = fit_rankings(pairs)
    assert found.log_worth == pytest.approx([0, 0], abs=1e-9)
    assert found.log_tie is not None and abs(found.log_tie[0]) < 5
    three = fit_rankings(Rankings.of(3, [[[0, 1, 2]], [[0], [1], [2]], [[2], [1], [0]]]))
    assert three.log_tie is None, "two were never tied"
    assert fit_rankings(Rankings.of(3, [])).log_worth.tolist() == [0, 0, 0]
    assert fit_rankings(Rankings.of(3, [[[0]]])).log_worth.tolist() == [0, 0, 0]
