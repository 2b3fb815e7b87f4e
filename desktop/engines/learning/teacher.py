"""A teacher labels what nobody has labelled; a student learns from both, and has to prove itself.

The teacher says how sure it is; only what passes the threshold of its class is kept. A random part
of that is checked by people, and the share that was right is the weight that the rest gets. The
student is kept only where real validation images leave no room for a loss.

Source: Lee 2013, Pseudo-label (ICML workshop); Xie et al. 2020, doi:10.1109/CVPR42600.2020.01070
(a student on labels and pseudo-labels); Zou et al. 2018, doi:10.1007/978-3-030-01219-9_18
(a threshold for each class).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.engines.intervals import LEVEL, Interval
from desktop.engines.learning.learner import Fitted, Learner, Model, learners
from desktop.engines.proportions import wilson
from desktop.engines.single_thread import single_thread

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

FEWEST_TO_JUDGE = 20  # real validation images; below, a loss can't be excluded
RESAMPLES = 2000
_COPIES = 4  # of a real row, for learners that know no weights


def quantile_thresholds(chances: Floats, share: float, least: float = 0.5) -> Floats:
    """(K,) thresholds that keep the surest ``share`` of what is said of each class.

    Parameters
    ----------
    chances
        (n, K) probabilities of the pool.
    share
        0..1, of the rows whose likeliest class it is.
    least
        No threshold is lower; a class that is never said has 1.
    """
    said, surest = chances.argmax(axis=1), chances.max(axis=1)
    found = np.ones(chances.shape[1])
    for k in range(len(found)):
        mine = np.sort(surest[said == k])[::-1]
        if len(mine):
            found[k] = max(least, mine[max(1, round(share * len(mine))) - 1])
    return found


def kept(chances: Floats, thresholds: Floats) -> Bools:
    """(n,) whether a row's likeliest class passes its threshold. A threshold of 1 keeps what is
    certain to the last digit."""
    said, surest = chances.argmax(axis=1), chances.max(axis=1)
    return np.asarray(surest >= thresholds[said] - 1e-9)


@dataclass(frozen=True)
class Passed:
    """Of the real labels, how many of those that pass the threshold of one class are right."""

    right: int
    checked: int

    @property
    def interval(self) -> Interval | None:
        return wilson(self.right, self.checked)


def passed(chances: Floats, classes: Ints, thresholds: Floats) -> tuple[Passed, ...]:
    """One entry for each class, on rows whose true class is known and that were not learned from.

    ``classes``: (n,) the true classes.
    """
    said, inside = chances.argmax(axis=1), kept(chances, thresholds)
    found = []
    for k in range(chances.shape[1]):
        mine = inside & (said == k)
        found.append(Passed(int((classes[mine] == k).sum()), int(mine.sum())))
    return tuple(found)


def audit_sample(keys: Floats, share: float, fewest: int = 5) -> Ints:
    """Places of a random share of the rows, in order; ``keys`` (n,) are their random numbers."""
    wanted = min(len(keys), max(fewest, int(np.ceil(share * len(keys)))))
    return np.sort(np.argsort(keys, kind="stable")[:wanted])


def fit_weighted(
    learner: Learner, features: Floats, classes: Ints, weights: Floats, count: int, seed: int
) -> Fitted:
    """Learn with a weight in 0..1 for each row.

    A learner that knows no weights (one of a plugin) gets every row as often as its weight says, to
    a quarter. Rows of weight 0 are left out.
    """
    chosen = weights > 0
    features, classes, weights = features[chosen], classes[chosen], weights[chosen]
    with single_thread():
        if (weights == 1).all():
            return learner.fit(features, classes, count, seed)
        own = getattr(learner, "fit_weighted", None)
        if own is not None:
            fitted: Fitted = own(features, classes, weights, count, seed)
            return fitted
        copies = np.maximum(1, np.rint(weights * _COPIES)).astype(np.int64)
        return learner.fit(
            np.repeat(features, copies, axis=0), np.repeat(classes, copies), count, seed
        )


def strengthened(
    model: Model,
    labelled: tuple[Floats, Ints],
    taught: tuple[Floats, Ints, Floats],
    seed: int,
) -> Model:
    """The same learner on people's labels and a teacher's: ``taught`` with a weight for each row.

    What was held out stays as it was, of people's labels alone: the teacher had learned from all
    of them, so its labels would tell a fold's answers to the model that is measured on it.
    """
    learner = next(item for item in learners() if item.name == model.learner)
    features = np.concatenate([labelled[0], taught[0]])
    classes = np.concatenate([labelled[1], taught[1]])
    weights = np.concatenate([np.ones(len(labelled[1])), taught[2]])
    fitted = fit_weighted(learner, features, classes, weights, model.count, seed)
    return replace(model, _fitted=fitted)


@dataclass(frozen=True)
class Comparison:
    """Student and the same learner without pseudo-labels, on the same real images.

    ``student_right``, ``alone_right`` of ``checked``; ``gain``: the difference of the two shares,
    with the interval ``low`` to ``high`` from resampled patients. ``is_kept``: no loss lies within
    the interval, and there were enough images to say so.
    """

    checked: int
    patients: int
    student_right: int
    alone_right: int
    low: float
    high: float

    @property
    def gain(self) -> float:
        return (self.student_right - self.alone_right) / self.checked if self.checked else 0.0

    @property
    def is_kept(self) -> bool:
        return self.checked >= FEWEST_TO_JUDGE and self.low >= 0

    @property
    def sentence(self) -> str:
        if self.checked == 0:
            return "No real validation image has a label that people gave, so nothing is proven."
        shares = (
            f"On {self.checked} real validation images of {self.patients} patients the student is "
            f"right on {self.student_right}, without the teacher's labels it is on "
            f"{self.alone_right}: {100 * self.gain:+.1f} points "
            f"({100 * self.low:+.1f} to {100 * self.high:+.1f})."
        )
        if self.is_kept:
            return f"Kept: a loss is excluded. {shares}"
        if self.checked < FEWEST_TO_JUDGE:
            return (
                f"Not kept: {FEWEST_TO_JUDGE} real validation images are needed to exclude a "
                f"loss. {shares}"
            )
        return f"Not kept: a loss can't be excluded. {shares}"


def compare(
    student: Bools, alone: Bools, patients: Ints, seed: int, level: float = LEVEL
) -> Comparison:
    """What pseudo-labels gain or lose, by a paired bootstrap over patients.

    Parameters
    ----------
    student, alone
        (n,) whether each was right on the same real images.
    patients
        (n,) the patient of each image; a patient is drawn with all their images.

    Source: Efron and Tibshirani 1993, chapter 13 (percentile interval).
    """
    n = len(student)
    if n == 0:
        return Comparison(0, 0, 0, 0, 0.0, 0.0)
    _names, place = np.unique(patients, return_inverse=True)
    count = int(place.max()) + 1
    gain = np.bincount(place, student.astype(float) - alone.astype(float), count)
    size = np.bincount(place, minlength=count).astype(float)
    random = np.random.Generator(np.random.PCG64(seed))
    draws = random.multinomial(count, np.full(count, 1 / count), RESAMPLES)
    gains = (draws @ gain) / (draws @ size)
    tail = (1 - level) / 2
    low, high = np.quantile(gains, [tail, 1 - tail])
    return Comparison(n, count, int(student.sum()), int(alone.sum()), float(low), float(high))


def try_student(
    learner: Learner,
    labelled: tuple[Floats, Ints],
    taught: tuple[Floats, Ints],
    weight: float,
    real: tuple[Floats, Ints, Ints],
    count: int,
    seed: int,
    progress: Progress | None = None,
) -> tuple[Comparison, Fitted]:
    """Teach a student and compare it with the same learner on people's labels alone.

    Parameters
    ----------
    labelled, taught
        Features (n, d) and classes (n,) that people gave, and that the teacher gave.
    weight
        0..1 of a row that the teacher labelled.
    real
        Features, true classes and patients of the real validation images; nobody learned from them.

    Returns
    -------
    The comparison, and the student.
    """
    progress = progress or Progress()
    if len(np.unique(labelled[1])) < 2:
        raise UserError(
            "There is only one answer so far, so there is nothing to learn.",
            "",
            "Label a few more cases until two different answers have been given.",
        )
    progress.report(0.1, "Learning from people's labels alone")
    ones = np.ones(len(labelled[1]))
    alone = fit_weighted(learner, *labelled, ones, count, seed)
    progress.report(0.4, "Learning from both")
    features = np.concatenate([labelled[0], taught[0]])
    classes = np.concatenate([labelled[1], taught[1]])
    weights = np.concatenate([ones, np.full(len(taught[1]), weight)])
    student = fit_weighted(learner, features, classes, weights, count, seed)
    progress.report(0.8, "Comparing on real validation images")
    rows, truth, patients = real
    right = [_right(f, rows, truth) for f in (student, alone)]
    return compare(right[0], right[1], patients, seed), student


def _right(fitted: Fitted, rows: Floats, truth: Ints) -> Bools:
    if not len(truth):
        return np.zeros(0, dtype=np.bool_)
    return np.asarray(fitted.probabilities(rows).argmax(axis=1) == truth)
