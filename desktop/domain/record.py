"""What all stored records have in common: an id, a kind and one canonical JSON form."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar, TypeVar, dataclass_transform

import msgspec


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A frozen part of a record."""


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of the project. Records are immutable: a change is a new record with the same id."""

    kind: ClassVar[str]

    id: str


R = TypeVar("R", bound=Record)

_encoder = msgspec.json.Encoder(order="sorted")


def to_json(value: Any) -> str:
    """Canonical JSON: keys sorted, no spaces, UTF-8. Equal values give equal text."""
    return _encoder.encode(value).decode()


def from_json(text: str | bytes, record_type: type[R]) -> R:
    """Read a record back; raises ``msgspec.ValidationError`` on anything unexpected."""
    return msgspec.json.decode(text, type=record_type)


def to_plain(value: Any) -> Any:
    """The JSON-compatible Python form of a record (dicts, lists, numbers, strings)."""
    return msgspec.to_builtins(value)


def from_plain(plain: Any, record_type: type[R]) -> R:
    """A record from its JSON-compatible form."""
    return msgspec.convert(plain, type=record_type)


def stable_id(*parts: str) -> str:
    """A 32-digit id made from content, so that two machines name the same thing alike."""
    digest = hashlib.sha256("\x1f".join(parts).encode())
    return digest.hexdigest()[:32]
