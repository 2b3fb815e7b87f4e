"""Working time: what a reader did for how long, on which case and with which tool."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

from desktop.domain.record import Record


class TimeState(str, Enum):
    """What the time went into. Only ``ACTIVE`` counts as work on the case."""

    ACTIVE = "active"
    IDLE = "idle"
    PAUSED = "paused"
    LOADING = "loading"  # images are on their way
    WAITING = "waiting"  # a model or another engine is at work


class TimeSpan(Record):
    """Time of one reader in one state; no second is in two of them.

    ``tool`` is the tool in hand; ``start_utc`` (ISO 8601) is when it began; ``seconds`` is the sum
    of its stretches until it was written, half a minute later or so.
    """

    kind: ClassVar[str] = "time_span"

    reader_id: str
    case_id: str
    tool: str
    state: TimeState
    start_utc: str
    seconds: float
