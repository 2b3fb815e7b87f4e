"""A signed bundle: everything an ML engineer needs to trust and load the labels, in one folder or
zip file that is complete or not there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from desktop.domain.contracts import Progress
from desktop.domain.errors import StoreProblem, UserError
from desktop.domain.record import to_plain
from desktop.domain.task import AssignmentState
from desktop.exchange import verify_bundle as verifier
from desktop.exchange.data_card import card_html, card_markdown
from desktop.exchange.disk import (
    plain_disk_errors,
    sync_folder,
    sync_tree,
    write_file,
    zip_folder,
)
from desktop.exchange.exporter import (
    BundleOptions,
    Exporter,
    Note,
    Part,
    Written,
    chosen_exporters,
)
from desktop.exchange.facts import BundleFacts, deidentification, gather
from desktop.exchange.regions import pseudonyms
from desktop.exchange.snapshot import Snapshot, manifest_message
from desktop.imaging.child import ChildPool

__all__ = ["BundleOptions", "BundleReport", "write_bundle"]

FORMAT, FORMAT_VERSION = verifier.FORMAT, verifier.VERSION


@dataclass(frozen=True)
class BundleReport:
    """What an export did."""

    path: Path
    bundle_id: str
    manifest_sha256: str
    parts: int
    compared_voxels: int
    case_count: int
    notes: tuple[Note, ...]
    seconds: float

    @property
    def sentence(self) -> str:
        cases = "1 case" if self.case_count == 1 else f"{self.case_count} cases"
        return (
            f"{cases} in {self.parts} files; {self.compared_voxels:,} voxels read back, "
            "none differs."
        )


def write_bundle(
    snapshot: Snapshot,
    target: Path,
    options: BundleOptions | None = None,
    pool: ChildPool | None = None,
    progress: Progress | None = None,
) -> BundleReport:
    """Write, read back, compare, sign, then give it its name.

    ``target`` is a folder, or one file where it ends with ".zip". Nothing is left of a bundle that
    failed or was cancelled. Raises UserError in words (disk full, read-only place, a file that
    differs when read back) and Cancelled.
    """
    options, progress = options or BundleOptions(), progress or Progress()
    started = time.monotonic()
    snapshot = chosen_cases(snapshot, options)
    target = Path(target)
    own_pool = ChildPool() if pool is None else None
    with plain_disk_errors("bundle"):
        _check_free(target, options)
        parts_folder = target.with_name(f".{target.name}.{snapshot.bundle_id[:8]}.part")
        shutil.rmtree(parts_folder, ignore_errors=True)
        packed = parts_folder.with_suffix(".zip")
        try:
            parts_folder.mkdir()
            draft = _Draft(snapshot, parts_folder, options, pool or own_pool, progress)
            digest = draft.write()
            progress.report(0.9, "Checking the bundle")
            _check_whole(parts_folder)
            finished = parts_folder
            if target.suffix.lower() == ".zip":
                progress.report(0.93, "Packing")
                zip_folder(parts_folder, packed)
                _check_whole(packed)
                finished = packed
            progress.report(0.99, "Finishing")
            _take_place(finished, target, options)
        finally:
            shutil.rmtree(parts_folder, ignore_errors=True)
            packed.unlink(missing_ok=True)
            if own_pool is not None:
                own_pool.close()
    return BundleReport(
        path=target,
        bundle_id=snapshot.bundle_id,
        manifest_sha256=digest,
        parts=len(draft.parts),
        compared_voxels=sum(draft.compared.values()),
        case_count=len(snapshot.cases),
        notes=tuple(draft.notes),
        seconds=time.monotonic() - started,
    )


def chosen_cases(snapshot: Snapshot, options: BundleOptions) -> Snapshot:
    """The snapshot with the chosen cases and their schemas; UserError where none is left."""
    cases = snapshot.cases
    if options.case_ids:
        wanted = set(options.case_ids)
        cases = tuple(c for c in cases if c.id in wanted)
    if options.only_done:
        cases = tuple(
            c
            for c in cases
            if any(a.state is AssignmentState.DONE for a in snapshot.assignments_of(c.id))
        )
    if not cases and (snapshot.cases or not snapshot.rankings):
        raise UserError(
            "There is nothing to export.",
            "No case is marked done." if options.only_done else "No case was chosen.",
        )
    used = {c.schema_id for c in cases}
    for case in cases:
        used.update(a.schema_id for a in snapshot.annotations_of(case.id))
        used.update(a.schema_id for a in snapshot.answers_of(case.id))
    schemas = tuple(s for s in snapshot.schemas if s.id in used)
    return replace(snapshot, cases=cases, schemas=schemas)


class _Draft:
    """A bundle in the making, in its own folder."""

    def __init__(
        self,
        snapshot: Snapshot,
        folder: Path,
        options: BundleOptions,
        pool: Any,
        progress: Progress,
    ) -> None:
        self.snapshot = snapshot
        self.folder = folder
        self.options = options
        self.pool: ChildPool = pool
        self.progress = progress
        self.parts: list[Part] = []
        self.notes: list[Note] = []
        self.compared: dict[str, int] = {}

    def write(self) -> str:
        """Write all files and the signature; the SHA-256 of the manifest."""
        exporters = chosen_exporters(self.options.formats)
        written: list[tuple[Exporter, Written]] = []
        steps = 2 * len(exporters)
        for number, exporter in enumerate(exporters):
            share = self._share(0.05 + 0.8 * number / steps, 0.8 / steps)
            done = exporter.write(self.snapshot, self.folder, self.options, self.pool, share)
            self.parts += done.parts
            self.notes += [n for n in dict.fromkeys(done.notes) if n not in self.notes]
            written.append((exporter, done))
        facts = gather(self.snapshot, self._share(0.0, 0.05))
        for number, (exporter, done) in enumerate(written, start=len(exporters)):
            share = self._share(0.05 + 0.8 * number / steps, 0.8 / steps)
            self.compared[exporter.name] = exporter.compare(
                self.snapshot, self.folder, self.options, done, self.pool, share
            )
        self._write_card(facts)
        return self._sign(self._manifest(facts))

    def _write_card(self, facts: BundleFacts) -> None:
        card = card_markdown(
            self.snapshot,
            facts,
            parts=self.parts,
            notes=self.notes,
            compared=self.compared,
            privacy=deidentification(self.options),
        )
        for path, text in (
            ("data_card.md", card),
            ("data_card.html", card_html(card, self.snapshot)),
            ("verify_bundle.py", verifier_source()),
        ):
            write_file(self.folder / path, text.encode())
            self.parts.append(Part(path, "document"))

    def _manifest(self, facts: BundleFacts) -> bytes:
        snapshot = self.snapshot
        audit = next((p for p in self.parts if p.path == "audit/events.jsonl"), None)
        counts = facts.counts() | {"events": audit.facts["events"] if audit else 0}
        manifest = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "bundle_id": snapshot.bundle_id,
            "created_utc": snapshot.created_utc,
            "application": {"name": "Reading Room", "version": snapshot.app_version},
            "project": {"id": snapshot.project_id, "title": snapshot.title},
            "signer": {"algorithm": "Ed25519", "public_key": snapshot.public_key_hex},
            "options": {
                "formats": [e.name for e in chosen_exporters(self.options.formats)],
                "only_done": self.options.only_done,
                "boxes_as_masks": self.options.boxes_as_masks,
                "keep_patient": self.options.keep_patient,
            },
            "schemas": [to_plain(s) for s in snapshot.schemas],
            "readers": [
                {"pseudonym": name, "role": reader.role.value}
                for reader in snapshot.readers
                for name in (pseudonyms(snapshot)[reader.id],)
            ],
            "cases": [c.id for c in snapshot.cases],
            "split": {c.id: snapshot.parts[c.id] for c in snapshot.cases if c.id in snapshot.parts},
            "synthetic": [c.id for c in snapshot.cases if snapshot.is_synthetic(c)],
            "series": facts.series,
            "counts": counts,
            "classes": facts.classes(snapshot),
            "origins": dict(sorted(facts.origins.items())),
            "comparison": {
                "statement": "Every mask was read back from the written file and compared voxel "
                "by voxel with what was drawn, on the source grid; none differs.",
                "voxels": self.compared,
            },
            "deidentification": deidentification(self.options),
            "pixel_text": facts.pixel_text(),
            "notes": [vars(n) for n in self.notes],
            "parts": [self._entry(p) for p in sorted(self.parts, key=lambda p: p.path)],
        }
        text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
        return (text + "\n").encode()

    def _entry(self, part: Part) -> dict[str, Any]:
        path = self.folder / part.path
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {
            "path": part.path,
            "format": part.format,
            "title": part.title,
            "sha256": digest,
            "size": path.stat().st_size,
            "facts": part.facts,
        }

    def _sign(self, manifest: bytes) -> str:
        digest = hashlib.sha256(manifest).hexdigest()
        signature = {
            "algorithm": "Ed25519",
            "message": "readingroom manifest v1, newline, SHA-256 of manifest.json, newline",
            "manifest_sha256": digest,
            "public_key": self.snapshot.public_key_hex,
            "signature": self.snapshot.sign(manifest_message(digest)),
        }
        write_file(self.folder / verifier.MANIFEST, manifest)
        text = json.dumps(signature, indent=1, sort_keys=True) + "\n"
        write_file(self.folder / verifier.SIGNATURE, text.encode())
        sync_tree(self.folder)
        return digest

    def _share(self, start: float, width: float) -> Progress:
        """A progress that fills a part of the whole; cancelling the whole cancels it."""
        return _Share(self.progress, start, width)


def verifier_source() -> str:
    """The text of the verifier; in a frozen app it is collected as data beside its module."""
    source = files("desktop.exchange").joinpath("verify_bundle.py")
    return source.read_text(encoding="utf-8")


class _Share(Progress):
    def __init__(self, whole: Progress, start: float, width: float) -> None:
        report: Callable[[float, str], None] = lambda fraction, text: whole.report(  # noqa: E731
            start + width * fraction, text
        )
        super().__init__(report)
        self._whole = whole

    @property
    def is_cancelled(self) -> bool:
        return self._whole.is_cancelled

    def check(self) -> None:
        self._whole.check()


def _check_free(target: Path, options: BundleOptions) -> None:
    if not target.exists():
        return
    older = target.is_file() or (target / verifier.MANIFEST).is_file()
    if options.replace and older:
        return
    if target.is_dir() and not any(target.iterdir()):
        return
    raise StoreProblem(
        "There is already something with this name.",
        target.name,
        "Choose another name, or a new folder.",
    )


def _check_whole(path: Path) -> None:
    """The shipped verifier has the last word."""
    faults = verifier.check(path).faults
    if faults:
        name, place, sentence = faults[0]
        raise StoreProblem(
            "The bundle was not written: its own check failed.",
            f"{place}: {sentence}",
            f"Export again. ({name})",
        )


def _take_place(finished: Path, target: Path, options: BundleOptions) -> None:
    """Rename onto the target; an older bundle goes only when the new one is in its place."""
    if finished.is_dir() and target.exists():
        aside = finished.with_suffix(".old")
        os.replace(target, aside)
        try:
            os.replace(finished, target)
        except OSError:
            os.replace(aside, target)
            raise
        shutil.rmtree(aside, ignore_errors=True)
    else:
        os.replace(finished, target)
    sync_folder(target.parent)
