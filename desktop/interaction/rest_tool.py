"""Painting over what is none of the classes: strokes that teach a prediction and label nothing."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np

from desktop.commands.scribble import ScribbleElse
from desktop.domain.geometry import XY
from desktop.domain.runs import decode_runs, encode_runs, mask_bounds
from desktop.domain.scribble import ANYTHING_ELSE
from desktop.interaction.brush_tool import BrushTool, PaintStroke
from desktop.interaction.context import ToolContext
from desktop.interaction.event import PointerEvent
from desktop.interaction.tool import ToolInfo, ToolUpdate

_IN_HAND = "anything-else"


class RestTool(BrushTool):
    """A brush whose strokes are scribbles. Each begins empty: what stands is not in its hand."""

    info = ToolInfo(
        name="rest",
        title="Anything else",
        key="Shift+J",
        icon="rest",
        hint="Paint what is none of the classes; hold Ctrl to rub it out. It is no label.",
        cursor="brush",
        options=BrushTool.info.options,
    )

    def __init__(self) -> None:
        super().__init__()
        self._rubs_out = False

    def finish(self, context: ToolContext) -> ToolUpdate:
        stroke, self._stroke = self._stroke, None
        if stroke is None or not stroke.mask_yx.any():
            return ToolUpdate()
        return ToolUpdate(
            command=ScribbleElse(
                case_id=context.case_id,
                frame=context.frame,
                rows=context.rows,
                columns=context.columns,
                runs=encode_runs(stroke.mask_yx.view(np.bool_)),
                erases=self._rubs_out,
            )
        )

    def snapshot(self) -> dict[str, Any] | None:
        stroke = self._stroke
        if stroke is None or not stroke.mask_yx.any():
            return None
        runs = zlib.compress(encode_runs(stroke.mask_yx.view(np.bool_)), 1)
        return {"erases": self._rubs_out, "runs": base64.b64encode(runs).decode()}

    def restore(self, state: dict[str, Any], context: ToolContext) -> ToolUpdate:
        runs = zlib.decompress(base64.b64decode(state["runs"]))
        mask = decode_runs(runs, context.rows, context.columns)
        self._take(context, (0.0, 0.0), bool(state["erases"]))
        assert self._stroke is not None
        self._stroke.mask_yx = mask.view(np.uint8)
        self._stroke.bounds = mask_bounds(mask)
        self._stroke.touched = self._stroke.fresh = (0, 0, context.columns, context.rows)
        return ToolUpdate(preview=self._preview(), hint="Enter keeps it, Esc drops it.")

    def _press(self, event: PointerEvent, context: ToolContext) -> ToolUpdate:
        if self._stroke is None:
            self._take(context, event.at, event.ctrl)
        assert self._stroke is not None
        self._stroke.last = event.at
        self._sweep(event, context)
        return ToolUpdate(preview=self._preview())

    def _take(self, context: ToolContext, at: XY, rubs_out: bool) -> None:
        """Begin an empty stroke; what it paints is marked, or rubbed out when it ends."""
        self._rubs_out = rubs_out
        self._stroke = PaintStroke(
            annotation_id=_IN_HAND,
            class_id=ANYTHING_ELSE,
            mask_yx=np.zeros((context.rows, context.columns), dtype=np.uint8),
            before=None,
            new=None,
            erase=False,
            last=at,
            bounds=(0, 0, 0, 0),
        )
