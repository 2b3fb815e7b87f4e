"""A volume in a NRRD file, as far as the demo needs it: 3-D, little endian, raw or gzip."""

from __future__ import annotations

import gzip

import numpy as np

from desktop.imaging.slice_writer import Volume

_TYPES = {"short": "<i2", "int16": "<i2", "unsigned short": "<u2", "uchar": "u1", "int": "<i4"}


def read_nrrd(raw: bytes) -> Volume:
    """Read one file's bytes; ValueError where it is of another kind.

    Source: NRRD file format, sections 4 and 5 (axis order is fastest first).
    """
    head, _, body = raw.partition(b"\n\n")
    lines = head.decode("ascii", "replace").splitlines()
    if not lines or not lines[0].startswith("NRRD"):
        raise ValueError("not a NRRD file")
    fields = dict(line.split(": ", 1) for line in lines[1:] if ": " in line and line[0] != "#")
    if fields["space"] != "left-posterior-superior" or fields["dimension"] != "3":
        raise ValueError(f"a space of {fields['space']} in {fields['dimension']} dimensions")
    if fields.get("endian", "little") != "little":
        raise ValueError("big endian")
    if fields["encoding"] in ("gzip", "gz"):
        body = gzip.decompress(body)
    elif fields["encoding"] != "raw":
        raise ValueError(f"an encoding of {fields['encoding']}")
    columns, rows, slices = (int(n) for n in fields["sizes"].split())
    voxels = np.frombuffer(body, dtype=_TYPES[fields["type"]]).reshape(slices, rows, columns)
    steps = [_vector(part) for part in fields["space directions"].split(") ")]
    return Volume(
        voxels=voxels.astype(np.int16),
        steps_mm=np.array(steps),
        origin_mm=np.array(_vector(fields["space origin"])),
    )


def _vector(text: str) -> list[float]:
    return [float(number) for number in text.strip("() ").split(",")]
