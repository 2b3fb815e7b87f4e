"""CSV tables: valid against their description, safe in a spreadsheet, nothing hidden in them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from frictionless import Package, validate
from hypothesis import given
from hypothesis import strategies as st

from desktop.domain.adjudication import Adjudication, Cause, Ruling, Source
from desktop.domain.geometry import Box
from desktop.exchange.regions import CaseLabels, shown_answers
from desktop.exchange.rows import ruling_rows
from desktop.exchange.tables import TABLES, guarded
from tests.exchange.made import SCHEMA, MadeProject


def table(bundle: Path, name: str) -> list[dict[str, str]]:
    with (bundle / f"tables/{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_frictionless_finds_every_table_valid(bundle: Path) -> None:
    report = validate(str(bundle / "tables/datapackage.json"))
    assert report.valid, report.flatten(["rowNumber", "fieldName", "type", "message"])
    names = {r.name for r in Package(str(bundle / "tables/datapackage.json")).resources}
    assert names == {"cases", "images", "annotations", "answers", "adjudications", "measurements"}


def test_frictionless_is_a_gate(bundle: Path, tmp_path: Path) -> None:
    for path in (bundle / "tables").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    path = tmp_path / "annotations.csv"
    path.write_text(path.read_text().replace(",3,Vessel,", ",three,Vessel,", 1))
    assert not validate(str(tmp_path / "datapackage.json")).valid


def test_hidden_answers_are_not_exported(bundle: Path) -> None:
    answers = [r for r in table(bundle, "answers") if not r["annotation_id"]]
    assert {r["question_id"] for r in answers} == {"quality", "count"}
    regions = [r for r in table(bundle, "answers") if r["annotation_id"]]
    assert {r["question_id"] for r in regions} == {"solid"}


def test_an_answer_is_hidden_with_the_question_that_showed_its_question() -> None:
    questions = SCHEMA.case_questions()
    drafts = {"quality": True, "why": "cut", "where": "left"}
    assert shown_answers(questions, drafts) == {"quality": True}
    assert shown_answers(questions, drafts | {"quality": False}) == drafts | {"quality": False}


def test_a_formula_is_only_text_and_a_negative_number_stays_one(bundle: Path) -> None:
    comments = {r["comment"] for r in table(bundle, "annotations")}
    assert comments == {"", "'=HYPERLINK(1)"}
    (count,) = (r for r in table(bundle, "answers") if r["question_id"] == "count")
    assert count["number"] == "-3.0"


@given(st.text(max_size=12))
def test_no_cell_begins_like_a_formula(text: str) -> None:
    cell = guarded(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell in (text, "'" + text)


def test_negative_cases_and_unread_cases_are_rows(bundle: Path, filled: MadeProject) -> None:
    rows = table(bundle, "cases")
    assert {r["case_id"] for r in rows} == {c.id for c in filled.cases}
    negative = [r for r in rows if r["no_finding"] == "true"]
    assert [(r["case_id"], r["reader"], r["state"]) for r in negative] == [
        (filled.cases[1].id, filled.readers[1].pseudonym, "done")
    ]


def test_every_frame_leads_to_its_file(bundle: Path, filled: MadeProject) -> None:
    rows = {r["frame_key"]: r for r in table(bundle, "images")}
    frames = [f for s in filled.series for f in filled.frames(s)]
    assert set(rows) == {f.key for f in frames}
    for frame in frames:
        instance = filled.instances[frame.instance_id]
        assert rows[frame.key]["file_sha256"] == instance.file_sha256
        assert rows[frame.key]["sop_instance_uid"] == instance.sop_instance_uid


def test_measurements_carry_unit_and_calibration(bundle: Path, filled: MadeProject) -> None:
    rows = table(bundle, "measurements")
    mm = [r for r in rows if r["unit"].startswith("mm")]
    assert {r["calibration"] for r in mm} == {"patient plane", "detector plane"}
    assert {r["calibration"] for r in rows if r["unit"] == "px"} == {"pixels"}
    volumes = [r for r in rows if r["quantity"] == "volume"]
    ct = next(s for s in filled.series.values() if s.regular)
    case = next(c for c in filled.cases if ct.id in c.series_ids)
    for row in volumes:
        assert row["case_id"] == case.id
        region = next(
            r
            for r in CaseLabels(filled.snapshot(), case).regions
            if r.annotation.id == row["annotation_id"]
        )
        voxels = sum(f.mask().sum() for f in region.frames)
        assert float(row["value"]) == pytest.approx(voxels * 0.7 * 0.8 * 2.5)


def test_the_area_of_a_box_is_counted_by_pixel_centres(bundle: Path, filled: MadeProject) -> None:
    boxes = {a.id for a in filled.annotations.values() if isinstance(a.geometry, Box)}
    areas = [
        r
        for r in table(bundle, "measurements")
        if r["annotation_id"] in boxes and r["unit"] == "px"
    ]
    assert {r["value"] for r in areas} == {"16"}  # x from 1.25 to 5: the centres 1.5 to 4.5


def test_rulings_tell_what_was_taken_and_why(filled: MadeProject) -> None:
    case = filled.cases[0]
    ruling = Adjudication(
        id="r1",
        case_id=case.id,
        reader_id=filled.readers[0].id,
        subject="question:quality:",
        verdict=Ruling.ACCEPTED,
        question_id="quality",
        cause=Cause.GUIDELINE_GAP,
        note="Say what is poor",
        sources=(Source(kind="answer", id="a1", reader_id="x", sha256="0" * 64),),
        made_id="a9",
        taken_id="a1",
    )
    snapshot = filled.snapshot(rulings_of=lambda case_id: (ruling,) if case_id == case.id else ())
    (row,) = ruling_rows(CaseLabels(snapshot, case))
    assert (row["ruling"], row["cause"], row["sources"]) == ("accepted", "guideline gap", "a1")
    assert row["class_id"] is None and row["made_id"] == "a9"
    told = next(t for t in TABLES if t.name == "adjudications")
    assert set(row) == set(told.columns)
