"""Where projects lie: the folder proposed for new ones, and names for their files."""

from __future__ import annotations

import os
import re
from pathlib import Path

import platformdirs

SUFFIX = ".rroom"
_FOLDER = "Reading Room"
_SQLITE = b"SQLite format 3\x00"


def projects_folder() -> Path:
    """The folder proposed for new projects; ``READINGROOM_HOME`` moves it too (tests)."""
    home = os.environ.get("READINGROOM_HOME")
    return Path(home) / "projects" if home else Path(platformdirs.user_documents_dir()) / _FOLDER


def free_path(folder: Path, title: str, suffix: str = SUFFIX) -> Path:
    """A file for a project (or a bundle) of this title that isn't taken."""
    name = re.sub(r"[^\w\- ]+", "", title).strip()[:60] or "Project"
    path = folder / f"{name}{suffix}"
    number = 2
    while path.exists():
        path = folder / f"{name} {number}{suffix}"
        number += 1
    return path


def is_encrypted(path: Path) -> bool:
    """Whether a project file needs a passphrase: its first bytes are not SQLite's."""
    try:
        with path.open("rb") as file:
            head = file.read(len(_SQLITE))
    except OSError:
        return False
    return len(head) == len(_SQLITE) and head != _SQLITE
