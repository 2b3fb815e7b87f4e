"""Image files that were moved: found again by their content, wherever they lie now."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.domain.contracts import Progress
from desktop.domain.record import stable_id
from desktop.store import queries
from desktop.store.database import plain_errors, transaction

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace


def find(workspace: Workspace, folder: Path, progress: Progress) -> dict[str, Path]:
    """Files below a folder that are missing images of the project, by image; any thread."""
    with workspace._database.another_reader() as connection:
        sources = queries.sources(connection)
    wanted = {i for i, p in sources.items() if not p.is_file()}
    files = [p for p in sorted(Path(folder).rglob("*")) if p.is_file()] if wanted else []
    found: dict[str, Path] = {}
    for number, path in enumerate(files):
        progress.report(number / len(files), "Looking for moved images")
        try:
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            continue  # a file that can't be read is no image that could be shown
        instance_id = stable_id("instance", digest)
        if instance_id in wanted:
            found[instance_id] = path
    return found


def read_from(workspace: Workspace, found: dict[str, Path]) -> int:
    """Read these images from their new places from now on; how many there are."""
    connection = workspace._database.writer
    with plain_errors(), transaction(connection):
        queries.set_sources(connection, found)
    return len(found)
