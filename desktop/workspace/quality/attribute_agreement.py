"""Whether readers say the same about a region that both marked: its attributes, and its length.

Each attribute of a class becomes a topic like any question of the board; its items are findings
that two or more readers marked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from desktop.domain.annotation import Annotation
from desktop.domain.record import to_json
from desktop.domain.schema import Question, QuestionKind, Schema, Scope, shown_questions
from desktop.store.database import Connection
from desktop.store.tables import topic_of
from desktop.store.tallies import Said
from desktop.workspace.claims.findings import Finding, Grids
from desktop.workspace.quality.mark_agreement import length_of
from desktop.workspace.quality.quality_board import BoardRow, Topic, board_row
from desktop.workspace.quality.quality_detail import TopicDetail, detail_of
from desktop.workspace.quality.quality_measures import BoardOptions

LENGTH = Question(
    id=":length", text="Length", kind=QuestionKind.NUMBER, unit="mm", scope=Scope.REGION
)
DEFINITION = (
    "Attributes of regions, and lengths of lines in mm: compared on findings that two or more "
    "readers marked with the same class, by the coefficient that fits the kind of question. What "
    "is hidden by a condition counts as not answered."
)


@dataclass(frozen=True, eq=False)
class AttributeRow:
    """One attribute of one class: as a line of the board, and in detail."""

    row: BoardRow
    detail: TopicDetail


def attributes_said(
    connection: Connection, case_id: str, schema: Schema | None, finding: Finding, grids: Grids
) -> Iterator[tuple[str, str, Said]]:
    """(class topic, attribute id, what a reader said of it) for a finding of several readers."""
    if len(finding.regions) < 2 or schema is None:
        return
    place = f"finding {finding.number} of {finding.topic}"
    for reader_id, region in finding.regions.items():
        for question_id, said in _said(connection, schema, region, grids):
            yield finding.topic, question_id, Said(case_id, place, reader_id, said)


def _said(
    connection: Connection, schema: Schema, region: Annotation, grids: Grids
) -> Iterator[tuple[str, str]]:
    given = region.label.attributes
    asked = schema.region_questions(region.label.class_id)
    for question in shown_questions(asked, given):
        value = given.get(question.id)
        if value is not None:
            yield question.id, to_json(value)
    length = length_of(connection, region, grids)
    if length is not None:
        yield LENGTH.id, f"{length:.2f}"


def attribute_rows(
    connection: Connection,
    said: Mapping[tuple[str, str], Sequence[Said]],
    schemas: Sequence[Schema],
    titles: Mapping[str, str],
    readers: Sequence[str],
    options: BoardOptions,
) -> tuple[AttributeRow, ...]:
    """Count each attribute that somebody answered, class by class in the schemas' order."""
    made = []
    for topic in _topics(schemas, titles):
        rows = said.get((topic[0], topic[1].question.id), ())
        if rows:
            detail = detail_of(connection, topic[1], rows, options, readers)
            made.append(AttributeRow(board_row(topic[1], detail.table, options), detail))
    return tuple(made)


def _topics(schemas: Sequence[Schema], titles: Mapping[str, str]) -> Iterator[tuple[str, Topic]]:
    """(class topic, attribute topic) by the latest version of each schema."""
    latest: dict[str, list[Schema]] = {}
    for schema in sorted(schemas, key=lambda s: (s.name, -s.version)):
        latest.setdefault(schema.name, []).append(schema)
    for class_topic, title in titles.items():
        name = class_topic.rpartition("/")[0]
        seen: set[str] = set()
        for schema in latest.get(name, []):
            asked = (*schema.questions, *schema.retired_questions, LENGTH)
            for question in asked:
                if question.scope is Scope.REGION and question.id not in seen:
                    seen.add(question.id)
                    yield class_topic, _topic(schema, class_topic, title, question)


def _topic(schema: Schema, class_topic: str, title: str, question: Question) -> Topic:
    key = f"{topic_of(schema.id, class_topic.rpartition('/')[2])}/{question.id}"
    words = f"{title}: {question.text}"
    return Topic(key, words, schema.title, question.kind, False, question, of_regions=True)
