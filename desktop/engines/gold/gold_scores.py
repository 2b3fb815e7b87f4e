"""How readers did on gold, and whether they say the same twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from desktop.engines.consensus.consensus import Consensus
from desktop.engines.intervals import Interval
from desktop.engines.proportions import AccuracyWatch, WatchResult, watch_accuracy, wilson
from desktop.engines.votes import Votes


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldAnswer:
    """One reader's answer to one gold item; ``right`` : whether it equals the known answer."""

    reader_id: str
    case_id: str
    right: bool
    concept: str = ""
    difficulty: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """``right`` of ``asked``; ``interval`` by Wilson, None where nothing was asked."""

    right: int
    asked: int
    interval: Interval | None

    @property
    def value(self) -> float | None:
        return self.right / self.asked if self.asked else None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GoldScore:
    """One reader on gold. ``watch`` : the sequential test over the answers in their order, with
    its alert. ``missed`` : the items to show to the reader in training, to nobody in a test."""

    reader_id: str
    accuracy: Share
    by_concept: dict[str, Share]
    by_difficulty: dict[str, Share]
    missed: tuple[str, ...]
    watch: WatchResult


def score_answers(
    answers: Iterable[GoldAnswer], watch: AccuracyWatch | None = None
) -> dict[str, GoldScore]:
    """Scores by reader id, from answers in the order in which they were given.

    Only a reader's first answer to an item counts: the second one may have been told.
    """
    first: dict[str, dict[str, GoldAnswer]] = {}
    for answer in answers:
        first.setdefault(answer.reader_id, {}).setdefault(answer.case_id, answer)
    return {
        reader_id: _score(reader_id, list(mine.values()), watch)
        for reader_id, mine in first.items()
    }


def score_votes(votes: Votes, watch: AccuracyWatch | None = None) -> dict[str, GoldScore]:
    """Scores by rater name from votes on items with a known label, in the order of the votes."""
    if votes.gold is None:
        return {}
    truth = votes.gold[votes.item]
    return score_answers(
        (
            GoldAnswer(
                reader_id=votes.workers[int(votes.worker[i])],
                case_id=votes.items[int(votes.item[i])],
                right=bool(votes.label[i] == truth[i]),
            )
            for i in np.flatnonzero(truth >= 0)
        ),
        watch,
    )


def doubts(votes: Votes, consensus: Consensus) -> tuple[str, ...]:
    """Raters whose accuracy on gold does not go with what the consensus believes of them.

    Use a consensus that was not told the gold, else it has learned from what it is judged by.
    """
    place = {name: i for i, name in enumerate(votes.workers)}
    found = []
    for name, score in score_votes(votes).items():
        believed = float(consensus.rater_skill[place[name]])
        interval = score.accuracy.interval
        if interval is not None and not np.isnan(believed) and believed not in interval:
            found.append(
                f"Rater {name}: right in {score.accuracy.right} of {score.accuracy.asked} gold "
                f"items ({interval.low:.0%} to {interval.high:.0%}), but {consensus.title} "
                f"believes {believed:.0%}."
            )
    return tuple(found)


def same_answer_twice(votes: Votes) -> dict[str, Share]:
    """By rater: how many repeated items got the same label again; raters without repeats are left
    out. Each further vote on an item is compared with the rater's first one."""
    pair = votes.item * votes.n_workers + votes.worker
    order = np.argsort(pair, kind="stable")
    pair, label, worker = pair[order], votes.label[order], votes.worker[order]
    _, start, number = np.unique(pair, return_index=True, return_counts=True)
    later = np.ones(pair.size, dtype=np.bool_)
    later[start] = False
    same = label == np.repeat(label[start], number)
    asked = np.bincount(worker[later], minlength=votes.n_workers)
    right = np.bincount(worker[later & same], minlength=votes.n_workers)
    return {
        votes.workers[w]: _share(int(right[w]), int(asked[w]))
        for w in np.flatnonzero(asked).tolist()
    }


def _score(reader_id: str, answers: list[GoldAnswer], watch: AccuracyWatch | None) -> GoldScore:
    return GoldScore(
        reader_id=reader_id,
        accuracy=_share(sum(a.right for a in answers), len(answers)),
        by_concept=_split((a.concept, a.right) for a in answers),
        by_difficulty=_split((a.difficulty, a.right) for a in answers),
        missed=tuple(a.case_id for a in answers if not a.right),
        watch=watch_accuracy([a.right for a in answers], watch),
    )


def _split(rows: Iterable[tuple[str, bool]]) -> dict[str, Share]:
    groups: dict[str, list[bool]] = {}
    for name, right in rows:
        if name:
            groups.setdefault(name, []).append(right)
    return {name: _share(sum(group), len(group)) for name, group in sorted(groups.items())}


def _share(right: int, asked: int) -> Share:
    return Share(right, asked, wilson(right, asked))
