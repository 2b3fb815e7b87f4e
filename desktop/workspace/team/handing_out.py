"""Copies of a project for other machines, whose work comes back as bundles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from desktop.domain.errors import StoreProblem
from desktop.store.database import Database

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace


def hand_out(workspace: Workspace, target: Path, passphrase: str = "") -> Path:
    """Write a copy of the whole project for another machine.

    It is the same project, with a chain of its own, so that what is done there and here can be
    merged. Nothing is hidden in it: every label of every reader is there. A copy of an encrypted
    project is encrypted with the same passphrase.
    """
    target = Path(target)
    if target.exists():
        raise StoreProblem("There is already a file of this name.", target.name)
    workspace._database.back_up(target)
    copy = Database.open(target, passphrase=passphrase)
    try:
        copy.set_fact("file_id", workspace.new_id()[:8])
    finally:
        copy.close()
    return target
