"""Taking colleagues' bundles in: checked, previewed by a dry run, applied in one transaction."""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.commands.project import RecordMerge
from desktop.domain.contracts import Progress
from desktop.domain.errors import AccessProblem, ConflictProblem
from desktop.exchange.returned import Returned, read_return
from desktop.exchange.verify_bundle import MANIFEST, SIGNATURE
from desktop.store import log, merge, queries, versions
from desktop.store.database import Connection, plain_errors, transaction
from desktop.store.merge import Line, MissingRange
from desktop.workspace.access.keys import fingerprint_of
from desktop.workspace.learning.origin_watch import MarkWatch, kept_out

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

# kinds whose double versions somebody must settle; facts about images settle themselves
CLAIMS = (
    "annotation", "mask_slice", "answer", "assignment", "calibration", "decision",
    "case_note",
    "adjudication", "review", "pin", "comment",
    "batch", "gold_case",
    "comparison", "ranking", "rating",
    "split",
    "blind_lock",
    "scribble",
)  # fmt: skip


@dataclass(frozen=True)
class MergeReport:
    """What a merge did, or in a preview would do."""

    bundles: tuple[str, ...]
    new: int
    known: int
    touched: int
    conflicts: int
    missing: tuple[MissingRange, ...]
    kept_out: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)  # of workstations, by their chain

    @property
    def sentence(self) -> str:
        new = "1 new event" if self.new == 1 else f"{self.new:,} new events"
        parts = [f"{new}, {self.known:,} known"]
        if self.conflicts:
            many = "1 conflict" if self.conflicts == 1 else f"{self.conflicts:,} conflicts"
            parts.append(f"{many} to settle")
        for gap in self.missing:
            who = self.names.get(gap.chain) or f"workstation {gap.chain[:12]}"
            events = (
                f"event {gap.first:,} of {who} has"
                if gap.first == gap.last
                else f"events {gap.first:,} to {gap.last:,} of {who} have"
            )
            parts.append(f"{events} not arrived")
        kept = "".join(f" {sentence}" for sentence in self.kept_out)
        return "; ".join(parts) + "." + kept


class _DryRun(Exception):
    """Takes the transaction of a preview back."""


def looks_like_bundle(path: Path) -> bool:
    """Whether this folder or zip has what every bundle has; says nothing about its soundness."""
    wanted = {MANIFEST, SIGNATURE}
    if path.is_dir():
        return all((path / name).is_file() for name in wanted)
    if path.suffix.lower() != ".zip":
        return False
    try:
        with zipfile.ZipFile(path) as packed:
            return wanted <= {name.rpartition("/")[2] for name in packed.namelist()}
    except (OSError, zipfile.BadZipFile):
        return True  # a zip that was cut off: the check names its fault


def signer_of(bundle: Path) -> str:
    """The public key that signed a bundle; FileProblem where the bundle is damaged."""
    return read_return(bundle).public_key


def merge_bundles(
    workspace: Workspace, paths: Sequence[Path], progress: Progress, *, dry_run: bool
) -> MergeReport:
    """Take bundles in, any number of times and in any order; nothing happens unless all are sound.

    A dry run does the same and takes it back. Raises FileProblem for a damaged bundle,
    AccessProblem for a stranger's key, ConflictProblem for a bundle
    of another project or a copied project file that went two ways. Blocking.
    """
    workspace.accounts.check_signed_in()
    connection = workspace._database.writer
    report = _merge(workspace, connection, paths, progress, dry_run=dry_run)
    return report if dry_run else noted(workspace, report)


def merge_aside(
    workspace: Workspace, paths: Sequence[Path], progress: Progress, *, dry_run: bool
) -> MergeReport:
    """The same on a connection of its own, in a worker; ``noted`` is left to the main thread.

    Nothing else is written from the moment the bundles are found sound until it is done.
    """
    with workspace._database.another_reader() as connection:
        return _merge(workspace, connection, paths, progress, dry_run=dry_run)


def noted(workspace: Workspace, report: MergeReport) -> MergeReport:
    """Note in the log that bundles were merged, and forget what was known of the rows; main
    thread."""
    workspace._forget_images()
    if report.new:
        workspace.run(
            RecordMerge(bundle_ids=report.bundles, new=report.new, conflicts=report.conflicts)
        )
    return report


def _merge(
    workspace: Workspace,
    connection: Connection,
    paths: Sequence[Path],
    progress: Progress,
    *,
    dry_run: bool,
) -> MergeReport:
    returned = []
    for path in paths:
        progress.report(0.0, f"Checking {Path(path).name}")
        returned.append(read_return(Path(path)))
    for bundle in returned:
        _check_belongs(workspace, connection, bundle)
    report: MergeReport | None = None
    with (
        workspace.writes_held("Colleagues' bundles are being taken in."),
        plain_errors(),
        contextlib.suppress(_DryRun),
        transaction(connection),
    ):
        report = _take(connection, returned, progress)
        if dry_run:
            raise _DryRun
    assert report is not None
    if not dry_run:
        _keep_heads(connection, returned)
    return report


def conflicts(workspace: Workspace) -> list[tuple[str, str, tuple[str, ...]]]:
    """Claims with several standing versions: (kind, record id, event ids)."""
    found = versions.conflicts(workspace._read)
    return [
        entry
        for entry in found
        if entry[0] in CLAIMS and len(_different(workspace._read, entry)) > 1
    ]


def _take(connection: Connection, returned: list[Returned], progress: Progress) -> MergeReport:
    new = known = 0
    touched: set[tuple[str, str]] = set()
    watch = MarkWatch(connection)
    for bundle in returned:
        merge.take_runs(connection, bundle.masks())
        lines = (Line(body, digest) for body, digest in bundle.lines())
        taken = merge.take_events(connection, lines, progress, bundle.event_count)
        new, known = new + taken.new, known + taken.known
        touched |= taken.touched
        watch.hear(body for body, _digest in bundle.lines())
    watch.check()
    doubled = [e for e in versions.conflicts(connection) if e[0] in CLAIMS]
    return MergeReport(
        bundles=tuple(b.bundle_id for b in returned),
        new=new,
        known=known,
        touched=len(touched),
        conflicts=sum(len(_different(connection, e)) > 1 for e in doubled),
        missing=tuple(merge.missing_ranges(connection)),
        names=_names_of_chains(connection, returned),
        kept_out=kept_out(connection, touched),
    )


def _names_of_chains(connection: Connection, returned: list[Returned]) -> dict[str, str]:
    """What the lead calls the workstations whose signed heads are known."""
    known = queries.known_keys(connection)
    heads = [*queries.signed_heads(connection), *(h for b in returned for h in b.heads)]
    found = {h["chain"]: known.get(h["public_key"], "") for h in heads}
    return {chain: name for chain, name in found.items() if name}


def _different(connection: Connection, entry: tuple[str, str, tuple[str, ...]]) -> set[str]:
    """The standing versions of a record that really differ, as text."""
    kind, record_id, standing = entry
    return {repr(versions.version(connection, kind, record_id, e)) for e in standing}


def _check_belongs(workspace: Workspace, connection: Connection, bundle: Returned) -> None:
    if bundle.project_id != workspace.project_id:
        raise ConflictProblem(
            "This bundle belongs to another project.",
            bundle.path.name,
            "Open that project to merge it.",
        )
    known = set(queries.known_keys(connection)) | {workspace._key.public_hex}
    if bundle.public_key not in known:
        raise AccessProblem(
            "This bundle is signed by a workstation that the project does not know.",
            f"Fingerprint {fingerprint_of(bundle.public_key)}.",
            "Compare the fingerprint with its owner and trust the key first.",
        )


def _keep_heads(connection: Connection, returned: list[Returned]) -> None:
    """Signed ends of the others' chains: what is cut off later is found.

    An end whose event was withheld from the bundle says nothing about this project.
    """
    with plain_errors():
        for bundle in returned:
            for head in bundle.heads:
                if log.digest_at(connection, head["chain"], head["seq"]):
                    queries.save_head(connection, head)
