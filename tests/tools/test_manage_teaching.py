"""Teacher, student and made-up images without a window."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from desktop.domain.split import SYNTHETIC_TAG
from desktop.workspace.workspace import Workspace
from tests.workspace.made_outlines import MadeOutlines
from tools import manage


def test_outlines_are_taught_and_images_are_made_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    made = MadeOutlines(tmp_path, count=3)
    for case_id in made.cases[:2]:
        made.outline(case_id)
    path = made.room.path
    made.room.close()

    def run(verb: str, *words: object) -> tuple[int, str]:
        code = manage.main([verb, str(path), *map(str, words), "--reader", "Ada"])
        said = capsys.readouterr()
        return code, said.out + said.err

    assert run("teach", "--outlines", "nothing")[0] == 2
    assert run("teach", "--question", "nothing")[0] == 2
    table = tmp_path / "outlines.csv"
    code, said = run(
        "teach", "--outlines", "parts", "--label", "--sure", "Organ=0.2", "--sure", "2=1",
        "--table", table,
    )  # fmt: skip
    assert code == 0 and "It outlined 1 open case," in said and "from 0.200 up" in said
    assert "0 set aside for people" in said
    with table.open(encoding="utf-8") as file:
        assert {row["part"] for row in csv.DictReader(file)} == {"train"}
    code, said = run("teach", "--outlines", "parts", "--student")
    assert code == 2 and "Outlines need no student" in said
    code, said = run("synthetic")
    assert code == 0 and "ct-phantom" in said and "derive lesion" in said and "bias" in said
    assert run("synthetic", "ct-phantom")[0] == 2, "it asks where to"
    into = tmp_path / "made"
    code, said = run(
        "synthetic", "ct-phantom", "--count", 2, "--side", 64, "--into", into, "--set", "blur=1"
    )
    assert code == 0 and said.startswith("2 synthetic cases with labels added")
    assert run("synthetic", "ct-phantom", "--set", "wings=2", "--into", into)[0] == 2
    code, said = run(
        "derive", "1", "lesion", "--class", "lesion", "--at", 40, 40, "--into", into, "--seed", 3,
        "--set", "size=12",
    )  # fmt: skip
    assert code == 0 and "1 synthetic case with labels added" in said
    with Workspace.open(path, reader_name="Ada") as room:
        tagged = [c.case for c in room.cases(limit=100) if SYNTHETIC_TAG in c.case.tags]
        assert len(tagged) == 3 and room.verify().ok
