"""A picture to look at and not to draw on, with regions over it; several of them move as one.

Panes that share a ``PaneLink`` show the same place, size, window and image number, so that two
readers' outlines or two images can be compared point by point. Where a pane is, is told in shares
of its image: linked panes may differ in size on screen, and so may their images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from desktop.domain.calibration import Calibrations, calibrations
from desktop.domain.geometry import Mask, Point
from desktop.domain.study import FrameRef, Plane, Window
from desktop.gui.canvas.canvas_drag import WindowDrag
from desktop.gui.canvas.canvas_frames import FrameFeed
from desktop.gui.canvas.canvas_furniture import (
    Corners,
    draw_corners,
    draw_letters,
    draw_message,
    draw_scale_bar,
    window_text,
)
from desktop.gui.canvas.canvas_shapes import View, draw_point, draw_words, hairline, path_of, stroke
from desktop.gui.canvas.pane_link import PaneLink, PaneRegion, RegionsOf
from desktop.gui.widgets import theme
from desktop.imaging.display import default_window, grey_table
from desktop.imaging.frame import Frame
from desktop.imaging.overlay import Overlay, Paint
from desktop.imaging.viewport import ZOOM_LIMITS, Compositor, Placement, fit_zoom, place

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace


class ImagePane(QWidget):
    """Shows a series and regions over it; wheel, drags and keys change the link's view.

    Wheel: images of the series (with Ctrl, or on a single image: zoom). Left- or middle-drag: pan.
    Right-drag: window. Double click: fit. ``pressed`` tells a click without a drag.
    """

    pressed = Signal()

    def __init__(self, link: PaneLink | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.link = link or PaneLink(self)
        self.caption: tuple[str, ...] = ()  # lines in the top left corner
        self._workspace: Workspace | None = None
        self._refs: Sequence[FrameRef] = ()
        self._regions_of: RegionsOf = lambda _ref: ()
        self._feed = FrameFeed(self)
        self._compositor = Compositor()
        self._overlay: Overlay | None = None
        self._shapes: tuple[PaneRegion, ...] = ()
        self._worded: tuple[PaneRegion, ...] = ()
        self._facts: _Facts | None = None
        self._drag: _Drag | None = None
        self._wheel = 0
        self._message = ("", "")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setMinimumSize(160, 120)
        self.setAccessibleName("Image")
        self._feed.changed.connect(self._arrived)
        self.link.changed.connect(self._moved)

    def sizeHint(self) -> QSize:
        return QSize(480, 480)

    # what is shown ---------------------------------------------------------------------------

    def show_images(
        self,
        workspace: Workspace,
        refs: Sequence[FrameRef],
        regions_of: RegionsOf = lambda _ref: (),
    ) -> None:
        """Show these images; ``regions_of`` gives what lies over each, when it is drawn."""
        self._workspace, self._refs, self._regions_of = workspace, tuple(refs), regions_of
        self._message = ("", "") if self._refs else ("There is no image.", "")
        self._feed.clear()
        self._want()

    def show_message(self, title: str, detail: str = "") -> None:
        """Words instead of an image."""
        self._workspace, self._refs = None, ()
        self._message = (title, detail)
        self._feed.clear()

    def refresh_regions(self) -> None:
        """Ask for the regions again."""
        self._take_regions()
        self.update()

    @property
    def frame_shown(self) -> FrameRef | None:
        """The image on screen, once it is there."""
        return self._feed.wanted if self._feed.is_current else None

    @property
    def image_count(self) -> int:
        return len(self._refs)

    def placement(self) -> Placement:
        """Where the image lies on the pane, in device pixels."""
        ratio, frame, view = self.devicePixelRatioF(), self._feed.frame, self.link.view
        size = (max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio)))
        rows, columns = (frame.rows, frame.columns) if frame else (1, 1)
        aspect = self._aspect(frame)
        zoom = fit_zoom(rows, columns, *size, aspect) * view.scale
        center = (view.center[0] * columns, view.center[1] * rows)
        return place((rows, columns), size, zoom, center, aspect)

    def image_point(self, at: QPointF) -> tuple[float, float]:
        """The image point under a logical point of the pane."""
        ratio = self.devicePixelRatioF()
        return self.placement().to_image(at.x() * ratio, at.y() * ratio)

    def window_in_use(self) -> Window | None:
        """None for colour and while nothing is there."""
        frame = self._feed.frame
        if frame is None or frame.is_color:
            return None
        return self.link.view.window or default_window(frame)

    # hearing ---------------------------------------------------------------------------------

    def _moved(self) -> None:
        self._want()
        self.update()

    def _want(self) -> None:
        if self._workspace is None or not self._refs:
            self._feed.clear()
            return
        index = min(len(self._refs) - 1, max(0, self.link.view.index))
        self._feed.show(self._workspace, self._refs, index)

    def _arrived(self) -> None:
        self._take_facts()
        self._take_regions()
        self.update()

    def _take_facts(self) -> None:
        """What the drawing needs to know of the image, so that painting reads nothing."""
        frame, room = self._feed.frame, self._workspace
        if frame is None or room is None:
            self._facts = None
            return
        image = room.instance(frame.ref.instance_id)
        known = calibrations(image, room.calibration(image.series_id))
        plane = image.plane(frame.ref.frame_index)
        self._facts = _Facts(frame.ref, image.spacing_mm, plane, known)

    def _take_regions(self) -> None:
        frame, ref = self._feed.frame, self._feed.wanted
        self._overlay, self._shapes, self._worded = None, (), ()
        if frame is None or ref is None or not self._feed.is_current:
            return
        found = tuple(self._regions_of(ref))
        self._shapes = tuple(r for r in found if r.mask_yx is None and _has_shape(r))
        self._worded = tuple(r for r in found if r.words)
        painted = [
            Paint(r.key, r.mask_yx, r.bounds, r.color, r.color)
            for r in found
            if r.mask_yx is not None and r.mask_yx.shape == (frame.rows, frame.columns)
        ]
        if painted:
            self._overlay = Overlay(frame.rows, frame.columns)
            self._overlay.set(painted, self.link.view.outlines_only)

    # painting --------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        size = QRectF(self.rect())
        with QPainter(self) as painter:
            frame = self._feed.frame
            if frame is None or self._feed.problem is not None:
                painter.fillRect(size, QColor(theme.current().canvas))
                self._draw_words(painter, size)
                return
            placement = self.placement()
            self._draw_image(painter, frame, placement)
            view = View(placement, self.devicePixelRatioF())
            if self.link.view.regions_shown and self._feed.is_current:
                self._draw_shapes(painter, view)
            self._draw_furniture(painter, size, frame, placement)

    def _draw_image(self, painter: QPainter, frame: Frame, placement: Placement) -> None:
        view, ratio, window = self.link.view, self.devicePixelRatioF(), self.window_in_use()
        table = None if window is None else grey_table(frame, window)
        self._compositor.rim_px = 1 if ratio < 1.5 else 2
        overlay = self._overlay if view.regions_shown and self._feed.is_current else None
        if overlay is not None and overlay.outlines_only != view.outlines_only:
            overlay.set(overlay.paints, view.outlines_only)
        pixels = self._compositor.compose(frame, placement, table, overlay)
        height, width = pixels.shape[:2]
        image = QImage(pixels.data, width, height, width * 4, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(ratio)
        painter.drawImage(QPointF(0, 0), image)

    def _draw_shapes(self, painter: QPainter, view: View) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for region in self._shapes:
            color, geometry = QColor(*region.color), region.geometry
            if isinstance(geometry, Point):
                draw_point(painter, view.point((geometry.x, geometry.y)), color)
            elif geometry is not None:
                painter.setTransform(view.transform())
                path = path_of(geometry)
                stroke(painter, view, path, color, 0.5)
                painter.setPen(hairline(color, region.dashes))
                painter.drawPath(path)
                painter.resetTransform()
        painter.setFont(theme.font(theme.SMALL_PX))
        for region in self._worded:
            x0, y0 = region.geometry.bounds()[:2] if region.geometry else region.bounds[:2]
            draw_words(painter, view.point((x0, y0)) - QPointF(0, 5), region.words)

    def _draw_furniture(
        self, painter: QPainter, size: QRectF, frame: Frame, placement: Placement
    ) -> None:
        painter.setFont(theme.font(theme.SMALL_PX))
        count, index = len(self._refs), min(len(self._refs) - 1, self.link.view.index)
        place_text = f"Image {index + 1} of {count}" if count > 1 else ""
        corners = Corners(
            top_left=self.caption,
            bottom_left=tuple(t for t in (place_text,) if t),
            bottom_right=tuple(t for t in (window_text(self.window_in_use()),) if t),
        )
        draw_corners(painter, size, corners)
        if self._facts is None or self._facts.ref != frame.ref:
            return
        if self._facts.plane is not None:
            draw_letters(painter, size, self._facts.plane)
        ratio = self.devicePixelRatioF()
        draw_scale_bar(painter, size, self._facts.known, placement.zoom / ratio)

    def _draw_words(self, painter: QPainter, size: QRectF) -> None:
        problem = self._feed.problem
        title, detail = self._message
        if problem is not None:
            title, detail = problem.title, " ".join(t for t in (problem.detail, problem.hint) if t)
        if title:
            draw_message(painter, size, title, detail)

    def _aspect(self, frame: Frame | None) -> float:
        if frame is None:
            return 1.0
        if self._facts is None or self._facts.ref.instance_id != frame.ref.instance_id:
            return 1.0
        spacing = self._facts.spacing_mm
        if spacing is None or min(spacing) <= 0:
            return 1.0
        ratio = spacing[0] / spacing[1]
        return ratio if abs(ratio - 1) > 1e-3 else 1.0

    # hands -----------------------------------------------------------------------------------

    def step(self, steps: int) -> None:
        """Some images on or back."""
        if self._refs:
            index = min(len(self._refs) - 1, max(0, self.link.view.index + steps))
            self.link.change(index=index)

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom; the image point under ``at`` (or the middle) stays where it is."""
        frame, old = self._feed.frame, self.placement()
        if frame is None:
            return
        ratio = self.devicePixelRatioF()
        sx, sy = (at.x() * ratio, at.y() * ratio) if at else (old.width / 2, old.height / 2)
        x, y = old.to_image(sx, sy)
        zoom = min(ZOOM_LIMITS[1], max(ZOOM_LIMITS[0], old.zoom * factor))
        cx = x + (old.width / 2 - sx) / zoom
        cy = y + (old.height / 2 - sy) / (zoom * old.aspect)
        fit = fit_zoom(frame.rows, frame.columns, old.width, old.height, old.aspect)
        self.link.change(scale=zoom / fit, center=(cx / frame.columns, cy / frame.rows))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        delta = event.angleDelta().y() or event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier or len(self._refs) < 2:
            self.zoom_by(1.0015**delta, event.position())
        else:
            self._wheel += delta
            steps = int(self._wheel / 120)
            self._wheel -= steps * 120
            self.step(-steps)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        window = self.window_in_use()
        if event.button() is Qt.MouseButton.RightButton:
            self._drag = _Drag(event.position(), self.placement(), window) if window else None
        else:
            self._drag = _Drag(event.position(), self.placement(), None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        drag, frame = self._drag, self._feed.frame
        if drag is None or frame is None:
            return
        moved = event.position() - drag.start
        if not drag.went_far and abs(moved.x()) + abs(moved.y()) < 4:
            return
        drag.went_far = True
        if drag.window is not None:
            self.link.change(**WindowDrag(drag.start, drag.window).changes(event.position()))
            return
        old, ratio = drag.placement, self.devicePixelRatioF()
        x, y = old.to_image(old.width / 2 - moved.x() * ratio, old.height / 2 - moved.y() * ratio)
        share = (x / frame.columns, y / frame.rows)
        self.link.change(center=(min(1.0, max(0.0, share[0])), min(1.0, max(0.0, share[1]))))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        drag, self._drag = self._drag, None
        left = event.button() is Qt.MouseButton.LeftButton
        if drag is not None and not drag.went_far and left:
            self.pressed.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.link.change(scale=1.0, center=(0.5, 0.5))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}
        if event.key() in steps:
            self.step(steps[Qt.Key(event.key())])
        else:
            event.ignore()


@dataclass(frozen=True)
class _Facts:
    """What is known of the image in hand."""

    ref: FrameRef
    spacing_mm: tuple[float, float] | None
    plane: Plane | None
    known: Calibrations


@dataclass
class _Drag:
    """A button held down; ``window`` set for a drag that changes it."""

    start: QPointF
    placement: Placement
    window: Window | None
    went_far: bool = False


def _has_shape(region: PaneRegion) -> bool:
    return region.geometry is not None and not isinstance(region.geometry, Mask)
