"""Labelbox NDJSON: the keys that its importer documents, shapes as they are, the rest as pixels."""

from __future__ import annotations

import base64
import json
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from msgspec.structs import replace
from PIL import Image

from desktop.domain.contracts import Progress
from desktop.domain.geometry import Box, Ellipse, Point, Polygon, Polyline
from desktop.domain.runs import shape_mask
from desktop.exchange.exporter import BundleOptions, Written
from desktop.exchange.labelbox import LabelboxExporter
from tests.exchange.made import SCHEMA, MadeProject, blob
from tests.exchange.made_images import write_photo, write_series


def written(project: MadeProject, folder: Path) -> Written:
    folder.mkdir()
    options, exporter = BundleOptions(), LabelboxExporter()
    done = exporter.write(project.snapshot(), folder, options, project.pool, Progress())
    exporter.compare(project.snapshot(), folder, options, done, project.pool, Progress())
    return done


def rows_of(project: MadeProject, folder: Path) -> list[dict[str, Any]]:
    (part,) = [p for p in written(project, folder).parts if p.path.endswith(".ndjson")]
    return [json.loads(line) for line in (folder / part.path).read_text().splitlines()]


def decoded(row: dict[str, Any]) -> np.ndarray:
    with Image.open(BytesIO(base64.b64decode(row["mask"]["png"]))) as picture:
        return np.asarray(picture)


def test_shapes_are_written_as_labelbox_keeps_them(tmp_path: Path) -> None:
    project = MadeProject(write_series(tmp_path / "ct"))
    frame = project.frames()[1]
    box = project.draw(Box(x0=3.5, y0=2, x1=9, y1=7), 3, frame)
    project.draw(Polygon(points=((1.0, 1.0), (5.0, 1.0), (3.0, 6.0))), 1, frame)
    project.draw(Polyline(points=((1.0, 1.0), (4.0, 5.0))), 1, frame)
    project.draw(Point(x=2.5, y=4.5), 1, frame)
    rows = rows_of(project, tmp_path / "out")
    kinds = [(set(r) - {"uuid", "dataRow", "name", "classifications"}).pop() for r in rows]
    assert kinds == ["bbox", "polygon", "line", "point"]
    assert rows[0]["bbox"] == {"top": 2, "left": 3.5, "height": 5, "width": 5.5}
    assert rows[0]["name"] == "Vessel" and rows[1]["name"] == "Nodule"
    assert rows[1]["polygon"] == [{"x": 1, "y": 1}, {"x": 5, "y": 1}, {"x": 3, "y": 6}]
    assert rows[3]["point"] == {"x": 2.5, "y": 4.5}
    assert len({UUID(r["uuid"]) for r in rows}) == 4
    assert {r["dataRow"]["globalKey"] for r in rows} == {f"{frame.instance_id}.dcm"}
    assert box.id.encode() not in json.dumps(rows).encode(), "ids are made for the format"


def test_other_shapes_are_their_pixels(tmp_path: Path) -> None:
    project = MadeProject(write_series(tmp_path / "ct"))
    square = ((2.0, 2.0), (10.0, 2.0), (10.0, 10.0), (2.0, 10.0))
    hole = ((4.0, 4.0), (6.0, 4.0), (6.0, 6.0), (4.0, 6.0))
    holed = Polygon(points=square, holes=(hole,))
    project.draw(holed, 1)
    project.draw(Ellipse(cx=8, cy=6, rx=3, ry=2), 1)
    painted = blob(12, 16, 6, 6, 3)
    project.paint(dict.fromkeys(project.frames()[1:3], painted))
    rows = rows_of(project, tmp_path / "out")
    assert len(rows) == 4 and all("mask" in r for r in rows)
    assert np.array_equal(decoded(rows[0]) == 255, shape_mask(holed, 12, 16))
    assert np.array_equal(decoded(rows[2]) == 255, painted)
    assert len({r["dataRow"]["globalKey"] for r in rows[2:]}) == 2, "one line an image"


def test_answers_stand_with_their_region_or_their_image(tmp_path: Path) -> None:
    write_photo(tmp_path / "photo")
    project = MadeProject([tmp_path / "photo"])
    project.draw(Box(x0=1, y0=1, x1=5, y1=6), 1, attributes={"solid": True})
    project.answer("quality", True)
    project.answer("why", "cut")
    project.answer("count", 3.0)
    texts = {q.id: q.text for q in SCHEMA.questions}
    done = written(project, tmp_path / "a")
    assert any("a number" in n.sentence for n in done.notes), "of the count"
    box, *others = rows_of(project, tmp_path / "b")
    assert box["classifications"] == [{"name": texts["solid"], "answer": {"name": "Yes"}}]
    said = {r["name"]: r["answer"] for r in others}
    assert said[texts["quality"]] == {"name": "Yes"}
    assert all(r["dataRow"] == box["dataRow"] for r in others)


def test_an_answer_about_many_images_is_told_to_be_elsewhere(tmp_path: Path) -> None:
    project = MadeProject(write_series(tmp_path / "ct"))
    project.answer("quality", True)
    done = written(project, tmp_path / "out")
    assert done.parts == ()
    assert [n.sentence for n in done.notes] == [
        "An answer about several images, or a number, stands in tables/ only."
    ]


def test_made_up_images_are_listed(tmp_path: Path) -> None:
    project = MadeProject(write_series(tmp_path / "ct"))
    project.draw(Box(x0=1, y0=2, x1=5, y1=6), 3)
    project.cases = [replace(c, tags=("synthetic",)) for c in project.cases]
    done = written(project, tmp_path / "out")
    listed = (tmp_path / "out" / "labelbox" / "synthetic.txt").read_text().splitlines()
    assert listed == [f"{project.frames()[0].instance_id}.dcm"]
    assert done.parts[0].facts == {"lines": 1, "synthetic_lines": 1}
