"""Scores on gold with interval and alert; the same answer twice."""

from __future__ import annotations

import numpy as np
import pytest

from desktop.engines.consensus.consensus import fit_predict
from desktop.engines.gold.gold_scores import (
    GoldAnswer,
    doubts,
    same_answer_twice,
    score_answers,
    score_votes,
)
from desktop.engines.proportions import AccuracyWatch, Verdict
from desktop.engines.votes import Votes
from tests.engines.made_votes import anaesthetists


def given(reader: str, marks: str) -> list[GoldAnswer]:
    """One answer per letter: + right, - wrong."""
    return [
        GoldAnswer(
            reader_id=reader,
            case_id=f"g{i}",
            right=mark == "+",
            concept="nodule" if i % 2 else "effusion",
            difficulty="hard" if i >= 5 else "",
        )
        for i, mark in enumerate(marks)
    ]


def test_accuracy_has_a_wilson_interval() -> None:
    found = score_answers(given("r", "+++++++++-"))["r"]
    assert (found.accuracy.right, found.accuracy.asked, found.accuracy.value) == (9, 10, 0.9)
    interval = found.accuracy.interval
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((0.5958, 0.9821), abs=1e-4)
    assert found.missed == ("g9",)
    assert found.by_concept["nodule"].right == 4 and found.by_concept["effusion"].right == 5
    assert list(found.by_difficulty) == ["hard"] and found.by_difficulty["hard"].asked == 5


def test_the_careless_reader_raises_an_alert_and_the_careful_one_does_not() -> None:
    found = score_answers([*given("good", "+" * 40), *given("poor", "+-+--++--")])
    assert found["good"].watch.verdict is not Verdict.ALERT
    assert found["good"].watch.passed >= 1
    assert found["poor"].watch.verdict is Verdict.ALERT
    strict = AccuracyWatch(good=0.99, poor=0.9)
    assert score_answers(given("r", "+-"), strict)["r"].watch.verdict is Verdict.OPEN
    assert score_answers(given("r", "+--"), strict)["r"].watch.verdict is Verdict.ALERT


def test_only_the_first_answer_counts() -> None:
    found = score_answers([*given("r", "--"), *given("r", "++")])["r"]
    assert (found.accuracy.right, found.accuracy.asked) == (0, 2)


def test_votes_are_scored_on_what_is_known() -> None:
    votes = Votes.from_triplets(
        [("a", "r", "x"), ("b", "r", "x"), ("a", "s", "y"), ("c", "s", "y")],
        labels=("x", "y"),
        gold={"a": "x", "b": "y"},
    )
    found = score_votes(votes)
    assert found["r"].accuracy.value == 0.5 and found["r"].missed == ("b",)
    assert found["s"].accuracy.value == 0
    assert score_votes(votes.without_gold()) == {}


def test_a_consensus_that_believes_too_much_is_doubted() -> None:
    """Three copies of one careless reader convince a consensus that was not told the truth."""
    random = np.random.default_rng(3)
    truth = random.integers(0, 2, 200)
    careless = np.where(random.random(200) < 0.6, truth, 1 - truth)
    careful = np.where(random.random(200) < 0.95, truth, 1 - truth)
    label = np.stack((careless, careless, careless, careful), axis=1).ravel()
    votes = Votes.from_arrays(
        np.repeat(np.arange(200), 4), np.tile(np.arange(4), 200), label, gold=truth
    )
    found = doubts(votes, fit_predict(votes.without_gold()))
    assert len(found) == 4
    assert found[0].startswith("Rater 0: right in ") and "Dawid-Skene believes" in found[0]
    assert doubts(votes, fit_predict(votes)) == ()


def test_the_same_answer_twice() -> None:
    votes = Votes.from_triplets(
        [
            ("a", "r", "x"),
            ("a", "s", "x"),
            ("b", "r", "x"),
            ("a", "r", "x"),
            ("b", "r", "y"),
            ("b", "r", "x"),
        ]
    )
    found = same_answer_twice(votes)
    assert set(found) == {"r"}
    assert (found["r"].right, found["r"].asked) == (2, 3)


def test_the_first_anaesthetist_repeats_himself() -> None:
    found = same_answer_twice(anaesthetists())
    assert set(found) == {"0"} and found["0"].asked == 90
    same = sum(int(a == b) for a, b in _readings())
    assert found["0"].right == same


def _readings() -> list[tuple[int, int]]:
    """First reading of each patient with the second and the third."""
    label = anaesthetists().label.reshape(45, 7)
    return [(row[0], row[i]) for row in label.tolist() for i in (1, 2)]
