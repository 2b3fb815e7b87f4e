"""Where the right answer is known: what readers said there, and which wrong advice they took.

Known is what an adjudicator ruled, else gold. Of a class it is known whether a case has one: from
the regions that were ruled on, and from gold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator
from typing import NamedTuple

from desktop.domain.adjudication import Adjudication, Ruling
from desktop.domain.annotation import Annotation, Answer
from desktop.domain.batch import Package
from desktop.domain.gold import GoldCase
from desktop.domain.proposal import Decision, Proposal, Verdict
from desktop.domain.record import to_json
from desktop.domain.schema import Schema
from desktop.domain.study import Case
from desktop.store import queries, tallies
from desktop.store.database import Connection
from desktop.store.tables import topic_of
from desktop.workspace.claims.case_claims import Pixels
from desktop.workspace.claims.truth import truth_of
from desktop.workspace.models.help_report import fate, is_right
from desktop.workspace.team.gold_marks import same_value

MOST_REGIONS = 1000  # suggested regions that are held against the truth on the board


class Checked(NamedTuple):
    """One reader's say where the right one is known. ``known``: that one as JSON."""

    topic: str
    case_id: str
    reader_id: str
    right: bool
    known: str


class Advised(NamedTuple):
    """One reader's decision about a wrong suggestion. ``suggested``: as JSON."""

    topic: str
    case_id: str
    reader_id: str
    taken: bool
    suggested: str


def checked(connection: Connection, texts: Container[str]) -> list[Checked]:
    """All answers and marks where the right one is known; ``texts``: topics left out."""
    found = [Checked(*row) for row in tallies.known_rows(connection)]
    found += _on_gold(connection)
    found += _on_classes(connection)
    return [one for one in found if one.topic not in texts]


def advised(connection: Connection) -> list[Advised]:
    """All decisions about suggestions that are known to be wrong."""
    return [*_answers_advised(connection), *_regions_advised(connection)]


def _on_gold(connection: Connection) -> Iterator[Checked]:
    """Answers on gold, also where a package held it by another name."""
    gold = {g.case_id: g for g in queries.many(connection, GoldCase)}
    if not gold:
        return
    ruled = tallies.ruled_answers(connection)
    for case_id, known_id in _names_of_gold(connection, gold).items():
        known = gold[known_id]
        for answer in queries.many(connection, Answer, case_id=case_id):
            topic = topic_of(answer.schema_id, answer.question_id)
            if (
                answer.reader_id != known.author_id
                and answer.origin.value not in tallies.NOT_READ
                and answer.question_id in known.answers
                and (topic, case_id) not in ruled
            ):
                truth = known.answers[answer.question_id]
                right = same_value(truth, answer.value)
                yield Checked(topic, known_id, answer.reader_id, right, to_json(truth))


def _names_of_gold(connection: Connection, gold: Container[str]) -> dict[str, str]:
    """Every name under which gold was read, with the case that it is."""
    names: dict[str, str] = {}
    for case in queries.many(connection, GoldCase):
        names[case.case_id] = case.case_id
    for package in queries.many(connection, Package):
        names |= {alias: case_id for alias, case_id in package.gold.items() if case_id in gold}
    return names


def _on_classes(connection: Connection) -> Iterator[Checked]:
    """Whether readers marked a class that the truth holds, or holds not."""
    known, deciders = _true_classes(connection)
    authors = {g.case_id: g.author_id for g in queries.many(connection, GoldCase)}
    for topic, by_case in known.items():
        for row in tallies.marks_of(connection, topic, sorted(by_case)):
            if (row.case_id, row.reader_id) in deciders or authors.get(
                row.case_id
            ) == row.reader_id:
                continue
            is_there = by_case[row.case_id]
            right = (row.said == "true") == is_there
            yield Checked(topic, row.case_id, row.reader_id, right, to_json(is_there))


def _true_classes(
    connection: Connection,
) -> tuple[dict[str, dict[str, bool]], set[tuple[str, str]]]:
    """By class topic and case: whether the truth holds one; and who ruled on which case."""
    found: dict[str, dict[str, bool]] = defaultdict(dict)
    rulings = [r for r in queries.many(connection, Adjudication) if not r.question_id]
    for gold in queries.many(connection, GoldCase):
        case = queries.maybe(connection, Case, gold.case_id)
        schema = queries.maybe(connection, Schema, case.schema_id) if case is not None else None
        if gold.has_regions and schema is not None:
            held = {r.label.class_id for r in gold.regions}
            for item in schema.classes:
                found[topic_of(schema.id, item.id)][gold.case_id] = item.id in held
    for ruling in rulings:
        made = queries.maybe(connection, Annotation, ruling.made_id) if ruling.made_id else None
        if made is not None:
            found[topic_of(made.schema_id, made.label.class_id)][ruling.case_id] = True
    for ruling in rulings:
        case = queries.maybe(connection, Case, ruling.case_id)
        if ruling.verdict is Ruling.REJECTED and case is not None:
            found[topic_of(case.schema_id, ruling.class_id)].setdefault(ruling.case_id, False)
    return found, {(r.case_id, r.reader_id) for r in queries.many(connection, Adjudication)}


def _answers_advised(connection: Connection) -> Iterator[Advised]:
    decided = tallies.decided_suggestions(connection)
    if not decided:
        return
    ruled = tallies.ruled_answers(connection)
    gold = {g.case_id: g for g in queries.many(connection, GoldCase)}
    names = _names_of_gold(connection, gold)
    for topic, case_id, reader_id, suggested, verdict, kept in decided:
        known_id = names.get(case_id, case_id)
        question_id = topic.rpartition("/")[2]
        truth = ruled.get((topic, case_id))
        if truth is None and known_id in gold and question_id in gold[known_id].answers:
            truth = to_json(gold[known_id].answers[question_id])
        if truth is not None and truth != suggested:
            taken = verdict == Verdict.ACCEPTED.value and kept
            yield Advised(topic, known_id, reader_id, taken, suggested)


def _regions_advised(connection: Connection) -> Iterator[Advised]:
    """Suggested regions that are not true: kept as they were, or dropped."""
    by_case: dict[str, list[tuple[Decision, Proposal]]] = defaultdict(list)
    for proposal_id in tallies.decided_regions(connection, MOST_REGIONS):
        proposal = queries.one(connection, Proposal, proposal_id)
        for decision in queries.many(connection, Decision, proposal_id=proposal_id):
            by_case[proposal.case_id].append((decision, proposal))
    for case_id, pairs in by_case.items():
        truth = truth_of(connection, case_id)
        if not truth.has_regions:
            continue
        made = {a.id: a for a in queries.many(connection, Annotation, case_id=case_id)}
        pixels = Pixels(connection)
        for decision, proposal in pairs:
            if proposal.label is None or is_right(proposal, truth, pixels) is not False:
                continue
            topic = topic_of(proposal.schema_id, proposal.label.class_id)
            taken = fate(decision, proposal, made) == "accepted"
            yield Advised(topic, case_id, decision.reader_id, taken, "true")
