"""One question or class in detail: reader by reader, confusion, over time, by group, its cases.

Loaded once as columns; everything shown is counted from them, and leads back to cases.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from desktop.engines.agreement.agreement import Asking, ClassAgreement, by_class
from desktop.engines.agreement.agreement_result import Agreement
from desktop.engines.agreement.measurement_agreement import Limits, limits_of_agreement
from desktop.engines.agreement.ratings import Whole
from desktop.store import tallies
from desktop.store.case_facts import CaseFact, case_facts
from desktop.store.database import Connection
from desktop.workspace.claims.asked_answers import answers_asked
from desktop.workspace.quality.quality_board import Topic
from desktop.workspace.quality.quality_measures import Asked, BoardOptions, asked_of, measured
from desktop.workspace.quality.quality_tables import MEASURED, NAMED, SaidTable, words_of

Bools = npt.NDArray[np.bool_]

REPLICATES = 1000
MOST_RESAMPLED = 5000  # beyond that the analytic interval says the same, at once
FEWEST_IN_A_STRETCH = 30
MOST_STRETCHES = 12


@dataclass(frozen=True)
class PairCell:
    """One cell of the reader-by-reader table; ``first`` and ``second`` index the readers."""

    first: int
    second: int
    agreement: Agreement


@dataclass(frozen=True)
class Stretch:
    """Agreement in one stretch of time. ``start``, ``end``: seconds since 1970, UTC."""

    number: int
    start: float
    end: float
    agreement: Agreement


@dataclass(frozen=True)
class CaseSaid:
    """One line of a case list: what each reader said of it, in the schema's words."""

    case_id: str
    title: str
    place: str
    said: tuple[str, ...]
    differ: bool


@dataclass(frozen=True, eq=False)
class TopicDetail:
    """Everything about one topic. ``readers``: ids; ``items``: (case id, place) of each row."""

    topic: Topic
    options: BoardOptions
    readers: tuple[str, ...]
    items: tuple[tuple[str, str], ...]
    table: SaidTable
    asked: Asked
    facts: dict[str, CaseFact]
    patients: Whole | None
    agreement: Agreement
    pairs: tuple[PairCell, ...]
    classes: tuple[ClassAgreement, ...]
    groups: tuple[tuple[str, Agreement], ...]
    sites: tuple[tuple[str, Agreement], ...] = ()

    @property
    def is_measured(self) -> bool:
        """Whether answers are numbers, so that differences mean something."""
        return self.topic.kind in MEASURED

    @property
    def is_named(self) -> bool:
        """Whether answers fall into categories."""
        return not self.is_measured and self.asked.ratings.q > 0

    def confusion(self, first: int, second: int) -> tuple[tuple[str, ...], Whole]:
        """Category names and the (q, q) table of two readers; rows are the first one's."""
        return self.asked.ratings.categories, self.asked.ratings.confusion(first, second)

    def differences(self, first: int, second: int) -> tuple[Limits, list[tuple[int, float, float]]]:
        """Limits of agreement of two readers, and (item, first, second) behind them."""
        assert self.asked.numbers is not None
        a, b = self.asked.numbers[:, first], self.asked.numbers[:, second]
        both = np.flatnonzero(np.isfinite(a) & np.isfinite(b))
        points = [(int(i), float(a[i]), float(b[i])) for i in both]
        return limits_of_agreement(a, b), points

    # which items ---------------------------------------------------------------------------

    def all_items(self) -> Whole:
        """Items with two or more answers, those that differ first."""
        return self._sorted(self.asked.ratings.per_item >= 2)

    def of_pair(self, first: int, second: int) -> Whole:
        """Items that both readers answered, those that differ first."""
        codes = self.table.codes
        both = (codes[:, first] >= 0) & (codes[:, second] >= 0)
        apart = codes[:, first] != codes[:, second]
        found = np.flatnonzero(both)
        return np.asarray(found[np.argsort(~apart[found], kind="stable")], dtype=np.int64)

    def of_confusion(self, first: int, second: int, row: int, column: int) -> Whole:
        """Items of one cell of the confusion table."""
        codes = self.asked.ratings.codes
        keep = (codes[:, first] == row) & (codes[:, second] == column)
        return np.flatnonzero(keep).astype(np.int64)

    def of_class(self, category: int) -> Whole:
        """Items of which somebody said this, those that differ first."""
        return self._sorted((self.asked.ratings.codes == category).any(axis=1))

    def of_group(self, name: str) -> Whole:
        """Items of a modality, those that differ first."""
        return self._of([self.facts[c].modality == name for c, _place in self.items])

    def of_site(self, name: str) -> Whole:
        """Items of a site ("": of none), those that differ first."""
        return self._of([self.facts[c].site == name for c, _place in self.items])

    def _of(self, keep: Sequence[bool]) -> Whole:
        return self._sorted(np.array(keep, dtype=np.bool_) & (self.asked.ratings.per_item >= 2))

    def lines(self, items: Sequence[int]) -> list[CaseSaid]:
        """These items as lines of a list."""
        found = []
        for item in items:
            case_id, place = self.items[item]
            codes = self.table.codes[item]
            said = tuple(
                words_of(self.topic.question, self.table.values[c]) if c >= 0 else "" for c in codes
            )
            given = codes[codes >= 0]
            found.append(
                CaseSaid(
                    case_id,
                    self.facts[case_id].title,
                    place,
                    said,
                    bool(given.size > 1 and (given != given[0]).any()),
                )
            )
        return found

    def _sorted(self, keep: Bools) -> Whole:
        """Indices kept, items with different answers first."""
        codes = self.table.codes
        high = codes.max(axis=1, initial=-1)
        low = np.where(codes < 0, np.iinfo(np.int64).max, codes).min(axis=1, initial=1 << 62)
        found = np.flatnonzero(keep)
        return np.asarray(found[np.argsort(low[found] == high[found], kind="stable")])


def load_detail(
    connection: Connection, topic: Topic, options: BoardOptions, readers: Sequence[str]
) -> TopicDetail:
    """Read a topic's columns and count; any thread, on a connection of the caller's own."""
    tallies.prepare(connection)
    rows = (
        tallies.marks_of(connection, topic.key)
        if topic.is_class
        else answers_asked(connection, topic.key, topic.question, options.only_closed)
    )
    return detail_of(connection, topic, rows, options, readers)


def detail_of(
    connection: Connection,
    topic: Topic,
    rows: Sequence[tallies.Said],
    options: BoardOptions,
    readers: Sequence[str],
) -> TopicDetail:
    """Count what readers said of a topic; ``readers``: everybody, in the board's order."""
    present = {row.reader_id for row in rows}
    own = tuple(r for r in readers if r in present)
    column = {reader: i for i, reader in enumerate(own)}
    number: dict[tuple[str, str], int] = {}
    coded = [
        (number.setdefault((r.case_id, r.place), len(number)), column[r.reader_id], r.said)
        for r in rows
        if r.reader_id in column
    ]
    items = tuple(number)
    table = SaidTable.of_rows(coded, len(items), own)
    asked = asked_of(table, topic.question, options.own_of(topic.key))
    facts = _facts(connection, {c for c, _place in items})
    patients = _patients(items, facts)
    replicates = REPLICATES if len(items) <= MOST_RESAMPLED else 0
    told = measured(asked, options, clusters=patients, replicates=replicates)
    return TopicDetail(
        topic=topic,
        options=options,
        readers=own,
        items=items,
        table=table,
        asked=asked,
        facts=facts,
        patients=patients,
        agreement=told,
        pairs=_pairs(asked, options, len(own)),
        classes=_classes(asked, topic, len(own)),
        groups=_groups(asked, options, [facts[c].modality for c, _p in items]),
        sites=_groups(asked, options, [facts[c].site for c, _p in items]),
    )


def stretches(connection: Connection, detail: TopicDetail) -> list[tuple[Stretch, Whole]]:
    """Agreement over time: items in the order of their last answer, in stretches of equal size."""
    at = (
        tallies.closed_at(connection)
        if detail.topic.is_class or detail.topic.of_regions
        else tallies.answered_at(connection, detail.topic.key)
    )
    shared = np.flatnonzero(detail.asked.ratings.per_item >= 2)
    times = np.array([seconds(at.get(detail.items[i], "")) for i in shared])
    known = np.isfinite(times)
    shared, times = shared[known], times[known]
    order = np.argsort(times, kind="stable")
    count = max(1, min(MOST_STRETCHES, shared.size // FEWEST_IN_A_STRETCH))
    found = []
    for n, part in enumerate(np.array_split(order, count)):
        if part.size:
            told = measured(_part(detail.asked, shared[part]), detail.options)
            span = times[part]
            stretch = Stretch(n, float(span[0]), float(span[-1]), told)
            found.append((stretch, shared[part].astype(np.int64)))
    return found


def drift_of(connection: Connection, detail: TopicDetail) -> list[Stretch]:
    """The stretches alone."""
    return [stretch for stretch, _items in stretches(connection, detail)]


def _pairs(asked: Asked, options: BoardOptions, readers: int) -> tuple[PairCell, ...]:
    return tuple(
        PairCell(a, b, measured(asked, options, columns=(a, b)))
        for a in range(readers)
        for b in range(a + 1, readers)
    )


def _classes(asked: Asked, topic: Topic, readers: int) -> tuple[ClassAgreement, ...]:
    if topic.kind not in NAMED or readers < 2 or asked.ratings.q > 60:
        return ()
    return by_class(asked.ratings, Asking(replicates=0))


def _groups(
    asked: Asked, options: BoardOptions, group_of: Sequence[str]
) -> tuple[tuple[str, Agreement], ...]:
    """Agreement within each group of items, by the group's name."""
    of_item = np.array(group_of, dtype=object)
    names = sorted(set(group_of))
    return tuple(
        (name, measured(_part(asked, np.flatnonzero(of_item == name)), options)) for name in names
    )


def _part(asked: Asked, items: npt.NDArray[np.int64]) -> Asked:
    numbers = None if asked.numbers is None else asked.numbers[items]
    return replace(asked, ratings=asked.ratings.items(items), numbers=numbers)


def _facts(connection: Connection, case_ids: set[str]) -> dict[str, CaseFact]:
    wanted = sorted(case_ids) if len(case_ids) < 2000 else ()
    found = {f.case_id: f for f in case_facts(connection, wanted) if f.case_id in case_ids}
    for missing in case_ids - set(found):
        found[missing] = CaseFact(missing, missing[:8], 0, "", missing)
    return found


def _patients(items: Sequence[tuple[str, str]], facts: dict[str, CaseFact]) -> Whole | None:
    """Patients of the items as numbers; None where no patient has two items."""
    number: dict[str, int] = {}
    of_item = [number.setdefault(facts[c].patient or c, len(number)) for c, _place in items]
    return np.asarray(of_item, dtype=np.int64) if len(number) < len(items) else None


def seconds(utc: str) -> float:
    """A time of the log in seconds since 1970; NaN where there is none."""
    try:
        return datetime.datetime.fromisoformat(utc.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return float("nan")
