"""The pages Models and Help: every button explained, every field named, no text cut."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from desktop.domain.help_study import Arm
from desktop.domain.model_run import TextBox
from desktop.domain.task import Role
from desktop.gui.shell import Notice
from desktop.gui.suggestions.help_board import changes_plot
from desktop.gui.widgets.furniture import ElidedLabel, EmptyState
from desktop.gui.window.main_window import MainWindow
from tests.workspace.made_ct import add_samples, ct_project
from tools.make_models import decoder, encoder


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Any]:
    made = ct_project(tmp_path)
    yield made
    made.close()


@pytest.fixture
def opened(window: MainWindow, room: Any) -> Iterator[MainWindow]:
    window.shell.reading.open(room)
    yield window
    window.shell.reading.workspace = None  # the project closes itself


def page(window: MainWindow, name: str) -> Any:
    window.actions_[f"page.{name}"].trigger()
    assert window.page == name
    return window._pages[name]


def check_habits(shown: QWidget) -> None:
    inner = (QLineEdit, QAbstractSpinBox)
    for button in shown.findChildren(QAbstractButton):
        own = not isinstance(button.parent(), inner) and button.isVisible()
        if own and not button.objectName().startswith("qt_"):
            assert button.toolTip(), button.text()
            assert button.focusPolicy() & Qt.FocusPolicy.TabFocus, button.text()
    for kind in (QAbstractSpinBox, QComboBox, QLineEdit):
        for field in shown.findChildren(kind):
            own = not isinstance(field.parent(), QAbstractSpinBox)
            if own and field.isVisible() and not field.objectName().startswith("qt_"):
                assert field.accessibleName(), field
    for text in shown.findChildren(QLabel):
        plain = not text.wordWrap() and not isinstance(text, ElidedLabel)
        if text.isVisible() and plain and text.text():
            assert text.width() + 1 >= text.sizeHint().width(), text.text()


def press(shown: QWidget, words: str) -> None:
    found = [b for b in shown.findChildren(QPushButton) if b.text().strip() == words]
    QTest.mouseClick(next(b for b in found if not b.isHidden()), Qt.MouseButton.LeftButton)


def test_an_empty_shelf_says_what_would_fill_it(opened: MainWindow) -> None:
    shown = page(opened, "models")
    assert shown.findChildren(EmptyState)
    check_habits(shown)


def test_models_are_listed_tried_edited_and_removed(
    opened: MainWindow, room: Any, tmp_path: Path, notices: list[Notice]
) -> None:
    known = add_samples(room.models, tmp_path / "made")
    shown = page(opened, "models")
    texts = " ".join(text.text() for text in shown.findChildren(QLabel))
    for words in ("Bright lesion segmenter", "Licence: Apache-2.0", "Family: SAM", "one call may"):
        assert words.lower() in texts.lower()
    opened.resize(1024, 640)
    check_habits(shown)
    opened._window_acts.open_case(room.cases()[0].case.id)
    shown = page(opened, "models")
    press(shown, "Try on the open case")
    assert notices[-1].title.startswith("Preview of Bright lesion")
    assert "Nothing was kept" in notices[-1].detail
    shown = page(opened, "models")
    press(shown, "Edit card")
    check_habits(shown)
    shown.form.licence.setText("MIT")
    press(shown, "Save card")
    assert "MIT" in {s.card.licence for s in room.models.shelf()}
    shown._remove(room.models.get(known["click-encoder"]).card)
    assert len(room.models.shelf()) == 2
    shown.add_file(tmp_path / "missing.onnx")
    assert "can't be read" in notices[-1].title


def test_one_of_several_outlines_with_the_prompt_tool(
    opened: MainWindow, room: Any, tmp_path: Path
) -> None:
    for number, family in enumerate(("SAM", "EfficientSAM")):
        pair = [
            make(tmp_path / f"{number}{name}.onnx", family)
            for name, make in (("a", encoder), ("b", decoder))
        ]
        room.models.add(pair[1], None, pair[0])
    shown = page(opened, "models")
    assert room.models.prompted().card.family == "SAM"
    press(shown, "Use with A")
    assert room.models.prompted().card.family == "EfficientSAM"
    check_habits(shown)
    press(shown, "Use with A")
    assert room.models.prompted().card.family == "SAM"


def test_shares_are_set_when_they_add_up(opened: MainWindow, room: Any) -> None:
    arms = page(opened, "models").arms
    arms.shares[Arm.NONE].setValue(20)
    assert not arms.go.isEnabled() and "120 %" in arms.total.text()
    arms.shares[Arm.FIRST].setValue(80)
    QTest.mouseClick(arms.go, Qt.MouseButton.LeftButton)
    assert room.help.plan.shares == (20, 0, 80)


def test_the_board_says_what_is_missing(opened: MainWindow, room: Any, tmp_path: Path) -> None:
    board = page(opened, "help-board")
    assert board.findChildren(EmptyState)
    known = add_samples(room.models, tmp_path / "made")
    room.models.runs.run(known["bright-lesion-segmenter"])
    board.measure()
    check_habits(board)
    assert "Not enough data" in board.report.saved.words
    assert changes_plot(board.report.by_source).layers == ()


def test_readers_see_neither_page(opened: MainWindow, room: Any, notices: list[Notice]) -> None:
    room.accounts.add_reader(room.reader, "Rex", Role.READER)
    room.sign_in("Rex")
    for name in ("models", "help-board"):
        opened.show_page(name)
        assert opened.page != name and notices[-1].title == "This page is not yours"


def test_text_in_pixels_is_looked_for_and_leads_to_its_cases(
    opened: MainWindow, room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = room.pixel_text
    monkeypatch.setattr(text, "why_not", lambda: "It is not installed.")
    shown = page(opened, "models")
    assert not shown.text.look.isEnabled() and shown.text.look.toolTip() == "It is not installed."
    assert shown.text.why.isVisible()
    box = TextBox(x0=1, y0=2, x1=30, y1=12, score=0.9, characters=8)
    monkeypatch.setattr(text, "why_not", lambda: "")
    monkeypatch.setattr(text, "fingerprint", lambda: "ab" * 32)
    monkeypatch.setattr(text, "read", lambda pixels: (box,) if pixels.max() > 200 else ())
    shown.text.refresh()
    check_habits(shown)
    press(shown.text, "Look for text in pixels")
    sentence = "Text was found in the pixels of 2 images."
    assert shown.text.notice.sentence.text() == sentence
    out = page(opened, "exchange")
    assert out.text.sentence.text() == f"{sentence} Look at them before this leaves."
    out.only_done.setChecked(True)
    assert out.text.isHidden()
    out.only_done.setChecked(False)
    assert out.text.isVisible()
    (found,) = text.found()
    press(out.text, found.title)
    assert opened.page == "read" and opened.shell.reading.view.case_id == found.case_id
