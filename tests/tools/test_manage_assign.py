"""A lead who gives out work and measures it, without a window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from desktop.workspace.access.keys import WorkstationKey, fingerprint_of
from tools import manage

ROOT = Path(__file__).resolve().parents[2]


def test_a_batch_goes_out_as_packages_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(home: str, *words: object) -> tuple[int, str]:
        monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / home))
        code = manage.main([str(w) for w in words])
        said = capsys.readouterr()
        return code, said.out + said.err

    images = tmp_path / "images"
    images.mkdir()
    for n in range(4):
        pixels = np.full((30, 40), 20 * n, dtype=np.uint8)
        Image.fromarray(pixels).save(images / f"{n}.png")
    project, out, bundle = (tmp_path / n for n in ("p.rroom", "out", "bundle"))
    out.mkdir()
    lead = ("--reader", "Lead")
    assert run("lead", "create", project, *lead)[0] == 0
    assert run("lead", "import", project, images, *lead)[0] == 0
    schema = ROOT / "resources" / "schemas" / "tissue-photo.json"
    assert run("lead", "schema", project, schema, *lead)[0] == 0
    for name in ("Ada", "Grace"):
        assert run("lead", "add-reader", project, name, *lead)[0] == 0
    assert run("lead", "gold", project, 4, *lead)[0] == 2, "there is no answer yet"
    box = ("--box", 2, 2, 9, 9)
    assert run("lead", "label", project, 4, "Positive cell", *box, *lead)[0] == 0
    quality, done = ("stain-quality", "good"), ("mark", project, 4, "done", *lead)
    assert "required question is open" in run("lead", *done)[1]
    assert run("lead", "answer", project, 4, *quality, *lead)[0] == run("lead", *done)[0] == 0
    code, said = run("lead", "gold", project, 4, "--concept", "Cells", *lead)
    assert code == 0 and "is gold" in said
    words = ("--count", 3, "--overlap", 1, "--gold", 0.5, "--gold-first", 0.5, "--seed", "s")
    code, said = run("lead", "batch", project, "First", "Ada", "Grace", *words, *lead)
    assert code == 0 and "up to 3 cases" in said, said
    assert run("lead", "batch", project, "Next", "Nobody", *lead)[0] == 2
    code, said = run("lead", "package", project, out, "Ada", "Grace", *lead)
    assert code == 0 and said.count("cases") == 2, said
    package = out / "p - Ada.rroom"
    assert package.exists(), list(out.iterdir())
    for number in (1, 2, 3):
        code, said = run("ada", "label", package, number, "Positive cell", *box)
        strong = ("intensity", "strong", "--region", said.strip())
        tries = (strong[:2], strong, quality)  # the first does not say of which region
        assert [run("ada", "answer", package, number, *t)[0] for t in tries] == [2, 0, 0]
        assert run("ada", "mark", package, number, "done")[0] == 0
    assert run("ada", "export", package, bundle)[0] == 0
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "ada"))
    fingerprint = fingerprint_of(WorkstationKey.load().public_hex)
    assert run("lead", "trust", project, bundle, fingerprint, *lead)[0] == 0
    assert run("lead", "merge", project, bundle, *lead)[0] == 0
    code, said = run("lead", "batches", project, *lead)
    assert code == 0 and "3 cases, 3 of them read by 2" in said
    assert "Grace: 0 of 3 closed, 3 handed out" in said
    assert run("lead", "overlap", project, 1, 0, *lead)[0] == 0
    assert "0 of them read by" in run("lead", "batches", project, *lead)[1]
    assert run("lead", "overlap", project, 7, 0, *lead)[0] == 2
    assert run("lead", "gold-scores", project, *lead)[0] == 0
    assert run("lead", "gold", project, 4, "--remove", *lead)[0] == 0
