"""Models by command line: add, run, decide about suggestions, report."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workspace.made_ct import ct_project
from tools import manage
from tools.make_models import make_samples


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two small CTs, the first with a bright spot; and a folder of sample models."""
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    room = ct_project(tmp_path)
    room.close()
    make_samples(tmp_path / "made")
    return room.path


def test_a_model_is_added_run_and_reported(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(command: str, *words: object) -> tuple[int, str]:
        code = manage.main([command, str(project), *map(str, words)])
        said = capsys.readouterr()
        return code, said.out + said.err

    assert "No models yet" in run("models")[1]
    code, said = run("model-add", tmp_path / "made" / "bright-lesion-segmenter.onnx")
    sha256 = said.split()[-1].rstrip(".")
    assert code == 0 and "segmentation, Apache-2.0" in said
    assert run("model-add", tmp_path / "made" / "click-encoder.onnx")[0] == 0
    listed = run("models")[1]
    assert f"{sha256[:12]}  Bright lesion segmenter: segmentation, Apache-2.0" in listed
    assert "Click outline: prompted outline" in listed
    code, tried = run("model-try", sha256[:10], 1)
    assert code == 0 and "Bright lesion segmenter would make 1 suggestion," in tried
    assert "class 1, on 2 images" in tried
    assert "1 suggestion on 1 case." in run("model-run", sha256[:10], "--case", 1)[1]
    assert "0 suggestions on 1 case, 1 was done before." in run("model-run", sha256)[1]
    assert "2 were done before" in run("model-run", sha256)[1]
    # nothing is a label until somebody says so, and only what reaches the score is accepted
    assert json.loads(run("show", 1)[1])["regions"] == []
    assert (
        "waits     Nodule, mask on 2 images (Bright lesion segmenter)" in run("suggestions", 1)[1]
    )
    assert run("accept", 1) == (
        2,
        "Say which suggestions. Give their numbers, or --above a score.\n",
    )
    assert run("accept", 1, "--above", "1.01")[0] == 2
    assert run("accept", 1, 7)[0] == 2
    assert run("accept", 1, "--above", "0.5")[1] == "accepted: Nodule, mask on 2 images\n"
    (region,) = json.loads(run("show", 1)[1])["regions"]
    assert region["class"] == "Nodule" and region["shape"] == "mask"
    assert "accepted  Nodule" in run("suggestions", 1)[1]
    said = run("help-report")[1]
    assert "1 offered on 2 cases, 1 accepted" in said and "not enough data" in said
    assert run("model-remove", sha256)[0] == 0
    code, said = run("model-run", sha256)
    assert code == 2 and "no such model" in said
    assert run("verify")[0] == 0


def test_a_blind_case_tells_no_suggestion_before_it_is_locked(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(command: str, *words: object) -> tuple[int, str]:
        code = manage.main([command, str(project), *map(str, words)])
        said = capsys.readouterr()
        return code, said.out + said.err

    added = run("model-add", tmp_path / "made" / "bright-lesion-segmenter.onnx")[1]
    run("model-run", added.split()[-1].rstrip("."))
    assert run("arms", 0, 100, 0)[0] == 0
    code, said = run("suggestions", 1)
    assert code == 2 and "Nodule" not in said
    code, said = run("accept", 1, "--above", "0")
    assert code == 2 and "Nodule" not in said
    assert "no answer to lock yet" in run("lock", 1)[1]
    assert run("mark", 1, "no-finding")[0] == 0
    assert run("lock", 1)[0] == 0
    assert "Nodule, mask" in run("suggestions", 1)[1]
    assert run("reject", 1, 1)[0] == 0
    assert json.loads(run("show", 1)[1])["regions"] == []


KILLED = """
import os, signal, sys
from desktop.workspace.workspace import Workspace
from tools import manage

run = Workspace.run

def killed(self, command, *args, **named):
    event = run(self, command, *args, **named)
    if type(command).__name__ == "OfferModelResult":
        os.kill(os.getpid(), signal.SIGKILL)
    return event

Workspace.run = killed
manage.main(sys.argv[1:])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_run_that_was_killed_goes_on_with_the_next_case(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(command: str, *words: object) -> tuple[int, str]:
        code = manage.main([command, str(project), *map(str, words)])
        said = capsys.readouterr()
        return code, said.out + said.err

    added = run("model-add", tmp_path / "made" / "bright-lesion-segmenter.onnx")[1]
    sha256 = added.split()[-1].rstrip(".")
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, "model-run", str(project), sha256],
        cwd=Path(__file__).parents[2], capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert run("verify")[0] == 0
    assert len(run("suggestions", 1)[1].splitlines()) == 1  # of the case that was done
    assert "0 suggestions on 1 case, 1 was done before." in run("model-run", sha256)[1]
    assert len(run("suggestions", 1)[1].splitlines()) == 1 and run("suggestions", 2)[1] == ""
    assert run("verify")[0] == 0


def test_a_card_is_changed_from_a_file_and_a_wrong_one_is_refused(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(command: str, *words: object) -> tuple[int, str]:
        code = manage.main([command, str(project), *map(str, words)])
        said = capsys.readouterr()
        return code, said.out + said.err

    made = tmp_path / "made" / "bright-lesion-segmenter"
    sha256 = run("model-add", made.with_suffix(".onnx"))[1].split()[-1].rstrip(".")
    card = json.loads(run("model-card", sha256[:8])[1])
    assert card["sha256"] == sha256 and card["threshold"] == 0.5
    file = tmp_path / "card.json"
    file.write_text(json.dumps(card | {"threshold": 0.7, "sha256": "0" * 64}))
    assert run("model-card", sha256[:8], file)[0] == 0
    changed = json.loads(run("model-card", sha256)[1])
    assert changed["threshold"] == 0.7 and changed["sha256"] == sha256
    for wrong, words in (
        (json.dumps(card | {"threshold": 7}), "between 0 and 1"),
        ("{", "can't be read"),
    ):
        file.write_text(wrong)
        code, said = run("model-card", sha256, file)
        assert code == 2 and words in said
