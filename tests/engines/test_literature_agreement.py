"""Agreement: values of the literature beyond the usual ones, table by table."""

from __future__ import annotations

import math

import numpy as np
import pytest

from desktop.engines.agreement.agreement import (
    Asking,
    Coefficient,
    agreement,
    by_class,
    reader_pairs,
)
from desktop.engines.agreement.alpha import Level
from desktop.engines.agreement.alpha_distances import alpha_of_distances
from desktop.engines.agreement.chance_agreement import null_error
from desktop.engines.agreement.measurement_agreement import (
    Correlation,
    MeanSquares,
    intraclass_correlation,
    limits_of_agreement,
)
from desktop.engines.agreement.ratings import Floats, Ratings
from desktop.engines.agreement.weights import Scheme, custom_weights, weights_of
from desktop.engines.proportions import AccuracyWatch, Verdict, watch_accuracy, wilson
from tests.engines import literature as data
from tests.engines.published import CANONICAL, DIAGNOSES, GWET, SAS, SHROUT_FLEISS

C, K = Coefficient, Correlation
THREE = 6e-4  # what rounding to three digits leaves
nan = float("nan")


def near(found: float | None, published: float, within: float) -> None:
    """The published number, where there is one."""
    if not math.isnan(published):
        assert found == pytest.approx(published, abs=within)


def asked(name: str, **more: object) -> Asking:
    return Asking(Coefficient[name], replicates=0, **more)  # type: ignore[arg-type]


# -- Gwet --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ratings", "name", "row"),
    [
        pytest.param(ratings, name, row, id=f"{title}, {name}")
        for title, ratings, rows in data.RAW
        for name, row in rows.items()
    ],
)
def test_gwets_data(ratings: Ratings, name: str, row: tuple[float, ...]) -> None:
    """The published interval is the plain one, kept as ``analytic``; ``interval`` is another."""
    told = agreement(ratings, asked(name))
    observed, expected, value, error, low, high, p = row
    near(told.observed, observed, THREE)
    near(told.expected, expected, THREE)
    near(told.value, value, THREE if value != 0.35189 else 1e-5)
    near(told.error, error, THREE)
    assert told.analytic is not None
    near(told.analytic.low, low, THREE)
    near(told.analytic.high, high, THREE)
    if not math.isnan(p):
        assert told.p_value == pytest.approx(p, rel=0.03)


@pytest.mark.parametrize("name", data.WEIGHTED_RAW)
def test_gwets_data_with_every_weight(name: str) -> None:
    rows = data.WEIGHTED_RAW[name].replace(";", "\n").split("\n")
    seen = 0
    for row in filter(str.strip, rows):
        scheme, *figures = row.split()
        observed, expected, value, error, low = map(float, figures)
        told = agreement(GWET, asked(name, weights=Scheme(scheme)))
        assert told.analytic is not None
        found = (told.observed, told.expected, told.value, told.error, told.analytic.low)
        assert found == pytest.approx((observed, expected, value, error, low), abs=THREE), scheme
        assert told.analytic.high == 1
        seen += 1
    assert seen == 7


@pytest.mark.parametrize("row", data.WEIGHTED_ALPHA.replace("\n", ";").split(";")[1:])
def test_gwets_alpha_with_every_weight(row: str) -> None:
    """Alpha with weights w is alpha with the distance 1 - w."""
    scheme, value = row.split()
    item, reader = np.nonzero(GWET.codes >= 0)
    codes = GWET.codes[item, reader]
    apart = 1 - weights_of(Scheme(scheme), GWET.positions)[np.ix_(codes, codes)]
    assert alpha_of_distances(item, apart, replicates=0).value == pytest.approx(
        float(value), abs=THREE
    )


@pytest.mark.parametrize(
    ("table", "row"),
    [
        pytest.param(table, row, id=f"{table.q} categories, {row.split()[0]}")
        for table, rows in data.TABLES
        for row in filter(str.strip, rows.split("\n"))
    ],
)
def test_gwets_tables_of_two(table: Ratings, row: str) -> None:
    scheme, *figures = row.split()
    wanted = np.array(figures, dtype=float).reshape(4, 3)
    for name, each in zip(("COHEN", "SCOTT", "GWET", "BRENNAN_PREDIGER"), wanted, strict=True):
        told = agreement(table, asked(name, weights=Scheme(scheme), student=True))
        assert told.analytic is not None
        found = (told.value, told.analytic.low, told.analytic.high)
        assert found == pytest.approx(each, abs=THREE), name


def test_weights_as_printed() -> None:
    rows = {
        Scheme.RADICAL: (0.2928932, 0.0),
        Scheme.LINEAR: (0.5, 0.0),
        Scheme.ORDINAL: (2 / 3, 0.0),
        Scheme.QUADRATIC: (0.75, 0.0),
        Scheme.CIRCULAR: (0.0, 0.0),
        Scheme.BIPOLAR: (2 / 3, 0.0),
    }
    for scheme, (one, two) in rows.items():
        weights = weights_of(scheme, [1, 2, 3])
        assert (weights[0, 1], weights[0, 2]) == pytest.approx((one, two), abs=1e-7), scheme
        assert weights[1, 2] == pytest.approx(one, abs=1e-7), scheme


# -- kappa -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("table", "weights", "value", "error", "null", "digits"), data.KAPPAS)
def test_kappas_and_their_errors(
    table: list[list[int]], weights: object, value: float, error: float, null: float, digits: int
) -> None:
    within = 0.6 * 10.0**-digits
    chosen: Scheme | Floats = Scheme.IDENTITY
    if isinstance(weights, str):
        chosen = Scheme(weights)
    elif weights is not None:
        chosen = custom_weights(weights)  # type: ignore[arg-type]
    asking = asked("COHEN", weights=chosen)
    told = agreement(Ratings.of_table(table), asking)
    near(told.value, value, within)
    near(told.error, error, within)
    of_chance = null_error(np.array(table, dtype=float), asking.table(Ratings.of_table(table)))
    near(of_chance, null, within)


def test_the_error_without_agreement_of_the_sas_table() -> None:
    table = SAS.confusion(0, 1).astype(float)
    assert null_error(table, np.eye(3)) == pytest.approx(0.1484, abs=1e-4)
    for scheme, z in ((Scheme.IDENTITY, 3.2626), (Scheme.LINEAR, 3.2971)):
        told = agreement(SAS, asked("COHEN", weights=scheme)).value
        assert told is not None
        weights = weights_of(scheme, [1, 2, 3])
        assert told / null_error(table, weights) == pytest.approx(z, abs=1e-4)


def test_six_psychiatrists_as_r_has_them() -> None:
    """R's irr: exact kappa (Conger) .442, Light's kappa (mean of the pairs) .459, Fleiss .43."""
    readers = Ratings.of_codes(DIAGNOSES.codes, DIAGNOSES.categories)
    assert agreement(readers, asked("CONGER")).value == pytest.approx(0.442, abs=5e-4)
    pairs = [pair.agreement.value for pair in reader_pairs(readers, asked("COHEN"))]
    assert np.mean(np.array(pairs, dtype=float)) == pytest.approx(0.459, abs=5e-4)
    assert [told.agreement.value for told in by_class(readers, asked("FLEISS"))] == pytest.approx(
        [0.245, 0.245, 0.520, 0.471, 0.566], abs=5e-4
    )


def test_unequal_numbers_of_answers_are_a_convention() -> None:
    """Fleiss, Levin and Paik 2003, table 18.7 (Stata's ``kappa``): .5415 with items weighed by
    their answers. Here, as in Gwet's book, every item counts alike."""
    answers = np.array([[int(figure) for figure in pair] for pair in data.UNEQUAL.split()])
    m, yes = answers.T.astype(float)
    share, mean = yes.sum() / m.sum(), m.mean()
    apart = (yes * (m - yes) / m).sum() / (len(m) * (mean - 1) * share * (1 - share))
    assert 1 - apart == pytest.approx(0.5415, abs=5.1e-5)
    told = agreement(
        Ratings.of_counts(np.stack([yes, m - yes], axis=1).astype(int)), asked("FLEISS")
    )
    by_item = np.mean((yes * (yes - 1) + (m - yes) * (m - yes - 1)) / (m * (m - 1)))
    used = np.mean(yes / m)
    chance = used**2 + (1 - used) ** 2
    assert told.value == pytest.approx((by_item - chance) / (1 - chance), abs=1e-12)
    assert told.value == pytest.approx(0.5620, abs=5.1e-5)


def test_positive_and_negative_agreement_of_the_paradox() -> None:
    """Cicchetti and Feinstein 1990: .94 and .40 where kappa is .32; .84 and .86 where it is .70."""
    for table, wanted in (
        ([[80, 10], [5, 5]], (0.914, 0.40)),
        ([[40, 9], [6, 45]], (0.842, 0.857)),
    ):
        told = by_class(Ratings.of_table(table), asked("COHEN"))
        assert [each.specific for each in told] == pytest.approx(wanted, abs=THREE)


# -- alpha -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ratings", "level", "value"),
    [
        (data.TWO_YES_NO, Level.NOMINAL, 0.095),
        (data.TWO_NAMES, Level.NOMINAL, 0.692),
        (CANONICAL, Level.NOMINAL, 0.743),
        (CANONICAL, Level.ORDINAL, 0.815),
        (CANONICAL, Level.INTERVAL, 0.849),
        (CANONICAL, Level.RATIO, 0.797),
        (data.THREE_CODERS, Level.NOMINAL, 0.691),
        (data.THREE_CODERS, Level.INTERVAL, 0.811),
        (GWET, Level.CIRCULAR, 0.790),
    ],
)
def test_krippendorff_2011(ratings: Ratings, level: Level, value: float) -> None:
    assert agreement(ratings, asked("ALPHA", level=level)).value == pytest.approx(value, abs=5e-4)


# -- measurements ------------------------------------------------------------------------------


def test_mean_squares_of_shrout_and_fleiss() -> None:
    found = MeanSquares.of(SHROUT_FLEISS[None])
    squares = (found.items, found.within, found.readers, found.error)
    assert [float(each[0]) for each in squares] == pytest.approx(
        [11.2417, 6.2639, 32.4861, 1.0194], abs=1e-4
    )


@pytest.mark.parametrize(
    ("values", "kind", "value", "low", "high", "p"),
    [
        # Shrout and Fleiss's table in R's psych.
        (SHROUT_FLEISS, K.ONE_SINGLE, 0.17, -0.133, 0.72, 0.16477),
        (SHROUT_FLEISS, K.RANDOM_SINGLE, 0.29, 0.019, 0.76, 0.00013),
        (SHROUT_FLEISS, K.FIXED_SINGLE, 0.71, 0.342, 0.95, 0.00013),
        (SHROUT_FLEISS, K.ONE_MEAN, 0.44, -0.884, 0.91, 0.16477),
        (SHROUT_FLEISS, K.RANDOM_MEAN, 0.62, 0.071, 0.93, 0.00013),
        (SHROUT_FLEISS, K.FIXED_MEAN, 0.91, 0.676, 0.99, 0.00013),
        # Wines.
        (data.WINES, K.ONE_SINGLE, 0.728, 0.43, 0.93, 0.000002),
        (data.WINES, K.RANDOM_SINGLE, 0.728, 0.43, 0.93, 0.000005),
        (data.WINES, K.FIXED_SINGLE, 0.729, 0.43, 0.93, 0.000005),
        (data.WINES, K.ONE_MEAN, 0.914, 0.75, 0.98, 0.000002),
        (data.WINES, K.RANDOM_MEAN, 0.914, 0.75, 0.98, 0.000005),
        (data.WINES, K.FIXED_MEAN, 0.915, 0.75, 0.98, 0.000005),
        # Anxiety: consistency and agreement, as R's irr prints them.
        (data.ANXIETY, K.FIXED_SINGLE, 0.216, -0.046, 0.522, 0.0562),
        (data.ANXIETY, K.RANDOM_SINGLE, 0.198, -0.039, 0.494, nan),
        (data.ANXIETY, K.ONE_SINGLE, 0.175, -0.077, 0.484, 0.0939),
    ],
)
def test_intraclass_correlations(
    values: Floats, kind: Correlation, value: float, low: float, high: float, p: float
) -> None:
    told = intraclass_correlation(values, kind, replicates=0)
    assert told.analytic is not None and told.interval is not None
    assert told.value == pytest.approx(value, abs=5.1e-3 if values is SHROUT_FLEISS else 6e-4)
    assert (told.analytic.low, told.analytic.high) == pytest.approx((low, high), abs=5.1e-3)
    assert (told.interval == told.analytic) == (not kind.value.startswith("ICC(2"))
    if not math.isnan(p):
        assert told.p_value == pytest.approx(p, rel=0.1)


def test_mcgraw_and_wong_1996() -> None:
    """(2, 4), (4, 6), (6, 8): consistent throughout, two thirds in agreement."""
    pairs = np.array([[2.0, 4.0], [4.0, 6.0], [6.0, 8.0]])
    consistent = intraclass_correlation(pairs, K.FIXED_SINGLE, replicates=0)
    agreed = intraclass_correlation(pairs, K.RANDOM_SINGLE, replicates=0)
    assert consistent.value == pytest.approx(1.0)
    assert agreed.value == pytest.approx(2 / 3)
    assert consistent.interval is None and "no interval" in consistent.text


def test_bland_and_altman_1999() -> None:
    """85 people, systolic pressure by a human and a machine: bias -16.29, deviation 19.61."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=85)
    difference = -16.29 + 19.61 * (z - z.mean()) / z.std(ddof=1)
    told = limits_of_agreement(120 + difference, np.full(85, 120.0))
    assert told.bias_interval and told.low_interval and told.high_interval
    assert (told.low, told.high) == pytest.approx((-54.7, 22.1), abs=0.06)
    assert (told.low_interval.low, told.low_interval.high) == pytest.approx(
        (-61.9, -47.5), abs=0.15
    )
    assert (told.high_interval.low, told.high_interval.high) == pytest.approx(
        (14.9, 29.3), abs=0.15
    )


# -- shares and the watch ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # Newcombe 1998, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (9, 10, 0.5958, 0.9821),
        (20, 20, 0.8389, 1.0),
    ],
)
def test_wilson(successes: int, trials: int, low: float, high: float) -> None:
    told = wilson(successes, trials)
    assert told is not None
    assert (told.low, told.high) == pytest.approx((low, high), abs=5.1e-5)


def test_the_watch_is_walds() -> None:
    """Wald 1947: share of defects .1 or .3, risks .02 and .03: slope .186, lines at -2.58, 2.87."""
    watch = AccuracyWatch(good=0.9, poor=0.7, false_alarm=0.02, missed=0.03)
    wrong, right = watch.steps
    assert -right / (wrong - right) == pytest.approx(0.186, abs=5e-4)
    assert watch.good_at / (wrong - right) == pytest.approx(-2.58, abs=5e-3)
    assert watch.alert_at / (wrong - right) == pytest.approx(2.875, abs=5e-3)
    usual = AccuracyWatch()
    assert (usual.good, usual.poor, usual.false_alarm, usual.missed) == (0.9, 0.7, 0.05, 0.1)
    assert (usual.alert_at, usual.good_at) == pytest.approx((math.log(18), math.log(0.1 / 0.95)))


@pytest.mark.parametrize(("accuracy", "most"), [(0.9, 0.05 / 0.9), (0.7, 0.1 / 0.95)])
def test_the_watch_is_wrong_no_oftener_than_it_says(accuracy: float, most: float) -> None:
    """Wald's bounds, over the first test that ends; 600 readers."""
    rng = np.random.default_rng(3)
    wrong = 0
    for _reader in range(600):
        told = watch_accuracy(rng.random(120) < accuracy)
        first_good = int(np.argmax(told.path <= AccuracyWatch().good_at)) + 1
        passed_first = told.passed > 0
        alarm = told.verdict is Verdict.ALERT and not (
            passed_first and first_good < told.alert_after
        )
        wrong += alarm if accuracy == 0.9 else passed_first
    assert wrong / 600 <= most + 0.02
