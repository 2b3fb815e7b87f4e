"""Agreement: coefficients with bootstraps, surfaces, label errors, as ratios within one run.

    python -m tools.bench.agreement [--quick] [--json FILE]

Peers are surface-distance and cleanlab, which are among the tests' own packages.
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from desktop.engines.agreement.agreement import Asking, Coefficient, agreement
from desktop.engines.agreement.ratings import Ratings
from desktop.engines.agreement.surface import surface_distances
from desktop.engines.gold.label_errors import find_label_errors
from tools.bench.figures import hand_over

Numbers = dict[str, Any]


def timed(work: Callable[[], Any], runs: int = 3) -> tuple[float, Any]:
    """Median seconds, and the last result."""
    seconds, result = [], None
    for _ in range(runs):
        begin = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds), result


def rated(n: int, readers: int, q: int) -> np.ndarray:
    """Answers of readers who are right in 85 % of them."""
    random = np.random.default_rng(0)
    truth = random.integers(0, q, n)
    right = random.random((n, readers)) < 0.85
    return np.where(right, truth[:, None], random.integers(0, q, (n, readers)))


def naive_alpha(codes: np.ndarray, q: int, replicates: int) -> float:
    """Nominal alpha of resampled items, written down as the textbook has it."""
    random = np.random.default_rng(0)
    counts = np.stack([(codes == k).sum(axis=1) for k in range(q)], axis=1).astype(float)
    values = []
    for _ in range(replicates):
        some = counts[random.integers(0, len(counts), len(counts))]
        per_item = some.sum(axis=1)
        pairs = np.einsum("ik,il->kl", some / (per_item - 1)[:, None], some)
        pairs -= np.diag((some / (per_item - 1)[:, None]).sum(axis=0))
        total = pairs.sum(axis=0)
        n = total.sum()
        observed = n - np.trace(pairs)
        expected = (n * n - (total**2).sum()) / (n - 1)
        values.append(1 - observed / expected)
    return float(np.std(values))


def bench_alpha(quick: bool) -> Numbers:
    """Alpha with 1,000 bootstraps of 100,000 items by 5 readers; the naive way does 10."""
    n = 10_000 if quick else 100_000
    codes = rated(n, 5, 4)
    asking = Asking(Coefficient.ALPHA, replicates=1000)
    agreement(Ratings.of_codes(codes[:100], 4), asking)
    seconds, told = timed(lambda: agreement(Ratings.of_codes(codes, 4), asking))
    naive, _spread = timed(lambda: naive_alpha(codes, 4, 10), 1)
    return {
        "items_x_readers": f"{n} x 5",
        "seconds_with_1000_bootstraps": round(seconds, 3),
        "alpha": told.text,
        "naive_seconds_for_1000": round(naive * 100, 1),
        "ratio_to_naive": round(naive * 100 / seconds, 1),
    }


def bench_surface(quick: bool) -> Numbers:
    """Two liver-sized masks of 512 x 512 x 200 against surface-distance."""
    peer = importlib.import_module("surface_distance")
    slices = 40 if quick else 200
    first, second = ellipsoid(slices, 0.0), ellipsoid(slices, 4.0)
    spacing = (2.5, 0.8, 0.8)
    seconds, told = timed(lambda: surface_distances(first, second, spacing), 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        theirs, other = timed(lambda: peer.compute_surface_distances(first, second, spacing), 1)
    hd95 = peer.compute_robust_hausdorff(other, 95)
    return {
        "voxels": f"{slices} x 512 x 512",
        "seconds": round(seconds, 2),
        "surface_distance_seconds": round(theirs, 2),
        "ratio_to_surface_distance": round(theirs / seconds, 1),
        "hd95_mm": round(told.hausdorff_mm(95) or 0.0, 4),
        "hd95_difference": abs((told.hausdorff_mm(95) or 0.0) - hd95),
    }


def ellipsoid(slices: int, shift: float) -> np.ndarray:
    """About the size of a liver, with a wavy surface."""
    z, y, x = np.ogrid[:slices, :512, :512]
    wave = 6 * np.sin(x / 17.0) * np.sin(y / 13.0)
    far = ((z - slices / 2) / (slices * 0.3)) ** 2
    far = far + ((y - 256 - shift) / (95 + wave)) ** 2 + ((x - 230 + shift) / (120 + wave)) ** 2
    return np.asarray(far < 1)


def bench_label_errors(quick: bool) -> Numbers:
    """100,000 labels of 10 classes against cleanlab."""
    peer = importlib.import_module("cleanlab.filter")
    random = np.random.default_rng(0)
    n, q = (10_000 if quick else 100_000), 10
    truth = random.integers(0, q, n)
    labels = np.where(random.random(n) < 0.1, random.integers(0, q, n), truth)
    table = random.dirichlet(np.ones(q), n) + 3 * np.eye(q)[truth]
    table /= table.sum(axis=1, keepdims=True)
    seconds, told = timed(lambda: find_label_errors(labels, table))
    theirs, flagged = timed(
        lambda: peer.find_label_issues(labels, table, filter_by="confident_learning", n_jobs=1), 1
    )
    return {
        "labels": n,
        "seconds": round(seconds, 3),
        "cleanlab_seconds": round(theirs, 3),
        "ratio_to_cleanlab": round(theirs / seconds, 1),
        "different_flags": int((told.flagged != flagged).sum()),
    }


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the size")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(argv)
    result = {
        "alpha_100k_x_5": bench_alpha(options.quick),
        "surface_512_512_200": bench_surface(options.quick),
        "label_errors_100k_x_10": bench_label_errors(options.quick),
    }
    return hand_over(result, options.json)


if __name__ == "__main__":
    raise SystemExit(main())
