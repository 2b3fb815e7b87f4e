"""The log as sentences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from desktop.domain.event import Action, Event
from desktop.domain.number_words import number_text
from desktop.domain.study import FrameRef

_ON_FRAMES = ("annotation", "mask_slice", "scribble")


class HistoryLine(NamedTuple):
    """One event as a person reads it, with the place to jump to."""

    position: int
    time_utc: str
    offset_min: int
    reader_name: str
    sentence: str
    case_id: str
    frame: FrameRef | None
    annotation_id: str
    undone: bool


def sentence_of(
    event: Event, class_name: Callable[[str, int], str], question_text: Callable[[str, str], str]
) -> str:
    """What happened, e.g. "Draw box: Nodule" or "Undo: Delete region (Nodule)"."""
    about = _about(event, class_name, question_text)
    words = f"{event.title}: {about}" if about and about not in event.title else event.title
    if event.action is Action.UNDO:
        return f"Undo: {words}"
    if event.action is Action.REDO:
        return f"Redo: {words}"
    return words


def place_of(event: Event) -> tuple[FrameRef | None, str]:
    """(frame, annotation id) that the event is about, as far as it says."""
    frame: FrameRef | None = None
    annotation_id = ""
    for change in event.changes:
        row = change.after or change.before or {}
        if change.kind == "annotation":
            annotation_id = change.id
            frame = frame or _frame(row.get("target", {}).get("frame"))
        elif change.kind in ("mask_slice", "scribble"):
            annotation_id = annotation_id or row.get("annotation_id", "")
            frame = frame or _frame(row.get("frame"))
    return frame, annotation_id


def frames_of(event: Event) -> list[FrameRef]:
    """Every frame on which the event changed something, in its order."""
    found: dict[FrameRef, None] = {}
    for change in event.changes:
        row = change.after or change.before or {}
        plain = row.get("target", {}) if change.kind == "annotation" else row
        frame = _frame(plain.get("frame")) if change.kind in _ON_FRAMES else None
        if frame is not None:
            found[frame] = None
    return list(found)


def _about(
    event: Event, class_name: Callable[[str, int], str], question_text: Callable[[str, str], str]
) -> str:
    for change in event.changes:
        row: dict[str, Any] = change.after or change.before or {}
        if change.kind == "annotation":
            name = class_name(row["schema_id"], row["label"]["class_id"])
            many = sum(c.kind == "annotation" for c in event.changes)
            return name if many == 1 else f"{name} and {many - 1} more"
        if change.kind == "answer":
            question = question_text(row["schema_id"], row["question_id"])
            return f"{question} {_answered(change.after)}".strip()
    return ""


def _answered(row: dict[str, Any] | None) -> str:
    """An answer as it is read: yes, 3, good; "" where it was cleared."""
    match row and row["value"]:
        case None:
            return ""
        case bool(value):
            return "yes" if value else "no"
        case float(value):
            return number_text(value)
        case list(values):
            return ", ".join(values)
        case value:
            return str(value)


def _frame(plain: dict[str, Any] | None) -> FrameRef | None:
    if not plain:
        return None
    return FrameRef(instance_id=plain["instance_id"], frame_index=plain["frame_index"])
