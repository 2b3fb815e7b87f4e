"""Training, validation and test on the command line: shown, dealt, set by hand, written."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from desktop.domain.errors import UserError
from desktop.domain.split import Part, Together
from desktop.workspace.learning.split_board import SplitBoard
from desktop.workspace.workspace import Workspace

Handler = Callable[[argparse.Namespace], int]
Add = Callable[[str, Handler, str], argparse.ArgumentParser]
Open = Callable[..., Workspace]
_COLUMNS = (Part.TRAIN, Part.VALIDATION, Part.TEST, None)


def add_split_commands(add: Add, opened: Open) -> None:
    """Declare the subcommand; ``opened`` opens and signs in from the shared arguments."""

    def run(chosen: argparse.Namespace) -> int:
        writes = chosen.deal or chosen.deal_again or chosen.move
        with opened(chosen, read_only=not writes) as workspace:
            return splits(chosen, workspace)

    told = add("splits", run, "Who is in training, validation and test, and why; deal patients.")
    dealing = told.add_mutually_exclusive_group()
    dealing.add_argument("--deal", action="store_true", help="those who have no part yet")
    dealing.add_argument("--deal-again", action="store_true", help="all of them")
    dealing.add_argument(
        "--move", nargs=2, metavar=("PATIENT", "PART"), help="train, validation or test"
    )
    told.add_argument("--seed", type=int, default=1, help="the same seed gives the same split")
    told.add_argument("--validation", type=float, default=0.15, help="share of the patients")
    told.add_argument("--test", type=float, default=0.15, help="share of the patients")
    told.add_argument("--by-site", action="store_true", help="a site is never parted")
    told.add_argument("--balanced", action="store_true", help="each part its share of all labels")
    told.add_argument("--patients", action="store_true", help="list every patient")
    told.add_argument("--table", type=Path, help="write one line per case as CSV")


def splits(chosen: argparse.Namespace, workspace: Workspace) -> int:
    """Deal or move where asked to, then print how things stand."""
    if chosen.deal or chosen.deal_again:
        together = Together.SITE if chosen.by_site else Together.PATIENT
        report = workspace.splits.deal(
            chosen.validation,
            chosen.test,
            chosen.seed,
            chosen.deal_again,
            together,
            chosen.balanced,
        )
        print(f"Dealt: {report.sentence}")
    if chosen.move:
        patient, part = chosen.move
        if part not in {p.value for p in Part}:
            raise UserError("There is no such part.", part, "Take train, validation or test.")
        workspace.splits.move(patient, Part(part))
    board = workspace.splits.board()
    _show(board)
    if chosen.patients:
        for line in board.lines:
            part = line.part.value if line.part else "-"
            why = f"  {line.kept}" if line.kept else ""
            cases = f"{len(line.cases)} {'case' if len(line.cases) == 1 else 'cases'}"
            print(f"{line.patient_key:14} {part:10} {cases:9} {line.site:12} {line.how}{why}")
    if chosen.table:
        workspace.splits.write_table(chosen.table)
        print(chosen.table)
    return 0


def _show(board: SplitBoard) -> None:
    heads = "".join(f"{part.value if part else 'not dealt':>12}" for part in _COLUMNS)
    print(f"{'':40}{heads}")
    rows = [("patients", board.patients()), ("cases", board.cases())]
    rows += [(label.title, label.counts) for label in board.labels]
    for title, counts in rows:
        print(f"{title[:39]:40}" + "".join(f"{counts.get(part, 0):12,}" for part in _COLUMNS))
    for site in board.sites_parted():
        print(f"Site {site} is in training and held back at once.")
