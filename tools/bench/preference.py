"""Rankings: time against choix, and how many comparisons a chosen order of pairs saves.

    python -m tools.bench.preference [--quick] [--seeds N] [--json FILE]

Both sides of a ratio run in this process, one after the other. For the saving, 40 items have a true
scale, and answers are drawn from the Bradley-Terry model on it; a share of them may be careless,
that is, the toss of a coin. "Random" asks two different items drawn anew each time. As in the
application, scores are fitted again after every answer, the same way for all; what is given is the
number of comparisons after which Kendall's tau between scores and truth, averaged over the seeds,
reaches the target. How much is saved depends on how far apart the items are and on how many answers
are careless, so several such worlds are run.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import choix
import numpy as np
from scipy.stats import kendalltau

from desktop.engines.preference.bradley_terry import RankingOptions, fit
from desktop.engines.preference.comparisons import Comparisons
from desktop.engines.preference.pair_choice import ChoiceOptions, choose_pairs
from desktop.engines.preference.plackett_luce import Rankings, fit_rankings
from desktop.engines.preference.worths import Worths
from desktop.engines.single_thread import single_thread
from desktop.engines.votes import Floats
from tools.bench.figures import hand_over

Numbers = dict[str, Any]
ITEMS, BATCH, MOST = 40, 1, 600
FIRST_SEED = 90_000
TARGETS = (0.70, 0.80)
PLAIN = RankingOptions(position=False)
STRATEGIES = {
    "order": ChoiceOptions(),
    "order without random pairs and repeats": ChoiceOptions(random_share=0, repeat_share=0),
    "swiss": ChoiceOptions(strategy="swiss"),
    "information": ChoiceOptions(strategy="information"),
}


@dataclass(frozen=True)
class World:
    """True log odds: normal with this spread, in groups so far apart; share of coin tosses."""

    spread: float
    careless: float = 0.0
    groups: int = 1
    apart: float = 0.0

    def scale(self, random: np.random.Generator) -> Floats:
        within = random.normal(0, self.spread, ITEMS)
        return np.asarray(within + self.apart * (random.permutation(ITEMS) % self.groups))

    def is_first_better(self, gap: float, random: np.random.Generator) -> bool:
        chance = 1 / (1 + np.exp(-gap))
        return bool(random.random() < (1 - self.careless) * chance + self.careless / 2)


WORLDS = {
    "close together": World(1.0),
    "somewhat apart": World(1.5),
    "apart": World(3.0),
    "good ones and bad ones": World(1.0, groups=2, apart=6.0),
    "far apart, 30 % of answers careless": World(4.0, careless=0.3),
}


def timed(work: Callable[[], Any], runs: int = 3) -> tuple[float, Any]:
    """Shortest of some runs in seconds, and the last result."""
    seconds, result = [], None
    for _ in range(runs):
        begin = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - begin)
    return min(seconds), result


def made_up(n: int, m: int, seed: int = 0) -> tuple[Floats, Comparisons]:
    """True scale and m random comparisons."""
    random = np.random.default_rng(seed)
    truth = random.normal(size=n)
    first = random.integers(0, n, m)
    second = (first + random.integers(1, n, m)) % n
    won = random.random(m) < 1 / (1 + np.exp(truth[second] - truth[first]))
    return truth, Comparisons.of(n, first, second, np.where(won, 1, -1))


def pairwise(n: int, m: int) -> Numbers:
    """Our fit with its covariance against choix without one."""
    _truth, data = made_up(n, m)
    wins = [
        (i, j) if o > 0 else (j, i)
        for i, j, o in zip(
            data.first.tolist(), data.second.tolist(), data.outcome.tolist(), strict=True
        )
    ]
    ours_s, ours = timed(lambda: fit(data, PLAIN))
    peer_s, peer = timed(lambda: choix.ilsr_pairwise(n, wins, alpha=0.01), runs=1)
    return {
        "items": n,
        "comparisons": m,
        "ours_with_covariance_s": round(ours_s, 3),
        "choix_ilsr_s": round(peer_s, 3),
        "times_faster": round(peer_s / ours_s, 1),
        "correlation_with_choix": round(float(np.corrcoef(ours.log_worth, peer)[0, 1]), 6),
    }


def listwise() -> Numbers:
    """36 rankings of 43 out of 83 items, the size of a season of races."""
    random = np.random.default_rng(1)
    truth = random.normal(size=83)
    rows = []
    for _ in range(36):
        shown = random.choice(83, 43, replace=False)
        rows.append(shown[np.argsort(-(truth[shown] + random.gumbel(size=43)))].tolist())
    data = Rankings.of(83, [[[i] for i in row] for row in rows])
    ours_s, ours = timed(lambda: fit_rankings(data))
    peer_s, peer = timed(lambda: choix.ilsr_rankings(83, rows))
    return {
        "ours_with_covariance_s": round(ours_s, 4),
        "choix_ilsr_s": round(peer_s, 4),
        "times_faster": round(peer_s / ours_s, 1),
        "largest_difference": float(np.abs(ours.log_worth - peer).max()),
    }


def tau_curve(
    seed: int, world: World, options: ChoiceOptions | None, most: int = MOST
) -> list[float]:
    """Kendall's tau after each batch; ``options`` None asks random pairs."""
    with single_thread():
        return list(_taus(seed, world, options, most))


def _taus(seed: int, world: World, options: ChoiceOptions | None, most: int) -> Iterator[float]:
    random = np.random.default_rng(FIRST_SEED + seed)
    truth = world.scale(random)
    first, second, outcome = list[int](), list[int](), list[int]()
    met: Floats = np.zeros((ITEMS, ITEMS))
    worths: Worths | None = None
    asked: Comparisons | None = None
    while len(first) < most:
        if options is None:
            pairs = [tuple(random.choice(ITEMS, 2, replace=False)) for _ in range(BATCH)]
        else:
            chosen = choose_pairs(
                worths, met, BATCH, asked=asked, options=options, seed=seed * 10007 + len(first)
            )
            pairs = [(p.left, p.right) for p in chosen]
        for i, j in pairs:
            first.append(i)
            second.append(j)
            outcome.append(1 if world.is_first_better(truth[i] - truth[j], random) else -1)
            met[i, j] += 1
            met[j, i] += 1
        asked = Comparisons.of(ITEMS, first, second, outcome, np.ones(len(first)))
        worths = fit(asked, PLAIN)
        yield float(kendalltau(worths.log_worth, truth)[0])


def reached(curves: Sequence[Sequence[float]], target: float) -> int | None:
    """Comparisons until the mean curve reaches the target; None within the most that are asked."""
    mean = np.mean(curves, axis=0)
    there = np.flatnonzero(mean >= target)
    return (int(there[0]) + 1) * BATCH if len(there) else None


def active(seeds: int) -> list[Numbers]:
    """Comparisons needed by world, way of choosing and target."""
    found = []
    for title, world in WORLDS.items():
        random = [tau_curve(s, world, None) for s in range(seeds)]
        for name, options in STRATEGIES.items():
            ours = [tau_curve(s, world, options) for s in range(seeds)]
            for target in TARGETS:
                base, need = reached(random, target), reached(ours, target)
                told: Numbers = {
                    "world": title,
                    "tau": target,
                    "strategy": name,
                    "random": base or f"more than {MOST}",
                    "needed": need or f"more than {MOST}",
                }
                if need and base:
                    told["fewer_percent"] = round(100 * (1 - need / base))
                elif need:
                    told["fewer_percent_at_least"] = round(100 * (1 - need / MOST))
                found.append(told)
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer seeds and a smaller fit")
    parser.add_argument("--seeds", type=int, default=20, help="worlds drawn for each figure")
    parser.add_argument("--json", type=Path, help="also write the result here")
    chosen = parser.parse_args(arguments)
    size = (300, 20_000) if chosen.quick else (1000, 100_000)
    result = {
        "pairwise": pairwise(*size),
        "listwise": listwise(),
        "active_pairs": active(5 if chosen.quick else chosen.seeds),
    }
    return hand_over(result, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
