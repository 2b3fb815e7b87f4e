"""The schemas of a project: their versions, the cases read with them, and the next version."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from desktop.commands.project import AddSchema, UseSchema
from desktop.domain.annotation import Annotation, Answer
from desktop.domain.event import Event
from desktop.domain.record import from_plain, to_plain
from desktop.domain.schema import Schema
from desktop.domain.schema_versions import next_version
from desktop.domain.study import Case
from desktop.domain.task import Assignment
from desktop.store import queries
from desktop.store.database import plain_errors
from desktop.workspace.schemas.schema_files import read_schema, write_schema

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

_BATCH = 500


class UseFor(str, Enum):
    """Which cases of the version before are read with a new version from now on."""

    OPEN = "open"  # those that nobody has closed
    ALL = "all"
    NONE = "none"


@dataclass(frozen=True)
class Kept:
    """Something that a new version no longer offers, with what was said about it so far."""

    what: str  # "class" or "question"
    id: str
    words: str
    count: int

    @property
    def sentence(self) -> str:
        said = ("region", "regions") if self.what == "class" else ("answer", "answers")
        if not self.count:
            return f"{self.words} is no longer offered; nothing was said with it."
        many = f"1 {said[0]} is" if self.count == 1 else f"{self.count:,} {said[1]} are"
        return f"{self.words} is no longer offered; {many} kept under this name."


class SchemaShelf:
    """Reached as ``workspace.shelf``; main thread only. Changes are the lead's."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def newest(self) -> list[Schema]:
        """The latest version of each schema, by title."""
        latest: dict[str, Schema] = {}
        for schema in self._workspace.schemas():
            if schema.name not in latest or schema.version > latest[schema.name].version:
                latest[schema.name] = schema
        return sorted(latest.values(), key=lambda s: (s.title.casefold(), s.name))

    def versions(self, name: str) -> list[Schema]:
        """All versions of one schema, oldest first."""
        found = [s for s in self._workspace.schemas() if s.name == name]
        return sorted(found, key=lambda s: s.version)

    def case_counts(self) -> Counter[str]:
        """How many cases are read with each version, by schema id; "" for none."""
        return Counter(c.schema_id for c in queries.many(self._workspace._read, Case))

    def read(self, path: Path) -> tuple[Schema, Schema | None]:
        """A schema from a file, and the version of the project that it would follow, if any.

        The file's content counts as an edit of that version, whatever number it carries.
        """
        schema = read_schema(path)
        base = next((s for s in self.newest() if s.name == schema.name), None)
        return schema, base

    def write(self, schema_id: str, path: Path) -> None:
        """Write a version as a JSON file that reads back alike."""
        write_schema(self._workspace.schema_by_id(schema_id), path)

    def keep_drafts(self, drafts: dict[str, tuple[Schema, str]]) -> None:
        """Keep drafts over a restart: by key, the schema and the id of the version it edits.

        They stay in the project's file and out of its log, like a stroke that is not finished.
        """
        workspace = self._workspace
        if workspace.read_only:
            return
        plain = {key: {"schema": to_plain(s), "base": base} for key, (s, base) in drafts.items()}
        payload = json.dumps(plain) if plain else None
        with plain_errors():
            queries.set_journal(workspace._database.writer, self._drafts_key, payload)

    def drafts(self) -> dict[str, tuple[Schema, Schema | None]]:
        """The drafts kept by this reader; one whose version is gone is left out."""
        payload = queries.journal(self._workspace._read, self._drafts_key)
        known = {s.id: s for s in self._workspace.schemas()}
        newest = {s.name: s for s in self.newest()}
        found: dict[str, tuple[Schema, Schema | None]] = {}
        for key, plain in json.loads(payload).items() if payload else ():
            schema, base = from_plain(plain["schema"], Schema), known.get(plain["base"])
            if not plain["base"] or (base is not None and newest[base.name] == base):
                found[key] = (schema, base)
        return found

    @property
    def _drafts_key(self) -> str:
        return f"{self._workspace.reader.id} schemas"

    def kept(self, before: Schema, after: Schema) -> list[Kept]:
        """What ``after`` no longer offers, each with how much was said with it by all readers."""
        class_ids = {c.id for c in after.classes}
        question_ids = {q.id for q in after.questions}
        gone_classes = [c for c in before.classes if c.id not in class_ids]
        gone_questions = [q for q in before.questions if q.id not in question_ids]
        if not gone_classes and not gone_questions:
            return []
        regions, answers = self._said(before.name)
        found = [Kept("class", str(c.id), c.name, regions[c.id]) for c in gone_classes]
        return found + [Kept("question", q.id, q.text, answers[q.id]) for q in gone_questions]

    def save(self, edited: Schema, base: Schema | None, use_for: UseFor = UseFor.OPEN) -> Schema:
        """Add the next version of ``base``, or a first one, as one step of the project.

        Cases read with any earlier version move to it as ``use_for`` says. Raises UserError where
        the schema has a mistake or an id would change its meaning; then nothing was changed.
        """
        schema = edited if base is None else next_version(base, edited)
        group = self._workspace.new_id()
        self._workspace.run(AddSchema(schema=schema), group=group)
        if base is not None and use_for is not UseFor.NONE:
            self._use(schema, self._following(base.name, use_for), group)
        return schema

    def use(self, schema: Schema, case_ids: tuple[str, ...]) -> None:
        """Read these cases with a schema, which is added where it is new; one step."""
        group = self._workspace.new_id()
        if schema not in self._workspace.schemas():
            self._workspace.run(AddSchema(schema=schema), group=group)
        self._use(schema, case_ids, group)

    def _use(self, schema: Schema, case_ids: tuple[str, ...], group: str) -> list[Event]:
        done = []
        for start in range(0, len(case_ids), _BATCH):
            part = case_ids[start : start + _BATCH]
            command = UseSchema(case_ids=part, schema_id=schema.id)
            event = self._workspace.run(command, group=group)
            done += [event] if event else []
        return done

    def _following(self, name: str, use_for: UseFor) -> tuple[str, ...]:
        """Cases that are read with some version of this schema."""
        ids = {s.id for s in self.versions(name)}
        cases = queries.many(self._workspace._read, Case, order="position")
        closed: set[str] = set()
        if use_for is UseFor.OPEN:
            work = queries.many(self._workspace._read, Assignment)
            closed = {a.case_id for a in work if a.state.is_closed}
        return tuple(c.id for c in cases if c.schema_id in ids and c.id not in closed)

    def _said(self, name: str) -> tuple[Counter[int], Counter[str]]:
        """Regions by class id, and answers (also about regions) by question id."""
        ids = {s.id for s in self.versions(name)}
        read = self._workspace._read
        regions: Counter[int] = Counter()
        answers = Counter(a.question_id for a in queries.many(read, Answer) if a.schema_id in ids)
        for annotation in queries.many(read, Annotation):
            if annotation.schema_id in ids:
                regions[annotation.label.class_id] += 1
                answers.update(annotation.label.attributes.keys())
        return regions, answers


def copy_of(schema: Schema, taken: set[str]) -> Schema:
    """A schema under a free name, as version 1: a beginning that may become something else."""
    name, number = f"{schema.name}-own", 1
    while name in taken:
        number += 1
        name = f"{schema.name}-own-{number}"
    return replace(
        schema,
        id=f"{name}@1",
        name=name,
        version=1,
        retired_classes=(),
        retired_questions=(),
    )
