"""Grey values against an independent reading of the standard, and the windows on offer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_windowing

from desktop.domain.study import FrameRef, Window
from desktop.imaging.display import (
    auto_window,
    default_window,
    grey_table,
    preset_window,
    presets,
    raw_bits,
    value_at,
    window_values,
)
from desktop.imaging.frame import Frame


def frame(pixels: np.ndarray, **more: object) -> Frame:
    return Frame(
        ref=FrameRef(instance_id="i"),
        pixels=pixels,
        pixels_sha256="",
        **more,  # type: ignore[arg-type]
    )


def shown(given_frame: Frame, window: Window) -> np.ndarray:
    return grey_table(given_frame, window).grey[raw_bits(given_frame.pixels)]


@given(center=st.integers(-1500, 3000), width=st.integers(1, 5000))
def test_linear_window_agrees_with_pydicom(center: int, width: int) -> None:
    header = Dataset()
    header.PhotometricInterpretation = "MONOCHROME2"
    header.BitsStored = 16
    header.PixelRepresentation = 1
    header.WindowCenter, header.WindowWidth = center, width
    header.RescaleSlope, header.RescaleIntercept = 1, 0
    values = np.arange(-2000, 4000, dtype=np.int16)
    full = apply_windowing(values, header)  # 16-bit grey: -32768 .. 32767
    expected = (full + 32768) / 65535 * 255
    got = window_values(values, Window(center=center, width=width))
    assert np.allclose(got, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("value", "grey"),
    [(-1000, 0), (-160, 0), (-159, 0.6391), (40, 127.8195), (239, 255), (240, 255)],
)
def test_soft_tissue_window_by_hand(value: int, grey: float) -> None:
    got = float(window_values(value, Window(center=40, width=400)))
    assert got == pytest.approx(grey, abs=1e-4)


def test_narrow_windows_of_fractions_are_exact() -> None:
    got = window_values([0.2, 0.25, 0.5, 0.75, 0.8], Window(center=0.5, width=0.5))
    assert got.tolist() == [0, 0, 127.5, 255, 255]


def test_width_one_is_a_threshold() -> None:
    assert window_values([9, 10], Window(center=10.4, width=1)).tolist() == [0, 255]


def test_signed_pixels_and_rescale() -> None:
    ct = frame(np.array([[-1000, -160, 40, 3000]], dtype=np.int16))
    assert shown(ct, Window(center=40, width=400)).tolist() == [[0, 0, 128, 255]]
    stored = frame(np.array([[24, 864, 1064, 4024]], dtype=np.uint16), intercept=-1024.0)
    assert shown(stored, Window(center=40, width=400)).tolist() == [[0, 0, 128, 255]]


def test_monochrome1_is_shown_inverted() -> None:
    pixels = np.array([[0, 128, 255]], dtype=np.uint8)
    window = Window(center=128, width=256)
    assert shown(frame(pixels), window).tolist() == [[0, 128, 255]]
    assert shown(frame(pixels, inverted=True), window).tolist() == [[255, 127, 0]]


def test_table_is_opaque_grey_and_cached() -> None:
    one = frame(np.zeros((2, 2), dtype=np.uint16))
    table = grey_table(one, Window(center=500, width=1000))
    assert table is grey_table(one, Window(center=500, width=1000, name="other name"))
    pixels = table.bgra.view(np.uint8).reshape(-1, 4)
    assert (pixels[:, 3] == 255).all()
    assert (pixels[:, 0] == table.grey).all()
    assert (pixels[:, 1] == pixels[:, 2]).all()


def test_raw_bits_keep_the_order_of_values() -> None:
    values = np.array([[-32768, -1, 0, 1, 32767]], dtype=np.int16)
    assert raw_bits(values).tolist() == [[0, 32767, 32768, 32769, 65535]]
    unsigned = np.zeros((1, 1), dtype=np.uint16)
    assert raw_bits(unsigned) is unsigned


def test_default_window_is_the_files_first() -> None:
    windows = (Window(center=1, width=2), Window(center=3, width=4))
    assert default_window(frame(np.zeros((2, 2), np.uint16), windows=windows)) == windows[0]


def test_8_bit_images_are_shown_as_they_are() -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    image = frame(ramp)
    assert (shown(image, default_window(image)) == ramp).all()


def test_one_bit_images_are_black_and_white() -> None:
    image = frame(np.array([[0, 1]], dtype=np.uint8), bits=1)
    assert shown(image, default_window(image)).tolist() == [[0, 255]]


def test_a_flat_object_on_padding_is_not_lost() -> None:
    pixels = np.zeros((100, 100), dtype=np.uint16)
    pixels[30:60, 30:60] = 60000
    image = frame(pixels)
    grey = shown(image, auto_window(image))
    assert grey[0, 0] == 0 and grey[40, 40] == 255


def test_auto_window_leaves_padding_out() -> None:
    pixels = np.full((200, 200), -2000, dtype=np.int16)
    pixels[50:150, 50:150] = np.random.default_rng(0).integers(0, 1001, (100, 100))
    window = auto_window(frame(pixels), (0.0, 100.0))
    low, high = (
        window.center - 0.5 - (window.width - 1) / 2,
        window.center - 0.5 + (window.width - 1) / 2,
    )
    assert low == pytest.approx(0, abs=2)
    assert high == pytest.approx(1000, abs=2)


def test_auto_window_of_the_visible_part() -> None:
    pixels = np.zeros((100, 100), dtype=np.uint16)
    pixels[:, 50:] = 3000
    pixels[10:20, 10:20] = np.arange(100).reshape(10, 10)
    window = auto_window(frame(pixels), (0.0, 100.0), area=(10, 10, 20, 20))
    assert window.width <= 101


def test_constant_images_have_a_window() -> None:
    window = auto_window(frame(np.full((8, 8), 77, dtype=np.uint16)))
    assert window.width >= 1


def test_slope_below_zero_still_gives_a_positive_width() -> None:
    pixels = np.arange(100, dtype=np.uint16).reshape(10, 10)
    assert auto_window(frame(pixels, slope=-2.0)).width > 0


@pytest.mark.parametrize("modality", ["CT", "MR", "DX", ""])
def test_presets_lie_on_f2_to_f8(modality: str) -> None:
    listed = presets(modality)
    assert [p.key for p in listed] == [f"F{n}" for n in range(2, 9)]
    image = frame(np.arange(10_000, dtype=np.uint16).reshape(100, 100))
    assert all(preset_window(p, image).width > 0 for p in listed)
    assert len({p.name for p in listed}) == 7


def test_ct_presets_are_fixed() -> None:
    lung = next(p for p in presets("CT") if p.name == "Lung")
    assert (lung.key, lung.window) == ("F3", Window(center=-600, width=1500, name="Lung"))


def test_value_under_the_pointer() -> None:
    ct = frame(np.array([[24, 282]], dtype=np.uint16), intercept=-1024.0, unit="HU")
    assert value_at(ct, 1.999, 0.5) == -742
    assert value_at(ct, 2.0, 0.5) is None
    assert value_at(ct, -0.01, 0.5) is None
    photo = frame(np.array([[[1, 2, 3]]], dtype=np.uint8))
    assert value_at(photo, 0.5, 0.5) == (1, 2, 3)
