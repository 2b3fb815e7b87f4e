"""A table of records as a migration makes it: id, indexed columns, canonical JSON."""

from __future__ import annotations

from alembic.operations import Operations
from sqlalchemy import Column, Integer, Text, bindparam, select, update

from desktop.domain.record import Record, from_json
from desktop.store.tables import INDEXED, RECORD_TABLES

_AT_ONCE = 5000


def make_record_table(
    operations: Operations, kind: str, *texts: str, whole: tuple[str, ...] = (), by: tuple[str, ...]
) -> None:
    """Make ``KIND_rows`` with text and whole-number columns and an index per entry of ``by``.

    An entry of ``by`` lists the columns of one index, separated by commas.
    """
    name = f"{kind}_rows"
    operations.create_table(
        name,
        Column("id", Text, primary_key=True),
        *(Column(text, Text, nullable=False) for text in texts),
        *(Column(number, Integer, nullable=False) for number in whole),
        Column("data", Text, nullable=False),
    )
    for entry in by:
        columns = entry.split(",")
        operations.create_index(f"{name}_by_{'_'.join(columns)}", name, columns)


def add_columns(operations: Operations, record_type: type[Record], *texts: str) -> None:
    """Give a table of records more text columns, read from the records that are there."""
    table = RECORD_TABLES[record_type]
    readers = {i.name: i.read for i in INDEXED[record_type] if i.name in texts}
    for text in texts:
        operations.add_column(table.name, Column(text, Text, nullable=False, server_default=""))
    connection = operations.get_bind()
    fill = update(table).where(table.c.id == bindparam("row_id"))
    fill = fill.values({text: bindparam(f"new_{text}") for text in texts})
    last = ""
    while True:
        page = select(table.c.id, table.c.data).where(table.c.id > last)
        rows = connection.execute(page.order_by(table.c.id).limit(_AT_ONCE)).all()
        if not rows:
            return
        records = [from_json(row.data, record_type) for row in rows]
        values = [
            {"row_id": r.id} | {f"new_{text}": readers[text](r) for text in texts} for r in records
        ]
        connection.execute(fill, values)
        last = rows[-1].id
