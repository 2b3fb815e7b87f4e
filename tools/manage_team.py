"""The team's commands of ``tools.manage``: copies out, bundles in, keys, conflicts."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from desktop.domain.errors import UserError
from desktop.domain.record import to_json
from desktop.workspace.workspace import Workspace

Handler = Callable[[argparse.Namespace], int]
Open = Callable[[argparse.Namespace], AbstractContextManager[Workspace]]


class Add(Protocol):
    """Adds one command; the project and the reader come with it."""

    def __call__(self, name: str, handler: Handler, words: str) -> argparse.ArgumentParser: ...


def add_team_commands(add: Add, opened: Open) -> None:
    """Add what a lead does with several machines."""

    def hand_out(chosen: argparse.Namespace) -> int:
        with opened(chosen) as workspace:
            print(f"Written: {workspace.team.hand_out(chosen.target).name}.")
        return 0

    def trust(chosen: argparse.Namespace) -> int:
        with opened(chosen) as workspace:
            workspace.team.trust(chosen.bundle, chosen.fingerprint, chosen.name)
            print(f"Bundles of {chosen.name} are taken from now on.")
        return 0

    def merge(chosen: argparse.Namespace) -> int:
        with opened(chosen) as workspace:
            team = workspace.team
            report = (team.preview if chosen.dry_run else team.merge)(chosen.bundles)
            print(("Preview: " if chosen.dry_run else "") + report.sentence)
        return 0

    def conflicts(chosen: argparse.Namespace) -> int:
        with opened(chosen) as workspace:
            waiting = workspace.team.conflicts()
            for number, conflict in enumerate(waiting, start=1):
                print(f"{number}: {conflict.kind} {conflict.record_id[:12]}")
                for place, version in enumerate(conflict.versions, start=1):
                    text = "deleted" if version.record is None else to_json(version.record)
                    print(f"  {number}.{place} {version.reader_name}: {text}")
        return 1 if waiting else 0

    def settle(chosen: argparse.Namespace) -> int:
        with opened(chosen) as workspace:
            number, _, place = chosen.version.partition(".")
            try:
                conflict = workspace.team.conflicts()[int(number) - 1]
                version = conflict.versions[int(place) - 1]
            except (ValueError, IndexError) as error:
                raise UserError("There is no such version.", chosen.version) from error
            workspace.team.settle(conflict, version)
            print("Settled.")
        return 0

    add("hand-out", hand_out, "Write a copy for another machine.").add_argument("target", type=Path)
    trusting = add("trust", trust, "Take a workstation's bundles from now on.")
    trusting.add_argument("bundle", type=Path)
    trusting.add_argument("fingerprint", help="as its owner reads it out")
    trusting.add_argument("--name", default="Workstation")
    merging = add("merge", merge, "Take colleagues' bundles in.")
    merging.add_argument("bundles", type=Path, nargs="+")
    merging.add_argument("--dry-run", action="store_true", help="only tell what it would do")
    add("conflicts", conflicts, "List what two machines changed from one base.")
    add("settle", settle, "Let one version stand.").add_argument("version", help="e.g. 1.2")
