"""Consensus of masks: the published small case, SimpleITK as oracle, patterns against voxels."""

from __future__ import annotations

import pickle
import tracemalloc
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import SimpleITK as sitk  # noqa: N813 - its usual name
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.domain.contracts import Progress
from desktop.domain.errors import Cancelled, PluginProblem, UserError
from desktop.engines.consensus.mask_consensus import (
    MaskConsensus,
    MaskEstimate,
    MaskOptions,
    fuse_masks,
    methods,
    recommended,
    register,
    unregister,
)
from desktop.engines.consensus.mask_patterns import (
    MaskStack,
    Patterns,
    find_patterns,
    pairwise_dice,
)
from desktop.engines.consensus.staple import staple

Mask = npt.NDArray[np.bool_]
ALL = [method.name for method in methods()]


def small_case() -> list[Mask]:
    """10 x 10, rows and columns 0-based: 2-7 x 2-7, 3-8 x 2-7, 2-7 x 3-6."""
    masks = np.zeros((3, 10, 10), dtype=bool)
    masks[0, 2:8, 2:8] = True
    masks[1, 3:9, 2:8] = True
    masks[2, 2:8, 3:7] = True
    return list(masks)


def blobs(shape: tuple[int, ...], raters: int, seed: int) -> list[Mask]:
    """A ball as several raters see it: shifted, larger or smaller, with noise at its rim."""
    random = np.random.default_rng(seed)
    axes = np.meshgrid(*[np.arange(n) for n in shape], indexing="ij")
    middle, radius = np.array(shape) / 2, min(shape[-2:]) / 3
    flat = np.array([1.0 if n >= min(shape[-2:]) else radius / n for n in shape])
    out = []
    for _ in range(raters):
        shift = random.normal(0, 0.8, len(shape))
        far = np.sqrt(
            sum(
                (f * (a - m - s)) ** 2 for f, a, m, s in zip(flat, axes, middle, shift, strict=True)
            )
        )
        out.append(far + random.normal(0, 0.7, shape) < radius * random.uniform(0.8, 1.15))
    return out


def fused(
    masks: Sequence[npt.NDArray[np.generic]], method: str = "staple", **more: Any
) -> MaskConsensus:
    n_labels = int(more.pop("n_labels", 2))
    stack = MaskStack.of_arrays(list(masks), n_labels=n_labels)
    return fuse_masks(stack, MaskOptions(method=method, **more))


def by_pattern(found: MaskConsensus) -> dict[str, float]:
    names = ["".join(map(str, row)) for row in found.patterns.labels]
    return dict(zip(names, found.probability[:, 1].tolist(), strict=True))


# -- published values --------------------------------------------------------------------------


@pytest.mark.parametrize("margin", [2, 5, None])
def test_staple_of_the_small_case(margin: int | None) -> None:
    found = fused(small_case(), margin=margin)
    assert found.prior == pytest.approx([0.68, 0.32])
    assert found.sensitivity == pytest.approx([1.0, 0.84511, 0.67756], abs=1e-5)
    assert found.specificity == pytest.approx([0.99104, 0.90608, 1.0], abs=1e-5)
    weights = {"100": 0.7432, "110": 0.9935, "101": 1.0, "111": 1.0, "000": 0.0, "010": 0.0}
    assert by_pattern(found) == pytest.approx(weights, abs=1e-4)
    assert int((found.probability_volume() > 0.5).sum()) == 36
    assert int(found.volume().sum()) == 36


def test_the_prior_depends_on_the_field_of_view_and_the_margin_fixes_it() -> None:
    padded = [np.pad(m, 50) for m in small_case()]
    wide = fused(padded, margin=None)
    assert wide.prior is not None and wide.prior[1] == pytest.approx(0.0026, abs=1e-4)
    assert by_pattern(wide)["100"] == pytest.approx(0.830, abs=1e-3)
    near = fused(padded)
    farther = fused([np.pad(m, 60) for m in small_case()])
    assert by_pattern(near) == pytest.approx(by_pattern(farther))
    assert near.prior is not None and near.prior[1] == pytest.approx(96 / 330)  # 11 x 10 pixels
    assert near.patterns.bounds == (0, 50, 50, 1, 61, 60)
    assert any("2 voxels around" in note for note in near.notes)


# -- oracles -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "masks",
    [
        small_case(),
        blobs((24, 24), 4, seed=1),
        blobs((10, 20, 20), 5, seed=2),
        blobs((8, 16, 16), 3, seed=3),
    ],
    ids=["small", "2d", "five in 3d", "three in 3d"],
)
def test_staple_equals_simpleitk(masks: list[Mask]) -> None:
    itk = sitk.STAPLEImageFilter()
    itk.SetForegroundValue(1.0)
    images = [sitk.GetImageFromArray(m.astype(np.uint8)) for m in masks]
    theirs = sitk.GetArrayFromImage(itk.Execute(images))
    ours = fused(masks, margin=None)
    volume = ours.probability_volume().reshape(theirs.shape)
    assert np.abs(volume - theirs).max() < 2e-5
    assert ((volume > 0.5) == (theirs > 0.5)).all()
    assert ours.sensitivity == pytest.approx(itk.GetSensitivity(), abs=1e-5)
    assert ours.specificity == pytest.approx(itk.GetSpecificity(), abs=1e-5)


def test_staple_of_several_labels_equals_simpleitk() -> None:
    masks = blobs((12, 24, 24), 5, seed=4)
    inner = blobs((12, 24, 24), 5, seed=5)
    shifted = [np.roll(m, 5, axis=2) for m in inner]
    labels = [m.astype(np.uint8) + (m & s) for m, s in zip(masks, shifted, strict=True)]
    theirs = sitk.GetArrayFromImage(
        sitk.MultiLabelSTAPLE([sitk.GetImageFromArray(a) for a in labels], 3)
    )
    ours = fused(labels, n_labels=3, margin=None)
    assert (ours.volume() != theirs).mean() < 1e-3


def test_majority_equals_simpleitk() -> None:
    masks = blobs((8, 20, 20), 5, seed=6)
    images = [sitk.GetImageFromArray(m.astype(np.uint8)) for m in masks]
    theirs = sitk.GetArrayFromImage(sitk.LabelVoting(images, 2))
    assert (fused(masks, "majority").volume() == theirs).all()


def voxelwise(masks: list[Mask], rounds: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """STAPLE as in the paper: every voxel on its own."""
    d = np.stack([m.ravel() for m in masks]).astype(float)
    g, p, q = d.mean(), np.full(len(d), 0.99999), np.full(len(d), 0.99999)
    for _ in range(rounds):
        a = g * np.prod(np.where(d == 1, p[:, None], 1 - p[:, None]), axis=0)
        b = (1 - g) * np.prod(np.where(d == 1, 1 - q[:, None], q[:, None]), axis=0)
        w = a / (a + b)
        p = np.clip((d * w).sum(1) / w.sum(), 1e-12, 1 - 1e-12)
        q = np.clip(((1 - d) * (1 - w)).sum(1) / (1 - w).sum(), 1e-12, 1 - 1e-12)
    return w, p, q


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), raters=st.integers(2, 6), rounds=st.integers(1, 12))
def test_patterns_give_what_voxels_give(seed: int, raters: int, rounds: int) -> None:
    masks = blobs((14, 15), raters, seed)
    w, p, q = voxelwise(masks, rounds)
    found = fused(masks, margin=None, max_iterations=rounds)
    assert found.probability_volume().ravel() == pytest.approx(w, abs=1e-6)
    assert found.sensitivity == pytest.approx(p, abs=1e-9)
    assert found.specificity == pytest.approx(q, abs=1e-9)
    assert np.diff(found.trace).min(initial=0) >= -1e-9 * abs(found.trace[0])


# -- what every method keeps -------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("raters", [3, 18])
def test_order_of_raters_means_nothing(name: str, raters: int) -> None:
    masks = blobs((3, 16, 18), raters, seed=7)
    order = np.random.default_rng(0).permutation(raters)
    one, two = fused(masks, name), fused([masks[i] for i in order], name)
    assert (one.volume() == two.volume()).all()
    assert two.sensitivity == pytest.approx(one.sensitivity[order], abs=1e-7)
    assert two.dice == pytest.approx(one.dice[order], abs=1e-9)


@pytest.mark.parametrize("name", ALL)
def test_unanimous_stays_unanimous(name: str) -> None:
    mask = blobs((3, 12, 12), 1, seed=8)[0]
    found = fused([mask] * 4, name)
    assert (found.volume().astype(bool) == mask).all()
    assert found.sensitivity == pytest.approx([1] * 4)
    assert found.specificity == pytest.approx([1] * 4)
    assert found.dice == pytest.approx([1] * 4)
    assert found.undecided_voxels == 0 and found.differing_voxels == 0


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("full", [False, True])
def test_nothing_or_everything_marked(name: str, full: bool) -> None:
    found = fused([np.full((2, 5, 6), full)] * 3, name)
    assert (found.volume() == full).all()
    assert np.isnan(found.specificity if full else found.sensitivity).all()
    assert np.isnan(found.dice).all() != full
    assert any("No rater" in note for note in found.notes) != full


@pytest.mark.parametrize("name", ALL)
def test_one_who_marked_nothing_does_not_break_it(name: str) -> None:
    masks = [*blobs((2, 16, 16), 4, seed=9), np.zeros((2, 16, 16), dtype=bool)]
    found = fused(masks, name)
    assert found.sensitivity[4] == pytest.approx(0, abs=1e-9)
    assert found.volume().any()
    assert found.dice[4] == 0


@pytest.mark.parametrize("name", ["majority", "weighted"])
def test_a_voxel_claimed_by_half_is_undecided_and_counted(name: str) -> None:
    one, two = np.zeros((4, 4), dtype=bool), np.zeros((4, 4), dtype=bool)
    one[0, :2] = two[0, 1:3] = True
    found = fused([one, two], name)
    assert found.undecided_voxels == 2
    assert found.volume()[0, 0].tolist() == [0, 1, 0, 0]
    assert found.undecided_slice(0)[0].tolist() == [True, False, True, False]
    assert any("2 voxels are undecided" in note for note in found.notes)


@pytest.mark.parametrize("raters, n_labels", [(17, 2), (6, 9)])
def test_many_raters_or_labels_give_what_few_patterns_give(
    raters: int, n_labels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way by looked-up patterns equals the way by numbered patterns."""
    few = [m.astype(np.uint8) for m in blobs((3, 14, 15), 3, seed=10)]
    dense = find_patterns(MaskStack.of_arrays(few))
    monkeypatch.setattr("desktop.engines.consensus.mask_patterns.DENSE_PATTERNS", 1)
    sparse = find_patterns(MaskStack.of_arrays(few))
    assert sparse.bounds == dense.bounds
    assert dict(zip(map(tuple, sparse.labels), sparse.counts, strict=True)) == dict(
        zip(map(tuple, dense.labels), dense.counts, strict=True)
    )
    monkeypatch.undo()
    many = [m.astype(np.uint8) * (n_labels - 1) for m in blobs((2, 14, 15), raters, seed=11)]
    stack = MaskStack.of_arrays(many, n_labels=n_labels)
    assert not stack.is_dense
    found = fuse_masks(stack, MaskOptions(method="majority"))
    votes = np.stack(many).astype(bool).sum(axis=0)
    assert ((found.volume() == n_labels - 1) == (votes * 2 > raters)).all()


def test_several_labels_by_majority() -> None:
    stack = np.array([[[1, 1, 2, 0]], [[1, 2, 2, 1]], [[2, 0, 2, 2]]], dtype=np.uint8)
    found = fused(list(stack), "majority", n_labels=3)
    assert found.volume()[0, 0].tolist() == [1, 0, 2, 0]
    assert found.undecided_voxels == 2
    assert found.probability_slice(0, 2)[0] == pytest.approx([1 / 3, 1 / 3, 1, 1 / 3])
    assert found.confusion.shape == (3, 3, 3)
    assert fused(list(stack), "staple", n_labels=3).sensitivity.shape == (3,)


def test_two_labels_the_long_way_agree_with_binary_staple() -> None:
    masks = [m.astype(np.uint8) for m in blobs((2, 20, 20), 5, seed=12)]
    two = fused(masks, margin=3)
    three = fused(masks, margin=3, n_labels=3)
    assert (two.volume() == three.volume()).all()
    assert three.sensitivity == pytest.approx(two.sensitivity, abs=1e-4)
    assert three.specificity == pytest.approx(two.specificity, abs=1e-4)


def test_an_outlier_does_not_count_in_the_weighted_vote() -> None:
    masks = blobs((2, 24, 24), 5, seed=13)
    masks.append(np.roll(masks[0], 10, axis=2))
    found = fused(masks, "weighted")
    assert found.weights is not None and found.weights[5] == 0
    assert (found.weights[:5] > 0.5).all()
    assert any("Left out" in note and note.endswith("5.") for note in found.notes)


def test_the_prior_can_be_given() -> None:
    found = fused(small_case(), prior=0.1)
    assert found.prior == pytest.approx([0.9, 0.1])
    assert any("given" in note for note in found.notes)


@pytest.mark.parametrize("raters", [3, 20])
def test_a_slice_without_marks_may_be_left_out(raters: int) -> None:
    full = blobs((5, 12, 12), raters, seed=17)
    for mask in full:
        mask[1] = False
    full[0][2] = False

    def read(z: int) -> list[Mask | None]:
        return [m[z] if m[z].any() else None for m in full]

    left_out = MaskStack((5, 12, 12), tuple(map(str, range(raters))), read)
    one, two = fuse_masks(left_out), fuse_masks(MaskStack.of_arrays(full))
    assert (one.volume() == two.volume()).all()
    assert one.sensitivity == pytest.approx(two.sensitivity)


def test_a_result_passes_between_processes() -> None:
    found = fused(small_case())
    again = pickle.loads(pickle.dumps(found))
    assert (again.volume() == found.volume()).all()


def test_slices_are_read_one_at_a_time() -> None:
    """Memory does not grow with the number of slices."""
    shape = (256, 256)
    masks = blobs(shape, 3, seed=14)

    def peak(slices: int) -> int:
        stack = MaskStack((slices, *shape), ("a", "b", "c"), lambda z: masks)
        tracemalloc.start()
        found = fuse_masks(stack)
        for one in found.label_slices():
            assert one.shape == shape
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(40) < peak(4) * 1.2 + 50_000


def test_which_method_to_begin_with() -> None:
    one = blobs((2, 20, 20), 1, seed=15)[0]
    alike, apart = MaskStack.of_arrays([one] * 4), MaskStack.of_arrays(blobs((20, 20), 4, seed=16))
    pair = MaskStack.of_arrays([one] * 2)
    assert recommended(find_patterns(alike))[0] == "majority"
    assert recommended(find_patterns(pair))[0] == "majority"
    dice = pairwise_dice(find_patterns(apart))
    assert dice == pytest.approx(dice.T) and np.diag(dice) == pytest.approx([1] * 4)
    shifted = MaskStack.of_arrays([np.roll(one, 4 * i, axis=2) for i in range(4)])
    assert recommended(find_patterns(shifted))[0] == "staple"


@pytest.mark.parametrize(
    "masks, n_labels, words",
    [
        ([], 2, "same size"),
        ([np.zeros((2, 2)), np.zeros((2, 3))], 2, "same size"),
        ([np.zeros(4)], 2, "stacks of images"),
        ([np.full((2, 2), 3)], 3, "not in the schema"),
        ([np.full((2, 2), 0.5)], 3, "not in the schema"),
        ([np.zeros((2, 2))], 1, "labels"),
    ],
)
def test_masks_that_do_not_fit_are_refused(
    masks: list[np.ndarray], n_labels: int, words: str
) -> None:
    with pytest.raises(UserError, match=words):
        fused(masks, n_labels=n_labels)


def test_a_slice_of_another_size_or_a_missing_rater_is_refused() -> None:
    wrong = MaskStack((1, 4, 4), ("a",), lambda z: [np.zeros((4, 5), dtype=bool)])
    with pytest.raises(UserError, match="slice 1"):
        fuse_masks(wrong)
    missing = MaskStack((1, 4, 4), ("a", "b"), lambda z: [np.zeros((4, 4), dtype=bool)])
    with pytest.raises(UserError, match="Each rater"):
        fuse_masks(missing)
    with pytest.raises(UserError, match="not known"):
        fused(small_case(), "oracle")
    with pytest.raises(UserError, match="margin"):
        fused(small_case(), margin=-1)
    with pytest.raises(UserError, match="prior"):
        fused(small_case(), prior=1.5)


def test_work_can_be_stopped() -> None:
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        fuse_masks(MaskStack.of_arrays(small_case()), progress=progress)
    with pytest.raises(Cancelled):
        staple(find_patterns(MaskStack.of_arrays(small_case())), progress=progress)


class Union:
    """What a plugin would bring: everything that anybody marked."""

    name = "union"
    title = "Union"
    summary = "For tests."

    def estimate(
        self, patterns: Patterns, options: MaskOptions, progress: Progress
    ) -> MaskEstimate:
        marked = patterns.labels.any(axis=1).astype(float)
        return MaskEstimate(probability=np.stack((1 - marked, marked), axis=1))


def test_a_plugin_adds_a_method_and_the_majority_stays_beside_it() -> None:
    register(Union())
    try:
        found = fused(small_case(), "union")
        assert int(found.volume().sum()) == 42
        assert int(found.majority_slice(0).sum()) == 34
        assert found.differing_voxels == 8

        class Other(Union):
            pass

        with pytest.raises(PluginProblem):
            register(Other())
    finally:
        unregister("union")
