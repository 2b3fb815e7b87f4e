"""What the canvas knows about the series on screen: its frames and what is drawn on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop.domain.annotation import Annotation, MaskSlice
from desktop.domain.calibration import Calibrations, calibrations
from desktop.domain.event import Event
from desktop.domain.geometry import Mask
from desktop.domain.record import from_plain
from desktop.domain.schema import LabelClass, Schema
from desktop.domain.study import Case, FrameRef, Instance, Series
from desktop.imaging.frame import Frame
from desktop.imaging.overlay import Overlay, Paint, Rect, union
from desktop.interaction.context import PaintedSlice

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

RGB = tuple[int, int, int]

_GREY: RGB = (200, 200, 200)


@dataclass(frozen=True)
class Affected:
    """What an event changed for the canvas: region ids, and whether series or schema changed."""

    regions: frozenset[str]
    sheet: bool


class Sheet:
    """One series of one case, held in memory while it is on screen.

    Read once when the series opens; afterwards only records named in committed events change.
    """

    def __init__(self, workspace: Workspace, case_id: str, series_id: str) -> None:
        self.workspace = workspace
        self.case: Case = workspace.case(case_id)
        self.series: Series = next(s for s in workspace.series(case_id) if s.id == series_id)
        self.refs: list[FrameRef] = workspace.frame_refs(series_id)
        self._places = {ref: i for i, ref in enumerate(self.refs)}
        self.schema: Schema | None = workspace.schema(case_id)
        self.classes: dict[int, LabelClass] = {
            c.id: c for c in (self.schema.classes if self.schema else ())
        }
        self.ruler = workspace.calibration(series_id)
        self.caption = workspace.caption(series_id, "description")
        self._regions = {a.id: a for a in workspace.annotations(case_id)}
        self._slices = {s.id: s for s in workspace.mask_slices(case_id)}
        self._before: dict[FrameRef, tuple[Annotation, ...]] = {}
        self._on_frame: dict[FrameRef, tuple[Annotation, ...]] | None = None
        self._painted_on: dict[FrameRef, list[MaskSlice]] | None = None
        self._masks: tuple[Annotation, ...] | None = None

    def apply(self, event: Event) -> Affected:
        """Take over the records of an event; returns what has to be drawn again."""
        regions = set()
        sheet = False
        self._before = self._on_frame or self._before
        self._on_frame = self._painted_on = self._masks = None
        for change in event.changes:
            if change.kind == Annotation.kind:
                if change.after is None:
                    self._regions.pop(change.id, None)
                else:
                    region = from_plain(change.after, Annotation)
                    if region.case_id != self.case.id or not self._is_shown(region):
                        continue
                    self._regions[change.id] = region
                regions.add(change.id)
            elif change.kind == MaskSlice.kind:
                old = self._slices.pop(change.id, None)
                part = None if change.after is None else from_plain(change.after, MaskSlice)
                if part is not None and part.case_id == self.case.id:
                    self._slices[change.id] = part
                found = part or old
                if found is not None:
                    regions.add(found.annotation_id)
            elif change.kind in ("case", "series", "instance", "calibration", "schema"):
                sheet = True
        return Affected(frozenset(regions), sheet)

    def _is_shown(self, region: Annotation) -> bool:
        return region.reader_id == self.workspace.reader.id

    def instance(self, ref: FrameRef) -> Instance:
        return self.workspace.instance(ref.instance_id)

    def place(self, ref: FrameRef) -> int:
        """The 0-based position of a frame in the series, -1 where it isn't part of it."""
        return self._places.get(ref, -1)

    def calibrations(self, ref: FrameRef) -> Calibrations:
        return calibrations(self.instance(ref), self.ruler)

    def aspect(self, ref: FrameRef) -> float:
        """Height of a pixel divided by its width; 1 where nothing is known."""
        spacing = self.instance(ref).spacing_mm
        if spacing is None or min(spacing) <= 0:
            return 1.0
        ratio = spacing[0] / spacing[1]
        return ratio if abs(ratio - 1) > 1e-3 else 1.0

    def regions_on(self, ref: FrameRef) -> tuple[Annotation, ...]:
        """Regions with a shape on this frame, the oldest first."""
        if self._on_frame is None:
            found: dict[FrameRef, list[Annotation]] = {}
            for region in self._in_order():
                frame = region.target.frame
                shaped = region.geometry is not None and not isinstance(region.geometry, Mask)
                if frame is not None and shaped:
                    found.setdefault(frame, []).append(region)
            self._on_frame = {f: self._kept(f, tuple(r)) for f, r in found.items()}
        return self._on_frame.get(ref, ())

    def _kept(self, ref: FrameRef, regions: tuple[Annotation, ...]) -> tuple[Annotation, ...]:
        """The very same tuple as before where nothing changed, so that drawings are kept, too."""
        before = self._before.get(ref)
        return before if before == regions else regions

    def painted_on(self, ref: FrameRef) -> tuple[PaintedSlice, ...]:
        """Painted slices of this frame with their pixels, the oldest region first."""
        if self._painted_on is None:
            order = {a.id: n for n, a in enumerate(self._in_order())}
            self._painted_on = {}
            for part in self._slices.values():
                if part.annotation_id in order:
                    self._painted_on.setdefault(part.frame, []).append(part)
            for parts in self._painted_on.values():
                parts.sort(key=lambda s: order[s.annotation_id])
        parts = self._painted_on.get(ref, [])
        return tuple(PaintedSlice(s, self.workspace.mask(s)) for s in parts)

    def masks(self) -> tuple[Annotation, ...]:
        """Painted regions of the series, the oldest first."""
        if self._masks is None:
            self._masks = tuple(
                a
                for a in self._in_order()
                if isinstance(a.geometry, Mask) and a.target.series_id == self.series.id
            )
        return self._masks

    def _in_order(self) -> list[Annotation]:
        return sorted(self._regions.values(), key=lambda a: (a.created_utc, a.id))

    def region(self, annotation_id: str) -> Annotation | None:
        return self._regions.get(annotation_id)

    def color(self, class_id: int) -> RGB:
        """The colour of a class as red, green, blue."""
        item = self.classes.get(class_id)
        if item is None:
            return _GREY
        return (int(item.color[1:3], 16), int(item.color[3:5], 16), int(item.color[5:7], 16))

    def class_place(self, class_id: int) -> int:
        """The position of a class in the schema; it picks the outline's style."""
        return list(self.classes).index(class_id) if class_id in self.classes else 0

    def words_shift(self, annotation: Annotation) -> tuple[float, float]:
        """Logical pixels by which a region's words stand to the right and lower."""
        return (0.0, 0.0)

    def words(self, annotation: Annotation) -> str:
        """Key and name of the region's class, e.g. "1 Nodule"."""
        item = self.classes.get(annotation.label.class_id)
        if item is None:
            return f"class {annotation.label.class_id}"
        return f"{item.key} {item.name}".strip()


def paints(
    sheet: Sheet, painted: tuple[PaintedSlice, ...], selection: tuple[str, ...]
) -> list[Paint]:
    """Painted slices as the compositor wants them; a selected one has a white rim."""
    found = []
    for item in painted:
        region = sheet.region(item.slice.annotation_id)
        if region is not None:
            color = sheet.color(region.label.class_id)
            rim = (255, 255, 255) if region.id in selection else color
            found.append(Paint(region.id, item.mask_yx, item.slice.bounds, color, rim))
    return found


def fill_overlay(
    overlay: Overlay | None, frame: Frame, wanted: list[Paint], outlines_only: bool
) -> tuple[Overlay, Rect]:
    """An overlay of the frame with exactly these regions, and the image pixels that changed.

    Regions that are in it already are left alone, so that a stroke that becomes a committed
    region costs nothing.
    """
    size = (frame.rows, frame.columns)
    if overlay is None or (overlay.rows, overlay.columns) != size:
        overlay = Overlay(*size)
    old = {p.key: p for p in overlay.paints}
    changed = [p for p in wanted if not _same(old.pop(p.key, None), p)]
    moved = [p.key for p in wanted] != [p.key for p in overlay.paints]
    if not changed and not moved and overlay.outlines_only == outlines_only:
        return overlay, (0, 0, 0, 0)
    before = overlay.bounds
    overlay.set(wanted, outlines_only)
    return overlay, union(before, overlay.bounds)


def _same(a: Paint | None, b: Paint) -> bool:
    return (
        a is not None
        and a.mask_yx is b.mask_yx
        and a.color == b.color
        and a.rim == b.rim
        and a.bounds == b.bounds
    )
