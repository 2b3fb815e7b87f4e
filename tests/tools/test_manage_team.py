"""Two machines and the lead, without a window."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from desktop.workspace.access.keys import WorkstationKey, fingerprint_of
from tools import manage

ROOT = Path(__file__).resolve().parents[2]


def test_a_copy_comes_back_and_is_merged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(home: str, *words: object) -> tuple[int, str]:
        monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / home))
        code = manage.main([str(w) for w in words])
        said = capsys.readouterr()
        return code, said.out + said.err

    photo = tmp_path / "photo.png"
    Image.fromarray(np.arange(1200, dtype=np.uint8).reshape(30, 40)).save(photo)
    project, copy, bundle = (tmp_path / n for n in ("p.rroom", "copy.rroom", "bundle"))
    lead = ("--reader", "Lead")
    assert run("lead", "create", project, *lead)[0] == 0
    assert run("lead", "import", project, photo, *lead)[0] == 0
    schema = ROOT / "resources" / "schemas" / "tissue-photo.json"
    assert run("lead", "schema", project, schema, *lead)[0] == 0
    assert run("lead", "mark", project, 1, "open", "--reader", "Ada")[0] == 0  # Ada joins
    assert run("lead", "hand-out", project, copy, *lead)[0] == 0
    box = ("--box", 2, 2, 9, 9, "--reader", "Ada")
    assert run("ada", "label", copy, 1, "Positive cell", *box)[0] == 0
    assert run("ada", "export", copy, bundle, *lead)[0] == 0
    code, said = run("lead", "merge", project, bundle, *lead)
    assert code == 2 and "does not know" in said
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "ada"))
    fingerprint = fingerprint_of(WorkstationKey.load().public_hex)
    assert run("lead", "trust", project, bundle, "0-0-0-0", *lead)[0] == 2
    assert run("lead", "trust", project, bundle, fingerprint, *lead)[0] == 0
    code, said = run("lead", "merge", project, bundle, "--dry-run", *lead)
    assert code == 0 and said.startswith("Preview")
    assert run("lead", "merge", project, bundle, *lead)[0] == 0
    assert run("lead", "conflicts", project, *lead)[0] == 0
    assert run("lead", "settle", project, "1.1", *lead)[0] == 2
    assert run("lead", "verify", project, *lead)[0] == 0
    code, said = run("lead", "show", project, 1, "--reader", "Ada")
    assert code == 0 and json.loads(said)["regions"][0]["class"] == "Positive cell"
