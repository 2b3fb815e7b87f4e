"""The facade: one open project and one reader. GUI, scripts and tests all go through it.

with Workspace.open(path, reader_name="Ada") as ws:
    ws.run(AddAnnotation(...))
    ws.undo(case_id)
    ws.export_bundle(target)
"""

from __future__ import annotations

import contextlib
import functools
import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, ClassVar

from desktop.commands.access import SignCase, closes
from desktop.commands.project import AddReader, AddSchema, RegisterImages
from desktop.domain.account import SettingKey
from desktop.domain.contracts import Command
from desktop.domain.errors import StoreProblem, UserError
from desktop.domain.event import Action, Event
from desktop.domain.schema import Schema
from desktop.domain.task import Reader, Role
from desktop.imaging import child
from desktop.imaging.child import ChildPool
from desktop.imaging.frames import FrameSource
from desktop.store import queries
from desktop.store.database import Connection, Database, plain_errors
from desktop.store.transaction import last_link
from desktop.workspace import backups
from desktop.workspace.access import authority
from desktop.workspace.access.accounts import NOBODY, Accounts
from desktop.workspace.access.keys import WorkstationKey
from desktop.workspace.clock import Clock
from desktop.workspace.commits import Commits
from desktop.workspace.jobs import Jobs, Post
from desktop.workspace.long_work import LongWork
from desktop.workspace.models import suggestions_seen
from desktop.workspace.plugins import Plugin, load_plugins
from desktop.workspace.schemas import closing
from desktop.workspace.schemas.schema_files import read_schema
from desktop.workspace.settings import Settings
from desktop.workspace.view import ProjectView


class Workspace(ProjectView, LongWork):
    """An open project. All methods belong to the main thread; long work goes through ``jobs``."""

    suffix: ClassVar[str] = ".rroom"

    def __init__(
        self,
        database: Database,
        *,
        reader_name: str,
        post: Post | None,
        key: WorkstationKey,
        clock: Clock,
        settings: Settings,
        pool: ChildPool | None,
    ) -> None:
        super().__init__()
        self.path = database.path
        self.read_only = database.read_only
        self.settings = settings
        self.last_saved = ""
        self._database = database
        self._read: Connection = database.reader
        self._lookup = database.engine.connect()
        self._lookup_lock = Lock()
        self._key = key
        self._clock = clock
        self._listeners: list[Callable[[Event], None]] = []
        self._held = ""  # why nothing may be written just now
        self._closed = False
        facts = database.facts()
        self.project_id, self.title = facts["project_id"], facts["title"]
        self._secret = bytes.fromhex(facts["secret"])
        self.issued_to = facts.get("issued_to", "")  # whose work package this file is
        self._chain = key.chain_in(facts["file_id"])
        self._commits = Commits(database.writer, self._lookup, self._chain, clock)
        write = None if database.read_only else database.writer
        self.accounts = Accounts(self._read, write, self._commits, clock, self.run)
        self.reader = self._identify(reader_name)
        self.accounts.begin(self.reader)
        self.jobs = Jobs(post)
        self._own_pool = pool is None
        self.pool = pool or ChildPool(workers=child.PER_PROJECT)
        if post is not None:
            self.pool.start()  # a window will want its first image at once
        self.frames = FrameSource(
            self.pool,
            self.source_path,
            self.instance,
            cache_bytes=int(settings.get("cache_mb")) << 20,
        )

    @functools.cached_property
    def plugins(self) -> list[Plugin]:
        """All plugin files; what is allowed is loaded at the first look."""
        return load_plugins(self.settings)

    # life ------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        title: str,
        reader_name: str,
        passphrase: str = "",
        secret: bytes | None = None,
        post: Post | None = None,
        key: WorkstationKey | None = None,
        clock: Clock | None = None,
        settings: Settings | None = None,
        pool: ChildPool | None = None,
    ) -> Workspace:
        """Make a new project; StoreProblem where the place is unfit or taken.

        ``secret`` (32 bytes) makes the patients' keys: that of a scan made before.
        """
        clock = clock or Clock()
        facts = {
            "project_id": clock.new_id(),
            "file_id": clock.new_id()[:8],
            "title": title,
            "secret": (secret or secrets.token_bytes(32)).hex(),
            "created_utc": clock.now_utc(),
        }
        database = Database.create(Path(path), facts=facts, passphrase=passphrase)
        return cls._around(database, reader_name, post, key, clock, settings, pool)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        reader_name: str = "",
        passphrase: str = "",
        read_only: bool = False,
        post: Post | None = None,
        key: WorkstationKey | None = None,
        clock: Clock | None = None,
        settings: Settings | None = None,
        pool: ChildPool | None = None,
    ) -> Workspace:
        """Open a project; StoreProblem in words where that can't be done safely."""
        database = Database.open(Path(path), passphrase=passphrase, read_only=read_only)
        return cls._around(database, reader_name, post, key, clock or Clock(), settings, pool)

    @classmethod
    def _around(
        cls,
        database: Database,
        reader_name: str,
        post: Post | None,
        key: WorkstationKey | None,
        clock: Clock,
        settings: Settings | None,
        pool: ChildPool | None,
    ) -> Workspace:
        try:
            with plain_errors():
                return cls(
                    database,
                    reader_name=reader_name,
                    post=post,
                    key=key or WorkstationKey.load(),
                    clock=clock,
                    settings=settings or Settings(),
                    pool=pool,
                )
        except BaseException:
            database.close()
            raise

    def close(self) -> None:
        """Stop jobs and decoders, keep a backup where something changed, close the file."""
        if self._closed:
            return
        self._closed = True
        self._close_desks()
        self.jobs.close()
        self.frames.close()
        if self._own_pool:
            self.pool.close()
        self._lookup.close()
        if not self.read_only:
            with contextlib.suppress(UserError):
                backups.keep(self._database, self._clock.now())
        self._database.close()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # writing ---------------------------------------------------------------------------------

    def run(self, command: Command, reason: str = "", group: str = "") -> Event | None:
        """Apply a command in one transaction with its event; None when it changed nothing.

        Raises UserError where the command can't be done; then nothing was changed.
        """
        self._check_writable()
        self._check_reader()
        authority.check(self.reader, command)
        self.accounts.admit(self.reader, command)
        suggestions_seen.check(self, command)
        closing.check_done(self, command)
        event = self._commits.run(command, self.reader.id, reason=reason, group=group)
        if isinstance(command, (RegisterImages, AddSchema)):
            self._forget_images()
        if event is not None and closes(command):
            self.sign_head("submit")
        return self._tell(event)

    def warm_up(self, case_id: str) -> None:
        """Go through a stroke on the case without keeping it, so that the first one is quick."""
        from desktop.workspace.warm_up import stroke_on

        command = None if self.read_only else stroke_on(self, case_id)
        if command is not None:
            with contextlib.suppress(UserError):  # a reader who may not draw needs no warm pen
                authority.check(self.reader, command)
                self._commits.rehearse(command, self.reader.id)

    def sign_in(self, name: str, password: str = "") -> Reader:
        """Become this reader; AccessProblem where name or password is wrong, or too soon."""
        self.reader = self.accounts.sign_in(name, password)
        return self.reader

    def sign_case(self, case_id: str, meaning: str, password: str = "") -> Event | None:
        """Close a case with the reader's signature; the password where the project asks."""
        if password or self.accounts.setting(SettingKey.SIGNATURES) == "password":
            self.accounts.vouch(self.reader, password)
        confirmed = "password" if password else "name"
        return self.run(SignCase(case_id=case_id, meaning=meaning, confirmed=confirmed))

    def undo(self, case_id: str) -> Event | None:
        """Take back this reader's last step on the case; None where there is none."""
        return self._take_back(Action.UNDO, case_id)

    def redo(self, case_id: str) -> Event | None:
        """Take back the last undo."""
        return self._take_back(Action.REDO, case_id)

    def on_committed(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Hear every committed event; returns the disposer."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def new_id(self) -> str:
        return self._clock.new_id()

    # gestures in hand ------------------------------------------------------------------------

    def journal_gesture(self, payload: dict[str, Any]) -> None:
        """Keep an unfinished gesture, so that it can be offered back after a crash."""
        if not (self.read_only or self._held):
            with plain_errors():
                queries.set_journal(self._database.writer, self.reader.id, json.dumps(payload))

    def journaled_gesture(self) -> dict[str, Any] | None:
        """The unfinished gesture of the last session, if any."""
        payload = queries.journal(self._read, self.reader.id)
        return None if payload is None else dict(json.loads(payload))

    def clear_journal(self) -> None:
        if not (self.read_only or self._held):
            with plain_errors():
                queries.set_journal(self._database.writer, self.reader.id, None)

    # schemas and signatures ------------------------------------------------------------------

    def add_schema_file(self, path: Path) -> Schema:
        """Read a schema from a JSON file and add it; UserError where it has a mistake."""
        schema = read_schema(path)
        self.run(AddSchema(schema=schema))
        return schema

    def sign_head(self, purpose: str) -> dict[str, Any]:
        """Sign the end of this workstation's chain; kept in the project and given out."""
        seq, digest = last_link(self._read, self._chain)
        head = self._key.sign_head(
            self.project_id, self._chain, seq, digest, purpose, self._clock.now_utc()
        )
        if not self.read_only and head["seq"]:
            with plain_errors():
                queries.save_head(self._database.writer, head)
        return head

    # ------------------------------------------------------------------------------------------

    def _identify(self, reader_name: str) -> Reader:
        """The reader of this name, added at the first use; the first one of a project leads it.

        Without a name it is the lead.
        """
        names = queries.identities(self._read)
        wanted = reader_name.strip()
        known = queries.many(self._read, Reader)
        for reader in sorted(known, key=lambda r: (r.role is not Role.LEAD, r.id)):
            if reader.id == self.issued_to:
                return reader
            if not wanted or names.get(reader.id, "").casefold() == wanted.casefold():
                return reader
        if self.accounts.asks_passwords:
            return NOBODY
        first = not names
        reader = Reader(id=self._clock.new_id(), role=Role.LEAD if first else Role.READER)
        if self.read_only:
            return reader
        queries.set_identity(self._database.writer, reader.id, wanted or "Reader")
        self._commits.run(AddReader(reader=reader), reader.id)
        return reader

    @property
    def reader_name(self) -> str:
        return queries.identity(self._read, self.reader.id) or self.reader.pseudonym

    def _tell(self, event: Event | None) -> Event | None:
        if event is not None:
            self.last_saved = self._clock.now().astimezone().strftime("%H:%M:%S")
            for listener in tuple(self._listeners):
                listener(event)
        return event

    def _take_back(self, action: Action, case_id: str) -> Event | None:
        self._check_writable()
        self._check_reader()

        def allow(name: str) -> None:
            authority.check_name(self.reader, name)
            suggestions_seen.check_again(self, action, case_id, name)

        event = self._commits.take_back(action, case_id, self.reader.id, allow)
        if not case_id:
            self._forget_images()
        return self._tell(event)

    def _check_reader(self) -> None:
        """The reader has signed in, and has the role that the project gives them now."""
        self.accounts.check_signed_in()
        self.reader = queries.maybe(self._read, Reader, self.reader.id) or self.reader

    @contextlib.contextmanager
    def writes_held(self, why: str) -> Iterator[None]:
        """Nothing else is written meanwhile: whoever tries is told why. Any thread."""
        self._held = why
        try:
            yield
        finally:
            self._held = ""

    def _check_writable(self) -> None:
        if self.read_only:
            raise StoreProblem(
                "This project is open read-only.", "", "Close the other window and open it again."
            )
        if self._held:
            raise StoreProblem(self._held, "", "Wait until that is done, then try again.")
        self.accounts.check_signed_in()
