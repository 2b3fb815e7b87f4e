"""What a case must hold before it is done: its required answers, and no pixel in two classes that
exclude each other. The window asks first and leads there; here it is held for every other way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop.commands.access import closes
from desktop.commands.overlap import AREAS
from desktop.domain.annotation import Annotation
from desktop.domain.contracts import Command
from desktop.domain.errors import UserError
from desktop.domain.runs import MaskYX, shape_mask
from desktop.domain.schema import Overlap, Schema
from desktop.domain.study import FrameRef
from desktop.workspace.schemas.open_questions import counted, defaults, open_questions

if TYPE_CHECKING:
    from desktop.workspace.view import ProjectView
    from desktop.workspace.workspace import Workspace


@dataclass(frozen=True)
class SharedPixels:
    """Two regions of exclusive classes that lie over each other on one image."""

    one: Annotation
    other: Annotation
    frame: FrameRef
    pixels: int
    sentence: str


def check_done(room: ProjectView, command: Command) -> None:
    """UserError where a command would close a case that is not finished."""
    if not closes(command):
        return
    found = open_questions(room, command.case)
    if found:
        raise UserError(
            f"{counted(found)}.", "; ".join(o.words for o in found[:5]), "Answer it, or skip."
        )
    for shared in shared_pixels(room, command.case):
        raise UserError(shared.sentence, "These classes may share no pixel.", "Erase one of them.")


def take_defaults(workspace: Workspace, case_id: str) -> None:
    """Store what is answered by default, as the window does when a case is handed in."""
    for command in list(defaults(workspace, case_id)):
        workspace.run(command)


def shared_pixels(room: ProjectView, case_id: str) -> Iterator[SharedPixels]:
    """Regions of the reader that share pixels though their classes exclude each other.

    Painted regions have given way already; two shapes, or what was drawn before the classes
    became exclusive, can't.
    """
    schema = room.schema(case_id) if case_id else None
    if schema is None or sum(c.overlap is Overlap.EXCLUSIVE for c in schema.classes) < 2:
        return
    for frame, owners in _owners(room, case_id, schema).items():
        masks: dict[str, MaskYX] = {}
        for number, one in enumerate(owners):
            for other in owners[:number]:
                if not schema.exclude_each_other(one.label.class_id, other.label.class_id):
                    continue
                for region in (one, other):
                    if region.id not in masks:
                        masks[region.id] = _pixels(room, region, frame)
                pixels = int((masks[one.id] & masks[other.id]).sum())
                if pixels:
                    yield SharedPixels(other, one, frame, pixels, _said(schema, other, one, pixels))


def _owners(room: ProjectView, case_id: str, schema: Schema) -> dict[FrameRef, list[Annotation]]:
    """The regions of exclusive classes by the image on which they own pixels."""
    known = {c.id for c in schema.classes + schema.retired_classes}
    exclusive = {
        a.id: a
        for a in room.annotations(case_id)
        if a.label.class_id in known
        and a.schema_id.rpartition("@")[0] == schema.name
        and schema.label_class(a.label.class_id).overlap is Overlap.EXCLUSIVE
    }
    found: dict[FrameRef, list[Annotation]] = defaultdict(list)
    for region in exclusive.values():
        if isinstance(region.geometry, AREAS) and region.target.frame is not None:
            found[region.target.frame].append(region)
    for part in room.mask_slices(case_id):
        if part.annotation_id in exclusive:
            found[part.frame].append(exclusive[part.annotation_id])
    return found


def _pixels(room: ProjectView, region: Annotation, frame: FrameRef) -> MaskYX:
    if region.geometry is not None and isinstance(region.geometry, AREAS):
        instance = room.instance(frame.instance_id)
        return shape_mask(region.geometry, instance.rows, instance.columns)
    slices = room.mask_slices(region.case_id, frame)
    return room.mask(next(s for s in slices if s.annotation_id == region.id))


def _said(schema: Schema, one: Annotation, other: Annotation, pixels: int) -> str:
    names = [schema.label_class(a.label.class_id).name for a in (one, other)]
    count = "1 pixel" if pixels == 1 else f"{pixels:,} pixels"
    return f"{names[0]} and {names[1]} share {count}."
