"""Prediction from scribbles on the command line: what is painted teaches, the rest is predicted."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from desktop.commands.scribble import ScribbleElse
from desktop.domain.errors import UserError
from desktop.domain.scribble import ANYTHING_ELSE
from desktop.domain.study import Case
from desktop.workspace.workspace import Workspace
from tools.drawing import class_of, frames_from, painted_frames

Handler = Callable[[argparse.Namespace], int]
Add = Callable[[str, Handler, str], argparse.ArgumentParser]
Open = Callable[..., Workspace]
FindCase = Callable[[Workspace, str], Case]


def add_pixel_commands(add: Add, opened: Open, case_of: FindCase) -> None:
    """Declare the subcommand; ``opened`` opens and signs in, ``case_of`` finds a case by words."""

    def run(chosen: argparse.Namespace) -> int:
        writes = chosen.keep or chosen.rest or chosen.patch
        with opened(chosen, read_only=not writes) as workspace:
            return predict(chosen, workspace, case_of(workspace, chosen.case))

    told = add("predict", run, "Predict a frame from what is painted on it, and keep a class.")
    told.add_argument("case")
    told.add_argument("--series", type=int, default=1, help="1-based, in the case")
    told.add_argument("--frame", type=int, default=1, help="1-based, in the series")
    told.add_argument("--rest", type=Path, metavar="PNG", help="paint anything else first")
    told.add_argument("--keep", metavar="CLASS", help="make a region of all that is predicted")
    told.add_argument(
        "--patch", nargs=3, action="append", metavar=("X", "Y", "CLASS"), default=[],
        help="say what the patch under a point is first; “else” for none of the classes",
    )  # fmt: skip
    told.add_argument(
        "--ask", action="store_true", help="list the patches that teach most, instead of predicting"
    )


def predict(chosen: argparse.Namespace, workspace: Workspace, case: Case) -> int:
    """Print how much of the frame each class takes; keep one where asked to."""
    series_id, frames = frames_from(workspace, case, chosen.series, chosen.frame)
    if chosen.rest:
        (part,) = painted_frames(workspace, frames[:1], [chosen.rest])
        workspace.run(
            ScribbleElse(
                case_id=case.id,
                frame=part.frame,
                rows=part.rows,
                columns=part.columns,
                runs=part.runs,
            )
        )
    schema = workspace.schema(case.id)
    for x, y, name in chosen.patch:
        patch = workspace.patches.at(case.id, series_id, frames[0], _number(x), _number(y))
        class_id = ANYTHING_ELSE
        if name != "else" and schema is not None:
            class_id = class_of(schema, name).id
        workspace.run(workspace.patches.answered(patch, class_id))
    if chosen.ask:
        for patch in workspace.patches.ask(case.id, series_id, frames[0]):
            x, y = patch.middle_xy
            print(f"{x:8.1f} {y:8.1f}  {int(patch.mask_yx.sum()):6} px  {patch.reason}")
        return 0
    found = workspace.pixels.run(case.id, series_id, frames[0])
    names = {c.id: c.name for c in schema.classes} if schema else {}
    names[ANYTHING_ELSE] = "anything else"
    for class_id in found.class_ids:
        here = found.classes_yx == class_id
        sure = float(found.chance_yx[here].mean()) if here.any() else float("nan")
        words = names.get(class_id, str(class_id))
        print(f"{words:24} {here.mean():6.1%} of the image, {sure:4.0%} sure on average")
    if chosen.keep and schema is not None:
        wanted = class_of(schema, chosen.keep)
        mask = np.asarray(found.classes_yx == wanted.id)
        workspace.run(workspace.pixels.accepted(found, wanted.id, mask))
        print(f"Kept: {wanted.name}.")
    return 0


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UserError("A place in an image is two numbers.", text) from None
