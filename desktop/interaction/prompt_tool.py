"""Click or box, and a model outlines it: nothing is kept before Enter."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from msgspec.structs import replace

from desktop.commands.annotation import PaintedFrame, PaintMask
from desktop.domain.annotation import Origin, Provenance
from desktop.domain.geometry import XY, Box, Mask, Point
from desktop.domain.runs import encode_runs, mask_bounds
from desktop.interaction.context import ToolContext
from desktop.interaction.event import Button, GestureEvent, KeyEvent, Kind, PointerEvent
from desktop.interaction.prompting import (
    BOTTOM_RIGHT,
    INSIDE,
    OUTSIDE,
    TOP_LEFT,
    Prompted,
    PromptProblem,
    Prompts,
)
from desktop.interaction.tool import MaskPreview, Preview, Rect, ShapePreview, Tool, ToolInfo
from desktop.interaction.tool import ToolUpdate as Update

_BOX_PX = 4.0  # screen pixels; less is a click
_NOTHING: Rect = (0, 0, 0, 0)
_KEYS = "Ctrl+click: outside. Enter keeps the outline, Backspace takes the last prompt back."


class PromptTool(Tool):
    """Prompts pile up until Enter; each one sends all of them, with the mask before."""

    info = ToolInfo(
        name="prompt",
        title="Prompt",
        key="A",
        icon="prompt",
        hint="Click inside, Ctrl+click outside, or drag a box; a model outlines it.",
    )

    def __init__(self) -> None:
        self._prompts: list[tuple[XY, int]] = []
        self._drag: tuple[XY, XY] | None = None
        self._found: Prompted | None = None
        self._region_id = ""
        self._ticket = 0
        self._bounds: Rect = _NOTHING
        self._fresh: Rect = _NOTHING

    @property
    def busy(self) -> bool:
        return bool(self._prompts) or self._drag is not None

    def handle(self, event: GestureEvent, context: ToolContext) -> Update:
        if isinstance(event, KeyEvent):
            return self._key(event, context)
        at = context.clamped(event.at)
        match event.kind:
            case Kind.PRESS | Kind.DOUBLE if event.button is Button.LEFT:
                why_not = self._why_not(context)
                if why_not:
                    return Update(preview=self._preview(context), hint=why_not)
                self._drag = (at, at)
            case Kind.MOVE if self._drag is not None:
                self._drag = (self._drag[0], at)
            case Kind.RELEASE if self._drag is not None:
                return self._released(event, at, context)
        return Update(preview=self._preview(context))

    def answered(self, answer: Prompted | PromptProblem, context: ToolContext) -> Update:
        """Take an outline, unless the prompts have changed since."""
        if answer.ticket != self._ticket or not self._prompts:
            return Update(preview=self._preview(context))
        if isinstance(answer, PromptProblem):
            if self._found is None:
                self._drop()
            return Update(preview=self._preview(context), hint=answer.words)
        if answer.mask_yx.shape != (context.rows, context.columns):
            return Update(preview=self._preview(context), hint="The outline has another size.")
        bounds = mask_bounds(answer.mask_yx.view(np.bool_))
        self._fresh = _union(self._bounds, bounds)
        self._found, self._bounds = answer, bounds
        words = f"{answer.model}: {answer.score:.2f}. {_KEYS}"
        if bounds == _NOTHING:
            words = f"{answer.model} found nothing here. {_KEYS}"
        return Update(preview=self._preview(context), hint=words)

    def finish(self, context: ToolContext) -> Update:
        """Going elsewhere drops the outline: only Enter keeps it."""
        was_busy = self.busy
        self._drop()
        return Update(hint="The outline was dropped; Enter would have kept it." if was_busy else "")

    def cancel(self) -> Update:
        self._drop()
        return Update()

    def snapshot(self) -> dict[str, Any] | None:
        if not self._prompts:
            return None
        return {"prompts": [[x, y, label] for (x, y), label in self._prompts]}

    def restore(self, state: dict[str, Any], context: ToolContext) -> Update:
        self._prompts = [(context.clamped((x, y)), int(n)) for x, y, n in state["prompts"]]
        return self._ask(context)

    # ------------------------------------------------------------------------------------------

    def _why_not(self, context: ToolContext) -> str:
        if context.prompter is None:
            return "No model can be asked here."
        return context.why_not("brush") or context.prompter.why_not(context.case_id)

    def _released(self, event: PointerEvent, at: XY, context: ToolContext) -> Update:
        assert self._drag is not None
        start, self._drag = self._drag[0], None
        if math.dist(start, at) >= context.screen_px(_BOX_PX):
            box = Box.between(start, at)
            others = [p for p in self._prompts if p[1] not in (TOP_LEFT, BOTTOM_RIGHT)]
            corners = [((box.x0, box.y0), TOP_LEFT), ((box.x1, box.y1), BOTTOM_RIGHT)]
            self._prompts = corners + others
        else:
            self._prompts.append((at, OUTSIDE if event.ctrl else INSIDE))
        return self._ask(context)

    def _key(self, event: KeyEvent, context: ToolContext) -> Update:
        match event.key:
            case "Escape":
                self._drop()
                return Update()
            case "Enter" if self.busy:
                return self._keep(context)
            case "Backspace" if self._prompts:
                _at, label = self._prompts.pop()
                if label == BOTTOM_RIGHT:
                    self._prompts.pop()
                if self._prompts:
                    self._found = None  # what it gave is no longer the mask before
                    return self._ask(context)
                self._drop()
                return Update()
        return Update(preview=self._preview(context))

    def _ask(self, context: ToolContext) -> Update:
        if context.prompter is None or context.prompted is None:
            self._drop()
            return Update(hint="No model can be asked here.")
        self._ticket += 1
        self._region_id = self._region_id or context.new_id()
        prompts = Prompts(
            ticket=self._ticket,
            case_id=context.case_id,
            frame=context.frame,
            window=context.window,
            points_xy=tuple(at for at, _label in self._prompts),
            labels=tuple(label for _at, label in self._prompts),
            before=self._found.low_res if self._found is not None else None,
        )
        context.prompter.ask(prompts, context.prompted)
        return Update(preview=self._preview(context), hint="Asking the model …")

    def _keep(self, context: ToolContext) -> Update:
        found = self._found
        if found is None or self._bounds == _NOTHING:
            words = "The model has not answered yet." if found is None else "Nothing is outlined."
            return Update(preview=self._preview(context), hint=words)
        region = replace(
            context.new_annotation(Mask(), "prompt"),
            id=self._region_id,
            origin=Origin.MODEL,
            provenance=Provenance(
                tool=found.model,
                app_version=context.provenance.app_version,
                detail=found.detail,
            ),
        )
        painted = PaintedFrame(
            frame=context.frame,
            rows=context.rows,
            columns=context.columns,
            runs=encode_runs(found.mask_yx.view(np.bool_)),
            pixels_sha256=context.pixels_sha256,
            origin=Origin.MODEL,
        )
        item = context.label_class
        command = PaintMask(
            case_id=context.case_id,
            annotation_id=region.id,
            frames=(painted,),
            new=region,
            what=f"Prompt, {item.name if item else ''}",
        )
        self._drop()
        return Update(command=command, selection=(region.id,))

    def _drop(self) -> None:
        self._prompts, self._drag, self._found = [], None, None
        self._region_id, self._bounds, self._fresh = "", _NOTHING, _NOTHING
        self._ticket += 1

    def _preview(self, context: ToolContext) -> tuple[Preview, ...]:
        shown: list[Preview] = []
        if self._found is not None:
            fresh, self._fresh = self._fresh, _NOTHING
            mask = self._found.mask_yx
            shown.append(MaskPreview(self._region_id, context.class_id, mask, fresh, self._bounds))
        corners = [at for at, label in self._prompts if label in (TOP_LEFT, BOTTOM_RIGHT)]
        if len(corners) == 2:
            shown.append(ShapePreview(Box.between(*corners), class_id=context.class_id))
        for (x, y), label in self._prompts:
            if label in (INSIDE, OUTSIDE):
                sign = "inside" if label == INSIDE else "outside"
                shown.append(ShapePreview(Point(x=x, y=y), context.class_id, label=sign))
        if self._drag is not None and math.dist(*self._drag) >= context.screen_px(_BOX_PX):
            shown.append(ShapePreview(Box.between(*self._drag), class_id=context.class_id))
        return tuple(shown)


def _union(a: Rect, b: Rect) -> Rect:
    if a == _NOTHING or b == _NOTHING:
        return b if a == _NOTHING else a
    return (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
