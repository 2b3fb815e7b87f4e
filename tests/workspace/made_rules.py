"""A project for rules: photographs with and without a bright spot, with reports beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from desktop.commands.project import AddReader, AddSchema, AnswerQuestion, UseSchema
from desktop.commands.rule import SaveRule
from desktop.domain.rule import Rule, RuleTarget
from desktop.domain.schema import Choice, LabelClass, Question, QuestionKind, Schema, Scope
from desktop.domain.task import Reader, Role
from desktop.workspace.workspace import Workspace

SPOTS = Schema(
    id="spots@1",
    name="spots",
    version=1,
    title="Spots",
    classes=(LabelClass(id=1, name="Spot", color="#E69F00", key="1"),),
    questions=(
        Question(id="spot", text="Is there a spot?", kind=QuestionKind.YES_NO),
        Question(
            id="quality",
            text="Image quality",
            kind=QuestionKind.CHOICE,
            choices=(Choice(id="good", text="Good"), Choice(id="poor", text="Poor")),
        ),
        Question(
            id="signs",
            text="Signs",
            kind=QuestionKind.MULTIPLE,
            choices=(Choice(id="edge", text="Sharp edge"), Choice(id="halo", text="Halo")),
        ),
        Question(id="sharp", text="Is it sharp?", kind=QuestionKind.YES_NO, scope=Scope.FRAME),
        Question(id="solid", text="Solid?", kind=QuestionKind.YES_NO, scope=Scope.REGION),
    ),
)
SPOT = RuleTarget(schema_name="spots", question_id="spot")
SIDE = 48


def spot_images(folder: Path, count: int = 24) -> Path:
    """Grey pictures, every third with a bright spot; a report beside all but every fourth."""
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(4)
    for number in range(count):
        pixels = random.normal(90, 12, (SIDE, SIDE))
        if has_spot(number):
            y, x = random.integers(10, SIDE - 10, 2)
            pixels[y - 5 : y + 5, x - 5 : x + 5] += 110
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(folder / f"n{number:02}.png")
        if number % 4:
            words = "There is a bright spot." if has_spot(number) else "No spot is seen."
            (folder / f"n{number:02}.txt").write_text(f"Findings: {words}\n")
    return folder


def has_spot(number: int) -> bool:
    return number % 3 == 0


def number_of(ws: Workspace, case_id: str) -> int:
    """Which picture a case shows."""
    ref = ws.frame_refs(ws.series(case_id)[0].id)[0]
    return int(ws.source_path(ref.instance_id).stem[1:])


def open_spots(folder: Path, count: int = 24) -> Workspace:
    """A new project of the pictures, with the reports attached and the schema chosen."""
    images = spot_images(folder / "spots", count)
    ws = Workspace.create(folder / "spots.rroom", title="Spots", reader_name="Ada")
    ws.run(AddSchema(schema=SPOTS))
    ws.import_images([images])
    ids = tuple(line.case.id for line in ws.cases(limit=1000))
    ws.run(UseSchema(case_ids=ids, schema_id=SPOTS.id))
    ws.rules.take_reports([images])
    return ws


def rule(ws: Workspace, name: str, kind: str, votes_for: str = "yes", **more: object) -> Rule:
    """A saved rule; ``otherwise`` and ``target`` among ``more``, the rest are parameters."""
    target = more.pop("target", SPOT)
    otherwise = str(more.pop("otherwise", ""))
    assert isinstance(target, RuleTarget)
    made = Rule(
        id=ws.new_id(),
        name=name,
        target=target,
        rule_kind=kind,
        parameters=more,  # type: ignore[arg-type]
        votes_for=votes_for,
        otherwise=otherwise,
    )
    ws.run(SaveRule(rule=made))
    return ws.rules.rule(made.id)


def add_reader(ws: Workspace, role: Role = Role.READER) -> Reader:
    reader = Reader(id=ws.new_id(), role=role)
    ws.run(AddReader(reader=reader))
    return reader


def say(ws: Workspace, case_id: str, value: bool) -> None:
    ws.run(AnswerQuestion(case_id=case_id, question_id="spot", value=value))
