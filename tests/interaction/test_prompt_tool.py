"""The prompt tool: prompts pile up, late answers are dropped, only Enter keeps an outline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from desktop.commands.annotation import PaintMask
from desktop.domain.annotation import Origin
from desktop.domain.runs import decode_runs
from desktop.interaction.event import Kind
from desktop.interaction.prompt_tool import PromptTool
from desktop.interaction.prompting import Prompted, PromptProblem, Prompts
from desktop.interaction.tool import MaskPreview, ShapePreview
from tests.interaction.made import COLUMNS, ROWS, Hand, context, disk


class Held:
    """A model that answers when the test says so."""

    def __init__(self) -> None:
        self.asked: list[Prompts] = []
        self.closed = ""

    def why_not(self, case_id: str) -> str:
        return self.closed

    def ask(self, prompts: Prompts, answer: Callable[[Any], None]) -> None:
        self.asked.append(prompts)


@pytest.fixture
def model() -> Held:
    return Held()


@pytest.fixture
def hand(model: Held) -> Hand:
    given = replace(context(), prompter=model, prompted=lambda _answer: None)
    return Hand(PromptTool(), given)


def answer(hand: Hand, ticket: int, radius: float = 6.0) -> Any:
    found = Prompted(
        ticket, disk(40, 30, radius).astype(np.uint8), 0.8, np.full((1, 1, 4, 4), 2.0, np.float32),
        "Click outline", {"sha256": "ab", "prompts": "1@40.0,30.0", "iou": "0.800"},
    )  # fmt: skip
    return hand.take(hand.tool.answered(found, hand.context))


def test_a_click_asks_shows_and_enter_keeps(hand: Hand, model: Held) -> None:
    hand.click((40, 30))
    (asked,) = model.asked
    assert (asked.points_xy, asked.labels, asked.before) == (((40, 30),), (1,), None)
    early = hand.key("Enter")
    assert early.command is None and "not answered" in str(early.hint)
    shown = answer(hand, asked.ticket)
    assert any(isinstance(p, MaskPreview) for p in shown.preview) and "0.80" in str(shown.hint)
    assert shown.command is None
    command = hand.key("Enter").command
    assert isinstance(command, PaintMask) and command.new is not None
    assert command.new.origin is Origin.MODEL and command.frames[0].origin is Origin.MODEL
    assert command.new.provenance.tool == "Click outline"
    assert command.new.provenance.detail["sha256"] == "ab"
    kept = decode_runs(command.frames[0].runs, ROWS, COLUMNS)
    assert np.array_equal(kept, disk(40, 30, 6))
    assert not hand.tool.busy


def test_every_prompt_is_sent_with_the_mask_before(hand: Hand, model: Held) -> None:
    hand.click((40, 30))
    answer(hand, model.asked[-1].ticket)
    hand.click((60, 30), ctrl=True)
    second = model.asked[-1]
    assert second.labels == (1, 0) and second.before is not None
    hand.drag([(30, 20), (40, 30), (50, 40)])
    third = model.asked[-1]
    assert third.labels == (2, 3, 1, 0)
    assert third.points_xy[:2] == ((30, 20), (50, 40))
    hand.drag([(20, 20), (40, 30), (55, 45)])  # a new box takes the place of the old
    assert model.asked[-1].labels == (2, 3, 1, 0)
    assert model.asked[-1].points_xy[0] == (20, 20)


def test_a_late_answer_is_dropped(hand: Hand, model: Held) -> None:
    hand.click((40, 30))
    hand.click((42, 30))
    assert not any(isinstance(p, MaskPreview) for p in answer(hand, model.asked[0].ticket).preview)
    assert any(isinstance(p, MaskPreview) for p in answer(hand, model.asked[1].ticket).preview)
    hand.key("Escape")
    assert answer(hand, model.asked[1].ticket).preview == () and not hand.tool.busy


def test_backspace_takes_one_prompt_back(hand: Hand, model: Held) -> None:
    hand.click((40, 30))
    hand.click((60, 30), ctrl=True)
    hand.key("Backspace")
    assert model.asked[-1].labels == (1,) and model.asked[-1].before is None
    hand.key("Backspace")
    assert not hand.tool.busy


def test_a_problem_is_a_sentence_and_nothing_stays_in_hand(hand: Hand, model: Held) -> None:
    hand.click((40, 30))
    problem = PromptProblem(model.asked[0].ticket, "The model was stopped.")
    told = hand.take(hand.tool.answered(problem, hand.context))
    assert told.hint == "The model was stopped." and not hand.tool.busy
    model.closed = "This case is read without help."
    refused = hand.point(Kind.PRESS, (40, 30))
    assert refused.hint == model.closed and len(model.asked) == 1


def test_going_elsewhere_keeps_nothing(hand: Hand, model: Held) -> None:
    hand.click((40, 30))
    answer(hand, model.asked[0].ticket)
    assert hand.tool.finish(hand.context).command is None and not hand.tool.busy


def test_prompts_survive_a_crash(hand: Hand, model: Held) -> None:
    hand.click((40, 30))
    state = hand.tool.snapshot()
    assert state == {"prompts": [[40, 30, 1]]}
    again = PromptTool()
    shown = again.restore(state, hand.context)
    assert model.asked[-1].points_xy == ((40, 30),)
    assert any(isinstance(p, ShapePreview) for p in shown.preview)
