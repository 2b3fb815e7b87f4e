"""A sketch of an image in a few numbers, to tell what looks alike. Coordinates of the patient play
no part in it; brightness and contrast are levelled first, so that two scanners may agree."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SIDE = 8  # of the thumbnail
BINS = 8
LENGTH = SIDE * SIDE + BINS + 4

Sketch = npt.NDArray[np.float32]


def sketch(values_yx: npt.NDArray[np.float32]) -> Sketch:
    """(LENGTH,) float32 of a (rows, columns) image: a levelled 8 x 8 thumbnail, the histogram of
    values, how rough it is at two scales, and how it goes left-right and up-down."""
    low, high = np.percentile(values_yx, (1.0, 99.0))
    level = np.clip((values_yx - low) / max(float(high - low), 1e-6), 0.0, 1.0).astype(np.float32)
    small, middle = block_means(level, SIDE), block_means(level, 8 * SIDE)
    histogram = np.histogram(level, bins=BINS, range=(0.0, 1.0))[0] / level.size
    rough = [
        float(np.abs(np.diff(grid, axis=axis)).mean())
        for grid in (middle, small)
        for axis in (0, 1)
    ]
    return np.concatenate([small.ravel(), histogram, rough]).astype(np.float32)


def block_means(values_yx: npt.NDArray[np.float32], side: int) -> npt.NDArray[np.float32]:
    """(side, side) means over blocks; a smaller image is repeated first."""
    rows, columns = values_yx.shape
    grown = values_yx.repeat(-(-side // rows), axis=0).repeat(-(-side // columns), axis=1)
    edges = [(np.arange(side) * size) // side for size in grown.shape]
    sums = np.add.reduceat(np.add.reduceat(grown, edges[0], axis=0), edges[1], axis=1)
    sizes = [np.diff([*e, size]) for e, size in zip(edges, grown.shape, strict=True)]
    return np.asarray(sums / np.outer(*sizes), dtype=np.float32)


def distances(
    sketches: npt.NDArray[np.float32], examples: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """(n, e) distances of (n, d) sketches to (e, d) examples: the root mean square over features
    of the difference in standard deviations of the sketches."""
    centre, spread = sketches.mean(axis=0), sketches.std(axis=0)
    spread = np.where(spread > 1e-6, spread, 1.0)
    a = (sketches - centre) / spread
    b = (examples - centre) / spread
    squared = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1)[None, :] - 2.0 * a @ b.T
    return np.asarray(np.sqrt(np.maximum(squared, 0.0) / sketches.shape[1]), dtype=np.float32)
