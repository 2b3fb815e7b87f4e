"""The regions of the open case, read once and then kept current from the events.

A stroke on one image of a thousand must not read a thousand rows again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop.domain.annotation import Annotation, MaskSlice
from desktop.domain.event import Change, Event
from desktop.domain.record import from_plain
from desktop.domain.study import FrameRef

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace


class RegionBook:
    """This reader's regions and painted slices of one case."""

    def __init__(self) -> None:
        self._regions: dict[str, Annotation] = {}
        self._parts: dict[str, dict[str, MaskSlice]] = {}
        self._case_id = ""
        self._reader_id = ""

    def open(self, room: Workspace | None, case_id: str) -> None:
        """Read a case; "" or no project empties the book."""
        self._regions, self._parts = {}, {}
        self._case_id = case_id if room is not None else ""
        if room is None or not case_id:
            return
        self._reader_id = room.reader.id
        self._regions = {a.id: a for a in room.annotations(case_id)}
        for part in room.mask_slices(case_id):
            self._parts.setdefault(part.annotation_id, {})[part.id] = part

    def take(self, event: Event) -> set[str]:
        """Follow an event; the ids of the regions that it touched."""
        if event.case_id != self._case_id or not self._case_id:
            return set()
        return {found for change in event.changes if (found := self._follow(change))}

    def regions(self, frame: FrameRef | None = None) -> list[Annotation]:
        """Oldest first; with ``frame`` only those that lie on it."""
        found = sorted(self._regions.values(), key=lambda a: (a.created_utc, a.id))
        if frame is None:
            return found
        return [
            a
            for a in found
            if a.target.frame == frame
            or any(p.frame == frame for p in self._parts.get(a.id, {}).values())
        ]

    def parts(self, annotation_id: str) -> list[MaskSlice]:
        """The painted slices of one region."""
        return list(self._parts.get(annotation_id, {}).values())

    def __len__(self) -> int:
        return len(self._regions)

    def _follow(self, change: Change) -> str:
        if change.kind == Annotation.kind:
            if change.after is None:
                self._regions.pop(change.id, None)
            elif change.after["reader_id"] == self._reader_id:
                self._regions[change.id] = from_plain(change.after, Annotation)
            return change.id
        if change.kind == MaskSlice.kind:
            plain = change.after or change.before or {}
            slices = self._parts.setdefault(plain["annotation_id"], {})
            if change.after is None:
                slices.pop(change.id, None)
            else:
                slices[change.id] = from_plain(change.after, MaskSlice)
            return str(plain["annotation_id"])
        return ""
