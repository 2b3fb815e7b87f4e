"""Rankings: time against choix, and how many comparisons a chosen order of pairs saves.

    python -m tools.bench.preference [--quick] [--json FILE]

Both sides of a ratio run in this process, one after the other. Truth is normal with a known
spread in log odds; answers are drawn from the Bradley-Terry model. "Random" asks two different
items drawn anew each time. A run ends when Kendall's tau between fitted scores and truth first
reaches the target; medians over seeds are given.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import choix
import numpy as np
from scipy.stats import kendalltau

from desktop.engines.bradley_terry import RankingOptions, fit
from desktop.engines.comparisons import Comparisons
from desktop.engines.pair_choice import ChoiceOptions, choose_pairs
from desktop.engines.plackett_luce import Rankings, fit_rankings
from desktop.engines.votes import Floats
from desktop.engines.worths import Worths

Numbers = dict[str, Any]
ITEMS, BATCH, MOST = 40, 20, 1500
PLAIN = RankingOptions(position=False)
STRATEGIES = {
    "swiss": ChoiceOptions(),
    "information": ChoiceOptions(strategy="information"),
    "swiss without random pairs and repeats": ChoiceOptions(random_share=0, repeat_share=0),
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


def comparisons_needed(
    seed: int, spread: float, targets: tuple[float, ...], options: ChoiceOptions | None
) -> list[int]:
    """Comparisons until each target is first reached; ``options`` None asks random pairs."""
    random = np.random.default_rng(1000 + seed)
    truth = random.normal(0, spread, ITEMS)
    first, second, outcome = list[int](), list[int](), list[int]()
    met: Floats = np.zeros((ITEMS, ITEMS))
    worths: Worths | None = None
    asked: Comparisons | None = None
    reached: list[int] = []
    while len(first) < MOST and len(reached) < len(targets):
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
            outcome.append(1 if random.random() < 1 / (1 + np.exp(truth[j] - truth[i])) else -1)
            met[i, j] += 1
            met[j, i] += 1
        asked = Comparisons.of(ITEMS, first, second, outcome, np.ones(len(first)))
        worths = fit(asked, PLAIN)
        tau = float(kendalltau(worths.log_worth, truth)[0])
        while len(reached) < len(targets) and tau >= targets[len(reached)]:
            reached.append(len(first))
    return reached + [MOST] * (len(targets) - len(reached))


def active(seeds: int) -> list[Numbers]:
    """Comparisons needed by way of choosing, for three spreads and two targets."""
    targets, found = (0.70, 0.80), []
    for spread in (1.0, 1.5, 3.0):
        random = [comparisons_needed(s, spread, targets, None) for s in range(seeds)]
        for name, options in STRATEGIES.items():
            ours = [comparisons_needed(s, spread, targets, options) for s in range(seeds)]
            for number, target in enumerate(targets):
                base = statistics.median(r[number] for r in random)
                need = statistics.median(r[number] for r in ours)
                found.append(
                    {
                        "spread": spread,
                        "tau": target,
                        "strategy": name,
                        "random": base,
                        "needed": need,
                        "fewer_percent": round(100 * (1 - need / base)),
                    }
                )
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer seeds and a smaller fit")
    parser.add_argument("--json", type=Path, help="also write the result here")
    chosen = parser.parse_args(arguments)
    size = (300, 20_000) if chosen.quick else (1000, 100_000)
    result = {
        "pairwise": pairwise(*size),
        "listwise": listwise(),
        "active_pairs": active(5 if chosen.quick else 20),
    }
    text = json.dumps(result, indent=1)
    print(text)
    if chosen.json:
        chosen.json.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
