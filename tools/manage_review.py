"""Review on the command line: the reviewer's queue, comments, and a case's way back and forth."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from desktop.domain.errors import UserError
from desktop.domain.review import Pin
from desktop.domain.study import Case
from desktop.workspace.claims.reviews import ReviewLine, Thread
from desktop.workspace.workspace import Workspace

Handler = Callable[[argparse.Namespace], int]
Add = Callable[[str, Handler, str], argparse.ArgumentParser]
Open = Callable[..., Workspace]
FindCase = Callable[[Workspace, str], Case]
Do = Callable[[argparse.Namespace, Workspace], int]


def add_review_commands(add: Add, opened: Open, case_of: FindCase) -> None:
    """Declare the subcommands; ``opened`` opens and signs in, ``case_of`` finds a case by words."""

    def with_project(do: Do) -> Handler:
        def run(chosen: argparse.Namespace) -> int:
            with opened(chosen) as workspace:
                if "case" in chosen:
                    chosen.found = case_of(workspace, chosen.case)
                return do(chosen, workspace)

        return run

    add("comments", with_project(comments), "List the reviewer's comments on your returned cases.")
    answering = add("comment-answer", with_project(answer), "Answer a comment on your own work.")
    answering.add_argument("case")
    answering.add_argument("number", type=int, help="as listed by comments")
    answering.add_argument("text")
    add("reviews", with_project(reviews), "List readings to review; readers are letters.")
    _of_reader(add("review-comments", with_project(threads), "List the comments on a reading."))
    pinning = _of_reader(add("comment", with_project(comment), "Comment on a reader's case."))
    pinning.add_argument("text")
    place = pinning.add_mutually_exclusive_group()
    place.add_argument("--question", default="", help="id of the question it is about")
    place.add_argument("--region", default="", help="id of the region it is about")
    settling = _of_reader(add("comment-settle", with_project(settle), "Close a comment."))
    settling.add_argument("number", type=int, help="as listed by review-comments")
    settling.add_argument("--open-again", action="store_true", help="open it once more")
    settling.add_argument("--text", default="", help="a word to it")
    words = "Return a case to its reader with the open comments."
    _of_reader(add("review-return", with_project(give_back), words))
    _of_reader(add("review-pass", with_project(let_pass), "Say that nothing is left to settle."))


def _of_reader(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("case")
    parser.add_argument("letter", help="the reader, as listed by reviews")
    return parser


# --- the reader's side


def comments(_chosen: argparse.Namespace, workspace: Workspace) -> int:
    for case_id, count in sorted(workspace.reviews.open_counts().items()):
        print(f"{workspace.case(case_id).title}: {count} open")
        _print_threads(workspace.reviews.threads(case_id))
    return 0


def answer(chosen: argparse.Namespace, workspace: Workspace) -> int:
    pin = _pin(workspace.reviews.threads(chosen.found.id), chosen.number)
    workspace.reviews.answer(pin, chosen.text)
    print(f"Comment {chosen.number} is answered.")
    return 0


# --- the reviewer's side


def reviews(_chosen: argparse.Namespace, workspace: Workspace) -> int:
    for line in workspace.reviews.queue():
        number = workspace.case_position(line.case.id) + 1
        state = "not looked at" if line.state is None else line.state.value
        print(f"{number:4} {line.case.title:24} {line.letter} {state:13} {line.open_pins} open")
    return 0


def threads(chosen: argparse.Namespace, workspace: Workspace) -> int:
    line = _line(chosen, workspace)
    _print_threads(workspace.reviews.threads(line.case.id, line.owner_id))
    return 0


def comment(chosen: argparse.Namespace, workspace: Workspace) -> int:
    line = _line(chosen, workspace)
    if chosen.question:
        schema = workspace.schema(line.case.id)
        if schema is not None:
            schema.question(chosen.question)
    workspace.reviews.pin(
        line.case.id,
        line.owner_id,
        chosen.text,
        annotation_id=chosen.region,
        question_id=chosen.question,
    )
    print(f"Comment {len(workspace.reviews.threads(line.case.id, line.owner_id))} is pinned.")
    return 0


def settle(chosen: argparse.Namespace, workspace: Workspace) -> int:
    line = _line(chosen, workspace)
    pin = _pin(workspace.reviews.threads(line.case.id, line.owner_id), chosen.number)
    if chosen.open_again:
        workspace.reviews.open_again(pin, chosen.text)
    else:
        workspace.reviews.settle(pin, chosen.text)
    print(f"Comment {chosen.number} is {'open again' if chosen.open_again else 'settled'}.")
    return 0


def give_back(chosen: argparse.Namespace, workspace: Workspace) -> int:
    line = _line(chosen, workspace)
    workspace.reviews.give_back(line.case.id, line.owner_id)
    print(f"{line.case.title} goes back to its reader.")
    return 0


def let_pass(chosen: argparse.Namespace, workspace: Workspace) -> int:
    line = _line(chosen, workspace)
    workspace.reviews.let_pass(line.case.id, line.owner_id)
    print(f"{line.case.title}: nothing is left to settle.")
    return 0


# --- what they share


def _print_threads(threads: list[Thread]) -> None:
    for thread in threads:
        about = thread.pin.question_id or ("region" if thread.pin.annotation_id else "")
        print(f"  {thread.number} {thread.pin.state.value}{f', {about}' if about else ''}:")
        for said in thread.comments:
            print(f"    {said.text}")


def _line(chosen: argparse.Namespace, workspace: Workspace) -> ReviewLine:
    for line in workspace.reviews.queue():
        if line.case.id == chosen.found.id and line.letter == chosen.letter.upper():
            return line
    raise UserError("There is no such reading to review.", chosen.letter, "See: reviews.")


def _pin(threads: list[Thread], number: int) -> Pin:
    if not 1 <= number <= len(threads):
        raise UserError("There is no such comment.", f"{number} of {len(threads)}.")
    return threads[number - 1].pin
