"""What of a preference task goes into a reader's package: the question, and nothing of the others.

Whose a candidate is stays at home, and so does the order in which candidates were made, which would
tell it: in a package they stand by their ids. Of what was said only the reader's own is there.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from msgspec.structs import replace

from desktop.domain.batch import Package
from desktop.domain.ranking import Candidate, RankingPrompt, RankingTask
from desktop.domain.record import Record
from desktop.domain.schema import Schema
from desktop.domain.study import Instance, Series, Study
from desktop.domain.task import Reader, Role
from desktop.store import queries
from desktop.store.database import Connection
from desktop.workspace.ranking.ranking_records import own_decisions, progress_of
from desktop.workspace.team.package_plan import cases_in_hand


def waiting_tasks(
    connection: Connection, reader_id: str, in_hand: Container[str], again: bool = False
) -> tuple[list[RankingTask], tuple[str, ...]]:
    """Open tasks that ask a reader who is not done with them, the oldest first; and notes.

    Unless ``again``, those that went out to this reader are left out. A task that shows what others
    drew or wrote on cases ``in_hand``, which the reader still reads, waits: a note says so.
    """
    sent = queries.many(connection, Package, reader_id=reader_id)
    out = set[str]() if again else {t for p in sent for t in p.tasks}
    found: list[RankingTask] = []
    notes: list[str] = []
    tasks = queries.many(connection, RankingTask)
    for task in sorted(tasks, key=lambda t: (t.created_utc, t.id)):
        if not task.is_open or not task.asks(reader_id) or task.id in out:
            continue
        done, wanted = progress_of(connection, task, reader_id)
        if done >= wanted:
            continue
        if any(c in in_hand for c in _shown_work(connection, task)):
            notes.append(f"{task.title} waits: it shows others' work on cases that are still read.")
        else:
            found.append(task)
    return found, tuple(notes)


def waiting_counts(connection: Connection, again: bool = False) -> dict[str, int]:
    """How many tasks wait for each reader, where any does."""
    found: dict[str, int] = {}
    for reader in queries.many(connection, Reader):
        in_hand = cases_in_hand(connection, reader.id, ())
        tasks, _notes = waiting_tasks(connection, reader.id, in_hand, again)
        count = sum(bool(t.reader_ids) or reader.role is Role.READER for t in tasks)
        if count:
            found[reader.id] = count
    return found


def task_for(
    connection: Connection, task: RankingTask, reader_id: str, open_cases: Container[str]
) -> Iterator[Record]:
    """A task as one reader gets it, with the images that it is about and their own decisions.

    A prompt names its case only where that is in ``open_cases``, those that the reader's list shows
    under their own ids: else it would tell which of them is hidden gold.
    """
    yield replace(task, reader_ids=(reader_id,) if task.reader_ids else ())
    prompts = queries.many(connection, RankingPrompt, order="position", task_id=task.id)
    candidates = queries.many(connection, Candidate, task_id=task.id)
    frames = {f.instance_id for p in prompts for f in p.images}
    schemas: set[str] = set()
    for prompt in prompts:
        known = prompt.case_id if prompt.case_id in open_cases else ""
        yield replace(prompt, case_id=known)
    for order, item in enumerate(sorted(candidates, key=lambda c: c.id)):
        yield replace(item, source="", order=order)
        frames |= {f.instance_id for f in item.images}
        frames |= {p.frame.instance_id for r in item.regions for p in r.frames}
        frames |= {r.frame.instance_id for r in item.regions if r.frame is not None}
        schemas |= {r.schema_id for r in item.regions}
    yield from _images(connection, sorted(frames))
    for schema_id in sorted(schemas):
        schema = queries.maybe(connection, Schema, schema_id)
        if schema is not None:
            yield schema
    yield from own_decisions(connection, task, reader_id)


def _shown_work(connection: Connection, task: RankingTask) -> set[str]:
    """Cases on which a task shows what somebody drew or wrote."""
    case_of = {p.id: p.case_id for p in queries.many(connection, RankingPrompt, task_id=task.id)}
    shown = queries.many(connection, Candidate, task_id=task.id)
    return {case_of[c.prompt_id] for c in shown if c.regions or c.text} - {""}


def _images(connection: Connection, instance_ids: list[str]) -> Iterator[Record]:
    """The series that these images belong to, whole."""
    owners = {queries.one(connection, Instance, i).series_id for i in instance_ids}
    for series_id in sorted(owners):
        series = queries.one(connection, Series, series_id)
        yield queries.one(connection, Study, series.study_id)
        yield series
        yield from queries.many(connection, Instance, order="position", series_id=series_id)
