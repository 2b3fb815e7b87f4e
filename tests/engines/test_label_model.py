"""The label model: better than counting, not fooled by copies, and honest about little evidence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.domain.contracts import Progress
from desktop.domain.errors import Cancelled, UserError
from desktop.engines.rules.dependency_weights import find_dependencies
from desktop.engines.rules.label_model import LabelModelOptions, fit_label_model, without_rule
from desktop.engines.rules.rule_figures import rule_figures
from desktop.engines.rules.rule_hearing import Blind
from desktop.engines.votes import Votes
from tests.engines.made_rules import (
    copiers,
    detectors,
    independent,
    table_of,
    votes_of,
    with_gold,
)

SEEDS = (1, 2, 3)


def share_right(label: np.ndarray, truth: np.ndarray, votes: Votes) -> float:
    voted = votes.per_item() > 0
    return float((label == truth)[voted].mean())


@pytest.mark.parametrize("k", [2, 4])
def test_independent_rules_are_told_apart(k: int) -> None:
    model_share, plain_share = [], []
    for seed in SEEDS:
        truth, accuracy, votes = independent(20_000, 20, k, seed=seed)
        model = fit_label_model(votes)
        assert model.dependencies.groups() == ()
        assert np.abs(model.accuracy - accuracy).max() < 0.05
        model_share.append(share_right(model.label, truth, votes))
        plain_share.append(share_right(model.majority.label, truth, votes))
    assert np.mean(model_share) > np.mean(plain_share) + (0.015 if k == 2 else 0.004)
    assert np.mean(model_share) > (0.94 if k == 2 else 0.975)


@pytest.mark.parametrize("k", [2, 4])
def test_copies_are_found_and_share_one_vote(k: int) -> None:
    """Five rules that copy the weakest one: plain learning falls for them, shared votes do not."""
    gain, shares = [], []
    for seed in SEEDS:
        truth, accuracy, votes = independent(20_000, 20, k, seed=seed, copies=5)
        model = fit_label_model(votes)
        plain = fit_label_model(votes, LabelModelOptions(weigh=False))
        group = sorted([*copiers(accuracy, 5), int(accuracy.argmin())])
        assert model.dependencies.groups() == (tuple(group),)
        right = share_right(model.label, truth, votes)
        gain.append(right - share_right(plain.label, truth, votes))
        assert right > share_right(model.majority.label, truth, votes) + 0.05
        shares.append(right)
    assert np.mean(gain) > 0.10
    assert np.mean(shares) > 0.92


@pytest.mark.parametrize("rate", [0.5, 0.7])
@pytest.mark.parametrize("n", [500, 5_000])
def test_looser_copies_still_cost_less(rate: float, n: int) -> None:
    gain = []
    for seed in range(3):
        truth, _, votes = independent(n, 20, 2, seed=seed, copies=5, rate=rate)
        weighed = fit_label_model(votes)
        plain = fit_label_model(votes, LabelModelOptions(weigh=False))
        gain.append(
            share_right(weighed.label, truth, votes) - share_right(plain.label, truth, votes)
        )
    assert np.mean(gain) > 0.05


@pytest.mark.parametrize("m", [3, 5, 8])
def test_few_independent_rules_are_not_called_copies(m: int) -> None:
    flagged = [find_dependencies(independent(2_000, m, 2, seed=s)[2]).groups() for s in range(8)]
    flagged += [
        find_dependencies(detectors(2_000, [1] * (m - 1) + [0], seed=s)[2]).groups()
        for s in range(8)
    ]
    assert sum(map(bool, flagged)) <= 1


def test_a_copy_among_four_detectors_is_found() -> None:
    for seed in range(5):
        table = table_of(detectors(2_000, [1, 1, 0, 0], seed=seed)[2])
        copied = np.random.default_rng(seed).random(2_000) < 0.9
        table[copied, 1] = table[copied, 0]
        assert find_dependencies(votes_of(table, 2)).groups() == ((0, 1),)


def test_rules_that_never_meet_are_not_copies() -> None:
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, 4_000)
    table = np.full((4_000, 6), -1)
    for j in range(6):
        part = np.arange(4_000) % 6 == j
        extra = random.random(4_000) < 0.02
        right = random.random(4_000) < 0.8
        table[part | extra, j] = np.where(right, truth, 1 - truth)[part | extra]
    assert find_dependencies(votes_of(table, 2)).groups() == ()


def test_a_person_joins_and_splits_groups() -> None:
    _, accuracy, votes = independent(5_000, 8, 2, seed=4, copies=1)
    weakest, copier = int(accuracy.argmin()), copiers(accuracy, 1)[0]
    assert find_dependencies(votes).groups() == (tuple(sorted((weakest, copier))),)
    assert find_dependencies(votes, apart=[(copier, weakest)]).groups() == ()
    others = [j for j in range(8) if j not in (weakest, copier)][:2]
    joined = find_dependencies(votes, together=[(others[0], others[1])], apart=[(weakest, copier)])
    assert joined.groups() == (tuple(others),)
    assert joined.weight[others[0]] == 0.5


@pytest.mark.parametrize(
    "says", [(1, 1, 1, 0, 0, 0), (1, 1, 0, 0), (1, 0, 0, 0, 0, 0), (1, 1, 1, 0)]
)
def test_rules_that_only_ever_say_one_thing(says: tuple[int, ...]) -> None:
    """Most rules without code do: "yes" where the word stands in the report, else silent."""
    model_share, plain_share, error = [], [], []
    for seed in range(4):
        truth, precision, votes = detectors(8_000, says, seed=seed)
        model = fit_label_model(votes)
        model_share.append(share_right(model.label, truth, votes))
        plain_share.append(share_right(model.majority.label, truth, votes))
        error.append(np.abs(model.accuracy - precision).max())
    assert np.mean(model_share) > np.mean(plain_share) + 0.04
    assert np.mean(error) < 0.05


def test_where_a_detector_could_not_look_its_silence_tells_nothing() -> None:
    """Half the cases have no report: rules that read it must not speak against the class there."""
    truth, _, votes = detectors(8_000, (1, 1, 1, 0, 0, 0), seed=1)
    table = table_of(votes)
    unread = np.random.default_rng(2).random(8_000) < 0.5
    table[np.ix_(unread, [0, 1])] = -1
    item, rule = np.nonzero(np.broadcast_to(unread[:, None], (8_000, 2)))
    votes = votes_of(table, 2)
    blind = fit_label_model(votes, LabelModelOptions(blind=Blind(item, rule)))
    deaf = fit_label_model(votes)
    assert share_right(blind.label, truth, votes) > share_right(deaf.label, truth, votes)


@given(seed=st.integers(0, 10_000), k=st.integers(2, 4), m=st.integers(3, 7))
@settings(max_examples=25)
def test_the_objective_never_falls_and_rows_sum_to_one(seed: int, k: int, m: int) -> None:
    random = np.random.default_rng(seed)
    table = random.integers(-1, k, (60, m))
    table[:, 0] = np.where(random.random(60) < 0.4, k - 1, -1)  # one that says one thing
    gold = np.where(random.random(60) < 0.1, random.integers(0, k, 60), -1)
    model = fit_label_model(votes_of(table, k, gold))
    steps = np.diff(model.trace)
    assert (steps >= -1e-9 * np.abs(model.trace[:-1])).all()
    assert np.allclose(model.probability.sum(axis=1), 1.0, atol=1e-6)
    known = gold >= 0
    assert (model.label[known] == gold[known]).all()


@given(seed=st.integers(0, 10_000))
@settings(max_examples=15)
def test_the_order_of_items_rules_and_labels_does_not_matter(seed: int) -> None:
    random = np.random.default_rng(seed)
    table = table_of(independent(300, 5, 3, seed=seed)[2])
    here = fit_label_model(votes_of(table, 3))
    items, rules, labels = random.permutation(300), random.permutation(5), random.permutation(3)
    moved = np.where(table >= 0, labels[table], -1)[items][:, rules]
    there = fit_label_model(votes_of(moved, 3))
    assert np.allclose(there.probability[:, labels], here.probability[items], atol=1e-5)
    assert np.allclose(there.accuracy, here.accuracy[rules], atol=1e-6)


def test_every_item_twice_changes_no_estimate() -> None:
    """The belief held beforehand weighs less against twice the votes, so: nearly none."""
    table = table_of(independent(4_000, 6, 2, seed=3)[2])
    once, twice = (
        fit_label_model(votes_of(table, 2)),
        fit_label_model(votes_of(np.vstack([table, table]), 2)),
    )
    assert np.allclose(twice.probability[:4_000], twice.probability[4_000:])
    assert np.abs(once.probability - twice.probability[:4_000]).max() < 0.03
    assert np.abs(once.accuracy - twice.accuracy).max() < 0.002


def test_a_rule_that_is_switched_off_is_a_rule_that_was_never_there() -> None:
    table = table_of(independent(2_000, 6, 2, seed=5)[2])
    off = fit_label_model(without_rule(votes_of(table, 2), 2))
    gone = fit_label_model(votes_of(np.delete(table, 2, axis=1), 2))
    assert np.allclose(off.probability, gone.probability, atol=1e-6)
    assert np.isnan(off.accuracy[2])


def test_known_answers_are_held() -> None:
    truth, _, votes = independent(1_000, 5, 2, seed=6)
    wrong = 1 - truth
    model = fit_label_model(with_gold(votes, wrong, np.arange(20)))
    assert (model.label[:20] == wrong[:20]).all()
    assert (model.certainty[:20] == 1.0).all()


def test_given_shares_are_kept() -> None:
    _, _, votes = independent(1_000, 5, 2, seed=7)
    model = fit_label_model(votes, LabelModelOptions(prior=[0.9, 0.1]))
    assert np.allclose(model.prior, [0.9, 0.1])
    with pytest.raises(UserError):
        fit_label_model(votes, LabelModelOptions(prior=[0.9, 0.05, 0.05]))


def test_items_without_votes_are_not_labelled() -> None:
    table = table_of(independent(400, 5, 2, seed=8)[2])
    table[:10] = -1
    model = fit_label_model(votes_of(table, 2))
    assert model.no_evidence[:10].all()
    assert (model.label[:10] == -1).all()
    assert np.allclose(model.probability[:10], model.prior, atol=1e-6)
    assert model.doubtful(0.0)[:10].all()
    assert any("no vote and no label" in note for note in model.notes)


def test_no_rules_no_items_no_votes() -> None:
    for n, m in ((0, 0), (0, 3), (5, 0), (5, 3)):
        model = fit_label_model(votes_of(np.full((n, m), -1), 2))
        assert model.label.tolist() == [-1] * n
        assert model.notes[0] == "No rule speaks about any item yet."
        assert model.trace == ()


@pytest.mark.parametrize("m", [1, 2])
def test_with_one_or_two_rules_votes_are_weighed_and_it_says_so(m: int) -> None:
    table = np.array([[0, 0], [1, 1], [0, 1], [1, -1], [-1, -1]])[:, :m]
    model = fit_label_model(votes_of(table, 2))
    assert "learned from three rules on" in model.notes[0]
    assert model.probability[0, 0] == pytest.approx(0.8 if m == 1 else 16 / 17)
    if m == 2:
        assert model.label.tolist() == [0, 1, -1, 1, -1]
    known = fit_label_model(votes_of(table, 2, np.array([0, 1, 0, 1, -1])))
    assert known.accuracy[0] == 1.0


def test_a_rule_that_says_the_opposite_is_pointed_at_and_left_alone() -> None:
    truth, _, votes = independent(3_000, 6, 2, seed=9)
    table = table_of(votes)
    table[:, 2] = np.where(np.random.default_rng(1).random(3_000) < 0.85, 1 - truth, truth)
    votes = votes_of(table, 2)
    model = fit_label_model(votes)
    assert [f.inverted for f in rule_figures(votes, model)] == [j == 2 for j in range(6)]
    assert any("likely inverted" in note for note in model.notes)


def test_a_detector_of_the_wrong_class_is_pointed_at() -> None:
    truth, _, votes = detectors(4_000, (1, 1, 1, 0, 0, 0), seed=3)
    table = table_of(votes)
    fires = np.random.default_rng(1).random(4_000) < np.where(truth == 0, 0.5, 0.03)
    table[:, 2] = np.where(fires, 1, -1)  # votes for 1 where it is 0
    votes = votes_of(table, 2)
    figures = rule_figures(votes, fit_label_model(votes))
    assert [f.inverted for f in figures] == [j == 2 for j in range(6)]


def test_rules_that_always_or_never_speak_and_classes_never_voted_for() -> None:
    table = table_of(independent(500, 5, 2, seed=10)[2])
    table[:, 3], table[:, 4] = 1, -1
    votes = votes_of(table, 3)
    model = fit_label_model(votes)
    figures = rule_figures(votes, model)
    assert figures[3].coverage == 1.0 and figures[3].polarity == (1,)
    assert figures[4].votes == 0 and figures[4].accuracy is None
    assert figures[4].accuracy_interval is None
    assert "No rule votes for 2." in model.notes
    assert (model.label != 2).all()


def test_many_classes() -> None:
    truth, _, votes = independent(3_000, 6, 60, seed=11)
    model = fit_label_model(votes)
    assert share_right(model.label, truth, votes) > share_right(model.majority.label, truth, votes)


def test_one_class_two_votes_and_a_stop_are_told() -> None:
    with pytest.raises(UserError, match="at least two answers"):
        fit_label_model(votes_of(np.zeros((3, 3), dtype=int), 1))
    twice = Votes.from_arrays([0, 0, 1], [0, 0, 1], [0, 1, 1], n_labels=2)
    with pytest.raises(UserError, match="twice"):
        fit_label_model(twice)
    stopped = Progress()
    stopped.cancel()
    with pytest.raises(Cancelled):
        fit_label_model(independent(100, 4, 2, seed=1)[2], progress=stopped)


def test_figures_are_counted() -> None:
    table = np.array([[0, 0, -1], [0, 1, -1], [1, -1, -1], [-1, -1, 1]])
    votes = votes_of(table, 2, np.array([0, 1, -1, -1]))
    first, second, third = rule_figures(votes, fit_label_model(votes))
    assert (first.coverage, first.overlap, first.conflict) == (0.75, 0.5, 0.25)
    assert (second.coverage, second.overlap, second.conflict) == (0.5, 0.5, 0.25)
    assert (third.overlap, third.conflict, third.polarity) == (0.0, 0.0, (1,))
    assert (first.gold_right, first.gold_asked) == (1, 2)
    assert (second.gold_right, second.gold_asked) == (2, 2)
    assert third.gold_interval is None


def test_known_answers_that_contradict_the_estimate_are_told() -> None:
    """Rules that agree with each other and are all wrong in the same way."""
    random = np.random.default_rng(12)
    table = np.repeat(random.integers(0, 2, 600)[:, None], 4, axis=1)
    flip = random.random((600, 4)) < 0.1
    table = np.where(flip, 1 - table, table)
    gold = np.full(600, -1)
    gold[:30] = 1 - table[:30, 0]
    votes = votes_of(table, 2, gold)
    assert rule_figures(votes, fit_label_model(votes))[0].surprising
