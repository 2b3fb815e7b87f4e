"""What a rule gets of the case, frame or region that it judges; read when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from desktop.domain.schema import Scope


@dataclass(frozen=True, eq=False)
class Picture:
    """One frame. ``values_yx`` : (rows, columns) float32 in ``unit`` (modality values; luminance
    0 to 255 of colour images). ``spacing_mm`` : between rows, between columns; None where there
    is no calibration in the patient. ``mask_yx`` : the pixels of the region that is judged, None
    for the whole frame."""

    values_yx: npt.NDArray[np.float32]
    unit: str = ""
    spacing_mm: tuple[float, float] | None = None
    mask_yx: npt.NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class RegionFacts:
    """A region by a reader (``reader_id``) or a suggestion (""). Lengths and areas are None in mm
    where there is no calibration in the patient, the volume where slices aren't evenly spaced."""

    class_id: int
    reader_id: str = ""
    score: float = 1.0
    area_px: float = 0.0
    area_mm2: float | None = None
    diameter_px: float = 0.0
    diameter_mm: float | None = None
    volume_mm3: float | None = None


@dataclass(frozen=True)
class Score:
    """How sure a suggestion is, 0 to 1: of a class, or that the target's answer is ``label``."""

    value: float
    class_id: int = 0
    label: str = ""
    tool: str = ""


@dataclass(frozen=True)
class Said:
    """What one reader answered to what the rule votes about."""

    reader_id: str
    label: str


@dataclass(frozen=True)
class Example:
    """A known item: how far away in features (in standard deviations, root mean square over
    features), and its label."""

    distance: float
    label: str


class Subject(Protocol):
    """One item. ``level``: a case (study), a frame or a region."""

    level: Scope

    def tags(self) -> Mapping[str, tuple[str, ...]] | None:
        """Attributes by name, with the values of all files concerned; None where none is DICOM."""

    def report(self) -> str | None:
        """The report text attached to the case."""

    def pictures(self, which: str = "middle") -> Iterator[Picture]:
        """Frames: "middle" of each series, or "all". Of a frame or region: its own."""

    def regions(self) -> Sequence[RegionFacts]:
        """Regions of readers and suggestions on the item; of a region: itself."""

    def scores(self) -> Sequence[Score]:
        """What suggestions say about the item."""

    def answers(self) -> Sequence[Said]:
        """What readers said."""

    def examples(self) -> Sequence[Example] | None:
        """Known items, nearest first, none of the same patient; None where this item has no
        picture."""
