"""Learning from few labels: what the queue saves against chance, and pixels against clicks.

    python -m tools.bench.learning [--quick] [--json FILE]

Data come from installed packages and from the made-up phantoms. Numbers are means over seeds
with a bootstrap interval of the paired difference; ``passed`` compares with the goals.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from desktop.engines.image_features import TextureFeatures, describe
from desktop.engines.learner import Logistic
from desktop.engines.pixel_features import normalised, pixel_features
from desktop.engines.pixel_learner import (
    UNPAINTED,
    choose_superpixels,
    cleaned,
    learn_pixels,
    superpixel_scores,
    superpixels,
)
from desktop.engines.sampling import UNLABELLED, Pool, next_batch
from desktop.engines.single_thread import single_thread
from desktop.engines.synthetic import make

Numbers = dict[str, Any]
BATCH = 10


def curve(x: Any, y: Any, count: int, seed: int, upto: int, queue: bool) -> list[tuple[int, float]]:
    """(labels, accuracy on the 40 % held out) by rounds of ten, from the queue or by chance."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(y))
    cut = int(0.6 * len(y))
    pool, test = order[:cut], order[cut:]
    labels, keys = np.full(cut, UNLABELLED), random.random(cut)
    probabilities, found = None, []
    while (labels != UNLABELLED).sum() < min(upto, cut):
        if queue:
            here = Pool(x[pool], np.arange(cut), labels, np.ones(cut, bool), keys)
            picks = [p.index for p in next_batch(here, probabilities, BATCH, seed=seed)]
        else:
            picks = [int(i) for i in np.argsort(keys) if labels[i] == UNLABELLED][:BATCH]
        labels[picks] = y[pool][picks]
        rows = np.flatnonzero(labels != UNLABELLED)
        right = float("nan")
        if len(np.unique(labels[rows])) > 1:
            with single_thread():
                model = Logistic().fit(x[pool][rows], labels[rows], count, 0)
            probabilities = model.probabilities(x[pool])
            right = float((model.probabilities(x[test]).argmax(axis=1) == y[test]).mean())
        found.append((len(rows), right, int((labels == count - 1).sum())))
    return found  # type: ignore[return-value]


def full_score(x: Any, y: Any, count: int, seed: int) -> float:
    """Accuracy with all labels of the 60 %."""
    order = np.random.default_rng(seed).permutation(len(y))
    cut = int(0.6 * len(y))
    with single_thread():
        model = Logistic().fit(x[order[:cut]], y[order[:cut]], count, 0)
    said = model.probabilities(x[order[cut:]]).argmax(axis=1)
    return float((said == y[order[cut:]]).mean())


def compare(x: Any, y: Any, count: int, seeds: int, upto: int) -> Numbers:
    """Labels to 95 % of the full score, and the paired difference of accuracy at the end."""
    need: dict[bool, list[int]] = {True: [], False: []}
    last: dict[bool, list[float]] = {True: [], False: []}
    rare: dict[bool, list[int]] = {True: [], False: []}
    full = []
    for seed in range(seeds):
        full.append(full_score(x, y, count, seed))
        for queue in (True, False):
            steps: Any = curve(x, y, count, seed, upto, queue)
            reached = [n for n, a, _r in steps if a >= 0.95 * full[-1]]
            need[queue].append(reached[0] if reached else upto + BATCH)
            last[queue].append(steps[-1][1])
            rare[queue].append(steps[min(9, len(steps) - 1)][2])
    gain = np.array(last[True]) - np.array(last[False])
    boot = np.random.default_rng(0).choice(gain, (2000, len(gain))).mean(axis=1)
    queue_need, chance_need = float(np.mean(need[True])), float(np.mean(need[False]))
    return {
        "seeds": seeds,
        "full_accuracy": round(float(np.mean(full)), 4),
        "labels_to_95_queue": queue_need,
        "labels_to_95_chance": chance_need,
        "saved": round(1 - queue_need / chance_need, 3),
        "final_difference": round(float(gain.mean()), 4),
        "final_difference_95": [round(float(v), 4) for v in np.percentile(boot, (2.5, 97.5))],
        "last_class_in_100_queue": float(np.mean(rare[True])),
        "last_class_in_100_chance": float(np.mean(rare[False])),
    }


def digits() -> tuple[Any, Any]:
    """Pixels and oriented gradients of the digits that come with scikit-learn."""
    from skimage.feature import hog
    from sklearn.datasets import load_digits

    data = load_digits()
    gradients = [
        hog(i, orientations=8, pixels_per_cell=(4, 4), cells_per_block=(1, 1)) for i in data.images
    ]
    raw = data.images.reshape(len(data.images), -1) / 16
    return np.hstack([raw, np.stack(gradients)]), data.target.astype(np.int64)


def classification(seeds: int) -> Numbers:
    """Digits, one rare digit, and a table that is too easy to gain anything on."""
    from sklearn.datasets import load_breast_cancer

    x, y = digits()
    eights = (y == 8).astype(np.int64)
    keep = (eights == 0) | (np.random.default_rng(0).random(len(y)) < 0.33)
    easy = load_breast_cancer()
    found = {
        "digits": compare(x, y, 10, seeds, 260),
        "rare_digit": compare(x[keep], eights[keep], 2, seeds, 100),
        "breast_cancer": compare(easy.data, easy.target.astype(np.int64), 2, seeds, 100),
    }
    rare = found["rare_digit"]
    ratio = rare["last_class_in_100_queue"] / max(rare["last_class_in_100_chance"], 1e-9)
    rare["times_as_many"] = round(ratio, 2)
    found["digits"]["passed"] = found["digits"]["saved"] >= 0.40
    rare["passed"] = ratio >= 4.0
    found["breast_cancer"]["passed"] = found["breast_cancer"]["final_difference"] >= -0.005
    return found


def default_features(seeds: int) -> Numbers:
    """The digits as the application describes them: its own features, its own default."""
    from sklearn.datasets import load_digits

    data = load_digits()
    x = describe([(i / 16).astype(np.float32) for i in data.images], TextureFeatures())
    return {"digits_texture": compare(x, data.target.astype(np.int64), 10, seeds, 160)}


def dice(said: Any, truth: Any) -> float:
    """Mean Dice over background, organ and lesion."""
    each = []
    for k in range(3):
        both = ((said == k) & (truth == k)).sum()
        each.append(2 * both / max(1, (said == k).sum() + (truth == k).sum()))
    return float(np.mean(each))


def segmentation(seeds: int, clicks: int = 60) -> Numbers:
    """Clicks on superpixels of phantoms to 95 % of what full labels give, on unseen ones."""
    found: Numbers = {"seeds": seeds, "queue": [], "chance": [], "full": []}
    for seed in range(seeds):
        made = [make("ct-phantom", 100 * seed + n, side=192) for n in range(10)]
        truth = [m.labels_yx.astype(np.int64) for m in made]
        images = [normalised(m.values_yx) for m in made]
        features = [pixel_features(i) for i in images]
        train, unseen = range(6), range(6, 10)
        wide = np.concatenate([features[n] for n in train], axis=0)
        regions, start = [], 0
        for n in train:
            regions.append(superpixels(images[n]) + start)
            start = int(regions[-1].max()) + 1
        tall = np.concatenate(regions, axis=0)
        answer = np.concatenate([truth[n] for n in train], axis=0)
        counts = np.stack([np.bincount(tall[answer == k], minlength=start) for k in range(3)])
        click = counts.argmax(axis=0)
        full = learn_pixels(wide, answer, tall, seed=seed)
        goal = np.mean([dice(full.classes[cleaned(full.probabilities(features[n]))], truth[n])
                        for n in unseen])  # fmt: skip
        found["full"].append(round(float(goal), 3))
        for queue in (True, False):
            steps = _click(wide, tall, click, features, truth, unseen, seed, queue, clicks)
            reached = [n for n, d in steps if d >= 0.95 * goal]
            found["queue" if queue else "chance"].append(reached[0] if reached else None)
    found["passed"] = all(n is not None and n <= 25 for n in found["queue"])
    return found


def _click(
    wide: Any, tall: Any, click: Any, features: Any, truth: Any, unseen: Any, seed: int,
    queue: bool, clicks: int,
) -> list[tuple[int, float]]:  # fmt: skip
    """(clicks, mean Dice on unseen phantoms), five a round after ten typical or random."""
    random = np.random.default_rng(seed)
    order = [int(i) for i in random.permutation(len(click))]
    sizes = np.bincount(tall.ravel(), minlength=len(click))
    sums = [np.bincount(tall.ravel(), c.ravel(), len(click)) for c in np.moveaxis(wide, -1, 0)]
    means = np.stack(sums, axis=1) / sizes[:, None]
    every = np.ones(len(click), dtype=bool)
    chosen = choose_superpixels(means, None, every, 10, seed) if queue else order[:10]
    steps: list[tuple[int, float]] = []
    while len(chosen) <= clicks:
        painted = np.where(np.isin(tall, chosen), click[tall], UNPAINTED)
        kinds = np.unique(painted[painted != UNPAINTED])
        if len(kinds) < 2:
            chosen += [i for i in order if i not in chosen][:5]
            continue
        model = learn_pixels(wide, painted, tall, seed=seed)
        said = [model.classes[cleaned(model.probabilities(features[n]))] for n in unseen]
        steps.append((len(chosen), float(np.mean([dice(s, truth[n]) for s, n in
                                                  zip(said, unseen, strict=True)]))))  # fmt: skip
        if queue:
            scores = superpixel_scores(model.probabilities(wide), tall)
            free = ~np.isin(np.arange(len(click)), chosen)
            chosen = chosen + choose_superpixels(means, scores, free, 5, seed)
        else:
            chosen += [i for i in order if i not in chosen][:5]
    return steps


def speed() -> Numbers:
    """Seconds from a stroke to the overlay of 512 x 512, channels kept; and for the channels."""
    made = make("ct-phantom", 1, side=512)
    image, truth = normalised(made.values_yx), made.labels_yx.astype(np.int64)
    begin = time.perf_counter()
    features = pixel_features(image)
    channels = time.perf_counter() - begin
    painted = np.where(np.random.default_rng(0).random(truth.shape) < 0.012, truth, UNPAINTED)
    seconds = []
    for _ in range(3):
        begin = time.perf_counter()
        model = learn_pixels(features, painted, np.arange(truth.size).reshape(truth.shape))
        cleaned(model.quick_probabilities(features))
        seconds.append(time.perf_counter() - begin)
    best = min(seconds)
    return {
        "channels_s": round(channels, 2),
        "stroke_to_overlay_s": round(best, 2),
        "painted_pixels": int((painted != UNPAINTED).sum()),
        "passed": best <= 1.0,
    }


def main(arguments: list[str] | None = None) -> int:
    """Run everything; the results as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three seeds instead of ten")
    parser.add_argument("--json", type=Path, help="write the results there as well")
    given = parser.parse_args(arguments)
    seeds = 3 if given.quick else 10
    result = classification(seeds) | default_features(seeds)
    result["segmentation_phantom"] = segmentation(2 if given.quick else 4)
    result["speed_512"] = speed()
    text = json.dumps(result, indent=1)
    if given.json:
        given.json.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
