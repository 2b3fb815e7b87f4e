"""Pixels told apart from scribbles: 49 channels, a quick learner, superpixels worth asking."""

from __future__ import annotations

import numpy as np
import pytest

from desktop.domain.contracts import Progress
from desktop.domain.errors import Cancelled, UserError
from desktop.engines.learning import pixel_learner
from desktop.engines.learning.pixel_features import CHANNELS, normalised, pixel_features
from desktop.engines.learning.pixel_learner import (
    UNPAINTED,
    cleaned,
    component_at,
    learn_pixels,
)
from desktop.engines.learning.superpixel_queue import (
    choose_superpixels,
    superpixel_scores,
    superpixels,
    taught_by_clicks,
)
from desktop.engines.synthesis.synthetic import make


def scene(seed: int = 1, side: int = 160) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Channels, truth (0 outside, 1 organ, 2 lesion) and a scribble of each class."""
    made = make("ct-phantom", seed, side=side, values={"contrast": 0.25, "size": 5})
    truth = made.labels_yx.astype(np.int64)
    painted = np.full(truth.shape, UNPAINTED)
    for k in range(3):
        ys, xs = np.nonzero(truth == k)
        row = np.bincount(ys).argmax()
        painted[row, xs[ys == row]] = k
    painted[:: side // 8, 2:40] = 0
    return pixel_features(normalised(made.values_yx)), truth, painted


def test_there_are_49_finite_channels_that_turn_with_the_image() -> None:
    image = normalised(make("mr-phantom", 2, side=96).values_yx)
    found = pixel_features(image)
    assert found.shape == (96, 96, CHANNELS) and CHANNELS == 49
    assert found.dtype == np.float32 and np.isfinite(found).all()
    turned = pixel_features(np.ascontiguousarray(np.rot90(image)))
    inner = np.s_[34:-34, 34:-34]
    assert np.allclose(np.rot90(found)[inner], turned[inner], atol=2e-3)


def test_another_gain_and_offset_is_the_same_image() -> None:
    values = make("ct-phantom", 3, side=96).values_yx.astype(np.float64)
    assert np.allclose(normalised(values), normalised(values * 1.7 + 300), atol=1e-4)


@pytest.mark.parametrize("item", pixel_learner.pixel_learners(), ids=lambda p: p.name)
def test_scribbles_teach_the_whole_image_and_the_next_one(item) -> None:  # type: ignore[no-untyped-def]
    features, truth, painted = scene()
    model = learn_pixels(features, painted, learner=item, seed=1)
    said = model.classes[cleaned(model.probabilities(features))]
    assert dice(said, truth, 1) > 0.85 and dice(said, truth, 2) > 0.7
    again = learn_pixels(features, painted, learner=item, seed=1)
    assert np.array_equal(again.probabilities(features), model.probabilities(features))


def test_the_quick_way_says_the_same_where_it_matters() -> None:
    features, truth, painted = scene(seed=2, side=192)
    model = learn_pixels(features, painted, seed=1)
    slow, quick = model.probabilities(features), model.quick_probabilities(features)
    assert np.allclose(quick.sum(axis=-1), 1, atol=1e-4)
    first, second = cleaned(slow), cleaned(quick)
    assert (first == second).mean() > 0.99
    for k in (1, 2):
        assert dice(second, truth, k) > dice(first, truth, k) - 0.01
    small = features[:6, :9]
    assert np.array_equal(model.quick_probabilities(small), model.probabilities(small))


def test_one_class_is_not_enough_and_work_can_be_stopped() -> None:
    features, _truth, painted = scene()
    with pytest.raises(UserError, match="two classes"):
        learn_pixels(features, np.where(painted == 1, 1, UNPAINTED))
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        learn_pixels(features, painted).probabilities(features, progress)


def test_specks_go_and_holes_close_and_a_region_is_what_is_connected() -> None:
    soft = np.zeros((40, 40, 2))
    soft[..., 0] = 1
    for part in (np.s_[5:20, 5:20], np.s_[30:32, 30:32]):
        soft[part] = (0, 1)
    soft[12, 12] = (1, 0)
    found = cleaned(soft, smooth_px=0.3)
    assert found[12, 12] == 1 and found[31, 31] == 0
    assert component_at(found, 6, 6).sum() == 225


def test_superpixels_keep_to_labels_and_the_rare_doubtful_one_comes_first() -> None:
    made = make("ct-phantom", 4, side=128)
    painted = np.full((128, 128), UNPAINTED)
    painted[40:80, 40:80] = 1
    regions = superpixels(normalised(made.values_yx), painted)
    for region in np.unique(regions[40:80, 40:80]):
        assert len(np.unique(painted[regions == region])) == 1
    soft = np.zeros((10, 30, 2))
    soft[:, :20] = (0.95, 0.05)
    soft[:, 10:20] = (0.6, 0.4)
    soft[:, 20:] = (0.4, 0.6)
    scores = superpixel_scores(soft, np.repeat([[0] * 10 + [1] * 10 + [2] * 10], 10, axis=0))
    assert scores.argmax() == 2 and scores.argmin() == 0


def test_superpixels_to_ask_about_differ_from_each_other() -> None:
    random = np.random.default_rng(0)
    kind = np.repeat([0, 1, 2], (58, 30, 2))
    means = kind[:, None] * 10 + random.normal(0, 0.1, (90, 4))
    asked = np.zeros(90, bool)
    assert sorted(kind[choose_superpixels(means, None, asked, 3)]) == [0, 1, 2]
    scores = np.where(kind == 1, 2.0, 1.0) + random.random(90) * 0.1
    found = choose_superpixels(means, scores, asked, 3, seed=1)
    assert len(set(found)) == 3 and int(np.argmax(scores)) in found
    asked[found] = True
    assert not set(found) & set(choose_superpixels(means, scores, asked, 3, seed=1))


def test_of_equal_doubt_the_one_unlike_all_asked_comes_first() -> None:
    random = np.random.default_rng(1)
    means = np.repeat([[0.0, 0.0], [10.0, 0.0]], 30, axis=0) + random.normal(0, 0.1, (60, 2))
    asked = np.zeros(60, bool)
    asked[:3] = True
    assert choose_superpixels(means, np.ones(60), asked, 1)[0] >= 30
    assert choose_superpixels(means, np.where(np.arange(60) < 30, 1e4, 1.0), asked, 1)[0] < 30


def test_a_click_teaches_the_inside_of_its_superpixel() -> None:
    regions = np.repeat([[0] * 5 + [1] * 2 + [2] * 5], 6, axis=0)
    regions[0, 0] = 3
    taught = taught_by_clicks(regions, np.array([7, 8, UNPAINTED, 9]))
    assert (taught[:, 4:7] == [[UNPAINTED, 8, 8]] * 6).all(), "one without an inside counts whole"
    assert (taught[2:, :4] == 7).all() and taught[0, 0] == 9
    assert (taught[:, 7:] == UNPAINTED).all() and taught[0, 1] == UNPAINTED


def test_twenty_clicks_find_organ_and_lesion() -> None:
    """Ten clicks on what is unlike, two rounds of five: near what all labels teach."""
    made = [make("ct-phantom", 900 + n, side=128, values={"size": 5}) for n in range(4)]
    truth = [m.labels_yx.astype(np.int64) for m in made]
    images = [normalised(m.values_yx) for m in made]
    features = [pixel_features(i) for i in images]
    parts = [superpixels(i) for i in images[:3]]
    starts = np.cumsum([0] + [int(p.max()) + 1 for p in parts])
    regions = np.concatenate([p + s for p, s in zip(parts, starts, strict=False)])
    wide, answer = np.concatenate(features[:3]), np.concatenate(truth[:3])
    counts = [np.bincount(regions[answer == k], minlength=starts[-1]) for k in range(3)]
    clicks = np.stack(counts).argmax(axis=0)
    sizes = np.bincount(regions.ravel())
    sums = [np.bincount(regions.ravel(), c.ravel()) for c in np.moveaxis(wide, -1, 0)]
    means = np.stack(sums, axis=1) / sizes[:, None]
    asked, scores = np.zeros(starts[-1], bool), None
    for count in (10, 5, 5):
        asked[choose_superpixels(means, scores, asked, count)] = True
        painted = taught_by_clicks(regions, np.where(asked, clicks, UNPAINTED))
        model = learn_pixels(wide, painted, regions)
        scores = superpixel_scores(model.probabilities(wide), regions)
    full = learn_pixels(wide, answer, regions)
    said, best = (m.classes[cleaned(m.probabilities(features[3]))] for m in (model, full))
    few, all_of = (np.mean([dice(s, truth[3], k) for k in range(3)]) for s in (said, best))
    assert asked.sum() == 20 and few > 0.9 * all_of


def dice(said: np.ndarray, truth: np.ndarray, k: int) -> float:
    both = ((said == k) & (truth == k)).sum()
    return float(2 * both / max(1, (said == k).sum() + (truth == k).sum()))
