"""Segmentations before the eyes of other toolkits: dciodvfy, dcmqi, SimpleITK, pydicom."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK
from msgspec.structs import replace
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from desktop.domain.annotation import Origin, Provenance
from desktop.domain.contracts import Progress
from desktop.domain.errors import FileProblem
from desktop.domain.geometry import Box, Ellipse
from desktop.exchange.dicom_seg import SegExporter, codes_of
from desktop.exchange.exporter import BundleOptions, Written
from desktop.exchange.regions import CaseLabels
from tests.exchange.made import SCHEMA, MadeProject, blob
from tests.exchange.made_images import write_series
from tests.exchange.test_volume import (
    affine_of,
    oblique,
    phantom,
    project_with_phantom,
    voxels_at,
)

TOOLS = Path(sys.executable).parent
CANARIES = (b"CANARY", b"Canary", b"19610203", b"20250405", b"101112")


def tool(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(TOOLS / name), *map(str, arguments)], capture_output=True, text=True, timeout=120
    )


def write(project: MadeProject, folder: Path, **options: bool) -> Written:
    given = BundleOptions(**options)
    exporter, pool = SegExporter(), project.pool
    folder.mkdir(exist_ok=True)
    done = exporter.write(project.snapshot(), folder, given, pool, Progress())
    exporter.compare(project.snapshot(), folder, given, done, pool, Progress())
    return done


def test_dciodvfy_finds_no_error_in_any_file(bundle: Path) -> None:
    files = sorted((bundle / "seg").rglob("*.dcm"))
    assert len(files) == 6  # three series with two readers each
    for path in files:
        answer = tool("dciodvfy", path)
        errors = [line for line in answer.stderr.splitlines() if line.startswith("Error")]
        assert not errors
        assert answer.returncode == 0


def test_dciodvfy_is_a_gate(bundle: Path, tmp_path: Path) -> None:
    dataset = pydicom.dcmread(next((bundle / "seg").rglob("*.dcm")))
    del dataset.SegmentSequence
    dataset.save_as(tmp_path / "broken.dcm")
    assert tool("dciodvfy", tmp_path / "broken.dcm").returncode == 1


@pytest.mark.parametrize("reverse", [False, True])
def test_dcmqi_reads_each_voxel_where_it_was_drawn(reverse: bool, tmp_path: Path) -> None:
    affine = affine_of(oblique(reverse))
    project = project_with_phantom(tmp_path / "series", affine, modality="MR")
    (part,) = write(project, tmp_path / "out").parts
    answer = tool(
        "segimage2itkimage", "--inputDICOM", tmp_path / "out" / part.path,
        "--outputDirectory", tmp_path, "--prefix", "back", "-t", "nrrd",
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    image = SimpleITK.ReadImage(str(tmp_path / "back-1.nrrd"))
    voxels = SimpleITK.GetArrayFromImage(image)
    assert np.count_nonzero(voxels) == phantom().sum() == part.facts["segments"][0]["voxels"]
    points = np.array(
        [
            image.TransformIndexToPhysicalPoint([int(v) for v in p[::-1]])
            for p in np.argwhere(voxels)
        ]
    )
    assert np.array_equal(voxels_at(points, affine), phantom())


def test_dcmqi_counts_the_voxels_of_overlapping_segments(
    filled: MadeProject, bundle: Path, tmp_path: Path
) -> None:
    ct = next(s for s in filled.series.values() if s.regular)
    manifest = json.loads((bundle / "manifest.json").read_bytes())
    parts = [p for p in manifest["parts"] if p["path"].startswith(f"seg/{ct.id}")]
    assert len(parts) == 2
    for part in parts:
        prefix = part["facts"]["reader"]
        tool(
            "segimage2itkimage", "--inputDICOM", bundle / part["path"],
            "--outputDirectory", tmp_path, "--prefix", prefix, "-t", "nrrd",
        )  # fmt: skip
        for segment in part["facts"]["segments"]:
            image = SimpleITK.ReadImage(str(tmp_path / f"{prefix}-{segment['number']}.nrrd"))
            found = int(np.count_nonzero(SimpleITK.GetArrayFromImage(image)))
            assert found == segment["voxels"]


def test_segments_carry_codes_and_the_annotations_id(filled: MadeProject, bundle: Path) -> None:
    snapshot = filled.snapshot()
    regions = {r.annotation.id: r for c in filled.cases for r in CaseLabels(snapshot, c).regions}
    algorithms = set()
    for path in (bundle / "seg").rglob("*.dcm"):
        for segment in pydicom.dcmread(path).SegmentSequence:
            region = regions[segment.TrackingID]
            category, kind = codes_of(SCHEMA, region.label_class)
            found = segment.SegmentedPropertyTypeCodeSequence[0]
            assert (found.CodeValue, found.CodeMeaning) == (kind.value, kind.meaning)
            found = segment.SegmentedPropertyCategoryCodeSequence[0]
            assert found.CodeValue == category.value
            assert segment.SegmentLabel == region.label_class.name
            assert segment.TrackingUID == f"2.25.{int(region.annotation.id, 16)}"
            algorithms.add(segment.SegmentAlgorithmType)
    assert algorithms == {"MANUAL", "SEMIAUTOMATIC"}


def test_only_frames_with_pixels_are_stored(tmp_path: Path) -> None:
    project = MadeProject(write_series(tmp_path / "ct"))
    frames = project.frames()
    project.paint({frames[1]: blob(12, 16, 6, 6, 3), frames[3]: blob(12, 16, 6, 6, 3)})
    (part,) = write(project, tmp_path / "out").parts
    dataset = pydicom.dcmread(tmp_path / "out" / part.path)
    assert dataset.NumberOfFrames == 2
    assert dataset.SegmentationType == "BINARY"
    assert dataset.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"


def test_nothing_of_the_patient_is_in_any_file(bundle: Path) -> None:
    for path in bundle.rglob("*.dcm"):
        raw = path.read_bytes()
        assert not [c for c in CANARIES if c in raw]
        dataset = pydicom.dcmread(path)
        assert str(dataset.PatientID).startswith("P-")
        assert dataset.PatientIdentityRemoved == "YES"
        codes = [c.CodeValue for c in dataset.DeidentificationMethodCodeSequence]
        assert codes == ["113100", "113110"]


def test_the_patient_stays_where_that_was_chosen(tmp_path: Path) -> None:
    project = MadeProject(write_series(tmp_path / "ct"))
    project.draw(Ellipse(cx=8, cy=6, rx=3, ry=2))
    (part,) = write(project, tmp_path / "out", keep_patient=True).parts
    dataset = pydicom.dcmread(tmp_path / "out" / part.path)
    assert dataset.PatientName == "Canary^Patient"
    assert dataset.StudyDate == "20250405"
    assert dataset.AccessionNumber == "CANARYACC"
    assert "PatientIdentityRemoved" not in dataset
    raw = (tmp_path / "out" / part.path).read_bytes()
    assert b"CANARYHOSPITAL" not in raw
    assert tool("dciodvfy", tmp_path / "out" / part.path).returncode == 0


def test_a_model_is_an_automatic_algorithm_with_its_name(tmp_path: Path) -> None:
    project = MadeProject(write_series(tmp_path / "ct"))
    project.paint(
        {project.frames()[0]: blob(12, 16, 6, 6, 3)},
        origin=Origin.MODEL,
        slice_origin=Origin.MODEL,
        provenance=Provenance(tool="lung-net 3"),
    )
    (part,) = write(project, tmp_path / "out").parts
    (segment,) = pydicom.dcmread(tmp_path / "out" / part.path).SegmentSequence
    assert segment.SegmentAlgorithmType == "AUTOMATIC"
    assert segment.SegmentAlgorithmName == "lung-net 3"
    assert tool("dciodvfy", tmp_path / "out" / part.path).returncode == 0


def test_an_enhanced_multi_frame_image_carries_a_segmentation(tmp_path: Path) -> None:
    source = get_testdata_file("eCT_Supplemental.dcm", download=False)
    assert source is not None
    project = MadeProject([Path(str(source))])
    frames = project.frames()
    assert len(frames) > 1
    image = project.instances[frames[0].instance_id]
    mask = blob(image.rows, image.columns, 200, 180, 40)
    project.paint({frames[0]: mask, frames[-1]: mask[::-1].copy()})
    (part,) = write(project, tmp_path / "out").parts
    dataset = pydicom.dcmread(tmp_path / "out" / part.path)
    assert dataset.NumberOfFrames == 2
    answer = tool("dciodvfy", tmp_path / "out" / part.path)
    assert "Error" not in answer.stderr


def test_a_cine_without_a_place_is_refused_in_words(tmp_path: Path) -> None:
    source = get_testdata_file("examples_ybr_color.dcm", download=False)
    assert source is not None
    project = MadeProject([Path(str(source))])
    frame = project.frames()[3]
    image = project.instances[frame.instance_id]
    project.paint({frame: blob(image.rows, image.columns, 60, 60, 20)})
    done = write(project, tmp_path / "out")
    assert not done.parts
    assert "Multi-frame images without a place" in done.notes[0].sentence


def test_a_region_without_a_pixel_centre_is_named(tmp_path: Path) -> None:
    project = MadeProject(write_series(tmp_path / "ct"))
    tiny = project.draw(Ellipse(cx=8.0, cy=6.0, rx=0.2, ry=0.2))
    done = write(project, tmp_path / "out")
    assert not done.parts
    assert [(n.about, n.sentence) for n in done.notes] == [
        (tiny.id, "No pixel centre lies inside this region.")
    ]


def test_boxes_become_pixels_only_when_asked(tmp_path: Path) -> None:
    project = MadeProject(write_series(tmp_path / "ct"))
    project.draw(Box(x0=2, y0=2, x1=6, y1=5))
    assert not write(project, tmp_path / "without").parts
    (part,) = write(project, tmp_path / "with", boxes_as_masks=True).parts
    assert part.facts["segments"][0]["voxels"] == 12


def test_a_changed_source_file_stops_the_export(tmp_path: Path) -> None:
    paths = write_series(tmp_path / "ct")
    project = MadeProject(paths)
    project.draw(Ellipse(cx=8, cy=6, rx=3, ry=2), frame=project.frames()[0])
    for path in paths:
        path.write_bytes(path.read_bytes()[:-2] + b"xx")
    with pytest.raises(FileProblem, match="not the one that was drawn on"):
        write(project, tmp_path / "out")


def test_too_many_overlapping_segments_go_into_several_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.exchange.dicom_seg._LAYER_BYTES", 12 * 16 * 5 * 2)
    project = MadeProject(write_series(tmp_path / "ct"))
    for x in range(5):
        project.draw(Ellipse(cx=6 + x, cy=6, rx=3, ry=2), frame=project.frames()[2])
    done = write(project, tmp_path / "out")
    assert [len(p.facts["segments"]) for p in done.parts] == [2, 2, 1]
    series = {pydicom.dcmread(tmp_path / "out" / p.path).SeriesInstanceUID for p in done.parts}
    assert len(series) == 1


def _mixed_orientation(datasets: list[Dataset]) -> None:
    for dataset in datasets[3:]:
        dataset.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]


def _each_plane_twice(datasets: list[Dataset]) -> None:
    for number, dataset in enumerate(datasets):
        dataset.ImagePositionPatient = [0, 0, 2.5 * (number % 3)]


def _two_spacings(datasets: list[Dataset]) -> None:
    for dataset in datasets[3:]:
        dataset.PixelSpacing = [0.5, 0.5]


def _no_thickness(datasets: list[Dataset]) -> None:
    for dataset in datasets:
        dataset.SliceThickness = None


def _no_place(datasets: list[Dataset]) -> None:
    for dataset in datasets:
        del dataset.ImagePositionPatient


@pytest.mark.parametrize(
    "change", [_mixed_orientation, _each_plane_twice, _two_spacings, _no_thickness, _no_place]
)
def test_odd_series_keep_every_voxel_in_its_place(
    change: Callable[[list[Dataset]], None], tmp_path: Path
) -> None:
    paths = write_series(tmp_path / "ct", (6, 12, 16))
    datasets = [pydicom.dcmread(p) for p in paths]
    change(datasets)
    for dataset, path in zip(datasets, paths, strict=True):
        dataset.save_as(path)
    project = MadeProject(paths)
    masks = {f: blob(12, 16, 7 + n * 0.3, 6, 4) for n, f in enumerate(project.frames())}
    project.paint(masks)
    done = write(project, tmp_path / "out")
    assert not done.notes
    voxels = sum(s["voxels"] for p in done.parts for s in p.facts["segments"])
    assert voxels == sum(int(m.sum()) for m in masks.values())
    for part in done.parts:
        answer = tool("dciodvfy", tmp_path / "out" / part.path)
        assert "Error" not in answer.stderr


def test_a_long_class_name_and_code_fit_into_dicom() -> None:
    item = replace(SCHEMA.classes[1], name="x" * 100, id=123456)
    _category, code = codes_of(SCHEMA, item)
    assert len(code.value) <= 16
