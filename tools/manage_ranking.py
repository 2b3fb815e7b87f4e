"""Preference tasks of ``tools.manage``: made from a file or from outlines, ranked, exported."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from desktop.domain.errors import UserError
from desktop.domain.ranking import RankingKind, RankingTask
from desktop.exchange.preference import Conflict, PreferenceOptions
from desktop.workspace.ranking.ranking_drafts import from_jsonl, from_regions
from desktop.workspace.ranking.ranking_report import By, Scope
from desktop.workspace.workspace import Workspace

Handler = Callable[[argparse.Namespace], int]
Open = Callable[[argparse.Namespace], AbstractContextManager[Workspace]]


class Add(Protocol):
    """Adds one command; the project and the reader come with it."""

    def __call__(self, name: str, handler: Handler, words: str) -> argparse.ArgumentParser: ...


def add_ranking_commands(add: Add, opened: Open) -> None:
    """Add what a lead does with preference tasks."""

    def tasks(chosen: argparse.Namespace) -> int:
        with opened(chosen) as workspace:
            for number, line in enumerate(workspace.ranking.tasks(), start=1):
                state = "open" if line.task.is_open else "closed"
                print(
                    f"{number}: {line.task.title}, {line.task.judged.value}, {state}, "
                    f"{line.prompt_count} questions, {line.candidate_count} candidates"
                )
        return 0

    def make(chosen: argparse.Namespace) -> int:
        with opened(chosen) as workspace:
            if chosen.file is not None:
                drafts = from_jsonl(chosen.file)
            else:
                count = workspace.case_count()
                cases = [line.case.id for line in workspace.cases(0, count)]
                drafts = from_regions(workspace, cases)
            for note in drafts.notes:
                print(f"left out: {note}")
            task = RankingTask(id="", title="", judged=RankingKind(chosen.judged))
            made = workspace.ranking.create(chosen.title, drafts.prompts, task)
            print(f"{made.title}: made with {len(drafts.prompts)} questions.")
        return 0

    def show(chosen: argparse.Namespace) -> int:
        with opened(chosen) as workspace:
            by = By.SOURCE if chosen.by_source else By.CANDIDATE
            report = workspace.ranking.report(_task(workspace, chosen.task).id, Scope(by))
            for item in report.items:
                span = "" if item.low is None else f"  {item.low:+.2f} to {item.high:+.2f}"
                ranks = "" if item.rank_low is None else f"  rank {item.rank_low}-{item.rank_high}"
                print(f"{item.rank:3} {item.name:30} {item.score:+.3f}{span}{ranks}")
            print(f"{report.decisions} decisions by {len(report.readers)} readers; {report.unit}.")
            for sentence in (*report.notes, *([report.stop] if report.stop else [])):
                print(sentence)
        return 0

    def export(chosen: argparse.Namespace) -> int:
        with opened(chosen) as workspace:
            options = PreferenceOptions(conflicts=Conflict(chosen.conflicts))
            task = _task(workspace, chosen.task)
            written = workspace.ranking.export(task.id, chosen.folder, options)
            for note in written.notes:
                print(f"{note.sentence} ({note.about})")
            print(f"{len(written.parts)} files, all read back and compared.")
        return 0

    add("preferences", tasks, "List preference tasks.")
    making = add("prefer", make, "Make a preference task of texts, or of all readers' outlines.")
    making.add_argument("title")
    making.add_argument("--file", type=Path, help="JSON Lines; without it, outlines of all cases")
    making.add_argument(
        "--judged", choices=[k.value for k in RankingKind], default=RankingKind.PAIRWISE.value
    )
    showing = add("ranking", show, "Show what readers prefer, with intervals.")
    showing.add_argument("task", type=int, help="number in the list of preferences")
    showing.add_argument("--by-source", action="store_true", help="rank models or readers")
    exporting = add(
        "export-preferences", export, "Write rows and images for training (TRL, Argilla)."
    )
    exporting.add_argument("task", type=int, help="number in the list of preferences")
    exporting.add_argument("folder", type=Path)
    exporting.add_argument(
        "--conflicts", choices=[c.value for c in Conflict], default=Conflict.MAJORITY.value
    )


def _task(workspace: Workspace, number: int) -> RankingTask:
    lines = workspace.ranking.tasks()
    if not 1 <= number <= len(lines):
        raise UserError("There is no such preference task.", f"There are {len(lines)}.")
    return lines[number - 1].task
