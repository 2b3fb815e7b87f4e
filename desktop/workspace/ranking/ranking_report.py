"""What readers prefer, put together: the ranking, how sure it is, and whom it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from desktop.domain.errors import UserError
from desktop.domain.ranking import Comparison, Outcome, RankingKind, TaskRecords
from desktop.engines.preference.bradley_terry import RankingOptions, fit
from desktop.engines.preference.comparisons import Comparisons
from desktop.engines.preference.plackett_luce import Rankings, fit_rankings
from desktop.engines.preference.preference_raters import (
    RaterReport,
    Share,
    between_raters,
    circles,
    rater_reports,
    wins_table,
)
from desktop.engines.preference.worths import Z95, Worths, stop_reason
from desktop.engines.votes import Floats
from desktop.exchange.preference import Reward


class By(str, Enum):
    """What is ranked: the candidates of one question, or where they come from, over all."""

    CANDIDATE = "candidate"
    SOURCE = "source"


@dataclass(frozen=True)
class Scope:
    """``prompt_id`` "" takes the first question where candidates are ranked."""

    by: By = By.CANDIDATE
    prompt_id: str = ""


@dataclass(frozen=True)
class Item:
    """One line of the ranking. ``low`` and ``high`` at 95 %; ranks count from 1; ``unacceptable``
    is how often it was found so, out of ``judged``. Of ratings, ``score`` is the mean grade."""

    key: str
    name: str
    score: float
    low: float | None
    high: float | None
    rank: int
    rank_low: int | None
    rank_high: int | None
    judged: int
    unacceptable: int
    group: int


@dataclass(frozen=True)
class Reader:
    """One reader's part in it."""

    reader_id: str
    name: str
    report: RaterReport | None
    judged: int
    seconds: float  # median per decision
    circles: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class RankingReport:
    """Everything the lead's view shows. ``position``: chance that the left of two equals wins,
    low, high; None where unknown. ``wins`` and ``ties``: (n, n) in the order of ``items``."""

    records: TaskRecords
    scope: Scope
    items: tuple[Item, ...]
    readers: tuple[Reader, ...]
    wins: Floats
    ties: Floats
    position: tuple[float, float, float] | None
    agreement: Share  # of each two readers, on pairs that both judged
    decisions: int
    cannot: int
    both_bad: int
    unit: str
    stop: str
    notes: tuple[str, ...]

    @property
    def is_biased(self) -> bool:
        """Whether the interval of the side effect leaves out an even chance."""
        return self.position is not None and not self.position[1] <= 0.5 <= self.position[2]


def report_on(records: TaskRecords, names: dict[str, str], scope: Scope) -> RankingReport:
    """Fit the model that fits the task; ``names`` of readers by id."""
    scope = _settled(records, scope)
    keys, of = _items(records, scope)
    if records.task.judged is RankingKind.RATING:
        return _of_ratings(records, names, scope, keys, of)
    return _of_preferences(records, names, scope, keys, of)


def _of_preferences(
    records: TaskRecords,
    names: dict[str, str],
    scope: Scope,
    keys: dict[str, str],
    of: dict[str, str],
) -> RankingReport:
    place = {key: n for n, key in enumerate(keys)}
    notes: list[str] = []
    if records.task.judged is RankingKind.PAIRWISE:
        said = [c for c in records.comparisons if _meets(c.left, c.right, of)]
        readers = sorted({c.reader_id for c in said})
        data, bad, judged = _pairs(said, of, place, readers)
        worths = fit(data, RankingOptions(temperatures=len(readers) > 1))
        position = worths.position_interval() if len(data) else None
        decisions, cannot = len(said), sum(c.outcome is Outcome.CANNOT for c in said)
        both_bad = sum(c.outcome is Outcome.BOTH_BAD for c in said)
        seconds = [(c.reader_id, c.seconds) for c in said]
    else:
        lists = [r for r in records.rankings if any(c in of for c in r.shown)]
        readers = sorted({r.reader_id for r in lists})
        rankings, bad, judged = _lists(records, of, place)
        worths = fit_rankings(rankings)
        data, source = rankings.pairs()
        whose = [r.reader_id for r in lists if not r.cannot]
        rater = np.array([readers.index(whose[k]) for k in source.tolist()], dtype=np.int64)
        data = Comparisons.of(
            data.n_items, data.first, data.second, data.outcome, None, rater, data.weight
        )
        position = None
        decisions, cannot = len(lists), sum(r.cannot for r in lists)
        both_bad = sum(not r.tiers and not r.cannot for r in lists)
        seconds = [(r.reader_id, r.seconds) for r in lists]
        notes.append("Pairs of one order are not independent; consistency is told for readers.")
    if worths.groups.max(initial=0) > 0:
        notes.append(
            f"The candidates fall into {int(worths.groups.max()) + 1} groups that were never "
            "compared with each other; ranks hold within a group only."
        )
    top = _most_votes(data, readers, names)
    if top:
        notes.append(top)
    order = worths.order()
    wins, ties = wins_table(data)
    return RankingReport(
        records=records,
        scope=scope,
        items=_lines(worths, list(keys), list(keys.values()), bad, judged),
        readers=_readers(data, worths, readers, names, list(keys), seconds),
        wins=wins[np.ix_(order, order)],
        ties=ties[np.ix_(order, order)],
        position=position,
        agreement=between_raters(data),
        decisions=decisions,
        cannot=cannot,
        both_bad=both_bad,
        unit="log odds of being preferred",
        stop=stop_reason(worths) if len(data) else "",
        notes=tuple(notes),
    )


def _pairs(
    said: Sequence[Comparison],
    of: dict[str, str],
    place: dict[str, int],
    readers: Sequence[str],
) -> tuple[Comparisons, Floats, Floats]:
    value = {Outcome.LEFT: 1, Outcome.RIGHT: -1, Outcome.TIE: 0}
    bad, judged = np.zeros(len(place)), np.zeros(len(place))
    rows = []
    for item in said:
        i, j = place[of[item.left]], place[of[item.right]]
        if item.outcome is not Outcome.CANNOT:
            judged[[i, j]] += 1
        if item.outcome is Outcome.BOTH_BAD:
            bad[[i, j]] += 1
        if item.outcome in value:
            rows.append((i, j, value[item.outcome], 1, readers.index(item.reader_id)))
    table = np.array(rows, dtype=np.int64).reshape(-1, 5).T
    return Comparisons.of(len(place), *table), bad, judged


def _lists(
    records: TaskRecords, of: dict[str, str], place: dict[str, int]
) -> tuple[Rankings, Floats, Floats]:
    bad, judged = np.zeros(len(place)), np.zeros(len(place))
    tiers = []
    for said in records.rankings:
        if said.cannot or not any(c in of for c in said.shown):
            continue
        placed = {c for tier in said.tiers for c in tier}
        shown = [c for c in said.shown if c in of]
        left_out = [c for c in shown if c not in placed]
        for candidate in shown:
            judged[place[of[candidate]]] += 1
        for candidate in left_out:
            bad[place[of[candidate]]] += 1
        rows, seen = [], set[int]()
        for tier in (*said.tiers, left_out):
            fresh = [place[of[c]] for c in tier if c in of and place[of[c]] not in seen]
            seen |= set(fresh)
            if fresh:
                rows.append(list(dict.fromkeys(fresh)))
        tiers.append(rows)
    return Rankings.of(len(place), tiers), bad, judged


def _of_ratings(
    records: TaskRecords,
    names: dict[str, str],
    scope: Scope,
    keys: dict[str, str],
    of: dict[str, str],
) -> RankingReport:
    """Mean grades with intervals; a reader's own mean is taken out, so that strictness is not."""
    said = [r for r in records.ratings if r.candidate_id in of]
    given = [r for r in said if not r.cannot]
    readers = sorted({r.reader_id for r in said})
    mean = {r.id: float(np.mean(list(r.scores.values()))) for r in given}
    whole = float(np.mean(list(mean.values()))) if mean else 0.0
    own = {
        reader: float(np.mean([mean[r.id] for r in given if r.reader_id == reader] or [whole]))
        for reader in readers
    }
    lines = []
    for key, name in keys.items():
        values = np.array(
            [mean[r.id] - own[r.reader_id] + whole for r in given if of[r.candidate_id] == key]
        )
        score = float(values.mean()) if len(values) else float("nan")
        half = None
        if len(values) > 1:
            half = Z95 * float(values.std(ddof=1)) / float(np.sqrt(len(values)))
        lines.append((key, name, score, half, len(values)))
    lines.sort(key=lambda line: (np.isnan(line[2]), -line[2]))
    items = tuple(
        Item(key, name, score, None if half is None else score - half,
             None if half is None else score + half, rank, None, None, count, 0, 0)
        for rank, (key, name, score, half, count) in enumerate(lines, start=1)
    )  # fmt: skip
    n = len(keys)
    people = tuple(
        Reader(r, names.get(r, ""), None, sum(s.reader_id == r for s in said),
               _median([s.seconds for s in said if s.reader_id == r]), ())
        for r in readers
    )  # fmt: skip
    return RankingReport(
        records=records,
        scope=scope,
        items=items,
        readers=people,
        wins=np.zeros((n, n)),
        ties=np.zeros((n, n)),
        position=None,
        agreement=Share.of(0, 0),
        decisions=len(said),
        cannot=sum(r.cannot for r in said),
        both_bad=0,
        unit="grade, 1 to 5, adjusted for how strict each reader is",
        stop="",
        notes=(),
    )


def rewards(records: TaskRecords, prompt_id: str) -> list[Reward]:
    """The candidates of one prompt on their common scale, best first; none without decisions."""
    report = report_on(records, {}, Scope(By.CANDIDATE, prompt_id))
    if not report.decisions:
        return []
    return [
        Reward(
            candidate_id=item.key,
            value=item.score,
            error=None if item.low is None else (item.score - item.low) / Z95,
            rank_low=item.rank_low,
            rank_high=item.rank_high,
        )
        for item in report.items
        if item.judged
    ]


# --- pieces


def _settled(records: TaskRecords, scope: Scope) -> Scope:
    """The first question where none is named; UserError where sources can't be ranked."""
    if scope.by is By.SOURCE:
        if len({c.source for c in records.candidates if c.source}) < 2:
            raise UserError(
                "There is nothing to rank by source.", "The candidates of this task name none."
            )
        return scope
    known = [p.id for p in records.prompts]
    if scope.prompt_id in known:
        return scope
    return Scope(By.CANDIDATE, known[0] if known else "")


def _items(records: TaskRecords, scope: Scope) -> tuple[dict[str, str], dict[str, str]]:
    """Names of what is ranked by key, and the key of each candidate."""
    if scope.by is By.SOURCE:
        of = {c.id: c.source for c in records.candidates if c.source}
        return {s: s for s in sorted(set(of.values()))}, of
    here = [c for c in records.candidates if c.prompt_id == scope.prompt_id]
    names = {}
    for number, item in enumerate(here, start=1):
        words = item.source or _start(item.text)
        names[item.id] = words or f"Candidate {number}"
    return names, {c.id: c.id for c in here}


def _meets(left: str, right: str, of: dict[str, str]) -> bool:
    return left in of and right in of and of[left] != of[right]


def _lines(
    worths: Worths, keys: Sequence[str], names: Sequence[str], bad: Floats, judged: Floats
) -> tuple[Item, ...]:
    intervals, ranks = worths.intervals(), worths.rank_intervals()
    found = []
    for rank, k in enumerate(worths.order().tolist(), start=1):
        found.append(
            Item(
                key=keys[k],
                name=names[k],
                score=float(worths.log_worth[k]),
                low=None if intervals is None else float(intervals[k, 0]),
                high=None if intervals is None else float(intervals[k, 1]),
                rank=rank,
                rank_low=None if ranks is None else int(ranks[k, 0]),
                rank_high=None if ranks is None else int(ranks[k, 1]),
                judged=int(judged[k]),
                unacceptable=int(bad[k]),
                group=int(worths.groups[k]),
            )
        )
    return tuple(found)


def _readers(
    data: Comparisons,
    worths: Worths,
    readers: Sequence[str],
    names: dict[str, str],
    keys: Sequence[str],
    seconds: Sequence[tuple[str, float]],
) -> tuple[Reader, ...]:
    reports = {r.rater: r for r in rater_reports(data, worths)} if len(data) else {}
    found = []
    for number, reader in enumerate(readers):
        own = data.take(data.rater == number)
        rounds = circles(own) if len(own) else []
        found.append(
            Reader(
                reader_id=reader,
                name=names.get(reader, ""),
                report=reports.get(number),
                judged=sum(r == reader for r, _s in seconds),
                seconds=_median([s for r, s in seconds if r == reader]),
                circles=tuple((keys[a], keys[b], keys[c]) for a, b, c in rounds),
            )
        )
    return tuple(found)


def _most_votes(data: Comparisons, readers: Sequence[str], names: dict[str, str]) -> str:
    """A sentence where one of several readers gave nearly everything."""
    if len(readers) < 2 or len(data) < 10:
        return ""
    counts = np.bincount(data.rater, minlength=len(readers))
    most = int(counts.argmax())
    share = counts[most] / counts.sum()
    if share < 0.8:
        return ""
    return f"{names.get(readers[most], 'One reader')} gave {share:.0%} of all comparisons."


def _median(values: Sequence[float]) -> float:
    return float(np.median(values)) if values else 0.0


def _start(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 40 else line[:39] + "…"
