"""The look holds its promises: contrast computed from the tokens, no literal colours elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtGui import QFont, QFontInfo, QPalette
from PySide6.QtWidgets import QApplication

from desktop.gui.widgets import theme
from desktop.gui.widgets.theme import DARK, LIGHT, THEMES, Theme, contrast
from desktop.workspace.places import resources_dir

GROUNDS = ("window", "surface", "raised", "field")
BOTH = pytest.mark.parametrize("look", [DARK, LIGHT], ids=lambda t: t.name)


def test_contrast_of_black_on_white_is_21() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert contrast("#FFFFFF", "#FFFFFF") == pytest.approx(1.0)
    # WCAG's own example of a grey that just passes on white
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)


@BOTH
@pytest.mark.parametrize("ground", [*GROUNDS, "chosen", "hover"])
@pytest.mark.parametrize("ink", ["text", "muted"])
def test_text_is_readable(look: Theme, ground: str, ink: str) -> None:
    assert contrast(getattr(look, ink), getattr(look, ground)) >= 4.5


@BOTH
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("ink", ["accent", "ok", "warn", "danger"])
def test_coloured_text_is_readable(look: Theme, ground: str, ink: str) -> None:
    assert contrast(getattr(look, ink), getattr(look, ground)) >= 4.5


@BOTH
def test_text_on_coloured_grounds_is_readable(look: Theme) -> None:
    assert contrast(look.on_accent, look.accent) >= 4.5
    assert contrast(look.on_accent, look.accent_hover) >= 4.5
    assert contrast(look.on_danger, look.danger) >= 4.5


@BOTH
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("ink", ["accent", "edge", "muted"])
def test_icons_focus_rings_and_fields_stand_out(look: Theme, ground: str, ink: str) -> None:
    assert contrast(getattr(look, ink), getattr(look, ground)) >= 3.0


@BOTH
def test_the_style_sheet_takes_every_colour_from_the_tokens(look: Theme) -> None:
    source = (resources_dir() / "styles" / "room.qss").read_text(encoding="utf-8")
    assert not re.search(r"#[0-9A-Fa-f]{3,8}\b", source)
    assert "$" not in theme.stylesheet(look)


@BOTH
def test_the_drawings_of_the_style_sheet_wear_the_tokens(look: Theme) -> None:
    folder = resources_dir() / "styles"
    for name, token in (("check", "on_accent"), ("dot", "on_accent"), ("down", "muted")):
        drawing = (folder / f"{look.name}-{name}.svg").read_text(encoding="utf-8")
        assert getattr(look, token) in drawing


@BOTH
def test_the_style_sheet_names_only_files_that_exist(look: Theme) -> None:
    folder = resources_dir() / "styles"
    named = re.findall(r"url\(styles:([^)]+)\)", theme.stylesheet(look))
    assert named
    assert [n for n in named if not (folder / n).is_file()] == []


def test_applying_a_theme_dresses_the_application(qapp: QApplication) -> None:
    for name, look in THEMES.items():
        theme.apply(qapp, name)
        shown = qapp.palette().color(QPalette.ColorRole.Window).name().upper()
        assert shown == look.window
        assert theme.current() is look


def test_the_base_font_is_13_pixels_with_digits_of_one_width(qapp: QApplication) -> None:
    theme.apply(qapp, "dark")
    made = theme.font()
    assert made.pixelSize() == 13
    assert QFontInfo(made).pixelSize() == 13
    assert made.featureValue(QFont.Tag("tnum")) == 1


def test_gui_code_holds_no_colour_of_its_own() -> None:
    gui = Path(theme.__file__).parent
    # the canvas paints on black images and has its own, fixed colours
    guilty = [
        path.name
        for path in gui.glob("*.py")
        if path.name != "theme.py"
        and not path.name.startswith("canvas")
        and re.search(r"\"#[0-9A-Fa-f]{6}\"", path.read_text(encoding="utf-8"))
    ]
    assert guilty == []
