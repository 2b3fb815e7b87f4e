"""What rules read of files: header attributes from a list, and report texts."""

from __future__ import annotations

from pathlib import Path

from pydicom import Dataset
from pydicom.sequence import Sequence

from desktop.imaging.report_text import LARGEST_BYTES, read_reports
from desktop.imaging.rule_tags import RULE_TAGS, read_rule_tags
from tests.imaging import made

_NAMES_PEOPLE = (
    "Name", "ID", "Date", "Time", "UID", "Address", "Physician", "Operator", "Accession",
    "Institution", "Description", "Comments", "Station", "Serial", "History", "Protocol",
)  # fmt: skip


def save(path: Path, data_set: Dataset) -> str:
    data_set.save_as(path, enforce_file_format=True)
    return str(path)


def test_attributes_are_read_by_name_and_nothing_else(tmp_path: Path) -> None:
    file = save(
        tmp_path / "a.dcm",
        made.ct(PatientAge="063Y", BodyPartExamined="CHEST", ImageType=["ORIGINAL", "PRIMARY"]),
    )
    (tmp_path / "b.txt").write_text("no image")
    (tmp_path / "c.dcm").write_bytes(Path(file).read_bytes()[:200])
    found, text, broken = read_rule_tags([file, str(tmp_path / "b.txt"), str(tmp_path / "c.dcm")])
    assert found["Modality"] == "CT" and found["PatientAge"] == "063Y"
    assert found["ImageType"] == "ORIGINAL\\PRIMARY"
    assert found["PixelSpacing"] == "0.5\\0.25" and found["Rows"] == "6"
    assert set(found) <= set(RULE_TAGS)
    assert not any("Made" in value or "made" in value for value in found.values())
    assert text == {} and broken == {}


def test_the_list_names_nobody() -> None:
    known = {"ManufacturerModelName", "ExposureTime", "EchoTime", "RepetitionTime", "InversionTime"}
    assert not [t for t in RULE_TAGS if t not in known and any(w in t for w in _NAMES_PEOPLE)]


def test_very_old_patients_are_not_singled_out(tmp_path: Path) -> None:
    file = save(tmp_path / "a.dcm", made.ct(PatientAge="103Y"))
    assert read_rule_tags([file])[0]["PatientAge"] == "090Y"


def test_plain_reports_in_several_codings(tmp_path: Path) -> None:
    texts = {"utf8": "Größe 4 mm\r\n", "utf16": "Größe 4 mm", "cp1252": "Größe 4 mm"}
    paths = []
    for coding, words in texts.items():
        path = tmp_path / f"{coding}.txt"
        path.write_bytes(words.encode(coding))
        paths.append(str(path))
    assert [r.text.strip() for r in read_reports(paths)] == ["Größe 4 mm"] * 3


def test_what_is_no_report_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "large.txt").write_bytes(b"a" * (LARGEST_BYTES + 1))
    (tmp_path / "binary.txt").write_bytes(b"ab\0\0c")
    image = save(tmp_path / "image.dcm", made.ct())
    found = read_reports([str(tmp_path / "large.txt"), str(tmp_path / "binary.txt"), image])
    assert [r.text for r in found] == ["", "", ""]
    assert "larger" in found[0].problem
    assert "not a text" in found[1].problem
    assert "image" in found[2].problem


def test_a_structured_report_is_read_in_its_order(tmp_path: Path) -> None:
    report = made.ct()
    del report.PixelData
    report.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    report.file_meta.MediaStorageSOPClassUID = report.SOPClassUID
    report.StudyInstanceUID = "1.2.3.9"
    report.ValueType = "CONTAINER"
    report.ContentSequence = Sequence([_text("Findings", "A nodule."), _text("", "No effusion.")])
    (found,) = read_reports([save(tmp_path / "sr.dcm", report)])
    assert found.text == "Findings: A nodule.\nNo effusion."
    assert found.study_instance_uid == "1.2.3.9"


def _text(name: str, words: str) -> Dataset:
    item = Dataset()
    item.ValueType, item.TextValue = "TEXT", words
    if name:
        concept = Dataset()
        concept.CodeValue, concept.CodingSchemeDesignator, concept.CodeMeaning = "1", "99X", name
        item.ConceptNameCodeSequence = Sequence([concept])
    return item
