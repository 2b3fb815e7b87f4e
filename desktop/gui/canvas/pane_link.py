"""What panes of images share: the view that moves them as one, and the regions drawn on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal

from desktop.domain.geometry import Geometry
from desktop.domain.study import FrameRef, Window
from desktop.imaging.overlay import Rect

RGB = tuple[int, int, int]


@dataclass(frozen=True)
class PaneRegion:
    """One region on one image: painted pixels or a shape, its colour and the words beside it.

    ``mask_yx``: (rows, columns) bool with its ``bounds`` x0, y0, x1, y1 (exclusive end), or None.
    ``dashes``: the outline's style, so that regions don't differ by colour alone.
    """

    key: str
    color: RGB
    mask_yx: npt.NDArray[np.bool_] | None = None
    bounds: Rect = (0, 0, 0, 0)
    geometry: Geometry | None = None
    words: str = ""
    dashes: tuple[float, ...] = ()


RegionsOf = Callable[[FrameRef], Sequence[PaneRegion]]


@dataclass(frozen=True)
class PaneView:
    """What linked panes have in common.

    ``scale`` is times the size that fits; ``center`` the image point in the middle in shares of
    columns and rows; ``window`` None is each image's own; ``index`` counts images from 0.
    """

    index: int = 0
    scale: float = 1.0
    center: tuple[float, float] = (0.5, 0.5)
    window: Window | None = None
    regions_shown: bool = True
    outlines_only: bool = False


class PaneLink(QObject):
    """Holds one view for several panes; ``changed`` tells that it is another."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.view = PaneView()

    def change(self, **changes: Any) -> None:
        """Another view; nothing is told where nothing changes."""
        new = replace(self.view, **changes)
        if new != self.view:
            self.view = new
            self.changed.emit()

    def reset(self, index: int = 0) -> None:
        """The whole image in its own window; what is hidden stays hidden."""
        old = self.view
        self.change(index=index, scale=1.0, center=(0.5, 0.5), window=None)
        if old == self.view:
            self.changed.emit()
