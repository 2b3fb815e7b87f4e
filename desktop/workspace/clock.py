"""Time and ids from outside; a test hands in its own."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from dataclasses import dataclass


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _offset_min() -> int:
    offset = datetime.datetime.now().astimezone().utcoffset()
    return int(offset.total_seconds() // 60) if offset else 0


@dataclass(frozen=True)
class Clock:
    """Where times, the local offset and new ids come from."""

    now: Callable[[], datetime.datetime] = _now
    offset_min: Callable[[], int] = _offset_min
    new_id: Callable[[], str] = lambda: uuid.uuid4().hex

    def now_utc(self) -> str:
        """ISO 8601 with microseconds, UTC."""
        return self.now().astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
