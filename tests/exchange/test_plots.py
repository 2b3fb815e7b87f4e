"""Plots as data: ticks, places, hover words, SVG and CSV without a screen."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest

from desktop.exchange.plot_kinds import bland_altman, confusion, heat_map, histogram, reliability
from desktop.exchange.plot_layout import lay_out
from desktop.exchange.plot_scale import Scale, ends
from desktop.exchange.plot_shapes import Area, Stroke, Words
from desktop.exchange.plot_svg import plot_svg
from desktop.exchange.plots import Axis, Bars, Datum, Guide, Line, Plot, Points, values_csv

CURVE = Plot(
    Axis("labels", low=0, whole=True),
    Axis("accuracy", percent=True, low=0, high=1),
    (
        Line(tuple(Datum(n, n, 0.5 + n / 400, 0.4, 0.9) for n in (10, 20, 40, 80)), "margin"),
        Guide("target", y=0.9),
    ),
    "Learning curve <A & B>",
)


@pytest.mark.parametrize(
    "value, step, words",
    [
        (0.25, 0.25, "0.25"), (1.0, 0.5, "1.0"), (0.001234, None, "0.00123"), (50.0, 10.0, "50"),
        (-1.5, None, "−1.5"), (12345.0, None, "12 345"), (0.0, 0.1, "0"), (2.5, 2.5, "2.5"),
    ],
)  # fmt: skip
def test_numbers_have_the_digits_that_their_step_needs(
    value: float, step: float | None, words: str
) -> None:
    assert Axis().words(value, step) == words


def test_values_say_percent_and_units_and_what_is_undefined() -> None:
    assert Axis(percent=True).words(0.844) == "84.4 %"
    assert Axis(unit="mm").words(14.2) == "14.2 mm"
    assert Axis().words(math.nan) == "undefined"
    assert Axis(dates=True).words(0) == "1970-01-01"


def test_ticks_are_round_and_within_the_axis() -> None:
    for low, high in ((0.0, 1.0), (-3.7, 12.2), (0.0, 1e6), (17.0, 17.4)):
        ticks = Scale(Axis(), low, high, 0, 400).ticks(60)
        assert 2 <= len(ticks) <= 8
        assert all(low - 1e-9 <= value <= high + 1e-9 for value, _words in ticks)
    whole = Scale(Axis(whole=True), 0, 3, 0, 400).ticks(20)
    assert [words for _v, words in whole] == ["0", "1", "2", "3"]


def test_ends_hold_intervals_bars_and_guides() -> None:
    plot = Plot(
        Axis(), Axis(), (Bars((Datum(1, 0, 5, 4, 9), Datum(2, 1, 3))), Guide(y=12)),
    )  # fmt: skip
    low, high = ends(plot, True)
    assert low == 0
    assert high > 12
    left, right = ends(plot, False)
    assert left < -0.35
    assert right > 1.35


def test_data_keep_keys_words_and_order() -> None:
    laid = lay_out(CURVE, 500, 300)
    assert [hit.key for hit in laid.hits] == [10, 20, 40, 80]
    assert laid.hits[0].words == "margin\nlabels 10\naccuracy 52.5 % (40 % to 90 %)"
    xs = [hit.middle[0] for hit in laid.hits]
    assert xs == sorted(xs)
    assert laid.hits[3].middle[1] < laid.hits[0].middle[1], "more is higher up"
    assert any(isinstance(shape, Area) for shape in laid.shapes), "the band"


def test_a_line_is_broken_where_a_value_is_undefined() -> None:
    data = tuple(Datum(i, i, math.nan if i == 2 else i) for i in range(5))
    laid = lay_out(Plot(Axis(), Axis(), (Line(data, ink="ok"),)), 400, 300)
    assert [hit.key for hit in laid.hits] == [0, 1, 3, 4]
    strokes = [s for s in laid.shapes if isinstance(s, Stroke) and s.ink == "ok"]
    assert [len(s.points) for s in strokes] == [2, 2]


def test_every_shape_lies_on_the_sheet() -> None:
    names = tuple(f"a rather long class name, number {i}" for i in range(30))
    table = [[1] * 30 for _ in range(30)]
    for plot in (CURVE, confusion(table, names, title="x" * 300)):
        for width, height in ((640, 360), (200, 140), (1600, 900)):
            laid = lay_out(plot, width, height)
            for hit in laid.hits:
                assert -8 <= hit.x <= width
                assert -8 <= hit.y <= height
            for shape in laid.shapes:
                if isinstance(shape, Words):
                    assert 0 <= shape.x <= width + 40
                    assert 0 <= shape.y <= height + 60


def test_the_svg_is_xml_and_says_values_on_hover() -> None:
    root = ElementTree.fromstring(plot_svg(CURVE, 500, 300))
    space = "{http://www.w3.org/2000/svg}"
    titles = [t.text for t in root.iter(f"{space}title")]
    assert titles[0] == "Learning curve <A & B>"
    assert "margin\nlabels 20\naccuracy 55 % (40 % to 90 %)" in titles
    assert len(root.findall(f"{space}polyline")) > 4


def test_an_empty_plot_says_what_is_missing() -> None:
    plot = Plot(Axis(), Axis(), (Points(()),), empty="No case was read twice.")
    assert plot.is_empty
    assert "No case was read twice." in plot_svg(plot)


def test_a_histogram_counts_every_value_once() -> None:
    values = [0.0, 1.0, 1.0, 2.5, 7.0, 10.0, math.nan]
    (bars,) = histogram(values, Axis("time", "s"), bins=5).layers
    assert isinstance(bars, Bars)
    assert [datum.y for datum in bars.data] == [3, 1, 0, 1, 1]
    assert bars.data[0].key == ("bin", 0.0, 2.0)


def test_a_confusion_is_coloured_by_share_of_its_row() -> None:
    plot = confusion([[8, 2], [0, 0]], ["no", "yes"], ("Reader A", "Reader B"))
    laid = lay_out(plot, 300, 300)
    assert [hit.key for hit in laid.hits] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert laid.hits[1].words == "Reader A: no\nReader B: yes\n2 of 10 in this row"
    assert laid.hits[0].middle[1] < laid.hits[2].middle[1], "the first row is at the top"


def test_a_heat_map_leaves_undefined_cells_empty() -> None:
    plot = heat_map([[math.nan, 0.5], [0.5, math.nan]], ["A", "B"], ["A", "B"])
    texts = [s.text for s in lay_out(plot, 300, 300).shapes if isinstance(s, Words)]
    assert texts.count("–") == 2
    assert texts.count("0.50") == 2


def test_bland_altman_and_reliability_hold_what_they_are_given() -> None:
    plot = bland_altman([("c", 12.0, 10.0)], 2.0, (-1.0, 5.0), "mm")
    points = plot.layers[-1]
    assert isinstance(points, Points)
    assert (points.data[0].x, points.data[0].y) == (11.0, 2.0)
    assert [g.words for g in plot.layers if isinstance(g, Guide)][1:] == [
        "bias 2 mm", "limit −1 mm", "limit 5 mm",
    ]  # fmt: skip
    assert "said 70 %, found 60 %" in plot_svg(reliability([("b", 0.7, 0.6, 0.5, 0.7, 10)]))


def test_the_numbers_behind_a_plot_are_csv() -> None:
    assert values_csv(CURVE).splitlines()[:2] == [
        "layer,labels,accuracy (%),low,high",
        "margin,10.0,0.525,0.4,0.9",
    ]
    assert "1,B,A,0.25" in values_csv(heat_map([[0.1, 0.2], [0.25, 0.3]], "AB", "AB"))
