"""The demo: images made of formulas, read in with the schemas that ship."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.gui.goto import open_case
from desktop.gui.schema.schema_choice import read_schema, use_schema
from desktop.gui.shell import Shell
from desktop.workspace.places import resources_dir

if TYPE_CHECKING:
    from desktop.workspace.reports import ImportReport
    from desktop.workspace.workspace import Workspace

_SCHEMAS = (
    ("CT", "chest-ct-nodule"),
    ("MR", "brain-mr-lesion"),
    ("CR", "chest-radiograph-findings"),
    ("DX", "chest-radiograph-findings"),
    ("US", "echo-view-quality"),
)
_FOR_PHOTOGRAPHS = "tissue-photo"


def fill_demo(shell: Shell, room: Workspace, folder: Path) -> None:
    """Make the images in the background, read them in, open the first case."""
    samples = folder / "samples"
    shell.say("Making the demo", "Some seconds, once. It stays on this machine.")

    def make(progress: Progress) -> None:
        progress.report(0.1, "images")
        room.pool.run("desktop.imaging.phantom:write_samples", str(samples), timeout_s=120.0)
        progress.report(1.0, "images")

    def read_in(_made: None) -> None:
        room.start_import([samples], lambda report: _finish(shell, room, report), shell.say_error)

    room.jobs.start("Making the demo", make, read_in, shell.say_error)


def schema_for(title: str) -> str:
    """The name of the schema that fits a case of this title, e.g. "CT · P-4F1A09"."""
    modality = title.split(" ")[0]
    return next((name for start, name in _SCHEMAS if start == modality), _FOR_PHOTOGRAPHS)


def _finish(shell: Shell, room: Workspace, report: ImportReport) -> None:
    try:
        for case_id in report.cases:
            name = schema_for(room.case(case_id).title)
            schema = read_schema(resources_dir() / "schemas" / f"{name}.json")
            use_schema(room, schema, [case_id])
    except UserError as error:
        shell.say_error(error)
        return
    if shell.reading.workspace is room and report.cases:
        open_case(shell.reading, report.cases[0])
        shell.say("The demo is ready", "Draw, answer, undo: nothing can break.", "ok")
