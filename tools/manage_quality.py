"""Agreement of readers on the command line: the board, and the report as files."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from desktop.domain.errors import UserError
from desktop.engines.agreement.alpha import Level
from desktop.engines.agreement.measurement_agreement import Correlation
from desktop.engines.agreement.weights import Scheme
from desktop.workspace.quality.own_weights import weights_of_plain
from desktop.workspace.quality.quality_measures import BoardOptions, Measure, OwnWeights
from desktop.workspace.quality.region_agreement import RegionReport
from desktop.workspace.quality.region_rows import RegionRow
from desktop.workspace.workspace import Workspace

Handler = Callable[[argparse.Namespace], int]
Add = Callable[[str, Handler, str], argparse.ArgumentParser]
Open = Callable[..., Workspace]
MEASURES = {measure.name.lower().replace("_", "-"): measure for measure in Measure}
FORMS = {form.value[4:-1]: form for form in Correlation}  # "2,1"


def add_quality_commands(add: Add, opened: Open) -> None:
    """Declare the subcommand; ``opened`` opens and signs in from the shared arguments."""

    def run(chosen: argparse.Namespace) -> int:
        with opened(chosen, read_only=not chosen.names) as workspace:
            return quality(chosen, workspace)

    told = add("quality", run, "Agreement for every question and class, and the report.")
    told.add_argument("--coefficient", choices=sorted(MEASURES), default="usual")
    told.add_argument(
        "--weights", choices=[s.value for s in Scheme], help="of kappa, Gwet's AC, Brennan-Prediger"
    )
    told.add_argument(
        "--own-weights",
        type=Path,
        help='JSON: {"SCHEMA/QUESTION": {"answers": [...], "weights": [[1, 0.5], [0.5, 1]]}}',
    )
    told.add_argument("--level", choices=[le.value for le in Level], help="of alpha")
    told.add_argument("--icc", choices=sorted(FORMS), default="2,1", help="model and unit of ICC")
    told.add_argument("--open-cases", action="store_true", help="count open cases as well")
    told.add_argument("--regions", action="store_true", help="compare regions too")
    told.add_argument(
        "--tolerance", type=float, default=2.0, help="of surfaces, points and lines, in mm"
    )
    told.add_argument("--report", type=Path, help="write HTML, CSV, JSON and plots into a folder")
    told.add_argument("--names", action="store_true", help="readers by name; noted in the log")


def quality(chosen: argparse.Namespace, workspace: Workspace) -> int:
    """Print the board; write the report where a folder is given."""
    options = _options(chosen, workspace)
    board = workspace.quality.board(options)
    for row in board.rows:
        told = row.agreement
        words = told.text if told.value is not None else f"undefined: {told.undefined}"
        print(f"{row.topic.title:32} {told.name:34} {words:28} {row.items:7,} items")
        for name, share in (("known answers right", row.known), ("wrong advice taken", row.bias)):
            if share is not None and share.value is not None:
                words = f"{share.value:.0%}"
                print(f"{row.topic.title:32} {name:34} {words:28} {share.asked:7,} answers")
    regions = (
        workspace.quality.regions(chosen.tolerance, options=options) if chosen.regions else None
    )
    if regions:
        _print_regions(regions)
    if chosen.report:
        report = workspace.quality.report(board, regions, with_names=chosen.names)
        print(report.write(chosen.report))
    return 0


def _options(chosen: argparse.Namespace, workspace: Workspace) -> BoardOptions:
    """What was asked for; weights from a file come before those that this user keeps."""
    own = dict(workspace.quality.own_weights())
    if chosen.own_weights:
        own |= _weights_of(chosen.own_weights)
    return BoardOptions(
        measure=MEASURES[chosen.coefficient],
        only_closed=not chosen.open_cases,
        weights=Scheme(chosen.weights) if chosen.weights else None,
        level=Level(chosen.level) if chosen.level else None,
        form=FORMS[chosen.icc],
        own=tuple(own.items()),
    )


def _weights_of(path: Path) -> dict[str, OwnWeights]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {topic: weights_of_plain(plain) for topic, plain in found.items()}
    except (OSError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise UserError(f"{path.name} holds no weights.", str(error)) from error


def _figures(row: RegionRow) -> tuple[tuple[str, float | None], ...]:
    """What is told of areas of a class, by name."""
    return (
        ("mean Dice", row.dice.mean),
        ("median IoU", row.iou.median),
        ("median surface Dice", row.surface_dice.median),
        ("median HD95 mm", row.hd95_mm.median),
        ("median HD mm", row.hd_mm.median),
        ("median ASSD mm", row.assd_mm.median),
        ("objects found, F", row.objects.f_score),
        ("panoptic quality", row.quality.quality),
    )


def _print_regions(regions: RegionReport) -> None:
    """Areas, points and lines in mm, and attributes: a line each."""
    for row in regions.rows:
        for name, value in _figures(row):
            words = "undefined" if value is None else f"{value:.2f}"
            print(f"{row.title:32} {name:34} {words:28} {row.compared:7,} pairs")
        for told in (row.alpha, row.alpha_iou):
            words = told.text if told.value is not None else f"undefined: {told.undefined}"
            print(f"{row.title:32} {told.name:34} {words:28} {told.items:7,} cases")
    for mark in regions.mark_rows:
        far = mark.distance_mm.mean
        mean = "undefined" if far is None else f"{far:.2f} mm"
        asked = f"mean distance, {mark.shape}s"
        print(f"{mark.title:32} {asked:34} {mean:28} {mark.matched:7,} pairs")
    for one in regions.attributes:
        told = one.row.agreement
        words = told.text if told.value is not None else f"undefined: {told.undefined}"
        print(f"{one.row.topic.title:32} {told.name:34} {words:28} {one.row.items:7,} findings")
