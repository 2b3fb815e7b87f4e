"""Automation bias and time saved: counted as defined, with intervals that say how sure."""

from __future__ import annotations

import math
from collections.abc import Hashable

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from desktop.engines.gold.help_effect import HelpItem, effect, effects_by, time_saved


def item(blind: Hashable, suggested: Hashable, final: Hashable, reader: str = "a") -> HelpItem:
    return HelpItem(reader, "model", "case", "about", blind, suggested, final, truth=1)


def test_only_right_answers_that_met_a_wrong_suggestion_can_be_misled() -> None:
    items = [
        item(1, 0, 0),  # misled
        item(1, 0, 1),  # withstood
        item(1, 0, 2),  # became wrong, but in its own way
        item(1, 1, 0),  # no fault of the suggestion
        item(0, 1, 1),  # corrected
        item(0, 1, 0),  # stayed wrong
        item(0, 0, 0),  # both wrong
    ]
    found = effect("all", items)
    assert (found.misled.count, found.misled.of) == (1, 3)
    assert (found.corrected.count, found.corrected.of) == (1, 2)
    assert (found.right_before.count, found.right_after.count) == (4, 2)
    low, high = proportion_confint(1, 3, method="wilson")
    assert found.misled.interval is not None
    assert (found.misled.interval.low, found.misled.interval.high) == pytest.approx((low, high))


def test_nothing_counted_is_no_zero() -> None:
    found = effect("none", [])
    assert found.misled.words == "not enough data" and math.isnan(found.misled.value)


def test_groups_come_with_the_most_misled_first() -> None:
    items = [item(1, 0, 1, "a"), item(1, 0, 0, "b"), item(1, 0, 1, "b")]
    assert [e.name for e in effects_by(items, lambda i: i.reader)] == ["b", "a"]


def test_time_saved_is_welch_on_means() -> None:
    random = np.random.default_rng(3)
    without, helped = random.normal(300, 40, 12), random.normal(220, 60, 9)
    found = time_saved(without, helped)
    other = stats.ttest_ind(without, helped, equal_var=False).confidence_interval(0.95)
    assert found.minutes == pytest.approx((without.mean() - helped.mean()) * 9 / 60)
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx(
        (other.low * 9 / 60, other.high * 9 / 60)
    )
    assert "saved" in found.words
    assert "cost" in time_saved(helped, without).words


def test_few_cases_tell_nothing() -> None:
    found = time_saved([100.0] * 4, [50.0] * 9)
    assert found.minutes is None and "Not enough data: 4 cases" in found.words
    assert time_saved([100.0] * 5, [50.0] * 5).minutes == pytest.approx(250 / 60)


def test_the_interval_holds_what_it_says() -> None:
    random = np.random.default_rng(11)
    hits = 0
    for _ in range(400):
        found = time_saved(random.gamma(4, 60, 20), random.gamma(4, 50, 30))
        assert found.interval is not None
        hits += (240 - 200) * 30 / 60 in found.interval
    assert 0.92 <= hits / 400 <= 0.98
