"""The reasons of an item add up to its log-odds, and the winner on known answers is named."""

from __future__ import annotations

import math

import numpy as np
import pytest

from desktop.engines.rules.evidence import SHARES, explain, item_log_odds
from desktop.engines.rules.label_model import LabelModelOptions, fit_label_model
from desktop.engines.rules.model_contest import compare_with_majority
from desktop.engines.rules.rule_hearing import Blind
from desktop.engines.votes import Votes
from tests.engines.made_rules import detectors, independent, table_of, votes_of, with_gold


def made(kind: str) -> tuple[Votes, LabelModelOptions]:
    if kind == "detectors":
        votes = detectors(500, (1, 1, 1, 0, 0, 0), seed=1)[2]
        silent = np.flatnonzero(table_of(votes)[:, 0] < 0)[::2]
        return votes, LabelModelOptions(blind=Blind(silent, np.zeros(silent.size, dtype=int)))
    if kind == "two rules":
        return votes_of(table_of(independent(200, 6, 2, seed=2)[2])[:, :2], 2), LabelModelOptions()
    k = 3 if kind == "three classes" else 2
    return independent(500, 6, k, seed=3, copies=2)[2], LabelModelOptions()


@pytest.mark.parametrize("kind", ["two classes", "three classes", "detectors", "two rules"])
def test_reasons_add_up_to_the_log_odds(kind: str) -> None:
    votes, options = made(kind)
    model = fit_label_model(votes, options)
    at_once, first, second = item_log_odds(votes, model)
    for item in range(0, votes.n_items, 7):
        found = explain(votes, model, item)
        chance = model.probability[item].astype(float)
        if not model.no_evidence[item] and chance[found.second] > 1e-6:
            expected = math.log(chance[found.first] / chance[found.second])
            assert found.log_odds == pytest.approx(expected, abs=2e-4)
        assert found.log_odds == pytest.approx(sum(r.log_odds for r in found.reasons), abs=1e-12)
        assert abs(at_once[item]) == pytest.approx(abs(found.log_odds), abs=1e-9)
        assert {int(first[item]), int(second[item])} == {found.first, found.second}
        assert found.reasons[0].rule == SHARES


def test_the_silence_of_a_detector_is_a_reason_but_not_where_it_could_not_look() -> None:
    votes, options = made("detectors")
    model = fit_label_model(votes, options)
    blind = options.blind
    assert blind is not None
    spoken_about = np.flatnonzero(model.n_votes > 0)
    hidden = int(np.intersect1d(blind.item, spoken_about)[0])
    silent = {r.rule for r in explain(votes, model, hidden).reasons if r.vote < 0}
    assert 0 not in silent
    looked = [i for i in spoken_about if i not in set(blind.item.tolist())]
    item = next(int(i) for i in looked if table_of(votes)[i, 0] < 0)
    assert 0 in {r.rule for r in explain(votes, model, item).reasons if r.vote < 0}


def test_without_votes_only_the_shares_speak() -> None:
    table = table_of(detectors(300, (1, 1, 0, 0), seed=4)[2])
    table[0] = -1
    votes = votes_of(table, 2)
    found = explain(votes, fit_label_model(votes), 0)
    assert [r.rule for r in found.reasons] == [SHARES]


def test_a_known_answer_is_explained_by_the_votes_all_the_same() -> None:
    truth, _, votes = independent(300, 5, 2, seed=5)
    votes = with_gold(votes, 1 - truth, np.arange(50))
    model = fit_label_model(votes)
    for item in range(50):
        found = explain(votes, model, item)
        assert found.known
        assert found.first == 1 - truth[item]


def test_the_label_model_wins_where_copies_outvote_the_others() -> None:
    truth, _, votes = independent(3_000, 20, 2, seed=1, copies=5)
    found = compare_with_majority(with_gold(votes, truth, np.arange(200)))
    assert found.winner == "model"
    assert found.sentence.startswith("The label model wins. On ")
    assert found.asked <= 200
    assert found.model_interval is not None and found.majority_interval is not None
    assert found.model_interval.low > found.majority_right / found.asked


def test_when_the_majority_wins_it_says_so() -> None:
    """Three rules share their mistakes so closely that learning believes them alone."""
    random = np.random.default_rng(6)
    n = 2_000
    truth = random.integers(0, 2, n)
    poor = np.where(random.random(n) < 0.6, truth, 1 - truth)
    table = np.zeros((n, 7), dtype=int)
    for j in range(3):
        table[:, j] = poor
    for j in range(3, 7):
        table[:, j] = np.where(random.random(n) < 0.8, truth, 1 - truth)
    votes = with_gold(votes_of(table, 2), truth, np.arange(300))
    found = compare_with_majority(votes, LabelModelOptions(weigh=False))
    assert found.winner == "majority"
    assert found.sentence.startswith("The plain majority wins.")


def test_without_known_answers_nobody_wins() -> None:
    _, _, votes = independent(200, 5, 2, seed=7)
    found = compare_with_majority(votes)
    assert (found.winner, found.asked) == ("", 0)
    assert "can't be told" in found.sentence
    assert found.model_interval is None


def test_few_known_answers_are_no_clear_win() -> None:
    truth, _, votes = independent(500, 8, 2, seed=8)
    found = compare_with_majority(with_gold(votes, truth, np.arange(12)))
    assert found.winner == ""
    assert found.chance > 0.05
