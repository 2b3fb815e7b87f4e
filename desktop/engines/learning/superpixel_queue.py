"""Superpixels to click on: which teach a classifier of pixels most, and what a click teaches."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from desktop.engines.learning.image_features import Floats, Grey
from desktop.engines.learning.pixel_features import Channels
from desktop.engines.learning.pixel_learner import UNPAINTED, Labels
from desktop.engines.single_thread import single_thread

_NARROWED = 10  # times as many superpixels as are asked for take part


def superpixels(grey_yx: Grey, painted_yx: Labels | None = None) -> Labels:
    """(rows, columns) superpixel of each pixel, about 250 in 256 x 256, none crossing a label."""
    from skimage.segmentation import slic

    count = max(4, round(250 * grey_yx.size / 256**2))
    found = slic(grey_yx, n_segments=count, compactness=0.08, channel_axis=None, start_label=0)
    if painted_yx is not None:
        kinds = painted_yx.max() + 2
        found = found * kinds + painted_yx + 1
    _names, places = np.unique(found, return_inverse=True)
    return np.asarray(places, dtype=np.int64).reshape(grey_yx.shape)


def superpixel_means(features: Channels, regions_yx: Labels) -> Floats:
    """(n, channels) mean channels of each superpixel."""
    flat, count = regions_yx.ravel(), int(regions_yx.max()) + 1
    sums = [np.bincount(flat, c.ravel(), count) for c in np.moveaxis(features, -1, 0)]
    sizes = np.maximum(np.bincount(flat, minlength=count), 1)
    return np.asarray(np.stack(sums, axis=1) / sizes[:, None])


def superpixel_scores(probabilities: Floats, regions_yx: Labels) -> Floats:
    """(n,) how much each superpixel would teach: doubt, raised where its class is rare.

    1 - margin of the mean probabilities, times 1 / sqrt(share of the class they predict).
    """
    flat, count = regions_yx.ravel(), int(regions_yx.max()) + 1
    sizes = np.maximum(np.bincount(flat, minlength=count), 1)
    kinds = probabilities.shape[-1]
    means = np.stack(
        [np.bincount(flat, probabilities[..., k].ravel(), count) / sizes for k in range(kinds)],
        axis=1,
    )
    top = np.sort(means, axis=1)[:, -2:]
    shares = np.bincount(probabilities.argmax(axis=-1).ravel(), minlength=kinds) / len(flat)
    rare = 1 / np.sqrt(np.maximum(shares, 1 / len(flat)))
    return np.asarray((1 - (top[:, 1] - top[:, 0])) * rare[means.argmax(axis=1)])


def choose_superpixels(
    means: Floats, scores: Floats | None, asked: npt.NDArray[np.bool_], count: int, seed: int = 0
) -> list[int]:
    """The next ``count`` superpixels to ask about.

    Parameters
    ----------
    means
        (n, channels) mean channels of each superpixel.
    scores
        (n,) of ``superpixel_scores``; None where there is no model yet: then, from the most
        ordinary one on, always the one that is least like all before, so that small structures
        are met early.
    asked
        (n,) which were asked about before. A score counts the more the less its superpixel is like
        any of these; of the best, the best of each of ``count`` groups that look alike is taken.
    """
    free = np.flatnonzero(~asked)
    if len(free) <= count:
        return [int(i) for i in free]
    places = _places(means)
    if scores is None:
        return _unlike(places, asked, count)
    novelty = _nearest(places, places[asked]) if asked.any() else np.ones(len(means))
    wanted = scores * novelty
    index = free[np.argsort(-wanted[free], kind="stable")][: _NARROWED * count]
    from sklearn.cluster import KMeans

    with single_thread():
        group = KMeans(count, n_init=2, random_state=seed).fit(places[index]).labels_
    chosen = [int(index[group == g][0]) for g in range(count) if (group == g).any()]
    rest = [int(i) for i in index if int(i) not in chosen]
    return (chosen + rest)[:count]


def taught_by_clicks(regions_yx: Labels, given: Labels) -> Labels:
    """(rows, columns) class of each pixel that clicks teach, -1 elsewhere.

    ``given`` (n,): the class that a click gave each superpixel, -1 without one. Only its inside
    counts: pixels at its rim often belong to what is next to it. One without an inside counts
    whole.
    """
    inside = np.ones(regions_yx.shape, dtype=np.bool_)
    for axis in (0, 1):
        same = np.diff(regions_yx, axis=axis) == 0
        before, after = [(0, 0), (0, 0)], [(0, 0), (0, 0)]
        before[axis], after[axis] = (1, 0), (0, 1)
        inside &= np.pad(same, before, constant_values=True)
        inside &= np.pad(same, after, constant_values=True)
    count = np.bincount(regions_yx.ravel(), inside.ravel(), len(given))
    inside |= (count == 0)[regions_yx]
    return np.asarray(np.where(inside, given[regions_yx], UNPAINTED), dtype=np.int64)


def _places(means: Floats) -> Floats:
    """Channels made comparable; far-off values count less, so that one odd spot is not all."""
    spread = means.std(axis=0)
    scaled = (means - means.mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0)
    return np.asarray(np.sign(scaled) * np.log1p(np.abs(scaled)))


def _nearest(places: Floats, to: Floats) -> Floats:
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(places, to).min(axis=1))


def _unlike(places: Floats, asked: npt.NDArray[np.bool_], count: int) -> list[int]:
    """Always the one farthest from all before. Source: Gonzalez 1985 (farthest-first)."""
    found: list[int] = []
    if asked.any():
        far = _nearest(places, places[asked])
    else:
        middle = np.linalg.norm(places - np.median(places, axis=0), axis=1)
        found = [int(middle.argmin())]
        far = _nearest(places, places[found])
    while len(found) < count:
        far[found] = -1.0
        far[asked] = -1.0
        found.append(int(far.argmax()))
        far = np.minimum(far, _nearest(places, places[found[-1:]]))
    return found
