"""Rules of an open project: what they may vote on, running them, and what becomes of their votes.

The lead's: rules look at what all readers said. Running is a job on a connection of its own;
suggestions, queues and kept votes are commands like all others.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop.commands.batch import CreateBatch, TagCases
from desktop.commands.proposal import OfferProposals, WithdrawProposals
from desktop.commands.rule import KeepRuleRun
from desktop.domain.answer_labels import can_be_voted_on
from desktop.domain.batch import Batch, CaseRule, RuleKind
from desktop.domain.contracts import Progress
from desktop.domain.errors import AccessProblem, UserError
from desktop.domain.rule import PICKED as PICKED
from desktop.domain.rule import Rule, RuleRun, RuleTarget
from desktop.domain.schema import AnswerValue, QuestionKind, Schema, Scope
from desktop.domain.split import Part
from desktop.domain.task import Role
from desktop.engines.rules import rule_kinds
from desktop.engines.rules.rule_kinds import Judgement
from desktop.engines.rules.rules_in_code import CodeRule
from desktop.store import queries
from desktop.store.database import plain_errors, transaction
from desktop.workspace.rules import rule_results
from desktop.workspace.rules.rule_board import SURE, RuleBoard, WhatIf, make_board, what_if_off
from desktop.workspace.rules.rule_columns import KeptColumns, column_key, run_rules
from desktop.workspace.rules.rule_items import read_records
from desktop.workspace.rules.rule_known import known_answers
from desktop.workspace.rules.rule_material import Material
from desktop.workspace.rules.rule_reports import ReportsTaken, take_reports

if TYPE_CHECKING:
    from desktop.workspace.jobs import Job
    from desktop.workspace.workspace import Workspace

_COLUMNS = "rule-columns"
_SEARCH = "desktop.engines.rules.rules_on_reports:judge_report"
_TAGS = "desktop.imaging.rule_tags:read_rule_tags"
_SEARCH_S = 5.0


class Rules:
    """Reached as ``workspace.rules``; main thread only. AccessProblem for anybody but the lead."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._boards: dict[str, RuleBoard] = {}
        self._kept = KeptColumns(self._load_column, self._save_columns)

    # what there is ---------------------------------------------------------------------------

    def kinds(self) -> tuple[rule_kinds.RuleKind, ...]:
        """What rules can look at, with those of plugins."""
        _ = self._workspace.plugins
        return rule_kinds.rule_kinds()

    def rules(self, target: RuleTarget | None = None) -> list[Rule]:
        """All rules in their order, or those of one target."""
        self._check_lead()
        found = queries.many(self._workspace._read, Rule)
        found.sort(key=lambda r: (r.order, r.name, r.id))
        return [r for r in found if target is None or r.target == target]

    def rule(self, rule_id: str) -> Rule:
        self._check_lead()
        return queries.one(self._workspace._read, Rule, rule_id)

    def schema(self, target: RuleTarget) -> Schema:
        """The newest version of the target's schema."""
        found = queries.many(self._workspace._read, Schema, name=target.schema_name)
        if not found:
            raise UserError("The rule's schema is not in the project.", target.schema_name)
        return max(found, key=lambda s: s.version)

    def targets(self) -> list[tuple[RuleTarget, str]]:
        """What rules can vote about in this project, with the words; those with rules first."""
        self._check_lead()
        newest: dict[str, Schema] = {}
        for schema in queries.many(self._workspace._read, Schema):
            if schema.name not in newest or newest[schema.name].version < schema.version:
                newest[schema.name] = schema
        counts: dict[str, int] = {}
        for rule in self.rules():
            counts[rule.target.key] = counts.get(rule.target.key, 0) + 1
        several = len(newest) > 1
        found = []
        for schema in sorted(newest.values(), key=lambda s: s.title):
            for target in _targets_of(schema):
                words = f"{target.words(schema)} · {_EACH[target.level]}"
                found.append((target, f"{schema.title}: {words}" if several else words))
        return sorted(found, key=lambda pair: -counts.get(pair[0].key, 0))

    def board(self, target: RuleTarget) -> RuleBoard | None:
        """What the last run of this session came to."""
        return self._boards.get(target.key)

    def runs(self, target: RuleTarget | None = None) -> list[RuleRun]:
        """Runs whose results were used, newest first."""
        self._check_lead()
        found = queries.many(self._workspace._read, RuleRun)
        found = [r for r in found if target is None or r.target == target]
        return sorted(found, key=lambda r: r.created_utc, reverse=True)

    # running ---------------------------------------------------------------------------------

    def run(self, target: RuleTarget, progress: Progress | None = None) -> RuleBoard:
        """Run the rules of a target that are switched on; blocking."""
        board = self._prepare(target)(progress or Progress())
        return self._take(board)

    def start_run(
        self,
        target: RuleTarget,
        on_done: Callable[[RuleBoard], None],
        on_error: Callable[[UserError], None],
    ) -> Job:
        """The same as a job; only what has changed is judged anew."""
        work = self._prepare(target)
        return self._workspace.jobs.start(
            "Running rules", work, lambda board: on_done(self._take(board)), on_error
        )

    def what_if_off(self, board: RuleBoard, rule: int, threshold: float = SURE) -> WhatIf:
        """What would change with a rule switched off; nothing is stored."""
        return what_if_off(board, rule, threshold)

    # what becomes of it ----------------------------------------------------------------------

    def suggest(self, board: RuleBoard, threshold: float = SURE) -> int:
        """Put what is sure enough before the readers as suggestions, in place of those of the
        last run, and keep votes and soft labels for the bundle. Returns how many."""
        self._check_lead()
        rule_results.refuse_if_not(board)
        run_id = self._workspace.new_id()
        made = rule_results.suggestions(board, run_id, threshold)
        if not made:
            raise UserError(
                "Nothing is sure enough to suggest.",
                f"No unknown item has a certainty of {threshold:.0%}.",
                "Write more rules, or lower the certainty.",
            )
        self.withdraw(board.target)
        group = self._workspace.new_id()
        words = "1 suggestion" if len(made) == 1 else f"{len(made):,} suggestions"
        self._workspace.run(
            OfferProposals(proposals=made, what=f"Make {words} by rules"), group=group
        )
        self._keep(board, run_id, threshold, len(made))
        return len(made)

    def keep(self, board: RuleBoard, threshold: float = SURE) -> RuleRun:
        """Keep votes and soft labels for the bundle, without suggesting anything."""
        self._check_lead()
        return self._keep(board, self._workspace.new_id(), threshold, 0)

    def send_to_readers(
        self, board: RuleBoard, items: Sequence[int], reader_ids: Sequence[str], title: str = ""
    ) -> Batch:
        """Give the cases of some items to readers as a batch, one reading each, without showing
        them what the rules say.

        The cases are tagged ``PICKED``: what a rule picked is no random sample, so a patient who
        has no part yet stays in training; see ``held_back`` for those who have.
        """
        self._check_lead()
        case_ids = tuple(dict.fromkeys(board.items[n].case_id for n in items))
        batch = Batch(
            id=self._workspace.new_id(),
            title=title or f"Doubtful to the rules: {board.target.words(board.schema)}",
            rule=CaseRule(kind=RuleKind.TAG, tag=PICKED, only_new=False),
            reader_ids=tuple(dict.fromkeys(reader_ids)),
            seed=self._workspace.new_id(),
        )
        group = self._workspace.new_id()
        self._workspace.run(CreateBatch(batch=batch, case_ids=case_ids), group=group)
        self._workspace.run(TagCases(case_ids=case_ids, tag=PICKED), group=group)
        return batch

    def held_back(self, board: RuleBoard, items: Sequence[int]) -> int:
        """How many of their cases count for validation or test already: answers to those alone
        would say more of doubtful cases than of all."""
        parts = self._workspace.splits.part_of
        cases = {board.items[n].case_id for n in items}
        return sum(parts(case_id) not in (None, Part.TRAIN) for case_id in cases)

    def withdraw(self, target: RuleTarget) -> None:
        """Take back suggestions of earlier runs that nobody has decided about."""
        for run in self.runs(target):
            if run.suggested:
                self._workspace.run(
                    WithdrawProposals(run_id=run.id, what="Withdraw suggestions of rules")
                )

    def table(self, run: RuleRun) -> bytes:
        """The CSV of a kept run."""
        self._check_lead()
        return queries.runs(self._workspace._read, run.table)

    # reports ---------------------------------------------------------------------------------

    def report(self, case_id: str) -> str:
        """The report text attached to a case, "" if none; it stays on this machine."""
        return queries.local_text(self._workspace._read, case_id, "report")

    def attach_report(self, case_id: str, text: str) -> None:
        """Attach a report text to a case, or take it off with "". It is patient text: kept beside
        the log, never exported."""
        self._check_lead()
        self._workspace.case(case_id)
        self._set_reports({case_id: text.strip()})

    def take_reports(self, paths: Sequence[Path], progress: Progress | None = None) -> ReportsTaken:
        """Attach report files (text, DICOM SR) to the cases they belong to; blocking."""
        self._check_lead()
        taken = take_reports(self._workspace, paths, progress or Progress())
        self._set_reports(taken.texts)
        return taken

    def start_take_reports(
        self,
        paths: Sequence[Path],
        on_done: Callable[[ReportsTaken], None],
        on_error: Callable[[UserError], None],
    ) -> Job:
        """The same as a job."""
        self._check_lead()

        def done(taken: ReportsTaken) -> None:
            self._set_reports(taken.texts)
            on_done(taken)

        return self._workspace.jobs.start(
            "Reading reports",
            lambda progress: take_reports(self._workspace, paths, progress),
            done,
            on_error,
        )

    # ------------------------------------------------------------------------------------------

    def _prepare(self, target: RuleTarget) -> Callable[[Progress], RuleBoard]:
        """Fix the rules now; what is returned does the work on any thread."""
        self._check_lead()
        workspace = self._workspace
        self.kinds()
        schema = self.schema(target)
        rules = [r for r in self.rules(target) if r.enabled]
        keys = {r.id: self._key_of(r) for r in rules}
        for key in keys.values():
            self._kept.of(key)

        def work(progress: Progress) -> RuleBoard:
            with workspace._database.another_reader() as connection:
                records = read_records(connection, target, schema)
                known = known_answers(records)
                material = Material(
                    records,
                    known,
                    workspace.frames.get,
                    self._read_tags,
                    workspace.source_path,
                    lambda digest: queries.runs(connection, digest),
                )
                columns = run_rules(
                    rules, records.items, material, self._kept, keys, self._search, progress
                )
            titles = {case.id: case.title for case in records.cases}
            return make_board(target, schema, records.items, columns, known, titles, progress)

        return work

    def _take(self, board: RuleBoard) -> RuleBoard:
        self._boards[board.target.key] = board
        if not self._workspace.read_only:
            self._kept.keep()
        return board

    def _keep(self, board: RuleBoard, run_id: str, threshold: float, suggested: int) -> RuleRun:
        run = rule_results.run_record(board, run_id, threshold, suggested)
        self._workspace.run(KeepRuleRun(run=run, table=board.table()))
        return queries.one(self._workspace._read, RuleRun, run_id)

    def _key_of(self, rule: Rule) -> str:
        try:
            kind = rule_kinds.rule_kind(rule.rule_kind)
        except UserError:
            return rule.digest
        return column_key(rule, kind, _code_digest(kind))

    def _read_tags(self, paths: Sequence[Path]) -> list[dict[str, str]]:
        names = [str(path) for path in paths]
        found: list[dict[str, str]] = self._workspace.pool.run(_TAGS, names, timeout_s=30.0)
        return found

    def _search(self, parameters: dict[str, AnswerValue], report: str) -> Judgement:
        found: Any = self._workspace.pool.run(_SEARCH, parameters, report, timeout_s=_SEARCH_S)
        return found if isinstance(found, (bool, str)) else None

    def _load_column(self, key: str) -> str:
        return queries.local_text(self._workspace._read, _COLUMNS, key)

    def _save_columns(self, texts: dict[str, str]) -> None:
        """Judgements stand beside the log, so that they are encrypted where the project is."""
        used = {self._key_of(rule) for rule in self.rules()} | set(texts)
        connection = self._workspace._database.writer
        with plain_errors(), transaction(connection):
            queries.set_local_texts(connection, {_COLUMNS: texts})
            known = queries.local_text_keys(connection, _COLUMNS)
            queries.drop_local_texts(connection, _COLUMNS, known - used)

    def _set_reports(self, texts: dict[str, str]) -> None:
        self._workspace._check_writable()
        connection = self._workspace._database.writer
        with plain_errors(), transaction(connection):
            queries.set_local_texts(connection, {c: {"report": t} for c, t in texts.items()})
            for case_id in (c for c, t in texts.items() if not t):
                queries.drop_local_texts(connection, case_id, ["report"])

    def _check_lead(self) -> None:
        self._workspace.accounts.check_signed_in()
        if self._workspace.reader.role is not Role.LEAD:
            raise AccessProblem("Only the lead works with rules.", "", "Ask the lead.")


_EACH = {Scope.STUDY: "each case", Scope.FRAME: "each image", Scope.REGION: "each region"}


def _targets_of(schema: Schema) -> list[RuleTarget]:
    """Everything of a schema that can be voted on."""
    found = []
    for question in schema.questions:
        if not can_be_voted_on(question) or question.scope is Scope.SERIES:
            continue
        choices = (
            [c.id for c in question.choices] if question.kind is QuestionKind.MULTIPLE else [""]
        )
        found += [
            RuleTarget(
                schema_name=schema.name, level=question.scope, question_id=question.id, choice=c
            )
            for c in choices
        ]
    for level in (Scope.STUDY, Scope.FRAME, Scope.REGION):
        found += [
            RuleTarget(schema_name=schema.name, level=level, class_id=c.id) for c in schema.classes
        ]
    return found


def _code_digest(kind: rule_kinds.RuleKind) -> str:
    """The hash of the file a function of a plugin stands in; "" for what ships with the app."""
    if not isinstance(kind, CodeRule):
        return ""
    source = inspect.getsourcefile(inspect.unwrap(kind.function))
    return hashlib.sha256(Path(source).read_bytes()).hexdigest() if source else ""
