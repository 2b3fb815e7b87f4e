"""DICOM slices of a made-up or converted volume, for the demo and for generated images.

Child side and tools only: it needs pydicom.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, JPEG2000Lossless, MRImageStorage

# Our own root is the UUID root, so that no organisation's number is borrowed.
_UID_ROOT = "2.25."
_DATE = "20260101"


@dataclass(frozen=True)
class Volume:
    """Voxels with their place in the patient.

    ``voxels``: (slices, rows, columns) int16. ``steps_mm``: three vectors, the way in mm along
    increasing column, row and slice index. ``origin_mm``: centre of the first voxel. Both in the
    patient system of DICOM (x to the left, y to the back, z to the head).
    """

    voxels: npt.NDArray[np.int16]
    steps_mm: npt.NDArray[np.float64]
    origin_mm: npt.NDArray[np.float64]


@dataclass(frozen=True)
class DemoPatient:
    """The made-up person of one demo case."""

    number: int
    what: str
    body_part: str = ""

    @property
    def name(self) -> str:
        return f"Demo^{self.what}"

    @property
    def id(self) -> str:
        return f"DEMO-{self.number}"


def write_slices(
    volume: Volume,
    modality: str,
    patient: DemoPatient,
    folder: Path,
    on_slice: Callable[[int, int], None] = lambda done, total: None,
    compressed: bool = False,
) -> int:
    """Write one conformant file per slice ("CT" or "MR"), returns how many.

    ``compressed`` writes JPEG 2000 lossless.

    Source: DICOM PS3.3 A.3 (CT Image IOD), A.4 (MR Image IOD), C.7.6.2 (Image Plane).
    """
    count = len(volume.voxels)
    folder.mkdir(parents=True)
    for number in range(count):
        dataset = _slice(volume, number, modality, patient)
        if compressed:
            dataset.compress(JPEG2000Lossless, generate_instance_uid=False)
        dataset.save_as(folder / f"slice-{number + 1:03}.dcm", enforce_file_format=True)
        on_slice(number + 1, count)
    return count


def _slice(volume: Volume, number: int, modality: str, patient: DemoPatient) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = CTImageStorage if modality == "CT" else MRImageStorage
    dataset.SOPInstanceUID = _uid(patient, "instance", str(number))
    _describe(dataset, modality, patient)
    _place(dataset, volume, number)
    if modality == "CT":
        _ct_image(dataset)
    else:
        _mr_image(dataset)
    _pixels(dataset, volume, number, modality)
    dataset.InstanceNumber = number + 1
    return dataset


def _describe(dataset: Dataset, modality: str, patient: DemoPatient) -> None:
    dataset.PatientName = patient.name
    dataset.PatientID = patient.id
    dataset.PatientBirthDate = ""
    dataset.PatientSex = ""
    dataset.StudyInstanceUID = _uid(patient, "study")
    dataset.StudyDate = _DATE
    dataset.StudyTime = "120000"
    dataset.StudyID = patient.id
    dataset.AccessionNumber = ""
    dataset.ReferringPhysicianName = ""
    dataset.StudyDescription = patient.what
    dataset.SeriesInstanceUID = _uid(patient, "series")
    dataset.SeriesNumber = 1
    dataset.SeriesDescription = patient.what
    dataset.Modality = modality
    dataset.Manufacturer = ""
    dataset.FrameOfReferenceUID = _uid(patient, "frame of reference")
    dataset.PositionReferenceIndicator = ""
    dataset.PatientPosition = "HFS"
    dataset.BodyPartExamined = patient.body_part
    dataset.AcquisitionNumber = 1
    dataset.ContentDate = _DATE
    dataset.ContentTime = "120000"


def _place(dataset: Dataset, volume: Volume, number: int) -> None:
    column_step, row_step, slice_step = volume.steps_mm
    position = volume.origin_mm + number * slice_step
    along_columns = column_step / np.linalg.norm(column_step)
    along_rows = row_step / np.linalg.norm(row_step)
    dataset.ImagePositionPatient = [_number(v) for v in position]
    dataset.ImageOrientationPatient = [_number(v) for v in (*along_columns, *along_rows)]
    dataset.PixelSpacing = [
        _number(float(np.linalg.norm(row_step))),  # between rows first: PS3.3 10.7.1.3
        _number(float(np.linalg.norm(column_step))),
    ]
    dataset.SliceThickness = _number(float(np.linalg.norm(slice_step)))


def _ct_image(dataset: Dataset) -> None:
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.KVP = None
    dataset.RescaleIntercept = -1024
    dataset.RescaleSlope = 1
    dataset.RescaleType = "HU"
    dataset.BitsStored = 12
    dataset.WindowCenter = [-600, 40]
    dataset.WindowWidth = [1500, 400]
    dataset.WindowCenterWidthExplanation = ["Lung", "Mediastinum"]


def _mr_image(dataset: Dataset) -> None:
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
    dataset.ScanningSequence = "SE"
    dataset.SequenceVariant = "NONE"
    dataset.ScanOptions = ""
    dataset.MRAcquisitionType = "2D"
    dataset.RepetitionTime = None
    dataset.EchoTime = None
    dataset.EchoTrainLength = None
    dataset.BitsStored = 16


def _pixels(dataset: Dataset, volume: Volume, number: int, modality: str) -> None:
    stored = volume.voxels[number].astype(np.int32)
    if modality == "CT":
        stored = np.clip(stored + 1024, 0, 4095)
    else:
        stored = np.clip(stored, 0, 65535)
        low, high = np.percentile(volume.voxels[volume.voxels > 0], (1, 99.5))
        dataset.WindowCenter = _number(round((low + high) / 2))
        dataset.WindowWidth = _number(max(1, round(high - low)))
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = stored.shape
    dataset.BitsAllocated = 16
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = 0
    dataset.PixelData = np.ascontiguousarray(stored, dtype="<u2").tobytes()


def _uid(patient: DemoPatient, *what: str) -> str:
    """A UID that is the same on every machine (PS3.5 B.2, with a number made from the name)."""
    digest = hashlib.sha256("\x1f".join((patient.id, patient.what, *what)).encode()).digest()
    return _UID_ROOT + str(int.from_bytes(digest[:16], "big"))


def _number(value: float) -> str:
    """A DS of at most 16 characters."""
    return f"{value:.6f}".rstrip("0").rstrip(".") or "0"
