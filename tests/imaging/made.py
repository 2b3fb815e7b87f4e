"""DICOM files made for a test: small, synthetic, without a patient."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def ct(pixels: npt.NDArray[Any] | None = None, **values: Any) -> Dataset:
    """A CT slice; keyword arguments set attributes, None deletes them."""
    if pixels is None:
        pixels = np.arange(6 * 8, dtype=np.int16).reshape(6, 8)
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = CTImageStorage
    ds.SOPInstanceUID = generate_uid()
    ds.StudyInstanceUID = "1.2.3.4"
    ds.SeriesInstanceUID = "1.2.3.4.5"
    ds.FrameOfReferenceUID = "1.2.3.4.6"
    ds.Modality = "CT"
    ds.PatientID = "made"
    ds.PatientName = "Made^Up"
    ds.SeriesDescription = "a made series"
    ds.SeriesNumber = 3
    ds.InstanceNumber = 1
    ds.ImagePositionPatient = [0.0, 0.0, 0.0]
    ds.ImageOrientationPatient = list(AXIAL)
    ds.PixelSpacing = [0.5, 0.25]
    ds.RescaleSlope = 1
    ds.RescaleIntercept = -1024
    ds.SamplesPerPixel = 3 if pixels.ndim == 3 and pixels.shape[-1] == 3 else 1
    ds.PhotometricInterpretation = "RGB" if ds.SamplesPerPixel == 3 else "MONOCHROME2"
    if ds.SamplesPerPixel == 3:
        ds.PlanarConfiguration = 0
    ds.Rows, ds.Columns = pixels.shape[:2]
    ds.BitsAllocated = ds.BitsStored = 8 * pixels.dtype.itemsize
    ds.HighBit = ds.BitsStored - 1
    ds.PixelRepresentation = int(pixels.dtype.kind == "i")
    ds.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
    ds["PixelData"].VR = "OW" if pixels.dtype.itemsize == 2 else "OB"
    change(ds, **values)
    return ds


def change(ds: Dataset, **values: Any) -> Dataset:
    for name, value in values.items():
        if value is None:
            delattr(ds, name)
        else:
            setattr(ds, name, value)
    return ds


def save(ds: Dataset, path: Path) -> Path:
    """Write a data set with its file header."""
    ds.save_as(path, enforce_file_format=True)
    return path


def compressed(ds: Dataset, syntax: str, frames: list[bytes], **values: Any) -> Dataset:
    """The data set with these encoded frames instead of its pixels."""
    ds.file_meta.TransferSyntaxUID = syntax
    ds.PixelData = encapsulate(frames)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    return change(ds, **values)


def stack(
    count: int = 5,
    *,
    step: tuple[float, float, float] = (0.0, 0.0, 2.0),
    origin: tuple[float, float, float] = (-10.0, -20.0, 30.0),
    orientation: tuple[float, ...] = AXIAL,
    **values: Any,
) -> list[Dataset]:
    """An even stack; the value of every pixel of slice k is 100 k."""
    slices = []
    for k in range(count):
        position = [o + k * s for o, s in zip(origin, step, strict=True)]
        slices.append(
            ct(
                np.full((6, 8), 100 * k, np.int16),
                ImagePositionPatient=position,
                ImageOrientationPatient=list(orientation),
                InstanceNumber=k + 1,
                **values,
            )
        )
    return slices


def save_all(slices: list[Dataset], folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    return [save(ds, folder / f"{number:04}.dcm") for number, ds in enumerate(slices)]


def raw_file(path: Path, syntax: str, body: bytes) -> Path:
    """A DICOM file with this transfer syntax and these bytes as its data set."""
    uid = syntax.encode() + b"\0" * (len(syntax) % 2)
    meta = struct.pack("<HH2sH", 2, 0x10, b"UI", len(uid)) + uid
    head = struct.pack("<HH2sHI", 2, 0, b"UL", 4, len(meta))
    path.write_bytes(b"\0" * 128 + b"DICM" + head + meta + body)
    return path


def jpeg_stub(rows: int, columns: int, marker: int = 0xC0, bits: int = 8) -> bytes:
    """A JPEG header of one component that claims a size, without pixels."""
    frame = struct.pack(">HBHHB3B", 11, bits, rows, columns, 1, 1, 0x11, 0)
    scan = struct.pack(">HB2B3B", 8, 1, 1, 0, 0, 63, 0)
    return (
        b"\xff\xd8" + bytes((0xFF, marker)) + frame + b"\xff\xda" + scan + b"\0" * 8 + b"\xff\xd9"
    )


def jpeg2000_stub(rows: int, columns: int) -> bytes:
    """A JPEG 2000 header of one 8-bit component that claims a size, without pixels."""
    siz = struct.pack(">HIIIIIIII", 0, columns, rows, 0, 0, columns, rows, 0, 0)
    siz += struct.pack(">H3B", 1, 7, 1, 1)
    cod = struct.pack(">BBHBBBBBB", 0, 0, 1, 0, 5, 4, 4, 0, 1)
    return (
        b"\xff\x4f"
        + b"\xff\x51"
        + struct.pack(">H", len(siz) + 2)
        + siz
        + b"\xff\x52"
        + struct.pack(">H", len(cod) + 2)
        + cod
        + b"\xff\xd9"
    )
