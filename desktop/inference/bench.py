"""What one run of a model over one series needs, and what comes out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from desktop.domain.contracts import Progress
from desktop.domain.geometry import Geometry
from desktop.domain.model_card import ModelCard
from desktop.domain.study import Window
from desktop.imaging.frame import Frame
from desktop.inference.prepare import batch, frame_values, resized
from desktop.inference.regions import FoundRegion, RegionSlice

Floats = npt.NDArray[np.float32]
Run = Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]
Regions = Callable[[npt.NDArray[np.uint8], float, int, int], list[FoundRegion]]
MOST_VOXELS = 400_000_000  # of probabilities in memory at once


@dataclass(frozen=True)
class Finding:
    """What a model found. ``frame`` is the 0-based image, None for the whole series; ``slices``
    are painted pixels by image; ``soft`` holds probabilities by the model's class index."""

    index: int
    score: float
    frame: int | None = None
    geometry: Geometry | None = None
    slices: tuple[RegionSlice, ...] = ()
    soft: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Bench:
    """What a run needs: frames by number, the model, and where regions are found.

    ``image`` and ``outputs`` are the names of the model's tensors; ``inputs`` are all that go in
    where that is more than the image.
    """

    card: ModelCard
    count: int
    frame: Callable[[int], Frame]
    run: Run
    regions: Regions
    image: str
    outputs: tuple[str, ...]
    progress: Progress
    inputs: tuple[str, ...] = ()

    def fed(self, number: int, window: Window | None) -> tuple[np.ndarray, tuple[float, float]]:
        """One image as the model wants it, and the scale (x, y) from image to model pixels."""
        contract = self.card.input
        fitted, scale = resized(frame_values(self.frame(number), contract, window), contract)
        return batch(fitted, contract.layout), scale

    def told(self, done: int, of: int, number: int) -> None:
        """Say how far; Cancelled where the person asked to stop."""
        self.progress.report(done / of, f"image {number + 1}")


@dataclass(frozen=True)
class Findings:
    """All of one series, and the window that the images were shown in."""

    found: tuple[Finding, ...]
    window: Window | None


def in_bytes(chances: Floats) -> npt.NDArray[np.uint8]:
    """Probabilities times 255."""
    return np.asarray(np.clip(chances, 0, 1) * 255 + 0.5, np.uint8)
