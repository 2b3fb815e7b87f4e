"""A classifier of pixels beside the reader: learns from what is painted on a frame, predicts it.

Everything the reader painted on the frame teaches, accepted predictions too, and strokes over
anything else and answered patches, which are no labels. It needs two kinds, because with one there
is nothing to tell apart. A prediction is no label: ``accepted`` makes the command that makes one of
it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from desktop.commands.annotation import PaintedFrame
from desktop.commands.prediction import AcceptPrediction
from desktop.domain.annotation import Annotation, Label, Origin, Provenance, Target
from desktop.domain.contracts import Progress
from desktop.domain.errors import AccessProblem, UserError
from desktop.domain.geometry import Mask
from desktop.domain.runs import MaskYX, encode_runs
from desktop.domain.schema import Scope
from desktop.domain.scribble import ANYTHING_ELSE, Scribble
from desktop.domain.study import FrameRef
from desktop.store import queries
from desktop.version import __version__
from desktop.workspace.images.pixel_grid import Classes, coarse_marks, coarseness, described, sharp

if TYPE_CHECKING:
    from desktop.engines.learning.pixel_features import Channels
    from desktop.imaging.frame import Frame
    from desktop.workspace.jobs import Job
    from desktop.workspace.workspace import Workspace

SEED = 0
_KEPT = 2  # frames whose channels are kept, at most 51 MB each
BLANK = -1


@dataclass(frozen=True, eq=False)
class Prediction:
    """What was predicted for one frame.

    ``classes_yx`` (rows, columns): the class id of each pixel, 0 for anything else; ``chance_yx``
    (rows, columns) float32 in 0..1: how sure of it. ``class_ids``: those that were painted, what
    surrounds the others first: anything else, or the widest. ``painted_px``: how many taught.
    """

    case_id: str
    series_id: str
    frame: FrameRef
    classes_yx: Classes
    chance_yx: npt.NDArray[np.float32]
    class_ids: tuple[int, ...]
    painted_px: int
    learner: str
    pixels_sha256: str

    def mask_at(self, x: float, y: float, whole_class: bool = False) -> tuple[int, MaskYX]:
        """The class under an image point, and its connected pixels there or all of them."""
        from desktop.engines.learning.pixel_learner import component_at

        rows, columns = self.classes_yx.shape
        column, row = min(max(int(x), 0), columns - 1), min(max(int(y), 0), rows - 1)
        class_id = int(self.classes_yx[row, column])
        if whole_class:
            return class_id, self.classes_yx == class_id
        return class_id, component_at(self.classes_yx, column, row)


class Pixels:
    """Predictions of the open project. Main thread, except for the job's own work."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._channels: OrderedDict[str, Channels] = OrderedDict()
        self._lock = Lock()
        self._job: Job | None = None

    def scribbles(self, case_id: str, frame: FrameRef) -> MaskYX | None:
        """(rows, columns) what this reader marked as anything else; None: nothing."""
        marks = self.marks(case_id, frame)
        rest = marks == ANYTHING_ELSE if marks is not None else None
        return rest if rest is not None and rest.any() else None

    def marks(self, case_id: str, frame: FrameRef) -> Classes | None:
        """(rows, columns) what this reader's strokes and patches say, -1 elsewhere; None: nothing.

        They teach and are no labels.
        """
        room = self._workspace
        own = queries.many(room._read, Scribble, case_id=case_id, reader_id=room.reader.id)
        found: Classes | None = None
        for stroke in sorted((s for s in own if s.frame == frame), key=lambda s: (s.number, s.id)):
            if found is None or found.shape != (stroke.rows, stroke.columns):
                found = np.full((stroke.rows, stroke.columns), BLANK, dtype=np.int64)
            found[room.mask(stroke)] = BLANK if stroke.erases else stroke.class_id
        return found if found is not None and (found != BLANK).any() else None

    def painted(self, case_id: str, frame: FrameRef) -> Classes | None:
        """(rows, columns) class id of what this reader painted, -1 elsewhere; None: nothing.

        Anything else is 0. It and answered patches give way to what is painted with a class.
        """
        room = self._workspace
        class_of = {a.id: a.label.class_id for a in room.annotations(case_id)}
        found = self.marks(case_id, frame)
        order = {annotation_id: n for n, annotation_id in enumerate(class_of)}
        slices = room.mask_slices(case_id, frame)
        for part in sorted(slices, key=lambda s: order[s.annotation_id]):
            if found is None:
                found = np.full((part.rows, part.columns), BLANK, dtype=np.int64)
            if found.shape == (part.rows, part.columns):
                found[room.mask(part)] = class_of[part.annotation_id]
        return found

    def why_not(self, case_id: str, frame: FrameRef | None) -> UserError | None:
        """Why nothing can be predicted now; None where it can."""
        if not case_id or frame is None:
            return UserError("No image is open.", "", "Open a case with images first.")
        hidden = self._workspace.help_standing(case_id).why_hidden
        if hidden:
            return AccessProblem(hidden, "A prediction is help as well.")
        painted = self.painted(case_id, frame)
        kinds = np.unique(painted[painted != BLANK]) if painted is not None else np.zeros(0)
        if len(kinds) > 1:
            return None
        if not len(kinds):
            hint = "A few strokes of each are enough."
        elif kinds[0] == ANYTHING_ELSE:
            hint = "Pick a class and paint a little of it."
        else:
            hint = "Paint a second class, or anything else (Shift+J)."
        return UserError(
            "Paint at least two classes on this image.",
            "Only one is painted: there is nothing to tell apart." if len(kinds) else "",
            hint,
        )

    def predict(
        self,
        case_id: str,
        series_id: str,
        frame: FrameRef,
        on_done: Callable[[Prediction], None],
        on_error: Callable[[UserError], None],
    ) -> None:
        """Learn from what is painted now and predict the frame; a newer request ends an older.

        Either answer comes on the main thread, and only for the newest request.
        """
        self.cancel()
        _ = self._workspace.plugins  # a learner that one brings is used from here on
        why = self.why_not(case_id, frame)
        painted = self.painted(case_id, frame)
        if why is not None or painted is None:
            on_error(why or UserError("Nothing is painted."))
            if not self._workspace.help_standing(case_id).why_hidden:
                self._begin(lambda progress: self._warm(frame, progress), _ignore, _ignore)
            return
        self._begin(
            lambda progress: self._predicted(case_id, series_id, frame, painted, progress),
            on_done,
            on_error,
        )

    def run(
        self, case_id: str, series_id: str, frame: FrameRef, progress: Progress | None = None
    ) -> Prediction:
        """The same, blocking; UserError where nothing can be predicted."""
        _ = self._workspace.plugins
        why, painted = self.why_not(case_id, frame), self.painted(case_id, frame)
        if why is not None or painted is None:
            raise why or UserError("Nothing is painted.")
        return self._predicted(case_id, series_id, frame, painted, progress or Progress())

    def _begin(
        self,
        work: Callable[[Progress], Prediction | None],
        on_done: Callable[[Any], None],
        on_error: Callable[[UserError], None],
    ) -> None:
        """Start the newest job; only its answer is passed on."""
        asked: list[Job] = []

        def is_newest() -> bool:
            return not asked or self._job is asked[0]

        job = self._workspace.jobs.start(
            "Predict from scribbles",
            work,
            lambda found: on_done(found) if is_newest() else None,
            lambda error: on_error(error) if is_newest() else None,
        )
        asked.append(job)
        self._job = job

    def cancel(self) -> None:
        """Stop what is being predicted."""
        job, self._job = self._job, None
        if job is not None:
            job.cancel()

    def accepted(self, prediction: Prediction, class_id: int, mask_yx: MaskYX) -> AcceptPrediction:
        """The command that keeps these pixels as a region of the class.

        The reader's own strokes of the class that the pixels touch become part of it, unless they
        carry answers or a comment, or are locked.
        """
        room = self._workspace
        schema = room.schema(prediction.case_id)
        if schema is None or not mask_yx.any():
            raise UserError("Nothing is predicted here.", "", "Point at a predicted region.")
        if class_id == ANYTHING_ELSE:
            raise UserError("This is none of the classes.", "", "Point at a predicted region.")
        own = {a.id: a for a in room.annotations(prediction.case_id)}
        mask = mask_yx.copy()
        absorbed = []
        for part in room.mask_slices(prediction.case_id, prediction.frame):
            region, pixels = own[part.annotation_id], room.mask(part)
            said = region.comment or region.label.attributes or region.locked
            if region.label.class_id != class_id or said or not (pixels & mask_yx).any():
                continue
            if part.origin is not Origin.MODEL:  # a hand's pixels stay; an older guess gives way
                mask |= pixels
            absorbed.append(region.id)
        chance = float(prediction.chance_yx[mask_yx].mean())
        region = Annotation(
            id=room.new_id(),
            case_id=prediction.case_id,
            reader_id=room.reader.id,
            schema_id=schema.id,
            target=Target(scope=Scope.REGION, series_id=prediction.series_id),
            label=Label(class_id=class_id),
            geometry=Mask(),
            origin=Origin.MODEL,
            provenance=_provenance(prediction, chance),
        )
        rows, columns = mask.shape
        name = next((c.name for c in schema.classes if c.id == class_id), "")
        return AcceptPrediction(
            case_id=prediction.case_id,
            annotation=region,
            painted=PaintedFrame(
                frame=prediction.frame,
                rows=rows,
                columns=columns,
                runs=encode_runs(mask),
                pixels_sha256=prediction.pixels_sha256,
                origin=Origin.MODEL,
            ),
            absorbed=tuple(absorbed),
            what=f"Accept prediction, {name}",
        )

    # any thread ------------------------------------------------------------------------------

    def _warm(self, ref: FrameRef, progress: Progress) -> None:
        """Look at the pixels while the reader still paints, so that the first answer is quick."""
        from desktop.engines.learning.pixel_learner import learn_pixels

        frame = self._workspace.frames.get(ref)
        channels = self.channels_of(frame, coarseness(frame.rows, frame.columns), progress)
        corner = channels[:8, :8]
        learn_pixels(corner, np.eye(*corner.shape[:2], dtype=np.int64))  # loading takes seconds

    def _predicted(
        self, case_id: str, series_id: str, ref: FrameRef, painted: Classes, progress: Progress
    ) -> Prediction:
        from desktop.engines.learning.pixel_learner import learn_pixels, usual_pixel_learner

        frame = self._workspace.frames.get(ref)
        step = coarseness(frame.rows, frame.columns)
        channels = self.channels_of(frame, step, progress)
        coarse = coarse_marks(painted, step)
        learner = usual_pixel_learner()
        model = learn_pixels(channels, coarse, learner=learner, seed=SEED)
        progress.report(0.6, "Classifying pixels")
        soft = model.quick_probabilities(channels, progress)
        rest = 0 if model.classes[0] == ANYTHING_ELSE else None
        found, chance, order = sharp(soft, painted.shape, step, rest)
        ids = model.classes[order]
        return Prediction(
            case_id=case_id,
            series_id=series_id,
            frame=ref,
            classes_yx=np.asarray(ids[found], dtype=np.int64),
            chance_yx=chance,
            class_ids=tuple(int(i) for i in ids),
            painted_px=int((painted != BLANK).sum()),
            learner=learner.name,
            pixels_sha256=frame.pixels_sha256,
        )

    def channels_of(self, frame: Frame, step: int, progress: Progress) -> Channels:
        """The channels of a frame on a grid ``step`` pixels wide, kept for the next question."""
        key = frame.pixels_sha256
        with self._lock:
            known = self._channels.get(key)
            if known is not None:
                self._channels.move_to_end(key)
                return known
        made = described(frame, step, progress)
        with self._lock:
            self._channels[key] = made
            while len(self._channels) > _KEPT:
                self._channels.popitem(last=False)
        return made


def _ignore(_answer: object) -> None:
    """Nobody waits for this one."""


def _provenance(prediction: Prediction, chance: float) -> Provenance:
    return Provenance(
        tool="Predict from scribbles",
        app_version=__version__,
        detail={
            "learner": prediction.learner,
            "seed": str(SEED),
            "painted_px": str(prediction.painted_px),
            "classes": " ".join(str(c) for c in sorted(prediction.class_ids) if c),
            "anything_else": "painted" if ANYTHING_ELSE in prediction.class_ids else "not painted",
            "mean_probability": f"{chance:.3f}",
        },
    )
