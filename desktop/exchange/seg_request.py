"""What goes to the child process that writes segmentations, and what comes back from reading."""

from __future__ import annotations

from desktop.domain.record import Value

CANT_CARRY = "The images can't carry a DICOM segmentation."


class SegSource(Value):
    """One source file. The hash proves that it is the file that was drawn on."""

    path: str
    sha256: str
    sop_instance_uid: str


class SegSegment(Value):
    """One annotation. Codes are (value, scheme, meaning); ``frames`` are source index, frame index
    within the source (0-based) and run lengths."""

    label: str
    category: tuple[str, str, str]
    type: tuple[str, str, str]
    algorithm: str
    algorithm_name: str
    tracking_id: str
    tracking_uid: str
    frames: tuple[tuple[int, int, bytes], ...]


class SegRequest(Value):
    """Everything that a segmentation is made of; equal requests give equal bytes.

    ``patient_key`` "" keeps the patient's identity as it is in the source. ``slice_mm`` stands in
    for a slice thickness that the source doesn't give. ``synthetic``: the images are made up.
    """

    sources: tuple[SegSource, ...]
    segments: tuple[SegSegment, ...]
    patient_key: str
    creator: str
    description: str
    series_uid: str
    sop_uid: str
    dimension_uid: str
    series_number: int
    instance_number: int
    date: str
    time: str
    version: str
    coding_scheme: str
    slice_mm: float
    synthetic: bool = False


class SegFrame(Value):
    """One frame of a segmentation as read back; positions in mm, LPS."""

    tracking_id: str
    sop_instance_uid: str
    frame_index: int
    rows: int
    columns: int
    runs: bytes
    position: tuple[float, ...] = ()
    orientation: tuple[float, ...] = ()
    spacing: tuple[float, ...] = ()
