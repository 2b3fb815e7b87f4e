"""Schemas in ``tools.manage``: list them, write one out, save the next version of one."""

from __future__ import annotations

import argparse
from pathlib import Path

from desktop.domain.errors import UserError
from desktop.workspace.schemas.schema_shelf import UseFor
from tools.manage_team import Add, Open


def add_schema_commands(add: Add, opened: Open) -> None:
    """Add what a lead does with schemas."""

    def listed(chosen: argparse.Namespace) -> int:
        with opened(chosen) as workspace:
            counts = workspace.shelf.case_counts()
            for newest in workspace.shelf.newest():
                for schema in workspace.shelf.versions(newest.name):
                    parts = f"{len(schema.classes)} classes, {len(schema.questions)} questions"
                    print(f"{schema.id}  {schema.title}  {parts}  {counts[schema.id]} cases")
        return 0

    def written(chosen: argparse.Namespace) -> int:
        with opened(chosen) as workspace:
            workspace.shelf.write(chosen.schema, chosen.target)
        print(f"Written: {chosen.target.name}.")
        return 0

    def saved(chosen: argparse.Namespace) -> int:
        with opened(chosen) as workspace:
            edited, base = workspace.shelf.read(chosen.file)
            if base is not None and edited == base:
                raise UserError("Nothing has changed.", f"{base.id} is like this file already.")
            schema = workspace.shelf.save(edited, base, UseFor(chosen.use_for))
            print(f"Saved: {schema.id}.")
            for kept in workspace.shelf.kept(base, schema) if base else ():
                print(kept.sentence)
        return 0

    add("schemas", listed, "List schemas with their versions.")
    writing = add("schema-out", written, "Write a version of a schema as a JSON file.")
    writing.add_argument("schema", help="such as chest-ct-nodule@2")
    writing.add_argument("target", type=Path)
    saving = add("schema-save", saved, "Save a file as the next version of its schema.")
    saving.add_argument("file", type=Path)
    saving.add_argument(
        "--use-for",
        choices=[u.value for u in UseFor],
        default=UseFor.OPEN.value,
        help="which cases take it up",
    )
