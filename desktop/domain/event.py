"""One committed command as it stands in the log, and the digest that chains it to the last."""

from __future__ import annotations

import hashlib
from enum import Enum
from typing import Any

from desktop.domain.record import Value, to_json

GENESIS = "0" * 64


class Action(str, Enum):
    """``COPY`` brings what stands in another file of the project; it counts in its own file only,
    see ``store.copies``."""

    DO = "do"
    UNDO = "undo"
    REDO = "redo"
    COPY = "copy"


class Change(Value):
    """What happened to one record: ``before`` None for new, ``after`` None for deleted.

    ``bases`` are the ids of the events whose version of the record this one replaces: none for a
    new record, several where it settles a conflict. They, not clocks, order what machines merge.
    """

    kind: str
    id: str
    bases: tuple[str, ...]
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class Event(Value, kw_only=True):
    """One line of the log.

    ``chain`` is the workstation's id, ``seq`` counts within the chain from 1. ``group`` joins the
    events of one undo step; ``undoes`` names the group that an undo or redo takes back.
    """

    chain: str
    seq: int
    uuid: str
    group: str
    action: Action = Action.DO
    undoes: str = ""
    reader_id: str
    case_id: str = ""
    time_utc: str
    utc_offset_min: int
    command: str
    title: str
    reason: str = ""
    schema_id: str = ""
    changes: tuple[Change, ...]
    previous: str


def event_body(event: Event) -> str:
    """The canonical JSON that the digest covers; the audit extract carries exactly this line."""
    return to_json(event)


def chain_digest(previous: str, body: str) -> str:
    """SHA-256 over 0x00, the previous digest (32 bytes) and the UTF-8 body, in hexadecimal."""
    return hashlib.sha256(b"\x00" + bytes.fromhex(previous) + body.encode()).hexdigest()


def head_message(project_id: str, chain: str, seq: int, digest: str) -> bytes:
    """What a signed head signs: project, chain, sequence number and digest, one a line."""
    return f"readingroom head v1\n{project_id}\n{chain}\n{seq}\n{digest}\n".encode()
