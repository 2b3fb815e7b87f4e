"""Schemas as JSON files: read with their example images, written so that they read back alike."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from pathlib import Path

from msgspec.structs import replace

from desktop.domain.errors import FileProblem
from desktop.domain.record import from_json, to_plain
from desktop.domain.schema import Picture, Question, Schema
from desktop.domain.schema_check import DATA_URL, PICTURE_BYTES, check_schema, picture_bytes

_IMAGE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)[^)]*\)")  # ![words](name)


def read_schema(path: Path) -> Schema:
    """A schema from a JSON file, checked; FileProblem or UserError says what is wrong.

    Pictures that a question or the guidelines name by a path lie beside the file or below its
    folder, and are taken in.
    """
    path = Path(path)
    try:
        schema = from_json(path.read_bytes(), Schema)
    except (OSError, ValueError) as error:
        raise FileProblem("This schema file can't be read.", str(error)) from error
    questions = tuple(_with_pictures(q, path.parent) for q in schema.questions)
    schema = replace(schema, questions=questions, pictures=_named(schema, path.parent))
    check_schema(schema)
    return schema


def write_schema(schema: Schema, path: Path) -> None:
    """Write a schema, what is usual left out; pictures stay in the file."""
    text = json.dumps(_lean(to_plain(schema)), indent=1, ensure_ascii=False) + "\n"
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise FileProblem("The schema can't be written there.", error.strerror or "") from error


def read_picture(path: Path, caption: str = "") -> Picture:
    """A PNG file as a picture; UserError where it is none or too large."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(PICTURE_BYTES + 1)
    except OSError as error:
        raise FileProblem("This example image can't be read.", error.strerror or "") from error
    data = DATA_URL + b64encode(content).decode()
    picture_bytes(data)
    return Picture(caption=caption or path.stem, data=data)


def _named(schema: Schema, folder: Path) -> tuple[Picture, ...]:
    """The pictures of the guidelines: those of the file, and those the text names beside it."""
    found = {p.caption: _taken_in(p, folder) for p in schema.pictures}
    for name in _IMAGE.findall(schema.guidelines):
        if name not in found and ":" not in name:
            found[name] = _taken_in(Picture(caption=name, data=name), folder)
    return tuple(found.values())


def _with_pictures(question: Question, folder: Path) -> Question:
    return replace(question, pictures=tuple(_taken_in(p, folder) for p in question.pictures))


def _taken_in(picture: Picture, folder: Path) -> Picture:
    if picture.data.startswith("data:"):
        return picture
    path = (folder / picture.data).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise FileProblem("An example image lies outside the schema's folder.", picture.caption)
    return read_picture(path, picture.caption)


def _lean(value: object) -> object:
    """The same without empty fields, which are what a reader of the file assumes anyway."""
    if isinstance(value, dict):
        return {
            k: _lean(v)
            for k, v in value.items()
            if k in ("no_finding", "text", "caption") or v not in (None, "", [], ())
            if not (k == "required" and v is False) and not (k == "overlap" and v == "allowed")
        }
    return [_lean(v) for v in value] if isinstance(value, (list, tuple)) else value
