"""Patches of an image that the reader is asked about, so that few answers teach a prediction.

for patch in workspace.patches.ask(case_id, series_id, frame):
    workspace.run(workspace.patches.answered(patch, class_id))

An answer teaches the prediction from scribbles and is no label. Each time a few patches are asked
about: before there is a model, those that are unlike each other; then those that it doubts most.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from desktop.commands.scribble import AnswerPatch
from desktop.domain.contracts import Progress
from desktop.domain.errors import AccessProblem, UserError
from desktop.domain.runs import MaskYX, encode_runs
from desktop.domain.schema import Schema
from desktop.domain.scribble import ANYTHING_ELSE
from desktop.domain.study import FrameRef
from desktop.workspace.images.patch_images import marks_of, most_doubtful
from desktop.workspace.images.pixel_grid import (
    Classes,
    coarse_marks,
    coarseness,
    evened,
    whole_size,
)
from desktop.workspace.images.pixels import BLANK, SEED

if TYPE_CHECKING:
    from desktop.imaging.frame import Frame
    from desktop.workspace.jobs import Job
    from desktop.workspace.workspace import Workspace

FIRST, BATCH = 10, 5  # patches asked about at once: before anything is known, and later
_KEPT = 2  # frames whose patches are kept


@dataclass(frozen=True, eq=False)
class Patch:
    """Pixels that look alike. ``number``: its place among the patches of the frame.

    ``mask_yx`` (rows, columns) all of it; ``inside_yx`` what an answer teaches, because pixels at
    the rim often belong to what is next to it. ``between``: the class ids that the model wavers
    between, () where there is none yet. ``reason``: why it is asked about, for people.
    """

    case_id: str
    series_id: str
    frame: FrameRef
    number: int
    mask_yx: MaskYX
    inside_yx: MaskYX
    between: tuple[int, ...]
    reason: str

    @property
    def middle_xy(self) -> tuple[float, float]:
        """Its pixel nearest to its centre, in image coordinates."""
        ys, xs = np.nonzero(self.mask_yx)
        near = int(np.argmin((ys - ys.mean()) ** 2 + (xs - xs.mean()) ** 2))
        return float(xs[near]) + 0.5, float(ys[near]) + 0.5


class Patches:
    """Reached as ``workspace.patches``. Main thread, except for the job's own work."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._cut: OrderedDict[str, Classes] = OrderedDict()
        self._passed: dict[str, set[int]] = {}  # until the project is closed
        self._lock = Lock()
        self._job: Job | None = None

    def why_not(self, case_id: str, frame: FrameRef | None) -> UserError | None:
        """Why nobody can be asked now; None where it can."""
        if not case_id or frame is None:
            return UserError("No image is open.", "", "Open a case with images first.")
        schema = self._workspace.schema(case_id)
        if schema is None or not schema.classes:
            return UserError("This case has no classes to answer with.", "", "Choose its schema.")
        hidden = self._workspace.help_standing(case_id).why_hidden
        if hidden:
            return AccessProblem(hidden, "What a model doubts is help as well.")
        return None

    def ask(
        self, case_id: str, series_id: str, frame: FrameRef, progress: Progress | None = None
    ) -> tuple[Patch, ...]:
        """The next patches to ask about, the best first; () where all were asked. Blocking."""
        return self._asking(case_id, series_id, frame)(progress or Progress())

    def start(
        self,
        case_id: str,
        series_id: str,
        frame: FrameRef,
        on_done: Callable[[tuple[Patch, ...]], None],
        on_error: Callable[[UserError], None],
    ) -> None:
        """The same as a job; a newer request ends an older. Both answers on the main thread."""
        self._begin(
            "Choosing patches", lambda: self._asking(case_id, series_id, frame), on_done, on_error
        )

    def next_image(
        self, case_id: str, series_id: str, progress: Progress | None = None
    ) -> FrameRef:
        """The image of a series without marks whose patches the model doubts most; blocking."""
        return self._choosing_image(case_id, series_id)(progress or Progress())

    def start_next_image(
        self,
        case_id: str,
        series_id: str,
        on_done: Callable[[FrameRef], None],
        on_error: Callable[[UserError], None],
    ) -> None:
        """The same as a job; it ends what is being chosen."""
        self._begin(
            "Choosing an image", lambda: self._choosing_image(case_id, series_id), on_done, on_error
        )

    def _begin(
        self,
        title: str,
        prepare: Callable[[], Callable[[Progress], Any]],
        on_done: Callable[[Any], None],
        on_error: Callable[[UserError], None],
    ) -> None:
        """Start the newest job; only its answer is passed on."""
        self.cancel()
        try:
            work = prepare()
        except UserError as error:
            on_error(error)
            return
        asked: list[Job] = []

        def is_newest() -> bool:
            return not asked or self._job is asked[0]

        job = self._workspace.jobs.start(
            title,
            work,
            lambda found: on_done(found) if is_newest() else None,
            lambda error: on_error(error) if is_newest() else None,
        )
        asked.append(job)
        self._job = job

    def _choosing_image(self, case_id: str, series_id: str) -> Callable[[Progress], FrameRef]:
        room = self._workspace
        _ = room.plugins
        refs = room.frame_refs(series_id) if series_id else []
        why = self.why_not(case_id, refs[0] if refs else None)
        if why is not None:
            raise why
        found = marks_of(room, case_id, series_id)
        return lambda progress: most_doubtful(room.frames.get, found, progress)

    def cancel(self) -> None:
        """Stop choosing."""
        job, self._job = self._job, None
        if job is not None:
            job.cancel()

    def at(self, case_id: str, series_id: str, frame: FrameRef, x: float, y: float) -> Patch:
        """The patch under an image point, whether it is asked about or not."""
        why = self.why_not(case_id, frame)
        if why is not None:
            raise why
        shown = self._workspace.frames.get(frame)
        step = coarseness(shown.rows, shown.columns)
        regions = self._regions_of(shown, step)
        if not (0 <= x < shown.columns and 0 <= y < shown.rows):
            raise UserError("This point lies outside the image.")
        number = int(regions[int(y) // step, int(x) // step])
        place = (case_id, series_id, frame)
        return _patch(place, regions, number, step, (shown.rows, shown.columns), (), "Pointed at")

    def answered(self, patch: Patch, class_id: int) -> AnswerPatch:
        """The command that says what a patch is; 0: anything else."""
        schema = self._workspace.schema(patch.case_id)
        rows, columns = patch.inside_yx.shape
        return AnswerPatch(
            case_id=patch.case_id,
            frame=patch.frame,
            rows=rows,
            columns=columns,
            runs=encode_runs(patch.inside_yx),
            class_id=class_id,
            what=f"Patch is {_word(schema, class_id)}",
        )

    def pass_over(self, patch: Patch) -> None:
        """Nobody can say what it is: it is not asked about again while the project is open."""
        self._passed.setdefault(patch.frame.key, set()).add(patch.number)

    # any thread ------------------------------------------------------------------------------

    def _asking(
        self, case_id: str, series_id: str, frame: FrameRef
    ) -> Callable[[Progress], tuple[Patch, ...]]:
        room = self._workspace
        _ = room.plugins
        why = self.why_not(case_id, frame)
        if why is not None:
            raise why
        painted = room.pixels.painted(case_id, frame)
        passed = frozenset(self._passed.get(frame.key, ()))
        words = {c.id: c.name for c in schema.classes} if (schema := room.schema(case_id)) else {}
        place = (case_id, series_id, frame)
        return lambda progress: self._chosen(place, painted, passed, words, progress)

    def _chosen(
        self,
        place: tuple[str, str, FrameRef],
        painted: Classes | None,
        passed: frozenset[int],
        words: dict[int, str],
        progress: Progress,
    ) -> tuple[Patch, ...]:
        from desktop.engines.learning.pixel_learner import learn_pixels
        from desktop.engines.learning.superpixel_queue import (
            choose_superpixels,
            superpixel_means,
            superpixel_scores,
        )

        shown = self._workspace.frames.get(place[2])
        size = (shown.rows, shown.columns)
        step = coarseness(*size)
        channels = self._workspace.pixels.channels_of(shown, step, progress)
        regions = self._regions_of(shown, step)
        coarse = _marks(painted, size, step, regions.shape)
        asked = np.zeros(int(regions.max()) + 1, dtype=np.bool_)
        asked[np.unique(regions[coarse != BLANK])] = True
        asked[list(passed)] = True
        scores, between = None, None
        if len(np.unique(coarse[coarse != BLANK])) > 1:
            model = learn_pixels(channels, coarse, seed=SEED)
            progress.report(0.6, "Classifying pixels")
            soft = model.quick_probabilities(channels, progress)
            scores = superpixel_scores(soft, regions)
            between = model.classes[_two_likeliest(soft, regions)]
        count = FIRST if scores is None and not asked.any() else BATCH
        means = superpixel_means(channels, regions)
        chosen = choose_superpixels(means, scores, asked, count, SEED)
        if scores is not None:
            chosen.sort(key=lambda n: -scores[n])
        found: list[Patch] = []
        for n in chosen:
            pair = tuple(int(c) for c in between[n]) if between is not None else ()
            reason = _reason(pair, words, is_first=not asked.any() and not found)
            found.append(_patch(place, regions, n, step, size, pair, reason))
        return tuple(found)

    def _regions_of(self, shown: Frame, step: int) -> Classes:
        """(rows / step, columns / step) patch of each place; the same for the same pixels."""
        from desktop.engines.learning.superpixel_queue import superpixels

        key = shown.pixels_sha256
        with self._lock:
            known = self._cut.get(key)
            if known is not None:
                self._cut.move_to_end(key)
                return known
        made = superpixels(evened(shown, step))
        with self._lock:
            self._cut[key] = made
            while len(self._cut) > _KEPT:
                self._cut.popitem(last=False)
        return made


def _marks(
    painted: Classes | None, size: tuple[int, int], step: int, coarse: tuple[int, ...]
) -> Classes:
    if painted is None or painted.shape != size:
        return np.full(coarse, BLANK, dtype=np.int64)
    return coarse_marks(painted, step)


def _two_likeliest(soft: np.ndarray, regions: Classes) -> Classes:
    """(n, 2) places of the two likeliest classes of each patch, the likelier first."""
    flat, count = regions.ravel(), int(regions.max()) + 1
    sums = [np.bincount(flat, soft[..., k].ravel(), count) for k in range(soft.shape[-1])]
    return np.asarray(np.argsort(-np.stack(sums, axis=1), axis=1, kind="stable")[:, :2])


def _patch(
    place: tuple[str, str, FrameRef],
    regions: Classes,
    number: int,
    step: int,
    size: tuple[int, int],
    between: tuple[int, ...],
    reason: str,
) -> Patch:
    from desktop.engines.learning.superpixel_queue import taught_by_clicks

    given = np.full(int(regions.max()) + 1, BLANK, dtype=np.int64)
    given[number] = 1
    inside = taught_by_clicks(regions, given) == 1
    case_id, series_id, frame = place
    return Patch(
        case_id=case_id,
        series_id=series_id,
        frame=frame,
        number=number,
        mask_yx=whole_size(regions == number, step, size),
        inside_yx=whole_size(inside, step, size),
        between=between,
        reason=reason,
    )


def _reason(between: tuple[int, ...], words: dict[int, str], is_first: bool) -> str:
    if between:
        names = [_named(words, c) for c in between]
        return f"Between {' and '.join(names)}"
    return "Most ordinary of this image" if is_first else "Unlike what was asked before"


def _named(words: dict[int, str], class_id: int) -> str:
    return "anything else" if class_id == ANYTHING_ELSE else f"“{words.get(class_id, class_id)}”"


def _word(schema: Schema | None, class_id: int) -> str:
    names = {c.id: c.name for c in schema.classes} if schema is not None else {}
    return names.get(class_id, "anything else")
