"""Many rows at once: the indexes that a merge does not need are made afterwards, in one go.

An index on random ids costs more with each row; sorting once at the end costs the same for every
row. What keeps ids unique stays all the time. It all happens inside the caller's transaction.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sqlalchemy import Connection, Index, Table, func, select
from sqlalchemy.schema import CreateIndex, DropIndex

from desktop.store.tables import RECORD_TABLES, events

_MANY = 20_000  # fewer rows are quicker with their indexes in place


@contextlib.contextmanager
def indexes_afterwards(connection: Connection, expected: int) -> Iterator[None]:
    """Take the further indexes off tables that hold no more rows than are expected; on the way
    out they are there again. After an error the caller's roll-back brings them back."""
    taken: list[Index] = []
    if expected >= _MANY:
        for table in (events, *RECORD_TABLES.values()):
            if table.indexes and not _holds_more(connection, table, expected):
                taken += sorted(table.indexes, key=lambda index: str(index.name))
    for index in taken:
        connection.execute(DropIndex(index, if_exists=True))
    yield
    for index in taken:
        connection.execute(CreateIndex(index))


def _holds_more(connection: Connection, table: Table, rows: int) -> bool:
    some = select(table.primary_key.columns[0]).limit(rows + 1).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one()) > rows
