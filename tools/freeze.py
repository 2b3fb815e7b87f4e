"""Build the program with PyInstaller and let it test itself, with an empty environment.

``python -m tools.freeze [--no-build]``: the result is dist/readingroom. Runs inside the test
environment. The self-test reads compressed images (those of the demo), runs a small model in its
child process and exports, because a program that lacks a codec, a table or the model runtime starts
all the same.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.demo_data import make_demo_images
from tools.make_models import make_samples

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "dist" / "readingroom" / ("readingroom.exe" if os.name == "nt" else "readingroom")
# Without these, Windows can't start any process; elsewhere nothing is handed on.
_KEPT = ("SYSTEMROOT", "LOCALAPPDATA", "TEMP") if os.name == "nt" else ()


def build() -> int:
    """Build dist/readingroom from build.spec; the exit code."""
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    command += ["--distpath", "dist", "--workpath", "build", "build.spec"]
    return subprocess.call(command, cwd=ROOT)


def self_test(folder: Path) -> int:
    """Run the built program's own test in ``folder``; the exit code."""
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment["QT_QPA_PLATFORM"] = "offscreen"
    environment["READINGROOM_HOME"] = str(folder / "home")
    images = make_demo_images(folder / "demo")
    model = make_samples(folder / "models")["bright-lesion-segmenter"]
    command = [str(PROGRAM), "--self-test", str(folder / "journey"), str(images), str(model)]
    return subprocess.call(command, cwd=folder, env=environment, timeout=600)


def size_mb() -> int:
    """How much room the built program takes."""
    files = (p for p in PROGRAM.parent.rglob("*") if p.is_file() and not p.is_symlink())
    return sum(p.stat().st_size for p in files) >> 20


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Build the program and let it test itself.")
    parser.add_argument("--no-build", action="store_true", help="test what was built before")
    chosen = parser.parse_args(arguments)
    if not chosen.no_build:
        print("Building the program, one or two minutes ...", flush=True)
        code = build()
        if code != 0:
            return code
    print(f"Testing {PROGRAM.relative_to(ROOT)} ({size_mb()} MB) ...", flush=True)
    with tempfile.TemporaryDirectory(prefix="readingroom-frozen-") as folder:
        return self_test(Path(folder))


if __name__ == "__main__":
    sys.exit(main())
