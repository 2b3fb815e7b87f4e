"""A stroke or an answered patch that teaches a prediction and is no label."""

from __future__ import annotations

from typing import ClassVar

from desktop.domain.record import Record
from desktop.domain.study import FrameRef

ANYTHING_ELSE = 0  # stands beside the class ids, which begin at 1


class Scribble(Record):
    """One stroke of one reader on one frame, in the order of ``number`` from 0.

    ``runs`` is the digest of its run lengths in the blob store. ``class_id`` is what the pixels
    are: none of the schema's classes for a stroke, any of them for an answered patch. With
    ``erases`` it takes away what earlier ones of the reader hold on this frame. No export makes a
    label of it.
    """

    kind: ClassVar[str] = "scribble"

    case_id: str
    reader_id: str
    frame: FrameRef
    number: int
    rows: int
    columns: int
    runs: str
    erases: bool = False
    class_id: int = ANYTHING_ELSE
    created_utc: str = ""
