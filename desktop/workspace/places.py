"""Folders of this user on this machine; ``READINGROOM_HOME`` moves them all (tests)."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_NAME = "readingroom"


def config_dir() -> Path:
    """Settings, the workstation's key, the list of recent projects."""
    return _made("config", platformdirs.user_config_path(_NAME, appauthor=False))


def data_dir() -> Path:
    """The demo project and other data that the app makes for this user."""
    return _made("data", platformdirs.user_data_path(_NAME, appauthor=False))


def log_dir() -> Path:
    """Logs without patient text."""
    return _made("log", platformdirs.user_log_path(_NAME, appauthor=False))


def resources_dir() -> Path:
    """Icons, styles, schemas; beside the package, also in the frozen program."""
    return Path(__file__).resolve().parents[2] / "resources"


def _made(name: str, usual: Path) -> Path:
    home = os.environ.get("READINGROOM_HOME")
    folder = Path(home) / name if home else usual
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def images_folder(project: Path) -> Path:
    """Where a package's image files lie, beside the package itself."""
    return project.with_name(f"{project.stem} images")
