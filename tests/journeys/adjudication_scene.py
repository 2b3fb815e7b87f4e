"""A small project with real pixels that three people have read and differ about."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtWidgets import QApplication, QLabel, QToolButton, QWidget

from desktop.commands.annotation import AddAnnotation, PaintedFrame, PaintMask
from desktop.commands.project import AddSchema, AnswerQuestion, ChooseSchema, MarkCase
from desktop.domain.annotation import Annotation, Answer, Label, MaskSlice, Target
from desktop.domain.geometry import Box, Geometry, Mask
from desktop.domain.record import to_json
from desktop.domain.runs import encode_runs
from desktop.domain.schema import Choice, LabelClass, Question, QuestionKind, Schema, Scope
from desktop.domain.task import AssignmentState, Role
from desktop.gui import app
from desktop.gui.simulated_hands import wait_for
from desktop.gui.widgets import theme
from desktop.gui.window.main_window import MainWindow
from desktop.imaging import phantom
from desktop.imaging.child import ChildPool
from desktop.store import queries
from desktop.workspace.settings import Settings
from desktop.workspace.workspace import Workspace

READERS = ("Bea", "Cyd", "Dan")
SCHEMA = Schema(
    id="chest@1",
    name="chest",
    version=1,
    title="Chest",
    classes=(
        LabelClass(id=1, name="Nodule", color="#77DDFF", key="1"),
        LabelClass(id=2, name="Scar", color="#BBDD00", key="2"),
    ),
    questions=(
        Question(id="nodule", text="Is there a nodule?", kind=QuestionKind.YES_NO),
        Question(
            id="lobe",
            text="In which lobe?",
            kind=QuestionKind.CHOICE,
            choices=(Choice(id="up", text="Upper"), Choice(id="low", text="Lower")),
        ),
        Question(id="count", text="How many?", kind=QuestionKind.NUMBER, minimum=0, maximum=9),
    ),
)


def make_images(folder: Path) -> Path:
    """One CT series of a few slices, as files."""
    phantom.write_samples(str(folder), slices=6)
    return folder / "1-chest-phantom"


def make_project(folder: Path, pool: ChildPool) -> Path:
    """Three readers answer, paint and draw on the one case, and close it."""
    path = folder / "adjudication.rroom"
    with Workspace.create(path, title="Chest", reader_name="Ada", pool=pool) as ws:
        ws.run(AddSchema(schema=SCHEMA))
        ws.import_images([make_images(folder / "images")])
        (line,) = ws.cases()
        ws.run(ChooseSchema(case_id=line.case.id, schema_id=SCHEMA.id))
        for name in READERS:
            ws.accounts.add_reader(ws.reader, name, Role.READER)
        ws.accounts.add_reader(ws.reader, "Eve", Role.ADJUDICATOR)
        ws.accounts.add_reader(ws.reader, "Rex", Role.REVIEWER)
    for number, name in enumerate(READERS):
        with Workspace.open(path, reader_name=name, pool=pool) as ws:
            _read(ws, number)
    return path


def _read(ws: Workspace, number: int) -> None:
    (line,) = ws.cases()
    case_id = line.case.id
    for question_id, value in (
        ("nodule", number != 2),
        ("lobe", ("up", "low", "low")[number]),
        ("count", 1),
    ):
        ws.run(AnswerQuestion(case_id=case_id, question_id=question_id, value=value))
    (series,) = ws.series(case_id)
    refs = ws.frame_refs(series.id)
    y, x = np.mgrid[:256, :256] + 0.5
    painted = tuple(
        PaintedFrame(
            frame=refs[z],
            rows=256,
            columns=256,
            runs=encode_runs((x - 176 - 3 * number) ** 2 + (y - 108) ** 2 < (9 - z) ** 2),
        )
        for z in (2, 3)
    )
    mask = _region(ws, Mask(), 1)
    ws.run(PaintMask(case_id=case_id, annotation_id=mask.id, frames=painted, new=mask))
    if number != 1:
        box = Box(x0=60, y0=130 + 3 * number, x1=90, y1=160)
        ws.run(AddAnnotation(annotation=_region(ws, box, 2)))
    ws.run(MarkCase(case_id=case_id, state=AssignmentState.DONE))


def _region(ws: Workspace, geometry: Geometry, class_id: int) -> Annotation:
    (line,) = ws.cases()
    (series,) = ws.series(line.case.id)
    painted = isinstance(geometry, Mask)
    return Annotation(
        id=ws.new_id(),
        case_id=line.case.id,
        reader_id=ws.reader.id,
        schema_id=SCHEMA.id,
        target=Target(
            scope=Scope.REGION,
            series_id=series.id,
            frame=None if painted else ws.frame_refs(series.id)[3],
        ),
        label=Label(class_id=class_id),
        geometry=geometry,
    )


def rows_of(ws: Workspace, *names: str) -> list[str]:
    """All that these readers made, byte for byte."""
    ids = {reader.id for reader, name in ws.readers() if name in names}
    found = [
        r for kind in (Annotation, Answer) for r in queries.many(ws._read, kind)
        if r.reader_id in ids
    ]  # fmt: skip
    own = {r.id for r in found}
    slices = [s for s in queries.many(ws._read, MaskSlice) if s.annotation_id in own]
    return sorted(to_json(r) for r in (*found, *slices))


def open_window(qapp: QApplication, folder: Path, project: Path, name: str) -> MainWindow:
    """The real window with the project, as one person."""
    settings = Settings(folder / "settings.json")
    settings.set("reader_name", name)
    theme.apply(qapp, "dark")
    window = app.make_window(settings)
    window.show()
    window.activateWindow()
    wait_for(window.isActiveWindow, "the window has the keyboard")
    wait_for(lambda: window.reading_page.canvas is not None, "the canvas comes in")
    window.projects.open(project, name)
    wait_for(lambda: window.shell.reading.workspace is not None, "the project opens")
    window.activateWindow()  # closing another window may have taken the keyboard meanwhile
    wait_for(window.isActiveWindow, "the window has the keyboard again")
    return window


def words_on(page: QWidget) -> str:
    """Everything a person can read or hover on a page."""
    found = [w.text() for w in page.findChildren(QLabel) if w.isVisible()]
    found += [w.text() for w in page.findChildren(QToolButton)]
    found += [w.toolTip() for w in page.findChildren(QWidget)]
    found += [w.accessibleName() for w in page.findChildren(QWidget)]
    return "\n".join(found)
