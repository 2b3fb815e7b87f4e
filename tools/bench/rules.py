"""The label model on 100,000 items by 20 rules: fit, explain, try without a rule; beside peers.

    python -m tools.bench.rules [--quick] [--seeds N] [--json FILE] [--peer-votes FOLDER]

Peers in the same run are a textbook Dawid-Skene in NumPy, which gets the same votes, and crowd-kit
where it is installed (it is no dependency). ``--peer-votes`` writes the votes as CSV, so that
``tools.bench.rule_peers`` can run crowd-kit and snorkel on them in an environment of their own;
``rule_peers.json`` keeps what such runs gave, with the commands that made them.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from desktop.engines.rules.evidence import explain, item_log_odds
from desktop.engines.rules.label_model import LabelModelOptions, fit_label_model, without_rule
from desktop.engines.rules.model_contest import compare_with_majority
from desktop.engines.rules.rule_figures import rule_figures
from desktop.engines.votes import Floats, Ints, Votes

KEPT = Path(__file__).with_name("rule_peers.json")  # what ``tools.bench.rule_peers`` gave

FULL = 100_000  # items of the kept run


def timed(work: Callable[[], Any], runs: int = 3) -> tuple[float, Any]:
    """Median seconds, and the last result."""
    seconds, result = [], None
    for _ in range(runs):
        begin = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds), result


def peak_mb() -> float:
    """Largest memory of this process so far."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most / (1 << 20 if sys.platform == "darwin" else 1 << 10))


def simulated(n: int, k: int, seed: int, copies: int = 0) -> tuple[Ints, Votes]:
    """Truth and votes of 20 rules that speak on 30 to 80 % of the items and are right on 55 to
    90 %; ``copies`` of them copy the weakest in 9 of 10 cases. Two classes are shared 70 : 30."""
    random = np.random.default_rng(seed)
    shares = np.array([0.7, 0.3]) if k == 2 else np.arange(k, 0, -1) / np.arange(k, 0, -1).sum()
    truth = random.choice(k, n, p=shares)
    accuracy, coverage = random.uniform(0.55, 0.9, 20), random.uniform(0.3, 0.8, 20)
    table = np.full((n, 20), -1)
    for j in range(20):
        speaks, right = random.random(n) < coverage[j], random.random(n) < accuracy[j]
        wrong = (truth + random.integers(1, k, n)) % k
        table[:, j] = np.where(speaks, np.where(right, truth, wrong), -1)
    weakest = int(accuracy.argmin())
    for j in [j for j in range(20) if j != weakest][:copies]:
        copied = random.random(n) < 0.9
        table[copied, j] = table[copied, weakest]
    item, rule = np.nonzero(table >= 0)
    votes = Votes.from_arrays(item, rule, table[item, rule], n_items=n, n_workers=20, n_labels=k)
    return truth, votes


def dense_dawid_skene(votes: Votes, rounds: int) -> Ints:
    """The textbook: an items x rules x labels array and as many rounds as ours needed."""
    given = np.zeros((votes.n_items, votes.n_workers, votes.n_labels))
    np.add.at(given, (votes.item, votes.worker, votes.label), 1.0)
    total = given.sum(axis=(1, 2))
    truth: Floats = np.full((votes.n_items, votes.n_labels), 1.0 / votes.n_labels)
    truth[total > 0] = given.sum(axis=1)[total > 0] / total[total > 0, None]
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
    seconds, _ = timed(lambda: peer.fit(table), 1)
    labels = np.full(votes.n_items, -1)
    found = peer.labels_
    labels[np.asarray(found.index)] = np.asarray(found)
    return seconds, labels


def bench_speed(n: int) -> dict[str, Any]:
    """Fit and explain; then what a click costs."""
    _truth, votes = simulated(n, 2, 0, copies=5)
    fit_label_model(votes)  # imports and first pages
    before = peak_mb()
    fit_s, model = timed(lambda: fit_label_model(votes))
    explain_s, _ = timed(lambda: item_log_odds(votes, model))
    one_s, _ = timed(lambda: explain(votes, model, 17))
    figures_s, _ = timed(lambda: rule_figures(votes, model))
    peak = peak_mb()
    gold = np.full(n, -1)
    gold[:500] = _truth[:500]
    known = Votes(
        votes.item, votes.worker, votes.label, votes.items, votes.workers, votes.labels, gold
    )

    def without_one() -> Any:
        left = without_rule(known, 3)
        again = fit_label_model(left)
        return again, compare_with_majority(left, found=again.dependencies)

    what_if_s, _ = timed(without_one)
    dense_s, _ = timed(lambda: dense_dawid_skene(votes, len(model.trace)), 1)
    return {
        "items_x_rules": f"{n} x 20",
        "votes": votes.n_votes,
        "iterations": len(model.trace),
        "fit_seconds": round(fit_s, 3),
        "explain_all_seconds": round(explain_s, 3),
        "fit_and_explain_seconds": round(fit_s + explain_s, 3),
        "explain_one_seconds": round(one_s, 4),
        "figures_seconds": round(figures_s, 3),
        "what_if_off_seconds": round(what_if_s, 3),
        "ratio_of_dense_numpy_to_fit": round(dense_s / fit_s, 1),
        "peak_mb_after_fit_and_explain": peak,
        "peak_mb_before": before,
    }


def bench_accuracy(n: int, seeds: int) -> dict[str, Any]:
    """Mean share of voted items that are right."""
    out: dict[str, Any] = {}
    for k in (2, 4):
        for copies in (0, 5):
            rows: dict[str, list[float]] = {}
            ratios: list[float] = []
            cpu: list[float] = []
            for seed in range(seeds):
                truth, votes = simulated(n, k, seed, copies)
                voted = votes.per_item() > 0

                def right(label: Ints, truth: Ints = truth, voted: Any = voted) -> float:
                    return float((label == truth)[voted].mean())

                begin = time.process_time()
                seconds, model = timed(partial(fit_label_model, votes), 3)
                cpu.append((time.process_time() - begin) / 3)
                plain = fit_label_model(votes, LabelModelOptions(weigh=False))
                rows.setdefault("label_model", []).append(right(model.label))
                rows.setdefault("without_weights", []).append(right(plain.label))
                rows.setdefault("majority", []).append(right(model.majority.label))
                dense = dense_dawid_skene(votes, len(plain.trace))
                rows.setdefault("dense_numpy", []).append(right(dense))
                peer = crowd_kit(votes)
                if peer is not None:
                    rows.setdefault("crowd_kit", []).append(right(peer[1]))
                    ratios.append(peer[0] / seconds)
            name = f"{k} classes, {'five copies of the weakest' if copies else 'independent'}"
            out[name] = {key: round(float(np.mean(found)), 4) for key, found in rows.items()}
            out[name]["cpu_seconds"] = round(statistics.median(cpu), 3)
            if n == FULL:
                out[name]["processor_seconds_of_peers_per_second"] = kept_ratios(name, cpu)
            if ratios:
                out[name]["crowd_kit_seconds_per_second"] = round(statistics.median(ratios), 1)
    return out


def kept_ratios(name: str, cpu: list[float]) -> dict[str, float]:
    """How many times more processor seconds each kept run of a peer took; medians."""
    runs = json.loads(KEPT.read_text(encoding="utf-8"))["runs"]
    ours = statistics.median(cpu)
    return {
        peer: round(statistics.median(found[name]["cpu_seconds"]) / ours, 1)
        for peer, found in runs.items()
    }


def write_peer_votes(folder: Path, n: int, seeds: int) -> None:
    """CSV files item, rule, label and truth for programs of others."""
    folder.mkdir(parents=True, exist_ok=True)
    for k in (2, 4):
        for copies in (0, 5):
            for seed in range(seeds):
                truth, votes = simulated(n, k, seed, copies)
                stem = f"k{k}-copies{copies}-seed{seed}"
                with (folder / f"{stem}-votes.csv").open("w", newline="") as file:
                    rows = csv.writer(file)
                    rows.writerow(["task", "worker", "label"])
                    rows.writerows(zip(votes.item, votes.worker, votes.label, strict=True))
                np.savetxt(folder / f"{stem}-truth.csv", truth, fmt="%d")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the size, one seed")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--peer-votes", type=Path)
    options = parser.parse_args(argv)
    n, seeds = (FULL // 10, 1) if options.quick else (FULL, options.seeds)
    if options.peer_votes:
        write_peer_votes(options.peer_votes, n, seeds)
        return 0
    result = {
        "speed": bench_speed(n),
        "accuracy_on_voted_items": bench_accuracy(n, seeds),
        "kept": json.loads(KEPT.read_text(encoding="utf-8")),
    }
    text = json.dumps(result, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
