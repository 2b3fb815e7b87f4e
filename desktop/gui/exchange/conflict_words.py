"""Two versions of one record in words: what they are about, what each says, and where it lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop.domain.annotation import Annotation, Answer, MaskSlice
from desktop.domain.case_note import CaseNote
from desktop.domain.geometry import Mask, Point, Polyline
from desktop.domain.schema import Schema
from desktop.domain.study import FrameRef
from desktop.domain.task import Assignment
from desktop.gui.form.question_words import answer_text
from desktop.gui.reading.history_panel import local_time

if TYPE_CHECKING:
    from desktop.workspace.team.team import Conflict, Version
    from desktop.workspace.workspace import Workspace

_KINDS = {
    "annotation": "Region",
    "mask_slice": "Painted pixels",
    "answer": "Answer",
    "assignment": "State of the case",
    "calibration": "Calibration",
    "decision": "Decision about a suggestion",
    "case_note": "Comment and flag",
    "adjudication": "Ruling",
    "review": "Review",
    "pin": "Pinned comment",
    "comment": "Comment",
    "batch": "Batch",
    "gold_case": "Gold",
    "comparison": "Comparison",
    "ranking": "Ranking",
    "rating": "Rating",
    "split": "Training, validation or test",
    "blind_lock": "Locked blind answer",
    "scribble": "Stroke for the prediction",
}


def title_of(room: Workspace, conflict: Conflict) -> str:
    """What a conflict is about, and on which case."""
    words = _KINDS.get(conflict.kind, conflict.kind.replace("_", " ").capitalize())
    case = room.case(conflict.case_id).title if conflict.case_id else ""
    return f"{words} · {case}" if case else words


def version_words(room: Workspace, version: Version) -> str:
    """One version as a sentence: who, when, what."""
    who = version.reader_name or "A reader"
    when = local_time(version.event.time_utc, version.event.utc_offset_min)
    return f"{who}, {when}: {_said(room, version)}"


def frame_of(room: Workspace, conflict: Conflict) -> FrameRef | None:
    """The image on which a conflict can be seen."""
    for version in conflict.versions:
        match version.record:
            case MaskSlice(frame=frame):
                return frame
            case Annotation(target=target) | Answer(target=target) if target.frame is not None:
                return target.frame
            case Annotation(id=region_id):
                parts = room.mask_slices(conflict.case_id)
                found = [p.frame for p in parts if p.annotation_id == region_id]
                if found:
                    return found[0]
    return None


def _said(room: Workspace, version: Version) -> str:
    record = version.record
    match record:
        case None:
            return "deleted it"
        case Annotation():
            return _region(room.schema_by_id(record.schema_id), record)
        case MaskSlice():
            return f"{record.area_px:,} px painted on this image"
        case Answer():
            question = room.schema_by_id(record.schema_id).question(record.question_id)
            return f"{question.text} {answer_text(question, record.value)}"
        case Assignment():
            why = f": {record.reason}" if record.reason else ""
            negative = ", no finding" if record.no_finding else ""
            return f"{record.state.value}{why}{negative}"
        case CaseNote():
            sure = f"confidence {record.confidence}" if record.confidence else ""
            flag = f"flag “{record.flag}”" if record.flag else ""
            return ", ".join(w for w in (record.comment, sure, flag) if w) or "nothing"
        case _:
            return version.event.title


def _region(schema: Schema, region: Annotation) -> str:
    """Class, shape with its place, and what is said of it."""
    parts = [schema.label_class(region.label.class_id).name]
    shape = region.geometry
    if isinstance(shape, Point):
        parts.append(f"point at ({shape.x:.0f}, {shape.y:.0f})")
    elif shape is not None and not isinstance(shape, Mask):
        x0, y0, x1, y1 = shape.bounds()
        name = "line" if isinstance(shape, Polyline) else type(shape).__name__.lower()
        parts.append(f"{name} of {x1 - x0:.0f} × {y1 - y0:.0f} px at ({x0:.0f}, {y0:.0f})")
    for question_id, value in sorted(region.label.attributes.items()):
        question = schema.question(question_id)
        parts.append(f"{question.text} {answer_text(question, value)}")
    if region.locked:
        parts.append("locked")
    return ", ".join(parts)
