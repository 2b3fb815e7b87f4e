"""Every format says of made-up images that they are made up, and the manifest lists them."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from pydicom import dcmread

from desktop.domain.geometry import Box
from desktop.domain.split import SYNTHETIC_TAG, Part
from desktop.exchange.bundle import write_bundle
from tests.exchange.made import MadeProject, blob
from tests.exchange.made_images import write_photo, write_series
from tests.exchange.made_rankings import compared


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], str]:
    """A bundle whose cases are synthetic but the last one; its folder, their ids, the real one."""
    folder = tmp_path_factory.mktemp("mark")
    write_series(folder / "ct")
    write_series(folder / "gap", name="gap", drop=(2,))
    write_photo(folder / "photo")
    write_series(folder / "real", name="real")
    project = MadeProject([folder / n for n in ("ct", "gap", "photo", "real")])
    for series_id in project.series:
        frames = project.frames(series_id)
        image = project.instances[frames[0].instance_id]
        project.paint({frames[0]: blob(image.rows, image.columns, 7, 6, 4)})
        project.draw(Box(x0=1, y0=2, x1=5, y1=6), 3, frames[0])
    project.rankings.append(compared(project))
    *made_up, real = project.cases
    project.cases = [replace(c, tags=(SYNTHETIC_TAG,)) for c in made_up] + [real]
    parts = {c.id: Part.TRAIN.value for c in made_up} | {real.id: Part.TEST.value}
    snapshot = project.snapshot(parts=parts)
    write_bundle(snapshot, folder / "bundle", pool=project.pool)
    return folder / "bundle", [c.id for c in made_up], real.id


def manifest_of(bundle: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((bundle / "manifest.json").read_text())
    return found


def test_the_manifest_lists_them_with_the_parts(bundle: tuple[Path, list[str], str]) -> None:
    folder, made_up, real = bundle
    manifest = manifest_of(folder)
    assert manifest["synthetic"] == made_up
    assert manifest["split"] == dict.fromkeys(made_up, "train") | {real: "test"}
    assert manifest["counts"]["synthetic_cases"] == 3
    card = (folder / "data_card.md").read_text()
    assert "3 of the cases are SYNTHETIC" in card and "1 test, 3 train" in card


def test_coco_and_sagemaker(bundle: tuple[Path, list[str], str]) -> None:
    folder, made_up, real = bundle
    (path,) = folder.glob("coco/instances_*.json")
    coco = json.loads(path.read_text())
    assert {i["case_id"] for i in coco["images"] if i["synthetic"] is True} == set(made_up)
    assert {i["case_id"] for i in coco["images"] if i["synthetic"] is False} == {real}
    assert {c["case_id"]: c["part"] for c in coco["cases"]}[real] == "test"
    (path,) = folder.glob("sagemaker/*/*.manifest")
    about = [json.loads(line)["labels-metadata"] for line in path.read_text().splitlines()]
    assert sorted(a["synthetic"] for a in about) == [False, True, True, True]
    assert all((a["human-annotated"] == "no") == a["synthetic"] for a in about)


def test_volumes_arrays_and_pictures(bundle: tuple[Path, list[str], str]) -> None:
    folder, _made_up, _real = bundle
    parts = manifest_of(folder)["parts"]
    said = {p["path"]: p["facts"].get("synthetic") for p in parts}
    volumes = {p: said[p] for p in said if p.endswith(".nii.gz")}
    assert sorted(volumes.values()) == [False, True]
    for path, synthetic in volumes.items():
        descrip = gzip.decompress((folder / path).read_bytes())[148:228]
        assert (b"SYNTHETIC" in descrip) == synthetic
    (array,) = folder.glob("arrays/*/*.npy")
    assert np.load(array).any() and said[array.relative_to(folder).as_posix()] is True
    assert json.loads(array.with_suffix(".json").read_text())["synthetic"] is True
    pictures = [said[p] for p in said if p.startswith("masks/")]
    assert pictures and all(pictures)


def test_segmentations_rows_and_preferences(bundle: tuple[Path, list[str], str]) -> None:
    folder, made_up, _real = bundle
    marked = 0
    for path in folder.glob("seg/*/*.dcm"):
        seg = dcmread(path)
        synthetic = seg.get("SyntheticData") == "YES"
        assert seg.SeriesDescription.startswith("SYNTHETIC") == synthetic
        assert seg.ContentDescription.startswith("SYNTHETIC") == synthetic
        marked += synthetic
    assert marked == 2, "the two made-up series, not the real one"
    rows = list(csv.DictReader((folder / "tables/cases.csv").open(newline="")))
    assert {r["case_id"] for r in rows if r["synthetic"] == "true"} == set(made_up)
    (sidecar,) = folder.glob("preference/*/sidecar.jsonl")
    known = [json.loads(line) for line in sidecar.read_text().splitlines()]
    assert known and all(r["synthetic"] == (r.get("case_id") in made_up) for r in known)
