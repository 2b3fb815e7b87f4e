"""Whether two regions are the same place, by their pixels on the image grid, not by rectangles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from desktop.engines.agreement.region_groups import AGREES_PLACE, Mark, overlap_of
from desktop.engines.votes import Floats

NEAR_PX = 5.0  # points this close mean one place, however small the image


def same_place(a: Mark, b: Mark, near_px: float = NEAR_PX) -> float:
    """0 to 1, how far two marks of one class cover each other.

    IoU of two insides over all their images. Two points or lines: 1 where their ends lie, on
    average, within ``near_px`` or half of their reach of each other, else 0. A point or line and
    an inside: 1 where all its points lie in it.
    """
    if a.label != b.label:
        return 0.0
    if a.points_xy is None and b.points_xy is None:
        return overlap_of(a, b)
    if a.points_xy is None:
        return float(_lies_in(b, a))
    if b.points_xy is None:
        return float(_lies_in(a, b))
    reach = max(near_px, (1 - AGREES_PLACE) * min(a.reach_px, b.reach_px))
    return float(overlap_of(replace(a, reach_px=reach * (1 + 1e-9), places_mm=None), b) > 0)


def on_common_images(a: Mark, b: Mark) -> tuple[Mark, Mark]:
    """Both marks cut to the images that both lie on, so that a box on one slice can be a volume's.

    Points keep their one image.
    """
    if a.points_xy is not None or b.points_xy is not None:
        return a, b
    both = a.pieces.keys() & b.pieces.keys()
    cut = [replace(m, pieces={k: m.pieces[k] for k in sorted(both)}) for m in (a, b)]
    return cut[0], cut[1]


def _lies_in(points: Mark, inside: Mark) -> bool:
    """Whether every point lies on a pixel of the other mark."""
    piece = inside.pieces.get(points.image)
    if piece is None or points.points_xy is None:
        return False
    pixels, (x0, y0) = piece
    at: Floats = np.floor(points.points_xy - (x0, y0))
    columns, rows = at[:, 0].astype(int), at[:, 1].astype(int)
    on = (rows >= 0) & (columns >= 0) & (rows < pixels.shape[0]) & (columns < pixels.shape[1])
    return bool(on.all() and pixels[rows, columns].all())
