"""What the prompt tool asks of whoever runs models, and what comes back. The seam between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from desktop.domain.geometry import XY
from desktop.domain.study import FrameRef, Window

INSIDE, OUTSIDE, TOP_LEFT, BOTTOM_RIGHT = 1, 0, 2, 3


@dataclass(frozen=True)
class Prompts:
    """All prompts so far. ``labels``: 1 inside, 0 outside, 2 and 3 the corners of a box.

    ``before`` is the ``low_res`` of the last answer. ``ticket`` tells answers apart.
    """

    ticket: int
    case_id: str
    frame: FrameRef
    window: Window | None
    points_xy: tuple[XY, ...]
    labels: tuple[int, ...]
    before: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Prompted:
    """An outline: (rows, columns) uint8 0 or 1, the model's own score, and its provenance."""

    ticket: int
    mask_yx: npt.NDArray[np.uint8]
    score: float
    low_res: npt.NDArray[np.float32]
    model: str = ""
    detail: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PromptProblem:
    """Why there is no outline, in a sentence."""

    ticket: int
    words: str


class Prompter(Protocol):
    """Whoever runs a prompted model. Nothing waits: the answer comes later."""

    def why_not(self, case_id: str) -> str:
        """Why no outline can be asked for; "" where it can."""

    def ask(self, prompts: Prompts, answer: Callable[[Prompted | PromptProblem], None]) -> None:
        """Ask; ``answer`` is called once."""
