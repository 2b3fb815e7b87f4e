"""What DICOM objects that we make take over from their source images: an allow-list, and the marks
that say what was removed. Runs in a child process only: it parses source files.

Source: DICOM PS3.15 E (confidentiality profile).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from io import BytesIO

from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset

from desktop.domain.errors import FileProblem
from desktop.exchange.seg_request import SegSource

# All that a derived object takes from its source images; nothing else is read or copied.
_IMAGE_KEYWORDS = (
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "PositionReferenceIndicator",
    "Modality",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "PatientOrientation",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "SliceThickness",
    "SpacingBetweenSlices",
    "LossyImageCompression",
    "LossyImageCompressionRatio",
    "LossyImageCompressionMethod",
    "DimensionOrganizationType",
)
_SEQUENCES: Mapping[str, tuple[str, ...]] = {
    "DimensionOrganizationSequence": ("DimensionOrganizationUID",),
    "DimensionIndexSequence": (
        "DimensionOrganizationUID",
        "DimensionIndexPointer",
        "FunctionalGroupPointer",
    ),
}
_GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
_IN_GROUPS: Mapping[str, tuple[str, ...]] = {
    "PixelMeasuresSequence": ("PixelSpacing", "SliceThickness", "SpacingBetweenSlices"),
    "PlaneOrientationSequence": ("ImageOrientationPatient",),
    "PlanePositionSequence": ("ImagePositionPatient",),
    "FrameContentSequence": ("DimensionIndexValues",),
}
# Type 2 in the Patient and Study modules: empty, or taken over for the site's own archive.
_IDENTITY = (
    "SpecificCharacterSet",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
)


def source_header(source: SegSource, patient_key: str, slice_mm: float) -> Dataset:
    """A new header with what is allowed, and a pseudonym for the patient where one is given."""
    changed = FileProblem(
        "An image file is not the one that was drawn on.", "", "Import the series again."
    )
    try:
        with open(source.path, "rb") as file:
            raw = file.read()
    except OSError as error:
        raise FileProblem("An image file can't be read.", "", "Is its disk plugged in?") from error
    if hashlib.sha256(raw).hexdigest() != source.sha256:
        raise changed
    tags = [*_IMAGE_KEYWORDS, *_SEQUENCES, *_GROUPS, *([] if patient_key else _IDENTITY)]
    read = dcmread(BytesIO(raw), stop_before_pixels=True, specific_tags=list(tags))
    if str(read.get("SOPInstanceUID", "")) != source.sop_instance_uid:
        raise changed
    header = _only(read, _IMAGE_KEYWORDS)
    for name, keywords in _SEQUENCES.items():
        if name in read:
            setattr(header, name, [_only(item, keywords) for item in read[name].value])
    for name in _GROUPS:
        if name in read:
            setattr(header, name, [_group(item) for item in read[name].value])
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = read.file_meta.TransferSyntaxUID
    for keyword in _IDENTITY:
        setattr(header, keyword, None)
    if "SliceThickness" not in header and "NumberOfFrames" not in header:
        header.SliceThickness = f"{slice_mm:.6g}"
    if patient_key:
        header.SpecificCharacterSet = "ISO_IR 192"
        header.PatientID, header.PatientName = patient_key, patient_key + "^"
    else:
        header.update(_only(read, _IDENTITY))
    return header


def _only(dataset: Dataset, keywords: Sequence[str]) -> Dataset:
    kept = Dataset()
    for keyword in keywords:
        if keyword in dataset and not dataset[keyword].is_empty:
            kept.add(dataset[keyword])
    return kept


def _group(item: Dataset) -> Dataset:
    kept = Dataset()
    for name, keywords in _IN_GROUPS.items():
        if name in item:
            setattr(kept, name, [_only(part, keywords) for part in item[name].value])
    return kept


def settle(
    dataset: Dataset,
    *,
    date: str,
    time: str,
    scheme: str,
    is_pseudonymous: bool,
    is_synthetic: bool,
) -> None:
    """Replace what a library made of the clock; say what was removed, and what was made up."""
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = date, time
    dataset.TimezoneOffsetFromUTC = "+0000"
    if is_synthetic:
        dataset.SyntheticData = "YES"  # (0008,001C), SOP Common Module
    for item in dataset.get("ContributingEquipmentSequence") or ():
        item.ContributionDateTime = date + time
    own = Dataset()
    own.CodingSchemeDesignator = scheme
    own.CodingSchemeName = "Label classes of a Reading Room project"
    dataset.CodingSchemeIdentificationSequence = [own]
    if not is_pseudonymous:
        return
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = "Reading Room: allow-list, UIDs kept"
    dataset.DeidentificationMethodCodeSequence = [
        _code("113100", "Basic Application Confidentiality Profile"),
        _code("113110", "Retain UIDs Option"),
    ]
    dataset.LongitudinalTemporalInformationModified = "REMOVED"


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    return item
