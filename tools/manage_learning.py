"""Learning rounds on the command line: start one, what it asks and why, how good the model is."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from msgspec.structs import replace

from desktop.domain.errors import UserError
from desktop.domain.learning import RoundPlan
from desktop.workspace.learning.learning import Learning
from desktop.workspace.learning.learning_topic import Topic
from desktop.workspace.workspace import Workspace

Handler = Callable[[argparse.Namespace], int]
Add = Callable[[str, Handler, str], argparse.ArgumentParser]
Open = Callable[..., Workspace]


def add_learning_commands(add: Add, opened: Open) -> None:
    """Declare the subcommand; ``opened`` opens and signs in from the shared arguments."""

    def run(chosen: argparse.Namespace) -> int:
        writes = chosen.start or chosen.skip or chosen.suggest is not None
        with opened(chosen, read_only=not writes) as workspace:
            return learning(chosen, workspace)

    told = add("learning", run, "What is asked next and why, and how good the model is by now.")
    told.add_argument("--question", default="", help="its id; else the one rounds were begun for")
    told.add_argument("--start", action="store_true", help="learn, and choose the next cases")
    told.add_argument("--size", type=int, help="cases in the new round; else as in the last one")
    told.add_argument(
        "--shares", nargs=3, type=float, metavar=("UNCERTAIN", "UNLIKE", "RANDOM"),
        help="how the round is mixed; they add up to 1",
    )  # fmt: skip
    told.add_argument("--sampler", help="how uncertain cases are chosen (--methods lists them)")
    told.add_argument("--extractor", help="how images become numbers; your own encoder: a plugin")
    told.add_argument("--learner", help="one learner instead of the best on these answers")
    told.add_argument("--without-student", action="store_true", help="people's labels alone teach")
    told.add_argument("--methods", action="store_true", help="list samplers, extractors, learners")
    told.add_argument("--skip", metavar="CASE", help="pass over a case of the round, --why it is")
    told.add_argument("--why", default="", help="the reason")
    told.add_argument(
        "--suggest", type=float, metavar="SURE", help="offer answers that are at least so sure"
    )
    told.add_argument("--curve", action="store_true", help="every round with its random checks")


def learning(chosen: argparse.Namespace, workspace: Workspace) -> int:
    """Start a round where asked to, then print the queue, or the curve."""
    desk = workspace.learning
    topic = _topic(desk, chosen.question)
    if chosen.methods:
        ways = desk.ways()
        for kind, found in (
            ("sampler", ways.samplers), ("extractor", ways.extractors), ("learner", ways.learners)
        ):  # fmt: skip
            for name, title in found:
                print(f"{kind:10} {name:20} {title}")
        return 0
    if chosen.start:
        made = desk.run_round(topic, _plan(chosen, desk.plan(topic)))
        print(f"Round {made.number} is ready. {' '.join(made.notes)}".strip())
    if chosen.skip:
        _skip(desk, workspace, topic, chosen.skip, chosen.why)
    if chosen.suggest is not None:
        desk.start_suggesting(
            topic, chosen.suggest, lambda count: print(f"{count} answers are suggested."), _raise
        )
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


def _plan(chosen: argparse.Namespace, plan: RoundPlan) -> RoundPlan:
    """The last plan with what was asked for."""
    if chosen.size:
        plan = replace(plan, size=chosen.size)
    if chosen.shares:
        uncertain, diverse, random = chosen.shares
        plan = replace(plan, uncertain=uncertain, diverse=diverse, random=random)
    return replace(
        plan,
        sampler=chosen.sampler or plan.sampler,
        extractor=chosen.extractor or plan.extractor,
        learners=(chosen.learner,) if chosen.learner else plan.learners,
        student=not chosen.without_student,
    )


def _skip(desk: Learning, workspace: Workspace, topic: Topic, words: str, why: str) -> None:
    for line in desk.queue(topic):
        if words in (line.case.id, line.case.title, str(workspace.case_position(line.case.id) + 1)):
            desk.skip(line.query, why)
            return
    raise UserError("The round does not ask about this case.", words)


def _raise(error: UserError) -> None:
    raise error


def _topic(desk: Learning, question_id: str) -> Topic:
    topics = desk.topics()
    wanted = [t for t in topics if t.question.id == question_id] if question_id else topics
    if not wanted:
        known = ", ".join(t.question.id for t in topics)
        raise UserError("There is no such question to learn.", f"There are: {known or 'none'}.")
    return next((t for t in wanted if desk.rounds(t)), wanted[0])
