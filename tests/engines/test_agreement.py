"""Chance-corrected agreement: the published values, and what is said where there is no number."""

from __future__ import annotations

import numpy as np
import pytest

from desktop.engines.agreement.agreement import (
    Asking,
    Coefficient,
    agreement,
    by_class,
    by_group,
    reader_pairs,
)
from desktop.engines.agreement.alpha import Level
from desktop.engines.agreement.ratings import Ratings
from desktop.engines.agreement.weights import Scheme, custom_weights
from tests.engines.published import (
    ABSTRACTORS,
    CANONICAL,
    COHEN_1968,
    COHEN_1968_DISAGREEMENT,
    DIAGNOSES,
    FOURTEEN_READERS,
    GWET,
    PARADOX,
    SAS,
)

C = Coefficient


def ask(coefficient: Coefficient, **more: object) -> Asking:
    return Asking(coefficient, replicates=0, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ratings", "asking", "value"),
    [
        (FOURTEEN_READERS, ask(C.FLEISS), 0.209931),
        (DIAGNOSES, ask(C.FLEISS), 0.430245),
        (CANONICAL, ask(C.ALPHA), 0.743421),
        (CANONICAL, ask(C.ALPHA, level=Level.ORDINAL), 0.815388),
        (CANONICAL, ask(C.ALPHA, level=Level.INTERVAL), 0.849107),
        (CANONICAL, ask(C.ALPHA, level=Level.RATIO), 0.797403),
        (GWET, ask(C.GWET), 0.775444),
        (GWET, ask(C.FLEISS), 0.761169),
        (GWET, ask(C.CONGER), 0.762817),
        (GWET, ask(C.BRENNAN_PREDIGER), 0.772727),
        (GWET, ask(C.GWET, weights=Scheme.LINEAR), 0.858740),
        (GWET, ask(C.GWET, weights=Scheme.QUADRATIC), 0.914000),
        (GWET, ask(C.GWET, weights=Scheme.ORDINAL), 0.898940),
        (GWET, ask(C.GWET, weights=Scheme.RADICAL), 0.819810),
        (GWET, ask(C.GWET, weights=Scheme.RATIO), 0.857370),
        (GWET, ask(C.GWET, weights=Scheme.CIRCULAR), 0.830200),
        (GWET, ask(C.GWET, weights=Scheme.BIPOLAR), 0.900370),
        (GWET, ask(C.FLEISS, weights=Scheme.LINEAR), 0.817940),
        (GWET, ask(C.FLEISS, weights=Scheme.QUADRATIC), 0.864940),
        (ABSTRACTORS, ask(C.COHEN), 0.796409),
        (ABSTRACTORS, ask(C.SCOTT), 0.79624),
        (ABSTRACTORS, ask(C.GWET), 0.84933),
        (ABSTRACTORS, ask(C.ALPHA), 0.79726),
        (ABSTRACTORS, ask(C.BRENNAN_PREDIGER), 0.83500),
        (SAS, ask(C.COHEN), 0.4842),
        (SAS, ask(C.COHEN, weights=Scheme.LINEAR), 0.4701),
        (SAS, ask(C.COHEN, weights=Scheme.QUADRATIC), 0.4502),
        (COHEN_1968, ask(C.COHEN), 0.491525),
        (PARADOX, ask(C.COHEN), -0.023392),
        (PARADOX, ask(C.GWET), 0.940776),
        (PARADOX, ask(C.SCOTT), -0.028807),
        # Feinstein and Cicchetti 1990: 85 % agreement twice, kappa .70 and .32.
        (Ratings.of_table([[40, 9], [6, 45]]), ask(C.COHEN), 0.699519),
        (Ratings.of_table([[80, 10], [5, 5]]), ask(C.COHEN), 0.318182),
        (Ratings.of_table([[20, 5], [10, 15]]), ask(C.COHEN), 0.4),
        (Ratings.of_table([[45, 15], [25, 15]]), ask(C.COHEN), 0.130435),
        (Ratings.of_table([[25, 35], [5, 35]]), ask(C.COHEN), 0.259259),
    ],
)
def test_published_values(ratings: Ratings, asking: Asking, value: float) -> None:
    assert agreement(ratings, asking).value == pytest.approx(value, abs=1e-4)


def test_alpha_with_linear_weights_as_published() -> None:
    # Gwet lists alpha with linear weights, which is alpha with the plain distance |a - b|.
    from desktop.engines.agreement.alpha_distances import alpha_of_distances

    item, reader = np.nonzero(GWET.codes >= 0)
    values = GWET.positions[GWET.codes[item, reader]]
    apart = np.abs(values[:, None] - values) / 4
    told = alpha_of_distances(item, apart, replicates=0)
    assert told.value == pytest.approx(0.800380, abs=1e-4)


@pytest.mark.parametrize(
    ("ratings", "asking", "observed", "expected"),
    [
        (FOURTEEN_READERS, ask(C.FLEISS), 0.378022, 0.212755),
        (DIAGNOSES, ask(C.FLEISS), 0.5556, 0.2199),
        (GWET, ask(C.GWET), 0.818182, 0.190321),
    ],
)
def test_published_observed_and_expected(
    ratings: Ratings, asking: Asking, observed: float, expected: float
) -> None:
    told = agreement(ratings, asking)
    assert told.observed == pytest.approx(observed, abs=1e-4)
    assert told.expected == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("ratings", "asking", "error", "low", "high"),
    [
        (GWET, ask(C.GWET), 0.142950, 0.461, 1.0),
        (GWET, ask(C.FLEISS), 0.153019, 0.424, 1.0),
        (GWET, ask(C.CONGER), 0.149168, None, None),
        (GWET, ask(C.BRENNAN_PREDIGER), 0.144717, None, None),
        (ABSTRACTORS, ask(C.COHEN, student=True), 0.058911, 0.6795, 0.9133),
        (ABSTRACTORS, ask(C.GWET), None, 0.7636, 0.9351),
        (SAS, ask(C.COHEN), 0.1380, 0.2137, 0.7547),
        (SAS, ask(C.COHEN, weights=Scheme.LINEAR), 0.1457, None, None),
        (Ratings.of_table([[20, 5], [10, 15]]), ask(C.COHEN), 0.1270, None, None),
    ],
)
def test_published_errors_and_intervals(
    ratings: Ratings, asking: Asking, error: float | None, low: float | None, high: float | None
) -> None:
    told = agreement(ratings, asking)
    if error is not None:
        assert told.error == pytest.approx(error, abs=1e-4)
    if low is not None:
        digits = 5e-4 if low in (0.461, 0.424) else 1e-4
        assert told.analytic is not None
        assert told.analytic.low == pytest.approx(low, abs=digits)
        assert told.analytic.high == pytest.approx(high, abs=1e-4)


@pytest.mark.parametrize(
    ("ratings", "asking", "p"),
    [(GWET, ask(C.GWET), 0.00021), (SAS, ask(C.COHEN), 0.0011)],
)
def test_published_p_values(ratings: Ratings, asking: Asking, p: float) -> None:
    assert agreement(ratings, asking).p_value == pytest.approx(p, abs=1e-4 if p > 1e-3 else 1e-5)


def test_cohens_own_disagreement_weights() -> None:
    weights = custom_weights(COHEN_1968_DISAGREEMENT, disagreement=True)
    told = agreement(COHEN_1968, ask(C.COHEN, weights=weights))
    assert told.value == pytest.approx(0.347826, abs=1e-6)
    assert told.name == "Cohen's kappa (own weights)"


def test_fleiss_by_diagnosis_as_published_in_1971() -> None:
    told = by_class(DIAGNOSES, ask(C.FLEISS))
    assert [c.agreement.value for c in told] == pytest.approx(
        [0.245, 0.245, 0.520, 0.471, 0.566], abs=5e-4
    )
    assert [c.share for c in told] == pytest.approx([0.144, 0.144, 0.167, 0.306, 0.239], abs=5e-4)


def test_agreement_specific_to_a_class() -> None:
    yes, no = by_class(Ratings.of_table([[40, 9], [6, 45]]), ask(C.COHEN))
    assert yes.specific == pytest.approx(2 * 40 / (2 * 40 + 15))
    assert no.specific == pytest.approx(2 * 45 / (2 * 45 + 15))
    unused = by_class(Ratings.of_codes([[0, 0], [1, 1]], 3), ask(C.COHEN))[2]
    assert unused.specific is None
    assert unused.agreement.value is None


@pytest.mark.parametrize("coefficient", [C.COHEN, C.SCOTT, C.FLEISS, C.CONGER, C.ALPHA])
def test_one_category_is_undefined_and_never_one(coefficient: Coefficient) -> None:
    told = agreement(Ratings.of_codes(np.zeros((20, 2), dtype=int), 3), ask(coefficient))
    assert told.value is None
    assert told.text == "undefined"
    assert "one category" in told.undefined
    assert told.interval is None
    assert told.observed == 1.0


def test_one_category_still_has_gwets_coefficient_because_the_schema_has_more() -> None:
    told = agreement(Ratings.of_codes(np.zeros((20, 2), dtype=int), 3), ask(C.GWET))
    assert told.value == 1.0
    assert told.interval is not None
    assert 0.7 < told.interval.low < 1.0
    assert "no disagreement was seen" in told.interval.method


def test_a_question_with_one_category_has_no_agreement() -> None:
    for coefficient in Coefficient:
        told = agreement(Ratings.of_codes(np.zeros((5, 2), dtype=int), 1), ask(coefficient))
        assert told.value is None
        assert "only one category" in told.undefined


def test_no_shared_items_is_undefined() -> None:
    ratings = Ratings.of_codes([[0, -1], [-1, 1], [1, -1], [-1, -1]], 2)
    for coefficient in Coefficient:
        told = agreement(ratings, ask(coefficient))
        assert told.value is None
        assert "two readers" in told.undefined
        assert told.items == 0
    empty = agreement(Ratings.of_codes(np.zeros((0, 2), dtype=int), 2), ask(C.FLEISS))
    assert empty.value is None


def test_counts_without_readers_have_no_cohen() -> None:
    told = agreement(Ratings.of_counts([[2, 0], [1, 1], [0, 2]]), ask(C.COHEN))
    assert told.value is None
    assert "which reader" in told.undefined


def test_cohen_and_scott_are_for_two_readers() -> None:
    for coefficient in (C.COHEN, C.SCOTT):
        with pytest.raises(ValueError, match="two readers"):
            agreement(CANONICAL, ask(coefficient))


def test_items_that_are_left_out_are_named() -> None:
    ratings = Ratings.of_codes([[0, 0], [1, -1], [-1, -1], [1, 1], [0, 1]], 2)
    told = agreement(ratings, ask(C.COHEN))
    assert [(d.reason, d.items) for d in told.dropped] == [
        ("no answer", (2,)),
        ("not answered by both readers", (1,)),
    ]
    assert told.items == 3
    assert "1 item left out: no answer." in told.note
    assert told.thin
    assert "Too few" in told.note


def test_a_single_answer_still_says_how_often_a_category_is_used() -> None:
    # Gwet's rule: the lone "2" enters the shares of the categories, not the agreement.
    both = Ratings.of_codes([[0, 0], [1, 1], [0, 1]], 3)
    lone = Ratings.of_codes([[0, 0], [1, 1], [0, 1], [2, -1]], 3)
    with_lone, without = (agreement(r, ask(C.FLEISS)) for r in (lone, both))
    assert with_lone.observed == without.observed
    assert with_lone.expected != without.expected
    assert agreement(lone, ask(C.ALPHA)).value == agreement(both, ask(C.ALPHA)).value


def test_perfect_agreement_gets_a_bound_not_certainty() -> None:
    told = agreement(Ratings.of_table([[10, 0], [0, 10]]), Asking(C.COHEN, replicates=200))
    assert told.value == 1.0
    assert told.analytic is None
    assert told.interval is not None
    # Clopper-Pearson for 0 of 20 is 0.1684; chance is one half.
    assert told.interval.low == pytest.approx(1 - 0.168433 / 0.5, abs=1e-5)


def test_one_item_has_no_interval() -> None:
    told = agreement(Ratings.of_codes([[0, 1]], 2), ask(C.ALPHA))
    assert told.value is not None
    assert told.interval is None
    assert told.error is None
    assert "no interval" in told.text


def test_the_paradox_is_told() -> None:
    note = agreement(PARADOX, ask(C.COHEN)).note
    assert "Prevalence matters" in note
    assert '97% of answers are "yes"' in note
    assert "0.94" in note
    assert "Prevalence" not in agreement(ABSTRACTORS, ask(C.COHEN)).note
    assert "Prevalence" not in agreement(PARADOX, ask(C.GWET)).note


@pytest.mark.parametrize("word", ["slight", "fair", "moderate", "substantial", "almost perfect"])
def test_no_verbal_band_is_printed(word: str) -> None:
    for ratings in (ABSTRACTORS, PARADOX, SAS):
        assert word not in agreement(ratings, ask(C.COHEN)).note


def test_negative_values_are_shown() -> None:
    told = agreement(Ratings.of_table([[0, 10], [10, 0]]), ask(C.COHEN))
    assert told.value == pytest.approx(-1.0)
    assert told.text.startswith("-1.00")


def test_the_bootstrap_agrees_with_the_analytic_error_and_repeats_by_seed() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 3, 400)
    codes = np.where(rng.random((400, 4)) < 0.8, truth[:, None], rng.integers(0, 3, (400, 4)))
    codes[rng.random(codes.shape) < 0.1] = -1
    ratings = Ratings.of_codes(codes, 3)
    for coefficient in (C.FLEISS, C.CONGER, C.ALPHA, C.GWET, C.BRENNAN_PREDIGER):
        first = agreement(ratings, Asking(coefficient, seed=7))
        again = agreement(ratings, Asking(coefficient, seed=7))
        other = agreement(ratings, Asking(coefficient, seed=8))
        assert first.bootstrap == again.bootstrap != other.bootstrap
        assert first.bootstrap is not None and first.error is not None
        width = first.bootstrap.high - first.bootstrap.low
        assert width == pytest.approx(2 * 1.96 * first.error, rel=0.12)


def test_patients_are_resampled_together() -> None:
    # Every patient's items are the same item many times: ten times the items, no new knowledge.
    rng = np.random.default_rng(4)
    one = rng.integers(0, 2, (80, 3))
    patient = np.repeat(np.arange(80), 10)
    ratings = Ratings.of_codes(np.repeat(one, 10, axis=0), 2)
    alone = agreement(Ratings.of_codes(one, 2), Asking(C.FLEISS))
    blind, knowing = (agreement(ratings, Asking(C.FLEISS), clusters=c) for c in (None, patient))
    assert alone.error is not None and blind.error is not None and knowing.error is not None
    assert knowing.error == pytest.approx(alone.error, rel=1e-9)
    assert blind.error < 0.4 * knowing.error
    assert knowing.units == 80
    assert knowing.bootstrap is not None and alone.bootstrap is not None
    assert "patients" in knowing.bootstrap.method
    assert knowing.bootstrap.high - knowing.bootstrap.low == pytest.approx(
        alone.bootstrap.high - alone.bootstrap.low, rel=0.15
    )


@pytest.mark.parametrize(
    "asking",
    [ask(c) for c in (C.FLEISS, C.CONGER, C.GWET)] + [ask(C.ALPHA, level=level) for level in Level],
    ids=lambda a: a.name,
)
def test_every_item_its_own_patient_is_no_patient_at_all(asking: Asking) -> None:
    rng = np.random.default_rng(5)
    codes = np.where(rng.random((50, 3)) < 0.15, -1, rng.integers(0, 4, (50, 3)))
    ratings = Ratings.of_codes(codes, 4)
    plain = agreement(ratings, asking)
    patients = agreement(ratings, asking, clusters=rng.permutation(50))
    assert patients.value == pytest.approx(plain.value)
    assert patients.error == pytest.approx(plain.error)


def test_resamples_without_a_coefficient_are_counted() -> None:
    told = agreement(Ratings.of_table([[30, 1], [0, 0]]), Asking(C.FLEISS, replicates=500))
    assert told.bootstrap is not None
    assert "of them undefined" in told.bootstrap.method


def test_pairs_of_readers_have_their_own_items() -> None:
    ratings = Ratings.of_codes(
        [[0, 0, -1], [1, 1, -1], [0, 1, 0], [1, -1, 1], [0, -1, 0]], 2, readers=["a", "b", "c"]
    )
    pairs = {(p.first, p.second): p.agreement for p in reader_pairs(ratings, ask(C.COHEN))}
    assert set(pairs) == {(0, 1), (0, 2), (1, 2)}
    assert pairs[0, 1].items == 3
    assert pairs[0, 2].items == 3
    assert pairs[0, 2].value == 1.0
    assert pairs[1, 2].items == 1


def test_groups_are_asked_apart() -> None:
    codes = [[0, 0], [1, 1], [0, 1], [1, 0], [0, 0], [1, 1]]
    told = by_group(Ratings.of_codes(codes, 2), ["x", "x", "y", "y", "x", "x"], ask(C.COHEN))
    assert told["x"].value == 1.0
    assert told["y"].value == pytest.approx(-1.0)
    with pytest.raises(ValueError, match="one group"):
        by_group(Ratings.of_codes(codes, 2), ["x"], ask(C.COHEN))


def test_weights_must_fit() -> None:
    for bad in ([[1, 0]], [[1, 0.2], [0.4, 1]], [[1, np.nan], [np.nan, 1]], [[0.5, 0], [0, 1]]):
        with pytest.raises(ValueError):
            custom_weights(bad)
    with pytest.raises(ValueError, match="not all 0"):
        custom_weights([[0, 0], [0, 0]], disagreement=True)
    with pytest.raises(ValueError, match="negative"):
        agreement(Ratings.of_values([[-1.0, 1.0], [1.0, 1.0]]), ask(C.ALPHA, level=Level.RATIO))


def test_unused_places_of_an_ordered_scale_change_nothing() -> None:
    rng = np.random.default_rng(9)
    codes = np.clip(rng.integers(0, 20, (60, 1)) + rng.integers(-2, 3, (60, 3)), 0, 19)
    few = agreement(Ratings.of_codes(codes, 20), Asking(C.ALPHA, level=Level.ORDINAL))
    many = agreement(Ratings.of_codes(codes, 300), Asking(C.ALPHA, level=Level.ORDINAL))
    assert many.value == pytest.approx(few.value, abs=1e-12)
    assert many.error == pytest.approx(few.error, abs=1e-12)
    assert many.bootstrap is not None and few.bootstrap is not None
    assert many.bootstrap.low == pytest.approx(few.bootstrap.low, abs=1e-12)
