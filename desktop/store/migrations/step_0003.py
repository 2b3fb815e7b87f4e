"""0003: suggestions, rulings, reviews, rules, batches, gold and preferences get their tables."""

from __future__ import annotations

from alembic.operations import Operations

from desktop.domain.annotation import Annotation, Answer
from desktop.store.migrations.record_table import add_columns, make_record_table


def _tell_more(operations: Operations) -> None:
    """Columns and indexes that agreement is counted from, filled from the records."""
    add_columns(operations, Answer, "topic", "place", "origin", "said")
    columns = ["topic", "case_id", "place", "reader_id", "origin", "said"]
    operations.create_index(f"answer_rows_by_{'_'.join(columns)}", "answer_rows", columns)
    add_columns(operations, Annotation, "topic", "origin")
    _widen(operations, "annotation", ("case_id", "reader_id"), ("topic", "origin"))
    _widen(operations, "assignment", ("case_id",), ("reader_id", "state"))
    _widen(operations, "time_span", ("reader_id", "case_id"), ("state", "milliseconds"))


def _widen(operations: Operations, kind: str, old: tuple[str, ...], more: tuple[str, ...]) -> None:
    """An index gets more columns behind those it has."""
    operations.drop_index(f"{kind}_rows_by_{'_'.join(old)}")
    new = [*old, *more]
    operations.create_index(f"{kind}_rows_by_{'_'.join(new)}", f"{kind}_rows", new)


def upgrade(operations: Operations) -> None:
    """Make the new tables and columns; no record of an older project changes."""
    _tell_more(operations)
    make_record_table(
        operations, "label_doubt", "case_id", "claim_id", "judgement", by=("case_id", "judgement")
    )
    make_record_table(operations, "proposal", "case_id", "run_id", by=("case_id", "run_id"))
    make_record_table(
        operations, "decision", "case_id", "proposal_id", "reader_id",
        by=("case_id,reader_id", "proposal_id"),
    )  # fmt: skip
    make_record_table(
        operations, "case_note", "case_id", "reader_id", "flag", by=("case_id,reader_id", "flag")
    )
    make_record_table(operations, "adjudication", "case_id", "reader_id", by=("case_id,reader_id",))
    make_record_table(
        operations, "review", "case_id", "reader_id", "state", by=("case_id,reader_id", "state")
    )
    make_record_table(
        operations, "pin", "case_id", "reader_id", "state",
        by=("case_id,reader_id", "reader_id,state"),
    )  # fmt: skip
    make_record_table(operations, "comment", "case_id", "pin_id", by=("pin_id",))
    make_record_table(operations, "rule", "schema_name", by=("schema_name",))
    make_record_table(operations, "rule_run", "target", by=("target",))
    make_record_table(operations, "batch", by=())
    make_record_table(operations, "batch_cases", by=())
    make_record_table(operations, "package", "reader_id", by=("reader_id",))
    make_record_table(operations, "gold_case", "case_id", by=("case_id",))
    make_record_table(operations, "ranking_task", by=())
    make_record_table(
        operations, "ranking_prompt", "task_id", whole=("position",), by=("task_id,position",)
    )
    make_record_table(
        operations, "candidate", "task_id", "prompt_id", whole=("position",),
        by=("task_id,position",),
    )  # fmt: skip
    for kind in ("comparison", "ranking", "rating"):
        make_record_table(operations, kind, "task_id", "reader_id", by=("task_id,reader_id",))
    make_record_table(operations, "split", "patient_key", "part", by=("part",))
    make_record_table(
        operations, "learning_round", "question_id", whole=("number",), by=("question_id,number",)
    )
    make_record_table(
        operations, "learning_query", "round_id", "case_id", by=("round_id", "case_id")
    )
    make_record_table(
        operations, "learning_skip", "case_id", "reader_id", by=("case_id,reader_id",)
    )
    make_record_table(operations, "help_plan", by=())
    make_record_table(
        operations, "blind_lock", "case_id", "reader_id", "seed", by=("case_id,reader_id", "seed")
    )
    make_record_table(operations, "model_run", by=())
    make_record_table(operations, "model_case", "run_id", "case_id", by=("run_id,case_id",))
