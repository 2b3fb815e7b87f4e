"""Consensus of votes: published values, what must hold for every method, plugins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.domain.contracts import Progress
from desktop.domain.errors import Cancelled, PluginProblem, UserError
from desktop.engines.consensus import glad
from desktop.engines.consensus.consensus import (
    Consensus,
    fit_predict,
    methods,
    rater_costs,
    recommended,
    register,
    unregister,
)
from desktop.engines.consensus.dawid_skene import fit
from desktop.engines.consensus.majority import count_votes
from desktop.engines.estimate import Estimate, Options, start_from_shares
from desktop.engines.votes import Votes
from tests.engines.made_votes import anaesthetists, simulated

ALL = [method.name for method in methods()]
MODELS = ["dawid-skene", "one-coin", "mace", "glad"]


@pytest.fixture(scope="module")
def published() -> Consensus:
    """Maximum likelihood from the vote shares, without smoothing."""
    return fit_predict(anaesthetists(), Options(smoothing=0.0))


# -- Dawid and Skene 1979 ----------------------------------------------------------------------


def test_likelihood_of_the_anaesthetists(published: Consensus) -> None:
    assert published.trace[0] == pytest.approx(-205.0911, abs=1e-4)
    assert published.trace[1] == pytest.approx(-194.5510, abs=1e-4)
    assert published.trace[-1] == pytest.approx(-192.8909, abs=1e-4)
    assert np.diff(published.trace).min() >= 0


def test_class_shares_of_the_anaesthetists(published: Consensus) -> None:
    assert published.priors == pytest.approx([0.3996, 0.4220, 0.1118, 0.0667], abs=1e-4)


def test_shares_with_default_smoothing_stay_near() -> None:
    found = fit_predict(anaesthetists())
    assert found.priors == pytest.approx([0.3997, 0.4224, 0.1112, 0.0667], abs=1e-3)


@pytest.mark.parametrize(
    "observer, row, values",
    [
        (1, 1, [0.889, 0.111, 0, 0]),
        (1, 2, [0.071, 0.876, 0.053, 0]),
        (1, 3, [0, 0.339, 0.661, 0]),
        (1, 4, [0, 0, 0.556, 0.444]),
        (2, 1, [0.834, 0.166, 0, 0]),
        (2, 2, [0.053, 0.633, 0.314, 0]),
        (2, 3, [0, 0, 1, 0]),
        (2, 4, [0, 0, 0, 1]),
        (3, 3, [0, 0.404, 0.199, 0.398]),
    ],
)
def test_rows_of_the_anaesthetists(
    published: Consensus, observer: int, row: int, values: list[float]
) -> None:
    assert published.confusion is not None
    assert published.confusion[observer - 1, row - 1] == pytest.approx(values, abs=6e-4)


@pytest.mark.parametrize(
    "patient, label, probability",
    [
        (7, 1, 0.981),
        (35, 2, 0.948),
        (38, 3, 0.979),
        (12, 3, 1.0),
        (2, 4, 1.0),
        (11, 4, 1.0),
        (36, 4, 1.0),
        (30, 1, 0.9991),
    ],
)
def test_posteriors_of_the_anaesthetists(
    published: Consensus, patient: int, label: int, probability: float
) -> None:
    assert published.probability[patient - 1, label - 1] == pytest.approx(probability, abs=5e-4)
    assert published.label[patient - 1] == label - 1
    assert published.certainty[patient - 1] == pytest.approx(probability, abs=5e-4)


def test_the_majority_beside_it_lists_the_tied_patient(published: Consensus) -> None:
    tied = np.flatnonzero(published.majority.tied)
    assert (tied + 1).tolist() == [12]
    assert published.majority.label[11] == -1
    assert published.majority.tied_labels(11) == (1, 2)
    assert published.majority.tied_labels(0) == ()
    assert published.differs[11]


def test_one_coin_equals_crowd_kit() -> None:
    """Values of crowd-kit 1.4.2, OneCoinDawidSkene(n_iter=500, tol=1e-13), frozen."""
    found = fit_predict(anaesthetists(), Options(method="one-coin", smoothing=0.0))
    skills = [0.88543, 0.70072, 0.81147, 0.85307, 0.80892]
    labels = "021111021131010000111111001000020112122000101"
    assert found.rater_skill == pytest.approx(skills, abs=2e-5)
    assert "".join(map(str, found.label)) == labels


def test_glad_is_near_crowd_kit() -> None:
    """Abilities of crowd-kit 1.4.2, GLAD(), frozen; its gradient steps stop earlier."""
    found = fit_predict(anaesthetists(), Options(method="glad"))
    ability = [0.91843, 0.43608, 0.64383, 0.90831, 0.61606]
    assert found.details["ability"] == pytest.approx(ability, abs=0.01)


# -- what every method keeps -------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_order_of_votes_raters_and_items_means_nothing(name: str) -> None:
    _, votes = simulated(40, 5, 3, seed=4, per_item=4)
    options = Options(method=name, restarts=2)
    found = fit_predict(votes, options)
    random = np.random.default_rng(0)
    order = random.permutation(votes.n_votes)
    items, workers = random.permutation(40), random.permutation(5)
    moved = Votes.from_arrays(
        items[votes.item[order]], workers[votes.worker[order]], votes.label[order], n_labels=3
    )
    again = fit_predict(moved, options)
    assert again.probability[items] == pytest.approx(found.probability, abs=2e-3)
    assert again.rater_skill[workers] == pytest.approx(found.rater_skill, abs=2e-3)
    assert (again.majority.label[items] == found.majority.label).all()


@pytest.mark.parametrize("name", ALL)
def test_names_of_labels_mean_nothing(name: str) -> None:
    _, votes = simulated(40, 5, 3, seed=5)
    options = Options(method=name, restarts=1)
    found = fit_predict(votes, options)
    swap = np.array([2, 0, 1])
    moved = Votes.from_arrays(votes.item, votes.worker, swap[votes.label], n_labels=3)
    again = fit_predict(moved, options)
    assert again.probability[:, swap] == pytest.approx(found.probability, abs=2e-3)


@pytest.mark.parametrize("name", ALL)
def test_unanimous_stays_unanimous(name: str) -> None:
    item = np.repeat(np.arange(30), 4)
    label = item % 3
    votes = Votes.from_arrays(item, np.tile(np.arange(4), 30), label)
    found = fit_predict(votes, Options(method=name, restarts=2))
    assert (found.label == np.arange(30) % 3).all()
    assert not found.tied.any() and not found.differs.any()
    assert found.certainty.min() > 0.9


@pytest.mark.parametrize("name", ALL)
def test_ties_have_no_label(name: str) -> None:
    votes = Votes.from_triplets([("i", "r", "x"), ("i", "s", "y")], labels=("x", "y"))
    found = fit_predict(votes, Options(method=name, restarts=1))
    assert found.majority.label.tolist() == [-1]
    assert found.majority.tied_labels(0) == (0, 1)
    if name != "mace":  # its raters need not start alike after a random restart
        assert found.label.tolist() == [-1]
        assert any("tied" in note for note in found.notes)


@pytest.mark.parametrize("name", ALL)
def test_items_without_votes_have_no_label(name: str) -> None:
    _, votes = simulated(20, 4, 2, seed=6)
    wider = Votes.from_arrays(votes.item, votes.worker, votes.label, n_items=22, n_workers=5)
    found = fit_predict(wider, Options(method=name, restarts=2))
    assert found.label[20:].tolist() == [-1, -1]
    assert not found.evidence[20:].any() and found.evidence[:20].all()
    assert found.certainty[20:].tolist() == [0, 0]
    assert np.isnan(found.rater_skill[4])
    assert found.probability.sum(axis=1) == pytest.approx(np.ones(22))
    narrow = fit_predict(votes, Options(method=name, restarts=2))
    if name != "mace":  # its random restarts depend on the number of raters
        assert found.probability[:20] == pytest.approx(narrow.probability, abs=1e-6)


@pytest.mark.parametrize("name", ALL)
def test_nothing_at_all_gives_nothing(name: str) -> None:
    found = fit_predict(Votes.from_triplets([], labels=("x", "y")), Options(method=name))
    assert found.label.shape == (0,) and found.probability.shape == (0, 2)


@pytest.mark.parametrize("name", ALL)
def test_a_question_with_one_answer_is_answered(name: str) -> None:
    votes = Votes.from_triplets([("i", "r", "x"), ("j", "s", "x")])
    found = fit_predict(votes, Options(method=name, restarts=1))
    assert found.label.tolist() == [0, 0]
    assert not found.tied.any()


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), k=st.integers(2, 4), smoothing=st.sampled_from([0, 0.01, 1]))
def test_the_objective_never_falls(name: str, seed: int, k: int, smoothing: float) -> None:
    _, votes = simulated(25, 5, k, seed=seed, per_item=3, skill=np.linspace(0.2, 0.9, 5))
    gold = np.full(25, -1)
    gold[:3] = 0
    known = replace_gold(votes, gold)
    options = Options(method=name, smoothing=smoothing, restarts=2, seed=seed, max_iterations=25)
    for each in (votes, known):
        trace = np.array(fit_predict(each, options).trace)
        assert np.diff(trace).min(initial=0) >= -1e-9 * abs(trace[0])


@pytest.mark.parametrize("name", [n for n in MODELS if n != "glad"])
def test_twice_the_same_items_leave_the_estimates(name: str) -> None:
    _, votes = simulated(60, 5, 3, seed=8)
    twice = Votes.from_arrays(
        np.concatenate((votes.item, votes.item + 60)),
        np.tile(votes.worker, 2),
        np.tile(votes.label, 2),
    )
    options = Options(method=name, smoothing=0.0, restarts=1)
    once, both = fit_predict(votes, options), fit_predict(twice, options)
    # MACE has pseudo-counts of its own, which weigh half as much beside twice the votes.
    wide = 0.02 if name == "mace" else 1e-6
    assert both.rater_skill == pytest.approx(once.rater_skill, abs=wide)
    assert both.probability[:60] == pytest.approx(both.probability[60:], abs=1e-9)


@pytest.mark.parametrize("name", MODELS)
def test_models_beat_the_majority_where_raters_differ(name: str) -> None:
    skill = np.array([0.95, 0.9, 0.55, 0.5, 0.5, 0.45, 0.6])
    truth, votes = simulated(300, 7, 2, seed=9, skill=skill)
    found = fit_predict(votes, Options(method=name, restarts=2))
    right = (found.label == truth).mean()
    assert right > (found.majority.label == truth).mean() + 0.02
    assert np.argmax(found.rater_skill) in (0, 1)
    # GLAD also bends the difficulty of items to its raters.
    assert found.rater_skill == pytest.approx(skill, abs=0.2 if name == "glad" else 0.12)


@pytest.mark.parametrize("name", MODELS)
def test_known_answers_are_held_fixed(name: str) -> None:
    truth, votes = simulated(60, 4, 3, seed=10)
    gold = np.full(60, -1)
    gold[:20] = (truth[:20] + 1) % 3  # against most votes on purpose
    found = fit_predict(replace_gold(votes, gold), Options(method=name, restarts=2))
    assert (found.label[:20] == gold[:20]).all()
    assert (found.certainty[:20] == 1).all()


@pytest.mark.parametrize("name", ALL)
def test_the_same_seed_gives_the_same_numbers(name: str) -> None:
    _, votes = simulated(50, 5, 3, seed=11)
    options = Options(method=name, seed=3, restarts=3)
    one, two = (fit_predict(votes, options) for _ in range(2))
    assert (one.probability == two.probability).all()


@pytest.mark.parametrize("name", ALL)
def test_work_can_be_stopped(name: str) -> None:
    _, votes = simulated(20, 4, 2, seed=0)
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        fit_predict(votes, Options(method=name), progress)


# -- single methods ----------------------------------------------------------------------------


def test_sensitivity_and_specificity_of_two_labels() -> None:
    truth, votes = simulated(2000, 5, 2, seed=12)
    found = fit_predict(votes)
    assert found.sensitivity is not None and found.specificity is not None
    table = votes.label.reshape(2000, 5), votes.worker.reshape(2000, 5)
    for w in range(5):
        said = table[0][table[1] == w]
        assert found.sensitivity[w] == pytest.approx((said[truth == 1] == 1).mean(), abs=0.05)
        assert found.specificity[w] == pytest.approx((said[truth == 0] == 0).mean(), abs=0.05)
    assert found.confusion_counts is not None
    assert found.confusion_counts.sum(axis=(1, 2)) == pytest.approx(found.rater_votes)


def test_tables_are_only_for_two_labels(published: Consensus) -> None:
    assert published.sensitivity is None
    assert fit_predict(anaesthetists(), Options(method="majority")).confusion is None


def test_class_shares_per_group_are_learned_apart() -> None:
    random = np.random.default_rng(1)
    strata = np.repeat([0, 1], 400)
    truth = (random.random(800) < np.where(strata == 0, 0.1, 0.7)).astype(int)
    item = np.repeat(np.arange(800), 4)
    right = random.random(item.size) < 0.85
    label = np.where(right, truth[item], 1 - truth[item])
    votes = Votes.from_arrays(item, np.tile(np.arange(4), 800), label)
    found = fit_predict(votes, Options(strata=strata))
    assert found.priors is not None and found.priors.shape == (2, 2)
    shares = [truth[strata == s].mean() for s in (0, 1)]
    assert found.priors[:, 1] == pytest.approx(shares, abs=0.05)
    assert np.diff(found.trace).min() >= -1e-9
    plain = fit_predict(votes)
    assert (found.label == truth).mean() > (plain.label == truth).mean()


def test_given_class_shares_are_kept() -> None:
    found = fit_predict(anaesthetists(), Options(priors=[1, 1, 1, 1]))
    assert found.priors == pytest.approx([0.25] * 4)


def test_items_may_stand_for_many() -> None:
    _, votes = simulated(12, 4, 2, seed=13)
    many = np.array([3.0] + [1.0] * 11)
    weighted = fit(votes, start_from_shares(votes), multiplicity=many)
    first = votes.item == 0
    expanded = Votes.from_arrays(
        np.concatenate((votes.item, np.full(4, 12), np.full(4, 13))),
        np.concatenate((votes.worker, votes.worker[first], votes.worker[first])),
        np.concatenate((votes.label, votes.label[first], votes.label[first])),
    )
    plain = fit(expanded, start_from_shares(expanded))
    assert weighted.log_likelihood == pytest.approx(plain.log_likelihood)
    assert weighted.confusion == pytest.approx(plain.confusion, abs=1e-6)


def test_costs_move_the_decision() -> None:
    votes = Votes.from_triplets(
        [("i", "r", "no"), ("i", "s", "no"), ("i", "t", "yes")], labels=("no", "yes")
    )
    miss_is_dear = [[0.0, 10.0], [1.0, 0.0]]  # [decision, truth]
    plain = fit_predict(votes, Options(method="majority"))
    dear = fit_predict(votes, Options(method="majority", costs=miss_is_dear))
    assert plain.label.tolist() == [0] and dear.label.tolist() == [1]
    assert plain.expected_cost == pytest.approx([1 / 3])
    assert dear.expected_cost == pytest.approx([2 / 3])
    assert dear.majority.label.tolist() == [0]


def test_cost_of_a_rater_counts_what_can_be_learned_from_them() -> None:
    perfect, inverted, parrot = np.eye(2), np.eye(2)[::-1], np.array([[1.0, 0.0], [1.0, 0.0]])
    confusion = np.stack((perfect, inverted, parrot))
    found = rater_costs(confusion, np.array([0.5, 0.5]), 1 - np.eye(2))
    assert found == pytest.approx([0.0, 0.0, 0.5])


def test_an_inverted_rater_is_named_and_left_alone() -> None:
    _, votes = simulated(80, 5, 2, seed=14, skill=np.array([0.95, 0.9, 0.9, 0.9, 0.03]))
    for name in ("dawid-skene", "one-coin"):
        found = fit_predict(votes, Options(method=name))
        named = [n for n in found.notes if "inverted" in n]
        assert len(named) == 1 and named[0].startswith("Rater 4 ")
        assert found.rater_skill[4] < 0.2


def test_mace_finds_the_rater_who_clicks_through() -> None:
    truth, votes = simulated(300, 5, 3, seed=15, skill=np.full(5, 0.9))
    label = np.where(votes.worker == 2, 1, votes.label)
    found = fit_predict(
        Votes.from_arrays(votes.item, votes.worker, label, n_labels=3), Options(method="mace")
    )
    assert found.details["knows"][2] < 0.1
    assert found.details["habit"][2] == pytest.approx([0, 1, 0], abs=0.05)
    assert any("Rater 2 " in note and "habit" in note for note in found.notes)
    assert (found.label == truth).mean() > 0.97


def test_glad_finds_the_hard_items() -> None:
    random = np.random.default_rng(16)
    easy = np.repeat([3.0, 0.1], 150)
    ability = np.array([0.5, 1.0, 1.5, 2.0, 2.5, 1.0])
    truth = random.integers(0, 2, 300)
    item, worker = np.repeat(np.arange(300), 6), np.tile(np.arange(6), 300)
    right = random.random(1800) < 1 / (1 + np.exp(-ability[worker] * easy[item]))
    label = np.where(right, truth[item], 1 - truth[item])
    found = fit_predict(Votes.from_arrays(item, worker, label), Options(method="glad"))
    learned = found.details["log_easiness"]
    assert learned[:150].mean() > learned[150:].mean() + 0.5
    assert np.argmin(found.details["ability"]) == 0


def test_gradient_of_glad_is_that_of_its_cost() -> None:
    from scipy.optimize import check_grad

    _, votes = simulated(12, 4, 3, seed=17, per_item=3)
    random = np.random.default_rng(2)
    right = random.random(votes.n_votes)

    def value(both: np.ndarray) -> float:
        return glad.cost(both, votes.worker, votes.item, right, 4)[0]

    def gradient(both: np.ndarray) -> np.ndarray:
        return glad.cost(both, votes.worker, votes.item, right, 4)[1]

    for _ in range(5):
        at = random.normal(1.0, 1.0, 16)
        size = float(np.linalg.norm(gradient(at)))
        assert check_grad(value, gradient, at) < 1e-5 * max(1.0, size)


def test_weights_can_be_given() -> None:
    votes = Votes.from_triplets([("i", "r", "x"), ("i", "s", "y"), ("i", "t", "y")])
    options = Options(method="weighted-majority", weights=[3.0, 1.0, 1.0])
    found = fit_predict(votes, options)
    assert found.label.tolist() == [0] and found.majority.label.tolist() == [1]
    assert found.probability[0] == pytest.approx([0.6, 0.4])
    learned = fit_predict(votes, Options(method="weighted-majority"))
    assert learned.details["weight"].tolist() == [0, 1, 1]


@pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0, 1.0], [1.0, float("nan"), 1.0]])
def test_wrong_weights_are_refused(weights: list[float]) -> None:
    votes = Votes.from_triplets([("i", "r", "x"), ("i", "s", "y"), ("i", "t", "y")])
    with pytest.raises(UserError, match="weight"):
        count_votes(votes, weights)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(0, 2)), max_size=40))
def test_the_majority_is_what_counting_says(rows: list[tuple[int, int, int]]) -> None:
    columns = [np.array(c, dtype=np.int64) for c in zip(*rows, strict=True)] or [[]] * 3
    votes = Votes.from_arrays(*columns, n_items=6, n_workers=4, n_labels=3)
    counted = count_votes(votes)
    for i in range(6):
        numbers = [sum(1 for r in rows if r[0] == i and r[2] == k) for k in range(3)]
        best = [k for k in range(3) if numbers[k] == max(numbers)]
        assert counted.n_votes[i] == sum(numbers)
        if not sum(numbers):
            assert counted.label[i] == -1 and not counted.tied[i]
        elif len(best) == 1:
            assert counted.label[i] == best[0] and not counted.tied[i]
        else:
            assert counted.label[i] == -1 and counted.tied_labels(i) == tuple(best)


# -- choice of method, options, plugins --------------------------------------------------------


def test_which_method_to_begin_with() -> None:
    assert recommended(simulated(30, 3, 2, seed=0)[1])[0] == "dawid-skene"
    assert recommended(simulated(29, 3, 2, seed=0)[1])[0] == "majority"
    assert recommended(simulated(60, 2, 2, seed=0)[1])[0] == "majority"
    name, why = recommended(simulated(60, 9, 2, seed=0, per_item=1)[1])
    assert name == "majority" and "share 0 items" in why


@pytest.mark.parametrize(
    "options",
    [
        {"method": "oracle"},
        {"priors": [1.0]},
        {"priors": [-1.0, 2.0]},
        {"priors": [[1.0, 1.0]] * 3},
        {"strata": [0]},
        {"strata": [-1] * 20},
        {"costs": [[0.0, 1.0]]},
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict) -> None:
    with pytest.raises(UserError):
        fit_predict(simulated(20, 3, 2, seed=0)[1], Options(**options))


def test_impossible_options_are_refused() -> None:
    with pytest.raises(UserError):
        Options(smoothing=-1.0)


class First:
    """What a plugin would bring: believes the first rater."""

    name = "first-rater"
    title = "First rater"
    summary = "For tests."
    size_off = 0

    def estimate(self, votes: Votes, options: Options, progress: Progress) -> Estimate:
        probability = np.full((votes.n_items + self.size_off, votes.n_labels), 0.0)
        mine = votes.worker == 0
        probability[votes.item[mine], votes.label[mine]] = 1.0
        return Estimate(probability=probability, rater_skill=np.ones(votes.n_workers))


def test_a_plugin_adds_a_method_and_cannot_leave_out_the_majority() -> None:
    register(First())
    try:
        votes = Votes.from_triplets([("i", "r", "x"), ("i", "s", "y"), ("i", "t", "y")])
        found = fit_predict(votes, Options(method="first-rater"))
        assert found.label.tolist() == [0]
        assert found.majority.label.tolist() == [1]
        assert found.differs.tolist() == [True]
    finally:
        unregister("first-rater")
    assert "first-rater" not in {m.name for m in methods()}


def test_a_plugin_that_gives_nonsense_is_told_so() -> None:
    class Wrong(First):
        size_off = 1

    register(Wrong())
    try:
        with pytest.raises(PluginProblem, match="wrong size"):
            fit_predict(anaesthetists(), Options(method="first-rater"))
        with pytest.raises(PluginProblem, match="same name"):
            register(First())
    finally:
        unregister("first-rater")


def replace_gold(votes: Votes, gold: np.ndarray) -> Votes:
    return replace(votes, gold=np.asarray(gold, dtype=np.int64))
