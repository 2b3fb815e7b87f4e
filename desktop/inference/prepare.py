"""From a decoded frame to the numbers a model wants."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from desktop.domain.errors import ModelProblem
from desktop.domain.model_card import Fit, Layout, ModelInput, Values
from desktop.domain.study import Window
from desktop.imaging.display import default_window, grey_table, raw_bits, window_values
from desktop.imaging.frame import Frame

Floats = npt.NDArray[np.float32]


def window_for(frame: Frame, wanted: Window | None) -> Window | None:
    """The window that goes into the provenance; None for colour."""
    if frame.is_color:
        return None
    return wanted or default_window(frame)


def shown_pixels(frame: Frame, window: Window | None) -> npt.NDArray[np.uint8]:
    """What a person sees: (rows, columns) grey or (rows, columns, 3) RGB, uint8."""
    if frame.is_color:
        return np.asarray(frame.pixels, np.uint8)
    table = grey_table(frame, window or default_window(frame)).grey
    return np.asarray(table[raw_bits(frame.pixels)], np.uint8)


def frame_values(frame: Frame, contract: ModelInput, window: Window | None) -> Floats:
    """Values of a frame by the card, (rows, columns, channels) float32.

    Raises
    ------
    ModelProblem
        The model wants modality units and the image is in colour.
    """
    if frame.is_color:
        if contract.values is Values.MODALITY:
            raise ModelProblem("This model wants grey values, and the image is in colour.")
        values = np.asarray(frame.pixels, np.float32) / 255.0
        if contract.channels == 1:
            values = values @ np.array([[0.299], [0.587], [0.114]], np.float32)  # ITU-R BT.601
    else:
        modality = np.asarray(frame.pixels, np.float32) * frame.slope + frame.intercept
        if contract.values is Values.MODALITY:
            values = modality[..., None]
        else:
            shown = window or default_window(frame)
            values = (window_values(modality, shown) / 255.0).astype(np.float32)[..., None]
            if frame.inverted:
                values = 1.0 - values
        if contract.channels > 1:
            values = np.repeat(values, contract.channels, axis=2)
    if contract.values is Values.GREY:
        values = values * 255.0
    if contract.mean:
        values = np.asarray(values - np.asarray(contract.mean, np.float32), np.float32)
    if contract.std:
        values = np.asarray(values / np.asarray(contract.std, np.float32), np.float32)
    return np.ascontiguousarray(values, dtype=np.float32)


def resized(values: Floats, contract: ModelInput) -> tuple[Floats, tuple[float, float]]:
    """The values at the model's size, and the scale (x, y) from image to model pixels.

    ``stretch`` fills the size; ``letterbox`` keeps the shape and pads right and below with 0.
    """
    rows, columns = values.shape[:2]
    if not contract.rows or contract.fit is Fit.TILE:
        return values, (1.0, 1.0)
    if contract.fit is Fit.STRETCH:
        scale = (contract.columns / columns, contract.rows / rows)
        return _resize(values, contract.rows, contract.columns), scale
    share = min(contract.columns / columns, contract.rows / rows)
    inner = max(1, round(rows * share)), max(1, round(columns * share))
    padded = np.zeros((contract.rows, contract.columns, values.shape[2]), np.float32)
    padded[: inner[0], : inner[1]] = _resize(values, *inner)
    return padded, (inner[1] / columns, inner[0] / rows)


def back(planes: Floats, scale: tuple[float, float], rows: int, columns: int) -> Floats:
    """Planes of probabilities, (classes, model rows, model columns), at the image's size."""
    inner_columns = min(planes.shape[2], max(1, round(columns * scale[0])))
    inner_rows = min(planes.shape[1], max(1, round(rows * scale[1])))
    inside = planes[:, :inner_rows, :inner_columns]
    if inside.shape[1:] == (rows, columns):
        return inside
    return np.stack([_resize(plane[..., None], rows, columns)[..., 0] for plane in inside])


def batch(values: Floats, layout: Layout) -> Floats:
    """One image, (rows, columns, channels), as a batch of one."""
    match layout:
        case Layout.NHWC:
            return values[None]
        case Layout.NF:
            return values.reshape(1, -1)
        case Layout.NCDHW:
            return np.ascontiguousarray(values.transpose(2, 0, 1)[None, :, None])
        case _:
            return np.ascontiguousarray(values.transpose(2, 0, 1)[None])


def _resize(values: Floats, rows: int, columns: int) -> Floats:
    """Bilinear with antialiasing when it gets smaller, as Pillow does it."""
    from PIL import Image

    if values.shape[:2] == (rows, columns):
        return values
    planes = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(values[..., c])).resize(
                (columns, rows), Image.Resampling.BILINEAR
            )
        )
        for c in range(values.shape[2])
    ]
    return np.ascontiguousarray(np.stack(planes, axis=2), dtype=np.float32)
