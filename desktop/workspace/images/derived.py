"""Made-up images that start from a real one of the project: new cases, the original untouched.

A derived case keeps its original's patient: what holds for one patient (that made-up images stay in
training, that a patient is never on both sides of a split) holds for both without further rules.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

from desktop.domain.annotation import Annotation
from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.domain.geometry import Mask
from desktop.domain.schema import Schema
from desktop.domain.split import Part
from desktop.domain.study import FrameRef, Instance, Study, Window
from desktop.engines.synthesis.derived import Change, Derived, derive
from desktop.imaging.display import default_window
from desktop.imaging.facts import SOURCE_KEY
from desktop.imaging.frame import Frame, pixels_sha256
from desktop.imaging.made_slice import WRITE, MadeSlice
from desktop.store import queries
from desktop.workspace.images.made_images import (
    MadeReport,
    Piece,
    add_all,
    check_may_make,
    made_png,
    put_file,
    start,
    write_pieces,
)
from desktop.workspace.images.synthetic import MOST, made_schema
from desktop.workspace.jobs import Job

if TYPE_CHECKING:
    from desktop.imaging.frame import Pixels
    from desktop.workspace.workspace import Workspace

_TIMEOUT_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What is done, how often, and how it is written.

    ``class_id``: the class of a lesion in the original's schema, 0 for its first one. ``at_xy``:
    the middle of the lesion in image coordinates, None for places that are drawn by the seed.
    ``window``: in which its contrast counts, from black to white; None for the image's first one.
    ``dicom``: DICOM files or PNG, None for what the original is.
    """

    change: Change
    values: Mapping[str, float] = dataclasses.field(default_factory=dict)
    seed: int = 1
    count: int = 1
    class_id: int = 0
    at_xy: tuple[float, float] | None = None
    window: Window | None = None
    dicom: bool | None = None


@dataclass(frozen=True, eq=False)
class Shown:
    """A preview. ``before_yx``, ``after_yx``: the original and the new image as a reader sees them
    first, 0..255; ``mask_yx`` as in ``Derived``."""

    before_yx: npt.NDArray[np.uint8]
    after_yx: npt.NDArray[np.uint8]
    mask_yx: npt.NDArray[np.bool_] | None


@dataclass(frozen=True, eq=False)
class _Source:
    """The original with the lead's labels on it, frozen on the main thread."""

    case_id: str
    title: str
    patient_key: str
    modality: str
    frame: FrameRef
    instance: Instance
    schema: Schema
    class_id: int
    masks: tuple[tuple[int, npt.NDArray[np.bool_]], ...]
    shapes: tuple[Annotation, ...]


class DerivedImages:
    """Reached as ``workspace.derived``; the lead's. Main thread."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def why_not(self, case_id: str) -> str:
        """Why nothing may be made from this case, "" where it may."""
        part = self._workspace.splits.part_of(case_id)
        if part in (Part.VALIDATION, Part.TEST):
            return (
                f"Nothing is made from this case: its patient is in the {part.value} set, and what "
                "is made from a patient would teach a model about that patient."
            )
        return ""

    def classes(self, case_id: str) -> Schema:
        """The schema whose classes a lesion may have here."""
        found = self._workspace.schema(case_id)
        if found is not None and found.classes:
            return found
        return made_schema("lesion", "a lesion in a real image", ("Lesion",))

    def make(
        self,
        case_id: str,
        frame: FrameRef,
        recipe: Recipe,
        folder: Path,
        progress: Progress | None = None,
    ) -> MadeReport:
        """Make ``recipe.count`` images with seeds ``seed``, ``seed`` + 1, … and add them; blocking.

        The lead's own regions on the original go along. UserError with a sentence where the
        patient is held back. The same arguments write the same bytes.
        """
        source = self._source(case_id, frame, recipe)
        makers = self._makers(source, recipe, folder)
        batch = write_pieces(self._workspace, makers, folder, source.schema, progress or Progress())
        return add_all(self._workspace, batch)

    def start(
        self,
        case_id: str,
        frame: FrameRef,
        recipe: Recipe,
        folder: Path,
        on_done: Callable[[MadeReport], None],
        on_error: Callable[[UserError], None],
    ) -> Job:
        """The same as a job."""
        room, source = self._workspace, self._source(case_id, frame, recipe)
        makers = self._makers(source, recipe, folder)
        return start(
            room,
            "Making synthetic images",
            lambda progress: write_pieces(room, makers, folder, source.schema, progress),
            on_done,
            on_error,
        )

    def start_preview(
        self,
        case_id: str,
        frame: FrameRef,
        recipe: Recipe,
        on_done: Callable[[Shown], None],
        on_error: Callable[[UserError], None],
    ) -> Job:
        """The first image in the background, kept nowhere."""
        if why := self.why_not(case_id):
            raise UserError("This case can't be a source.", why)

        def work(_progress: Progress) -> Shown:
            from desktop.workspace.learning.learning_pool import grey

            original = self._workspace.frames.get(frame)
            made = _derived(original, recipe, recipe.seed)
            window = recipe.window or default_window(original)  # one for both, or it would hide
            before, after = (
                grey(dataclasses.replace(original, pixels=pixels, windows=(window,)))
                for pixels in (original.pixels, cast("Pixels", made.values_yx))
            )
            return Shown(
                np.rint(before * 255).astype(np.uint8),
                np.rint(after * 255).astype(np.uint8),
                made.mask_yx,
            )

        return self._workspace.jobs.start("Drawing a preview", work, on_done, on_error)

    def _source(self, case_id: str, frame: FrameRef, recipe: Recipe) -> _Source:
        room = self._workspace
        check_may_make(room)
        if why := self.why_not(case_id):
            raise UserError("This case can't be a source.", why, "Choose a case in training.")
        if not 1 <= recipe.count <= MOST:
            raise UserError("This number of images can't be made.", f"From 1 to {MOST:,} at once.")
        case, instance = room.case(case_id), room.instance(frame.instance_id)
        if instance.series_id not in case.series_ids:
            raise UserError("This image does not belong to the case.")
        if instance.samples != 1:
            raise UserError("Colour images can't be changed in this way.", "", "Choose a grey one.")
        schema = self.classes(case_id)
        if recipe.change is not Change.LESION:
            schema = room.schema(case_id) or schema
        own = [a for a in room.annotations(case_id) if a.schema_id == schema.id]
        painted = {a.id: a.label.class_id for a in own if isinstance(a.geometry, Mask)}
        return _Source(
            case_id=case_id,
            title=case.title,
            patient_key=queries.one(room._read, Study, case.study_id).patient_key,
            modality=room.one_series(instance.series_id).modality,
            frame=frame,
            instance=instance,
            schema=schema,
            class_id=self._class_id(schema, recipe),
            masks=tuple(
                (painted[s.annotation_id], room.mask(s))
                for s in room.mask_slices(case_id, frame)
                if s.annotation_id in painted
            ),
            shapes=tuple(
                a
                for a in own
                if a.target.frame == frame
                and a.geometry is not None
                and not isinstance(a.geometry, Mask)
            ),
        )

    @staticmethod
    def _class_id(schema: Schema, recipe: Recipe) -> int:
        if recipe.change is not Change.LESION:
            return 0
        return schema.label_class(recipe.class_id or schema.classes[0].id).id

    def _makers(self, source: _Source, recipe: Recipe, folder: Path) -> list[Callable[[], Piece]]:
        frames, pool = self._workspace.frames, self._workspace.pool
        as_dicom = source.instance.media == "dicom" if recipe.dicom is None else recipe.dicom

        def maker(seed: int) -> Callable[[], Piece]:
            def make() -> Piece:
                original = frames.get(source.frame)
                made = _derived(original, recipe, seed)
                # the file itself says whom it was made from: the JSON beside may be left behind
                made = dataclasses.replace(made, facts=made.facts | {SOURCE_KEY: source.frame.key})
                pixels = made.values_yx if as_dicom else _storable(made.values_yx)
                content: bytes
                if as_dicom:
                    request = _dicom(source, original, made)
                    content = pool.run(WRITE, request, timeout_s=_TIMEOUT_S).tobytes()
                else:
                    content = made_png(pixels, made.facts)
                return _put(source, made, pixels, content, folder, "dcm" if as_dicom else "png")

            return make

        return [maker(recipe.seed + number) for number in range(recipe.count)]


def _derived(original: Frame, recipe: Recipe, seed: int) -> Derived:
    """One image of a recipe."""
    if original.is_color:
        raise UserError("Colour images can't be changed in this way.", "", "Choose a grey one.")
    window = recipe.window or default_window(original)
    ends = (window.center - window.width / 2, window.center + window.width / 2)
    low, high = ((v - original.intercept) / original.slope for v in ends)
    return derive(
        recipe.change,
        original.pixels,
        seed,
        recipe.values,
        shown=(high, low) if original.inverted else (low, high),
        at_xy=recipe.at_xy,
    )


def _put(
    source: _Source,
    made: Derived,
    pixels: npt.NDArray[np.integer],
    content: bytes,
    folder: Path,
    ending: str,
) -> Piece:
    """The file, its JSON beside it, and the labels that belong to it."""
    facts = made.facts | {"source_case": source.case_id}
    if made.mask_yx is not None:
        facts["class"] = source.schema.label_class(source.class_id).name
    text = json.dumps(facts, indent=1, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    stem = f"synthetic-{facts['generator']}-{facts['seed']}-{digest}"
    path = folder / f"{stem}.{ending}"
    put_file(path.with_suffix(".json"), text.encode())
    put_file(path, content)
    masks = list(source.masks)
    if made.mask_yx is not None:
        masks.append((source.class_id, made.mask_yx))
    title = f"{source.title} · {facts['generator']} {facts['seed']}"
    return Piece(
        path, masks, pixels_sha256(pixels), facts, source.shapes, source.patient_key, title
    )


def _storable(values_yx: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
    """Values as a PNG holds them: 8 bits, or 16 without a sign, from 0 where they were signed."""
    if values_yx.dtype == np.uint8:
        return values_yx
    lift = min(0, int(values_yx.min()))
    return (values_yx.astype(np.int32) - lift).astype(np.uint16)


def _source_first(facts: Mapping[str, str]) -> list[tuple[str, str]]:
    """Sorted, but with the original in front, so that a full attribute never cuts it off."""
    return sorted(facts.items(), key=lambda fact: (fact[0] != SOURCE_KEY, *fact))


def _dicom(source: _Source, original: Frame, made: Derived) -> MadeSlice:
    pixels = np.ascontiguousarray(made.values_yx)
    kinds = {"u1": "|u1", "u2": "<u2", "i2": "<i2"}
    dtype = kinds[pixels.dtype.str[1:]]
    return MadeSlice(
        rows=pixels.shape[0],
        columns=pixels.shape[1],
        dtype=dtype,
        pixels=pixels.astype(dtype).tobytes(),
        modality=source.modality,
        patient_id=f"SYN-{source.patient_key}",
        facts="; ".join(f"{k} {v}" for k, v in _source_first(made.facts)),
        slope=original.slope,
        intercept=original.intercept,
        unit=original.unit,
        inverted=original.inverted,
        window=original.windows[0] if original.windows else None,
        plane=source.instance.plane(source.frame.frame_index),
        spacing_mm=source.instance.spacing_mm,
        calibration=source.instance.calibration,
    )
