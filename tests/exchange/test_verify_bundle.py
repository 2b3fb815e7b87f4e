"""The verifier names every tampering, alone and without the app."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from desktop.domain.errors import FileProblem
from desktop.exchange.bundle_check import verify_bundle
from desktop.exchange.snapshot import manifest_message
from desktop.exchange.verify_bundle import check
from desktop.imaging.child import ChildPool
from tests.exchange.made import MadeProject, all_files

# As an ML engineer runs it: isolated from this repository; at the end nothing of the app is loaded.
PLAIN = """
import runpy, sys
sys.argv = ["verify_bundle.py", *sys.argv[1:]]
try:
    runpy.run_path(sys.argv.pop(1), run_name="__main__")
finally:
    foreign = {"desktop", "numpy", "pydicom", "nibabel", "msgspec", "PIL"} & set(sys.modules)
    if foreign:
        raise RuntimeError(f"loaded {foreign}")
"""


def plain_python(bundle: Path, *arguments: str) -> tuple[int, list[str]]:
    """Exit code and lines of the verifier that lies in the bundle's own folder or beside it."""
    script = bundle / "verify_bundle.py"
    if not script.exists():
        script = bundle.parent / "verify_bundle.py"
    answer = subprocess.run(
        [sys.executable, "-I", "-c", PLAIN, str(script), str(bundle), *arguments],
        capture_output=True,
        text=True,
        cwd="/",
        timeout=60,
    )
    assert not answer.stderr, answer.stderr
    return answer.returncode, answer.stdout.splitlines()


@pytest.fixture
def copy(bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bundle, tmp_path / "copy"))


def flip(path: Path, place: float = 0.5) -> None:
    raw = bytearray(path.read_bytes())
    raw[int(len(raw) * place)] ^= 0x01
    path.write_bytes(bytes(raw))


def resign(project: MadeProject, bundle: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the manifest and sign it again, as an insider with the key could."""
    manifest = json.loads((bundle / "manifest.json").read_bytes())
    change(manifest)
    for part in manifest["parts"]:
        raw = (bundle / part["path"]).read_bytes()
        part["sha256"], part["size"] = hashlib.sha256(raw).hexdigest(), len(raw)
    raw = json.dumps(manifest).encode()
    (bundle / "manifest.json").write_bytes(raw)
    signature = json.loads((bundle / "manifest.sig.json").read_bytes())
    message = manifest_message(hashlib.sha256(raw).hexdigest())
    signature["signature"] = project.private.sign(message).hex()
    (bundle / "manifest.sig.json").write_text(json.dumps(signature))


def names(bundle: Path) -> set[str]:
    return {name for name, _place, _sentence in check(bundle).faults}


def test_a_whole_bundle_passes_in_a_plain_interpreter(bundle: Path, filled: MadeProject) -> None:
    code, lines = plain_python(bundle)
    assert code == 0
    assert lines == [f"OK: {len(list(all_files(bundle))) - 2} files, signed by {filled.public}."]


def test_the_expected_signer_can_be_said(bundle: Path, filled: MadeProject) -> None:
    assert plain_python(bundle, "--key", filled.public)[0] == 0
    code, lines = plain_python(bundle, "--key", "ab" * 32)
    assert code == 1
    assert lines[0].startswith("FAULT other-signer | manifest.json")


def test_one_changed_byte_in_any_file_is_named(bundle: Path, copy: Path) -> None:
    for path in all_files(bundle):
        name = path.relative_to(bundle).as_posix()
        flip(copy / name)
        faults = check(copy).faults
        assert faults, name
        if not name.startswith("manifest"):
            assert ("changed-file", name, "The file is not the one that was signed.") in faults
        shutil.copy(path, copy / name)
    assert not check(copy).faults


@pytest.mark.parametrize("name", ["tables/cases.csv", "coco/instances_chest.v2.json"])
def test_a_changed_file_ends_a_plain_interpreter_with_one(copy: Path, name: str) -> None:
    flip(copy / name)
    code, lines = plain_python(copy)
    assert code == 1
    assert lines == [f"FAULT changed-file | {name} | The file is not the one that was signed."]


def test_a_removed_file_is_named(bundle: Path, copy: Path) -> None:
    for path in all_files(bundle):
        name = path.relative_to(bundle).as_posix()
        (copy / name).unlink()
        assert ("missing-file", name, "The file is missing.") in check(copy).faults
        shutil.copy(path, copy / name)


def test_an_added_file_is_named(copy: Path) -> None:
    (copy / "tables/more.csv").write_text("a,b\n")
    code, lines = plain_python(copy)
    assert code == 1
    assert lines == ["FAULT extra-file | tables/more.csv | The manifest does not know this file."]


def test_a_link_in_place_of_a_file_is_named(copy: Path, tmp_path: Path) -> None:
    (copy / "data_card.md").rename(tmp_path / "elsewhere.md")
    (copy / "data_card.md").symlink_to(tmp_path / "elsewhere.md")
    assert "extra-file" in names(copy)


def test_a_longer_file_is_a_changed_file(copy: Path) -> None:
    with (copy / "data_card.md").open("a") as file:
        file.write("more")
    assert names(copy) == {"changed-file"}


def test_another_signature_is_named(copy: Path) -> None:
    path = copy / "manifest.sig.json"
    signature = json.loads(path.read_bytes())
    signature["signature"] = "00" * 64
    path.write_text(json.dumps(signature))
    assert names(copy) == {"bad-signature"}


def test_an_edited_event_is_named_even_when_the_manifest_is_signed_again(
    copy: Path, filled: MadeProject
) -> None:
    path = copy / "audit/events.jsonl"
    lines = path.read_text().split("\n")
    edited = lines[9].replace('"reason":""', '"reason":"better"', 1)
    assert edited != lines[9]
    path.write_text("\n".join([*lines[:9], edited, *lines[10:]]))
    resign(filled, copy, lambda manifest: None)
    faults = check(copy).faults
    assert [(name, place) for name, place, _ in faults] == [
        ("broken-chain", "audit/events.jsonl line 10")
    ]


def test_a_dropped_event_is_named(copy: Path, filled: MadeProject) -> None:
    path = copy / "audit/events.jsonl"
    lines = path.read_text().split("\n")
    del lines[12]
    path.write_text("\n".join(lines))
    resign(filled, copy, lambda manifest: None)
    assert "broken-chain" in names(copy)


def test_a_cut_off_end_is_seen_by_the_signed_head(copy: Path, filled: MadeProject) -> None:
    path = copy / "audit/events.jsonl"
    lines = path.read_text().split("\n")
    path.write_text("\n".join([*lines[:-4], ""]))
    resign(filled, copy, lambda manifest: None)
    assert "broken-chain" in names(copy)


def test_an_unsigned_end_is_named(copy: Path, filled: MadeProject) -> None:
    (copy / "audit/heads.json").write_text("[]")
    resign(filled, copy, lambda manifest: None)
    assert names(copy) == {"bad-head"}


def test_a_head_of_another_project_is_named(copy: Path, filled: MadeProject) -> None:
    resign(filled, copy, lambda m: m["project"].update(id="0" * 32))
    assert "bad-head" in names(copy)


def _first(manifest: dict[str, Any], name: str) -> dict[str, Any]:
    part: dict[str, Any] = next(p for p in manifest["parts"] if p["format"] == name)
    return part


def _other_affine(manifest: dict[str, Any]) -> None:
    _first(manifest, "nifti")["facts"]["affine_ras"][0][3] += 0.5


def _other_voxels(manifest: dict[str, Any]) -> None:
    voxels = _first(manifest, "nifti")["facts"]["voxels"]
    voxels[next(iter(voxels))] += 1


def _class_gone(manifest: dict[str, Any]) -> None:
    manifest["schemas"][0]["classes"] = manifest["schemas"][0]["classes"][:1]


def _class_moved(manifest: dict[str, Any]) -> None:
    classes = manifest["schemas"][0]["classes"]
    classes[0]["id"], classes[1]["id"] = classes[1]["id"], classes[0]["id"]


def _other_count(manifest: dict[str, Any]) -> None:
    manifest["counts"]["annotations"] += 1


def _other_rows(manifest: dict[str, Any]) -> None:
    _first(manifest, "table")["facts"]["rows"] += 1


def _reader_gone(manifest: dict[str, Any]) -> None:
    del manifest["readers"][0]


def _outside(manifest: dict[str, Any]) -> None:
    manifest["parts"][0]["path"] = "audit/../audit/events.jsonl"


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (_other_affine, "nifti-affine"),
        (_other_voxels, "nifti-voxels"),
        (_class_gone, "class-id"),
        (_class_moved, "class-id"),
        (_other_count, "counts"),
        (_other_rows, "counts"),
        (_reader_gone, "counts"),
        (_outside, "bad-manifest"),
    ],
)
def test_a_manifest_that_does_not_fit_its_files_is_named(
    change: Callable[[dict[str, Any]], None], name: str, copy: Path, filled: MadeProject
) -> None:
    resign(filled, copy, change)
    assert name in names(copy)


def test_a_wrong_area_in_coco_is_named(copy: Path, filled: MadeProject) -> None:
    path = copy / "coco/instances_chest.v2.json"
    data = json.loads(path.read_bytes())
    data["annotations"][4]["area"] += 1
    path.write_text(json.dumps(data))
    resign(filled, copy, lambda manifest: None)
    assert names(copy) == {"coco-area"}


def test_a_zip_is_checked_as_the_folder_is(copy: Path, tmp_path: Path) -> None:
    shutil.make_archive(str(tmp_path / "packed"), "zip", copy)
    shutil.copy(copy / "verify_bundle.py", tmp_path / "verify_bundle.py")
    assert plain_python(tmp_path / "packed.zip")[0] == 0
    with zipfile.ZipFile(tmp_path / "packed.zip", "a") as archive:
        archive.writestr("more.txt", "more")
    code, lines = plain_python(tmp_path / "packed.zip")
    assert code == 1
    assert lines == ["FAULT extra-file | more.txt | The manifest does not know this file."]


def test_a_file_that_is_twice_in_a_zip_is_named(copy: Path, tmp_path: Path) -> None:
    shutil.make_archive(str(tmp_path / "packed"), "zip", copy)
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        zipfile.ZipFile(tmp_path / "packed.zip", "a") as archive,
    ):
        archive.writestr("data_card.md", "another")
    assert "extra-file" in names(tmp_path / "packed.zip")


@pytest.mark.parametrize("cut", range(1, 10))
def test_a_cut_off_zip_never_passes(cut: int, copy: Path, tmp_path: Path) -> None:
    path = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", copy))
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) * cut // 10])
    assert names(path) == {"unreadable"}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "readingroom-bundle"}', "[" * 9999])
def test_nonsense_is_a_fault_and_not_a_crash(text: str, copy: Path) -> None:
    (copy / "manifest.json").write_text(text)
    assert names(copy)
    (copy / "manifest.sig.json").write_text(text)
    assert names(copy)


def test_the_app_asks_the_same_verifier_in_a_child(
    bundle: Path, copy: Path, filled: MadeProject
) -> None:
    pool = ChildPool(warm_up=())
    try:
        good = verify_bundle(bundle, pool=pool)
        flip(copy / "tables/cases.csv")
        bad = verify_bundle(copy, pool=pool)
    finally:
        pool.close()
    assert good.ok
    assert (good.public_key, good.project_title) == (filled.public, "Made project")
    assert good.cases == 4
    assert not bad.ok
    assert bad.faults[0].name == "changed-file"
    assert "tables/cases.csv" in bad.sentence
    with pytest.raises(FileProblem, match="no bundle"):
        verify_bundle(bundle / "nothing")


def test_the_verifier_can_be_read_in_one_sitting(bundle: Path) -> None:
    source = (bundle / "verify_bundle.py").read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 300
    assert "desktop" not in source
