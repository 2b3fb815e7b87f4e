"""From stored values to grey values: rescale, window, presets.

All windows are linear and in modality units (HU for CT): ``value = stored * slope + intercept``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from desktop.domain.study import Window
from desktop.imaging.frame import Frame

TableU8 = npt.NDArray[np.uint8]

_SAMPLE = 60_000  # pixels that an automatic window looks at; more changes nothing one can see


@dataclass(frozen=True)
class GreyTable:
    """A lookup from raw pixel bits to grey.

    ``grey``: (256,) or (65536,) uint8, read-only. For int16 frames the index is the stored value
    plus 32768 (see ``raw_bits``). ``bgra``: the same as opaque 32-bit pixels, viewed as int32.
    """

    grey: TableU8
    bgra: npt.NDArray[np.int32]


def raw_bits(
    pixels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[np.int16],
) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
    """Pixels as unsigned table indices that keep the order of the values.

    Parameters
    ----------
    pixels : (rows, columns) uint8, uint16 or int16
        Stored values.

    Returns
    -------
    (rows, columns) uint8 or uint16
        The same array for unsigned pixels; for int16 a copy with 32768 added, so that a linear
        interpolation between two indices is one between two values.
    """
    if pixels.dtype == np.int16:
        return pixels.view(np.uint16) ^ np.uint16(0x8000)
    return pixels  # type: ignore[return-value]


def window_values(values: npt.ArrayLike, window: Window) -> npt.NDArray[np.float64]:
    """Grey 0..255 (not rounded) of modality values.

    A window of width 1 or more follows the LINEAR function; a narrower one (parametric maps with
    fractions) the LINEAR_EXACT function, because LINEAR is not defined there.

    Source: DICOM PS3.3 C.11.2.1.2.1 (LINEAR), C.11.2.1.3.2 (LINEAR_EXACT).
    """
    x = np.asarray(values, dtype=np.float64)
    if window.width >= 1:
        center, width = window.center - 0.5, window.width - 1
    else:
        center, width = window.center, window.width
    if width <= 0:
        return np.where(x <= center, 0.0, 255.0)
    return np.clip(((x - center) / width + 0.5) * 255.0, 0.0, 255.0)


def grey_table(frame: Frame, window: Window) -> GreyTable:
    """The table that shows a grey frame in a window; cached for the windows used last."""
    return _grey_table(
        frame.pixels.dtype.str[1:],
        frame.slope,
        frame.intercept,
        window.center,
        window.width,
        frame.inverted,
    )


@lru_cache(maxsize=16)
def _grey_table(
    kind: str, slope: float, intercept: float, center: float, width: float, inverted: bool
) -> GreyTable:
    stored = np.arange(256 if kind == "u1" else 65536, dtype=np.float64)
    if kind == "i2":
        stored -= 32768
    levels = window_values(stored * slope + intercept, Window(center=center, width=width))
    grey = (levels + 0.5).astype(np.uint8)
    if inverted:
        grey = np.uint8(255) - grey
    bgra = (grey.astype(np.uint32) * np.uint32(0x010101) | np.uint32(0xFF000000)).view(np.int32)
    grey.setflags(write=False)
    bgra.setflags(write=False)
    return GreyTable(grey=grey, bgra=bgra)


def value_at(frame: Frame, x: float, y: float) -> float | tuple[int, int, int] | None:
    """The value under an image point in modality units, (r, g, b) for colour, None outside."""
    column, row = int(np.floor(x)), int(np.floor(y))
    if not (0 <= column < frame.columns and 0 <= row < frame.rows):
        return None
    if frame.is_color:
        r, g, b = (int(v) for v in frame.pixels[row, column])
        return (r, g, b)
    return float(frame.pixels[row, column]) * frame.slope + frame.intercept


@dataclass(frozen=True)
class Preset:
    """A window by name and key: fixed, or from percentiles of the frame, or the file's own."""

    name: str
    key: str
    window: Window | None = None
    percentiles: tuple[float, float] | None = None


def _fixed(name: str, key: str, center: float, width: float) -> Preset:
    return Preset(name, key, window=Window(center=center, width=width, name=name))


_DEFAULT = Preset("Default", "F2")
_CT = (
    _DEFAULT,
    _fixed("Lung", "F3", -600, 1500),
    _fixed("Bone", "F4", 400, 1800),
    _fixed("Soft tissue", "F5", 50, 400),
    _fixed("Brain", "F6", 40, 80),
    _fixed("Liver", "F7", 60, 160),
    _fixed("Mediastinum", "F8", 50, 350),
)
_RELATIVE = (
    _DEFAULT,
    Preset("Full range", "F3", percentiles=(0.0, 100.0)),
    Preset("Balanced", "F4", percentiles=(1.0, 99.0)),
    Preset("High contrast", "F5", percentiles=(5.0, 95.0)),
    Preset("Dark parts", "F6", percentiles=(0.0, 50.0)),
    Preset("Bright parts", "F7", percentiles=(50.0, 100.0)),
    Preset("Brightest parts", "F8", percentiles=(80.0, 99.9)),
)


def presets(modality: str) -> tuple[Preset, ...]:
    """The window presets of a modality, in the order of F2 to F8.

    Hounsfield units mean the same on every scanner, so CT has fixed windows; other values don't,
    so elsewhere a preset is a share of the frame's own values.
    """
    return _CT if modality == "CT" else _RELATIVE


def preset_window(preset: Preset, frame: Frame) -> Window:
    """The window a preset gives on a frame."""
    if preset.window is not None:
        return preset.window
    if preset.percentiles is not None:
        return auto_window(frame, preset.percentiles, name=preset.name)
    return default_window(frame)


def default_window(frame: Frame) -> Window:
    """The file's first window, else all that up to 8 bits can hold, else an automatic one."""
    if frame.windows:
        return frame.windows[0]
    if frame.pixels.dtype == np.uint8:
        top = 2**frame.bits - 1 if 1 <= frame.bits <= 8 else 255
        low, high = frame.intercept, top * frame.slope + frame.intercept
        return _between(min(low, high), max(low, high), "full range")
    return auto_window(frame)


def auto_window(
    frame: Frame,
    percentiles: tuple[float, float] = (0.5, 99.5),
    area: tuple[int, int, int, int] | None = None,
    name: str = "auto",
) -> Window:
    """A window from percentiles of the frame's values.

    A background value that fills a fifth of the area or more (air outside the field of view,
    padding) is left out, unless the rest is of one value as well.

    Parameters
    ----------
    percentiles : (low, high) in 0..100
    area : x0, y0, x1, y1 in pixels, exclusive end
        The part to look at (what is visible); None for the whole frame.
    """
    pixels = frame.pixels
    if area is not None:
        x0, y0, x1, y1 = area
        part = pixels[max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)]
        pixels = part if part.size else pixels
    step = max(1, int(np.ceil(np.sqrt(pixels.shape[0] * pixels.shape[1] / _SAMPLE))))
    sample = pixels[::step, ::step].ravel()
    for background in (sample.min(), sample.max()):
        inside = sample[sample != background]
        if 0 < inside.size <= 0.8 * sample.size and (inside != inside[0]).any():
            sample = inside
    low, high = np.percentile(sample, percentiles) * frame.slope + frame.intercept
    return _between(min(float(low), float(high)), max(float(low), float(high)), name)


def _between(low: float, high: float, name: str) -> Window:
    """The LINEAR window whose black end is ``low`` and whose white end is ``high``."""
    width = max(1.0, high - low + 1) if high - low >= 1 or high == low else high - low
    center = (low + high + 1) / 2 if width >= 1 else (low + high) / 2
    return Window(center=center, width=width, name=name)
