"""From votes (one entry each) to ratings (one column per reader): two questions about agreement.

Between readers: one answer per reader and item, the first one. Within a reader: the answers that
the same reader gave to the same item, in the order given.
"""

from __future__ import annotations

import numpy as np

from desktop.engines.agreement.ratings import MISSING, Ratings, Whole
from desktop.engines.votes import Votes


def ratings_between(votes: Votes) -> Ratings:
    """(items, workers) ratings; of several votes of one worker on one item the first counts."""
    codes = np.full((votes.n_items, votes.n_workers), MISSING, dtype=np.int64)
    # Written from the last vote to the first, so that the first one stays.
    codes[votes.item[::-1], votes.worker[::-1]] = votes.label[::-1]
    return Ratings.of_codes(codes, list(votes.labels), readers=list(votes.workers))


def ratings_within(votes: Votes, worker: int) -> Ratings:
    """(items, readings) ratings of one worker; only items that this worker saw twice or more."""
    own = np.flatnonzero(votes.worker == worker)
    item, label = votes.item[own], votes.label[own]
    order = np.argsort(item, kind="stable")
    item, label = item[order], label[order]
    seen, start, times = np.unique(item, return_index=True, return_counts=True)
    reading: Whole = np.arange(item.size) - np.repeat(start, times)
    codes = np.full((seen.size, int(times.max(initial=0))), MISSING, dtype=np.int64)
    codes[np.repeat(np.arange(seen.size), times), reading] = label
    codes = codes[times >= 2]
    names = [f"reading {k + 1}" for k in range(codes.shape[1])]
    return Ratings.of_codes(codes, list(votes.labels), readers=names)
