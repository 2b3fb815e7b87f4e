"""Models on the command line: the shelf and its cards, runs over cases, and what help did."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec.structs import replace

from desktop.domain.errors import UserError
from desktop.domain.model_card import ModelCard
from desktop.domain.record import to_json
from desktop.domain.study import Case
from desktop.workspace.workspace import Workspace
from tools.progress import terminal_progress

Handler = Callable[[argparse.Namespace], int]
Add = Callable[[str, Handler, str], argparse.ArgumentParser]
Open = Callable[..., Workspace]
FindCase = Callable[[Workspace, str], Case]
Do = Callable[[argparse.Namespace, Workspace], int]
STOPPED = 130


def add_model_commands(add: Add, opened: Open, case_of: FindCase) -> None:
    """Declare the subcommands; ``opened`` opens and signs in, ``case_of`` finds a case by words."""

    def with_project(do: Do) -> Handler:
        def run(chosen: argparse.Namespace) -> int:
            with opened(chosen) as workspace:
                return do(chosen, workspace)

        return run

    def on_cases(do: Do) -> Handler:
        def run(chosen: argparse.Namespace) -> int:
            with opened(chosen) as workspace:
                named = [chosen.case] if isinstance(chosen.case, str) else chosen.case or []
                chosen.case_ids = [case_of(workspace, one).id for one in named]
                return do(chosen, workspace)

        return run

    add("models", with_project(list_models), "List the models on the shelf.")
    adding = add("model-add", with_project(add_model), "Put a model on the shelf.")
    adding.add_argument("file", type=Path, help="an .onnx file; NAME.json beside it is its card")
    adding.add_argument("--card", type=Path, help="else the one beside the file, else a guess")
    adding.add_argument("--decoder", type=Path, help="second file of a prompted model")
    adding.add_argument("--beside-project", action="store_true", help="keep it with the project")
    words = "Print a model's card, or write another; its suggestions then come from a new run."
    card = _with_model(add("model-card", with_project(change_card), words))
    card.add_argument("file", type=Path, nargs="?", help="the new card as JSON; its hash stays")
    _with_model(add("model-remove", with_project(remove_model), "Take a model off the shelf."))
    words = "What a model would suggest on a case; keeps nothing."
    _with_model(add("model-try", on_cases(try_model), words)).add_argument("case")
    words = "Run a model over cases; continues where it ended."
    running = _with_model(add("model-run", on_cases(run_model), words))
    running.add_argument("--case", action="append", help="these cases; else all")
    words = "Look for text in the pixels of images."
    add("pixel-text", on_cases(find_text), words).add_argument("--case", action="append")
    arms = add("arms", with_project(set_arms), "Set the shares of the three arms in percent.")
    arms.add_argument("shares", type=int, nargs=3, metavar=("NONE", "BLIND", "FIRST"))
    arms.add_argument("--new-study", action="store_true", help="draw all arms anew")
    add("help-report", with_project(report), "What help did: time, right, misled, corrected.")


def _with_model(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("model", help="its SHA-256, or how it begins")
    return parser


# --- one function per command


def list_models(_chosen: argparse.Namespace, room: Workspace) -> int:
    shelf = room.models.shelf()
    for shelved in shelf:
        card = shelved.card
        trouble = f" - {shelved.problem}" if shelved.problem else ""
        print(f"{card.sha256[:12]}  {card.name}: {card.task.value}, {card.licence}{trouble}")
        print(f"              {card.input.words}; threshold {card.threshold:g}")
    if not shelf:
        print("No models yet. Put one on the shelf: model-add.")
    return 0


def add_model(chosen: argparse.Namespace, room: Workspace) -> int:
    card = room.models.add(
        chosen.file,
        _card(chosen.card) if chosen.card else None,
        chosen.decoder,
        beside_project=chosen.beside_project,
    )
    print(f"Added {card.name} ({card.task.value}, {card.licence}), SHA-256 {card.sha256}.")
    return 0


def change_card(chosen: argparse.Namespace, room: Workspace) -> int:
    card = room.models.get(chosen.model).card
    if chosen.file is None:
        print(msgspec.json.format(to_json(card), indent=1))
        return 0
    new = replace(_card(chosen.file), sha256=card.sha256, decoder_sha256=card.decoder_sha256)
    room.models.change(new)
    print(f"The card of {new.name} is written.")
    return 0


def remove_model(chosen: argparse.Namespace, room: Workspace) -> int:
    room.models.remove(chosen.model)
    print("Removed. What it suggested stays.")
    return 0


def try_model(chosen: argparse.Namespace, room: Workspace) -> int:
    """What a model would suggest on a case; nothing is kept."""
    trial = room.models.runs.try_on(chosen.model, chosen.case_ids[0], terminal_progress())
    many = "1 suggestion" if len(trial.found) == 1 else f"{len(trial.found)} suggestions"
    print(f"{trial.model} would make {many}, {trial.seconds:.1f} s.")
    for found in trial.found:
        images = len(found.frames) or int(found.target.frame is not None)
        what = found.question_id or f"class {found.label.class_id if found.label else '-'}"
        value = "" if found.value is None else f" {found.value}"
        print(f"  {found.score:.2f}  {what}{value}, on {images} images")
    return 0


def run_model(chosen: argparse.Namespace, room: Workspace) -> int:
    try:
        told = room.models.runs.run(chosen.model, chosen.case_ids or None, terminal_progress())
    except KeyboardInterrupt:
        print("Stopped. What was done is kept; the same command goes on from there.")
        return STOPPED
    print(told.sentence)
    for left in told.left_out:
        print(f"  {left.title}: {left.why}")
    return 0


def find_text(chosen: argparse.Namespace, room: Workspace) -> int:
    told = room.pixel_text.find(chosen.case_ids or None, terminal_progress())
    print(told.sentence)
    for found in room.pixel_text.found():
        images = f"{found.images} image{'' if found.images == 1 else 's'}"
        print(f"  {found.title}: text on {images}, {found.places} places")
    for left in (*told.left_out, *told.not_ended):
        print(f"  {left.title}: {left.why}")
    return 0


def report(_chosen: argparse.Namespace, room: Workspace) -> int:
    told = room.help.report()
    for run in told.runs:
        print(
            f"{run.name} ({run.origin}): {run.offered} offered on {run.cases} cases, "
            f"{run.accepted} accepted, {run.edited} edited, {run.rejected} rejected; "
            f"right {run.right.words}"
        )
    print(f"Right answers overturned by a wrong suggestion: {told.all.misled.words}")
    print(f"Wrong answers corrected by a right suggestion: {told.all.corrected.words}")
    print(f"Time: {told.saved.words}")
    return 0


def set_arms(chosen: argparse.Namespace, room: Workspace) -> int:
    room.help.set_plan(*chosen.shares, new_study=chosen.new_study)
    none, blind, first = chosen.shares
    print(f"No help {none} %, blind answer first {blind} %, help first {first} %.")
    return 0


# --- what they share


def _card(file: Path) -> ModelCard:
    try:
        return msgspec.json.decode(file.read_bytes(), type=ModelCard)
    except (OSError, ValueError) as error:
        raise UserError("The model's card can't be read.", str(error)[:200]) from error
