"""What the readers who closed a case said about it, ready to be compared. Any thread.

Only closed readings count: a draft is nobody's opinion yet. Adjudicators' own rulings are no
readings either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from desktop.commands.adjudication import REPLACEABLE
from desktop.domain.adjudication import Adjudication
from desktop.domain.annotation import Annotation, Answer, MaskSlice
from desktop.domain.geometry import Geometry, Mask, Point, Polyline
from desktop.domain.letters import letter_at
from desktop.domain.proposal import Proposal, ProposedFrame
from desktop.domain.record import stable_id
from desktop.domain.runs import MaskYX, decode_runs, shape_mask
from desktop.domain.schema import Question, QuestionKind, Schema, shown_questions
from desktop.domain.study import Case, Instance
from desktop.domain.task import Assignment, AssignmentState
from desktop.engines.agreement.region_groups import REACH, Mark, Piece
from desktop.store import queries
from desktop.store.database import Connection
from desktop.workspace.quality.region_pairs import Grid


@dataclass(frozen=True)
class CaseClaims:
    """One case. ``readers`` closed it and stand in the order of their letters.

    ``lettered`` are all who have a letter, A first: also those who have not closed it, so that
    nobody's letter changes when another reader closes or opens the case again.
    """

    case: Case
    schema: Schema | None
    readers: tuple[str, ...]
    annotations: tuple[Annotation, ...]
    slices: dict[str, tuple[MaskSlice, ...]]
    answers: tuple[Answer, ...]
    no_finding: frozenset[str]
    rulings: tuple[Adjudication, ...]
    lettered: tuple[str, ...] = ()

    def letter(self, reader_id: str) -> str:
        return letter_at((self.lettered or self.readers).index(reader_id))

    def said(self, reader_id: str) -> list[Answer]:
        return [a for a in self.answers if a.reader_id == reader_id]

    def asked(self, reader_id: str) -> set[str]:
        """Ids of the questions that this reader was shown, by their own answers."""
        questions = self.schema.case_questions() if self.schema else ()
        given = {a.question_id: a.value for a in self.said(reader_id)}
        return {q.id for q in shown_questions(questions, given)}


def in_letter_order(secret: bytes, case_id: str, reader_ids: Sequence[str]) -> tuple[str, ...]:
    """The readers of a case in an order that is fixed for it and another one for the next case.

    The project's secret is part of it, so that nobody works the letters out from what is exported.
    """
    return tuple(sorted(reader_ids, key=lambda r: stable_id("letter", secret.hex(), case_id, r)))


def claims_of(
    connection: Connection, secret: bytes, case_id: str, me: str = "", holders: Sequence[str] = ()
) -> CaseClaims:
    """Read a case; ``me`` is left out, because nobody rules on their own reading.

    ``holders``: ids of readers who have the case by a batch; their letters are kept for them.
    """
    case = queries.one(connection, Case, case_id)
    schema = queries.maybe(connection, Schema, case.schema_id) if case.schema_id else None
    given = queries.many(connection, Assignment, case_id=case_id)
    closed = [a for a in given if a.state is AssignmentState.DONE and a.reader_id != me]
    rulings = tuple(queries.many(connection, Adjudication, case_id=case_id))
    ruling = {r.reader_id for r in rulings}
    own = {a.reader_id for a in closed if a.reader_id not in ruling}
    having = {*holders, *(a.reader_id for a in given)} - ruling - {me}
    known = _first_letters(rulings, me)
    rest = sorted(having - set(known))
    lettered = (*known, *in_letter_order(secret, case_id, rest))
    readers = tuple(r for r in lettered if r in own)
    regions = [
        a
        for a in queries.many(connection, Annotation, case_id=case_id)
        if a.reader_id in own and a.origin not in REPLACEABLE
    ]
    slices: dict[str, list[MaskSlice]] = {a.id: [] for a in regions}
    for part in queries.many(connection, MaskSlice, case_id=case_id):
        if part.annotation_id in slices:
            slices[part.annotation_id].append(part)
    return CaseClaims(
        case=case,
        schema=schema,
        readers=readers,
        annotations=tuple(sorted(regions, key=lambda a: (a.created_utc, a.id))),
        slices={i: tuple(s) for i, s in slices.items()},
        answers=tuple(
            a
            for a in queries.many(connection, Answer, case_id=case_id)
            if a.reader_id in own and a.origin not in REPLACEABLE
        ),
        no_finding=frozenset(a.reader_id for a in closed if a.no_finding),
        rulings=rulings,
        lettered=lettered,
    )


def _first_letters(rulings: Sequence[Adjudication], me: str) -> tuple[str, ...]:
    """The letters as they were when somebody first ruled on the case, the acting one before all."""
    told = [r for r in rulings if r.lettered]
    first = min(told, key=lambda r: (r.reader_id != me, r.decided_utc, r.id), default=None)
    return first.lettered if first is not None else ()


class Pixels:
    """Pixels of regions, from one connection. Made for one case and dropped with it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._instances: dict[str, Instance] = {}
        self._masks: dict[str, MaskYX] = {}
        self._grids: dict[str, Grid] = {}

    def mark(self, claims: CaseClaims, region: Annotation) -> Mark:
        """A reader's region as a mark to be compared."""
        place = claims.readers.index(region.reader_id)
        return self.mark_of(region, claims.slices.get(region.id, ()), place)

    def mark_of(
        self,
        region: Annotation | Proposal,
        parts: Sequence[MaskSlice | ProposedFrame],
        place: int,
    ) -> Mark:
        """Any region with its painted frames, drawn or suggested, as a mark."""
        geometry, frame = region.geometry, region.target.frame
        label = region.label.class_id if region.label is not None else 0
        if isinstance(geometry, (Point, Polyline)) and frame is not None:
            rows, columns = self.size(frame.instance_id)
            line = geometry.outline()
            ends = line if isinstance(geometry, Point) else (line[0], line[-1])
            points_xy = np.array(ends, dtype=np.float64)
            reach_px = REACH * max(rows, columns)
            grid = self.grid(region.target.series_id)
            return Mark(
                rater=place,
                label=label,
                points_xy=points_xy,
                image=frame.key,
                reach_px=reach_px,
                places_mm=grid.places_mm(points_xy, frame.key),
                space=region.target.series_id,
                reach_mm=reach_px * max(grid.spacing[1:]) if grid.spacing is not None else 0.0,
            )
        pieces: dict[str, Piece] = {}
        if isinstance(geometry, Mask):
            for part in parts:
                x0, y0, x1, y1 = part.bounds
                pieces[part.frame.key] = (self.mask(part)[y0:y1, x0:x1], (x0, y0))
        elif geometry is not None and frame is not None:
            pieces[frame.key] = _cut(geometry, self.size(frame.instance_id))
        return Mark(rater=place, label=label, pieces=pieces)

    def mask(self, part: MaskSlice | ProposedFrame) -> MaskYX:
        """(rows, columns) bool of one painted slice."""
        found = self._masks.get(part.runs)
        if found is None or found.shape != (part.rows, part.columns):
            raw = queries.runs(self._connection, part.runs)
            found = self._masks[part.runs] = decode_runs(raw, part.rows, part.columns)
        return found

    def grid(self, series_id: str) -> Grid:
        """Where the images of a series lie; each series is looked at once."""
        if series_id not in self._grids:
            self._grids[series_id] = Grid.of(self._connection, series_id)
        return self._grids[series_id]

    def size(self, instance_id: str) -> tuple[int, int]:
        """(rows, columns) of an image."""
        if instance_id not in self._instances:
            self._instances[instance_id] = queries.one(self._connection, Instance, instance_id)
        instance = self._instances[instance_id]
        return instance.rows, instance.columns


def counts_as_answered(question: Question) -> bool:
    """Whether saying nothing to a question is an answer that others may differ from."""
    return question.required or question.kind is QuestionKind.MULTIPLE


def _cut(geometry: Geometry, size: tuple[int, int]) -> Piece:
    """Pixels inside a shape, cut to its bounds on the image."""
    rows, columns = size
    x0, y0, x1, y1 = geometry.bounds()
    left, top = max(0, int(np.floor(x0))), max(0, int(np.floor(y0)))
    right, bottom = min(columns, int(np.ceil(x1))), min(rows, int(np.ceil(y1)))
    if right <= left or bottom <= top:
        return np.zeros((0, 0), dtype=np.bool_), (0, 0)
    moved = geometry.shifted(-left, -top)
    return shape_mask(moved, bottom - top, right - left), (left, top)
