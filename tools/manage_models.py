"""Models without a window: the shelf, runs over a project, and what help did.

``python -m tools.manage_models PROJECT list|add|remove|try|run|text|report …``
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.workspace.workspace import Workspace


def _list(room: Workspace, _chosen: argparse.Namespace) -> int:
    for shelved in room.models.shelf():
        card = shelved.card
        trouble = f" - {shelved.problem}" if shelved.problem else ""
        print(f"{card.sha256[:12]}  {card.name}: {card.task.value}, {card.licence}{trouble}")
        print(f"              {card.input.words}; threshold {card.threshold:g}")
    return 0


def _add(room: Workspace, chosen: argparse.Namespace) -> int:
    card = room.models.add(
        chosen.file, decoder=chosen.decoder, beside_project=chosen.beside_project
    )
    print(f"Added {card.name} ({card.task.value}), SHA-256 {card.sha256}.")
    return 0


def _remove(room: Workspace, chosen: argparse.Namespace) -> int:
    room.models.remove(chosen.sha256)
    print("Removed. What it suggested stays.")
    return 0


def _try(room: Workspace, chosen: argparse.Namespace) -> int:
    """What a model would suggest on a case; nothing is kept."""
    trial = room.models.runs.try_on(chosen.sha256, chosen.case, Progress(_say))
    print(f"{trial.model} would make {len(trial.found)} suggestions, {trial.seconds:.1f} s.")
    for found in trial.found:
        images = len(found.frames) or int(found.target.frame is not None)
        what = found.question_id or f"class {found.label.class_id if found.label else '-'}"
        value = "" if found.value is None else f" {found.value}"
        print(f"  {found.score:.2f}  {what}{value}, on {images} images")
    return 0


def _run(room: Workspace, chosen: argparse.Namespace) -> int:
    report = room.models.runs.run(chosen.sha256, chosen.case or None, Progress(_say))
    print(report.sentence)
    for left in report.left_out:
        print(f"  {left.title}: {left.why}")
    return 0


def _text(room: Workspace, chosen: argparse.Namespace) -> int:
    report = room.pixel_text.find(chosen.case or None, Progress(_say))
    print(report.sentence)
    for found in room.pixel_text.found():
        images = f"{found.images} image{'' if found.images == 1 else 's'}"
        print(f"  {found.title}: text on {images}, {found.places} places")
    for left in (*report.left_out, *report.not_ended):
        print(f"  {left.title}: {left.why}")
    return 0


def _say(fraction: float, text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{fraction:5.1%} {text[:60]:60}", end="", file=sys.stderr)


def _report(room: Workspace, _chosen: argparse.Namespace) -> int:
    report = room.help.report()
    for run in report.runs:
        print(
            f"{run.name} ({run.origin}): {run.offered} offered on {run.cases} cases, "
            f"{run.accepted} accepted, {run.edited} edited, {run.rejected} rejected; "
            f"right {run.right.words}"
        )
    print(f"Right answers overturned by a wrong suggestion: {report.all.misled.words}")
    print(f"Wrong answers corrected by a right suggestion: {report.all.corrected.words}")
    print(f"Time: {report.saved.words}")
    return 0


def _arms(room: Workspace, chosen: argparse.Namespace) -> int:
    room.help.set_plan(*chosen.shares, new_study=chosen.new_study)
    none, blind, first = chosen.shares
    print(f"No help {none} %, blind answer first {blind} %, help first {first} %.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Models and what their help did.")
    parser.add_argument("project", type=Path)
    parser.add_argument("--reader", default="", help="name of the reader, else the first")
    commands = parser.add_subparsers(required=True)
    commands.add_parser("list", help="the shelf").set_defaults(handler=_list)
    adding = commands.add_parser("add", help="put a model on the shelf")
    adding.add_argument("file", type=Path, help="an .onnx file; NAME.json beside it is its card")
    adding.add_argument("--decoder", type=Path, help="second file of a prompted model")
    adding.add_argument("--beside-project", action="store_true", help="keep it with the project")
    adding.set_defaults(handler=_add)
    removing = commands.add_parser("remove", help="take a model off the shelf")
    removing.add_argument("sha256", help="or how it begins")
    removing.set_defaults(handler=_remove)
    trying = commands.add_parser("try", help="what a model would suggest on a case; keeps nothing")
    trying.add_argument("sha256", help="or how it begins")
    trying.add_argument("case", help="id of a case")
    trying.set_defaults(handler=_try)
    running = commands.add_parser("run", help="run a model over cases; continues where it ended")
    running.add_argument("sha256", help="or how it begins")
    running.add_argument("--case", action="append", help="id of a case; all without it")
    running.set_defaults(handler=_run)
    text = commands.add_parser("text", help="look for text in the pixels of images")
    text.add_argument("--case", action="append", help="id of a case; all without it")
    text.set_defaults(handler=_text)
    arms = commands.add_parser("arms", help="set the shares of the three arms in percent")
    arms.add_argument("shares", type=int, nargs=3, metavar=("NONE", "BLIND", "FIRST"))
    arms.add_argument("--new-study", action="store_true", help="draw all arms anew")
    arms.set_defaults(handler=_arms)
    commands.add_parser("report", help="what help did").set_defaults(handler=_report)
    return parser


def main(arguments: list[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    try:
        with Workspace.open(chosen.project, reader_name=chosen.reader) as room:
            return int(chosen.handler(room, chosen))
    except UserError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
