"""Learning rounds on the command line: start one, what it asks and why, how good the model is."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from msgspec.structs import replace

from desktop.domain.errors import UserError
from desktop.workspace.learning import Learning
from desktop.workspace.learning_topic import Topic
from desktop.workspace.workspace import Workspace

Handler = Callable[[argparse.Namespace], int]
Add = Callable[[str, Handler, str], argparse.ArgumentParser]
Open = Callable[..., Workspace]


def add_learning_commands(add: Add, opened: Open) -> None:
    """Declare the subcommand; ``opened`` opens and signs in from the shared arguments."""

    def run(chosen: argparse.Namespace) -> int:
        with opened(chosen, read_only=not chosen.start) as workspace:
            return learning(chosen, workspace)

    told = add("learning", run, "What is asked next and why, and how good the model is by now.")
    told.add_argument("--question", default="", help="its id; else the one rounds were begun for")
    told.add_argument("--start", action="store_true", help="learn, and choose the next cases")
    told.add_argument("--size", type=int, help="cases in the new round; else as in the last one")
    told.add_argument("--curve", action="store_true", help="every round with its random checks")


def learning(chosen: argparse.Namespace, workspace: Workspace) -> int:
    """Start a round where asked to, then print the queue, or the curve."""
    desk = workspace.learning
    topic = _topic(desk, chosen.question)
    if chosen.start:
        plan = desk.plan(topic)
        made = desk.run_round(topic, replace(plan, size=chosen.size) if chosen.size else plan)
        print(f"Round {made.number} is ready. {' '.join(made.notes)}".strip())
    print(topic.words)
    if chosen.curve:
        _curve(desk, topic)
        return 0
    for line in desk.queue(topic):
        number = workspace.case_position(line.case.id) + 1
        note = f" ({line.note})" if line.note else ""
        print(f"{number:4} {line.case.title:24} {line.state:12} {line.query.reason}{note}")
    return 0


def _curve(desk: Learning, topic: Topic) -> None:
    for made in desk.rounds(topic):
        right = made.standing
        good = "no random checks yet"
        if right.value is not None:
            good = (
                f"{right.value:.0%} right on {right.checked} random checks "
                f"({right.low:.0%} to {right.high:.0%})"
            )
        print(f"Round {made.number:3}: {made.labelled:5} of {made.pool} labelled; {good}")
    for signal in desk.signals(topic):
        print(f"{'yes' if signal.holds else 'no ':4} {signal.sentence}")


def _topic(desk: Learning, question_id: str) -> Topic:
    topics = desk.topics()
    wanted = [t for t in topics if t.question.id == question_id] if question_id else topics
    if not wanted:
        known = ", ".join(t.question.id for t in topics)
        raise UserError("There is no such question to learn.", f"There are: {known or 'none'}.")
    return next((t for t in wanted if desk.rounds(t)), wanted[0])
