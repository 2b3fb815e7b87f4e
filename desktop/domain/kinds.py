"""All kinds of records, by name: what the log, the tables and a replay agree on."""

from __future__ import annotations

from desktop.domain.account import ProjectSetting, Signature
from desktop.domain.adjudication import Adjudication
from desktop.domain.annotation import Annotation, Answer, MaskSlice
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
from desktop.domain.record import Record
from desktop.domain.review import Comment, Pin, Review
from desktop.domain.rule import Rule, RuleRun
from desktop.domain.schema import Schema
from desktop.domain.scribble import Scribble
from desktop.domain.split import Split
from desktop.domain.study import Calibration, Case, Instance, Series, Study
from desktop.domain.task import Assignment, Reader
from desktop.domain.teaching import Teaching
from desktop.domain.time_span import TimeSpan

RECORD_TYPES: tuple[type[Record], ...] = (
    Study,
    Series,
    Instance,
    Case,
    Calibration,
    Schema,
    Reader,
    Assignment,
    Annotation,
    MaskSlice,
    Answer,
    ProjectSetting,
    Signature,
    TimeSpan,
    Proposal,
    Decision,
    Split,
    LearningRound,
    LearningQuery,
    LearningSkip,
    Teaching,
    CaseNote,
    LabelDoubt,
    Adjudication,
    Review,
    Pin,
    Comment,
    HelpPlan,
    BlindLock,
    ModelRun,
    ModelCase,
    Rule,
    RuleRun,
    Batch,
    BatchCases,
    Package,
    GoldCase,
    RankingTask,
    RankingPrompt,
    Candidate,
    Comparison,
    Ranking,
    Rating,
    Scribble,
)

BY_KIND: dict[str, type[Record]] = {t.kind: t for t in RECORD_TYPES}
