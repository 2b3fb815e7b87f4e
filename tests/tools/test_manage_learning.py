"""Splits and learning rounds without a window."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from msgspec.structs import replace

from desktop.commands.annotation import AddAnnotation
from desktop.domain.annotation import Origin
from desktop.domain.split import Part
from tests.workspace.made import MadeProject
from tests.workspace.made_lessons import Lessons
from tests.workspace.test_splits import at_sites
from tools import manage


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))


def test_patients_are_dealt_moved_listed_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = MadeProject(tmp_path, cases=20)
    at_sites(made, {"North": 4})
    made.draw(case=2)
    made.ws.run(AddAnnotation(annotation=replace(made.region(case=5), origin=Origin.MODEL)))
    made.close()

    def run(*words: object) -> tuple[int, str]:
        code = manage.main(["splits", str(made.path), "--reader", "Ada", *map(str, words)])
        said = capsys.readouterr()
        return code, said.out + said.err

    code, said = run()
    assert code == 0 and said.splitlines()[1].split() == ["patients", "0", "0", "0", "20"]
    code, said = run("--deal", "--seed", 4, "--test", 0.2)
    assert code == 0 and "Dealt: 13 train, 3 validation, 4 test. P-000005 has machine-made" in said
    parts = made.reopen_closed().splits.of_patients()
    made.close()
    assert sum(part is Part.TEST for part in parts.values()) == 4
    code, said = run("--move", "P-000002", "test", "--patients")
    assert code == 0 and "Nodule" in said
    (line,) = [row for row in said.splitlines() if row.startswith("P-000002 ")]
    assert line.split()[1:] == ["test", "1", "case", "North", "by", "hand"]
    code, said = run("--move", "P-000005", "test")
    assert code == 2 and "can't enter the test set" in said
    assert run("--move", "P-000005", "nowhere")[0] == 2
    table = tmp_path / "split.csv"
    code, said = run("--deal-again", "--by-site", "--table", table)
    assert code == 0
    with table.open(encoding="utf-8", newline="") as file:
        rows = {row["patient"]: row for row in csv.DictReader(file)}
    assert len(rows) == 20
    assert len({rows[f"P-00000{n}"]["part"] for n in range(4)}) == 1
    assert run("--table", tmp_path / "no" / "where.csv")[0] == 2


def test_a_round_is_started_listed_with_reasons_and_drawn_as_a_curve(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lessons = Lessons(tmp_path / "lessons", count=24)
    path = lessons.ws.path
    lessons.ws.close()

    def run(*words: object) -> tuple[int, str]:
        code = manage.main(["learning", str(path), "--reader", "Ada", *map(str, words)])
        said = capsys.readouterr()
        return code, said.out + said.err

    assert run() == (0, "What is it (Lessons)\n")
    code, said = run("--start", "--size", 6)
    assert code == 0 and "Round 1 is ready." in said
    asked = [row for row in said.splitlines() if " open " in row]
    assert len(asked) == 6
    lessons.open()
    queue = lessons.ws.learning.queue(lessons.topic)
    for row, line in zip(asked, queue, strict=True):
        assert line.query.reason and row.endswith(line.query.reason)
    lessons.answer_queue()
    lessons.ws.close()
    code, said = run("--start")
    assert code == 0 and sum(" open " in row for row in said.splitlines()) == 6
    number = next(row for row in said.splitlines() if " open " in row).split()[0]
    code, said = run("--skip", number, "--why", "Too noisy")
    assert code == 0 and "passed over" in said and "(Too noisy)" in said
    assert run("--skip", "nobody", "--why", "x")[0] == 2
    code, said = run("--methods")
    assert code == 0 and "sampler    margin" in said and "extractor  texture" in said
    assert run("--start", "--sampler", "nothing")[0] == 2
    code, said = run("--suggest", 0.0)
    assert code == 0 and "18 answers are suggested." in said
    code, said = run("--curve")
    assert "Round   2:     6 of 24 labelled" in said and "random checks" in said
    code, said = run("--question", "nothing")
    assert code == 2 and "There are: kind, clear." in said
