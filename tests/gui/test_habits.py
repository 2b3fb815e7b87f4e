"""Habits of the whole window: each button explained, each thing named, all of it by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)

from desktop.domain.task import Reader, Role
from desktop.gui.reading.series_strip import SeriesCard
from desktop.gui.widgets.choice_row import PickRow
from desktop.gui.widgets.furniture import ElidedLabel
from desktop.gui.window.main_window import MainWindow
from tests.workspace.made_lessons import Lessons

PAGES = (
    "start",
    "new",
    "passphrase",
    "read",
    "worklist",
    "exchange",
    "import",
    "check",
    "settings",
    "schema",
    "learning",
    "splits",
    "teaching",
)


@pytest.fixture(params=PAGES)
def page(
    reading_window: MainWindow,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[QWidget]:
    if request.param in ("learning", "splits", "teaching"):
        monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "readinghome"))
        lessons = Lessons(tmp_path / "lessons", count=8)
        lessons.ws.learning.run_round(lessons.topic)
        reading_window.shell.reading.open(lessons.ws)
    if request.param in ("start", "new", "passphrase"):
        reading_window.shell.reading.open(None)
    if request.param == "schema":
        room = reading_window.shell.reading.workspace
        assert room is not None
        room.reader = Reader(id=room.reader.id, role=Role.LEAD)
    reading_window.show_page(request.param)
    yield reading_window._pages[request.param]
    if request.param in ("learning", "splits", "teaching"):
        reading_window.shell.reading.open(None)


def test_every_button_has_a_tooltip(page: QWidget) -> None:
    silent = [
        f"{type(b).__name__} {b.text()!r} {b.accessibleName()!r}"
        for b in page.findChildren(QAbstractButton)
        if not b.toolTip() and not isinstance(b, PickRow) and b.isVisible()
        if not isinstance(b.parent(), QLineEdit) and not b.objectName().startswith("qt_")
        if not _says_itself(b)
    ]
    assert silent == []


def test_every_field_and_list_has_a_name_for_screen_readers(page: QWidget) -> None:
    kinds = (QLineEdit, QPlainTextEdit, QAbstractSpinBox, QAbstractItemView)
    unnamed = [
        f"{type(w).__name__} {w.objectName()!r}"
        for kind in kinds
        for w in page.findChildren(kind)
        if not w.accessibleName() and not w.objectName().startswith("qt_")
        if not isinstance(w.parent(), QAbstractSpinBox) and type(w).__name__ != "QHeaderView"
        if w.window() is page.window() and w.isVisible()
    ]
    assert unnamed == []


def test_every_button_can_be_reached_by_keyboard(page: QWidget) -> None:
    unreachable = [
        f"{type(b).__name__} {b.text()!r}"
        for b in page.findChildren(QAbstractButton)
        # rows and steps are answered by digits while their question has the focus
        if not isinstance(b, PickRow) and b.property("role") != "step" and b.isVisible()
        if not b.focusPolicy() & Qt.FocusPolicy.TabFocus
        if not b.objectName().startswith("qt_") and not isinstance(b.parent(), QLineEdit)
    ]
    assert unreachable == []


def test_no_text_is_cut(page: QWidget) -> None:
    cut = [
        f"{label.text()!r} has {label.width()} of {label.sizeHint().width()} px"
        for label in page.findChildren(QLabel)
        if label.isVisible() and not label.wordWrap() and not isinstance(label, ElidedLabel)
        if label.text() and label.width() + 1 < label.sizeHint().width()
    ]
    assert cut == []


def test_series_cards_tell_the_whole_text(reading_window: MainWindow) -> None:
    cards = reading_window.reading_page.strip.findChildren(SeriesCard)
    assert len(cards) == 2
    assert "Image 14 is missing between 13 and 15." in cards[1].toolTip()


def _says_itself(button: QAbstractButton) -> bool:
    """Ticks stand beside their whole sentence."""
    return type(button).__name__ == "QCheckBox"
