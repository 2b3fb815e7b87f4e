"""Learners that tell classes apart from features, and the choice between them.

A learner is one object with ``name`` and ``fit``; built-ins and plugins register alike. The choice
is made anew from the labels at hand, by cross-validation that never splits a patient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from desktop.domain.contracts import Progress
from desktop.domain.errors import PluginProblem, UserError
from desktop.engines.learning.image_features import Floats
from desktop.engines.single_thread import single_thread

Ints = npt.NDArray[np.int64]
FOLDS = 5
ENOUGH_TO_CALIBRATE = 100
_FLOOR = 1e-6


class Fitted(Protocol):
    """A learner that has learned."""

    def probabilities(self, features: Floats) -> Floats:
        """(n, K) for n rows of features; rows sum to 1."""


class Learner(Protocol):
    """Learns K classes from labelled rows. Deterministic by ``seed``."""

    name: str
    title: str

    def fit(self, features: Floats, classes: Ints, count: int, seed: int) -> Fitted:
        """Learn from (n, d) features and (n,) classes 0..count-1; some classes may be absent."""


_registered: dict[str, Learner] = {}


def register(learner: Learner) -> Learner:
    """Add a learner; built-ins and plugins come in the same way."""
    known = _registered.get(learner.name)
    if known is not None and type(known) is not type(learner):
        raise PluginProblem("Two learners have the same name.", learner.name)
    _registered[learner.name] = learner
    return learner


def unregister(name: str) -> None:
    """Take a learner out again, e.g. of a plugin that was switched off."""
    _registered.pop(name, None)


def learners() -> tuple[Learner, ...]:
    """All learners, in the order they were registered."""
    for built_in in (Logistic(), ExtraTrees()):
        _registered.setdefault(built_in.name, built_in)
    return tuple(_registered.values())


@dataclass(frozen=True, eq=False)
class Model:
    """What was learned from the labels at hand.

    ``held_out`` : (n, K) probabilities of each labelled row by a model that had not seen its
    group, uniform where there were too few groups to hold one out. ``scores`` : tempered log loss
    per learner. ``calibrated`` : whether the probabilities were fitted to what was held out.
    """

    learner: str
    title: str
    count: int
    held_out: Floats
    scores: dict[str, float]
    calibrated: bool
    _fitted: Fitted
    _scale: Floats | None

    def probabilities(self, features: Floats) -> Floats:
        """(n, K) class probabilities of new rows."""
        if not len(features):
            return np.zeros((0, self.count))
        found = _checked(self._fitted.probabilities(features), len(features), self.count)
        return found if self._scale is None else apply_platt(found, self._scale)


def learn(
    features: Floats,
    classes: Ints,
    groups: Ints,
    count: int,
    *,
    seed: int = 0,
    names: Sequence[str] = (),
    progress: Progress | None = None,
) -> Model:
    """The best of the learners on these labels.

    Parameters
    ----------
    features, classes, groups
        (n, d), (n,) classes 0..count-1, and (n,) the patient of each row: rows of one patient are
        never on both sides of a fold.
    names
        Learners to choose between, () for all.

    Raises
    ------
    UserError
        Fewer than two classes among the labels: nothing can be told apart yet.
    """
    with single_thread():
        return _learn(features, classes, groups, count, seed, names, progress or Progress())


def _learn(
    features: Floats,
    classes: Ints,
    groups: Ints,
    count: int,
    seed: int,
    names: Sequence[str],
    progress: Progress,
) -> Model:
    present = np.unique(classes)
    if len(present) < 2:
        raise UserError(
            "There is only one answer so far, so there is nothing to tell apart.",
            "",
            "Label a few more cases until two different answers have been given.",
        )
    chosen = [item for item in learners() if not names or item.name in names]
    if not chosen:
        raise UserError("None of these learners is known.", ", ".join(names))
    folds = grouped_folds(classes, groups, seed)
    held_out, scores = {}, {}
    for number, learner in enumerate(chosen):
        progress.report(0.7 * number / len(chosen), f"Trying: {learner.title}")
        trial = getattr(learner, "trial", learner)  # a quicker likeness, where it has one
        held = _held_out(trial, features, classes, folds, count, seed, progress)
        held_out[learner.name] = held
        scores[learner.name] = tempered_loss(held, classes)
    best = min(chosen, key=lambda item: scores[item.name])
    progress.report(0.7, f"Learning: {best.title}")
    fitted = best.fit(features, classes, count, seed)
    held, scale = held_out[best.name], None
    if len(classes) >= ENOUGH_TO_CALIBRATE and folds:
        scale = fit_platt(held, classes)
        calibrated = apply_platt(held, scale)
        if log_loss(calibrated, classes) < log_loss(held, classes):
            held = calibrated
        else:
            scale = None
    progress.report(1.0, "Learned")
    return Model(best.name, best.title, count, held, scores, scale is not None, fitted, scale)


def grouped_folds(classes: Ints, groups: Ints, seed: int) -> list[npt.NDArray[np.bool_]]:
    """Up to 5 test masks, each group in one of them; classes spread over them. [] for one group.

    Groups are dealt in a seeded order, those with rare classes first, always to the fold that has
    the fewest of their classes.
    """
    names, place = np.unique(groups, return_inverse=True)
    number = min(FOLDS, len(names))
    if number < 2:
        return []
    kinds = int(classes.max()) + 1
    table = np.zeros((len(names), kinds))
    np.add.at(table, (place, classes), 1.0)
    weight = table / np.maximum(table.sum(axis=0), 1.0)
    order = np.random.default_rng(seed).permutation(len(names))
    order = order[np.argsort(-weight[order].max(axis=1), kind="stable")]
    filled, fold_of = np.zeros((number, kinds)), np.zeros(len(names), dtype=np.int64)
    for group in order:
        burden = (filled * (table[group] > 0)).sum(axis=1) + 1e-3 * filled.sum(axis=1)
        fold_of[group] = int(np.argmin(burden))
        filled[fold_of[group]] += weight[group]
    return [fold_of[place] == fold for fold in range(number) if (fold_of == fold).any()]


def log_loss(probabilities: Floats, classes: Ints) -> float:
    """Mean of -log P(given class)."""
    said = probabilities[np.arange(len(classes)), classes]
    return float(-np.log(np.maximum(said, _FLOOR)).mean())


def tempered_loss(probabilities: Floats, classes: Ints) -> float:
    """Log loss at the temperature that suits best, so that a timid learner is not passed over."""
    logs = np.log(np.maximum(probabilities, _FLOOR))
    losses = []
    for temperature in np.geomspace(0.1, 4.0, 17):
        scaled = logs / temperature
        scaled -= scaled.max(axis=1, keepdims=True)
        shares = np.exp(scaled)
        losses.append(log_loss(shares / shares.sum(axis=1, keepdims=True), classes))
    return min(losses)


def fit_platt(probabilities: Floats, classes: Ints) -> Floats:
    """(K, 2) slope and offset of a one-against-rest sigmoid per class.

    Targets are drawn in as Platt proposes, so that a perfect separation stays finite. Newton steps
    on two parameters.

    Source: Platt 1999, Probabilistic outputs for support vector machines, section 2.2.
    """
    count = probabilities.shape[1]
    found = np.tile([1.0, 0.0], (count, 1))
    for k in range(count):
        is_k = classes == k
        n_plus, n_minus = int(is_k.sum()), int((~is_k).sum())
        if not n_plus or not n_minus:
            continue
        target = np.where(is_k, (n_plus + 1) / (n_plus + 2), 1 / (n_minus + 2))
        design = np.stack([_logit(probabilities[:, k]), np.ones(len(classes))], axis=1)
        beta = np.zeros(2)  # Newton is safe from here, not from a steep start
        for _ in range(50):
            p = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
            gradient = design.T @ (p - target) + 1e-3 * (beta - (1.0, 0.0))
            hessian = (design * (p * (1 - p))[:, None]).T @ design + 1e-3 * np.eye(2)
            step = np.clip(np.linalg.solve(hessian, gradient), -2.0, 2.0)
            beta -= step
            if np.abs(step).max() < 1e-8:
                break
        if beta[0] > 0:  # a slope below zero would turn the order around
            found[k] = beta
    return found


def apply_platt(probabilities: Floats, scale: Floats) -> Floats:
    """The probabilities through their sigmoids, made to sum to 1 again."""
    z = np.clip(_logit(probabilities) * scale[:, 0] + scale[:, 1], -30, 30)
    each = 1 / (1 + np.exp(-z)) + _FLOOR
    return np.asarray(each / each.sum(axis=1, keepdims=True))


def _logit(p: Floats) -> Floats:
    clipped = np.clip(p, _FLOOR, 1 - _FLOOR)
    return np.asarray(np.log(clipped / (1 - clipped)))


def _held_out(
    learner: Learner,
    features: Floats,
    classes: Ints,
    folds: list[npt.NDArray[np.bool_]],
    count: int,
    seed: int,
    progress: Progress,
) -> Floats:
    found = np.full((len(classes), count), 1 / count)
    for test in folds:
        progress.check()
        train = ~test
        if len(np.unique(classes[train])) < 2:
            continue
        fitted = learner.fit(features[train], classes[train], count, seed)
        found[test] = _checked(fitted.probabilities(features[test]), int(test.sum()), count)
    return found


def _checked(found: Floats, rows: int, count: int) -> Floats:
    found = np.asarray(found, dtype=np.float64)
    if found.shape != (rows, count) or not np.isfinite(found).all():
        raise PluginProblem("A learner's probabilities do not fit the images.")
    return found


class _Spread:
    """Probabilities of a scikit-learn classifier, spread over all K classes."""

    def __init__(self, model: object, count: int) -> None:
        self._model, self._count = model, count

    def probabilities(self, features: Floats) -> Floats:
        """(n, K); classes that were not among the labels get 0."""
        found = np.zeros((len(features), self._count))
        found[:, self._model.classes_] = self._model.predict_proba(features)  # type: ignore[attr-defined]
        return found


class Logistic:
    """Standardised multinomial logistic regression, classes balanced: good from few labels on."""

    name = "logistic"
    title = "logistic regression"

    def fit(self, features: Floats, classes: Ints, count: int, seed: int) -> Fitted:
        """Learn; see ``Learner``."""
        return self.fit_weighted(features, classes, None, count, seed)

    def fit_weighted(
        self, features: Floats, classes: Ints, weights: Floats | None, count: int, seed: int
    ) -> Fitted:
        """Learn with a weight for each row."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        model = make_pipeline(
            StandardScaler(),
            LogisticRegression(C=0.3, class_weight="balanced", max_iter=300, tol=1e-3),
        )
        model.fit(features, classes, logisticregression__sample_weight=weights)
        return _Spread(model, count)


class ExtraTrees:
    """200 extremely randomised trees, balanced bootstrap: for classes no plane separates."""

    name = "extra-trees"
    title = "extra-trees"

    def __init__(self, trees: int = 200) -> None:
        self._trees = trees

    @property
    def trial(self) -> Learner:
        """The same with fewer trees, to compare learners quickly."""
        return ExtraTrees(50)

    def fit(self, features: Floats, classes: Ints, count: int, seed: int) -> Fitted:
        """Learn; see ``Learner``."""
        return self.fit_weighted(features, classes, None, count, seed)

    def fit_weighted(
        self, features: Floats, classes: Ints, weights: Floats | None, count: int, seed: int
    ) -> Fitted:
        """Learn with a weight for each row."""
        from sklearn.ensemble import ExtraTreesClassifier

        model = ExtraTreesClassifier(
            self._trees,
            bootstrap=True,
            class_weight="balanced_subsample",
            random_state=seed,
            n_jobs=1,
        )
        return _Spread(model.fit(features, classes, sample_weight=weights), count)
