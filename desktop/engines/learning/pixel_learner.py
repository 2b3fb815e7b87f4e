"""A classifier of pixels that learns from scribbles and from clicks on superpixels.

A pixel learner is one object with ``name`` and ``fit``; built-ins and plugins register alike.
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
from desktop.engines.learning.pixel_features import Channels
from desktop.engines.single_thread import single_thread

Labels = npt.NDArray[np.int64]
UNPAINTED = -1
PER_REGION = 60  # pixels that one scribble or superpixel teaches, so that large ones don't rule
_STRIPE = 1 << 16
_GRID_STEP = 3  # pixels between those that are looked at first
_SURE = 0.75  # of all four corners, so that what lies between them is not looked at


class FittedPixels(Protocol):
    """A pixel learner that has learned."""

    def probabilities(self, rows: npt.NDArray[np.float32]) -> Floats:
        """(n, K) for n rows of channels; rows sum to 1."""


class PixelLearner(Protocol):
    """Learns K classes of pixels. Deterministic by ``seed``."""

    name: str
    title: str

    def fit(self, rows: npt.NDArray[np.float32], classes: Labels, seed: int) -> FittedPixels:
        """Learn from (n, channels) and (n,) classes 0..K-1, all of them present."""


_registered: dict[str, PixelLearner] = {}


def register(learner: PixelLearner) -> PixelLearner:
    """Add a pixel learner; built-ins and plugins come in the same way."""
    known = _registered.get(learner.name)
    if known is not None and type(known) is not type(learner):
        raise PluginProblem("Two pixel learners have the same name.", learner.name)
    _registered[learner.name] = learner
    return learner


def unregister(name: str) -> None:
    """Take a pixel learner out again."""
    _registered.pop(name, None)


def pixel_learners() -> tuple[PixelLearner, ...]:
    """All pixel learners, the built-in one first, then in the order they were registered."""
    built_in = TreesOnPixels()
    return tuple(({built_in.name: built_in} | _registered).values())


def usual_pixel_learner() -> PixelLearner:
    """The one that is used: the last that a plugin brought, else the built-in one."""
    return pixel_learners()[-1]


@dataclass(frozen=True, eq=False)
class PixelModel:
    """What scribbles taught. ``classes`` (K,): the numbers painted with, in ascending order."""

    classes: Labels
    _fitted: FittedPixels

    def probabilities(self, features: Channels, progress: Progress | None = None) -> Floats:
        """(rows, columns, K) of an image's channels, in stripes that can be stopped."""
        progress = progress or Progress()
        flat = features.reshape(-1, features.shape[-1])
        found = np.empty((len(flat), len(self.classes)))
        for start in range(0, len(flat), _STRIPE):
            progress.report(start / len(flat), "Classifying pixels")
            found[start : start + _STRIPE] = self._fitted.probabilities(
                flat[start : start + _STRIPE]
            )
        return found.reshape(*features.shape[:2], -1)

    def quick_probabilities(self, features: Channels, progress: Progress | None = None) -> Floats:
        """The same in a third of the time: not every pixel is looked at where all agree.

        Every third pixel of every third row first. A square whose four corners say the same class
        and are sure of it is filled in between them; all pixels of the others are looked at.
        """
        progress = progress or Progress()
        rows, columns = features.shape[:2]
        if min(rows, columns) <= 2 * _GRID_STEP:
            return self.probabilities(features, progress)
        down, across = _grid(rows), _grid(columns)
        sparse = self.probabilities(np.ascontiguousarray(features[np.ix_(down, across)]), progress)
        found, open_yx = _between(sparse, down, across)
        flat = np.flatnonzero(open_yx)
        wide, table = features.reshape(-1, features.shape[-1]), found.reshape(-1, found.shape[-1])
        for start in range(0, len(flat), _STRIPE):
            progress.report(start / len(flat), "Classifying pixels")
            part = flat[start : start + _STRIPE]
            table[part] = self._fitted.probabilities(wide[part])
        return found


def learn_pixels(
    features: Channels,
    painted_yx: Labels,
    regions_yx: Labels | None = None,
    *,
    learner: PixelLearner | None = None,
    seed: int = 0,
) -> PixelModel:
    """Learn from what is painted.

    ``painted_yx`` (rows, columns): class of each painted pixel, -1 elsewhere. ``regions_yx``:
    which scribble or superpixel a pixel belongs to; connected pixels of one class by default.
    UserError where only one class is painted.
    """
    classes = np.unique(painted_yx[painted_yx != UNPAINTED])
    if len(classes) < 2:
        raise UserError(
            "Paint at least two classes.",
            "With one class there is nothing to tell apart.",
            "Paint a little of the background as well.",
        )
    where = _sampled(painted_yx, _regions(painted_yx) if regions_yx is None else regions_yx, seed)
    rows = features.reshape(-1, features.shape[-1])[where]
    given = np.searchsorted(classes, painted_yx.ravel()[where])
    chosen = learner or usual_pixel_learner()
    return PixelModel(classes, chosen.fit(rows, np.asarray(given, dtype=np.int64), seed))


@dataclass(frozen=True, eq=False)
class Lesson:
    """What one image teaches: ``rows`` (n, channels) and ``classes`` (n,) the numbers painted."""

    rows: npt.NDArray[np.float32]
    classes: Labels


def lesson(
    features: Channels, painted_yx: Labels, regions_yx: Labels, seed: int = 0, most: int = 3000
) -> Lesson:
    """At most ``most`` painted pixels by chance, none of many regions taking part more than 60."""
    where = _sampled(painted_yx, regions_yx, seed)
    if len(where) > most:
        where = np.sort(np.random.default_rng(seed).choice(where, most, replace=False))
    return Lesson(features.reshape(-1, features.shape[-1])[where], painted_yx.ravel()[where])


def learn_lessons(
    lessons: Sequence[Lesson], *, learner: PixelLearner | None = None, seed: int = 0
) -> PixelModel:
    """One model of many images. UserError where they show only one class."""
    given = np.concatenate([one.classes for one in lessons]) if lessons else np.zeros(0, np.int64)
    classes = np.unique(given)
    if len(classes) < 2:
        raise UserError(
            "There is nothing to tell apart yet.",
            "The outlines so far show one class only, and nothing that is none of them.",
            "Close a case with outlines, paint anything else, or outline a second class.",
        )
    rows = np.concatenate([one.rows for one in lessons])
    chosen = learner or usual_pixel_learner()
    places = np.asarray(np.searchsorted(classes, given), dtype=np.int64)
    return PixelModel(classes, chosen.fit(rows, places, seed))


@dataclass(frozen=True, eq=False)
class FoundRegion:
    """Connected pixels of one predicted class, and how sure the model is of them on average."""

    class_id: int
    mask_yx: npt.NDArray[np.bool_]
    score: float

    def is_right(self, truth_yx: Labels) -> bool:
        """Whether it covers regions of its class well: at least half of what both cover, both."""
        from scipy import ndimage

        labelled, _count = ndimage.label(truth_yx == self.class_id)
        met = np.unique(labelled[self.mask_yx])
        true = np.isin(labelled, met[met > 0])
        both = int((true & self.mask_yx).sum())
        return both > 0 and both >= 0.5 * int((true | self.mask_yx).sum())


def found_regions(
    classes_yx: Labels, chance_yx: npt.NDArray[np.floating], around: int
) -> list[FoundRegion]:
    """The connected regions of a prediction, but for what surrounds them, the largest first."""
    from scipy import ndimage

    found = []
    for class_id in np.unique(classes_yx):
        if class_id == around:
            continue
        labelled, count = ndimage.label(classes_yx == class_id)
        for number in range(1, count + 1):
            mask = labelled == number
            found.append(FoundRegion(int(class_id), mask, float(chance_yx[mask].mean())))
    return sorted(found, key=lambda one: -int(one.mask_yx.sum()))


def cleaned(
    probabilities: Floats, smooth_px: float = 1.0, fewest_px: int = 12
) -> npt.NDArray[np.int64]:
    """(rows, columns) class places 0..K-1: smoothed, holes filled, specks given to what is around.

    Place 0 is taken as background: only the others have their holes filled and specks removed.
    """
    from scipy import ndimage

    soft = np.stack(
        [
            ndimage.gaussian_filter(probabilities[..., k], smooth_px)
            for k in range(probabilities.shape[-1])
        ],
        axis=-1,
    )
    found = soft.argmax(axis=-1)
    for k in range(1, soft.shape[-1]):
        labelled, count = ndimage.label(found == k)
        few = np.bincount(labelled.ravel(), minlength=count + 1) < fewest_px
        few[0] = False
        small = few[labelled]
        others = soft[small]
        others[:, k] = -1.0
        found[small] = others.argmax(axis=-1)
    for k in range(1, soft.shape[-1]):
        holes = ndimage.binary_fill_holes(found == k) & (found == 0)
        found = np.where(holes, k, found)
    return np.asarray(found, dtype=np.int64)


def component_at(found_yx: Labels, x: int, y: int) -> npt.NDArray[np.bool_]:
    """(rows, columns) the connected pixels of the class under a point."""
    from scipy import ndimage

    labelled, _count = ndimage.label(found_yx == found_yx[y, x])
    return np.asarray(labelled == labelled[y, x])


class TreesOnPixels:
    """100 extremely randomised trees, balanced bootstrap: the fastest to fit and to apply."""

    name = "extra-trees"
    title = "extra-trees"

    def fit(self, rows: npt.NDArray[np.float32], classes: Labels, seed: int) -> FittedPixels:
        """See ``PixelLearner``."""
        from sklearn.ensemble import ExtraTreesClassifier

        model = ExtraTreesClassifier(
            100,
            min_samples_leaf=2,
            bootstrap=True,
            class_weight="balanced_subsample",
            random_state=seed,
            n_jobs=2,
        )
        with single_thread():
            return _Trees(model.fit(rows, classes))


class _Trees:
    """The mean over the trees, one after the other: a pool of threads costs more than it brings."""

    def __init__(self, model: object) -> None:
        self._trees = [t.tree_ for t in model.estimators_]  # type: ignore[attr-defined]

    def probabilities(self, rows: npt.NDArray[np.float32]) -> Floats:
        rows = np.ascontiguousarray(rows, dtype=np.float32)
        found = self._trees[0].predict(rows)
        for tree in self._trees[1:]:
            found += tree.predict(rows)
        return np.asarray(np.round(found / len(self._trees), 6))


def _grid(length: int) -> Labels:
    """Places 0, 3, 6, … and the last one."""
    return np.unique(np.append(np.arange(0, length, _GRID_STEP), length - 1))


def _between(sparse: Floats, down: Labels, across: Labels) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """(rows, columns, K) drawn between grid points, and (rows, columns) where that won't do.

    ``sparse`` (len(down), len(across), K) are the probabilities at rows ``down`` and columns
    ``across``; both begin at 0 and end at the last one.
    """
    best, sure = sparse.argmax(axis=-1), sparse.max(axis=-1) >= _SURE
    corner = np.where(sure, best, -1)
    squares = np.stack([corner[:-1, :-1], corner[:-1, 1:], corner[1:, :-1], corner[1:, 1:]])
    settled = (squares[0] >= 0) & (squares == squares[0]).all(axis=0)
    y, x = np.arange(down[-1] + 1), np.arange(across[-1] + 1)
    top = np.clip(np.searchsorted(down, y, side="right") - 1, 0, len(down) - 2)
    left = np.clip(np.searchsorted(across, x, side="right") - 1, 0, len(across) - 2)
    low = ((y - down[top]) / (down[top + 1] - down[top]))[:, None, None]
    right = ((x - across[left]) / (across[left + 1] - across[left]))[None, :, None]
    rows = sparse[top] * (1 - low) + sparse[top + 1] * low
    found = rows[:, left] * (1 - right) + rows[:, left + 1] * right
    return found, ~settled[np.ix_(top, left)]


def _regions(painted_yx: Labels) -> Labels:
    from scipy import ndimage

    found = np.zeros(painted_yx.shape, dtype=np.int64)
    last = 0
    for k in np.unique(painted_yx[painted_yx != UNPAINTED]):
        labelled, count = ndimage.label(painted_yx == k)
        found[labelled > 0] = labelled[labelled > 0] + last
        last += count
    return found


def _sampled(painted_yx: Labels, regions_yx: Labels, seed: int) -> Labels:
    """Flat places of at most 60 painted pixels per region, by chance."""
    where = np.flatnonzero(painted_yx.ravel() != UNPAINTED)
    order = np.random.default_rng(seed).permutation(where)
    region = regions_yx.ravel()[order]
    by_region = np.argsort(region, kind="stable")
    sorted_regions = region[by_region]
    starts = np.searchsorted(sorted_regions, sorted_regions, side="left")
    rank = np.arange(len(order)) - starts
    return np.asarray(np.sort(order[by_region[rank < PER_REGION]]), dtype=np.int64)
