"""What every exporter promises; the test runs over all that are registered."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from desktop.domain.contracts import Progress
from desktop.domain.errors import Cancelled, PluginProblem
from desktop.exchange.exporter import (
    BundleOptions,
    Exporter,
    Mismatch,
    Written,
    exporters,
    register,
    unregister,
)
from tests.exchange.made import MadeProject, all_files

ALL = [pytest.param(e, id=e.name) for e in exporters()]
# the log, what readers prefer and what was counted before do not depend on the regions
OF_LABELS = [p for p in ALL if p.id not in ("audit", "preference", "rules", "quality")]
DOCUMENTS = {"tables/datapackage.json"}  # says nothing of its own


def write(exporter: Exporter, project: MadeProject, folder: Path) -> Written:
    folder.mkdir(exist_ok=True)
    return exporter.write(project.snapshot(), folder, BundleOptions(), project.pool, Progress())


def compare(exporter: Exporter, project: MadeProject, folder: Path, done: Written) -> int:
    return exporter.compare(
        project.snapshot(), folder, BundleOptions(), done, project.pool, Progress()
    )


@pytest.mark.parametrize("exporter", ALL)
def test_it_has_a_name_a_title_and_a_suffix(exporter: Exporter) -> None:
    assert exporter.name.isidentifier()
    assert exporter.title
    assert exporter.suffix.startswith(".")


@pytest.mark.parametrize("exporter", ALL)
def test_it_says_of_every_file_that_it_wrote_it(
    exporter: Exporter, filled: MadeProject, tmp_path: Path
) -> None:
    done = write(exporter, filled, tmp_path / "out")
    there = {p.relative_to(tmp_path / "out").as_posix() for p in all_files(tmp_path / "out")}
    assert there == {p.path for p in done.parts}
    assert there or exporter.name == "rules"  # no rule was run in this project


@pytest.mark.parametrize("exporter", ALL)
def test_it_writes_the_same_bytes_again(
    exporter: Exporter, filled: MadeProject, tmp_path: Path
) -> None:
    first, second = (write(exporter, filled, tmp_path / name) for name in "ab")
    assert first == second
    for part in first.parts:
        one, two = ((tmp_path / name / part.path).read_bytes() for name in "ab")
        assert one == two, part.path


@pytest.mark.parametrize("exporter", ALL)
def test_comparing_what_it_wrote_finds_nothing(
    exporter: Exporter, filled: MadeProject, tmp_path: Path
) -> None:
    done = write(exporter, filled, tmp_path / "out")
    voxels = compare(exporter, filled, tmp_path / "out", done)
    assert (voxels > 0) == (
        exporter.name in {"coco", "png", "nifti", "npy", "seg", "preference", "labelbox"}
    )


@pytest.mark.parametrize("exporter", OF_LABELS)
def test_comparing_with_other_labels_finds_a_difference(
    exporter: Exporter, filled: MadeProject, tmp_path: Path
) -> None:
    """Every label is moved by one pixel between writing and reading back."""
    done = write(exporter, filled, tmp_path / "out")
    snapshot = filled.snapshot()
    moved = filled.snapshot(
        annotations_of=lambda case: [
            type(a)(**{**_fields(a), "geometry": a.geometry and a.geometry.shifted(1, 1)})
            for a in snapshot.annotations_of(case)
            if a.target.frame is not None
        ],
    )
    with pytest.raises(Mismatch):
        exporter.compare(moved, tmp_path / "out", BundleOptions(), done, filled.pool, Progress())


@pytest.mark.parametrize("exporter", ALL)
def test_a_cancelled_job_stops(exporter: Exporter, filled: MadeProject, tmp_path: Path) -> None:
    progress = Progress()
    progress.cancel()
    (tmp_path / "out").mkdir()
    with pytest.raises(Cancelled):
        exporter.write(filled.snapshot(), tmp_path / "out", BundleOptions(), filled.pool, progress)


def test_two_exporters_never_share_a_name(filled: MadeProject) -> None:
    class Other:
        name = "coco"
        title = "Another"
        suffix = ".json"

        def write(self, *_arguments: object) -> Written:
            return Written()

        def compare(self, *_arguments: object) -> int:
            return 0

    with pytest.raises(PluginProblem, match="same name"):
        register(Other())
    Other.name = "other"
    register(Other())
    try:
        assert "other" in {e.name for e in exporters()}
    finally:
        unregister("other")
    assert "other" not in {e.name for e in exporters()}


@pytest.mark.parametrize("exporter", ALL)
def test_a_file_that_rots_before_it_is_compared_is_found(
    exporter: Exporter, filled: MadeProject, tmp_path: Path
) -> None:
    """Every file is emptied in turn; what can't be read may raise whatever its reader raises."""
    done = write(exporter, filled, tmp_path / "out")
    for part in done.parts:
        if part.path in DOCUMENTS or part.title == "Place of each frame":
            continue
        path = tmp_path / "out" / part.path
        kept = shutil.copy(path, tmp_path / "kept")
        path.write_bytes(b"")
        with pytest.raises(Exception, match=r"."):
            compare(exporter, filled, tmp_path / "out", done)
        shutil.copy(kept, path)


def _fields(record: object) -> dict[str, object]:
    return {name: getattr(record, name) for name in record.__struct_fields__}  # type: ignore[attr-defined]
