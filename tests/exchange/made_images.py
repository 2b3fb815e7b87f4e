"""Conformant image files with canaries for a patient, for exchange tests."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    CTImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
)

AXIAL = np.diag([0.7, 0.8, 2.5, 1.0])


def uid(*parts: str) -> str:
    return f"2.25.{int(hashlib.sha256('/'.join(parts).encode()).hexdigest()[:30], 16)}"


def write_series(
    folder: Path,
    size: tuple[int, int, int] = (5, 12, 16),
    affine_lps: npt.NDArray[np.float64] = AXIAL,
    modality: str = "CT",
    name: str = "one",
    drop: Sequence[int] = (),
) -> list[Path]:
    """One file per slice of (slices, rows, columns); ``drop`` leaves slices out.

    ``affine_lps``: 4×4, voxel (column, row, slice) to LPS mm.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for k in range(size[0]):
        if k in drop:
            continue
        dataset = _head(name, modality, k)
        position = affine_lps @ (0, 0, k, 1)
        steps = [np.linalg.norm(affine_lps[:3, i]) for i in range(3)]
        cosines = (*(affine_lps[:3, 0] / steps[0]), *(affine_lps[:3, 1] / steps[1]))
        dataset.ImagePositionPatient = [_ds(v) for v in position[:3]]
        dataset.ImageOrientationPatient = [_ds(v) for v in cosines]
        dataset.PixelSpacing = [_ds(steps[1]), _ds(steps[0])]
        dataset.SliceThickness = _ds(steps[2])
        dataset.FrameOfReferenceUID = uid(name, "frame of reference")
        dataset.PositionReferenceIndicator = ""
        dataset.PatientPosition = "HFS"
        _pixels(dataset, np.full(size[1:], 100 + k, np.uint16))
        path = folder / f"{name}-{k:03}.dcm"
        dataset.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


def write_radiograph(folder: Path, name: str = "xr", rows: int = 20, columns: int = 30) -> Path:
    """A computed radiograph: no place in the patient, detector spacing only."""
    folder.mkdir(parents=True, exist_ok=True)
    dataset = _head(name, "CR", 0)
    dataset.SOPClassUID = ComputedRadiographyImageStorage
    dataset.ImagerPixelSpacing = [0.2, 0.2]
    _pixels(dataset, np.full((rows, columns), 7, np.uint16))
    path = folder / f"{name}.dcm"
    dataset.save_as(path, enforce_file_format=True)
    return path


def write_photo(folder: Path, name: str = "skin", rows: int = 20, columns: int = 24) -> Path:
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((rows, columns, 3), np.uint8)
    pixels[..., 0] = np.arange(columns) * 5 + len(name)
    Image.fromarray(pixels).save(folder / f"{name}.png")
    return folder / f"{name}.png"


def _head(name: str, modality: str, number: int) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = MRImageStorage if modality == "MR" else CTImageStorage
    dataset.SOPInstanceUID = uid(name, "instance", str(number))
    dataset.PatientName = "Canary^Patient"
    dataset.PatientID = f"CANARYID-{name}"
    dataset.PatientBirthDate = "19610203"
    dataset.PatientSex = "F"
    dataset.StudyInstanceUID = uid(name, "study")
    dataset.StudyDate = "20250405"
    dataset.StudyTime = "101112"
    dataset.StudyID = "CANARYSTUDY"
    dataset.AccessionNumber = "CANARYACC"
    dataset.ReferringPhysicianName = "Canary^Physician"
    dataset.StudyDescription = "CANARYDESCRIPTION"
    dataset.InstitutionName = "CANARYHOSPITAL"
    dataset.SeriesInstanceUID = uid(name, "series")
    dataset.SeriesNumber = 4
    dataset.SeriesDescription = "CANARYSERIES"
    dataset.Modality = modality
    dataset.Manufacturer = "CANARYMAKER"
    dataset.InstanceNumber = number + 1
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.KVP = None
    dataset.WindowCenter, dataset.WindowWidth = [40, -600], [400, 1500]
    dataset.WindowCenterWidthExplanation = ["CANARYWINDOW", "Lung"]
    dataset.RescaleType = "CANARYUNIT"
    dataset.ImageComments = "CANARYCOMMENT"
    dataset.PatientComments = "CANARYPATIENT"
    dataset.StationName = "CANARYSTATION"
    dataset.ProtocolName = "CANARYPROTOCOL"
    dataset.OperatorsName = "Canary^Operator"
    dataset.OtherPatientIDs = "CANARYOTHER"
    dataset.add_new(0x00111001, "LO", "CANARYPRIVATE")
    dataset.RescaleIntercept, dataset.RescaleSlope = -1024, 1
    dataset.BodyPartExamined = "CHEST"
    return dataset


def _pixels(dataset: Dataset, pixels: npt.NDArray[np.uint16]) -> None:
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.PixelData = pixels.astype("<u2").tobytes()


def _ds(value: float) -> str:
    """A DS of at most 16 characters."""
    return f"{value:.10f}"[:16].rstrip("0").rstrip(".") or "0"
