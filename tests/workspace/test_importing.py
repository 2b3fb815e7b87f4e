"""Real files in: imported once, found again when moved, sorted in when they come later."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from desktop.domain.contracts import Progress
from desktop.domain.errors import Cancelled, FileProblem
from desktop.imaging import child
from tests.workspace.made import MadeProject


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    folder = tmp_path / "photographs"
    folder.mkdir()
    rng = np.random.default_rng(1)
    for number in range(3):
        pixels = rng.integers(0, 255, (20, 30, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    (folder / "broken.png").write_bytes((folder / "0.png").read_bytes()[:60])
    shutil.copy(folder / "1.png", folder / "again.png")
    return folder


def test_good_files_become_cases_and_bad_ones_are_listed(
    made: MadeProject,
    photographs: Path,
    children_per_project: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(child, "PER_PROJECT", children_per_project)  # as in the program
    made.reopen()
    report = made.ws.import_images([photographs])
    assert report.added == 3 and len(report.cases) == 3
    assert [r.path.name for r in report.refused] == ["broken.png"]
    assert [d.path.name for d in report.duplicates] == ["again.png"]
    assert made.ws.case_count() == 5
    for case_id in report.cases:
        (ref,) = made.ws.frame_refs(made.ws.series(case_id)[0].id)
        assert made.ws.frames.get(ref).pixels.shape == (20, 30, 3)
    again = made.ws.import_images([photographs])
    assert again.added == 0 and len(again.duplicates) == 4
    assert len(set(made.ws.pool.process_ids)) == children_per_project == 2
    assert made.ws.undo("") is not None
    assert made.ws.case_count() == 2
    assert made.ws.verify().ok


def test_a_moved_file_is_found_again_by_its_content(
    made: MadeProject, photographs: Path, tmp_path: Path
) -> None:
    report = made.ws.import_images([photographs / "0.png"])
    (ref,) = made.ws.frame_refs(made.ws.series(report.cases[0])[0].id)
    moved = tmp_path / "elsewhere" / "other name.png"
    moved.parent.mkdir()
    (photographs / "0.png").rename(moved)
    with pytest.raises(FileProblem, match="not where it was"):
        made.ws.source_path(ref.instance_id)
    assert made.ws.relocate(moved.parent) == 1
    assert made.ws.source_path(ref.instance_id) == moved
    moved.rename(tmp_path / "third.png")
    again = made.ws.import_images([tmp_path / "third.png"])
    assert again.sentence == "0 images in 0 cases added, 1 found again at a new place."
    assert "read from here" in again.duplicates[0].reason
    assert made.ws.source_path(ref.instance_id) == tmp_path / "third.png"


def test_a_cancelled_import_changes_nothing(made: MadeProject, photographs: Path) -> None:
    before = made.ws.state_digest()
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        made.ws.import_images([photographs], progress)
    assert made.ws.state_digest() == before
