"""Masks of several raters as patterns: which raters marked a voxel, and how many such voxels.

Consensus of masks looks only at patterns, so its cost follows their number (at most K to the power
of R, usually some dozens), not the number of voxels. Slices are read one by one: memory stays flat.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.engines.votes import Floats, Ints

# One (rows, columns) array per rater; None where a rater marked nothing on the slice.
Slices = Sequence[npt.NDArray[Any] | None]

DENSE_PATTERNS = 1 << 16  # up to here a pattern is a number; above it is looked up by its bytes
MARGIN = 2  # voxels around the union of all masks


@dataclass(frozen=True, eq=False)
class MaskStack:
    """The same slices, masked by several raters; read as often as needed.

    ``shape`` : (slices, rows, columns). ``raters`` : their names. ``read(z)`` gives, per rater, the
    (rows, columns) mask of slice z: bool, or labels 0..K-1 with 0 for background, or None for
    nothing marked.
    ``n_labels`` : K; with 2, everything that is not 0 is foreground.
    """

    shape: tuple[int, int, int]
    raters: tuple[str, ...]
    read: Callable[[int], Slices]
    n_labels: int = 2

    def __post_init__(self) -> None:
        if not self.raters or len(set(self.raters)) != len(self.raters):
            raise _problem("Each rater needs one mask.")
        if self.n_labels < 2 or self.n_labels > 256 or min(self.shape) < 1:
            raise _problem("Masks need two to 256 labels and at least one pixel.")

    @classmethod
    def of_arrays(
        cls,
        masks: Sequence[npt.NDArray[Any]],
        *,
        raters: Sequence[str] | None = None,
        n_labels: int = 2,
    ) -> MaskStack:
        """A stack of arrays in memory, each (rows, columns) or (slices, rows, columns).

        UserError where shapes differ or a pixel has no value (NaN).
        """
        arrays = [np.asarray(m) for m in masks]
        if not arrays or any(a.shape != arrays[0].shape for a in arrays):
            raise _problem("All masks must have the same size.")
        if arrays[0].ndim not in (2, 3):
            raise _problem("Masks are images or stacks of images.")
        if any(a.dtype.kind == "f" and np.isnan(a).any() for a in arrays):
            raise _problem("A mask has pixels without a value.")
        if arrays[0].ndim == 2:
            arrays = [a[None] for a in arrays]
        names = tuple(raters) if raters is not None else tuple(str(i) for i in range(len(arrays)))
        if len(names) != len(arrays):
            raise _problem("Each rater needs one mask.")
        s, y, x = arrays[0].shape
        return cls((s, y, x), names, _Held(arrays), n_labels)

    @property
    def n_raters(self) -> int:
        return len(self.raters)

    def pattern_codes(self, z: int) -> npt.NDArray[Any]:
        """(rows, columns) of slice z: one number per pattern, or (rows, columns, R) uint8 labels
        where there are too many possible patterns for that. Background everywhere is 0."""
        given = self.read(z)
        if len(given) != self.n_raters:
            raise _problem("Each rater needs one mask.")
        if self.is_dense and all(m is None for m in given):
            return np.zeros(self.shape[1:], dtype=self._code_type)
        slices = [self._checked(m, z) for m in given]
        if not self.is_dense:
            return np.stack(slices, axis=-1)
        code = slices[-1].astype(self._code_type)
        for one in reversed(slices[:-1]):
            code *= code.dtype.type(self.n_labels)
            code += one
        return code

    @property
    def is_dense(self) -> bool:
        return bool(self.n_labels**self.n_raters <= DENSE_PATTERNS)

    @property
    def _code_type(self) -> Any:
        return np.uint8 if self.n_labels**self.n_raters <= 256 else np.uint16

    def _checked(self, mask_yx: npt.NDArray[Any] | None, z: int) -> npt.NDArray[np.uint8]:
        if mask_yx is None:
            return np.zeros(self.shape[1:], dtype=np.uint8)
        if mask_yx.shape != self.shape[1:]:
            raise _problem(f"A mask of slice {z + 1} has another size.")
        if mask_yx.dtype == np.bool_:
            return mask_yx.view(np.uint8)
        if self.n_labels == 2:
            return np.asarray(mask_yx != 0).view(np.uint8)
        if mask_yx.dtype.kind not in "iu" or (
            mask_yx.size and (int(mask_yx.min()) < 0 or int(mask_yx.max()) >= self.n_labels)
        ):
            raise _problem(f"A mask of slice {z + 1} holds a label that is not in the schema.")
        return mask_yx.astype(np.uint8, copy=False)


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """Slices of arrays in memory; a class and not a lambda, so that it passes between processes."""

    arrays: list[npt.NDArray[Any]]

    def __call__(self, z: int) -> Slices:
        return [array[z] for array in self.arrays]


@dataclass(frozen=True, slots=True, eq=False)
class Patterns:
    """The distinct patterns of a stack within its field of view.

    ``labels`` : (P, R) int64, what each rater said; row 0 is background by all.
    ``counts`` : (P,) int64 voxels. ``bounds`` : z0, y0, x0, z1, y1, x1 of the field of view
    (exclusive end): the union of all masks, ``margin`` voxels on each side, clipped to the image;
    all of the image for margin None or where nothing is marked.
    """

    labels: Ints
    counts: Ints
    bounds: tuple[int, int, int, int, int, int]
    margin: int | None
    n_labels: int
    raters: tuple[str, ...]
    _dense: Ints = field(repr=False)  # pattern of each code, -1 where it does not occur
    _sparse: dict[bytes, int] = field(repr=False)

    @property
    def voxels(self) -> int:
        return int(self.counts.sum())

    def apply(self, stack: MaskStack, z: int, per_pattern: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """(rows, columns) of slice z: what each voxel's pattern has in ``per_pattern``."""
        codes = stack.pattern_codes(z)
        if self._dense.size:
            return np.asarray(per_pattern[np.maximum(self._dense, 0)][codes])
        out = np.full(codes.shape[:2], per_pattern[0], dtype=per_pattern.dtype)
        marked = codes.any(axis=-1)
        keys, _, inverse = _unique_rows(codes[marked])
        known = np.array([self._sparse[key] for key in keys], dtype=np.int64)
        if known.size:
            out[marked] = per_pattern[known[inverse]]
        return out


def find_patterns(
    stack: MaskStack, *, margin: int | None = MARGIN, progress: Progress | None = None
) -> Patterns:
    """Count the patterns in one pass over the slices.

    The field of view matters: the share of foreground in it is the prior of STAPLE. It is the
    union of all masks plus ``margin`` voxels; None takes the whole image.
    """
    progress = progress or Progress()
    dense = np.zeros(stack.n_labels**stack.n_raters if stack.is_dense else 0, dtype=np.int64)
    sparse: dict[bytes, int] = {}
    low, high = np.array(stack.shape), np.zeros(3, dtype=np.int64)
    for z in range(stack.shape[0]):
        progress.report(z / stack.shape[0])
        codes = stack.pattern_codes(z)
        marked: npt.NDArray[Any] = codes if stack.is_dense else np.asarray(codes.any(axis=-1))
        ys = np.flatnonzero(marked.any(axis=1))
        if not ys.size:
            continue
        xs = np.flatnonzero(marked[ys[0] : ys[-1] + 1].any(axis=0))
        low = np.minimum(low, (z, ys[0], xs[0]))
        high = np.maximum(high, (z + 1, ys[-1] + 1, xs[-1] + 1))
        part = codes[ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1]
        if stack.is_dense:
            dense += np.bincount(part.ravel(), minlength=dense.size)
        else:
            keys, numbers, _ = _unique_rows(part.reshape(-1, stack.n_raters))
            for key, number in zip(keys, numbers.tolist(), strict=True):
                sparse[key] = sparse.get(key, 0) + number
    bounds = _bounds(stack.shape, low, high, margin)
    size = int(np.prod(np.subtract(bounds[3:], bounds[:3])))
    return _collect(stack, dense, sparse, bounds, size, margin)


def _collect(
    stack: MaskStack,
    dense: Ints,
    sparse: dict[bytes, int],
    bounds: tuple[int, int, int, int, int, int],
    size: int,
    margin: int | None,
) -> Patterns:
    """Put background first and give it what the marked voxels leave of the field of view."""
    n_raters, n_labels = stack.n_raters, stack.n_labels
    position = np.full(dense.size, -1, dtype=np.int64)
    places: dict[bytes, int] = {}
    if stack.is_dense:
        codes = np.concatenate(([0], 1 + np.flatnonzero(dense[1:])))
        position[codes] = np.arange(codes.size)
        labels = (codes[:, None] // n_labels ** np.arange(n_raters)) % n_labels
        counts = dense[codes]
    else:
        background = bytes(n_raters)
        keys = [background, *sorted(key for key in sparse if key != background)]
        places = {key: i for i, key in enumerate(keys)}
        flat = np.frombuffer(b"".join(keys), dtype=np.uint8).astype(np.int64)
        labels = flat.reshape(len(keys), n_raters)
        counts = np.array([sparse.get(key, 0) for key in keys], dtype=np.int64)
    counts[0] = size - int(counts[1:].sum())
    return Patterns(labels, counts, bounds, margin, n_labels, stack.raters, position, places)


def pairwise_dice(patterns: Patterns) -> Floats:
    """(R, R) Dice of the foregrounds of each two raters; NaN where both are empty."""
    marked = (patterns.labels != 0).astype(np.float64)
    shared = (marked * patterns.counts[:, None]).T @ marked
    each = np.diag(shared)
    both = each[:, None] + each[None, :]
    return np.where(both > 0, 2 * shared / np.where(both > 0, both, 1.0), np.nan)


def _bounds(
    shape: tuple[int, int, int], low: Ints, high: Ints, margin: int | None
) -> tuple[int, int, int, int, int, int]:
    if margin is None or not high.any():
        return (0, 0, 0, *shape)
    if margin < 0:
        raise _problem("The margin can't be negative.")
    z0, y0, x0 = (max(0, int(v) - margin) for v in low)
    z1, y1, x1 = (min(n, int(v) + margin) for n, v in zip(shape, high, strict=True))
    return (z0, y0, x0, z1, y1, x1)


def _unique_rows(rows: npt.NDArray[np.uint8]) -> tuple[list[bytes], Ints, Ints]:
    """Distinct rows as bytes, how often each occurs, and which one each row is."""
    packed = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.shape[1]))).ravel()
    unique, inverse, numbers = np.unique(packed, return_inverse=True, return_counts=True)
    return [bytes(u.tobytes()) for u in unique], numbers, inverse.ravel()


def _problem(detail: str) -> UserError:
    return UserError("A consensus of these masks can't be made.", detail)
