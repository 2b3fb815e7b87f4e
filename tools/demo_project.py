"""The demo project: the demo's images, each case with the schema it is read with.

``python -m tools.demo_project [HOME] [--phantom]``; its last line is the project's path. A second
run makes nothing new.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from desktop.commands.project import ChooseSchema
from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.workspace.places import resources_dir
from desktop.workspace.workspace import Workspace
from tools.demo_data import demo_cases, is_phantom, make_demo_images
from tools.folders import data_folder

Say = Callable[[str], None]


def make_demo_project(
    home: Path, *, real: bool = True, reader_name: str = "Demo reader", say: Say = print
) -> Path:
    """The demo's project file below ``home``, made at first use.

    It is written in a folder beside and moved when complete, so a half-made one is never opened.
    """
    images = make_demo_images(home, real=real, say=say)
    target = home / f"demo-{images.name}{Workspace.suffix}"
    if target.is_file():
        return target
    workshop = home / "making"
    shutil.rmtree(workshop, ignore_errors=True)
    workshop.mkdir()
    draft = workshop / target.name
    title = "Demo (phantom: generated images)" if is_phantom(images) else "Demo"
    say("Making the demo project ...")
    with Workspace.create(draft, title=title, reader_name=reader_name) as workspace:
        _fill(workspace, images, say)
    draft.rename(target)
    shutil.rmtree(workshop)
    return target


def _fill(workspace: Workspace, images: Path, say: Say) -> None:
    for case in demo_cases(images):
        report = workspace.import_images([images / case.folder], Progress())
        if report.refused or not report.cases:
            reason = report.refused[0].reason if report.refused else "no image was found"
            raise UserError("The demo's images could not be read.", f"{case.title}: {reason}")
        schema = workspace.add_schema_file(resources_dir() / "schemas" / f"{case.schema}.json")
        for case_id in report.cases:
            workspace.run(ChooseSchema(case_id=case_id, schema_id=schema.id))
        say(f"  {case.title}: {report.sentence}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Make the demo project.")
    parser.add_argument("home", nargs="?", type=Path, default=data_folder() / "demo")
    parser.add_argument("--phantom", action="store_true", help="generated images only")
    chosen = parser.parse_args(arguments)
    chosen.home.mkdir(parents=True, exist_ok=True)
    try:
        print(make_demo_project(chosen.home, real=not chosen.phantom))
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
