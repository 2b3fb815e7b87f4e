"""COCO's compressed run-length masks: column-major runs in a short text.

Source: the COCO API's mask format (runs down the columns, starting with background; from the
fourth run on the difference to the run two before; 5 bits a character, offset 48).
"""

from __future__ import annotations

import numpy as np

from desktop.domain.runs import MaskYX


def encode_rle(mask_yx: MaskYX) -> str:
    """The ``counts`` text of a (rows, columns) bool mask."""
    flat = np.asarray(mask_yx, dtype=np.bool_).ravel(order="F").view(np.uint8)
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    lengths = np.diff(np.concatenate(([0], edges, [flat.size])))
    if flat.size and flat[0]:
        lengths = np.concatenate(([0], lengths))
    values = lengths.astype(np.int64)
    values[3:] -= lengths[1:-2]
    return "".join(_characters(int(v)) for v in values)


def decode_rle(counts: str, rows: int, columns: int) -> MaskYX:
    """The (rows, columns) bool mask; ValueError where the runs don't add up."""
    lengths: list[int] = []
    value, shift = 0, 0
    for character in counts:
        code = ord(character) - 48
        value |= (code & 0x1F) << shift
        shift += 5
        if code & 0x20:
            continue
        if code & 0x10:
            value -= 1 << shift
        if len(lengths) > 2:
            value += lengths[-2]
        lengths.append(value)
        value, shift = 0, 0
    if shift or sum(lengths) != rows * columns or min(lengths, default=0) < 0:
        raise ValueError(f"runs cover {sum(lengths)} of {rows * columns} pixels")
    turns = np.arange(len(lengths)) % 2 == 1
    return np.repeat(turns, lengths).reshape((rows, columns), order="F")


def _characters(value: int) -> str:
    text = []
    while True:
        bits = value & 0x1F
        value >>= 5
        more = value != -1 if bits & 0x10 else value != 0
        text.append(chr(48 + (bits | 0x20 if more else bits)))
        if not more:
            return "".join(text)
