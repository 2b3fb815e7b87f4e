"""The demo's images: real ones from openly licensed packages, or a phantom without a network.

``python -m tools.demo_data [HOME] [--phantom]``; its last line is the folder of the images.

Nothing of it is part of the repository: two packages are fetched once (69 MB, hashes pinned below,
kept in the cache folder), and the images are written below HOME with a ``demo.json`` that says what
each one is. A second run changes nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import shutil
import sys
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from desktop.imaging import phantom
from tools.demo_dicom import DemoPatient, copy_renamed, write_slices
from tools.folders import data_folder
from tools.nrrd import read_nrrd
from tools.packages import Package, Unavailable, fetch

RECIPE = 1  # raise it when the images would come out different

RADIOMICS = Package(
    name="pyradiomics",
    version="3.0.1",
    kind="source",
    sha256="47c57f441d6cb7973fa3b2ea48d3948df78e3348e1c69e1e2ff19001601fc2f5",
    licence="BSD-3-Clause",
)
PYDICOM_DATA = Package(
    name="pydicom-data",
    version="1.0.0",
    kind="wheel",
    sha256="622ac97265f1d91f76b5120b5bd6eb0f57737c392ef863b72c71779c91e33637",
    licence="MIT",
)

Say = Callable[[str], None]


@dataclass(frozen=True)
class DemoCase:
    """One case of the demo: where its images are and which schema it is read with."""

    folder: str
    title: str
    schema: str
    source: str
    licence: str


def make_demo_images(home: Path, *, real: bool = True, say: Say = print) -> Path:
    """The folder of finished images below ``home``, written unless it is there.

    Real images where they are there or can be fetched, a phantom where they can't or aren't wanted;
    the two are in folders of their own.
    """
    wanted = home / ("images" if real else "phantom")
    if demo_cases(wanted):
        say(f"The demo's images are ready in {wanted.name}.")
        return wanted
    draft = home / (wanted.name + ".new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        cases = _real_cases(draft, say) if real else _phantom_cases(draft, say)
    except Unavailable as reason:
        shutil.rmtree(draft)
        say(f"{reason} A generated phantom takes the place of the real images.")
        return make_demo_images(home, real=False, say=say)
    facts = {"recipe": RECIPE, "phantom": not real, "cases": [asdict(case) for case in cases]}
    (draft / "demo.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
    shutil.rmtree(wanted, ignore_errors=True)
    draft.rename(wanted)
    return wanted


def demo_cases(folder: Path) -> list[DemoCase]:
    """The cases of a finished folder in reading order; none if absent or of another recipe."""
    facts = _facts(folder)
    if facts.get("recipe") != RECIPE:
        return []
    return [DemoCase(**case) for case in facts["cases"]]


def is_phantom(folder: Path) -> bool:
    """Whether the images of a finished folder are generated."""
    return bool(_facts(folder).get("phantom"))


def _facts(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / "demo.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _real_cases(folder: Path, say: Say) -> list[DemoCase]:
    volumes, files = fetch(RADIOMICS, say), fetch(PYDICOM_DATA, say)
    return [
        _volume_case(folder, volumes, "CT", DemoPatient(1, "Chest CT", "CHEST"), say),
        _volume_case(folder, volumes, "MR", DemoPatient(2, "Brain MR", "BRAIN"), say),
        _file_case(folder, files, DemoPatient(3, "Chest radiograph"), say),
        _file_case(folder, files, DemoPatient(4, "Echocardiogram"), say),
        _file_case(folder, files, DemoPatient(5, "Shoulder MR"), say),
        _photo_case(folder, 6, "Stained tissue", say),
        _photo_case(folder, 7, "Retina photograph", say),
    ]


# What is taken out of which package: member, first 16 digits of its SHA-256, folder, schema.
_MEMBERS = {
    "Chest CT": ("lung1_image.nrrd", "379fa48bf34cfa96", "1-chest-ct", "chest-ct-nodule"),
    "Brain MR": ("brain1_image.nrrd", "fffdb111ee8b428e", "2-brain-mr", "brain-mr-lesion"),
    "Chest radiograph": (
        "RG1_J2KR.dcm",
        "7fbfd29360af8067",
        "3-chest-radiograph",
        "chest-radiograph-findings",
    ),
    "Echocardiogram": (
        "color3d_jpeg_baseline.dcm",
        "c8798b8abf8ae0a1",
        "4-echocardiogram",
        "echo-view-quality",
    ),
    "Shoulder MR": ("MR2_J2KR.dcm", "707f0a1b648b79f1", "5-shoulder-mr", "shoulder-mr"),
    "Stained tissue": ("ihc.png", "f8dd1aa387ddd1f4", "6-stained-tissue", "tissue-photo"),
    "Retina photograph": ("retina.jpg", "38a07f36f27f095e", "7-retina", "retina-photo"),
}


def _volume_case(
    folder: Path, archive: Path, modality: str, patient: DemoPatient, say: Say
) -> DemoCase:
    member, head, name, schema = _MEMBERS[patient.what]
    with tarfile.open(archive) as packed:
        path = f"{RADIOMICS.name}-{RADIOMICS.version}/data/{member}"
        file = packed.extractfile(path)
        raw = file.read() if file else b""
    _check(raw, head, member)
    count = write_slices(read_nrrd(raw), modality, patient, folder / name)
    say(f"{patient.what}: {count} slices")
    return DemoCase(name, patient.what, schema, str(RADIOMICS), RADIOMICS.licence)


def _file_case(folder: Path, wheel: Path, patient: DemoPatient, say: Say) -> DemoCase:
    member, head, name, schema = _MEMBERS[patient.what]
    with zipfile.ZipFile(wheel) as packed:
        raw = packed.read(f"data_store/data/{member}")
    _check(raw, head, member)
    copy_renamed(raw, patient, folder / name / member.lower())
    say(f"{patient.what}: 1 file")
    return DemoCase(name, patient.what, schema, str(PYDICOM_DATA), PYDICOM_DATA.licence)


def _photo_case(folder: Path, number: int, what: str, say: Say) -> DemoCase:
    """A photograph that scikit-image, a part of the application, carries."""
    from importlib.metadata import version
    from importlib.util import find_spec

    member, head, name, schema = _MEMBERS[what]
    spec = find_spec("skimage")
    assert spec is not None
    assert spec.origin is not None
    raw = (Path(spec.origin).parent / "data" / member).read_bytes()
    _check(raw, head, member)
    (folder / name).mkdir()
    (folder / name / member).write_bytes(raw)
    say(f"{what}: 1 photograph")
    return DemoCase(
        name, what, schema, f"scikit-image {version('scikit-image')}, {member}", "see its data page"
    )


def _phantom_cases(folder: Path, say: Say) -> list[DemoCase]:
    from PIL import Image

    patient = DemoPatient(8, "Chest phantom", "CHEST")
    count = write_slices(phantom.chest(), "CT", patient, folder / "1-chest-phantom")
    say(f"{patient.what}: {count} slices, generated")
    photo = io.BytesIO()
    Image.fromarray(phantom.tissue()).save(photo, "PNG")
    (folder / "2-tissue-phantom").mkdir()
    (folder / "2-tissue-phantom" / "tissue.png").write_bytes(photo.getvalue())
    say("Tissue phantom: 1 photograph, generated")
    made = "generated by desktop/imaging/phantom.py"
    return [
        DemoCase("1-chest-phantom", patient.what, "chest-ct-nodule", made, "Apache-2.0"),
        DemoCase("2-tissue-phantom", "Tissue phantom", "tissue-photo", made, "Apache-2.0"),
    ]


def _check(raw: bytes, head: str, member: str) -> None:
    if hashlib.sha256(raw).hexdigest()[:16] != head:
        raise Unavailable(f"{member} is not the file that the demo was made for.")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write the demo's images.")
    parser.add_argument("home", nargs="?", type=Path, default=data_folder() / "demo")
    parser.add_argument("--phantom", action="store_true", help="generated images only")
    chosen = parser.parse_args(arguments)
    folder = make_demo_images(chosen.home, real=not chosen.phantom)
    for case in demo_cases(folder):
        print(f"{case.folder}: {case.title} ({case.source}; {case.licence})")
    print(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
