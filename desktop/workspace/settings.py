"""Settings of this user: one declared table, kept as JSON in the config folder."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from desktop.domain.errors import UserError
from desktop.workspace.places import config_dir


class Setting(NamedTuple):
    """One declared setting; dialog, checks and help come from it."""

    key: str
    default: Any
    text: str
    choices: tuple[str, ...] = ()


SETTINGS: tuple[Setting, ...] = (
    Setting("theme", "dark", "Colours of the window", ("dark", "light")),
    Setting("reader_name", "", "Your name, shown to you and kept out of every export"),
    Setting("brush_radius", 10.0, "Radius of the brush"),
    Setting("brush_unit", "px", "Unit of the brush radius", ("px", "mm")),
    Setting("cine_fps", 12, "Images per second when a series plays"),
    Setting("recent_projects", [], "Projects opened lately"),
    Setting("show_names", False, "Show patients' names on this screen"),
    Setting("cache_mb", 1024, "Memory for decoded images, in MB"),
    Setting("lock_minutes", 5, "Minutes without input until the window locks, 1 to 15"),
    Setting("show_timer", True, "Show the time worked on the open case"),
    Setting("quality_weights", {}, "Weights given to pairs of answers by hand, by project"),
    Setting("prompt_model", "", "Model of the prompt tool, by SHA-256; else the first there is"),
    Setting("allowed_plugins", [], "Plugins of your own that may run, by SHA-256"),
)

_BY_KEY = {s.key: s for s in SETTINGS}


class Settings:
    """Read and change settings; each change is written at once, old or new, never half."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or config_dir() / "settings.json"
        self._values: dict[str, Any] = {}
        with contextlib.suppress(OSError, ValueError):
            loaded = json.loads(self._path.read_text())
            if isinstance(loaded, dict):
                self._values = {k: v for k, v in loaded.items() if k in _BY_KEY}

    def get(self, key: str) -> Any:
        """The value, or the default."""
        return self._values.get(key, _BY_KEY[key].default)

    def set(self, key: str, value: Any) -> None:
        """Change a setting; UserError where the value is not one of the choices."""
        setting = _BY_KEY[key]
        if setting.choices and value not in setting.choices:
            raise UserError(f"{setting.text}: {value} is not a choice.", "", str(setting.choices))
        self._values[key] = value
        temporary = self._path.with_suffix(".part")
        try:
            temporary.write_text(json.dumps(self._values, indent=1, sort_keys=True))
            os.replace(temporary, self._path)
        except OSError as error:
            raise UserError("The settings can't be saved.", error.strerror or "") from error
