"""Files of a published package, fetched once with pip, checked by hash, never installed or run."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tools.folders import cache_folder

# pip asks a source package for its metadata after it has fetched it, which would run the package's
# own code. This stands in for its build tool, so that nothing of the package runs.
_STAND_IN = '''
"""Answers pip's question for metadata without running the package."""
from pathlib import Path

class _Backend:
    def get_requires_for_build_wheel(self, config_settings=None):
        return []

    def prepare_metadata_for_build_wheel(self, metadata_directory, config_settings=None):
        folder = Path(metadata_directory, "{name}-{version}.dist-info")
        folder.mkdir()
        text = "Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n"
        (folder / "METADATA").write_text(text)
        return folder.name

__legacy__ = _Backend()
'''


class Unavailable(Exception):
    """The package can't be had just now, in a sentence."""


@dataclass(frozen=True)
class Package:
    """One file of one release: its wheel or its source archive."""

    name: str
    version: str
    kind: Literal["wheel", "source"]
    sha256: str
    licence: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def fetch(package: Package, say: Callable[[str], None] = print) -> Path:
    """The package's file in the cache folder, fetched at first use.

    Raises Unavailable where no package index can be reached or the file is another one.
    """
    folder = cache_folder() / "packages" / f"{package.name}-{package.version}"
    for path in folder.glob("*"):
        if hashlib.sha256(path.read_bytes()).hexdigest() == package.sha256:
            return path
    say(f"Fetching {package} (once) ...")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        _download(package, Path(scratch), folder)
    for path in folder.glob("*"):
        if hashlib.sha256(path.read_bytes()).hexdigest() == package.sha256:
            return path
    raise Unavailable(f"{package} arrived, but is not the release that the demo was made for.")


def _download(package: Package, scratch: Path, folder: Path) -> None:
    wanted = scratch / "wanted.txt"
    wanted.write_text(
        f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n", encoding="utf-8"
    )
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes"]
    command += ["--disable-pip-version-check", "--retries", "1", "--timeout", "30", "--quiet"]
    environment = dict(os.environ)
    if package.kind == "source":
        command += ["--no-binary", ":all:", "--no-build-isolation"]
        stand_in = scratch / "setuptools"
        stand_in.mkdir()
        (stand_in / "__init__.py").write_text("", encoding="utf-8")
        text = _STAND_IN.format(name=package.name, version=package.version)
        (stand_in / "build_meta.py").write_text(text, encoding="utf-8")
        environment["PYTHONPATH"] = str(scratch)
    else:
        command += ["--only-binary", ":all:"]
    command += ["-r", str(wanted), "-d", str(folder)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, check=False, timeout=900
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{package} could not be fetched within 15 minutes.") from error
    if done.returncode != 0:
        raise Unavailable(f"{package} could not be fetched: no network or no package index.")
