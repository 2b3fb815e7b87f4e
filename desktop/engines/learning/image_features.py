"""Numbers that describe a whole image, so that a learner can tell images apart without weights.

An extractor is one object with ``name`` and ``extract``; built-ins, plugins and a person's own
ONNX encoder register alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from desktop.domain.contracts import Progress
from desktop.domain.errors import PluginProblem, UserError

Floats = npt.NDArray[np.float64]
Grey = npt.NDArray[np.float32]

SIDE_PX = (32, 224)  # images are brought to a square between these
_SIGMAS = (1.0, 2.0, 4.0, 8.0)
_BINS = 16
_GRID = 4
_TURNS = 9
_PERCENTILES = (1, 5, 25, 50, 75, 95, 99)


class FeatureExtractor(Protocol):
    """What makes features of images. ``version`` changes whenever the numbers would."""

    name: str
    title: str
    version: str

    def extract(self, images: Sequence[Grey], progress: Progress) -> Floats:
        """(n, d) finite features of n images.

        An image is (rows, columns) float32 in 0..1, windowed as a reader sees it; sizes may
        differ. The same image gives the same row, whatever else is in the batch.
        """


_registered: dict[str, FeatureExtractor] = {}


def register(extractor: FeatureExtractor) -> FeatureExtractor:
    """Add an extractor; built-ins and plugins come in the same way."""
    known = _registered.get(extractor.name)
    if known is not None and type(known) is not type(extractor):
        raise PluginProblem("Two feature extractors have the same name.", extractor.name)
    _registered[extractor.name] = extractor
    return extractor


def unregister(name: str) -> None:
    """Take an extractor out again, e.g. of a plugin that was switched off."""
    _registered.pop(name, None)


def extractors() -> tuple[FeatureExtractor, ...]:
    """All extractors, in the order they were registered."""
    _registered.setdefault(TextureFeatures.name, TextureFeatures())
    return tuple(_registered.values())


def extractor(name: str) -> FeatureExtractor:
    """The extractor of this name; UserError where there is none."""
    found = {e.name: e for e in extractors()}.get(name)
    if found is None:
        raise UserError("This way of describing images is not known.", name)
    return found


def describe(
    images: Sequence[Grey], by: FeatureExtractor, progress: Progress | None = None
) -> Floats:
    """Features by an extractor, checked: one finite row per image.

    Raises PluginProblem where the extractor's numbers don't fit, Cancelled when stopped.
    """
    found = np.asarray(by.extract(images, progress or Progress()), dtype=np.float64)
    if found.ndim != 2 or len(found) != len(images):
        raise PluginProblem("An extractor gave another number of rows than images.", by.name)
    if not np.isfinite(found).all():
        raise PluginProblem("An extractor gave numbers that are not finite.", by.name)
    return found


class TextureFeatures:
    """Brightness, texture and layout in about 400 numbers; needs no weights and no network.

    Histogram (16 bins) and percentiles; mean and spread of gradient, Laplacian of Gaussian and
    local deviation at sigma 1, 2, 4, 8; uniform local binary patterns (8,1) and (16,3); oriented
    gradients on a 4 x 4 grid; co-occurrence contrast, homogeneity and correlation; an 8 x 8
    thumbnail.

    Source: Ojala et al. 2002 (local binary patterns); Dalal and Triggs 2005 (oriented gradients);
    Haralick 1973 (co-occurrence).
    """

    name = "texture"
    title = "Brightness, texture and layout"
    version = "1"

    def extract(self, images: Sequence[Grey], progress: Progress) -> Floats:
        """(n, d) features, one image at a time."""
        rows = []
        for number, image in enumerate(images):
            progress.report(number / max(1, len(images)), "Describing images")
            rows.append(_one(image))
        return np.stack(rows) if rows else np.zeros((0, len(_one(np.zeros((32, 32), np.float32)))))


def squared(image: Grey) -> Grey:
    """The image as a square of 32 to 224 pixels, finite and in 0..1.

    Larger images are averaged down (anti-aliased), smaller ones interpolated.
    """
    from skimage.transform import resize

    clean = np.nan_to_num(np.asarray(image, dtype=np.float32), posinf=1.0, neginf=0.0)
    side = int(np.clip(max(clean.shape), *SIDE_PX))
    if clean.shape != (side, side):
        clean = resize(clean, (side, side), order=1, anti_aliasing=max(clean.shape) > side)
    return np.clip(clean, 0.0, 1.0).astype(np.float32)


def _one(image: Grey) -> Floats:
    grey = squared(image)
    parts = (_brightness(grey), _scales(grey), _patterns(grey), _gradients(grey), _pairs(grey))
    return np.concatenate([*parts, _thumbnail(grey)]).astype(np.float64)


def _brightness(grey: Grey) -> npt.NDArray[np.floating]:
    counts = np.histogram(grey, bins=_BINS, range=(0.0, 1.0))[0] / grey.size
    spread = np.array([grey.mean(), grey.std()])
    return np.concatenate([np.sqrt(counts), np.percentile(grey, _PERCENTILES), spread])


def _scales(grey: Grey) -> npt.NDArray[np.floating]:
    """Mean, deviation and 95th percentile of three filters at four scales."""
    from scipy import ndimage

    found = []
    for sigma in _SIGMAS:
        if sigma * 4 > len(grey):
            sigma = len(grey) / 4
        smooth = ndimage.gaussian_filter(grey, sigma)
        gy, gx = np.gradient(smooth)
        second = ndimage.laplace(smooth)
        deviation = np.sqrt(np.maximum(ndimage.gaussian_filter(grey**2, sigma) - smooth**2, 0.0))
        for response in (np.hypot(gx, gy) * sigma, np.abs(second) * sigma**2, deviation):
            found += [response.mean(), response.std(), float(np.percentile(response, 95))]
    return np.array(found)


def _patterns(grey: Grey) -> npt.NDArray[np.floating]:
    """Histograms of uniform local binary patterns, as square roots of shares."""
    from skimage.feature import local_binary_pattern

    levels = np.rint(grey * 255).astype(np.uint8)
    found = []
    for points, radius in ((8, 1), (16, 3)):
        codes = local_binary_pattern(levels, points, radius, method="uniform")
        counts = np.bincount(codes.astype(np.int64).ravel(), minlength=points + 2)
        found.append(np.sqrt(counts[: points + 2] / codes.size))
    return np.concatenate(found)


def _gradients(grey: Grey) -> npt.NDArray[np.floating]:
    """Oriented gradients: 9 unsigned directions on a 4 x 4 grid, two neighbouring bins each."""
    gy, gx = np.gradient(grey)
    strength = np.hypot(gx, gy)
    turn = np.mod(np.arctan2(gy, gx), np.pi) / np.pi * _TURNS
    low = np.floor(turn).astype(np.int64) % _TURNS
    share = turn - np.floor(turn)
    side = len(grey)
    cell = np.minimum(np.arange(side) * _GRID // side, _GRID - 1)
    place = (cell[:, None] * _GRID + cell[None, :]) * _TURNS
    size = _GRID * _GRID * _TURNS
    found = np.bincount((place + low).ravel(), (strength * (1 - share)).ravel(), size)
    found += np.bincount((place + (low + 1) % _TURNS).ravel(), (strength * share).ravel(), size)
    return np.asarray(np.sqrt(found / (found.sum() + 1e-9)))


def _pairs(grey: Grey) -> npt.NDArray[np.floating]:
    """Contrast, homogeneity and correlation of neighbours 1 and 3 px apart, in 16 grey levels."""
    from skimage.feature import graycomatrix, graycoprops

    levels = np.minimum(grey * 16, 15).astype(np.uint8)
    angles = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
    table = graycomatrix(levels, [1, 3], angles, levels=16, symmetric=True, normed=True)
    names = ("contrast", "homogeneity", "correlation")
    found = [graycoprops(table, name).mean(axis=1) for name in names]
    return np.asarray(np.nan_to_num(np.concatenate(found)))


def _thumbnail(grey: Grey) -> npt.NDArray[np.floating]:
    """Means on an 8 x 8 grid."""
    edges = np.linspace(0, len(grey), 9).astype(np.int64)[:-1]
    sums = np.add.reduceat(np.add.reduceat(grey.astype(np.float64), edges, axis=0), edges, axis=1)
    sizes = np.diff(np.append(edges, len(grey)))
    return np.asarray(sums / np.outer(sizes, sizes)).ravel()
