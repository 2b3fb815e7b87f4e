"""The work of a teacher of outlines, any thread: learn, hold patients out to measure, outline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.domain.scribble import ANYTHING_ELSE
from desktop.domain.study import FrameRef
from desktop.workspace.images.pixel_grid import coarse_marks, coarseness, described, evened, sharp
from desktop.workspace.images.pixels import SEED
from desktop.workspace.learning.outline_lessons import Material, OpenImage, Taught

if TYPE_CHECKING:
    from desktop.engines.learning.pixel_learner import FoundRegion, Lesson, PixelModel
    from desktop.imaging.frame import Frame

FOLDS = 3
MOST_HELD = 18  # images that are predicted by a model that had not seen their patient
Frames = Callable[[FrameRef], "Frame"]


@dataclass(frozen=True)
class Outlined:
    """``found``: image, hash of its pixels, region. ``judged``: class, score, right or not, of
    regions on held-out images; ``dice`` by class over all pixels of these ``held_images``.
    ``left_out``: images, taught or open, that could not be read or are of another kind."""

    class_ids: tuple[int, ...]
    found: tuple[tuple[OpenImage, str, FoundRegion], ...]
    looked: tuple[OpenImage, ...]
    judged: tuple[tuple[int, float, bool], ...]
    dice: dict[int, float]
    held_images: int
    left_out: int = 0

    def only(self, class_ids: set[int]) -> Outlined:
        """Without regions of classes that the schema no longer has."""
        return replace(self, found=tuple(f for f in self.found if f[2].class_id in class_ids))


def outlined(frames: Frames, material: Material, progress: Progress) -> Outlined:
    """All of it. The same material gives the same outlines."""
    from desktop.engines.learning.pixel_learner import learn_lessons

    lessons: list[Lesson] = []
    used: list[Taught] = []
    for number, taught in enumerate(material.taught):
        progress.report(0.35 * number / len(material.taught), "Looking at outlines")
        one = _lesson(frames, taught)
        if one is not None and (not lessons or one.rows.shape[1] == lessons[0].rows.shape[1]):
            lessons.append(one)
            used.append(taught)
    model = learn_lessons(lessons, seed=SEED)
    judged, dice, held = _held_out(frames, used, lessons, progress)
    found: list[tuple[OpenImage, str, FoundRegion]] = []
    looked = []
    width = lessons[0].rows.shape[1]
    for number, image in enumerate(material.open):
        progress.report(0.6 + 0.4 * number / len(material.open), "Outlining open images")
        try:
            frame = frames(image.frame)
        except UserError:
            continue  # a disk that is not plugged in: the case stays open
        regions = _regions(frame, model, width)
        if regions is None:
            continue
        looked.append(image)
        found += [(image, frame.pixels_sha256, region) for region in regions[1]]
    class_ids = tuple(int(c) for c in model.classes)
    left_out = len(material.taught) - len(used) + len(material.open) - len(looked)
    return Outlined(class_ids, tuple(found), tuple(looked), tuple(judged), dice, held, left_out)


def _lesson(frames: Frames, taught: Taught) -> Lesson | None:
    from desktop.engines.learning.pixel_learner import lesson
    from desktop.engines.learning.superpixel_queue import superpixels

    try:
        frame = frames(taught.frame)
    except UserError:
        return None
    if taught.painted_yx.shape != (frame.rows, frame.columns):
        return None
    step = coarseness(frame.rows, frame.columns)
    painted = coarse_marks(taught.painted_yx, step)
    regions = superpixels(evened(frame, step), painted)
    return lesson(described(frame, step, Progress()), painted, regions, SEED)


def _held_out(
    frames: Frames, used: Sequence[Taught], lessons: Sequence[Lesson], progress: Progress
) -> tuple[list[tuple[int, float, bool]], dict[int, float], int]:
    """Judge on real images that are known as a whole, by models that had not seen the patient."""
    from desktop.engines.learning.pixel_learner import learn_lessons

    patients = sorted({t.patient for t in used if t.is_whole and not t.is_made_up})
    order = np.random.default_rng(SEED).permutation(len(patients))
    fold = {patients[p]: n % min(FOLDS, len(patients)) for n, p in enumerate(order)}
    judged: list[tuple[int, float, bool]] = []
    both: dict[int, int] = {}
    sizes: dict[int, int] = {}
    held = 0
    for number in range(min(FOLDS, len(patients))):
        rest = [one for one, t in zip(lessons, used, strict=True) if fold.get(t.patient) != number]
        try:
            model = learn_lessons(rest, seed=SEED)
        except UserError:
            continue  # what is left shows one class alone
        for taught in [t for t in used if fold.get(t.patient) == number and t.is_whole]:
            progress.report(0.35 + 0.25 * held / MOST_HELD, "Measuring on held-out patients")
            if held == MOST_HELD or taught.is_made_up:
                continue
            regions = _regions(frames(taught.frame), model, lessons[0].rows.shape[1])
            if regions is None:
                continue
            held += 1
            said, found = regions
            judged += [(r.class_id, r.score, r.is_right(taught.painted_yx)) for r in found]
            for k in np.unique(taught.painted_yx[taught.painted_yx > ANYTHING_ELSE]):
                mine, true = said == k, taught.painted_yx == k
                both[int(k)] = both.get(int(k), 0) + int((mine & true).sum())
                sizes[int(k)] = sizes.get(int(k), 0) + int(mine.sum() + true.sum())
    return judged, {k: 2 * both[k] / sizes[k] for k in both}, held


def _regions(
    frame: Frame, model: PixelModel, width: int
) -> tuple[np.ndarray, list[FoundRegion]] | None:
    """The classes of each pixel and the regions; None for an image of another kind."""
    from desktop.engines.learning.pixel_learner import found_regions

    step = coarseness(frame.rows, frame.columns)
    channels = described(frame, step, Progress())
    if channels.shape[-1] != width:
        return None
    soft = model.quick_probabilities(channels)
    rest = 0 if model.classes[0] == ANYTHING_ELSE else None
    places, chance, order = sharp(soft, (frame.rows, frame.columns), step, rest)
    ids = np.asarray(model.classes[order], dtype=np.int64)
    said = ids[places]
    return said, found_regions(said, chance, int(ids[0]))
