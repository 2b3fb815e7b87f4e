"""Outlines by clicks in the real window, with real ONNX files of every known contract: inside,
outside, a box, the mask before; a preview until Enter, and only then a label."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from desktop.domain.annotation import Origin
from desktop.gui import app
from desktop.gui import simulated_hands as hands
from desktop.gui.widgets import theme
from desktop.gui.window.main_window import MainWindow
from desktop.workspace.settings import Settings
from tests.workspace.made_ct import SPOT, ct_project
from tools.make_models import decoder, encoder

Key = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier
FAMILIES = ("SAM", "SAM 2", "EfficientSAM")
OUTSIDE = (20.0, 80.0)


@pytest.fixture
def window(tmp_path: Path, qapp: QApplication, qtbot: Any) -> Iterator[MainWindow]:
    """The window on the second image of a CT, where the spot is; nothing is on the shelf."""
    project = ct_project(tmp_path, (True,))
    path = project.path
    project.close()
    settings = Settings(tmp_path / "window.json")
    settings.set("reader_name", "Ada")
    theme.apply(qapp, "dark")
    shown = app.make_window(settings)
    qtbot.addWidget(shown)
    shown.resize(1440, 900)
    shown.show()
    qtbot.waitActive(shown)
    shown.projects.open(path, "Ada")
    hands.wait_for(lambda: shown.shell.reading.workspace is not None, "the project opens")
    hands.wait_for(lambda: shown.reading_page.canvas is not None, "the canvas comes in")
    yield shown
    shown.shell.reading.open(None)


class Desk:
    """What a reader's hands do, and what the model was asked."""

    def __init__(self, window: MainWindow) -> None:
        self.window: Any = window
        self.room: Any = window.shell.reading.workspace
        self.canvas: Any = window.reading_page.canvas
        self.case_id = self.room.cases()[0].case.id
        self.asked: list[Any] = []
        self.hints: list[str] = []
        self.canvas.hint.connect(self.hints.append)
        prompter = self.room.models.prompter
        ask = prompter.ask

        def listened(prompts: Any, answer: Any) -> None:
            self.asked.append(prompts)
            ask(prompts, answer)

        prompter.ask = listened

    @property
    def tool(self) -> Any:
        return self.canvas._stage.hands.tool

    @property
    def asked_of(self) -> str:
        """The hash of the model in use."""
        return str(self.room.models.prompted().card.sha256)

    def take(self, family: str, folder: Path) -> None:
        """Both files of a family through the page, in place of the one before."""
        for shelved in self.room.models.shelf():
            self.room.models.remove(shelved.card.sha256)
        self.asked.clear()
        pair = (encoder(folder / f"{family}-e.onnx", family),
                decoder(folder / f"{family}-d.onnx", family))  # fmt: skip
        self.window.show_page("models")
        self.window._pages["models"].add_file(*pair)
        hands.wait_for(lambda: bool(self.room.models.shelf()), "it is on the shelf", 60)
        hands.wait_for(lambda: not self.room.jobs.running, "the job ends", 60)

    def look_at_the_spot(self) -> None:
        self.window._window_acts.open_case(self.case_id)
        hands.wait_for(lambda: self.canvas.has_frame, "the image is shown", 60)
        self.canvas.setFocus()
        hands.press_key(self.canvas, Key.Key_Home)
        hands.press_key(self.canvas, Key.Key_Down)
        hands.wait_for(lambda: self.canvas.has_frame, "the image comes in", 60)
        hands.press_key(self.canvas, Key.Key_A)
        assert self.tool.info.name == "prompt"

    def at(self, x: float, y: float) -> tuple[float, float]:
        return self.canvas.widget_point(x, y)  # type: ignore[no-any-return]

    def click(self, x: float, y: float, *, outside: bool = False) -> None:
        held = CTRL if outside else Qt.KeyboardModifier.NoModifier
        hands.drag(self.canvas, [self.at(x, y)], modifiers=held)

    def answered(self) -> np.ndarray:
        """The mask of the preview that answers the last question."""
        hands.wait_for(
            lambda: self.tool._found is not None and self.tool._found.ticket == self.tool._ticket,
            f"the model answers: {self.hints[-1:]}", 60,
        )  # fmt: skip
        return np.asarray(self.tool._found.mask_yx, np.bool_)


def test_every_family_outlines_by_clicks_a_box_and_enter(
    window: MainWindow, tmp_path: Path
) -> None:
    desk = Desk(window)
    for family in FAMILIES:
        desk.take(family, tmp_path)
        clicks_a_box_and_enter(desk, family)
    desk.take("MedSAM-lite", tmp_path)
    a_box_only(desk)


def clicks_a_box_and_enter(desk: Desk, family: str) -> None:
    desk.look_at_the_spot()
    x, y = SPOT
    desk.click(x, y)
    mask = desk.answered()
    assert mask[int(y), int(x)] and not mask[int(OUTSIDE[1]), int(OUTSIDE[0])]
    assert desk.asked[0].labels == (1,) and desk.asked[0].before is None
    desk.click(*OUTSIDE, outside=True)
    assert desk.answered()[int(y), int(x)]
    assert desk.asked[1].labels == (1, 0)
    assert desk.asked[1].before is not None  # the mask before goes in again
    hands.drag(desk.canvas, hands.line(desk.at(x - 9, y - 9), desk.at(x + 9, y + 9)))
    assert desk.answered()[int(y), int(x)]
    assert desk.asked[2].labels == (2, 3, 1, 0)
    # all of it is a preview: nothing was stored, neither as a label nor as a suggestion
    assert desk.room.annotations(desk.case_id) == [] and desk.room.proposals(desk.case_id) == []
    hands.press_key(desk.canvas, Key.Key_Backspace)  # takes the last prompt back
    desk.answered()
    hands.press_key(desk.canvas, Key.Key_Return)
    (region,) = desk.room.annotations(desk.case_id)
    assert region.origin is Origin.MODEL
    assert region.provenance.detail["family"] == family
    assert region.provenance.detail["prompts"].count("@") == len(desk.asked[-1].labels)
    (part,) = desk.room.mask_slices(desk.case_id)
    assert desk.room.mask(part)[int(y), int(x)]
    encoded = [k for k in desk.room.models.prompter._encoded if k[0] == desk.asked_of]
    assert len(encoded) == 1  # encoded once, decoded at each prompt
    hands.press_key(desk.canvas, Key.Key_Z)
    assert desk.room.annotations(desk.case_id) == []


def a_box_only(desk: Desk) -> None:
    """It says so, and takes one."""
    desk.look_at_the_spot()
    x, y = SPOT
    desk.click(x, y)
    hands.wait_for(lambda: any("takes boxes only" in h for h in desk.hints), "it is said", 60)
    hands.drag(desk.canvas, hands.line(desk.at(x - 9, y - 9), desk.at(x + 9, y + 9)))
    assert desk.answered()[int(y), int(x)]
    hands.press_key(desk.canvas, Key.Key_Escape)
    hands.live(20)
    assert desk.room.annotations(desk.case_id) == []  # Esc keeps nothing
