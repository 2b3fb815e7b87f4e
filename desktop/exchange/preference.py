"""Preferences for training: TRL's row types, rankings, rewards, Argilla records, and a sidecar.

Rows carry only the columns that trainers expect; everything else about them (who, how often, why,
where from) stands in ``sidecar.jsonl`` under the row's id, with file and line. Masks are PNG files
named by relative paths; images are named by the paths they have beside the bundle's other files.

Source: TRL documentation, dataset formats and types (preference and unpaired preference, standard
and conversational); Argilla 2 ``Record.to_dict`` and ``Settings`` JSON.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from desktop.domain.contracts import Progress
from desktop.domain.errors import StoreProblem
from desktop.domain.proposal import ProposedFrame
from desktop.domain.ranking import Candidate, RankingKind, RankingPrompt, TaskRecords
from desktop.domain.runs import decode_runs
from desktop.domain.split import synthetic_ids
from desktop.exchange.disk import plain_disk_errors, write_file
from desktop.exchange.exporter import BundleOptions, Mismatch, Note, Part, Written
from desktop.exchange.masks import png_bytes
from desktop.exchange.names import plain
from desktop.exchange.preference_argilla import argilla_records, argilla_settings
from desktop.exchange.preference_rows import (
    Conflict,
    PairRow,
    PreferenceOptions,
    UnpairedRow,
    pair_rows,
    split_of,
    unpaired_rows,
)
from desktop.exchange.snapshot import Snapshot
from desktop.imaging.child import ChildPool

__all__ = ["Conflict", "PreferenceExporter", "PreferenceOptions", "Reward", "write_task"]

Row = dict[str, Any]
Runs = Callable[[str], bytes]


@dataclass(frozen=True)
class Reward:
    """The fitted place of a candidate within its prompt: log-worth (or mean grade), its standard
    error, and the ranks that hold at 95 %."""

    candidate_id: str
    value: float
    error: float | None
    rank_low: int | None
    rank_high: int | None


Fit = Callable[[TaskRecords, str], Sequence[Reward]]  # of one prompt's candidates, best first


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
        names = {r.id: r.pseudonym for r in snapshot.readers}
        tasks, made_up = snapshot.rankings, synthetic_ids(snapshot.cases)
        progress.check()
        for records in progress.over(tasks, len(tasks), "Preferences"):
            files = _TaskFiles(records, PreferenceOptions(), names, snapshot.fit_rewards, made_up)
            for path, content, title, facts in files.all(snapshot.runs):
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
        names = {r.id: r.pseudonym for r in snapshot.readers}
        pixels = 0
        for records in progress.over(snapshot.rankings, len(snapshot.rankings), "Preferences"):
            made_up = synthetic_ids(snapshot.cases)
            files = _TaskFiles(records, PreferenceOptions(), names, snapshot.fit_rewards, made_up)
            pixels += files.compare(folder, snapshot.runs)
        return pixels


def write_task(
    records: TaskRecords,
    folder: Path,
    options: PreferenceOptions,
    names: dict[str, str],
    runs: Runs,
    fit: Fit,
    progress: Progress,
    made_up: frozenset[str] = frozenset(),
) -> Written:
    """Write one task into an empty or new folder and read it back.

    ``names`` are the readers' pseudonyms, ``made_up`` the ids of synthetic cases. StoreProblem
    where the folder holds something already.
    """
    if folder.exists() and any(folder.iterdir()):
        raise StoreProblem("There is already something in this folder.", folder.name)
    files = _TaskFiles(records, options, names, fit, made_up, home="")
    parts = []
    with plain_disk_errors("preferences"):
        for path, content, title, facts in files.all(runs):
            progress.check()
            write_file(folder / path, content)
            parts.append(Part(path, "preference", title, facts))
    files.compare(folder, runs)
    return Written(tuple(parts), tuple(files.notes))


class _TaskFiles:
    """The files of one task, made in memory; masks are made when they are asked for."""

    def __init__(
        self,
        records: TaskRecords,
        options: PreferenceOptions,
        names: dict[str, str],
        fit: Fit,
        made_up: frozenset[str],
        home: str | None = None,
    ) -> None:
        task = records.task
        self.records, self.options, self.names = records, options, names
        self._made_up = made_up
        if home is None:
            home = f"preference/{plain(task.title)}-{task.id[:6]}/"
        self.home = home
        self.rows, self.counts = pair_rows(records, options.conflicts)
        self.unpaired = unpaired_rows(records, options)
        self.rewards = {p.id: tuple(fit(records, p.id)) for p in records.prompts}
        self.notes: list[Note] = []
        self._sidecar: list[Row] = []
        self._made = self._make()

    def all(self, runs: Runs) -> Iterator[tuple[str, bytes, str, dict[str, Any]]]:
        """(path, content, title, facts) of each file."""
        yield from self._made
        for part, path in self._masks():
            mask = decode_runs(runs(part.runs), part.rows, part.columns)
            content = png_bytes(mask.astype(np.uint8) * np.uint8(255))
            yield self.home + path, content, "Mask of a candidate", {}

    def compare(self, folder: Path, runs: Runs) -> int:
        """Read everything back; Mismatch where a file is not what readers said."""
        from PIL import Image

        for path, content, _title, _facts in self._made:
            found = (folder / path).read_bytes()
            if path.endswith(".jsonl"):
                read = [json.loads(line) for line in found.decode().splitlines()]
                if read != [json.loads(line) for line in content.decode().splitlines()]:
                    raise Mismatch(path, "a row differs")
            if found != content:
                raise Mismatch(path, "it differs from what readers said")
        pixels = 0
        for part, path in self._masks():
            with Image.open(folder / (self.home + path)) as picture:
                read_yx = np.asarray(picture) > 0
            meant = decode_runs(runs(part.runs), part.rows, part.columns)
            if read_yx.shape != meant.shape or not np.array_equal(read_yx, meant):
                raise Mismatch(path, "the mask differs")
            pixels += meant.size
        return pixels

    # --- files

    def _make(self) -> list[tuple[str, bytes, str, dict[str, Any]]]:
        made = []
        for split, _share in self.options.splits:
            pairs = [r for r in self.rows if self._split(r.prompt) == split]
            single = [r for r in self.unpaired if self._split(r.prompt) == split]
            for name, title, rows in (
                ("preference", "TRL preference rows", [self._pair(r) for r in pairs]),
                ("preference_messages", "TRL preference rows, as messages",
                 [self._pair_messages(r) for r in pairs]),
                ("unpaired", "TRL unpaired preference rows", [self._single(r) for r in single]),
            ):  # fmt: skip
                if rows:
                    path = f"{name}.{split}.jsonl"
                    made.append((path, _lines(rows), title, {"rows": len(rows), "split": split}))
                    self._note_rows(path, name, pairs, single)
        made.append(("rankings.jsonl", _lines(self._rankings()), "Rankings", {}))
        made.append(("reward.csv", self._reward_csv(), "Fitted worth of each candidate", {}))
        records = argilla_records(self.records, self.words)
        settings = argilla_settings(self.records)
        made.append(("argilla/records.json", _pretty(records), "Argilla records", {}))
        made.append(("argilla/settings.json", _pretty(settings), "Argilla settings", {}))
        made.append(("sidecar.jsonl", _lines(self._sidecar), "What else is known of each row", {}))
        made.append(("task.json", _pretty(self._about()), "The task, and what was counted",
                     {"counts": self.counts}))  # fmt: skip
        return [(self.home + path, content, title, facts) for path, content, title, facts in made]

    def words(self, item: Candidate) -> str:
        """A candidate as text: its own, or the relative paths of its masks or images."""
        if item.text:
            return item.text
        if item.regions:
            return "\n".join(dict.fromkeys(path for _f, path in _masks_of(item)))
        return "\n".join(_image(ref.key) for ref in item.images)

    def _images(self, prompt: RankingPrompt) -> list[str]:
        """Images that belong to the prompt: its own, or those that its candidates are drawn on."""
        refs = [r.key for r in prompt.images]
        if not refs:
            drawn = [
                f.frame
                for c in self.records.candidates
                if c.prompt_id == prompt.id
                for r in c.regions
                for f in r.frames
            ]
            refs = sorted({f.key for f in drawn})
        return [_image(key) for key in refs]

    def _with_images(self, prompt: RankingPrompt, row: Row) -> Row:
        images = self._images(prompt)
        return row | {"images": images} if images else row

    def _pair(self, row: PairRow) -> Row:
        return self._with_images(
            row.prompt,
            {
                "prompt": row.prompt.text,
                "chosen": self.words(row.chosen),
                "rejected": self.words(row.rejected),
            },
        )

    def _pair_messages(self, row: PairRow) -> Row:
        images = self._images(row.prompt)
        asked: Any = row.prompt.text
        if images:
            asked = [{"type": "image"} for _ in images] + [{"type": "text", "text": asked}]

        def answer(text: str) -> list[Row]:
            content: Any = [{"type": "text", "text": text}] if images else text
            return [{"role": "assistant", "content": content}]

        return self._with_images(
            row.prompt,
            {
                "prompt": [{"role": "user", "content": asked}],
                "chosen": answer(self.words(row.chosen)),
                "rejected": answer(self.words(row.rejected)),
            },
        )

    def _single(self, row: UnpairedRow) -> Row:
        return self._with_images(
            row.prompt,
            {
                "prompt": row.prompt.text,
                "completion": self.words(row.candidate),
                "label": row.label,
            },
        )

    def _note_rows(
        self, path: str, name: str, pairs: Sequence[PairRow], single: Sequence[UnpairedRow]
    ) -> None:
        if name == "unpaired":
            for number, lone in enumerate(single):
                self._sidecar.append(
                    {
                        "row_id": lone.row_id,
                        "file": path,
                        "row": number,
                        "prompt_id": lone.prompt.id,
                        "synthetic": lone.prompt.case_id in self._made_up,
                        "candidate_id": lone.candidate.id,
                        "source": lone.candidate.source,
                        "why": lone.why,
                        "readers": [self.names.get(r, r[:6]) for r in lone.readers],
                    }
                )
            return
        for number, row in enumerate(pairs):
            self._sidecar.append(
                {
                    "row_id": row.row_id,
                    "file": path,
                    "row": number,
                    "prompt_id": row.prompt.id,
                    "case_id": row.prompt.case_id,
                    "synthetic": row.prompt.case_id in self._made_up,
                    "chosen_id": row.chosen.id,
                    "rejected_id": row.rejected.id,
                    "chosen_source": row.chosen.source,
                    "rejected_source": row.rejected.source,
                    "votes_for": row.votes_for,
                    "votes_against": row.votes_against,
                    "ties": row.ties,
                    "readers": [self.names.get(r, r[:6]) for r in row.readers],
                    "lists": list(row.lists),
                    "rationales": list(row.rationales),
                }
            )

    def _rankings(self) -> list[Row]:
        """Orders as readers gave them, then the fitted order of each prompt."""
        texts = {c.id: self.words(c) for c in self.records.candidates}
        prompts = {p.id: p.text for p in self.records.prompts}
        rows: list[Row] = [
            {
                "kind": "given",
                "list_id": r.id,
                "prompt_id": r.prompt_id,
                "prompt": prompts[r.prompt_id],
                "reader": self.names.get(r.reader_id, r.reader_id[:6]),
                "tiers": [list(t) for t in r.tiers],
                "unacceptable": [c for c in r.shown if not any(c in t for t in r.tiers)],
                "completions": {c: texts[c] for c in r.shown},
            }
            for r in self.records.rankings
            if not r.cannot
        ]
        for prompt in self.records.prompts:
            fitted = self.rewards[prompt.id]
            if fitted:
                rows.append(
                    {
                        "kind": "fitted",
                        "prompt_id": prompt.id,
                        "prompt": prompt.text,
                        "order": [r.candidate_id for r in fitted],
                        "rewards": [_round(r.value) for r in fitted],
                        "completions": {r.candidate_id: texts[r.candidate_id] for r in fitted},
                    }
                )
        return rows

    def _reward_csv(self) -> bytes:
        sources = {c.id: c.source for c in self.records.candidates}
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        head = ("prompt_id", "candidate_id", "source", "reward", "std_error", "rank_low",
                "rank_high")  # fmt: skip
        writer.writerow(head)
        for prompt_id, fitted in self.rewards.items():
            for item in fitted:
                source = sources[item.candidate_id]
                safe = "'" + source if source[:1] in ("=", "+", "-", "@", "\t", "\r") else source
                error = "" if item.error is None else _round(item.error)
                low = "" if item.rank_low is None else item.rank_low
                high = "" if item.rank_high is None else item.rank_high
                writer.writerow(
                    (prompt_id, item.candidate_id, safe, _round(item.value), error, low, high)
                )
        return out.getvalue().encode()

    def _about(self) -> Row:
        task, options = self.records.task, self.options
        graded = task.judged is RankingKind.RATING
        return {
            "task_id": task.id,
            "title": task.title,
            "judged": task.judged.value,
            "instructions": task.instructions,
            "criteria": list(task.criteria),
            "conflicts": options.conflicts.value,
            "counts": self.counts | {"unpaired_rows": len(self.unpaired)},
            "splits": dict(options.splits),
            "split_rule": "SHA-256 of the prompt's words; all rows of a prompt are in one split",
            "prompts_by_split": {
                name: sum(self._split(p) == name for p in self.records.prompts)
                for name, _share in options.splits
            },
            "reward": "mean grade" if graded else "log odds of being preferred within the prompt",
            "columns": {
                "preference": ["prompt", "chosen", "rejected"],
                "preference_messages": ["prompt", "chosen", "rejected"],
                "unpaired": ["prompt", "completion", "label"],
            },
            "images": "Relative paths; an extra column `images` where a prompt has some. A "
            "candidate that is a segmentation is written as the paths of its masks.",
        }

    def _split(self, prompt: RankingPrompt) -> str:
        return split_of(prompt.text + prompt.case_id, self.options.splits)

    def _masks(self) -> Iterator[tuple[ProposedFrame, str]]:
        seen: set[str] = set()
        for item in self.records.candidates:
            for part, path in _masks_of(item):
                if path not in seen:
                    seen.add(path)
                    yield part, path


def _masks_of(item: Candidate) -> Iterator[tuple[ProposedFrame, str]]:
    for number, region in enumerate(item.regions, start=1):
        for part in region.frames:
            name = f"{part.frame.instance_id}_f{part.frame.frame_index + 1:04d}"
            yield part, f"masks/{item.id}/{name}_{number}.png"


def _image(key: str) -> str:
    instance_id, _, frame = key.rpartition(":")
    return f"images/{instance_id}_f{int(frame) + 1:04d}.png"


def _lines(rows: Sequence[Row]) -> bytes:
    return "".join(
        json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows
    ).encode()


def _pretty(value: Any) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _round(value: float) -> float:
    return round(value, 6)
