"""Which schema cases are read with: those of the project, those that ship, or a file."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QComboBox, QFileDialog, QWidget

from desktop.commands.project import AddSchema, UseSchema
from desktop.domain.errors import UserError
from desktop.domain.schema import Schema
from desktop.workspace.places import resources_dir
from desktop.workspace.schemas.schema_files import read_schema as read_schema

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

_BATCH = 500


@dataclass(frozen=True)
class Shipped:
    """A schema that ships with the app."""

    path: Path
    title: str
    parts: str  # how many classes and questions it has


@functools.cache
def shipped_schemas() -> list[Shipped]:
    """Schemas in the resources, the general one first."""
    found = []
    for path in sorted(resources_dir().joinpath("schemas").glob("*.json")):
        plain = json.loads(path.read_text(encoding="utf-8"))
        numbers = len(plain.get("classes", ())), len(plain.get("questions", ()))
        parts = f"{numbers[0]} classes, {numbers[1]} questions"
        found.append(Shipped(path, str(plain.get("title", path.stem)), parts))
    return sorted(found, key=lambda s: (s.path.stem != "generic", s.title))


def use_schema(room: Workspace, schema: Schema, case_ids: Sequence[str]) -> None:
    """Add the schema where it is new, and read the cases with it."""
    if schema not in room.schemas():
        room.run(AddSchema(schema=schema))
    for start in range(0, len(case_ids), _BATCH):
        part = tuple(case_ids[start : start + _BATCH])
        room.run(UseSchema(case_ids=part, schema_id=schema.id))


def cases_without_schema(room: Workspace) -> list[str]:
    """Cases that still wait for a schema."""
    found: list[str] = []
    for offset in range(0, room.case_count(), 1000):
        found += [line.case.id for line in room.cases(offset, 1000) if not line.case.schema_id]
    return found


class SchemaBox(QComboBox):
    """Pick a schema: of the project, shipped, or from a file."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Schema")
        self.setToolTip("A schema says which labels exist and what is asked.")
        self._offers: list[Schema | Path | None] = []
        self._last = 0
        self.activated.connect(self._picked)

    def offer(self, of_project: Sequence[Schema] = ()) -> None:
        """Fill the list; the project's own come first."""
        self.clear()
        self._offers = []
        for schema in of_project:
            self._add(f"{schema.title}, version {schema.version}", schema)
        known = {(s.name, s.version) for s in of_project}
        for shipped in shipped_schemas():
            schema = read_schema(shipped.path)
            if (schema.name, schema.version) not in known:
                self._add(shipped.title, shipped.path)
        self._add("From a file…", None)

    def schema(self) -> Schema:
        """The schema chosen."""
        chosen = self._offers[self.currentIndex()]
        if chosen is None:
            raise UserError("Choose a schema first.", "A schema says what is asked.")
        return read_schema(chosen) if isinstance(chosen, Path) else chosen

    def _add(self, text: str, what: Schema | Path | None) -> None:
        self._offers.append(what)
        self.addItem(text)

    def _picked(self, row: int) -> None:
        if self._offers[row] is not None:
            self._last = row
            return
        path, _kind = QFileDialog.getOpenFileName(self, "Choose a schema", "", "Schema (*.json)")
        if not path:
            self.setCurrentIndex(self._last)
            return
        try:
            schema = read_schema(Path(path))
        except UserError as error:
            self.setCurrentIndex(self._last)
            self.setToolTip(str(error))
            raise
        self._offers.insert(0, schema)
        self.insertItem(0, f"{schema.title}, version {schema.version}")
        self.setCurrentIndex(0)
        self._last = 0
