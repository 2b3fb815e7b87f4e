"""Which images of a long series need a look for text, and where text stands on the others.

Text is usually burned in at the same place of all images. The first, the middle and the last are
read, and each image whose edge differs strongly from all that were read; an image that is like one
of them has its text where that has it. Text that comes up only inside, away from the edge, on an
image that was not read is missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from desktop.domain.model_run import TextBox

Bytes = npt.NDArray[np.uint8]

READ_ALL_UP_TO = 8
LARGEST_SIDE = 3000
_SMALL_SIDE = 320
_BLOCK = 8
_EDGE = 0.15  # of each side
_STEP = 48  # of 255: a pixel that differs
_SHARE = 0.2  # of a block's pixels that make it different
_BLOCKS = 2  # different blocks that make an image different
_AS_RICH = 0.5  # of the other's standard deviation
_SAME_STROKES = 0.8  # correlation
_COMPARED = 24  # images that were read and are compared with, the latest


@dataclass(frozen=True)
class SmallImage:
    """An image made small: ``grey`` (rows, columns) uint8; ``scale`` small pixels per pixel."""

    grey: Bytes
    scale: float


@dataclass(frozen=True)
class ReadImage:
    """An image that was read for text, and where it has some."""

    small: SmallImage
    boxes: tuple[TextBox, ...]


def first_looks(count: int) -> tuple[int, ...]:
    """Places that are read in any case: all of a short series, three of a long one."""
    if count <= READ_ALL_UP_TO:
        return tuple(range(count))
    return 0, count // 2, count - 1


def made_small(pixels: Bytes) -> SmallImage:
    """Means of square cells, so that the longer side has at most 320 pixels.

    ``pixels`` is (rows, columns) or (rows, columns, 3), uint8.
    """
    step = max(1, -(-max(pixels.shape[:2]) // _SMALL_SIDE))
    grey = pixels if pixels.ndim == 2 else pixels[..., 1]  # text is bright or dark in green too
    rows, columns = (max(1, n // step) for n in grey.shape)
    cells = grey[: rows * step, : columns * step]
    if cells.shape != (rows * step, columns * step):
        return SmallImage(np.ascontiguousarray(grey), 1.0)
    means = cells.reshape(rows, step, columns, step).mean(axis=(1, 3))
    return SmallImage(means.astype(np.uint8), 1.0 / step)


def for_reading(pixels: Bytes) -> tuple[Bytes, int]:
    """The pixels with sides of at most 3000, and how many of the image make one of them."""
    step = -(-max(pixels.shape[:2]) // LARGEST_SIDE)
    if step <= 1:
        return pixels, 1
    from PIL import Image

    return np.asarray(Image.fromarray(pixels).reduce(step)), step


def enlarged(boxes: Sequence[TextBox], step: int, size: tuple[int, int]) -> tuple[TextBox, ...]:
    """Boxes found on pixels that were made small by ``step``, on the image of (rows, columns)."""
    if step == 1:
        return tuple(boxes)
    rows, columns = size
    return tuple(
        TextBox(
            x0=b.x0 * step, y0=b.y0 * step, x1=min(columns, b.x1 * step),
            y1=min(rows, b.y1 * step), score=b.score, characters=b.characters,
        )
        for b in boxes
    )  # fmt: skip


def like_one(image: SmallImage, read: Sequence[ReadImage]) -> ReadImage | None:
    """The image read whose edge is most like this one's; None where all differ strongly."""
    best, least = None, _BLOCKS
    for other in [*read[:3], *read[3:][-_COMPARED:]]:
        if other.small.grey.shape != image.grey.shape:
            continue
        blocks = _different_blocks(image, other, read)
        if blocks < least:
            best, least = other, blocks
    return best


def text_as_on(
    image: SmallImage, other: ReadImage, read: Sequence[ReadImage]
) -> tuple[TextBox, ...]:
    """The text of ``other`` as far as it stands on this image too: the same strokes, or, where
    several images have text there (such as a counter), strokes of the same contrast."""
    return tuple(b for b in other.boxes if _stands(image, other, b, read))


def _different_blocks(image: SmallImage, other: ReadImage, read: Sequence[ReadImage]) -> int:
    """How many blocks at the edge differ; where text is known to stand, another text is none."""
    differs = np.abs(image.grey.astype(np.int16) - other.small.grey) > _STEP
    for box in other.boxes:
        if _stands(image, other, box, read):
            differs[_inside(other.small, box)] = False
    rows, columns = differs.shape
    wide = np.pad(differs, ((0, -rows % _BLOCK), (0, -columns % _BLOCK)))
    down, across = wide.shape[0] // _BLOCK, wide.shape[1] // _BLOCK
    shares = wide.reshape(down, _BLOCK, across, _BLOCK).mean(axis=(1, 3))
    return int((shares >= _SHARE)[_at_edge(down, across)].sum())


def _at_edge(down: int, across: int) -> npt.NDArray[np.bool_]:
    """Blocks whose centre lies in the outer part of the image."""
    y = (np.arange(down) + 0.5) / down
    x = (np.arange(across) + 0.5) / across
    outer = [(v < _EDGE) | (v > 1 - _EDGE) for v in (y, x)]
    return np.asarray(outer[0][:, None] | outer[1][None])


def _stands(image: SmallImage, other: ReadImage, box: TextBox, read: Sequence[ReadImage]) -> bool:
    """Whether the text in a box of one image stands on another, too."""
    here = image.grey[_inside(image, box)].astype(np.float64).ravel()
    there = other.small.grey[_inside(other.small, box)].astype(np.float64).ravel()
    if here.size < 2 or there.std() == 0 or here.std() < _AS_RICH * there.std():
        return False
    if np.corrcoef(here, there)[0, 1] >= _SAME_STROKES:
        return True
    return sum(any(_overlap(box, b) >= 0.5 for b in r.boxes) for r in read) >= 2


def _overlap(one: TextBox, two: TextBox) -> float:
    """Intersection over union."""
    wide = min(one.x1, two.x1) - max(one.x0, two.x0)
    high = min(one.y1, two.y1) - max(one.y0, two.y0)
    inner = max(0.0, wide) * max(0.0, high)
    areas = [(b.x1 - b.x0) * (b.y1 - b.y0) for b in (one, two)]
    return inner / (sum(areas) - inner) if inner else 0.0


def _inside(image: SmallImage, box: TextBox) -> tuple[slice, slice]:
    """The small pixels that a box touches, and one around it."""
    low = [max(0, int(v * image.scale) - 1) for v in (box.y0, box.x0)]
    high = [int(np.ceil(v * image.scale)) + 1 for v in (box.y1, box.x1)]
    return slice(low[0], high[0]), slice(low[1], high[1])
