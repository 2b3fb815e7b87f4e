"""What a teacher of outlines works on, frozen on the main thread: who teaches, what is open.

Readers' outlines on training patients teach, and made-up images with their exact labels; what a
machine made elsewhere does not. Validation and test are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from desktop.commands.origin_lock import lock_mark
from desktop.domain.annotation import Annotation, MaskSlice, Origin
from desktop.domain.geometry import Ellipse, Mask, Polygon, RotatedBox
from desktop.domain.runs import MaskYX, shape_mask
from desktop.domain.schema import Schema
from desktop.domain.scribble import ANYTHING_ELSE, Scribble
from desktop.domain.split import Part, is_synthetic
from desktop.domain.study import Case, FrameRef, Study
from desktop.domain.task import Assignment, AssignmentState
from desktop.store import queries
from desktop.workspace.images.pixel_grid import Classes
from desktop.workspace.images.pixels import BLANK
from desktop.workspace.learning.learning_topic import frames_of

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

MOST_IMAGES = 60  # that teach; spread over the cases
MOST_CASES = 200  # that are looked at for them
MOST_OPEN = 300  # cases that are outlined in one go
_PER_CASE = 4
_CONFLICT = -2
_OUTLINES = (Polygon, Ellipse, RotatedBox)


@dataclass(frozen=True, eq=False)
class Taught:
    """One image with outlines. ``painted_yx`` class ids, 0 for anything else, -1 unknown.

    ``is_whole``: whether everything on it is known, because the reader has closed the case.
    """

    case_id: str
    patient: str
    frame: FrameRef
    painted_yx: Classes
    is_whole: bool
    is_made_up: bool


@dataclass(frozen=True, eq=False)
class OpenImage:
    """An image that nobody has outlined."""

    case_id: str
    series_id: str
    frame: FrameRef


@dataclass(frozen=True, eq=False)
class Material:
    """All of it. ``people``: how many cases readers outlined. ``left``: open cases that are left
    for later, because one go looks at so many only."""

    taught: tuple[Taught, ...]
    open: tuple[OpenImage, ...]
    people: int
    left: int = 0


def material_of(room: Workspace, schema: Schema) -> Material:
    """What teaches and what is open in cases that are read with any version of a schema."""
    read = room._read
    patient = {s.id: s.patient_key for s in queries.many(read, Study)}
    parts = room.splits.of_patients()
    taught: list[list[Taught]] = []
    waiting: list[OpenImage] = []
    people = looked = left = 0
    outlined = queries.cases_with_regions(read)
    skipped = queries.many(read, Assignment, state=AssignmentState.SKIPPED.value)
    closed = {*queries.closed_by_several(read, least=1), *(a.case_id for a in skipped)}
    for case in queries.many(read, Case, order="position"):
        if case.schema_id.rpartition("@")[0] != schema.name:
            continue
        who = patient[case.study_id]
        if parts.get(who, Part.TRAIN) is not Part.TRAIN:
            continue
        if case.id in outlined:
            found = _taught(room, case, who) if len(taught) < MOST_CASES else []
            if found:
                taught.append(found)
                people += not found[0].is_made_up
        elif case.id not in closed and not is_synthetic(case):
            if looked == MOST_OPEN:
                left += 1
                continue
            looked += 1
            series = max(case.series_ids, key=lambda s: len(room.frame_refs(s)), default="")
            waiting += [OpenImage(case.id, series, ref) for ref in frames_of(room, case)]
    return Material(tuple(_spread(taught)), tuple(waiting), people, left)


def _spread(found: list[list[Taught]]) -> Iterable[Taught]:
    """One image of each case, then a second one, until there are enough."""
    order = [(n, k) for k, images in enumerate(found) for n in range(len(images))]
    return [found[k][n] for n, k in sorted(order)[:MOST_IMAGES]]


def _taught(room: Workspace, case: Case, patient: str) -> list[Taught]:
    made_up = is_synthetic(case)
    layers: dict[FrameRef, list[tuple[int, MaskYX]]] = {}
    readers = set()
    for region in queries.many(room._read, Annotation, case_id=case.id):
        for frame, mask in _pixels_of(room, region, made_up):
            layers.setdefault(frame, []).append((region.label.class_id, mask))
            readers.add(region.reader_id)
    closed = {
        a.reader_id
        for a in queries.many(room._read, Assignment, case_id=case.id)
        if a.state.is_closed
    }
    whole = made_up or (bool(readers) and readers <= closed)
    marks = [s for s in queries.many(room._read, Scribble, case_id=case.id) if not s.erases]
    found = []
    for frame in sorted(layers, key=lambda f: (-sum(int(m.sum()) for _c, m in layers[f]), f.key)):
        painted = _together(layers[frame])
        for mark in (m for m in marks if m.frame == frame):
            if (mark.rows, mark.columns) == painted.shape:
                painted[room.mask(mark) & (painted == BLANK)] = mark.class_id
        if whole:
            painted[painted == BLANK] = ANYTHING_ELSE
        painted[painted == _CONFLICT] = BLANK
        found.append(Taught(case.id, patient, frame, painted, whole, made_up))
        if len(found) == _PER_CASE:
            break
    return found


def _pixels_of(
    room: Workspace, region: Annotation, made_up: bool
) -> Iterable[tuple[FrameRef, MaskYX]]:
    """The pixels of what a person outlined, by image; a made-up image's own labels count, too."""

    def counts(record: Annotation | MaskSlice) -> bool:
        return not lock_mark(record) or (made_up and record.origin is Origin.SYNTHETIC)

    if not counts(region):
        return
    if isinstance(region.geometry, Mask):
        for part in queries.many(room._read, MaskSlice, annotation_id=region.id):
            if counts(part):
                yield part.frame, room.mask(part)
    elif isinstance(region.geometry, _OUTLINES) and region.target.frame is not None:
        instance = room.instance(region.target.frame.instance_id)
        yield region.target.frame, shape_mask(region.geometry, instance.rows, instance.columns)


def _together(layers: list[tuple[int, MaskYX]]) -> Classes:
    """Class ids of several regions; where readers say different classes nobody is believed."""
    found = np.full(layers[0][1].shape, BLANK, dtype=np.int64)
    for class_id, mask in layers:
        if mask.shape != found.shape:
            continue
        differs = mask & (found != BLANK) & (found != class_id)
        found[mask] = class_id
        found[differs] = _CONFLICT
    return found
