"""What goes to the child process that writes measurement reports, and what comes back from it."""

from __future__ import annotations

from desktop.domain.record import Value
from desktop.exchange.seg_request import SegSource

CodeOf = tuple[str, str, str]  # value, scheme, meaning

CANT_MEASURE = "The images can't carry a DICOM measurement report."


class SrMeasure(Value):
    """A number: what it is, its unit, how its millimetres came to be, and the image that it was
    taken on (index among the request's sources, frame index from 0)."""

    name: CodeOf
    value: float
    unit: CodeOf
    method: CodeOf
    source: int
    frame_index: int


class SrGroup(Value):
    """All that is said of one annotation.

    ``graphic`` is "POLYLINE", "ELLIPSE" or "" (no outline: a painted region, whose pixels are in
    the segmentation under the same tracking id). ``points`` are x, y, x, y in pixels from the outer
    corner of the top-left pixel. ``is_region``: the outline is the region itself, otherwise it is
    the line that was measured. ``algorithm`` "" for what a person drew.
    """

    tracking_id: str
    tracking_uid: str
    finding: CodeOf
    category: CodeOf | None
    graphic: str
    points: tuple[float, ...]
    is_region: bool
    measures: tuple[SrMeasure, ...]
    evaluations: tuple[tuple[CodeOf, CodeOf], ...] = ()
    algorithm: str = ""


class SrRequest(Value):
    """Everything that a measurement report is made of; equal requests give equal bytes.

    ``synthetic``: the images are made up.
    """

    sources: tuple[SegSource, ...]
    groups: tuple[SrGroup, ...]
    patient_key: str
    creator: str
    description: str
    series_uid: str
    sop_uid: str
    series_number: int
    date: str
    time: str
    version: str
    coding_scheme: str
    slice_mm: float
    synthetic: bool = False


class SrNumber(Value):
    """A number as read back; images by SOP Instance UID."""

    name: tuple[str, str]
    value: float
    unit: str
    method: tuple[str, str]
    sop_instance_uid: str
    frame_index: int


class SrRead(Value):
    """A measurement group as read back; codes as (value, scheme)."""

    tracking_id: str
    tracking_uid: str
    finding: tuple[str, str]
    graphic: str
    points: tuple[float, ...]
    numbers: tuple[SrNumber, ...]
    evaluations: tuple[tuple[tuple[str, str], tuple[str, str]], ...]
