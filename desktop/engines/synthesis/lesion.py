"""A lesion put into a real slice: where a reader could overlook it, with a label that is exact.

The lesion is added to what is there, so that the noise of the scanner goes on through it. Its share
of each pixel (1 in the middle, 0 outside, soft at the rim) is the one truth about it: the label is
every pixel in which the share is at least half.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from desktop.domain.errors import UserError
from desktop.engines.synthesis.synthetic import blob

Whole = npt.NDArray[np.integer]
Marks = npt.NDArray[np.bool_]
_CALM = 0.15  # of all places, those with the most even tissue
_LEAST_SHARE = 0.02
_FEWEST_PX = 9
_ROOM = 1.35  # radii that a place has to be away from the body's rim
_DARKEST, _BRIGHTEST = 0.05, 0.95


@dataclass(frozen=True)
class Look:
    """How a lesion is to look.

    ``diameter`` in % of the longer side. ``contrast``: the part of the way from black to white
    that it is brighter (below 0: darker). ``edge``: the sigma of its soft rim in % of its diameter.
    ``grain``: how uneven it is, as a share of its contrast.
    """

    diameter: float = 6.0
    contrast: float = 0.25
    edge: float = 6.0
    grain: float = 0.18


@dataclass(frozen=True, eq=False)
class Inserted:
    """``values_yx`` of the original's kind; ``mask_yx``: share of the lesion at least half;
    ``centre_xy`` in image coordinates; ``shown``: the values of black and white it counts in."""

    values_yx: Whole
    mask_yx: Marks
    centre_xy: tuple[float, float]
    shown: tuple[float, float]


def insert_lesion(
    values_yx: Whole,
    seed: int,
    look: Look,
    *,
    shown: tuple[float, float] | None = None,
    at_xy: tuple[float, float] | None = None,
) -> Inserted:
    """Add one lesion to a grey (rows, columns) image; the original is left alone.

    Parameters
    ----------
    values_yx
        Stored values.
    shown
        The stored values that a reader sees as black and as white (in this order, so that an
        image whose low values are bright has the larger one first). None, or where no place of
        the image is between the two: the 1st and the 99th percentile.
    at_xy
        Its middle in image coordinates. None: a place within the body with even tissue that is
        neither black nor white in this window, before and after.

    Raises
    ------
    UserError
        No place of that kind, or a lesion of fewer than 9 pixels.
    """
    from scipy import ndimage

    random = np.random.Generator(np.random.PCG64(seed))
    radius = look.diameter * max(values_yx.shape) / 200
    full = (float(np.percentile(values_yx, 1)), float(np.percentile(values_yx, 99)))
    shown = shown or full
    if at_xy is None:
        places = _places(values_yx, radius, look.contrast, shown)
        if not len(places):
            shown = full
            places = _places(values_yx, radius, look.contrast, shown)
        if not len(places):
            raise UserError(
                "There is no room for such a lesion in this image.",
                "",
                "Make it smaller or fainter, or click on a place in the image.",
            )
        y, x = places[random.integers(len(places))] + random.uniform(0, 1, 2)
        at_xy = (float(x), float(y))
    waves = random.uniform(-1, 1, 5) * 0.16 / np.arange(2, 7)
    form = (radius, radius * random.uniform(0.72, 1.0))
    rows, columns = values_yx.shape
    share = blob(max(rows, columns), at_xy, form, waves, random.uniform(0, np.pi))[:rows, :columns]
    if look.edge:
        share = ndimage.gaussian_filter(share, look.edge * radius / 50)
    share[share < _LEAST_SHARE] = 0
    mask = share >= 0.5
    if mask.sum() < _FEWEST_PX:
        raise UserError(
            "The lesion is too small to be seen in this image.", "", "Make it larger or sharper."
        )
    grain = ndimage.gaussian_filter(random.normal(0, 1, values_yx.shape), max(0.8, radius / 5))
    grain = (grain - grain[mask].mean()) / (grain[mask].std() or 1.0)  # the contrast stays its mean
    add = look.contrast * (shown[1] - shown[0]) * (1 + look.grain * grain)
    info = np.iinfo(values_yx.dtype)
    changed = np.clip(np.rint(values_yx + share * add), info.min, info.max)
    return Inserted(changed.astype(values_yx.dtype), mask, at_xy, shown)


def _places(
    values_yx: Whole, radius: float, contrast: float, shown: tuple[float, float]
) -> npt.NDArray[np.intp]:
    """(n, 2) rows and columns of the most even 15 % of all places that fit."""
    from scipy import ndimage

    level = (values_yx - shown[0]) / ((shown[1] - shown[0]) or 1.0)
    tissue = ndimage.gaussian_filter(level, max(1.0, radius / 2))
    after = tissue + contrast
    fits = (tissue > _DARKEST) & (tissue < _BRIGHTEST)
    fits &= (after > _DARKEST) & (after < _BRIGHTEST)
    body = np.pad(_body(values_yx), 1)
    fits &= ndimage.distance_transform_edt(body)[1:-1, 1:-1] > radius * _ROOM
    if not fits.any():
        return np.zeros((0, 2), dtype=np.intp)
    width = max(3, round(2 * _ROOM * radius))
    seen = np.clip(level, -0.5, 1.5)
    mean = ndimage.uniform_filter(seen, width)
    spread = ndimage.uniform_filter(seen**2, width) - mean**2
    return np.argwhere(fits & (spread <= np.quantile(spread[fits], _CALM)))


def _body(values_yx: Whole) -> Marks:
    """The largest thing that is brighter than its surroundings, with all that it encloses.

    Source: Otsu 1979, doi:10.1109/TSMC.1979.4310076 (the threshold between two classes).
    """
    from scipy import ndimage

    counts, edges = np.histogram(values_yx, bins=256)
    middle = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    first = np.cumsum(counts * middle)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = below * above * (first / below - (first[-1] - first) / above) ** 2
    threshold = middle[int(np.nan_to_num(apart).argmax())]
    names, count = ndimage.label(values_yx > threshold)
    if not count:
        return np.zeros(values_yx.shape, dtype=np.bool_)
    largest = int(np.bincount(names.ravel())[1:].argmax()) + 1
    return np.asarray(ndimage.binary_fill_holes(names == largest), dtype=np.bool_)
