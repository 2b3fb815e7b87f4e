"""From a pointer event to the painted window: window/level, pan, brush, scrolling a CT.

    python tools/bench/interaction.py --json interaction.json

Drives the real canvas over a real project in a temporary folder. The frames are synthetic and in
memory, so that decoding isn't measured; everything else is what a reader's hand goes through:
mouse event, tool or view state, composition, painting, flush. Times are in milliseconds. By
default without a display (Qt's offscreen platform, software rendering, as on a machine without a
graphics card); set QT_QPA_PLATFORM for another one.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np  # noqa: E402
from PySide6 import __version__ as pyside_version  # noqa: E402
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt  # noqa: E402
from PySide6.QtGui import QGuiApplication, QMouseEvent, QWheelEvent  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402

from desktop.commands.annotation import PaintedFrame, PaintMask  # noqa: E402
from desktop.commands.project import AddSchema, RegisterImages  # noqa: E402
from desktop.domain.annotation import Annotation, Label, Target  # noqa: E402
from desktop.domain.contracts import Command, Transaction  # noqa: E402
from desktop.domain.geometry import Geometry, Mask, Polygon  # noqa: E402
from desktop.domain.runs import encode_runs  # noqa: E402
from desktop.domain.schema import LabelClass, Schema, Scope  # noqa: E402
from desktop.domain.study import (  # noqa: E402
    CalibrationSource,
    Case,
    FrameRef,
    Instance,
    Series,
    Study,
    Window,
)
from desktop.gui.canvas.canvas import CanvasView  # noqa: E402
from desktop.gui.reading.reading import Reading  # noqa: E402
from desktop.imaging.frame import Frame  # noqa: E402
from desktop.workspace.workspace import Workspace  # noqa: E402
from tools.bench.figures import hand_over  # noqa: E402

WIDTH, HEIGHT = 1600, 1200
BUDGET_MS = 8.3  # one picture of a 120 Hz screen
SLICES = 40
SCHEMA = Schema(
    id="bench@1",
    name="bench",
    version=1,
    title="Bench",
    classes=(
        LabelClass(id=1, name="Nodule", color="#E69F00", key="1"),
        LabelClass(id=2, name="Lung", color="#56B4E9", key="2"),
    ),
)


class StillFrames:
    """Synthetic frames in memory, with the methods of the real source."""

    def __init__(self, pixels: dict[FrameRef, np.ndarray], intercept: float) -> None:
        self._frames = {
            ref: Frame(
                ref=ref,
                pixels=array,
                pixels_sha256=f"{number:064x}",
                intercept=intercept,
                unit="HU",
                windows=(Window(center=1000.0 + intercept, width=2500.0),),
            )
            for number, (ref, array) in enumerate(pixels.items())
        }

    def get(self, ref: FrameRef) -> Frame:
        return self._frames[ref]

    def cached(self, ref: FrameRef) -> Frame | None:
        return self._frames[ref]

    def request(self, ref: FrameRef, on_ready: Callable[[Any], None]) -> None:
        on_ready(self._frames[ref])

    def prefetch(self, refs: Sequence[FrameRef]) -> None:
        pass

    def close(self) -> None:
        pass


class AddMany(Command, frozen=True):
    """Many regions in one event."""

    case_id: str
    annotations: tuple[Annotation, ...]

    @property
    def title(self) -> str:
        return "Add many"

    def apply(self, txn: Transaction) -> None:
        for annotation in self.annotations:
            txn.put(annotation)


class Painted(QObject):
    """Counts the paint events of a widget."""

    def __init__(self, widget: QObject) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(  # noqa: N802 - Qt's name
        self, watched: QObject, event: QEvent
    ) -> bool:
        if event.type() == QEvent.Type.Paint:
            self.count += 1
        return False


class Bench:
    """A canvas of fixed size on one project."""

    def __init__(self, workspace: Workspace, view: dict[str, Any]) -> None:
        self.app = QApplication.instance() or QApplication([])
        self.reading = Reading()
        self.canvas = CanvasView(self.reading)
        self.canvas.resize(WIDTH, HEIGHT)
        self.canvas.show()
        self.painted = Painted(self.canvas)
        self.reading.open(workspace)
        self.reading.replace(**view)
        self.settle()

    def settle(self) -> None:
        for _ in range(5):
            self.app.processEvents()

    def mouse(self, kind: QEvent.Type, x: float, y: float, button: Qt.MouseButton) -> None:
        """One real mouse event, and everything that follows until the window is painted."""
        moving = kind == QEvent.Type.MouseMove
        held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else button
        at = QPointF(x, y)
        event = QMouseEvent(
            kind,
            at,
            self.canvas.mapToGlobal(at),
            Qt.MouseButton.NoButton if moving else button,
            held,
            Qt.KeyboardModifier.NoModifier,
        )
        self.app.sendEvent(self.canvas, event)
        self.app.processEvents()

    def wheel(self, notches: int) -> None:
        at = QPointF(WIDTH / 2, HEIGHT / 2)
        event = QWheelEvent(
            at,
            self.canvas.mapToGlobal(at),
            QPoint(0, 0),
            QPoint(0, 120 * notches),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        self.app.sendEvent(self.canvas, event)
        self.app.processEvents()

    def drag(
        self, button: Qt.MouseButton, path: Callable[[int], tuple[float, float]], steps: int
    ) -> dict[str, float]:
        """Press, move along a path, let go; the moves are measured."""
        self.mouse(QEvent.Type.MouseButtonPress, *path(0), button)
        self.mouse(QEvent.Type.MouseMove, *path(1), button)
        times = self.measure(
            lambda i: self.mouse(QEvent.Type.MouseMove, *path(i + 2), button), steps
        )
        start = time.perf_counter()
        self.mouse(QEvent.Type.MouseButtonRelease, *path(steps + 1), button)
        times["release"] = round((time.perf_counter() - start) * 1e3, 2)
        self.settle()
        return times

    def measure(self, act: Callable[[int], None], steps: int) -> dict[str, float]:
        times = []
        before = self.painted.count
        for i in range(steps):
            start = time.perf_counter()
            act(i)
            times.append((time.perf_counter() - start) * 1e3)
        painted = self.painted.count - before
        if painted < steps:
            raise SystemExit(f"only {painted} of {steps} events were painted")
        return {
            "median": round(float(np.median(times)), 2),
            "p95": round(float(np.percentile(times, 95)), 2),
            "max": round(max(times), 2),
        }


def circle(i: int) -> tuple[float, float]:
    """A path that comes back, 8 to 9 pixels a step."""
    return (WIDTH / 2 + 260 * math.cos(i / 30), HEIGHT / 2 + 200 * math.sin(i / 25))


def project(
    folder: Path, rows: int, columns: int, slices: int, modality: str
) -> tuple[Workspace, list[FrameRef]]:
    """A project of one case with one series; the images have no files."""
    workspace = Workspace.create(folder / f"{modality}.rroom", title="Bench", reader_name="Bench")
    workspace.run(AddSchema(schema=SCHEMA))
    instances = tuple(
        Instance(
            id=f"instance-{n}",
            series_id="series",
            file_sha256=f"{n:064x}",
            media="dicom",
            rows=rows,
            columns=columns,
            order=n,
            bits_stored=16,
            spacing_mm=(0.7, 0.7),
            calibration=CalibrationSource.PATIENT,
        )
        for n in range(slices)
    )
    workspace.run(
        RegisterImages(
            studies=(Study(id="study", study_instance_uid="2.25.1", patient_key="P-BEEF00"),),
            series=(
                Series(
                    id="series", study_id="study", series_instance_uid="2.25.2", modality=modality
                ),
            ),
            instances=instances,
            cases=(
                Case(
                    id="case",
                    study_id="study",
                    title=f"{modality} · P-BEEF00",
                    order=0,
                    series_ids=("series",),
                    schema_id=SCHEMA.id,
                ),
            ),
        )
    )
    return workspace, [FrameRef(instance_id=i.id) for i in instances]


def region(
    workspace: Workspace, ref: FrameRef | None, geometry: Geometry, class_id: int
) -> Annotation:
    return Annotation(
        id=workspace.new_id(),
        case_id="case",
        reader_id=workspace.reader.id,
        schema_id=SCHEMA.id,
        target=Target(scope=Scope.REGION, series_id="series", frame=ref),
        label=Label(class_id=class_id),
        geometry=geometry,
    )


def large_image(folder: Path) -> dict[str, dict[str, float]]:
    """2048 x 2048, 16 bit."""
    rng = np.random.default_rng(0)
    workspace, refs = project(folder, 2048, 2048, 1, "DX")
    pixels = {refs[0]: rng.integers(0, 4096, (2048, 2048)).astype(np.uint16)}
    workspace.frames = StillFrames(pixels, 0.0)  # type: ignore[assignment]
    bench = Bench(workspace, {"case_id": "case", "series_id": "series", "class_id": 1})
    found = {"window_level": bench.drag(Qt.MouseButton.RightButton, circle, 150)}
    found["pan"] = bench.drag(Qt.MouseButton.MiddleButton, circle, 150)
    bench.canvas.one_to_one()
    bench.settle()
    found["pan_1_to_1"] = bench.drag(Qt.MouseButton.MiddleButton, circle, 150)
    bench.canvas.fit()
    bench.reading.replace(tool="brush", brush_radius=50.0)
    bench.settle()
    found["brush"] = bench.drag(Qt.MouseButton.LeftButton, circle, 300)
    found["brush_again"] = bench.drag(Qt.MouseButton.LeftButton, circle, 300)
    bench.reading.open(None)
    return found


def ct(folder: Path) -> dict[str, dict[str, float]]:
    """512 x 512 int16 slices, each with a painted region and 50 polygons of 24 corners."""
    rng = np.random.default_rng(1)
    workspace, refs = project(folder, 512, 512, SLICES, "CT")
    pixels = {ref: rng.integers(-1000, 2000, (512, 512)).astype(np.int16) for ref in refs}
    workspace.frames = StillFrames(pixels, 0.0)  # type: ignore[assignment]
    polygons = []
    turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    for ref in refs:
        for n in range(50):
            x, y = rng.uniform(40, 472, 2)
            radii = rng.uniform(12, 30) * (1 + 0.15 * np.sin(5 * turns))
            points = zip(x + radii * np.cos(turns), y + radii * np.sin(turns), strict=True)
            ring = tuple((float(a), float(b)) for a, b in points)
            polygons.append(region(workspace, ref, Polygon(points=ring), 1 + n % 2))
    workspace.run(AddMany(case_id="case", annotations=tuple(polygons)))
    mask = region(workspace, None, Mask(), 1)
    ys, xs = np.mgrid[:512, :512]
    frames = tuple(
        PaintedFrame(
            frame=ref,
            rows=512,
            columns=512,
            runs=encode_runs(np.hypot(xs - 240 - n, ys - 256) < 90 + n),
        )
        for n, ref in enumerate(refs)
    )
    workspace.run(PaintMask(case_id="case", annotation_id=mask.id, frames=frames, new=mask))
    bench = Bench(workspace, {"case_id": "case", "series_id": "series", "class_id": 1})
    found = {
        "ct_scroll": bench.measure(lambda i: bench.wheel(-1 if i // (SLICES - 1) % 2 == 0 else 1),
                                   4 * (SLICES - 1))
    }  # fmt: skip
    found["ct_window_level"] = bench.drag(Qt.MouseButton.RightButton, circle, 150)
    found["ct_pan"] = bench.drag(Qt.MouseButton.MiddleButton, circle, 150)
    bench.reading.replace(tool="brush", brush_radius=20.0)
    bench.settle()
    found["ct_brush"] = bench.drag(Qt.MouseButton.LeftButton, circle, 300)
    bench.reading.open(None)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _app = QApplication.instance() or QApplication([])  # kept until the last picture
        times = {**large_image(folder), **ct(folder)}
        report = {
            "unit": "ms, pointer event to painted window",
            "viewport": [WIDTH, HEIGHT],
            "platform": QGuiApplication.platformName(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "pyside6": pyside_version,
            "budget_p95": BUDGET_MS,
            "within_budget": all(t["p95"] <= BUDGET_MS for t in times.values()),
            "times": times,
        }
    return hand_over(report, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
