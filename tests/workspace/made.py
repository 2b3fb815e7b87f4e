"""Building blocks for workspace tests: a made-up project without image files."""

from __future__ import annotations

import datetime
import itertools
from pathlib import Path

import numpy as np

from desktop.commands.annotation import AddAnnotation, PaintedFrame, PaintMask
from desktop.commands.project import AddSchema, ChooseSchema, RegisterImages
from desktop.domain.annotation import Annotation, Label, Target
from desktop.domain.geometry import Box, Geometry, Mask
from desktop.domain.record import stable_id
from desktop.domain.runs import encode_runs
from desktop.domain.schema import (
    Choice,
    LabelClass,
    Question,
    QuestionKind,
    Schema,
    Scope,
)
from desktop.domain.study import Case, FrameRef, Instance, Series, Study
from desktop.workspace.access.keys import WorkstationKey
from desktop.workspace.clock import Clock
from desktop.workspace.settings import Settings
from desktop.workspace.workspace import Workspace

ROWS, COLUMNS = 24, 32

SCHEMA = Schema(
    id="test@1",
    name="test",
    version=1,
    title="Test",
    classes=(
        LabelClass(id=1, name="Nodule", color="#E69F00", key="1"),
        LabelClass(id=2, name="Lung", color="#56B4E9", key="2"),
        LabelClass(id=3, name="Vessel", color="#009E73", key="3"),
    ),
    questions=(
        Question(
            id="quality",
            text="Image quality",
            kind=QuestionKind.CHOICE,
            choices=(Choice(id="good", text="Good"), Choice(id="poor", text="Poor")),
        ),
        Question(id="count", text="How many", kind=QuestionKind.NUMBER, minimum=0, maximum=9),
        Question(id="solid", text="Solid", kind=QuestionKind.YES_NO, scope=Scope.REGION),
    ),
)


def ticking_clock(start: datetime.datetime | None = None) -> Clock:
    """A clock that moves one second at every look; ids count up."""
    start = start or datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    seconds, numbers, name = itertools.count(), itertools.count(), start.isoformat()
    return Clock(
        now=lambda: start + datetime.timedelta(seconds=next(seconds)),
        offset_min=lambda: 60,
        new_id=lambda: stable_id("made", name, str(next(numbers))),
    )


class MadeProject:
    """A project file with cases of one made-up series each, and short ways to work on it."""

    def __init__(
        self, folder: Path, cases: int = 2, frames: int = 3, clock: Clock | None = None
    ) -> None:
        self.folder = folder
        self.path = folder / "made.rroom"
        self.clock = clock or ticking_clock()
        (folder / "home").mkdir(exist_ok=True)
        self.key = WorkstationKey.load(folder / "home")
        self.ws = self._workspace(Workspace.create, title="Made", secret=bytes(range(32)))
        self.cases = [f"case-{n}" for n in range(cases)]
        self.frames = [FrameRef(instance_id=f"instance-0-{f}") for f in range(frames)]
        self.ws.run(AddSchema(schema=SCHEMA))
        self.ws.run(_images(cases, frames))
        for case_id in self.cases:
            self.ws.run(ChooseSchema(case_id=case_id, schema_id=SCHEMA.id))

    @classmethod
    def around(cls, path: Path, key: WorkstationKey, clock: Clock) -> MadeProject:
        """The same ways of working on another file of the project."""
        made = cls.__new__(cls)
        made.folder, made.path, made.clock, made.key = path.parent, path, clock, key
        made.cases = ["case-0"]
        made.frames = [FrameRef(instance_id=f"instance-0-{f}") for f in range(3)]
        made.reopen_closed()
        return made

    def _workspace(self, make, **more) -> Workspace:  # type: ignore[no-untyped-def]
        opened: Workspace = make(
            self.path,
            reader_name=more.pop("reader_name", "Ada"),
            key=more.pop("key", self.key),
            clock=self.clock,
            settings=Settings(self.folder / "settings.json"),
            **more,
        )
        return opened

    def reopen(self, reader_name: str = "Ada", **more) -> Workspace:  # type: ignore[no-untyped-def]
        self.ws.close()
        return self.reopen_closed(reader_name, **more)

    def reopen_closed(self, reader_name: str = "Ada", **more) -> Workspace:  # type: ignore[no-untyped-def]
        self.ws = self._workspace(Workspace.open, reader_name=reader_name, **more)
        return self.ws

    def close(self) -> None:
        self.ws.close()

    def region(
        self, geometry: Geometry | None = None, class_id: int = 1, case: int = 0
    ) -> Annotation:
        return Annotation(
            id=self.ws.new_id(),
            case_id=self.cases[case],
            reader_id=self.ws.reader.id,
            schema_id=SCHEMA.id,
            target=Target(
                scope=Scope.REGION,
                series_id=f"series-{case}",
                frame=FrameRef(instance_id=f"instance-{case}-0"),
            ),
            label=Label(class_id=class_id),
            geometry=geometry or Box(x0=2, y0=3, x1=9, y1=8),
        )

    def draw(self, geometry: Geometry | None = None, class_id: int = 1, case: int = 0) -> str:
        region = self.region(geometry, class_id, case)
        self.ws.run(AddAnnotation(annotation=region, what="Draw box"))
        return region.id

    def paint(self, mask_yx: np.ndarray, annotation_id: str = "", frame: int = 0) -> str:
        new = None
        if not annotation_id:
            new = self.region(Mask())
            annotation_id = new.id
        painted = PaintedFrame(
            frame=self.frames[frame], rows=ROWS, columns=COLUMNS, runs=encode_runs(mask_yx)
        )
        self.ws.run(
            PaintMask(
                case_id=self.cases[0], annotation_id=annotation_id, frames=(painted,), new=new
            )
        )
        return annotation_id


def disk_mask(x: float, y: float, radius: float) -> np.ndarray:
    """(ROWS, COLUMNS) bool disk."""
    ys, xs = np.mgrid[:ROWS, :COLUMNS] + 0.5
    return np.asarray((xs - x) ** 2 + (ys - y) ** 2 <= radius**2)


def _images(cases: int, frames: int) -> RegisterImages:
    return RegisterImages(
        studies=tuple(
            Study(id=f"study-{n}", study_instance_uid=f"2.25.{n + 1}", patient_key=f"P-00000{n}")
            for n in range(cases)
        ),
        series=tuple(
            Series(
                id=f"series-{n}",
                study_id=f"study-{n}",
                series_instance_uid=f"2.25.{n + 1}.1",
                modality="CT",
            )
            for n in range(cases)
        ),
        instances=tuple(
            Instance(
                id=f"instance-{n}-{f}",
                series_id=f"series-{n}",
                file_sha256="0" * 64,
                media="dicom",
                rows=ROWS,
                columns=COLUMNS,
                order=f,
            )
            for n in range(cases)
            for f in range(frames)
        ),
        cases=tuple(
            Case(
                id=f"case-{n}",
                study_id=f"study-{n}",
                title=f"CT · P-00000{n}",
                order=n,
                series_ids=(f"series-{n}",),
            )
            for n in range(cases)
        ),
    )
