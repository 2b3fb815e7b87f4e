"""Thumbnails are small pictures of the right brightness, and come in without blocking."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtGui import QImage

from desktop.domain.errors import FileProblem
from desktop.domain.study import FrameRef, Window
from desktop.gui.reading.series_strip import SeriesCard, picture_of
from desktop.gui.window.main_window import MainWindow
from desktop.imaging.frame import Frame

REF = FrameRef(instance_id="i")


def frame(pixels: np.ndarray, **more: Any) -> Frame:
    return Frame(ref=REF, pixels=pixels, pixels_sha256="", **more)


def grey(image: QImage) -> list[int]:
    return [image.pixelColor(x, 0).red() for x in range(image.width())]


def test_a_window_of_the_file_is_used() -> None:
    pixels = np.array([[-1000, -100, 0, 100, 1000]], dtype=np.int16)
    image = picture_of(frame(pixels, windows=(Window(center=0, width=200),)), 64)
    assert grey(image) == [0, 0, 127, 255, 255]


def test_slope_and_intercept_come_before_the_window() -> None:
    pixels = np.array([[0, 1, 2]], dtype=np.uint16)
    made = frame(pixels, slope=100.0, intercept=-100.0, windows=(Window(center=0, width=200),))
    assert grey(picture_of(made, 64)) == [0, 127, 255]


def test_inverted_images_are_shown_inverted() -> None:
    pixels = np.array([[0, 100]], dtype=np.uint8)
    window = (Window(center=50, width=100),)
    assert grey(picture_of(frame(pixels, inverted=True, windows=window), 64)) == [255, 0]


def test_without_a_window_the_images_own_range_counts() -> None:
    pixels = np.linspace(500, 900, 400, dtype=np.uint16).reshape(20, 20)
    shown = picture_of(frame(pixels), 64)
    values = [shown.pixelColor(x, y).red() for x in range(20) for y in range(20)]
    assert min(values) == 0 and max(values) == 255


def test_a_flat_image_is_no_trouble() -> None:
    assert picture_of(frame(np.full((4, 4), 7, dtype=np.uint8)), 64).width() == 4


def test_colour_stays_colour_and_small() -> None:
    pixels = np.zeros((300, 500, 3), dtype=np.uint8)
    pixels[..., 0] = 200
    image = picture_of(frame(pixels), 128)
    assert max(image.width(), image.height()) <= 128
    assert image.pixelColor(0, 0).getRgb()[:3] == (200, 0, 0)


def test_each_series_gets_a_picture_from_its_middle(
    reading_window: MainWindow, room: Any, qtbot: Any
) -> None:
    cards = reading_window.reading_page.strip.findChildren(SeriesCard)
    qtbot.waitUntil(lambda: all(card._picture is not None for card in cards))
    assert room.frame_refs("series0-0")[3] in room.frames.asked


def test_a_series_that_cannot_be_shown_says_why(
    window: MainWindow, room: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from desktop.gui.goto import open_case

    problem = FileProblem("The image file is not where it was.")
    monkeypatch.setattr(room.frames, "request", lambda _ref, on_ready: on_ready(problem))
    window.shell.reading.open(room)
    open_case(window.shell.reading, "case0")
    cards = window.reading_page.strip.findChildren(SeriesCard)
    qtbot.waitUntil(lambda: all("not where it was" in card.toolTip() for card in cards))


def test_a_click_shows_the_series(reading_window: MainWindow) -> None:
    cards = reading_window.reading_page.strip.findChildren(SeriesCard)
    cards[1].click()
    assert reading_window.shell.reading.view.series_id == "series0-1"
    assert [card.isChecked() for card in cards] == [False, True]
