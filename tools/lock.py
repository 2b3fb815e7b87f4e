"""Write both locks from pyproject.toml. Runs inside the environment; needs uv and a package index.

``python -m tools.lock [--upgrade]``: without --upgrade, versions stay unless they no longer fit.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = """\
# Written by tools/lock.py from pyproject.toml, for Python 3.11 to 3.13 on every system.
# Every file is named by its hash; no address is, so any package index or folder of wheels will do.
"""
EXTRAS = {"requirements.lock": ["ai"], "requirements-test.lock": ["ai", "test", "freeze"]}


def main(arguments: list[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    with tempfile.TemporaryDirectory() as folder:
        uv = _uv(Path(folder))
        for name, extras in EXTRAS.items():
            text = _compile(uv, Path(folder), name, extras, upgrade="--upgrade" in given)
            _refuse_addresses(name, text)
            (ROOT / name).write_text(HEADER + text, encoding="utf-8")
            count = len(re.findall(r"(?m)^[A-Za-z0-9].*==", text))
            print(f"{name}: {count} packages", flush=True)
    return 0


def _uv(folder: Path) -> str:
    """The uv on the path, or one in a throw-away environment."""
    found = shutil.which("uv")
    if found is not None:
        return found
    venv.create(folder / "uv", with_pip=True)
    inside = folder / "uv" / ("Scripts" if os.name == "nt" else "bin")
    subprocess.run([str(inside / "python"), "-m", "pip", "install", "-q", "uv"], check=True)
    return str(inside / "uv")


def _compile(uv: str, folder: Path, name: str, extras: list[str], *, upgrade: bool) -> str:
    target = folder / name
    old = ROOT / name
    if old.is_file() and not upgrade:
        shutil.copy(old, target)
    command = [uv, "pip", "compile", "pyproject.toml", "--quiet", "--universal"]
    command += ["--generate-hashes", "--python-version", "3.11", "--no-emit-index-url"]
    command += ["--no-annotate", "--no-header", "-o", str(target)]
    for extra in extras:
        command += ["--extra", extra]
    if "test" in extras:
        command += ["-c", str(ROOT / "requirements.lock")]  # both locks agree on every version
    subprocess.run(command, cwd=ROOT, check=True)
    return target.read_text(encoding="utf-8")


def _refuse_addresses(name: str, text: str) -> None:
    found = re.search(r"https?://|file:|@ ", text)
    if found is not None:
        raise SystemExit(f"{name} would hold an address ({found[0]}); nothing was written.")


if __name__ == "__main__":
    sys.exit(main())
