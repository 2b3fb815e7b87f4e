"""Checks of a foreign file before any decoder sees it: size, nesting, syntax. Child side.

The structure of a DICOM file is walked here without building a data set, because a parser that
builds one can be kept busy for minutes, or led into recursion, by a file of a few kilobytes.
"""

from __future__ import annotations

import contextlib
import io
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from desktop.domain.errors import FileProblem, UserError

MAX_FILE_BYTES = 16 << 30
MAX_PIXEL_BYTES = 2 << 30
MAX_INFLATED_BYTES = 512 << 20
MAX_DEPTH = 32
MAX_ITEMS = 200_000
MAX_ELEMENTS = 2_000_000

DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
IMPLICIT = "1.2.840.10008.1.2"

_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_PIXEL_TAGS = {0x7FE00010, 0x7FE00008, 0x7FE00009}
_LONG_VRS = {b"OB", b"OD", b"OF", b"OL", b"OW", b"OV", b"SQ", b"UC", b"UN", b"UR", b"UT"} | {
    b"SV",
    b"UV",
}

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
    (b"BM", "BMP"),
)


@dataclass(frozen=True)
class Layout:
    """Where things are in a DICOM file. Offsets count in ``open_data_set``'s stream, in bytes.

    ``pixel_tag`` is 0 where there are no pixels; ``pixel_length`` is None for encapsulated pixels.
    """

    syntax: str
    implicit: bool
    little_endian: bool
    data_set_start: int
    end: int
    pixel_tag: int = 0
    pixel_vr: str = ""
    pixel_start: int = 0
    pixel_length: int | None = 0


def refuse(detail: str, hint: str = "") -> FileProblem:
    """The problem to raise for a file that is not taken."""
    return FileProblem("This file can't be read.", detail, hint)


@contextlib.contextmanager
def in_words(what: str) -> Iterator[None]:
    """Turn whatever a library raises into one sentence; its own text may hold file content."""
    try:
        yield
    except (UserError, MemoryError, KeyboardInterrupt):
        raise
    except FileNotFoundError as error:
        raise refuse(
            "It is not where it was.", "Connect the drive or find the folder again."
        ) from error
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "Its content is damaged"
        raise refuse(f"{what}: {reason}.") from error
    except BaseException as error:
        raise refuse(f"{what}: its content is damaged ({type(error).__name__}).") from error


def sniff(path: str) -> str:
    """What a file is by its first bytes: "DICOM", a photograph's format, or ""."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(132)
    if size == 0:
        raise refuse("It is empty.")
    if size > MAX_FILE_BYTES:
        raise refuse(f"It has {size >> 30} GB; {MAX_FILE_BYTES >> 30} GB is the limit.")
    if head[128:132] == b"DICM":
        return "DICOM"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    return next((name for magic, name in _MAGIC if head.startswith(magic)), "")


def check_pixel_bytes(rows: int, columns: int, frames: int, bytes_per_pixel: float) -> None:
    """Refuse what would not fit in memory, before anything is allocated."""
    if rows < 1 or columns < 1 or frames < 1:
        raise refuse("It gives no image size.")
    total = rows * columns * frames * bytes_per_pixel
    if total > MAX_PIXEL_BYTES:
        raise refuse(
            f"It claims {columns} × {rows} pixels in {frames} frames, "
            f"{total / (1 << 30):.1f} GB; {MAX_PIXEL_BYTES >> 30} GB is the limit."
        )


@contextlib.contextmanager
def open_data_set(path: str) -> Iterator[tuple[BinaryIO, Layout]]:
    """The stream that holds a file's data set (inflated where deflated) and its layout.

    Raises FileProblem for what is nested too deep, too large when inflated, or cut off.
    """
    with open(path, "rb") as file:
        syntax, start = read_meta(file)
        if syntax == DEFLATED:
            stream: BinaryIO = io.BytesIO(inflate(file, start))
            start = 0
        else:
            stream = file
        yield stream, walk(stream, start, syntax)


def read_meta(file: BinaryIO) -> tuple[str, int]:
    """The transfer syntax UID of a DICOM file and where its data set starts.

    Source: DICOM PS3.10 section 7.1.
    """
    file.seek(132)
    syntax, position = "", 132
    while (head := file.read(8))[:2] == b"\x02\x00" and len(head) == 8:
        group, element, vr, length = struct.unpack("<HH2sH", head)
        if vr in _LONG_VRS:
            length = struct.unpack("<I", _exactly(file, 4))[0]
        value = _exactly(file, length) if length < 1 << 20 else b""
        if length >= 1 << 20:
            raise refuse("Its file header is damaged.")
        if (group, element) == (2, 0x10):
            syntax = value.decode("ascii", "replace").strip(" \0")
        position = file.tell()
    if not syntax:
        raise refuse("It does not say how its pixels are stored (no transfer syntax).")
    return syntax, position


def inflate(file: BinaryIO, start: int) -> bytes:
    """The inflated data set of a deflated file, at most ``MAX_INFLATED_BYTES``.

    Source: DICOM PS3.5 A.5.
    """
    file.seek(start)
    machine = zlib.decompressobj(-zlib.MAX_WBITS)
    parts: list[bytes] = []
    total = 0
    while not machine.eof:
        fed = machine.unconsumed_tail or file.read(1 << 20)
        if not fed:
            break
        part = machine.decompress(fed, 1 << 20)
        total += len(part)
        if total > MAX_INFLATED_BYTES:
            raise refuse(f"It unpacks to more than {MAX_INFLATED_BYTES >> 20} MB.")
        parts.append(part)
    return b"".join(parts)


def walk(stream: BinaryIO, start: int, syntax: str) -> Layout:
    """Find the pixels of a data set, and refuse what is nested too deep or has too many parts.

    Source: DICOM PS3.5 section 7.
    """
    end = stream.seek(0, os.SEEK_END)
    stream.seek(start)
    first = stream.read(6)
    implicit = not first[4:6].isalpha() if len(first) == 6 else syntax == IMPLICIT
    return _Walker(stream, start, end, syntax, implicit).run()


class _Walker:
    """Walks elements; ``levels`` holds, per open sequence or item, its end (None: undefined),
    whether it is a sequence and whether it is in implicit VR."""

    def __init__(self, stream: BinaryIO, start: int, end: int, syntax: str, implicit: bool) -> None:
        self.stream = stream
        self.start = self.position = start
        self.end = end
        self.syntax = syntax
        self.implicit = implicit
        self.little = syntax != BIG_ENDIAN
        self.order = "<" if self.little else ">"
        self.levels: list[tuple[int | None, bool, bool]] = []
        self.items = self.elements = self.depth = 0

    def run(self) -> Layout:
        while self.position + 8 <= self.end:
            self._leave_finished()
            tag, vr, length, value = self._head()
            if tag in _PIXEL_TAGS and not self.levels:
                return self._layout(tag, vr, length, value)
            self._step(tag, vr, length, value)
        return self._layout(0, "", 0, self.end)

    def _layout(self, tag: int, vr: str, length: int, value: int) -> Layout:
        known = None if length == _UNDEFINED else length
        return Layout(
            self.syntax, self.implicit, self.little, self.start, self.end, tag, vr, value, known
        )

    def _leave_finished(self) -> None:
        while (
            self.levels and self.levels[-1][0] is not None and self.position >= self.levels[-1][0]
        ):
            self._pop()

    def _pop(self) -> None:
        if self.levels:
            self.depth -= self.levels.pop()[1]

    def _push(self, length: int, value: int, sequence: bool, implicit: bool) -> None:
        self.levels.append((None if length == _UNDEFINED else value + length, sequence, implicit))
        self.position = value
        self.depth += sequence
        if self.depth > MAX_DEPTH:
            raise refuse(f"Its header is nested more than {MAX_DEPTH} levels deep.")

    def _head(self) -> tuple[int, str, int, int]:
        """Tag, VR ("" where implicit), length and where the value starts, of the next element."""
        self.elements += 1
        if self.elements > MAX_ELEMENTS:
            raise refuse("Its header has too many parts.")
        self.stream.seek(self.position)
        head = _exactly(self.stream, 8)
        group, element, length = struct.unpack(self.order + "HHI", head)
        tag = group << 16 | element
        implicit = self.levels[-1][2] if self.levels else self.implicit
        if group == 0xFFFE or implicit:
            return tag, "", length, self.position + 8
        if head[4:6] in _LONG_VRS:
            length = struct.unpack(self.order + "I", _exactly(self.stream, 4))[0]
            return tag, head[4:6].decode(), length, self.position + 12
        length = struct.unpack(self.order + "H", head[6:8])[0]
        return tag, head[4:6].decode("latin-1"), length, self.position + 8

    def _step(self, tag: int, vr: str, length: int, value: int) -> None:
        implicit = self.levels[-1][2] if self.levels else self.implicit
        if tag == _ITEM:
            self.items += 1
            if self.items > MAX_ITEMS:
                raise refuse(f"Its header has more than {MAX_ITEMS} sequence items.")
            self._push(length, value, sequence=False, implicit=implicit)
        elif tag in (_ITEM_END, _SEQUENCE_END):
            self._close(tag == _SEQUENCE_END)
            self.position = value
        elif length == _UNDEFINED and vr not in ("OB", "OW") and tag != 0x7FE00010:
            self._push(length, value, sequence=True, implicit=implicit or vr == "UN")
        elif length == _UNDEFINED:
            self.position = _after_fragments(self.stream, value, self.order)
        elif vr == "SQ" or (implicit and _is_sequence(tag)):
            self._push(length, value, sequence=True, implicit=implicit)
        else:
            self.position = value + length

    def _close(self, sequence: bool) -> None:
        """Leave the innermost item, or the innermost sequence with what is open in it."""
        while self.levels:
            was_sequence = self.levels[-1][1]
            self._pop()
            if was_sequence == sequence:
                return


def _after_fragments(stream: BinaryIO, position: int, order: str) -> int:
    """Where an encapsulated value inside a header (an icon) ends."""
    while True:
        stream.seek(position)
        group, element, length = struct.unpack(order + "HHI", _exactly(stream, 8))
        position += 8
        if (group, element) != (0xFFFE, 0xE000):
            return position
        position += length


def _is_sequence(tag: int) -> bool:
    from pydicom.datadict import dictionary_VR

    try:
        return dictionary_VR(tag) == "SQ"
    except KeyError:  # a private or unknown element: its content is not parsed
        return False


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise refuse("It ends in the middle of its header.")
    return data
