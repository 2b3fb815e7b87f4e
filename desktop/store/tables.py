"""The tables: one per kind of record, the append-only events, blobs, and what stays here.

A record's table holds its id, the columns that queries need and its canonical JSON. ``identities``,
``local_texts`` and ``sources`` stand outside the log: a person can be erased there, and no path or
patient text gets into an event.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)

from desktop.domain.account import ProjectSetting, Signature
from desktop.domain.adjudication import Adjudication
from desktop.domain.annotation import Annotation, Answer, MaskSlice, Target
from desktop.domain.batch import Batch, BatchCases, Package
from desktop.domain.case_note import CaseNote
from desktop.domain.doubt import LabelDoubt
from desktop.domain.gold import GoldCase
from desktop.domain.help_study import BlindLock, HelpPlan
from desktop.domain.learning import LearningQuery, LearningRound, LearningSkip
from desktop.domain.model_run import ModelCase, ModelRun
from desktop.domain.proposal import Decision, Proposal
from desktop.domain.ranking import (
    Candidate,
    Comparison,
    Ranking,
    RankingPrompt,
    RankingTask,
    Rating,
)
from desktop.domain.record import Record, to_json
from desktop.domain.review import Comment, Pin, Review
from desktop.domain.rule import Rule, RuleRun
from desktop.domain.schema import Schema
from desktop.domain.scribble import Scribble
from desktop.domain.split import Split
from desktop.domain.study import Calibration, Case, Instance, Series, Study
from desktop.domain.task import Assignment, Reader
from desktop.domain.teaching import Teaching
from desktop.domain.time_span import TimeSpan

metadata = MetaData()


class Indexed(NamedTuple):
    """A column that queries need, and how to read it from the record."""

    name: str
    type: type[Text] | type[Integer]
    read: Callable[[Any], Any]


def _text(name: str, read: Callable[[Any], Any] | None = None) -> Indexed:
    return Indexed(name, Text, read or (lambda record: getattr(record, name)))


def topic_of(schema_id: str, part: str | int) -> str:
    """What is asked, whatever the version of its schema: "name/question id" or "name/class id"."""
    return f"{schema_id.rpartition('@')[0] or schema_id}/{part}"


def place_of(target: Target) -> str:
    """What of the case an answer is about: "" for the whole, else its series and frame."""
    return " ".join(p for p in (target.series_id, target.frame.key if target.frame else "") if p)


INDEXED: dict[type[Record], tuple[Indexed, ...]] = {
    Study: (),
    Series: (_text("study_id"), _text("modality")),
    Instance: (_text("series_id"), Indexed("position", Integer, lambda r: r.order)),
    Case: (
        _text("study_id"),
        Indexed("position", Integer, lambda r: r.order),
        _text("title"),
    ),
    Calibration: (_text("series_id"),),
    Schema: (_text("name"),),
    Reader: (),
    Assignment: (
        _text("case_id"),
        _text("reader_id"),
        _text("state", lambda r: r.state.value),
    ),
    Annotation: (
        _text("case_id"),
        _text("reader_id"),
        _text("topic", lambda r: topic_of(r.schema_id, r.label.class_id)),
        _text("origin", lambda r: r.origin.value),
    ),
    MaskSlice: (
        _text("annotation_id"),
        _text("case_id"),
        _text("frame", lambda r: r.frame.key),
    ),
    Answer: (
        _text("case_id"),
        _text("reader_id"),
        _text("question_id"),
        _text("topic", lambda r: topic_of(r.schema_id, r.question_id)),
        _text("place", lambda r: place_of(r.target)),
        _text("origin", lambda r: r.origin.value),
        _text("said", lambda r: to_json(r.value)),
    ),
    ProjectSetting: (),
    Signature: (_text("case_id"), _text("reader_id")),
    Proposal: (_text("case_id"), _text("run_id")),
    Decision: (_text("case_id"), _text("proposal_id"), _text("reader_id")),
    LabelDoubt: (
        _text("case_id"),
        _text("claim_id"),
        _text("judgement", lambda r: r.judgement.value),
    ),
    CaseNote: (_text("case_id"), _text("reader_id"), _text("flag")),
    Adjudication: (_text("case_id"), _text("reader_id")),
    Review: (
        _text("case_id"),
        _text("reader_id"),
        _text("state", lambda r: r.state.value),
    ),
    Pin: (_text("case_id"), _text("reader_id"), _text("state", lambda r: r.state.value)),
    Comment: (_text("case_id"), _text("pin_id")),
    Rule: (_text("schema_name", lambda r: r.target.schema_name),),
    RuleRun: (_text("target", lambda r: r.target.key),),
    Batch: (),
    BatchCases: (),
    Package: (_text("reader_id"),),
    GoldCase: (_text("case_id"),),
    RankingTask: (),
    RankingPrompt: (_text("task_id"), Indexed("position", Integer, lambda r: r.order)),
    Candidate: (
        _text("task_id"),
        _text("prompt_id"),
        Indexed("position", Integer, lambda r: r.order),
    ),
    Comparison: (_text("task_id"), _text("reader_id")),
    Ranking: (_text("task_id"), _text("reader_id")),
    Rating: (_text("task_id"), _text("reader_id")),
    Split: (_text("patient_key"), _text("part", lambda r: r.part.value)),
    LearningRound: (_text("question_id"), Indexed("number", Integer, lambda r: r.number)),
    LearningQuery: (_text("round_id"), _text("case_id")),
    LearningSkip: (_text("case_id"), _text("reader_id")),
    Scribble: (_text("case_id"), _text("reader_id")),
    Teaching: (),
    HelpPlan: (),
    BlindLock: (_text("case_id"), _text("reader_id"), _text("seed")),
    ModelRun: (),
    ModelCase: (_text("run_id"), _text("case_id")),
    TimeSpan: (
        _text("reader_id"),
        _text("case_id"),
        _text("state", lambda r: r.state.value),
        Indexed("milliseconds", Integer, lambda r: round(r.seconds * 1000)),
    ),
}

_INDEXES: dict[type[Record], tuple[tuple[str, ...], ...]] = {
    Series: (("study_id",),),
    Instance: (("series_id", "position"),),
    Case: (("position", "id"), ("study_id",)),
    Assignment: (("reader_id", "state"), ("case_id", "reader_id", "state")),
    Annotation: (("case_id", "reader_id", "topic", "origin"),),
    MaskSlice: (("annotation_id",), ("case_id", "frame")),
    # the last one holds all that agreement is counted from, so that no row has to be read for it
    Answer: (
        ("case_id", "reader_id"),
        ("question_id",),
        ("topic", "case_id", "place", "reader_id", "origin", "said"),
    ),
    Signature: (("case_id", "reader_id"),),
    Proposal: (("case_id",), ("run_id",)),
    Decision: (("case_id", "reader_id"), ("proposal_id",)),
    LabelDoubt: (("case_id",), ("judgement",)),
    CaseNote: (("case_id", "reader_id"), ("flag",)),
    Adjudication: (("case_id", "reader_id"),),
    Review: (("case_id", "reader_id"), ("state",)),
    Pin: (("case_id", "reader_id"), ("reader_id", "state")),
    Comment: (("pin_id",),),
    Rule: (("schema_name",),),
    RuleRun: (("target",),),
    Package: (("reader_id",),),
    GoldCase: (("case_id",),),
    RankingPrompt: (("task_id", "position"),),
    Candidate: (("task_id", "position"),),
    Comparison: (("task_id", "reader_id"),),
    Ranking: (("task_id", "reader_id"),),
    Rating: (("task_id", "reader_id"),),
    Split: (("part",),),
    LearningRound: (("question_id", "number"),),
    LearningQuery: (("round_id",), ("case_id",)),
    LearningSkip: (("case_id", "reader_id"),),
    Scribble: (("case_id", "reader_id"),),
    BlindLock: (("case_id", "reader_id"), ("seed",)),
    ModelCase: (("run_id", "case_id"),),
    TimeSpan: (("reader_id", "case_id", "state", "milliseconds"),),
}


def _record_table(record_type: type[Record]) -> Table:
    name = f"{record_type.kind}_rows"
    columns = [Column(i.name, i.type, nullable=False) for i in INDEXED[record_type]]
    indexes = [Index(f"{name}_by_{'_'.join(c)}", *c) for c in _INDEXES.get(record_type, ())]
    return Table(
        name,
        metadata,
        Column("id", Text, primary_key=True),
        *columns,
        Column("data", Text, nullable=False),
        *indexes,
        sqlite_with_rowid=True,
    )


RECORD_TABLES: dict[type[Record], Table] = {t: _record_table(t) for t in INDEXED}

project = Table(
    "project",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=True),
    Column("chain", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("uuid", Text, nullable=False, unique=True),
    Column("group_id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("undoes", Text, nullable=False),
    Column("reader_id", Text, nullable=False),
    Column("case_id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("digest", Text, nullable=False),
    UniqueConstraint("chain", "seq"),
    Index("events_by_scope", "case_id", "reader_id", "position"),
    Index("events_by_group", "group_id"),
    sqlite_autoincrement=True,
)
# a literal, not a parameter: else SQLite can't see that a query wants what the index holds
UNDOING = events.c.undoes != literal_column("''")
Index(
    "events_by_undoes",
    events.c.undoes,
    events.c.position,
    sqlite_where=UNDOING,
    postgresql_where=UNDOING,
)

blobs = Table(
    "blobs",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

record_heads = Table(
    "record_heads",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("record_id", Text, primary_key=True),
    Column("event_uuid", Text, primary_key=True),
    Column("waiting", Integer, nullable=False),
    sqlite_with_rowid=False,
)

heads = Table(
    "heads",
    metadata,
    Column("chain", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("time_utc", Text, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("signature", Text, nullable=False),
)

known_keys = Table(
    "known_keys",
    metadata,
    Column("public_key", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("since_utc", Text, nullable=False),
)

identities = Table(
    "identities",
    metadata,
    Column("reader_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
)

accounts = Table(
    "accounts",  # outside the log, like identities: a verifier is nobody else's business
    metadata,
    Column("reader_id", Text, primary_key=True),  # "" counts attempts on names that are not here
    Column("verifier", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("last_failure_utc", Text, nullable=False),
)

local_texts = Table(
    "local_texts",
    metadata,
    Column("entity_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("instance_id", Text, primary_key=True),
    Column("path", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("modified_s", Float, nullable=False),
)

journal = Table(
    "gesture_journal",
    metadata,
    Column("reader_id", Text, primary_key=True),
    Column("payload", Text, nullable=False),
)

APPEND_ONLY = tuple(
    f"CREATE TRIGGER IF NOT EXISTS events_no_{verb.lower()} BEFORE {verb} ON events "
    "BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END"
    for verb in ("UPDATE", "DELETE")
)
