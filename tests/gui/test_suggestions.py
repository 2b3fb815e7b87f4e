"""Suggestions in the reading page: by key, by button, never a label by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop.commands.annotation import ReshapeAnnotation
from desktop.commands.proposal import OfferProposals
from desktop.domain.annotation import Label, Origin, Provenance, Target
from desktop.domain.geometry import Box
from desktop.domain.proposal import Proposal
from desktop.domain.schema import Scope
from desktop.domain.task import AssignmentState
from desktop.gui.canvas.canvas_suggestions import outline
from desktop.gui.goto import open_case
from desktop.gui.shell import Notice
from desktop.gui.window.main_window import MainWindow
from tests.workspace.made import SCHEMA, MadeProject

Key = Qt.Key


@pytest.fixture
def made(tmp_path: Path) -> Iterator[MadeProject]:
    project = MadeProject(tmp_path, cases=2)
    yield project
    project.close()


@pytest.fixture
def reading(window: MainWindow, made: MadeProject) -> Iterator[MainWindow]:
    """Two regions (0.9 on image 1, 0.6 on image 3) and an answer (0.3) are suggested."""
    box = Proposal(
        id="sure", case_id=made.cases[0], run_id="run", schema_id=SCHEMA.id,
        target=Target(scope=Scope.REGION, series_id="series-0", frame=made.frames[0]),
        label=Label(class_id=1), geometry=Box(x0=2.0, y0=2.0, x1=8.0, y1=9.0), score=0.9,
        provenance=Provenance(tool="Finder"),
    )  # fmt: skip
    later = replace(box, id="less", score=0.6, target=replace(box.target, frame=made.frames[2]))
    answer = replace(
        box, id="answer", label=None, geometry=None, target=Target(scope=Scope.STUDY),
        question_id="quality", value="poor", score=0.3, origin=Origin.RULE,
    )  # fmt: skip
    made.ws.run(OfferProposals(proposals=(box, later, answer)))
    window.shell.reading.open(made.ws)
    open_case(window.shell.reading, made.cases[0])
    window.show_page("read")
    window.reading_page.panel.show_tab("Help")
    yield window
    window.shell.reading.workspace = None  # the project closes itself


def press(window: MainWindow, key: Qt.Key, *, shift: bool = False, ctrl: bool = False) -> None:
    held = Qt.KeyboardModifier.NoModifier
    held |= Qt.KeyboardModifier.ShiftModifier if shift else held
    held |= Qt.KeyboardModifier.ControlModifier if ctrl else held
    canvas = window.reading_page.canvas
    canvas.setFocus()
    QTest.keyClick(canvas, key, held)


def said(window: MainWindow) -> list[str]:
    model = window.reading_page.panel.suggestions.model
    return [f"{line.name} {line.score}" for line in model.lines]


def test_the_list_says_what_how_sure_where_and_by_whom(reading: MainWindow) -> None:
    assert said(reading) == [
        "1 Nodule 0.90 high", "1 Nodule 0.60 middle", "Image quality Poor 0.30 low"
    ]  # fmt: skip
    lines = reading.reading_page.panel.suggestions.model.lines
    assert [line.facts for line in lines] == [
        "image 1 · Finder", "image 3 · Finder", "this case · Finder"
    ]  # fmt: skip


def test_keys_choose_jump_accept_and_reject(reading: MainWindow, made: MadeProject) -> None:
    view = reading.shell.reading
    assert not reading.actions_["suggest.accept"].isEnabled()
    press(reading, Key.Key_Return)
    assert made.ws.annotations(made.cases[0]) == []  # nothing is chosen, nothing is accepted
    press(reading, Key.Key_S)
    press(reading, Key.Key_S)
    assert (view.view.suggestion, view.view.index) == ("less", 2)
    press(reading, Key.Key_S, shift=True)
    assert (view.view.suggestion, view.view.index) == ("sure", 0)
    press(reading, Key.Key_Return)
    (region,) = made.ws.annotations(made.cases[0])
    assert region.origin is Origin.MODEL and view.view.suggestion == "less"
    press(reading, Key.Key_Backspace)
    assert len(made.ws.annotations(made.cases[0])) == 1
    press(reading, Key.Key_Return)
    assert [a.value for a in made.ws.answers(made.cases[0])] == ["poor"]
    assert said(reading) == [] and view.view.suggestion == ""
    assert reading.reading_page.panel.suggestions.decided.text() == "3 decided"


def test_esc_lets_go_of_the_suggestion(reading: MainWindow) -> None:
    press(reading, Key.Key_S)
    press(reading, Key.Key_Escape)
    assert reading.shell.reading.view.suggestion == "" and len(said(reading)) == 3


def test_an_edited_one_says_so_for_ever(reading: MainWindow, made: MadeProject) -> None:
    press(reading, Key.Key_S)
    press(reading, Key.Key_Return, shift=True)
    view = reading.shell.reading.view
    (region,) = made.ws.annotations(made.cases[0])
    assert view.selection == (region.id,) and view.tool == "select"
    moved = region.geometry.shifted(1, 1)  # type: ignore[union-attr]
    made.ws.run(ReshapeAnnotation(case_id=region.case_id, annotation_id=region.id, geometry=moved))
    assert made.ws.annotations(made.cases[0])[0].origin is Origin.MODEL_EDITED


def test_the_slider_leaves_out_and_accepts_all_above(
    reading: MainWindow, made: MadeProject
) -> None:
    panel = reading.reading_page.panel.suggestions
    assert panel.all.text() == "Accept all 3"
    panel.slider.setValue(50)
    assert len(said(reading)) == 2 and panel.all.text() == "Accept all 2 from 0.50"
    reading.shell.reading.replace(least_score=0.7)
    assert panel.least.text() == "0.70" and panel.slider.value() == 70
    panel.slider.setValue(50)
    press(reading, Key.Key_A, shift=True, ctrl=True)
    assert len(made.ws.annotations(made.cases[0])) == 2 and made.ws.answers(made.cases[0]) == []
    panel.slider.setValue(0)
    assert said(reading) == ["Image quality Poor 0.30 low"]
    made.ws.undo(made.cases[0])
    assert len(said(reading)) == 3


def test_the_list_works_by_keyboard_alone(reading: MainWindow, made: MadeProject) -> None:
    view = reading.reading_page.panel.suggestions.list
    view.setFocus()
    QTest.keyClick(view, Key.Key_Down)
    QTest.keyClick(view, Key.Key_Return)
    assert len(made.ws.annotations(made.cases[0])) == 1
    QTest.keyClick(view, Key.Key_Backspace)
    assert len(said(reading)) == 1


def test_a_blind_answer_comes_first(
    reading: MainWindow, made: MadeProject, notices: list[Notice]
) -> None:
    made.ws.help.set_plan(0, 100, 0)
    panel, strip = reading.reading_page.panel.suggestions, reading.bottom.help
    assert said(reading) == [] and panel.lock.isVisible()
    assert "Answer first" in panel.words.text() and "Ctrl+L" in strip.text.text()
    press(reading, Key.Key_R)
    assert "before suggestions" in notices[-1].title
    press(reading, Key.Key_L, ctrl=True)
    assert "no answer to lock" in notices[-1].title
    press(reading, Key.Key_0)
    press(reading, Key.Key_L, ctrl=True)
    assert made.ws.help.standing(made.cases[0]).is_locked
    assert strip.text.text() == "Blind answer locked" and len(said(reading)) == 3
    press(reading, Key.Key_R)
    assert reading.shell.reading.view.suggestion == "sure"


def test_done_waits_once_for_the_lock(
    reading: MainWindow, made: MadeProject, notices: list[Notice]
) -> None:
    made.ws.help.set_plan(0, 100, 0)
    press(reading, Key.Key_0)
    press(reading, Key.Key_Return, ctrl=True)
    assert notices[-1].title == "Your blind answer is not locked"
    assert made.ws.assignment(made.cases[0]).state is AssignmentState.OPEN
    press(reading, Key.Key_Return, ctrl=True)
    assert made.ws.assignment(made.cases[0]).state is AssignmentState.DONE


def test_without_help_nothing_is_shown(reading: MainWindow, made: MadeProject) -> None:
    made.ws.help.set_plan(100, 0, 0)
    panel = reading.reading_page.panel.suggestions
    assert said(reading) == [] and not panel.lock.isVisible()
    assert panel.words.text() == "This case is read without help."
    assert reading.bottom.help.text.text() == "No help on this case"


def test_a_masks_outline_surrounds_its_pixels() -> None:
    mask = np.zeros((20, 30), bool)
    mask[4:10, 5:15] = True
    mask[6:8, 8:10] = False
    path = outline(mask)
    bounds: Any = path.boundingRect()
    assert (bounds.left(), bounds.top(), bounds.right(), bounds.bottom()) == (5.5, 4.5, 14.5, 9.5)
    assert path.elementCount() > 8
