"""Preference tasks in an open project: made, judged blind, undone, merged, ranked, refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from desktop.commands.access import ChangeRole
from desktop.commands.project import AddReader
from desktop.domain.errors import AccessProblem, FileProblem, UserError
from desktop.domain.geometry import Box
from desktop.domain.ranking import Ask, Outcome, RankingKind, RankingTask
from desktop.domain.task import Reader, Role
from desktop.exchange.exporter import BundleOptions
from desktop.workspace.ranking.ranking import Asked, Remark
from desktop.workspace.ranking.ranking_drafts import (
    DraftCandidate,
    DraftPrompt,
    from_images,
    from_jsonl,
    from_regions,
)
from desktop.workspace.ranking.ranking_plan import Question, planned
from desktop.workspace.ranking.ranking_report import By, Scope
from tests.workspace.made import MadeProject, disk_mask
from tests.workspace.test_merge import make_stations

PEOPLE = ("Ada", "Ben", "Cem")


@pytest.fixture
def made(tmp_path: Path) -> Iterator[MadeProject]:
    project = MadeProject(tmp_path, frames=3)
    yield project
    project.close()


def texts(*words: str, prompt: str = "Which is clearer?") -> DraftPrompt:
    return DraftPrompt(prompt, tuple(DraftCandidate(text=w, source=f"model-{w[0]}") for w in words))


def task_of(kind: RankingKind = RankingKind.PAIRWISE, **more: Any) -> RankingTask:
    return RankingTask(id="", title="", judged=kind, **more)


def judge_all(room: Any, task: RankingTask, better: Any) -> list[Asked]:
    """Compare until nothing is asked; ``better`` gets the two texts."""
    seen = []
    while (asked := room.ranking.next(task.id)) is not None:
        left, right = (c.text for c in asked.candidates)
        room.ranking.compare(asked, better(left, right), Remark(seconds=2.0))
        seen.append(asked)
    return seen


def alphabet(left: str, right: str) -> Outcome:
    return Outcome.LEFT if left < right else Outcome.RIGHT


def test_every_pair_is_asked_once_and_a_repeat_hides_among_them(made: MadeProject) -> None:
    desk = made.ws.ranking
    task = desk.create("Texts", [texts("a", "b", "c", "d")])
    seen = judge_all(made.ws, task, alphabet)
    pairs = [frozenset(a.shown.candidates) for a in seen]
    assert len(set(pairs)) == 6 and len(pairs) == 7
    (again,) = [a for a in seen if a.shown.repeat]
    first = next(a for a in seen if set(a.shown.candidates) == set(again.shown.candidates))
    assert first.shown.candidates == again.shown.candidates[::-1]
    assert seen.index(again) - seen.index(first) >= 3
    assert desk.progress(task) == (7, 7)
    assert desk.tasks()[0].is_done


def test_who_judges_never_sees_whose_it_is(made: MadeProject) -> None:
    task = made.ws.ranking.create("Texts", [texts("a", "b")])
    asked = made.ws.ranking.next(task.id)
    assert asked is not None
    assert [c.source for c in asked.candidates] == ["", ""]
    assert [c.order for c in asked.candidates] == [0, 0]


def test_sides_and_order_differ_between_readers_and_are_kept_across_restarts(
    made: MadeProject,
) -> None:
    task = made.ws.ranking.create("Texts", [texts(*"abcdef")])
    before = made.ws.ranking.next(task.id)
    made.reopen()
    assert made.ws.ranking.next(task.id) == before
    question = Question("q", tuple("abcdef"))
    plans = [planned(task, [question], reader) for reader in PEOPLE]
    assert plans[0] != plans[1] != plans[2]
    lefts = [s.candidates[0] < s.candidates[1] for p in plans for s in p]
    assert 0.2 < np.mean(lefts) < 0.8


def test_undo_takes_back_the_last_decision_of_the_task_and_nothing_else(
    made: MadeProject,
) -> None:
    desk = made.ws.ranking
    task = desk.create("Texts", [texts("a", "b", "c")])
    region = made.draw()
    first = desk.next(task.id)
    assert first is not None
    desk.compare(first, Outcome.TIE)
    assert desk.next(task.id) != first
    desk.undo(task.id)
    assert desk.next(task.id) == first
    assert desk.undo(task.id) is None, "making the task is not undone here"
    assert made.ws.annotation(region) is not None
    assert made.ws.verify().ok


def test_the_lead_sees_a_ranking_with_intervals_sides_and_readers(made: MadeProject) -> None:
    task = made.ws.ranking.create("Texts", [texts(*"abcdef"), texts("x", "y", prompt="Other")])
    judge_all(made.ws, task, alphabet)
    report = made.ws.ranking.report(task.id)
    assert [i.name for i in report.items] == [f"model-{c}" for c in "abcdef"]
    best = report.items[0]
    assert best.low is not None and best.high is not None and best.low < best.score < best.high
    assert best.rank_low == 1 and best.rank_high is not None and best.rank_high < 6
    assert report.decisions == 16 and not report.is_biased
    (reader,) = report.readers
    assert reader.name == "Ada" and reader.seconds == 2.0
    assert reader.report is not None
    assert reader.report.repeats.value == 1.0
    assert reader.report.circles.count == 0
    assert report.wins[0].sum() >= 5 and report.wins[:, 0].sum() == 0


def test_sources_are_ranked_over_all_questions(made: MadeProject) -> None:
    prompts = [texts("a1", "b1", "c1", prompt=f"Question {n}") for n in range(4)]
    task = made.ws.ranking.create("Models", prompts)
    judge_all(made.ws, task, alphabet)
    report = made.ws.ranking.report(task.id, Scope(By.SOURCE))
    assert [i.name for i in report.items] == ["model-a", "model-b", "model-c"]
    assert report.decisions == 13
    assert report.items[0].judged == 8 or report.items[0].judged == 9


def test_a_reader_who_always_goes_left_is_found_out(made: MadeProject) -> None:
    task = made.ws.ranking.create("Texts", [texts(*"abcdef"), texts(*"ghijkl", prompt="More")])
    judge_all(made.ws, task, lambda _l, _r: Outcome.LEFT)
    report = made.ws.ranking.report(task.id, Scope(By.SOURCE))
    assert report.is_biased
    (reader,) = report.readers
    assert reader.report is not None
    assert reader.report.left.value == 1.0
    assert reader.report.repeats.value == 0.0


def test_a_plain_reader_gets_no_ranking_and_makes_no_task(made: MadeProject) -> None:
    task = made.ws.ranking.create("Texts", [texts("a", "b")])
    made.reopen("Ben")
    asked = made.ws.ranking.next(task.id)
    assert asked is not None
    made.ws.ranking.compare(asked, Outcome.LEFT)
    with pytest.raises(AccessProblem):
        made.ws.ranking.report(task.id)
    with pytest.raises(AccessProblem):
        made.ws.ranking.create("Mine", [texts("a", "b")])
    made.reopen("Ada")
    assert made.ws.ranking.report(task.id).decisions == 1
    lines = made.ws.history(task.id)
    assert [line.sentence for line in lines] == [], "what Ben said is not in Ada's history"


def test_what_does_not_fit_is_refused_in_words(made: MadeProject) -> None:
    desk = made.ws.ranking
    for drafts, words in (
        ([texts("a")], "nothing to judge"),
        ([], "nothing to judge"),
        ([DraftPrompt("p", (DraftCandidate(), DraftCandidate(text="b")))], "empty"),
    ):
        with pytest.raises(UserError, match=words):
            desk.create("T", drafts)
    with pytest.raises(UserError, match="title"):
        desk.create(" ", [texts("a", "b")])
    task = desk.create("T", [texts("a", "b")], task_of(rationale=Ask.REQUIRED))
    asked = desk.next(task.id)
    assert asked is not None
    with pytest.raises(UserError, match="reason"):
        desk.compare(asked, Outcome.LEFT)
    desk.change(replace(desk.task(task.id), is_open=False))
    with pytest.raises(UserError, match="closed"):
        desk.compare(asked, Outcome.LEFT, Remark(rationale="Clearer."))
    with pytest.raises(UserError, match="can't be changed"):
        desk.change(replace(desk.task(task.id), judged=RankingKind.RATING))


def test_tiers_best_and_grades_are_ranked_too(made: MadeProject) -> None:
    desk = made.ws.ranking
    tiers = desk.create("Tiers", [texts(*"abcd")], task_of(RankingKind.TIERS))
    asked = desk.next(tiers.id)
    assert asked is not None and len(asked.candidates) == 4
    by_text = {c.text: c.id for c in asked.candidates}
    desk.rank(asked, [[by_text["a"]], [by_text["b"], by_text["c"]]])
    assert desk.next(tiers.id) is None
    report = desk.report(tiers.id)
    assert report.items[0].name == "model-a" and report.items[-1].name == "model-d"
    assert report.items[-1].unacceptable == 1
    assert report.items[1].score == pytest.approx(report.items[2].score, abs=1e-6)

    best = desk.create("Best", [texts(*"abc")], task_of(RankingKind.BEST))
    asked = desk.next(best.id)
    assert asked is not None
    desk.best(asked, next(c.id for c in asked.candidates if c.text == "b"))
    assert desk.report(best.id).items[0].name == "model-b"

    grades = desk.create(
        "Grades", [texts("a", "b")], task_of(RankingKind.RATING, criteria=("x", "y"))
    )
    for _ in range(2):
        asked = desk.next(grades.id)
        assert asked is not None
        with pytest.raises(UserError, match="grade is missing"):
            desk.rate(asked, {"x": 3})
        desk.rate(asked, {"x": 5, "y": 4} if asked.candidates[0].text == "a" else {"x": 1, "y": 2})
    assert desk.next(grades.id) is None
    found = {i.name: i.score for i in desk.report(grades.id).items}
    assert found == {"model-a": 4.5, "model-b": 1.5}


def test_many_candidates_are_asked_in_pairs_that_teach_most(made: MadeProject) -> None:
    desk = made.ws.ranking
    words = [f"{n:02d}" for n in range(14)]
    task = desk.create("Many", [texts(*words)])
    seen = judge_all(made.ws, task, alphabet)
    assert 14 <= len(seen) <= 21 < 91
    report = desk.report(task.id)
    order = [
        report.records.candidates.index(c)
        for i in report.items
        for c in report.records.candidates
        if c.id == i.key
    ]
    ranks = np.argsort(order)
    assert np.corrcoef(ranks, np.arange(14))[0, 1] > 0.7


def test_regions_become_candidates_that_no_later_edit_changes(made: MadeProject) -> None:
    made.draw(Box(x0=2, y0=3, x1=9, y1=8))
    made.paint(disk_mask(12, 10, 4))
    made.ws.run(AddReader(reader=Reader(id="b" * 32, role=Role.READER)))
    made.reopen("Ben")
    painted = made.paint(disk_mask(12, 10, 5))
    made.reopen("Ada")
    drafts = from_regions(made.ws, made.cases)
    assert len(drafts.prompts) == 1 and len(drafts.notes) == 1
    task = made.ws.ranking.create("Outlines", drafts.prompts)
    made.reopen("Ben")
    made.paint(disk_mask(20, 10, 2), painted)
    made.reopen("Ada")
    asked = made.ws.ranking.next(task.id)
    assert asked is not None
    areas = sorted(
        sum(int(made.ws.ranking.mask(f).sum()) for r in c.regions for f in r.frames)
        for c in asked.candidates
    )
    assert areas == sorted((int(disk_mask(12, 10, 5).sum()), 35 + int(disk_mask(12, 10, 4).sum())))
    assert made.ws.verify().ok


def test_images_of_cases_become_candidates_of_one_question(made: MadeProject) -> None:
    drafts = from_images(made.ws, made.cases, "Which is sharper?")
    task = made.ws.ranking.create("Sharp", drafts.prompts)
    asked = made.ws.ranking.next(task.id)
    assert asked is not None
    assert [len(c.images) for c in asked.candidates] == [3, 3]


def test_decisions_of_another_machine_come_back_in_a_bundle(tmp_path: Path) -> None:
    """The copy goes out, is judged there, and its bundle brings the comparisons home."""
    home, away = make_stations(tmp_path, 2)
    task = home.ws.ranking.create("Texts", [texts("a", "b", "c")])
    away.take(home.lines())
    judge_all(away.ws, task, alphabet)
    bundle = tmp_path / "bundle"
    away.ws.export_bundle(bundle, BundleOptions(formats=("audit",)))
    report = home.ws.team.merge([bundle])
    assert report.conflicts == 0 and not report.missing
    assert home.ws.ranking.report(task.id).decisions == 4
    assert home.ws.verify().ok


@pytest.mark.parametrize(
    ("line", "texts_wanted"),
    [
        ({"prompt": "p", "candidates": ["a", {"text": "b", "source": "m"}]}, ["a", "b"]),
        ({"prompt": "p", "chosen": "a", "rejected": "b"}, ["a", "b"]),
        (
            {
                "prompt": [{"role": "user", "content": "p"}],
                "chosen": [{"role": "assistant", "content": "a"}],
                "rejected": [{"role": "assistant", "content": "b"}],
            },
            ["a", "b"],
        ),
        (
            {
                "chosen": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "a"}],
                "rejected": [
                    {"role": "user", "content": "p"},
                    {"role": "assistant", "content": "b"},
                ],
            },
            ["a", "b"],
        ),
        ({"instruction": "p", "generations": ["a", "b"], "models": ["m", "n"]}, ["a", "b"]),
        ({"fields": {"prompt": "p", "response1": "a", "response2": "b"}}, ["a", "b"]),
        ({"prompt": "p", "responses": ["a", "a", "b"]}, ["a", "b"]),
    ],
)
def test_text_files_of_others_are_understood(
    tmp_path: Path, line: dict[str, Any], texts_wanted: list[str]
) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps(line) + "\n\n")
    (prompt,) = from_jsonl(path).prompts
    assert prompt.text == "p"
    assert [c.text for c in prompt.candidates] == texts_wanted


def test_lines_of_one_prompt_are_joined_and_doubles_told(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    rows = [{"prompt": "p", "completion": t} for t in ("a", "b", "a")] + [
        {"prompt": "lonely", "completion": "c"}
    ]
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    drafts = from_jsonl(path)
    assert [len(p.candidates) for p in drafts.prompts] == [2, 1]
    assert drafts.notes == [
        "p: 1 of 3 texts are the same.",
        "lonely: only one candidate; it can only be rated.",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "Line 1: it is no JSON"),
        ('{"prompt": "p", "candidates": ["a"]}\n[1]', "Line 2: it is no JSON object"),
        ('{"prompt": "p"}', "no candidates"),
        ('{"prompt": "p", "candidates": ["a", ""]}', "empty"),
        ('{"prompt": 3, "chosen": "a", "rejected": "b"}', "prompt is no text"),
        ('{"prompt": "p", "chosen": [{"role": "x"}], "rejected": "b"}', "another form"),
        ("", "no question"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(text)
    with pytest.raises(FileProblem) as caught:
        from_jsonl(path)
    assert words in str(caught.value)


def test_an_auditor_reads_the_ranking_and_judges_nothing(made: MadeProject) -> None:
    task = made.ws.ranking.create("Texts", [texts("a", "b")])
    made.reopen("Ben")
    ben = made.ws.reader.id
    made.reopen("Ada")
    made.ws.run(ChangeRole(reader_id=ben, role=Role.AUDITOR))
    made.reopen("Ben")
    assert made.ws.ranking.report(task.id).decisions == 0
    asked = made.ws.ranking.next(task.id)
    assert asked is not None
    with pytest.raises(AccessProblem):
        made.ws.ranking.compare(asked, Outcome.LEFT)
