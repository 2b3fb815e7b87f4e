"""Learning from few labels: features, learners, what is asked next, and when to stop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.domain.contracts import Progress
from desktop.domain.errors import Cancelled, PluginProblem, UserError
from desktop.engines.learning import image_features, learner, samplers, sampling, stopping
from desktop.engines.learning.image_features import TextureFeatures, describe
from desktop.engines.learning.learner import Logistic, grouped_folds, learn
from desktop.engines.learning.samplers import UNLABELLED, Pool
from desktop.engines.learning.sampling import Shares, Why, next_batch
from desktop.engines.single_thread import single_thread


def blobs(n: int = 240, seed: int = 0, shares: tuple[float, ...] = (0.4, 0.35, 0.25)):  # type: ignore[no-untyped-def]
    """Features around one centre per class, and the classes."""
    random = np.random.default_rng(seed)
    y = random.choice(len(shares), n, p=shares).astype(np.int64)
    centres = random.normal(0, 2.0, (len(shares), 12))
    return centres[y] + random.normal(0, 1.2, (n, 12)), y


def pool(n: int = 240, labelled: int = 0, seed: int = 0, **more) -> tuple[Pool, np.ndarray]:  # type: ignore[no-untyped-def]
    x, y = blobs(n, seed)
    labels = np.full(n, UNLABELLED)
    labels[:labelled] = y[:labelled]
    facts = {"groups": np.arange(n), "open": np.ones(n, bool)} | more
    return Pool(x, labels=labels, keys=np.random.default_rng(9).random(n), **facts), y


# features ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", image_features.extractors(), ids=lambda e: e.name)
def test_every_extractor_gives_one_finite_row_per_image_whatever_the_batch(by) -> None:  # type: ignore[no-untyped-def]
    random = np.random.default_rng(0)
    images = [random.random(s, dtype=np.float32) for s in ((20, 31), (64, 64), (300, 260))]
    images.append(np.zeros((5, 5), np.float32))
    together = describe(images, by)
    assert np.array_equal(together[1], describe([images[1]], by)[0])
    assert len(np.unique(together.round(6), axis=0)) == len(images)
    assert describe([], by).shape[0] == 0


def test_an_extractor_that_breaks_its_word_is_named() -> None:
    class Broken(TextureFeatures):
        name = "broken"

        def extract(self, images, progress):  # type: ignore[no-untyped-def]
            return np.full((len(images), 3), np.nan)

    with pytest.raises(PluginProblem, match="broken"):
        describe([np.zeros((40, 40), np.float32)], Broken())
    with pytest.raises(PluginProblem, match="same name"):
        image_features.register(type("T", (TextureFeatures,), {})())


def test_describing_can_be_cancelled() -> None:
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        describe([np.zeros((40, 40), np.float32)], TextureFeatures(), progress)


# learners ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("item", learner.learners(), ids=lambda e: e.name)
def test_every_learner_gives_probabilities_and_the_same_ones_again(item) -> None:  # type: ignore[no-untyped-def]
    x, y = blobs(120)
    first = item.fit(x, y, 5, 3).probabilities(x[:9])  # two of the classes are never seen
    assert first.shape == (9, 5)
    assert np.allclose(first.sum(axis=1), 1) and (first[:, 3:] == 0).all()
    assert np.array_equal(first, item.fit(x, y, 5, 3).probabilities(x[:9]))
    assert (item.fit(x, y, 3, 3).probabilities(x).argmax(1) == y).mean() > 0.9


def test_the_choice_holds_patients_together_and_is_the_better_one() -> None:
    random = np.random.default_rng(1)
    x = random.uniform(-1, 1, (240, 2))
    y = ((x[:, 0] > 0) ^ (x[:, 1] > 0)).astype(np.int64)  # no plane separates these
    groups = np.arange(240) // 3
    model = learn(x, y, groups, 2, seed=1)
    assert model.learner == "extra-trees"
    assert model.scores["extra-trees"] < model.scores["logistic"]
    for fold in grouped_folds(y, groups, 0):
        assert not set(groups[fold]) & set(groups[~fold])


def test_a_patient_with_twenty_copies_does_not_flatter_the_model() -> None:
    """Rows of one patient are alike; by row a label is guessed from the patient's other rows."""
    random = np.random.default_rng(2)
    patients = random.normal(0, 1, (30, 8))
    truth = random.integers(0, 2, 30)  # nothing to learn: classes are given to patients by chance
    rows = np.repeat(np.arange(30), 8)
    x = patients[rows] + random.normal(0, 0.01, (240, 8))
    honest = learn(x, truth[rows], rows, 2, names=["extra-trees"]).held_out
    naive = learn(x, truth[rows], np.arange(240), 2, names=["extra-trees"]).held_out
    assert (naive.argmax(1) == truth[rows]).mean() > 0.95
    assert (honest.argmax(1) == truth[rows]).mean() < 0.75


def test_one_answer_only_teaches_nothing() -> None:
    x, _y = blobs(20)
    with pytest.raises(UserError, match="one answer"):
        learn(x, np.ones(20, np.int64), np.arange(20), 3)


def test_calibration_makes_a_boaster_modest() -> None:
    random = np.random.default_rng(5)
    y = random.integers(0, 2, 600)
    right = random.random(600) < 0.75
    said = np.where(right, y, 1 - y)
    boast = np.where(np.eye(2)[said] > 0, 0.999, 0.001)
    honest = learner.apply_platt(boast, learner.fit_platt(boast, y))
    assert honest.max(axis=1).mean() == pytest.approx(0.75, abs=0.04)


# what is asked next ------------------------------------------------------------------------------


def model_of(p: Pool) -> np.ndarray:
    rows = np.flatnonzero(p.labels != UNLABELLED)
    return Logistic().fit(p.features[rows], p.labels[rows], 3, 0).probabilities(p.features)


@pytest.mark.parametrize("item", samplers.samplers(), ids=lambda s: s.name)
def test_every_sampler_picks_what_it_may_and_the_same_again(item) -> None:  # type: ignore[no-untyped-def]
    p, _y = pool(labelled=30)
    allowed = p.askable & (np.arange(240) % 3 > 0)
    scene = samplers.Scene(p, p.directions(), model_of(p), allowed, 4)
    found = item.pick(scene, 8)
    assert len(found) >= 8 and allowed[found].all() and len(set(found)) == len(found)
    assert np.array_equal(found, item.pick(scene, 8))


@settings(max_examples=40)
@given(
    labelled=st.integers(0, 60),
    closed=st.integers(0, 60),
    size=st.integers(1, 70),
    share=st.floats(0.05, 1.0),
    seed=st.integers(0, 5),
)
def test_a_batch_never_asks_twice_or_what_is_closed(
    labelled: int, closed: int, size: int, share: float, seed: int
) -> None:
    is_open = np.ones(70, bool)
    is_open[len(is_open) - closed :] = False
    p, _y = pool(70, labelled, open=is_open, groups=np.arange(70) // 2)
    probabilities = model_of(p) if len(np.unique(p.labels[p.labels >= 0])) > 1 else None
    shares = Shares(0.6 * (1 - share), 0.4 * (1 - share), share)
    picks = next_batch(p, probabilities, size, shares=shares, seed=seed)
    chosen = [pick.index for pick in picks]
    assert len(chosen) == len(set(chosen)) == min(size, int(p.askable.sum()))
    assert p.askable[chosen].all()
    again = next_batch(p, probabilities, size, shares=shares, seed=seed)
    assert picks == again


def test_shares_are_kept_and_a_batch_without_chance_is_refused() -> None:
    p, _y = pool(labelled=40)
    picks = next_batch(p, model_of(p), 20, shares=Shares(0.5, 0.2, 0.3))
    counts = {why: sum(pick.why is why for pick in picks) for why in Why}
    assert (counts[Why.UNCERTAIN], counts[Why.DIVERSE], counts[Why.RANDOM]) == (10, 4, 6)
    with pytest.raises(UserError, match="random checks"):
        next_batch(p, model_of(p), 20, shares=Shares(0.8, 0.2, 0.0))


def test_without_a_model_the_batch_is_typical_and_random() -> None:
    p, y = pool()
    picks = next_batch(p, None, 10)
    assert {pick.why for pick in picks} == {Why.TYPICAL, Why.RANDOM}
    assert set(y[[pick.index for pick in picks]]) == {0, 1, 2}


def test_a_patient_or_a_picture_never_fills_a_batch() -> None:
    x, _y = blobs(60)
    x[:30] = x[0]  # thirty times the same picture
    groups = np.arange(60)
    groups[30:45] = 30  # fifteen images of one patient
    labels = np.full(60, UNLABELLED)
    labels[50:] = np.arange(10) % 3
    p = Pool(x, groups, labels, np.ones(60, bool), np.linspace(1, 0, 60))
    picks = next_batch(p, model_of(p), 8, shares=Shares(0.9, 0.0, 0.1))
    chosen = [q.index for q in picks if q.why is not Why.RANDOM]
    assert sum(i < 30 for i in chosen) <= 1
    assert sum(30 <= i < 45 for i in chosen) <= 2


def test_the_default_asks_for_many_not_for_a_curiosity() -> None:
    """Two crowds are doubted, and one lone image most; one of each crowd is asked first."""
    random = np.random.default_rng(4)
    centres = np.repeat([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]], 30, axis=0)
    x = np.vstack([centres + random.normal(0, 0.5, (90, 2)), [[60.0, 60.0]]])
    doubt = np.concatenate([random.uniform(0.5, 0.8, 60), np.full(30, 0.05), [0.99]])
    probabilities = np.stack([(2 - doubt) / 2, doubt / 2], axis=1)
    p = Pool(x, np.arange(91), np.full(91, UNLABELLED), np.ones(91, bool), np.arange(91.0))
    scene = samplers.Scene(p, x, probabilities, p.askable, 0)
    first = samplers.CoverMargin().pick(scene, 2)[:2]
    assert sorted(first // 30) == [0, 1] and samplers.Margin().pick(scene, 2)[0] == 90
    p.labels[first[0]] = 0  # and where a label is near already, the other crowd is asked
    again = samplers.CoverMargin().pick(samplers.Scene(p, x, probabilities, p.askable, 0), 2)
    assert again[0] // 30 == first[1] // 30


def test_where_an_answer_is_rare_uncertainty_takes_over() -> None:
    labels = np.array([0] * 40 + [1] * 2 + [UNLABELLED] * 10)
    assert sampling.has_rare(labels, 2)
    assert not sampling.has_rare(np.arange(40) % 3, 3)
    ten = np.concatenate([np.arange(9).repeat(4), [9]])
    assert not sampling.has_rare(ten, 10), "one of 37 for one of ten answers may be chance"
    assert sampling.has_rare(np.concatenate([ten[:36].repeat(3), [9]]), 10)
    x, _y = blobs(52)
    p = Pool(x, np.arange(52), labels, np.ones(52, bool), np.arange(52.0))
    probabilities = Logistic().fit(x[:42], labels[:42], 2, 0).probabilities(x)
    assert Why.RARE in {pick.why for pick in next_batch(p, probabilities, 5)}


def test_the_control_is_a_simple_random_sample_of_the_pool() -> None:
    """The queue prefers class 2; the control's prevalence must stay that of the pool."""
    estimates, biased, half = [], [], Shares(0.5, 0.0, 0.5)
    for seed in range(100, 130):
        p, y = pool(300, seed=3)
        keys = np.random.default_rng(seed).random(300)
        labels = np.full(300, UNLABELLED)
        asked = np.zeros(300, bool)
        likes = np.where(y == 2, 0.5, 0.9)[:, None]
        probabilities = np.hstack([likes, 1 - likes, np.zeros((300, 1))])
        for _round in range(6):
            p = Pool(p.features, p.groups, labels, np.ones(300, bool), keys)
            for pick in next_batch(p, probabilities, 20, shares=half, sampler_name="margin"):
                labels[pick.index] = y[pick.index]
                asked[pick.index] |= pick.why is Why.RANDOM
        members = stopping.control_members(keys, asked)
        assert (labels[members] != UNLABELLED).all(), "all up to the last key are answered"
        estimates.append(stopping.control_prevalence(members, labels, 2).value)
        given_now = labels[labels != UNLABELLED]
        biased.append((given_now == 2).mean())
    truth = (y == 2).mean()
    assert np.mean(estimates) == pytest.approx(truth, abs=0.025)
    assert np.mean(biased) > truth + 0.1


def test_the_default_saves_labels_on_digits() -> None:
    """The queue against chance on the same splits, with what it spends on the control."""
    from sklearn.datasets import load_digits

    data = load_digits()
    x, y = data.data, data.target.astype(np.int64)
    ahead, queue_at_100 = [], []
    for seed in (200, 201, 202):
        random = np.random.default_rng(seed)
        order, keys = random.permutation(len(y)), random.random(1000)
        rows, test = order[:1000], order[1000:]
        right: dict[bool, list[float]] = {True: [], False: []}
        for queue in (True, False):
            labels, probabilities = np.full(1000, UNLABELLED), None
            for _round in range(10):
                here = Pool(x[rows], np.arange(1000), labels, np.ones(1000, bool), keys)
                picks = [p.index for p in next_batch(here, probabilities, 10, seed=seed)]
                if not queue:
                    picks = [int(i) for i in np.argsort(keys) if labels[i] == UNLABELLED][:10]
                labels[picks] = y[rows[picks]]
                known = np.flatnonzero(labels != UNLABELLED)
                with single_thread():
                    model = Logistic().fit(x[rows[known]], labels[known], 10, 0)
                probabilities = model.probabilities(x[rows])
                said = model.probabilities(x[test]).argmax(axis=1)
                right[queue].append(float((said == y[test]).mean()))
        ahead.append(np.mean(right[True]) - np.mean(right[False]))
        queue_at_100.append(right[True][-1])
    assert np.mean(ahead) > 0.07 and min(ahead) > 0.05, "by entropy it is 0.045"
    assert np.mean(queue_at_100) > 0.91, "by plain margin it is 0.896, by entropy 0.864"


# when to stop ------------------------------------------------------------------------------------


def test_kappa_of_predictions() -> None:
    a = np.array([0, 0, 1, 1, 2, 2])
    assert stopping.kappa(a, a) == pytest.approx(1)
    table = [(0, 0, 20), (0, 1, 5), (1, 0, 10), (1, 1, 15)]  # published: kappa .4
    first = np.repeat([t[0] for t in table], [t[2] for t in table])
    second = np.repeat([t[1] for t in table], [t[2] for t in table])
    assert stopping.kappa(first, second) == pytest.approx(0.4)


def test_each_signal_says_in_words_when_it_holds() -> None:
    assert not stopping.is_steady([0.999, 0.999]).holds
    assert stopping.is_steady([0.5, 0.995, 0.996, 0.997]).holds
    assert not stopping.is_steady([0.995] * 3, safe=True).holds
    few = stopping.is_good_enough(stopping.estimate(9, 9), 0.5)
    assert not few.holds and "9 random checks" in few.sentence
    good = stopping.is_good_enough(stopping.estimate(97, 100), 0.9)
    assert good.holds and "97%" in good.sentence
    assert not stopping.is_good_enough(stopping.estimate(92, 100), 0.9).holds
    assert stopping.is_worth_it(1, 40).holds and not stopping.is_worth_it(20, 40).holds


def test_how_many_more_labels_for_a_point() -> None:
    n = [20, 40, 80, 160, 320]
    curve = [0.95 - 1.2 * c**-0.7 for c in n]
    more = stopping.labels_for_a_point(n, curve)
    assert more is not None
    reached = 0.95 - 1.2 * (320 + more) ** -0.7
    assert reached - curve[-1] == pytest.approx(0.01, abs=0.002)
    assert stopping.labels_for_a_point(n, [0.9] * 5) is None
    assert stopping.labels_for_a_point([10, 20], [0.5, 0.6]) is None
