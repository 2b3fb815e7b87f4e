"""A table of records as a migration makes it: id, indexed columns, canonical JSON."""

from __future__ import annotations

from alembic.operations import Operations
from sqlalchemy import Column, Integer, Text


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
