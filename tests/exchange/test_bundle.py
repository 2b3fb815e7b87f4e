"""A bundle is complete, compared, signed and the same every time; or it is not there."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from desktop.domain.contracts import Progress
from desktop.domain.errors import Cancelled, FileProblem, StoreProblem, UserError
from desktop.domain.geometry import Ellipse
from desktop.exchange import disk
from desktop.exchange.bundle import BundleReport, write_bundle
from desktop.exchange.exporter import BundleOptions, Mismatch, exporters
from desktop.exchange.verify_bundle import check
from desktop.imaging.child import ChildPool
from tests.exchange.conftest import filled_project
from tests.exchange.made import MadeProject, all_files, blob
from tests.exchange.made_images import write_series


@pytest.fixture
def small(tmp_path: Path) -> MadeProject:
    """One CT with one painted mask and one outline."""
    project = MadeProject(write_series(tmp_path / "ct"))
    frames = project.frames()
    project.paint({f: blob(12, 16, 7 + n, 6, 4) for n, f in enumerate(frames[1:4])})
    project.draw(Ellipse(cx=8, cy=6, rx=3, ry=2), class_id=3, frame=frames[0])
    return project


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def manifest_of(bundle: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((bundle / "manifest.json").read_bytes())
    return found


def test_the_manifest_says_what_an_engineer_asks(bundle: Path, filled: MadeProject) -> None:
    manifest = manifest_of(bundle)
    assert manifest["format"] == "readingroom-bundle"
    assert manifest["project"] == {"id": filled.project_id, "title": "Made project"}
    assert [s["id"] for s in manifest["schemas"]] == ["chest@2"]
    assert [c["id"] for c in manifest["schemas"][0]["classes"]] == [1, 3, 7]
    assert {r["pseudonym"] for r in manifest["readers"]} == {r.pseudonym for r in filled.readers}
    assert manifest["counts"]["annotations"] == len(filled.annotations)
    assert manifest["counts"]["events"] == len(filled.lines)
    assert manifest["counts"]["no_finding"] == 1
    assert manifest["origins"] == {"drawn": 25, "model-edited": 4}
    assert manifest["application"]["version"] == "1.0.0"
    assert "pseudonymous" in manifest["deidentification"]["patient"]
    warned = [s for s in manifest["series"] if s["warnings"]]
    assert len(warned) == 1
    assert "Missing slice" in warned[0]["warnings"][0]


def test_every_file_is_in_the_manifest_with_its_hash(bundle: Path) -> None:
    manifest = manifest_of(bundle)
    parts = {p["path"]: p for p in manifest["parts"]}
    there = {p.relative_to(bundle).as_posix() for p in all_files(bundle)}
    assert there == set(parts) | {"manifest.json", "manifest.sig.json"}
    for name, part in parts.items():
        raw = (bundle / name).read_bytes()
        assert part["size"] == len(raw)
        assert part["sha256"] == hashlib.sha256(raw).hexdigest()


def test_the_report_says_what_was_done(written: tuple[Path, BundleReport]) -> None:
    path, report = written
    raw = (path / "manifest.json").read_bytes()
    assert report.manifest_sha256 == hashlib.sha256(raw).hexdigest()
    assert report.case_count == 4
    assert report.compared_voxels == sum(manifest_of(path)["comparison"]["voxels"].values())
    assert report.compared_voxels > 10_000
    assert "none differs" in report.sentence
    assert {n.format for n in report.notes} == {"png", "nifti", "sagemaker", "sr", "labelbox"}


def test_the_same_snapshot_gives_the_same_bytes(filled: MadeProject, out: Path) -> None:
    for name in ("a", "b"):
        write_bundle(filled.snapshot(), out / f"{name}.zip", pool=filled.pool)
    assert (out / "a.zip").read_bytes() == (out / "b.zip").read_bytes()


def test_zip_and_folder_hold_the_same_files(filled: MadeProject, bundle: Path, out: Path) -> None:
    write_bundle(filled.snapshot(), out / "one.zip", pool=filled.pool)
    with zipfile.ZipFile(out / "one.zip") as archive:
        assert archive.namelist() == sorted(archive.namelist())
        packed = {n: archive.read(n) for n in archive.namelist()}
    assert packed == {p.relative_to(bundle).as_posix(): p.read_bytes() for p in all_files(bundle)}
    assert not check(out / "one.zip").faults


def test_nothing_of_a_patient_is_in_any_byte(bundle: Path) -> None:
    for path in all_files(bundle):
        raw = path.read_bytes()
        if path.suffix == ".gz":
            raw = zlib.decompress(raw, wbits=31)
        for word in (b"canary", b"19610203", b"20250405"):
            assert word not in raw.lower(), f"{word!r} in {path.name}"


def test_the_loading_example_of_the_card_works(bundle: Path, filled: MadeProject) -> None:
    text = (bundle / "data_card.md").read_text(encoding="utf-8")
    code = "\n".join(
        line[4:] for line in text.split("## Load it")[1].splitlines() if line.startswith("    ")
    )
    assert len(code.splitlines()) == 10
    ask = "\nprint(labels.shape, int((labels > 0).sum()), files[0], len(files))"
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code + ask],
        cwd=bundle,
        capture_output=True,
        text=True,
        check=True,
    )
    part = [p for p in manifest_of(bundle)["parts"] if p["format"] == "nifti"][-1]
    count = sum(part["facts"]["voxels"].values())
    first = filled.instances[part["facts"]["frames"][0].split(":")[0]].file_sha256
    assert answer.stdout.strip() == f"(16, 12, 5) {count} {first} 5"


def test_the_card_is_for_people(bundle: Path) -> None:
    card = (bundle / "data_card.md").read_text(encoding="utf-8")
    for word in (
        "| chest@2 | 1 | Nodule |",
        "Explicit negatives (a reader said there is nothing to find): 1.",
        "| model-edited | 4 |",
        "| patient plane | 2 |",
        "Missing slice",
        "python verify_bundle.py",
        "pseudonymous keys",
    ):
        assert word in card
    page = (bundle / "data_card.html").read_text(encoding="utf-8")
    assert "<table>" in page
    assert "<script" not in page
    assert "http" not in page


def test_a_hostile_title_is_only_text(small: MadeProject, out: Path) -> None:
    title = "<script>alert(1)</script> | x"
    write_bundle(small.snapshot(title=title), out / "b", pool=small.pool)
    assert "<script" not in (out / "b/data_card.html").read_text(encoding="utf-8")
    assert not check(out / "b").faults


def test_only_the_chosen_cases_and_their_schemas_leave(filled: MadeProject, out: Path) -> None:
    one = filled.cases[0]
    report = write_bundle(
        filled.snapshot(), out / "b", BundleOptions(case_ids=(one.id,)), filled.pool
    )
    assert report.case_count == 1
    others = {c.id for c in filled.cases} - {one.id}
    others |= {s for c in filled.cases[1:] for s in c.series_ids}
    text = b"".join(p.read_bytes() for p in all_files(out / "b"))
    assert not [i for i in others if i.encode() in text]
    assert not check(out / "b").faults
    lines = (out / "b/audit/events.jsonl").read_text().splitlines()
    assert len(lines) == len(filled.lines)
    assert any('"withheld":true' in line for line in lines)


def test_only_done_cases_on_request(filled: MadeProject, small: MadeProject, out: Path) -> None:
    options = BundleOptions(only_done=True)
    report = write_bundle(filled.snapshot(), out / "b", options, filled.pool)
    assert report.case_count == 2
    with pytest.raises(UserError, match="nothing to export"):
        write_bundle(small.snapshot(), out / "c", options, small.pool)


def test_each_format_can_leave_alone(small: MadeProject, out: Path) -> None:
    for exporter in exporters():
        options = BundleOptions(formats=(exporter.name,))
        write_bundle(small.snapshot(), out / exporter.name, options, small.pool)
        assert not check(out / exporter.name).faults
    with pytest.raises(UserError, match="not known"):
        write_bundle(small.snapshot(), out / "x", BundleOptions(formats=("fax",)), small.pool)


def test_an_empty_project_and_a_case_without_labels_are_bundles_too(
    small: MadeProject, out: Path
) -> None:
    small.annotations.clear()
    small.slices.clear()
    report = write_bundle(small.snapshot(), out / "b", pool=small.pool)
    assert report.compared_voxels == 0
    assert manifest_of(out / "b")["classes"]["chest@2"]["1"]["annotations"] == 0
    assert not check(out / "b").faults


def test_another_bundle_is_replaced_only_on_request(small: MadeProject, out: Path) -> None:
    for name in ("b", "b.zip"):
        write_bundle(small.snapshot(), out / name, pool=small.pool)
        with pytest.raises(StoreProblem, match="already something"):
            write_bundle(small.snapshot(), out / name, pool=small.pool)
        newer = small.snapshot(title="Newer")
        write_bundle(newer, out / name, BundleOptions(replace=True), small.pool)
        assert check(out / name).manifest["project"]["title"] == "Newer"
    assert sorted(p.name for p in out.iterdir()) == ["b", "b.zip"]


def test_a_folder_that_is_no_bundle_is_never_replaced(small: MadeProject, out: Path) -> None:
    (out / "thesis").mkdir()
    (out / "thesis/chapter.txt").write_text("years of work")
    with pytest.raises(StoreProblem, match="already something"):
        write_bundle(small.snapshot(), out / "thesis", BundleOptions(replace=True), small.pool)
    assert (out / "thesis/chapter.txt").read_text() == "years of work"


def _no_room(*_arguments: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def _read_only(*_arguments: Any) -> None:
    raise OSError(errno.EROFS, "Read-only file system")


@pytest.mark.parametrize(
    ("fail", "words"), [(_no_room, "not enough room"), (_read_only, "can't be written to")]
)
@pytest.mark.parametrize("nth", [0, 3, 9])
def test_a_failing_disk_is_a_sentence_and_leaves_nothing(
    fail: Callable[..., None],
    words: str,
    nth: int,
    small: MadeProject,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = iter(range(10_000))
    sync = os.fsync
    monkeypatch.setattr(disk.os, "fsync", lambda fd: fail() if next(calls) == nth else sync(fd))
    for name in ("b", "b.zip"):
        with pytest.raises(StoreProblem, match=words):
            write_bundle(small.snapshot(), out / name, pool=small.pool)
        calls = iter(range(10_000))
        assert list(out.iterdir()) == []


def test_a_full_disk_in_earnest(small: MadeProject, out: Path) -> None:
    """The system itself refuses to write more than 4 KB into one file."""
    script = f"""
import resource
from pathlib import Path
from tests.exchange.made import MadeProject
from desktop.exchange.bundle import write_bundle
from desktop.domain.errors import StoreProblem
project = MadeProject([Path({str(out.parent / "ct")!r})])
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    write_bundle(project.snapshot(), Path({str(out / "b")!r}), pool=project.pool)
except StoreProblem as problem:
    print(problem)
"""
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert "not enough room" in answer.stdout, answer.stderr
    assert list(out.iterdir()) == []


def test_a_folder_that_is_gone_is_a_sentence(small: MadeProject, out: Path) -> None:
    with pytest.raises(StoreProblem, match="The folder is gone"):
        write_bundle(small.snapshot(), out / "unplugged" / "b", pool=small.pool)


def test_a_missing_image_file_is_a_sentence_and_leaves_nothing(
    small: MadeProject, out: Path
) -> None:
    for path in small.sources.values():
        path.unlink()
    with pytest.raises(FileProblem, match="can't be read"):
        write_bundle(small.snapshot(), out / "b", pool=small.pool)
    assert list(out.iterdir()) == []


def test_a_damaged_mask_stops_the_export(small: MadeProject, out: Path) -> None:
    digest = next(iter(small.blobs))
    small.blobs[digest] = small.blobs[digest][:-4] + b"\1\0\0\0"
    with pytest.raises(StoreProblem, match="damaged in the project"):
        write_bundle(small.snapshot(), out / "b", pool=small.pool)
    assert list(out.iterdir()) == []


def test_a_broken_log_is_not_exported(small: MadeProject, out: Path) -> None:
    body, digest = small.lines[2]
    small.lines[2] = (body.replace(":60", ":61"), digest)
    with pytest.raises(Mismatch, match="does not fit its digest"):
        write_bundle(small.snapshot(), out / "b", pool=small.pool)
    assert list(out.iterdir()) == []


def test_cancelling_at_any_moment_leaves_nothing(small: MadeProject, out: Path) -> None:
    seen: list[float] = []
    watched = Progress(lambda fraction, _text: seen.append(fraction))
    write_bundle(small.snapshot(), out / "b", pool=small.pool, progress=watched)
    assert max(seen) > 0.9
    for stop in range(0, len(seen) - 1, 5):  # after the last one it is too late
        reports = iter(range(10_000))
        progress = Progress(lambda _f, _t: progress.cancel() if next(reports) == stop else None)  # noqa: B023
        with pytest.raises(Cancelled):
            write_bundle(small.snapshot(), out / "c", pool=small.pool, progress=progress)
    assert [p.name for p in out.iterdir()] == ["b"]


def test_with_a_real_child_process(small: MadeProject, out: Path) -> None:
    here = write_bundle(small.snapshot(), out / "here.zip", pool=small.pool)
    pool = ChildPool(warm_up=())
    try:
        there = write_bundle(small.snapshot(), out / "there.zip", pool=pool)
    finally:
        pool.close()
    assert replace(here, path=there.path, seconds=there.seconds) == there
    assert (out / "here.zip").read_bytes() == (out / "there.zip").read_bytes()


def test_another_project_gives_other_files_but_the_same_frames(tmp_path: Path, out: Path) -> None:
    one = filled_project(tmp_path / "again")
    write_bundle(one.snapshot(), out / "b", pool=one.pool)
    rows = io.StringIO((out / "b/tables/images.csv").read_text(encoding="utf-8")).readlines()
    assert len(rows) - 1 == sum(i.frame_count for i in one.instances.values())
    assert np.all([len(r.split(",")[0].split(":")[0]) == 32 for r in rows[1:]])
