"""The canvas in words: corner text, messages, the value under the pointer."""

from __future__ import annotations

from desktop.domain.errors import UserError
from desktop.domain.split import is_synthetic
from desktop.domain.study import Window
from desktop.gui.canvas.canvas_furniture import Corners, spacing_text, window_text
from desktop.gui.canvas.canvas_sheet import Sheet
from desktop.imaging.display import value_at
from desktop.imaging.frame import Frame
from desktop.interaction.context import ToolContext
from desktop.interaction.view import ViewState


def corners(
    sheet: Sheet | None,
    view: ViewState,
    context: ToolContext | None,
    window: Window | None,
    zoom: float,
) -> Corners:
    """Whose picture, which one, how it is shown, how large a pixel is."""
    if sheet is None:
        return Corners()
    series = " · ".join(t for t in (sheet.series.modality, sheet.caption) if t)
    place = f"{view.index + 1} / {len(sheet.refs)}"
    whose: tuple[str, ...] = (sheet.case.title, series)
    if is_synthetic(sheet.case):
        whose = ("SYNTHETIC", *whose)
    if context is None:
        return Corners(top_left=whose, top_right=(place,))
    return Corners(
        top_left=whose,
        top_right=(place, *sheet.series.warnings[:3]),
        bottom_left=(spacing_text(context.calibrations), f"Zoom {zoom * 100:.0f} %"),
        bottom_right=(window_text(window),) if window is not None else (),
    )


def message(
    is_open: bool,
    sheet: Sheet | None,
    view: ViewState,
    problem: UserError | None,
    is_late: bool,
) -> tuple[str, str] | None:
    """What stands in the middle instead of a picture; None where the picture is there."""
    if problem is not None:
        return problem.title, " ".join(t for t in (problem.detail, problem.hint) if t)
    if not is_open:
        return "No project is open.", "Open images or a project to begin."
    if sheet is None:
        return "No case is open.", "Choose one from the work list."
    if not sheet.refs:
        return "This series has no images.", "Choose another series from the strip below."
    if is_late:
        return f"Loading image {view.index + 1} of {len(sheet.refs)} …", ""
    return None


def pointer_text(frame: Frame, x: float, y: float) -> str:
    """ "-742 HU   x 211.4  y 98.0"; "" outside the image."""
    value = value_at(frame, x, y)
    if value is None:
        return ""
    if isinstance(value, tuple):
        words = "R {} G {} B {}".format(*value)
    else:
        whole = frame.slope == int(frame.slope) and frame.intercept == int(frame.intercept)
        words = f"{value:.0f}" if whole else f"{value:.4g}"
        words = f"{words} {frame.unit}".strip()
    return f"{words}   x {x:.1f}  y {y:.1f}"
