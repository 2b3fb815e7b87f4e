"""Finds the bytes of one frame among a file's pixels, without reading the others. Child side.

Source: DICOM PS3.5 A.4 (encapsulated) and section 8 (native).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO

from desktop.imaging.checks import refuse
from desktop.imaging.codestream import Codestream, read_jpeg, read_jpeg2000

if TYPE_CHECKING:
    from desktop.imaging.header import Header

Span = tuple[int, int]  # start in the stream and length, in bytes

_EARLY = "It ends before its pixels do; a copy of it may be incomplete."
_STARTS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51")


def check_pixels(stream: BinaryIO, header: Header) -> None:
    """Refuse a file whose pixels are cut off, or whose first frame contradicts the header."""
    if header.layout.pixel_length is not None:
        native_span(header, header.coding.frame_count - 1)
        return
    frames = frame_spans(stream, header)
    check_codestream(header, read_spans(stream, frames[0], limit=1 << 16))


def native_span(header: Header, frame_index: int) -> Span:
    """Where the bytes of one native frame are; for 1-bit pixels, the bytes that hold its bits."""
    layout, bits = header.layout, header.coding.frame_bits
    first, last = frame_index * bits // 8, ((frame_index + 1) * bits + 7) // 8
    if is_word_swapped(header):  # whole 16-bit words
        first, last = first & ~1, last + 1 & ~1
    available = min(layout.pixel_length or 0, layout.end - layout.pixel_start)
    if last > available:
        raise refuse(_EARLY)
    return layout.pixel_start + first, last - first


def is_word_swapped(header: Header) -> bool:
    """8-bit samples that a big-endian file packs into 16-bit words. Source: PS3.5 8.1.2."""
    layout, coding = header.layout, header.coding
    return not layout.little_endian and layout.pixel_vr == "OW" and coding.bits_allocated == 8


def frame_spans(stream: BinaryIO, header: Header) -> list[tuple[Span, ...]]:
    """The fragments of each encapsulated frame."""
    table, fragments = _fragments(stream, header)
    count = header.coding.frame_count
    frames = (
        _by_extended_table(header, fragments)
        or ([tuple(fragments)] if count == 1 and fragments else [])
        or _by_table(table, fragments, count)
        or ([(span,) for span in fragments] if len(fragments) == count else [])
        or _by_marker(stream, fragments, count)
    )
    if not frames:
        raise refuse(_EARLY if len(fragments) < count else "Its frames can't be told apart.")
    return frames


def read_spans(stream: BinaryIO, spans: tuple[Span, ...], limit: int | None = None) -> bytes:
    """The joined bytes of a frame, or its first ``limit`` bytes."""
    parts: list[bytes] = []
    for start, length in spans:
        wanted = length if limit is None else min(length, limit - sum(map(len, parts)))
        stream.seek(start)
        parts.append(stream.read(wanted))
        if len(parts[-1]) != wanted:
            raise refuse(_EARLY)
    return b"".join(parts)


def check_codestream(header: Header, data: bytes) -> Codestream | None:
    """Compare the size in the compressed pixels with the size in the header; None for RLE."""
    from desktop.imaging.header import JPEG_2000, RLE

    coding, syntax = header.coding, header.layout.syntax
    if syntax == RLE:
        _check_rle(header, data)
        return None
    found = read_jpeg2000(data) if syntax in JPEG_2000 else read_jpeg(data)
    if (found.rows, found.columns) != (coding.rows, coding.columns):
        raise refuse(
            f"Its header says {coding.columns} × {coding.rows} pixels, "
            f"its pixels say {found.columns} × {found.rows}."
        )
    if found.components != coding.samples:
        raise refuse("Its header and its pixels give different numbers of colours.")
    if not 1 <= found.precision <= coding.bits_allocated:
        raise refuse("Its header and its pixels give different numbers of bits.")
    return found


def _check_rle(header: Header, data: bytes) -> None:
    """The segments must be as many as the samples' bytes, and could fill the image.

    Source: DICOM PS3.5 Annex G; a run of two bytes gives at most 128.
    """
    coding = header.coding
    if len(data) < 64:
        raise refuse(_EARLY)
    count = struct.unpack("<I", data[:4])[0]
    if count != coding.samples * coding.bits_allocated // 8:
        raise refuse("Its header and its pixels give different numbers of colours or bits.")


def _fragments(stream: BinaryIO, header: Header) -> tuple[bytes, list[Span]]:
    """The basic offset table and all fragments. Their lengths stay within the file."""
    layout = header.layout
    position, table = layout.pixel_start, b""
    found: list[Span] = []
    first = True
    while position + 8 <= layout.end:
        stream.seek(position)
        group, element, length = struct.unpack("<HHI", stream.read(8))
        position += 8
        if (group, element) != (0xFFFE, 0xE000):
            return table, found
        if length > layout.end - position:
            raise refuse(_EARLY)
        if first:
            table, first = stream.read(length), False
        else:
            found.append((position, length))
        position += length
    return table, found


def _by_extended_table(header: Header, fragments: list[Span]) -> list[tuple[Span, ...]]:
    """Frames by the Extended Offset Table, one fragment each. Source: PS3.3 C.7.6.3.1.8."""
    raw = header.data_set.get("ExtendedOffsetTable")
    if not raw or not fragments or len(raw) != 8 * header.coding.frame_count:
        return []
    base = fragments[0][0] - 8
    starts = {start - 8 - base: (start, length) for start, length in fragments}
    offsets = struct.unpack(f"<{len(raw) // 8}Q", raw)
    return [(starts[o],) for o in offsets] if all(o in starts for o in offsets) else []


def _by_table(table: bytes, fragments: list[Span], count: int) -> list[tuple[Span, ...]]:
    """Frames by the basic offset table, if it has one rising entry for each."""
    if len(table) != 4 * count or not fragments:
        return []
    offsets = struct.unpack(f"<{count}I", table)
    base = fragments[0][0] - 8
    wanted = set(offsets)
    if offsets[0] != 0 or list(offsets) != sorted(wanted):
        return []
    frames: list[list[Span]] = []
    for start, length in fragments:
        if start - 8 - base in wanted:
            frames.append([])
        frames[-1].append((start, length))
    return [tuple(spans) for spans in frames] if len(frames) == count else []


def _by_marker(stream: BinaryIO, fragments: list[Span], count: int) -> list[tuple[Span, ...]]:
    """Frames by the codec's start marker, for files without a table."""
    frames: list[list[Span]] = []
    for start, length in fragments:
        stream.seek(start)
        if stream.read(4).startswith(_STARTS):
            frames.append([])
        if not frames:
            return []
        frames[-1].append((start, length))
    return [tuple(spans) for spans in frames] if len(frames) == count else []
