"""Schemas and notes without a window: out, changed in an editor of one's own, in as version 2."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tools import manage

ROOT = Path(__file__).resolve().parents[2]


def test_a_schema_goes_out_and_comes_back_as_the_next_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))

    def run(*words: object) -> tuple[int, str]:
        code = manage.main([str(w) for w in (*words, "--reader", "Lead")])
        said = capsys.readouterr()
        return code, said.out + said.err

    photo, project, out = (tmp_path / n for n in ("photo.png", "p.rroom", "out.json"))
    Image.fromarray(np.arange(1200, dtype=np.uint8).reshape(30, 40)).save(photo)
    assert run("create", project)[0] == 0
    assert run("import", project, photo)[0] == 0
    assert run("schema", project, ROOT / "resources/schemas/tissue-photo.json")[0] == 0
    assert run("schema-out", project, "tissue-photo@1", out)[0] == 0
    code, said = run("schema-save", project, out)
    assert code == 2 and "Nothing has changed" in said
    out.write_text(out.read_text().replace('"Gland"', '"Gland or duct"'))
    assert run("schema-save", project, out) == (0, "Saved: tissue-photo@2.\n")
    lines = run("schemas", project)[1].splitlines()
    assert [line.split()[0] for line in lines] == ["tissue-photo@1", "tissue-photo@2"]
    assert lines[0].endswith("0 cases") and lines[1].endswith("1 cases")
    assert run("verify", project)[0] == 0


def test_a_note_is_told_and_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))

    def run(*words: object) -> tuple[int, str]:
        code = manage.main([str(w) for w in (*words, "--reader", "Lead")])
        said = capsys.readouterr()
        return code, said.out + said.err

    photo, project = tmp_path / "photo.png", tmp_path / "p.rroom"
    Image.fromarray(np.arange(1200, dtype=np.uint8).reshape(30, 40)).save(photo)
    assert run("create", project)[0] == 0
    assert run("import", project, photo)[0] == 0
    told = run("note", project, 1, "--comment", "blurred", "--confidence", 2, "--flag", "show")
    assert told == (0, "Comment: blurred\nConfidence: 2\nFlag: show\n")
    assert run("note", project, 1, "--confidence", 0, "--flag", "")[1].endswith(
        "Confidence: –\nFlag: –\n"
    )
    assert run("note", project, 7)[0] == 2
    assert run("note", project, 1, "--confidence", 9)[0] == 2
