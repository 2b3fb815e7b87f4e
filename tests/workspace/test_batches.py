"""Batches and work lists: who reads what, in which order, and what a changed overlap moves."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.commands.batch import TagCases
from desktop.commands.project import AnswerQuestion, MarkCase
from desktop.commands.proposal import OfferProposals
from desktop.domain.annotation import Target
from desktop.domain.batch import Batch, CaseRule, RuleKind, loads, share_out
from desktop.domain.errors import AccessProblem, UserError
from desktop.domain.proposal import Proposal
from desktop.domain.record import stable_id
from desktop.domain.schema import Scope
from desktop.domain.study import Case
from desktop.domain.task import AssignmentState, Reader, Role
from desktop.store import package
from desktop.store.database import transaction
from tests.workspace.made import SCHEMA, MadeProject

ALL = CaseRule()


def made_batch(readers: int, overlap: float, depth: int, seed: str = "s") -> Batch:
    return Batch(
        id="b",
        title="B",
        rule=ALL,
        reader_ids=tuple(f"r{n}" for n in range(readers)),
        seed=seed,
        overlap=overlap,
        depth=depth,
    )


@given(
    readers=st.integers(1, 6),
    cases=st.integers(1, 60),
    overlaps=st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted),
    depth=st.integers(1, 6),
    seed=st.text(min_size=1, max_size=4),
)
def test_sharing_out(
    readers: int, cases: int, overlaps: list[float], depth: int, seed: str
) -> None:
    ids = [f"case-{n}" for n in range(cases)]
    small, large = (share_out(made_batch(readers, o, depth, seed), ids) for o in overlaps)
    for batch_lists in (small, large):
        assert {c for mine in batch_lists.values() for c in mine} == set(ids)
        assert all(len(set(mine)) == len(mine) for mine in batch_lists.values())
        sizes = [len(mine) for mine in batch_lists.values()]
        batch = made_batch(readers, overlaps[batch_lists is large], depth, seed)
        assert list(loads(batch, cases).values()) == sizes
        assert max(sizes) - min(sizes) <= min(depth, readers)
    for reader, mine in small.items():
        kept = [c for c in large[reader] if c in set(mine)]
        assert kept == mine, "a larger overlap adds and moves nothing"
    reads = Counter(c for mine in large.values() for c in mine)
    wanted = min(depth, readers)
    shared = round(overlaps[1] * cases) if wanted > 1 else 0
    assert sorted(reads.values(), reverse=True) == [wanted] * shared + [1] * (cases - shared)


def test_orders_differ_between_readers_and_stay_between_runs() -> None:
    ids = [stable_id("case", str(n)) for n in range(200)]
    batch = made_batch(2, 1.0, 2)
    first, second = share_out(batch, ids).values()
    assert sorted(first) == sorted(second) and first != second
    assert first != ids and share_out(batch, ids)["r0"] == first


@pytest.fixture
def team(made: MadeProject) -> dict[str, Reader]:
    """Three readers in a project of 30 cases."""
    from tests.workspace.made import _images

    made.ws.run(_images(30, 1))
    made.cases = [f"case-{n}" for n in range(30)]
    return {
        name: made.ws.accounts.add_reader(made.ws.reader, name, Role.READER)
        for name in ("Grace", "Alan", "Edsger")
    }


def test_without_batches_everybody_sees_all(made: MadeProject, team: dict[str, Reader]) -> None:
    made.reopen(reader_name="Grace")
    assert made.ws.case_count() == 30 and not made.ws.shows_assigned
    assert [line.case.id for line in made.ws.cases(limit=50)] == made.cases


def test_a_reader_goes_through_their_own_cases_in_their_own_order(
    made: MadeProject, team: dict[str, Reader]
) -> None:
    ids = [r.id for r in team.values()]
    batch = made.ws.batches.create("First", ALL, ids, overlap=0.3, depth=2, seed="seed")
    wanted = share_out(batch, made.cases)[team["Grace"].id]
    assert made.ws.case_count() == 30, "the lead sees all"
    made.reopen(reader_name="Grace")
    ws = made.ws
    assert ws.shows_assigned and ws.case_count() == len(wanted)
    lines = ws.cases(limit=100)
    assert [line.case.id for line in lines] == wanted
    assert [line.place for line in lines] == list(range(len(wanted)))
    assert [line.case.id for line in ws.cases(offset=3, limit=4)] == wanted[3:7]
    assert ws.first_open_case() == wanted[0]
    ws.run(MarkCase(case_id=wanted[0], state=AssignmentState.DONE))
    assert ws.first_open_case() == wanted[1]
    walked = [wanted[0]]
    while following := ws.neighbour(walked[-1], 1):
        walked.append(following)
    assert walked == wanted and ws.neighbour(wanted[0], -1) is None
    assert [ws.case_position(c) for c in wanted] == list(range(len(wanted)))
    found = ws.cases(limit=50, search="P-0000012")
    assert {line.case.id for line in found} == {c for c in wanted if "-12" in c}
    assert ws.case_count("P-0000012") == len(found)
    others = next(c for c in made.cases if c not in wanted)
    assert ws.neighbour(others, 1) is None
    made.reopen(reader_name="Mallory")  # joins, and has nothing assigned
    assert made.ws.case_count() == 0 and made.ws.first_open_case() == ""


def test_the_overlap_changes_at_any_time_and_nothing_begun_is_lost(
    made: MadeProject, team: dict[str, Reader]
) -> None:
    ids = [r.id for r in team.values()]
    batch = made.ws.batches.create("First", ALL, ids, overlap=1.0, depth=3, seed="seed")
    made.reopen(reader_name="Grace")
    begun = [line.case.id for line in made.ws.cases(limit=20)]
    for case_id in begun:
        made.ws.run(AnswerQuestion(case_id=case_id, question_id="count", value=1)) if (
            made.ws.case(case_id).schema_id
        ) else made.ws.run(MarkCase(case_id=case_id, state=AssignmentState.DONE))
    made.reopen()
    made.ws.batches.change(batch.id, overlap=0.0)
    (line,) = made.ws.batches.lines()
    by_name = {r.name: r for r in line.readers}
    assert line.shared == 0 and by_name["Alan"].cases == 10
    assert by_name["Grace"].cases >= 20 and by_name["Grace"].done >= 18
    made.reopen(reader_name="Grace")
    assert set(begun) <= {line.case.id for line in made.ws.cases(limit=50)}
    made.reopen()
    made.ws.undo("")
    assert made.ws.batches.lines()[0].shared == 30


def test_a_list_follows_a_change_while_it_is_open(
    made: MadeProject, team: dict[str, Reader]
) -> None:
    lead = made.ws.reader.id
    batch = made.ws.batches.create("Mine", ALL, [lead, team["Alan"].id], overlap=0.0)
    assert made.ws.shows_assigned and made.ws.case_count() == 15
    made.ws.batches.change(batch.id, overlap=1.0)
    assert made.ws.case_count() == 30
    assert made.ws.show_all_cases(True) and not made.ws.shows_assigned
    assert [line.case.id for line in made.ws.cases(limit=3)] == made.cases[:3]
    made.ws.show_all_cases(False)
    made.ws.batches.remove(batch.id)
    assert not made.ws.shows_assigned and made.ws.batches.lines() == []


def test_rules(made: MadeProject, team: dict[str, Reader]) -> None:
    ws, grace = made.ws, team["Grace"].id
    drawn = CaseRule(kind=RuleKind.RANDOM, count=7)
    some = ws.batches.preview(drawn, [grace], seed="a")
    assert len(some.case_ids) == 7 and some.load == {grace: 7}
    assert ws.batches.preview(drawn, [grace], seed="a") == some
    assert ws.batches.preview(drawn, [grace], seed="b").case_ids != some.case_ids
    ws.run(TagCases(case_ids=("case-3", "case-5"), tag="hard"))
    ws.run(TagCases(case_ids=("case-5", "case-7"), tag="hardly"))
    assert ws.batches.tags() == {"hard": 2, "hardly": 2}
    tagged = CaseRule(kind=RuleKind.TAG, tag="hard")
    assert ws.batches.preview(tagged, [grace]).case_ids == ("case-3", "case-5")
    offer(made, {"case-1": (0.2, 0.9), "case-0": (0.5,)})
    scored = CaseRule(kind=RuleKind.SCORE, low=0.4, high=1.0)
    assert ws.batches.preview(scored, [grace]).case_ids == ("case-1", "case-0")
    top = CaseRule(kind=RuleKind.SCORE, low=0.4, high=0.6, count=1)
    assert ws.batches.preview(top, [grace]).case_ids == ("case-0",)
    ws.batches.create("Hard", tagged, [grace])
    assert ws.batches.preview(tagged, [grace]).case_ids == ()
    assert len(ws.batches.preview(ALL, [grace]).case_ids) == 28
    again = CaseRule(kind=RuleKind.TAG, tag="hard", only_new=False)
    assert len(ws.batches.preview(again, [grace]).case_ids) == 2
    with pytest.raises(UserError, match="No case fits"):
        ws.batches.create("Hard again", tagged, [grace])
    with pytest.raises(UserError, match="needs a reader"):
        ws.batches.create("Nobody", ALL, [])
    assert tagged.sentence == "all cases with the tag hard, not in a batch yet"


def test_readers_neither_make_nor_see_batches(made: MadeProject, team: dict[str, Reader]) -> None:
    made.ws.batches.create("First", ALL, [team["Grace"].id])
    made.reopen(reader_name="Grace")
    for act in (
        lambda: made.ws.batches.create("Mine", ALL, [team["Grace"].id]),
        made.ws.batches.lines,
        made.ws.batches.tags,
    ):
        with pytest.raises(AccessProblem):
            act()
    assert not any("batch" in line.sentence.lower() for line in made.ws.history())


def test_a_list_of_a_hundred_thousand_cases_is_read_at_once(made: MadeProject) -> None:
    count = 100_000
    cases = tuple(
        Case(id=stable_id("c", str(n)), study_id="study-0", title=f"CT · {n}", order=n + 2,
             series_ids=("series-0",))
        for n in range(count)
    )  # fmt: skip
    with transaction(made.ws._database.writer):
        package.write_rows(made.ws._database.writer, cases)
    grace = made.ws.accounts.add_reader(made.ws.reader, "Grace", Role.READER)
    made.ws.batches.create("All", ALL, [grace.id])
    made.reopen(reader_name="Grace")
    ws = made.ws
    assert ws.case_count() == count + 2  # the list is worked out here, once
    begin = time.perf_counter()
    here = ws.first_open_case()
    for _ in range(50):
        other = ws.neighbour(here, 1)
        assert other is not None
        assert ws.case_position(other) == ws.case_position(here) + 1
        here = other
    assert len(ws.cases(offset=90_000, limit=200)) == 200
    assert time.perf_counter() - begin < 1.0


def offer(made: MadeProject, scores: dict[str, tuple[float, ...]]) -> None:
    drafts = tuple(
        Proposal(
            id=made.ws.new_id(),
            case_id=case_id,
            run_id="run",
            schema_id=SCHEMA.id,
            target=Target(scope=Scope.STUDY),
            question_id="quality",
            value="good",
            score=score,
        )
        for case_id, some in scores.items()
        for score in some
    )
    made.ws.run(OfferProposals(proposals=drafts))
