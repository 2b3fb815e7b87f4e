"""Models by command line: add, run, report."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workspace.made_ct import ct_project
from tools.make_models import make_samples
from tools.manage_models import main


def test_a_model_is_added_run_and_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    room = ct_project(tmp_path)
    project = str(room.path)
    with_spot, without = (line.case.id for line in room.cases())
    room.close()
    made = make_samples(tmp_path / "made")
    file = made["bright-lesion-segmenter"]
    assert main([project, "add", str(file)]) == 0
    sha256 = capsys.readouterr().out.split()[-1].rstrip(".")
    assert main([project, "add", str(made["click-encoder"])]) == 0
    assert main([project, "list"]) == 0
    listed = capsys.readouterr().out
    assert f"{sha256[:12]}  Bright lesion segmenter: segmentation, Apache-2.0" in listed
    assert "Click outline: prompted outline" in listed
    for case_id, words in ((with_spot, "1 suggestions"), (without, "0 suggestions")):
        assert main([project, "try", sha256[:10], case_id]) == 0
        tried = capsys.readouterr().out
        assert f"Bright lesion segmenter would make {words}" in tried
        assert ("class 1, on 2 images" in tried) == (case_id == with_spot)
    assert main([project, "run", sha256[:10]]) == 0
    assert "1 suggestion on 2 cases." in capsys.readouterr().out
    assert main([project, "run", sha256]) == 0
    assert "2 were done before" in capsys.readouterr().out
    assert main([project, "arms", "0", "100", "0"]) == 0
    assert main([project, "report"]) == 0
    said = capsys.readouterr().out
    assert "1 offered on 2 cases" in said and "not enough data" in said
    assert main([project, "remove", sha256]) == 0
    assert main([project, "run", sha256]) == 2
    assert "no such model" in capsys.readouterr().err
