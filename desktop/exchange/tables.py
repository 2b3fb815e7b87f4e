"""CSV tables with their description, for people and for data frames.

Source: Frictionless Data Package and Table Schema v1; OWASP, CSV injection: a text that starts
like a formula gets an apostrophe in front, numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desktop.domain.contracts import Progress
from desktop.exchange import rows
from desktop.exchange.disk import write_file
from desktop.exchange.exporter import BundleOptions, Mismatch, Note, Part, Written
from desktop.exchange.json_files import pretty
from desktop.exchange.regions import CaseLabels, labelled_cases
from desktop.exchange.rows import Cell, Row
from desktop.exchange.snapshot import Snapshot
from desktop.imaging.child import ChildPool

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Table:
    """One table. ``columns``: name to (Table Schema type, what it says)."""

    name: str
    title: str
    rows: Callable[[CaseLabels], Iterator[Row]]
    key: tuple[str, ...]
    columns: dict[str, tuple[str, str]]


_WHO = {
    "case_id": ("string", "Case; the same in every bundle of the project"),
    "reader": ("string", "Pseudonym of the reader"),
    "schema": ("string", "Schema and its version"),
}
_PART = {
    "part": ("string", "train, validation or test; dealt by patient, empty where it was not"),
    "synthetic": ("boolean", "Made up: not an image of a patient, never for validation or test"),
}
_CLASS = {"class_id": ("integer", "Frozen id of the label class within the schema")}
_ANNOTATION = {"annotation_id": ("string", "Annotation; the same in COCO, PNG and DICOM SEG")}

TABLES = (
    Table(
        "cases",
        "Cases by reader, with the explicit negative",
        rows.case_rows,
        ("case_id", "reader"),
        {
            **_WHO,
            "title": ("string", "Pseudonymous title"),
            "patient": ("string", "Pseudonymous patient key: split by this"),
            "study_instance_uid": ("string", "Study Instance UID of the source"),
            "modalities": ("string", "Modalities, separated by /"),
            "images": ("integer", "Number of frames"),
            **_PART,
            "state": ("string", "open, done, skipped or returned"),
            "no_finding": ("boolean", "The reader said: nothing to find"),
            "reason": ("string", "Why it was skipped"),
            "confidence": ("integer", "How sure the reader is of the case: 1 a guess, 5 certain"),
            "comment": ("string", "Free text as typed"),
            "flag": ("string", "The word that the reader put on the case"),
            "annotations": ("integer", "Number of this reader's annotations"),
        },
    ),
    Table(
        "images",
        "Frames with the hash of their source file",
        rows.image_rows,
        ("frame_key",),
        {
            "frame_key": ("string", "Frame: instance id and 0-based index"),
            "image_id": ("integer", "COCO image id"),
            "file_name": ("string", "COCO file name"),
            "case_id": ("string", "Case"),
            **_PART,
            "patient": ("string", "Pseudonymous patient key"),
            "series_id": ("string", "Series"),
            "series_instance_uid": ("string", "Series Instance UID of the source"),
            "modality": ("string", "Modality"),
            "sop_instance_uid": ("string", "SOP Instance UID of the source"),
            "frame_number": ("integer", "1-based number of the frame in its file"),
            "place": ("integer", "0-based place in the series: the slice index of the NIfTI"),
            "rows": ("integer", "Height in pixels"),
            "columns": ("integer", "Width in pixels"),
            "file_sha256": ("string", "SHA-256 of the source file"),
            "spacing_rows_mm": ("number", "Distance between rows"),
            "spacing_columns_mm": ("number", "Distance between columns"),
            "calibration": ("string", "Where millimetres come from"),
            "position_mm": ("string", "Image Position (Patient), LPS, as JSON"),
            "orientation": ("string", "Image Orientation (Patient), as JSON"),
        },
    ),
    Table(
        "annotations",
        "Annotations of every shape",
        rows.annotation_rows,
        ("annotation_id",),
        {
            **_ANNOTATION,
            **_WHO,
            **_CLASS,
            "class": ("string", "Name of the label class"),
            "code": ("string", "Code of the class"),
            "code_scheme": ("string", "Coding scheme"),
            "shape": ("string", "point, polyline, box, ellipse, polygon, mask or empty"),
            "scope": ("string", "study, series, frame or region"),
            "series_id": ("string", "Series"),
            "frame_key": ("string", "Frame, empty for masks over a series"),
            "frames": ("integer", "Number of frames"),
            "area_px": ("integer", "Pixels whose centre lies inside, over all frames"),
            "origin": ("string", "How the annotation came to be"),
            "slice_origins": ("string", "Origins of its frames, separated by /"),
            "tool": ("string", "Tool or model"),
            "app_version": ("string", "Version of Reading Room"),
            "created_utc": ("string", "When it was drawn, ISO 8601, UTC"),
            "comment": ("string", "Free text as typed"),
            "pixels_sha256": (
                "string",
                "SHA-256 of the decoded frame it was drawn on: a line dtype:rows x columns x "
                "samples (such as <u2:512x512x1), then the little-endian bytes",
            ),
        },
    ),
    Table(
        "answers",
        "Answers to questions that were shown",
        rows.answer_rows,
        (),
        {
            **_WHO,
            "annotation_id": ("string", "Region that was asked about, or empty"),
            "series_id": ("string", "Series that was asked about, or empty"),
            "frame_key": ("string", "Frame that was asked about, or empty"),
            "question_id": ("string", "Question"),
            "question": ("string", "Its words"),
            "kind": ("string", "Kind of question"),
            "scope": ("string", "study, series, frame or region"),
            "value": ("string", "Choice id, JSON list of ids, text, true or false"),
            "number": ("number", "Answer to a number question"),
            "text": ("string", "The answer's words"),
            "unit": ("string", "Unit of the number"),
            "origin": ("string", "How the answer came to be"),
        },
    ),
    Table(
        "adjudications",
        "Rulings where readers disagreed; their labels have the origin adjudicated",
        rows.ruling_rows,
        ("ruling_id",),
        {
            "ruling_id": ("string", "Ruling"),
            "case_id": ("string", "Case; the same in every bundle of the project"),
            "reader": ("string", "Pseudonym of the adjudicator"),
            "question_id": ("string", "Question that was ruled on, empty for a finding"),
            "class_id": ("integer", "Frozen id of the finding's class, empty for a question"),
            "ruling": ("string", "accepted, rejected, edited, merged or own"),
            "cause": ("string", "Why readers disagreed"),
            "note": ("string", "What to learn from it, as typed"),
            "method": ("string", "How several regions were merged"),
            "made_id": ("string", "Annotation or answer that the ruling made, empty for none"),
            "taken_id": ("string", "Reader's claim that it was taken from"),
            "sources": ("string", "Ids of the readers' claims it rests on, separated by spaces"),
            "decided_utc": ("string", "When, ISO 8601, UTC"),
        },
    ),
    Table(
        "measurements",
        "Lengths, areas and volumes",
        rows.measurement_rows,
        ("annotation_id", "quantity", "unit"),
        {
            **_ANNOTATION,
            **_WHO,
            **_CLASS,
            "quantity": ("string", "length, area, voxels or volume"),
            "value": ("number", "The number"),
            "unit": ("string", "px, mm, mm2, mm3 or 1"),
            "calibration": ("string", "What makes the pixels millimetres"),
        },
    ),
)


class TableExporter:
    """cases, images, annotations, answers, measurements, and datapackage.json."""

    name = "table"
    title = "CSV tables"
    suffix = ".csv"

    def write(
        self,
        snapshot: Snapshot,
        folder: Path,
        options: BundleOptions,
        pool: ChildPool,
        progress: Progress,
    ) -> Written:
        parts = []
        for table, found in filled(snapshot, progress):
            path = f"tables/{table.name}.csv"
            write_file(folder / path, csv_bytes(table, found))
            parts.append(Part(path, self.name, table.title, {"rows": len(found)}))
        write_file(folder / "tables/datapackage.json", _package(snapshot))
        parts.append(Part("tables/datapackage.json", "datapackage", "Description of the tables"))
        notes = tuple(Note(self.name, about, said) for about, said in snapshot.kept_out)
        return Written(tuple(parts), notes)

    def compare(
        self,
        snapshot: Snapshot,
        folder: Path,
        options: BundleOptions,
        written: Written,
        pool: ChildPool,
        progress: Progress,
    ) -> int:
        """Every cell, read back with its formula guard taken off."""
        for table, found in filled(snapshot, progress):
            path = f"tables/{table.name}.csv"
            with (folder / path).open(encoding="utf-8", newline="") as file:
                read = list(csv.reader(file))
            meant = [list(table.columns)]
            meant += [[_cell(row.get(name)) for name in table.columns] for row in found]
            if read != meant:
                raise Mismatch(path, "a cell differs")
        return 0


def filled(snapshot: Snapshot, progress: Progress) -> list[tuple[Table, list[Row]]]:
    """All tables with their rows, case by case in one pass."""
    found: list[tuple[Table, list[Row]]] = [(table, []) for table in TABLES]
    for labels in labelled_cases(snapshot, progress, "Tables"):
        for table, into in found:
            into.extend(table.rows(labels))
    return found


def csv_bytes(table: Table, found: Iterable[Row]) -> bytes:
    """UTF-8, comma, CRLF as in RFC 4180."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(table.columns)
    for row in found:
        writer.writerow([_cell(row.get(name)) for name in table.columns])
    return text.getvalue().encode()


def guarded(text: str) -> str:
    """The text, with an apostrophe in front where a spreadsheet would take it for a formula."""
    return "'" + text if text.startswith(_FORMULA) else text


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    return guarded(value)


def _package(snapshot: Snapshot) -> bytes:
    resources = []
    for table in TABLES:
        schema: dict[str, Any] = {
            "fields": [
                {"name": n, "type": kind, "description": words}
                for n, (kind, words) in table.columns.items()
            ],
        }
        if table.key:
            schema["primaryKey"] = list(table.key)
        resources.append(
            {
                "name": table.name,
                "title": table.title,
                "path": f"{table.name}.csv",
                "profile": "tabular-data-resource",
                "format": "csv",
                "encoding": "utf-8",
                "schema": schema,
            }
        )
    package = {
        "profile": "tabular-data-package",
        "name": f"readingroom-{snapshot.bundle_id[:12].lower()}",
        "created": snapshot.created_utc,
        "resources": resources,
    }
    return pretty(package)
