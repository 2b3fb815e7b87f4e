"""Reading Room without a window: the same commands over the same core, for scripts and servers.

``python -m tools.manage COMMAND PROJECT ...`` (``--help`` tells all). Exit code 0 when done, 2 with
a sentence where something stood in the way, 1 where a check did not hold.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from desktop.commands.annotation import DeleteAnnotations
from desktop.commands.project import ChooseSchema, MarkCase, SetNoFinding
from desktop.domain.errors import UserError
from desktop.domain.study import Case
from desktop.domain.task import AssignmentState
from desktop.workspace.schemas.closing import take_defaults
from desktop.workspace.workspace import Workspace
from tools.answering import Place, answer_question
from tools.drawing import add_region
from tools.manage_assign import add_assign_commands
from tools.manage_consensus import add_consensus_commands
from tools.manage_learning import add_learning_commands
from tools.manage_log import add_log_commands
from tools.manage_models import add_model_commands
from tools.manage_note import add_note_commands
from tools.manage_pixels import add_pixel_commands
from tools.manage_quality import add_quality_commands
from tools.manage_ranking import add_ranking_commands
from tools.manage_readers import add_reader_commands, sign_in
from tools.manage_review import add_review_commands
from tools.manage_rules import add_rule_commands
from tools.manage_schema import add_schema_commands
from tools.manage_splits import add_split_commands
from tools.manage_suggestions import add_suggestion_commands
from tools.manage_suspects import add_suspect_commands
from tools.manage_synthetic import add_synthetic_commands
from tools.manage_teaching import add_teaching_commands
from tools.manage_team import add_team_commands
from tools.progress import terminal_progress

Handler = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    try:
        handler: Handler = chosen.handler
        return handler(chosen)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:  # who read our words, as ``head`` does, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


# --- one function per command


def create(chosen: argparse.Namespace) -> int:
    title = chosen.title or chosen.project.stem
    with Workspace.create(
        chosen.project,
        title=title,
        reader_name=chosen.reader or _login(),
        passphrase=_passphrase(chosen),
    ) as workspace:
        print(f"{workspace.title}: made for {workspace.reader_name}.")
    return 0


def import_images(chosen: argparse.Namespace) -> int:
    with _open(chosen) as workspace:
        report = workspace.import_images(
            chosen.paths, terminal_progress(), sites_by_folder=chosen.sites_by_folder
        )
        for refused in report.refused:
            print(f"refused: {refused.path.name}: {refused.reason}")
        print(report.sentence)
    return 0 if report.cases or report.duplicates else 1


def find_images(chosen: argparse.Namespace) -> int:
    with _open(chosen) as workspace:
        found = workspace.relocate(chosen.folder, terminal_progress())
        print(f"{found} {'image' if found == 1 else 'images'} found again.")
    return 0 if found else 1


def list_cases(chosen: argparse.Namespace) -> int:
    with _open(chosen, read_only=True) as workspace:
        lines = workspace.cases(0, chosen.limit, chosen.search)
        for line in lines:
            number = workspace.case_position(line.case.id) + 1
            schema = line.case.schema_id or "no schema"
            state = "no finding" if line.no_finding else line.state.value
            print(
                f"{number:4} {line.case.title:24} {state:10} {line.annotation_count:4} regions  "
                f"{schema}"
            )
        total = workspace.case_count(chosen.search)
        print(f"{len(lines)} of {total} cases")
    return 0


def show(chosen: argparse.Namespace) -> int:
    """One case as JSON: images, answers, regions; no patient text."""
    with _open(chosen, read_only=True) as workspace:
        case = _case(workspace, chosen.case)
        schema = workspace.schema(case.id)
        facts = {
            "case": case.title,
            "id": case.id,
            "schema": case.schema_id,
            "state": workspace.assignment(case.id).state.value,
            "series": [
                {"modality": s.modality, "frames": len(workspace.frame_refs(s.id)), "id": s.id}
                for s in workspace.series(case.id)
            ],
            "answers": {a.question_id: a.value for a in workspace.answers(case.id)},
            "regions": [
                {
                    "id": a.id,
                    "class": schema.label_class(a.label.class_id).name if schema else "",
                    "shape": type(a.geometry).__name__.lower(),
                    "answers": a.label.attributes,
                }
                for a in workspace.annotations(case.id)
            ],
        }
        print(json.dumps(facts, indent=1, ensure_ascii=False))
    return 0


def schema(chosen: argparse.Namespace) -> int:
    with _open(chosen) as workspace:
        added = workspace.add_schema_file(chosen.file)
        cases = [_case(workspace, c) for c in chosen.case] or [
            line.case for line in workspace.cases(0, workspace.case_count())
        ]
        changed = 0
        for case in cases:
            if case.schema_id != added.id:
                workspace.run(ChooseSchema(case_id=case.id, schema_id=added.id))
                changed += 1
        print(f"{added.title}, version {added.version}: chosen for {changed} cases.")
    return 0


def label(chosen: argparse.Namespace) -> int:
    with _open(chosen) as workspace:
        case = _case(workspace, chosen.case)
        annotation = add_region(
            workspace,
            case,
            class_name=chosen.label_class,
            series_number=chosen.series,
            frame_number=chosen.frame,
            box=chosen.box,
            geometry_json=chosen.geometry,
            mask_files=chosen.mask,
        )
        print(annotation)
    return 0


def delete(chosen: argparse.Namespace) -> int:
    with _open(chosen) as workspace:
        case = _case(workspace, chosen.case)
        workspace.run(DeleteAnnotations(case_id=case.id, annotation_ids=tuple(chosen.regions)))
        print(f"{len(chosen.regions)} regions deleted.")
    return 0


def answer(chosen: argparse.Namespace) -> int:
    with _open(chosen) as workspace:
        case = _case(workspace, chosen.case)
        value = None if chosen.clear else chosen.value or ""
        place = Place(chosen.region, chosen.series, chosen.frame)
        print(answer_question(workspace, case, chosen.question, value, place))
    return 0


def mark(chosen: argparse.Namespace) -> int:
    with _open(chosen) as workspace:
        case = _case(workspace, chosen.case)
        if chosen.state == "no-finding":
            workspace.run(SetNoFinding(case_id=case.id, no_finding=True))
        else:
            state = AssignmentState(chosen.state)
            if state is AssignmentState.DONE:
                take_defaults(workspace, case.id)
            workspace.run(MarkCase(case_id=case.id, state=state, why=chosen.why))
        print(f"{case.title}: {chosen.state}")
    return 0


def undo(chosen: argparse.Namespace) -> int:
    with _open(chosen) as workspace:
        case = _case(workspace, chosen.case)
        take_back = workspace.redo if chosen.command == "redo" else workspace.undo
        event = take_back(case.id)
        print(f"Nothing to {chosen.command}." if event is None else event.title)
    return 0


def export(chosen: argparse.Namespace) -> int:
    from desktop.exchange.exporter import BundleOptions
    from desktop.workspace.plugins import PluginState, load_plugins

    with _open(chosen) as workspace:
        for plugin in load_plugins(workspace.settings):
            if plugin.state is not PluginState.LOADED:
                print(f"plugin {plugin.name}: {plugin.state.value}. {plugin.problem}")
        options = BundleOptions(
            formats=tuple(chosen.format),
            case_ids=tuple(_case(workspace, c).id for c in chosen.case),
            only_done=chosen.only_done,
            boxes_as_masks=chosen.boxes_as_masks,
            pictures=chosen.pictures,
            replace=chosen.replace,
        )
        report = workspace.export_bundle(chosen.target, options, terminal_progress())
        for note in report.notes:
            print(f"{note.format}: {note.sentence} ({note.about})")
        print(report.sentence)
        print(f"{report.path}: manifest {report.manifest_sha256}")
    return 0


# --- what they share


def _open(chosen: argparse.Namespace, read_only: bool = False) -> Workspace:
    workspace = Workspace.open(
        chosen.project,
        reader_name=chosen.reader,
        passphrase=_passphrase(chosen),
        read_only=read_only,
    )
    return sign_in(workspace, chosen.reader, chosen.password_file)


def _passphrase(chosen: argparse.Namespace) -> str:
    """From a file or the environment, never from the command line, where others see it."""
    if chosen.passphrase_file is not None:
        with contextlib.suppress(OSError):
            return str(chosen.passphrase_file.read_text(encoding="utf-8").strip())
        raise UserError("The file with the passphrase can't be read.")
    return os.environ.get("READINGROOM_PASSPHRASE", "")


def _case(workspace: Workspace, wanted: str) -> Case:
    """A case by its 1-based number in the work list, or by its id."""
    if wanted.isdigit() and len(wanted) < 8:
        lines = workspace.cases(int(wanted) - 1, 1) if int(wanted) > 0 else []
        if lines:
            return lines[0].case
        raise UserError("There is no such case.", f"{wanted} of {workspace.case_count()}.")
    return workspace.case(wanted)


def _login() -> str:
    return os.environ.get("USER") or os.environ.get("USERNAME") or "Reader"


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("project", type=Path, help=f"the project, NAME{Workspace.suffix}")
    shared.add_argument("--reader", default="", help="who works; else the lead")
    shared.add_argument("--passphrase-file", type=Path, help="for an encrypted project")
    shared.add_argument("--password-file", type=Path, help="else from READINGROOM_PASSWORD")
    parser = argparse.ArgumentParser(prog="manage", description="Reading Room without a window.")
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, handler: Handler, words: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, parents=[shared], help=words, description=words)
        made.set_defaults(handler=handler)
        return made

    add("create", create, "Make a project.").add_argument("--title")
    taking = add("import", import_images, "Read images.")
    taking.add_argument("paths", type=Path, nargs="+")
    words = "tag cases as site:FOLDER, by the folder right below the one that is read"
    taking.add_argument("--sites-by-folder", action="store_true", help=words)
    listing = add("list", list_cases, "List cases.")
    listing.add_argument("--search", default="")
    listing.add_argument("--limit", type=int, default=100)
    add("show", show, "Show a case as JSON.").add_argument("case")
    choosing = add("schema", schema, "Add a schema and choose it for cases (all by default).")
    choosing.add_argument("file", type=Path)
    choosing.add_argument("--case", action="append", default=[])
    _add_label(add("label", label, "Add a region: a box, any shape as JSON, or masks as PNG."))
    deleting = add("delete", delete, "Delete regions.")
    deleting.add_argument("case")
    deleting.add_argument("regions", nargs="+")
    _add_answer(add("answer", answer, "Answer a question of a case, or of a part of it."))
    marking = add("mark", mark, "Close, skip or reopen a case, or say that there is no finding.")
    marking.add_argument("case")
    marking.add_argument("state", choices=["open", "done", "skipped", "no-finding"])
    marking.add_argument("--why", default="")
    add("undo", undo, "Take back the last step on a case.").add_argument("case")
    add("redo", undo, "Take back the last undo on a case.").add_argument("case")
    exporting = add("export", export, "Write a signed bundle: a folder, or one NAME.zip.")
    exporting.add_argument("target", type=Path)
    exporting.add_argument("--case", action="append", default=[], help="these cases; else all")
    exporting.add_argument("--format", action="append", default=[], help="else all formats")
    for flag, words in (
        ("--only-done", "closed cases only"),
        ("--boxes-as-masks", "boxes fill pixels too"),
        ("--pictures", "images of preference tasks and image folders"),
        ("--replace", "an older bundle of this name"),
    ):
        exporting.add_argument(flag, action="store_true", help=words)
    add("find", find_images, "Find moved images.").add_argument("folder", type=Path)
    for add_more in (
        add_quality_commands,
        add_suspect_commands,
        add_schema_commands,
        add_note_commands,
        add_team_commands,
        add_consensus_commands,
        add_assign_commands,
        add_reader_commands,
        add_ranking_commands,
        add_split_commands,
        add_learning_commands,
        add_teaching_commands,
    ):
        add_more(add, _open)
    for add_on_cases in (
        add_pixel_commands,
        add_synthetic_commands,
        add_model_commands,
        add_suggestion_commands,
        add_rule_commands,
        add_review_commands,
        add_log_commands,
    ):
        add_on_cases(add, _open, _case)
    return parser


def _add_answer(answering: argparse.ArgumentParser) -> None:
    answering.add_argument("case")
    answering.add_argument("question")
    answering.add_argument("value", nargs="?")
    answering.add_argument("--clear", action="store_true")
    answering.add_argument("--region", default="", help="its id, for a question about regions")
    answering.add_argument("--series", type=int, default=1, help="its number in the case")
    answering.add_argument("--frame", type=int, default=1, help="number of the image in the series")


def _add_label(labelling: argparse.ArgumentParser) -> None:
    labelling.add_argument("case")
    labelling.add_argument("label_class", metavar="class", help="its name or number")
    labelling.add_argument("--series", type=int, default=1, help="1-based, in the case")
    labelling.add_argument("--frame", type=int, default=1, help="1-based, in the series")
    shape = labelling.add_mutually_exclusive_group(required=True)
    shape.add_argument("--box", type=float, nargs=4, metavar=("X0", "Y0", "X1", "Y1"))
    shape.add_argument("--geometry", metavar="JSON", help="a shape, or @FILE that holds one")
    shape.add_argument("--mask", type=Path, nargs="+", metavar="PNG", help="from --frame onwards")


if __name__ == "__main__":
    sys.exit(main())
