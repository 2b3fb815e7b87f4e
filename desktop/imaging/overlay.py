"""Painted regions of one frame as one plane of slots, ready to be blended in one step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

PlaneYX = npt.NDArray[np.uint8]
Rect = tuple[int, int, int, int]  # x0, y0, x1, y1 with an exclusive end

MAX_SLOTS = 127  # 128.. marks the rim of a slot
RIM = 128
FILL = 0.38  # share of the colour inside a painted region


@dataclass(frozen=True)
class Paint:
    """One painted region: its pixels, (rows, columns) bool or uint8, and how it looks."""

    key: str
    mask_yx: npt.NDArray[np.bool_] | PlaneYX
    bounds: Rect
    color: tuple[int, int, int]
    rim: tuple[int, int, int]


@dataclass
class Overlay:
    """The painted regions of one frame, later ones on top.

    ``slots_yx``: (rows, columns) uint8; 0 is bare image, n the n-th region. ``bounds`` surrounds
    everything painted. ``version`` grows with every change, so that a compositor sees it.
    """

    rows: int
    columns: int
    outlines_only: bool = False
    paints: list[Paint] = field(default_factory=list)
    slots_yx: PlaneYX = field(init=False)
    bounds: Rect = (0, 0, 0, 0)
    version: int = 0

    def __post_init__(self) -> None:
        self.slots_yx = np.zeros((self.rows, self.columns), dtype=np.uint8)

    def set(self, paints: Sequence[Paint], outlines_only: bool) -> None:
        """Replace all regions."""
        before = self.bounds
        self.paints = list(paints)
        self.outlines_only = outlines_only
        self.bounds = union(*(p.bounds for p in self.paints))
        self._draw(union(before, self.bounds))

    def replace(self, paint: Paint, touched: Rect) -> None:
        """Replace or add one region of which only ``touched`` differs."""
        for number, old in enumerate(self.paints):
            if old.key == paint.key:
                self.paints[number] = paint
                break
        else:
            self.paints.append(paint)
        self.bounds = union(self.bounds, paint.bounds, touched)
        self._draw(touched if len(self.paints) <= MAX_SLOTS else self.bounds)

    def palette(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """Fill and rim colours, both (128, 3) uint8 RGB by slot."""
        fill = np.zeros((RIM, 3), dtype=np.uint8)
        rim = np.zeros((RIM, 3), dtype=np.uint8)
        for slot, paint in zip(self._slots(), self.paints, strict=True):
            fill[slot] = paint.color
            rim[slot] = paint.rim
        return fill, rim

    def _draw(self, touched: Rect) -> None:
        x0, y0, x1, y1 = clip(touched, self.columns, self.rows)
        part = self.slots_yx[y0:y1, x0:x1]
        part[:] = 0
        for slot, paint in zip(self._slots(), self.paints, strict=True):
            overlap = intersect(paint.bounds, (x0, y0, x1, y1))
            if is_empty(overlap):
                continue
            ax, ay, bx, by = overlap
            mask = paint.mask_yx[ay:by, ax:bx]
            np.copyto(self.slots_yx[ay:by, ax:bx], slot, where=mask.view(np.bool_))
        self.version += 1

    def _slots(self) -> list[int]:
        """One slot per region; where there are too many, one per look."""
        if len(self.paints) <= MAX_SLOTS:
            return list(range(1, len(self.paints) + 1))
        looks: dict[tuple[tuple[int, int, int], tuple[int, int, int]], int] = {}
        for paint in self.paints:
            looks.setdefault((paint.color, paint.rim), min(MAX_SLOTS, len(looks) + 1))
        return [looks[paint.color, paint.rim] for paint in self.paints]


def union(*rects: Rect) -> Rect:
    """The rectangle around all that are not empty."""
    solid = [r for r in rects if not is_empty(r)]
    if not solid:
        return (0, 0, 0, 0)
    return (
        min(r[0] for r in solid),
        min(r[1] for r in solid),
        max(r[2] for r in solid),
        max(r[3] for r in solid),
    )


def intersect(a: Rect, b: Rect) -> Rect:
    return (max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3]))


def clip(rect: Rect, columns: int, rows: int) -> Rect:
    """The part inside a picture; never turned inside out."""
    x0, y0 = min(max(0, rect[0]), columns), min(max(0, rect[1]), rows)
    return (x0, y0, max(x0, min(columns, rect[2])), max(y0, min(rows, rect[3])))


def is_empty(rect: Rect) -> bool:
    return rect[2] <= rect[0] or rect[3] <= rect[1]


def apart(rects: list[Rect]) -> list[Rect]:
    """The same area without rectangles that lie within another one."""
    kept: list[Rect] = []
    for x0, y0, x1, y1 in sorted(set(rects), key=lambda r: (r[2] - r[0]) * (r[3] - r[1]))[::-1]:
        if not any(a <= x0 and b <= y0 and x1 <= c and y1 <= d for a, b, c, d in kept):
            kept.append((x0, y0, x1, y1))
    return kept


def around(area: Rect, kept: Rect) -> list[Rect]:
    """The parts of ``area`` that ``kept``, a rectangle within it, doesn't cover."""
    if is_empty(kept):
        return [] if is_empty(area) else [area]
    x0, y0, x1, y1 = area
    a0, b0, a1, b1 = kept
    parts = [(x0, y0, x1, b0), (x0, b1, x1, y1), (x0, b0, a0, b1), (a1, b0, x1, b1)]
    return [p for p in parts if not is_empty(p)]
