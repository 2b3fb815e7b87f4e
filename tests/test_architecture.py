"""The rules of the house as sentences. Import directions are in pyproject.toml (import-linter)."""

from __future__ import annotations

import ast
import functools
import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = sorted(p.parent.name for p in ROOT.glob("desktop/*/__init__.py"))
DOING_SOMETHING_AT_IMPORT = {
    "api": "re-exports what a plugin may see",
    "gui": "keeps Qt's singletons alive, which must happen before the first Qt call",
}
LONGEST_FILE = 450  # about 400 is meant; nobody has to fight for the last lines
LONGEST_TEST = 650

QT_ESSENTIALS = {
    "QtCore", "QtGui", "QtWidgets", "QtSvg", "QtSvgWidgets", "QtPrintSupport", "QtTest",
}  # fmt: skip
NETWORK = {
    "aiohttp", "asyncio", "ftplib", "http", "imaplib", "requests", "smtplib", "socket",
    "socketserver", "ssl", "telnetlib", "urllib3", "webbrowser", "xmlrpc",
}  # fmt: skip
SLOW_TO_IMPORT = {
    "PIL", "alembic", "cv2", "highdicom", "imagecodecs", "nibabel", "onnxruntime", "pydicom",
    "scipy", "skimage", "sklearn", "sqlalchemy", "tifffile",
}  # fmt: skip
NOT_TO_USE = {"highdicom-libjpeg", "labelme", "pylibjpeg-libjpeg", "pylibjpeg-all"}
# Offered under the LGPL as well; we take that offer and ship Qt's libraries replaceable.
LGPL_OFFERED = {"pyside6-essentials", "shiboken6"}
DATA_SUFFIXES = {
    ".dcm", ".dicom", ".nrrd", ".nii", ".gz", ".mha", ".mhd", ".onnx", ".npy", ".npz", ".zip",
    ".db", ".sqlite", ".rroom", ".pdf", ".jp2", ".tif", ".tiff", ".jpg", ".jpeg",
}  # fmt: skip


def project_files() -> list[Path]:
    """Every file that is or would be committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = listed.stdout.decode().split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def sources(*folders: str) -> list[Path]:
    """Python files of our own in these folders of the repository."""
    return sorted(p for folder in folders for p in (ROOT / folder).rglob("*.py"))


@functools.cache
def imported(path: Path) -> frozenset[str]:
    """Full names of modules that a file imports anywhere, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(found)


def importers_of(package: str, *folders: str) -> set[str]:
    """Files (relative names) in these folders that import a package or a part of it."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in sources(*folders)
        if any(name == package or name.startswith(package + ".") for name in imported(path))
    }


def locked_names(lock: str) -> set[str]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    return {name.lower() for name in re.findall(r"(?m)^([A-Za-z0-9._-]+)==", text)}


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_says_its_purpose_what_it_may_import_and_what_is_absent(room: str) -> None:
    tree = ast.parse((ROOT / "desktop" / room / "__init__.py").read_text(encoding="utf-8"))
    words = ast.get_docstring(tree) or ""
    assert "May import:" in words
    assert "Deliberately absent:" in words
    if room not in DOING_SOMETHING_AT_IMPORT:
        assert len(tree.body) == 1, "a room's __init__ is a docstring and nothing else"


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        path.relative_to(ROOT).as_posix()
        for path in sources("desktop", "tools", "plugins")
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not silent


def test_files_can_be_read_in_one_sitting() -> None:
    def too_long(limit: int, *folders: str) -> dict[str, int]:
        lengths = {p: len(p.read_text(encoding="utf-8").splitlines()) for p in sources(*folders)}
        return {p.relative_to(ROOT).as_posix(): n for p, n in lengths.items() if n > limit}

    assert not too_long(LONGEST_FILE, "desktop", "tools", "plugins")
    assert not too_long(LONGEST_TEST, "tests")


def test_no_file_has_a_name_that_could_hold_anything() -> None:
    vague = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc"}
    assert not [p for p in sources("desktop", "tools", "plugins", "tests") if p.stem in vague]


def test_opencv_is_imported_in_one_module_only() -> None:
    assert importers_of("cv2", "desktop", "tools", "plugins") <= {"desktop/imaging/cv.py"}


def test_highdicom_is_never_imported_when_a_module_loads() -> None:
    for path in sources("desktop"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.Import):
                assert not any(a.name.startswith("highdicom") for a in node.names), path
            elif isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("highdicom"), path


def test_only_qt_essentials_are_used() -> None:
    used = {
        name.split(".")[1]
        for path in sources("desktop", "tools", "tests")
        for name in imported(path)
        if name.startswith("PySide6.Q")
    }
    assert used <= QT_ESSENTIALS


def test_nothing_in_the_application_can_reach_a_network() -> None:
    reaching = {
        f"{path.relative_to(ROOT).as_posix()} imports {name}"
        for path in sources("desktop", "plugins")
        for name in imported(path)
        if name.split(".")[0] in NETWORK or name.startswith("urllib.request")
    }
    assert not reaching


def test_nothing_is_unpickled_but_what_passes_between_us_and_our_children() -> None:
    for module in ("shelve", "marshal", "dill", "joblib"):
        assert not importers_of(module, "desktop", "tools", "plugins")
    ends = {"desktop/imaging/process.py", "desktop/imaging/serve.py"}
    assert importers_of("pickle", "desktop", "tools", "plugins") <= ends


def test_what_a_child_sends_is_read_with_a_list_of_allowed_classes() -> None:
    """A child decodes foreign bytes, so its answers are foreign too."""
    text = (ROOT / "desktop/imaging/process.py").read_text(encoding="utf-8")
    assert "pickle.loads(" not in text
    assert "pickle.load(" not in text


def test_the_words_need_no_files_clocks_or_random_sources() -> None:
    absent = {"os", "pathlib", "io", "time", "datetime", "random", "uuid", "secrets", "sqlite3"}
    found = {
        f"{path.name} imports {name}"
        for path in sources("desktop/domain", "desktop/commands")
        for name in imported(path)
        if name.split(".")[0] in absent
    }
    assert not found


def test_plugins_see_only_the_api() -> None:
    found = {
        f"{path.name} imports {name}"
        for path in sources("plugins")
        for name in imported(path)
        if name.split(".")[0] in {"desktop", "tools", "tests", "PySide6"}
        and not name.startswith("desktop.api")
    }
    assert not found


def test_the_window_never_runs_its_own_event_loop_inside_another() -> None:
    hands = "simulated_hands.py"  # stands in for a person, who waits outside the window's loop
    for path in sources("desktop"):
        text = path.read_text(encoding="utf-8")
        for word in ("processEvents(", "QUndoStack", ".imshow(", "QEventLoop("):
            assert word not in text or path.name == hands, f"{path.name} uses {word}"


def test_colours_are_tokens() -> None:
    """Literal colours stand in the theme and in resources/palette.json only."""
    home = {"theme.py", "tokens.py"}
    literal = {
        path.relative_to(ROOT).as_posix()
        for path in sources("desktop/gui")
        if path.name not in home
        and re.search(r"[\"']#[0-9A-Fa-f]{6}[\"']", path.read_text(encoding="utf-8"))
    }
    assert not literal


@pytest.mark.parametrize("module", ["desktop.__main__", "desktop.gui.app"])
def test_a_start_imports_nothing_slow(module: str) -> None:
    path = ROOT / Path(*module.split(".")).with_suffix(".py")
    assert path.is_file(), f"{module} is where a start begins"
    question = f"import sys, json, {module}; print(json.dumps(sorted(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", question], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {name.split(".")[0] for name in json.loads(answer.stdout)}
    assert not loaded & SLOW_TO_IMPORT


def test_no_package_of_the_application_is_gpl() -> None:
    names = locked_names("requirements.lock")
    assert not names & NOT_TO_USE
    gpl = set()
    for name in names - LGPL_OFFERED:
        try:
            about = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue  # for another system or Python
        words = [about.get("License-Expression") or "", *(about.get_all("Classifier") or [])]
        first_line = (about.get("License") or "").strip().splitlines()[:1]
        licence = " ".join([w for w in words if "icense" in w or "GPL" in w] + first_line)
        if re.search(r"(?<!L)(?<!Lesser )(GPL|General Public License)", licence):
            gpl.add(name)
    assert not gpl


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-test.lock"])
def test_locks_hold_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"https?:|file:|@ |--index|--find", text)
    entries = re.split(r"(?m)^(?=[A-Za-z0-9])", text)[1:]
    assert entries
    assert all("--hash=sha256:" in entry for entry in entries)


def test_the_locks_agree_with_each_other_and_with_the_project() -> None:
    def pins(lock: str) -> set[str]:
        text = (ROOT / lock).read_text(encoding="utf-8")
        return set(re.findall(r"(?m)^([A-Za-z0-9._-]+==[^ \\]+)", text))

    assert pins("requirements.lock") <= pins("requirements-test.lock")
    wanted = re.search(
        r"(?s)^dependencies = \[(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.MULTILINE
    )
    assert wanted
    names = {n.lower() for n in re.findall(r'"([A-Za-z0-9._-]+)', wanted[1])}
    assert names <= locked_names("requirements.lock")


def test_no_image_data_is_committed() -> None:
    found = []
    for path in project_files():
        with path.open("rb") as file:
            head = file.read(132)
        if path.suffix.lower() in DATA_SUFFIXES or head[128:] == b"DICM":
            found.append(path.relative_to(ROOT).as_posix())
    assert not found


def test_no_committed_file_is_large() -> None:
    assert not [p.name for p in project_files() if p.stat().st_size > 1 << 20]


def test_the_project_names_no_machine_and_no_package_index() -> None:
    # Written in parts so that this file does not name them either.
    words = ["/" + "root/", "/" + "home/", "/" + "work/", "pypi" + ".org", "python" + "hosted"]
    found = []
    for path in project_files():
        if path.suffix in {".png", ".lock"}:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT).as_posix()}: {w}" for w in words if w in text]
    assert not found
