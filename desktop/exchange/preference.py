"""Preferences for training: TRL's row types, rankings, rewards, Argilla records, and a sidecar.

Rows carry only the columns that trainers expect; everything else about them (who, how often, why,
where from) stands in ``sidecar.jsonl`` under the row's id, with file and line. Masks, images and
pictures of candidates are PNG files named by paths relative to the task's folder. A bundle holds
pixels of the source only where that is asked for.

Source: TRL documentation, dataset formats and types (preference and unpaired preference, standard
and conversational); Argilla 2 ``Record.to_dict`` and ``Settings`` JSON.
"""

from __future__ import annotations

from pathlib import Path

from desktop.domain.contracts import Progress
from desktop.domain.errors import StoreProblem
from desktop.domain.ranking import TaskRecords
from desktop.domain.split import synthetic_ids
from desktop.exchange.disk import plain_disk_errors, write_file
from desktop.exchange.exporter import BundleOptions, Note, Part, Written
from desktop.exchange.preference_files import TaskFiles
from desktop.exchange.preference_pictures import Look, Pictures, Runs
from desktop.exchange.preference_rows import Conflict, Fit, PreferenceOptions, Reward
from desktop.exchange.snapshot import Snapshot
from desktop.imaging.child import ChildPool

__all__ = ["Conflict", "PreferenceExporter", "PreferenceOptions", "Reward", "write_task"]


class PreferenceExporter:
    """One folder per preference task."""

    name = "preference"
    title = "Preferences for training (TRL, Argilla, rewards)"
    suffix = ".jsonl"

    def write(
        self,
        snapshot: Snapshot,
        folder: Path,
        options: BundleOptions,
        pool: ChildPool,
        progress: Progress,
    ) -> Written:
        parts: list[Part] = []
        notes: list[Note] = []
        tasks = snapshot.rankings
        progress.check()
        for records in progress.over(tasks, len(tasks), "Preferences"):
            files = _files(snapshot, records, options)
            for path, content, title, facts in files.all():
                progress.check()
                write_file(folder / path, content)
                parts.append(Part(path, self.name, title, facts))
            notes += files.notes
        return Written(tuple(parts), tuple(notes))

    def compare(
        self,
        snapshot: Snapshot,
        folder: Path,
        options: BundleOptions,
        written: Written,
        pool: ChildPool,
        progress: Progress,
    ) -> int:
        tasks = snapshot.rankings
        return sum(
            _files(snapshot, records, options).compare(folder)
            for records in progress.over(tasks, len(tasks), "Preferences")
        )


def write_task(
    records: TaskRecords,
    folder: Path,
    options: PreferenceOptions,
    names: dict[str, str],
    runs: Runs,
    fit: Fit,
    progress: Progress,
    made_up: frozenset[str] = frozenset(),
    look: Look | None = None,
) -> Written:
    """Write one task into an empty or new folder and read it back.

    ``names`` are the readers' pseudonyms, ``made_up`` the ids of synthetic cases. ``look`` decodes
    a frame; without it no images are written. StoreProblem where the folder holds something.
    """
    if folder.exists() and any(folder.iterdir()):
        raise StoreProblem("There is already something in this folder.", folder.name)
    pictures = Pictures(records, runs, look)
    files = TaskFiles(records, options, names, fit, made_up, pictures, home="")
    parts = []
    with plain_disk_errors("preferences"):
        for path, content, title, facts in files.all():
            progress.check()
            write_file(folder / path, content)
            parts.append(Part(path, "preference", title, facts))
    files.compare(folder)
    return Written(tuple(parts), tuple(files.notes))


def _files(snapshot: Snapshot, records: TaskRecords, options: BundleOptions) -> TaskFiles:
    names = {r.id: r.pseudonym for r in snapshot.readers}
    look = snapshot.frame if options.pictures else None
    pictures = Pictures(records, snapshot.runs, look)
    made_up = synthetic_ids(snapshot.cases)
    return TaskFiles(records, PreferenceOptions(), names, snapshot.fit_rewards, made_up, pictures)
