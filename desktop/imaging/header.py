"""Reads the header of a DICOM file, checks it, and gives plain facts. Child side.

pydicom never gets ``force=True``: a file without the DICM mark is not DICOM here.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from pydicom import Dataset
from pydicom.filereader import read_dataset
from pydicom.uid import UID

from desktop.domain.errors import UserError
from desktop.imaging import identifiers, photo, tags
from desktop.imaging.checks import (
    Layout,
    check_pixel_bytes,
    in_words,
    open_data_set,
    refuse,
    sniff,
)
from desktop.imaging.facts import ImageFacts, Refusal, original_in

NATIVE = {
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.2",
}
RLE = "1.2.840.10008.1.2.5"
JPEG = {f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 57, 70)}
JPEG_LS = {"1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"}
JPEG_2000 = {f"1.2.840.10008.1.2.4.{n}" for n in (90, 91, 201, 202, 203)}
KNOWN = NATIVE | {RLE} | JPEG | JPEG_LS | JPEG_2000
_ELSEWHERE = {f"1.2.840.10008.1.2.4.{n}" for n in (94, 95, 204, 205)}
_VIDEO = {f"1.2.840.10008.1.2.4.{n}" for n in range(100, 109)}

_NO_IMAGES = {
    "1.2.840.10008.5.1.4.1.1.104.1": "a PDF document",
    "1.2.840.10008.5.1.4.1.1.104.2": "a document",
    "1.2.840.10008.5.1.4.1.1.66.4": "a segmentation",
    "1.2.840.10008.5.1.4.1.1.66.7": "a segmentation",
    "1.2.840.10008.5.1.4.1.1.66.5": "a surface segmentation",
    "1.2.840.10008.5.1.4.1.1.66.1": "a spatial registration",
    "1.2.840.10008.5.1.4.1.1.66": "raw data",
    "1.2.840.10008.5.1.4.1.1.481.2": "a radiotherapy dose grid",
    "1.2.840.10008.5.1.4.1.1.481.3": "a radiotherapy structure set",
    "1.2.840.10008.5.1.4.1.1.481.5": "a radiotherapy plan",
    "1.2.840.10008.5.1.4.1.1.481.8": "a radiotherapy plan",
    "1.2.840.10008.5.1.4.1.1.30": "a parametric map",
}
_NO_IMAGE_PREFIXES = {
    "1.2.840.10008.5.1.4.1.1.88.": "a structured report",
    "1.2.840.10008.5.1.4.1.1.9.": "a waveform",
    "1.2.840.10008.5.1.4.1.1.11.": "a presentation state",
}
_WHOLE_SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"
_DICOMDIR = "1.2.840.10008.1.3.10"


@dataclass(frozen=True)
class Coding:
    """How the pixels of a file are stored. Sizes in pixels, bits per sample."""

    rows: int
    columns: int
    frame_count: int
    samples: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    photometric: str
    planar: bool

    @property
    def frame_bits(self) -> int:
        """Bits of one native frame; a YBR_FULL_422 pixel has two samples on average."""
        samples = 2 if self.photometric == "YBR_FULL_422" else self.samples
        return self.rows * self.columns * samples * self.bits_allocated


@dataclass(frozen=True)
class Header:
    """The data set up to its pixels, where these are, and how they are stored."""

    data_set: Dataset
    layout: Layout
    coding: Coding
    modality: str


def read_many(paths: Sequence[str]) -> list[ImageFacts | Refusal]:
    """The facts of each file, or why it is refused; DICOM and photographs."""
    return [_read_one(path) for path in paths]


def _read_one(path: str) -> ImageFacts | Refusal:
    try:
        with in_words("It can't be read"):
            kind = sniff(path)
            if kind == "DICOM":
                return read_dicom(path)
            if kind:
                return photo.read_photo(path, kind)
            return Refusal(reason="It is neither DICOM nor an image that can be opened here.")
    except _DirectoryFound:
        return Refusal(reason="It is a DICOMDIR.", silent=True)
    except UserError as error:
        return Refusal(reason=error.detail or error.title)
    except MemoryError:
        return Refusal(reason="It needs more memory than is allowed.")


class _DirectoryFound(UserError):
    """The file is a DICOMDIR, which lists other files."""


def read_dicom(path: str) -> ImageFacts:
    """The facts of a DICOM image; raises FileProblem for what is no image, or not a sound one."""
    from desktop.imaging import encapsulated

    with open_data_set(path) as (stream, layout):
        header = read_header(stream, layout)
        encapsulated.check_pixels(stream, header)
        return _facts(header)


def read_header(stream: BinaryIO, layout: Layout) -> Header:
    """Parse the data set up to its pixels and check what it says about them."""
    stream.seek(layout.data_set_start)
    with warnings.catch_warnings(), in_words("Its header can't be read"):
        warnings.simplefilter("ignore")
        data_set = read_dataset(
            stream,
            layout.implicit,
            layout.little_endian,
            stop_when=lambda tag, vr, length: tag >= 0x7FE00008,
        )
        modality = tags.text(data_set.get("Modality"), 16)
        _refuse_other_objects(data_set, layout)
        coding = _coding(data_set, layout)
    return Header(data_set, layout, coding, modality)


def _refuse_other_objects(data_set: Dataset, layout: Layout) -> None:
    kind = str(data_set.get("SOPClassUID", ""))
    if kind == _DICOMDIR or (data_set.get("DirectoryRecordSequence") is not None):
        raise _DirectoryFound("This is a DICOMDIR.")
    name = _NO_IMAGES.get(kind) or next(
        (what for prefix, what in _NO_IMAGE_PREFIXES.items() if kind.startswith(prefix)), ""
    )
    if name:
        raise refuse(f"It holds {name}, not an image.")
    if kind == _WHOLE_SLIDE and tags.whole(data_set.get("NumberOfFrames"), 1) > 1:
        raise refuse("It holds a slide in tiles, which are not put together here.")
    syntax = layout.syntax
    if syntax in _ELSEWHERE:
        raise refuse("Its pixels are on a server (JPIP), not in the file.")
    if syntax in _VIDEO:
        raise refuse("It holds video (MPEG); only single frames can be read here.")
    if syntax not in KNOWN:
        known = UID(syntax).name if UID(syntax).is_valid else "unknown"
        raise refuse(f"Its pixels are stored in a way that is not read here ({known}).")
    if layout.pixel_tag in (0x7FE00008, 0x7FE00009):
        raise refuse("It holds floating-point values; only whole numbers can be read here.")
    if layout.pixel_tag == 0:
        raise refuse("It has no pixels.")


def _coding(data_set: Dataset, layout: Layout) -> Coding:
    samples = tags.whole(data_set.get("SamplesPerPixel"), 1)
    allocated = tags.whole(data_set.get("BitsAllocated"))
    stored = tags.whole(data_set.get("BitsStored"), allocated)
    coding = Coding(
        rows=tags.whole(data_set.get("Rows")),
        columns=tags.whole(data_set.get("Columns")),
        frame_count=tags.whole(data_set.get("NumberOfFrames"), 1) or 1,
        samples=samples,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=tags.whole(data_set.get("HighBit"), stored - 1),
        signed=tags.whole(data_set.get("PixelRepresentation")) == 1,
        photometric=tags.text(data_set.get("PhotometricInterpretation"), 16),
        planar=samples > 1 and tags.whole(data_set.get("PlanarConfiguration")) == 1,
    )
    _check_coding(coding, layout)
    return coding


def _check_coding(coding: Coding, layout: Layout) -> None:
    if coding.bits_allocated in (32, 64):
        raise refuse(f"Its pixels have {coding.bits_allocated} bits; up to 16 can be read here.")
    if coding.bits_allocated not in (1, 8, 16):
        raise refuse(f"Its pixels have {coding.bits_allocated} bits, which is not read here.")
    stored, high = coding.bits_stored, coding.high_bit
    if not 1 <= stored <= coding.bits_allocated or not stored - 1 <= high < coding.bits_allocated:
        raise refuse("Its numbers of bits contradict each other.")
    grey = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")
    color = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT")
    fits = coding.photometric in (grey if coding.samples == 1 else color)
    if coding.samples not in (1, 3) or not fits:
        named = coding.photometric or "no colour model"
        raise refuse(f"Its colours are not read here ({named}, {coding.samples} per pixel).")
    if coding.bits_allocated == 1 and (coding.samples != 1 or layout.syntax not in NATIVE):
        raise refuse("Its 1-bit pixels are stored in a way that is not read here.")
    if coding.frame_count > 1_000_000:
        raise refuse(f"It claims {coding.frame_count} frames.")
    check_pixel_bytes(
        coding.rows,
        coding.columns,
        coding.frame_count,
        coding.samples * max(1, coding.bits_allocated / 8),
    )


def _facts(header: Header) -> ImageFacts:
    data_set, coding, modality = header.data_set, header.coding, header.modality
    with warnings.catch_warnings(), in_words("Its header can't be read"):
        warnings.simplefilter("ignore")
        regions = tags.ultrasound_regions_of(data_set, coding.rows, coding.columns)
        spacing, source = tags.calibration_of(data_set, modality, regions)
        slope, intercept, unit = tags.rescale_of(data_set, modality)
        synthetic = tags.text(data_set.get("SyntheticData"), 16).strip().upper() == "YES"
        derivation = tags.text(data_set.get("DerivationDescription"), 1024)
        color = coding.samples == 3 or coding.photometric == "PALETTE COLOR"
        return ImageFacts(
            media="dicom",
            rows=coding.rows,
            columns=coding.columns,
            frame_count=coding.frame_count,
            samples=coding.samples,
            bits_stored=coding.bits_stored,
            signed=coding.signed,
            photometric=coding.photometric,
            study_instance_uid=_uid(data_set, "StudyInstanceUID"),
            series_instance_uid=_uid(data_set, "SeriesInstanceUID"),
            sop_instance_uid=_uid(data_set, "SOPInstanceUID"),
            sop_class_uid=_uid(data_set, "SOPClassUID"),
            transfer_syntax_uid=header.layout.syntax,
            frame_of_reference_uid=_uid(data_set, "FrameOfReferenceUID"),
            modality=modality,
            series_number=tags.whole(data_set.get("SeriesNumber")),
            number=tags.whole(data_set.get("InstanceNumber")),
            planes=tags.planes_of(data_set, coding.frame_count),
            spacing_mm=spacing,
            calibration=source,
            ultrasound_regions=regions,
            frame_time_ms=tags.frame_time_of(data_set, coding.frame_count),
            rescale_slope=slope,
            rescale_intercept=intercept,
            unit="" if color else unit,
            windows=() if color else tags.windows_of(data_set),
            burned_in=tags.text(data_set.get("BurnedInAnnotation"), 16),
            synthetic=synthetic,
            made_from=original_in(derivation) if synthetic else "",
            patient_id=tags.text(data_set.get("PatientID")),
            identifiers=identifiers.filled(data_set),
            texts=_texts(data_set),
        )


def _uid(data_set: Dataset, name: str) -> str:
    """A UID as it stands, if it is made of digits and dots, else ""."""
    found = tags.text(data_set.get(name), 65)
    return found if found and set(found) <= set("0123456789.") and len(found) <= 64 else ""


def _texts(data_set: Dataset) -> dict[str, dict[str, str]]:
    """The texts that stay on this machine, by entity; empty ones are left out."""
    names = {
        "study": {
            "patient_name": "PatientName",
            "patient_id": "PatientID",
            "date": "StudyDate",
            "time": "StudyTime",
            "description": "StudyDescription",
            "accession": "AccessionNumber",
        },
        "series": {
            "description": "SeriesDescription",
            "body_part": "BodyPartExamined",
            "protocol": "ProtocolName",
        },
    }
    found = {
        entity: {key: tags.text(data_set.get(tag)) for key, tag in keys.items()}
        for entity, keys in names.items()
    }
    return {entity: {k: v for k, v in texts.items() if v} for entity, texts in found.items()}
