"""A model's card in fields: what is saved is what the fields say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from desktop.domain.model_card import ModelCard, ModelClass, Task, Values
from desktop.gui.model_card_form import ModelCardForm
from tests.workspace.made import MadeProject


@pytest.fixture
def made(tmp_path: Path) -> Iterator[MadeProject]:
    project = MadeProject(tmp_path)
    yield project
    project.close()


@pytest.fixture
def form(qtbot: Any, look: None, made: MadeProject) -> ModelCardForm:
    card = ModelCard(
        sha256="ab", name="Finder", licence="not stated", task=Task.SEGMENTATION,
        schema_name="test", classes=(ModelClass(index=0, name="finding", class_id=1),),
    )  # fmt: skip
    saved: list[ModelCard] = []
    shown = ModelCardForm(made.ws, card, saved.append, lambda: None)
    shown.saved = saved  # type: ignore[attr-defined]
    qtbot.addWidget(shown)
    shown.show()
    return shown


def pick(box: Any, words: str) -> None:
    box.setCurrentIndex(box.findText(words))


def test_regions_are_mapped_by_number(form: ModelCardForm) -> None:
    assert [(m.name, n.value()) for m, n in form._numbers] == [
        ("Nodule", 0), ("Lung", -1), ("Vessel", -1)
    ]  # fmt: skip
    form._numbers[2][1].setValue(3)
    form.licence.setText("MIT")
    pick(form.values, Values.MODALITY.value)
    card = form.card()
    assert [(c.index, c.class_id) for c in card.classes] == [(0, 1), (3, 3)]
    assert (card.licence, card.input.values) == ("MIT", Values.MODALITY)
    assert form.question.isHidden() and form.form.isHidden()


def test_a_classifier_answers_a_question(form: ModelCardForm) -> None:
    pick(form.task, Task.CLASSIFICATION.value)
    assert not form.question.isHidden()
    assert [m.name for m, _n in form._numbers] == ["Good", "Poor"]
    form._numbers[1][1].setValue(0)
    card = form.card()
    assert (card.question_id, card.task) == ("quality", Task.CLASSIFICATION)
    assert [(c.index, c.answer) for c in card.classes] == [(0, "poor")]


def test_a_detector_says_how_its_boxes_come(form: ModelCardForm) -> None:
    pick(form.task, Task.DETECTION.value)
    form.form.setCurrentIndex(form.form.findData("boxes"))
    assert form.card().output == "boxes"
