"""0005: what an event takes back is found by an index, so a long history opens at once."""

from __future__ import annotations

from alembic.operations import Operations
from sqlalchemy import text


def upgrade(operations: Operations) -> None:
    """Make the index; no record changes."""
    operations.create_index(
        "events_by_undoes", "events", ["undoes", "position"], sqlite_where=text("undoes != ''")
    )
