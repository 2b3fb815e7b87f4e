"""Password verifiers and failed attempts: a table of this file only, outside the log."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from desktop.store.tables import accounts


class AccountRow(NamedTuple):
    """``verifier`` is an argon2id string, "" without a password; the time is ISO 8601 or ""."""

    reader_id: str
    verifier: str = ""
    failures: int = 0
    last_failure_utc: str = ""


def account(connection: Connection, reader_id: str) -> AccountRow:
    """One reader's row; an empty one where there is none."""
    row = connection.execute(select(accounts).where(accounts.c.reader_id == reader_id)).first()
    return AccountRow(reader_id) if row is None else AccountRow(*row)


def with_password(connection: Connection) -> set[str]:
    """Ids of readers who have a password."""
    query = select(accounts.c.reader_id).where(accounts.c.verifier != "")
    return set(connection.execute(query).scalars())


def save(connection: Connection, row: AccountRow) -> None:
    values = row._asdict()
    reader_id = values.pop("reader_id")
    statement = upsert(accounts).values(reader_id=reader_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["reader_id"], set_=values))


def forget(connection: Connection, reader_id: str) -> None:
    """Erase what is kept about one reader's password."""
    connection.execute(delete(accounts).where(accounts.c.reader_id == reader_id))
