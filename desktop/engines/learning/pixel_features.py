"""Numbers that describe each pixel, for a classifier that learns from scribbles: 49 channels.

A colour image has 14 more.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from desktop.domain.contracts import Progress
from desktop.engines.learning.image_features import Grey

SIGMAS = (0.7, 1.0, 1.6, 3.5, 5.0, 10.0)
CHANNELS = 1 + 8 * len(SIGMAS)
COLOUR_CHANNELS = 2 * (1 + len(SIGMAS))
Channels = npt.NDArray[np.float32]


def normalised(values_yx: npt.ArrayLike) -> Grey:
    """(rows, columns) float32: (value - median of the foreground) / (95th - 5th percentile).

    The foreground is what lies above the darkest tenth of the range, so that air around a patient
    does not move the middle. Makes one learner fit images of scanners with other gains.
    """
    values = np.nan_to_num(np.asarray(values_yx, dtype=np.float32))
    low, high = np.percentile(values, (5, 95))
    inside = values[values > values.min() + 0.1 * (values.max() - values.min())]
    middle = np.median(inside) if inside.size else 0.0
    return np.asarray((values - middle) / max(float(high - low), 1e-6), dtype=np.float32)


def pixel_features(grey_yx: Grey, progress: Progress | None = None) -> Channels:
    """(rows, columns, 49) float32 of a normalised image.

    The image itself; then for each of six scales: Gaussian, gradient magnitude, Laplacian, both
    eigenvalues of the Hessian (larger first), both of the structure tensor, local deviation.

    Source: the filters of ilastik and Trainable Weka Segmentation.
    """
    progress = progress or Progress()
    found = np.empty((*grey_yx.shape, CHANNELS), dtype=np.float32)
    found[..., 0] = grey_yx
    square = grey_yx.astype(np.float32) ** 2
    for number, sigma in enumerate(SIGMAS):
        progress.report(number / len(SIGMAS), "Looking at pixels")
        _scale(grey_yx, square, sigma, found[..., 1 + 8 * number : 9 + 8 * number])
    return found


def colour_features(rgb_yxc: npt.NDArray[np.float32]) -> Channels:
    """(rows, columns, 14) float32 of (rows, columns, 3) in 0..1: what brightness does not tell.

    Red against green and blue against yellow, each as it is and through a Gaussian at six scales.
    """
    red, green, blue = (rgb_yxc[..., k] for k in range(3))
    found = np.empty((*rgb_yxc.shape[:2], COLOUR_CHANNELS), dtype=np.float32)
    wide = 1 + len(SIGMAS)
    for start, plane in ((0, red - green), (wide, blue - (red + green) / 2)):
        found[..., start] = plane
        for number, sigma in enumerate(SIGMAS):
            found[..., start + 1 + number] = _smoothed(plane, sigma)
    return found


def _scale(grey_yx: Grey, square: Grey, sigma: float, into: Channels) -> None:
    smooth = _smoothed(grey_yx, sigma)
    gy, gx = np.gradient(smooth)
    gyy, gyx = np.gradient(gy)
    gxx = np.gradient(gx, axis=1)
    into[..., 0] = smooth
    into[..., 1] = np.hypot(gx, gy)
    into[..., 2] = gxx + gyy
    into[..., 3], into[..., 4] = _eigenvalues(gxx, gyx, gyy)
    xx, xy, yy = (_smoothed(np.asarray(p), sigma) for p in (gx * gx, gx * gy, gy * gy))
    into[..., 5], into[..., 6] = _eigenvalues(xx, xy, yy)
    into[..., 7] = np.sqrt(np.maximum(_smoothed(square, sigma) - smooth * smooth, 0.0))


def _smoothed(image: npt.NDArray[np.floating], sigma: float) -> Grey:
    from scipy import ndimage

    return np.asarray(ndimage.gaussian_filter(image, sigma, truncate=3.0), dtype=np.float32)


def _eigenvalues(a: Grey, b: Grey, c: Grey) -> tuple[Grey, Grey]:
    """Of symmetric 2 x 2 matrices [[a, b], [b, c]], the larger first."""
    middle, spread = (a + c) / 2, np.hypot((a - c) / 2, b)
    return np.asarray(middle + spread, np.float32), np.asarray(middle - spread, np.float32)
