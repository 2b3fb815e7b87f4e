"""A reviewer looks at one reader's case: comments pinned to places, and the case's way back."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

from desktop.domain.geometry import XY
from desktop.domain.record import Record, stable_id
from desktop.domain.study import FrameRef


class PinState(str, Enum):
    """Waits for the reader; waits for the reviewer; settled."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


class ReviewState(str, Enum):
    """Being looked at; back with the reader; back with the reviewer; nothing left to say."""

    LOOKING = "looking"
    RETURNED = "returned"
    BACK = "back"
    PASSED = "passed"


class Review(Record):
    """One reader's case under review. Only ``reviewer_id`` goes on with it once it is begun."""

    kind: ClassVar[str] = "review"

    case_id: str
    reader_id: str
    reviewer_id: str
    state: ReviewState = ReviewState.LOOKING
    rounds: int = 0
    changed_utc: str = ""

    @staticmethod
    def id_for(case_id: str, reader_id: str) -> str:
        return stable_id("review", case_id, reader_id)


class Pin(Record):
    """A point to settle on one reader's work. It may name an image and a place on it (image
    coordinates), a region or a question; a pin without any is about the whole case."""

    kind: ClassVar[str] = "pin"

    case_id: str
    reader_id: str  # whose work it is about
    reviewer_id: str
    state: PinState = PinState.OPEN
    frame: FrameRef | None = None
    at: XY | None = None
    annotation_id: str = ""
    question_id: str = ""
    created_utc: str = ""


class Comment(Record):
    """One message of a pin's thread. Its own record, so that what two machines say is kept."""

    kind: ClassVar[str] = "comment"

    case_id: str
    pin_id: str
    author_id: str
    text: str
    time_utc: str
