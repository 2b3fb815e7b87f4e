"""Reads photographs: PNG, JPEG, TIFF, BMP and WebP. Child side.

Pillow decodes them; tifffile decodes TIFF of more than 8 bits. Values are never stretched: 16-bit
grey stays 16-bit. Orientation tags are applied; transparency is dropped, colour profiles are not
applied, so the pixels are those of the file.
"""

from __future__ import annotations

import contextlib
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from desktop.imaging.checks import check_pixel_bytes, in_words, refuse, sniff
from desktop.imaging.facts import FrameFacts, ImageFacts, original_in
from desktop.imaging.frame import pixels_sha256

MAX_PIXELS = 1 << 28
MAX_PAGES = 10_000
_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP")
SYNTHETIC_KEY = "SyntheticData"  # of a PNG's texts, named as DICOM's attribute is
_LONGEST_RECIPE = 1 << 16
_ORIENTATION = 274
_SWAPS_SIDES = (5, 6, 7, 8)
_GREY_16 = ("I;16", "I;16L", "I;16B", "I;16N", "I")

Image.MAX_IMAGE_PIXELS = MAX_PIXELS


def read_photo(path: str, kind: str) -> ImageFacts:
    """The facts of a photograph; rows and columns are those after turning it upright."""
    with in_words("It can't be read"):
        if kind == "TIFF" and (facts := _deep_tiff_facts(path)) is not None:
            return facts
        with _open(path) as image:
            rows, columns = _upright_size(image)
            deep, grey = image.mode in _GREY_16, image.mode in ("1", "L", "LA", *_GREY_16)
            if image.mode in ("F", "LAB", "HSV"):
                raise refuse(f"Its colours are not read here ({image.mode}).")
            recipe = _recipe(image, path)
            return ImageFacts(
                media="image",
                rows=rows,
                columns=columns,
                frame_count=_same_pages(image) if kind == "TIFF" else 1,
                samples=1 if grey else 3,
                bits_stored=16 if deep else 8,
                photometric="MONOCHROME2" if grey else "RGB",
                modality="OT",
                synthetic=bool(recipe),
                made_from=original_in(recipe),
            )


def decode_frame(path: str, frame_index: int = 0) -> tuple[npt.NDArray[Any], FrameFacts]:
    """One page of a photograph.

    Returns
    -------
    pixels
        (rows, columns) uint8 or uint16, or (rows, columns, 3) uint8 RGB; C-contiguous, upright.
    facts
        The hash of the pixels; slope 1, no unit.
    """
    with in_words("Its pixels can't be read"):
        pixels = None
        if sniff(path) == "TIFF":
            pixels = _deep_tiff_pixels(path, frame_index)
        if pixels is None:
            with _open(path) as image:
                if frame_index:
                    image.seek(frame_index)
                pixels = _pixels(image)
        exact = np.ascontiguousarray(pixels)
        return exact, FrameFacts(pixels_sha256=pixels_sha256(exact))


def _recipe(image: Image.Image, path: str) -> str:
    """How Reading Room made the image, as the file or one beside it says; "" for one that is not
    made up."""
    own = str(image.info.get("Description", ""))[:_LONGEST_RECIPE]
    if image.info.get(SYNTHETIC_KEY) == "YES":
        return own or SYNTHETIC_KEY
    beside = Path(path).with_suffix(".json")
    try:
        if not beside.is_file() or beside.stat().st_size > _LONGEST_RECIPE:
            return ""
        text = beside.read_bytes().decode()
        found = json.loads(text)
    except (OSError, ValueError):
        return ""
    is_one = isinstance(found, dict) and found.keys() >= {"generator", "version", "seed"}
    return text if is_one else ""


@contextlib.contextmanager
def _open(path: str) -> Iterator[Image.Image]:
    """Open without decoding; too many pixels are an error, not a warning.

    Pillow gets an open file instead of a name, so that it does not map the file into memory: the
    mapped way scrambles turned TIFF images, and a file that shrinks meanwhile would end the child.
    """
    with open(path, "rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = Image.open(file, formats=_FORMATS)
        except Image.DecompressionBombError as error:
            raise refuse(f"It has more than {MAX_PIXELS // 1_000_000} million pixels.") from error
        with image:
            _check_size(image.width, image.height)
            yield image


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise refuse(
            f"It has {width} × {height} pixels; {MAX_PIXELS // 1_000_000} million is the limit."
        )
    check_pixel_bytes(height, width, 1, 3)


def _upright_size(image: Image.Image) -> tuple[int, int]:
    """Rows and columns after turning upright; of a TIFF Pillow tells these already."""
    turned = image.format != "TIFF" and image.getexif().get(_ORIENTATION, 1) in _SWAPS_SIDES
    return (image.width, image.height) if turned else (image.height, image.width)


def _same_pages(image: Image.Image) -> int:
    """How many pages from the first on have its size and mode; others are thumbnails."""
    first = (image.size, image.mode)
    count = min(int(getattr(image, "n_frames", 1)), MAX_PAGES)
    for index in range(1, count):
        image.seek(index)
        if (image.size, image.mode) != first:
            return index
    return count


def _pixels(image: Image.Image) -> npt.NDArray[Any]:
    mode = image.mode
    _check_size(image.width, image.height)
    upright = ImageOps.exif_transpose(image)
    if mode in _GREY_16:
        values = np.asarray(upright)
        if values.min(initial=0) < 0 or values.max(initial=0) > 65_535:
            raise refuse("Its values need more than 16 bits.")
        return values.astype(np.uint16)
    if mode in ("1", "L"):
        return np.asarray(upright.convert("L"))
    if mode == "LA":
        return np.asarray(upright)[..., 0]
    if mode in ("F", "LAB", "HSV"):
        raise refuse(f"Its colours are not read here ({mode}).")
    return np.asarray(upright if mode == "RGB" else upright.convert("RGB"))


def _deep_tiff_facts(path: str) -> ImageFacts | None:
    """The facts of a TIFF with more than 8 bits per sample, or None."""
    import tifffile

    with tifffile.TiffFile(path) as file:
        page: Any = file.pages.first
        if page.bitspersample <= 8:
            return None
        _check_deep(page)
        grey = page.samplesperpixel < 3
        swaps = page.tags.valueof(_ORIENTATION, 1) in _SWAPS_SIDES
        rows, columns = (
            (page.imagewidth, page.imagelength) if swaps else (page.imagelength, page.imagewidth)
        )
        pages = 1
        for other in _pages(file)[1:]:
            if other.shape != page.shape or other.dtype != page.dtype:
                break
            pages += 1
        return ImageFacts(
            media="image",
            rows=rows,
            columns=columns,
            frame_count=pages,
            samples=1 if grey else 3,
            bits_stored=16 if grey else 8,
            signed=grey and page.dtype.kind == "i",
            photometric="MONOCHROME2" if grey else "RGB",
            modality="OT",
        )


def _pages(file: Any) -> list[Any]:
    return [file.pages[i] for i in range(min(len(file.pages), MAX_PAGES))]


def _check_deep(page: Any) -> None:
    if page.dtype is None or page.dtype.kind not in "ui" or page.dtype.itemsize != 2:
        raise refuse("Its values are not whole numbers of up to 16 bits.")
    if page.photometric not in (0, 1, 2) or page.samplesperpixel not in (1, 2, 3, 4):
        raise refuse("Its colours are not read here.")
    _check_size(page.imagewidth, page.imagelength)


def _deep_tiff_pixels(path: str, frame_index: int) -> npt.NDArray[Any] | None:
    import tifffile

    with tifffile.TiffFile(path) as file:
        if file.pages.first.bitspersample <= 8:
            return None
        page: Any = file.pages[frame_index]
        _check_deep(page)
        values = np.asarray(page.asarray(maxworkers=1))
        if page.samplesperpixel > 1 and page.planarconfig == 2:
            values = np.moveaxis(values, 0, -1)
        turned = _turned(values, int(page.tags.valueof(_ORIENTATION, 1)))
        if page.samplesperpixel >= 3:
            return (turned[..., :3].view(np.uint16) >> 8).astype(np.uint8)
        grey = turned[..., 0] if turned.ndim == 3 else turned
        if page.photometric == 0:  # low values are white
            grey = np.invert(grey)
        return grey


def _turned(values: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """Turn upright. Source: TIFF 6.0, Orientation."""
    turns = {
        2: lambda v: v[:, ::-1],
        3: lambda v: v[::-1, ::-1],
        4: lambda v: v[::-1],
        5: lambda v: v.swapaxes(0, 1),
        6: lambda v: v.swapaxes(0, 1)[:, ::-1],
        7: lambda v: v.swapaxes(0, 1)[::-1, ::-1],
        8: lambda v: v.swapaxes(0, 1)[::-1],
    }
    return turns[orientation](values) if orientation in turns else values
