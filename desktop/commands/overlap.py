"""Exclusive classes: a pixel belongs to the one that was drawn last, and the others give it up.

Looked at are a reader's own regions of one case. Painted masks give way in the same step, so one
undo brings all back; shapes and locked regions can't, so what is painted over them leaves their
pixels out, and what a machine made leaves out what was painted by hand. Boxes, points and lines
say where something is and own no pixels.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

import numpy as np
from msgspec.structs import replace

from desktop.domain.annotation import Annotation, MaskSlice, Origin, edited
from desktop.domain.contracts import Transaction
from desktop.domain.geometry import Ellipse, Mask, Polygon
from desktop.domain.runs import (
    MaskYX,
    decode_runs,
    encode_runs,
    mask_bounds,
    runs_extent,
    shape_mask,
)
from desktop.domain.schema import Overlap, Schema
from desktop.domain.study import FrameRef, Instance

AREAS = (Polygon, Ellipse)  # shapes that own the pixels inside them
Area = tuple[int, int, int, int]  # x0, y0, x1, y1 in pixels, ends exclusive


def fitted(
    txn: Transaction,
    region: Annotation,
    frame: FrameRef,
    rows: int,
    columns: int,
    runs: bytes,
    origin: Origin = Origin.DRAWN,
) -> bytes:
    """What of these painted pixels the region may have, once its rivals have given way to it.

    Only pixels that are new to the region count: what it has already was settled when it got them.
    Rivals elsewhere on the image are left alone, so a stroke costs what it touches.
    """
    rivals = {rival.id: rival for rival in _rivals(txn, region)}
    if not rivals:
        return runs
    _count, whole = runs_extent(runs, rows, columns)
    parts = _parts(txn, region.case_id, frame, rivals, whole)
    shapes = [r.geometry for r in rivals.values() if r.target.frame == frame]
    areas = [s for s in shapes if isinstance(s, AREAS) and _meet(s.bounds(), whole)]
    if not parts and not areas:
        return runs
    mask = decode_runs(runs, rows, columns)
    fresh, area = _fresh(txn, region, frame, mask, whole)
    here = _window(area)
    barred = np.zeros_like(fresh)
    for shape in areas:
        if _meet(shape.bounds(), area):
            barred |= shape_mask(shape, rows, columns)[here]
    yielding: list[MaskSlice] = []
    for part in parts:
        if not _meet(part.bounds, area):
            continue
        by_hand = part.origin is Origin.DRAWN and origin is not Origin.DRAWN
        if rivals[part.annotation_id].locked or by_hand:
            barred |= decode_runs(txn.runs(part.runs), rows, columns)[here]
        else:
            yielding.append(part)
    barred &= fresh
    for part in yielding:
        _give_up(txn, rivals[part.annotation_id], part, area, fresh & ~barred)
    if not barred.any():
        return runs
    kept = mask.copy()
    kept[here] &= ~barred
    return encode_runs(kept)


def take(txn: Transaction, region: Annotation) -> None:
    """Painted rivals give up what lies under a region that has just got its shape or class."""
    rivals = {
        rival.id: rival
        for rival in _rivals(txn, region)
        if isinstance(rival.geometry, Mask) and not rival.locked
    }
    if not rivals:
        return
    for frame, owned in _owned(txn, region):
        area = mask_bounds(owned)
        for part in _parts(txn, region.case_id, frame, rivals, area):
            _give_up(txn, rivals[part.annotation_id], part, area, owned[_window(area)])


def _rivals(txn: Transaction, region: Annotation) -> Iterator[Annotation]:
    """The reader's other regions of the case that may share no pixel with this one."""
    if not isinstance(region.geometry, (Mask, *AREAS)):
        return
    schema = txn.get(Schema, region.schema_id)
    if schema.label_class(region.label.class_id).overlap is not Overlap.EXCLUSIVE:
        return
    for other in txn.find(Annotation, case_id=region.case_id, reader_id=txn.reader_id):
        if (
            other.id != region.id
            and other.schema_id.rpartition("@")[0] == schema.name
            and isinstance(other.geometry, (Mask, *AREAS))
            and schema.exclude_each_other(region.label.class_id, other.label.class_id)
        ):
            yield other


def _fresh(
    txn: Transaction, region: Annotation, frame: FrameRef, mask_yx: MaskYX, whole: Area
) -> tuple[MaskYX, Area]:
    """The pixels that are new to the region, cut to the smallest area that holds them, and this."""
    fresh = mask_yx[_window(whole)]
    old = txn.maybe(MaskSlice, MaskSlice.id_for(region.id, frame))
    if old is not None:
        fresh = fresh & ~decode_runs(txn.runs(old.runs), *mask_yx.shape)[_window(whole)]
    inside = mask_bounds(fresh)
    x, y = whole[:2]
    return fresh[_window(inside)], (inside[0] + x, inside[1] + y, inside[2] + x, inside[3] + y)


def _owned(txn: Transaction, region: Annotation) -> Iterator[tuple[FrameRef, MaskYX]]:
    """The images on which the region has pixels, and which."""
    if isinstance(region.geometry, Mask):
        for part in txn.find(MaskSlice, annotation_id=region.id):
            yield part.frame, decode_runs(txn.runs(part.runs), part.rows, part.columns)
    elif isinstance(region.geometry, AREAS) and (frame := region.target.frame) is not None:
        size = txn.get(Instance, frame.instance_id)
        yield frame, shape_mask(region.geometry, size.rows, size.columns)


def _parts(
    txn: Transaction, case_id: str, frame: FrameRef, rivals: Container[str], area: Area
) -> list[MaskSlice]:
    """What painted rivals have on an image, as far as their rectangles meet the area."""
    there = txn.find(MaskSlice, case_id=case_id, frame=frame.key)
    return [p for p in there if p.annotation_id in rivals and _meet(p.bounds, area)]


def _window(area: Area) -> tuple[slice, slice]:
    x0, y0, x1, y1 = area
    return slice(y0, y1), slice(x0, x1)


def _meet(one: tuple[float, float, float, float], area: Area) -> bool:
    return one[0] < area[2] and area[0] < one[2] and one[1] < area[3] and area[1] < one[3]


def _give_up(
    txn: Transaction, rival: Annotation, part: MaskSlice, area: Area, taken_yx: MaskYX
) -> None:
    """Take pixels inside an area away from a painted slice; one without any goes, and its region
    with the last."""
    left = decode_runs(txn.runs(part.runs), part.rows, part.columns).copy()
    here = left[_window(area)]
    if not (here & taken_yx).any():
        return
    here &= ~taken_yx
    if left.any():
        txn.put(
            replace(
                part,
                runs=txn.put_runs(encode_runs(left)),
                bounds=mask_bounds(left),
                area_px=int(left.sum()),
                origin=edited(part.origin),
            )
        )
    else:
        txn.delete(MaskSlice, part.id)
    if not txn.find(MaskSlice, annotation_id=rival.id):
        txn.delete(Annotation, rival.id)
    elif edited(rival.origin) is not rival.origin:
        txn.put(replace(rival, origin=edited(rival.origin)))
