"""0002: passwords, project settings, signatures and working time get their tables."""

from __future__ import annotations

from alembic.operations import Operations
from sqlalchemy import Column, Integer, Text


def upgrade(operations: Operations) -> None:
    """Make the new tables; no row of an older project changes."""
    operations.create_table(
        "accounts",
        Column("reader_id", Text, primary_key=True),
        Column("verifier", Text, nullable=False),
        Column("failures", Integer, nullable=False),
        Column("last_failure_utc", Text, nullable=False),
    )
    _records(operations, "project_setting_rows")
    of_case = [Column(name, Text, nullable=False) for name in ("case_id", "reader_id")]
    _records(operations, "signature_rows", *of_case)
    operations.create_index(
        "signature_rows_by_case_id_reader_id", "signature_rows", ["case_id", "reader_id"]
    )
    of_time = [Column(name, Text, nullable=False) for name in ("reader_id", "case_id", "state")]
    length = Column("milliseconds", Integer, nullable=False)
    _records(operations, "time_span_rows", *of_time, length)
    operations.create_index(
        "time_span_rows_by_reader_id_case_id", "time_span_rows", ["reader_id", "case_id"]
    )


def _records(operations: Operations, name: str, *columns: Column[str] | Column[int]) -> None:
    operations.create_table(
        name,
        Column("id", Text, primary_key=True),
        *columns,
        Column("data", Text, nullable=False),
    )
