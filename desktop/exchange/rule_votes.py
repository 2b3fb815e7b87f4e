"""What rules said: the votes, the soft labels learned from them, and the versions of the rules.

One folder per target that rules were run on: ``votes.csv`` has every item of the exported cases
with the vote of every rule ("error" where it failed), the probability of every label, the part
(train, validation, test) of its case and whether that is synthetic; ``rules.json`` has the rules
and what was learned of them. These are no labels: a label that a reader made of a suggestion stands
with the others, with the origin "rule".
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from desktop.domain.contracts import Progress
from desktop.domain.record import to_plain
from desktop.domain.rule import RuleRun
from desktop.exchange.disk import write_file
from desktop.exchange.exporter import BundleOptions, Mismatch, Part, Written
from desktop.exchange.snapshot import Snapshot
from desktop.imaging.child import ChildPool


class RuleVotesExporter:
    """The newest kept run of each target."""

    name = "rules"
    title = "Votes of rules and soft labels (CSV, JSON)"
    suffix = ".csv"

    def write(
        self,
        snapshot: Snapshot,
        folder: Path,
        options: BundleOptions,
        pool: ChildPool,
        progress: Progress,
    ) -> Written:
        parts = []
        for run in progress.over(newest_runs(snapshot), 1, "Votes of rules"):
            table = votes_table(snapshot, run)
            about = rules_text(run)
            place = f"rules/{run.target.key[:12]}"
            write_file(folder / f"{place}/votes.csv", table.encode())
            write_file(folder / f"{place}/rules.json", about.encode())
            facts = {"run": run.id, "items": table.count("\n") - 1}
            parts += [
                Part(f"{place}/votes.csv", self.name, "Votes and soft labels of rules", facts),
                Part(f"{place}/rules.json", self.name, "The rules and what was learned of them"),
            ]
        return Written(tuple(parts))

    def compare(
        self,
        snapshot: Snapshot,
        folder: Path,
        options: BundleOptions,
        written: Written,
        pool: ChildPool,
        progress: Progress,
    ) -> int:
        found = {
            part.path: (folder / part.path).read_text(encoding="utf-8") for part in written.parts
        }
        for run in newest_runs(snapshot):
            place = f"rules/{run.target.key[:12]}"
            if found.get(f"{place}/votes.csv") != votes_table(snapshot, run):
                raise Mismatch(f"{place}/votes.csv", "other votes than were kept")
            if found.get(f"{place}/rules.json") != rules_text(run):
                raise Mismatch(f"{place}/rules.json", "other rules than were run")
        return 0


def newest_runs(snapshot: Snapshot) -> list[RuleRun]:
    """One run per target, the newest."""
    newest: dict[str, RuleRun] = {}
    for run in snapshot.rule_runs():
        known = newest.get(run.target.key)
        if known is None or (known.created_utc, known.id) < (run.created_utc, run.id):
            newest[run.target.key] = run
    return [newest[key] for key in sorted(newest)]


def votes_table(snapshot: Snapshot, run: RuleRun) -> str:
    """The kept table, for the cases that are exported, with part and origin of each case."""
    made_up = {c.id: str(snapshot.is_synthetic(c)).lower() for c in snapshot.cases}
    rows = csv.reader(io.StringIO(snapshot.runs(run.table).decode()))
    head = next(rows)
    at = head.index("case")
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow([*head[: at + 1], "part", "synthetic", *head[at + 1 :]])
    for row in rows:
        if row[at] in made_up:
            case = [snapshot.parts.get(row[at], ""), made_up[row[at]]]
            out.writerow([*row[: at + 1], *case, *row[at + 1 :]])
    return text.getvalue()


def rules_text(run: RuleRun) -> str:
    """The run as JSON."""
    return json.dumps(to_plain(run), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
