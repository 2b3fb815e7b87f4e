"""A plot as data: axes, layers and data with keys; says nothing of pixels, colours or Qt.

    plot = Plot(
        x=Axis("labels", low=0), y=Axis("accuracy", percent=True, low=0, high=1),
        layers=(Line((Datum("r1", 10, 0.61, 0.5, 0.7), Datum("r2", 20, 0.8, 0.7, 0.9)), "margin"),),
    )

``plot_layout`` lays it out, ``plot_svg`` writes it without a screen, ``desktop.gui.widgets.plot``
shows it. Ready-made kinds (Bland-Altman, histogram, confusion, heat map, reliability) are in
``plot_kinds``.

An ``ink`` is the name of a theme token ("accent", "ok", "warn", "danger", "muted", "text") or a
colour "#RRGGBB" of a label; "" takes the next of the series' own inks.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, datetime

SERIES_INKS = ("accent", "warn", "ok", "danger", "muted")
SHAPES = ("circle", "square", "triangle", "diamond")


@dataclass(frozen=True)
class Axis:
    """One axis. ``names`` makes it a row of names: the datum's value is the index of a name.

    ``low`` and ``high`` fix the ends; None takes them from the data. ``percent`` shows 0.5 as
    50 %, ``dates`` reads values as seconds since 1970 (UTC), ``log`` needs values above zero.
    """

    title: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    names: tuple[str, ...] = ()
    percent: bool = False
    dates: bool = False
    log: bool = False
    whole: bool = False

    def label(self) -> str:
        """Title with its unit."""
        unit = "%" if self.percent else self.unit
        return f"{self.title} ({unit})" if unit and self.title else self.title or unit

    def words(self, value: float, step: float | None = None) -> str:
        """A value as it is written; with ``step`` as a tick of that distance, without unit."""
        if self.names:
            index = round(value)
            return self.names[index] if 0 <= index < len(self.names) else ""
        if not math.isfinite(value):
            return "undefined" if math.isnan(value) else "∞" if value > 0 else "−∞"
        if self.dates:
            moment = datetime.fromtimestamp(value, UTC)
            coarse = step is None or step >= 86400
            return moment.strftime("%Y-%m-%d" if coarse else "%d. %H:%M")
        scaled, each = (value * 100, (step or 0) * 100) if self.percent else (value, step or 0)
        text = number_words(scaled, each or None)
        if step is None and (self.percent or self.unit):
            text += " %" if self.percent else f" {self.unit}"
        return text


def number_words(value: float, step: float | None = None) -> str:
    """A number with as many digits as its step, or three figures, needs."""
    if value == 0:
        return "0"
    size = abs(step) if step else 10 ** (math.floor(math.log10(abs(value))) - 2)
    digits = max(0, -math.floor(math.log10(size) + 1e-9))
    if step and digits < 9 and abs(round(size, digits) - size) > size * 1e-6:
        digits += 1  # steps of 2.5
    if abs(value) >= 1e7 or digits > 6:
        return f"{value:.2e}"
    text = f"{value:,.{digits}f}".replace(",", " ")
    if not step and "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", "−")


@dataclass(frozen=True)
class Datum:
    """One thing shown. ``key`` comes back on click, ``words`` replace the made-up hover words.

    ``low`` and ``high`` bound the interval of y (of x where the layer lies).
    """

    key: Hashable
    x: float
    y: float
    low: float | None = None
    high: float | None = None
    words: str = ""


@dataclass(frozen=True)
class Line:
    """Data joined by a line, with a band where they have an interval. Not sorted for you."""

    data: tuple[Datum, ...]
    name: str = ""
    ink: str = ""
    dashed: bool = False
    dots: bool = True
    step: bool = False


@dataclass(frozen=True)
class Points:
    """Separate points, with a whisker where they have an interval."""

    data: tuple[Datum, ...]
    name: str = ""
    ink: str = ""
    lying: bool = False
    size: float = 3.5


@dataclass(frozen=True)
class Bars:
    """Bars from zero; ``lying`` ones run along x. ``width`` in units of the axis they stand on."""

    data: tuple[Datum, ...]
    name: str = ""
    ink: str = ""
    lying: bool = False
    width: float = 0.7


@dataclass(frozen=True)
class Cells:
    """A table of coloured cells; both axes have names, the first row is at the top.

    ``values`` by (row, column); NaN is drawn as an empty, hatched cell. ``texts`` stand in the
    cells, ``low``/``high`` are the ends of the colour scale; a value below ``middle`` takes
    ``below``'s ink, one above it ``ink``'s.
    """

    values: tuple[tuple[float, ...], ...]
    texts: tuple[tuple[str, ...], ...] = ()
    words: tuple[tuple[str, ...], ...] = ()
    keys: tuple[tuple[Hashable, ...], ...] = ()
    low: float = 0.0
    high: float = 1.0
    middle: float = 0.0
    ink: str = "accent"
    below: str = "danger"
    diagonal: str = ""
    name: str = ""


@dataclass(frozen=True)
class Guide:
    """A reference line: across at ``y``, upright at ``x``, or along ``points`` when given."""

    words: str = ""
    x: float | None = None
    y: float | None = None
    points: tuple[tuple[float, float], ...] = ()
    ink: str = "muted"
    dashed: bool = True


Layer = Line | Points | Bars | Cells | Guide


@dataclass(frozen=True)
class Plot:
    """All of a plot. ``note`` stands under it; ``empty`` is said when there is nothing to show."""

    x: Axis
    y: Axis
    layers: tuple[Layer, ...]
    title: str = ""
    note: str = ""
    empty: str = "Nothing to show yet."

    @property
    def is_empty(self) -> bool:
        """Whether no layer holds a datum."""
        return not any(
            layer.values if isinstance(layer, Cells) else layer.data
            for layer in self.layers
            if not isinstance(layer, Guide)
        )


def inks(plot: Plot) -> tuple[str, ...]:
    """The ink of each layer, in order."""
    found, used = [], 0
    for layer in plot.layers:
        own = layer.ink
        if not own:
            own = SERIES_INKS[used % len(SERIES_INKS)]
            used += 1
        found.append(own)
    return tuple(found)


def datum_words(plot: Plot, layer: Line | Points | Bars, datum: Datum) -> str:
    """What is said of a datum on hover: series, x, y and the interval."""
    if datum.words:
        return datum.words
    lying = isinstance(layer, Points | Bars) and layer.lying
    held, measured = (plot.y, plot.x) if lying else (plot.x, plot.y)
    at, value = (datum.y, datum.x) if lying else (datum.x, datum.y)
    text = f"{measured.title or 'value'} {measured.words(value)}"
    if datum.low is not None and datum.high is not None:
        text += f" ({measured.words(datum.low)} to {measured.words(datum.high)})"
    where = held.words(at) if held.names else f"{held.title} {held.words(at)}".strip()
    return "\n".join(part for part in (layer.name, where, text) if part)


def values_csv(plot: Plot) -> str:
    """The numbers behind a plot as CSV, full precision."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    x, y = plot.x.label() or "x", plot.y.label() or "y"
    if any(isinstance(layer, Cells) for layer in plot.layers):
        table.writerow(["layer", y, x, "value"])
    else:
        table.writerow(["layer", x, y, "low", "high"])
    for number, layer in enumerate(plot.layers):
        if isinstance(layer, Guide):
            continue
        name = layer.name or str(number + 1)
        if isinstance(layer, Cells):
            for row, values in enumerate(layer.values):
                for column, value in enumerate(values):
                    table.writerow([name, plot.y.words(row), plot.x.words(column), _plain(value)])
            continue
        for datum in layer.data:
            at_x = plot.x.words(datum.x) if plot.x.names else _plain(datum.x)
            at_y = plot.y.words(datum.y) if plot.y.names else _plain(datum.y)
            table.writerow([name, at_x, at_y, _plain(datum.low), _plain(datum.high)])
    return out.getvalue()


def _plain(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else repr(float(value))
