"""Copies of the project beside it: made at close when something changed, thinned with age."""

from __future__ import annotations

import datetime
from pathlib import Path

from desktop.store.database import Database
from desktop.store.log import count_events

_KEEP_NEWEST = 3
_KEEP_DAYS = 7
_STAMP = "%Y%m%d-%H%M%S"
_SMALLEST_GAP_S = 3600


def folder_of(path: Path) -> Path:
    """Where the backups of a project lie."""
    return path.with_name(path.name + ".backups")


def backups_of(path: Path) -> list[Path]:
    """All backups of a project, oldest first."""
    folder = folder_of(path)
    return sorted(folder.glob(f"*{path.suffix}")) if folder.is_dir() else []


def keep(database: Database, now: datetime.datetime) -> Path | None:
    """Make a backup where the last one is over an hour old and events were added since."""
    kept = backups_of(database.path)
    events = count_events(database.reader)
    if kept:
        age_s = now.timestamp() - kept[-1].stat().st_mtime
        known = int(kept[-1].stem.rsplit("-", 1)[-1])
        if age_s < _SMALLEST_GAP_S or known == events:
            return None
    folder = folder_of(database.path)
    folder.mkdir(exist_ok=True)
    target = folder / f"{now.strftime(_STAMP)}-{events}{database.path.suffix}"
    database.back_up(target)
    _thin([*kept, target])
    return target


def _thin(kept: list[Path]) -> None:
    """Keep the newest three, and the newest of each of the last seven days that have one."""
    days: dict[str, Path] = {path.name[:8]: path for path in kept}
    spared = set(kept[-_KEEP_NEWEST:]) | set(sorted(days.values())[-_KEEP_DAYS:])
    for path in kept:
        if path not in spared:
            path.unlink(missing_ok=True)
