"""A model's card in fields: what is saved is what the fields say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from desktop.domain.errors import UserError
from desktop.domain.model_card import (
    Fit,
    Layout,
    ModelCard,
    ModelClass,
    ModelInput,
    Pool,
    Task,
    Values,
)
from desktop.domain.study import Window
from desktop.gui.suggestions.model_card_form import ModelCardForm
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
    faults: list[UserError] = []
    shown = ModelCardForm(made.ws, card, saved.append, lambda: None, faults.append)
    shown.faults = faults  # type: ignore[attr-defined]
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


def test_the_whole_contract_is_set_on_screen(form: ModelCardForm) -> None:
    assert form.input.isHidden()
    form.more.click()
    assert form.input.isVisible()
    given = form.input
    assert given.overlap.isHidden() and given.greys_centre.isHidden()
    given.axes.setCurrentIndex(given.axes.findData(Layout.NCDHW))
    given.greys.setCurrentIndex(1)
    given.columns.setValue(96)
    given.rows.setValue(64)
    given.slices.setValue(16)
    given.overlap.setValue(50)
    given.greys_centre.setValue(-600)
    given.greys_width.setValue(1500)
    given.mean.setText("0.5")
    given.std.setText("0.25")
    given.least.setValue(20)
    given.limit.setValue(60)
    assert given.overlap.isVisible() and given.greys_centre.isVisible() and given.fit.isHidden()
    card = form.card()
    assert card.input == ModelInput(
        layout=Layout.NCDHW, rows=64, columns=96, slices=16, overlap=0.5,
        window=Window(center=-600, width=1500), mean=(0.5,), std=(0.25,),
    )  # fmt: skip
    assert (card.min_area_px, card.limit_s, card.pool) == (20, 60.0, Pool.MEAN)
    pick(form.values, Values.MODALITY.value)
    assert given.greys.isHidden() and given.greys_centre.isHidden()
    given.axes.setCurrentIndex(0)
    given.fit.setCurrentIndex(given.fit.findData(Fit.TILE))
    assert given.overlap.isVisible() and form.card().input.fit is Fit.TILE


def test_what_is_no_number_is_told_and_nothing_is_saved(form: ModelCardForm) -> None:
    form.input.mean.setText("a half")
    form._save()
    assert form.saved == []  # type: ignore[attr-defined]
    (fault,) = form.faults  # type: ignore[attr-defined]
    assert "Mean has to be numbers" in fault.title


def test_an_unchanged_form_leaves_the_card_as_it_was(form: ModelCardForm) -> None:
    assert form.card() == form._card
