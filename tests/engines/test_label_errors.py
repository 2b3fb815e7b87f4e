"""Confident learning: the worked values, cleanlab as oracle, and its edges."""

from __future__ import annotations

import numpy as np
import pytest
from cleanlab.count import compute_confident_joint
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

from desktop.engines.gold.label_errors import (
    Filter,
    Score,
    calibrated_joint,
    class_thresholds,
    confident_joint,
    find_label_errors,
)
from desktop.engines.gold.mask_errors import mask_quality

LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 1])
FIRST = np.array([0.9, 0.8, 0.6, 0.2, 0.1, 0.3, 0.4, 0.95])
CHANCES = np.stack([FIRST, 1 - FIRST], axis=1)
RULES = {
    Filter.OFF_DIAGONAL: "confident_learning",
    Filter.NOISE_RATE: "prune_by_noise_rate",
    Filter.BY_CLASS: "prune_by_class",
    Filter.BOTH: "both",
}


def test_the_papers_figure() -> None:
    counts = np.array([[100, 40, 20], [56, 60, 0], [32, 12, 80]])
    made = calibrated_joint(counts, counts.sum(axis=1))
    wanted = [[0.25, 0.10, 0.05], [0.14, 0.15, 0.0], [0.08, 0.03, 0.20]]
    assert (made / 400).round(2).tolist() == wanted


def test_the_small_case() -> None:
    thresholds = class_thresholds(LABELS, CHANCES)
    assert thresholds == pytest.approx([0.625, 0.5625])
    raw, _off = confident_joint(LABELS, CHANCES, thresholds)
    assert raw.tolist() == [[2, 1], [1, 3]]
    told = find_label_errors(LABELS, CHANCES)
    assert told.counts.tolist() == [[3, 1], [1, 3]]
    for rule in Filter:
        flagged = find_label_errors(LABELS, CHANCES, rule=rule).flagged
        assert np.flatnonzero(flagged).tolist() == [3, 7], rule


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("rule", list(Filter))
def test_flags_joint_and_scores_equal_cleanlab(seed: int, rule: Filter) -> None:
    rng = np.random.default_rng(seed)
    q = int(rng.integers(2, 6))
    truth = rng.integers(0, q, 400)
    labels = np.where(rng.random(400) < 0.15, rng.integers(0, q, 400), truth)
    labels[:q] = np.arange(q)
    table = rng.dirichlet(np.ones(q), 400) + 2.5 * np.eye(q)[truth]
    table /= table.sum(axis=1, keepdims=True)
    told = find_label_errors(labels, table, rule=rule)
    theirs = find_label_issues(labels, table, filter_by=RULES[rule])
    assert np.array_equal(told.flagged, theirs)
    assert np.array_equal(told.counts, compute_confident_joint(labels, table))
    for score, name in (
        (Score.SELF_CONFIDENCE, "self_confidence"), (Score.NORMALISED_MARGIN, "normalized_margin"),
    ):  # fmt: skip
        own = find_label_errors(labels, table, score=score).scores
        peer = get_label_quality_scores(labels, table, method=name, adjust_pred_probs=False)
        assert own == pytest.approx(peer, abs=1e-12)


def test_a_class_without_items_has_no_threshold() -> None:
    told = find_label_errors([0, 0, 1, 1], np.full((4, 3), 1 / 3))
    assert np.isnan(told.thresholds[2])
    assert not told.flagged.any()


def test_numbers_that_are_no_probabilities_are_refused() -> None:
    with pytest.raises(ValueError):
        find_label_errors([0, 1], [[-0.5, 1.5], [0.5, 0.5]])
    with pytest.raises(ValueError):
        find_label_errors([0, 2], [[0.5, 0.5], [0.5, 0.5]])


def test_a_badly_drawn_part_of_a_mask_counts() -> None:
    labels = np.zeros((32, 32), dtype=int)
    sure = np.stack([np.full((32, 32), 0.95), np.full((32, 32), 0.05)])
    bad = sure.copy()
    bad[:, 8:16, 8:16] = bad[::-1, 8:16, 8:16]
    assert mask_quality(labels, sure) == pytest.approx(0.95)
    assert mask_quality(labels, bad) < 0.3
