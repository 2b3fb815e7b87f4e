"""0003: what engines suggest and what readers made of it get their tables."""

from __future__ import annotations

from alembic.operations import Operations

from desktop.store.migrations.record_table import make_record_table


def upgrade(operations: Operations) -> None:
    """Make the new tables; no row of an older project changes."""
    make_record_table(operations, "proposal", "case_id", "run_id", by=("case_id", "run_id"))
    make_record_table(
        operations, "decision", "case_id", "proposal_id", "reader_id",
        by=("case_id,reader_id", "proposal_id"),
    )  # fmt: skip
    make_record_table(
        operations, "case_note", "case_id", "reader_id", "flag", by=("case_id,reader_id", "flag")
    )
