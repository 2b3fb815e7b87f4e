"""PNG and NumPy masks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image

from desktop.domain.contracts import Progress
from desktop.domain.geometry import Ellipse
from desktop.exchange.exporter import BundleOptions
from desktop.exchange.masks import PngExporter
from desktop.exchange.regions import CaseLabels
from desktop.exchange.snapshot import Snapshot
from tests.exchange.made import SCHEMA, MadeProject, blob
from tests.exchange.made_images import write_photo


@pytest.fixture
def photo(tmp_path: Path) -> MadeProject:
    return MadeProject([write_photo(tmp_path / "photo")])


def write(
    project: MadeProject, folder: Path, snapshot: Snapshot | None = None
) -> tuple[list[str], list[str]]:
    done = PngExporter().write(
        snapshot or project.snapshot(), folder, BundleOptions(), project.pool, Progress()
    )
    return [p.path for p in done.parts], [n.sentence for n in done.notes]


def test_values_are_class_ids_in_one_picture_per_region_and_reader(
    photo: MadeProject, tmp_path: Path
) -> None:
    left, right = blob(20, 24, 6, 6, 4), blob(20, 24, 16, 10, 5)
    photo.paint({photo.frames()[0]: left}, class_id=3)
    photo.paint({photo.frames()[0]: right}, class_id=7)
    paths, notes = write(photo, tmp_path)
    assert len(paths) == 3
    assert not notes
    both = np.asarray(Image.open(tmp_path / next(p for p in paths if p.endswith("labels.png"))))
    assert both.dtype == np.uint8
    assert np.array_equal(both, left * 3 + right * 7)


def test_overlapping_regions_survive_each_in_its_own_picture(
    photo: MadeProject, tmp_path: Path
) -> None:
    masks = [blob(20, 24, 9, 9, 5), blob(20, 24, 11, 9, 5)]
    drawn = [
        photo.paint({photo.frames()[0]: mask}, class_id=class_id)
        for mask, class_id in zip(masks, (1, 3), strict=True)
    ]
    paths, notes = write(photo, tmp_path)
    assert notes == [
        f"{photo.readers[0].pseudonym}: Classes overlap, so there is one PNG per region and no "
        "label picture."
    ]
    for annotation, mask in zip(drawn, masks, strict=True):
        path = next(p for p in paths if annotation.id in p)
        assert np.array_equal(np.asarray(Image.open(tmp_path / path)) > 0, mask)


def test_a_class_id_beyond_eight_bits_is_refused_in_words(
    photo: MadeProject, tmp_path: Path
) -> None:
    large = replace(SCHEMA.classes[0], id=300)
    schema = replace(SCHEMA, classes=(*SCHEMA.classes, large))
    photo.draw(Ellipse(cx=10, cy=10, rx=4, ry=3), class_id=300)
    paths, notes = write(photo, tmp_path, photo.snapshot(schemas=(schema,)))
    assert not paths
    assert notes == ["Class id 300 does not fit into 8 bits; see COCO."]


def test_arrays_of_an_irregular_series_say_where_each_frame_lies(
    filled: MadeProject, bundle: Path
) -> None:
    gap = next(s for s in filled.series.values() if s.warnings)
    folder = bundle / "arrays" / gap.id
    snapshot = filled.snapshot()
    case = next(c for c in filled.cases if gap.id in c.series_ids)
    regions = CaseLabels(snapshot, case).regions
    for path in folder.glob("*.npy"):
        voxels = np.load(path, allow_pickle=False)
        about = json.loads(path.with_suffix(".json").read_bytes())
        assert len(about["frames"]) == len(voxels)
        assert about["warnings"] == list(gap.warnings)
        reader = path.name.split("_")[0]
        for frame, plane in zip(about["frames"], voxels, strict=True):
            instance = filled.instances[frame["frame_key"].split(":")[0]]
            assert tuple(frame["image_position_patient"]) == instance.planes[0].position
            for class_id in set(np.unique(plane)) - {0}:
                drawn = np.zeros(plane.shape, np.bool_)
                for region in regions:
                    if region.reader == reader and region.label_class.id == class_id:
                        for part in region.frames:
                            if part.frame.key == frame["frame_key"] and region.fills(
                                BundleOptions()
                            ):
                                drawn |= part.mask()
                assert np.array_equal(plane == class_id, drawn)
