"""Which image of a series is asked about next: the one whose patches the model doubts most.

A model learns from all images of the series that have marks; some of the others are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.domain.scribble import Scribble
from desktop.domain.study import FrameRef
from desktop.store import queries
from desktop.workspace.images.pixel_grid import Classes, coarse_marks, coarseness, described, evened
from desktop.workspace.images.pixels import SEED

if TYPE_CHECKING:
    from desktop.engines.learning.pixel_learner import Lesson
    from desktop.imaging.frame import Frame
    from desktop.workspace.workspace import Workspace

LOOKED_AT = 12  # images without marks, evenly spaced
TAUGHT_BY = 8  # images with marks, those with most
TOP = 20  # patches of an image whose doubt counts
Frames = Callable[[FrameRef], "Frame"]


@dataclass(frozen=True)
class SeriesMarks:
    """The images of a series: ``marked`` with what teaches, ``open`` without anything."""

    marked: tuple[tuple[FrameRef, Classes], ...]
    open: tuple[FrameRef, ...]


def marks_of(room: Workspace, case_id: str, series_id: str) -> SeriesMarks:
    """What this reader marked in a series; UserError where nothing is left to go to."""
    mine = queries.many(room._read, Scribble, case_id=case_id, reader_id=room.reader.id)
    touched = {s.frame for s in mine} | {s.frame for s in room.mask_slices(case_id)}
    refs = room.frame_refs(series_id)
    known = {r: room.pixels.painted(case_id, r) for r in refs if r in touched}
    painted = {r: p for r, p in known.items() if p is not None}
    waiting = [r for r in refs if r not in painted]
    if not waiting:
        raise UserError("Every image of this series has marks.", "", "Open another series.")
    step = max(1.0, len(waiting) / LOOKED_AT)
    chosen = [waiting[int((n + 0.5) * step)] for n in range(min(LOOKED_AT, len(waiting)))]
    most = sorted(painted, key=lambda r: -int((painted[r] >= 0).sum()))[:TAUGHT_BY]
    return SeriesMarks(tuple((r, painted[r]) for r in most), tuple(chosen))


def most_doubtful(frames: Frames, found: SeriesMarks, progress: Progress) -> FrameRef:
    """The image to go to; any thread. UserError where there is nothing to tell apart."""
    from desktop.engines.learning.pixel_learner import learn_lessons
    from desktop.engines.learning.superpixel_queue import superpixel_scores, superpixels

    lessons: list[Lesson] = []
    for ref, painted in found.marked:
        lessons += _lesson(frames(ref), painted)
    try:
        model = learn_lessons(lessons, seed=SEED)
    except UserError as error:
        raise UserError(
            "Nothing can be doubted yet.", "", "Answer patches, or paint two classes, first."
        ) from error
    doubts: list[float] = []
    for number, ref in enumerate(found.open):
        progress.report(number / len(found.open), "Looking for doubt")
        frame = frames(ref)
        step = coarseness(frame.rows, frame.columns)
        channels = described(frame, step, Progress())
        soft = model.quick_probabilities(channels)
        scores = superpixel_scores(soft, superpixels(evened(frame, step)))
        doubts.append(float(np.sort(scores)[-TOP:].sum()))
    return found.open[int(np.argmax(doubts))]


def _lesson(frame: Frame, painted: Classes) -> Sequence[Lesson]:
    from desktop.engines.learning.pixel_learner import UNPAINTED, lesson
    from desktop.engines.learning.superpixel_queue import superpixels

    if painted.shape != (frame.rows, frame.columns):
        return ()
    step = coarseness(frame.rows, frame.columns)
    coarse = coarse_marks(painted, step)
    if not (coarse != UNPAINTED).any():
        return ()
    regions = superpixels(evened(frame, step), coarse)
    return (lesson(described(frame, step, Progress()), coarse, regions, SEED),)
