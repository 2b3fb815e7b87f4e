"""A made-up slice with an organ and a lesion in a real project, and strokes on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from desktop.commands.annotation import PaintedFrame, PaintMask
from desktop.commands.project import AddSchema, UseSchema
from desktop.commands.scribble import ScribbleElse
from desktop.domain.annotation import Annotation, Label, Target
from desktop.domain.geometry import Mask
from desktop.domain.runs import encode_runs
from desktop.domain.schema import LabelClass, Schema, Scope
from desktop.domain.study import FrameRef
from desktop.engines.synthesis.synthetic import make
from desktop.imaging.slice_writer import DemoPatient, Volume, write_slices
from desktop.workspace.settings import Settings
from desktop.workspace.workspace import Workspace

SIDE = 192
OUTSIDE, ORGAN, LESION = 1, 2, 3
ORGANS = Schema(
    id="organs@1",
    name="organs",
    version=1,
    title="Organs",
    classes=(
        LabelClass(id=OUTSIDE, name="Outside", color="#999999", key="1"),
        LabelClass(id=ORGAN, name="Organ", color="#56B4E9", key="2"),
        LabelClass(id=LESION, name="Lesion", color="#E69F00", key="3"),
    ),
)


class MadePixels:
    """One case of two images: the first is the phantom, the second noise. Ada leads."""

    def __init__(self, folder: Path) -> None:
        made = make("ct-phantom", 1, side=SIDE, values={"contrast": 0.25, "size": 5})
        self.truth = made.labels_yx.astype(np.int64) + OUTSIDE
        noise = np.random.Generator(np.random.PCG64(3)).integers(0, 4095, made.values_yx.shape)
        volume = Volume(
            voxels=np.stack([made.values_yx, noise]).astype(np.int16),
            steps_mm=np.diag([0.8, 0.8, 4.0]),
            origin_mm=np.zeros(3),
        )
        write_slices(volume, "CT", DemoPatient(50, "Abdomen", "ABDOMEN"), folder / "images" / "0")
        self.room = Workspace.create(
            folder / "pixels.rroom",
            title="Pixels",
            reader_name="Ada",
            settings=Settings(folder / "settings.json"),
        )
        report = self.room.import_images([folder / "images"])
        (self.case_id,) = report.cases
        self.room.run(AddSchema(schema=ORGANS))
        self.room.run(UseSchema(case_ids=report.cases, schema_id=ORGANS.id))
        self.series_id = self.room.series(self.case_id)[0].id
        self.frames = self.room.frame_refs(self.series_id)
        found = [int(self.room.frames.get(f).pixels.std()) for f in self.frames]
        truth_std = int(made.values_yx.std())
        self.frame: FrameRef = self.frames[int(np.argmin([abs(s - truth_std) for s in found]))]

    def stroke(self, class_id: int) -> np.ndarray:
        """(SIDE, SIDE) bool: along the widest row of the class; outside, above the organ."""
        inside = self.truth == class_id
        row = int(inside.sum(axis=1).argmax())
        if class_id == OUTSIDE:
            row = int(np.flatnonzero((self.truth != OUTSIDE).any(axis=1))[0]) - 5
        columns = np.flatnonzero(inside[row])[1:-1]
        drawn = np.zeros_like(inside)
        drawn[row - 1 : row + 2, columns] = True
        return drawn & inside

    def paint(self, class_id: int, mask: np.ndarray | None = None) -> str:
        mask = self.stroke(class_id) if mask is None else mask
        region = Annotation(
            id=self.room.new_id(),
            case_id=self.case_id,
            reader_id=self.room.reader.id,
            schema_id=ORGANS.id,
            target=Target(scope=Scope.REGION, series_id=self.series_id),
            label=Label(class_id=class_id),
            geometry=Mask(),
        )
        painted = PaintedFrame(frame=self.frame, rows=SIDE, columns=SIDE, runs=encode_runs(mask))
        self.room.run(
            PaintMask(case_id=self.case_id, annotation_id=region.id, frames=(painted,), new=region)
        )
        return region.id

    def scribble(self, mask: np.ndarray | None = None, erases: bool = False) -> None:
        """Mark pixels as anything else; the stroke outside by default."""
        mask = self.stroke(OUTSIDE) if mask is None else mask
        self.room.run(
            ScribbleElse(
                case_id=self.case_id,
                frame=self.frame,
                rows=SIDE,
                columns=SIDE,
                runs=encode_runs(mask),
                erases=erases,
            )
        )


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / max(1, a.sum() + b.sum()))
