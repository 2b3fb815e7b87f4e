"""Scanning: what is found, grouped, sorted, named, refused, and left alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.data import get_testdata_file

from desktop.domain.contracts import Progress
from desktop.domain.errors import Cancelled
from desktop.domain.record import stable_id, to_json
from desktop.domain.study import CalibrationSource
from desktop.imaging.child import ChildPool
from desktop.imaging.header import read_dicom
from desktop.imaging.scan import ScanResult, file_sha256, instance_id_of, patient_key, scan
from tests.imaging import made


def look(pool: ChildPool, *paths: Path, **options: object) -> ScanResult:
    return scan(list(paths), pool, key=b"secret", progress=Progress(), **options)  # type: ignore[arg-type]


def test_a_series_becomes_records_in_slice_order(pool: ChildPool, tmp_path: Path) -> None:
    slices = made.stack(6)
    made.save_all(slices[::-1], tmp_path / "deep" / "er")
    result = look(pool, tmp_path)
    assert [len(x) for x in (result.studies, result.series, result.instances, result.cases)] == [
        1,
        1,
        6,
        1,
    ]
    (series,) = result.series
    assert (series.modality, series.number, series.regular) == ("CT", 3, True)
    assert series.slice_step_mm == 2.0 and series.warnings == ()
    assert series.id == stable_id("series", "1.2.3.4.5")
    assert series.frame_of_reference_uid == "1.2.3.4.6"
    assert [i.order for i in result.instances] == list(range(6))
    assert [i.planes[0].position[2] for i in result.instances] == [30.0 + 2 * k for k in range(6)]
    first = result.instances[0]
    assert first.id == instance_id_of(first.file_sha256)
    assert first.file_sha256 == file_sha256(result.sources[first.id])
    assert first.spacing_mm == (0.5, 0.25) and first.calibration is CalibrationSource.PATIENT
    assert (first.rescale_intercept, first.unit, first.signed) == (-1024.0, "HU", True)


def test_titles_are_pseudonyms_and_records_hold_no_texts(pool: ChildPool, tmp_path: Path) -> None:
    made.save_all(made.stack(2, StudyDescription="secret study"), tmp_path)
    result = look(pool, tmp_path, case_offset=7)
    (case,) = result.cases
    key = patient_key(b"secret", "made")
    assert case.title == f"CT · {key}" and case.order == 7
    assert key.startswith("P-") and len(key) == 8 and key != patient_key(b"other", "made")
    records = [*result.studies, *result.series, *result.instances, *result.cases]
    everything = "".join(to_json(record) for record in records)
    for word in ("made", "Made", "series", "secret study"):
        assert f'"{word}"' not in everything and "a made" not in everything
    assert result.texts[result.series[0].id] == {"description": "a made series"}
    assert result.texts[result.studies[0].id] == {
        "patient_name": "Made Up",
        "patient_id": "made",
        "description": "secret study",
    }


def test_studies_of_one_patient_share_the_key(pool: ChildPool, tmp_path: Path) -> None:
    for number, modality in enumerate(("CT", "MR")):
        ds = made.ct(StudyInstanceUID=f"1.9.{number}", SeriesInstanceUID=f"1.9.{number}.1")
        made.save(made.change(ds, Modality=modality), tmp_path / f"{number}.dcm")
    result = look(pool, tmp_path)
    assert len({s.patient_key for s in result.studies}) == 1
    assert [c.title.split(" ")[0] for c in result.cases] == ["CT", "MR"]


def test_several_series_are_one_case_in_their_numbers_order(
    pool: ChildPool, tmp_path: Path
) -> None:
    for number in (5, 2, 9):
        ds = made.ct(SeriesInstanceUID=f"1.8.{number}", SeriesNumber=number)
        made.save(ds, tmp_path / f"{9 - number}.dcm")
    result = look(pool, tmp_path)
    (case,) = result.cases
    numbers = {s.id: s.number for s in result.series}
    assert [numbers[s] for s in case.series_ids] == [2, 5, 9]


def test_photographs_are_one_case_each(pool: ChildPool, tmp_path: Path) -> None:
    for number in range(3):
        Image.new("RGB", (5, 4), (number, 0, 0)).save(tmp_path / f"{number}.png")
    result = look(pool, tmp_path)
    assert len(result.cases) == len(result.series) == len(result.studies) == 3
    for case, instance in zip(result.cases, result.instances, strict=True):
        assert case.title == f"Photo · {instance.file_sha256[:6].upper()}"
        assert (instance.media, instance.rows, instance.columns) == ("image", 4, 5)
        assert instance.calibration is CalibrationSource.NONE
    assert result.texts[result.series[1].id] == {"file_name": "1.png"}
    assert all(s.series_instance_uid.startswith("2.25.") for s in result.series)


def test_the_same_bytes_twice_are_a_duplicate(pool: ChildPool, tmp_path: Path) -> None:
    first = made.save(made.ct(), tmp_path / "a.dcm")
    (tmp_path / "b.dcm").write_bytes(first.read_bytes())
    result = look(pool, tmp_path)
    assert len(result.instances) == 1
    (double,) = result.duplicates
    assert (double.path.name, double.same_as) == ("b.dcm", first)
    assert double.instance_id == result.instances[0].id


def test_what_the_project_has_is_a_duplicate(pool: ChildPool, tmp_path: Path) -> None:
    made.save_all(made.stack(3), tmp_path)
    before = look(pool, tmp_path)
    known = {before.instances[1].id}
    result = look(pool, tmp_path, known=known.__contains__)
    assert len(result.instances) == 2
    assert [(d.same_as, d.instance_id) for d in result.duplicates] == [(None, *known)]


def test_new_slices_are_sorted_in_among_those_of_the_project(
    pool: ChildPool, tmp_path: Path
) -> None:
    slices = made.stack(5)
    made.save_all([slices[0], slices[2], slices[4]], tmp_path / "first")
    before = look(pool, tmp_path / "first")
    assert before.series[0].slice_step_mm == 4.0
    made.save_all([slices[1], slices[3]], tmp_path / "second")
    result = look(
        pool,
        tmp_path,
        known={i.id for i in before.instances}.__contains__,
        existing=lambda series_id: before.instances if series_id == before.series[0].id else (),
    )
    assert len(result.duplicates) == 3
    assert [i.order for i in result.instances] == [1, 3]
    assert [(i.id, i.order) for i in result.reordered] == [
        (before.instances[1].id, 2),
        (before.instances[2].id, 4),
    ]
    (series,) = result.series
    assert series.id == before.series[0].id and series.slice_step_mm == 2.0 and series.regular
    assert result.cases[0].id == before.cases[0].id


def test_an_identifier_of_the_project_with_other_content_is_refused(
    pool: ChildPool, tmp_path: Path
) -> None:
    ds = made.ct()
    made.save(ds, tmp_path / "a.dcm")
    before = look(pool, tmp_path)
    made.save(made.change(ds, RescaleIntercept=0), tmp_path / "a.dcm")
    result = look(pool, tmp_path, existing=lambda _: before.instances)
    assert result.instances == result.cases == result.series == [] and not result.sources
    assert "of an image in the project" in result.refused[0].reason


def test_one_identifier_with_two_contents_is_refused(pool: ChildPool, tmp_path: Path) -> None:
    ds = made.ct()
    made.save(ds, tmp_path / "a.dcm")
    made.save(made.change(ds, RescaleIntercept=0), tmp_path / "b.dcm")
    result = look(pool, tmp_path)
    assert len(result.instances) == 1
    assert [(r.path.name, "a.dcm" in r.reason) for r in result.refused] == [("b.dcm", True)]


def test_hidden_files_directories_and_what_systems_leave_are_skipped(
    pool: ChildPool, tmp_path: Path
) -> None:
    made.save(made.ct(), tmp_path / ".hidden.dcm")
    (tmp_path / ".folder").mkdir()
    made.save(made.ct(), tmp_path / ".folder" / "a.dcm")
    (tmp_path / "Thumbs.db").write_bytes(b"x")
    directory = get_testdata_file("DICOMDIR")
    (tmp_path / "DICOMDIR").write_bytes(Path(str(directory)).read_bytes())
    (tmp_path / "renamed").write_bytes(Path(str(directory)).read_bytes())
    result = look(pool, tmp_path)
    assert result.instances == [] and result.refused == []


def test_refusals_come_with_a_reason(pool: ChildPool, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    made.save(made.ct(Rows=0), tmp_path / "zero.dcm")
    result = look(pool, tmp_path, tmp_path / "gone.dcm")
    reasons = {r.path.name: r.reason for r in result.refused}
    assert set(reasons) == {"notes.txt", "zero.dcm", "gone.dcm"}
    assert "no such file" in reasons["gone.dcm"]
    assert all(reason.endswith(".") for reason in reasons.values())


def test_a_file_named_twice_is_read_once(pool: ChildPool, tmp_path: Path) -> None:
    path = made.save(made.ct(), tmp_path / "a.dcm")
    result = look(pool, tmp_path, path, tmp_path)
    assert len(result.instances) == 1 and result.duplicates == []


def test_nothing_is_an_empty_result(pool: ChildPool, tmp_path: Path) -> None:
    assert look(pool, tmp_path) == ScanResult()


def test_scanning_writes_nothing(pool: ChildPool, tmp_path: Path) -> None:
    made.save_all(made.stack(3), tmp_path)
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in tmp_path.iterdir()}
    look(pool, tmp_path)
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in tmp_path.iterdir()} == before


def test_the_parent_never_loads_what_the_child_decodes_with() -> None:
    """In a fresh interpreter, because this one has loaded pydicom for the tests."""
    import subprocess

    code = (
        "import sys; from desktop.imaging import child, frames, scan, space;"
        "bad = {'pydicom', 'PIL', 'imagecodecs', 'tifffile', 'cv2'} & set(sys.modules);"
        "sys.exit(str(bad) if bad else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_progress_rises_to_the_end(pool: ChildPool, tmp_path: Path) -> None:
    made.save_all(made.stack(40), tmp_path)
    seen: list[float] = []
    progress = Progress(lambda fraction, text: seen.append(fraction))
    scan([tmp_path], pool, key=b"k", progress=progress)
    assert seen == sorted(seen) and seen[0] == 0.0 and seen[-1] == 1.0 and len(seen) > 3


def test_a_scan_can_be_cancelled(pool: ChildPool, tmp_path: Path) -> None:
    made.save_all(made.stack(60), tmp_path)
    progress = Progress(lambda fraction, text: progress.cancel() if fraction > 0.2 else None)
    with pytest.raises(Cancelled):
        scan([tmp_path], pool, key=b"k", progress=progress)
    assert pool.run("os:getpid") > 0


def test_ids_do_not_depend_on_the_machine_or_the_order(pool: ChildPool, tmp_path: Path) -> None:
    paths = made.save_all(made.stack(5), tmp_path)
    one, other = look(pool, *paths), look(pool, *paths[::-1])
    assert one.series == other.series and one.instances == other.instances
    assert one.cases == other.cases


def test_a_folder_without_permission_is_named(
    pool: ChildPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told as the system tells it, because whoever runs the tests may be allowed everything."""
    closed = tmp_path / "closed"
    closed.mkdir()
    made.save(made.ct(), tmp_path / "a.dcm")
    scandir = os.scandir

    def refuse(path: object) -> object:
        if str(path) == str(closed):
            raise PermissionError(13, "Permission denied", str(closed))
        return scandir(path)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "scandir", refuse)
    result = look(pool, tmp_path)
    assert [(r.path, r.reason) for r in result.refused] == [
        (closed, "It can't be opened (permission denied).")
    ]
    assert len(result.instances) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_is_not_waited_for(pool: ChildPool, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    result = look(pool, tmp_path)
    assert [r.reason for r in result.refused] == ["It is not a regular file."]


def test_a_link_to_nowhere_and_a_loop_of_folders(pool: ChildPool, tmp_path: Path) -> None:
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    (tmp_path / "loop").symlink_to(tmp_path)
    made.save(made.ct(), tmp_path / "a.dcm")
    result = look(pool, tmp_path)
    assert len(result.instances) == 1
    assert [r.path.name for r in result.refused] == ["nowhere"]


# --- calibration -------------------------------------------------------------------------------


def facts_of(tmp_path: Path, **values: object):
    return read_dicom(str(made.save(made.ct(**values), tmp_path / "a.dcm")))


FLAT = {"ImagePositionPatient": None, "ImageOrientationPatient": None}


@pytest.mark.parametrize("modality", ["CR", "DX", "MG", "XA", "RF"])
@pytest.mark.parametrize(
    "values, spacing, source",
    [
        ({"PixelSpacing": [0.2, 0.2]}, (0.2, 0.2), "detector plane"),
        ({"PixelSpacing": None, "ImagerPixelSpacing": [0.1, 0.1]}, (0.1, 0.1), "detector plane"),
        (
            {"PixelSpacing": [0.1, 0.1], "ImagerPixelSpacing": [0.1, 0.1]},
            (0.1, 0.1),
            "detector plane",
        ),
        (
            {"PixelSpacing": [0.08, 0.08], "ImagerPixelSpacing": [0.1, 0.1]},
            (0.08, 0.08),
            "patient plane",
        ),
        (
            {
                "PixelSpacing": [0.1, 0.1],
                "ImagerPixelSpacing": [0.1, 0.1],
                "PixelSpacingCalibrationType": "FIDUCIAL",
            },
            (0.1, 0.1),
            "patient plane",
        ),
        (
            {"PixelSpacing": [0.0, 0.0], "ImagerPixelSpacing": [0.1, 0.1]},
            (0.1, 0.1),
            "detector plane",
        ),
        ({"PixelSpacing": None}, None, "pixels"),
    ],
)
def test_projection_images_tell_detector_from_patient(
    modality, values, spacing, source, tmp_path: Path
) -> None:
    facts = facts_of(tmp_path, Modality=modality, **FLAT, **values)
    assert (facts.spacing_mm, facts.calibration.value) == (spacing, source)


def test_cross_sections_lie_in_the_patient(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, Modality="MR")
    assert facts.spacing_mm == (0.5, 0.25)  # between rows, between columns
    assert facts.calibration is CalibrationSource.PATIENT


def test_the_packaged_radiograph_with_spacing_zero_is_not_calibrated() -> None:
    facts = read_dicom(str(get_testdata_file("RG1_UNCR.dcm")))
    assert facts.photometric == "MONOCHROME1"
    spacing = dcmread(str(get_testdata_file("RG1_UNCR.dcm"))).get("PixelSpacing")
    assert spacing == [0, 0] and facts.spacing_mm != (0, 0)


def test_ultrasound_regions_of_the_packaged_cine() -> None:
    path = str(get_testdata_file("color3d_jpeg_baseline.dcm"))
    facts = read_dicom(path)
    items = dcmread(path, stop_before_pixels=True).SequenceOfUltrasoundRegions
    flat = [i for i in items if i.RegionSpatialFormat == 1 and i.PhysicalUnitsXDirection == 3]
    assert facts.calibration is CalibrationSource.ULTRASOUND and facts.spacing_mm is None
    assert len(facts.ultrasound_regions) == len(flat) > 0
    region, item = facts.ultrasound_regions[0], flat[0]
    assert (region.x0, region.y1) == (item.RegionLocationMinX0, item.RegionLocationMaxY1)
    assert region.mm_per_px_x == pytest.approx(abs(item.PhysicalDeltaX) * 10)


def test_non_square_pixels_and_burned_in_text_are_told(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, PixelSpacing=[1.5, 0.5], BurnedInAnnotation="YES")
    assert facts.spacing_mm == (1.5, 0.5) and facts.burned_in == "YES"


def test_values_of_pixels_do_not_matter_to_the_header(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, pixels=np.full((3, 9), 60_000, np.uint16), PixelRepresentation=0)
    assert (facts.rows, facts.columns, facts.bits_stored, facts.signed) == (3, 9, 16, False)
