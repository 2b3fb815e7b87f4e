"""One made-up slice as a DICOM file that says so: fresh identifiers, SYNTHETIC in words and tag.

The request is plain; writing needs pydicom and is done in a child.
"""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from desktop.domain.record import Value
from desktop.domain.study import CalibrationSource, Plane, Window

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

WRITE = "desktop.imaging.made_slice:write_made_slice"
DESCRIPTION = "SYNTHETIC"
_EMPTY = (
    "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID", "AccessionNumber",
    "ReferringPhysicianName", "Laterality",
)  # fmt: skip
_UID_ROOT = "2.25."  # the UUID root, so that no organisation's number is borrowed


class MadeSlice(Value):
    """Stored values and what they mean; equal requests give equal bytes.

    ``pixels``: rows x columns of ``dtype`` ("|u1", "<u2" or "<i2"), row by row. ``patient_id`` is
    a pseudonym. ``facts``: all that made the image, in one line; identifiers are made from it and
    the pixels. ``inverted``: low values are bright.
    """

    rows: int
    columns: int
    dtype: str
    pixels: bytes
    modality: str
    patient_id: str
    facts: str
    slope: float = 1.0
    intercept: float = 0.0
    unit: str = ""
    inverted: bool = False
    window: Window | None = None
    plane: Plane | None = None
    spacing_mm: tuple[float, float] | None = None
    calibration: CalibrationSource = CalibrationSource.NONE


def write_made_slice(request: MadeSlice) -> npt.NDArray[np.uint8]:
    """The bytes of the file, Explicit VR Little Endian; child side.

    A CT or MR slice with a place in the patient stays one; anything else becomes a secondary
    capture of conversion type SYN.

    Source: DICOM PS3.3 A.3, A.4, A.8 (IODs), C.12.1 (Synthetic Data (0008,001C)), C.8.6.1.
    """
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import (
        CTImageStorage,
        ExplicitVRLittleEndian,
        MRImageStorage,
        SecondaryCaptureImageStorage,
    )

    placed = request.plane is not None and request.spacing_mm is not None
    deep = request.dtype != "|u1"
    kinds = {"CT": CTImageStorage, "MR": MRImageStorage} if placed and deep else {}
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = kinds.get(request.modality, SecondaryCaptureImageStorage)
    _describe(dataset, request)
    if request.modality in kinds:
        _place(dataset, request)
        _acquire(dataset, request)
    else:
        dataset.ImageType = ["DERIVED", "SECONDARY"]
        dataset.ConversionType = "SYN"
        _calibrate(dataset, request)
    _values(dataset, request)
    _pixels(dataset, request)
    packed = BytesIO()
    dataset.save_as(packed, enforce_file_format=True)
    return np.frombuffer(packed.getvalue(), dtype=np.uint8)


def _describe(dataset: Dataset, request: MadeSlice) -> None:
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPInstanceUID = _uid(request, "instance")
    dataset.SyntheticData = "YES"
    dataset.PatientName, dataset.PatientID = f"{DESCRIPTION}^", request.patient_id
    for keyword in _EMPTY:
        setattr(dataset, keyword, "")
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = "Reading Room: a new header, pixels derived"
    dataset.StudyInstanceUID = _uid(request, "study")
    dataset.StudyDescription = dataset.SeriesDescription = DESCRIPTION
    dataset.SeriesInstanceUID = _uid(request, "series")
    dataset.SeriesNumber = dataset.InstanceNumber = 1
    dataset.Modality = request.modality or "OT"
    dataset.Manufacturer = "Reading Room"
    dataset.ImageComments = f"{DESCRIPTION}. {request.facts}"[:1024]
    dataset.DerivationDescription = request.facts[:1024]
    dataset.PatientOrientation = ""


def _place(dataset: Dataset, request: MadeSlice) -> None:
    assert request.plane is not None and request.spacing_mm is not None
    del dataset.PatientOrientation
    dataset.FrameOfReferenceUID = _uid(request, "frame of reference")
    dataset.PositionReferenceIndicator = ""
    dataset.PatientPosition = "HFS"
    dataset.ImagePositionPatient = [_number(v) for v in request.plane.position]
    dataset.ImageOrientationPatient = [_number(v) for v in request.plane.orientation]
    dataset.PixelSpacing = [_number(v) for v in request.spacing_mm]
    dataset.SliceThickness = None
    dataset.AcquisitionNumber = 1


def _calibrate(dataset: Dataset, request: MadeSlice) -> None:
    """Millimetres where the original had them, of the same kind.

    Source: DICOM PS3.3 10.7.1.1 (spacing at the detector) and 10.7.1.3 (calibrated spacing).
    """
    if request.spacing_mm is None:
        return
    spacing = [_number(v) for v in request.spacing_mm]
    if request.calibration is CalibrationSource.DETECTOR:
        dataset.ImagerPixelSpacing = spacing
    elif request.calibration is CalibrationSource.PATIENT:
        dataset.PixelSpacing = spacing
        dataset.PixelSpacingCalibrationType = "GEOMETRY"
        dataset.PixelSpacingCalibrationDescription = "As in the image that this one was made from"


def _acquire(dataset: Dataset, request: MadeSlice) -> None:
    """What a CT or MR slice must say; nothing of it is known of a made-up one."""
    if request.modality == "CT":
        dataset.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
        dataset.KVP = None
        return
    dataset.ImageType = ["DERIVED", "SECONDARY", "OTHER"]
    dataset.ScanningSequence, dataset.SequenceVariant = "RM", "NONE"
    dataset.ScanOptions, dataset.MRAcquisitionType = "", ""
    dataset.RepetitionTime = dataset.EchoTime = dataset.EchoTrainLength = None


def _values(dataset: Dataset, request: MadeSlice) -> None:
    scaled = (request.slope, request.intercept) != (1.0, 0.0)
    if request.modality == "CT" or scaled:
        dataset.RescaleIntercept = _number(request.intercept)
        dataset.RescaleSlope = _number(request.slope)
        dataset.RescaleType = request.unit if request.unit == "HU" else "US"
    if request.window is not None:
        dataset.WindowCenter = _number(request.window.center)
        dataset.WindowWidth = _number(max(1.0, request.window.width))


def _pixels(dataset: Dataset, request: MadeSlice) -> None:
    bits = 8 if request.dtype == "|u1" else 16
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME1" if request.inverted else "MONOCHROME2"
    dataset.Rows, dataset.Columns = request.rows, request.columns
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = int(request.dtype == "<i2")
    padding = b"\0" * (len(request.pixels) % 2)
    dataset.add_new(0x7FE00010, "OB" if bits == 8 else "OW", request.pixels + padding)


def _uid(request: MadeSlice, what: str) -> str:
    """Source: DICOM PS3.5 B.2, with a number made from content and recipe."""
    digest = hashlib.sha256(request.pixels)
    digest.update("\x1f".join((request.facts, request.patient_id, what)).encode())
    return _UID_ROOT + str(int.from_bytes(digest.digest()[:16], "big"))


def _number(value: Any) -> str:
    """A DS of at most 16 characters."""
    text = f"{value:.6f}".rstrip("0").rstrip(".") or "0"
    return text if len(text) <= 16 else f"{value:.9g}"
