"""Working on one project from several machines: copies out, bundles back, conflicts settled."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop.commands.batch import RecordPackage
from desktop.commands.conflict import SettleConflict
from desktop.domain.batch import Package
from desktop.domain.contracts import Progress
from desktop.domain.errors import AccessProblem, UserError
from desktop.domain.event import Event
from desktop.domain.kinds import BY_KIND
from desktop.domain.record import Record, from_plain, to_json
from desktop.domain.task import Role
from desktop.store import queries, versions
from desktop.store.database import plain_errors
from desktop.workspace.access.keys import fingerprint_of
from desktop.workspace.ranking import ranking_packages
from desktop.workspace.team import handing_out, merging, packages
from desktop.workspace.team.merging import MergeReport
from desktop.workspace.team.packages import PackageReport

if TYPE_CHECKING:
    from desktop.workspace.jobs import Job
    from desktop.workspace.workspace import Workspace


@dataclass(frozen=True)
class Version:
    """One of several versions of a record; ``record`` None is its deletion."""

    event: Event
    reader_name: str
    record: Record | None


@dataclass(frozen=True)
class Conflict:
    """A record that two machines changed from one base, until somebody settles it."""

    kind: str
    record_id: str
    case_id: str
    versions: tuple[Version, ...]


class Team:
    """Reached as ``workspace.team``. Handing out, merging and settling are the lead's."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @property
    def fingerprint(self) -> str:
        """This workstation's key as people compare it over the telephone."""
        return fingerprint_of(self._workspace._key.public_hex)

    def hand_out(self, target: Path, passphrase: str = "") -> Path:
        """Write a copy of the project for another machine, see ``handing_out``."""
        self._check_lead("hands out copies")
        return handing_out.hand_out(self._workspace, target, passphrase)

    def package(
        self,
        reader_id: str,
        target: Path,
        passphrase: str = "",
        *,
        again: bool = False,
        with_images: bool = False,
        progress: Progress | None = None,
    ) -> PackageReport:
        """Write one reader's file with their open cases and nothing of others, see ``packages``.

        ``again`` hands out what went out before and is still open; ``with_images`` copies the image
        files into a folder beside. UserError where there is nothing to hand out. Blocking.
        """
        report = self._made(reader_id, target, passphrase, again, with_images, progress)
        self._note(report)
        return report

    def start_packages(
        self,
        reader_ids: Sequence[str],
        folder: Path,
        passphrase: str,
        on_done: Callable[[list[PackageReport]], None],
        on_error: Callable[[UserError], None],
        *,
        again: bool = False,
        with_images: bool = False,
    ) -> Job:
        """The same for several readers as a job; files are named by project and reader."""
        targets = self.package_targets(reader_ids, folder)

        def work(progress: Progress) -> list[PackageReport]:
            made: list[PackageReport] = []
            try:
                for reader_id, target in targets.items():
                    progress.check()
                    made.append(
                        self._made(reader_id, target, passphrase, again, with_images, progress)
                    )
            except BaseException:
                for report in made:
                    packages.drop(report)
                raise
            return made

        def done(made: list[PackageReport]) -> None:
            for report in made:
                self._note(report)
            on_done(made)

        return self._workspace.jobs.start("Writing packages", work, done, on_error)

    def package_targets(self, reader_ids: Sequence[str], folder: Path) -> dict[str, Path]:
        """Free file names in a folder, by reader."""
        self._check_lead("hands out packages")
        workspace = self._workspace
        workspace._check_writable()
        names = queries.identities(workspace._read)
        found: dict[str, Path] = {}
        for reader_id in reader_ids:
            who = names.get(reader_id, "") or f"R-{reader_id[:6].upper()}"
            stem = re.sub(r"[^\w\- ]+", "", f"{workspace.title} - {who}").strip() or "Package"
            target, number = Path(folder) / f"{stem}{workspace.suffix}", 2
            while target.exists() or target in found.values():
                target = Path(folder) / f"{stem} {number}{workspace.suffix}"
                number += 1
            found[reader_id] = target
        return found

    def tasks_to_hand_out(self, again: bool = False) -> dict[str, int]:
        """How many preference tasks each reader's next package would hold, where there are any.

        Tasks that ask everybody go to plain readers only.
        """
        self._check_lead("hands out packages")
        return ranking_packages.waiting_counts(self._workspace._read, again)

    def packages(self) -> list[Package]:
        """What went out, newest first."""
        self._check_lead("sees the packages")
        found = queries.many(self._workspace._read, Package)
        return sorted(found, key=lambda p: (p.issued_utc, p.id), reverse=True)

    def trusted(self) -> dict[str, str]:
        """Names of the workstations whose bundles are taken, by fingerprint."""
        known = queries.known_keys(self._workspace._read)
        return {fingerprint_of(key): name for key, name in known.items()}

    def trust(self, bundle: Path, fingerprint: str, name: str) -> None:
        """Trust the workstation that signed a bundle, once its fingerprint was compared.

        Raises UserError where the fingerprint given is not the one of the bundle's key.
        """
        self._check_lead("trusts workstations")
        self._workspace._check_writable()
        key = merging.signer_of(bundle)
        if fingerprint_of(key) != fingerprint.strip().upper():
            raise UserError(
                "This is not the fingerprint of the bundle's signer.",
                f"The bundle is signed by {fingerprint_of(key)}.",
                "Ask its owner again; do not trust a key that differs.",
            )
        with plain_errors():
            queries.trust_key(
                self._workspace._database.writer, key, name, self._workspace._clock.now_utc()
            )

    def preview(self, bundles: Sequence[Path], progress: Progress | None = None) -> MergeReport:
        """What a merge would do; nothing is changed."""
        return self._merge(bundles, progress, dry_run=True)

    def merge(self, bundles: Sequence[Path], progress: Progress | None = None) -> MergeReport:
        """Take bundles in, in any order and any number of times; all or nothing."""
        return self._merge(bundles, progress, dry_run=False)

    def start_merge(
        self,
        bundles: Sequence[Path],
        on_done: Callable[[MergeReport], None],
        on_error: Callable[[UserError], None],
        *,
        dry_run: bool,
    ) -> Job:
        """A preview or a merge as a job. Cancelled or failed, it leaves everything as it was."""
        self._check_lead("merges bundles")
        room, paths = self._workspace, tuple(bundles)
        room._check_writable()

        def done(report: MergeReport) -> None:
            on_done(report if dry_run else merging.noted(room, report))

        return room.jobs.start(
            "Looking at bundles" if dry_run else "Merging bundles",
            lambda progress: merging.merge_aside(room, paths, progress, dry_run=dry_run),
            done,
            on_error,
        )

    def conflicts(self) -> list[Conflict]:
        """What waits to be settled, with all versions."""
        names = queries.identities(self._workspace._read)
        found = []
        for kind, record_id, standing in merging.conflicts(self._workspace):
            sides = tuple(self._version(kind, record_id, e, names) for e in standing)
            case_id = next((v.event.case_id for v in sides if v.event.case_id), "")
            found.append(Conflict(kind, record_id, case_id, sides))
        return found

    def settle(self, conflict: Conflict, chosen: Version) -> Event | None:
        """Let one version stand; the others stay in the log."""
        self._check_lead("settles conflicts")
        record = None if chosen.record is None else to_json(chosen.record)
        return self._workspace.run(
            SettleConflict(
                case_id=conflict.case_id,
                kind=conflict.kind,
                record_id=conflict.record_id,
                chosen=record,
            )
        )

    def _made(
        self,
        reader_id: str,
        target: Path,
        passphrase: str,
        again: bool,
        with_images: bool,
        progress: Progress | None,
    ) -> PackageReport:
        self._check_lead("hands out packages")
        workspace = self._workspace
        workspace._check_writable()
        with workspace._database.another_reader() as connection:
            maker = packages.PackageMaker(workspace, connection, reader_id)
            return maker.make(
                Path(target),
                passphrase,
                progress or Progress(),
                again=again,
                with_images=with_images,
            )

    def _note(self, report: PackageReport) -> None:
        """First the project knows of the package, then the file gets its name."""
        try:
            self._workspace.run(RecordPackage(package=report.record))
        except BaseException:
            packages.drop(report)
            raise
        packages.hand_over(report)

    def _merge(
        self, bundles: Sequence[Path], progress: Progress | None, *, dry_run: bool
    ) -> MergeReport:
        self._check_lead("merges bundles")
        self._workspace._check_writable()
        return merging.merge_bundles(
            self._workspace, bundles, progress or Progress(), dry_run=dry_run
        )

    def _version(
        self, kind: str, record_id: str, event_uuid: str, names: dict[str, str]
    ) -> Version:
        event = versions.event(self._workspace._read, event_uuid)
        plain: Any = versions.version(self._workspace._read, kind, record_id, event_uuid)
        record = None if plain is None else from_plain(plain, BY_KIND[kind])
        return Version(event, names.get(event.reader_id, ""), record)

    def _check_lead(self, what: str) -> None:
        if self._workspace.reader.role is not Role.LEAD:
            raise AccessProblem(f"Only the lead {what}.", "", "Ask the lead of this project.")
