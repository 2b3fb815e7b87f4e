"""Scribbles from files, a prediction, and a region of it, without a window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from desktop.domain.annotation import Origin
from desktop.workspace.workspace import Workspace
from tests.workspace.made_pixels import LESION, ORGAN, OUTSIDE, MadePixels, dice
from tools import manage


def test_strokes_from_files_are_predicted_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    made = MadePixels(tmp_path)
    truth, number = made.truth, made.frames.index(made.frame) + 1
    files = {}
    for class_id in (ORGAN, OUTSIDE):
        files[class_id] = tmp_path / f"{class_id}.png"
        Image.fromarray(made.stroke(class_id).astype(np.uint8) * 255).save(files[class_id])
    path, case_id = made.room.path, made.case_id
    made.room.close()

    def run(verb: str, *words: object) -> tuple[int, str]:
        code = manage.main([verb, str(path), "1", *map(str, words), "--reader", "Ada"])
        said = capsys.readouterr()
        return code, said.out + said.err

    code, said = run("predict", "--frame", number)
    assert code == 2 and "Paint at least two classes" in said
    assert run("label", "organ", "--mask", files[ORGAN], "--frame", number)[0] == 0
    code, said = run("predict", "--frame", number, "--rest", files[OUTSIDE])
    assert code == 0 and said.splitlines()[0].startswith("anything else") and "Organ" in said
    code, said = run("predict", "--frame", number, "--keep", "organ")
    assert code == 0 and said.endswith("Kept: Organ.\n")
    with Workspace.open(path, reader_name="Ada") as room:
        (kept,) = [a for a in room.annotations(case_id) if a.origin is Origin.MODEL]
        (part,) = [s for s in room.mask_slices(case_id) if s.annotation_id == kept.id]
        assert dice(room.mask(part), truth != OUTSIDE) > 0.8
        assert room.verify().ok
    code, said = run("predict", "--frame", number, "--ask")
    first = said.splitlines()[0]
    assert code == 0 and "Between “Organ” and anything else" in said
    x, y = first.split()[:2]
    assert run("predict", "--frame", number, "--ask", "--patch", x, y, "lesion")[0] == 0
    with Workspace.open(path, reader_name="Ada") as room:
        marks = room.pixels.marks(case_id, made.frame)
        assert marks is not None and marks[int(float(y)), int(float(x))] == LESION
    assert run("predict", "--ask", "--patch", "here", y, "lesion")[0] == 2
