"""A classifier of pixels beside the reader: learns from what is painted on a frame, predicts it.

Everything the reader painted on the frame teaches, accepted predictions too. It needs two classes,
because with one there is nothing to tell apart. A prediction is no label: ``accepted`` makes the
command that makes one of it.
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
from desktop.domain.study import FrameRef
from desktop.version import __version__

if TYPE_CHECKING:
    from desktop.engines.pixel_features import Channels
    from desktop.imaging.frame import Frame
    from desktop.workspace.jobs import Job
    from desktop.workspace.workspace import Workspace

SEED = 0
LARGEST_PX = 512 * 512  # frames above are classified at a coarser grid, so that seconds stay tenths
_KEPT = 2  # frames whose channels are kept, at most 51 MB each
_BLANK = -1

Classes = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Prediction:
    """What was predicted for one frame.

    ``classes_yx`` (rows, columns): the class id of each pixel; ``chance_yx`` (rows, columns)
    float32 in 0..1: how sure of it. ``class_ids``: those that were painted, the widest first.
    ``painted_px``: how many pixels taught.
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
        from desktop.engines.pixel_learner import component_at

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

    def painted(self, case_id: str, frame: FrameRef) -> Classes | None:
        """(rows, columns) class id of what this reader painted, -1 elsewhere; None: nothing."""
        room = self._workspace
        class_of = {a.id: a.label.class_id for a in room.annotations(case_id)}
        found: Classes | None = None
        order = {annotation_id: n for n, annotation_id in enumerate(class_of)}
        slices = room.mask_slices(case_id, frame)
        for part in sorted(slices, key=lambda s: order[s.annotation_id]):
            if found is None:
                found = np.full((part.rows, part.columns), _BLANK, dtype=np.int64)
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
        count = 0 if painted is None else len(np.unique(painted[painted != _BLANK]))
        if count < 2:
            return UserError(
                "Paint at least two classes on this image.",
                "Only one is painted: there is nothing to tell apart." if count else "",
                "A few strokes of each are enough.",
            )
        return None

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
        import sklearn.ensemble  # noqa: F401  # two seconds at the first time

        frame = self._workspace.frames.get(ref)
        self._channels_of(frame, coarseness(frame.rows, frame.columns), progress)

    def _predicted(
        self, case_id: str, series_id: str, ref: FrameRef, painted: Classes, progress: Progress
    ) -> Prediction:
        from desktop.engines.pixel_learner import learn_pixels, pixel_learners

        frame = self._workspace.frames.get(ref)
        step = coarseness(frame.rows, frame.columns)
        channels = self._channels_of(frame, step, progress)
        coarse = _coarse_marks(painted, step)
        learner = pixel_learners()[0]
        model = learn_pixels(channels, coarse, learner=learner, seed=SEED)
        progress.report(0.6, "Classifying pixels")
        soft = model.probabilities(channels, progress)
        found, chance, order = _sharp(soft, painted.shape, step)
        ids = model.classes[order]
        return Prediction(
            case_id=case_id,
            series_id=series_id,
            frame=ref,
            classes_yx=np.asarray(ids[found], dtype=np.int64),
            chance_yx=chance,
            class_ids=tuple(int(i) for i in ids),
            painted_px=int((painted != _BLANK).sum()),
            learner=learner.name,
            pixels_sha256=frame.pixels_sha256,
        )

    def _channels_of(self, frame: Frame, step: int, progress: Progress) -> Channels:
        from desktop.engines.pixel_features import normalised, pixel_features

        key = frame.pixels_sha256
        with self._lock:
            known = self._channels.get(key)
            if known is not None:
                self._channels.move_to_end(key)
                return known
        made = pixel_features(normalised(_coarse_values(_grey(frame), step)), progress)
        with self._lock:
            self._channels[key] = made
            while len(self._channels) > _KEPT:
                self._channels.popitem(last=False)
        return made


def _ignore(_answer: object) -> None:
    """Nobody waits for this one."""


def coarseness(rows: int, columns: int) -> int:
    """How many pixels of a side become one, so that at most ``LARGEST_PX`` are classified."""
    return max(1, int(np.ceil(np.sqrt(rows * columns / LARGEST_PX))))


def _grey(frame: Frame) -> npt.NDArray[np.float32]:
    """(rows, columns) float32 in modality units; the brightness of a colour image."""
    values = frame.pixels.astype(np.float32)
    if frame.is_color:
        return np.asarray(values @ np.array([0.299, 0.587, 0.114], dtype=np.float32))
    return values * np.float32(frame.slope) + np.float32(frame.intercept)


def _blocks(values_yx: npt.NDArray[np.generic], step: int) -> npt.NDArray[np.generic]:
    """(rows / step, columns / step, step²): the pixels of each block, the edge repeated."""
    rows, columns = values_yx.shape
    padded = np.pad(values_yx, ((0, -rows % step), (0, -columns % step)), mode="edge")
    high, wide = padded.shape[0] // step, padded.shape[1] // step
    parts = padded.reshape(high, step, wide, step).transpose(0, 2, 1, 3)
    return parts.reshape(high, wide, step * step)


def _coarse_values(values_yx: npt.NDArray[np.float32], step: int) -> npt.NDArray[np.float32]:
    if step == 1:
        return values_yx
    return np.asarray(_blocks(values_yx, step).mean(axis=2), dtype=np.float32)


def _coarse_marks(painted_yx: Classes, step: int) -> Classes:
    """A block is painted where any of its pixels is; the highest class id wins."""
    if step == 1:
        return painted_yx
    return np.asarray(_blocks(painted_yx, step).max(axis=2), dtype=np.int64)


def _sharp(
    soft: npt.NDArray[np.float64], size: tuple[int, ...], step: int
) -> tuple[Classes, npt.NDArray[np.float32], Classes]:
    """Cleaned class places and their probability at the frame's size; the widest class is 0.

    Returns (rows, columns) places, (rows, columns) probabilities, (K,) order of the classes.
    """
    from desktop.engines.pixel_learner import cleaned
    from desktop.imaging.cv import cv2

    shares = np.bincount(soft.argmax(axis=-1).ravel(), minlength=soft.shape[-1])
    order = np.argsort(-shares, kind="stable")
    soft = soft[..., order]
    found = cleaned(soft)
    if step > 1:
        rows, columns = size
        whole = (soft.shape[1] * step, soft.shape[0] * step)
        planes = [
            cv2.resize(
                np.where(found == k, soft[..., k].clip(0.5), soft[..., k].clip(None, 0.5)),
                whole,
                interpolation=cv2.INTER_LINEAR,
            )[:rows, :columns]
            for k in range(soft.shape[-1])
        ]
        soft = np.stack(planes, axis=-1)
        found = soft.argmax(axis=-1)
    chance = np.take_along_axis(soft, found[..., None], axis=-1)[..., 0]
    return found, chance.astype(np.float32), np.asarray(order, dtype=np.int64)


def _provenance(prediction: Prediction, chance: float) -> Provenance:
    return Provenance(
        tool="Predict from scribbles",
        app_version=__version__,
        detail={
            "learner": prediction.learner,
            "seed": str(SEED),
            "painted_px": str(prediction.painted_px),
            "classes": " ".join(str(c) for c in sorted(prediction.class_ids)),
            "mean_probability": f"{chance:.3f}",
        },
    )
