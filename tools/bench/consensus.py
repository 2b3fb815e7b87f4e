"""Consensus: Dawid-Skene on many votes and STAPLE on many voxels, as ratios within one run.

    python -m tools.bench.consensus [--quick] [--only PART] [--json FILE]

Peers are crowd-kit, SimpleITK, and the textbook's dense Dawid-Skene in NumPy, with their defaults.
crowd-kit is no dependency: where it is not installed, ``crowd_kit.json`` beside this file holds a
run with it, with its command, and the ratio is told by way of the dense peer of both runs.
"""

from __future__ import annotations

import argparse
import importlib
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from desktop.engines.consensus.consensus import fit_predict
from desktop.engines.consensus.mask_consensus import MaskOptions, fuse_masks
from desktop.engines.consensus.mask_patterns import MaskStack
from desktop.engines.votes import Floats, Ints, Votes
from tools.bench.figures import hand_over

Numbers = dict[str, Any]
REFERENCE = Path(__file__).with_name("crowd_kit.json")


def timed(work: Callable[[], Any], runs: int = 1) -> tuple[float, Any]:
    """Median seconds, and the last result."""
    seconds, result = [], None
    for _ in range(runs):
        begin = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds), result


def peak_mb() -> float:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most / (1 << 20 if sys.platform == "darwin" else 1 << 10))


def simulated(n: int, m: int, k: int, each: int, seed: int = 0) -> tuple[Ints, Votes]:
    """Truth and votes: m raters who are right 40 to 95 % of the time, ``each`` votes per item."""
    random = np.random.default_rng(seed)
    shares = np.arange(k, 0, -1) / np.arange(k, 0, -1).sum()
    truth = random.choice(k, n, p=shares)
    skill = random.uniform(0.4, 0.95, m)
    item = np.repeat(np.arange(n), each)
    worker = np.tile(np.arange(m), n) if each == m else random.integers(0, m, item.size)
    right = random.random(item.size) < skill[worker]
    other = (truth[item] + random.integers(1, k, item.size)) % k
    label = np.where(right, truth[item], other)
    return truth, Votes.from_arrays(item, worker, label, n_items=n, n_workers=m, n_labels=k)


def dense_dawid_skene(votes: Votes, rounds: int) -> Ints:
    """The textbook: an items x raters x labels array and as many rounds as ours needed."""
    given = np.zeros((votes.n_items, votes.n_workers, votes.n_labels))
    np.add.at(given, (votes.item, votes.worker, votes.label), 1.0)
    truth: Floats = given.sum(axis=1) / given.sum(axis=(1, 2))[:, None]
    for _ in range(rounds):
        shares = truth.mean(axis=0)
        table = np.einsum("nk,nwl->wkl", truth, given) + 0.01
        table /= table.sum(axis=2, keepdims=True)
        score = np.log(shares) + np.einsum("nwl,wkl->nk", given, np.log(table))
        truth = np.exp(score - score.max(axis=1, keepdims=True))
        truth /= truth.sum(axis=1, keepdims=True)
    return np.asarray(truth.argmax(axis=1))


def crowd_kit(votes: Votes) -> tuple[float, Ints] | None:
    """Seconds and labels of crowd-kit's Dawid-Skene; None where it is not installed."""
    try:
        pandas = importlib.import_module("pandas")
        peer = importlib.import_module("crowdkit.aggregation").DawidSkene()
    except ImportError:
        return None
    table = pandas.DataFrame({"task": votes.item, "worker": votes.worker, "label": votes.label})
    seconds, _ = timed(lambda: peer.fit(table))
    return seconds, np.asarray(peer.labels_.sort_index())


def bench_peers(quick: bool) -> Numbers:
    """100,000 items by 20 raters."""
    truth, votes = simulated(10_000 if quick else 100_000, 20, 2, 20)
    fit_predict(votes)  # imports and first pages
    seconds, found = timed(lambda: fit_predict(votes), 3)
    dense, dense_label = timed(lambda: dense_dawid_skene(votes, len(found.trace)))
    out: Numbers = {
        "items_x_raters": f"{votes.n_items} x 20",
        "seconds": round(seconds, 3),
        "iterations": len(found.trace),
        "accuracy": round(float((found.label == truth).mean()), 4),
        "accuracy_majority": round(float((found.majority.label == truth).mean()), 4),
        "ratio_to_dense_numpy": round(dense / seconds, 1),
        "same_labels_as_dense_numpy": round(float((found.label == dense_label).mean()), 5),
    }
    peer = crowd_kit(votes)
    if peer is None:
        return {**out, **by_reference(dense / seconds, quick)}
    return {
        **out,
        "dense_numpy_seconds": round(dense, 3),
        "crowd_kit_seconds": round(peer[0], 3),
        "ratio_to_crowd_kit": round(peer[0] / seconds, 1),
        "crowd_kit_accuracy": round(float((peer[1] == truth).mean()), 4),
        "same_labels_as_crowd_kit": round(float((found.label == peer[1]).mean()), 5),
    }


def by_reference(ratio_to_dense: float, quick: bool) -> Numbers:
    """Our lead over crowd-kit from a stored run: its time there by the dense peer's time there."""
    kept = json.loads(REFERENCE.read_text(encoding="utf-8"))
    run = kept["dawid_skene_100k_x_20"]
    if quick:
        return {"crowd_kit": "not installed; the stored run is of full size"}
    slower = run["crowd_kit_seconds"] / run["dense_numpy_seconds"]
    return {
        "crowd_kit": f"stored run: {kept['command']}",
        "crowd_kit_to_dense_numpy": round(slower, 3),
        "ratio_to_crowd_kit_by_stored_run": round(slower * ratio_to_dense, 1),
        "ratio_to_crowd_kit_in_stored_run": run["ratio_to_crowd_kit"],
    }


def bench_many(quick: bool) -> Numbers:
    """2,000,000 items, 1,000 raters, 4 labels, 5 votes each: ten million votes."""
    truth, votes = simulated(200_000 if quick else 2_000_000, 1000, 4, 5)
    before = peak_mb()
    seconds, found = timed(lambda: fit_predict(votes))
    return {
        "votes": votes.n_votes,
        "seconds": round(seconds, 2),
        "iterations": len(found.trace),
        "added_peak_mb": peak_mb() - before,
        "accuracy": round(float((found.label == truth).mean()), 4),
        "accuracy_majority": round(float((found.majority.label == truth).mean()), 4),
    }


def bench_staple(quick: bool) -> Numbers:
    """100 slices of 512 x 512 by 5 raters against SimpleITK, on the whole image."""
    itk = importlib.import_module("SimpleITK")
    masks = balls(20 if quick else 100, 512, 5)
    options = MaskOptions(method="staple", margin=None)

    def ours() -> tuple[Any, Any]:
        found = fuse_masks(MaskStack.of_arrays(masks), options)
        return found, found.probability_volume()

    seconds, (found, probability) = timed(ours, 3)
    images = [itk.GetImageFromArray(mask.view(np.uint8)) for mask in masks]
    peer, image = timed(lambda: itk.STAPLE(images, 1.0))
    theirs = itk.GetArrayViewFromImage(image)
    return {
        "voxels_x_raters": f"{masks[0].size} x 5",
        "seconds": round(seconds, 3),
        "simpleitk_seconds": round(peer, 2),
        "ratio_to_simpleitk": round(peer / seconds, 1),
        "largest_difference": float(np.abs(probability - theirs).max()),
        "same_masks": bool(((probability > 0.5) == (theirs > 0.5)).all()),
        "patterns": len(found.patterns.counts),
    }


def balls(slices: int, size: int, raters: int) -> list[Any]:
    """A ball as each rater sees it: shifted, larger or smaller."""
    random = np.random.default_rng(1)
    z, y, x = np.ogrid[:slices, :size, :size]
    out = []
    for _ in range(raters):
        dz, dy, dx = random.normal(0, 2, 3)
        radius = size / 6 * random.uniform(0.93, 1.07)
        flat = (z - slices / 2 - dz / 4) * (size / slices / 3)
        far = flat**2 + (y - size / 2 - dy) ** 2 + (x - size / 2 - dx) ** 2
        out.append(far < radius**2)
    return out


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the size")
    parser.add_argument("--json", type=Path)
    parts = {
        "dawid_skene_100k_x_20": bench_peers,
        "dawid_skene_10m": bench_many,
        "staple": bench_staple,
    }
    parser.add_argument("--only", choices=sorted(parts), action="append")
    options = parser.parse_args(argv)
    chosen = options.only or parts
    result = {name: bench(options.quick) for name, bench in parts.items() if name in chosen}
    return hand_over(result, options.json)


if __name__ == "__main__":
    raise SystemExit(main())
