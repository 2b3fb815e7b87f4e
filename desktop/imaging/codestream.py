"""What a compressed image says about itself, read without a decoder. Child side."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from desktop.imaging.checks import refuse


@dataclass(frozen=True)
class Codestream:
    """``adobe`` is the transform of an APP14 marker (0 none or CMYK, 1 YCbCr), None without one.

    ``color_transform``: a JPEG 2000 stream that turns its own components back to RGB.
    """

    rows: int
    columns: int
    components: int
    precision: int
    signed: bool = False
    process: int = 0  # the JPEG frame marker, 0xC0 baseline ... 0xF7 JPEG-LS
    adobe: int | None = None
    color_transform: bool = False
    component_ids: bytes = b""


def read_jpeg(data: bytes) -> Codestream:
    """The frame header of a JPEG or JPEG-LS stream.

    Source: ITU-T T.81 B.2.2, ITU-T T.87 C.2.2; APP14 after ITU-T T.872 6.5.3.
    """
    if data[:2] != b"\xff\xd8":
        raise refuse("Its compressed pixels do not start as JPEG does.")
    position, adobe = 2, None
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            break
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            position += 2
            continue
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        body = data[position + 4 : position + 2 + length]
        if marker == 0xEE and body[:5] == b"Adobe" and len(body) >= 12:
            adobe = body[11]
        if (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)) or marker == 0xF7:
            return _jpeg_frame(marker, body, adobe)
        if marker in (0xD9, 0xDA):
            break
        position += 2 + length
    raise refuse("Its compressed pixels have no JPEG header.")


def _jpeg_frame(marker: int, body: bytes, adobe: int | None) -> Codestream:
    if len(body) < 6:
        raise refuse("Its JPEG header is cut off.")
    precision, rows, columns, components = struct.unpack(">BHHB", body[:6])
    return Codestream(
        rows,
        columns,
        components,
        precision,
        process=marker,
        adobe=adobe,
        component_ids=body[6 : 6 + 3 * components : 3],
    )


def read_jpeg2000(data: bytes) -> Codestream:
    """The SIZ and COD of a JPEG 2000 stream, also within a JP2 file (which DICOM forbids).

    Source: ITU-T T.800 A.5.1 and A.6.1.
    """
    start = 0
    if data[4:8] == b"jP  ":
        start = data.find(b"\xff\x4f\xff\x51")
    if start < 0 or data[start : start + 4] != b"\xff\x4f\xff\x51":
        raise refuse("Its compressed pixels do not start as JPEG 2000 does.")
    siz = data[start + 6 : start + 6 + 41]
    if len(siz) < 39:
        raise refuse("Its JPEG 2000 header is cut off.")
    _, x1, y1, x0, y0 = struct.unpack(">HIIII", siz[:18])
    tile_columns, tile_rows = struct.unpack(">II", siz[18:26])
    components, depth = struct.unpack(">HB", siz[34:37])
    if tile_columns < 1 or tile_rows < 1:
        raise refuse("Its JPEG 2000 header is damaged.")
    if -(-x1 // tile_columns) * -(-y1 // tile_rows) > 65_535:
        raise refuse("Its JPEG 2000 header claims too many tiles.")
    transform = _color_transform(data, start)
    return Codestream(
        y1 - y0,
        x1 - x0,
        components,
        (depth & 0x7F) + 1,
        signed=bool(depth & 0x80),
        color_transform=transform,
    )


def _color_transform(data: bytes, start: int) -> bool:
    """Whether the COD segment says that a multiple component transform was used."""
    position = start + 2
    while position + 4 <= len(data):
        marker, length = struct.unpack(">HH", data[position : position + 4])
        if marker == 0xFF52:
            return position + 8 < len(data) and data[position + 8] == 1
        if marker in (0xFF90, 0xFF93):
            return False
        position += 2 + length
    return False
