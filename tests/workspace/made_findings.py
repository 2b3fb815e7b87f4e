"""A made-up project whose readers set points, rulers and boxes with attributes, by known errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from desktop.commands.annotation import AddAnnotation
from desktop.commands.project import AddSchema, ChooseSchema, MarkCase, RegisterImages
from desktop.domain.annotation import Annotation, Label, Target
from desktop.domain.geometry import Box, Geometry, Point, Polyline
from desktop.domain.schema import Choice, LabelClass, Question, QuestionKind, Schema, Scope
from desktop.domain.study import CalibrationSource, FrameRef, Instance, Plane
from desktop.domain.task import AssignmentState
from tests.workspace.made import MadeProject

SPACING = (0.8, 0.6)  # rows, columns, in mm
STEP = 2.5
SIDE = 256  # pixels
MARKS = Schema(
    id="marks@1",
    name="marks",
    version=1,
    title="Marks",
    classes=(
        LabelClass(id=1, name="Nodule", color="#E69F00", key="1"),
        LabelClass(id=2, name="Carina", color="#56B4E9", key="2"),
        LabelClass(id=3, name="Diameter", color="#009E73", key="3"),
    ),
    questions=(
        Question(
            id="margin",
            text="Margin",
            kind=QuestionKind.CHOICE,
            scope=Scope.REGION,
            class_ids=(1,),
            choices=(
                Choice(id="smooth", text="smooth"),
                Choice(id="spiculated", text="spiculated"),
            ),
        ),
        Question(
            id="sure",
            text="How sure",
            kind=QuestionKind.RATING,
            scope=Scope.REGION,
            class_ids=(1,),
            minimum=1,
            maximum=5,
        ),
    ),
)


def made_findings(folder: Path, cases: int, in_space: bool = True) -> MadeProject:
    """Cases of three images; with ``in_space`` a regular series, else without any calibration."""
    made = MadeProject(folder, cases=cases)
    made.ws.run(AddSchema(schema=MARKS))
    for case in made.cases:
        made.ws.run(ChooseSchema(case_id=case, schema_id=MARKS.id))
    images = tuple(_instances(cases, in_space))
    made.ws.run(RegisterImages(instances=images, studies=(), series=(), cases=()))
    return made


def _instances(cases: int, in_space: bool) -> list[Instance]:
    return [
        Instance(
            id=f"instance-{case}-{f}",
            series_id=f"series-{case}",
            file_sha256="0" * 64,
            media="dicom",
            rows=SIDE,
            columns=SIDE,
            order=f,
            spacing_mm=SPACING if in_space else None,
            calibration=CalibrationSource.PATIENT if in_space else CalibrationSource.NONE,
            planes=(Plane(position=(0, 0, STEP * f), orientation=(1, 0, 0, 0, 1, 0)),)
            if in_space
            else (),
        )
        for case in range(cases)
        for f in range(3)
    ]


def put(
    made: MadeProject,
    case: int,
    geometry: Geometry,
    class_id: int,
    frame: int = 0,
    **attributes: object,
) -> str:
    """One region of the reader who is signed in."""
    region = Annotation(
        id=made.ws.new_id(),
        case_id=made.cases[case],
        reader_id=made.ws.reader.id,
        schema_id=MARKS.id,
        target=Target(
            scope=Scope.REGION,
            series_id=f"series-{case}",
            frame=FrameRef(instance_id=f"instance-{case}-{frame}"),
        ),
        label=Label(class_id=class_id, attributes=attributes),  # type: ignore[arg-type]
        geometry=geometry,
    )
    made.ws.run(AddAnnotation(annotation=region, what="Draw"))
    return region.id


def close_all(made: MadeProject) -> None:
    for case in made.cases:
        made.ws.run(MarkCase(case_id=case, state=AssignmentState.DONE))


def read_by_three(made: MadeProject) -> None:
    """Three readers: a point and a ruler with errors of a known size, a box with two attributes."""
    for n, (name, error_px, wrong) in enumerate((("Ada", 0.5, 0.1), ("Ben", 1.0, 0.2),
                                                 ("Cleo", 2.0, 0.4))):  # fmt: skip
        made.reopen(name)
        rng = np.random.default_rng(n)
        truth = np.random.default_rng(99)
        for case in range(len(made.cases)):
            x, y = truth.uniform(80, 200), truth.uniform(60, 160)
            long = truth.uniform(10, 40)
            dx, dy = rng.normal(0, error_px, 2)
            put(made, case, Point(x=float(x + dx), y=float(y + dy)), 2)
            ends = ((float(x), float(y)), (float(x + long + rng.normal(0, error_px)), float(y)))
            put(made, case, Polyline(points=ends), 3)
            spiky = bool(truth.random() < 0.5) != bool(rng.random() < wrong)
            sure = int(np.clip(round(truth.normal(3, 1.2) + rng.normal(0, error_px / 2)), 1, 5))
            put(
                made, case, Box(x0=4, y0=4, x1=12 + n, y1=12), 1,
                margin="spiculated" if spiky else "smooth", sure=sure,
            )  # fmt: skip
        close_all(made)
    made.reopen("Ada")
