"""Frames as 8-bit pictures, as they are first shown on the screen."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt

from desktop.domain.runs import MaskYX
from desktop.imaging.display import default_window, grey_table, raw_bits
from desktop.imaging.frame import Frame

Pixels = npt.NDArray[np.uint8]


def shown(frame: Frame) -> Pixels:
    """The image as it is first shown: (rows, columns) grey or (rows, columns, 3) colour."""
    if frame.is_color:
        return np.asarray(frame.pixels, dtype=np.uint8)
    stored: Any = frame.pixels
    return grey_table(frame, default_window(frame)).grey[raw_bits(stored)]


def edge(mask: MaskYX) -> MaskYX:
    """The pixels of a region that touch its outside, across or down; a border of the image too."""
    padded = np.pad(mask, 1)
    inside = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return np.asarray(mask & ~inside)


def png(pixels: Pixels) -> bytes:
    """An 8-bit PNG, grey or colour by the shape."""
    from PIL import Image

    packed = BytesIO()
    Image.fromarray(pixels).save(packed, "PNG", compress_level=6)
    return packed.getvalue()
