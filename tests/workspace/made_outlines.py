"""A project of phantom slices, each a patient, some outlined by a reader who knows the truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from desktop.commands.annotation import PaintedFrame, PaintMask
from desktop.commands.project import AddSchema, MarkCase, UseSchema
from desktop.domain.annotation import Annotation, Label, Target
from desktop.domain.geometry import Mask
from desktop.domain.runs import encode_runs
from desktop.domain.schema import LabelClass, Schema, Scope
from desktop.domain.study import FrameRef, Study
from desktop.domain.task import AssignmentState
from desktop.engines.synthesis.synthetic import make
from desktop.store import queries
from desktop.workspace.settings import Settings
from desktop.workspace.workspace import Workspace

SIDE = 96
ORGAN, LESION = 1, 2
SCHEMA = Schema(
    id="parts@1", name="parts", version=1, title="Parts",
    classes=(
        LabelClass(id=ORGAN, name="Organ", color="#56B4E9", key="1"),
        LabelClass(id=LESION, name="Lesion", color="#E69F00", key="2"),
    ),
)  # fmt: skip


class MadeOutlines:
    """``truth`` by case: class ids, 0 around them. Ada leads."""

    def __init__(self, folder: Path, count: int = 6) -> None:
        images = folder / "images"
        images.mkdir(parents=True)
        by_name: dict[str, np.ndarray] = {}
        for number in range(count):
            made = make("ct-phantom", number, side=SIDE, values={"contrast": 0.25, "size": 8})
            values = np.asarray(made.values_yx, dtype=np.float64)
            low, high = np.percentile(values, (0.5, 99.5))
            grey = np.clip((values - low) / (high - low) * 255, 0, 255).astype(np.uint8)
            Image.fromarray(grey).save(images / f"{number:02}.png")
            by_name[f"{number:02}"] = made.labels_yx.astype(np.int64)
        self.room = Workspace.create(
            folder / "outlines.rroom",
            title="Outlines",
            reader_name="Ada",
            settings=Settings(folder / "settings.json"),
        )
        self.room.import_images([images])
        self.cases = [line.case.id for line in self.room.cases(limit=100)]
        self.room.run(AddSchema(schema=SCHEMA))
        self.room.run(UseSchema(case_ids=tuple(self.cases), schema_id=SCHEMA.id))
        self.truth: dict[str, np.ndarray] = {}
        for case_id in self.cases:
            instance = self.room.instance(self.frame(case_id).instance_id)
            path = queries.sources(self.room._read)[instance.id]
            self.truth[case_id] = by_name[path.stem]

    def frame(self, case_id: str) -> FrameRef:
        (series,) = self.room.series(case_id)
        return self.room.frame_refs(series.id)[0]

    def patient(self, case_id: str) -> str:
        return queries.one(self.room._read, Study, self.room.case(case_id).study_id).patient_key

    def outline(self, case_id: str, closes: bool = True) -> None:
        """Paint organ and lesion as they are, and close the case."""
        (series,) = self.room.series(case_id)
        for class_id in (ORGAN, LESION):
            mask = self.truth[case_id] == class_id
            region = Annotation(
                id=self.room.new_id(),
                case_id=case_id,
                reader_id=self.room.reader.id,
                schema_id=SCHEMA.id,
                target=Target(scope=Scope.REGION, series_id=series.id),
                label=Label(class_id=class_id),
                geometry=Mask(),
            )
            painted = PaintedFrame(
                frame=self.frame(case_id), rows=SIDE, columns=SIDE, runs=encode_runs(mask)
            )
            self.room.run(
                PaintMask(case_id=case_id, annotation_id=region.id, frames=(painted,), new=region)
            )
        if closes:
            self.room.run(MarkCase(case_id=case_id, state=AssignmentState.DONE))
