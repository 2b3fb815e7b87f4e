"""Votes from ids, from arrays and from answers; what doesn't fit is refused in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from desktop.domain.annotation import Answer, Target
from desktop.domain.errors import UserError
from desktop.domain.schema import Choice, Question, QuestionKind, Scope
from desktop.domain.study import FrameRef
from desktop.engines.votes import Numbers, Votes, item_key

DENSITY = Question(
    id="density",
    text="Density",
    kind=QuestionKind.CHOICE,
    choices=tuple(Choice(id=c, text=c.upper()) for c in "abcd"),
)
SIGNS = Question(
    id="signs",
    text="Signs",
    kind=QuestionKind.MULTIPLE,
    choices=(Choice(id="edema", text="Edema"), Choice(id="mass", text="Mass")),
)


def answer(case: str, reader: str, question: str, value: Any, frame: int | None = None) -> Answer:
    target = Target(scope=Scope.STUDY)
    if frame is not None:
        ref = FrameRef(instance_id="i1", frame_index=frame)
        target = Target(scope=Scope.FRAME, series_id="s1", frame=ref)
    return Answer(
        id=Answer.id_for(case, reader, question, target),
        case_id=case,
        reader_id=reader,
        schema_id="x@1",
        question_id=question,
        value=value,
        target=target,
    )


def test_labels_are_those_of_the_schema_also_where_nobody_used_them() -> None:
    votes = Votes.from_answers(
        [
            answer("c1", "r1", "density", "b"),
            answer("c1", "r2", "density", "d"),
            answer("c2", "r2", "density", None),
            answer("c2", "r1", "signs", ("edema",)),
        ],
        DENSITY,
    )
    assert tuple(votes.labels) == ("a", "b", "c", "d")
    assert tuple(votes.items) == ("c1",)
    assert votes.label.tolist() == [1, 3]
    assert tuple(votes.workers) == ("r1", "r2")


def test_a_question_with_several_answers_is_counted_one_at_a_time() -> None:
    given = [answer("c1", "r1", "signs", ("edema",)), answer("c1", "r2", "signs", ())]
    votes = Votes.from_answers(given, SIGNS, choice="edema", gold={"c1": ("edema", "mass")})
    assert tuple(votes.labels) == ("no", "yes")
    assert votes.label.tolist() == [1, 0]
    assert votes.gold is not None and votes.gold.tolist() == [1]
    with pytest.raises(UserError, match="one answer at a time"):
        Votes.from_answers(given, SIGNS)


def test_frames_of_a_case_are_items_of_their_own() -> None:
    given = [answer("c1", "r1", "density", "a", frame=f) for f in (0, 1)]
    assert len(Votes.from_answers(given, DENSITY).items) == 2
    assert item_key(given[0]) == "c1/s1/i1:0"


def test_gold_may_name_items_nobody_voted_on() -> None:
    votes = Votes.from_triplets([("i", "r", "x")], labels=("x", "y"), gold={"j": "y"})
    assert votes.n_items == 2
    assert votes.gold is not None and votes.gold.tolist() == [-1, 1]
    assert votes.without_gold().gold is None


def test_repeats_count_as_votes_but_not_as_raters() -> None:
    votes = Votes.from_triplets([("i", "r", "x"), ("i", "r", "x"), ("i", "s", "y")])
    assert votes.per_item().tolist() == [3]
    assert votes.raters_per_item().tolist() == [2]
    assert votes.per_worker().tolist() == [2, 1]


def test_numbers_are_names() -> None:
    assert list(Numbers(3)) == ["0", "1", "2"]
    assert Numbers(5)[1:3] == ["1", "2"]


@pytest.mark.parametrize(
    "arrays, words",
    [
        (([0, 1], [0], [0]), "Every vote needs"),
        (([0.5], [0], [0]), "whole numbers"),
        (([[0]], [[0]], [[0]]), "whole numbers"),
        (([-1], [0], [0]), "not there"),
        (([0], [0], [2]), "not there"),
        (([0], [7], [0]), "not there"),
    ],
)
def test_what_does_not_fit_is_refused(arrays: Any, words: str) -> None:
    with pytest.raises(UserError, match=words):
        Votes.from_arrays(*arrays, n_items=2, n_workers=2, n_labels=2)


def test_names_and_gold_are_checked() -> None:
    one = np.zeros(1, dtype=np.int64)
    with pytest.raises(UserError, match="named twice"):
        Votes(one, one, one, ("a", "a"), ("r",), ("x",))
    with pytest.raises(UserError, match="no answers"):
        Votes(one, one, one, ("a",), ("r",), ())
    with pytest.raises(UserError, match="every item"):
        Votes(one, one, one, ("a", "b"), ("r",), ("x",), gold=one)
    with pytest.raises(UserError, match="not among the answers"):
        Votes.from_triplets([("i", "r", "z")], labels=("x", "y"))
    number = Question(id="n", text="N", kind=QuestionKind.NUMBER)
    with pytest.raises(UserError, match="answers to choose from"):
        Votes.from_answers([answer("c", "r", "n", 3.0)], number)


def test_an_answer_of_the_wrong_kind_is_refused() -> None:
    with pytest.raises(UserError, match="does not fit"):
        Votes.from_answers([answer("c", "r", "density", True)], DENSITY)


def test_no_votes_at_all_is_not_an_error() -> None:
    votes = Votes.from_triplets([], labels=("x", "y"))
    assert (votes.n_votes, votes.n_items, votes.n_workers, votes.n_labels) == (0, 0, 0, 2)
