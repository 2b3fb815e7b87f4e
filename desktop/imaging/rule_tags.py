"""Header attributes that rules may look at: coded or technical ones, none that names a person.

Child side, but for the list. Values stay in memory and go into no record, log or bundle.
"""

from __future__ import annotations

from collections.abc import Sequence

RULE_TAGS = (
    "Modality", "BodyPartExamined", "Laterality", "ImageLaterality", "ViewPosition",
    "PatientPosition", "PatientSex", "PatientAge", "Manufacturer", "ManufacturerModelName",
    "MagneticFieldStrength", "KVP", "XRayTubeCurrent", "ExposureTime", "Exposure",
    "ConvolutionKernel", "SliceThickness", "SpacingBetweenSlices", "ScanningSequence",
    "SequenceVariant", "ScanOptions", "MRAcquisitionType", "EchoTime", "RepetitionTime",
    "InversionTime", "FlipAngle", "EchoTrainLength", "ImageType", "PresentationIntentType",
    "PhotometricInterpretation", "ConversionType", "BurnedInAnnotation", "Rows", "Columns",
    "NumberOfFrames", "PixelSpacing",
)  # fmt: skip

_OLDEST_YEARS = 90  # older ages single people out


def read_rule_tags(paths: Sequence[str]) -> list[dict[str, str]]:
    """The attributes of each file by keyword, as one line of text (several values joined by
    backslash); {} for a file that is no readable DICOM image. Ages above 90 read "090Y"."""
    return [_read_one(path) for path in paths]


def _read_one(path: str) -> dict[str, str]:
    from desktop.domain.errors import UserError
    from desktop.imaging import tags
    from desktop.imaging.checks import open_data_set, sniff
    from desktop.imaging.header import read_header

    try:
        if sniff(path) != "DICOM":
            return {}
        with open_data_set(path) as (stream, layout):
            data_set = read_header(stream, layout).data_set
            found = {name: data_set.get(name) for name in RULE_TAGS}
            texts = {name: _line(value, tags.text) for name, value in found.items()}
    except UserError:
        return {}
    if texts["PatientAge"].endswith("Y") and texts["PatientAge"][:-1].isdigit():
        years = min(_OLDEST_YEARS, int(texts["PatientAge"][:-1]))
        texts["PatientAge"] = f"{years:03d}Y"
    return {name: value for name, value in texts.items() if value}


def _line(value: object, text: object) -> str:
    assert callable(text)
    if value is None or isinstance(value, (str, int, float)):
        return str(text(value, 64))
    if isinstance(value, Sequence):
        return "\\".join(str(text(part, 64)) for part in value)
    return str(text(value, 64))
