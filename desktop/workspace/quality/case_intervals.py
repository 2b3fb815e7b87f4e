"""The interval of a mean over pairs of readings, with patients as what is resampled."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from desktop.engines.intervals import LEVEL, Interval, percentile_interval


def mean_interval(
    values: Iterable[tuple[str, float | None]], replicates: int = 1000
) -> Interval | None:
    """95 % of the mean of (patient, number): patients are resampled with all their pairs.

    None where fewer than two patients have a number.
    """
    sums: dict[str, list[float]] = {}
    for patient, value in values:
        if value is not None:
            sums.setdefault(patient, []).append(value)
    if len(sums) < 2:
        return None
    total = np.array([sum(v) for v in sums.values()])
    count = np.array([len(v) for v in sums.values()], dtype=np.float64)
    times = np.random.default_rng(0).multinomial(
        len(sums), np.full(len(sums), 1 / len(sums)), replicates
    )
    return percentile_interval((times @ total) / (times @ count), LEVEL, "patients")
