"""What an engine drafts and a person decides: suggestions, and the decisions about them."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

from desktop.domain.annotation import Label, Origin, Provenance, Target
from desktop.domain.geometry import Geometry
from desktop.domain.record import Record, Value, stable_id
from desktop.domain.schema import AnswerValue
from desktop.domain.study import FrameRef


class ProposedFrame(Value):
    """The pixels of a proposed mask on one frame; ``runs`` as in MaskSlice."""

    frame: FrameRef
    rows: int
    columns: int
    runs: str
    bounds: tuple[int, int, int, int]
    area_px: int
    pixels_sha256: str = ""


class Proposal(Record):
    """An engine's draft of a region (``label``) or of an answer (``question_id`` and ``value``).

    It never counts as a label: a reader's command makes one of it. ``score`` lies in 0..1.
    ``soft`` holds probabilities by class id or answer, as text. ``run_id`` joins what one run of
    a model, a rule set or a consensus made.
    """

    kind: ClassVar[str] = "proposal"

    case_id: str
    run_id: str
    schema_id: str
    target: Target
    label: Label | None = None
    question_id: str = ""
    value: AnswerValue = None
    geometry: Geometry | None = None
    frames: tuple[ProposedFrame, ...] = ()
    score: float = 1.0
    soft: dict[str, float] = {}
    origin: Origin = Origin.MODEL
    provenance: Provenance = Provenance()
    pixels_sha256: str = ""
    created_utc: str = ""


class Verdict(str, Enum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Decision(Record):
    """What one reader made of one proposal. ``made_id``: the annotation or answer it became."""

    kind: ClassVar[str] = "decision"

    case_id: str
    proposal_id: str
    reader_id: str
    verdict: Verdict
    made_id: str = ""
    decided_utc: str = ""

    @staticmethod
    def id_for(proposal_id: str, reader_id: str) -> str:
        return stable_id("decision", proposal_id, reader_id)
