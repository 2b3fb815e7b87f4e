"""The YOLO plugin: loaded as the application does it, written in a bundle, read by supervision."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import supervision
from msgspec.structs import replace
from PIL import Image

from desktop.domain.geometry import Box, Point
from desktop.exchange import exporter
from desktop.exchange.bundle import BundleOptions, write_bundle
from desktop.workspace.plugins import PluginState, load_plugins
from desktop.workspace.settings import Settings
from tests.exchange.made import MadeProject, blob
from tests.exchange.made_images import write_photo, write_radiograph

YOLO = BundleOptions(formats=("yolo",))


@pytest.fixture(autouse=True)
def _loaded() -> Iterator[None]:
    (plugin,) = [p for p in load_plugins(Settings()) if p.path.stem == "yolo_boxes"]
    assert (plugin.state, plugin.problem) == (PluginState.LOADED, "")
    if "yolo" not in {e.name for e in exporter.exporters()}:  # loaded before, taken out again
        import sys

        exporter.register(sys.modules["readingroom_plugin_yolo_boxes"].YoloExporter())
    yield
    exporter.unregister("yolo")


@pytest.fixture
def project(tmp_path: Path) -> MadeProject:
    write_photo(tmp_path / "photo")
    write_radiograph(tmp_path / "xr")
    return MadeProject([tmp_path])


def write(project: MadeProject, tmp_path: Path) -> Path:
    target = tmp_path / "bundle"
    write_bundle(project.snapshot(), target, YOLO, pool=project.pool)
    return target / "yolo"


def test_boxes_come_out_as_another_program_reads_them(project: MadeProject, tmp_path: Path) -> None:
    frame = project.frames()[0]
    image = project.instances[frame.instance_id]
    project.draw(Box(x0=1.25, y0=2, x1=5, y1=6.5), 3, frame)
    project.paint({frame: blob(image.rows, image.columns, 9, 6, 3)}, class_id=1)
    home = write(project, tmp_path)
    (labels,) = home.rglob("labels")
    images = tmp_path / "images"
    images.mkdir()
    name = next(labels.glob("*.txt")).stem
    Image.new("RGB", (image.columns, image.rows)).save(images / f"{name}.png")
    names = (labels.parent / "classes.txt").read_text().splitlines()
    (tmp_path / "data.yaml").write_text(f"nc: {len(names)}\nnames: {json.dumps(names)}\n")
    read = supervision.DetectionDataset.from_yolo(
        str(images), str(labels), str(tmp_path / "data.yaml")
    )
    ((_path, _image, found),) = list(read)
    part = next(iter(project.slices.values()))
    assert np.allclose(found.xyxy, [(1.25, 2, 5, 6.5), part.bounds], atol=1e-3)
    ids = sorted(c.id for c in project.snapshot().schemas[0].classes)
    assert [ids[int(i)] for i in found.class_id] == [3, 1]


def test_readers_are_apart_and_an_undrawn_image_is_no_negative(
    project: MadeProject, tmp_path: Path
) -> None:
    first, second = (c.id for c in project.cases)
    frames = {project.case_of(s): project.frames(s)[0] for s in project.series}
    project.draw(Box(x0=1, y0=1, x1=3, y1=3), 1, frames[first], reader=0)
    project.draw(Box(x0=2, y0=1, x1=3, y1=3), 1, frames[first], reader=1)
    project.close_case(1, reader=1, no_finding=True)
    files = {p.relative_to(tmp_path / "bundle" / "yolo"): p.read_text() for p in
             write(project, tmp_path).rglob("labels/*.txt")}  # fmt: skip
    by_reader = {p.parts[1]: 0 for p in files}
    assert set(by_reader) == {r.pseudonym for r in project.readers}
    empty = [p for p, text in files.items() if not text]
    assert [p.stem for p in empty] == [frames[second].instance_id]
    assert empty[0].parts[1] == project.readers[1].pseudonym
    assert len(files) == 3


def test_what_has_no_box_is_noted_and_boxes_end_at_the_image(
    project: MadeProject, tmp_path: Path
) -> None:
    frame = project.frames()[0]
    project.draw(Point(x=3, y=3), 1, frame)
    project.draw(Box(x0=-5, y0=-5, x1=4, y1=4), 1, frame)
    project.draw(Box(x0=-5, y0=-5, x1=-1, y1=-1), 1, frame)
    target = tmp_path / "bundle"
    report = write_bundle(project.snapshot(), target, YOLO, pool=project.pool)
    assert [n.sentence for n in report.notes if n.format == "yolo"] == [
        "Points, lines and labels without a shape have no box."
    ]
    (line,) = next(target.rglob("labels/*.txt")).read_text().splitlines()
    image = project.instances[frame.instance_id]
    numbers = [float(n) for n in line.split()[1:]]
    assert numbers == pytest.approx(
        [2 / image.columns, 2 / image.rows, 4 / image.columns, 4 / image.rows]
    )


def test_a_changed_file_is_noticed_when_read_back(
    project: MadeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.draw(Box(x0=1, y0=1, x1=3, y1=3), 1)
    module = __import__("sys").modules["readingroom_plugin_yolo_boxes"]
    monkeypatch.setattr(module, "_line", lambda row, image: "0 0.5 0.5 0.1 0.1\n")
    with pytest.raises(exporter.Mismatch):
        write_bundle(project.snapshot(), tmp_path / "bundle", YOLO, pool=project.pool)
    assert not (tmp_path / "bundle").exists()


def test_made_up_images_are_listed_apart(project: MadeProject, tmp_path: Path) -> None:
    for series_id in project.series:
        project.draw(Box(x0=1, y0=2, x1=5, y1=6), 3, project.frames(series_id)[0])
    made_up = project.case_of(next(iter(project.series)))
    project.cases = [
        replace(c, tags=("synthetic",)) if c.id == made_up else c for c in project.cases
    ]
    home = write(project, tmp_path)
    (listed,) = home.rglob("synthetic.txt")
    (line,) = listed.read_text().splitlines()
    assert (listed.parent / line).is_file() and len(list(home.rglob("labels/*.txt"))) == 2
    manifest = json.loads((home.parent / "manifest.json").read_text())
    facts = {p["path"]: p["facts"].get("synthetic") for p in manifest["parts"]}
    assert facts[(listed.parent / line).relative_to(home.parent).as_posix()] is True
