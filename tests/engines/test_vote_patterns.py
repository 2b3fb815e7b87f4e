"""Sums over patterns are the sums over votes."""

from __future__ import annotations

import numpy as np
import pytest

from desktop.engines.consensus.vote_patterns import PatternTable, VoteTable, table_of
from desktop.engines.estimate import posterior
from desktop.engines.rules.dependency_weights import find_dependencies
from desktop.engines.votes import Votes


def some_votes(n: int, w: int, k: int, seed: int, share: float = 0.6) -> Votes:
    random = np.random.default_rng(seed)
    item, rater = np.nonzero(random.random((n, w)) < share)
    order = random.permutation(item.size)
    label = random.integers(0, k, item.size)
    return Votes.from_arrays(
        item[order], rater[order], label[order], n_items=n, n_workers=w, n_labels=k
    )


@pytest.mark.parametrize(
    ("n", "w", "k"), [(40, 1, 2), (60, 5, 2), (60, 11, 2), (50, 7, 3), (50, 8, 4), (30, 4, 30)]
)
def test_both_tables_give_the_same_sums(n: int, w: int, k: int) -> None:
    votes, random = some_votes(n, w, k, n + w), np.random.default_rng(k)
    one, other = VoteTable(votes), PatternTable(votes)
    factor, base = random.normal(size=(w, k, k)), random.normal(size=k)
    np.testing.assert_allclose(one.scores(factor, base), other.scores(factor, base), atol=1e-12)
    truth = random.dirichlet(np.ones(k), n)
    np.testing.assert_allclose(one.counts(truth), other.counts(truth), atol=1e-12)
    by_hand = np.zeros((w, k, k))
    for item, rater, label in zip(votes.item, votes.worker, votes.label, strict=True):
        by_hand[rater, :, label] += truth[item]
    np.testing.assert_allclose(other.counts(truth), by_hand, atol=1e-12)
    spoken = np.zeros((n, w * k))
    spoken[votes.item, votes.worker * k + votes.label] = 1
    np.testing.assert_array_equal(other.products(), spoken.T @ spoken)


def test_patterns_only_where_they_are_shorter() -> None:
    assert isinstance(table_of(some_votes(200, 12, 2, 1)), PatternTable)
    assert isinstance(table_of(some_votes(200, 12, 2, 1, share=0.05)), VoteTable)


def test_copies_are_the_same_by_either_table() -> None:
    votes = some_votes(3000, 9, 3, 4)
    plain = find_dependencies(votes)
    by_pattern = find_dependencies(votes, table=PatternTable(votes))
    np.testing.assert_allclose(plain.score, by_pattern.score, atol=1e-9)
    assert plain.threshold == pytest.approx(by_pattern.threshold)


def test_two_classes_are_the_case_of_many() -> None:
    score = np.random.default_rng(2).normal(scale=200, size=(500, 2))
    score[:5] = np.array([[0, 0], [-1e4, -1e4], [800, -800], [-800, 800], [1e-9, 0]])
    three = np.column_stack([score, np.full(500, -np.inf)])
    probability, likelihood = posterior(score.copy(), None)
    wanted, wanted_likelihood = posterior(three, None)
    np.testing.assert_allclose(probability, wanted[:, :2], rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(likelihood, wanted_likelihood, rtol=1e-12, atol=1e-12)
    assert (probability[:2] == 0.5).all()
