"""Teacher and student on the command line: ask, label, see the check, try the student, write."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from desktop.domain.errors import UserError
from desktop.workspace.learning.outline_teacher import OutlineTopic
from desktop.workspace.workspace import Workspace

Handler = Callable[[argparse.Namespace], int]
Add = Callable[[str, Handler, str], argparse.ArgumentParser]
Open = Callable[..., Workspace]
_SURE = 0.9


def add_teaching_commands(add: Add, opened: Open) -> None:
    """Declare the subcommand; ``opened`` opens and signs in from the shared arguments."""

    def run(chosen: argparse.Namespace) -> int:
        with opened(chosen, read_only=False) as workspace:
            return teach(chosen, workspace)

    told = add(
        "teach", run, "Let a teacher label open cases, and a student prove what it is worth."
    )
    about = told.add_mutually_exclusive_group(required=True)
    about.add_argument("--question", help="its id")
    about.add_argument("--outlines", metavar="SCHEMA", help="the name of a schema with classes")
    told.add_argument("--teacher", default="", help="id of a model's run; else the project's own")
    told.add_argument("--ask", action="store_true", help="say what it would label")
    told.add_argument("--label", action="store_true", help="suggest what passes the thresholds")
    told.add_argument(
        "--sure", action="append", default=[], metavar="ANSWER=THRESHOLD",
        help=f"how sure it must be of an answer or class ({_SURE} where nothing is said)",
    )  # fmt: skip
    told.add_argument("--surest", type=float, metavar="SHARE", help="keep this share of each")
    told.add_argument("--check", type=float, default=0.05, help="share that people check blindly")
    told.add_argument("--student", action="store_true", help="teach the student, keep the verdict")
    told.add_argument("--table", type=Path, help="write the labels as CSV")


def teach(chosen: argparse.Namespace, workspace: Workspace) -> int:
    """Do what is asked for, then print how things stand."""
    desk, topic = _desk(chosen, workspace)
    print(topic.words)
    if chosen.ask or chosen.label:
        asked = desk.ask(topic, chosen.teacher)
        sure = asked.surest(chosen.surest) if chosen.surest else _thresholds(chosen.sure, asked)
        print(asked.sentence)
        said, kept, right = asked.said(), asked.kept(sure), asked.right(sure)
        for name, words in zip(asked.classes, asked.class_words, strict=True):
            found = right[name].interval
            good = "no real label passes"
            if found is not None:
                counts = f"{right[name].right} of {right[name].checked}"
                good = f"right on {counts} ({found.low:.0%} to {found.high:.0%})"
            print(f"{words:24} {kept[name]:5} of {said[name]:5} from {sure[name]:.3f} up; {good}")
        if chosen.label:
            made = desk.label(topic, asked, sure, chosen.check)
            print(
                f"{sum(made.offered.values())} suggested, {len(made.audit)} set aside for people."
            )
    runs = desk.runs(topic)
    if not runs:
        return 0
    last = runs[-1]
    if chosen.student:
        if why := desk.why_not_yet(topic, last):
            raise UserError("A student can't be tried.", why)
        print(desk.try_student(topic, last).sentence)
    audit = desk.audit(topic, last)
    if audit.lines:
        print(f"Checked by people: {audit.checked} of {len(audit.lines)}, right {audit.right}.")
    if chosen.table:
        print(f"{desk.write_table(topic, last, chosen.table)} labels: {chosen.table}")
    return 0


def _desk(chosen: argparse.Namespace, workspace: Workspace) -> tuple[Any, Any]:
    """Where it is taught, and what: both desks are asked alike."""
    if chosen.outlines:
        topics: list[OutlineTopic] = workspace.outlines.topics()
        found = next((t for t in topics if t.schema.name == chosen.outlines), None)
        if found is None:
            known = ", ".join(t.schema.name for t in topics)
            raise UserError("There is no such schema with classes.", f"There are: {known}.")
        return workspace.outlines, found
    questions = workspace.learning.topics()
    topic = next((t for t in questions if t.question.id == chosen.question), None)
    if topic is None:
        known = ", ".join(t.question.id for t in questions)
        raise UserError("There is no such question to teach.", f"There are: {known}.")
    return workspace.teaching, topic


def _thresholds(given: list[str], asked: Any) -> dict[str, float]:
    """One for each answer, named by itself or by its words."""
    found = dict.fromkeys(asked.classes, _SURE)
    names = dict(zip(asked.class_words, asked.classes, strict=True))
    for text in given:
        name, _equals, number = text.partition("=")
        name = names.get(name, name)
        try:
            value = float(number)
        except ValueError:
            raise UserError("A threshold is ANSWER=NUMBER.", text) from None
        if name not in found:
            raise UserError("There is no such answer.", f"There are: {', '.join(names)}.")
        found[name] = value
    return found
