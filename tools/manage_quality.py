"""Agreement of readers on the command line: the board, and the report as files."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from desktop.workspace.quality_board import BoardOptions
from desktop.workspace.quality_measures import Measure
from desktop.workspace.region_agreement import RegionReport
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
    told.add_argument(
        "--tolerance", type=float, default=2.0, help="of surfaces, points and lines, in mm"
    )
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
    if regions:
        _print_regions(regions)
    if chosen.report:
        report = workspace.quality.report(board, regions, with_names=chosen.names)
        print(report.write(chosen.report))
    return 0


def _print_regions(regions: RegionReport) -> None:
    """Areas, points and lines in mm, and attributes: a line each."""
    for row in regions.rows:
        mean = "undefined" if row.dice.mean is None else f"{row.dice.mean:.2f}"
        print(f"{row.title:32} {'mean Dice':34} {mean:28} {row.compared:7,} pairs")
    for mark in regions.mark_rows:
        far = mark.distance_mm.mean
        mean = "undefined" if far is None else f"{far:.2f} mm"
        asked = f"mean distance, {mark.shape}s"
        print(f"{mark.title:32} {asked:34} {mean:28} {mark.matched:7,} pairs")
    for one in regions.attributes:
        told = one.row.agreement
        words = told.text if told.value is not None else f"undefined: {told.undefined}"
        print(f"{one.row.topic.title:32} {told.name:34} {words:28} {one.row.items:7,} findings")
