"""Looks through a model file before it is run: one file, whole, with no pointer to another one.

Child side: the bytes are foreign. Only the few fields of the format that matter here are read.
Source: onnx.proto3 of ONNX 1.19 (ModelProto 7 and 25, GraphProto 1, 5 and 15, NodeProto 5,
AttributeProto 5, 6, 10, 11, 22 and 23, SparseTensorProto 1 and 2, TensorProto 13 and 14).
"""

from __future__ import annotations

from collections.abc import Iterator

from desktop.domain.errors import ModelProblem

_DEEPEST = 32
_EXTERNAL = 1

# message -> field -> message behind it; what isn't named is skipped unread
_INSIDE: dict[str, dict[int, str]] = {
    "model": {7: "graph", 25: "function"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {
        5: "tensor",
        6: "graph",
        10: "tensor",
        11: "graph",
        22: "sparse",
        23: "sparse",
    },
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}


def check_whole(data: bytes) -> None:
    """ModelProblem where the bytes are no model, or where weights lie in other files."""
    try:
        graphs = _walk(memoryview(data), "model", 0)
    except (IndexError, ValueError) as error:
        raise ModelProblem(
            "This file is not an ONNX model.", "It can't be read as one.", "Choose an .onnx file."
        ) from error
    if not graphs:
        raise ModelProblem("This file is not an ONNX model.", "There is no graph in it.")


def _walk(data: memoryview, message: str, depth: int) -> int:
    """Go through a message; returns how many graphs are in it."""
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    inside = _INSIDE[message]
    graphs = int(message == "graph")
    for field, value in _fields(data):
        if message == "tensor" and (field == 13 or (field == 14 and value == _EXTERNAL)):
            raise ModelProblem(
                "This model keeps its weights in other files.",
                "Such a file is refused, because only its own bytes can be checked.",
                "Save it again as a single file.",
            )
        if field in inside and isinstance(value, memoryview):
            graphs += _walk(value, inside[field], depth + 1)
    return graphs


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(number, value) of every field of a protobuf message; IndexError or ValueError if broken."""
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        field, kind = key >> 3, key & 7
        if field == 0:
            raise ValueError("field 0")
        if kind == 0:
            value, at = _varint(data, at)
            yield field, value
        elif kind == 2:
            size, at = _varint(data, at)
            if at + size > end:
                raise ValueError("cut off")
            yield field, data[at : at + size]
            at += size
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
            if at > end:
                raise ValueError("cut off")
        else:
            raise ValueError(f"wire type {kind}")


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("number too long")
