"""The audit extract: the log as it stands, its digests, the masks it names, and the signed ends of
its chains. With it a colleague's project can take the work in."""

from __future__ import annotations

import base64
import json
import os
import zlib
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

from desktop.domain.annotation import MaskSlice
from desktop.domain.contracts import ASIDE, Progress
from desktop.domain.event import GENESIS, chain_digest
from desktop.domain.proposal import Proposal
from desktop.domain.ranking import Candidate
from desktop.domain.record import to_plain
from desktop.domain.runs import runs_digest
from desktop.domain.scribble import Scribble
from desktop.exchange.disk import write_file
from desktop.exchange.exporter import BundleOptions, Mismatch, Part, Written
from desktop.exchange.regions import CaseLabels
from desktop.exchange.snapshot import Snapshot
from desktop.imaging.child import ChildPool

EVENTS, HEADS, MASKS = "audit/events.jsonl", "audit/heads.json", "audit/masks.jsonl"
_IMAGE_KINDS = ("study", "series", "instance", "case")
_REPORT_EVERY = 1000


class AuditExporter:
    """One event a line: its digest and the exact text that the digest covers.

    Events about cases that are not in the bundle keep their digest and their place in the chain;
    their content is withheld. Masks are run lengths (desktop/domain/runs.py), deflated, in base64.
    """

    name = "audit"
    title = "Audit extract (events, masks, signed heads)"
    suffix = ".jsonl"

    def write(
        self,
        snapshot: Snapshot,
        folder: Path,
        options: BundleOptions,
        pool: ChildPool,
        progress: Progress,
    ) -> Written:
        chains: dict[str, dict[str, Any]] = {}
        masks: set[str] = set()
        withheld = 0
        (folder / "audit").mkdir()
        with (folder / EVENTS).open("x", encoding="utf-8", newline="\n") as file:
            for line in _lines(snapshot, progress):
                file.write(line.text + "\n")
                withheld += line.withheld
                masks |= line.masks
                chain = chains.setdefault(line.event["chain"], {"events": 0})
                chain["events"] += 1
                chain["last_seq"], chain["digest"] = line.event["seq"], line.digest
            file.flush()
            os.fsync(file.fileno())
        heads = sorted((to_plain(h) for h in snapshot.heads), key=lambda h: (h["chain"], h["seq"]))
        text = json.dumps(heads, indent=1, sort_keys=True) + "\n"
        write_file(folder / HEADS, text.encode())
        write_file(folder / MASKS, b"".join(_mask_lines(snapshot, sorted(masks), progress)))
        facts = {
            "events": sum(c["events"] for c in chains.values()),
            "withheld": withheld,
            "chains": chains,
        }
        return Written(
            (
                Part(EVENTS, "events", "Events", facts),
                Part(HEADS, self.name, "Signed heads", {"heads": len(heads)}),
                Part(MASKS, self.name, "Masks that the events name", {"masks": len(masks)}),
            )
        )

    def compare(
        self,
        snapshot: Snapshot,
        folder: Path,
        options: BundleOptions,
        written: Written,
        pool: ChildPool,
        progress: Progress,
    ) -> int:
        """The lines and digests of what is on disk; a broken chain is not exported."""
        ends: dict[str, str] = {}
        with (folder / EVENTS).open(encoding="utf-8", newline="\n") as file:
            for read, line in zip_longest(file, _lines(snapshot, progress)):
                if line is None or read != line.text + "\n":
                    raise Mismatch(EVENTS, "a line differs from the log")
                chain, seq = line.event["chain"], line.event["seq"]
                last = ends.get(chain, GENESIS)
                if not line.withheld and chain_digest(last, line.body) != line.digest:
                    raise Mismatch(EVENTS, f"event {seq} of {chain} does not fit its digest")
                ends[chain] = line.digest
        names = {p.path: p.facts for p in written.parts}
        found = [json.loads(text) for text in (folder / MASKS).read_bytes().splitlines()]
        whole = all(
            runs_digest(zlib.decompress(base64.b64decode(m["runs"]))) == m["digest"] for m in found
        )
        if not whole or len(found) != names[MASKS]["masks"]:
            raise Mismatch(MASKS, "a mask is missing or differs")
        if len(json.loads((folder / HEADS).read_bytes())) != len(snapshot.heads):
            raise Mismatch(HEADS, "a head is missing")
        return 0


class _Line:
    """One event as it stands in the extract."""

    def __init__(self, body: str, digest: str, inside: dict[str, set[str]]) -> None:
        self.body = body
        self.digest = digest
        self.event: dict[str, Any] = json.loads(body)
        self.withheld = not _is_about(self.event, inside)

    @property
    def text(self) -> str:
        if not self.withheld:
            return f'{{"digest":"{self.digest}","body":{self.body}}}'
        chain, seq = json.dumps(self.event["chain"]), self.event["seq"]
        return f'{{"digest":"{self.digest}","withheld":true,"chain":{chain},"seq":{seq}}}'

    @property
    def masks(self) -> set[str]:
        """Digests of the run lengths that the event brings."""
        if self.withheld:
            return set()
        changes = self.event["changes"]
        return {runs for c in changes if c["after"] for runs in _runs_of(c["kind"], c["after"])}


def _runs_of(kind: str, row: dict[str, Any]) -> Iterator[str]:
    """Digests of the run lengths that a record names."""
    if kind in (MaskSlice.kind, Scribble.kind):
        yield row["runs"]
    elif kind == Proposal.kind:
        yield from (frame["runs"] for frame in row.get("frames", ()))
    elif kind == Candidate.kind:
        for region in row.get("regions", ()):
            yield from (frame["runs"] for frame in region.get("frames", ()))


def _lines(snapshot: Snapshot, progress: Progress) -> Iterator[_Line]:
    inside = _inside(snapshot)
    for number, (body, digest) in enumerate(snapshot.event_lines()):
        if number % _REPORT_EVERY == 0:
            progress.report(0.5, "Audit extract")
        yield _Line(body, digest, inside)


def _mask_lines(snapshot: Snapshot, digests: list[str], progress: Progress) -> Iterator[bytes]:
    for number, digest in enumerate(digests):
        if number % _REPORT_EVERY == 0:
            progress.report(0.9, "Audit extract")
        runs = base64.b64encode(zlib.compress(snapshot.runs(digest), 6)).decode()
        yield f'{{"digest":"{digest}","runs":"{runs}"}}\n'.encode()


def _inside(snapshot: Snapshot) -> dict[str, set[str]]:
    """Ids of the cases, studies, series and images that are in the bundle.

    Work on a preference task is told under the task's id instead of a case's.
    """
    ids: dict[str, set[str]] = {kind: set() for kind in _IMAGE_KINDS}
    for case in snapshot.cases:
        labels = CaseLabels(snapshot, case)
        ids["case"].add(case.id)
        ids["study"].add(case.study_id)
        ids["series"].update(s.id for s in labels.series)
        ids["instance"].update(labels.instances)
    ids["case"].update(records.task.id for records in snapshot.rankings)
    return ids


def _is_about(event: dict[str, Any], inside: dict[str, set[str]]) -> bool:
    changes = event["changes"]
    named = {event.get("case_id"), *(c.get("case_id") for c in map(_content, changes))}
    if named - inside["case"] - {"", None, ASIDE}:
        return False
    return all(c["id"] in inside.get(c["kind"], {c["id"]}) for c in changes)


def _content(change: dict[str, Any]) -> dict[str, Any]:
    return change["after"] or change["before"] or {}
