"""A hand for tests: gestures as short text, and a made-up frame to draw on."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from desktop.domain.annotation import Annotation, Label, MaskSlice, Target
from desktop.domain.calibration import Calibrations, Scale
from desktop.domain.geometry import XY, Geometry, Mask
from desktop.domain.runs import encode_runs, mask_bounds, runs_digest
from desktop.domain.schema import LabelClass, Schema, Scope
from desktop.domain.study import CalibrationSource, FrameRef
from desktop.interaction.context import PaintedSlice, ToolContext
from desktop.interaction.event import Button, KeyEvent, Kind, PointerEvent
from desktop.interaction.tool import Tool, ToolUpdate

ROWS, COLUMNS = 100, 120
FRAME = FrameRef(instance_id="image", frame_index=0)
SCHEMA = Schema(
    id="s@1",
    name="s",
    version=1,
    title="S",
    classes=(
        LabelClass(id=1, name="Nodule", color="#E69F00", key="1"),
        LabelClass(id=2, name="Lung", color="#56B4E9", key="2", tools=("brush", "polygon")),
    ),
)
PATIENT = Calibrations(whole=Scale(0.5, 0.25, CalibrationSource.PATIENT))


def region(
    geometry: Geometry,
    name: str = "a",
    reader: str = "me",
    locked: bool = False,
    class_id: int = 1,
) -> Annotation:
    return Annotation(
        id=name,
        case_id="case",
        reader_id=reader,
        schema_id=SCHEMA.id,
        target=Target(
            scope=Scope.REGION,
            series_id="series",
            frame=None if isinstance(geometry, Mask) else FRAME,
        ),
        label=Label(class_id=class_id),
        geometry=geometry,
        locked=locked,
    )


def painted(name: str, mask_yx: np.ndarray) -> PaintedSlice:
    part = MaskSlice(
        id=f"slice-{name}",
        annotation_id=name,
        case_id="case",
        frame=FRAME,
        rows=ROWS,
        columns=COLUMNS,
        runs=runs_digest(encode_runs(mask_yx)),
        bounds=mask_bounds(mask_yx),
        area_px=int(mask_yx.sum()),
    )
    return PaintedSlice(part, mask_yx)


def disk(x: float, y: float, radius: float) -> np.ndarray:
    ys, xs = np.mgrid[:ROWS, :COLUMNS] + 0.5
    return np.asarray(np.hypot(xs - x, ys - y) <= radius)


def context(*regions: Annotation, **more: Any) -> ToolContext:
    numbers = itertools.count(1)
    shapes = tuple(r for r in regions if not isinstance(r.geometry, Mask))
    masks = tuple(r for r in regions if isinstance(r.geometry, Mask))
    made = ToolContext(
        case_id="case",
        series_id="series",
        reader_id="me",
        frame=FRAME,
        rows=ROWS,
        columns=COLUMNS,
        schema=SCHEMA,
        class_id=1,
        zoom=1.0,
        new_id=lambda: f"new{next(numbers)}",
        annotations=shapes,
        series_masks=masks,
        pixels_sha256="pixels",
    )
    return replace(made, **more)


class Hand:
    """Plays a tool and follows its selection, as the canvas does. Commands are collected."""

    def __init__(self, tool: Tool, given: ToolContext) -> None:
        self.tool = tool
        self.context = given
        self.commands: list[Any] = []
        self.hints: list[str] = []
        self.last = ToolUpdate()

    def take(self, update: ToolUpdate) -> ToolUpdate:
        self.last = update
        if update.command is not None:
            self.commands.append(update.command)
        if update.selection is not None:
            self.context = replace(self.context, selection=update.selection)
        if update.hint:
            self.hints.append(update.hint)
        return update

    def point(self, kind: Kind, at: XY, **more: Any) -> ToolUpdate:
        pressed = kind not in (Kind.HOVER,)
        button = Button.LEFT if pressed else Button.NONE
        event = PointerEvent(kind=kind, x=at[0], y=at[1], button=button, **more)
        return self.take(self.tool.handle(event, self.context))

    def key(self, name: str, **more: Any) -> ToolUpdate:
        return self.take(self.tool.handle(KeyEvent(key=name, **more), self.context))

    def click(self, at: XY, **more: Any) -> ToolUpdate:
        self.point(Kind.PRESS, at, **more)
        return self.point(Kind.RELEASE, at, **more)

    def drag(self, path: Sequence[XY], **more: Any) -> ToolUpdate:
        self.point(Kind.PRESS, path[0], **more)
        for at in path[1:]:
            self.point(Kind.MOVE, at, **more)
        return self.point(Kind.RELEASE, path[-1], **more)
