"""What a project asks of its readers, and what they sign. Passwords are never in a record."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import Enum
from typing import ClassVar, TypeGuard

from desktop.domain.annotation import Annotation, Answer, MaskSlice
from desktop.domain.case_note import CaseNote
from desktop.domain.record import Record, stable_id, to_json


class SettingKey(str, Enum):
    """What the lead may decide for all who work in the project."""

    PASSWORDS = "passwords"
    SIGNATURES = "signatures"


# what each may be; the first is what holds where nobody decided
CHOICES: dict[SettingKey, tuple[str, ...]] = {
    SettingKey.PASSWORDS: ("optional", "required"),
    SettingKey.SIGNATURES: ("none", "name", "password"),
}


class ProjectSetting(Record):
    """One decision about the project; its id is the SettingKey's value."""

    kind: ClassVar[str] = "project_setting"

    value: str


class Signature(Record):
    """A reader's signature under a case as it was then.

    ``content_sha256`` binds it to what was signed, ``meaning`` says what the name stands for, and
    ``confirmed`` how the reader showed who it was: "name" or "password".
    Source: 21 CFR 11.50 (name, time, meaning) and 11.70 (linked to its record).
    """

    kind: ClassVar[str] = "signature"

    case_id: str
    reader_id: str
    meaning: str
    content_sha256: str
    time_utc: str
    confirmed: str

    @staticmethod
    def id_for(case_id: str, reader_id: str) -> str:
        return stable_id("signature", case_id, reader_id)


def content_sha256(
    annotations: Iterable[Annotation],
    slices: Iterable[MaskSlice],
    answers: Iterable[Answer],
    no_finding: bool,
    note: CaseNote | None = None,
) -> str:
    """SHA-256 over one reader's claims on a case, whatever order they come in.

    Masks count by the digests of their run lengths, which are content hashes themselves. Of the
    note, comment and confidence count; a flag may be put on what is signed.
    """
    own = list(annotations)
    ids = {a.id for a in own}
    painted = [s for s in slices if s.annotation_id in ids]
    lines = sorted(to_json(r) for r in (*own, *painted, *answers))
    digest = hashlib.sha256(b"readingroom content v1\n")
    said = [to_json((note.comment, note.confidence))] if _says_something(note) else []
    for line in (*lines, to_json(no_finding), *said):
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()


def _says_something(note: CaseNote | None) -> TypeGuard[CaseNote]:
    return note is not None and (bool(note.comment) or note.confidence is not None)
