"""Which identifying attributes a file fills, by name and without their values. Child side.

Source: DICOM PS3.15 Table E.1-1 (basic profile); of it, what names or describes people and places.
"""

from __future__ import annotations

from typing import Any

IDENTIFYING: dict[str, str] = {
    "PatientName": "Patient's name",
    "PatientID": "Patient ID",
    "OtherPatientIDs": "Other patient IDs",
    "OtherPatientNames": "Other patient names",
    "PatientBirthDate": "Patient's birth date",
    "PatientBirthTime": "Patient's birth time",
    "PatientBirthName": "Patient's birth name",
    "PatientMotherBirthName": "Mother's birth name",
    "PatientAddress": "Patient's address",
    "PatientTelephoneNumbers": "Patient's telephone numbers",
    "PatientAge": "Patient's age",
    "PatientSex": "Patient's sex",
    "EthnicGroup": "Ethnic group",
    "Occupation": "Occupation",
    "MilitaryRank": "Military rank",
    "MedicalRecordLocator": "Medical record locator",
    "AdditionalPatientHistory": "Patient's history",
    "PatientComments": "Comments on the patient",
    "ImageComments": "Comments on the image",
    "AccessionNumber": "Accession number",
    "StudyID": "Study ID",
    "StudyDate": "Study date",
    "SeriesDate": "Series date",
    "AcquisitionDate": "Acquisition date",
    "ContentDate": "Content date",
    "StudyDescription": "Study description",
    "SeriesDescription": "Series description",
    "InstitutionName": "Institution",
    "InstitutionAddress": "Institution's address",
    "InstitutionalDepartmentName": "Department",
    "StationName": "Station",
    "DeviceSerialNumber": "Device serial number",
    "ReferringPhysicianName": "Referring physician",
    "PerformingPhysicianName": "Performing physician",
    "RequestingPhysician": "Requesting physician",
    "PhysiciansOfRecord": "Physicians of record",
    "NameOfPhysiciansReadingStudy": "Reading physicians",
    "OperatorsName": "Operators",
}
PRIVATE = "Private attributes"
BURNED_IN = "Burned in annotation"


def filled(data_set: Any) -> tuple[str, ...]:
    """Keywords of IDENTIFYING that hold something, and PRIVATE or BURNED_IN where they apply."""
    found = [name for name in IDENTIFYING if _says_something(data_set, name)]
    if any(map(_is_private, data_set.keys())):  # a look at the values would decode them all
        found.append(PRIVATE)
    if str(data_set.get("BurnedInAnnotation", "")).strip().upper() == "YES":
        found.append(BURNED_IN)
    return tuple(found)


def _says_something(data_set: Any, name: str) -> bool:
    try:
        value = data_set.get(name)
    except (ValueError, TypeError, AttributeError, KeyError):
        return True  # it is there, though it can't be read
    return value is not None and bool(str(value).strip())


def _is_private(tag: Any) -> bool:
    return bool(tag.is_private)
