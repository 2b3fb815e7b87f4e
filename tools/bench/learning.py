"""Learning from few labels: what the queue saves against chance, and pixels against clicks.

    python -m tools.bench.learning [--seeds N] [--first SEED] [--only PART] [--json FILE]

Data come from installed packages, from the made-up phantoms and, where they can be had, from the
two volumes of the demo. 60 % of a table are the pool, 40 % are only looked at by the bench; ten
labels a round. A label count is that of the first round whose score reaches the share of what all
labels of the pool give; a run that does not get there counts as one round more than it had.
Intervals are 95 % bootstrap intervals over seeds, paired where two ways are compared. Defaults
were chosen on seeds from 100 on; the seeds from 0 on are for reporting. ``passed`` compares with
the goals.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from desktop.engines.learning.image_features import Floats, TextureFeatures, describe
from desktop.engines.learning.learner import Fitted, Ints, Logistic
from desktop.engines.learning.samplers import UNLABELLED, Pool
from desktop.engines.learning.sampling import next_batch
from desktop.engines.single_thread import single_thread
from tools.bench import learning_pixels

Numbers = dict[str, Any]
BATCH = 10
SHARES = (90, 95, 98)


@dataclass(frozen=True, eq=False)
class Table:
    """Rows to learn from. ``upto``: labels at which a run ends."""

    features: Floats
    classes: Ints
    upto: int

    @property
    def count(self) -> int:
        return int(self.classes.max()) + 1

    def split(self, seed: int) -> tuple[Ints, Ints, np.random.Generator]:
        """Rows of the pool and rows held out, by seed."""
        random = np.random.default_rng(seed)
        order = random.permutation(len(self.classes))
        cut = int(0.6 * len(order))
        return order[:cut], order[cut:], random


@dataclass(frozen=True)
class Step:
    """After a round: labels given, accuracy on what is held out, labels of the last class."""

    labels: int
    accuracy: float
    last_class: int


def run(table: Table, seed: int, queue: bool) -> list[Step]:
    """One run by rounds of ten, from the queue or by chance."""
    pool, test, random = table.split(seed)
    x, y = table.features[pool], table.classes[pool]
    labels, keys = np.full(len(pool), UNLABELLED), random.random(len(pool))
    probabilities, steps = None, []
    while (labels != UNLABELLED).sum() < min(table.upto, len(pool)):
        if queue:
            here = Pool(x, np.arange(len(pool)), labels, np.ones(len(pool), bool), keys)
            picks = [p.index for p in next_batch(here, probabilities, BATCH, seed=seed)]
        else:
            picks = [int(i) for i in np.argsort(keys) if labels[i] == UNLABELLED][:BATCH]
        labels[picks] = y[picks]
        rows = np.flatnonzero(labels != UNLABELLED)
        if len(np.unique(labels[rows])) > 1:
            model = _fit(table, x[rows], labels[rows])
            probabilities = model.probabilities(x)
            right = _accuracy(model, table, test)
        else:  # no model yet: as good as saying the only answer known
            right = float((table.classes[test] == labels[rows[0]]).mean())
        steps.append(Step(len(rows), right, int((labels == table.count - 1).sum())))
    return steps


def _fit(table: Table, features: Floats, classes: Ints) -> Fitted:
    with single_thread():
        return Logistic().fit(features, classes, table.count, 0)


def _accuracy(model: Fitted, table: Table, rows: Ints) -> float:
    said = model.probabilities(table.features[rows]).argmax(axis=1)
    return float((said == table.classes[rows]).mean())


def compare(table: Table, seeds: Sequence[int]) -> Numbers:
    """Queue and chance on the same splits: labels needed, curves, and their differences."""
    begin, full = time.perf_counter(), []
    runs: dict[bool, list[list[Step]]] = {True: [], False: []}
    for seed in seeds:
        pool, test, _random = table.split(seed)
        model = _fit(table, table.features[pool], table.classes[pool])
        full.append(_accuracy(model, table, test))
        for queue in (True, False):
            runs[queue].append(run(table, seed, queue))
    found: Numbers = {"seeds": len(seeds), "full_accuracy": round(float(np.mean(full)), 4)}
    for share in SHARES:
        goals = [share / 100 * f for f in full]
        queue, chance = (_needed(runs[q], goals, table.upto) for q in (True, False))
        found[f"labels_to_{share}"] = {
            "queue": interval(queue),
            "chance": interval(chance),
            "saved": interval(queue, chance, lambda q, c: 1 - q.mean(axis=-1) / c.mean(axis=-1)),
            "not_reached": [int((n > table.upto).sum()) for n in (queue, chance)],
        }
    curves = {q: np.array([[s.accuracy for s in steps] for steps in runs[q]]) for q in runs}
    found["curve"] = {
        "labels": [s.labels for s in runs[True][0]],
        "queue": [interval(c) for c in curves[True].T],
        "chance": [interval(c) for c in curves[False].T],
    }
    areas = {q: c.mean(axis=1) for q, c in curves.items()}
    found["area_difference"] = interval(areas[True] - areas[False])
    found["final_difference"] = interval(curves[True][:, -1] - curves[False][:, -1])
    found["seconds"] = round(time.perf_counter() - begin, 1)
    found["runs"] = runs
    return found


def _needed(runs: list[list[Step]], goals: list[float], upto: int) -> Any:
    """(seeds,) labels at the first round that reaches the goal, one round more where none does."""
    each = []
    for steps, goal in zip(runs, goals, strict=True):
        each.append(next((s.labels for s in steps if s.accuracy >= goal), upto + BATCH))
    return np.array(each, dtype=np.float64)


def interval(a: Any, b: Any = None, of: Callable[..., Any] | None = None) -> list[float]:
    """[value, low, high]: the mean (or ``of`` a and b), with a 95 % bootstrap interval over seeds.

    a and b are drawn together, so what compares them is paired.
    """
    draw = np.random.default_rng(0).integers(0, len(a), (2000, len(a)))
    if of is None:
        values = (a.mean(), *np.percentile(a[draw].mean(axis=1), (2.5, 97.5)))
    else:
        values = (of(a, b), *np.percentile(of(a[draw], b[draw]), (2.5, 97.5)))
    return [round(float(v), 4) for v in values]


def digits() -> Table:
    """Pixels and oriented gradients of the digits that come with scikit-learn."""
    from skimage.feature import hog
    from sklearn.datasets import load_digits

    data = load_digits()
    gradients = [
        hog(i, orientations=8, pixels_per_cell=(4, 4), cells_per_block=(1, 1)) for i in data.images
    ]
    raw = data.images.reshape(len(data.images), -1) / 16
    return Table(np.hstack([raw, np.stack(gradients)]), data.target.astype(np.int64), 260)


def rare_digit() -> Table:
    """The same with one digit of interest that is 3 % of all."""
    table = digits()
    eights = (table.classes == 8).astype(np.int64)
    keep = (eights == 0) | (np.random.default_rng(0).random(len(eights)) < 0.33)
    return Table(table.features[keep], eights[keep], 100)


def digits_texture() -> Table:
    """The digits as the application describes images."""
    from sklearn.datasets import load_digits

    data = load_digits()
    x = describe([(i / 16).astype(np.float32) for i in data.images], TextureFeatures())
    return Table(x, data.target.astype(np.int64), 160)


def packaged(name: str) -> Table:
    """A small table of scikit-learn, too easy to gain much on."""
    from sklearn import datasets

    data = getattr(datasets, f"load_{name}")()
    return Table(data.data, data.target.astype(np.int64), 100)


def _digits(seeds: Sequence[int]) -> Numbers:
    found = compare(digits(), seeds)
    return found | {"passed": found["labels_to_95"]["saved"][0] >= 0.40}


def _rare(seeds: Sequence[int]) -> Numbers:
    found = compare(rare_digit(), seeds)
    queue, chance = (
        np.array([steps[BATCH - 1].last_class for steps in found["runs"][q]]) for q in (True, False)
    )
    times = interval(queue, chance, lambda q, c: q.mean(axis=-1) / c.mean(axis=-1))
    for share in SHARES:  # saying no to everything is 97 % right
        del found[f"labels_to_{share}"]
    return found | {
        "rare_in_100": {"queue": interval(queue), "chance": interval(chance)},
        "times_as_many": times,
        "passed": times[0] >= 4.0,
    }


def _easy(seeds: Sequence[int]) -> Numbers:
    found = compare(packaged("breast_cancer"), seeds)
    return found | {"passed": found["final_difference"][0] >= -0.005}


PARTS: dict[str, Callable[[Sequence[int]], Numbers]] = {
    "digits": _digits,
    "rare_digit": _rare,
    "breast_cancer": _easy,
    "wine": lambda seeds: compare(packaged("wine"), seeds),
    "digits_texture": lambda seeds: compare(digits_texture(), seeds),
    "phantoms": lambda seeds: learning_pixels.phantoms(seeds[: max(2, len(seeds) // 2)]),
    "volumes": lambda _seeds: learning_pixels.volumes(),
    "speed_512": lambda _seeds: learning_pixels.speed(),
}


def main(arguments: list[str] | None = None) -> int:
    """Run everything, or one part; the results as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, default=20, help="runs of each table (20)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--quick", action="store_true", help="three seeds")
    parser.add_argument("--only", choices=PARTS, action="append", help="parts to run (all)")
    parser.add_argument("--json", type=Path, help="write the results there, with the curves")
    given = parser.parse_args(arguments)
    seeds = range(given.first, given.first + (3 if given.quick else given.seeds))
    result = {}
    for name in given.only or PARTS:
        result[name] = PARTS[name](seeds)
        result[name].pop("runs", None)
    if given.json:
        given.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    brief = {name: {k: v for k, v in r.items() if k != "curve"} for name, r in result.items()}
    sys.stdout.write(json.dumps(brief, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
