"""Connected regions out of probabilities. Child side: it needs scipy and time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from desktop.domain.runs import encode_runs, mask_bounds


@dataclass(frozen=True)
class RegionSlice:
    """A region's pixels on one image; ``runs`` as in MaskSlice."""

    index: int
    runs: bytes
    bounds: tuple[int, int, int, int]
    area_px: int


@dataclass(frozen=True)
class FoundRegion:
    """One connected region; ``score`` is the mean probability inside."""

    score: float
    slices: tuple[RegionSlice, ...]


def connected_regions(
    chances: npt.NDArray[np.uint8], threshold: float, min_area_px: int, most: int
) -> list[FoundRegion]:
    """Regions above the threshold that touch by faces, the largest first.

    Parameters
    ----------
    chances : (images, rows, columns) uint8
        Probabilities times 255.
    min_area_px : pixels that a region has at least on its largest image
    most : no more regions than this
    """
    from scipy import ndimage

    inside = chances >= max(1, int(np.ceil(threshold * 255)))
    labels, count = ndimage.label(inside)
    if count == 0:
        return []
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    spans = ndimage.find_objects(labels)
    found: list[FoundRegion] = []
    for label in np.argsort(-sizes, kind="stable") + 1:
        if len(found) >= most or sizes[label - 1] < min_area_px:
            break
        place = spans[label - 1]
        own = labels[place] == label
        if int(own.sum(axis=(1, 2)).max()) < min_area_px:
            continue
        score = float(chances[place][own].mean()) / 255.0
        found.append(FoundRegion(score, _slices(own, place, chances.shape[1:])))
    return found


def _slices(
    own: npt.NDArray[np.bool_], place: tuple[slice, ...], size: tuple[int, ...]
) -> tuple[RegionSlice, ...]:
    parts = []
    for number, part in enumerate(own):
        if part.any():
            whole = np.zeros(size, np.bool_)
            whole[place[1], place[2]] = part
            parts.append(
                RegionSlice(
                    place[0].start + number,
                    encode_runs(whole),
                    mask_bounds(whole),
                    int(part.sum()),
                )
            )
    return tuple(parts)
