"""Whether 95 % intervals hold the truth 95 times of 100: default intervals, simulated studies.

The worlds are made of readers who err at known rates; the truth of a world is the coefficient of
very many items. The short test takes the usual case and a rare finding; the long one every
coefficient, with 30 to 200 items.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pytest

from desktop.engines.agreement.agreement import Asking, Coefficient, agreement
from desktop.engines.agreement.alpha import Level
from desktop.engines.agreement.alpha_distances import alpha_of_distances
from desktop.engines.agreement.measurement_agreement import (
    Correlation,
    intraclass_correlation,
    limits_of_agreement,
)
from desktop.engines.agreement.ratings import Ratings
from desktop.engines.agreement.weights import Scheme
from desktop.engines.preference.bradley_terry import RankingOptions, fit
from desktop.engines.proportions import wilson
from tests.engines.made_preferences import made_up

C = Coefficient
Draw = Callable[[np.random.Generator, int, int], Ratings]


def named(rng: np.random.Generator, n: int, readers: int) -> Ratings:
    """Three classes of unequal share; 85 % of answers are right, the others anything."""
    true = rng.choice(3, n, p=[0.55, 0.3, 0.15])
    right = rng.random((n, readers)) < 0.85
    return Ratings.of_codes(np.where(right, true[:, None], rng.integers(0, 3, (n, readers))), 3)


def with_gaps(rng: np.random.Generator, n: int, readers: int) -> Ratings:
    codes = named(rng, n, readers).codes.copy()
    codes[rng.random(codes.shape) < 0.2] = -1
    return Ratings.of_codes(codes, 3)


def yes_no(share: float, sensitivity: float, specificity: float) -> Draw:
    def draw(rng: np.random.Generator, n: int, readers: int) -> Ratings:
        true = rng.random(n) < share
        chance = np.where(true[:, None], sensitivity, 1 - specificity)
        return Ratings.of_codes((rng.random((n, readers)) < chance).astype(int), 2)

    return draw


def graded(rng: np.random.Generator, n: int, readers: int) -> Ratings:
    """Five grades of something measured with error."""
    seen = rng.normal(size=n)[:, None] + rng.normal(0, 0.5, (n, readers))
    return Ratings.of_codes(np.digitize(seen, [-1, -0.3, 0.3, 1]), 5)


WORLDS: dict[str, Draw] = {
    "three classes": named,
    "gaps": with_gaps,
    "half": yes_no(0.5, 0.9, 0.9),
    "10 %": yes_no(0.1, 0.85, 0.95),
    "5 %": yes_no(0.05, 0.9, 0.98),
    "2 %": yes_no(0.02, 0.9, 0.99),
    "nearly perfect": yes_no(0.3, 0.99, 0.99),
    "grades": graded,
}
BY_NAME = [Asking(c, replicates=0) for c in C]
BY_GRADE = [
    Asking(C.COHEN, weights=Scheme.QUADRATIC, replicates=0),
    Asking(C.FLEISS, weights=Scheme.LINEAR, replicates=0),
    Asking(C.GWET, weights=Scheme.LINEAR, replicates=0),
    *(Asking(C.ALPHA, level=level, replicates=0) for level in Level if level is not Level.NOMINAL),
]


@lru_cache(maxsize=64)
def truth(world: str, readers: int, asking_name: str, items: int) -> float:
    asking = next(a for a in BY_NAME + BY_GRADE if a.name == asking_name)
    value = agreement(WORLDS[world](np.random.default_rng(1), items, readers), asking).value
    assert value is not None
    return value


def coverage(
    world: str, asking: Asking, runs: int, n: int, readers: int, items: int = 1_000_000
) -> float:
    """Share of the studies with an interval whose interval holds the truth."""
    wanted = truth(world, readers, asking.name, items)
    rng = np.random.default_rng(11)
    held = counted = 0
    for _ in range(runs):
        told = agreement(WORLDS[world](rng, n, readers), asking)
        if told.interval is not None:
            held, counted = held + (wanted in told.interval), counted + 1
    assert counted > 0.6 * runs, "too many studies without the finding"
    return held / counted


@pytest.mark.parametrize(
    ("coefficient", "world"),
    [
        (C.ALPHA, "three classes"),
        (C.GWET, "three classes"),
        (C.FLEISS, "three classes"),
        (C.FLEISS, "5 %"),
    ],
)
def test_a_95_percent_interval_holds_the_truth_95_times_of_100(
    coefficient: Coefficient, world: str
) -> None:
    """1,000 studies of 100 items: 93 to 97 %."""
    asking = Asking(coefficient, replicates=0)
    assert 0.93 <= coverage(world, asking, 1000, 100, 3, 300_000) <= 0.97


@pytest.mark.long
@pytest.mark.parametrize("n", [30, 50, 100, 200])
@pytest.mark.parametrize("world", list(WORLDS))
def test_every_coefficient_in_every_world(world: str, n: int) -> None:
    """At n = 100 and more 93 to 97 % (to 98.5 % where hardly a disagreement is seen); with fewer
    items never below 91 %, but for findings of which a study holds one or none."""
    rare = {"2 %": 0.02, "5 %": 0.05, "10 %": 0.1, "nearly perfect": 0.05}.get(world, 1.0) * n
    low = 0.93 if n >= 100 else 0.91
    high = 0.985 if rare <= 10 else 0.97 if n >= 100 else 0.98
    if rare < 1.5:
        low, high = 0.85, 1.0
    for readers in (2, 3):
        for asking in BY_GRADE if world == "grades" else BY_NAME:
            if readers != 2 and asking.coefficient in (C.COHEN, C.SCOTT):
                continue
            found = coverage(world, asking, 1000, n, readers)
            assert low - 0.005 <= found <= high + 0.01, (asking.name, readers, found)


def of_patients(
    rng: np.random.Generator, patients: int, readers: int, share: float
) -> tuple[Ratings, npt.NDArray[np.int64]]:
    """One to five items per patient, mostly alike; three patients in ten are hard to read."""
    patient = np.repeat(np.arange(patients), rng.integers(1, 6, patients))
    n = patient.size
    own = rng.random(patients) < share
    true = np.where(rng.random(n) < 0.8, own[patient], rng.random(n) < share)
    wrong = np.where(rng.random(patients) < 0.3, 0.25, 0.04)[patient]
    said = true[:, None] ^ (rng.random((n, readers)) < wrong[:, None])
    return Ratings.of_codes(said.astype(int), 2), patient


def coverage_by_patient(asking: Asking, patients: int, share: float, runs: int) -> float:
    readers = 2 if asking.coefficient in (C.COHEN, C.SCOTT) else 3
    wanted = agreement(
        of_patients(np.random.default_rng(0), 100_000, readers, share)[0], asking
    ).value
    assert wanted is not None
    rng, held, counted = np.random.default_rng(1), 0, 0
    for _ in range(runs):
        ratings, patient = of_patients(rng, patients, readers, share)
        told = agreement(ratings, asking, clusters=patient)
        if told.interval is not None:
            held, counted = held + (wanted in told.interval), counted + 1
    return held / counted


def test_an_interval_by_patient_holds() -> None:
    """100 patients with 300 items: without the patients, the interval holds 90 of 100 times."""
    assert 0.92 <= coverage_by_patient(Asking(C.COHEN, replicates=0), 100, 0.3, 400) <= 0.98


@pytest.mark.long
@pytest.mark.parametrize("patients", [30, 100])
@pytest.mark.parametrize("share", [0.05, 0.3])
def test_every_interval_by_patient_holds(patients: int, share: float) -> None:
    for asking in BY_NAME:
        found = coverage_by_patient(asking, patients, share, 1000)
        assert 0.915 <= found <= 0.975, (asking.name, found)


@pytest.mark.long
@pytest.mark.parametrize("kind", list(Correlation))
@pytest.mark.parametrize(("k", "readers"), [(2, 0.5), (4, 0.02), (4, 0.5), (4, 2.0)])
def test_intraclass_correlations_hold(kind: Correlation, k: int, readers: float) -> None:
    """Readers (variance ``readers``) are drawn anew for each study."""
    rng = np.random.default_rng(2)
    items, rest = 4.0, 1.0
    held = 0
    random_readers = kind in (Correlation.RANDOM_SINGLE, Correlation.RANDOM_MEAN)
    one_way = kind in (Correlation.ONE_SINGLE, Correlation.ONE_MEAN)
    noise = rest + readers if one_way else rest
    single = items / (items + noise + (readers if random_readers else 0))
    mean = kind in (Correlation.ONE_MEAN, Correlation.RANDOM_MEAN, Correlation.FIXED_MEAN)
    wanted = k * single / (1 + (k - 1) * single) if mean else single
    for _ in range(1000):
        table = rng.normal(0, items**0.5, (100, 1)) + rng.normal(0, noise**0.5, (100, k))
        if not one_way:
            table = table + rng.normal(0, readers**0.5, (1, k))
        told = intraclass_correlation(table, kind, replicates=0)
        held += told.interval is not None and wanted in told.interval
    assert 0.93 <= held / 1000 <= 0.97


@pytest.mark.long
def test_limits_bias_shares_and_distances_hold() -> None:
    rng = np.random.default_rng(3)
    inside = np.zeros(3)
    for _ in range(1000):
        difference = rng.normal(2.0, 5.0, 100)
        told = limits_of_agreement(difference, np.zeros(100))
        assert told.bias_interval and told.low_interval and told.high_interval
        inside += [
            2.0 in told.bias_interval,
            2.0 - 1.96 * 5 in told.low_interval,
            2.0 + 1.96 * 5 in told.high_interval,
        ]
    assert ((inside / 1000 >= 0.93) & (inside / 1000 <= 0.97)).all()
    for share in (0.5, 0.9, 0.97):
        told_shares = [wilson(int(rng.binomial(100, share)), 100) for _ in range(4000)]
        held = np.mean([share in each for each in told_shares if each is not None])
        assert 0.93 <= held <= 0.975, share


@pytest.mark.long
def test_alpha_of_distances_holds() -> None:
    """Places on a line, three readers each; the distance is cut at 1."""

    def study(rng: np.random.Generator, n: int) -> float | object:
        places = np.repeat(rng.random(n) * 3, 3) + rng.normal(0, 0.2, 3 * n)
        apart = np.minimum(1.0, np.abs(places[:, None] - places))
        return alpha_of_distances(np.repeat(np.arange(n), 3), apart, replicates=0)

    wanted = study(np.random.default_rng(0), 1500).value  # type: ignore[attr-defined]
    rng = np.random.default_rng(4)
    held = [wanted in study(rng, 100).interval for _ in range(1000)]  # type: ignore[union-attr, attr-defined]
    assert 0.93 <= np.mean(held) <= 0.97


@pytest.mark.long
def test_intervals_of_worths_hold() -> None:
    held = []
    for seed in range(1000):
        scale, data = made_up(6, 300, seed=seed, spread=0.7)
        intervals = fit(data, RankingOptions(position=False)).intervals()
        assert intervals is not None
        low, high = intervals.T
        held.append(np.mean((low <= scale) & (scale <= high)))
    assert 0.93 <= np.mean(held) <= 0.97
