"""What readers prefer as rows for training: one per pair, whoever saw it on whichever side."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import fmean

from desktop.domain.ranking import Candidate, Outcome, RankingPrompt, TaskRecords
from desktop.domain.record import stable_id

_VALUE = {Outcome.LEFT: 1, Outcome.RIGHT: -1, Outcome.TIE: 0}


class Conflict(str, Enum):
    """What becomes of a pair that readers see differently: the majority's row (none where it is
    even), no row, or a row for each direction."""

    MAJORITY = "majority"
    DROP = "drop"
    KEEP = "keep"


@dataclass(frozen=True, kw_only=True)
class PreferenceOptions:
    """``splits``: names and shares; a prompt is in one of them with all its rows. Mean grades of
    at least ``good`` are good answers, of at most ``bad`` bad ones, others neither."""

    conflicts: Conflict = Conflict.MAJORITY
    splits: tuple[tuple[str, float], ...] = (("train", 0.9), ("test", 0.1))
    good: float = 4.0
    bad: float = 2.0


@dataclass(frozen=True)
class Reward:
    """The fitted place of a candidate within its prompt: log-worth (or mean grade), its standard
    error, and the ranks that hold at 95 %."""

    candidate_id: str
    value: float
    error: float | None
    rank_low: int | None
    rank_high: int | None


Fit = Callable[[TaskRecords, str], Sequence[Reward]]  # of one prompt's candidates, best first


@dataclass(frozen=True)
class PairRow:
    """``chosen`` before ``rejected``, by readers' verdicts (each reader counts once)."""

    row_id: str
    prompt: RankingPrompt
    chosen: Candidate
    rejected: Candidate
    votes_for: int
    votes_against: int
    ties: int
    readers: tuple[str, ...]
    lists: tuple[str, ...]
    rationales: tuple[str, ...]


@dataclass(frozen=True)
class UnpairedRow:
    """One answer and whether it is a good one; ``why`` says what that rests on."""

    row_id: str
    prompt: RankingPrompt
    candidate: Candidate
    label: bool
    why: str
    readers: tuple[str, ...]


@dataclass(frozen=True)
class _Said:
    """One reader's verdict on one pair in the order of the candidates; 1 is the first."""

    prompt_id: str
    first: str
    second: str
    value: int
    reader_id: str
    list_id: str
    rationale: str


def pair_rows(records: TaskRecords, policy: Conflict) -> tuple[list[PairRow], dict[str, int]]:
    """Rows by prompt and candidate, and how many pairs went which way."""
    order = {c.id: n for n, c in enumerate(records.candidates)}
    candidates = {c.id: c for c in records.candidates}
    prompts = {p.id: p for p in records.prompts}
    by_pair: dict[tuple[str, str], list[_Said]] = {}
    for said in _all_said(records, order):
        by_pair.setdefault((said.first, said.second), []).append(said)
    counts: Counter[str] = Counter({"pairs": len(by_pair)})
    rows: list[PairRow] = []
    for (first, second), told in sorted(
        by_pair.items(), key=lambda item: (order[item[0][0]], order[item[0][1]])
    ):
        verdicts = _by_reader(told)
        up, down = (sum(v == sign for v in verdicts.values()) for sign in (1, -1))
        ties = len(verdicts) - up - down
        ways = _ways(up, down, policy, counts)
        for way in ways:
            chosen, rejected = (first, second) if way > 0 else (second, first)
            backing = [s for s in told if s.value == way]
            rows.append(
                PairRow(
                    row_id=stable_id("preference", chosen, rejected),
                    prompt=prompts[told[0].prompt_id],
                    chosen=candidates[chosen],
                    rejected=candidates[rejected],
                    votes_for=up if way > 0 else down,
                    votes_against=down if way > 0 else up,
                    ties=ties,
                    readers=tuple(sorted(r for r, v in verdicts.items() if v == way)),
                    lists=tuple(sorted({s.list_id for s in backing} - {""})),
                    rationales=tuple(dict.fromkeys(s.rationale for s in backing if s.rationale)),
                )
            )
    place = {p.id: n for n, p in enumerate(records.prompts)}
    rows.sort(key=lambda r: (place[r.prompt.id], order[r.chosen.id], order[r.rejected.id]))
    counts["rows"] = len(rows)
    counts["both_unacceptable"] = sum(c.outcome is Outcome.BOTH_BAD for c in records.comparisons)
    counts["not_judged"] = sum(c.outcome is Outcome.CANNOT for c in records.comparisons)
    counts["not_judged"] += sum(r.cannot for r in records.rankings)
    counts["not_judged"] += sum(r.cannot for r in records.ratings)
    return rows, dict(sorted(counts.items()))


def unpaired_rows(records: TaskRecords, options: PreferenceOptions) -> list[UnpairedRow]:
    """Good and bad answers: by grades, and those that readers found unacceptable."""
    prompts = {p.id: p for p in records.prompts}
    bad: dict[str, set[str]] = {}
    for said in records.comparisons:
        if said.outcome is Outcome.BOTH_BAD:
            for candidate in (said.left, said.right):
                bad.setdefault(candidate, set()).add(said.reader_id)
    for ranking in records.rankings:
        if not ranking.cannot:
            placed = {c for tier in ranking.tiers for c in tier}
            for candidate in set(ranking.shown) - placed:
                bad.setdefault(candidate, set()).add(ranking.reader_id)
    grades: dict[str, dict[str, float]] = {}
    for rating in records.ratings:
        if not rating.cannot:
            mean = fmean(rating.scores.values())
            grades.setdefault(rating.candidate_id, {})[rating.reader_id] = mean
    rows = []
    for item in records.candidates:
        found = _label(grades.get(item.id, {}), bad.get(item.id, set()), options)
        if found is not None:
            label, why, readers = found
            rows.append(
                UnpairedRow(
                    stable_id("unpaired", item.id), prompts[item.prompt_id], item, label, why,
                    tuple(sorted(readers)),
                )
            )  # fmt: skip
    return rows


def split_of(text: str, splits: Sequence[tuple[str, float]]) -> str:
    """The split of a prompt, from its words alone: the same in every task and export."""
    words = " ".join(text.split()).casefold()
    share = int.from_bytes(hashlib.sha256(words.encode()).digest()[:8]) / 2**64
    reach = 0.0
    for name, part in splits:
        reach += part
        if share < reach:
            return name
    return splits[-1][0]


def _all_said(records: TaskRecords, order: dict[str, int]) -> Iterable[_Said]:
    for said in records.comparisons:
        if said.outcome in _VALUE:
            yield _said(
                order, said.prompt_id, said.left, said.right, _VALUE[said.outcome],
                said.reader_id, "", said.rationale,
            )  # fmt: skip
    for ranking in records.rankings:
        if ranking.cannot:
            continue
        placed = {c: depth for depth, tier in enumerate(ranking.tiers) for c in tier}
        last = len(ranking.tiers)
        for at, one in enumerate(ranking.shown):
            for other in ranking.shown[at + 1 :]:
                if one not in placed and other not in placed:
                    continue  # both unacceptable
                gap = placed.get(other, last) - placed.get(one, last)
                yield _said(
                    order, ranking.prompt_id, one, other, (gap > 0) - (gap < 0),
                    ranking.reader_id, ranking.id, ranking.rationale,
                )  # fmt: skip


def _said(
    order: dict[str, int],
    prompt_id: str,
    one: str,
    other: str,
    value: int,
    reader_id: str,
    list_id: str,
    rationale: str,
) -> _Said:
    if order[one] > order[other]:
        one, other, value = other, one, -value
    return _Said(prompt_id, one, other, value, reader_id, list_id, rationale)


def _by_reader(told: Sequence[_Said]) -> dict[str, int]:
    """Each reader's verdict: what they said more often; both equally often is a tie."""
    sums: dict[str, int] = {}
    for said in told:
        sums[said.reader_id] = sums.get(said.reader_id, 0) + said.value
    return {reader: (total > 0) - (total < 0) for reader, total in sums.items()}


def _ways(up: int, down: int, policy: Conflict, counts: Counter[str]) -> tuple[int, ...]:
    """Directions that get a row; what happened is counted."""
    if not up and not down:
        counts["tied"] += 1
        return ()
    if not up or not down:
        counts["agreed"] += 1
        return (1,) if up else (-1,)
    counts["conflicting"] += 1
    if policy is Conflict.KEEP:
        counts["conflicting_kept"] += 1
        return (1, -1)
    if policy is Conflict.DROP or up == down:
        counts["conflicting_dropped"] += 1
        return ()
    counts["conflicting_by_majority"] += 1
    return (1,) if up > down else (-1,)


def _label(
    grades: dict[str, float], bad: set[str], options: PreferenceOptions
) -> tuple[bool, str, set[str]] | None:
    if bad:
        return False, "unacceptable", bad
    if not grades:
        return None
    mean = fmean(grades.values())
    if options.bad < mean < options.good:
        return None
    return mean >= options.good, f"mean grade {mean:.2f}", set(grades)
