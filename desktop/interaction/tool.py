"""What every canvas tool is, and the register of all tools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from desktop.domain.contracts import Command
from desktop.domain.geometry import XY, Geometry
from desktop.interaction.context import ToolContext
from desktop.interaction.event import GestureEvent
from desktop.interaction.prompting import Prompted, PromptProblem

Rect = tuple[int, int, int, int]  # x0, y0, x1, y1 in image pixels, exclusive end


@dataclass(frozen=True)
class ShapePreview:
    """A shape in hand. ``replaces`` names the region it stands for while it is dragged.

    ``closed`` False draws the outline open; ``loose`` is the line from the last point to the
    pointer; ``vertices`` shows the points as dots.
    """

    geometry: Geometry
    class_id: int = 0
    replaces: str = ""
    closed: bool = True
    vertices: bool = False
    loose: tuple[XY, ...] = ()
    label: str = ""


@dataclass(frozen=True)
class MaskPreview:
    """Pixels in hand, (rows, columns) uint8 0 or 1, shared with the tool and changed by it.

    ``touched`` is what changed since the preview before; ``bounds`` surrounds all pixels set.
    """

    annotation_id: str
    class_id: int
    mask_yx: npt.NDArray[np.uint8]
    touched: Rect
    bounds: Rect


Preview = ShapePreview | MaskPreview


@dataclass(frozen=True)
class ToolUpdate:
    """What an event led to.

    ``preview`` is everything in hand now (empty: nothing); ``command`` is to be run;
    ``selection`` None leaves the selection; ``view`` are fields of the view state to change;
    ``cursor`` names the pointer's shape where the tool wants another one than its own.
    """

    preview: tuple[Preview, ...] = ()
    command: Command | None = None
    selection: tuple[str, ...] | None = None
    hint: str | None = None
    view: Mapping[str, Any] = field(default_factory=dict)
    cursor: str = ""


@dataclass(frozen=True)
class Option:
    """One adjustable thing of a tool, shown in the options strip; a field of the view state."""

    name: str
    title: str
    minimum: float
    maximum: float
    step: float
    unit_field: str = ""


@dataclass(frozen=True)
class ToolInfo:
    """How a tool is shown: name, title, key, icon, the hint when it is picked, options."""

    name: str
    title: str
    key: str
    icon: str
    hint: str
    cursor: str = "cross"
    options: tuple[Option, ...] = ()
    draws: bool = True


class Tool:
    """One gesture at a time. ``handle`` never writes: what to change goes out as a command.

    A subclass sets ``info`` and is registered: built-in ones in ``tools.py``, a plugin's own with
    ``@register``.
    """

    info: ClassVar[ToolInfo]

    @property
    def busy(self) -> bool:
        """Whether a gesture is in hand that would be lost."""
        return False

    def handle(self, event: GestureEvent, context: ToolContext) -> ToolUpdate:
        raise NotImplementedError  # pragma: no cover - each tool has its own

    def answered(self, answer: Prompted | PromptProblem, context: ToolContext) -> ToolUpdate:
        """What a model said to the tool that asked; others never ask."""
        return ToolUpdate()

    def finish(self, context: ToolContext) -> ToolUpdate:
        """Bring the gesture in hand to its end where that makes sense, else drop it."""
        return self.cancel()

    def cancel(self) -> ToolUpdate:
        """Drop the gesture in hand; nothing changes."""
        return ToolUpdate()

    def snapshot(self) -> dict[str, Any] | None:
        """The gesture in hand as plain JSON values for the crash journal, None if there is none."""
        return None

    def restore(self, state: dict[str, Any], context: ToolContext) -> ToolUpdate:
        """Take up a gesture again from its snapshot."""
        return ToolUpdate()


_tools: dict[str, type[Tool]] = {}


def register(tool: type[Tool]) -> type[Tool]:
    """Make a tool known by ``info.name``; also a class decorator."""
    name = tool.info.name
    if name in _tools and _tools[name] is not tool:
        raise ValueError(f"two tools are named {name}")
    _tools[name] = tool
    return tool


def registered() -> tuple[ToolInfo, ...]:
    """All tools in the order they were registered."""
    return tuple(tool.info for tool in _tools.values())


def make_tools() -> dict[str, Tool]:
    """A fresh object of every registered tool, by name."""
    return {name: tool() for name, tool in _tools.items()}
