"""Projects opened before on this machine."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from desktop.workspace.settings import Settings

_KEPT = 12


@dataclass(frozen=True)
class RecentProject:
    path: str
    title: str
    opened_utc: str

    @property
    def is_there(self) -> bool:
        return Path(self.path).exists()


def recent_projects(settings: Settings) -> list[RecentProject]:
    """Latest first; lines of an unknown form are left out."""
    found = []
    for item in settings.get("recent_projects"):
        if isinstance(item, dict) and set(item) == {"path", "title", "opened_utc"}:
            found.append(RecentProject(**item))
    return found


def remember_project(settings: Settings, path: Path, title: str) -> None:
    """Put a project at the top."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    item = RecentProject(path=str(path), title=title, opened_utc=now)
    kept = [r for r in recent_projects(settings) if r.path != item.path]
    settings.set("recent_projects", [asdict(r) for r in [item, *kept][:_KEPT]])


def forget_project(settings: Settings, path: str) -> None:
    """Take a project off the list; its file stays."""
    kept = [asdict(r) for r in recent_projects(settings) if r.path != path]
    settings.set("recent_projects", kept)
