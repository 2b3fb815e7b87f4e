"""Opening, creating and closing the project file.

SQLite through the driver that carries its own current engine; WAL with full synchronisation, one
writer. All settings are read back, because SQLite ignores a pragma that it can't follow.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import sqlcipher3.dbapi2 as driver
from sqlalchemy import Connection, Engine, create_engine, event, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from desktop.domain.errors import StoreProblem, UserError
from desktop.store import tables
from desktop.store.migrations import HEAD, check_version, migrate
from desktop.store.place import WriterLock, check_place

__all__ = ["Connection", "Database", "file_faults", "in_words", "plain_errors", "transaction"]

MINIMUM_SQLITE = (3, 51, 3)  # earlier engines can damage a WAL file when it is reset
APPLICATION_ID = 0x5244524D  # "RDRM"
SYNCHRONOUS = 2  # full: a commit has come back from the disk when it is told


class Database:
    """One open project file: one writing connection, one reading connection, both on one thread."""

    def __init__(self, path: Path, engine: Engine, lock: WriterLock | None) -> None:
        self.path = path
        self.engine = engine
        self.read_only = lock is None
        self._lock = lock
        self.writer = engine.connect()
        self.reader = self.writer

    @classmethod
    def create(cls, path: Path, *, facts: dict[str, str], passphrase: str = "") -> Database:
        """Make a new project file with these project facts; never replaces a file."""
        check_engine()
        check_place(path)
        if path.exists():
            raise StoreProblem(
                "There is already a file of this name.", path.name, "Choose another name."
            )
        lock = WriterLock(path)
        lock.acquire()
        try:
            engine = _engine(path, passphrase, read_only=False)
            with plain_errors(), engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")
                connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
                with transaction(connection):
                    tables.metadata.create_all(connection)
                    for trigger in tables.APPEND_ONLY:
                        connection.exec_driver_sql(trigger)
                    rows = [{"key": k, "value": v} for k, v in facts.items()]
                    rows.append({"key": "store_version", "value": HEAD})
                    connection.execute(insert(tables.project), rows)
            return cls(path, engine, lock)._checked()
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open(cls, path: Path, *, passphrase: str = "", read_only: bool = False) -> Database:
        """Open a project file, migrating it where it is older; StoreProblem in words otherwise."""
        check_engine()
        if not path.is_file():
            raise StoreProblem("This project is not there any more.", path.name)
        lock = None
        if not read_only:
            check_place(path)
            lock = WriterLock(path)
            lock.acquire()
        try:
            engine = _engine(path, passphrase, read_only=read_only)
            with plain_errors(), engine.connect() as connection:
                _check_is_project(connection, encrypted=bool(passphrase))
                if not read_only:
                    connection.exec_driver_sql("PRAGMA journal_mode=WAL")
                    migrate(connection, path)
                check_version(connection)
            return cls(path, engine, lock)._checked()
        except BaseException:
            if lock is not None:
                lock.release()
            raise

    def close(self) -> None:
        """Close the connections; the WAL is folded into the file."""
        with contextlib.suppress(DBAPIError):
            if not self.read_only:
                self.writer.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        self.writer.close()
        self.engine.dispose()
        if self._lock is not None:
            self._lock.release()

    @contextlib.contextmanager
    def another_reader(self) -> Iterator[Connection]:
        """A connection of its own for a worker thread; sees the last commit at each query."""
        with plain_errors(), self.engine.connect() as connection:
            yield connection

    def facts(self) -> dict[str, str]:
        """The project's facts: id, title, secret, store version."""
        rows = self.reader.execute(select(tables.project.c.key, tables.project.c.value))
        return {row.key: row.value for row in rows}

    def set_fact(self, key: str, value: str) -> None:
        """Change one of the project's facts."""
        statement = update(tables.project).where(tables.project.c.key == key)
        self.writer.execute(statement.values(value=value))

    def back_up(self, target: Path) -> None:
        """A checked copy of the whole project through SQLite's own online copy."""
        temporary = target.with_name(target.name + ".part")
        temporary.unlink(missing_ok=True)
        with plain_errors():
            self.writer.exec_driver_sql("VACUUM INTO ?", (str(temporary),))
        temporary.replace(target)

    def _checked(self) -> Database:
        wanted = {
            "journal_mode": "wal",
            "synchronous": SYNCHRONOUS,
            "foreign_keys": 1,
            "mmap_size": 0,
        }
        for name, value in wanted.items():
            got = self.writer.exec_driver_sql(f"PRAGMA {name}").scalar()
            if got != value and not (self.read_only and name == "journal_mode"):
                self.close()
                raise StoreProblem(
                    "The database can't be set up safely here.",
                    f"{name} is {got} instead of {value}.",
                    "Keep the project on a local disk.",
                )
        return self


@contextlib.contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """Begin immediately, commit, or roll back on any error."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        yield
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        with contextlib.suppress(DBAPIError):
            connection.exec_driver_sql("ROLLBACK")
        raise


@contextlib.contextmanager
def plain_errors() -> Iterator[None]:
    """Turn the driver's errors into sentences."""
    try:
        yield
    except UserError:
        raise
    except DBAPIError as error:
        raise in_words(error) from error
    except msgspec.ValidationError as error:
        raise StoreProblem(
            "The project holds a row that can't be read.", str(error), "Restore the last backup."
        ) from error


def file_faults(connection: Connection) -> list[str]:
    """What SQLite's own check finds; a file too damaged to be checked is a fault as well."""
    try:
        rows = connection.exec_driver_sql("PRAGMA integrity_check(20)").scalars().all()
    except DBAPIError as error:
        return [str(error.orig)]
    return [str(row) for row in rows if row != "ok"]


def in_words(error: DBAPIError) -> StoreProblem:
    """A sentence for a database error; the driver's own words go into the detail."""
    text = str(error.orig).lower()
    known = (
        ("full", "The disk is full.", "Free some space; what was saved before is safe."),
        ("readonly", "The project can't be written.", "Check the folder's permissions."),
        ("read-only", "The project can't be written.", "Check the folder's permissions."),
        ("locked", "Another program holds the project.", "Close it and try again."),
        ("not a database", "The passphrase is wrong, or this is not a project file.", ""),
        ("malformed", "The project file is damaged.", "Restore the last backup."),
        ("append-only", "The log can't be changed.", ""),
        ("i/o", "The disk reports an error.", "Check the disk; what was saved before is safe."),
        ("unable to open", "The project can't be opened.", "Check the folder's permissions."),
    )
    for word, title, hint in known:
        if word in text:
            return StoreProblem(title, str(error.orig), hint)
    return StoreProblem("The project's database reports an error.", str(error.orig))


def check_engine() -> None:
    """StoreProblem where the linked SQLite is older than the safe one."""
    if driver.sqlite_version_info < MINIMUM_SQLITE:
        raise StoreProblem(
            "The database engine is too old to be safe.", f"SQLite {driver.sqlite_version}."
        )


def _engine(path: Path, passphrase: str, *, read_only: bool) -> Engine:
    def connect() -> Any:
        mode = "ro" if read_only else "rwc"
        return driver.connect(
            f"{path.resolve().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=5.0,
        )

    # Set here and not by Engine.execution_options, which listens to every statement from then on.
    engine = create_engine(
        "sqlite://",
        module=driver,
        creator=connect,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        if passphrase:
            quoted = passphrase.replace("'", "''")
            connection.execute(f"PRAGMA key='{quoted}'")
        connection.execute(f"PRAGMA synchronous={SYNCHRONOUS}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA mmap_size=0")
        connection.execute("PRAGMA cell_size_check=ON")
        connection.execute("PRAGMA trusted_schema=OFF")

    return engine


def _check_is_project(connection: Connection, *, encrypted: bool) -> None:
    got = connection.exec_driver_sql("PRAGMA application_id").scalar()
    if got != APPLICATION_ID:
        raise StoreProblem("This is not a Reading Room project.", "", "Choose a .rroom file.")
