"""Exclusive classes: a pixel belongs to the one that was drawn last, and the others give it up.

Looked at are a reader's own regions of one case. Painted masks give way in the same step, so one
undo brings all back; shapes and locked regions can't, so what is painted over them leaves their
pixels out, and what a machine made leaves out what was painted by hand. Boxes, points and lines
say where something is and own no pixels.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from msgspec.structs import replace

from desktop.domain.annotation import Annotation, MaskSlice, Origin, edited
from desktop.domain.contracts import Transaction
from desktop.domain.geometry import Ellipse, Mask, Polygon
from desktop.domain.runs import MaskYX, decode_runs, encode_runs, mask_bounds, shape_mask
from desktop.domain.schema import Overlap, Schema
from desktop.domain.study import FrameRef

AREAS = (Polygon, Ellipse)  # shapes that own the pixels inside them


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
    """
    rivals = list(_rivals(txn, region))
    if not rivals:
        return runs
    mask = decode_runs(runs, rows, columns)
    old = txn.maybe(MaskSlice, MaskSlice.id_for(region.id, frame))
    fresh = mask if old is None else mask & ~decode_runs(txn.runs(old.runs), rows, columns)
    barred = np.zeros_like(mask)
    yielding: list[tuple[Annotation, MaskSlice]] = []
    for rival in rivals:
        if isinstance(rival.geometry, AREAS):
            if rival.target.frame == frame:
                barred |= shape_mask(rival.geometry, rows, columns)
        elif (part := _slice(txn, rival, frame)) is not None:
            by_hand = part.origin is Origin.DRAWN and origin is not Origin.DRAWN
            if rival.locked or by_hand:
                barred |= decode_runs(txn.runs(part.runs), rows, columns)
            else:
                yielding.append((rival, part))
    for rival, part in yielding:
        _give_up(txn, rival, part, fresh & ~barred)
    return encode_runs(mask & ~(fresh & barred))


def take(txn: Transaction, region: Annotation) -> None:
    """Painted rivals give up what lies under a region that has just got its shape or class."""
    for rival in _rivals(txn, region):
        if rival.locked or not isinstance(rival.geometry, Mask):
            continue
        for part in txn.find(MaskSlice, annotation_id=rival.id):
            owned = _owned(txn, region, part)
            if owned is not None:
                _give_up(txn, rival, part, owned)


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


def _owned(txn: Transaction, region: Annotation, at: MaskSlice) -> MaskYX | None:
    """The pixels that the region has on the image of a slice."""
    if isinstance(region.geometry, AREAS):
        same = region.target.frame == at.frame
        return shape_mask(region.geometry, at.rows, at.columns) if same else None
    part = _slice(txn, region, at.frame)
    return None if part is None else decode_runs(txn.runs(part.runs), part.rows, part.columns)


def _slice(txn: Transaction, region: Annotation, frame: FrameRef) -> MaskSlice | None:
    """What a painted region has on one image."""
    if not isinstance(region.geometry, Mask):
        return None
    return txn.maybe(MaskSlice, MaskSlice.id_for(region.id, frame))


def _give_up(txn: Transaction, rival: Annotation, part: MaskSlice, taken_yx: MaskYX) -> None:
    """Take pixels away from a painted slice; one without any goes, and its region with the last."""
    before = decode_runs(txn.runs(part.runs), part.rows, part.columns)
    left = before & ~taken_yx
    if np.array_equal(left, before):
        return
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
