"""How close to go to a finding: near enough to see its rim, far enough to see where it lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop.domain.geometry import XY, bounds_of
from desktop.imaging.viewport import fit_zoom

if TYPE_CHECKING:
    from desktop.workspace.claims.matters import Matter
    from desktop.workspace.workspace import Workspace

_AROUND = 2.6  # widths of the finding that fit into the picture
_CLOSEST = 6.0  # times the zoom that shows the whole image


def zoom_to(room: Workspace, matter: Matter, viewport: tuple[int, int]) -> tuple[float, XY | None]:
    """Zoom (device pixels per image pixel, 0 for all) and middle of the picture."""
    frame = matter.frame
    corners: list[XY] = []
    for claim in matter.claims:
        mark = claim.mark
        if mark is None or frame is None:
            continue
        if frame.key in mark.pieces:
            pixels, (left, top) = mark.pieces[frame.key]
            corners += [(left, top), (left + pixels.shape[1], top + pixels.shape[0])]
        if mark.points_xy is not None and mark.image == frame.key:
            corners += [(float(x), float(y)) for x, y in mark.points_xy]
    if not corners or frame is None or min(viewport) < 50:
        return 0.0, None
    instance = room.instance(frame.instance_id)
    spacing = instance.spacing_mm
    aspect = spacing[0] / spacing[1] if spacing and min(spacing) > 0 else 1.0
    whole = fit_zoom(instance.rows, instance.columns, *viewport, aspect)
    x0, y0, x1, y1 = bounds_of(tuple(corners))
    wide, high = max(4.0, x1 - x0), max(4.0, (y1 - y0) * aspect)
    wanted = min(viewport[0] / (wide * _AROUND), viewport[1] / (high * _AROUND))
    zoom = min(whole * _CLOSEST, wanted)
    if zoom <= whole:
        return 0.0, None
    return zoom, ((x0 + x1) / 2, (y0 + y1) / 2)
