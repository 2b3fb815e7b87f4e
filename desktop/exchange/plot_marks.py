"""The layers of a plot as shapes: bands, lines, points, bars, cells and reference lines."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

from desktop.exchange.plot_scale import Scale
from desktop.exchange.plot_shapes import Area, Box, Dot, Hit, Place, Shape, Stroke, Words
from desktop.exchange.plots import (
    Bars,
    Cells,
    Datum,
    Guide,
    Layer,
    Line,
    Plot,
    Points,
    datum_words,
)

T = TypeVar("T")
Drawn = tuple[list[Shape], list[Hit]]
Measure = Callable[[str, int], float]

_BAND = 0.18
_REACH = 6.0
STRONGEST = 0.5  # opacity of a full cell; any text of the theme stays readable on it


def draw_layer(
    plot: Plot,
    layer: Layer,
    number: int,
    ink: str,
    shape: str,
    x: Scale,
    y: Scale,
    measure: Measure,
) -> Drawn:
    """Shapes and places to point at of one layer."""
    if isinstance(layer, Guide):
        return _guide(layer, ink, x, y), []
    if isinstance(layer, Cells):
        return _cells(plot, layer, number, ink, x, y, measure)
    if isinstance(layer, Line):
        return _line(plot, layer, number, ink, shape, x, y)
    if isinstance(layer, Bars):
        return _bars(plot, layer, number, ink, x, y)
    return _points(plot, layer, number, ink, shape, x, y)


def _is_drawn(datum: Datum) -> bool:
    return math.isfinite(datum.x) and math.isfinite(datum.y)


def _line(plot: Plot, layer: Line, number: int, ink: str, shape: str, x: Scale, y: Scale) -> Drawn:
    shapes: list[Shape] = []
    hits = []
    for run in _runs(layer.data):
        path: list[Place] = []
        above: list[Place] = []
        below: list[Place] = []
        for datum in run:
            px, py = x.place(datum.x), y.place(datum.y)
            if layer.step and path:
                path.append((px, path[-1][1]))
            path.append((px, py))
            if datum.low is not None and datum.high is not None:
                above.append((px, y.place(datum.high)))
                below.append((px, y.place(datum.low)))
        if len(above) > 1:
            shapes.append(Area((*above, *reversed(below)), ink, _BAND))
        shapes.append(Stroke(tuple(path), ink, 2.0, layer.dashed))
    for datum in filter(_is_drawn, layer.data):
        px, py = x.place(datum.x), y.place(datum.y)
        if layer.dots:
            shapes.append(Dot(px, py, 3.0, ink, shape))
        hits.append(_hit(plot, layer, datum, number, px, py))
    return shapes, hits


def _runs(data: tuple[Datum, ...]) -> list[list[Datum]]:
    """Stretches without an undefined datum; the line is broken there."""
    runs: list[list[Datum]] = [[]]
    for datum in data:
        if _is_drawn(datum):
            runs[-1].append(datum)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _points(
    plot: Plot, layer: Points, number: int, ink: str, shape: str, x: Scale, y: Scale
) -> Drawn:
    shapes: list[Shape] = []
    hits = []
    for datum in filter(_is_drawn, layer.data):
        px, py = x.place(datum.x), y.place(datum.y)
        shapes += _whisker(datum, px, py, x if layer.lying else y, layer.lying, ink)
        shapes.append(Dot(px, py, layer.size, ink, shape, 0.9))
        hits.append(_hit(plot, layer, datum, number, px, py))
    return shapes, hits


def _bars(plot: Plot, layer: Bars, number: int, ink: str, x: Scale, y: Scale) -> Drawn:
    shapes: list[Shape] = []
    hits = []
    stands, runs = (y, x) if layer.lying else (x, y)
    thick = max(1.0, layer.width * stands.band())
    zero = runs.place(max(runs.low, min(runs.high, 0.0)))
    for datum in filter(_is_drawn, layer.data):
        at = stands.place(datum.y if layer.lying else datum.x)
        end = runs.place(datum.x if layer.lying else datum.y)
        start, length = min(zero, end), abs(end - zero)
        if layer.lying:
            box = Box(start, at - thick / 2, length, thick, ink, 0.85)
        else:
            box = Box(at - thick / 2, start, thick, length, ink, 0.85)
        shapes.append(box)
        px, py = (end, at) if layer.lying else (at, end)
        shapes += _whisker(datum, px, py, runs, layer.lying, "text")
        width, height = max(box.width, 4.0), max(box.height, 4.0)
        words = datum_words(plot, layer, datum)
        y_hit = box.y if layer.lying else box.y + box.height - height
        hits.append(Hit(datum.key, box.x, y_hit, width, height, words, number))
    return shapes, hits


def _whisker(datum: Datum, px: float, py: float, runs: Scale, lying: bool, ink: str) -> list[Shape]:
    if datum.low is None or datum.high is None:
        return []
    low, high = runs.place(datum.low), runs.place(datum.high)
    if lying:
        lines = [((low, py), (high, py)), *(((v, py - 4), (v, py + 4)) for v in (low, high))]
    else:
        lines = [((px, low), (px, high)), *(((px - 4, v), (px + 4, v)) for v in (low, high))]
    return [Stroke(line, ink, 1.5) for line in lines]


def _cells(
    plot: Plot, layer: Cells, number: int, ink: str, x: Scale, y: Scale, measure: Measure
) -> Drawn:
    shapes: list[Shape] = []
    hits = []
    wide, tall = x.band(), y.band()
    for row, values in enumerate(layer.values):
        for column, value in enumerate(values):
            left, top = x.place(column) - wide / 2 + 1, y.place(row) - tall / 2 + 1
            width, height = max(1.0, wide - 2), max(1.0, tall - 2)
            paint, opacity = _cell_paint(layer, ink, value, row == column)
            shapes.append(Box(left, top, width, height, paint, opacity, edge="line"))
            if math.isnan(value):
                shapes.append(Stroke(((left, top + height), (left + width, top)), "line"))
            text = _of(layer.texts, row, column, "")
            if text and measure(text, 11) <= width - 4 and height >= 14:
                shapes.append(
                    Words(left + width / 2, top + height / 2 + 4, text, "text", 11, "middle")
                )
            key = _of(layer.keys, row, column, None)
            if key is not None:
                said = _of(layer.words, row, column, "") or _cell_words(plot, row, column, text)
                hits.append(Hit(key, left, top, width, height, said, number))
    return shapes, hits


def _cell_words(plot: Plot, row: int, column: int, text: str) -> str:
    return f"{plot.y.words(row)} – {plot.x.words(column)}\n{text}"


def _cell_paint(layer: Cells, ink: str, value: float, on_diagonal: bool) -> tuple[str, float]:
    if math.isnan(value):
        return "surface", 0.0
    if value < layer.middle:
        share = (layer.middle - value) / ((layer.middle - layer.low) or 1.0)
        return layer.below, STRONGEST * min(1.0, share)
    share = (value - layer.middle) / ((layer.high - layer.middle) or 1.0)
    paint = layer.diagonal if on_diagonal and layer.diagonal else ink
    return paint, STRONGEST * max(0.0, min(1.0, share))


def _of(table: tuple[tuple[T, ...], ...], row: int, column: int, other: T) -> T:
    return table[row][column] if row < len(table) and column < len(table[row]) else other


def _guide(layer: Guide, ink: str, x: Scale, y: Scale) -> list[Shape]:
    return [Stroke(_guide_path(layer, x, y), ink, 1.5, layer.dashed)]


def _guide_path(layer: Guide, x: Scale, y: Scale) -> tuple[Place, ...]:
    if layer.points:
        return tuple((x.place(a), y.place(b)) for a, b in layer.points)
    if layer.y is not None:
        return (x.start, y.place(layer.y)), (x.end, y.place(layer.y))
    at = x.place(layer.x or 0.0)
    return (at, y.start), (at, y.end)


def guide_words(layer: Guide, x: Scale, y: Scale, measure: Measure) -> list[Shape]:
    """The words at the end of a reference line, on a ground of their own; drawn over the data."""
    if not layer.words:
        return []
    wide, top = measure(layer.words, 11), min(y.start, y.end)
    end = _guide_path(layer, x, y)[-1]
    if layer.y is None and not layer.points:  # beside an upright line, on the side with room
        left = end[0] + 4 if end[0] + 4 + wide <= x.end else end[0] - 4 - wide
        base = top + 12.0
    else:
        left, base = end[0] - 4 - wide, max(top + 12, end[1] - 4)
    ground = Box(left - 2, base - 10, wide + 4, 13, "window", 0.75)
    return [ground, Words(left, base, layer.words, "muted", 11)]


def _hit(plot: Plot, layer: Line | Points, datum: Datum, number: int, px: float, py: float) -> Hit:
    words = datum_words(plot, layer, datum)
    return Hit(datum.key, px - _REACH, py - _REACH, 2 * _REACH, 2 * _REACH, words, number)
