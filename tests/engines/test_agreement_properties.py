"""What must hold for every coefficient and any answers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from desktop.engines.agreement.agreement import Agreement, Asking, Coefficient, agreement
from desktop.engines.agreement.alpha import Level, alpha_sums
from desktop.engines.agreement.chance_agreement import conger_sums, fleiss_sums, gwet_sums
from desktop.engines.agreement.ratings import Ratings, Whole, patterns_of
from desktop.engines.agreement.weights import Scheme, weights_of

C = Coefficient
EVERY = [
    Asking(c, weights=w, replicates=0)
    for c in (C.FLEISS, C.CONGER, C.GWET, C.BRENNAN_PREDIGER)
    for w in (Scheme.IDENTITY, Scheme.LINEAR)
] + [Asking(C.ALPHA, level=level, replicates=0) for level in Level]


@st.composite
def codes(draw: st.DrawFn, most_readers: int = 4) -> Whole:
    n, r = draw(st.integers(3, 12)), draw(st.integers(2, most_readers))
    return draw(hnp.arrays(np.int64, (n, r), elements=st.integers(-1, 3)))


KAPPAS = [a for a in EVERY if a.coefficient is not C.ALPHA]
NOMINAL = [a for a in EVERY if a.weights is Scheme.IDENTITY and a.level is Level.NOMINAL]
SHIFTABLE = [a for a in EVERY if a.level is not Level.RATIO]  # no zero is special


def ratings_of(table: Whole) -> Ratings:
    return Ratings.of_codes(table, 4)


def same(first: Agreement, second: Agreement) -> bool:
    """The same number, or both undefined."""
    if first.value is None or second.value is None:
        return first.value is second.value
    return first.value == pytest.approx(second.value, abs=1e-9)


@pytest.mark.parametrize("asking", EVERY, ids=lambda a: a.name)
@given(table=codes(), seed=st.integers(0, 99))
def test_order_of_items_and_readers_is_nothing(asking: Asking, table: Whole, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mixed = table[rng.permutation(len(table))][:, rng.permutation(table.shape[1])]
    first, second = (agreement(ratings_of(t), asking) for t in (table, mixed))
    assert same(first, second)
    if first.error is not None and second.error is not None:
        assert first.error == pytest.approx(second.error, abs=1e-7)


@pytest.mark.parametrize("asking", EVERY, ids=lambda a: a.name)
@given(table=codes())
def test_an_absent_reader_changes_nothing(asking: Asking, table: Whole) -> None:
    wider = np.concatenate([table, np.full((len(table), 1), -1)], axis=1)
    assert same(agreement(ratings_of(table), asking), agreement(ratings_of(wider), asking))


@pytest.mark.parametrize("asking", NOMINAL, ids=lambda a: a.name)
@given(table=codes(), order=st.permutations(range(4)))
def test_names_of_categories_are_nothing_where_all_are_equally_far(
    asking: Asking, table: Whole, order: list[int]
) -> None:
    named = np.where(table < 0, -1, np.array(order)[table])
    assert same(agreement(ratings_of(table), asking), agreement(ratings_of(named), asking))


@pytest.mark.parametrize("asking", SHIFTABLE, ids=lambda a: a.name)
@given(table=codes())
def test_turning_an_ordered_scale_round_changes_nothing(asking: Asking, table: Whole) -> None:
    turned = np.where(table < 0, -1, 3 - table)
    assert same(agreement(ratings_of(table), asking), agreement(ratings_of(turned), asking))


@pytest.mark.parametrize("asking", KAPPAS, ids=lambda a: a.name)
@given(table=codes())
def test_every_item_twice_leaves_the_estimate(asking: Asking, table: Whole) -> None:
    twice = np.concatenate([table, table])
    first, second = (agreement(ratings_of(t), asking) for t in (table, twice))
    assert same(first, second)
    if first.error and second.error:
        ratio = second.error**2 / first.error**2
        n = first.units
        gwet, multinomial = (n - 1) / (2 * n - 1), 0.5
        assert min(abs(ratio - gwet), abs(ratio - multinomial)) < 1e-6


@given(table=codes())
def test_alpha_forgets_its_small_sample_correction_as_items_repeat(table: Whole) -> None:
    many = agreement(ratings_of(np.tile(table, (500, 1))), Asking(C.ALPHA, replicates=0))
    more = agreement(ratings_of(np.tile(table, (1000, 1))), Asking(C.ALPHA, replicates=0))
    assert (many.value is None) == (more.value is None)
    if many.value is not None and more.value is not None:
        assert many.value == pytest.approx(more.value, abs=5e-3)


@given(table=codes(most_readers=2))
def test_two_readers_swapped_have_the_same_kappa(table: Whole) -> None:
    for coefficient in (C.COHEN, C.SCOTT):
        asking = Asking(coefficient, replicates=0)
        first, second = (agreement(ratings_of(t), asking) for t in (table, table[:, ::-1]))
        assert same(first, second)


@given(table=codes(most_readers=2))
def test_two_readers_make_scott_of_fleiss_and_cohen_of_conger(table: Whole) -> None:
    shared = table[(table >= 0).all(axis=1)]
    assume(len(shared) > 0)
    for special, general in ((C.SCOTT, C.FLEISS), (C.COHEN, C.CONGER)):
        first = agreement(ratings_of(table), Asking(special, replicates=0))
        assert same(first, agreement(ratings_of(shared), Asking(general, replicates=0)))


@given(table=codes())
def test_values_never_pass_one_and_intervals_hold_them(table: Whole) -> None:
    for asking in EVERY:
        told = agreement(ratings_of(table), asking)
        if told.value is not None and told.interval is not None:
            assert told.value <= 1 + 1e-12
            assert told.interval.low - 1e-9 <= told.value <= told.interval.high + 1e-9
            assert told.interval.high <= 1


@pytest.mark.parametrize(
    "make",
    [
        lambda r: fleiss_sums(r, weights_of(Scheme.QUADRATIC, r.positions)),
        lambda r: gwet_sums(r, np.eye(4)),
        lambda r: conger_sums(r, np.eye(4)),
        *(lambda r, level=level: alpha_sums(r, level) for level in Level),
    ],
)
def test_influence_is_what_one_more_item_does(make: Callable[[Ratings], object]) -> None:
    rng = np.random.default_rng(1)
    table = rng.integers(0, 4, (300, 3))  # complete, so that Gwet's variance is the plain one
    sums = make(ratings_of(table))
    step = 1e-4
    times = sums.times.astype(float)  # type: ignore[attr-defined]
    base = sums.values(times[None])[0]  # type: ignore[attr-defined]
    influence = sums.influence()  # type: ignore[attr-defined]
    numeric = np.array(
        [
            (sums.values((times + step * e)[None])[0] - base) / step  # type: ignore[attr-defined]
            for e in np.eye(times.size)
        ]
    )
    numeric -= times @ numeric / times.sum()
    assert influence == pytest.approx(numeric, abs=1e-6)


def alpha_by_definition(table: Whole, level: Level) -> float | None:
    """Krippendorff's definition, written out pair by pair."""
    units = [[int(v) for v in row if v >= 0] for row in table]
    units = [u for u in units if len(u) >= 2]
    values = [v for u in units for v in u]
    n = len(values)
    n_of = [values.count(k) for k in range(4)]

    def distance(a: int, b: int) -> float:
        low, high = min(a, b), max(a, b)
        if level is Level.NOMINAL:
            return float(a != b)
        if level is Level.ORDINAL:
            return (sum(n_of[low : high + 1]) - (n_of[low] + n_of[high]) / 2) ** 2
        if level is Level.INTERVAL:
            return float((a - b) ** 2)
        if level is Level.RATIO:
            return ((a - b) / (a + b + 2)) ** 2  # places are 1 to 4
        return float(np.sin(np.pi * (a - b) / 4) ** 2)

    expected = sum(distance(a, b) for a, b in permutations(values, 2)) / (n * (n - 1)) if n else 0
    if expected == 0:
        return None
    pairs = (sum(distance(a, b) for a, b in permutations(u, 2)) / (len(u) - 1) for u in units)
    return 1 - sum(pairs) / n / expected


@pytest.mark.parametrize("level", list(Level))
@given(table=codes())
def test_alpha_is_krippendorffs_definition(level: Level, table: Whole) -> None:
    told = agreement(ratings_of(table), Asking(C.ALPHA, level=level, replicates=0))
    expected = alpha_by_definition(table, level)
    if expected is None:
        assert told.value is None
    else:
        assert told.value == pytest.approx(expected, abs=1e-9)


@given(table=codes())
def test_patterns_are_the_rows(table: Whole) -> None:
    found = patterns_of(table, 4)
    assert np.array_equal(found.rows[found.of_item], table)
    assert np.array_equal(np.bincount(found.of_item, minlength=len(found.rows)), found.times)
    wide = patterns_of(np.tile(table, (1, 20)), 4)  # too many readers for one number
    assert np.array_equal(wide.rows[wide.of_item], np.tile(table, (1, 20)))
    assert np.array_equal(wide.times, found.times)


def test_schemes_are_symmetric_with_ones_on_the_diagonal() -> None:
    for scheme in Scheme:
        weights = weights_of(scheme, [1, 2, 4, 7])
        assert np.allclose(weights, weights.T)
        assert np.allclose(np.diag(weights), 1)
        assert weights.min() >= -1e-12
    with pytest.raises(ValueError, match="increase"):
        weights_of(Scheme.LINEAR, [2, 1])
    with pytest.raises(ValueError, match="positive"):
        weights_of(Scheme.RATIO, [0, 1])
