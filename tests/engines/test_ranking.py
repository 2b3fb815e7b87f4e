"""Rankings: published values, an independent program, recovery of known scales, properties."""

from __future__ import annotations

import choix
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.domain.contracts import Progress
from desktop.domain.errors import Cancelled, UserError
from desktop.engines.preference.bradley_terry import RankingOptions, fit
from desktop.engines.preference.comparisons import Comparisons
from desktop.engines.preference.pair_choice import (
    ChoiceOptions,
    Why,
    choose_pairs,
    information,
    order_gain,
)
from desktop.engines.preference.plackett_luce import Rankings, fit_rankings
from desktop.engines.preference.preference_raters import (
    between_raters,
    circles,
    count_circles,
    elo,
    elo_ratings,
    rater_reports,
    repeats,
    wins_table,
)
from desktop.engines.preference.worths import stop_reason
from tests.engines.made_preferences import (
    citations,
    dressings,
    made_up,
    pudding_comparisons,
    pudding_rankings,
)
from tools.bench.preference import WORLDS, reached, tau_curve

EXACT = RankingOptions(penalty=0)


def test_citations_of_journals() -> None:
    """Agresti 2002, 10.6.3, with the standard errors of R's BradleyTerry2."""
    found, error = fit(citations(), EXACT).against(0)
    assert found == pytest.approx([0, -2.9491, -0.4796, 0.2690], abs=5e-5)
    assert error == pytest.approx([0, 0.1025, 0.0606, 0.0708], abs=5e-5)


def test_chocolate_pudding_with_ties() -> None:
    """Davidson 1970, as in R's PlackettLuce."""
    worths = fit(pudding_comparisons(), EXACT)
    assert worths.worth == pytest.approx([0.1388, 0.1730, 0.1617, 0.1654, 0.1587, 0.2024], abs=5e-5)
    found, error = worths.against(0)
    assert found == pytest.approx([0, 0.2202, 0.1530, 0.1751, 0.1339, 0.3771], abs=5e-5)
    assert error is not None
    assert 0.187 <= error[1:].min() <= error[1:].max() <= 0.194
    assert worths.log_tie is not None
    assert np.exp(worths.log_tie[0]) == pytest.approx(0.7468, abs=5e-5)
    assert worths.log_tie == pytest.approx((-0.2919, 0.0825), abs=5e-5)
    assert -2 * worths.log_likelihood == pytest.approx(1619.4, abs=0.05)


def test_pairs_are_rankings_of_two() -> None:
    pairs, rankings = fit(pudding_comparisons(), EXACT), fit_rankings(pudding_rankings())
    assert rankings.log_worth == pytest.approx(pairs.log_worth, abs=1e-8)
    assert rankings.log_tie == pytest.approx(pairs.log_tie, abs=1e-7)
    assert rankings.covariance == pytest.approx(pairs.covariance, abs=1e-8)


def test_salad_dressings() -> None:
    worths = fit_rankings(dressings())
    assert worths.against(0)[0] == pytest.approx([0, 2.7299, 1.5615, 1.0268], abs=5e-5)
    assert worths.worth == pytest.approx([0.0419, 0.6418, 0.1995, 0.1169], abs=6e-5)


def test_a_network_that_falls_apart_needs_pseudo_rankings() -> None:
    """The vignette of R's PlackettLuce."""
    rankings = Rankings.of(4, [[[a], [b]] for a, b in ((0, 1), (2, 0), (0, 3), (1, 0), (1, 2))])
    with pytest.raises(UserError, match="no finite common scale"):
        fit_rankings(rankings, pseudo=0)
    found = fit_rankings(rankings, pseudo=0.5).against(0)[0]
    assert found == pytest.approx([0, 0.5184, 0.1355, -1.1538], abs=5e-5)


def test_maximum_likelihood_agrees_with_choix() -> None:
    _truth, data = made_up(30, 3000, seed=1)
    wins = [(i, j) if o > 0 else (j, i) for i, j, o in zip(data.first, data.second, data.outcome)]  # noqa: B905
    peer = choix.ilsr_pairwise(30, wins)
    exact = RankingOptions(penalty=0, position=False)
    assert fit(data, exact).log_worth == pytest.approx(peer, abs=2e-5)
    penalised = choix.opt_pairwise(30, wins, alpha=0.05, tol=1e-9)  # alpha is half our penalty
    ours = fit(data, RankingOptions(penalty=0.1, position=False)).log_worth
    assert ours == pytest.approx(penalised - penalised.mean(), abs=1e-4)


def test_partial_rankings_agree_with_choix() -> None:
    random = np.random.default_rng(2)
    truth = random.normal(size=40)
    rows = []
    for _ in range(60):
        shown = random.choice(40, 12, replace=False)
        rows.append(shown[np.argsort(-(truth[shown] + random.gumbel(size=12)))].tolist())
    ours = fit_rankings(Rankings.of(40, [[[i] for i in row] for row in rows]))
    assert ours.log_worth == pytest.approx(choix.ilsr_rankings(40, rows), abs=2e-5)


def test_many_items_give_the_same_as_few_would() -> None:
    """Conjugate gradients against a factorisation per step, with ties and sides."""
    _truth, data = made_up(250, 6000, seed=3, tie=0.6, left=0.3)
    fast = fit(data)
    import desktop.engines.preference.bradley_terry as module

    module._MOST_DENSE, kept = 1000, module._MOST_DENSE
    try:
        slow = fit(data)
    finally:
        module._MOST_DENSE = kept
    assert fast.log_worth == pytest.approx(slow.log_worth, abs=1e-6)
    assert fast.position == pytest.approx(slow.position, abs=1e-6)
    assert fast.log_tie == pytest.approx(slow.log_tie, abs=1e-6)
    assert fast.covariance == pytest.approx(slow.covariance, abs=1e-6)


def test_ties_sides_and_scale_are_found_again() -> None:
    truth, data = made_up(12, 20_000, seed=4, tie=0.8, left=0.4)
    worths = fit(data)
    low, high = worths.intervals(3.5).T  # type: ignore[union-attr]
    assert np.all((low < truth) & (truth < high))
    assert worths.position is not None and worths.log_tie is not None
    assert abs(worths.position[0] - 0.4) < 3 * worths.position[1]
    assert abs(worths.log_tie[0] - np.log(0.8)) < 3 * worths.log_tie[1]
    estimate, low_end, high_end = worths.position_interval() or (0, 0, 0)
    assert 0.5 < low_end < estimate < high_end


def test_intervals_hold_as_often_as_they_say() -> None:
    held = []
    for seed in range(120):
        truth, data = made_up(8, 400, seed=seed)
        low, high = fit(data, RankingOptions(position=False)).intervals().T  # type: ignore[union-attr]
        held.append(np.mean((low <= truth) & (truth <= high)))
    assert 0.92 <= np.mean(held) <= 0.98


def test_a_position_effect_is_not_taken_for_worth() -> None:
    """One item always stood left, and readers like the left."""
    random = np.random.default_rng(5)
    first, second = np.zeros(600, int), random.integers(1, 4, 600)
    side = np.where(random.random(600) < 0.9, 1, -1)
    outcome = np.where(random.random(600) < 1 / (1 + np.exp(-1.0 * side)), 1, -1)
    data = Comparisons.of(4, first, second, outcome, side)
    naive = fit(data, RankingOptions(position=False)).log_worth[0]
    fair = fit(data).log_worth[0]
    assert naive > 0.4
    assert abs(fair) < 0.25 * naive


def test_careless_raters_get_a_low_temperature() -> None:
    heat = np.array([1.6, 1.0, 0.1, 1.0])
    truth, data = made_up(15, 4000, seed=6, spread=1.5, raters=4, heat=heat)
    with_heat = fit(data, RankingOptions(temperatures=True))
    without = fit(data)
    assert np.argsort(with_heat.temperature)[0] == 2
    assert with_heat.temperature[2] < 0.35
    assert with_heat.temperature[0] > with_heat.temperature[1]
    assert without.temperature.tolist() == [1, 1, 1, 1]

    def error(worths: np.ndarray) -> float:
        scaled = worths * (worths @ truth) / (worths @ worths)
        return float(np.abs(scaled - truth).mean())

    assert error(with_heat.log_worth) < error(without.log_worth)


def test_raters_with_few_votes_keep_the_common_temperature() -> None:
    _truth, data = made_up(5, 140, seed=7, raters=2)
    few = data.take((data.rater == 0) | (np.cumsum(data.rater == 1) <= 20))
    assert fit(few, RankingOptions(temperatures=True)).temperature.tolist() == [1, 1]


def test_without_a_penalty_one_sided_items_are_refused_and_counted() -> None:
    data = Comparisons.of(4, [0, 1, 2, 0], [1, 0, 3, 2], [1, 1, 1, 1])
    with pytest.raises(UserError, match="3 groups"):
        fit(data, EXACT)
    worths = fit(data)
    assert np.all(np.isfinite(worths.log_worth))
    assert worths.groups.tolist() == [0, 0, 0, 0]


def test_items_that_never_met_are_named() -> None:
    worths = fit(Comparisons.of(6, [0, 3, 4, 4], [1, 4, 5, 3], [1, 1, 0, -1]))
    assert worths.groups.tolist() == [1, 1, 2, 0, 0, 0]
    assert worths.compared.tolist() == [1, 1, 0, 2, 3, 1]
    assert stop_reason(worths) == ""


def test_no_items_and_no_comparisons() -> None:
    with pytest.raises(UserError, match="nothing to rank"):
        fit(Comparisons.of(0, [], [], []))
    worths = fit(Comparisons.of(3, [], [], []))
    assert worths.log_worth.tolist() == [0, 0, 0]
    assert worths.rank_intervals() is not None
    with pytest.raises(ValueError, match="itself"):
        Comparisons.of(2, [1], [1], [1])
    with pytest.raises(ValueError, match="outside"):
        Comparisons.of(2, [0], [2], [1])
    with pytest.raises(ValueError, match="twice"):
        Rankings.of(3, [[[0, 1], [0]]])


def test_a_fit_can_be_cancelled() -> None:
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        fit(citations(), progress=progress)


comparisons_of_five = st.lists(
    st.tuples(
        st.integers(0, 4), st.integers(1, 4), st.sampled_from((-1, 0, 1)), st.sampled_from((-1, 1))
    ),
    min_size=1,
    max_size=40,
).map(
    lambda rows: Comparisons.of(
        5, [r[0] for r in rows], [(r[0] + r[1]) % 5 for r in rows], [r[2] for r in rows],
        [r[3] for r in rows],
    )
)  # fmt: skip


@given(comparisons_of_five, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_telling_a_comparison_the_other_way_round_changes_no_score(data, random) -> None:  # type: ignore[no-untyped-def]
    turn = np.array([random.random() < 0.5 for _ in range(len(data))])
    one, other = fit(data), fit(data.swapped(turn))
    assert other.log_worth == pytest.approx(one.log_worth, abs=1e-6)
    assert other.position == pytest.approx(one.position, abs=1e-5, nan_ok=True)


@given(comparisons_of_five, st.permutations(range(5)), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_names_and_order_do_not_matter(data, names, random) -> None:  # type: ignore[no-untyped-def]
    order = list(range(len(data)))
    random.shuffle(order)
    named = np.array(names)
    other = Comparisons.of(5, named[data.first], named[data.second], data.outcome, data.side).take(
        np.array(order)
    )
    one, two = fit(data), fit(other)
    assert two.log_worth[named] == pytest.approx(one.log_worth, abs=1e-6)


@given(comparisons_of_five)
@settings(max_examples=40, deadline=None)
def test_one_more_win_never_lowers_an_item(data) -> None:  # type: ignore[no-untyped-def]
    more = Comparisons.of(
        5, [*data.first, 0], [*data.second, 1], [*data.outcome, 1], [*data.side, 0]
    )
    before, after = (
        fit(d, RankingOptions(ties=False if not data.has_ties else None, position=False))
        for d in (data, more)
    )
    assert (after.log_worth[0] - after.log_worth[1]) > (before.log_worth[0] - before.log_worth[1])


def test_rank_intervals_hold_the_rank_and_narrow_with_data() -> None:
    widths = []
    for m in (200, 20_000):
        truth, data = made_up(10, m, seed=8)
        ranks = fit(data).rank_intervals()
        assert ranks is not None
        true_rank = np.argsort(np.argsort(-truth)) + 1
        assert np.mean((ranks[:, 0] <= true_rank) & (true_rank <= ranks[:, 1])) >= 0.9
        widths.append(float(np.mean(ranks[:, 1] - ranks[:, 0])))
    assert widths[1] < widths[0] / 2


def test_it_stops_when_neighbours_stand_apart_or_little_is_left_to_learn() -> None:
    wide = Comparisons.of(3, [0, 1, 0], [1, 2, 2], [1, 1, 1], weight=[400, 400, 400])
    close = Comparisons.of(3, [0, 1, 1, 0], [1, 2, 0, 2], [1, 1, 1, 1], weight=[2, 2, 1, 1])
    assert "told apart" in stop_reason(fit(wide))
    assert stop_reason(fit(close)) == ""
    assert "hardly" in stop_reason(fit(close), threshold=10.0)


# raters


def test_circles_are_counted_and_named() -> None:
    circle = Comparisons.of(4, [0, 1, 2, 0], [1, 2, 0, 3], [1, 1, 1, 1])
    assert count_circles(circle) == (1, 1)
    assert circles(circle) == [(0, 1, 2)]
    straight = Comparisons.of(3, [0, 1, 0], [1, 2, 2], [1, 1, 1])
    assert count_circles(straight) == (0, 1)
    assert circles(straight) == []
    tied = Comparisons.of(3, [0, 1, 2], [1, 2, 0], [1, 1, 0])
    assert count_circles(tied) == (0, 0)


def test_all_circles_of_a_tournament_are_found() -> None:
    random = np.random.default_rng(9)
    i, j = np.triu_indices(9, 1)
    data = Comparisons.of(9, i, j, random.choice((-1, 1), len(i)))
    counted, triples = count_circles(data)
    assert triples == 84
    assert counted == len(circles(data, most=100)) > 0
    degree = (data.wins() > 0).sum(axis=1)
    assert counted == 84 - sum(int(d * (d - 1) / 2) for d in degree)  # Kendall and Babington Smith


def test_repeats_count_whatever_side_was_shown() -> None:
    own = Comparisons.of(3, [0, 1, 0, 2], [1, 0, 2, 0], [1, -1, 1, 1], side=[1, 1, 1, 1])
    found = repeats(own)
    assert (found.count, found.total) == (1, 2)
    assert found.interval is not None and found.interval.low < 0.5 < found.interval.high


def test_reports_tell_sides_and_scale_per_rater() -> None:
    heat = np.array([2.0, 0.0])
    _truth, data = made_up(10, 2000, seed=10, raters=2, heat=heat, tie=0.2)
    good, careless = rater_reports(data, fit(data))
    assert good.votes + careless.votes == 2000
    assert good.with_scale.value is not None and careless.with_scale.value is not None
    assert good.with_scale.value > 0.7
    assert 0.4 < careless.with_scale.value < 0.6
    assert good.circles.value is not None and careless.circles.value is not None
    assert good.circles.value < careless.circles.value
    assert good.ties + careless.ties == int((data.outcome == 0).sum())


def test_the_table_of_wins_counts_each_comparison_once() -> None:
    wins, ties = wins_table(pudding_comparisons())
    assert wins[0, 1] == 19 and wins[1, 0] == 22 and ties[0, 1] == ties[1, 0] == 16
    assert wins.sum() + ties.sum() / 2 == pudding_comparisons().weight.sum()


def test_two_raters_agree_on_the_pairs_that_both_judged() -> None:
    """On pair 0-1 three say 0, one says 1: 3 of 6; on 1-2 two ties: 1 of 1; on 0-2 one alone."""
    data = Comparisons.of(
        3, [0, 1, 0, 1, 1, 2, 0, 0], [1, 0, 1, 0, 2, 1, 2, 1], [1, -1, 1, 1, 0, 0, 1, 1],
        rater=[0, 1, 2, 3, 0, 1, 2, 0],
    )  # fmt: skip
    found = between_raters(data)
    assert (found.count, found.total) == (4, 7)
    assert between_raters(data.take(data.rater == 0)).total == 0


def test_elo() -> None:
    assert elo(1500, 1500, 1) == (1516, 1484)
    assert elo(1500, 1500, 0) == (1500, 1500)
    first, second = elo(1400, 1800, -1)
    assert first + second == 3200
    assert first == pytest.approx(1400 - 32 / 11)
    found = elo_ratings(Comparisons.of(3, [0, 0], [1, 2], [1, 1]))
    assert found[0] > 1516 > found[1]


# choosing pairs


def test_pairs_of_a_batch_are_disjoint_and_reproducible() -> None:
    _truth, data = made_up(20, 100, seed=11)
    worths, met = fit(data), data.wins(0.5) + data.wins(0.5).T
    for strategy in ("order", "swiss", "information", "random"):
        options = ChoiceOptions(strategy=strategy)
        pairs = choose_pairs(worths, met, 10, asked=data, options=options, seed=3)
        items = [i for p in pairs for i in (p.left, p.right)]
        assert len(items) == len(set(items))
        assert 8 <= len(pairs) <= 10
        assert pairs == choose_pairs(worths, met, 10, asked=data, options=options, seed=3)
        assert pairs != choose_pairs(worths, met, 10, asked=data, options=options, seed=4)
    assert choose_pairs(None, np.zeros((1, 1)), 5) == []
    assert len(choose_pairs(None, np.zeros((7, 7)), 9)) == 3


def test_a_tenth_is_random_and_a_twentieth_repeats_with_sides_swapped() -> None:
    _truth, data = made_up(40, 200, seed=12)
    worths, met = fit(data), np.ones((40, 40))
    pairs = [p for s in range(60) for p in choose_pairs(worths, met, 20, asked=data, seed=s)]
    share = {why: sum(p.why is why for p in pairs) / len(pairs) for why in Why}
    assert share[Why.RANDOM] == pytest.approx(0.10, abs=0.03)
    assert share[Why.REPEAT] == pytest.approx(0.05, abs=0.02)
    shown = set(zip(data.first.tolist(), data.second.tolist(), data.side.tolist(), strict=True))
    for pair in pairs:
        if pair.why is Why.REPEAT:
            assert {(pair.right, pair.left, 1), (pair.left, pair.right, -1)} & shown


def test_sides_are_random() -> None:
    worths, met = fit(made_up(30, 300, seed=13)[1]), np.ones((30, 30))
    low_left = [p.left < p.right for s in range(40) for p in choose_pairs(worths, met, 15, seed=s)]
    assert 0.45 < np.mean(low_left) < 0.55


def test_close_and_uncertain_pairs_are_worth_more() -> None:
    worths = fit(Comparisons.of(3, [0, 1, 0], [1, 2, 2], [1, 1, 1], weight=[1, 20, 20]))
    told = information(worths)
    assert told[0, 1] == told.max()
    assert np.all(np.diag(told) == 0)


def test_the_gain_for_the_order_is_what_one_more_answer_takes_from_the_doubt() -> None:
    """Against the doubt counted pair by pair, before and after the answer."""
    worths = fit(made_up(9, 40, seed=17)[1], RankingOptions(position=False))
    assert worths.covariance is not None
    chance = worths.chances()
    told = chance * (1 - chance)
    x, variance = worths.log_worth, worths.difference_variance()
    found = order_gain(x, worths.covariance, told)
    for i, j in ((0, 1), (3, 7), (8, 2)):
        side = np.zeros(9)
        side[[i, j]] = 1, -1
        after = np.linalg.inv(np.linalg.inv(worths.covariance + np.ones((9, 9)))
                              + told[i, j] * np.outer(side, side))  # fmt: skip
        doubt = 0.0
        for k in range(9):
            for m in range(k):
                weight = np.exp(-((x[k] - x[m]) ** 2) / variance[k, m] / 2)
                weight /= np.sqrt(variance[k, m])
                left = after[k, k] + after[m, m] - 2 * after[k, m]
                doubt += weight * (variance[k, m] - left)
        assert found[i, j] == pytest.approx(doubt, rel=1e-9)
    assert np.all(np.diag(found) == 0) and np.allclose(found, found.T)


def test_swiss_takes_neighbours_then_who_met_least_then_what_tells_most() -> None:
    data = Comparisons.of(4, [0, 1, 2, 3], [1, 0, 3, 2], [1, 1, 1, 1], weight=[9, 9, 1, 1])
    worths = fit(data, RankingOptions(position=False))
    swiss = ChoiceOptions(strategy="swiss", random_share=0, repeat_share=0)
    met = np.ones((4, 4))
    first = [choose_pairs(worths, met, 1, options=swiss, seed=s)[0] for s in range(8)]
    assert {frozenset((p.left, p.right)) for p in first} != {frozenset((0, 1))}
    told = information(worths)
    most = {frozenset(k) for k in np.argwhere(told == told.max()).tolist()}
    assert {frozenset((p.left, p.right)) for p in first} <= most, "all are equally close"
    met[2, 3] = met[3, 2] = met[0, 2] = met[2, 0] = met[1, 2] = met[2, 1] = 5
    met[0, 1] = met[1, 0] = 5
    first = [choose_pairs(worths, met, 1, options=swiss, seed=s)[0] for s in range(8)]
    assert {3} == set.intersection(*({p.left, p.right} for p in first)), "3 has met nobody else"


def test_chosen_pairs_need_far_fewer_answers_than_random_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The worlds of the benchmark, with fewer seeds (there, 20 are drawn), and scores fitted again
    after five answers, not after each, to be quick."""
    monkeypatch.setattr("tools.bench.preference.BATCH", 5)
    world = WORLDS["far apart, 30 % of answers careless"]
    random = reached([tau_curve(s, world, None, 300) for s in range(4)], 0.55)
    chosen = reached([tau_curve(s, world, ChoiceOptions(), 300) for s in range(4)], 0.55)
    assert random is not None and chosen is not None
    assert chosen <= 0.75 * random


def test_what_was_just_seen_rests_for_a_few_answers() -> None:
    first, second, outcome = [0, 2, 4, 6, 8], [1, 3, 5, 7, 9], [1, -1, 1, 1, -1]
    asked = Comparisons.of(14, first, second, outcome, np.ones(5))
    met = np.zeros((14, 14))
    met[first, second] = met[second, first] = 1
    options = ChoiceOptions(random_share=0.0, repeat_share=0.0)
    for seed in range(20):
        (pair,) = choose_pairs(fit(asked), met, 1, asked=asked, options=options, seed=seed)
        assert not {pair.left, pair.right} & set(range(2, 10))
    few = Comparisons.of(4, [0, 2], [1, 3], [1, 1], np.ones(2))
    assert choose_pairs(fit(few), met[:4, :4], 1, asked=few, options=options)  # too few to rest
