"""What an adjudicator said where readers disagree: the ruling, its reason and what it rests on.

The truth itself is an Annotation or Answer of the adjudicator's own, with origin ``adjudicated``.
The readers' claims are named as sources and never touched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import Enum
from typing import ClassVar

from desktop.domain.annotation import Annotation, Answer, MaskSlice, Target
from desktop.domain.record import Record, Value, stable_id, to_json
from desktop.domain.schema import Scope


class Ruling(str, Enum):
    """Taken as a reader said it, not there at all, taken and changed, made of several readers'
    claims, or said by the adjudicator alone."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EDITED = "edited"
    MERGED = "merged"
    OWN = "own"


class Cause(str, Enum):
    """Why the readers disagreed."""

    GUIDELINE_GAP = "guideline gap"
    PERCEPTION = "perception"
    SLIP = "slip"
    IMAGE_QUALITY = "image quality"
    OTHER = "other"


NEEDS_NOTE = frozenset({Cause.GUIDELINE_GAP, Cause.OTHER})


class Source(Value):
    """A reader's claim as it was when the ruling was made."""

    kind: str
    id: str
    reader_id: str
    sha256: str


class Adjudication(Record):
    """One ruling about one matter of a case.

    ``subject`` names the matter and is kept while its sources change. ``question_id`` is set for
    a question, else it is about a region of ``class_id``. ``made_id``: the adjudicator's own
    annotation or answer that the ruling made, "" for none. ``taken_id``: the source it was taken
    from. ``method``: how several were merged. ``lettered``: the readers' ids in the order of their
    letters, so that a letter stays with its reader once somebody has ruled.
    """

    kind: ClassVar[str] = "adjudication"

    case_id: str
    reader_id: str
    subject: str
    verdict: Ruling
    question_id: str = ""
    class_id: int = 0
    target: Target = Target(scope=Scope.STUDY)
    cause: Cause | None = None
    note: str = ""
    sources: tuple[Source, ...] = ()
    taken_id: str = ""
    method: str = ""
    made_id: str = ""
    decided_utc: str = ""
    lettered: tuple[str, ...] = ()

    @staticmethod
    def id_for(case_id: str, reader_id: str, subject: str) -> str:
        return stable_id("adjudication", case_id, reader_id, subject)


def region_source(annotation: Annotation, slices: Iterable[MaskSlice]) -> Source:
    """A region with its painted slices as a source; masks count by their digests."""
    own = sorted(to_json(s) for s in slices if s.annotation_id == annotation.id)
    return Source(
        kind=Annotation.kind,
        id=annotation.id,
        reader_id=annotation.reader_id,
        sha256=_sha256(to_json(annotation), *own),
    )


def answer_source(answer: Answer) -> Source:
    """An answer as a source."""
    return Source(
        kind=Answer.kind, id=answer.id, reader_id=answer.reader_id, sha256=_sha256(to_json(answer))
    )


def _sha256(*lines: str) -> str:
    digest = hashlib.sha256(b"readingroom source v1\n")
    for line in lines:
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()
