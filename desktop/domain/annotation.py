"""Claims of readers: regions with a label, painted slices, answers."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

from desktop.domain.geometry import Geometry
from desktop.domain.record import Record, Value, stable_id
from desktop.domain.schema import AnswerValue, Scope
from desktop.domain.study import FrameRef


class Origin(str, Enum):
    """How a label came to be; it travels with the label for ever."""

    DRAWN = "drawn"
    INTERPOLATED = "interpolated"
    MODEL = "model"
    MODEL_EDITED = "model-edited"
    RULE = "rule"
    SYNTHETIC = "synthetic"
    CONSENSUS = "consensus"
    ADJUDICATED = "adjudicated"


def edited(origin: Origin) -> Origin:
    """What a person's edit makes of an origin: a model's draft becomes model-edited."""
    return Origin.MODEL_EDITED if origin is Origin.MODEL else origin


class Provenance(Value):
    """With what it was made. ``detail`` holds small facts such as a model's hash or a window."""

    tool: str = ""
    app_version: str = ""
    detail: dict[str, str] = {}


class Target(Value):
    """What a claim is about. ``frame`` is set for claims on one frame."""

    scope: Scope
    series_id: str = ""
    frame: FrameRef | None = None


class Label(Value):
    """The claim itself: a class, and the answers to the region's questions."""

    class_id: int
    attributes: dict[str, AnswerValue] = {}


class Annotation(Record):
    """One reader's region (or, without geometry, whole frame or series) with its label.

    ``pixels_sha256`` is the hash of the decoded frame it was drawn on ("" for masks over a series,
    whose slices carry their own).
    """

    kind: ClassVar[str] = "annotation"

    case_id: str
    reader_id: str
    schema_id: str
    target: Target
    label: Label
    geometry: Geometry | None = None
    origin: Origin = Origin.DRAWN
    provenance: Provenance = Provenance()
    pixels_sha256: str = ""
    comment: str = ""
    locked: bool = False
    created_utc: str = ""


class MaskSlice(Record):
    """The pixels of one mask annotation on one frame.

    ``runs`` is the digest of the run lengths in the blob store; ``bounds`` is x0, y0, x1, y1 with
    an exclusive end.
    """

    kind: ClassVar[str] = "mask_slice"

    annotation_id: str
    case_id: str
    frame: FrameRef
    rows: int
    columns: int
    runs: str
    bounds: tuple[int, int, int, int]
    area_px: int
    origin: Origin = Origin.DRAWN
    pixels_sha256: str = ""

    @staticmethod
    def id_for(annotation_id: str, frame: FrameRef) -> str:
        return stable_id("mask-slice", annotation_id, frame.key)


class Answer(Record):
    """One reader's answer to one question of a case.

    ``derived_from``: the origin that a ruling or a consensus took it over from, where that was a
    machine's; "" for an answer of people.
    """

    kind: ClassVar[str] = "answer"

    case_id: str
    reader_id: str
    schema_id: str
    question_id: str
    value: AnswerValue
    target: Target = Target(scope=Scope.STUDY)
    origin: Origin = Origin.DRAWN
    derived_from: str = ""

    @staticmethod
    def id_for(case_id: str, reader_id: str, question_id: str, target: Target) -> str:
        frame = target.frame.key if target.frame else ""
        return stable_id("answer", case_id, reader_id, question_id, target.series_id, frame)
