"""The board: a row for each question and class, with agreement, shares, known answers and bias."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from desktop.domain.contracts import Progress
from desktop.domain.record import stable_id
from desktop.domain.schema import LabelClass, Question, QuestionKind, Schema, Scope
from desktop.domain.task import Reader
from desktop.engines.agreement.agreement_result import Agreement
from desktop.engines.agreement.ratings import Whole
from desktop.engines.gold.gold_scores import Share
from desktop.engines.proportions import wilson
from desktop.store import case_facts, queries, tallies
from desktop.store.database import Connection
from desktop.store.tables import topic_of
from desktop.store.tallies import SEP, SUB
from desktop.workspace.claims.asked_answers import answers_asked
from desktop.workspace.quality.known_answers import Advised, Checked, advised, checked
from desktop.workspace.quality.quality_measures import (
    Asked,
    BoardOptions,
    Measure,
    asked_of,
    measured,
    usual,
    why_unmeasured,
)
from desktop.workspace.quality.quality_tables import NAMED, SaidTable, letters, mark_patterns

MARKED = Question(id="", text="", kind=QuestionKind.YES_NO, scope=Scope.STUDY)
_BESIDE = (Measure.ALPHA, Measure.GWET, Measure.KAPPA, Measure.ICC)
MOST_BY_ROW = 60_000  # answers; beyond that a board counts patterns, with items as units
_NO_KNOWN = "No case with this question has a known answer: none is gold, nobody ruled on one."
_TEXT = "Free text is not counted as right or wrong."
_NO_ADVICE = "No suggestion for this question was decided on a case with a known answer."


@dataclass(frozen=True)
class Topic:
    """A question, or a class that regions may have. ``key`` is "schema name/id"."""

    key: str
    title: str
    schema: str
    kind: QuestionKind
    is_class: bool
    question: Question
    of_regions: bool = False

    @property
    def asks(self) -> str:
        """What kind of question it is, in words."""
        words = "marked or not" if self.is_class else self.kind.value
        return f"{words}, of regions" if self.of_regions else words


@dataclass(frozen=True)
class BoardRow:
    """One question or class over all readers.

    ``agreement`` is by the chosen coefficient, ``beside`` by the others that fit. ``shares``:
    share of all answers per category. ``known``: answers equal to the known one; ``bias``: wrong
    suggestions that were accepted, of those decided; their ``*_why`` says why there is none.
    """

    topic: Topic
    agreement: Agreement
    beside: tuple[Agreement, ...]
    items: int
    answers: int
    readers: int
    shares: tuple[tuple[str, float], ...]
    known: Share | None = None
    known_why: str = _NO_KNOWN
    bias: Share | None = None
    bias_why: str = _NO_ADVICE


@dataclass(frozen=True)
class Board:
    """All rows. ``readers``: ids in the order of their ``letters``.

    ``checked``: what was said where the right answer is known; ``advised``: decisions about
    suggestions that are known to be wrong.
    """

    options: BoardOptions
    rows: tuple[BoardRow, ...]
    readers: tuple[str, ...]
    letters: tuple[str, ...]
    known_by_reader: Mapping[str, Share]
    cases: int
    patients: int
    checked: tuple[Checked, ...] = ()
    advised: tuple[Advised, ...] = ()

    def row(self, key: str) -> BoardRow | None:
        """The row of a topic."""
        return next((row for row in self.rows if row.topic.key == key), None)

    def letter(self, reader_id: str) -> str:
        """What a reader is called while names are hidden."""
        if reader_id in self.readers:
            return self.letters[self.readers.index(reader_id)]
        return "?"


def topics_of(schemas: Iterable[Schema]) -> dict[str, Topic]:
    """Questions about cases and classes by their latest version, in the schemas' order."""
    found: dict[str, Topic] = {}
    for schema in sorted(schemas, key=lambda s: (s.name, -s.version)):
        for question in schema.questions + schema.retired_questions:
            if question.scope is not Scope.REGION:
                key = topic_of(schema.id, question.id)
                new = Topic(key, question.text, schema.title, question.kind, False, question)
                found.setdefault(key, new)
        for item in schema.classes + schema.retired_classes:
            key = topic_of(schema.id, item.id)
            found.setdefault(key, class_topic(key, schema, item))
    return found


def class_topic(key: str, schema: Schema, item: LabelClass) -> Topic:
    """Whether a class was marked on a case, as a question."""
    return Topic(key, item.name, schema.title, QuestionKind.YES_NO, True, MARKED)


def reader_order(project_id: str, readers: Iterable[str]) -> tuple[str, ...]:
    """Readers in an order that says nothing of who they are or when they came."""
    return tuple(sorted(readers, key=lambda reader: stable_id("letter", project_id, reader)))


def everybody(connection: Connection, project_id: str) -> tuple[str, ...]:
    """All readers of the project in that order."""
    return reader_order(project_id, (r.id for r in queries.many(connection, Reader)))


def class_titles(connection: Connection) -> dict[str, str]:
    """Names of the classes by topic, in the schemas' order."""
    topics = topics_of(queries.many(connection, Schema))
    return {key: topic.title for key, topic in topics.items() if topic.is_class}


def count_board(
    connection: Connection, project_id: str, options: BoardOptions, progress: Progress
) -> Board:
    """Count everything on a connection of the caller's own; any thread."""
    progress.report(0.0, "Counting answers")
    tallies.prepare(connection)
    topics = topics_of(queries.many(connection, Schema))
    said = tallies.answer_tallies(connection, options.only_closed)
    progress.report(0.4, "Counting marks")
    marks = tallies.mark_tallies(connection)
    order = everybody(connection, project_id)
    patterns: dict[str, list[tuple[str, str | None, int]]] = defaultdict(list)
    for tally in said:
        patterns[tally.topic].append((tally.said, tally.closed, tally.times))
    drawn = {t for _c, m, _n in marks for t in _topics_in(m)}
    patients, cases = case_facts.patients_and_cases(connection)
    by_row = patients < cases and sum(t.times for t in said) <= MOST_BY_ROW
    patient_of = case_facts.patients(connection) if by_row else {}
    all_checked = tuple(checked(connection, {t.key for t in topics.values() if _is_text(t)}))
    all_advised = tuple(advised(connection))
    known = _counted((one.topic, one.right) for one in all_checked)
    bias = _counted((one.topic, one.taken) for one in all_advised)
    rows: list[BoardRow] = []
    seen: set[str] = set()
    shown = [t for t in topics.values() if t.key in patterns or (t.is_class and t.key in drawn)]
    for number, topic in enumerate(shown):
        progress.report(0.5 + 0.5 * number / len(shown), topic.title)
        units: list[str] = []
        if by_row or topic.question.show_if is not None:
            table, units = _asked_table(connection, topic, options, order)
            own = list(table.readers)
        else:
            entries = mark_patterns(marks, topic.key) if topic.is_class else patterns[topic.key]
            own = [r for r in order if any(r in e[0] for e in entries)]
            table = SaidTable.of_patterns(entries, own)
        seen.update(own)
        clusters = _clusters([patient_of.get(c, c) for c in units]) if by_row else None
        rows.append(board_row(topic, table, options, known, bias, clusters))
    readers = tuple(r for r in order if r in seen)
    return Board(
        options,
        tuple(rows),
        readers,
        letters(len(readers)),
        _counted((one.reader_id, one.right) for one in all_checked),
        cases,
        patients,
        all_checked,
        all_advised,
    )


def _asked_table(
    connection: Connection, topic: Topic, options: BoardOptions, order: Sequence[str]
) -> tuple[SaidTable, list[str]]:
    """What readers said row by row, and the case of each item: what is hidden is no answer."""
    rows = (
        tallies.marks_of(connection, topic.key)
        if topic.is_class
        else answers_asked(connection, topic.key, topic.question, options.only_closed)
    )
    present = {row.reader_id for row in rows}
    own = [r for r in order if r in present]
    column = {reader: i for i, reader in enumerate(own)}
    number: dict[tuple[str, str], int] = {}
    coded = [
        (number.setdefault((r.case_id, r.place), len(number)), column[r.reader_id], r.said)
        for r in rows
        if r.reader_id in column
    ]
    return SaidTable.of_rows(coded, len(number), own), [case_id for case_id, _place in number]


def _clusters(patients: Sequence[str]) -> Whole | None:
    """Patients of the items as numbers; None where no patient has two items."""
    number: dict[str, int] = {}
    of_item = [number.setdefault(p, len(number)) for p in patients]
    return np.asarray(of_item, dtype=np.int64) if len(number) < len(of_item) else None


def board_row(
    topic: Topic,
    table: SaidTable,
    options: BoardOptions,
    known: Mapping[str, Share] = MappingProxyType({}),
    bias: Mapping[str, Share] = MappingProxyType({}),
    clusters: Whole | None = None,
) -> BoardRow:
    """Count one row from what the readers said."""
    asked = asked_of(table, topic.question, options.own_of(topic.key))
    ratings, is_text = asked.ratings, _is_text(topic)
    told = measured(asked, options, clusters=clusters)
    others = (measured(asked, options.of(m), clusters=clusters) for m in _fitting(asked))
    beside = tuple(a for a in others if a.name != told.name)
    named = topic.kind in (*NAMED, QuestionKind.RATING) and ratings.q <= 60
    shares = ratings.shares() if named else ()
    return BoardRow(
        topic=topic,
        agreement=told,
        beside=beside,
        items=int((ratings.per_item >= 2).sum()),
        answers=int(ratings.per_item.sum()),
        readers=int((ratings.codes >= 0).any(axis=0).sum()),
        shares=tuple(zip(ratings.categories, map(float, shares), strict=True)) if named else (),
        known=None if is_text else known.get(topic.key),
        known_why=_TEXT if is_text else _NO_KNOWN,
        bias=bias.get(topic.key),
    )


def _fitting(asked: Asked) -> Sequence[Measure]:
    if why_unmeasured(asked.kind):
        return ()
    if usual(asked.kind) is Measure.ICC:
        return (Measure.ICC, Measure.ALPHA)
    return tuple(m for m in _BESIDE if m is not Measure.ICC)


def _topics_in(marks: str) -> set[str]:
    return {m.partition(SUB)[2] for m in marks.split(SEP)} - {""}


def _is_text(topic: Topic) -> bool:
    return topic.kind is QuestionKind.TEXT


def _counted(found: Iterable[tuple[str, bool]]) -> dict[str, Share]:
    """Share of "true" by key."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for key, yes in found:
        counts[key][0] += yes
        counts[key][1] += 1
    return _shares(counts)


def _shares(counts: Mapping[str, Sequence[int]]) -> dict[str, Share]:
    return {key: Share(right, n, wilson(right, n)) for key, (right, n) in counts.items()}
