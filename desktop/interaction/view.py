"""What is on screen: one frozen value, replaced whole."""

from __future__ import annotations

from msgspec import Struct

from desktop.domain.geometry import XY
from desktop.domain.study import Window


class ViewState(Struct, frozen=True, kw_only=True):
    """The state of the reading page.

    ``index`` counts through the frames of the series from 0. ``zoom`` is device pixels per image
    pixel, 0 means fit. ``center`` is the image point (x, y) in the middle of the canvas, None means
    the image's middle. ``window`` None means the frame's default. ``brush_radius`` is in
    ``brush_unit`` ("mm" only where the series is calibrated, else "px"). ``suggestion`` is the
    chosen one's id; those below ``least_score`` are not shown.
    """

    case_id: str = ""
    series_id: str = ""
    index: int = 0
    zoom: float = 0.0
    center: XY | None = None
    window: Window | None = None
    tool: str = "select"
    class_id: int = 0
    selection: tuple[str, ...] = ()
    suggestion: str = ""
    least_score: float = 0.0
    overlays_visible: bool = True
    outlines_only: bool = False
    brush_radius: float = 10.0
    brush_unit: str = "px"
