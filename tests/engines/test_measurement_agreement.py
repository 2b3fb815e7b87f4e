"""Intraclass correlation and limits of agreement: published values, and what has none."""

from __future__ import annotations

import numpy as np
import pytest

from desktop.engines.agreement.measurement_agreement import (
    Correlation,
    intraclass_correlation,
    limits_of_agreement,
)
from tests.engines.published import PEAK_FLOW_LARGE, PEAK_FLOW_MINI, SHROUT_FLEISS

K = Correlation


@pytest.mark.parametrize(
    ("kind", "value", "interval"),
    [
        (K.ONE_SINGLE, 0.165742, None),
        (K.RANDOM_SINGLE, 0.289764, (0.02, 0.76)),
        (K.FIXED_SINGLE, 0.714841, (0.34, 0.95)),
        (K.ONE_MEAN, 0.442797, None),
        (K.RANDOM_MEAN, 0.620051, None),
        (K.FIXED_MEAN, 0.909316, None),
    ],
)
def test_shrout_and_fleiss(
    kind: Correlation, value: float, interval: tuple[float, float] | None
) -> None:
    told = intraclass_correlation(SHROUT_FLEISS, kind, replicates=0)
    assert told.value == pytest.approx(value, abs=1e-6)
    if interval is not None:
        assert told.analytic is not None
        assert (round(told.analytic.low, 2), round(told.analytic.high, 2)) == interval


def test_bland_and_altman_1986() -> None:
    told = limits_of_agreement(PEAK_FLOW_LARGE, PEAK_FLOW_MINI)
    assert told.bias == pytest.approx(-2.1, abs=0.05)
    assert told.deviation == pytest.approx(38.8, abs=0.05)
    # The paper takes two standard deviations: -79.7 and 75.5; with 1.96 the limits are narrower.
    assert told.low == pytest.approx(-2.1 - 1.96 * 38.8, abs=0.15)
    assert told.high == pytest.approx(-2.1 + 1.96 * 38.8, abs=0.15)
    assert told.bias_interval is not None
    assert told.bias_interval.low == pytest.approx(-22.0, abs=0.1)
    assert told.bias_interval.high == pytest.approx(17.8, abs=0.1)


def test_order_of_readers_and_units_mean_nothing() -> None:
    told = intraclass_correlation(SHROUT_FLEISS, replicates=0)
    turned = intraclass_correlation(SHROUT_FLEISS[::-1, [2, 0, 3, 1]] * 25.4, replicates=0)
    assert turned.value == pytest.approx(told.value, abs=1e-12)


def test_incomplete_rows_are_left_out_and_counted() -> None:
    gaps = np.vstack([SHROUT_FLEISS, [1.0, np.nan, 2.0, 3.0]])
    told = intraclass_correlation(gaps, replicates=0)
    assert told.value == pytest.approx(0.289764, abs=1e-6)
    assert told.dropped[0].items == (6,)


@pytest.mark.parametrize("values", [[[1.0, 2.0]], [[5.0, 5.0]] * 4, [[1.0], [2.0], [3.0]]])
def test_where_there_is_no_correlation_it_says_why(values: list[list[float]]) -> None:
    told = intraclass_correlation(values)
    assert told.value is None
    assert told.undefined


def test_two_pairs_have_no_limits() -> None:
    assert limits_of_agreement([1.0, 2.0], [1.5, 2.5]).undefined.startswith("Fewer than three")
