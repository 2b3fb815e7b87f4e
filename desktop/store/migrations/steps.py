"""Running the numbered steps with alembic's operations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, text

from desktop.store.migrations import step_0002, step_0003, step_0004, step_0005

# revision reached -> (revision before, function that makes the change)
STEPS: dict[str, tuple[str, Callable[[Operations], None]]] = {
    "0002": ("0001", step_0002.upgrade),
    "0003": ("0002", step_0003.upgrade),
    "0004": ("0003", step_0004.upgrade),
    "0005": ("0004", step_0005.upgrade),
}


def upgrade(connection: Connection, path: Path, version: str, head: str) -> None:
    """Apply every step from ``version`` to ``head`` in one transaction, after a backup."""
    backup = path.with_name(f"{path.name}.before-{head}")
    if not backup.exists():
        connection.exec_driver_sql("VACUUM INTO ?", (str(backup),))
    operations = Operations(MigrationContext.configure(connection))
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        for reached, (before, change) in sorted(STEPS.items()):
            if before >= version:
                change(operations)
                connection.execute(
                    text("UPDATE project SET value = :v WHERE key = 'store_version'"),
                    {"v": reached},
                )
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
