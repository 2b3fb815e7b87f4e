"""Start Reading Room on the demo from a fresh clone: environment, demo images, project, window.

``python3 tools/run.py [PROJECT] [--phantom] [--journey [FOLDER]]``. Without a display the same
journey that a person would make runs offscreen and shows what it did.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.environment import EnvironmentProblem, apt_sentence, ready, say  # noqa: E402


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Start Reading Room on the demo.")
    parser.add_argument("project", nargs="?", type=Path, help="a project of yours, not the demo")
    parser.add_argument("--phantom", action="store_true", help="generated images, no network")
    parser.add_argument(
        "--journey",
        nargs="?",
        const="",
        metavar="FOLDER",
        help="no window: run the journey offscreen and put its results into FOLDER",
    )
    chosen = parser.parse_args(arguments)
    try:
        python = ready("app")
    except EnvironmentProblem as problem:
        say(f"Reading Room can't start: {problem}")
        return 2
    reason = why_no_window(python, dict(os.environ)) if chosen.journey is None else ""
    if reason:
        say(reason)
    if reason or chosen.journey is not None:
        folder = chosen.journey or tempfile.mkdtemp(prefix="readingroom-journey-")
        return journey(python, Path(folder).resolve(), chosen.phantom)
    project = chosen.project or last_line(python, "tools.demo_project", chosen.phantom)
    if project is None:
        return 1
    say(f"Starting Reading Room on {Path(project).name} ...")
    return subprocess.call([str(python), "-m", "desktop", str(project)], cwd=ROOT)


def why_no_window(python: Path, environment: dict[str, str]) -> str:
    """Why no window can be shown here, as a sentence; "" where one can."""
    if not sys.platform.startswith("linux") or environment.get("QT_QPA_PLATFORM"):
        return ""
    if environment.get("WAYLAND_DISPLAY"):
        return ""
    if not environment.get("DISPLAY"):
        return "There is no display here. The same journey runs offscreen instead."
    missing = missing_display_libraries(python)
    if missing:
        return apt_sentence(missing) + ". Until then, the journey runs offscreen."
    return ""


def missing_display_libraries(python: Path) -> list[str]:
    """Shared libraries that Qt's X11 plugin needs and this system has not."""
    plugins = sorted(python.parent.parent.glob("lib/*/site-packages/PySide6/Qt/plugins/platforms"))
    if not plugins:
        return []
    try:
        answer = subprocess.run(
            ["ldd", str(plugins[0] / "libqxcb.so")], capture_output=True, text=True, check=False
        )
    except OSError:
        return []  # no ldd here: Qt itself will say what it misses
    return re.findall(r"(\S+) => not found", answer.stdout)


def journey(python: Path, folder: Path, phantom: bool) -> int:
    """The journey of a reader, offscreen; exit code 0 only if everything held."""
    images = last_line(python, "tools.demo_data", phantom)
    if images is None:
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONUNBUFFERED": "1"}
    command = [str(python), "-m", "desktop", "--journey", str(folder), images]
    code = subprocess.call(command, cwd=ROOT, env=environment)
    if code == 0:
        say(f"Everything held. Screenshots, project and bundle are in {folder}")
    else:
        say(f"The journey stopped (code {code}). What there is so far is in {folder}")
    return code


def last_line(python: Path, module: str, phantom: bool) -> str | None:
    """Run a tool of ours, show what it says, and give its last line; None where it failed."""
    command = [str(python), "-u", "-m", module] + (["--phantom"] if phantom else [])
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, encoding="utf-8", errors="replace"
    )
    assert process.stdout is not None
    last = ""
    for line in process.stdout:
        if last:
            say(last)
        last = line.rstrip()
    return last if process.wait() == 0 else None


if __name__ == "__main__":
    sys.exit(main())
