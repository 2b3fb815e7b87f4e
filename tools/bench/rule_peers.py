"""The label models of others on the votes of ``tools.bench.rules``, in an environment of their own.

    python -m tools.bench.rules --seeds 2 --peer-votes FOLDER
    peers/bin/python -m tools.bench.rule_peers FOLDER [--threads N] > FILE

crowd-kit and snorkel are no dependencies (snorkel brings torch with it): this runs with whichever
is installed beside NumPy and pandas. ``rule_peers.json`` beside this file keeps what such runs
gave, with the commands that made them; ``tools.bench.rules`` compares itself with it.
"""

from __future__ import annotations

import argparse
import importlib
import json
import resource
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

CASES = {
    "2 classes, independent": "k2-copies0",
    "2 classes, five copies of the weakest": "k2-copies5",
    "4 classes, independent": "k4-copies0",
    "4 classes, five copies of the weakest": "k4-copies5",
}
RULES = 20

Peer = Callable[[Any, Any, Any], Any]  # votes table (pandas), votes (items, rules), truth → labels


def crowd_kit(table: Any, given: Any, truth: Any) -> Any:
    """Dawid-Skene as it comes."""
    peer = importlib.import_module("crowdkit.aggregation").DawidSkene()
    found = peer.fit(table).labels_
    labels = np.full(len(truth), -1)
    labels[np.asarray(found.index)] = np.asarray(found)
    return labels


def snorkel(table: Any, given: Any, truth: Any) -> Any:
    """Label model as it comes: 100 epochs, classes thought to be equally frequent."""
    model = importlib.import_module("snorkel.labeling.model").LabelModel(
        cardinality=int(truth.max()) + 1, verbose=False
    )
    model.fit(given, seed=0, progress_bar=False)
    return model.predict_proba(given).argmax(axis=1)


def snorkel_told(table: Any, given: Any, truth: Any) -> Any:
    """Label model with 500 epochs that is told the true frequencies of the classes."""
    classes = int(truth.max()) + 1
    model = importlib.import_module("snorkel.labeling.model").LabelModel(
        cardinality=classes, verbose=False
    )
    shares = list(np.bincount(truth, minlength=classes) / len(truth))
    model.fit(given, n_epochs=500, class_balance=shares, seed=0, progress_bar=False)
    return model.predict_proba(given).argmax(axis=1)


PEERS: dict[str, tuple[str, Peer]] = {
    "crowd-kit": ("crowd-kit", crowd_kit),
    "snorkel": ("snorkel", snorkel),
    "snorkel, told the frequencies": ("snorkel", snorkel_told),
}


def run_peer(folder: Path, peer: Peer) -> dict[str, Any]:
    """Processor and wall seconds, and the share of voted items that are right, by kind."""
    pandas = importlib.import_module("pandas")
    out: dict[str, Any] = {}
    for name, stem in CASES.items():
        found: dict[str, list[float]] = {"cpu_seconds": [], "seconds": [], "accuracy": []}
        for path in sorted(folder.glob(f"{stem}-seed*-votes.csv")):
            table = pandas.read_csv(path)
            truth = np.loadtxt(str(path).replace("-votes.csv", "-truth.csv"), dtype=int)
            given = np.full((len(truth), RULES), -1)
            given[table.task, table.worker] = table.label
            cpu, wall = time.process_time(), time.perf_counter()
            label = peer(table, given, truth)
            found["cpu_seconds"].append(round(time.process_time() - cpu, 2))
            found["seconds"].append(round(time.perf_counter() - wall, 2))
            voted = (given >= 0).any(axis=1)
            found["accuracy"].append(round(float((label == truth)[voted].mean()), 4))
        out[name] = found
    return out


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, help="what torch may use; all cores as it comes")
    options = parser.parse_args(argv)
    if options.threads:
        importlib.import_module("torch").set_num_threads(options.threads)
    out: dict[str, Any] = {}
    for name, (package, peer) in PEERS.items():
        try:
            found = version(package)
        except PackageNotFoundError:
            continue
        out[name] = {"version": found, **run_peer(options.folder, peer)}
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    out["peak_mb"] = round(most / (1 << 20 if sys.platform == "darwin" else 1 << 10))
    print(json.dumps(out, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
