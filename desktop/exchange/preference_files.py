"""The text files of a preference export: rows for trainers, rankings, rewards, and a sidecar."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from desktop.domain.ranking import Candidate, RankingKind, RankingPrompt, TaskRecords
from desktop.exchange.exporter import Mismatch, Note
from desktop.exchange.json_files import lines_of, pretty
from desktop.exchange.names import plain
from desktop.exchange.preference_argilla import argilla_records, argilla_settings
from desktop.exchange.preference_pictures import Pictures
from desktop.exchange.preference_rows import (
    Fit,
    PairRow,
    PreferenceOptions,
    UnpairedRow,
    pair_rows,
    split_of,
    unpaired_rows,
)

Row = dict[str, Any]


class TaskFiles:
    """The files of one task, made in memory; pictures are made when they are asked for."""

    def __init__(
        self,
        records: TaskRecords,
        options: PreferenceOptions,
        names: dict[str, str],
        fit: Fit,
        made_up: frozenset[str],
        pictures: Pictures,
        home: str | None = None,
    ) -> None:
        task = records.task
        self.records, self.options, self.names = records, options, names
        self._made_up, self.pictures = made_up, pictures
        if home is None:
            home = f"preference/{plain(task.title)}-{task.id[:6]}/"
        self.home = home
        self.rows, self.counts = pair_rows(records, options.conflicts)
        self.unpaired = unpaired_rows(records, options)
        self.rewards = {p.id: tuple(fit(records, p.id)) for p in records.prompts}
        self._sidecar: list[Row] = []
        self._made = self._make()

    @property
    def notes(self) -> list[Note]:
        return self.pictures.notes

    def all(self) -> Iterator[tuple[str, bytes, str, dict[str, Any]]]:
        """(path, content, title, facts) of each file."""
        yield from self._made
        for path, title, content in self.pictures.files():
            yield self.home + path, content, title, {}

    def compare(self, folder: Path) -> int:
        """Read everything back; Mismatch where a file is not what readers said."""
        for path, content, _title, _facts in self._made:
            found = (folder / path).read_bytes()
            if path.endswith(".jsonl"):
                read = [json.loads(line) for line in found.decode().splitlines()]
                if read != [json.loads(line) for line in content.decode().splitlines()]:
                    raise Mismatch(path, "a row differs")
            if found != content:
                raise Mismatch(path, "it differs from what readers said")
        return self.pictures.compare(folder, self.home)

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
                    made.append((path, lines_of(rows), title, {"rows": len(rows), "split": split}))
                    self._note_rows(path, name, pairs, single)
        made.append(("candidates.jsonl", lines_of(self._candidates()), "Candidates by id", {}))
        made.append(("rankings.jsonl", lines_of(self._rankings()), "Rankings", {}))
        made.append(("reward.csv", self._reward_csv(), "Fitted worth of each candidate", {}))
        records = argilla_records(self.records, self.words, self.pictures)
        settings = argilla_settings(self.records, self.pictures)
        made.append(("argilla/records.json", pretty(records), "Argilla records", {}))
        made.append(("argilla/settings.json", pretty(settings), "Argilla settings", {}))
        made.append(
            ("sidecar.jsonl", lines_of(self._sidecar), "What else is known of each row", {})
        )
        made.append(("task.json", pretty(self._about()), "The task, and what was counted",
                     {"counts": self.counts}))  # fmt: skip
        return [(self.home + path, content, title, facts) for path, content, title, facts in made]

    def words(self, item: Candidate) -> str:
        """A candidate as text: its own, or the relative paths of its masks or images."""
        if item.text:
            return item.text
        if item.regions:
            return "\n".join(self.pictures.masks(item))
        return "\n".join(self.pictures.of_candidate(item) or [r.key for r in item.images])

    def _with_images(self, prompt: RankingPrompt, row: Row) -> Row:
        images = self.pictures.of_prompt(prompt)
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
        images = self.pictures.of_prompt(row.prompt)
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
                        "pictures": self.pictures.of_candidate(lone.candidate),
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
                    "chosen_pictures": self.pictures.of_candidate(row.chosen),
                    "rejected_pictures": self.pictures.of_candidate(row.rejected),
                    "votes_for": row.votes_for,
                    "votes_against": row.votes_against,
                    "ties": row.ties,
                    "readers": [self.names.get(r, r[:6]) for r in row.readers],
                    "lists": list(row.lists),
                    "rationales": list(row.rationales),
                }
            )

    def _candidates(self) -> list[Row]:
        """What stands behind each id, also of candidates that are in no row."""
        cases = {p.id: p.case_id for p in self.records.prompts}
        return [
            {
                "candidate_id": c.id,
                "prompt_id": c.prompt_id,
                "case_id": cases[c.prompt_id],
                "synthetic": cases[c.prompt_id] in self._made_up,
                "source": c.source,
                "text": c.text,
                "masks": self.pictures.masks(c),
                "pictures": self.pictures.of_candidate(c),
            }
            for c in self.records.candidates
        ]

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
            "images": "Paths are relative to this folder. Rows have an extra column `images` where "
            "the prompt's images are written. A candidate that is a segmentation stands as the "
            "paths of its masks; candidates.jsonl has pictures of it on its images.",
        }

    def _split(self, prompt: RankingPrompt) -> str:
        return split_of(prompt.text + prompt.case_id, self.options.splits)


def _round(value: float) -> float:
    return round(value, 6)
