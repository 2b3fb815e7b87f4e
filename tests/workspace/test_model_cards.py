"""Prompted models of every known family, and the cards that models begin with."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from desktop.domain.errors import ModelProblem
from desktop.domain.model_card import Layout, ModelCard, ModelInput, Task
from desktop.inference.session import ModelFacts, Tensor
from desktop.interaction.prompting import Prompted, PromptProblem, Prompts
from desktop.workspace.models.model_cards import check_card, guessed_card
from desktop.workspace.settings import Settings
from desktop.workspace.workspace import Workspace
from tests.workspace.made_ct import SPOT, add_samples, ct_project
from tools.make_models import decoder, encoder


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Workspace]:
    made = ct_project(tmp_path)
    yield made
    made.close()


def in_list_order(room: Workspace) -> list[str]:
    return [line.case.id for line in room.cases()]


def test_prompts_give_an_outline_with_its_provenance(room: Workspace, tmp_path: Path) -> None:
    known = add_samples(room.models, tmp_path / "made")
    case_id = in_list_order(room)[0]
    frame = room.frame_refs(room.series(case_id)[0].id)[1]
    found = prompted(room, Prompts(1, case_id, frame, None, (SPOT,), (1,)))
    assert isinstance(found, Prompted), found
    assert found.mask_yx[40, 84] == 1 and found.mask_yx[10, 10] == 0
    assert found.detail["sha256"] == known["click-encoder"]
    assert found.detail["family"] == "SAM" and found.detail["prompts"] == "1@84.0,40.0"
    assert found.detail["window"] and 0 < float(found.detail["iou"]) <= 1
    assert len(room.models.prompter._encoded) == 1
    more = Prompts(2, case_id, frame, None, (SPOT, (5.0, 5.0)), (1, 0), found.low_res)
    assert isinstance(prompted(room, more), Prompted)
    assert len(room.models.prompter._encoded) == 1  # encoded once per image and window
    room.models.remove(known["click-encoder"])
    missing = prompted(room, more)
    assert isinstance(missing, PromptProblem) and "shelf" in missing.words


def test_every_family_outlines_and_the_one_in_use_is_chosen(
    room: Workspace, tmp_path: Path
) -> None:
    """Encoder and decoder are chosen in any order; a click in each of the known contracts, a box
    where only boxes are taken."""
    case_id = in_list_order(room)[0]
    frame = room.frame_refs(room.series(case_id)[0].id)[1]
    x, y = SPOT
    box = (((x - 9, y - 9), (x + 9, y + 9)), (2, 3))
    asked = {"SAM": (((x, y),), (1,)), "SAM 2": (((x, y),), (1,)),
             "EfficientSAM": (((x, y),), (1,)), "MedSAM-lite": box}  # fmt: skip
    for number, (family, (points, labels)) in enumerate(asked.items()):
        first = encoder(tmp_path / f"{number}-one.onnx", family)
        second = decoder(tmp_path / f"{number}-two.onnx", family)
        pair = (second, first) if number % 2 else (first, second)
        card = room.models.add(pair[0], None, pair[1])
        assert (card.family, card.task, card.name) == (family, Task.PROMPT, first.stem)
        room.models.use_for_prompts(card.sha256)
        found = prompted(room, Prompts(number, case_id, frame, None, points, labels))
        assert isinstance(found, Prompted), found
        assert found.detail["family"] == family and found.detail["sha256"] == card.sha256
        assert found.mask_yx[40, 84] == 1 and found.mask_yx[90, 10] == 0
    room.settings = Settings(room.settings._path)  # as after a restart
    chosen = room.models.prompted()
    assert chosen is not None and chosen.card.family == "MedSAM-lite"
    room.models.remove(chosen.card.sha256)
    other = room.models.prompted()
    assert other is not None and other.card.family != "MedSAM-lite"
    # what does not go together is refused with the names that there are
    odd = decoder(tmp_path / "odd.onnx", "SAM", {"image_embeddings": "picture"})
    with pytest.raises(ModelProblem, match="no prompted model that is known") as refused:
        room.models.add(tmp_path / "0-one.onnx", None, odd)
    assert "the decoder takes" in refused.value.detail and "picture" in refused.value.detail
    # half of a pair says what is missing
    with pytest.raises(ModelProblem, match="decoder of a prompted model"):
        room.models.add(tmp_path / "0-two.onnx")


@pytest.mark.parametrize(
    ("shape", "out", "guess"),
    [
        ((1, 1, 16, 64, 96), (1, 2, 16, 64, 96),
         ModelInput(layout=Layout.NCDHW, slices=16, rows=64, columns=96)),
        ((1, 5, 64, 96), (1, 2, 64, 96), ModelInput(slices=5, rows=64, columns=96)),
        ((1, 64, 96, 3), (1, 4),
         ModelInput(layout=Layout.NHWC, channels=3, rows=64, columns=96)),
        ((0, 784), (0, 10), ModelInput(layout=Layout.NF, rows=28, columns=28)),
        ((1, 3, 0, 0), (1, 1, 0, 0), ModelInput(channels=3)),
    ],
)  # fmt: skip
def test_a_first_card_follows_the_shapes_of_the_file(
    shape: tuple[int, ...], out: tuple[int, ...], guess: ModelInput
) -> None:
    given, made = Tensor("in", "tensor(float)", shape), Tensor("out", "tensor(float)", out)
    card = guessed_card("any", ModelFacts("ab", 1, (given,), (made,)))
    assert card.input == guess
    assert (card.task is Task.CLASSIFICATION) == (len(out) == 2)
    check_card(replace(card, question_id="q"))


@pytest.mark.parametrize("wrong", [{"mean": (0.1, 0.2)}, {"std": (0.0,)}, {"std": (1.0, 2.0)}])
def test_a_contract_that_can_not_be_is_refused(wrong: dict[str, tuple[float, ...]]) -> None:
    card = ModelCard("ab", "Any", "MIT", Task.SEGMENTATION, input=ModelInput(channels=3, **wrong))
    with pytest.raises(ModelProblem, match="mistake"):
        check_card(card)


def prompted(room: Workspace, prompts: Prompts) -> Any:
    answers: list[Any] = []
    room.models.prompter.ask(prompts, answers.append)
    end = time.monotonic() + 60
    while not answers and time.monotonic() < end:
        time.sleep(0.01)
    return answers[0]
