"""What a round of learning works on, frozen on the main thread, and the work itself.

The work reads frames and does maths; it may run on any thread and writes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.domain.learning import LearningQuery, LearningRound, RoundPlan, Standing
from desktop.domain.study import FrameRef
from desktop.engines.learning import stopping
from desktop.engines.learning.image_features import Floats, Grey, describe, extractor
from desktop.engines.learning.learner import Model, learn
from desktop.engines.learning.samplers import UNLABELLED, Pool
from desktop.engines.learning.sampling import Pick, Shares, Why, next_batch
from desktop.engines.learning.teacher import strengthened
from desktop.imaging.display import default_window, window_values
from desktop.imaging.frame import Frame

TRACKED = 400
_FEWEST_BY_CHANCE = 8


@dataclass(frozen=True)
class PoolCase:
    """One case of the pool. ``label`` is a place in the classes, -1 where nobody answered.

    ``frames`` stand for it: one of a photograph, three of a series. ``open``: whether it may be
    asked about now; ``asked_by_chance``: whether a random check asked for it before;
    ``by_machine``: whether its label was taken over from a suggestion, so that it may teach but
    never check.
    """

    case_id: str
    patient: str
    frames: tuple[FrameRef, ...]
    label: int
    open: bool
    asked_by_chance: bool
    by_machine: bool = False


@dataclass(frozen=True)
class Frozen:
    """All that the work of a round needs. ``class_words`` are what people read.

    ``student``: class and weight of what a teacher said of a case, where its student was kept.
    """

    question_id: str
    schema_id: str
    round_id: str
    number: int
    seed: int
    plan: RoundPlan
    classes: tuple[str, ...]
    class_words: tuple[str, ...]
    cases: tuple[PoolCase, ...]
    before: LearningRound | None
    surprised: int
    answered: int
    notes: tuple[str, ...]
    frame: Callable[[FrameRef], Frame]
    book: FeatureBook
    student: Mapping[str, tuple[int, float]] = field(default_factory=dict)


class FeatureBook:
    """Features by case, kept in a file beside the user's data, so that they are made once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: dict[str, npt.NDArray[np.float32]] | None = None

    def features(
        self, cases: Sequence[PoolCase], frozen: Frozen, progress: Progress
    ) -> tuple[Floats, list[bool]]:
        """(n, d) features, and which cases could be read; images that can't be read stay zero."""
        rows = self._load()
        by = extractor(frozen.plan.extractor)
        missing = [c for c in cases if _key(c, by.name, by.version) not in rows]
        try:
            for number, case in enumerate(missing):
                progress.report(number / max(1, len(missing)), "Looking at images")
                try:
                    images = [grey(frozen.frame(ref)) for ref in case.frames]
                except UserError:
                    continue  # a disk that is not plugged in: the case waits
                if images:
                    made = describe(images, by)
                    row = np.concatenate([made[len(made) // 2], made.mean(axis=0)])
                    rows[_key(case, by.name, by.version)] = row.astype(np.float32)
        finally:
            if missing:
                self._save(rows)
        found = [rows.get(_key(c, by.name, by.version)) for c in cases]
        width = max((len(r) for r in found if r is not None), default=1)
        blank = np.zeros(width, np.float32)
        features = np.stack([blank if r is None else r for r in found]).astype(np.float64)
        return features, [r is not None for r in found]

    def _load(self) -> dict[str, npt.NDArray[np.float32]]:
        if self._rows is None:
            self._rows = {}
            if self._path.is_file():
                try:
                    with np.load(self._path, allow_pickle=False) as kept:
                        self._rows = dict(kept.items())
                except (OSError, ValueError, KeyError):
                    self._rows = {}  # it's only a copy of what can be made again
        return self._rows

    def _save(self, rows: dict[str, npt.NDArray[np.float32]]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".part.npz")
        with draft.open("wb") as file:
            np.savez(file, **rows)  # type: ignore[arg-type]
        draft.replace(self._path)


@dataclass
class Taught:
    """A model with the pool it looks at."""

    features: Floats
    labels: npt.NDArray[np.int64]
    groups: npt.NDArray[np.int64]
    keys: Floats
    usable: npt.NDArray[np.bool_]
    model: Model | None = None
    probabilities: Floats | None = None
    notes: list[str] = field(default_factory=list)


def grey(frame: Frame) -> Grey:
    """The image as a reader sees it first: (rows, columns) float32 in 0..1."""
    if frame.is_color:
        weights = np.array([0.299, 0.587, 0.114], dtype=np.float32)
        return np.asarray(frame.pixels.astype(np.float32) @ weights / 255, dtype=np.float32)
    values = frame.pixels.astype(np.float32) * frame.slope + frame.intercept
    shown = window_values(values, default_window(frame)) / 255
    return np.asarray(1 - shown if frame.inverted else shown, dtype=np.float32)


def control_key(question_id: str, case_id: str) -> float:
    """The place of a case in the random order of the control: the same on every machine."""
    digest = hashlib.sha256(f"{question_id}\x1f{case_id}".encode()).digest()
    return float(int.from_bytes(digest[:8], "big") / 2**64)


def teach(frozen: Frozen, progress: Progress) -> Taught:
    """Look at all images and learn from those that have an answer; any thread."""
    cases = frozen.cases
    features, readable = frozen.book.features(cases, frozen, _part(progress, 0.0, 0.6))
    _names, groups = np.unique([c.patient for c in cases], return_inverse=True)
    taught = Taught(
        features,
        np.array([c.label for c in cases], dtype=np.int64),
        np.asarray(groups, dtype=np.int64),
        np.array([control_key(frozen.question_id, c.case_id) for c in cases]),
        np.array(readable, dtype=np.bool_),
    )
    if not taught.usable.all():
        away = int((~taught.usable).sum())
        taught.notes.append(f"{away} cases wait: their images can't be read now.")
    rows = np.flatnonzero((taught.labels != UNLABELLED) & taught.usable)
    if len(np.unique(taught.labels[rows])) < 2:
        taught.notes.append("There is no model yet: it takes two different answers.")
        return taught
    taught.model = learn(
        features[rows],
        taught.labels[rows],
        taught.groups[rows],
        len(frozen.classes),
        seed=frozen.seed,
        names=frozen.plan.learners,
        progress=_part(progress, 0.6, 0.85),
    )
    _strengthen(frozen, taught, rows)
    taught.probabilities = taught.model.probabilities(features)
    return taught


def _strengthen(frozen: Frozen, taught: Taught, rows: npt.NDArray[np.int64]) -> None:
    """Let the labels of a kept student teach along where people have said nothing."""
    said = [frozen.student.get(c.case_id) for c in frozen.cases]
    also = np.array(
        [
            i
            for i, one in enumerate(said)
            if one and taught.labels[i] == UNLABELLED and taught.usable[i]
        ],
        dtype=np.int64,
    )
    if not len(also) or taught.model is None:
        return
    given = [one for i in also if (one := said[i]) is not None]
    classes = np.array([k for k, _weight in given], dtype=np.int64)
    weights = np.array([weight for _k, weight in given])
    taught.model = strengthened(
        taught.model,
        (taught.features[rows], taught.labels[rows]),
        (taught.features[also], classes, weights),
        frozen.seed,
    )
    taught.notes.append(
        f"{len(also)} labels of a kept student teach along, each weighing "
        f"{weights.mean():.2f} on average; the curve is measured without them."
    )


def make_round(
    frozen: Frozen, progress: Progress
) -> tuple[LearningRound, tuple[LearningQuery, ...]]:
    """The next round with its cases: the same for the same project, plan and seed."""
    taught = teach(frozen, progress)
    is_open = np.array([c.open for c in frozen.cases]) & taught.usable
    plan = frozen.plan
    pool = Pool(taught.features, taught.groups, taught.labels, is_open, taught.keys)
    progress.report(0.9, "Choosing cases")
    picks = next_batch(
        pool,
        taught.probabilities,
        plan.size,
        shares=Shares(plan.uncertain, plan.diverse, plan.random),
        sampler_name=plan.sampler,
        seed=frozen.seed,
    )
    standing, by_chance, chance_labels = _standings(frozen, taught, progress)
    tracked = _tracked(frozen, taught)
    made = LearningRound(
        id=frozen.round_id,
        question_id=frozen.question_id,
        schema_id=frozen.schema_id,
        number=frozen.number,
        seed=frozen.seed,
        plan=plan,
        classes=frozen.classes,
        labelled=int((taught.labels != UNLABELLED).sum()),
        pool=len(frozen.cases),
        learner=taught.model.title if taught.model else "",
        calibrated=bool(taught.model and taught.model.calibrated),
        standing=standing,
        by_chance=by_chance,
        chance_labels=chance_labels,
        kappa=_kappa(frozen, tracked),
        surprised=frozen.surprised,
        answered=frozen.answered,
        tracked=tracked,
        notes=(*frozen.notes, *taught.notes),
    )
    return made, tuple(_query(frozen, taught, rank, p) for rank, p in enumerate(picks))


def _query(frozen: Frozen, taught: Taught, rank: int, pick: Pick) -> LearningQuery:
    case_id = frozen.cases[pick.index].case_id
    predicted, soft = "", {}
    if taught.probabilities is not None:
        row = taught.probabilities[pick.index]
        predicted = frozen.classes[int(row.argmax())]
        soft = {c: round(float(p), 4) for c, p in zip(frozen.classes, row, strict=True)}
    return LearningQuery(
        id=LearningQuery.id_for(frozen.round_id, case_id),
        round_id=frozen.round_id,
        case_id=case_id,
        question_id=frozen.question_id,
        rank=rank,
        why=pick.why.value,
        reason=reason_of(pick, frozen.class_words),
        predicted=predicted,
        soft=soft,
    )


def reason_of(pick: Pick, words: Sequence[str]) -> str:
    """Why a case is asked about, for people."""
    between = " and ".join(f"“{words[k]}”" for k in pick.between)
    match pick.why:
        case Why.RANDOM:
            return "Random check"
        case Why.TYPICAL:
            return "Typical of many cases"
        case Why.DIVERSE:
            return "Unlike anything labelled"
        case Why.RARE:
            return f"May be the rare answer: between {between}"
        case Why.UNCERTAIN:
            return f"Between {between}" if between else "Uncertain"


def _standings(
    frozen: Frozen, taught: Taught, progress: Progress
) -> tuple[Standing, Standing, int]:
    """The model on the control, and one that learned from the control's labels alone."""
    asked = np.array([c.asked_by_chance for c in frozen.cases], dtype=np.bool_)
    members = stopping.control_members(taught.keys, asked)
    members &= ~np.array([c.by_machine for c in frozen.cases], dtype=np.bool_)
    if taught.model is None:
        return Standing(), Standing(), 0
    rows = np.flatnonzero((taught.labels != UNLABELLED) & taught.usable)
    found = stopping.control_accuracy(members, taught.labels, rows, taught.model.held_out)
    chance = rows[members[rows]]
    by_chance = Standing()
    given = taught.labels[chance]
    if len(chance) >= _FEWEST_BY_CHANCE and len(np.unique(given)) > 1:
        alone = learn(
            taught.features[chance],
            given,
            taught.groups[chance],
            len(frozen.classes),
            seed=frozen.seed,
            names=frozen.plan.learners,
            progress=_part(progress, 0.93, 0.99),
        )
        right = int((alone.held_out.argmax(axis=1) == given).sum())
        by_chance = _standing(stopping.estimate(right, len(chance)))
    return _standing(found), by_chance, len(chance)


def _standing(found: stopping.Estimate) -> Standing:
    return Standing(
        right=found.right, checked=found.n, low=found.low, high=found.high, missing=found.missing
    )


def _tracked(frozen: Frozen, taught: Taught) -> dict[str, int]:
    """What the model says of the same few hundred random cases in every round."""
    if taught.probabilities is None:
        return {}
    order = np.argsort(taught.keys, kind="stable")[:TRACKED]
    said = taught.probabilities.argmax(axis=1)
    return {frozen.cases[i].case_id: int(said[i]) for i in order if taught.usable[i]}


def _kappa(frozen: Frozen, tracked: dict[str, int]) -> float | None:
    before = frozen.before
    if before is None or before.classes != frozen.classes:
        return None
    both = sorted(set(tracked) & set(before.tracked))
    if len(both) < 2:
        return None
    first = np.array([before.tracked[c] for c in both])
    second = np.array([tracked[c] for c in both])
    return round(stopping.kappa(first, second), 6)


def _key(case: PoolCase, name: str, version: str) -> str:
    frames = "\x1f".join(ref.key for ref in case.frames)
    return hashlib.sha256(f"{name}\x1f{version}\x1f{frames}".encode()).hexdigest()[:32]


def _part(progress: Progress, start: float, end: float) -> Progress:
    """A part of a longer job, cancelled with it."""

    def report(fraction: float, text: str) -> None:
        progress.report(start + (end - start) * fraction, text)

    return Progress(report)
