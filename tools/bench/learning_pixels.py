"""Pixels against clicks: how many clicks on superpixels come near what full labels teach.

A click gives a superpixel the class that most of its pixels have. Ten clicks come first, then five
a round; the pixel classifier is the application's. Images that are scored are never clicked.
"""

from __future__ import annotations

import tarfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from desktop.engines.learning.image_features import Floats, Grey
from desktop.engines.learning.pixel_features import Channels, normalised, pixel_features
from desktop.engines.learning.pixel_learner import (
    UNPAINTED,
    Labels,
    PixelModel,
    cleaned,
    learn_pixels,
)
from desktop.engines.learning.superpixel_queue import (
    choose_superpixels,
    superpixel_means,
    superpixel_scores,
    superpixels,
    taught_by_clicks,
)
from desktop.engines.synthesis.synthetic import make
from tools.demo_data import RADIOMICS
from tools.nrrd import read_nrrd
from tools.packages import Unavailable, fetch

Numbers = dict[str, Any]
FIRST, BATCH, MOST = 10, 5, 60
GOAL = 20  # clicks
Dice = Callable[[list[Labels], list[Labels]], Floats]


@dataclass(frozen=True, eq=False)
class Task:
    """Images that are clicked on, side by side in one tall image, and images that are scored."""

    wide: Channels
    answer: Labels
    regions: Labels
    unseen: list[Channels]
    truth: list[Labels]
    dice: Dice

    @property
    def count(self) -> int:
        return int(self.answer.max()) + 1

    def clicks(self) -> Labels:
        """(n,) the class that a click on each superpixel gives."""
        number = int(self.regions.max()) + 1
        each = [
            np.bincount(self.regions[self.answer == k], minlength=number) for k in range(self.count)
        ]
        return np.asarray(np.stack(each).argmax(axis=0), dtype=np.int64)

    def means(self) -> Floats:
        """(n, channels) mean channels of each superpixel."""
        return superpixel_means(self.wide, self.regions)

    def score(self, model: PixelModel) -> Floats:
        """(K,) Dice of each class on the unseen images."""
        said = [model.classes[cleaned(model.probabilities(f))] for f in self.unseen]
        return self.dice(said, self.truth)


def task(
    pool: Sequence[tuple[Grey, Labels]], unseen: Sequence[tuple[Grey, Labels]], dice: Dice
) -> Task:
    """Look at all images and cut those of the pool into superpixels."""
    regions: list[Labels] = []
    for image, _truth in pool:
        start = int(regions[-1].max()) + 1 if regions else 0
        regions.append(superpixels(image) + start)
    return Task(
        np.concatenate([pixel_features(image) for image, _truth in pool], axis=0),
        np.concatenate([truth for _image, truth in pool], axis=0),
        np.concatenate(regions, axis=0),
        [pixel_features(image) for image, _truth in unseen],
        [truth for _image, truth in unseen],
        dice,
    )


def by_image(said: list[Labels], truth: list[Labels]) -> Floats:
    """Dice of each class, the mean of images."""
    each = [pooled([s], [t]) for s, t in zip(said, truth, strict=True)]
    return np.asarray(np.mean(each, axis=0))


def pooled(said: list[Labels], truth: list[Labels]) -> Floats:
    """Dice of each class over all pixels of all images."""
    s, t = np.stack(said), np.stack(truth)
    return np.array(
        [
            2 * ((s == k) & (t == k)).sum() / max(1, (s == k).sum() + (t == k).sum())
            for k in range(int(t.max()) + 1)
        ]
    )


def click(given: Task, seed: int, queue: bool, shown: bool = False) -> list[tuple[int, Floats]]:
    """(clicks, Dice of each class), by rounds, from the queue or by chance.

    ``shown``: the reader first points at one superpixel of each class, as one who sees the finding
    would.
    """
    answers, means = given.clicks(), given.means()
    order = [int(i) for i in np.random.default_rng(seed).permutation(len(answers))]
    asked = np.zeros(len(answers), dtype=np.bool_)
    if shown:
        asked[[next(i for i in order if answers[i] == k) for k in range(given.count)]] = True
    steps: list[tuple[int, Floats]] = []
    model: PixelModel | None = None
    while True:
        count = BATCH if asked.sum() >= FIRST else FIRST - int(asked.sum())
        if asked.sum() + count > MOST:
            return steps
        if queue:
            scores = (
                superpixel_scores(model.probabilities(given.wide), given.regions) if model else None
            )
            asked[choose_superpixels(means, scores, asked, count, seed)] = True
        else:
            asked[[i for i in order if not asked[i]][:count]] = True
        if len(np.unique(answers[asked])) > 1:
            painted = taught_by_clicks(given.regions, np.where(asked, answers, UNPAINTED))
            model = learn_pixels(given.wide, painted, given.regions, seed=seed)
            steps.append((int(asked.sum()), given.score(model)))


def measure(given: Task, seed: int, shown: bool = False) -> Numbers:
    """Clicks to 95 % of the mean Dice of full labels, and what the last class got to."""
    full = given.score(learn_pixels(given.wide, given.answer, given.regions, seed=seed))
    found: Numbers = {
        "superpixels": int(given.regions.max()) + 1,
        "full": [round(float(d), 3) for d in full],
    }
    for queue, name in ((True, "queue"), (False, "chance")):
        steps = click(given, seed, queue, shown)
        enough = [n for n, d in steps if d.mean() >= 0.95 * full.mean()]
        last = [n for n, d in steps if d[-1] >= 0.95 * full[-1]]
        found[name] = {
            "clicks_to_95": enough[0] if enough else None,
            "clicks_to_95_of_the_last_class": last[0] if last else None,
            "dice_at": {n: [round(float(v), 3) for v in d] for n, d in steps if n in (20, 40, 60)},
        }
    return found


def phantoms(seeds: Sequence[int]) -> Numbers:
    """Six phantoms of a CT slice to click on, four unseen ones: outside, organ, lesion."""
    each = []
    for seed in seeds:
        made = [make("ct-phantom", 100 * seed + n, side=192) for n in range(10)]
        images = [(normalised(m.values_yx), m.labels_yx.astype(np.int64)) for m in made]
        each.append(measure(task(images[:6], images[6:], by_image), seed))
    found: Numbers = {"seeds": len(each), "most_clicks": MOST}
    found["full_mean_dice"] = round(float(np.mean([np.mean(m["full"]) for m in each])), 3)
    for name in ("queue", "chance"):
        clicks = [m[name]["clicks_to_95"] for m in each]
        counted = [n if n is not None else MOST + BATCH for n in clicks]
        found[name] = {
            "clicks_to_95": clicks,
            "mean": round(float(np.mean(counted)), 1),
            "median": float(np.median(counted)),
            "within_the_goal": sum(n <= GOAL for n in counted),
        }
        dice = [m[name]["dice_at"].get(GOAL) for m in each]
        found[name]["mean_dice_at_the_goal"] = round(
            float(np.mean([np.mean(d) for d in dice if d is not None])), 3
        )
    found["passed"] = found["queue"]["mean"] <= GOAL
    found["all_within_the_goal"] = found["queue"]["within_the_goal"] == len(each)
    return found


def volumes() -> Numbers:
    """The two volumes of the demo that experts have labelled, slice by slice.

    Every second slice around the tumour is clicked on, those between are scored: the same patient
    on both sides, so this tells how quickly a volume is finished, not how well another is read.
    """
    try:
        archive = fetch(RADIOMICS, lambda _text: None)
    except Unavailable as reason:
        return {"measured": False, "why": str(reason)}
    found: Numbers = {"measured": True, "source": str(RADIOMICS)}
    for name, title in (("lung1", "chest_ct_nodule"), ("brain1", "brain_mr_tumour")):
        values, marks = (_volume(archive, f"{name}_{part}.nrrd") for part in ("image", "label"))
        inside = np.flatnonzero((marks > 0).any(axis=(1, 2)))
        near = range(max(0, inside[0] - 3), min(len(values), inside[-1] + 4))
        slices = [(normalised(values[n]), (marks[n] > 0).astype(np.int64)) for n in near]
        given = task(slices[1::2], slices[::2], pooled)
        found[title] = {
            "tumour_voxels": int((marks > 0).sum()),
            "from_nothing": measure(given, 0),
            "tumour_shown_once": measure(given, 0, shown=True),
        }
    return found


def _volume(archive: Any, member: str) -> Any:
    with tarfile.open(archive) as packed:
        file = packed.extractfile(f"{RADIOMICS.name}-{RADIOMICS.version}/data/{member}")
        return read_nrrd(file.read() if file else b"").voxels


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
        cleaned(model.probabilities(features))
        seconds.append(time.perf_counter() - begin)
    best = min(seconds)
    return {
        "channels_s": round(channels, 2),
        "stroke_to_overlay_s": round(best, 2),
        "painted_pixels": int((painted != UNPAINTED).sum()),
        "passed": best <= 1.0,
    }
