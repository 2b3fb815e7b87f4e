"""Ways of choosing which images to ask about: what a sampler sees, the built-in ones, plugins.

A sampler is one object with ``name`` and ``pick``; built-ins and plugins register alike. The random
control is no sampler; see ``sampling``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from desktop.domain.errors import PluginProblem, UserError
from desktop.engines.learning.image_features import Floats
from desktop.engines.learning.learner import Ints
from desktop.engines.single_thread import single_thread

Bools = npt.NDArray[np.bool_]
UNLABELLED = -1
DIRECTIONS = 16  # of the copy that distances are measured in
_NARROWED = 8  # times as many uncertain images as are asked for take part
_HEARD = 2000  # images whose doubt is weighed, by chance where there are more
_NEIGHBOURS = 0.02  # share of them that one image stands for, about


@dataclass(frozen=True, eq=False)
class Pool:
    """All images of a question.

    ``features`` (n, d); ``groups`` (n,) patients; ``labels`` (n,) classes or -1; ``open`` (n,)
    whether the image may be asked about now; ``keys`` (n,) the fixed random order of the control.
    """

    features: Floats
    groups: Ints
    labels: Ints
    open: Bools
    keys: Floats

    @property
    def askable(self) -> Bools:
        return np.asarray(self.open & (self.labels == UNLABELLED))

    def directions(self) -> Floats:
        """(n, 16) principal directions of the standardised features."""
        spread = self.features.std(axis=0)
        scaled = (self.features - self.features.mean(axis=0)) / np.where(spread > 1e-9, spread, 1)
        with single_thread():
            if len(scaled) < scaled.shape[1]:  # the smaller of the two tables has the same answer
                values, vectors = np.linalg.eigh(scaled @ scaled.T)
                return np.asarray(
                    (vectors * np.sqrt(np.maximum(values, 0)))[:, ::-1][:, :DIRECTIONS]
                )
            _values, vectors = np.linalg.eigh(scaled.T @ scaled)
        return np.asarray(scaled @ vectors[:, ::-1][:, :DIRECTIONS])


@dataclass(frozen=True, eq=False)
class Scene:
    """What a sampler sees. ``places`` (n, 16); ``allowed`` (n,) what it may pick."""

    pool: Pool
    places: Floats
    probabilities: Floats | None
    allowed: Bools
    seed: int

    def doubt(self) -> Floats:
        """(n,) 1 - margin between the two likeliest classes, 0 without a model."""
        if self.probabilities is None:
            return np.zeros(len(self.pool.labels))
        top = np.sort(self.probabilities, axis=1)[:, -2:]
        return np.asarray(1 - (top[:, 1] - top[:, 0]))


class Sampler(Protocol):
    """Ranks images by how much an answer would teach. Deterministic by ``scene.seed``."""

    name: str
    title: str

    def pick(self, scene: Scene, count: int) -> Ints:
        """Indices of allowed images, the most wanted first; about ``count``, may be more."""


_registered: dict[str, Sampler] = {}


def register(sampler: Sampler) -> Sampler:
    """Add a sampler; built-ins and plugins come in the same way."""
    known = _registered.get(sampler.name)
    if known is not None and type(known) is not type(sampler):
        raise PluginProblem("Two samplers have the same name.", sampler.name)
    _registered[sampler.name] = sampler
    return sampler


def unregister(name: str) -> None:
    """Take a sampler out again, e.g. of a plugin that was switched off."""
    _registered.pop(name, None)


def samplers() -> tuple[Sampler, ...]:
    """All samplers, in the order they were registered."""
    for built_in in (CoverMargin(), ClusterMargin(), Margin(), Typical()):
        _registered.setdefault(built_in.name, built_in)
    return tuple(_registered.values())


def sampler(name: str) -> Sampler:
    """The sampler of this name; UserError where there is none."""
    found = {s.name: s for s in samplers()}.get(name)
    if found is None:
        raise UserError("This way of choosing cases is not known.", name)
    return found


class Margin:
    """The smallest margin first: best where one answer is rare."""

    name = "margin"
    title = "most uncertain"

    def pick(self, scene: Scene, count: int) -> Ints:
        """See ``Sampler``."""
        return by_value(-scene.doubt(), scene.allowed)


class CoverMargin:
    """Of the most uncertain images, those that stand for the most doubt: the default.

    Each image carries the square of its doubt. One that is asked about takes over the doubt of its
    neighbours, the nearer the more; what lies near a labelled image is taken over already. One
    after the other, the image that would take over most is picked: it is uncertain itself, unlike
    the others of the batch, and never a curiosity that tells about nothing but itself.

    Source: Wei, Iyer and Bilmes 2015, Submodularity in data subset selection and active learning
    (facility location among the most uncertain).
    """

    name = "cover-margin"
    title = "uncertain, and like many other uncertain ones"

    def pick(self, scene: Scene, count: int) -> Ints:
        """See ``Sampler``."""
        from scipy.spatial import cKDTree
        from scipy.spatial.distance import cdist

        doubt, places = scene.doubt(), scene.places
        near = by_value(-doubt, scene.allowed)[: _NARROWED * count]
        if len(near) <= count:
            return near
        heard = np.flatnonzero(scene.allowed)
        if len(heard) > _HEARD:
            heard = np.random.default_rng(scene.seed).choice(heard, _HEARD, replace=False)
        distances = cdist(places[heard], places[near])
        neighbours = min(len(heard) - 1, max(5, round(_NEIGHBOURS * len(heard))))
        reach = np.median(np.partition(distances, neighbours, axis=0)[neighbours]) + 1e-9
        likeness = np.exp(-((distances / reach) ** 2))
        labelled = scene.pool.labels != UNLABELLED
        taken = np.zeros(len(heard))
        if labelled.any():
            nearest = cKDTree(places[labelled]).query(places[heard])[0]
            taken = np.exp(-((nearest / reach) ** 2))
        weight = doubt[heard] ** 2
        found: list[int] = []
        for _ in range(min(2 * count, len(near))):  # more than asked for: some may not fit
            gain = weight @ np.maximum(likeness - taken[:, None], 0.0)
            gain[found] = -1.0
            found.append(int(gain.argmax()))
            taken = np.maximum(taken, likeness[:, found[-1]])
        rest = np.setdiff1d(np.arange(len(near)), found)
        return np.asarray(near[np.concatenate([found, rest])], dtype=np.int64)


class ClusterMargin:
    """Of the most uncertain images, one from each of as many clusters.

    Source: Citovsky et al. 2021, Batch active learning at scale.
    """

    name = "cluster-margin"
    title = "uncertain and unlike each other"

    def pick(self, scene: Scene, count: int) -> Ints:
        """See ``Sampler``."""
        doubt = scene.doubt()
        near = by_value(-doubt, scene.allowed)[: _NARROWED * count]
        if len(near) <= count:
            return near
        cluster = _clusters(scene.places[near], count, scene.seed)
        first = [near[cluster == c][0] for c in range(count) if (cluster == c).any()]
        first.sort(key=lambda i: -doubt[i])
        rest = near[~np.isin(near, first)]
        return np.concatenate([np.array(first, dtype=np.int64), rest])


class Typical:
    """The middle of each crowd that has no label yet: for the start, and for what is unlike.

    Source: Hacohen et al. 2022, Active learning on a budget.
    """

    name = "typical"
    title = "typical of what is not labelled yet"

    def pick(self, scene: Scene, count: int) -> Ints:
        """See ``Sampler``."""
        labelled = scene.pool.labels != UNLABELLED
        seen = np.flatnonzero(scene.allowed | labelled)
        if not scene.allowed.any():
            return np.zeros(0, dtype=np.int64)
        number = min(len(seen), count + min(int(labelled.sum()), 200))
        cluster = _clusters(scene.places[seen], number, scene.seed)
        density = _density(scene.places[seen], cluster)
        known = np.bincount(cluster, labelled[seen], number)
        size = np.bincount(cluster, scene.allowed[seen], number)
        found: list[int] = []
        for c in np.lexsort((-size, known)):  # crowds without a label first, the largest first
            inside = (cluster == c) & scene.allowed[seen]
            if inside.any():
                found.append(int(seen[inside][np.argmax(density[inside])]))
        rest = np.setdiff1d(np.flatnonzero(scene.allowed), found)
        return np.concatenate([np.array(found, dtype=np.int64), rest])


def by_value(values: Floats, allowed: Bools) -> Ints:
    """Allowed indices by value, the smallest first; equal ones in their own order."""
    index = np.flatnonzero(allowed)
    return np.asarray(index[np.argsort(values[index], kind="stable")], dtype=np.int64)


def _clusters(places: Floats, number: int, seed: int) -> Ints:
    """(n,) cluster of each point."""
    from sklearn.cluster import KMeans, MiniBatchKMeans

    number = min(number, len(places))
    kind: Callable[..., KMeans | MiniBatchKMeans] = (
        KMeans if len(places) < 5000 else MiniBatchKMeans
    )
    distinct = len(np.unique(places, axis=0))
    model = kind(min(number, distinct), n_init=2, random_state=seed)
    with single_thread():
        return np.asarray(model.fit_predict(places), dtype=np.int64)


def _density(places: Floats, cluster: Ints) -> Floats:
    """(n,) the inverse of the mean distance to the 20 nearest of the same cluster."""
    from scipy.spatial import cKDTree

    found = np.zeros(len(places))
    for c in np.unique(cluster):
        inside = np.flatnonzero(cluster == c)
        if len(inside) > 1:
            k = min(21, len(inside))
            distances, _places = cKDTree(places[inside]).query(places[inside], k=k)
            found[inside] = 1 / (distances[:, 1:].mean(axis=1) + 1e-9)
    return found
