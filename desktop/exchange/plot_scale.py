"""Scales of a plot: from values to places on the sheet, and where the ticks stand."""

from __future__ import annotations

import math
from dataclasses import dataclass

from desktop.exchange.plots import Axis, Bars, Cells, Guide, Line, Plot, Points

_DAY = 86400.0
_DAYS = (1, 2, 4, 7, 14, 21, 30, 61, 91, 182, 365, 730, 1826, 3652)
_DATE_STEPS = (60.0, 300.0, 900.0, 3600.0, 14400.0, 43200.0, *(_DAY * d for d in _DAYS))


@dataclass(frozen=True)
class Scale:
    """One axis with its ends and the two places on the sheet (pixels) they lie at."""

    axis: Axis
    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """The place of a value; what lies beyond the ends is shown just outside them."""
        low, high = self.low, self.high
        if self.axis.log:
            value, low, high = (math.log10(max(v, 1e-12)) for v in (value, low, high))
        if math.isinf(value):
            value = high if value > 0 else low
        share = (value - low) / ((high - low) or 1.0)
        share = min(1.02, max(-0.02, share))
        return self.start + share * (self.end - self.start)

    def band(self) -> float:
        """Width of one unit of the axis in pixels."""
        return abs(self.end - self.start) / ((self.high - self.low) or 1.0)

    def ticks(self, every_px: float) -> tuple[tuple[float, str], ...]:
        """Values with their words, about ``every_px`` pixels apart."""
        axis = self.axis
        if axis.names:
            return tuple((float(i), name) for i, name in enumerate(axis.names))
        room = max(1, int(abs(self.end - self.start) / every_px))
        if axis.log:
            return self._log_ticks(room)
        step = _step((self.high - self.low) / room, axis)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        values = [i * step for i in range(first, last + 1)][:200]
        return tuple((value, axis.words(value, step)) for value in values)

    def _log_ticks(self, room: int) -> tuple[tuple[float, str], ...]:
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        every = max(1, math.ceil((last - first) / room))
        values = [10.0**power for power in range(first, last + 1, every)]
        kept = [v for v in values if self.low * 0.999 <= v <= self.high * 1.001]
        return tuple((value, self.axis.words(value, value)) for value in kept)


def _step(least: float, axis: Axis) -> float:
    """The round step at or above ``least``."""
    if axis.dates:
        return next((step for step in _DATE_STEPS if step >= least), _DATE_STEPS[-1])
    least = max(least, 1e-12)
    size = 10.0 ** math.floor(math.log10(least))
    found = next(m * size for m in (1.0, 2.0, 2.5, 5.0, 10.0) if m * size >= least * 0.999)
    if axis.whole:
        return max(1.0, math.ceil(found))
    return found


def ends(plot: Plot, upright: bool) -> tuple[float, float]:
    """Lowest and highest value that the x axis (``upright``: the y axis) has to show."""
    axis = plot.y if upright else plot.x
    if axis.names:
        return -0.5, len(axis.names) - 0.5
    values = [v for layer in plot.layers for v in _values(layer, upright) if math.isfinite(v)]
    if axis.log:
        values = [v for v in values if v > 0]
    low = axis.low if axis.low is not None else min(values, default=0.0)
    high = axis.high if axis.high is not None else max(values, default=1.0)
    if high <= low:
        around = abs(low) * 0.1 or 0.5
        low = low - around if axis.low is None else low
        high = high + around if axis.high is None or high <= low else high
    if axis.log:
        return max(low, 1e-12), max(high, low * 10, 1e-12)
    pad = (high - low) * 0.04
    touches_zero = low >= 0 and low - pad < 0
    low = low if axis.low is not None or (touches_zero and low == 0) else low - pad
    return low, high if axis.high is not None else high + pad


def _values(layer: object, upright: bool) -> list[float]:
    if isinstance(layer, Guide):
        if layer.points:
            return [p[1] if upright else p[0] for p in layer.points]
        only = layer.y if upright else layer.x
        return [] if only is None else [only]
    if isinstance(layer, Cells):
        return []
    assert isinstance(layer, Line | Points | Bars)
    lying = not isinstance(layer, Line) and layer.lying
    found = [d.y if upright else d.x for d in layer.data]
    if lying != upright:
        for datum in layer.data:
            found += [v for v in (datum.low, datum.high) if v is not None]
    if isinstance(layer, Bars):
        if lying != upright:
            found.append(0.0)
        else:
            half = layer.width / 2
            found += [v + s for v in list(found) for s in (-half, half)]
    return found
