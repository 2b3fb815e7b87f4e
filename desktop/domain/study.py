"""Studies, series, instances, frames and cases.

A photograph is an Instance in a made-up Series. Names, dates and free descriptions are not here:
they live in the project's local texts, outside the log, so that nothing of them is exported.
"""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

from desktop.domain.record import Record, Value


class CalibrationSource(str, Enum):
    """Where a number in millimetres comes from; shown beside every such number."""

    PATIENT = "patient plane"
    DETECTOR = "detector plane"
    ULTRASOUND = "ultrasound region"
    USER = "user ruler"
    NONE = "pixels"


class Window(Value):
    """A linear window in modality units. ``width`` >= 1 for integer data, > 0 for others."""

    center: float
    width: float
    name: str = ""


class Plane(Value):
    """Where a frame lies in the patient, in mm.

    ``position``: centre of the first (top-left) pixel. ``orientation``: direction cosines of
    increasing column index (first three), then of increasing row index (last three).
    Source: DICOM PS3.3 C.7.6.2.1.1.
    """

    position: tuple[float, float, float]
    orientation: tuple[float, float, float, float, float, float]


class UltrasoundRegion(Value):
    """A calibrated rectangle of an ultrasound frame; bounds are pixel indices, inclusive.

    Source: DICOM PS3.3 C.8.5.5.
    """

    x0: int
    y0: int
    x1: int
    y1: int
    mm_per_px_x: float
    mm_per_px_y: float


class FrameRef(Value):
    """One frame: the instance and the 0-based index of the frame within it."""

    instance_id: str
    frame_index: int = 0

    @property
    def key(self) -> str:
        return f"{self.instance_id}:{self.frame_index}"


class Study(Record):
    kind: ClassVar[str] = "study"

    study_instance_uid: str
    patient_key: str


class Series(Record):
    """``regular``: all frames parallel, evenly spaced, none missing: a volume may be made of it."""

    kind: ClassVar[str] = "series"

    study_id: str
    series_instance_uid: str
    modality: str
    number: int = 0
    frame_of_reference_uid: str = ""
    regular: bool = False
    slice_step_mm: float | None = None
    warnings: tuple[str, ...] = ()


class Instance(Record):
    """One file with pixels. ``id`` is made from the file's bytes, so it is the same everywhere.

    ``spacing_mm`` is (between rows, between columns) as in Pixel Spacing. ``planes`` has one entry
    per frame, one for all frames, or none. ``order`` is the position within the series, 0-based.
    """

    kind: ClassVar[str] = "instance"

    series_id: str
    file_sha256: str
    media: str  # "dicom" or "image"
    rows: int
    columns: int
    order: int = 0
    frame_count: int = 1
    samples: int = 1
    bits_stored: int = 8
    signed: bool = False
    photometric: str = "MONOCHROME2"
    sop_instance_uid: str = ""
    sop_class_uid: str = ""
    transfer_syntax_uid: str = ""
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

    @property
    def frames(self) -> tuple[FrameRef, ...]:
        return tuple(FrameRef(instance_id=self.id, frame_index=i) for i in range(self.frame_count))

    def plane(self, frame_index: int) -> Plane | None:
        """The plane of one frame, or None where the file gives none."""
        if not self.planes:
            return None
        return self.planes[frame_index if len(self.planes) > 1 else 0]


class Case(Record):
    """What one expert judges at once: usually a study, a single photograph, or a pair to rank."""

    kind: ClassVar[str] = "case"

    study_id: str
    title: str  # pseudonymous, e.g. "CT · P-4F1A09"
    order: int
    series_ids: tuple[str, ...]
    schema_id: str = ""
    tags: tuple[str, ...] = ()


class Calibration(Record):
    """A length that a person gave to a line on one series: the user ruler. One per series."""

    kind: ClassVar[str] = "calibration"

    case_id: str
    series_id: str
    reader_id: str
    mm_per_px: float
