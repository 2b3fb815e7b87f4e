"""Photographs: every mode keeps its values, turned upright, in 8 or 16 bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from PIL import Image

from desktop.domain.errors import FileProblem
from desktop.imaging.header import read_many
from desktop.imaging.photo import decode_frame

RNG = np.random.default_rng(5)
GREY_8 = RNG.integers(0, 256, (6, 9)).astype(np.uint8)
GREY_16 = RNG.integers(0, 65_536, (6, 9)).astype(np.uint16)
RGB = RNG.integers(0, 256, (6, 9, 3)).astype(np.uint8)


def read(path: Path, index: int = 0) -> npt.NDArray[Any]:
    """The pixels, after checking them against what the scan says."""
    (facts,) = read_many([str(path)])
    pixels, frame = decode_frame(str(path), index)
    assert (facts.rows, facts.columns) == pixels.shape[:2], facts
    assert (facts.samples == 3) == (pixels.ndim == 3)
    assert facts.bits_stored == (8 if pixels.ndim == 3 else 8 * pixels.dtype.itemsize)
    assert pixels.flags.c_contiguous and frame.slope == 1.0
    return pixels


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "webp"])
@pytest.mark.parametrize("values", [GREY_8, RGB], ids=["grey", "rgb"])
def test_lossless_formats(values: npt.NDArray[Any], suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    image = Image.fromarray(values)
    image.save(path, **({"lossless": True, "exact": True} if suffix == "webp" else {}))
    expected = values
    if suffix == "webp" and values.ndim == 2:
        expected = np.repeat(values[..., None], 3, axis=2)  # WebP has no grey
    assert np.array_equal(read(path), expected)


def test_jpeg_is_close(tmp_path: Path) -> None:
    smooth = np.linspace(0, 255, 64 * 48).reshape(48, 64).astype(np.uint8)
    Image.fromarray(smooth).save(tmp_path / "a.jpg", quality=95)
    assert np.abs(read(tmp_path / "a.jpg").astype(int) - smooth).max() < 10


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bit_grey_keeps_all_values(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(GREY_16).save(path)
    pixels = read(path)
    assert pixels.dtype == np.uint16 and np.array_equal(pixels, GREY_16)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
def test_sixteen_bit_tiff(order: Any, compression: str | None, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, GREY_16, byteorder=order, compression=compression)
    assert np.array_equal(read(path), GREY_16)


def test_signed_tiff(tmp_path: Path) -> None:
    values = (GREY_16.astype(int) - 32_768).astype(np.int16)
    tifffile.imwrite(tmp_path / "a.tif", values)
    assert np.array_equal(read(tmp_path / "a.tif"), values)


def test_sixteen_bit_colours_keep_their_upper_half(tmp_path: Path) -> None:
    values = RNG.integers(0, 65_536, (6, 9, 3)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb")
    assert np.array_equal(read(tmp_path / "a.tif"), values >> 8)
    tifffile.imwrite(
        tmp_path / "b.tif", values.transpose(2, 0, 1), photometric="rgb", planarconfig="separate"
    )
    assert np.array_equal(read(tmp_path / "b.tif"), values >> 8)


def test_sixteen_bit_min_is_white(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", GREY_16, photometric="miniswhite")
    assert np.array_equal(read(tmp_path / "a.tif"), 65_535 - GREY_16)


def test_floating_point_is_refused_in_words(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", GREY_16.astype(np.float32))
    (facts,) = read_many([str(tmp_path / "a.tif")])
    assert "not whole numbers" in facts.reason


@pytest.mark.parametrize("values", [GREY_8, GREY_16], ids=["8 bit", "16 bit"])
def test_pages_are_frames(values: npt.NDArray[Any], tmp_path: Path) -> None:
    pages = np.stack([values, values[::-1], values[:, ::-1]])
    tifffile.imwrite(tmp_path / "a.tif", pages, photometric="minisblack")
    (facts,) = read_many([str(tmp_path / "a.tif")])
    assert facts.frame_count == 3
    for index in (2, 0, 1):
        assert np.array_equal(read(tmp_path / "a.tif", index), pages[index])


@pytest.mark.parametrize("values", [GREY_8, GREY_16], ids=["8 bit", "16 bit"])
def test_pages_of_another_size_are_not_frames(values: npt.NDArray[Any], tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for page in (values, values, values[:3, :4]):
            writer.write(page, photometric="minisblack")
    (facts,) = read_many([str(tmp_path / "a.tif")])
    assert facts.frame_count == 2


def test_black_and_white(tmp_path: Path) -> None:
    bits = GREY_8 > 127
    Image.fromarray(bits).save(tmp_path / "a.png")
    assert np.array_equal(read(tmp_path / "a.png"), np.where(bits, 255, 0))


def test_a_palette_becomes_rgb(tmp_path: Path) -> None:
    image = Image.fromarray(RGB).quantize(16)
    image.save(tmp_path / "a.png")
    assert np.array_equal(read(tmp_path / "a.png"), np.asarray(image.convert("RGB")))


def test_transparency_is_dropped(tmp_path: Path) -> None:
    rgba = np.dstack([RGB, GREY_8])
    Image.fromarray(rgba).save(tmp_path / "a.png")
    assert np.array_equal(read(tmp_path / "a.png"), RGB)
    Image.fromarray(np.dstack([GREY_8, GREY_8.T.reshape(6, 9)]), "LA").save(tmp_path / "b.png")
    assert np.array_equal(read(tmp_path / "b.png"), GREY_8)


@pytest.mark.parametrize("values", [GREY_8, RGB, GREY_16], ids=["grey", "rgb", "16 bit"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(values: npt.NDArray[Any], orientation: int, tmp_path: Path) -> None:
    """The stored image is the upright one turned back."""
    turn_back = {
        1: lambda v: v,
        2: np.fliplr,
        3: lambda v: np.rot90(v, 2),
        4: np.flipud,
        5: lambda v: np.swapaxes(v, 0, 1),
        6: lambda v: np.rot90(v, 1),
        7: lambda v: np.rot90(np.swapaxes(v, 0, 1), 2),
        8: lambda v: np.rot90(v, -1),
    }
    stored = np.ascontiguousarray(turn_back[orientation](values))
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stored, extratags=[(274, 3, 1, orientation, True)])
    assert np.array_equal(read(path), values)
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(stored).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read(tmp_path / "a.png"), values)


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    image = Image.fromarray(np.full((8, 8, 3), (200, 100, 50), np.uint8)).convert("CMYK")
    image.save(tmp_path / "a.tif")
    assert np.array_equal(read(tmp_path / "a.tif"), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "webp", "tif"])
def test_a_cut_off_file_is_refused_or_named_when_read(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    noise = RNG.integers(0, 256, (200, 200, 3)).astype(np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(FileProblem):
        decode_frame(str(path))
