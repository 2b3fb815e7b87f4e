"""A project out of a folder: seen first, made from what was seen, the same patients' keys."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from desktop.domain.contracts import Progress
from desktop.domain.errors import Cancelled, StoreProblem
from desktop.imaging.identifiers import PRIVATE, filled
from desktop.workspace.images.new_project import Survey, look, make
from desktop.workspace.settings import Settings
from tests.imaging.made import ct, save, save_all, stack
from tests.workspace.made import SCHEMA


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    """Two CT series, one with a hole, a photograph twice, and a text."""
    folder = tmp_path_factory.mktemp("images")
    save_all(stack(5), folder / "even")
    holed = stack(6, SeriesInstanceUID="1.2.3.4.9", InstitutionName="Made General")
    save_all(holed[:2] + holed[3:], folder / "holed")
    pixels = np.random.default_rng(2).integers(0, 255, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "photo.png")
    Image.fromarray(pixels).save(folder / "twin.png")
    (folder / "notes.txt").write_text("not an image")
    return look([folder], Progress())


def test_series_are_counted_with_what_is_wrong_with_their_geometry(survey: Survey) -> None:
    lines = {(s.modality, s.images): s for s in survey.series}
    assert set(lines) == {("CT", 5), ("OT", 1)}
    assert survey.sentence == "11 images in 3 series of 2 cases"
    regular = [s for s in survey.series if s.geometry == "Regular, 2 mm apart"]
    assert len(regular) == 1 and not regular[0].warnings
    (odd,) = [s for s in survey.series if s.warnings]
    assert any("missing" in w for w in odd.warnings)
    assert lines["OT", 1].words == "photo.png"


def test_unreadable_files_and_duplicates_are_named(survey: Survey) -> None:
    (refused,) = survey.result.refused
    assert refused.path.name == "notes.txt" and "neither DICOM nor an image" in refused.reason
    (double,) = survey.result.duplicates
    assert double.path.name == "twin.png" and double.same_as is not None
    assert double.same_as.name == "photo.png"


def test_identifying_attributes_are_counted_and_not_told(survey: Survey) -> None:
    found = {i.keyword: i for i in survey.identifiers}
    assert found["PatientName"].files == 10 and found["InstitutionName"].files == 5
    assert "PatientBirthDate" not in found
    assert all("Made" not in i.words for i in found.values())
    assert found["PatientName"].example == "Made Up"


def test_private_attributes_count_as_identifying() -> None:
    data_set = ct(PatientBirthDate="19700101", PatientAddress="")
    data_set.private_block(0x0009, "MADE", create=True).add_new(0x01, "LO", "anything")
    assert {"PatientBirthDate", PRIVATE} <= set(filled(data_set))
    assert "PatientAddress" not in filled(data_set)


def test_a_series_left_out_leaves_no_trace(survey: Survey) -> None:
    photo = next(s for s in survey.series if s.modality == "OT")
    rest = survey.without({photo.id})
    assert rest.sentence == "10 images in 2 series of 1 case"
    assert {i.series_id for i in rest.result.instances} == {s.id for s in rest.series}
    assert len(rest.result.sources) == 10 and photo.id not in rest.result.texts
    assert [c.order for c in rest.result.cases] == [0]
    assert survey.sentence.startswith("11 images"), "the survey itself stays whole"


def test_the_project_is_made_of_what_was_seen(survey: Survey, tmp_path: Path) -> None:
    path = tmp_path / "pilot.rroom"
    settings = Settings(tmp_path / "settings.json")
    made = make(path, title="Pilot", reader_name="Ada", schema=SCHEMA, survey=survey,
                settings=settings)  # fmt: skip
    with made as workspace:
        assert workspace.case_count() == 2
        assert {line.case.schema_id for line in workspace.cases()} == {SCHEMA.id}
        keys = {c.title for c in survey.result.cases}
        assert {line.case.title for line in workspace.cases()} == keys
        again = workspace.import_images(survey.paths)
        assert again.added == 0, "the project knows the images and the patients' keys"
        assert workspace.verify().ok


def test_a_place_that_is_taken_is_refused(survey: Survey, tmp_path: Path) -> None:
    path = tmp_path / "taken.rroom"
    make(path, title="One", reader_name="Ada", schema=SCHEMA).close()
    with pytest.raises(StoreProblem):
        make(path, title="Two", reader_name="Ada", schema=SCHEMA, survey=survey)


def test_looking_can_be_stopped(tmp_path: Path) -> None:
    save(ct(), tmp_path / "one.dcm")
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        look([tmp_path], progress)
