"""The environment: one ``.venv`` in the repository, filled from a lock with hashes, made once.

Runs on a bare Python (standard library only, and old enough syntax to say which Python is needed).
``python3 tools/environment.py [app|test] [--wheels FOLDER]``
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venv"
STAMP = FOLDER / "installed.json"
LOCKS = {"app": ROOT / "requirements.lock", "test": ROOT / "requirements-test.lock"}
CONTAINS = {"app": ("app",), "test": ("app", "test")}  # the test lock holds all of the app's
OLDEST, NEWEST = (3, 11), (3, 13)

# The system libraries that Qt and OpenCV load on Linux, and the Debian package that has each.
LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libOpenGL.so.0": "libopengl0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libX11.so.6": "libx11-6",
}


class EnvironmentProblem(Exception):
    """What a person must do before anything can start, in a sentence."""


def ready(kind: str = "app", wheels: Path | None = None) -> Path:
    """The Python of the environment, made or brought up to date where needed.

    Raises EnvironmentProblem with a sentence for the person.
    """
    lock = LOCKS[kind]
    python = python_of(FOLDER)
    if is_current(kind):
        return python
    if not lock.is_file():
        raise EnvironmentProblem(f"{lock.name} is missing; get a complete copy of the project.")
    _make_folder(python)
    _install(python, lock, wheels)
    _check_libraries(python)
    _stamp(kind)
    say("The environment is ready.")
    return python


def is_current(kind: str) -> bool:
    """Whether the environment holds exactly what the lock of this kind says."""
    try:
        installed = json.loads(STAMP.read_text(encoding="utf-8"))
        current = installed.get(kind) == _digest(LOCKS[kind])
    except (OSError, ValueError):
        return False
    return current and python_of(FOLDER).exists()


def python_of(folder: Path) -> Path:
    """The interpreter inside an environment's folder."""
    return folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"


def apt_sentence(libraries: list[str]) -> str:
    """Name missing shared libraries and the command that installs them on Debian and Ubuntu."""
    names = sorted(set(libraries))
    packages = sorted({LIBRARIES[n] for n in names if n in LIBRARIES})
    text = f"System libraries are missing: {', '.join(names)}."
    return f"{text} Install them with: sudo apt-get install {' '.join(packages or names)}"


def say(text: str) -> None:
    print(text, flush=True)


# --- the steps of ready(), in order


def _make_folder(python: Path) -> None:
    if _works(python):
        return
    base = _suitable_python()
    if FOLDER.exists():
        say("The environment in .venv does not start; making it anew.")
        shutil.rmtree(FOLDER)
    say(f"Making the environment in .venv with {base} ...")
    made = subprocess.run(
        [base, "-m", "venv", str(FOLDER)], capture_output=True, text=True, check=False
    )
    if made.returncode == 0 and _works(python):
        return
    shutil.rmtree(FOLDER, ignore_errors=True)
    if "ensurepip" in made.stdout + made.stderr:
        raise EnvironmentProblem(
            "This Python can't make environments: its venv module is incomplete. "
            "Install it with: sudo apt-get install python3-venv"
        )
    reason = (made.stderr or made.stdout).strip().splitlines()[-1:] or ["no reason given"]
    raise EnvironmentProblem(f"The environment in .venv could not be made: {reason[0]}")


def _suitable_python() -> str:
    """This interpreter if its version fits, else one found by name; a sentence if there is none."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        # Of a virtual environment, take the Python that it was made from.
        return getattr(sys, "_base_executable", "") or sys.executable
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found and _works(Path(found)):
            return found
    raise EnvironmentProblem(
        f"Reading Room needs Python {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}; this is "
        f"{sys.version_info[0]}.{sys.version_info[1]} and no other one was found. Install one of "
        "them and start again with it."
    )


def _works(python: Path) -> bool:
    """Whether this interpreter starts and its version is one that we support."""
    question = f"import sys; sys.exit(not {OLDEST} <= sys.version_info[:2] <= {NEWEST})"
    try:
        answer = subprocess.run([str(python), "-c", question], capture_output=True, check=False)
    except OSError:
        return False
    return answer.returncode == 0


def _install(python: Path, lock: Path, wheels: Path | None) -> None:
    total = len(re.findall(r"^[A-Za-z0-9].*==", lock.read_text(encoding="utf-8"), re.MULTILINE))
    say(f"Installing up to {total} packages from {lock.name}, each checked by its hash ...")
    uv = shutil.which("uv")
    if uv is not None and wheels is None:
        command = [uv, "pip", "install", "--python", str(python), "--require-hashes", "-r"]
        if _run_installer([*command, str(lock)]) == 0:
            return
        say("uv could not do it; trying pip.")
    command = [str(python), "-m", "pip", "install", "--require-hashes", "--only-binary", ":all:"]
    command += ["--disable-pip-version-check", "--progress-bar", "off", "--retries", "2"]
    if wheels is not None:
        command += ["--no-index", "--find-links", str(wheels)]
    output: list[str] = []
    if _run_installer([*command, "-r", str(lock)], output) != 0:
        raise EnvironmentProblem(_why_not_installed("\n".join(output)))


def _run_installer(command: list[str], output: list[str] | None = None) -> int:
    """Run it, show one line per package that arrives; what it said is added to ``output``."""
    installer = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    assert installer.stdout is not None
    arrived = 0
    for line in installer.stdout:
        if output is not None:
            output.append(line.rstrip())
        found = re.match(r"Collecting ([^\s=]+)==(\S+)", line)
        if found:
            arrived += 1
            say(f"  {arrived:3} {found[1]} {found[2]}")
        elif line.startswith(("Installing collected", "Resolved", "Prepared", "Installed")):
            say("  " + line.strip()[:70])
    return installer.wait()


def _why_not_installed(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    last = next((line for line in reversed(lines) if line.startswith("ERROR")), "".join(lines[-1:]))
    if "DO NOT MATCH THE HASHES" in output:
        return (
            "A package that arrived is not the one that the lock names; nothing of it was "
            "installed. Somebody changed it on the way, or the download broke: try again."
        )
    unreachable = r"NewConnectionError|Max retries|ConnectTimeout|ProxyError|NameResolution"
    if re.search(unreachable, output):
        return (
            "The packages could not be fetched: there is no network, or no package index can be "
            "reached. Connect once and start again, or bring the packages as a folder of wheels: "
            "python3 tools/environment.py --wheels FOLDER"
        )
    if "No space left" in output:
        return "The disk is full; the environment needs about 1.5 GB."
    return f"The packages could not be installed. {last}"


def _check_libraries(python: Path) -> None:
    """Import what depends on system libraries; name what is missing."""
    question = "import PySide6.QtWidgets, PySide6.QtSvg, cv2"
    quiet = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    answer = subprocess.run(
        [str(python), "-c", question], capture_output=True, text=True, check=False, env=quiet
    )
    if answer.returncode == 0:
        return
    missing = re.findall(r"(lib[\w.+-]+\.so[.\d]*): cannot open shared object", answer.stderr)
    if missing:
        raise EnvironmentProblem(apt_sentence(missing))
    reason = answer.stderr.strip().splitlines()[-1:] or ["no reason given"]
    raise EnvironmentProblem(f"The window toolkit does not start: {reason[0]}")


def _stamp(kind: str) -> None:
    """Note which locks the environment now holds; written whole, so never half true."""
    digests = {name: _digest(LOCKS[name]) for name in CONTAINS[kind] if LOCKS[name].is_file()}
    draft = STAMP.with_suffix(".new")
    draft.write_text(json.dumps(digests), encoding="utf-8")
    draft.replace(STAMP)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Make the environment in .venv.")
    parser.add_argument("kind", nargs="?", default="app", choices=sorted(LOCKS))
    parser.add_argument("--wheels", type=Path, help="install from this folder, without a network")
    chosen = parser.parse_args(arguments)
    try:
        say(str(ready(chosen.kind, chosen.wheels)))
    except EnvironmentProblem as problem:
        say(f"Reading Room can't start: {problem}")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
