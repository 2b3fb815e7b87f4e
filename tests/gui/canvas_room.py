"""A real project whose images are made up and in memory, for tests of the canvas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from desktop.commands.annotation import AddAnnotation, PaintedFrame, PaintMask
from desktop.commands.project import AddSchema, RegisterImages
from desktop.domain.annotation import Annotation, Label, Target
from desktop.domain.errors import FileProblem, UserError
from desktop.domain.geometry import Geometry, Mask
from desktop.domain.runs import encode_runs
from desktop.domain.schema import LabelClass, Schema, Scope
from desktop.domain.study import (
    CalibrationSource,
    Case,
    FrameRef,
    Instance,
    Plane,
    Series,
    Study,
    Window,
)
from desktop.imaging.frame import Frame
from desktop.workspace.workspace import Workspace

ROWS, COLUMNS, SLICES = 100, 120, 6
SCHEMA = Schema(
    id="s@1",
    name="s",
    version=1,
    title="S",
    classes=(
        LabelClass(id=1, name="Nodule", color="#E69F00", key="1"),
        LabelClass(id=2, name="Lung", color="#56B4E9", key="2"),
    ),
)


class HeldFrames:
    """Frames that come when the test says so. ``refused`` ones never do."""

    def __init__(self, frames: dict[FrameRef, Frame]) -> None:
        self.frames = frames
        self.in_memory: set[FrameRef] = set(frames)
        self.refused: set[FrameRef] = set()
        self.waiting: list[tuple[FrameRef, Callable[[Any], None]]] = []
        self.ahead: list[FrameRef] = []

    def get(self, ref: FrameRef) -> Frame:
        return self.frames[ref]

    def cached(self, ref: FrameRef) -> Frame | None:
        return self.frames[ref] if ref in self.in_memory else None

    def request(self, ref: FrameRef, on_ready: Callable[[Frame | UserError], None]) -> None:
        self.waiting.append((ref, on_ready))

    def prefetch(self, refs: Sequence[FrameRef]) -> None:
        self.ahead = list(refs)

    def deliver(self) -> None:
        """Answer everything that was asked for, the oldest last, as an unfair network would."""
        waiting, self.waiting = self.waiting, []
        for ref, on_ready in reversed(waiting):
            if ref in self.refused:
                on_ready(FileProblem("This image can't be shown.", "Its data end too early."))
            else:
                on_ready(self.frames[ref])

    def close(self) -> None:
        self.waiting.clear()


class Room:
    """A project with one CT series, and short ways to look at it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "canvas.rroom"
        self.ws = Workspace.create(self.path, title="Canvas", reader_name="Ada")
        self.ws.run(AddSchema(schema=SCHEMA))
        instances = tuple(_instance(n) for n in range(SLICES))
        self.ws.run(
            RegisterImages(
                studies=(Study(id="study", study_instance_uid="2.25.1", patient_key="P-1"),),
                series=(
                    Series(
                        id="series", study_id="study", series_instance_uid="2.25.2", modality="CT"
                    ),
                ),
                instances=instances,
                cases=(
                    Case(
                        id="case",
                        study_id="study",
                        title="CT · P-000001",
                        order=0,
                        series_ids=("series",),
                        schema_id=SCHEMA.id,
                    ),
                ),
            )
        )
        self.refs = [FrameRef(instance_id=i.id) for i in instances]
        self.hold()

    def hold(self) -> HeldFrames:
        """Put the made-up frames in place of the decoder."""
        frames = {ref: _frame(ref, n) for n, ref in enumerate(self.refs)}
        self.frames = HeldFrames(frames)
        self.ws.frames = self.frames  # type: ignore[assignment]
        return self.frames

    def reopen(self) -> Workspace:
        """Open the file again after the workspace was closed."""
        self.ws = Workspace.open(self.path, reader_name="Ada")
        self.hold()
        return self.ws

    def draw(self, geometry: Geometry, frame: int = 0, class_id: int = 1) -> str:
        region = self._region(geometry, frame, class_id)
        self.ws.run(AddAnnotation(annotation=region))
        return region.id

    def paint(self, mask_yx: np.ndarray, frame: int = 0, class_id: int = 1) -> str:
        region = self._region(Mask(), None, class_id)
        painted = PaintedFrame(
            frame=self.refs[frame], rows=ROWS, columns=COLUMNS, runs=encode_runs(mask_yx)
        )
        self.ws.run(
            PaintMask(case_id="case", annotation_id=region.id, frames=(painted,), new=region)
        )
        return region.id

    def _region(self, geometry: Geometry, frame: int | None, class_id: int) -> Annotation:
        ref = None if frame is None else self.refs[frame]
        return Annotation(
            id=self.ws.new_id(),
            case_id="case",
            reader_id=self.ws.reader.id,
            schema_id=SCHEMA.id,
            target=Target(scope=Scope.REGION, series_id="series", frame=ref),
            label=Label(class_id=class_id),
            geometry=geometry,
        )


def disk(x: float, y: float, radius: float) -> np.ndarray:
    ys, xs = np.mgrid[:ROWS, :COLUMNS] + 0.5
    return np.asarray(np.hypot(xs - x, ys - y) <= radius)


def _instance(number: int) -> Instance:
    return Instance(
        id=f"instance-{number}",
        series_id="series",
        file_sha256=f"{number:064x}",
        media="dicom",
        rows=ROWS,
        columns=COLUMNS,
        order=number,
        bits_stored=16,
        spacing_mm=(0.5, 0.5),
        calibration=CalibrationSource.PATIENT,
        planes=(
            Plane(position=(0.0, 0.0, 3.0 * number), orientation=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0)),
        ),
        unit="HU",
    )


def _frame(ref: FrameRef, number: int) -> Frame:
    """A slope from left to right that differs from slice to slice."""
    row = np.linspace(-500, 500, COLUMNS) + 20 * number
    return Frame(
        ref=ref,
        pixels=np.tile(row, (ROWS, 1)).astype(np.int16),
        pixels_sha256=f"{number:064x}",
        unit="HU",
        windows=(Window(center=40.0, width=1000.0),),
    )
