"""Teacher and student: thresholds per class, the audit's sample, weights, and who is kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.domain.errors import UserError
from desktop.engines.learning import teacher
from desktop.engines.learning.learner import ExtraTrees, Fitted, Logistic

CHANCES = np.array([[0.95, 0.05], [0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.3, 0.7], [0.45, 0.55]])


def test_thresholds_keep_the_surest_share_of_each_class_on_its_own() -> None:
    found = teacher.quantile_thresholds(CHANCES, 0.5)
    assert found == pytest.approx([0.9, 0.7])
    assert teacher.kept(CHANCES, found).tolist() == [True, True, False, False, True, False]
    assert teacher.quantile_thresholds(CHANCES, 0.0) == pytest.approx([0.95, 0.7])
    assert teacher.quantile_thresholds(CHANCES, 1.0, least=0.58)[1] == pytest.approx(0.58)
    never = teacher.quantile_thresholds(np.array([[0.9, 0.1, 0.0]]), 1.0)
    assert never.tolist() == [0.9, 1.0, 1.0]


def test_real_labels_say_how_often_a_threshold_is_right() -> None:
    first, second = teacher.passed(CHANCES, np.array([0, 0, 1, 0, 1, 0]), np.array([0.7, 0.6]))
    assert (first.right, first.checked) == (2, 3) and (second.right, second.checked) == (1, 1)
    assert first.interval is not None and first.interval.low < 2 / 3 < first.interval.high


@settings(max_examples=30)
@given(n=st.integers(0, 400), share=st.floats(0.0, 1.0))
def test_the_audit_is_a_share_of_at_least_five_and_of_all_alike(n: int, share: float) -> None:
    keys = np.random.default_rng(n).random(n)
    found = teacher.audit_sample(keys, share)
    assert len(found) == min(n, max(5, int(np.ceil(share * n))))
    assert len(np.unique(found)) == len(found) and (np.diff(found) > 0).all()
    again = teacher.audit_sample(keys, share)
    assert found.tolist() == again.tolist()


def blobs(n: int, seed: int, wide: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """(n, wide) rows of two classes that lie 2.4 apart."""
    random = np.random.default_rng(seed)
    classes = random.integers(0, 2, n)
    return random.normal(0, 1, (n, wide)) + 2.4 / np.sqrt(wide) * classes[:, None], classes


class NoWeights:
    name, title = "no-weights", "no weights"

    def fit(self, features: np.ndarray, classes: np.ndarray, count: int, seed: int) -> Fitted:
        self.seen = np.bincount(classes)
        return Logistic().fit(features, classes, count, seed)


@pytest.mark.parametrize("learner", [Logistic(), ExtraTrees(20)], ids=lambda x: x.name)
def test_weights_count_and_weight_zero_is_as_if_the_row_was_not_there(learner) -> None:  # type: ignore[no-untyped-def]
    features, classes = blobs(60, 1)
    wrong = np.concatenate([classes, 1 - classes])
    twice = np.concatenate([features, features])
    asked = blobs(200, 2)[0]
    alone = learner.fit(features, classes, 2, 3).probabilities(asked)

    def of(weight: float) -> np.ndarray:
        weights = np.concatenate([np.ones(60), np.full(60, weight)])
        found = teacher.fit_weighted(learner, twice, wrong, weights, 2, 3)
        return np.asarray(found.probabilities(asked))

    assert np.allclose(of(0.0), alone)
    far = [abs(of(w) - alone).mean() for w in (0.1, 0.5, 1.0)]
    assert far[0] < far[1] < far[2], "the more they weigh, the more they mislead"


def test_a_learner_that_knows_no_weights_sees_rows_more_or_less_often() -> None:
    learner = NoWeights()
    features, classes = blobs(40, 1)
    half = np.where(classes == 1, 0.5, 1.0)
    teacher.fit_weighted(learner, features, classes, half, 2, 3)
    assert learner.seen.tolist() == [4 * (classes == 0).sum(), 2 * (classes == 1).sum()]


def test_a_student_is_kept_only_where_no_loss_is_within_the_interval() -> None:
    right = np.ones(60, dtype=bool)
    worse = right.copy()
    worse[:4] = False
    patients = np.arange(60)
    assert teacher.compare(right, worse, patients, 1).is_kept
    lost = teacher.compare(worse, right, patients, 1)
    assert not lost.is_kept and lost.low < 0 and "can't be excluded" in lost.sentence
    mixed = worse.copy()
    other = np.roll(worse, 10)
    both = teacher.compare(mixed, other, patients, 1)
    assert both.gain == 0 and both.low < 0 < both.high and not both.is_kept
    few = teacher.compare(right[:19], worse[:19], patients[:19], 1)
    assert not few.is_kept and "20 real" in few.sentence
    assert not teacher.compare(right[:0], right[:0], patients[:0], 1).is_kept


def test_patients_are_drawn_whole_so_one_patient_proves_little() -> None:
    student, alone = np.ones(60, dtype=bool), np.ones(60, dtype=bool)
    alone[:10] = False
    many = teacher.compare(student, alone, np.arange(60), 1)
    one = teacher.compare(student, alone, np.repeat(np.arange(6), 10), 1)
    assert one.patients == 6 and one.high - one.low > 1.5 * (many.high - many.low)
    again = teacher.compare(student, alone, np.arange(60), 1)
    assert (again.low, again.high) == (many.low, many.high)


def test_good_pseudo_labels_help_and_bad_ones_are_found_out() -> None:
    labelled, pool, real = (blobs(n, seed, 40) for seed, n in enumerate((10, 200, 200)))
    asked = (*real, np.arange(200))
    good, _student = teacher.try_student(Logistic(), labelled, pool, 1.0, asked, 2, 1)
    assert good.student_right > good.alone_right and good.is_kept
    bad, _student = teacher.try_student(
        Logistic(), labelled, (pool[0], 1 - pool[1]), 1.0, asked, 2, 1
    )
    assert bad.student_right < bad.alone_right and not bad.is_kept
    with pytest.raises(UserError, match="only one answer"):
        teacher.try_student(Logistic(), (labelled[0], labelled[1] * 0), pool, 1.0, asked, 2, 1)
