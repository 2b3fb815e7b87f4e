"""What the child process says about a file or a frame: plain values."""

from __future__ import annotations

import re

from desktop.domain.record import Value
from desktop.domain.study import CalibrationSource, Plane, UltrasoundRegion, Window

SOURCE_KEY = "source_frame"  # of the facts beside a made-up image: FrameRef.key of its original
_SOURCE = re.compile(rf"\b{SOURCE_KEY}\W{{1,4}}([0-9a-f]{{32}}):[0-9]+")


def original_in(words: str) -> str:
    """The instance id of the original that the facts of a made-up image name, "" for none."""
    found = _SOURCE.search(words)
    return found.group(1) if found else ""


class ImageFacts(Value):
    """The facts of one image file that become an Instance, a Series and a Study.

    ``patient_id`` and ``texts`` stay on this machine: they never enter a record. ``texts`` is
    keyed by "study" and "series".
    """

    media: str
    rows: int
    columns: int
    frame_count: int = 1
    samples: int = 1
    bits_stored: int = 8
    signed: bool = False
    photometric: str = "MONOCHROME2"
    study_instance_uid: str = ""
    series_instance_uid: str = ""
    sop_instance_uid: str = ""
    sop_class_uid: str = ""
    transfer_syntax_uid: str = ""
    frame_of_reference_uid: str = ""
    modality: str = ""
    series_number: int = 0
    number: int = 0
    planes: tuple[Plane, ...] = ()
    spacing_mm: tuple[float, float] | None = None
    calibration: CalibrationSource = CalibrationSource.NONE
    ultrasound_regions: tuple[UltrasoundRegion, ...] = ()
    frame_time_ms: float | None = None
    rescale_slope: float = 1.0
    rescale_intercept: float = 0.0
    unit: str = ""
    windows: tuple[Window, ...] = ()
    burned_in: str = ""
    synthetic: bool = False  # the file says that it is made up
    made_from: str = ""  # id of the instance that a made-up file names as its original
    patient_id: str = ""
    identifiers: tuple[str, ...] = ()  # keywords of identifying attributes that are filled
    texts: dict[str, dict[str, str]] = {}


class Refusal(Value):
    """Why a file is not taken, in words. ``silent``: not worth a line (a DICOMDIR)."""

    reason: str
    silent: bool = False


class FrameFacts(Value):
    """What belongs to the pixels of one decoded frame: ``value = pixel * slope + intercept``."""

    pixels_sha256: str
    slope: float = 1.0
    intercept: float = 0.0
    unit: str = ""
    inverted: bool = False
    windows: tuple[Window, ...] = ()
