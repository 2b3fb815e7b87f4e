"""Composes what the window shows, not the image: the cost follows the window's size.

One frame is brought to device pixels by a warp of its raw values, one lookup turns them into
opaque 32-bit pixels, painted regions are brought along by nearest neighbour and blended by a
second lookup that takes grey and region at once. Everything lies in buffers that are used again.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from desktop.domain.geometry import XY
from desktop.imaging.display import GreyTable, raw_bits
from desktop.imaging.frame import Frame
from desktop.imaging.overlay import (
    FILL,
    RIM,
    Overlay,
    Rect,
    apart,
    around,
    clip,
    intersect,
    is_empty,
)

SMOOTH_UP_TO = 4.0  # device pixels per image pixel; beyond, the pixels themselves are shown
ZOOM_LIMITS = (0.02, 64.0)

_PYRAMIDS = 4  # frames whose smaller levels are kept
_BLACK = -16777216  # opaque black as int32, 0xFF000000


@dataclass(frozen=True)
class Placement:
    """Where an image lies in the viewport, in device pixels: ``screen = image * scale + offset``.

    ``zoom`` is device pixels per image column; ``aspect`` is the height of an image pixel divided
    by its width (rows further apart than columns give more than 1).
    """

    width: int
    height: int
    zoom: float
    x: float
    y: float
    aspect: float = 1.0

    @property
    def zoom_y(self) -> float:
        return self.zoom * self.aspect

    def to_image(self, sx: float, sy: float) -> XY:
        return ((sx - self.x) / self.zoom, (sy - self.y) / self.zoom_y)

    def to_screen(self, x: float, y: float) -> XY:
        return (x * self.zoom + self.x, y * self.zoom_y + self.y)

    def image_rect(self, rows: int, columns: int) -> Rect:
        """Device pixels whose centre lies on the image, cut to the viewport."""
        return self.rect_of((0, 0, columns, rows))

    def rect_of(self, area: tuple[float, float, float, float], margin: int = 0) -> Rect:
        """Device pixels of an image rectangle x0, y0, x1, y1, widened by ``margin``."""
        x0, y0 = self.to_screen(area[0], area[1])
        x1, y1 = self.to_screen(area[2], area[3])
        return clip(
            (
                math.ceil(x0 - 0.5) - margin,
                math.ceil(y0 - 0.5) - margin,
                math.ceil(x1 - 0.5) + margin,
                math.ceil(y1 - 0.5) + margin,
            ),
            self.width,
            self.height,
        )

    def visible(self, rows: int, columns: int) -> Rect:
        """Image pixels that are at least partly on screen: x0, y0, x1, y1, exclusive end."""
        x0, y0 = self.to_image(0, 0)
        x1, y1 = self.to_image(self.width, self.height)
        rect = (math.floor(x0), math.floor(y0), math.ceil(x1), math.ceil(y1))
        return clip(rect, columns, rows)


def fit_zoom(rows: int, columns: int, width: int, height: int, aspect: float = 1.0) -> float:
    """The zoom that shows the whole image."""
    return max(1e-3, min(width / max(1, columns), height / max(1e-9, rows * aspect)))


def place(
    size: tuple[int, int],
    viewport: tuple[int, int],
    zoom: float,
    center: XY | None,
    aspect: float = 1.0,
) -> Placement:
    """Place an image of (rows, columns) in a viewport of (width, height).

    ``zoom`` 0 fits the image; ``center`` is the image point in the middle, None the image's
    middle. Offsets are whole device pixels, so that a pan never blurs.
    """
    rows, columns = size
    width, height = viewport
    zoom = zoom or fit_zoom(rows, columns, width, height, aspect)
    cx, cy = center or (columns / 2, rows / 2)
    x = round(width / 2 - cx * zoom)
    y = round(height / 2 - cy * zoom * aspect)
    return Placement(width=width, height=height, zoom=zoom, x=x, y=y, aspect=aspect)


class Compositor:
    """Keeps one viewport's buffers and recomputes only what changed since the last call."""

    def __init__(self) -> None:
        self._out: npt.NDArray[np.int32] = np.full((1, 1), _BLACK, dtype=np.int32)
        self._raw: npt.NDArray[Any] = np.zeros((1, 1), dtype=np.uint8)
        self._spare = self._raw
        self._levels: OrderedDict[int, _Levels] = OrderedDict()
        self._pixels: npt.NDArray[Any] | None = None
        self.rim_px = 1  # device pixels of a painted region's rim
        self._placement: Placement | None = None
        self._table: GreyTable | None = None
        self._overlay: Overlay | None = None
        self._version = -1
        self._touched: list[Rect] = []
        self._looks: tuple[tuple[Any, ...], _Look] | None = None

    def touch(self, rect: Rect) -> None:
        """Say that within the overlay only these image pixels changed since the last call."""
        self._touched.append(rect)

    def compose(
        self,
        frame: Frame,
        placement: Placement,
        table: GreyTable | None,
        overlay: Overlay | None = None,
    ) -> npt.NDArray[np.uint8]:
        """The viewport as one opaque picture.

        Parameters
        ----------
        frame : Frame
            Grey (uint8, uint16, int16) or RGB.
        placement : Placement
        table : GreyTable or None
            From ``grey_table``; None for colour frames, which stay as they are.
        overlay : Overlay or None
            Painted regions of the frame.

        Returns
        -------
        (height, width, 4) uint8
            B, G, R, 255 in C order. The same buffer every time while the size stays.
        """
        resized = self._out.shape != (placement.height, placement.width)
        if resized:
            self._out = np.empty((placement.height, placement.width), dtype=np.int32)
        moved = resized or frame.pixels is not self._pixels or placement != self._placement
        area = placement.image_rect(frame.rows, frame.columns)
        if moved:
            self._bring(frame, placement, area)
        if moved or table is not self._table:
            self._paint(frame, placement, table, overlay, area)
        elif overlay is not self._overlay or (overlay and overlay.version != self._version):
            same = overlay is self._overlay and self._touched
            reach = self.rim_px + 1
            for rect in apart(self._touched) if same else [(0, 0, frame.columns, frame.rows)]:
                part = intersect(placement.rect_of(rect, reach), area)
                self._paint(frame, placement, table, overlay, part)
        self._pixels, self._placement, self._table = frame.pixels, placement, table
        self._overlay, self._version = overlay, overlay.version if overlay else -1
        self._touched = []
        return self._out.view(np.uint8).reshape(placement.height, placement.width, 4)

    def _bring(self, frame: Frame, placement: Placement, area: Rect) -> None:
        """Raw values of the frame at the device pixels of ``area``.

        After a pan only what came into sight is warped; the rest is moved.
        """
        x0, y0, x1, y1 = area
        out = self._out
        for band in (out[:y0], out[y1:], out[y0:y1, :x0], out[y0:y1, x1:]):
            band[:] = _BLACK
        channels = (4,) if frame.is_color else ()
        shape = (placement.height, placement.width, *channels)
        dtype = np.uint8 if frame.pixels.dtype == np.uint8 else np.uint16
        if self._raw.shape != shape or self._raw.dtype != dtype:
            self._raw, self._spare = np.zeros(shape, dtype), np.zeros(shape, dtype)
            self._pixels = None
        kept = self._moved(frame, placement, area)
        for part in around(area, kept):
            self._warp(frame, placement, part)

    def _moved(self, frame: Frame, placement: Placement, area: Rect) -> Rect:
        """Move what stays in sight to its new place; returns where it lies now."""
        old = self._placement
        if old is None or frame.pixels is not self._pixels:
            return (0, 0, 0, 0)
        if (old.zoom, old.aspect) != (placement.zoom, placement.aspect):
            return (0, 0, 0, 0)
        dx, dy = round(placement.x - old.x), round(placement.y - old.y)
        if (dx, dy) != (placement.x - old.x, placement.y - old.y):
            return (0, 0, 0, 0)
        bx0, by0, bx1, by1 = old.image_rect(frame.rows, frame.columns)
        kept = intersect((bx0 + dx, by0 + dy, bx1 + dx, by1 + dy), area)
        if is_empty(kept):
            return (0, 0, 0, 0)
        x0, y0, x1, y1 = kept
        np.copyto(self._spare[y0:y1, x0:x1], self._raw[y0 - dy : y1 - dy, x0 - dx : x1 - dx])
        self._raw, self._spare = self._spare, self._raw
        return kept

    def _warp(self, frame: Frame, placement: Placement, part: Rect) -> None:
        from desktop.imaging.cv import cv2

        x0, y0, x1, y1 = part
        source = self._level(frame, placement.zoom)
        smooth = max(placement.zoom, placement.zoom_y) <= SMOOTH_UP_TO
        cv2.warpAffine(
            source,
            _matrix(placement, (x0, y0), source.shape[:2], (frame.rows, frame.columns)),
            (x1 - x0, y1 - y0),
            dst=self._raw[y0:y1, x0:x1],
            flags=(cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST) | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )

    def _level(self, frame: Frame, zoom: float) -> npt.NDArray[Any]:
        key = id(frame.pixels)
        levels = self._levels.get(key)
        if levels is None or levels.pixels is not frame.pixels:
            levels = self._levels[key] = _Levels(frame.pixels)
        self._levels.move_to_end(key)
        while len(self._levels) > _PYRAMIDS:
            self._levels.popitem(last=False)
        return levels.at(zoom)

    def _paint(
        self,
        frame: Frame,
        placement: Placement,
        table: GreyTable | None,
        overlay: Overlay | None,
        part: Rect,
    ) -> None:
        """Grey or colour, and the regions, into the device pixels of ``part``."""
        from desktop.imaging.cv import cv2

        if is_empty(part):
            return
        x0, y0, x1, y1 = part
        raw, out = self._raw[y0:y1, x0:x1], self._out[y0:y1, x0:x1]
        if table is not None:
            cv2.LUT(raw, table.bgra, dst=out)
        else:
            np.copyto(out, raw.view(np.int32)[..., 0])
        if overlay is None or not overlay.paints:
            return
        over = intersect(placement.rect_of(overlay.bounds, 1), part)
        if not is_empty(over):
            self._blend(placement, table, overlay, over)

    def _blend(
        self, placement: Placement, table: GreyTable | None, overlay: Overlay, part: Rect
    ) -> None:
        from desktop.imaging.cv import cv2

        x0, y0, x1, y1 = part
        slots = _slots_on_screen(overlay, placement, part, self.rim_px)
        look = self._look(overlay)
        out = self._out[y0:y1, x0:x1]
        if table is not None:
            grey = cv2.LUT(self._raw[y0:y1, x0:x1], table.grey)
            index = cv2.merge((grey, slots)).view(np.uint16)[..., 0]
            cv2.LUT(index, look.blend, dst=out)
            return
        colors = cv2.LUT(slots, look.flat).view(np.uint8).reshape(*slots.shape, 4)
        under = np.ascontiguousarray(out).view(np.uint8).reshape(*slots.shape, 4)
        inside = (slots > 0) & (slots < RIM) if not overlay.outlines_only else slots < 0
        mixed = cv2.addWeighted(under, 1 - FILL, colors, FILL, 0)
        out[inside] = mixed.view(np.int32)[..., 0][inside]
        rim = slots >= RIM
        out[rim] = colors.view(np.int32)[..., 0][rim]

    def _look(self, overlay: Overlay) -> _Look:
        fill, rim = overlay.palette()
        key = (fill.tobytes(), rim.tobytes(), overlay.outlines_only)
        if self._looks is None or self._looks[0] != key:
            self._looks = (key, _Look.of(fill, rim, overlay.outlines_only))
        return self._looks[1]


@dataclass(frozen=True)
class _Look:
    """``blend``: (65536,) int32 by slot * 256 + grey; ``flat``: (256,) int32 by slot."""

    blend: npt.NDArray[np.int32]
    flat: npt.NDArray[np.int32]

    @staticmethod
    def of(fill: npt.NDArray[np.uint8], rim: npt.NDArray[np.uint8], outlines_only: bool) -> _Look:
        grey = np.arange(256, dtype=np.float32)[None, :, None]
        rgb = np.empty((256, 256, 3), dtype=np.float32)
        share = 0.0 if outlines_only else FILL
        rgb[:RIM] = grey * (1 - share) + fill[:, None, :] * np.float32(share)
        rgb[RIM:] = rim[:, None, :]
        rgb[0] = grey[0]
        flat = np.concatenate((fill, rim))
        return _Look(blend=_packed((rgb + 0.5).astype(np.uint32)).ravel(), flat=_packed(flat))


def _packed(rgb: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
    """(..., 3) RGB as opaque 32-bit pixels."""
    r, g, b = (rgb[..., i].astype(np.uint32) for i in range(3))
    return (np.uint32(0xFF000000) | r << 16 | g << 8 | b).view(np.int32)


class _Levels:
    """A frame's raw values and its halves, made when first needed."""

    def __init__(self, pixels: npt.NDArray[Any]) -> None:
        self.pixels = pixels
        self._levels: list[npt.NDArray[Any]] = []

    def at(self, zoom: float) -> npt.NDArray[Any]:
        """The smallest level that is still at least as fine as the screen."""
        from desktop.imaging.cv import cv2

        if not self._levels:
            color = self.pixels.ndim == 3  # four channels are warped faster than three
            first = (
                cv2.cvtColor(self.pixels, cv2.COLOR_RGB2BGRA) if color else raw_bits(self.pixels)
            )
            self._levels.append(np.asarray(first))
        wanted = max(0, math.floor(-math.log2(zoom))) if zoom < 1 else 0
        while len(self._levels) <= wanted:
            last = self._levels[-1]
            if min(last.shape[:2]) < 2:
                break
            half = (last.shape[1] // 2, last.shape[0] // 2)
            self._levels.append(np.asarray(cv2.resize(last, half, interpolation=cv2.INTER_AREA)))
        return self._levels[min(wanted, len(self._levels) - 1)]


def _matrix(
    placement: Placement, origin: tuple[int, int], level: tuple[int, int], full: tuple[int, int]
) -> npt.NDArray[np.float64]:
    """From device pixels, counted from ``origin``, to pixel indices of a pyramid level.

    Pixel centres lie at whole indices for the warp and at .5 in image coordinates.
    """
    fx, fy = level[1] / full[1], level[0] / full[0]
    sx, sy = fx / placement.zoom, fy / placement.zoom_y
    return np.array(
        [
            [sx, 0.0, (origin[0] + 0.5 - placement.x) * sx - 0.5],
            [0.0, sy, (origin[1] + 0.5 - placement.y) * sy - 0.5],
        ]
    )


def _slots_on_screen(
    overlay: Overlay, placement: Placement, part: Rect, reach: int
) -> npt.NDArray[np.uint8]:
    """Slots at the device pixels of ``part``; 128 is added along the rim of each region.

    ``reach`` is the width of the rim.
    """
    from desktop.imaging.cv import cv2

    x0, y0, x1, y1 = part
    size = (overlay.rows, overlay.columns)
    slots = cv2.warpAffine(
        overlay.slots_yx,
        _matrix(placement, (x0 - reach, y0 - reach), size, size),
        (x1 - x0 + 2 * reach, y1 - y0 + 2 * reach),
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=0,
    )
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), dtype=np.uint8)
    rim = cv2.compare(cv2.erode(slots, kernel), cv2.dilate(slots, kernel), cv2.CMP_NE)
    inside = cv2.compare(slots, np.zeros(1), cv2.CMP_GT)
    marks = np.asarray(cv2.bitwise_and(rim, inside), dtype=np.uint8) & np.uint8(RIM)
    inner = slice(reach, -reach)
    return np.ascontiguousarray((np.asarray(slots, dtype=np.uint8) | marks)[inner, inner])
