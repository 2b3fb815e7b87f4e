"""Puts the picture together: composed pixels, shapes, what is in hand, furniture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from desktop.domain.proposal import Proposal
from desktop.domain.study import Plane, Window
from desktop.gui.canvas.canvas_furniture import (
    Corners,
    draw_banner,
    draw_corners,
    draw_letters,
    draw_message,
    draw_scale_bar,
)
from desktop.gui.canvas.canvas_shapes import ShapePainter, View, draw_preview, draw_words
from desktop.gui.canvas.canvas_sheet import Sheet, fill_overlay, paints
from desktop.gui.canvas.canvas_suggestions import SuggestionPainter
from desktop.gui.widgets import theme
from desktop.imaging.display import grey_table
from desktop.imaging.frame import Frame
from desktop.imaging.overlay import Overlay, Paint, Rect
from desktop.imaging.viewport import Compositor, Placement
from desktop.interaction.context import ToolContext
from desktop.interaction.tool import MaskPreview, Preview, ShapePreview


@dataclass(frozen=True)
class Scene:
    """All that one picture shows. ``context`` None: the frame is not the one wanted (yet)."""

    sheet: Sheet | None
    frame: Frame | None
    context: ToolContext | None
    placement: Placement
    ratio: float
    window: Window | None
    selection: tuple[str, ...]
    regions_shown: bool
    previews: tuple[Preview, ...]
    suggestions: tuple[Proposal, ...]
    suggestion: str
    brush: tuple[QPointF, float, float] | None
    corners: Corners
    plane: Plane | None
    message: tuple[str, str] | None
    banner: str


class CanvasPainter:
    """Keeps the buffers between two pictures."""

    def __init__(self) -> None:
        self._compositor = Compositor()
        self._shapes = ShapePainter()
        self._suggested = SuggestionPainter()
        self._overlay: Overlay | None = None
        self._pixels: npt.NDArray[np.uint8] | None = None
        self._image = QImage()

    def refresh_overlay(
        self, scene_frame: Frame, context: ToolContext, sheet: Sheet, outlines_only: bool
    ) -> None:
        """Take over the committed painted regions of the frame."""
        wanted = paints(sheet, context.painted, context.selection)
        self._overlay, changed = fill_overlay(self._overlay, scene_frame, wanted, outlines_only)
        self._compositor.touch(changed)

    def stroke(
        self, preview: MaskPreview, sheet: Sheet, selection: tuple[str, ...], whole: bool = False
    ) -> None:
        """Show pixels in hand; only what was touched is composed again, unless ``whole``."""
        if self._overlay is None:
            return
        color = sheet.color(preview.class_id)
        rim = (255, 255, 255) if preview.annotation_id in selection else color
        paint = Paint(preview.annotation_id, preview.mask_yx, preview.bounds, color, rim)
        touched = preview.bounds if whole else preview.touched
        self._overlay.replace(paint, touched)
        self._compositor.touch(touched)

    def paint(self, painter: QPainter, exposed: QRect, scene: Scene) -> None:
        """One picture, or the exposed part of it."""
        size = QRectF(
            0, 0, scene.placement.width / scene.ratio, scene.placement.height / scene.ratio
        )
        if scene.frame is None:
            painter.fillRect(exposed, QColor(theme.current().canvas))
        else:
            self._draw_image(painter, exposed, scene, scene.frame)
        painter.setFont(theme.font(theme.SMALL_PX))
        if scene.context is not None and scene.sheet is not None:
            self._draw_regions(painter, QRectF(exposed), scene, scene.sheet, scene.context)
        elif scene.frame is not None:
            painter.fillRect(exposed, QColor(0, 0, 0, 140))
        self._draw_furniture(painter, exposed, size, scene)

    def _draw_image(self, painter: QPainter, exposed: QRect, scene: Scene, frame: Frame) -> None:
        table = None if scene.window is None else grey_table(frame, scene.window)
        self._compositor.rim_px = 1 if scene.ratio < 1.5 else 2
        shown = scene.regions_shown and scene.context is not None
        pixels = self._compositor.compose(
            frame, scene.placement, table, self._overlay if shown else None
        )
        if self._pixels is None or self._pixels.shape != pixels.shape:
            height, width = pixels.shape[:2]
            self._pixels = pixels  # the image doesn't keep the buffer alive
            self._image = QImage(pixels.data, width, height, width * 4, QImage.Format.Format_RGB32)
            self._image.setDevicePixelRatio(scene.ratio)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        r = scene.ratio
        part = QRectF(exposed.x() * r, exposed.y() * r, exposed.width() * r, exposed.height() * r)
        painter.drawImage(QRectF(exposed), self._image, part)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)

    def _draw_regions(
        self, painter: QPainter, clip: QRectF, scene: Scene, sheet: Sheet, context: ToolContext
    ) -> None:
        view = View(scene.placement, scene.ratio)
        if scene.regions_shown:
            self._suggested.draw(
                painter, view, sheet, context.frame, scene.suggestions, scene.suggestion
            )
            hidden = frozenset(
                p.replaces for p in scene.previews if isinstance(p, ShapePreview) and p.replaces
            )
            self._shapes.draw(painter, view, clip, sheet, context, scene.selection, hidden)
            in_hand = {p.annotation_id for p in scene.previews if isinstance(p, MaskPreview)}
            for item in context.painted:
                region = sheet.region(item.slice.annotation_id)
                if region is not None and region.id not in in_hand:
                    x0, y0 = item.slice.bounds[:2]
                    words = sheet.words(region) + (" · locked" if region.locked else "")
                    right, lower = sheet.words_shift(region)
                    shift = QPointF(right, lower - 5)
                    draw_words(painter, view.point((x0, y0)) + shift, words)
        for preview in scene.previews:
            if isinstance(preview, ShapePreview):
                draw_preview(painter, view, preview, sheet.color(preview.class_id))
        if scene.brush is not None:
            at, rx, ry = scene.brush
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            for color, grow in ((QColor(0, 0, 0, 170), 1.0), (QColor(255, 255, 255), 0.0)):
                painter.setPen(QPen(color, 1.0))
                painter.drawEllipse(at, rx + grow, ry + grow)

    def _draw_furniture(
        self, painter: QPainter, exposed: QRect, size: QRectF, scene: Scene
    ) -> None:
        """Skipped while only a part inside is painted again, as in a stroke."""
        inner = size.adjusted(40, 70, -40, -70)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if not inner.contains(QRectF(exposed)):
            draw_corners(painter, size, scene.corners)
            if scene.plane is not None:
                draw_letters(painter, size, scene.plane)
            if scene.context is not None:
                px = scene.placement.zoom / scene.ratio
                draw_scale_bar(painter, size, scene.context.calibrations, px)
        if scene.message is not None:
            draw_message(painter, size, *scene.message)
        if scene.banner:
            draw_banner(painter, size, scene.banner)
        painter.setPen(Qt.PenStyle.NoPen)


def touched_rect(placement: Placement, ratio: float, touched: Rect, margin: int = 3) -> QRect:
    """Logical pixels around touched image pixels."""
    x0, y0, x1, y1 = placement.rect_of(touched, margin)
    rect = QRectF(x0 / ratio, y0 / ratio, (x1 - x0) / ratio, (y1 - y0) / ratio)
    return rect.toAlignedRect()


def load_image_library() -> None:
    """Half a second that the first image doesn't have to wait for."""
    import desktop.imaging.cv  # noqa: F401
