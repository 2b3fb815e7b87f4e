"""SageMaker manifests: the keys that the service documents, boxes in whole pixels, negatives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from desktop.domain.contracts import Progress
from desktop.domain.geometry import Box
from desktop.exchange.exporter import BundleOptions
from desktop.exchange.ground_truth import GroundTruthExporter
from tests.exchange.made import SCHEMA, MadeProject
from tests.exchange.made_images import write_photo, write_series


def lines_of(project: MadeProject, folder: Path) -> dict[str, list[dict[str, Any]]]:
    folder.mkdir()
    done = GroundTruthExporter().write(
        project.snapshot(), folder, BundleOptions(), project.pool, Progress()
    )
    return {
        p.path: [json.loads(line) for line in (folder / p.path).read_text().splitlines()]
        for p in done.parts
    }


def test_a_box_is_written_in_whole_pixels_with_its_class(tmp_path: Path) -> None:
    project = MadeProject(write_series(tmp_path / "ct"))
    project.draw(Box(x0=3, y0=2, x1=9, y1=7), 3)
    ((path, (row,)),) = lines_of(project, tmp_path / "out").items()
    assert path.startswith(f"sagemaker/{SCHEMA.name}.v{SCHEMA.version}/R-")
    (box,) = row["labels"]["annotations"]
    assert box == {"class_id": 1, "left": 3, "top": 2, "width": 6, "height": 5}
    facts = row["labels-metadata"]
    assert facts["class-map"][str(box["class_id"])] == "Vessel"
    assert facts["type"] == "groundtruth/object-detection"
    assert len(facts["objects"]) == 1 and facts["human-annotated"] == "yes"
    (frame,) = [f for f in project.frames() if row["source-ref"].startswith(f.instance_id)]
    image = project.instances[frame.instance_id]
    assert row["labels"]["image_size"] == [
        {"width": image.columns, "height": image.rows, "depth": image.samples}
    ]


def test_only_no_finding_makes_an_image_a_negative(tmp_path: Path) -> None:
    folder = tmp_path / "photo"
    write_photo(folder)
    project = MadeProject([folder])
    assert lines_of(project, tmp_path / "a") == {}
    project.close_case(0, no_finding=True)
    ((_path, (row,)),) = lines_of(project, tmp_path / "b").items()
    assert row["labels"]["annotations"] == []
    assert row["labels-metadata"]["objects"] == []
