"""Agreement of readers on the command line: the board, and the report as files."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from desktop.workspace.quality_board import BoardOptions
from desktop.workspace.quality_measures import Measure
from desktop.workspace.workspace import Workspace

Handler = Callable[[argparse.Namespace], int]
Add = Callable[[str, Handler, str], argparse.ArgumentParser]
Open = Callable[..., Workspace]
MEASURES = {measure.name.lower().replace("_", "-"): measure for measure in Measure}


def add_quality_commands(add: Add, opened: Open) -> None:
    """Declare the subcommand; ``opened`` opens and signs in from the shared arguments."""

    def run(chosen: argparse.Namespace) -> int:
        with opened(chosen, read_only=not chosen.names) as workspace:
            return quality(chosen, workspace)

    told = add("quality", run, "Agreement for every question and class, and the report.")
    told.add_argument("--coefficient", choices=sorted(MEASURES), default="usual")
    told.add_argument("--open-cases", action="store_true", help="count open cases as well")
    told.add_argument("--regions", action="store_true", help="compare regions too")
    told.add_argument("--tolerance", type=float, default=2.0, help="of the surface Dice, in mm")
    told.add_argument("--report", type=Path, help="write HTML, CSV, JSON and plots into a folder")
    told.add_argument("--names", action="store_true", help="readers by name; noted in the log")


def quality(chosen: argparse.Namespace, workspace: Workspace) -> int:
    """Print the board; write the report where a folder is given."""
    options = BoardOptions(MEASURES[chosen.coefficient], not chosen.open_cases)
    board = workspace.quality.board(options)
    for row in board.rows:
        told = row.agreement
        words = told.text if told.value is not None else f"undefined: {told.undefined}"
        print(f"{row.topic.title:32} {told.name:34} {words:28} {row.items:7,} items")
    regions = workspace.quality.regions(chosen.tolerance) if chosen.regions else None
    for line in regions.rows if regions else ():
        mean = "undefined" if line.dice.mean is None else f"{line.dice.mean:.2f}"
        print(f"{line.title:32} {'mean Dice':34} {mean:28} {line.compared:7,} pairs")
    if chosen.report:
        report = workspace.quality.report(board, regions, with_names=chosen.names)
        print(report.write(chosen.report))
    return 0
