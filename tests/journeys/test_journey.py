"""The main job end to end in the real window: read, draw, lose the power, find it, hand over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tools.make_models import make_samples

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    "1-start",
    "2-import",
    "3-case",
    "4-nodule",
    "5-drawn",
    "6-photograph",
    "7-recovery",
    "8-labels",
    "8-log",
    "9-worklist",
    "10-exchange",
    "11-light",
    "12-model",
)


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder that one journey left, and what it said."""
    folder = tmp_path_factory.mktemp("journey")
    model = make_samples(folder / "models")["bright-lesion-segmenter"]
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "READINGROOM_HOME": str(folder / "user"),
    }
    answer = subprocess.run(
        [sys.executable, "-m", "desktop", "--journey", str(folder), str(model)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return folder, answer.stdout


def test_every_step_of_the_journey_held(walked: tuple[Path, str]) -> None:
    folder, said = walked
    assert "✗" not in said
    for words in (
        "killing the program",
        "after the kill, all regions are there",
        "the unfinished stroke is offered back",
        "undo works back across the restart",
        "the bundle's own verifier says: OK",
        "a model ran in a process of its own: ",
        "and the project kept nothing of it",
        "the project verifies",
    ):
        assert words in said, said
    manifest = json.loads((folder / "Journey bundle" / "manifest.json").read_text())
    assert {p["format"] for p in manifest["parts"]} >= {"coco", "nifti", "seg", "table", "events"}


@pytest.mark.parametrize("page", PAGES)
def test_every_page_was_drawn(walked: tuple[Path, str], page: str) -> None:
    """A page that stayed empty has one colour; a window that was cut has another size."""
    with Image.open(walked[0] / "screenshots" / f"{page}.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert pixels.shape == (900, 1440, 3)
    assert len(np.unique(pixels.astype(np.uint32) @ (1 << 16, 1 << 8, 1))) > 30


def test_the_region_drawn_is_on_the_screen(walked: tuple[Path, str]) -> None:
    """Between the case and the drawn case, the image has changed and the rest of it has not."""
    before, after = (
        np.asarray(Image.open(walked[0] / "screenshots" / f"{page}.png").convert("RGB"), np.int16)
        for page in ("3-case", "5-drawn")
    )
    image = np.s_[80:700, 300:950]
    changed = (np.abs(before[image] - after[image]).max(axis=2) > 24).mean()
    assert 0.001 < changed < 0.2
