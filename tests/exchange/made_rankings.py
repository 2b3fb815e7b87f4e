"""Preference tasks in memory: texts compared and ordered, outlines compared, texts graded."""

from __future__ import annotations

from typing import Any

from desktop.domain.proposal import ProposedFrame
from desktop.domain.ranking import (
    Candidate,
    CandidateRegion,
    Comparison,
    Outcome,
    Ranking,
    RankingKind,
    RankingPrompt,
    RankingTask,
    Rating,
    TaskRecords,
)
from desktop.domain.record import stable_id
from desktop.domain.runs import encode_runs, mask_bounds, runs_digest
from tests.exchange.made import SCHEMA, MadeProject, blob

L, R, T = Outcome.LEFT, Outcome.RIGHT, Outcome.TIE


def made_task(
    kind: RankingKind, prompts: dict[str, list[str]], title: str = "Reports", **more: Any
) -> TaskRecords:
    """A task whose candidates are texts; their ids are the texts themselves."""
    task = RankingTask(id=stable_id("task", title), title=title, judged=kind, **more)
    made, candidates = [], []
    for order, (text, answers) in enumerate(prompts.items()):
        made.append(RankingPrompt(id=f"prompt-{order}", task_id=task.id, order=order, text=text))
        candidates += [
            Candidate(
                id=answer, task_id=task.id, prompt_id=f"prompt-{order}", order=len(candidates) + n,
                source=f"model {answer[-1]}", text=f"Text {answer}.",
            )
            for n, answer in enumerate(answers)
        ]  # fmt: skip
    return TaskRecords(task=task, prompts=tuple(made), candidates=tuple(candidates))


def told(
    records: TaskRecords, rows: list[tuple[int, str, str, Outcome]], why: str = ""
) -> TaskRecords:
    """With comparisons (reader, left, right, outcome)."""
    of = {c.id: c.prompt_id for c in records.candidates}
    comparisons = tuple(
        Comparison(
            id=stable_id("comparison", str(n)),
            task_id=records.task.id,
            prompt_id=of[left],
            reader_id=stable_id("reader", str(reader)),
            left=left,
            right=right,
            outcome=outcome,
            rationale=why,
            decided_utc=f"2026-01-01T00:00:{n:02d}Z",
        )
        for n, (reader, left, right, outcome) in enumerate(rows)
    )
    return TaskRecords(
        task=records.task,
        prompts=records.prompts,
        candidates=records.candidates,
        comparisons=comparisons,
    )


def compared(_project: MadeProject) -> TaskRecords:
    """Texts of two prompts, with a conflict, a tie and two that are unacceptable."""
    records = made_task(RankingKind.PAIRWISE, {"Ümlaut?": ["a", "b", "c"], "Second": ["d", "e"]})
    return told(
        records,
        [
            (0, "a", "b", L), (0, "c", "a", R), (0, "b", "c", T), (0, "b", "a", R),
            (1, "a", "b", R), (1, "b", "c", L), (1, "d", "e", Outcome.BOTH_BAD),
            (1, "a", "c", Outcome.CANNOT),
        ],
        why="=cmd()",
    )  # fmt: skip


def outlined(project: MadeProject) -> TaskRecords:
    """Two outlines of one lesion, the first of them better."""
    task = RankingTask(id=stable_id("task", "outlines"), title="Outlines")
    case = project.cases[0]
    frame = project.frames(case.series_ids[0])[0]
    image = project.instances[frame.instance_id]
    prompt = RankingPrompt(id="lesion", task_id=task.id, order=0, text="Fit?", case_id=case.id)
    candidates = []
    for number, radius in enumerate((3, 4)):
        mask = blob(image.rows, image.columns, 8, 6, radius)
        runs = encode_runs(mask)
        project.blobs[runs_digest(runs)] = runs
        part = ProposedFrame(
            frame=frame, rows=image.rows, columns=image.columns, runs=runs_digest(runs),
            bounds=mask_bounds(mask), area_px=int(mask.sum()),
        )  # fmt: skip
        candidates.append(
            Candidate(
                id=f"outline-{number}", task_id=task.id, prompt_id="lesion", order=number,
                source=f"reader {number}",
                regions=(CandidateRegion(class_id=1, schema_id=SCHEMA.id, frames=(part,)),),
            )
        )  # fmt: skip
    records = TaskRecords(task=task, prompts=(prompt,), candidates=tuple(candidates))
    return told(records, [(0, "outline-0", "outline-1", L), (1, "outline-1", "outline-0", R)])


def graded(_project: MadeProject) -> TaskRecords:
    """Three texts graded on two points: good, bad and in between."""
    records = made_task(
        RankingKind.RATING, {"Grade": ["p", "q", "r"]}, "Grades", criteria=("clear", "true")
    )
    grades = {"p": (5, 4), "q": (1, 2), "r": (3, 3)}
    ratings = tuple(
        Rating(
            id=Rating.id_for(text, "r"),
            task_id=records.task.id,
            prompt_id="prompt-0",
            candidate_id=text,
            reader_id=stable_id("reader", "0"),
            scores={"clear": clear, "true": true},
        )
        for text, (clear, true) in grades.items()
    )
    return TaskRecords(
        task=records.task,
        prompts=records.prompts,
        candidates=records.candidates,
        ratings=ratings,
    )


def ordered(tiers: list[list[str]], shown: list[str]) -> TaskRecords:
    """One list of one reader."""
    records = made_task(RankingKind.TIERS, {"Order": sorted(shown)}, "Lists")
    ranking = Ranking(
        id="list-1",
        task_id=records.task.id,
        prompt_id="prompt-0",
        reader_id=stable_id("reader", "0"),
        shown=tuple(shown),
        tiers=tuple(tuple(t) for t in tiers),
    )
    return TaskRecords(
        task=records.task,
        prompts=records.prompts,
        candidates=records.candidates,
        rankings=(ranking,),
    )
