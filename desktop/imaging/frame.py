"""A decoded frame in memory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from desktop.domain.study import FrameRef, Window

Pixels = npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[np.int16]


@dataclass(frozen=True)
class Frame:
    """Decoded pixels of one frame; never stored, never written to.

    ``pixels``: (rows, columns) uint8, uint16 or int16 with stored values, or
    (rows, columns, 3) uint8 RGB; C-contiguous, read-only. ``value = pixel * slope + intercept`` in
    ``unit``. ``inverted``: low values are shown bright (MONOCHROME1). ``windows`` are those of the
    file, in modality units. ``bits``: of how many bits the file makes use, 0 where it doesn't say.
    ``pixels_sha256`` is the hash of the decoded bytes with their shape.
    """

    ref: FrameRef
    pixels: Pixels
    pixels_sha256: str
    slope: float = 1.0
    intercept: float = 0.0
    unit: str = ""
    inverted: bool = False
    windows: tuple[Window, ...] = ()
    bits: int = 0

    @property
    def rows(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def columns(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def is_color(self) -> bool:
        return self.pixels.ndim == 3

    @property
    def nbytes(self) -> int:
        return int(self.pixels.nbytes)


def pixels_sha256(pixels: npt.NDArray[Any]) -> str:
    """The hash of a decoded frame: SHA-256 over a header line and the bytes.

    The header is ASCII ``"<dtype>:<rows>x<columns>x<samples>\\n"`` with dtype ``|u1``, ``<u2`` or
    ``<i2``; the bytes are those of the C-contiguous array (rows, columns[, 3]), little-endian.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    exact = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("<"))
    samples = exact.shape[2] if exact.ndim == 3 else 1
    digest = hashlib.sha256(
        f"{exact.dtype.str}:{exact.shape[0]}x{exact.shape[1]}x{samples}\n".encode()
    )
    digest.update(exact.data)
    return digest.hexdigest()
