"""A frame as the pixel classifier sees it: on a coarser grid where it is large, and back again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from desktop.domain.contracts import Progress
from desktop.domain.runs import MaskYX

if TYPE_CHECKING:
    from desktop.engines.learning.pixel_features import Channels
    from desktop.imaging.frame import Frame

LARGEST_PX = 512 * 512  # frames above are classified at a coarser grid, so that seconds stay tenths

Classes = npt.NDArray[np.int64]


def coarseness(rows: int, columns: int) -> int:
    """How many pixels of a side become one, so that at most ``LARGEST_PX`` are classified."""
    return max(1, int(np.ceil(np.sqrt(rows * columns / LARGEST_PX))))


def _grey(frame: Frame) -> npt.NDArray[np.float32]:
    """(rows, columns) float32 in modality units; the brightness of a colour image."""
    values = frame.pixels.astype(np.float32)
    if frame.is_color:
        return np.asarray(values @ np.array([0.299, 0.587, 0.114], dtype=np.float32))
    return values * np.float32(frame.slope) + np.float32(frame.intercept)


def described(frame: Frame, step: int, progress: Progress) -> Channels:
    """The channels of a frame, on a grid ``step`` pixels wide; those of colour where it has any."""
    from desktop.engines.learning.pixel_features import colour_features, pixel_features

    made = pixel_features(evened(frame, step), progress)
    if not frame.is_color:
        return made
    planes = [_coarse_values(plane, step) for plane in _colours(frame)]
    return np.concatenate([made, colour_features(np.stack(planes, axis=-1))], axis=-1)


def evened(frame: Frame, step: int) -> npt.NDArray[np.float32]:
    """The brightness of a frame on a grid ``step`` pixels wide, made comparable between frames."""
    from desktop.engines.learning.pixel_features import normalised

    return np.asarray(normalised(_coarse_values(_grey(frame), step)), dtype=np.float32)


def whole_size(mask_yx: npt.NDArray[np.bool_], step: int, size: tuple[int, int]) -> MaskYX:
    """A mask of the coarse grid at the frame's size: each block gives all of its pixels."""
    wide = mask_yx.repeat(step, axis=0).repeat(step, axis=1) if step > 1 else mask_yx
    return np.ascontiguousarray(wide[: size[0], : size[1]])


def _colours(frame: Frame) -> list[npt.NDArray[np.float32]]:
    """Red, green and blue, (rows, columns) float32 in 0..1."""
    full = np.iinfo(frame.pixels.dtype).max
    return [frame.pixels[..., k].astype(np.float32) / np.float32(full) for k in range(3)]


def _blocks(values_yx: npt.NDArray[np.generic], step: int) -> npt.NDArray[np.generic]:
    """(rows / step, columns / step, step²): the pixels of each block, the edge repeated."""
    rows, columns = values_yx.shape
    padded = np.pad(values_yx, ((0, -rows % step), (0, -columns % step)), mode="edge")
    high, wide = padded.shape[0] // step, padded.shape[1] // step
    parts = padded.reshape(high, step, wide, step).transpose(0, 2, 1, 3)
    return parts.reshape(high, wide, step * step)


def _coarse_values(values_yx: npt.NDArray[np.float32], step: int) -> npt.NDArray[np.float32]:
    if step == 1:
        return values_yx
    return np.asarray(_blocks(values_yx, step).mean(axis=2), dtype=np.float32)


def coarse_marks(painted_yx: Classes, step: int) -> Classes:
    """A block is painted where any of its pixels is; the highest class id wins."""
    if step == 1:
        return painted_yx
    rows, columns = painted_yx.shape
    found = np.full((-(-rows // step), -(-columns // step)), -1, dtype=np.int64)
    y, x = np.nonzero(painted_yx != -1)
    np.maximum.at(found, (y // step, x // step), painted_yx[y, x])
    return found


def sharp(
    soft: npt.NDArray[np.float64], size: tuple[int, ...], step: int, around: int | None = None
) -> tuple[Classes, npt.NDArray[np.float32], Classes]:
    """Cleaned class places and their probability at the frame's size.

    Place 0 is what surrounds the others, so its own holes and specks stay as they are: class number
    ``around``, else the widest. Returns (rows, columns) places, (rows, columns) probabilities and
    the (K,) order of the classes.
    """
    from desktop.engines.learning.pixel_learner import cleaned
    from desktop.imaging.cv import cv2

    shares = np.bincount(soft.argmax(axis=-1).ravel(), minlength=soft.shape[-1])
    if around is not None:
        shares[around] = soft.size
    order = np.argsort(-shares, kind="stable")
    soft = soft[..., order]
    found = cleaned(soft)
    if step > 1:
        rows, columns = size
        whole = (soft.shape[1] * step, soft.shape[0] * step)
        best = np.full((rows, columns), -1.0, dtype=np.float32)
        sharp_found = np.zeros((rows, columns), dtype=np.int64)
        for k in range(soft.shape[-1]):
            own = np.where(found == k, soft[..., k].clip(0.5), soft[..., k].clip(None, 0.5))
            plane = cv2.resize(own.astype(np.float32), whole, interpolation=cv2.INTER_LINEAR)
            better = plane[:rows, :columns] > best
            np.copyto(best, plane[:rows, :columns], where=better)
            sharp_found[better] = k
        return sharp_found, best, np.asarray(order, dtype=np.int64)
    chance = np.take_along_axis(soft, found[..., None], axis=-1)[..., 0]
    return found, chance.astype(np.float32), np.asarray(order, dtype=np.int64)
