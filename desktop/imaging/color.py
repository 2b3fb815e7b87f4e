"""From decoded samples to what is shown: bits, sign, palette, colour model. Child side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from desktop.imaging.checks import refuse

if TYPE_CHECKING:
    from desktop.imaging.header import Coding, Header

Pixels = npt.NDArray[Any]


@dataclass(frozen=True)
class RawFrame:
    """Decoded samples, (rows, columns) or (rows, columns, 3), uint8 or uint16 bit patterns.

    ``precision`` is that of the codestream, None for native and RLE; ``signed`` that the decoder
    has already extended the sign from there.
    """

    samples: Pixels
    photometric: str
    precision: int | None = None
    signed: bool = False


def shaped(samples: Pixels, coding: Coding, planar: bool | None = None) -> Pixels:
    """Flat samples as (rows, columns) or (rows, columns, 3); YBR_FULL_422 is filled up."""
    rows, columns = coding.rows, coding.columns
    if coding.samples == 1:
        return samples.reshape(rows, columns)
    if coding.photometric == "YBR_FULL_422" and samples.size == rows * columns * 2:
        return _upsampled(samples, rows, columns)
    if coding.planar if planar is None else planar:
        return samples.reshape(3, rows, columns).transpose(1, 2, 0)
    return samples.reshape(rows, columns, 3)


def to_display(raw: RawFrame, header: Header) -> Pixels:
    """Grey stored values as they are, colours as 8-bit RGB; C-contiguous.

    Source: DICOM PS3.3 C.7.6.3.1.2 (photometric interpretation), PS3.5 8.1.1 (bits stored).
    """
    coding, samples = header.coding, raw.samples
    if samples.shape[:2] != (coding.rows, coding.columns):
        raise refuse("Its pixels have another size than its header says.")
    if raw.photometric == "PALETTE COLOR":
        return _from_palette(_unsigned(samples, raw, coding), header)
    if coding.samples == 1:
        return np.ascontiguousarray(_stored_values(samples, raw, coding))
    eight = _to_eight_bits(_unsigned(samples, raw, coding), raw.precision or coding.bits_stored)
    if raw.photometric in ("YBR_FULL", "YBR_FULL_422"):
        eight = _ybr_to_rgb(eight)
    return np.ascontiguousarray(eight)


def _unsigned(samples: Pixels, raw: RawFrame, coding: Coding) -> Pixels:
    """Samples without the bits that don't belong to them."""
    if raw.precision is not None:
        return samples
    shifted = samples >> (coding.high_bit + 1 - coding.bits_stored)
    if coding.bits_stored == 8 * samples.dtype.itemsize:
        return shifted
    masked: Pixels = shifted & samples.dtype.type((1 << coding.bits_stored) - 1)
    return masked


def _stored_values(samples: Pixels, raw: RawFrame, coding: Coding) -> Pixels:
    """uint8, uint16 or int16 stored values, with the sign extended from the highest stored bit.

    A JPEG-LS or JPEG 2000 stream may hold signed values as unsigned; its own precision tells
    where the sign is.
    """
    values = _unsigned(samples, raw, coding)
    if not coding.signed:
        return values
    bits = coding.bits_stored if raw.precision is None else raw.precision
    wide = values.astype(np.uint16).view(np.int16)
    if raw.signed and samples.dtype == np.uint8:
        return samples.view(np.int8).astype(np.int16)
    shift = 16 - bits
    return (wide << shift) >> shift if shift else wide


def _to_eight_bits(values: Pixels, bits: int) -> npt.NDArray[np.uint8]:
    if values.dtype == np.uint8:
        return values if bits >= 8 else (values << (8 - bits)).astype(np.uint8)
    return (values >> max(0, bits - 8)).astype(np.uint8)


def _upsampled(samples: Pixels, rows: int, columns: int) -> Pixels:
    """Y1 Y2 Cb Cr per pair of pixels to Y Cb Cr per pixel. Source: PS3.3 C.7.6.3.1.2."""
    if columns % 2:
        raise refuse("Its colours are halved, but its width is odd.")
    quads = samples.reshape(rows, columns // 2, 4)
    full = np.empty((rows, columns // 2, 2, 3), samples.dtype)
    full[..., 0] = quads[..., :2]
    full[..., 1] = quads[..., 2:3]
    full[..., 2] = quads[..., 3:4]
    return full.reshape(rows, columns, 3)


def _ybr_to_rgb(ybr: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Full-range YCbCr to RGB, rounded to nearest. Source: PS3.3 C.7.6.3.1.2, ITU-T T.871."""
    y = ybr[..., 0].astype(np.float32)
    cb = ybr[..., 1].astype(np.float32) - 128
    cr = ybr[..., 2].astype(np.float32) - 128
    rgb = np.stack((y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb), axis=-1)
    rounded: npt.NDArray[np.uint8] = np.clip(np.rint(rgb), 0, 255).astype(np.uint8)
    return rounded


def _from_palette(indices: Pixels, header: Header) -> Pixels:
    """RGB of a palette image. Source: PS3.3 C.7.6.3.1.5 and C.7.6.3.1.6."""
    from pydicom.pixels.processing import apply_color_lut

    colors = apply_color_lut(indices, header.data_set)[..., :3]
    return np.ascontiguousarray(_to_eight_bits(colors, 8 * colors.dtype.itemsize))
