"""Groups dealt so that each part gets its share of every label."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.engines.learning.stratified import stratified

SHARES = (0.2, 0.2, 0.6)


def test_every_label_is_spread_as_wanted_where_it_can_be() -> None:
    random = np.random.default_rng(4)
    labels = (random.random((500, 6)) < (0.5, 0.3, 0.1, 0.05, 0.02, 0.01)).astype(np.int64)
    found = stratified(np.ones(500, dtype=np.int64), labels, SHARES)
    for part, share in enumerate(SHARES):
        assert abs((found == part).mean() - share) < 0.03
        inside = labels[found == part].sum(axis=0)
        assert (np.abs(inside - share * labels.sum(axis=0)) <= 3).all()


def test_chance_misses_what_this_does_not() -> None:
    labels = np.zeros((100, 1), dtype=np.int64)
    labels[::20] = 1  # five
    sizes = np.ones(100, dtype=np.int64)
    empty = 0
    for seed in range(40):
        order = np.random.default_rng(seed).permutation(100)
        assert labels[order][stratified(sizes, labels[order], SHARES) == 0].sum() == 1
        empty += labels[order][:20].sum() == 0
    assert empty > 5


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 3), st.integers(0, 1)), max_size=25))
def test_everybody_gets_one_part_and_the_same_again(rows: list[tuple[int, int, int]]) -> None:
    table = np.array(rows, dtype=np.int64).reshape(len(rows), 3)
    found = stratified(table[:, 0], table[:, 1:], SHARES)
    assert found.shape == (len(rows),) and set(found) <= {0, 1, 2}
    assert np.array_equal(found, stratified(table[:, 0], table[:, 1:], SHARES))
    assert np.array_equal(stratified(table[:, 0], table[:, 1:], (1.0,)), np.zeros(len(rows)))
