"""Lays a plot out on a sheet: margins from the words, axes, grid, legend, then the layers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from desktop.exchange.plot_marks import draw_layer, guide_words
from desktop.exchange.plot_scale import Scale, ends
from desktop.exchange.plot_shapes import Box, Dot, Hit, Laid, Shape, Stroke, Words
from desktop.exchange.plots import SHAPES, Bars, Guide, Line, Plot, Points, inks

Measure = Callable[[str, int], float]

SMALL, NORMAL = 11, 13
_GAP = 8.0
_TICK = 4.0
_LONGEST_NAME = 190.0
_LONGEST_TURNED = 96.0
_NARROW = frozenset("fijlrtI.,:;'|!()[] ")
_WIDE = frozenset("mwMW@%—")


def letters_width(text: str, px: int) -> float:
    """Width of a text in pixels where no font can be asked; a little generous.

    Mean advances of a common sans-serif face: 0.28 em for narrow letters, 0.56 em for most.
    """
    ems = sum(0.3 if c in _NARROW else 0.86 if c in _WIDE else 0.57 for c in text)
    return ems * px


@dataclass(frozen=True)
class _Sheet:
    """The rectangle that the axes bound, and the scales on it."""

    left: float
    top: float
    right: float
    bottom: float
    x: Scale
    y: Scale


def lay_out(plot: Plot, width: float, height: float, measure: Measure = letters_width) -> Laid:
    """Shapes and places to point at, for a sheet of ``width`` × ``height`` pixels.

    ``measure`` gives the width in pixels of a text at a type size in pixels.
    """
    shapes: list[Shape] = []
    top = _heading(plot, width, shapes, measure)
    bottom = height - _note(plot, width, height, shapes, measure)
    if plot.is_empty:
        shapes.append(Words(width / 2, (top + bottom) / 2, plot.empty, "muted", SMALL, "middle"))
        return Laid(width, height, tuple(shapes))
    sheet = _sheet(plot, width, top, bottom, measure)
    _y_axis(plot, sheet, shapes, measure)
    _x_axis(plot, sheet, shapes, measure)
    hits: list[Hit] = []
    for number, (layer, ink) in enumerate(zip(plot.layers, inks(plot), strict=True)):
        shape = SHAPES[_series_before(plot, number) % len(SHAPES)]
        made, found = draw_layer(plot, layer, number, ink, shape, sheet.x, sheet.y, measure)
        shapes += made
        hits += found
    for layer in plot.layers:
        if isinstance(layer, Guide):
            shapes += guide_words(layer, sheet.x, sheet.y, measure)
    return Laid(width, height, tuple(shapes), tuple(hits))


def elide(text: str, room: float, px: int, measure: Measure) -> str:
    """The text, or its beginning with … where the room is short."""
    if measure(text, px) <= room:
        return text
    while text and measure(text + "…", px) > room:
        text = text[:-1]
    return text.rstrip() + "…" if text else ""


def wrapped(text: str, room: float, px: int, measure: Measure) -> list[str]:
    """The text in lines that fit."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and measure(longer, px) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _series_before(plot: Plot, number: int) -> int:
    return sum(isinstance(layer, Line | Points) for layer in plot.layers[:number])


def _heading(plot: Plot, width: float, shapes: list[Shape], measure: Measure) -> float:
    """Title and legend; returns the height they take."""
    top = _GAP
    if plot.title:
        text = elide(plot.title, width - 2 * _GAP, NORMAL, measure)
        shapes.append(Words(_GAP, top + NORMAL - 1, text, "text", NORMAL, bold=True))
        top += NORMAL + _GAP
    named = [
        (n, layer, ink)
        for n, (layer, ink) in enumerate(zip(plot.layers, inks(plot), strict=True))
        if isinstance(layer, Line | Points | Bars) and layer.name and layer.data
    ]
    if not named or plot.is_empty:
        return top + (2 if plot.title else SMALL / 2)
    x = _GAP
    for number, layer, ink in named:
        wide = 24 + measure(layer.name, SMALL) + 14
        if x > _GAP and x + wide > width - _GAP:
            x, top = _GAP, top + SMALL + 6
        _swatch(layer, ink, SHAPES[_series_before(plot, number) % 4], x, top + 6, shapes)
        text = elide(layer.name, width - x - 24 - _GAP, SMALL, measure)
        shapes.append(Words(x + 24, top + SMALL - 1, text, "muted", SMALL))
        x += wide
    return top + SMALL + _GAP + 4


def _swatch(layer: object, ink: str, shape: str, x: float, y: float, shapes: list[Shape]) -> None:
    if isinstance(layer, Bars):
        shapes.append(Box(x + 4, y - 5, 10, 10, ink, 0.85))
        return
    if isinstance(layer, Line):
        shapes.append(Stroke(((x, y), (x + 18, y)), ink, 2.0, layer.dashed))
    if not isinstance(layer, Line) or layer.dots:
        shapes.append(Dot(x + 9, y, 3.5, ink, shape))


def _note(plot: Plot, width: float, height: float, shapes: list[Shape], measure: Measure) -> float:
    lines = wrapped(plot.note, width - 2 * _GAP, SMALL, measure) if plot.note else []
    for row, text in enumerate(lines):
        y = height - _GAP - (len(lines) - 1 - row) * (SMALL + 4)
        shapes.append(Words(_GAP, y, text, "muted", SMALL))
    return len(lines) * (SMALL + 4) + (_GAP if lines else 0)


def _sheet(plot: Plot, width: float, top: float, bottom: float, measure: Measure) -> _Sheet:
    foot = SMALL + _TICK + 6 + (SMALL + 8 if plot.x.label() else 0)
    rough = Scale(plot.y, *ends(plot, True), bottom - foot, top)
    widest = max((measure(w, SMALL) for _v, w in rough.ticks(36)), default=0.0)
    left = min(widest, _LONGEST_NAME, width * 0.4) + _TICK + 6 + _GAP
    left += SMALL + 8 if plot.y.label() else 0
    right = width - _GAP - 10
    if plot.x.names and _turns(plot, (right - left) / len(plot.x.names), measure):
        longest = max(measure(name, SMALL) for name in plot.x.names)
        foot += min(longest, _LONGEST_TURNED) - SMALL + 4
    bottom = max(bottom - foot, top + 10)
    x_low, x_high = ends(plot, False)
    y_low, y_high = ends(plot, True)
    y_ends = (top, bottom) if plot.y.names else (bottom, top)  # first name at the top
    return _Sheet(
        left,
        top,
        right,
        bottom,
        Scale(plot.x, x_low, x_high, left, right),
        Scale(plot.y, y_low, y_high, *y_ends),
    )


def _turns(plot: Plot, band: float, measure: Measure) -> bool:
    """Whether the names under the x axis have to stand upright."""
    return any(measure(name, SMALL) > band - 4 for name in plot.x.names)


def _y_axis(plot: Plot, sheet: _Sheet, shapes: list[Shape], measure: Measure) -> None:
    title_room = SMALL + 8 if plot.y.label() else 0
    room = sheet.left - _TICK - 6 - title_room - 2
    tall = sheet.bottom - sheet.top
    every = max(1, math.ceil(len(plot.y.names) * (SMALL + 3) / tall)) if plot.y.names else 1
    for index, (value, words) in enumerate(sheet.y.ticks(36)):
        y = sheet.y.place(value)
        if not plot.y.names:
            shapes.append(Stroke(((sheet.left, y), (sheet.right, y)), "line"))
        if index % every == 0:
            text = elide(words, room, SMALL, measure)
            shapes.append(Words(sheet.left - _TICK - 4, y + 4, text, "muted", SMALL, "end"))
    shapes.append(Stroke(((sheet.left, sheet.top), (sheet.left, sheet.bottom)), "edge"))
    if plot.y.label():
        text = elide(plot.y.label(), tall + 40, SMALL, measure)
        middle = (sheet.top + sheet.bottom) / 2
        shapes.append(Words(_GAP + SMALL - 2, middle, text, "text", SMALL, "middle", turned=True))


def _x_axis(plot: Plot, sheet: _Sheet, shapes: list[Shape], measure: Measure) -> None:
    shapes.append(Stroke(((sheet.left, sheet.bottom), (sheet.right, sheet.bottom)), "edge"))
    wide = sheet.right - sheet.left
    widest = max((measure(w, SMALL) for _v, w in sheet.x.ticks(64)), default=0.0)
    turned = bool(plot.x.names) and _turns(plot, sheet.x.band(), measure)
    every = 1
    if turned:
        every = max(1, math.ceil(len(plot.x.names) * (SMALL + 3) / wide))
    for index, (value, words) in enumerate(sheet.x.ticks(max(64.0, widest + 18))):
        x, y = sheet.x.place(value), sheet.bottom
        if not plot.x.names:
            shapes.append(Stroke(((x, sheet.top), (x, y)), "line"))
            shapes.append(Stroke(((x, y), (x, y + _TICK)), "edge"))
        if index % every:
            continue
        if turned:
            text = elide(words, _LONGEST_TURNED, SMALL, measure)
            place = Words(x + 4, y + _TICK + 3, text, "muted", SMALL, "end", turned=True)
            shapes.append(place)
        else:
            shapes.append(Words(x, y + _TICK + SMALL + 1, words, "muted", SMALL, "middle"))
    if plot.x.label():
        names = [measure(n, SMALL) for n in plot.x.names]
        drop = min(max(names), _LONGEST_TURNED) + 8 if turned else SMALL + 6
        y = sheet.bottom + _TICK + drop + SMALL + 2
        middle = (sheet.left + sheet.right) / 2
        text = elide(plot.x.label(), wide + 60, SMALL, measure)
        shapes.append(Words(middle, y, text, "text", SMALL, "middle"))
