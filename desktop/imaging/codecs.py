"""Decodes one frame of a DICOM file. Child side. One pinned decoder per transfer syntax:

native: numpy · RLE: pydicom's own · JPEG: imagecodecs (libjpeg-turbo) · JPEG-LS: pyjpegls (CharLS)
· JPEG 2000 and HTJ2K: pylibjpeg-openjpeg. None tries another where it fails: that would add up the
faults of all of them.
"""

from __future__ import annotations

import importlib
import os
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from desktop.imaging import color, encapsulated, tags
from desktop.imaging.checks import Layout, in_words, open_data_set, refuse
from desktop.imaging.codestream import Codestream
from desktop.imaging.facts import FrameFacts
from desktop.imaging.frame import pixels_sha256
from desktop.imaging.header import JPEG, JPEG_2000, JPEG_LS, RLE, Header, read_header

Pixels = npt.NDArray[Any]

_LOSSLESS = 0xC3  # the frame marker of JPEG lossless


def warm_up() -> None:
    """Import every decoder, so that the first image does not wait for it."""
    for name in ("imagecodecs", "jpeg_ls", "openjpeg", "pydicom.pixels"):
        importlib.import_module(name)
    import imagecodecs

    _ = (imagecodecs.jpeg_decode, imagecodecs.jpegsof3_decode)  # these load when first named


def decode_frame(path: str, frame_index: int = 0) -> tuple[Pixels, FrameFacts]:
    """One frame with what belongs to it.

    Parameters
    ----------
    path
        A DICOM file that ``read_dicom`` accepted.
    frame_index
        0-based.

    Returns
    -------
    pixels
        (rows, columns) uint8, uint16 or int16 with stored values, or (rows, columns, 3) uint8
        RGB; C-contiguous. Colours of more than 8 bits keep their upper 8.
    facts
        Rescale, unit, windows and the hash of the pixels.

    Raises
    ------
    FileProblem
        In words, for whatever is wrong with the file.
    """
    with in_words("Its pixels can't be read"), open_data_set(path) as (stream, layout):
        opened = _opened(path, stream, layout)
        header = opened.header
        if not 0 <= frame_index < header.coding.frame_count:
            raise refuse(f"It has no frame {frame_index + 1}.")
        raw = _read_frame(stream, opened, frame_index)
        pixels = color.to_display(raw, header)
        grey = pixels.ndim == 2
        slope, intercept, unit = (
            tags.rescale_of(header.data_set, header.modality, frame_index)
            if grey
            else (1.0, 0.0, "")
        )
        return pixels, FrameFacts(
            pixels_sha256=pixels_sha256(pixels),
            slope=slope,
            intercept=intercept,
            unit=unit,
            inverted=header.coding.photometric == "MONOCHROME1",
            windows=tags.windows_of(header.data_set, frame_index) if grey else (),
        )


@dataclass(frozen=True)
class _Opened:
    """A file's header and frame table, kept so that a cine is not parsed again for each frame."""

    header: Header
    frames: list[tuple[encapsulated.Span, ...]] | None


_FileKey = tuple[str, int, int]  # path, size and time of change
_kept: OrderedDict[_FileKey, _Opened] = OrderedDict()
_KEPT_FILES = 4


def _opened(path: str, stream: BinaryIO, layout: Layout) -> _Opened:
    status = os.stat(path)
    key = (path, status.st_size, status.st_mtime_ns)
    if key in _kept:
        _kept.move_to_end(key)
        return _kept[key]
    header = read_header(stream, layout)
    frames = None if layout.pixel_length is not None else encapsulated.frame_spans(stream, header)
    _kept[key] = _Opened(header, frames)
    while len(_kept) > _KEPT_FILES:
        _kept.popitem(last=False)
    return _kept[key]


def _read_frame(stream: BinaryIO, opened: _Opened, frame_index: int) -> color.RawFrame:
    """The samples of one frame as the decoder gives them."""
    header = opened.header
    if opened.frames is None:
        span = encapsulated.native_span(header, frame_index)
        data = encapsulated.read_spans(stream, (span,))
        return color.RawFrame(_native(data, header, frame_index), header.coding.photometric)
    data = encapsulated.read_spans(stream, opened.frames[frame_index])
    found = encapsulated.check_codestream(header, data)
    syntax = header.layout.syntax
    if found is None or syntax == RLE:
        return color.RawFrame(_rle(data, header), header.coding.photometric)
    if syntax in JPEG:
        return _jpeg(data, header, found)
    if syntax in JPEG_LS:
        return _jpeg_ls(data, header, found)
    if syntax in JPEG_2000:
        return _jpeg_2000(data, header, found)
    raise refuse("Its pixels are stored in a way that is not read here.")


def _native(data: bytes, header: Header, frame_index: int) -> Pixels:
    """Uncompressed samples as (rows, columns) or (rows, columns, 3), in the computer's order."""
    coding, layout = header.coding, header.layout
    if coding.bits_allocated == 1:
        bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
        start = frame_index * coding.frame_bits % 8
        return bits[start : start + coding.frame_bits].reshape(coding.rows, coding.columns)
    order = "<" if layout.little_endian else ">"
    if coding.bits_allocated == 16:
        samples: Pixels = np.frombuffer(data, f"{order}u2").astype(np.uint16)
    elif encapsulated.is_word_swapped(header):
        words = np.frombuffer(data, np.uint8).reshape(-1, 2)[:, ::-1].reshape(-1)
        size = coding.frame_bits // 8
        start = frame_index * size % 2
        samples = words[start : start + size]
    else:
        samples = np.frombuffer(data, np.uint8)
    return color.shaped(samples, coding)


def _rle(data: bytes, header: Header) -> Pixels:
    from pydicom.encaps import encapsulate
    from pydicom.pixels.decoders.base import RLELosslessDecoder

    coding = header.coding
    if len(data) * 64 < coding.frame_bits // 8:  # two bytes give at most 128
        raise refuse("Its compressed pixels are too few for its size.")
    options: dict[str, Any] = {
        "rows": coding.rows,
        "columns": coding.columns,
        "number_of_frames": 1,
        "samples_per_pixel": coding.samples,
        "bits_allocated": coding.bits_allocated,
        "bits_stored": coding.bits_allocated,
        "photometric_interpretation": coding.photometric,
        "pixel_representation": 0,
        "planar_configuration": 1,
        "pixel_keyword": "PixelData",
    }
    array, _ = RLELosslessDecoder.as_array(
        encapsulate([data], has_bot=False),
        index=0,
        raw=True,
        decoding_plugin="pydicom",
        **options,
    )
    return array


def _jpeg(data: bytes, header: Header, found: Codestream) -> color.RawFrame:
    """JPEG of all processes; what is stored decides the colour model, then the header.

    An APP14 marker says whether the three components are YCbCr. Without one, libjpeg would guess;
    the header's photometric interpretation is told to it instead.
    """
    import imagecodecs

    photometric = header.coding.photometric
    if found.process == _LOSSLESS:
        pixels = imagecodecs.jpegsof3_decode(data)
    elif found.components == 1:
        pixels = imagecodecs.jpeg_decode(data, bitspersample=found.precision)
    else:
        stored = "RGB" if photometric == "RGB" else "YCBCR"
        if found.adobe is not None:
            stored = "YCBCR" if found.adobe == 1 else "RGB"
        pixels = imagecodecs.jpeg_decode(
            data, bitspersample=found.precision, colorspace=stored, outcolorspace="RGB"
        )
        photometric = "RGB"
    return color.RawFrame(np.asarray(pixels), photometric, found.precision)


def _jpeg_ls(data: bytes, header: Header, found: Codestream) -> color.RawFrame:
    import jpeg_ls

    buffer, info = jpeg_ls.decode_pixel_data(data)
    width = np.uint8 if found.precision <= 8 else np.uint16
    planar = info["components"] > 1 and info["interleave_mode"] == 0
    pixels = color.shaped(np.frombuffer(buffer, width), header.coding, planar)
    return color.RawFrame(pixels, header.coding.photometric, found.precision)


def _jpeg_2000(data: bytes, header: Header, found: Codestream) -> color.RawFrame:
    """JPEG 2000; a stream with a colour transform comes out as RGB, whatever the header says."""
    from openjpeg.utils import decode_pixel_data

    buffer = decode_pixel_data(data, version=2)
    width = np.uint8 if found.precision <= 8 else np.uint16
    pixels = color.shaped(np.frombuffer(buffer, width), header.coding, False)
    photometric = header.coding.photometric
    if found.components == 3 and (found.color_transform or photometric in ("YBR_RCT", "YBR_ICT")):
        photometric = "RGB"
    return color.RawFrame(pixels, photometric, found.precision, found.signed)
