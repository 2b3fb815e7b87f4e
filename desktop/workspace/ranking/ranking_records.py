"""What is asked and said in one preference task, read from one connection."""

from __future__ import annotations

from desktop.domain.ranking import (
    Candidate,
    Comparison,
    Ranking,
    RankingKind,
    RankingPrompt,
    RankingTask,
    Rating,
    TaskRecords,
)
from desktop.store import queries
from desktop.store.database import Connection
from desktop.workspace.ranking.ranking_plan import Question, pairs_wanted, planned


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


def questions(connection: Connection, task_id: str) -> list[Question]:
    """The prompts with the ids of their candidates, in an order that says nothing of them."""
    prompts = queries.many(connection, RankingPrompt, order="position", task_id=task_id)
    of: dict[str, list[str]] = {p.id: [] for p in prompts}
    for item in queries.many(connection, Candidate, task_id=task_id):
        of[item.prompt_id].append(item.id)
    return [Question(p.id, tuple(sorted(of[p.id]))) for p in prompts]


def own_decisions(
    connection: Connection, task: RankingTask, reader_id: str
) -> list[Comparison] | list[Ranking] | list[Rating]:
    """What one reader said."""
    if task.judged is RankingKind.PAIRWISE:
        return queries.many(connection, Comparison, task_id=task.id, reader_id=reader_id)
    if task.judged is RankingKind.RATING:
        return queries.many(connection, Rating, task_id=task.id, reader_id=reader_id)
    return queries.many(connection, Ranking, task_id=task.id, reader_id=reader_id)


def progress_of(connection: Connection, task: RankingTask, reader_id: str) -> tuple[int, int]:
    """Decisions made and asked of one reader."""
    done = len(own_decisions(connection, task, reader_id))
    if not task.asks(reader_id):
        return done, done
    asked = questions(connection, task.id)
    wanted = len(planned(task, asked, reader_id))
    if task.judged is RankingKind.PAIRWISE:
        wanted += sum(pairs_wanted(task, q) for q in asked if q.is_large)
    return done, wanted
