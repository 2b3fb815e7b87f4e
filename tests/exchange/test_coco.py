"""COCO files as pycocotools and a careful reader see them."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO

from desktop.domain.geometry import Box, Ellipse, Polygon
from desktop.exchange.names import image_number, region_number
from desktop.exchange.regions import CaseLabels
from tests.exchange.made import SCHEMA, MadeProject
from tests.exchange.made_images import write_series


@pytest.fixture(scope="module")
def instances(bundle: Path) -> COCO:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(bundle / "coco/instances_chest.v2.json"))


@pytest.fixture(scope="module")
def points(bundle: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((bundle / "coco/points_chest.v2.json").read_bytes())
    return found


def all_regions(project: MadeProject) -> list[Any]:
    snapshot = project.snapshot()
    return [r for case in project.cases for r in CaseLabels(snapshot, case).regions]


def test_each_region_decodes_to_the_pixels_that_were_drawn(
    filled: MadeProject, instances: COCO
) -> None:
    compared = 0
    for region in all_regions(filled):
        for frame in region.frames:
            entry = instances.anns[region_number(region.annotation.id, frame.frame.key)]
            exact = {**entry, "segmentation": entry.get("rle", entry["segmentation"])}
            assert np.array_equal(instances.annToMask(exact).astype(bool), frame.mask())
            assert entry["area"] == frame.mask().sum()
            assert entry["category_id"] == region.label_class.id
            assert entry["image_id"] == image_number(frame.frame)
            compared += 1
    assert compared == len(instances.anns)


def test_boxes_and_plain_polygons_are_outlines_and_the_rest_is_run_lengths(
    filled: MadeProject, instances: COCO
) -> None:
    for region in all_regions(filled):
        for frame in region.frames:
            entry = instances.anns[region_number(region.annotation.id, frame.frame.key)]
            shape = region.geometry
            outline = isinstance(shape, Box) or (isinstance(shape, Polygon) and not shape.holes)
            assert isinstance(entry["segmentation"], list) == outline
            if outline:
                flat = [v for point in shape.outline() for v in point]
                assert entry["segmentation"] == [flat]
            assert entry["iscrowd"] == 0


def test_a_box_with_whole_edges_has_the_area_that_was_drawn(tmp_path: Path) -> None:
    project = MadeProject(write_series(tmp_path / "ct"))
    project.draw(Box(x0=3, y0=2, x1=9, y1=7))
    (region,) = all_regions(project)
    assert region.frames[0].area_px == 6 * 5


def test_class_ids_and_names_are_those_of_the_schema(instances: COCO) -> None:
    assert {c["id"]: c["name"] for c in instances.cats.values()} == {
        c.id: c.name for c in SCHEMA.classes
    }
    assert instances.cats[7]["supercategory"] == "Vessel"
    assert instances.cats[1]["code"]["value"] == "27925004"


def test_every_frame_is_there_also_without_a_region(filled: MadeProject, instances: COCO) -> None:
    frames = [f for s in filled.series for f in filled.frames(s)]
    assert set(instances.imgs) == {image_number(f) for f in frames}
    assert len(instances.imgs) > len({a["image_id"] for a in instances.anns.values()})


def test_negative_cases_say_so(instances: COCO) -> None:
    states = [r for case in instances.dataset["cases"] for r in case["readers"]]
    assert [r["no_finding"] for r in states].count(True) == 1


def test_file_names_are_pseudonymous_and_hashes_lead_to_the_source(
    filled: MadeProject, instances: COCO
) -> None:
    for image in instances.imgs.values():
        instance = filled.instances[image["frame_key"].split(":")[0]]
        assert image["file_name"].startswith(instance.id)
        assert image["file_sha256"] == instance.file_sha256
        assert (image["height"], image["width"]) == (instance.rows, instance.columns)


def test_reader_origin_answers_and_uuid_travel_with_the_region(
    filled: MadeProject, instances: COCO
) -> None:
    by_uuid = {a["annotation_id"]: a for a in instances.anns.values()}
    for region in all_regions(filled):
        if not region.frames:
            continue
        entry = by_uuid[region.annotation.id]
        assert entry["reader"] == region.reader
        assert entry["origin"] == region.frames[-1].origin.value
        if isinstance(region.geometry, Ellipse):
            assert entry["geometry"]["shape"] == "ellipse"


def test_a_hidden_answer_about_a_region_is_not_there(instances: COCO) -> None:
    solid = [a["attributes"] for a in instances.anns.values() if "solid" in a["attributes"]]
    assert {json.dumps(a) for a in solid} == {'{"solid": false}', '{"solid": true}'}


def test_points_are_keypoints(points: dict[str, Any]) -> None:
    found = [a for a in points["annotations"] if "keypoints" in a]
    assert len(found) == 4
    assert all(a["keypoints"] == [3.5, 4.5, 2] and a["num_keypoints"] == 1 for a in found)
    assert all(c["keypoints"] == ["point"] for c in points["categories"])


def test_rulers_say_what_makes_their_millimetres(
    filled: MadeProject, points: dict[str, Any]
) -> None:
    lines = {a["calibration"]: a for a in points["annotations"] if "line" in a}
    assert set(lines) == {"patient plane", "detector plane", "pixels"}
    assert lines["patient plane"]["length_px"] == 5.0
    # 3 columns of 0.7 mm and 4 rows of 0.8 mm
    assert lines["patient plane"]["length_mm"] == pytest.approx(3.8275318, abs=1e-6)
    assert lines["pixels"]["length_mm"] is None


def test_ids_are_stable_and_exact_in_any_json_reader(instances: COCO) -> None:
    for number in [*instances.anns, *instances.imgs]:
        assert 0 < number < 2**53
