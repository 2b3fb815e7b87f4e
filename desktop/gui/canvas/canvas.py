"""The image on screen and everything a hand does on it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QMetaMethod, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCursor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from desktop.domain.study import Window
from desktop.gui.canvas.canvas_drag import Drag, PanDrag, WindowDrag, middle_of
from desktop.gui.canvas.canvas_keys import CanvasKeys
from desktop.gui.canvas.canvas_paint import load_image_library
from desktop.gui.canvas.canvas_pointer import cursor_for, pointer_event
from desktop.gui.canvas.canvas_sheet import Sheet
from desktop.gui.canvas.canvas_stage import MakeSheet, Stage
from desktop.gui.canvas.canvas_words import pointer_text
from desktop.gui.reading.reading import Reading
from desktop.imaging.display import auto_window, preset_window, presets
from desktop.imaging.viewport import ZOOM_LIMITS, Placement
from desktop.interaction.brush_tool import brush_radii
from desktop.interaction.event import Kind

Decoration = Callable[[QPainter, Placement, float], None]


class CanvasView(QWidget):
    """Shows ``reading.view`` and lets the tool in hand work on it.

    Left button: tool. Right-drag: window and level. Middle-drag, or Space and left: pan. Wheel:
    images of the series; with Ctrl (or on a single image): zoom. Nothing is composed before a
    paint event, so a burst of pointer events costs one picture.
    """

    pointer_info = Signal(str)
    hint = Signal(str)
    recovery_offered = Signal(str)

    def __init__(
        self, reading: Reading, parent: QWidget | None = None, make_sheet: MakeSheet = Sheet
    ) -> None:
        super().__init__(parent)
        self._reading = reading
        self._stage = Stage(reading, self, make_sheet)
        self._keys = CanvasKeys(self, self._stage, reading, self._is_heard)
        self.decorations: list[Decoration] = []  # drawn over the picture, e.g. pins
        self._drag: Drag | None = None
        self._drawing = False
        self._pointer: QPointF | None = None
        self._brush_rect = QRect()
        self._wheel = 0
        self._cursor = ""
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setMinimumSize(160, 120)
        self.setAccessibleName("Image")
        self._stage.redraw.connect(self._redraw)
        self._stage.hinted.connect(self.hint)
        self._stage.recovery_offered.connect(self.recovery_offered)
        self._stage.tool_changed.connect(lambda: self._point(""))
        self._stage.frame_changed.connect(self._tell_pointer)
        self._stage.hands.pointed.connect(self._point)
        reading.view_changed.connect(lambda _old, _new: self._move_brush())
        self._point("")
        QTimer.singleShot(0, load_image_library)

    def sizeHint(self) -> QSize:
        return QSize(900, 700)

    # what the shell calls --------------------------------------------------------------------

    def fit(self) -> None:
        """Show the whole image."""
        self._reading.replace(zoom=0.0, center=None)

    def one_to_one(self) -> None:
        """One image pixel on one device pixel."""
        self._reading.replace(zoom=1.0)

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom; the image point under ``at`` (or the middle) stays where it is."""
        old, ratio = self._stage.placement, self._stage.ratio
        zoom = min(ZOOM_LIMITS[1], max(ZOOM_LIMITS[0], old.zoom * factor))
        mx, my = old.width / 2, old.height / 2
        sx, sy = (at.x() * ratio, at.y() * ratio) if at is not None else (mx, my)
        x, y = old.to_image(sx, sy)
        center = (x + (mx - sx) / zoom, y + (my - sy) / (zoom * old.aspect))
        self._reading.replace(zoom=zoom, center=center)

    def scroll_by(self, steps: int) -> None:
        """Go through the images of the series; not while a gesture is in hand."""
        sheet = self._stage.sheet
        if sheet is None or steps == 0:
            return
        if self._stage.hands.busy:
            self.hint.emit("Finish what you are drawing with Enter, or drop it with Esc.")
            return
        index = min(len(sheet.refs) - 1, max(0, self._reading.view.index + steps))
        self._reading.replace(index=index)

    def set_window(self, window: Window | None) -> None:
        """Show this window; None the default one."""
        self._reading.replace(window=window)

    def auto_window(self) -> None:
        """A window from the values that are visible."""
        frame = self._stage.frame
        if frame is None:
            return
        if frame.is_color:
            self.hint.emit("Colour images have no window.")
            return
        area = self._stage.placement.visible(frame.rows, frame.columns)
        self.set_window(auto_window(frame, area=area))

    def take_preset(self, number: int) -> None:
        """The window preset at this place of the modality's list, counted from 0."""
        frame, sheet = self._stage.frame, self._stage.sheet
        if frame is None or sheet is None or frame.is_color:
            return
        listed = presets(sheet.series.modality)
        if 0 <= number < len(listed):
            preset = listed[number]
            own = preset.window is None and preset.percentiles is None
            self.set_window(None if own else preset_window(preset, frame))

    def read_again(self) -> None:
        """Read the regions anew, where what is to be shown of them has changed."""
        self._stage.read_again()

    def finish_gesture(self) -> bool:
        """Bring what is being drawn to its end; True where something was."""
        return self._stage.hands.finish()

    def cancel_gesture(self) -> bool:
        """Drop what is being drawn; True where something was."""
        return self._stage.hands.cancel()

    def recover_gesture(self) -> None:
        """Take up again what was being drawn when the program ended."""
        self._stage.recover()

    def drop_recovery(self) -> None:
        """Forget what was being drawn when the program ended."""
        self._stage.drop_recovery()

    @property
    def pointer_at(self) -> tuple[float, float] | None:
        """The image point under the pointer; None where it is not over the image."""
        frame = self._stage.frame
        if self._pointer is None or frame is None:
            return None
        x, y = self._stage.image_point(self._pointer)
        return (x, y) if 0 <= x <= frame.columns and 0 <= y <= frame.rows else None

    @property
    def is_busy(self) -> bool:
        """Whether something is being drawn."""
        return self._stage.hands.busy

    @property
    def window_in_use(self) -> Window | None:
        """What is shown just now; None for colour and while nothing is there."""
        return self._stage.window()

    @property
    def has_frame(self) -> bool:
        """Whether the image that is wanted is the one shown."""
        return self._stage.frame is not None

    @property
    def image_size(self) -> tuple[int, int]:
        """(columns, rows) of the image shown; zeros while there is none."""
        frame = self._stage.frame
        return (0, 0) if frame is None else (frame.columns, frame.rows)

    def widget_point(self, x: float, y: float) -> tuple[float, float]:
        """Where an image point lies on the widget, in logical pixels."""
        self._measure()
        sx, sy = self._stage.placement.to_screen(x, y)
        return (sx / self._stage.ratio, sy / self._stage.ratio)

    # painting --------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        self._measure()
        self._stage.asks_itself = not self._is_heard()
        view = self._reading.view
        shown = view.overlays_visible and not self._keys.peeks
        with QPainter(self) as painter:  # ended even by an error: an open painter crashes Qt
            self._stage.paint(painter, event.rect(), shown, self._brush())
            for decorate in self.decorations if shown and self.has_frame else ():
                decorate(painter, self._stage.placement, self._stage.ratio)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._measure()

    def _measure(self) -> None:
        ratio = self.devicePixelRatioF()
        self._stage.resize(round(self.width() * ratio), round(self.height() * ratio), ratio)

    def _redraw(self, rect: QRect | None) -> None:
        if rect is None:
            self.update()
        else:
            self.update(rect)

    def _brush(self) -> tuple[QPointF, float, float] | None:
        """Centre and radii of the brush circle in logical pixels."""
        context = self._stage.hands.context()
        is_brush = self._stage.hands.tool.info.cursor == "brush"
        if self._pointer is None or context is None or not is_brush or self._drag is not None:
            return None
        rx, ry = brush_radii(context)
        placement, ratio = self._stage.placement, self._stage.ratio
        return self._pointer, rx * placement.zoom / ratio, ry * placement.zoom_y / ratio

    def _move_brush(self) -> None:
        """Draw the circle where the pointer is now, and clear where it was."""
        brush = self._brush()
        rect = QRect()
        if brush is not None:
            at, rx, ry = brush
            rect = QRectF(at.x() - rx, at.y() - ry, 2 * rx, 2 * ry).toAlignedRect()
            rect = rect.adjusted(-3, -3, 3, 3)
        if not self._brush_rect.isNull():
            self.update(self._brush_rect)
        if not rect.isNull():
            self.update(rect)
        self._brush_rect = rect

    # mouse -----------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._pointer = event.position()
        match event.button():
            case Qt.MouseButton.LeftButton if self._keys.space_held:
                self._begin_pan(event)
            case Qt.MouseButton.LeftButton if self._drag is None:
                self._drawing = True
                self._pass(event, Kind.PRESS)
            case Qt.MouseButton.MiddleButton if not self._drawing:
                self._begin_pan(event)
            case Qt.MouseButton.RightButton if not self._drawing:
                self._begin_window(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._pointer = event.position()
        if event.button() is Qt.MouseButton.MiddleButton:
            self.fit()
        elif event.button() is Qt.MouseButton.LeftButton and not self._keys.space_held:
            self._drawing = True
            self._pass(event, Kind.DOUBLE)
        else:
            self.mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer = event.position()
        if self._drag is not None:
            self._reading.replace(**self._drag.changes(event.position()))
        else:
            self._pass(event, Kind.MOVE if self._drawing else Kind.HOVER)
            self._move_brush()
        self._tell_pointer()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pointer = event.position()
        if event.button() is Qt.MouseButton.LeftButton and self._drawing:
            self._drawing = False
            self._pass(event, Kind.RELEASE)
        elif self._drag is not None and not self._drawing:
            self._drag = None
            self._point("")
        self._move_brush()

    def wheelEvent(self, event: QWheelEvent) -> None:
        delta = event.angleDelta().y() or event.angleDelta().x()
        sheet = self._stage.sheet
        single = sheet is not None and len(sheet.refs) == 1
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier or single:
            self.zoom_by(1.0015**delta, event.position())
        else:
            self._wheel += delta
            steps = int(self._wheel / 120)
            self._wheel -= steps * 120
            fast = 5 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            self.scroll_by(-steps * fast)
        self._move_brush()
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        self._pointer = None
        self._move_brush()
        self.pointer_info.emit("")

    def _pass(self, event: QMouseEvent, kind: Kind) -> None:
        at = self._stage.image_point(event.position())
        self._stage.hands.handle(pointer_event(event, kind, at))

    def _begin_pan(self, event: QMouseEvent) -> None:
        placement = self._stage.placement
        middle = middle_of(placement)
        self._drag = PanDrag(event.position(), middle, placement, self._stage.ratio)
        self._keys.space_is_no_tap()
        self._point("pan")

    def _begin_window(self, event: QMouseEvent) -> None:
        window = self._stage.window()
        if window is None:
            if self._stage.frame is not None:
                self.hint.emit("Colour images have no window.")
            return
        self._drag = WindowDrag(event.position(), window)
        self._point("window")

    def _tell_pointer(self) -> None:
        frame = self._stage.frame
        if self._pointer is not None and frame is not None:
            self.pointer_info.emit(pointer_text(frame, *self._stage.image_point(self._pointer)))

    def _point(self, name: str) -> None:
        """Take a pointer shape; "" is the tool's own."""
        name = name or ("pan" if self._drag else self._stage.hands.tool.info.cursor)
        if name != self._cursor:
            self._cursor = name
            self.setCursor(QCursor(cursor_for(name)))

    # keys ------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Claim the keys that mean something to the hand just now, before any shortcut."""
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and self._keys.claims(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._keys.press(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        self._keys.release(event)

    def _is_heard(self) -> bool:
        """Whether the window offers the kept gesture; then the canvas doesn't ask as well."""
        return self.isSignalConnected(QMetaMethod.fromSignal(self.recovery_offered))
