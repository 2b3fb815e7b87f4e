"""What a stroke costs when its class excludes others: beside many regions of them, and over one.

    python -m tools.bench.exclusive [--rivals 200] [--json FILE]

The floor, in the same run: the same strokes in a schema whose classes may overlap. Painted are
discs of radius 50 on one image of 2048 x 2048; the rivals lie elsewhere on it.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace

from desktop.commands.annotation import PaintedFrame, PaintMask
from desktop.commands.project import AddSchema, ChooseSchema
from desktop.domain.annotation import Annotation, Label
from desktop.domain.geometry import Mask
from desktop.domain.runs import encode_runs
from desktop.domain.schema import LabelClass, Overlap, Schema
from desktop.domain.study import FrameRef
from desktop.workspace.workspace import Workspace
from tools.bench.figures import hand_over
from tools.bench.project import build, region

CASE, FRAME, SIZE = "case-0000000", FrameRef(instance_id="instance-0000000"), 2048
TISSUE, OTHER = 1, 2


def schema(overlap: Overlap) -> Schema:
    classes = (
        LabelClass(id=TISSUE, name="Tissue", color="#E69F00", overlap=overlap),
        LabelClass(id=OTHER, name="Other", color="#56B4E9", overlap=overlap),
    )
    return Schema(
        id=f"{overlap.value}@1", name=overlap.value, version=1, title="Bench", classes=classes
    )


def measure(overlap: Overlap, rivals: int) -> dict[str, dict[str, float]]:
    """Times in ms of strokes beside all rivals, and of strokes over some of them."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["READINGROOM_HOME"] = folder
        path = Path(folder) / "exclusive.rroom"
        build(path, 1, 1)
        ws = Workspace.open(path, reader_name="Bench")
        ws.run(AddSchema(schema=schema(overlap)))
        ws.run(ChooseSchema(case_id=CASE, schema_id=schema(overlap).id))
        ys, xs = np.mgrid[:SIZE, :SIZE]

        def new(class_id: int) -> Annotation:
            made = region(ws, 0, Mask())
            return replace(made, schema_id=schema(overlap).id, label=Label(class_id=class_id))

        def paint(one: Annotation, x: int, y: int) -> None:
            runs = encode_runs((xs - x) ** 2 + (ys - y) ** 2 < 50**2)
            painted = PaintedFrame(frame=FRAME, rows=SIZE, columns=SIZE, runs=runs)
            command = PaintMask(case_id=CASE, annotation_id=one.id, frames=(painted,), new=one)
            begin = time.perf_counter()
            ws.run(command)
            spent.append((time.perf_counter() - begin) * 1e3)

        spent: list[float] = []
        for k in range(rivals):
            paint(new(OTHER), 60 + 110 * (k % 17), 60 + 55 * (k // 17))
        out = {}
        one = new(TISSUE)
        for name, y in (("beside", SIZE - 60), ("over some", 60)):
            spent.clear()
            for n in range(40):
                paint(one, 100 + 3 * n, y)
            p50, p95 = np.percentile(spent[1:], (50, 95))
            out[name] = {"median_ms": round(float(p50), 2), "p95_ms": round(float(p95), 2)}
        ws._database.close()  # no backup of a benchmark
    return out


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rivals", type=int, default=200)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args(argv)
    floor = measure(Overlap.ALLOWED, chosen.rivals)
    ours = measure(Overlap.EXCLUSIVE, chosen.rivals)
    times = {k: round(ours[k]["median_ms"] / floor[k]["median_ms"], 1) for k in ours}
    result: dict[str, Any] = {
        "rivals": chosen.rivals,
        "exclusive": ours,
        "floor": floor,
        "times_the_floor": times,
    }
    return hand_over(result, chosen.json)


if __name__ == "__main__":
    raise SystemExit(main())
