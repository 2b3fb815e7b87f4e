"""DICOM files of the demo that are copied under a demo name."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from pydicom import dcmread

from desktop.imaging.slice_writer import DemoPatient, write_slices

__all__ = ["DemoPatient", "copy_renamed", "write_slices"]


def copy_renamed(raw: bytes, patient: DemoPatient, target: Path) -> None:
    """Write a file again with its pixels as they are, under the name of a demo patient.

    Every person, institution, device number, comment and private element goes.
    """
    dataset = dcmread(BytesIO(raw))
    dataset.remove_private_tags()
    for element in list(dataset.iterall()):
        if element.VR == "PN":
            element.value = ""
    for keyword in (
        "OtherPatientIDs",
        "PatientWeight",
        "EthnicGroup",
        "AdditionalPatientHistory",
        "InstitutionName",
        "InstitutionalDepartmentName",
        "StationName",
        "DeviceSerialNumber",
        "ImageComments",
        "SourceImageSequence",
        "InstanceCreatorUID",
    ):
        if keyword in dataset:
            delattr(dataset, keyword)
    dataset.PatientName = patient.name
    dataset.PatientID = patient.id
    dataset.PatientBirthDate = ""
    dataset.AccessionNumber = ""
    dataset.StudyID = patient.id
    target.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(target, enforce_file_format=True)
