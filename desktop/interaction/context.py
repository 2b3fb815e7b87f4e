"""What a tool may know at the moment of an event: one frozen value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from desktop.domain.annotation import Annotation, Label, MaskSlice, Provenance, Target
from desktop.domain.calibration import Calibrations, Scale
from desktop.domain.geometry import XY, Geometry, Mask
from desktop.domain.schema import LabelClass, Schema, Scope
from desktop.domain.study import FrameRef, Window
from desktop.interaction.prompting import Prompted, Prompter, PromptProblem


@dataclass(frozen=True)
class PaintedSlice:
    """A mask slice of the frame with its pixels, (rows, columns) bool, read-only."""

    slice: MaskSlice
    mask_yx: npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class ToolContext:
    """The frame under the hand, what is drawn on it, and what a new region needs.

    ``annotations`` are those with a shape on this frame, the topmost last; ``painted`` the mask
    slices of this frame; ``series_masks`` the painted regions of the whole series, the latest
    last. ``window`` is what the image is shown in; ``prompter`` runs a prompted model and gives
    its answers to ``prompted``. ``zoom`` is screen pixels (not device pixels) per image pixel.
    """

    case_id: str
    series_id: str
    reader_id: str
    frame: FrameRef
    rows: int
    columns: int
    schema: Schema | None
    class_id: int
    zoom: float
    new_id: Callable[[], str]
    annotations: tuple[Annotation, ...] = ()
    painted: tuple[PaintedSlice, ...] = ()
    series_masks: tuple[Annotation, ...] = ()
    calibrations: Calibrations = field(default_factory=Calibrations)
    selection: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    pixels_sha256: str = ""
    provenance: Provenance = field(default_factory=Provenance)
    window: Window | None = None
    prompter: Prompter | None = None
    prompted: Callable[[Prompted | PromptProblem], None] | None = None

    @property
    def scale(self) -> Scale | None:
        """Millimetres per pixel on the whole frame, if known."""
        return self.calibrations.everywhere

    @property
    def label_class(self) -> LabelClass | None:
        """The active class, None where the schema has no such class."""
        return self.class_named(self.class_id)

    def class_named(self, class_id: int) -> LabelClass | None:
        for item in self.schema.classes if self.schema else ():
            if item.id == class_id:
                return item
        return None

    def find(self, annotation_id: str) -> Annotation | None:
        """A region of this frame or a painted one of this series."""
        for item in (*self.annotations, *self.series_masks):
            if item.id == annotation_id:
                return item
        return None

    def may_change(self, annotation: Annotation) -> bool:
        """Own and not locked: the only regions a tool ever changes."""
        return annotation.reader_id == self.reader_id and not annotation.locked

    def clamped(self, at: XY) -> XY:
        """The nearest point on the image."""
        return (min(max(at[0], 0.0), float(self.columns)), min(max(at[1], 0.0), float(self.rows)))

    def screen_px(self, pixels: float) -> float:
        """A distance on the screen, in image pixels."""
        return pixels / self.zoom

    def new_annotation(self, geometry: Geometry, tool: str) -> Annotation:
        """A region of the active class on this frame; the reader is filled in by the command."""
        assert self.schema is not None
        painted = isinstance(geometry, Mask)
        return Annotation(
            id=self.new_id(),
            case_id=self.case_id,
            reader_id=self.reader_id,
            schema_id=self.schema.id,
            target=Target(
                scope=Scope.REGION,
                series_id=self.series_id,
                frame=None if painted else self.frame,
            ),
            label=Label(class_id=self.class_id),
            geometry=geometry,
            provenance=Provenance(
                tool=tool,
                app_version=self.provenance.app_version,
                detail=self.provenance.detail,
            ),
            pixels_sha256="" if painted else self.pixels_sha256,
        )

    def why_not(self, tool: str) -> str:
        """A sentence about why this tool can't draw the active class; "" where it can."""
        if self.schema is None:
            return "Choose a schema for this case first."
        item = self.label_class
        if item is None:
            return "Choose a class first."
        if item.tools and tool not in item.tools:
            return f"{item.name} is drawn with: {', '.join(item.tools)}."
        return ""
