"""Groups dealt into parts so that each part gets its share of every label, rare ones first.

Source: Sechidis, Tsoumakas, Vlahavas, On the stratification of multi-label data (2011), applied to
groups that are never parted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]


def stratified(sizes: Counts, labels: Counts, shares: Sequence[float]) -> Counts:
    """(n,) 0-based part of each of n groups.

    ``sizes`` (n,): members of each group. ``labels`` (n, L): how often each label occurs in it.
    ``shares``: of the parts, positive, summing to 1. Groups are taken in their order, so whoever
    shuffles them decides; the label with the fewest occurrences left goes first, and each group
    with it to the part that lacks most of this label, then most members, then comes first.
    """
    wanted = np.asarray(shares, dtype=np.float64)
    room = wanted * sizes.sum()
    lacking = wanted[:, None] * labels.sum(axis=0)
    found = np.full(len(sizes), -1, dtype=np.int64)
    left = labels.sum(axis=0)
    while (left > 0).any():
        rare = int(np.where(left > 0, left, left.max() + 1).argmin())
        for group in np.flatnonzero((found < 0) & (labels[:, rare] > 0)):
            part = int(np.lexsort((np.arange(len(wanted)), -room, -lacking[:, rare]))[0])
            found[group] = part
            room[part] -= sizes[group]
            lacking[part] -= labels[group]
            left = left - labels[group]
    for group in np.flatnonzero(found < 0):
        part = int(room.argmax())
        found[group] = part
        room[part] -= sizes[group]
    return found
