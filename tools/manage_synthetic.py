"""Made-up images on the command line: whole ones, or lesions and another scanner for real ones."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from desktop.domain.errors import UserError
from desktop.domain.study import Case
from desktop.engines.synthesis.derived import Change
from desktop.engines.synthesis.synthetic import SCANNER, Slider
from desktop.workspace.images.derived import Recipe
from desktop.workspace.workspace import Workspace
from tools.drawing import class_of, frames_from

Handler = Callable[[argparse.Namespace], int]
Add = Callable[[str, Handler, str], argparse.ArgumentParser]
Open = Callable[..., Workspace]
FindCase = Callable[[Workspace, str], Case]


def add_synthetic_commands(add: Add, opened: Open, case_of: FindCase) -> None:
    """Declare the subcommands; ``opened`` opens and signs in, ``case_of`` finds a case by words."""

    def make(chosen: argparse.Namespace) -> int:
        with opened(chosen, read_only=not chosen.generator) as workspace:
            return synthetic(chosen, workspace)

    def change(chosen: argparse.Namespace) -> int:
        with opened(chosen) as workspace:
            return derived(chosen, workspace, case_of(workspace, chosen.case))

    told = add("synthetic", make, "Make images with exact labels; they never leave training.")
    told.add_argument("generator", nargs="?", default="", help="its name; none: list them")
    told.add_argument("--side", type=int, default=256, help="rows and columns")
    _shared(told)
    told = add("derive", change, "Make new cases from a real image; the original stays as it is.")
    told.add_argument("case")
    told.add_argument("change", choices=[c.value for c in Change])
    told.add_argument("--series", type=int, default=1, help="1-based, in the case")
    told.add_argument("--frame", type=int, default=1, help="1-based, in the series")
    told.add_argument("--at", type=float, nargs=2, metavar=("X", "Y"), help="middle of the lesion")
    told.add_argument("--class", dest="label_class", default="", help="of the lesion")
    _shared(told)


def _shared(told: argparse.ArgumentParser) -> None:
    told.add_argument("--into", type=Path, help="folder for the files")
    told.add_argument("--count", type=int, default=1)
    told.add_argument(
        "--seed", type=int, default=1, help="of the first image; the next ones count up"
    )
    told.add_argument(
        "--set", dest="values", action="append", default=[], metavar="NAME=NUMBER",
        help="one of its sliders",
    )  # fmt: skip


def synthetic(chosen: argparse.Namespace, workspace: Workspace) -> int:
    """Make images, or list the generators with their sliders."""
    known = workspace.synthetic.generators()
    if not chosen.generator:
        for one in known:
            print(f"{one.name:20} {one.title}")
            _list(one.sliders)
        print(f"{'':20} All of them, as a scanner would show them")
        _list(SCANNER)
        for change in Change:
            print(f"{'derive ' + change.value:20} {change.title}")
            _list(change.sliders)
        return 0
    found = next((g for g in known if g.name == chosen.generator), None)
    if found is None:
        raise UserError("This generator is not known.", ", ".join(g.name for g in known))
    report = workspace.synthetic.make(
        found.name, chosen.count, chosen.seed, _values(chosen.values, (*found.sliders, *SCANNER)),
        _folder(chosen), side=chosen.side,
    )  # fmt: skip
    print(report.sentence)
    return 0


def derived(chosen: argparse.Namespace, workspace: Workspace, case: Case) -> int:
    """Make cases from one image of a case."""
    change = Change(chosen.change)
    _series_id, frames = frames_from(workspace, case, chosen.series, chosen.frame)
    class_id = 0
    if chosen.label_class:
        class_id = class_of(workspace.derived.classes(case.id), chosen.label_class).id
    recipe = Recipe(
        change=change,
        values=_values(chosen.values, change.sliders),
        seed=chosen.seed,
        count=chosen.count,
        class_id=class_id,
        at_xy=tuple(chosen.at) if chosen.at else None,
    )
    print(workspace.derived.make(case.id, frames[0], recipe, _folder(chosen)).sentence)
    return 0


def _list(sliders: tuple[Slider, ...]) -> None:
    for s in sliders:
        unit = f" {s.unit}" if s.unit else ""
        print(f"    {s.name:16} {s.title}: {s.low:g} to {s.high:g}{unit}, else {s.default:g}")


def _folder(chosen: argparse.Namespace) -> Path:
    if chosen.into is None:
        raise UserError("Say where the files go.", "", "Add --into FOLDER.")
    chosen.into.mkdir(parents=True, exist_ok=True)
    return Path(chosen.into)


def _values(given: list[str], sliders: tuple[Slider, ...]) -> dict[str, float]:
    known = {s.name for s in sliders}
    found = {}
    for text in given:
        name, _equals, number = text.partition("=")
        try:
            found[name] = float(number)
        except ValueError:
            raise UserError("A slider is NAME=NUMBER.", text) from None
        if name not in known:
            raise UserError("There is no such slider.", f"There are: {', '.join(sorted(known))}.")
    return found
