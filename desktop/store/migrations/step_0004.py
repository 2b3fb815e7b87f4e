"""0004: strokes over anything else and rounds of teaching get their tables."""

from __future__ import annotations

from alembic.operations import Operations

from desktop.store.migrations.record_table import make_record_table


def upgrade(operations: Operations) -> None:
    """Make the new tables; no record of an older project changes."""
    make_record_table(operations, "scribble", "case_id", "reader_id", by=("case_id,reader_id",))
    make_record_table(operations, "teaching", by=())
