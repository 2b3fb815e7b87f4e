"""What takes a while with a project: reading images in, finding them again, exporting, verifying.

Each is there twice: blocking for scripts, and as a job for a window, whose result is applied on
the main thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.commands.project import RecordExport
from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.workspace import verification
from desktop.workspace.desks import Desks
from desktop.workspace.images import importing, moved_images
from desktop.workspace.images.sites import with_sites

if TYPE_CHECKING:
    from desktop.exchange.bundle import BundleOptions, BundleReport
    from desktop.workspace.jobs import Job
    from desktop.workspace.reports import ImportReport, VerifyReport


class LongWork(Desks):
    """Mixed into Workspace."""

    # images ----------------------------------------------------------------------------------

    def import_images(
        self,
        paths: Sequence[Path],
        progress: Progress | None = None,
        *,
        sites_by_folder: bool = False,
    ) -> ImportReport:
        """Scan files and folders and register what is new; blocking."""
        room = self._self()
        room._check_writable()
        result = importing.scan_for(room, paths, progress or Progress())
        return importing.register(room, with_sites(result, paths) if sites_by_folder else result)

    def start_import(
        self,
        paths: Sequence[Path],
        on_done: Callable[[ImportReport], None],
        on_error: Callable[[UserError], None],
    ) -> Job:
        """The same as a job: scanned in the background, registered on the main thread."""
        room = self._self()
        room._check_writable()
        return room.jobs.start(
            "Reading images",
            lambda progress: importing.scan_for(room, paths, progress),
            lambda result: on_done(importing.register(room, result)),
            on_error,
        )

    def relocate(self, folder: Path, progress: Progress | None = None) -> int:
        """Find moved files below a folder by their content; returns how many were found again."""
        room = self._self()
        room._check_writable()
        return moved_images.read_from(room, moved_images.find(room, folder, progress or Progress()))

    def start_relocate(
        self, folder: Path, on_done: Callable[[int], None], on_error: Callable[[UserError], None]
    ) -> Job:
        """The same as a job; ``on_done`` hears how many were found again."""
        room = self._self()
        room._check_writable()
        return room.jobs.start(
            "Looking for moved images",
            lambda progress: moved_images.find(room, folder, progress),
            lambda found: on_done(moved_images.read_from(room, found)),
            on_error,
        )

    # out -------------------------------------------------------------------------------------

    def export_bundle(
        self, target: Path, options: BundleOptions | None = None, progress: Progress | None = None
    ) -> BundleReport:
        """Write a signed bundle and note it in the log; blocking."""
        from desktop.workspace import exporting  # the formats load when something leaves

        room = self._self()
        _ = room.plugins  # their formats count from here on
        frozen = exporting.freeze(room, options)
        report = exporting.write(room, frozen, target, options, progress or Progress())
        self._note_export(report)
        return report

    def start_export(
        self,
        target: Path,
        options: BundleOptions | None,
        on_done: Callable[[BundleReport], None],
        on_error: Callable[[UserError], None],
    ) -> Job:
        """The same as a job: frozen now, written in the background."""
        from desktop.workspace import exporting

        room = self._self()
        _ = room.plugins  # their formats count from here on
        frozen = exporting.freeze(room, options)

        def done(report: BundleReport) -> None:
            self._note_export(report)
            on_done(report)

        return room.jobs.start(
            "Exporting bundle",
            lambda progress: exporting.write(room, frozen, target, options, progress),
            done,
            on_error,
        )

    def _note_export(self, report: BundleReport) -> None:
        room = self._self()
        if not room.read_only:
            room.run(
                RecordExport(
                    bundle_id=report.bundle_id,
                    manifest_sha256=report.manifest_sha256,
                    case_count=report.case_count,
                )
            )

    # checks ----------------------------------------------------------------------------------

    def verify(self, progress: Progress | None = None) -> VerifyReport:
        """Check file, chains, signatures, and that the tables are what the log says."""
        room = self._self()
        return verification.verify(room._read, room.project_id, progress or Progress())

    def start_verify(
        self, on_done: Callable[[VerifyReport], None], on_error: Callable[[UserError], None]
    ) -> Job:
        """The same as a job, on a connection of its own."""
        room = self._self()

        def work(progress: Progress) -> VerifyReport:
            with room._database.another_reader() as connection:
                return verification.verify(connection, room.project_id, progress)

        return room.jobs.start("Verifying the project", work, on_done, on_error)
