"""Preference tasks: made and closed by the lead; comparisons, orders and grades by readers."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import replace

from desktop.domain.contracts import Command, Transaction
from desktop.domain.errors import ConflictProblem, UserError
from desktop.domain.ranking import (
    MOST_SHOWN,
    RATING_SCALE,
    Ask,
    Candidate,
    Comparison,
    Outcome,
    Ranking,
    RankingKind,
    RankingPrompt,
    RankingTask,
    Rating,
)


class CreateRankingTask(Command, frozen=True):
    """Add a task with its prompts and candidates. ``runs``: run lengths of their masks."""

    case_of: ClassVar[str] = ""

    task: RankingTask
    prompts: tuple[RankingPrompt, ...]
    candidates: tuple[Candidate, ...]
    runs: tuple[bytes, ...] = ()

    @property
    def title(self) -> str:
        return f"Make preference task {self.task.title}"

    def apply(self, txn: Transaction) -> None:
        check_task(self.task)
        if txn.maybe(RankingTask, self.task.id) is not None:
            raise ConflictProblem("This preference task exists already.")
        needed = 1 if self.task.judged is RankingKind.RATING else 2
        counts: dict[str, int] = {p.id: 0 for p in self.prompts}
        stored = {txn.put_runs(runs) for runs in self.runs}
        for item in self.candidates:
            if item.prompt_id not in counts or item.task_id != self.task.id:
                raise UserError("A candidate belongs to no question of this task.")
            parts = [f for r in item.regions for f in r.frames]
            if any(f.runs not in stored for f in parts):
                raise UserError("Pixels of a candidate's mask are missing.")
            if not (item.text or item.images or item.regions):
                raise UserError("A candidate is empty.", "It has no text, image or region.")
            counts[item.prompt_id] += 1
        if not any(n >= needed for n in counts.values()):
            raise UserError(
                "There is nothing to judge.",
                "No question has two candidates." if needed == 2 else "There is no candidate.",
                "Add candidates; they are judged against each other within a question.",
            )
        txn.put(replace(self.task, created_utc=txn.now_utc()))
        for prompt in self.prompts:
            txn.put(prompt)
        for item in self.candidates:
            txn.put(item)


class ChangeRankingTask(Command, frozen=True):
    """Other words, other demands, or open and closed; how it is judged stays as it was."""

    case_of: ClassVar[str] = ""

    task: RankingTask

    @property
    def title(self) -> str:
        return f"Change preference task {self.task.title}"

    def apply(self, txn: Transaction) -> None:
        old = txn.get(RankingTask, self.task.id)
        check_task(self.task)
        if old.judged is not self.task.judged:
            raise UserError("How a task is judged can't be changed.", "", "Make another task.")
        txn.put(replace(self.task, created_utc=old.created_utc, seed=old.seed))


class CompareCandidates(Command, frozen=True):
    """Say which of two is better. Its history is the task's: undo takes back the last one."""

    case_of: ClassVar[str] = "task_id"

    task_id: str
    comparison: Comparison

    @property
    def title(self) -> str:
        return "Compare two candidates"

    def apply(self, txn: Transaction) -> None:
        said = self.comparison
        task = _open_task(txn, self.task_id, RankingKind.PAIRWISE)
        _check_words(task, said.rationale, said.confidence, said.outcome is Outcome.CANNOT)
        if said.left == said.right:
            raise UserError("A candidate can't be compared with itself.")
        for candidate_id in (said.left, said.right):
            _check_candidate(txn, candidate_id, said.prompt_id, task.id)
        if txn.maybe(Comparison, said.id) is not None:
            raise ConflictProblem("This comparison is there already.")
        txn.put(replace(said, task_id=task.id, reader_id=txn.reader_id, decided_utc=txn.now_utc()))


class RankCandidates(Command, frozen=True):
    """Order a few candidates, or pick the best; saying it again replaces it."""

    case_of: ClassVar[str] = "task_id"

    task_id: str
    ranking: Ranking

    @property
    def title(self) -> str:
        return "Rank candidates"

    def apply(self, txn: Transaction) -> None:
        said = self.ranking
        task = _open_task(txn, self.task_id, RankingKind.TIERS, RankingKind.BEST)
        _check_words(task, said.rationale, said.confidence, said.cannot)
        placed = [c for tier in said.tiers for c in tier]
        if len(set(placed)) != len(placed) or not set(placed) <= set(said.shown):
            raise UserError("A candidate stands in two places, or was not shown.")
        if not 2 <= len(said.shown) <= MOST_SHOWN:
            raise UserError(f"Between 2 and {MOST_SHOWN} candidates are ranked together.")
        for candidate_id in said.shown:
            _check_candidate(txn, candidate_id, said.prompt_id, task.id)
        txn.put(
            replace(
                said,
                id=Ranking.id_for(txn.reader_id, said.shown),
                task_id=task.id,
                reader_id=txn.reader_id,
                decided_utc=txn.now_utc(),
            )
        )


class RateCandidate(Command, frozen=True):
    """Grade one candidate; grading it again replaces it."""

    case_of: ClassVar[str] = "task_id"

    task_id: str
    rating: Rating

    @property
    def title(self) -> str:
        return "Rate a candidate"

    def apply(self, txn: Transaction) -> None:
        said = self.rating
        task = _open_task(txn, self.task_id, RankingKind.RATING)
        _check_words(task, said.rationale, said.confidence, said.cannot)
        _check_candidate(txn, said.candidate_id, said.prompt_id, task.id)
        wanted = set(task.criteria or ("",))
        if not said.cannot and set(said.scores) != wanted:
            raise UserError("A grade is missing.", "", "Give one for each point of the rubric.")
        if not set(said.scores.values()) <= set(RATING_SCALE):
            raise UserError("Grades go from 1 to 5.")
        txn.put(
            replace(
                said,
                id=Rating.id_for(said.candidate_id, txn.reader_id),
                task_id=task.id,
                reader_id=txn.reader_id,
                decided_utc=txn.now_utc(),
            )
        )


def check_task(task: RankingTask) -> None:
    """UserError for a task without a title, or with two points of one name."""
    if not task.title.strip():
        raise UserError("Give the preference task a title.")
    if len(set(task.criteria)) != len(task.criteria) or "" in task.criteria:
        raise UserError("Two points of the rubric have the same words, or one has none.")
    if task.per_reader < 0:
        raise UserError("The number of comparisons can't be negative.")


def _open_task(txn: Transaction, task_id: str, *kinds: RankingKind) -> RankingTask:
    task = txn.get(RankingTask, task_id)
    if not task.is_open:
        raise UserError("This preference task is closed.", "", "Ask the lead to open it again.")
    if not task.asks(txn.reader_id):
        raise UserError("This preference task asks other readers.")
    if task.judged not in kinds:
        raise UserError("This task is judged in another way.")
    return task


def _check_words(task: RankingTask, rationale: str, confidence: int, cannot: bool) -> None:
    """UserError where a word is missing; nothing more is asked of who can't judge."""
    if task.rationale is Ask.REQUIRED and not rationale.strip() and not cannot:
        raise UserError("This task asks for a reason.", "", "Say in a few words why.")
    if task.confidence is Ask.REQUIRED and not confidence and not cannot:
        raise UserError("This task asks how sure you are.", "", "Choose 1, 2 or 3.")
    if confidence not in (0, 1, 2, 3):
        raise UserError("How sure you are goes from 1 to 3.")


def _check_candidate(txn: Transaction, candidate_id: str, prompt_id: str, task_id: str) -> None:
    found = txn.get(Candidate, candidate_id)
    if (found.prompt_id, found.task_id) != (prompt_id, task_id):
        raise UserError("A candidate belongs to another question.")
