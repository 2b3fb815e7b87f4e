"""A window that slides over an image or a volume, with overlapping answers blended.

Source: F. Isensee et al., Nat. Methods 18 (2021) 203-211 (Gaussian importance weighting of
patches, sigma an eighth of the patch).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def starts(size: int, window: int, overlap: float) -> list[int]:
    """Where windows begin along one axis, so that all of it is covered; the last one is flush."""
    if window >= size:
        return [0]
    step = max(1, int(window * (1.0 - overlap)))
    found = list(range(0, size - window, step))
    return [*found, size - window]


def places(size: Sequence[int], window: Sequence[int], overlap: float) -> list[tuple[slice, ...]]:
    """Every window of a grid, in reading order."""
    axes = [starts(s, w, overlap) for s, w in zip(size, window, strict=True)]
    return [
        tuple(slice(a, min(a + w, s)) for a, w, s in zip(corner, window, size, strict=True))
        for corner in product(*axes)
    ]


def blend_weights(window: Sequence[int]) -> Floats:
    """A Gaussian bump over a window, nowhere 0, so that its middle counts most."""
    weights = np.ones(tuple(window), np.float32)
    for axis, size in enumerate(window):
        middle = (np.arange(size) - (size - 1) / 2) / max(1.0, size / 8)
        bump = np.maximum(np.exp(-0.5 * middle**2), 1e-3).astype(np.float32)
        weights *= bump.reshape([-1 if a == axis else 1 for a in range(len(window))])
    return weights


def slide(
    values: Floats,
    window: Sequence[int],
    overlap: float,
    classes: int,
    run: Callable[[Floats], Floats],
    on_window: Callable[[int, int], None] = lambda done, total: None,
) -> Floats:
    """Answers over the whole of ``values`` from answers over windows.

    Parameters
    ----------
    values : (channels, *size) float32
        Edges are padded with their own values where the window is larger than the image.
    window : size of the window along each axis of ``size``
    run : from (channels, *window) to (classes, *window)

    Returns
    -------
    (classes, *size) float32
        Means weighted by ``blend_weights``.
    """
    size = values.shape[1:]
    total = np.zeros((classes, *size), np.float32)
    weight = np.zeros(size, np.float32)
    bump = blend_weights(window)
    grid = places(size, window, overlap)
    for number, place in enumerate(grid):
        patch = values[(slice(None), *place)]
        missing = [(0, w - s) for w, s in zip(window, patch.shape[1:], strict=True)]
        padded = (
            np.pad(patch, [(0, 0), *missing], mode="edge") if any(m[1] for m in missing) else patch
        )
        answer = run(np.ascontiguousarray(padded))
        inside = tuple(slice(0, s) for s in patch.shape[1:])
        total[(slice(None), *place)] += (answer * bump)[(slice(None), *inside)]
        weight[place] += bump[inside]
        on_window(number + 1, len(grid))
    total /= weight
    return total


def neighbours(count: int, index: int, slices: int) -> Iterator[int]:
    """The indices of ``slices`` neighbouring images around one, repeated at the ends."""
    half = slices // 2
    for offset in range(-half, slices - half):
        yield min(count - 1, max(0, index + offset))
