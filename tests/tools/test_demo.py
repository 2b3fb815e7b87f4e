"""The demo's images: places in space, pseudonyms, conformance, the fallback without a network."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file

from desktop.imaging import phantom
from tools import demo_data
from tools.demo_data import demo_cases, is_phantom, make_demo_images
from tools.demo_dicom import DemoPatient, copy_renamed, write_slices
from tools.nrrd import read_nrrd
from tools.packages import Unavailable

PATIENT = DemoPatient(9, "Test volume", "BRAIN")


def nrrd(directions: str, extra: str = "") -> bytes:
    head = (
        "NRRD0004\n# made for a test\ntype: short\ndimension: 3\nspace: left-posterior-superior\n"
        f"sizes: 4 3 2\nspace directions: {directions}\nendian: little\nencoding: gzip\n"
        f"space origin: (-10,20.5,-30)\n{extra}\n"
    )
    return head.encode() + gzip.compress(np.arange(24, dtype="<i2").tobytes())


def test_nrrd_axes_run_fastest_first() -> None:
    volume = read_nrrd(nrrd("(0.5,0,0) (0,-0.75,0) (0,0,5)"))
    assert volume.voxels.shape == (2, 3, 4)
    assert volume.voxels[1, 2, 3] == 23
    assert volume.voxels[0, 0, 1] == 1
    assert volume.steps_mm.tolist() == [[0.5, 0, 0], [0, -0.75, 0], [0, 0, 5]]
    assert volume.origin_mm.tolist() == [-10, 20.5, -30]


def test_nrrd_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="not a NRRD"):
        read_nrrd(b"P5 2 2 255\n\n")
    with pytest.raises(ValueError, match="right"):
        read_nrrd(nrrd("(1,0,0) (0,1,0) (0,0,1)").replace(b"left-post", b"right-ant"))


def test_slices_keep_directions_and_come_out_conformant(tmp_path: Path) -> None:
    volume = read_nrrd(nrrd("(0.5,0,0) (0,-0.75,0) (0,0,5)"))
    for modality in ("CT", "MR"):
        assert write_slices(volume, modality, PATIENT, tmp_path / modality) == 2
        second = pydicom.dcmread(tmp_path / modality / "slice-002.dcm")
        assert second.ImageOrientationPatient == [1, 0, 0, 0, -1, 0]
        assert second.ImagePositionPatient == [-10, 20.5, -25]
        assert second.PixelSpacing == [0.75, 0.5]
        values = second.pixel_array.astype(int) + int(second.get("RescaleIntercept", 0))
        assert values.tolist() == volume.voxels[1].tolist()
        assert_conformant(tmp_path / modality / "slice-002.dcm")


def test_the_same_volume_gives_the_same_bytes(tmp_path: Path) -> None:
    volume = phantom.chest(rows=16, columns=16, slices=2)
    digests = set()
    for name in ("a", "b"):
        write_slices(volume, "CT", PATIENT, tmp_path / name)
        digests.add(hashlib.sha256((tmp_path / name / "slice-001.dcm").read_bytes()).hexdigest())
    assert len(digests) == 1


def test_a_copied_file_keeps_its_pixels_and_loses_its_names(tmp_path: Path) -> None:
    raw = Path(str(get_testdata_file("examples_jpeg2k.dcm", download=False))).read_bytes()
    copy_renamed(raw, PATIENT, tmp_path / "copy.dcm")
    old = pydicom.dcmread(pydicom.filebase.DicomBytesIO(raw))
    new = pydicom.dcmread(tmp_path / "copy.dcm")
    assert new.PixelData == old.PixelData
    assert new.file_meta.TransferSyntaxUID == old.file_meta.TransferSyntaxUID
    assert new.SOPInstanceUID == old.SOPInstanceUID
    names = {str(e.value) for e in new.iterall() if e.VR == "PN" and e.value}
    assert names == {PATIENT.name}
    assert (new.PatientID, new.PatientBirthDate) == (PATIENT.id, "")
    assert not [e for e in new.iterall() if e.tag.is_private]


def test_the_phantom_is_asymmetric_in_every_axis() -> None:
    voxels = phantom.chest(rows=64, columns=64, slices=12).voxels.astype(float)
    for axis in range(3):
        assert np.abs(voxels - np.flip(voxels, axis)).mean() > 30
    assert voxels.min() >= -1024
    lung, nodule = (
        (voxels > -950) & (voxels < -750),
        phantom.inside(*phantom.LESIONS[0][:2], 12, 64, 64),
    )
    assert lung.mean() > 0.05
    assert nodule.any()


def test_without_a_package_index_the_demo_is_a_phantom_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_phantom(monkeypatch)

    def unreachable(package: object, say: object) -> Path:
        raise Unavailable("The package could not be fetched.")

    monkeypatch.setattr(demo_data, "fetch", unreachable)
    said: list[str] = []
    folder = make_demo_images(tmp_path, say=said.append)
    assert is_phantom(folder)
    assert any("phantom takes the place" in line for line in said)
    assert [case.schema for case in demo_cases(folder)] == ["chest-ct-nodule", "tissue-photo"]
    assert len(list(folder.glob("*/*.dcm"))) == 3
    assert not (tmp_path / "images").exists()


def test_a_second_run_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_phantom(monkeypatch)
    folder = make_demo_images(tmp_path, real=False, say=lambda line: None)
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*")}
    said: list[str] = []
    assert make_demo_images(tmp_path, real=False, say=said.append) == folder
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*")} == before
    assert said == ["The demo's images are ready in phantom."]


def test_an_unfinished_folder_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_phantom(monkeypatch)
    (tmp_path / "phantom" / "1-chest-phantom").mkdir(parents=True)
    folder = make_demo_images(tmp_path, real=False, say=lambda line: None)
    assert demo_cases(folder)


def test_every_demo_case_has_its_schema() -> None:
    schemas = Path(demo_data.__file__).parents[1] / "resources" / "schemas"
    named = {member[3] for member in demo_data._MEMBERS.values()}
    assert named <= {p.stem for p in schemas.glob("*.json")}


def small_phantom(monkeypatch: pytest.MonkeyPatch) -> None:
    chest = phantom.chest
    monkeypatch.setattr(phantom, "chest", lambda: chest(rows=32, columns=32, slices=3))


def assert_conformant(path: Path) -> None:
    """dciodvfy (dicom3tools) finds no error; a second pair of eyes, not ours."""
    program = Path(sys.executable).parent / "dciodvfy"
    answer = subprocess.run([str(program), str(path)], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert "Error" not in answer.stderr + answer.stdout
