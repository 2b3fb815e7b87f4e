"""Report texts from files: plain text, or the texts of a DICOM structured report. Child side."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from desktop.domain.errors import UserError
from desktop.domain.record import Value
from desktop.imaging.checks import in_words, open_data_set, refuse, sniff

LARGEST_BYTES = 1 << 20
_DEEPEST = 20


class ReportText(Value):
    """``text`` of a report, and the study it says it belongs to ("" for a plain file).
    ``problem`` says in words why there is none."""

    text: str = ""
    study_instance_uid: str = ""
    problem: str = ""


def read_reports(paths: Sequence[str]) -> list[ReportText]:
    """The text of each file."""
    return [_read_one(path) for path in paths]


def _read_one(path: str) -> ReportText:
    try:
        with in_words("It can't be read"):
            return _structured(path) if sniff(path) == "DICOM" else _plain(path)
    except UserError as error:
        return ReportText(problem=error.detail or error.title)


def _plain(path: str) -> ReportText:
    with open(path, "rb") as file:
        raw = file.read(LARGEST_BYTES + 1)
    if len(raw) > LARGEST_BYTES:
        raise refuse("It is larger than a report would be.")
    if b"\0" in raw and raw[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise refuse("It is not a text.")
    coding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(coding)
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
    return ReportText(text=_clean(text))


def _structured(path: str) -> ReportText:
    from pydicom.filereader import read_dataset

    with open_data_set(path) as (stream, layout), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stream.seek(layout.data_set_start)
        data_set = read_dataset(stream, layout.implicit, layout.little_endian)
        if not str(data_set.get("SOPClassUID", "")).startswith("1.2.840.10008.5.1.4.1.1.88."):
            raise refuse("It is an image, not a report.")
        lines: list[str] = []
        _collect(data_set, lines, 0)
        study = str(data_set.get("StudyInstanceUID", ""))[:64]
    return ReportText(text=_clean("\n".join(lines)), study_instance_uid=study)


def _collect(item: Any, lines: list[str], depth: int) -> None:
    """Headings and texts of the content tree, in its order."""
    if depth > _DEEPEST or len(lines) > 10_000:
        return
    kind = str(item.get("ValueType", ""))
    name = next(
        (str(c.get("CodeMeaning", "")) for c in item.get("ConceptNameCodeSequence", ())), ""
    )
    if kind == "TEXT":
        lines.append(f"{name}: {item.get('TextValue', '')}" if name else str(item.get("TextValue")))
    elif kind == "CODE":
        codes = item.get("ConceptCodeSequence", ())
        meaning = next((str(c.get("CodeMeaning", "")) for c in codes), "")
        lines.append(f"{name}: {meaning}" if name else meaning)
    elif kind == "CONTAINER" and name:
        lines.append(f"{name}.")
    for child in item.get("ContentSequence", ()):
        _collect(child, lines, depth + 1)


def _clean(text: str) -> str:
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in plain if c.isprintable() or c in "\n\t")[:LARGEST_BYTES]
