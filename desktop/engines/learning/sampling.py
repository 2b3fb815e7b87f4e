"""Which images to ask about next: uncertain ones, unlike ones, and a random control.

A batch is mixed of what a sampler picks and of the random control, which is always there, in an
order fixed by a key per image, so that all images up to a key are a simple random sample of the
pool, whoever asked for them and when.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from desktop.domain.errors import PluginProblem, UserError
from desktop.engines.learning.image_features import Floats
from desktop.engines.learning.learner import Ints
from desktop.engines.learning.samplers import (
    UNLABELLED,
    Bools,
    CoverMargin,
    Margin,
    Pool,
    Sampler,
    Scene,
    Typical,
    by_value,
    sampler,
)

MOST_SCORED = 20_000
PER_GROUP = 2  # images of one patient in a batch
_RARE_SHARE = 0.10
_BY_CHANCE = 0.05  # how likely so few may be with even shares, all answers together
_ALIKE = 0.05  # share of the usual distance below which two images count as the same picture


class Why(str, Enum):
    """Why an image is asked about."""

    UNCERTAIN = "uncertain"
    RARE = "rare"
    DIVERSE = "diverse"
    TYPICAL = "typical"
    RANDOM = "random"


@dataclass(frozen=True)
class Shares:
    """How a batch is mixed; they sum to 1. ``random`` is the control and never 0.

    The uncertain ones are unlike each other by themselves, so no share for unlike ones is the
    default: on the digits it saved more answers.
    """

    uncertain: float = 0.8
    diverse: float = 0.0
    random: float = 0.2

    def check(self) -> None:
        """UserError where they make no batch."""
        parts = (self.uncertain, self.diverse, self.random)
        if min(parts) < 0 or abs(sum(parts) - 1) > 1e-6:
            raise UserError("The shares of a batch have to add up to 100 %.")
        if self.random <= 0:
            raise UserError(
                "A batch needs some random checks.",
                "Without them nobody can tell how good the model is, or how common an answer is.",
                "Leave at least 5 % to chance.",
            )


@dataclass(frozen=True)
class Pick:
    """One image to ask about. ``between`` : its two likeliest classes, () without a model."""

    index: int
    why: Why
    score: float
    between: tuple[int, ...] = ()


def next_batch(
    pool: Pool,
    probabilities: Floats | None,
    size: int,
    *,
    shares: Shares | None = None,
    sampler_name: str = CoverMargin.name,
    seed: int = 0,
) -> list[Pick]:
    """The next images to ask about, mixed by ``shares``; fewer where fewer are left.

    Without a model (``probabilities`` None: no labels yet, or one class only) the batch is typical
    points and random ones. Where an answer is rare, plain uncertainty replaces the sampler. At
    most two images of a patient, no two that are the same picture, as long as others are left.
    """
    shares = shares or Shares()
    shares.check()
    askable = pool.askable
    size = min(size, int(askable.sum()))
    if size <= 0:
        return []
    n_random = min(size, max(1, round(size * shares.random)))
    batch = _Batch(pool, probabilities, seed)
    batch.take(by_value(pool.keys, askable), n_random, Why.RANDOM)
    left = size - n_random
    if probabilities is None:
        batch.ask(Typical(), left, Why.TYPICAL)
    else:
        certain = shares.uncertain + shares.diverse
        n_diverse = round(left * shares.diverse / certain) if certain > 0 else 0
        rare = has_rare(pool.labels, probabilities.shape[1])
        chosen: Sampler = Margin() if rare else sampler(sampler_name)
        batch.ask(chosen, left - n_diverse, Why.RARE if rare else Why.UNCERTAIN)
        batch.ask(Typical(), size - len(batch.picks), Why.DIVERSE)
    batch.fill(size)
    return batch.picks


def has_rare(labels: Ints, count: int) -> bool:
    """Whether an answer is rare: under 10 % of the labels so far, or under half its even share.

    And fewer than chance would give with even shares: one label out of thirty for one of ten
    answers says nothing yet, and plain uncertainty asks about the same few things again.
    """
    from scipy.special import bdtr

    given = labels[labels != UNLABELLED]
    counts = np.bincount(given, minlength=count)
    counts = counts[counts > 0]
    if len(counts) < 2 or len(given) < 10:
        return False
    fewest, even = int(counts.min()), 1 / len(counts)
    is_low = fewest / len(given) < min(_RARE_SHARE, 0.5 * even)
    return bool(is_low and bdtr(fewest, len(given), even) < _BY_CHANCE * even)


class _Batch:
    """Collects picks and keeps a patient and a picture from filling the batch."""

    def __init__(self, pool: Pool, probabilities: Floats | None, seed: int) -> None:
        self._pool, self._probabilities = pool, probabilities
        self.picks: list[Pick] = []
        self._free = _scored(pool, seed)
        places = pool.directions()
        self._scene = Scene(pool, places, probabilities, self._free, seed)
        self._doubt = self._scene.doubt()
        self._near = _ALIKE * _usual_distance(places, seed)

    def ask(self, by: Sampler, count: int, why: Why) -> None:
        """Let a sampler pick among what is free."""
        if count <= 0:
            return
        free = self._free & ~self._taken()
        scene = self._scene
        found = by.pick(
            Scene(scene.pool, scene.places, scene.probabilities, free, scene.seed), count
        )
        order = np.asarray(found, dtype=np.int64)
        if len(order) and not (free[order].all() and len(np.unique(order)) == len(order)):
            raise PluginProblem("A sampler picked images that it may not ask about.", by.name)
        self.take(order, count, why)

    def take(self, order: Ints, count: int, why: Why) -> None:
        """The first ``count`` of an order; the control is taken as it comes."""
        for index in order:
            if count <= 0:
                return
            if why is Why.RANDOM or self._fits(int(index)):
                self._add(int(index), why)
                count -= 1

    def fill(self, size: int) -> None:
        """What the rules kept out comes in after all where the batch would be short."""
        left = self._pool.askable & ~self._taken()
        for index in by_value(-self._doubt, left)[: max(0, size - len(self.picks))]:
            self._add(int(index), Why.UNCERTAIN if self._probabilities is not None else Why.TYPICAL)

    def _add(self, index: int, why: Why) -> None:
        between: tuple[int, ...] = ()
        if self._probabilities is not None:
            order = np.argsort(-self._probabilities[index], kind="stable")[:2]
            between = tuple(int(k) for k in order)
        self.picks.append(Pick(index, why, float(self._doubt[index]), between))

    def _fits(self, index: int) -> bool:
        taken = [p.index for p in self.picks]
        same = sum(self._pool.groups[i] == self._pool.groups[index] for i in taken)
        places = self._scene.places
        alike = any(float(np.linalg.norm(places[i] - places[index])) < self._near for i in taken)
        return same < PER_GROUP and not alike

    def _taken(self) -> Bools:
        taken = np.zeros(len(self._pool.labels), dtype=np.bool_)
        taken[[p.index for p in self.picks]] = True
        return taken


def _scored(pool: Pool, seed: int) -> Bools:
    """What the samplers look at: all that may be asked, or 20,000 of them by chance."""
    askable = np.flatnonzero(pool.askable)
    if len(askable) > MOST_SCORED:
        askable = np.random.default_rng(seed).choice(askable, MOST_SCORED, replace=False)
    found = np.zeros(len(pool.labels), dtype=np.bool_)
    found[askable] = True
    return found


def _usual_distance(places: Floats, seed: int) -> float:
    """The median distance between images."""
    random = np.random.default_rng(seed)
    a, b = random.integers(0, len(places), (2, 500))
    distances = np.linalg.norm(places[a] - places[b], axis=1)
    return float(np.median(distances[a != b])) if (a != b).any() else 0.0
