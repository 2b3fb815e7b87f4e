"""Everything said in one preference task, read from one connection."""

from __future__ import annotations

from desktop.domain.ranking import (
    Candidate,
    Comparison,
    Ranking,
    RankingPrompt,
    RankingTask,
    Rating,
    TaskRecords,
)
from desktop.store import queries
from desktop.store.database import Connection


def task_records(connection: Connection, task_id: str) -> TaskRecords:
    """All readers' decisions, each list by time; the caller has checked who asks."""
    return TaskRecords(
        task=queries.one(connection, RankingTask, task_id),
        prompts=tuple(queries.many(connection, RankingPrompt, order="position", task_id=task_id)),
        candidates=tuple(queries.many(connection, Candidate, order="position", task_id=task_id)),
        comparisons=tuple(
            sorted(
                queries.many(connection, Comparison, task_id=task_id),
                key=lambda c: (c.decided_utc, c.id),
            )
        ),
        rankings=tuple(
            sorted(
                queries.many(connection, Ranking, task_id=task_id),
                key=lambda r: (r.decided_utc, r.id),
            )
        ),
        ratings=tuple(
            sorted(
                queries.many(connection, Rating, task_id=task_id),
                key=lambda r: (r.decided_utc, r.id),
            )
        ),
    )
