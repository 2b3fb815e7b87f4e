"""Where the demo and its downloads live for this user. Standard library only.

The same folders as ``desktop.workspace.places`` gives (a test compares them);
``READINGROOM_HOME`` moves them all.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_NAME = "readingroom"


def data_folder() -> Path:
    """The demo project and its images."""
    return _folder("data", "XDG_DATA_HOME", ".local/share", "Library/Application Support", "")


def cache_folder() -> Path:
    """What was fetched and can be fetched again."""
    return _folder("cache", "XDG_CACHE_HOME", ".cache", "Library/Caches", "Cache")


def _folder(kind: str, variable: str, linux: str, mac: str, windows: str) -> Path:
    home = os.environ.get("READINGROOM_HOME")
    if home:
        return Path(home) / kind
    if sys.platform == "win32":
        return Path(os.environ["LOCALAPPDATA"], _NAME, windows)
    if sys.platform == "darwin":
        return Path.home() / mac / _NAME
    return Path(os.environ.get(variable) or Path.home() / linux) / _NAME
