"""The command line over a made-up project: what it prints, what it refuses, its exit codes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from desktop.domain.annotation import Origin
from desktop.imaging import phantom
from desktop.workspace.workspace import Workspace
from tools import manage
from tools.demo_project import make_demo_project

Run = Callable[..., tuple[int, str]]
READER = "Ada"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small phantom demo, made once: a CT of three slices and a photograph."""
    home = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("READINGROOM_HOME", str(home))
        chest, tissue = phantom.chest, phantom.tissue
        patch.setattr(phantom, "chest", lambda: chest(rows=32, columns=40, slices=3))
        patch.setattr(phantom, "tissue", lambda: tissue(rows=24, columns=30))
        return make_demo_project(home, real=False, reader_name=READER, say=lambda line: None)


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    """A copy of the project of the test's own."""
    return Path(shutil.copy(made, tmp_path / made.name))


@pytest.fixture
def run(project: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(command: str, *arguments: object) -> tuple[int, str]:
        words = [command, str(project), "--reader", READER, *map(str, arguments)]
        code = manage.main(words)
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def shown(run: Run, case: object) -> dict[str, Any]:
    code, text = run("show", case)
    assert code == 0
    return dict(json.loads(text))


def test_the_demo_project_is_listed_with_its_schemas(run: Run) -> None:
    code, text = run("list")
    assert code == 0
    assert "chest-ct-nodule@1" in text
    assert "tissue-photo@1" in text
    assert text.endswith("2 of 2 cases\n")


def test_the_demo_project_says_that_it_is_a_phantom(made: Path) -> None:
    with Workspace.open(made, reader_name=READER, read_only=True) as workspace:
        assert "phantom" in workspace.title


def test_a_demo_that_is_there_is_not_made_again(made: Path) -> None:
    before = made.stat().st_mtime_ns
    assert make_demo_project(made.parent, real=False, say=lambda line: None) == made
    assert made.stat().st_mtime_ns == before


def test_a_box_a_shape_and_masks_become_regions(run: Run, tmp_path: Path) -> None:
    masks = []
    for number in range(2):
        pixels = np.zeros((32, 40), dtype=np.uint8)
        pixels[5 : 9 + number, 10:20] = 255
        masks.append(tmp_path / f"mask-{number}.png")
        Image.fromarray(pixels).save(masks[-1])
    ellipse = '{"shape":"ellipse","cx":20,"cy":16,"rx":5,"ry":3,"angle_deg":0}'
    assert run("label", 1, "Nodule", "--box", 12, 9, 3, 4, "--frame", 2)[0] == 0
    assert run("label", 1, 2, "--geometry", ellipse)[0] == 0
    assert run("label", 1, "lung", "--mask", *masks, "--frame", 2)[0] == 0
    regions = shown(run, 1)["regions"]
    assert [(r["class"], r["shape"]) for r in regions] == [
        ("Nodule", "box"),
        ("Mass", "ellipse"),
        ("Lung", "mask"),
    ]


def test_what_is_written_is_what_was_given(run: Run, project: Path, tmp_path: Path) -> None:
    pixels = np.zeros((32, 40), dtype=np.uint8)
    pixels[5:9, 10:21] = 7
    Image.fromarray(pixels).save(tmp_path / "mask.png")
    run("label", 1, "Nodule", "--box", 12, 9, 3.5, 4, "--frame", 2)
    run("label", 1, "Lung", "--mask", tmp_path / "mask.png", "--frame", 3)
    with Workspace.open(project, reader_name=READER, read_only=True) as workspace:
        case = workspace.cases(0, 1)[0].case
        box, mask = workspace.annotations(case.id)
        refs = workspace.frame_refs(case.series_ids[0])
        assert box.geometry is not None
        assert box.geometry.bounds() == (3.5, 4, 12, 9)
        assert box.target.frame == refs[1]
        assert box.pixels_sha256 == workspace.frames.get(refs[1]).pixels_sha256
        assert box.origin is Origin.DRAWN
        (part,) = workspace.mask_slices(case.id)
        assert (part.annotation_id, part.frame) == (mask.id, refs[2])
        assert np.array_equal(workspace.mask(part), pixels > 0)


def test_images_that_were_moved_are_found(run: Run, project: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.fromarray(np.arange(600, dtype=np.uint8).reshape(20, 30)).save(photos / "a.png")
    assert run("import", photos)[0] == 0
    photos.rename(tmp_path / "other disk")
    assert run("find", tmp_path / "nowhere") == (1, "0 images found again.\n")
    code, said = run("find", tmp_path / "other disk")
    assert (code, said.splitlines()[-1]) == (0, "1 image found again.")


def test_answers_states_and_undo(run: Run) -> None:
    assert run("answer", 1, "image-quality", "good")[0] == 0
    assert run("answer", 1, "emphysema", "no")[0] == 0
    assert run("answer", 1, "nodule-count", "2")[0] == 0
    answers = {"image-quality": "good", "emphysema": False, "nodule-count": 2.0}
    assert shown(run, 1)["answers"] == answers
    assert run("undo", 1)[0] == 0
    assert "nodule-count" not in shown(run, 1)["answers"]
    assert run("redo", 1)[0] == 0
    assert run("redo", 1) == (0, "Nothing to redo.\n")
    assert shown(run, 1)["answers"] == answers
    assert run("answer", 1, "emphysema", "--clear")[0] == 0
    assert run("mark", 1, "done")[0] == 0
    assert shown(run, 1)["state"] == "done"
    assert run("mark", 2, "no-finding")[0] == 0
    assert "no finding" in run("list")[1]
    history = run("history", "--case", 1)[1]
    assert "Mark case done" in history.splitlines()[0]
    assert len(run("history", "--case", 1, "--limit", 2)[1].splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", 9), "no such case"),
        (("show", 0), "no such case"),
        (("label", 1, "Elephant", "--box", 0, 0, 1, 1), "not in the schema"),
        (("label", 1, "Nodule", "--box", 0, 0, 1, 1, "--frame", 9), "no such frame"),
        (("label", 1, "Nodule", "--box", 0, 0, 1, 1, "--series", 2), "no such series"),
        (("label", 1, "Nodule", "--geometry", '{"shape":"blob"}'), "can't be read"),
        (("label", 1, "Nodule", "--geometry", '{"shape":"mask"}'), "Give them as PNG"),
        (("answer", 1, "nodule-count", "many"), "number is needed"),
        (("answer", 1, "nodule-count", "-1"), "out of range"),
        (("answer", 1, "emphysema", "perhaps"), "yes or no"),
        (("answer", 1, "image-quality", "superb"), "does not fit"),
        (("answer", 1, "image-quality"), "answer is needed"),
        (("answer", 1, "shoe-size", "43"), "not in the schema"),
    ],
)
def test_what_can_not_be_done_is_a_sentence_and_changes_nothing(
    run: Run, project: Path, arguments: tuple[Any, ...], words: str
) -> None:
    if arguments[0] == "answer" and arguments[-1] == "-1":
        arguments = (*arguments[:-1], "--", "-1")
    with Workspace.open(project, reader_name=READER, read_only=True) as workspace:
        before = workspace.state_digest()
    code, text = run(*arguments)
    assert code == 2
    assert words in text
    assert "Traceback" not in text
    with Workspace.open(project, reader_name=READER, read_only=True) as workspace:
        assert workspace.state_digest() == before


def test_a_mask_of_another_size_is_refused(run: Run, tmp_path: Path) -> None:
    Image.fromarray(np.ones((4, 5), dtype=np.uint8)).save(tmp_path / "small.png")
    code, text = run("label", 1, "Lung", "--mask", tmp_path / "small.png")
    assert code == 2
    assert "5 by 4 pixels, the frame 40 by 32" in text


def test_importing_again_adds_nothing(run: Run, made: Path) -> None:
    code, text = run("import", made.parent / "phantom" / "1-chest-phantom")
    assert code == 0
    assert "3 were there already" in text


def test_an_encrypted_project_opens_with_its_passphrase_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "words.txt").write_text("correct horse\n")
    path = tmp_path / f"locked{Workspace.suffix}"
    given = ["--reader", READER, "--passphrase-file", str(tmp_path / "words.txt")]
    assert manage.main(["create", str(path), *given, "--title", "Locked"]) == 0
    assert manage.main(["list", str(path), *given]) == 0
    assert manage.main(["list", str(path), "--reader", READER]) == 2
    assert b"SQLite format" not in path.read_bytes()[:100]
    assert capsys.readouterr().err


def test_export_and_verify(run: Run, project: Path, tmp_path: Path) -> None:
    assert run("label", 2, "Positive cell", "--box", 2, 2, 9, 9)[0] == 0
    code, text = run("export", tmp_path / "bundle")
    assert code == 0, text
    assert "2 cases" in text
    assert (tmp_path / "bundle" / "manifest.json").is_file()
    assert len(list((tmp_path / "bundle" / "yolo").rglob("labels/*.txt"))) == 1
    checker = tmp_path / "bundle" / "verify_bundle.py"
    checked = subprocess.run([sys.executable, "-I", str(checker)], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout
    assert run("export", tmp_path / "bundle")[0] == 2
    code, text = run("export", tmp_path / "bundle", "--replace", "--case", 2)
    assert code == 0, text
    assert "1 case " in text
    assert run("export", project)[0] == 2
    code, text = run("verify")
    assert code == 0, text
    assert text.startswith("All holds")


def test_without_a_name_it_is_the_lead_who_works(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Workspace.open(project, reader_name="Zoe").close()  # a second reader, by looking in
    assert manage.main(["mark", str(project), "1", "no-finding"]) == 0
    assert manage.main(["history", str(project), "--limit", "1"]) == 0
    assert f"{READER}: No finding" in capsys.readouterr().out


def test_every_command_has_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        manage.main(["--help"])
    assert left.value.code == 0
    assert "export-preferences" in capsys.readouterr().out
