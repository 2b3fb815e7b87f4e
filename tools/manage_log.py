"""What happened in a project on the command line: the log told, and whether all of it holds."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from desktop.domain.study import Case
from desktop.workspace.workspace import Workspace
from tools.progress import terminal_progress

Handler = Callable[[argparse.Namespace], int]
Add = Callable[[str, Handler, str], argparse.ArgumentParser]
Open = Callable[..., Workspace]
FindCase = Callable[[Workspace, str], Case]


def add_log_commands(add: Add, opened: Open, case_of: FindCase) -> None:
    """Declare the subcommands; ``opened`` opens and signs in, ``case_of`` finds a case by words."""

    def verify(chosen: argparse.Namespace) -> int:
        """Check file, log, signatures, and that replaying the log gives the same tables."""
        with opened(chosen, read_only=True) as workspace:
            report = workspace.verify(terminal_progress())
            for sentence in report.sentences:
                print(sentence)
            if report.ok:
                print(f"All holds: {report.event_count} events. State {workspace.state_digest()}")
        return 0 if report.ok else 1

    def history(chosen: argparse.Namespace) -> int:
        with opened(chosen, read_only=True) as workspace:
            case_id = case_of(workspace, chosen.case).id if chosen.case else None
            for line in workspace.history(case_id, None, chosen.limit):
                undone = " (undone)" if line.undone else ""
                who = f"{line.position:6} {line.time_utc} {line.reader_name}"
                print(f"{who}: {line.sentence}{undone}")
        return 0

    add("verify", verify, "Check the file, the log, its signatures and the tables.")
    telling = add("history", history, "Tell what happened, newest first.")
    telling.add_argument("--case", default="", help="of one case only")
    telling.add_argument("--limit", type=int, default=100)
