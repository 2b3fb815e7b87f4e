"""The schemas of a project in memory, for tests of the window."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from desktop.domain.schema import Schema
from desktop.workspace.schemas.schema_files import read_schema


class FakeShelf:
    """What the schema page reads; saving is tested on a real project."""

    def __init__(self, room: Any) -> None:
        self._room = room

    def newest(self) -> list[Schema]:
        return list(self._room.schemas())

    def versions(self, name: str) -> list[Schema]:
        return [s for s in self._room.schemas() if s.name == name]

    def case_counts(self) -> Counter[str]:
        return Counter(c.schema_id for c in self._room._cases())

    def drafts(self) -> dict[str, Any]:
        return {}

    def keep_drafts(self, drafts: dict[str, Any]) -> None:
        """Nothing outlives a test."""

    def read(self, path: Path) -> tuple[Schema, Schema | None]:
        return read_schema(path), None
