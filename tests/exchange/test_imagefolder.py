"""Image folders: what the loader reads without any code of ours, by its own rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image

from desktop.domain.contracts import Progress
from desktop.domain.geometry import Box
from desktop.exchange.exporter import BundleOptions, Mismatch, Written
from desktop.exchange.imagefolder import ImageFolderExporter
from tests.exchange.made import SCHEMA, MadeProject
from tests.exchange.made_images import write_photo, write_series
from tests.exchange.test_preference import slope_of


def written(project: MadeProject, folder: Path, pictures: bool = False, **more: Any) -> Written:
    folder.mkdir()
    options, exporter = BundleOptions(pictures=pictures), ImageFolderExporter()
    snapshot = project.snapshot(**more)
    done = exporter.write(snapshot, folder, options, project.pool, Progress())
    exporter.compare(snapshot, folder, options, done, project.pool, Progress())
    return done


def loaded(folder: Path) -> list[dict[str, Any]]:
    """As the loader does: every metadata.jsonl below the folder, its part from the path's name,
    one table of the same columns, and images beside the rows."""
    rows = []
    for path in sorted(folder.rglob("metadata.jsonl")):
        part = next(p for p in ("train", "validation", "test") if p in path.parent.name)
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            rows.append(row | {"split": part, "image": path.parent / row["file_name"]})
    assert len({tuple(sorted(r)) for r in rows}) <= 1, "one table has one set of columns"
    return rows


def test_boxes_classes_and_answers_are_columns(tmp_path: Path) -> None:
    project = MadeProject(write_series(tmp_path / "ct"))
    project.draw(Box(x0=3, y0=2, x1=9, y1=7), 3)
    project.draw(Box(x0=1, y0=1, x1=2, y1=3), 1)
    project.draw(Box(x0=1, y0=1, x1=4, y1=3), 1, project.frames()[2])
    project.answer("quality", True)
    written(project, tmp_path / "out")
    first, second = sorted(loaded(tmp_path / "out"), key=lambda r: -len(r["objects"]["bbox"]))
    assert first["objects"] == {
        "bbox": [[3, 2, 6, 5], [1, 1, 1, 2]], "category": [1, 0], "area": [30, 2],
    }  # fmt: skip
    (names,) = (tmp_path / "out").rglob("classes.json")
    assert json.loads(names.read_text())["1"] == "Vessel"
    asked = {f"answer_{q.id}" for q in SCHEMA.questions if q.scope.value != "region"}
    assert asked <= set(first)
    assert first["answer_quality"] == second["answer_quality"] == "yes"
    assert first["answer_count"] is None and first["synthetic"] is False
    assert first["file_name"] == f"{project.frames()[0].instance_id}.png"


def test_images_lie_beside_the_rows_where_pixels_are_asked_for(tmp_path: Path) -> None:
    project = MadeProject(write_series(tmp_path / "ct"))
    project.draw(Box(x0=3, y0=2, x1=9, y1=7), 3)
    written(project, tmp_path / "without")
    assert not list((tmp_path / "without").rglob("*.png"))
    done = written(project, tmp_path / "with", pictures=True, frame=slope_of)
    (row,) = loaded(tmp_path / "with")
    with Image.open(row["image"]) as picture:
        assert picture.size == (row["width"], row["height"]) == (16, 12)
        assert len(np.unique(np.asarray(picture))) > 4
    Image.new("L", (16, 12)).save(row["image"])
    with pytest.raises(Mismatch, match="pixels differ"):
        ImageFolderExporter().compare(
            project.snapshot(frame=slope_of), tmp_path / "with", BundleOptions(pictures=True),
            done, project.pool, Progress(),
        )  # fmt: skip


def test_parts_are_folders_and_made_up_images_are_marked(tmp_path: Path) -> None:
    write_series(tmp_path / "in" / "ct")
    write_photo(tmp_path / "in" / "photo")
    project = MadeProject([tmp_path / "in"])
    for series_id in project.series:
        project.draw(Box(x0=1, y0=2, x1=5, y1=6), 3, project.frames(series_id)[0])
    made_up, real = (c.id for c in project.cases)
    project.cases = [
        replace(c, tags=("synthetic",)) if c.id == made_up else c for c in project.cases
    ]
    written(project, tmp_path / "out", parts={real: "test", made_up: "train"})
    found = {r["case_id"]: (r["split"], r["synthetic"]) for r in loaded(tmp_path / "out")}
    assert found == {real: ("test", False), made_up: ("train", True)}


def test_only_no_finding_makes_an_image_a_negative(tmp_path: Path) -> None:
    write_photo(tmp_path / "photo")
    project = MadeProject([tmp_path / "photo"])
    assert written(project, tmp_path / "a").parts == ()
    project.close_case(0, no_finding=True)
    written(project, tmp_path / "b")
    (row,) = loaded(tmp_path / "b")
    assert row["objects"] == {"bbox": [], "category": [], "area": []}
