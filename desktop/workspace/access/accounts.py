"""Who works here: readers with their roles, passwords, and the delay after a wrong one.

A password keeps colleagues apart who share a machine. It does not encrypt: who holds the file can
read it unless the project has a passphrase.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from typing import NamedTuple

from desktop.commands.access import (
    ChangeProjectSetting,
    ChangeRole,
    RecordPassword,
    RecordSignIn,
    SignCase,
)
from desktop.commands.project import AddReader
from desktop.domain.account import CHOICES, ProjectSetting, SettingKey
from desktop.domain.contracts import Command
from desktop.domain.errors import AccessProblem, ConflictProblem, UserError
from desktop.domain.record import stable_id
from desktop.domain.task import Reader, Role
from desktop.store import accounts as rows
from desktop.store import queries
from desktop.store.database import Connection, plain_errors
from desktop.workspace.access import passwords
from desktop.workspace.clock import Clock
from desktop.workspace.commits import Commits

LONGEST_DELAY_S = 60

# stands in where a project with passwords is opened under a name that it does not know
NOBODY = Reader(id="nobody", role=Role.AUDITOR)


class ReaderLine(NamedTuple):
    """One reader as the lead sees them."""

    reader: Reader
    name: str  # "" where it was erased
    has_password: bool


class Accounts:
    """Passwords and roles of one open project. ``write`` is None where it is read-only."""

    def __init__(
        self,
        read: Connection,
        write: Connection | None,
        commits: Commits,
        clock: Clock,
        run: Callable[[Command], object],
    ) -> None:
        self._read, self._write = read, write
        self._commits, self._clock, self._run = commits, clock, run
        self._tries: dict[str, rows.AccountRow] = {}  # failures of a read-only project
        self._vouched_for = ""
        self.is_signed_in = False

    # what holds ------------------------------------------------------------------------------

    def setting(self, key: SettingKey) -> str:
        """What the project decided, or what holds where nobody did."""
        found = queries.maybe(self._read, ProjectSetting, key.value)
        return found.value if found is not None else CHOICES[key][0]

    @property
    def asks_passwords(self) -> bool:
        """Whether everybody needs a password here."""
        return self.setting(SettingKey.PASSWORDS) == "required"

    def has_password(self, reader_id: str) -> bool:
        return bool(rows.account(self._read, reader_id).verifier)

    def needs_password(self, reader_id: str) -> bool:
        """Whether this reader signs in with one: the project asks, or they have one."""
        return self.asks_passwords or self.has_password(reader_id)

    def known(self, name: str) -> Reader | None:
        """The reader of this name, upper and lower case alike."""
        wanted = name.strip().casefold()
        for reader_id, given in queries.identities(self._read).items():
            if given.casefold() == wanted:
                return queries.maybe(self._read, Reader, reader_id)
        return None

    def lines(self) -> list[ReaderLine]:
        """All readers, by name."""
        names = queries.identities(self._read)
        secured = rows.with_password(self._read)
        found = [
            ReaderLine(r, names.get(r.id, ""), r.id in secured)
            for r in queries.many(self._read, Reader)
        ]
        return sorted(found, key=lambda line: (line.name.casefold(), line.reader.id))

    # signing in ------------------------------------------------------------------------------

    def begin(self, reader: Reader) -> None:
        """Start with a reader, signed in at once where no password is asked."""
        self.is_signed_in = not self.needs_password(reader.id)

    def sign_in(self, name: str, password: str) -> Reader:
        """The reader of this name. AccessProblem where name or password is wrong, or too soon.

        A name that is not here takes as long and says the same as a wrong password.
        """
        reader = self.known(name)
        if reader is not None and not self.needs_password(reader.id):
            self.is_signed_in = True
            return reader
        self._compare(self._row_id(name, reader), reader, password, "sign in")
        assert reader is not None  # a stranger's password never fits
        self._note(RecordSignIn(accepted=True), reader.id)
        self.is_signed_in = True
        return reader

    def confirm(self, reader: Reader, password: str, purpose: str) -> None:
        """The reader at the screen shows again who they are, to unlock or to sign."""
        if not self.has_password(reader.id):
            raise AccessProblem(
                "You have no password in this project.", "", "Ask the lead to give you one."
            )
        self._compare(reader.id, reader, password, purpose)

    def wait_s(self, name: str) -> float:
        """How long the next try under this name has to wait."""
        return self._wait_s(self._row(self._row_id(name, self.known(name))))

    def check_signed_in(self) -> None:
        """AccessProblem until the reader has signed in."""
        if not self.is_signed_in:
            raise AccessProblem("Nobody has signed in yet.", "", "Sign in with your password.")

    # commands that need more than a role -----------------------------------------------------

    def vouch(self, reader: Reader, password: str) -> None:
        """Check the password for one signature."""
        self.confirm(reader, password, "sign")
        self._vouched_for = reader.id

    def admit(self, reader: Reader, command: Command) -> None:
        """AccessProblem for a command that only the way through this class may give."""
        vouched, self._vouched_for = self._vouched_for, ""
        match command:
            case SignCase(confirmed="password") if vouched != reader.id:
                raise AccessProblem("A signature needs your password.", "", "Sign the case again.")
            case ChangeProjectSetting(key=SettingKey.PASSWORDS, value="required"):
                if not self.has_password(reader.id):
                    raise AccessProblem(
                        "You would lock yourself out.",
                        "You have no password in this project.",
                        "Set your own password first.",
                    )

    # readers ---------------------------------------------------------------------------------

    def add_reader(self, acting: Reader, name: str, role: Role, password: str = "") -> Reader:
        """Add a reader; only the lead may."""
        name = name.strip()
        if not name:
            raise UserError("A reader needs a name.")
        if self.known(name) is not None:
            raise ConflictProblem(
                "There is a reader of this name already.",
                "",
                "Add what tells them apart.",
            )
        if password:
            passwords.check_new(password, name)
        reader = Reader(id=self._clock.new_id(), role=role)
        self._run(AddReader(reader=reader))
        with plain_errors():
            queries.set_identity(self._writable(), reader.id, name)
        if password:
            self._set(acting, reader.id, password, "set")
        return reader

    def change_role(self, reader_id: str, role: Role) -> None:
        self._run(ChangeRole(reader_id=reader_id, role=role))

    def set_password(self, acting: Reader, reader_id: str, new: str, old: str = "") -> None:
        """Set one's own password (``old`` where there is one), or as lead anybody's."""
        own = acting.id == reader_id
        if not own and acting.role is not Role.LEAD:
            raise AccessProblem("Only the lead gives passwords to others.")
        passwords.check_new(new, queries.identity(self._read, reader_id))
        had = self.has_password(reader_id)
        if own and had:
            self.confirm(acting, old, "change the password")
        self._set(acting, reader_id, new, ("change" if own else "reset") if had else "set")

    def remove_password(self, acting: Reader, reader_id: str, old: str = "") -> None:
        """Back to signing in by name, where the project allows it."""
        if self.asks_passwords:
            raise AccessProblem("This project asks everybody for a password.")
        if acting.id != reader_id and acting.role is not Role.LEAD:
            raise AccessProblem("Only the lead takes others' passwords away.")
        if acting.id == reader_id:
            self.confirm(acting, old, "remove the password")
        write = self._writable()
        self._note(RecordPassword(reader_id=reader_id, what="remove"), acting.id)
        with plain_errors():
            rows.forget(write, reader_id)

    # ------------------------------------------------------------------------------------------

    def _set(self, acting: Reader, reader_id: str, password: str, what: str) -> None:
        write, verifier = self._writable(), passwords.make_verifier(password)
        self._note(RecordPassword(reader_id=reader_id, what=what), acting.id)
        with plain_errors():
            rows.save(write, rows.AccountRow(reader_id, verifier))

    def _compare(self, row_id: str, reader: Reader | None, password: str, purpose: str) -> None:
        """AccessProblem unless the password fits; the same work is done whoever it is."""
        row = self._row(row_id)
        wait_s = self._wait_s(row)
        if wait_s > 0:
            raise AccessProblem(
                f"Wait {math.ceil(wait_s)} s before the next try.",
                f"The password was wrong {row.failures} times."
                if row.failures > 1
                else "The password was wrong.",
            )
        nobodys = passwords.nobodys_verifier()
        if passwords.fits(row.verifier or nobodys, password) and row.verifier:
            if row.failures:
                self._keep(row._replace(failures=0, last_failure_utc=""))
            return
        row = row._replace(failures=row.failures + 1, last_failure_utc=self._clock.now_utc())
        self._keep(row)
        refused = RecordSignIn(accepted=False, failures=row.failures, purpose=purpose)
        self._note(refused, reader.id if reader else NOBODY.id)
        raise AccessProblem(
            "Name or password is wrong." if purpose == "sign in" else "The password is wrong.",
            "",
            f"The next try is possible in {_delay_s(row.failures)} s.",
        )

    def _row_id(self, name: str, reader: Reader | None) -> str:
        return reader.id if reader else stable_id("stranger", name.strip().casefold())

    def _row(self, row_id: str) -> rows.AccountRow:
        return self._tries.get(row_id) or rows.account(self._read, row_id)

    def _keep(self, row: rows.AccountRow) -> None:
        if self._write is None:
            self._tries[row.reader_id] = row
            return
        with plain_errors():
            rows.save(self._write, row)

    def _note(self, command: Command, reader_id: str) -> None:
        if self._write is not None:
            self._commits.run(command, reader_id)

    def _wait_s(self, row: rows.AccountRow) -> float:
        """Seconds until the next try; a clock that was set back gains nothing."""
        if not row.failures:
            return 0.0
        last = datetime.datetime.fromisoformat(row.last_failure_utc)
        passed = (self._clock.now() - last).total_seconds()
        delay = _delay_s(row.failures)
        return float(delay) if passed < 0 else max(0.0, delay - passed)

    def _writable(self) -> Connection:
        if self._write is None:
            raise AccessProblem("This project is open read-only.")
        return self._write


def _delay_s(failures: int) -> int:
    """1, 2, 4 ... 60 seconds."""
    return int(min(LONGEST_DELAY_S, 2 ** min(failures - 1, 10)))
