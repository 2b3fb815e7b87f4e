"""A plot on a page: values on hover, keys on click, all of it by keyboard, saved as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtTest import QTest

from desktop.exchange.plot_marks import STRONGEST
from desktop.gui.widgets import theme
from desktop.gui.widgets.plot import Axis, Datum, Line, Plot, PlotView, heat_map

KEYS = ("a", "b", "c")
CURVE = Plot(
    Axis("labels"),
    Axis("accuracy", percent=True, low=0, high=1),
    (Line(tuple(Datum(key, i, 0.2 + 0.3 * i) for i, key in enumerate(KEYS)), "margin"),),
    "Curve",
)


@pytest.fixture
def view(qtbot: Any, look: None) -> PlotView:
    made = PlotView("Curve")
    qtbot.addWidget(made)
    made.resize(400, 260)
    made.show_plot(CURVE)
    made.show()
    qtbot.waitExposed(made)
    return made


def test_pointing_says_values_and_a_click_hands_back_the_key(view: PlotView) -> None:
    heard: list[object] = []
    view.clicked.connect(heard.append)
    spot = view.place_of("b").toPoint()
    QTest.mouseMove(view, spot)
    assert view.words() == "margin\nlabels 1\naccuracy 50 %"
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=spot)
    assert heard == ["b"]
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(3, 3))
    assert heard == ["b"], "nothing lies there"


def test_arrows_move_between_data_and_enter_chooses(view: PlotView) -> None:
    heard: list[object] = []
    view.clicked.connect(heard.append)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Return, Qt.Key.Key_End):
        QTest.keyClick(view, key)
    assert heard == ["b"]
    assert view.current() == "c"
    assert view.accessibleDescription().endswith("accuracy 80 %")
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.current() is None


def test_arrows_walk_through_a_table(view: PlotView) -> None:
    view.show_plot(heat_map([[0.1, 0.2, 0.3]] * 3, "ABC", "ABC"))
    for key in (Qt.Key.Key_Home, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Down):
        QTest.keyClick(view, key)
    assert view.current() == (2, 1)
    QTest.keyClick(view, Qt.Key.Key_Left)
    QTest.keyClick(view, Qt.Key.Key_Up)
    assert view.current() == (1, 0)


def test_the_datum_pointed_at_stays_while_numbers_change(view: PlotView) -> None:
    QTest.keyClick(view, Qt.Key.Key_End)
    view.show_plot(Plot(CURVE.x, CURVE.y, (Line((Datum("c", 0, 0.9), Datum("d", 1, 0.1))),)))
    assert view.current() == "c"
    view.show_plot(Plot(CURVE.x, CURVE.y, ()))
    assert view.current() is None


def test_a_plot_is_saved_for_paper(view: PlotView, tmp_path: Path) -> None:
    for kind in ("svg", "png", "csv"):
        view.save(tmp_path / f"curve.{kind}")
    image = QImage(str(tmp_path / "curve.png"))
    assert image.width() == 960
    assert image.pixelColor(2, 2).lightness() == 255, "on white, whatever the theme"
    assert ElementTree.parse(tmp_path / "curve.svg").getroot().tag.endswith("svg")
    assert QSvgRenderer(str(tmp_path / "curve.svg")).isValid()
    assert "margin,2.0,0.8" in (tmp_path / "curve.csv").read_text()


@pytest.mark.parametrize("look_name", ["dark", "light"])
def test_text_stays_readable_on_a_full_cell(look_name: str) -> None:
    look = theme.THEMES[look_name]
    for ink in ("accent", "danger", "ok"):
        ground = _mixed(look.window, getattr(look, ink), STRONGEST)
        assert theme.contrast(look.text, ground) >= 4.5, ink


def _mixed(under: str, over: str, share: float) -> str:
    parts = [
        round(int(under[i : i + 2], 16) * (1 - share) + int(over[i : i + 2], 16) * share)
        for i in (1, 3, 5)
    ]
    return "#" + "".join(f"{p:02X}" for p in parts)
