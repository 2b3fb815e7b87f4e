"""Labels that look wrong on the command line: the queue, and decisions about it."""

from __future__ import annotations

import argparse
from pathlib import Path

from desktop.domain.doubt import Judgement
from desktop.domain.errors import UserError
from desktop.workspace.quality.suspects import SuspectList
from desktop.workspace.workspace import Workspace
from tools.manage_quality import Add, Open


def add_suspect_commands(add: Add, opened: Open) -> None:
    """Declare the subcommand; ``opened`` opens and signs in from the shared arguments."""

    def run(chosen: argparse.Namespace) -> int:
        with opened(chosen, read_only=not chosen.judge) as workspace:
            return suspects(chosen, workspace)

    told = add("suspects", run, "Labels that look wrong, most suspect first.")
    told.add_argument("--sources", action="store_true", help="list what can raise the doubt")
    told.add_argument("--source", default="", help="one by its number or id; none: all runs")
    told.add_argument("--file", type=Path, help="probabilities of your own, CSV or JSON lines")
    told.add_argument("--masks", action="store_true", help="masks unlike the others of their class")
    told.add_argument("--decided", action="store_true", help="also those somebody decided about")
    told.add_argument(
        "--judge", nargs=2, metavar=("NUMBER", "WHAT"), help="say that one is right, or sent on"
    )


def suspects(chosen: argparse.Namespace, workspace: Workspace) -> int:
    """Print the sources or the queue; keep a decision where one is given."""
    sources = workspace.quality.sources()
    if chosen.sources:
        for number, source in enumerate(sources, 1):
            print(f"{number}: {source.title}  [{source.run_id}]")
        return 0
    found = _found(chosen, workspace, [s.run_id for s in sources])
    shown = found.suspects if chosen.decided else found.open
    for number, one in enumerate(shown, 1):
        head = f"{number}: {one.title}: {one.asked}: {one.given} / {one.suggested}"
        print(f"{head}  {one.score:.3f}  {one.judgement}".rstrip())
    print(f"{len(found.open)} open of {found.looked_at} labels looked at.")
    for note in found.notes:
        print(note)
    if chosen.judge:
        number, what = chosen.judge
        if not number.isdigit() or not 1 <= int(number) <= len(shown):
            raise UserError("There is no such suspect label.", number)
        if what not in [j.value for j in Judgement]:
            raise UserError("Say right or sent.", what)
        workspace.quality.judge(shown[int(number) - 1], Judgement(what))
        print(f"Kept: {shown[int(number) - 1].title} {what}.")
    return 0


def _found(chosen: argparse.Namespace, workspace: Workspace, ids: list[str]) -> SuspectList:
    if chosen.masks:
        return workspace.quality.odd_masks()
    if chosen.file:
        return workspace.quality.suspects(file=chosen.file)
    source = chosen.source
    if source.isdigit() and 1 <= int(source) <= len(ids):
        source = ids[int(source) - 1]
    return workspace.quality.suspects((source,) if source else ())
