"""How the project's size touches the hand: commit of one gesture, first case, work list, undo.

    python tools/bench/project.py --images 100000 --annotations 1000000 --json project.json

The large project is built once (through the facade) in a cache folder and used again.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))

import numpy as np  # noqa: E402

from desktop.commands.annotation import AddAnnotation, PaintedFrame, PaintMask  # noqa: E402
from desktop.commands.project import AddSchema, RegisterImages  # noqa: E402
from desktop.domain.annotation import Annotation, Label, Target  # noqa: E402
from desktop.domain.contracts import Command, Transaction  # noqa: E402
from desktop.domain.geometry import Box, Mask  # noqa: E402
from desktop.domain.runs import encode_runs  # noqa: E402
from desktop.domain.schema import LabelClass, Schema, Scope  # noqa: E402
from desktop.domain.study import Case, FrameRef, Instance, Series, Study  # noqa: E402
from desktop.workspace.workspace import Workspace  # noqa: E402
from tools.bench.figures import hand_over  # noqa: E402

SCHEMA = Schema(
    id="bench@1",
    name="bench",
    version=1,
    title="Bench",
    classes=(LabelClass(id=1, name="Thing", color="#E69F00", key="1"),),
)


class AddMany(Command, frozen=True):
    """Many regions of one case in one event, as a model's run would bring them."""

    case_id: str
    annotations: tuple[Annotation, ...]

    @property
    def title(self) -> str:
        return "Add many"

    def apply(self, txn: Transaction) -> None:
        for annotation in self.annotations:
            txn.put(annotation)


def region(ws: Workspace, number: int, geometry: Box | Mask) -> Annotation:
    return Annotation(
        id=ws.new_id(),
        case_id=f"case-{number:07}",
        reader_id=ws.reader.id,
        schema_id=SCHEMA.id,
        target=Target(
            scope=Scope.REGION,
            series_id=f"series-{number:07}",
            frame=FrameRef(instance_id=f"instance-{number:07}"),
        ),
        label=Label(class_id=1),
        geometry=geometry,
    )


def build(path: Path, images: int, annotations: int) -> None:
    """Make a project of single-image cases with regions spread evenly over them."""
    with Workspace.create(path, title="Bench", reader_name="Bench") as ws:
        ws.run(AddSchema(schema=SCHEMA))
        for start in range(0, images, 1000):
            numbers = range(start, min(images, start + 1000))
            ws.run(
                RegisterImages(
                    studies=tuple(
                        Study(id=f"study-{n:07}", study_instance_uid="", patient_key="P-000000")
                        for n in numbers
                    ),
                    series=tuple(
                        Series(
                            id=f"series-{n:07}",
                            study_id=f"study-{n:07}",
                            series_instance_uid="",
                            modality="CR",
                        )
                        for n in numbers
                    ),
                    instances=tuple(
                        Instance(
                            id=f"instance-{n:07}",
                            series_id=f"series-{n:07}",
                            file_sha256="0" * 64,
                            media="image",
                            rows=2048,
                            columns=2048,
                        )
                        for n in numbers
                    ),
                    cases=tuple(
                        Case(
                            id=f"case-{n:07}",
                            study_id=f"study-{n:07}",
                            title=f"CR · P-{n:06}",
                            order=n,
                            series_ids=(f"series-{n:07}",),
                            schema_id=SCHEMA.id,
                        )
                        for n in numbers
                    ),
                )
            )
        each = max(1, annotations // max(1, images))
        for number in range(images):
            boxes = tuple(
                region(ws, number, Box(x0=5.0 * k, y0=5.0, x1=5.0 * k + 40, y1=50.0))
                for k in range(each)
            )
            ws.run(AddMany(case_id=f"case-{number:07}", annotations=boxes))
            if number % 5000 == 0:
                print(f"  {number} of {images} images", file=sys.stderr, flush=True)


def milliseconds(action: Callable[[int], Any], repeats: int) -> dict[str, float]:
    """Median and 95th percentile of one action, in ms; the first call is not counted."""
    action(0)
    times = []
    for number in range(1, repeats + 1):
        begin = time.perf_counter()
        action(number)
        times.append((time.perf_counter() - begin) * 1e3)
    median, p95, worst = (float(np.percentile(times, q)) for q in (50, 95, 100))
    return {"median_ms": round(median, 2), "p95_ms": round(p95, 2), "max_ms": round(worst, 2)}


def measure(path: Path) -> dict[str, Any]:
    """Open the project and do what a hand does."""
    begin = time.perf_counter()
    ws = Workspace.open(path, reader_name="Bench")
    opened_s = time.perf_counter() - begin
    first = ws.first_open_case()
    ws.case(first), ws.series(first), ws.annotations(first), ws.schema(first)
    ws.frame_refs(ws.series(first)[0].id)
    ws.history(first), ws.undo_title(first), ws.cases(0, 60)
    first_case_s = time.perf_counter() - begin
    count = ws.case_count()
    ys, xs = np.mgrid[:2048, :2048]
    disk = (xs - 1024) ** 2 + (ys - 1024) ** 2 < 300**2
    runs = [encode_runs(np.roll(disk, shift, axis=1)) for shift in range(8)]
    mask = region(ws, 0, Mask())

    def paint(number: int) -> None:
        painted = PaintedFrame(
            frame=FrameRef(instance_id="instance-0000000"),
            rows=2048,
            columns=2048,
            runs=runs[number % 8],
        )
        ws.run(
            PaintMask(case_id="case-0000000", annotation_id=mask.id, frames=(painted,), new=mask)
        )

    def draw(number: int) -> None:
        box = Box(x0=1.0, y0=1.0, x1=9.0 + number, y1=9.0)
        ws.run(AddAnnotation(annotation=region(ws, 0, box)))

    step = max(1, count // 50)
    result = {
        "cases": count,
        "events": ws.event_count(),
        "open_s": round(opened_s, 3),
        "open_to_first_case_s": round(first_case_s, 3),
        "commit_box": milliseconds(draw, 200),
        "commit_brush_2048": milliseconds(paint, 200),
        "undo": milliseconds(lambda _n: ws.undo("case-0000000"), 50),
        "work_list_page": milliseconds(lambda n: ws.cases((n * step) % count, 60), 50),
        "neighbour_case": milliseconds(lambda n: ws.neighbour(f"case-{n:07}", 1), 50),
        "regions_of_case": milliseconds(lambda n: ws.annotations(f"case-{n * step:07}"), 40),
    }
    ws._database.close()  # no backup of a benchmark
    return result


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--annotations", type=int, default=10_000)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "rr-bench")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(argv)
    options.cache.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("READINGROOM_HOME", str(options.cache / "home"))
    path = options.cache / f"bench-{options.images}-{options.annotations}.rroom"
    if not path.exists():
        unfinished = path.with_suffix(".building.rroom")
        unfinished.unlink(missing_ok=True)
        build(unfinished, options.images, options.annotations)
        unfinished.rename(path)
    result = measure(path)
    return hand_over(result, options.json)


if __name__ == "__main__":
    raise SystemExit(main())
