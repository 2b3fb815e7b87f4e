"""Measurement reports before the eyes of other toolkits: dciodvfy, dcsrdump, dcmqi, highdicom."""

from __future__ import annotations

import json
import math
from pathlib import Path

import highdicom
import pydicom
import pytest
from msgspec.structs import replace

from desktop.domain.contracts import Progress
from desktop.domain.errors import FileProblem
from desktop.domain.geometry import Box, Ellipse, Point, Polygon, Polyline
from desktop.domain.study import Calibration
from desktop.exchange.dicom_sr import SrExporter
from desktop.exchange.exporter import BundleOptions, Mismatch, Written
from desktop.exchange.sr_request import SrRead
from desktop.exchange.sr_writer import read_sr
from tests.exchange.made import MadeProject, blob
from tests.exchange.made_images import write_photo, write_radiograph, write_series
from tests.exchange.test_dicom_seg import CANARIES, tool

MM_X, MM_Y = 0.7, 0.8  # of the made series


def write(project: MadeProject, folder: Path, **options: bool) -> Written:
    given = BundleOptions(**options)
    exporter, pool = SrExporter(), project.pool
    folder.mkdir(exist_ok=True)
    done = exporter.write(project.snapshot(), folder, given, pool, Progress())
    exporter.compare(project.snapshot(), folder, given, done, pool, Progress())
    return done


def read(project: MadeProject, folder: Path) -> list[SrRead]:
    (part,) = write(project, folder).parts
    return read_sr(str(folder / part.path))


def test_dciodvfy_finds_no_error_in_any_report(bundle: Path) -> None:
    files = sorted((bundle / "sr").rglob("*.dcm"))
    assert len(files) == 6  # three series with two readers each
    for path in files:
        answer = tool("dciodvfy", path)
        errors = [line for line in answer.stderr.splitlines() if line.startswith("Error")]
        assert not errors and answer.returncode == 0, errors


def test_dciodvfy_is_a_gate(bundle: Path, tmp_path: Path) -> None:
    dataset = pydicom.dcmread(next((bundle / "sr").rglob("*.dcm")))
    del dataset.ContentSequence[0].RelationshipType
    del dataset.CompletionFlag
    dataset.save_as(tmp_path / "broken.dcm")
    assert tool("dciodvfy", tmp_path / "broken.dcm").returncode == 1


def test_another_program_shows_length_area_code_and_calibration(tmp_path: Path) -> None:
    project = MadeProject(write_series(tmp_path / "ct"))
    project.draw(Polyline(points=((1.0, 1.0), (4.0, 5.0))), 1)
    project.draw(Box(x0=2, y0=3, x1=6, y1=8), 3)
    (part,) = write(project, tmp_path / "out").parts
    shown = tool("dcsrdump", tmp_path / "out" / part.path).stderr
    length = math.hypot(3 * MM_X, 4 * MM_Y)
    assert f'Length")  = {length:.4f}'.rstrip("0") in shown
    assert '(mm,UCUM,"millimeter")' in shown
    assert f'Area")  = {4 * 5 * MM_X * MM_Y:g} ' in shown
    assert '(27925004,SCT,"Nodule")' in shown and '99READINGROOM,"Vessel")' in shown
    assert shown.count("Spacing of the patient plane") == 2
    assert "SCOORD" in shown and "{1,1,4,5}" in shown.replace(" ", "")


def test_dcmqi_and_highdicom_read_the_same_report(tmp_path: Path) -> None:
    project = MadeProject(write_series(tmp_path / "ct"))
    line = project.draw(Polyline(points=((1.0, 1.0), (4.0, 5.0))), 1)
    box = project.draw(Box(x0=2, y0=3, x1=6, y1=8), 3)
    disk = blob(12, 16, 6, 6, 3)
    painted = project.paint(dict.fromkeys(project.frames()[1:3], disk))
    (part,) = write(project, tmp_path / "out").parts
    path = tmp_path / "out" / part.path
    tool("tid1500reader", "--inputDICOM", path, "--outputMetadata", tmp_path / "read.json")
    read_by_dcmqi = json.loads((tmp_path / "read.json").read_text())
    area = round(float(disk.sum()) * MM_X * MM_Y, 4)
    assert [
        (
            g["TrackingIdentifier"],
            g["Finding"]["CodeMeaning"],
            [
                (m["quantity"]["CodeMeaning"], float(m["value"]), m["units"]["CodeValue"])
                for m in g["measurementItems"]
            ],
        )
        for g in read_by_dcmqi["Measurements"]
    ] == [
        (line.id, "Nodule", [("Length", round(math.hypot(3 * MM_X, 4 * MM_Y), 4), "mm")]),
        (box.id, "Vessel", [("Area", round(20 * MM_X * MM_Y, 4), "mm2")]),
        (painted.id, "Nodule", [("Area", area, "mm2")] * 2),
    ]
    instances = [project.instances[f.instance_id] for f in project.frames()[:3]]
    uids = {i.sop_instance_uid for i in instances}
    assert set(read_by_dcmqi["imageLibrary"]) == uids
    report = highdicom.sr.srread(path).content
    (region,) = report.get_planar_roi_measurement_groups()
    assert region.tracking_identifier == box.id and region.roi.graphic_type.value == "POLYLINE"
    assert region.roi.value[:4].tolist() == [[2, 3], [6, 3], [6, 8], [2, 8]]
    others = report.get_image_measurement_groups()
    assert [g.tracking_identifier for g in others] == [line.id, painted.id]


def test_a_report_on_made_up_images_says_so(tmp_path: Path) -> None:
    project = MadeProject(write_series(tmp_path / "ct"))
    project.draw(Box(x0=2, y0=3, x1=6, y1=8), 3)
    project.cases = [replace(c, tags=("synthetic",)) for c in project.cases]
    (part,) = write(project, tmp_path / "out").parts
    dataset = pydicom.dcmread(tmp_path / "out" / part.path)
    assert dataset.SyntheticData == "YES" and part.facts["synthetic"] is True
    assert dataset.SeriesDescription.startswith("SYNTHETIC. ")


def test_every_shape_keeps_place_size_and_image(tmp_path: Path) -> None:
    project = MadeProject(write_series(tmp_path / "ct"))
    frame = project.frames()[2]
    square = ((2.0, 2.0), (10.0, 2.0), (10.0, 10.0), (2.0, 10.0))
    hole = ((4.0, 4.0), (6.0, 4.0), (6.0, 6.0), (4.0, 6.0))
    project.draw(Polygon(points=square, holes=(hole,)), 1, frame)
    project.draw(Ellipse(cx=8, cy=6, rx=2, ry=3), 1, frame)
    project.paint({f: blob(12, 16, 6, 6, 3) for f in project.frames()[1:3]})
    project.draw(Point(x=1, y=1), 1, frame)
    holed, ellipse, painted = read(project, tmp_path / "out")
    assert holed.points == tuple(v for p in (*square, square[0]) for v in p)
    assert holed.numbers[0].value == pytest.approx((64 - 4) * MM_X * MM_Y, abs=1e-4)
    assert ellipse.graphic == "ELLIPSE"
    assert ellipse.points == (8, 9, 8, 3, 10, 6, 6, 6)  # ends of the long axis, then of the short
    assert ellipse.numbers[0].value == pytest.approx(math.pi * 6 * MM_X * MM_Y, abs=1e-4)
    assert painted.graphic == "" and len(painted.numbers) == 2
    pixels = int(blob(12, 16, 6, 6, 3).sum())
    assert painted.numbers[0].value == pytest.approx(pixels * MM_X * MM_Y, abs=1e-4)
    uids = [project.instances[f.instance_id].sop_instance_uid for f in project.frames()[1:3]]
    assert [n.sop_instance_uid for n in painted.numbers] == uids
    assert holed.numbers[0].sop_instance_uid == uids[1]


def test_the_calibration_stands_with_each_number(tmp_path: Path) -> None:
    project = MadeProject([write_radiograph(tmp_path / "xr")])
    project.draw(Polyline(points=((0.0, 0.0), (10.0, 0.0))), 1)
    (group,) = read(project, tmp_path / "detector")
    assert group.numbers[0].method[0] == "CAL-DETECTOR"
    series_id = next(iter(project.series))
    project.calibrations[series_id] = Calibration(
        id=series_id,
        case_id=project.case_of(series_id),
        series_id=series_id,
        reader_id=project.readers[0].id,
        mm_per_px=0.5,
    )
    (group,) = read(project, tmp_path / "ruler")
    number = group.numbers[0]
    assert (number.value, number.unit, number.method[0]) == (5.0, "mm", "CAL-USER")
    project.calibrations.clear()
    for key, instance in project.instances.items():
        project.instances[key] = replace(instance, spacing_mm=None)
    (group,) = read(project, tmp_path / "none")
    number = group.numbers[0]
    assert (number.value, number.unit, number.method[0]) == (10.0, "{pixels}", "CAL-NONE")


def test_answers_about_a_region_are_coded(tmp_path: Path) -> None:
    project = MadeProject(write_series(tmp_path / "ct"))
    project.draw(Box(x0=1, y0=1, x1=5, y1=6), 1, attributes={"solid": True, "share": 0.5})
    (group,) = read(project, tmp_path / "out")
    ((_name, value),) = group.evaluations
    assert value == ("373066001", "SCT")


def test_nothing_of_the_patient_is_in_a_report_unless_asked(tmp_path: Path) -> None:
    project = MadeProject(write_series(tmp_path / "ct"))
    project.draw(Ellipse(cx=8, cy=6, rx=3, ry=2), comment="CANARYCOMMENT")
    (part,) = write(project, tmp_path / "out").parts
    raw = (tmp_path / "out" / part.path).read_bytes()
    assert not [c for c in CANARIES if c in raw]
    dataset = pydicom.dcmread(tmp_path / "out" / part.path)
    assert str(dataset.PatientID).startswith("P-") and dataset.PatientIdentityRemoved == "YES"
    (part,) = write(project, tmp_path / "kept", keep_patient=True).parts
    kept = pydicom.dcmread(tmp_path / "kept" / part.path)
    assert kept.PatientName == "Canary^Patient"
    assert tool("dciodvfy", tmp_path / "kept" / part.path).returncode == 0


def test_a_region_beside_the_image_keeps_its_number_without_an_outline(tmp_path: Path) -> None:
    project = MadeProject(write_series(tmp_path / "ct"))
    project.draw(Box(x0=-3, y0=1, x1=5, y1=6), 1)
    (group,) = read(project, tmp_path / "out")
    assert group.graphic == "" and group.numbers[0].value == pytest.approx(40 * MM_X * MM_Y)


def test_photographs_have_none_and_changed_files_stop_it(tmp_path: Path) -> None:
    write_photo(tmp_path / "photo")
    photo = MadeProject([tmp_path / "photo"])
    photo.draw(Box(x0=1, y0=1, x1=5, y1=6), 1)
    assert not write(photo, tmp_path / "none").parts
    paths = write_series(tmp_path / "ct")
    project = MadeProject(paths)
    project.draw(Ellipse(cx=8, cy=6, rx=3, ry=2), frame=project.frames()[0])
    for path in paths:
        path.write_bytes(path.read_bytes()[:-2] + b"xx")
    with pytest.raises(FileProblem, match="not the one that was drawn on"):
        write(project, tmp_path / "out")


def test_a_number_that_was_changed_is_found(tmp_path: Path) -> None:
    project = MadeProject(write_series(tmp_path / "ct"))
    project.draw(Polyline(points=((1.0, 1.0), (4.0, 5.0))), 1)
    done = write(project, tmp_path / "out")
    path = tmp_path / "out" / done.parts[0].path
    dataset = pydicom.dcmread(path)
    group = dataset.ContentSequence[-1].ContentSequence[0]
    number = next(i for i in group.ContentSequence if i.ValueType == "NUM")
    number.MeasuredValueSequence[0].NumericValue = "3.85"
    dataset.save_as(path)
    with pytest.raises(Mismatch, match="a number of"):
        SrExporter().compare(
            project.snapshot(), tmp_path / "out", BundleOptions(), done, project.pool, Progress()
        )
