"""Preference tasks of an open project: made by the lead, judged blind, ranked with intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from desktop.commands.ranking import (
    ChangeRankingTask,
    CompareCandidates,
    CreateRankingTask,
    RankCandidates,
    RateCandidate,
)
from desktop.domain.contracts import Progress
from desktop.domain.errors import AccessProblem, UserError
from desktop.domain.event import Event
from desktop.domain.ranking import (
    Candidate,
    Comparison,
    Outcome,
    Ranking,
    RankingKind,
    RankingPrompt,
    RankingTask,
    Rating,
    TaskRecords,
)
from desktop.domain.runs import MaskYX, decode_runs
from desktop.domain.split import synthetic_ids
from desktop.domain.study import Case
from desktop.store import queries
from desktop.workspace.claims.claims import SEES_ALL
from desktop.workspace.ranking.ranking_drafts import DraftPrompt
from desktop.workspace.ranking.ranking_plan import Shown, next_pair, planned
from desktop.workspace.ranking.ranking_records import (
    own_decisions,
    progress_of,
    questions,
    task_records,
)

if TYPE_CHECKING:
    from desktop.domain.proposal import ProposedFrame
    from desktop.exchange.exporter import Written
    from desktop.exchange.preference import PreferenceOptions
    from desktop.workspace.jobs import Job
    from desktop.workspace.ranking.ranking_report import RankingReport, Scope
    from desktop.workspace.workspace import Workspace


@dataclass(frozen=True)
class TaskLine:
    """One task of the list: what it is and how far the acting reader is."""

    task: RankingTask
    prompt_count: int
    candidate_count: int
    done: int
    wanted: int

    @property
    def is_done(self) -> bool:
        return self.done >= self.wanted


@dataclass(frozen=True)
class Asked:
    """What a reader sees: a question and its candidates from left to right, nobody named."""

    task: RankingTask
    prompt: RankingPrompt
    candidates: tuple[Candidate, ...]
    shown: Shown
    done: int
    wanted: int


@dataclass(frozen=True)
class Remark:
    """What stands beside a decision: how long it took, why, how sure (1 to 3, 0 not said)."""

    seconds: float = 0.0
    rationale: str = ""
    confidence: int = 0


class RankingDesk:
    """Reached as ``workspace.ranking``; main thread only."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    # tasks -----------------------------------------------------------------------------------

    def tasks(self) -> list[TaskLine]:
        """All tasks, the newest first; closed ones after open ones. A plain reader sees only those
        that ask them."""
        me = self._workspace.reader
        found = queries.many(self._workspace._read, RankingTask)
        found = [t for t in found if t.asks(me.id) or me.role in SEES_ALL]
        found.sort(key=lambda t: t.created_utc, reverse=True)
        found.sort(key=lambda t: not t.is_open)
        return [self._line(task) for task in found]

    def task(self, task_id: str) -> RankingTask:
        return queries.one(self._workspace._read, RankingTask, task_id)

    def create(
        self,
        title: str,
        prompts: Sequence[DraftPrompt],
        task: RankingTask | None = None,
    ) -> RankingTask:
        """Make a task of drafts; ``task`` carries everything but id and title."""
        room = self._workspace
        task = task or RankingTask(id="", title=title)
        task = replace(task, id=room.new_id(), title=title, seed=task.seed or room.new_id())
        made: list[RankingPrompt] = []
        candidates: list[Candidate] = []
        runs: list[bytes] = []
        for order, draft in enumerate(prompts):
            prompt = RankingPrompt(
                id=room.new_id(),
                task_id=task.id,
                order=order,
                text=draft.text,
                case_id=draft.case_id,
                images=draft.images,
            )
            made.append(prompt)
            for item in draft.candidates:
                runs += item.runs
                candidates.append(
                    Candidate(
                        id=room.new_id(),
                        task_id=task.id,
                        prompt_id=prompt.id,
                        order=len(candidates),
                        source=item.source,
                        text=item.text,
                        images=item.images,
                        regions=item.regions,
                    )
                )
        room.run(
            CreateRankingTask(
                task=task, prompts=tuple(made), candidates=tuple(candidates), runs=tuple(runs)
            )
        )
        return self.task(task.id)

    def change(self, task: RankingTask) -> Event | None:
        """Other words, or open and closed."""
        return self._workspace.run(ChangeRankingTask(task=task))

    # judging ---------------------------------------------------------------------------------

    def next(self, task_id: str) -> Asked | None:
        """What the acting reader is asked now; None when all is done."""
        task = self.task(task_id)
        shown = self._next(task)
        if shown is None:
            return None
        by_id = {c.id: c for c in self._candidates(task_id)}
        prompt = queries.one(self._workspace._read, RankingPrompt, shown.prompt_id)
        blind = tuple(replace(by_id[c], source="", order=0) for c in shown.candidates)
        done, wanted = self.progress(task)
        return Asked(task, prompt, blind, shown, done, wanted)

    def compare(
        self,
        asked: Asked,
        outcome: Outcome,
        remark: Remark = Remark(),
    ) -> Event | None:
        """Say which of the two is better, as they stood."""
        left, right = asked.shown.candidates
        comparison = Comparison(
            id=self._workspace.new_id(),
            task_id=asked.task.id,
            prompt_id=asked.prompt.id,
            reader_id=self._workspace.reader.id,
            left=left,
            right=right,
            outcome=outcome,
            repeat=asked.shown.repeat,
            seconds=round(remark.seconds, 2),
            rationale=remark.rationale.strip(),
            confidence=remark.confidence,
        )
        return self._workspace.run(CompareCandidates(task_id=asked.task.id, comparison=comparison))

    def rank(
        self,
        asked: Asked,
        tiers: Sequence[Sequence[str]],
        remark: Remark = Remark(),
        *,
        cannot: bool = False,
    ) -> Event | None:
        """Order the candidates shown, best tier first; what is left out is unacceptable."""
        ranking = Ranking(
            id="",
            task_id=asked.task.id,
            prompt_id=asked.prompt.id,
            reader_id=self._workspace.reader.id,
            shown=asked.shown.candidates,
            tiers=tuple(tuple(t) for t in tiers if t),
            cannot=cannot,
            seconds=round(remark.seconds, 2),
            rationale=remark.rationale.strip(),
            confidence=remark.confidence,
        )
        return self._workspace.run(RankCandidates(task_id=asked.task.id, ranking=ranking))

    def best(
        self,
        asked: Asked,
        candidate_id: str,
        remark: Remark = Remark(),
    ) -> Event | None:
        """Pick the best of those shown."""
        rest = [c for c in asked.shown.candidates if c != candidate_id]
        return self.rank(asked, [[candidate_id], rest], remark)

    def rate(
        self,
        asked: Asked,
        scores: dict[str, int],
        remark: Remark = Remark(),
        *,
        cannot: bool = False,
    ) -> Event | None:
        """Grade the one candidate shown."""
        rating = Rating(
            id="",
            task_id=asked.task.id,
            prompt_id=asked.prompt.id,
            candidate_id=asked.shown.candidates[0],
            reader_id=self._workspace.reader.id,
            scores=scores,
            cannot=cannot,
            seconds=round(remark.seconds, 2),
            rationale=remark.rationale.strip(),
            confidence=remark.confidence,
        )
        return self._workspace.run(RateCandidate(task_id=asked.task.id, rating=rating))

    def undo(self, task_id: str) -> Event | None:
        """Take back this reader's last decision in a task."""
        return self._workspace.undo(task_id)

    def progress(self, task: RankingTask) -> tuple[int, int]:
        """Decisions made and asked of the acting reader."""
        return progress_of(self._workspace._read, task, self._workspace.reader.id)

    def mask(self, part: ProposedFrame) -> MaskYX:
        """Pixels of a candidate's region on one image: (rows, columns) bool."""
        raw = queries.runs(self._workspace._read, part.runs)
        return decode_runs(raw, part.rows, part.columns)

    # for the lead ----------------------------------------------------------------------------

    def report(self, task_id: str, scope: Scope | None = None) -> RankingReport:
        """What all readers said, ranked; AccessProblem for a plain reader."""
        from desktop.workspace.ranking.ranking_report import Scope, report_on

        return report_on(self.records(task_id), self._names(), scope or Scope())

    def records(self, task_id: str) -> TaskRecords:
        """A task with everything said in it; AccessProblem for a plain reader."""
        self._workspace.accounts.check_signed_in()
        if self._workspace.reader.role not in SEES_ALL:
            raise AccessProblem(
                "What other readers prefer is not shown to readers.",
                "",
                "Ask the lead of this project.",
            )
        return task_records(self._workspace._read, task_id)

    def export(
        self,
        task_id: str,
        folder: Path,
        options: PreferenceOptions | None = None,
        progress: Progress | None = None,
    ) -> Written:
        """Write a task's preferences and images for training into an empty folder; blocking."""
        return self._writing(task_id, Path(folder), options)(progress or Progress())

    def start_export(
        self,
        task_id: str,
        folder: Path,
        on_done: Callable[[Written], None],
        on_error: Callable[[UserError], None],
        options: PreferenceOptions | None = None,
    ) -> Job:
        """The same as a job; images are decoded meanwhile."""
        work = self._writing(task_id, Path(folder), options)
        return self._workspace.jobs.start("Writing preferences", work, on_done, on_error)

    def _writing(
        self, task_id: str, folder: Path, options: PreferenceOptions | None
    ) -> Callable[[Progress], Written]:
        """All that is written is read now; only images are decoded later, on any thread."""
        from desktop.exchange.preference import PreferenceOptions, write_task
        from desktop.workspace.ranking.ranking_report import rewards

        room, records = self._workspace, self.records(task_id)
        parts = [f for c in records.candidates for r in c.regions for f in r.frames]
        runs = {f.runs: queries.runs(room._read, f.runs) for f in parts}
        names = {r.id: r.pseudonym for r, _name in room.readers()}
        made_up = synthetic_ids(queries.many(room._read, Case))

        def write(progress: Progress) -> Written:
            return write_task(
                records, folder, options or PreferenceOptions(), names, runs.__getitem__, rewards,
                progress, made_up, room.frames.get,
            )  # fmt: skip

        return write

    # ------------------------------------------------------------------------------------------

    def _names(self) -> dict[str, str]:
        return {r.id: name or r.pseudonym for r, name in self._workspace.readers()}

    def _line(self, task: RankingTask) -> TaskLine:
        asked = questions(self._workspace._read, task.id)
        done, wanted = self.progress(task)
        count = sum(len(q.candidates) for q in asked)
        return TaskLine(task, len(asked), count, done, wanted)

    def _candidates(self, task_id: str) -> list[Candidate]:
        return queries.many(self._workspace._read, Candidate, order="position", task_id=task_id)

    def _next(self, task: RankingTask) -> Shown | None:
        read, me = self._workspace._read, self._workspace.reader.id
        if not task.asks(me):
            return None
        asked = questions(read, task.id)
        done = {_key(said) for said in own_decisions(read, task, me)}
        for shown in planned(task, asked, me):
            if (shown.candidates, shown.repeat) not in done:
                return shown
        if task.judged is not RankingKind.PAIRWISE:
            return None
        said = queries.many(read, Comparison, task_id=task.id)
        said.sort(key=lambda c: (c.decided_utc, c.id))
        for question in asked:
            if question.is_large:
                here = [c for c in said if c.prompt_id == question.prompt_id]
                pair = next_pair(task, question, here, me)
                if pair is not None:
                    return pair
        return None


def _key(said: Comparison | Ranking | Rating) -> tuple[tuple[str, ...], bool]:
    if isinstance(said, Comparison):
        return (said.left, said.right), said.repeat
    if isinstance(said, Ranking):
        return said.shown, False
    return (said.candidate_id,), False
