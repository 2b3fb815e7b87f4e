"""The icons: one grid, one line weight, sharp at every scale, in the theme's colour."""

from __future__ import annotations

import re

import pytest
from PySide6.QtGui import QAction, QColor, QIcon
from PySide6.QtWidgets import QApplication

from desktop.gui.actions import ACTS
from desktop.gui.widgets import icons, theme
from desktop.workspace.places import resources_dir

DRAWINGS = sorted((resources_dir() / "icons").glob("*.svg"))


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda p: p.stem)
def test_each_drawing_is_on_the_grid(path) -> None:
    text = path.read_text(encoding="utf-8")
    assert 'viewBox="0 0 20 20"' in text
    assert 'stroke-width="1.5"' in text.split(">")[0]
    assert set(re.findall(r"#[0-9A-Fa-f]+", text)) == {"#000"}
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda p: p.stem)
def test_each_drawing_draws_something_inside_its_box(path, qapp: QApplication) -> None:
    image = icons.pixmap(path.stem, "#FF0000", 40).toImage()
    inked = [
        (x, y)
        for x in range(image.width())
        for y in range(image.height())
        if image.pixelColor(x, y).alpha() > 128
    ]
    assert inked
    # nothing touches the outermost half pixel of the grid: it would look cut
    assert all(1 <= x < 39 and 1 <= y < 39 for x, y in inked)
    red = [image.pixelColor(x, y) for x, y in inked]
    assert all(c.red() > 200 and c.green() < 60 and c.blue() < 60 for c in red)


def test_every_act_has_an_icon_that_exists() -> None:
    known = {p.stem for p in DRAWINGS}
    assert {act.icon for act in ACTS if act.icon} <= known


def test_an_unknown_icon_is_a_bug_and_not_a_blank(qapp: QApplication) -> None:
    with pytest.raises(FileNotFoundError, match="no-such-icon"):
        icons.pixmap("no-such-icon", "#FFFFFF")


def test_a_pixmap_has_the_pixels_of_its_screen(qapp: QApplication) -> None:
    made = icons.pixmap("box", "#FFFFFF", 20, 2.0)
    assert (made.width(), made.devicePixelRatio()) == (40, 2.0)


def test_bound_icons_follow_the_theme(qapp: QApplication) -> None:
    theme.apply(qapp, "dark")
    action = QAction()
    icons.bind(action, "box")
    assert _ink(action.icon()) == QColor(theme.DARK.text)
    theme.apply(qapp, "light")
    icons.retint()
    assert _ink(action.icon()) == QColor(theme.LIGHT.text)
    theme.apply(qapp, "dark")


def test_a_checked_icon_wears_the_accent(qapp: QApplication) -> None:
    theme.apply(qapp, "dark")
    made = icons.icon("box")
    assert _ink(made, QIcon.State.On) == QColor(theme.DARK.accent)


def _ink(made: QIcon, state: QIcon.State = QIcon.State.Off) -> QColor:
    """The colour of the most opaque pixel."""
    image = made.pixmap(20, QIcon.Mode.Normal, state).toImage()
    every = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    return QColor(max(every, key=lambda c: c.alpha()).name())
