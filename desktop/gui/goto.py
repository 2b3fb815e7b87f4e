"""Going somewhere: to a case, a series, an image, a region. All of them change the view once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop.domain.annotation import Annotation
from desktop.domain.geometry import Mask
from desktop.domain.study import FrameRef
from desktop.gui.reading.reading import Reading

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace


def open_case(reading: Reading, case_id: str) -> None:
    """Show a case from its first series; "" shows none."""
    room = reading.workspace
    if room is None:
        return
    if not case_id:
        reading.replace(case_id="", series_id="", index=0, selection=())
        return
    series = room.series(case_id)
    reading.replace(
        case_id=case_id,
        series_id=series[0].id if series else "",
        index=0,
        zoom=0.0,
        center=None,
        window=None,
        selection=(),
        suggestion="",
        class_id=_class_for(reading, case_id),
    )


def open_series(reading: Reading, series_id: str, index: int = 0) -> None:
    """Show another series of the same case."""
    if series_id != reading.view.series_id:
        reading.replace(series_id=series_id, index=index, zoom=0.0, center=None, window=None)
    else:
        reading.replace(index=index)


def step_frame(reading: Reading, step: int) -> None:
    """Some images on or back, stopping at the ends."""
    go_to_index(reading, reading.view.index + step)


def go_to_index(reading: Reading, index: int) -> None:
    """The image of this 0-based index, or the nearest there is."""
    count = frame_count(reading)
    if count:
        reading.replace(index=min(count - 1, max(0, index)))


def frame_count(reading: Reading) -> int:
    """Images in the series shown."""
    room, view = reading.workspace, reading.view
    return len(room.frame_refs(view.series_id)) if room and view.series_id else 0


def current_frame(reading: Reading) -> FrameRef | None:
    """The image shown, or None."""
    room, view = reading.workspace, reading.view
    if room is None or not view.series_id:
        return None
    refs = room.frame_refs(view.series_id)
    return refs[view.index] if view.index < len(refs) else None


def go_to_region(reading: Reading, annotation: Annotation) -> None:
    """Select a region and show the image it lies on; a painted one its nearest slice."""
    room, view = reading.workspace, reading.view
    if room is None:
        return
    place = None
    if isinstance(annotation.geometry, Mask):
        place = _nearest_slice(room, reading, annotation)
    elif annotation.target.frame is not None:
        place = place_of(room, annotation.target.frame)
    changes: dict[str, object] = {"selection": (annotation.id,)}
    if place is not None and place != (view.series_id, view.index):
        changes |= {"series_id": place[0], "index": place[1]}
        if place[0] != view.series_id:
            changes |= {"zoom": 0.0, "center": None, "window": None}
    reading.replace(**changes)


def go_to_frame(reading: Reading, case_id: str, frame: FrameRef | None) -> None:
    """Show an image of a case."""
    if case_id and case_id != reading.view.case_id:
        open_case(reading, case_id)
    if frame is not None and reading.workspace is not None:
        place = place_of(reading.workspace, frame)
        if place is not None:
            open_series(reading, *place)


def place_of(room: Workspace, frame: FrameRef) -> tuple[str, int] | None:
    """(series id, 0-based index) of an image."""
    series_id = room.instance(frame.instance_id).series_id
    refs = room.frame_refs(series_id)
    return (series_id, refs.index(frame)) if frame in refs else None


def _nearest_slice(
    room: Workspace, reading: Reading, annotation: Annotation
) -> tuple[str, int] | None:
    """Where a painted region lies nearest to the image shown."""
    parts = [s for s in room.mask_slices(annotation.case_id) if s.annotation_id == annotation.id]
    places = [place for part in parts if (place := place_of(room, part.frame)) is not None]
    same = [p for p in places if p[0] == reading.view.series_id]
    return min(same or places, key=lambda p: abs(p[1] - reading.view.index), default=None)


def _class_for(reading: Reading, case_id: str) -> int:
    """Keep the class in hand where the case's schema has it, else its first one."""
    room = reading.workspace
    schema = room.schema(case_id) if room else None
    ids = [c.id for c in schema.classes] if schema else []
    if reading.view.class_id in ids:
        return reading.view.class_id
    return ids[0] if ids else 0


def pick_class(reading: Reading, class_id: int) -> None:
    """Draw with this class; the brush for anything else becomes the one for classes."""
    tool = reading.view.tool
    reading.replace(class_id=class_id, tool="brush" if tool == "rest" else tool)
