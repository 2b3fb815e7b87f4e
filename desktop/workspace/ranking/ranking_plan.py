"""What a reader is asked next in a preference task: every pair once, repeats hidden among them.

The order and the sides differ from reader to reader and come from the task's stored seed and the
reader alone, so that work can stop and go on anywhere, also in a package. Questions with many
candidates don't ask all pairs: there the ranking so far picks the next one.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop.domain.ranking import Comparison, Outcome, RankingKind, RankingTask

if TYPE_CHECKING:
    import numpy as np

    from desktop.engines.preference.comparisons import Comparisons

ALL_PAIRS_UP_TO = 6  # candidates
IN_A_GROUP = 4  # candidates ranked together where there are many
GROUPINGS = 3
REPEAT_SHARE = 0.05


@dataclass(frozen=True)
class Shown:
    """One decision to be made: the candidates from left to right. ``repeat``: hidden."""

    prompt_id: str
    candidates: tuple[str, ...]
    repeat: bool = False


@dataclass(frozen=True)
class Question:
    """A prompt with the ids of its candidates."""

    prompt_id: str
    candidates: tuple[str, ...]

    @property
    def is_large(self) -> bool:
        """Whether not all pairs are asked."""
        return len(self.candidates) > ALL_PAIRS_UP_TO


def planned(task: RankingTask, questions: Sequence[Question], reader_id: str) -> list[Shown]:
    """All that is asked of a reader, in order, without pairs that are chosen as work goes on."""
    random = _random(task.id, task.seed, reader_id)
    match task.judged:
        case RankingKind.PAIRWISE:
            return _pairs(task, [q for q in questions if not q.is_large], random)
        case RankingKind.RATING:
            alone = [Shown(q.prompt_id, (c,)) for q in questions for c in q.candidates]
            return [alone[k] for k in random.permutation(len(alone)).tolist()]
        case _:
            groups = [s for q in questions for s in _groups(q, random)]
            return [groups[k] for k in random.permutation(len(groups)).tolist()]


def pairs_wanted(task: RankingTask, question: Question) -> int:
    """How many pairs of a large question a reader is asked."""
    n = len(question.candidates)
    return task.per_reader or math.ceil(1.5 * n)


def next_pair(
    task: RankingTask, question: Question, said: Sequence[Comparison], reader_id: str
) -> Shown | None:
    """The next pair of a large question; None when enough is known or asked.

    ``said`` : comparisons of all readers on this question, in the order they were made.
    """
    import numpy as np

    from desktop.engines.preference.bradley_terry import fit
    from desktop.engines.preference.pair_choice import Why, choose_pairs
    from desktop.engines.preference.worths import stop_reason

    own = [c for c in said if c.reader_id == reader_id]
    if len(own) >= pairs_wanted(task, question):
        return None
    place = {c: n for n, c in enumerate(question.candidates)}
    known = as_comparisons(said, place)
    worths = fit(known) if len(known) else None
    if worths is not None and stop_reason(worths):
        return None
    n = len(place)
    met = np.zeros((n, n))
    for item in said:
        i, j = place[item.left], place[item.right]
        met[i, j] += 1
        met[j, i] += 1
    seed = _seed(task.id, task.seed, reader_id, question.prompt_id, str(len(own)))
    asked = as_comparisons([c for c in own if not c.repeat], place, every=True)
    found = choose_pairs(worths, met, 1, asked=asked, seed=seed)
    pair = found[0]
    names = (question.candidates[pair.left], question.candidates[pair.right])
    return Shown(question.prompt_id, names, pair.why is Why.REPEAT)


def as_comparisons(
    said: Sequence[Comparison], place: dict[str, int], every: bool = False
) -> Comparisons:
    """Comparisons as numbers; what says nothing about better is left out, unless ``every``."""
    from desktop.engines.preference.comparisons import Comparisons

    value = {Outcome.LEFT: 1, Outcome.RIGHT: -1, Outcome.TIE: 0}
    told = [c for c in said if c.left in place and c.right in place]
    told = [c for c in told if every or c.outcome in value]
    readers = {r: n for n, r in enumerate(sorted({c.reader_id for c in told}))}
    return Comparisons.of(
        len(place),
        [place[c.left] for c in told],
        [place[c.right] for c in told],
        [value.get(c.outcome, 0) for c in told],
        [1] * len(told),  # the first is the one on the left
        [readers[c.reader_id] for c in told],
    )


def _pairs(
    task: RankingTask, questions: Sequence[Question], random: np.random.Generator
) -> list[Shown]:
    pairs = [
        Shown(q.prompt_id, (a, b) if random.integers(2) else (b, a))
        for q in questions
        for a, b in itertools.combinations(q.candidates, 2)
    ]
    pairs = [pairs[k] for k in random.permutation(len(pairs)).tolist()]
    if task.per_reader:
        pairs = pairs[: task.per_reader]
    count = max(1, round(REPEAT_SHARE * len(pairs))) if len(pairs) >= 3 else 0
    # repeats come in the second half, as far from the first time as can be
    early = len(pairs) - len(pairs) // 2
    chosen = sorted(random.permutation(early)[:count].tolist())
    asked = list(pairs)
    for number, k in enumerate(chosen):
        first = pairs[k]
        again = Shown(first.prompt_id, first.candidates[::-1], repeat=True)
        least = min(len(asked), max(early, k + 3) + number)
        asked.insert(int(random.integers(least, len(asked) + 1)), again)
    return asked


def _groups(question: Question, random: np.random.Generator) -> list[Shown]:
    names = question.candidates
    if len(names) < 2:
        return []
    found = []
    for _ in range(1 if not question.is_large else GROUPINGS):
        order = [names[k] for k in random.permutation(len(names)).tolist()]
        size = len(order) if not question.is_large else IN_A_GROUP
        parts = [order[k : k + size] for k in range(0, len(order), size)]
        if len(parts) > 1 and len(parts[-1]) == 1:
            parts[-2:] = [parts[-2] + parts[-1]]
        found += [Shown(question.prompt_id, tuple(part)) for part in parts]
    return found


def _random(*words: str) -> np.random.Generator:
    import numpy as np

    return np.random.default_rng(_seed(*words))


def _seed(*words: str) -> int:
    return int.from_bytes(hashlib.sha256("\x1f".join(words).encode()).digest()[:8])
