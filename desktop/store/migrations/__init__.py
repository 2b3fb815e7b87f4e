"""Upgrades of older project files, one numbered alembic revision each, after a backup.

A new file is made from the tables at once and stamped with HEAD; alembic is only imported when a
file is older than that.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, text

from desktop.domain.errors import StoreProblem

HEAD = "0005"


def check_version(connection: Connection) -> None:
    """StoreProblem for a file that is not at HEAD, as an older one opened read-only."""
    if _version(connection) != HEAD:
        raise StoreProblem(
            "This project was made by another version.",
            "",
            "Open it for writing once; it's brought up to date then, after a backup.",
        )


def migrate(connection: Connection, path: Path) -> None:
    """Bring the open file to HEAD. StoreProblem where it was written by a newer program."""
    version = _version(connection)
    if version == HEAD:
        return
    if version is None or str(version) > HEAD:
        raise StoreProblem(
            "This project was made by a newer version.", "", "Update Reading Room to open it."
        )
    from desktop.store.migrations.steps import upgrade

    upgrade(connection, path, str(version), HEAD)


def _version(connection: Connection) -> str | None:
    query = text("SELECT value FROM project WHERE key = 'store_version'")
    return connection.execute(query).scalar()
