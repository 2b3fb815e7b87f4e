"""Work packages: one project file per reader, with their cases and preference tasks and nothing of
anybody else.

Blinding is by absence: the file is made new and filled with what the reader needs. It is the same
project with a chain of its own, so its bundles come back like those of any other machine. Hidden
gold and repeats are cases under another id; no answer and no mark of them is in the file.
"""

from __future__ import annotations

import contextlib
import hmac
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from desktop.domain.account import ProjectSetting, SettingKey
from desktop.domain.annotation import Annotation, Answer, MaskSlice
from desktop.domain.batch import Mode, Package
from desktop.domain.case_note import CaseNote
from desktop.domain.contracts import Progress
from desktop.domain.errors import StoreProblem, UserError
from desktop.domain.gold import GoldCase
from desktop.domain.help_study import PLAN_ID, Arm, BlindLock, HelpPlan, arm_of
from desktop.domain.proposal import Proposal
from desktop.domain.ranking import RankingTask
from desktop.domain.record import Record
from desktop.domain.review import Comment, Pin, Review
from desktop.domain.schema import Schema
from desktop.domain.scribble import Scribble
from desktop.domain.study import Calibration, Case, Instance, Series, Study
from desktop.domain.task import Assignment, Reader, Role
from desktop.engines.gold.gold import SlotKind
from desktop.store import accounts, package, queries
from desktop.store.copies import Aliases
from desktop.store.database import Connection, Database, plain_errors, transaction
from desktop.store.transaction import Stamp, last_link
from desktop.workspace import verification
from desktop.workspace.models.suggestions_seen import FROM_MACHINES
from desktop.workspace.places import images_folder
from desktop.workspace.ranking.ranking_packages import task_for, waiting_tasks
from desktop.workspace.team.package_plan import Item, cases_in_hand, plan

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

_KEY = re.compile(r"P-[0-9A-F]{6}")


@dataclass(frozen=True)
class PackageReport:
    """What went into one package. ``notes`` are for the lead, never in the file."""

    path: Path
    reader_id: str
    record: Package
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        held = _count(len(self.record.items), "case") if self.record.items else ""
        if self.record.gold or self.record.repeats:
            held += f", {len(self.record.gold)} of them gold and {len(self.record.repeats)} repeats"
        tasks = _count(len(self.record.tasks), "preference task") if self.record.tasks else ""
        words = f"{self.path.name}: {', '.join(w for w in (held, tasks) if w)}"
        return ". ".join((words, *(n.rstrip(".") for n in self.notes))) + "."


class PackageMaker:
    """Gathers what one reader gets and writes it; any thread, on a connection of its own."""

    def __init__(self, workspace: Workspace, connection: Connection, reader_id: str) -> None:
        self._workspace, self._read = workspace, connection
        self._secret = workspace._secret
        self.reader = queries.one(connection, Reader, reader_id)

    def check(self) -> None:
        """UserError where the reader could not open the package."""
        asked = queries.maybe(self._read, ProjectSetting, SettingKey.PASSWORDS.value)
        verifier = accounts.account(self._read, self.reader.id).verifier
        if asked is not None and asked.value == "required" and not verifier:
            raise UserError(
                "This reader has no password yet.",
                "The project asks everybody for one.",
                "Set a first password on the page Readers.",
            )

    def make(
        self,
        target: Path,
        passphrase: str,
        progress: Progress,
        *,
        again: bool = False,
        with_images: bool = False,
    ) -> PackageReport:
        """Write the file and check it; it lies under ``target`` with ``.part`` until it is noted in
        the project. UserError where there is nothing to hand out."""
        self.check()
        items, notes = plan(self._read, self._secret, self.reader.id, again)
        in_hand = cases_in_hand(self._read, self.reader.id, items)
        tasks, held = waiting_tasks(self._read, self.reader.id, in_hand, again)
        notes += held
        if not items and not tasks:
            name = queries.identity(self._read, self.reader.id) or self.reader.pseudonym
            raise UserError(
                f"There is nothing to hand out to {name}.",
                "All of their cases and preference tasks are done or went out already.",
                " ".join(held)
                or "Make a batch or a task for them, or hand out again what is still open.",
            )
        if target.exists():
            raise StoreProblem("There is already a file of this name.", target.name)
        _forget(_part(target))
        try:
            self._write(target, passphrase, items, tasks, progress, with_images)
        except BaseException:
            _forget(_part(target))
            raise
        record = Package(
            id=self._workspace.new_id(),
            reader_id=self.reader.id,
            items=tuple(i.shown_as for i in items),
            gold={i.shown_as: i.case.id for i in items if i.kind is SlotKind.GOLD},
            repeats={i.shown_as: i.case.id for i in items if i.kind is SlotKind.REPEAT},
            training=bool(items) and all(i.batch.mode is Mode.TRAINING for i in items),
            tasks=tuple(t.id for t in tasks),
        )
        return PackageReport(target, self.reader.id, record, notes)

    def _write(
        self,
        target: Path,
        passphrase: str,
        items: Sequence[Item],
        tasks: Sequence[RankingTask],
        progress: Progress,
        with_images: bool,
    ) -> None:
        workspace = self._workspace
        facts = {
            "project_id": workspace.project_id,
            "file_id": workspace.new_id()[:8],
            "title": workspace.title,
            "secret": secrets.token_hex(32),
            "created_utc": workspace._clock.now_utc(),
            "issued_to": self.reader.id,
        }
        file = Database.create(_part(target), facts=facts, passphrase=passphrase)
        try:
            with plain_errors():
                chain = workspace._key.chain_in(facts["file_id"])
                self._fill(file, chain, items, tasks, progress)
                if with_images:
                    self._copy_images(file.writer, target, progress)
                self._sign(file, chain)
                found = verification.verify(file.reader, workspace.project_id, Progress())
            if not found.ok:
                raise StoreProblem("The package is not whole.", found.sentences[0])
        finally:
            file.close()

    def _fill(
        self,
        file: Database,
        chain: str,
        items: Sequence[Item],
        tasks: Sequence[RankingTask],
        progress: Progress,
    ) -> None:
        workspace = self._workspace
        records = list(_unique(self._records(items, tasks, progress)))
        stamp = Stamp(
            chain=chain,
            reader_id="",
            time_utc=workspace._clock.now_utc(),
            utc_offset_min=0,
            new_id=workspace.new_id,
        )
        copies = Aliases(self._read).copies(records)
        own = accounts.account(self._read, self.reader.id)
        name = queries.identity(self._read, self.reader.id)
        with transaction(file.writer):
            package.write_copies(file.writer, stamp, copies, progress)
            package.carry_over(self._read, file.writer, records)
            queries.set_identity(file.writer, self.reader.id, name)
            if own.verifier:
                accounts.save(file.writer, accounts.AccountRow(own.reader_id, own.verifier))

    def _records(
        self, items: Sequence[Item], tasks: Sequence[RankingTask], progress: Progress
    ) -> Iterator[Record]:
        """What the package holds, in the order of the list, which is all that its order tells."""
        yield replace(self.reader, role=Role.READER)
        yield from queries.many(self._read, ProjectSetting)
        yield from queries.many(self._read, HelpPlan)
        for item in items:
            progress.report(0.5 * item.place / len(items), "Gathering cases")
            case = item.case
            yield queries.one(self._read, Study, case.study_id)
            for series_id in case.series_ids:
                yield queries.one(self._read, Series, series_id)
                yield from queries.many(self._read, Instance, order="position", series_id=series_id)
                yield from self._calibration(series_id)
            if case.schema_id:
                yield queries.one(self._read, Schema, case.schema_id)
            yield self._shown_case(item)
            if item.batch.suggestions:
                yield from self._suggestions(item)
            if item.batch.mode is Mode.TRAINING:
                yield from queries.many(self._read, GoldCase, case_id=case.id)
            if not item.hides:
                yield from self._own_work(case.id)
        shown = {i.case.id for i in items if not i.hides}
        for task in tasks:
            yield from task_for(self._read, task, self.reader.id, shown)

    def _shown_case(self, item: Item) -> Case:
        title = item.case.title
        if item.kind is SlotKind.REPEAT:  # else the title would tell that it was here before
            title = _KEY.sub(f"P-{self._digest(item.shown_as)[:6].upper()}", title)
        return replace(item.case, id=item.shown_as, order=item.place, tags=(), title=title)

    def _calibration(self, series_id: str) -> Iterator[Record]:
        """The lead's or the reader's own ruler; other readers' are their work."""
        found = queries.maybe(self._read, Calibration, series_id)
        if found is None:
            return
        by = queries.maybe(self._read, Reader, found.reader_id)
        if found.reader_id == self.reader.id or (by is not None and by.role is Role.LEAD):
            yield replace(found, reader_id=self.reader.id)

    def _suggestions(self, item: Item) -> Iterator[Record]:
        """What models and rules drafted; consensus and adjudication are others' answers.

        A case that is read without help has none in the file.
        """
        plan = queries.maybe(self._read, HelpPlan, PLAN_ID)
        if arm_of(plan, item.shown_as, self.reader.id) is Arm.NONE:
            return
        for draft in queries.many(self._read, Proposal, case_id=item.case.id):
            if draft.origin in FROM_MACHINES:
                if item.hides:
                    new_id = _alike(draft.id, self._digest(item.shown_as + draft.id))
                    draft = replace(draft, id=new_id, case_id=item.shown_as)
                yield draft

    def _own_work(self, case_id: str) -> Iterator[Record]:
        """What the reader began on an open case, and what was said to them about it."""
        mine = {"case_id": case_id, "reader_id": self.reader.id}
        regions = queries.many(self._read, Annotation, **mine)
        yield from regions
        for region in regions:
            yield from queries.many(self._read, MaskSlice, annotation_id=region.id)
        for kind in (Answer, CaseNote, Review, BlindLock, Scribble):
            yield from queries.many(self._read, kind, **mine)
        for pin in queries.many(self._read, Pin, **mine):
            yield pin
            yield from queries.many(self._read, Comment, pin_id=pin.id)
        state = queries.maybe(self._read, Assignment, Assignment.id_for(case_id, self.reader.id))
        if state is not None and not state.state.is_closed:
            yield state

    def _copy_images(self, into: Connection, target: Path, progress: Progress) -> None:
        """Copies of the image files under names that tell nothing, in a folder beside."""
        folder = images_folder(target)
        folder.mkdir(exist_ok=True)
        found = queries.sources(into)
        placed = {}
        for number, (instance_id, path) in enumerate(found.items()):
            progress.report(number / max(1, len(found)), "Copying images")
            if path.is_file():
                placed[instance_id] = folder / f"{instance_id}{path.suffix.lower()}"
                shutil.copyfile(path, placed[instance_id])
        with transaction(into):
            queries.set_sources(into, placed)

    def _sign(self, file: Database, chain: str) -> None:
        workspace = self._workspace
        seq, digest = last_link(file.reader, chain)
        head = workspace._key.sign_head(
            workspace.project_id, chain, seq, digest, "package", workspace._clock.now_utc()
        )
        queries.save_head(file.writer, head)

    def _digest(self, words: str) -> str:
        return hmac.new(self._secret, f"package\x1f{words}".encode(), "sha256").hexdigest()


def hand_over(report: PackageReport) -> None:
    """Give the finished file its name."""
    _part(report.path).replace(report.path)
    _forget(_part(report.path))


def drop(report: PackageReport) -> None:
    """Delete a file that could not be noted in the project."""
    _forget(_part(report.path))


def _unique(records: Iterator[Record]) -> Iterator[Record]:
    known: set[tuple[str, str]] = set()
    for record in records:
        if (record.kind, record.id) not in known:
            known.add((record.kind, record.id))
            yield record


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _alike(model: str, digest: str) -> str:
    """Another id that looks as if it were made in the same way (a random UUID has fixed digits)."""
    if len(model) == 32 and model[12] == "4" and model[16] in "89ab":
        return f"{digest[:12]}4{digest[13:16]}{'89ab'[int(digest[16], 16) % 4]}{digest[17:32]}"
    return digest[:32]


def _part(target: Path) -> Path:
    return target.with_name(target.name + ".part")


def _forget(path: Path) -> None:
    for end in ("", "-wal", "-shm", ".lock"):
        with contextlib.suppress(OSError):
            path.with_name(path.name + end).unlink(missing_ok=True)
